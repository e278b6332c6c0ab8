"""The routes on conversations and feedback."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from assistant.parts import Parts

HARBOUR = {
    "title": "Harbour",
    "text": "The harbour reopened after the storm. It cost 12 million crowns.",
    "published": "2024-03-12",
}
QUESTION = "Was the harbour reopened after the storm?"


@pytest.fixture
def harbour(client: TestClient) -> str:
    """The id of the one document."""
    (result,) = client.post("/v1/documents", json=HARBOUR).json()["results"]
    return str(result["document_id"])


def ask(client: TestClient, conversation_id: str, question: str = QUESTION, **more: Any) -> dict[str, Any]:
    asked = {"question": question, "conversation_id": conversation_id, **more}
    answer: dict[str, Any] = client.post("/v1/ask", json=asked).raise_for_status().json()
    return answer


def begin(client: TestClient, **body: str) -> str:
    return str(client.post("/v1/conversations", json=body).raise_for_status().json()["id"])


def refused(status: int, code: str, message: str, param: str | None = None) -> tuple[int, dict[str, Any]]:
    return status, {"error": {"type": "invalid_request_error", "message": message, "code": code, "param": param}}


def test_an_answer_is_added_to_its_conversation(client: TestClient, harbour: str) -> None:
    """Asked in a conversation, a question leans on the turns before it, and its answer is the next turn."""
    conversation = begin(client)
    first = ask(client, conversation)
    second = ask(client, conversation, "What did it cost?")

    assert second["standalone_question"] == "Was the harbour reopened after the storm: What did it cost?"
    kept = client.get(f"/v1/conversations/{conversation}").json()
    assert (kept["title"], [turn["answer"] for turn in kept["turns"]]) == (QUESTION, [first, second])
    assert [turn["number"] for turn in kept["turns"]] == [1, 2]


def test_a_streamed_answer_is_added_too(client: TestClient, harbour: str) -> None:
    """The answer of a stream that came to its end is kept as it was told."""
    conversation = begin(client)
    asked = {"question": QUESTION, "conversation_id": conversation, "stream": True}
    done = re.findall(r"event: done\ndata: (.*)\n\n", client.post("/v1/ask", json=asked).text)

    (turn,) = client.get(f"/v1/conversations/{conversation}").json()["turns"]
    assert [turn["answer"]] == [json.loads(data)["answer"] for data in done]


def test_conversations_are_listed_renamed_and_deleted(client: TestClient, harbour: str) -> None:
    """The list tells the last used first; a title can be changed; what was deleted is gone."""
    first, second = begin(client, title="One"), begin(client, title="Two")
    ask(client, first)
    renamed = client.patch(f"/v1/conversations/{second}", json={"title": "Second"}).json()

    assert (renamed["id"], renamed["title"], renamed["turns"]) == (second, "Second", 0)
    listed = client.get("/v1/conversations", params={"limit": 5}).json()
    assert [(item["title"], item["turns"]) for item in listed["conversations"]] == [("Second", 0), ("One", 1)]
    assert (listed["total"], listed["limit"], listed["offset"]) == (2, 5, 0)
    assert client.delete(f"/v1/conversations/{second}").json() == {"deleted": [second]}
    gone = client.get(f"/v1/conversations/{second}")
    assert (gone.status_code, gone.json()) == refused(404, "not_kept", f"There is no conversation {second!r}.")


def test_the_conversation_of_another_is_not_there(client: TestClient, harbour: str, parts: Parts) -> None:
    """Every route answers 404 to whoever is not the owner, also where a question is asked."""
    other = parts.conversations.create("somebody").id
    calls = [
        client.get(f"/v1/conversations/{other}"),
        client.get(f"/v1/conversations/{other}/export"),
        client.patch(f"/v1/conversations/{other}", json={"title": "Mine"}),
        client.delete(f"/v1/conversations/{other}"),
        client.post("/v1/ask", json={"question": QUESTION, "conversation_id": other}),
        client.post("/v1/ask", json={"question": QUESTION, "conversation_id": other, "stream": True}),
    ]
    expected = refused(404, "not_kept", f"There is no conversation {other!r}.")
    assert [(response.status_code, response.json()) for response in calls] == [expected] * len(calls)
    assert client.get("/v1/conversations").json()["total"] == 0


def test_one_history_at_a_time(client: TestClient, harbour: str) -> None:
    """A conversation and a history in one request are refused: which of the two counts could only be guessed."""
    asked = {"question": QUESTION, "conversation_id": "any", "history": [{"role": "user", "content": "Hello?"}]}
    response = client.post("/v1/ask", json=asked)

    message = "conversation_id: the conversation is the history: send either it or history"
    expected = refused(422, "invalid_request", message, "conversation_id")
    assert (response.status_code, response.json()) == expected


def test_feedback_stands_with_its_answer(client: TestClient, harbour: str) -> None:
    """What was thought of an answer is told with its turn; an answer that is not kept cannot be rated."""
    conversation = begin(client)
    answer = ask(client, conversation)
    given = client.post("/v1/feedback", json={"answer_id": answer["id"], "rating": "down", "reason": "Too old."}).json()

    assert (given["answer_id"], given["rating"], given["reason"]) == (answer["id"], "down", "Too old.")
    (turn,) = client.get(f"/v1/conversations/{conversation}").json()["turns"]
    assert {"answer_id": answer["id"], **turn["feedback"]} == given
    unknown = client.post("/v1/feedback", json={"answer_id": "x", "rating": "up"})
    message = "No kept conversation holds the answer 'x': ask with a conversation_id to rate answers."
    assert (unknown.status_code, unknown.json()) == refused(404, "not_kept", message)


def test_a_deleted_document_is_not_cited_in_what_was_kept(client: TestClient, harbour: str) -> None:
    """After a deletion neither a conversation nor its exports hold a quote of the document."""
    conversation = begin(client, title="Port")
    ask(client, conversation, "Did the harbour reopen?")
    client.delete(f"/v1/documents/{harbour}")

    (turn,) = client.get(f"/v1/conversations/{conversation}").json()["turns"]
    assert [(item["status"], item["quote"]) for item in turn["answer"]["citations"]] == [("deleted", "")]
    assert turn["answer"]["text"] == "(This is withheld: its document was deleted.) [1]"
    for form in ("markdown", "json"):
        exported = client.get(f"/v1/conversations/{conversation}/export", params={"format": form}).text
        assert "after the storm" not in exported


def test_exports_are_files(client: TestClient, harbour: str) -> None:
    """An export comes as a file of its form, with links that open the documents here."""
    conversation = begin(client)
    (citation,) = ask(client, conversation)["citations"]
    address = f"/v1/conversations/{conversation}/export"
    markdown, exported = client.get(address), client.get(address, params={"format": "json"})

    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    name = "Was%20the%20harbour"
    assert markdown.headers["content-disposition"].startswith(f"attachment; filename*=utf-8''{name}")
    assert markdown.headers["content-disposition"].endswith(".md")
    link = f"http://127.0.0.1:7860/documents/{harbour}?start=0&end={len(citation['quote'])}#quote"
    assert f"- \\[1\\] Harbour, published 2024-03-12: [“{citation['quote']}”]({link})" in markdown.text
    assert exported.headers["content-disposition"].endswith(".json")
    assert exported.json()["references"] == [
        {
            "turn": 1,
            "id": 1,
            "document_id": harbour,
            "reference": "Harbour, published 2024-03-12",
            "quote": citation["quote"],
            "link": link,
        }
    ]
