"""Cutting: sentences and passages whose offsets are exact, whatever the text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.document import Document
from index.passages import pack_passages, split_sentences

PIECES = st.sampled_from(
    [
        "The dam broke. ",
        "Dr. Kim said no! ",
        "\n",
        "\n\n",
        "# Part\n",
        "- item\n",
        "조약은 체결됐다. ",
        "🏳️‍🌈 ",
        "a\u0301",
        "\t",
        "x" * 300,
    ]
)
TEXTS = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=40).map("".join)).map(
    lambda text: text.encode("utf-8", "replace").decode("utf-8")
)


@settings(deadline=None)  # the first text loads what knows languages
@given(TEXTS)
def test_sentences_cover_all_but_white_space(text: str) -> None:
    """Every sentence is the text at its span, sentences do not overlap, and only white space lies between them."""
    document = Document(text, "A title", origin="test:text", name="text")

    sentences = split_sentences(document)

    assert [sentence.text for sentence in sentences] == [text[one.span.start : one.span.end] for one in sentences]
    assert [sentence.ordinal for sentence in sentences] == list(range(len(sentences)))
    position = 0
    for sentence in sentences:
        assert sentence.text == sentence.text.strip() != ""
        assert not text[position : sentence.span.start].strip()
        position = sentence.span.end
    assert not text[position:].strip()


@settings(deadline=None)
@given(TEXTS, st.integers(5, 60))
def test_passages_are_runs_of_whole_sentences(text: str, limit: int) -> None:
    """Each sentence is in exactly one passage, in order, and a passage spans from its first to its last one."""
    document = Document(text, "A title", origin="test:text", name="text")
    sentences = split_sentences(document)
    counts = [len(sentence.text.split()) for sentence in sentences]

    passages = pack_passages(document, sentences, counts, limit=limit)

    held = [at for passage in passages for at in range(passage.first_sentence, passage.last_sentence + 1)]
    assert held == list(range(len(sentences)))
    for passage in passages:
        assert passage.span.start == sentences[passage.first_sentence].span.start
        assert passage.span.end == sentences[passage.last_sentence].span.end
        size = sum(counts[passage.first_sentence : passage.last_sentence + 1])
        assert size <= limit or passage.first_sentence == passage.last_sentence


def test_a_german_text_is_cut_as_german_though_its_file_does_not_say_so() -> None:
    """The full stop of a day is no end of a sentence there."""
    first, second = "Am 3. Mai 2024 wurde die neue Brücke über die Osk eröffnet.", "Rund dreißig Leute kamen zum Fest."
    document = Document(f"{first} {second}", "Die Brücke", origin="test:text", name="text")
    assert [sentence.text for sentence in split_sentences(document)] == [first, second]
