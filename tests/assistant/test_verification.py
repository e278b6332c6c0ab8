import datetime
import time
from pathlib import Path

import pytest

from assistant.parts import Parts
from assistant.verification import THRESHOLDS, Source, Verifier
from corpus.document import Span
from index.embedding import Embedder, WordHashEmbedder
from training.verification import judge, shares

SETS = Path(__file__).parent / "verification"

SIGNED = Source(
    1,
    "President Vladimir Putin and Kim Jong Un signed the treaty in Pyongyang on Wednesday, 19 June, after talks.",
    datetime.date(2024, 6, 20),
)
SENT = Source(
    2,
    "The news agency Yonhap reported that Pyongyang had decided to send 12,000 soldiers to Russia in four brigades.",
    datetime.date(2024, 10, 19),
)
BOUGHT = Source(3, "Norcast Steel bought its rival Haldane Works for $2.4 billion in cash.", datetime.date(2022, 3, 2))
COUNCIL = Source(4, "The council did not confirm the loss of 300 metres of the pier.", datetime.date(2022, 3, 2))
GREW = Source(5, "Exports to Kanor grew from 18 to 26 million tonnes.", datetime.date(2020, 6, 30))
LED = Source(6, "Putin led his guest past the launch pads of the Soyuz-2 and the assembly hall of the Angara rocket.")
SOURCES = (SIGNED, SENT, BOUGHT, COUNCIL, GREW, LED)


@pytest.fixture(scope="module")
def embedder(sample_parts: Parts) -> Embedder:
    return sample_parts.library.embedder


@pytest.mark.parametrize(
    ("sentence", "named"),
    [
        ("Putin and Kim Jong Un signed the treaty on 19 June 2024.", 1),
        ("In June 2024 the treaty was signed in Pyongyang by Vladimir Putin and Kim Jong Un.", 1),
        ("After talks, President Putin and Kim Jong Un signed the treaty.", 1),
        ("Pyongyang had decided to send 12,000 soldiers to Russia, Yonhap reported.", 2),
        ("Yonhap reported that Pyongyang had decided to send twelve thousand soldiers in 4 brigades.", 2),
        ("According to the news agency Yonhap, Pyongyang decided to send 12,000 troops to Russia.", 2),
        ("Norcast Steel acquired Haldane Works for $2.4 billion.", 3),
        ("Haldane Works was bought by Norcast Steel.", 3),
        ("Norcast Steel bought Haldane Works for 2.4 billion dollars in cash.", 3),
        ("The council did not confirm the loss of 300 metres of the pier.", 4),
        ("Putin led his guest past the launch pads of the Soyuz-2.", 6),
    ],
)
def test_an_honest_paraphrase_is_kept(sentence: str, named: int, embedder: Embedder) -> None:
    """What a quote says may be said in other words."""
    verdict = Verifier(SOURCES, embedder).verify(sentence, [named])
    assert (verdict.outcome, verdict.source_ids, verdict.reason) == ("supported", (named,), "")


@pytest.mark.parametrize(
    ("sentence", "named"),
    [
        ("Pyongyang had decided to send 21,000 soldiers to Russia, Yonhap reported.", 2),
        ("Putin and Kim Jong Un signed the treaty in June 2023.", 1),
        ("Putin and Kim Jong Un did not sign the treaty.", 1),
        ("The council confirmed the loss of 300 metres of the pier.", 4),
        ("Vladimir Jong Un signed the treaty in Pyongyang.", 1),
        ("Haldane Works bought its rival Norcast Steel for $2.4 billion.", 3),
        ("Norcast Steel bought its rival Haldane Works for $2.4 million.", 3),
        ("Pyongyang has sent 12,000 soldiers to Russia, Yonhap reported.", 2),
        ("Pyongyang had decided to send 12,000 soldiers to Russia.", 2),
        ("The treaty was signed in Moscow.", 1),
        ("The Korean War began on 25 June 1950.", 1),
        ("Putin led his guest past the launch pads of the Angara rocket.", 6),
        ("Exports to Kanor grew from 5 to 26 million tonnes.", 5),
        ("Putin and Kim Jong Un signed the treaty on Saturday, 19 June 2024.", 1),
        ("The council did not fail to confirm the loss of 300 metres of the pier.", 4),
        ("About 12,400 soldiers were sent to Russia, Yonhap reported.", 2),
        ("", 1),
    ],
)
def test_a_lie_is_caught(sentence: str, named: int, embedder: Embedder) -> None:
    """A number, year, name, denial, role, unit, plan or attribution that the quote does not have is not let through."""
    verdict = Verifier(SOURCES, embedder).verify(sentence, [named])
    assert (verdict.outcome, verdict.source_ids, verdict.span) == ("unsupported", (), None)
    assert verdict.reason


def test_the_mark_of_a_right_sentence_is_moved_to_the_quote_that_says_it(embedder: Embedder) -> None:
    """A right fact with a wrong id is repaired, and the words that say it are named."""
    verdict = Verifier(SOURCES, embedder).verify("Norcast Steel bought Haldane Works.", [1, 99])
    assert (verdict.outcome, verdict.source_ids) == ("repaired", (3,))
    assert verdict.span is not None
    assert verdict.span.of(BOUGHT.text) == "Norcast Steel bought its rival Haldane Works"


def test_two_quotes_that_say_the_same_are_both_named(embedder: Embedder) -> None:
    """Of the quotes that a sentence names, those that say it are kept and the others are not."""
    twin = Source(7, "Norcast Steel acquired Haldane Works.", datetime.date(2022, 3, 3))
    verdict = Verifier((*SOURCES, twin), embedder).verify("Norcast Steel bought Haldane Works.", [3, 7, 1])
    assert verdict.outcome == "supported"
    assert set(verdict.source_ids) == {3, 7}


def test_facts_of_two_quotes_are_not_merged() -> None:
    """What no single quote says is not supported by two together."""
    sources = (Source(1, "Anna Berg founded the firm."), Source(2, "Otto Lund sold the harbour."))
    verdict = Verifier(sources, WordHashEmbedder()).verify("Anna Berg sold the harbour.", [1, 2])
    assert verdict.outcome == "unsupported"


def test_without_quotes_nothing_is_supported() -> None:
    """There is nothing to hold a sentence against."""
    verdict = Verifier((), WordHashEmbedder()).verify("Anna Berg founded the firm.", [1])
    assert (verdict.outcome, verdict.span) == ("unsupported", None)


def test_spans_are_in_the_quote() -> None:
    """The supporting span is in code points of the quote."""
    verdict = Verifier((Source(7, "Last year, Anna Berg founded the firm."),), WordHashEmbedder()).verify(
        "Anna Berg founded the firm.", [7]
    )
    assert verdict.span == Span(11, 37)


@pytest.mark.parametrize(
    ("quote", "sentence", "outcome"),
    [
        ("The hearing showed no fault of the pilot.", "The hearing did not show a fault of the pilot.", "supported"),
        ("The hearing showed no fault of the pilot.", "The hearing showed a fault of the pilot.", "unsupported"),
        ("The council put off the vote.", "The council postponed the vote.", "supported"),
        ("The council put off the vote.", "The council put the vote.", "unsupported"),
        ("The State Duma ratified the treaty.", "The State Duma ratified the treaty.", "supported"),
        ("State media published photographs of the plant.", "State media released pictures of the plant.", "supported"),
        ("State that the plant is safe.", "The plant is safe.", "unsupported"),
        ("Asked about it, Lind answered that the plant was safe.", "Lind said that the plant was safe.", "supported"),
        ("Asked about it, Lind answered that the plant was safe.", "The plant was safe.", "unsupported"),
        ("Lind's deputy launched the boat.", "The boat was launched by Lind's deputy.", "supported"),
        ("Nine of the ten members voted for it.", "Nine of the ten members voted in favour.", "supported"),
        ("Nine of the ten members voted against it.", "Nine of the ten members voted in favour.", "unsupported"),
        ("The crew is unhurt.", "The crew is hurt.", "unsupported"),
        ("The crew is unhurt.", "None of the crew was hurt.", "supported"),
        ("Lind's deputy tested the pump.", "Lind's deputy carried out a test of the pump.", "supported"),
        ("Lind's deputy tested the pump.", "Lind's deputy carried out a repair of the pump.", "unsupported"),
        (
            "The damage lies between 1.1 and 2.6 trillion yen.",
            "The damage is at least 1.1 trillion yen.",
            "unsupported",
        ),
        (
            "The damage lies between 1.1 and 2.6 trillion yen.",
            "The damage lies between 1.1 trillion yen and 2.6 trillion yen.",
            "supported",
        ),
        ("The quake struck at ten past four.", "The quake struck at 4:10 p.m.", "supported"),
        ("The quake struck at ten past four.", "The quake struck at 4:20 p.m.", "unsupported"),
        ("A woman in her nineties was saved.", "A woman in her 90s was saved.", "supported"),
        ("A woman in her nineties was saved.", "A woman in her 80s was saved.", "unsupported"),
        ("The number of soldiers has risen to 5,400.", "The number of soldiers has risen by 5,400.", "unsupported"),
        ("The launch came after Lind had left Oslo.", "Lind left Oslo before the launch.", "supported"),
        ("The launch came after Lind had left Oslo.", "Lind left Oslo after the launch.", "unsupported"),
        ("Lind will sign when the court agrees.", "Lind will sign before the court agrees.", "unsupported"),
        ("Many of them had no running water.", "Many of them lacked running water.", "supported"),
        ("Many of them had no running water.", "None of them had running water.", "unsupported"),
        ("Lind opened the temporary bridge.", "Lind opened the permanent bridge.", "unsupported"),
        ("Lind opened the bridge in May.", "The bridge opened in May.", "supported"),
        ("He flew over Oslo and spoke in a school.", "He flew over a school and spoke in Oslo.", "unsupported"),
        ("Of the 281 victims, 229 were miners.", "Of the 229 victims, 281 were miners.", "unsupported"),
        ("Several officers came to Oslo.", "Officers came to Oslo.", "supported"),
        ("Several officers came to Oslo.", "The officers came to Oslo.", "unsupported"),
        ("The agency put its magnitude at 7.6.", "According to the agency, its magnitude was 7.6.", "supported"),
        ("Lind praised what he called the great march.", "Lind praised what it called the great march.", "unsupported"),
        ("The search is stopped for the time being.", "The search is stopped.", "unsupported"),
        ("The firm launched its first satellite.", "The firm's first satellite", "unsupported"),
        ("The pier was shut and the road was wet.", "The pier was shut because the road was wet.", "unsupported"),
        ("Lind pays for the pier if it is damaged.", "Lind pays for the pier.", "unsupported"),
        ("Lind pays for the pier if it is damaged.", "If it is damaged, Lind pays for the pier.", "supported"),
    ],
)
def test_what_a_sentence_says_in_other_forms(quote: str, sentence: str, outcome: str, embedder: Embedder) -> None:
    """Denials, verbs of two words or with a noun, ranges, times, what came first, who says it, for how long."""
    assert Verifier([Source(1, quote)], embedder).verify(sentence, [1]).outcome == outcome


def test_hardly_a_lie_is_let_through_and_few_honest_sentences_are_dropped(embedder: Embedder) -> None:
    """The figures of docs/decisions.md, on the set that the rules were made with and on the one written after."""
    made_with = shares(judge(embedder, SETS / "sentences.txt"), THRESHOLDS)
    held_out = shares(judge(embedder, SETS / "held_out.txt"), THRESHOLDS)
    assert made_with[0] <= 0.01
    assert made_with[1] <= 0.12
    assert held_out[0] <= 0.02
    assert held_out[1] <= 0.10
    blind = shares(judge(embedder, SETS / "blind.txt"), THRESHOLDS)
    assert blind[0] <= 0.025
    assert blind[1] <= 0.43  # far from good: what is dropped is shown in the documents' own words


def test_verifying_an_answer_is_quick(embedder: Embedder) -> None:
    """Three sentences against four quotes take less than 50 ms of one core; the bound leaves room for slow machines."""
    took = []
    for _ in range(5):
        started = time.process_time()
        verifier = Verifier(SOURCES, embedder)
        for sentence in ("Norcast Steel bought Haldane Works.", "The treaty was signed.", "Yonhap reported it."):
            verifier.verify(sentence, [1, 2])
        took.append(time.process_time() - started)
    assert min(took) < 0.5
