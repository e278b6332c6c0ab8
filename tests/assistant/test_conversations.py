"""Kept conversations: whose they are, what comes back, and what becomes of quotes whose document is gone."""

from __future__ import annotations

import datetime
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from assistant import export
from assistant.answer import Answer, Disagreement, DisagreementSide, Turn
from assistant.conversations import LOCAL, Conversations, NotKeptError
from corpus.document import Document, PublishedDate, Span
from corpus.filters import Filters

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.settings import Settings
    from index.library import Library

HARBOUR = "The harbour 🌊 reopened after the storm. Fishing boats wait."
BRIDGE = "The council chose the design by Ada Brook for the new bridge. The bridge costs 12 million crowns."
PUBLISHED = PublishedDate(datetime.date(2024, 3, 12), "user")
QUESTION = "Was the harbour reopened after the storm, and who made the design for the bridge?"


def document(title: str, text: str) -> Document:
    return Document(text=text, title=title, origin=title, name=f"{title}.txt", published=PUBLISHED)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "sqlite" else str(request.getfixturevalue("postgres_database"))


@pytest.fixture
def library(settings: Settings, database_url: str | None) -> Iterator[Library]:
    from index.embedding import WordHashEmbedder
    from index.library import Library

    library = Library.open(settings.data_dir, WordHashEmbedder(), database_url=database_url)
    list(library.add([document("Harbour", HARBOUR), document("Bridge", BRIDGE)]))
    yield library
    library.close()


@pytest.fixture
def assistant(library: Library) -> Assistant:
    """Answers whatever it finds."""
    from assistant.assistant import Assistant
    from assistant.calibration import load_calibrations
    from assistant.reader import OverlapReader

    by = {"features": ["overlap"], "mean": [0.0], "scale": [1.0], "weights": [0.1], "bias": 0.0}
    sure = {"features": ["best_overlap"], "mean": [0.0], "scale": [1.0], "weights": [10.0], "bias": -5.0}
    fitted = {"sentence": by, "confidence": sure, "threshold": 0.01}
    return Assistant(
        library, OverlapReader(), load_calibrations(json.dumps({"calibrations": {"plain": fitted, "reader": fitted}}))
    )


@pytest.fixture
def conversations(library: Library) -> Conversations:
    return Conversations(library.catalog)


@pytest.fixture
def answer(assistant: Assistant) -> Answer:
    """Quotes both documents."""
    answer = assistant.ask(QUESTION, filters=Filters(as_of=datetime.date(2024, 12, 31)))
    assert {citation.title for citation in answer.citations} == {"Harbour", "Bridge"}
    return answer


def ids(answer: Answer) -> dict[str, str]:
    return {citation.title: citation.document_id for citation in answer.citations}


def test_a_kept_answer_comes_back_whole(conversations: Conversations, answer: Answer) -> None:
    """What was kept is given again as it was: text, quotes, spans, passages, filters and steps."""
    info = conversations.create(LOCAL)
    assert conversations.append(LOCAL, info.id, answer) == 1

    (turn,) = conversations.get(LOCAL, info.id).turns
    assert turn.answer.to_dict() == answer.to_dict()
    assert (turn.number, turn.feedback) == (1, None)


def test_a_refusal_is_kept_too(conversations: Conversations, assistant: Assistant) -> None:
    """An answer that abstains comes back with its reason and the nearest passages."""
    refusal = assistant.ask("Chess?")
    assert refusal.answered is False
    info = conversations.create(LOCAL)
    conversations.append(LOCAL, info.id, refusal)

    assert conversations.get(LOCAL, info.id).turns[0].answer.to_dict() == refusal.to_dict()


def test_the_first_question_is_the_title(conversations: Conversations, answer: Answer) -> None:
    """A conversation without a title takes its first question for it; one that was named keeps its name."""
    unnamed, named = conversations.create(LOCAL), conversations.create(LOCAL, "Harbours")
    for info in (unnamed, named):
        conversations.append(LOCAL, info.id, replace(answer, id=info.id))

    titles = {info.id: (info.title, info.turns) for info in conversations.infos(LOCAL)}
    assert titles == {
        unnamed.id: ("Was the harbour reopened after the storm, and who made the design for the …", 1),
        named.id: ("Harbours", 1),
    }
    assert conversations.rename(LOCAL, unnamed.id, "Two things").title == "Two things"


def test_the_list_comes_in_pages_the_last_used_first(conversations: Conversations, answer: Answer) -> None:
    """A conversation that is used comes to the top of the list."""
    first, second, third = (conversations.create(LOCAL, title) for title in ("one", "two", "three"))
    conversations.append(LOCAL, first.id, answer)

    assert [info.title for info in conversations.infos(LOCAL)] == ["one", "three", "two"]
    assert [info.id for info in conversations.infos(LOCAL, limit=1, offset=1)] == [third.id]
    assert conversations.count(LOCAL) == 3
    conversations.delete(LOCAL, second.id)
    assert [info.title for info in conversations.infos(LOCAL)] == ["one", "three"]


def test_nobody_sees_the_conversations_of_another(conversations: Conversations, answer: Answer) -> None:
    """For everybody but its owner a conversation, and an answer in it, is not there."""
    info = conversations.create("key-1")
    conversations.append("key-1", info.id, answer)

    assert conversations.infos("key-2") == []
    assert conversations.count("key-2") == 0
    calls = (
        lambda: conversations.get("key-2", info.id),
        lambda: conversations.info("key-2", info.id),
        lambda: conversations.history("key-2", info.id),
        lambda: conversations.rename("key-2", info.id, "Mine"),
        lambda: conversations.append("key-2", info.id, replace(answer, id="other")),
        lambda: conversations.delete("key-2", info.id),
    )
    for call in calls:
        with pytest.raises(NotKeptError, match=f"There is no conversation '{info.id}'"):
            call()
    with pytest.raises(NotKeptError, match="No kept conversation holds the answer"):
        conversations.rate("key-2", answer.id, "up")
    assert [turn.answer.id for turn in conversations.get("key-1", info.id).turns] == [answer.id]


def test_a_quote_of_a_deleted_document_is_withheld(
    conversations: Conversations, answer: Answer, library: Library, settings: Settings
) -> None:
    """After a deletion the answer says what is withheld, and the other quotes stand where they stood or move along."""
    info = conversations.create(LOCAL)
    conversations.append(LOCAL, info.id, answer)
    library.remove([ids(answer)["Harbour"]])

    kept = conversations.get(LOCAL, info.id).turns[0].answer
    for citation in kept.citations:
        said = citation.answer.of(kept.text)
        if citation.title == "Harbour":
            assert (citation.status, citation.quote, said) == (
                "deleted",
                "",
                "(This is withheld: its document was deleted.)",
            )
            assert (citation.marks, citation.event_texts, citation.passage) == ((), (), None)
        else:
            assert (citation.status, citation.quote) == ("verbatim", said)
            assert said in BRIDGE
    assert [passage.title for passage in kept.passages] == ["Bridge"]
    assert "harbour" not in (kept.text + "".join(passage.text for passage in kept.passages)).casefold()
    with library.catalog.engine.connect() as database:
        (row,) = database.execute(sa.text("SELECT CAST(answer AS VARCHAR) FROM turns")).all()
    assert "boats" not in row[0]
    assert "Ada Brook" not in row[0]


def test_a_quote_of_a_changed_document_is_withheld(
    conversations: Conversations, answer: Answer, library: Library
) -> None:
    """Where a document says something else now, its old words are no longer shown as a quote."""
    info = conversations.create(LOCAL)
    conversations.append(LOCAL, info.id, answer)
    list(library.add([document("Harbour", "The harbour stays closed after all that has happened in this storm.")]))

    kept = conversations.get(LOCAL, info.id).turns[0].answer
    assert {citation.title: citation.status for citation in kept.citations} == {
        "Harbour": "changed",
        "Bridge": "verbatim",
    }


def test_a_disagreement_goes_with_a_side(conversations: Conversations, answer: Answer, library: Library) -> None:
    """A disagreement comes back with the quotes of its sides; with a quote that is gone it goes, and the steps go."""
    sides = tuple(
        DisagreementSide(
            citation.title, (citation.id,), (citation.quote,), (citation.published,), (citation.source,), documents=2
        )
        for citation in answer.citations
    )
    answer = replace(answer, disagreements=(Disagreement("contradict", sides),))
    info = conversations.create(LOCAL)
    conversations.append(LOCAL, info.id, answer)
    assert conversations.get(LOCAL, info.id).turns[0].answer.to_dict() == answer.to_dict()

    library.remove([ids(answer)["Bridge"]])
    kept = conversations.get(LOCAL, info.id).turns[0].answer
    assert (kept.disagreements, kept.trace.steps) == ((), ())


def test_a_checked_sentence_keeps_its_words(conversations: Conversations, answer: Answer, library: Library) -> None:
    """A sentence that is no quote comes back as it was written, and is withheld with the document that it rests on."""
    text = "It reopened [1], to a design [2]."
    cited = {citation.title: citation for citation in answer.citations}
    first = replace(cited["Harbour"], id=1, status="supported", answer=Span(0, 11))
    second = replace(cited["Bridge"], id=2, status="supported", answer=Span(17, 28))
    answer = replace(answer, text=text, citations=(first, second))
    info = conversations.create(LOCAL)
    conversations.append(LOCAL, info.id, answer)
    assert conversations.get(LOCAL, info.id).turns[0].answer.to_dict() == answer.to_dict()

    library.remove([first.document_id])
    kept = conversations.get(LOCAL, info.id).turns[0].answer
    assert kept.text == "(This is withheld: its document was deleted.) [1], to a design [2]."
    assert kept.citations[1].answer.of(kept.text) == "to a design"


def test_the_history_is_what_was_asked_and_told(conversations: Conversations, answer: Answer) -> None:
    """A further question is asked after the last twenty turns, the oldest first."""
    info = conversations.create(LOCAL)
    for number in range(22):
        conversations.append(LOCAL, info.id, replace(answer, id=f"answer {number}", question=f"Question {number}?"))

    history = conversations.history(LOCAL, info.id)
    assert history == [
        turn
        for number in range(2, 22)
        for turn in (Turn("user", f"Question {number}?"), Turn("assistant", answer.text))
    ]


def test_the_last_feedback_counts(conversations: Conversations, answer: Answer) -> None:
    """A second thought on an answer takes the place of the first."""
    info = conversations.create(LOCAL)
    conversations.append(LOCAL, info.id, answer)
    conversations.rate(LOCAL, answer.id, "up")
    given = conversations.rate(LOCAL, answer.id, "down", "an older figure")

    assert conversations.get(LOCAL, info.id).turns[0].feedback == given
    assert (given.rating, given.reason) == ("down", "an older figure")
    conversations.delete(LOCAL, info.id)
    with pytest.raises(NotKeptError):
        conversations.rate(LOCAL, answer.id, "up")


def test_turns_at_once_are_numbered_apart(conversations: Conversations, answer: Answer) -> None:
    """Turns that are added by several threads get the numbers one by one, and none is lost."""
    info = conversations.create(LOCAL)
    threads = [
        threading.Thread(target=conversations.append, args=(LOCAL, info.id, replace(answer, id=str(number))))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [turn.number for turn in conversations.get(LOCAL, info.id).turns] == list(range(1, 9))


def test_markdown_keeps_marks_and_references(conversations: Conversations, answer: Answer, library: Library) -> None:
    """The Markdown holds each question, its answer with marks, and under it what each mark stands for."""
    info = conversations.create(LOCAL, "Harbour & <bridge>")
    conversations.append(LOCAL, info.id, answer)
    library.remove([ids(answer)["Bridge"]])

    conversation = conversations.get(LOCAL, info.id)
    kept = conversation.turns[0].answer
    numbers = {citation.title: citation.id for citation in kept.citations}
    harbour = next(citation for citation in kept.citations if citation.title == "Harbour")
    lines = export.to_markdown(conversation, base="http://127.0.0.1:1").splitlines()
    assert lines[0] == r"# Harbour \& \<bridge\>"
    assert f"## {QUESTION}" in lines
    assert rf"> {harbour.quote} \[{harbour.id}\]" in lines
    link = f"http://127.0.0.1:1/documents/{harbour.document_id}?start={harbour.span.start}&end={harbour.span.end}#quote"
    assert rf"- \[{harbour.id}\] Harbour, published 2024-03-12: [“{harbour.quote}”]({link})" in lines
    gone = rf"- \[{numbers['Bridge']}\] Bridge, published 2024-03-12 (document deleted, quote withheld)"
    assert gone in lines


def test_text_is_no_markup_in_markdown(conversations: Conversations, answer: Answer) -> None:
    """Pictures, links, tags and headings in a question are text in the export."""
    from markdown_it import MarkdownIt

    hostile = "![a](http://192.0.2.7/p.png) <img src=x> [b](http://192.0.2.7) `c` # d\n# e\n- f\n1. g\n\n***\n&lt;h"
    info = conversations.create(LOCAL)
    conversations.append(LOCAL, info.id, replace(answer, question=hostile, standalone_question=hostile + "\n# i"))

    html = MarkdownIt("commonmark").render(export.to_markdown(conversations.get(LOCAL, info.id)))
    assert "<img" not in html
    assert '192.0.2.7"' not in html
    assert html.count("<h1>") == 1
    assert html.count("<code>") == 0
    assert "&amp;lt;h" in html


def test_json_lists_the_references(conversations: Conversations, answer: Answer) -> None:
    """The JSON export is the conversation with one reference a citation."""
    info = conversations.create(LOCAL)
    conversations.append(LOCAL, info.id, answer)

    conversation = conversations.get(LOCAL, info.id)
    exported = export.to_json(conversation)
    references = exported.pop("references")
    assert exported == conversation.to_dict()
    assert [(item["turn"], item["id"], item["reference"], item["quote"]) for item in references] == [
        (1, citation.id, f"{citation.title}, published 2024-03-12", citation.quote) for citation in answer.citations
    ]


def test_a_question_is_kept_before_its_answer(conversations: Conversations, answer: Answer) -> None:
    """A question stays, and reads as stopped, until its answer takes its place; one that cannot be asked goes again."""
    kept = conversations.create(LOCAL).id
    filters = answer.trace.filters
    conversations.append(LOCAL, kept, replace(answer, id="before"))
    waiting = conversations.begin(LOCAL, kept, QUESTION, filters)
    turn = conversations.get(LOCAL, kept).turns[1]
    assert (turn.number, turn.answer.question, turn.answer.answered) == (2, QUESTION, False)
    assert turn.answer.reason == turn.answer.text == "This was stopped before it was answered."
    assert (turn.answer.trace.filters, [step.name for step in turn.answer.trace.steps]) == (filters, ["stopped"])

    conversations.rate(LOCAL, waiting, "down")
    conversations.finish(LOCAL, kept, waiting, answer)
    turn = conversations.get(LOCAL, kept).turns[1]
    assert (turn.number, turn.answer.to_dict(), turn.feedback) == (2, answer.to_dict(), None)
    conversations.take_back(LOCAL, kept, conversations.begin(LOCAL, kept, "And?", filters))
    assert [turn.answer.id for turn in conversations.get(LOCAL, kept).turns] == ["before", answer.id]


def test_a_stopped_question_asked_again_keeps_its_place(conversations: Conversations, answer: Answer) -> None:
    """The last question, where it was stopped, is asked again in its own place; another one comes after it."""
    kept = conversations.create(LOCAL).id
    for question in ("And?", QUESTION, QUESTION):
        waiting = conversations.begin(LOCAL, kept, question, Filters())
    assert [turn.answer.question for turn in conversations.get(LOCAL, kept).turns] == ["And?", QUESTION]
    assert conversations.info(LOCAL, kept).title == "And?"
    conversations.finish(LOCAL, kept, waiting, answer)
    again = conversations.begin(LOCAL, kept, QUESTION, Filters())
    assert [turn.number for turn in conversations.get(LOCAL, kept).turns] == [1, 2, 3]
    conversations.finish(LOCAL, kept, again, replace(answer, id="late"))
    conversations.finish(LOCAL, kept, again, replace(answer, id="later"))
    assert [turn.answer.id for turn in conversations.get(LOCAL, kept).turns][1:] == [answer.id, "late", "later"]


@pytest.mark.parametrize("act", ["begin", "finish", "take_back"])
def test_nobody_else_begins_or_ends_a_turn(conversations: Conversations, answer: Answer, act: str) -> None:
    """A question in somebody's conversation is neither added, answered nor forgotten by others."""
    kept = conversations.create("one").id
    waiting = conversations.begin("one", kept, QUESTION, Filters())
    given = {"begin": (QUESTION, Filters()), "finish": (waiting, answer), "take_back": (waiting,)}[act]
    with pytest.raises(NotKeptError):
        getattr(conversations, act)("other", kept, *given)
    assert len(conversations.get("one", kept).turns) == 1
