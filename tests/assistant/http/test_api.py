"""The API: questions, search, documents and operations, over a real library."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from assistant.parts import Parts

HARBOUR = """---
title: Harbour reopens
date: 2024-03-12
source: Harbour Gazette
---
The harbour 🌊 reopened after the storm, and ferries to Ness sail again. Fishing boats wait.
"""
BRIDGE = "The council chose the design by Ada Brook for the new bridge. The bridge costs 12 million crowns.\n"
FERRY = {"title": "Ferry", "text": "The old ferry was sold to a museum.", "published": "2023-01-02", "source": "Radio"}
QUESTION = "Was the harbour reopened after the storm?"
QUOTE = "The harbour 🌊 reopened after the storm, and ferries to Ness sail again."


def upload(client: TestClient, **files: str | bytes) -> list[dict[str, Any]]:
    """Add files named by keyword (``harbour_md`` is ``harbour.md``); the results."""
    parts = [("files", (name.replace("_", "."), text)) for name, text in files.items()]
    results: list[dict[str, Any]] = client.post("/v1/documents", files=parts).raise_for_status().json()["results"]
    return results


@pytest.fixture
def filled(client: TestClient) -> dict[str, str]:
    """Three documents are there; the id of each by its title."""
    results = [
        *upload(client, harbour_md=HARBOUR, bridge_txt=BRIDGE),
        *client.post("/v1/documents", json=FERRY).json()["results"],
    ]
    return {result["title"]: result["document_id"] for result in results}


def events(body: str) -> list[tuple[str, dict[str, Any]]]:
    """Server-sent events as (type, data)."""
    found = re.findall(r"event: (\w+)\ndata: (.*)\n\n", body)
    assert "".join(f"event: {name}\ndata: {data}\n\n" for name, data in found) == body
    return [(name, json.loads(data)) for name, data in found]


def unlike(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what differs each time that the same is asked."""
    return {name: value for name, value in answer.items() if name not in ("id", "timings_ms")}


def test_an_answer_holds_its_citations(client: TestClient, filled: dict[str, str]) -> None:
    """A question that the documents answer gets their words, with the document, the date and the span."""
    response = client.post("/v1/ask", json={"question": QUESTION})

    answer = response.json()
    assert (response.status_code, answer["answered"], answer["reason"]) == (200, True, None)
    assert answer["text"] == f"{QUOTE} [1]"
    (citation,) = answer["citations"]
    score, marks = citation.pop("score"), citation.pop("marks")
    assert 0.5 < score <= 1
    assert all(0 <= mark["start"] < mark["end"] <= len(QUOTE) for mark in marks)
    assert citation == {
        "id": 1,
        "document_id": filled["Harbour reopens"],
        "title": "Harbour reopens",
        "source": "Harbour Gazette",
        "published": "2024-03-12",
        "quote": QUOTE,
        "span": {"start": 0, "end": len(QUOTE)},
        "page": None,
        "locator": None,
        "answer": {"start": 0, "end": len(QUOTE)},
        "status": "verbatim",
        "event_dates": [],
        "event_texts": [],
        "speaker": None,
        "url": "",
        "passage": {"start": 0, "end": len(QUOTE) + len(" Fishing boats wait.")},
    }


@pytest.mark.parametrize(
    "question", [QUESTION, "Who made the design for the new bridge?", "Was the old ferry sold to a museum?"]
)
def test_every_span_is_its_quote(client: TestClient, filled: dict[str, str], question: str) -> None:
    """The document's text at a citation's span, asked of the API, is the quote."""
    answer = client.post("/v1/ask", json={"question": question}).json()

    assert answer["answered"] is True
    for citation in answer["citations"]:
        text = client.get(f"/v1/documents/{citation['document_id']}/text", params=citation["span"])
        assert (text.status_code, text.text) == (200, citation["quote"])
        assert answer["text"][citation["answer"]["start"] : citation["answer"]["end"]] == citation["quote"]


def test_a_stream_is_the_answer_in_pieces(client: TestClient, filled: dict[str, str]) -> None:
    """Streamed, the answer comes as trace, deltas, citations and done, and is the same answer."""
    plain = client.post("/v1/ask", json={"question": QUESTION}).json()
    response = client.post("/v1/ask", json={"question": QUESTION, "stream": True})

    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    streamed = events(response.text)
    assert re.fullmatch(r"trace( delta)+ citations done", " ".join(name for name, _ in streamed))
    assert streamed[0][1] == plain["trace"]
    assert "".join(data["text"] for name, data in streamed if name == "delta") == plain["text"]
    assert streamed[-2][1] == {"citations": plain["citations"]}
    assert unlike(streamed[-1][1]["answer"]) == unlike(plain)


def test_not_finding_an_answer_is_no_error(client: TestClient, filled: dict[str, str]) -> None:
    """Without support the status is 200, with what was searched and the nearest passages, plain and streamed."""
    asked = {"question": "Who won the chess final?"}
    response = client.post("/v1/ask", json=asked)
    answer = response.json()

    assert response.status_code == 200
    reason = (
        "This is not in the documents: the 3 documents searched, published from 2023-01-02 to 2024-03-12 "
        "(1 without a date), give no answer that can be relied on."
    )
    assert (answer["answered"], answer["reason"], answer["citations"]) == (False, reason, [])
    assert {passage["document_id"] for passage in answer["passages"]} == set(filled.values())
    streamed = events(client.post("/v1/ask", json={**asked, "stream": True}).text)
    assert unlike(streamed[-1][1]["answer"]) == unlike(answer)


def test_an_empty_library_answers_nothing(client: TestClient) -> None:
    """A question to no documents is a refusal that says so."""
    answer = client.post("/v1/ask", json={"question": QUESTION}).json()

    assert answer["reason"] == "There are no documents yet, so there is nothing to answer from. Add some first."
    assert (answer["answered"], answer["passages"]) == (False, [])


def test_filters_hide_documents(client: TestClient, filled: dict[str, str]) -> None:
    """What was published after `as_of` is neither cited nor shown as near."""
    answer = client.post("/v1/ask", json={"question": QUESTION, "as_of": "2024-01-01"}).json()

    assert answer["answered"] is False
    assert (answer["as_of"], answer["trace"]["filters"]) == ("2024-01-01", {"as_of": "2024-01-01"})
    assert [passage["title"] for passage in answer["passages"]] == ["Ferry"]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"as_of": "2024-02"}, {"as_of": "2024-02-29"}),
        ({"as_of": "2023"}, {"as_of": "2023-12-31"}),
        ({"after": "2024-02", "before": "2024-02"}, {"after": "2024-02-01", "before": "2024-02-29"}),
        ({"after": "2023", "before": "2024"}, {"after": "2023-01-01", "before": "2024-12-31"}),
    ],
)
def test_a_month_or_year_limits_as_on_the_command_line(
    client: TestClient, filled: dict[str, str], given: dict[str, str], meant: dict[str, str]
) -> None:
    """`after` is its first day, `before` and `as_of` are its last; in a body and in an address."""
    answer = client.post("/v1/ask", json={"question": QUESTION, **given}).json()
    timeline = client.get("/v1/timeline", params={"topic": "dam", **given}).json()

    assert answer["trace"]["filters"] == timeline["trace"]["filters"] == meant


@pytest.mark.parametrize("given", ["2024-13", "0000", "2024-1", "24", "2024-", "2024-11-", " 2024", "٢٠٢٤", 2024, ""])
def test_what_is_no_day_month_or_year_is_refused(client: TestClient, given: object) -> None:
    """The error names the field."""
    response = client.post("/v1/search", json={"query": "dam", "after": given})

    assert (response.status_code, response.json()["error"]["param"]) == (422, "after")


@pytest.mark.parametrize("blank", [" \t", "\x1d", "\u2003\n"])
def test_what_holds_no_word_is_no_question(client: TestClient, blank: str) -> None:
    """White space of any kind is refused by every operation that looks for words, and by the document's patterns."""
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    (topic,) = (item for item in document["paths"]["/v1/timeline"]["get"]["parameters"] if item["name"] == "topic")

    for answer, described in (
        (client.post("/v1/ask", json={"question": blank}), schemas["AskRequest"]["properties"]["question"]),
        (client.post("/v1/search", json={"query": blank}), schemas["SearchRequest"]["properties"]["query"]),
        (client.get("/v1/timeline", params={"topic": blank}), topic["schema"]),
    ):
        assert answer.status_code == 422
        assert not re.search(described["pattern"], blank)


def test_search_gives_passages(client: TestClient, filled: dict[str, str]) -> None:
    """A search gives the nearest stretches, best first, as many as asked for."""
    found = client.post("/v1/search", json={"query": "design of the bridge", "limit": 1}).json()

    (passage,) = found["passages"]
    assert passage["score"] > 0
    text = BRIDGE.strip()
    assert found == {
        "query": "design of the bridge",
        "passages": [
            {
                "document_id": filled["bridge"],
                "title": "bridge",
                "source": "",
                "published": None,
                "span": {"start": 0, "end": len(text)},
                "focus": {"start": 0, "end": len(text)},
                "text": text,
                "score": passage["score"],
                "url": f"/v1/documents/{filled['bridge']}/text",
            }
        ],
    }
    assert client.get(passage["url"], params=passage["span"]).text == text


def test_each_file_has_its_result(client: TestClient) -> None:
    """Of several files the good ones are added, and each of the others says what is wrong."""
    results = upload(client, harbour_md=HARBOUR, photo_jpg=b"\xff\xd8", empty_txt=b"", bridge_txt=BRIDGE)

    told = [(result["name"], result["status"], result["title"], result["passages"]) for result in results]
    assert told == [
        ("harbour.md", "added", "Harbour reopens", 1),
        ("photo.jpg", "failed", "", 0),
        ("empty.txt", "failed", "", 0),
        ("bridge.txt", "added", "bridge", 1),
    ]
    assert [bool(result["document_id"]) for result in results] == [True, False, False, True]
    assert [bool(result["detail"]) for result in results] == [False, True, True, False]
    assert client.get("/v1/documents").json()["total"] == 2


def test_a_path_in_a_file_name_is_dropped(client: TestClient) -> None:
    """Of an upload's name only the file's own counts, whatever folders a client writes before it."""
    (result,) = client.post("/v1/documents", files={"files": ("..\\..\\/etc/bridge.txt", BRIDGE)}).json()["results"]

    assert (result["name"], result["status"]) == ("bridge.txt", "added")


def test_the_same_file_twice_is_one_document(client: TestClient) -> None:
    """A file added again, or under another name, is the document that is there."""
    (first,) = upload(client, harbour_md=HARBOUR)
    (again,) = upload(client, harbour_md=HARBOUR)
    (copy,) = upload(client, copy_md=HARBOUR)

    assert [first["status"], again["status"], copy["status"]] == ["added", "unchanged", "same content"]
    assert {first["document_id"], again["document_id"], copy["document_id"]} == {first["document_id"]}
    assert client.get("/v1/documents").json()["total"] == 1


def test_a_text_is_a_document(client: TestClient) -> None:
    """A text given as JSON keeps its title, date, source and address; its line ends become LF."""
    given = {**FERRY, "text": "The old ferry\r\nwas sold.\0", "url": "http://127.0.0.1/ferry"}
    (result,) = client.post("/v1/documents", json=given).json()["results"]
    document = client.get(f"/v1/documents/{result['document_id']}").json()

    assert result == {
        "name": "Ferry",
        "status": "added",
        "document_id": document["id"],
        "title": "Ferry",
        "passages": 1,
        "detail": "",
    }
    shown = {name: document[name] for name in ("title", "published", "source", "url", "published_from")}
    assert shown == {
        "title": "Ferry",
        "published": "2023-01-02",
        "source": "Radio",
        "url": "http://127.0.0.1/ferry",
        "published_from": "user",
    }
    assert client.get(f"/v1/documents/{document['id']}/text").text == "The old ferry\nwas sold. "


def test_texts_of_one_title_stay_apart(client: TestClient) -> None:
    """A title that comes back another day names another document; the same day it is the same, replaced."""
    days = ("2024-01-01", "2024-01-02", "2024-01-02")
    results = [
        client.post("/v1/documents", json={"title": "Briefing", "text": f"Item {number}.", "published": day}).json()[
            "results"
        ][0]
        for number, day in enumerate(days)
    ]

    assert [result["status"] for result in results] == ["added", "added", "replaced"]
    assert results[0]["document_id"] != results[1]["document_id"] == results[2]["document_id"]


def test_a_text_without_words_is_no_document(client: TestClient) -> None:
    """A text of white space fails and names no document."""
    (result,) = client.post("/v1/documents", json={"title": "Blank", "text": " \n "}).json()["results"]

    assert (result["status"], result["document_id"]) == ("failed", None)
    assert result["detail"]


def test_the_list_comes_in_pages(client: TestClient, filled: dict[str, str]) -> None:
    """Pages of the list follow one another, the last added first; `total` counts all that match."""
    pages = [client.get("/v1/documents", params={"limit": 2, "offset": offset}).json() for offset in (0, 2, 4)]

    assert [[document["title"] for document in page["documents"]] for page in pages] == [
        ["Ferry", "bridge"],
        ["Harbour reopens"],
        [],
    ]
    assert [(page["total"], page["limit"], page["offset"]) for page in pages] == [(3, 2, 0), (3, 2, 2), (3, 2, 4)]
    found = client.get("/v1/documents", params={"query": "GAZETTE"}).json()
    assert ([document["id"] for document in found["documents"]], found["total"]) == ([filled["Harbour reopens"]], 1)


def test_a_deleted_document_is_never_cited_again(client: TestClient, filled: dict[str, str]) -> None:
    """After its deletion a document is neither found nor listed nor given."""
    gone = filled["Harbour reopens"]

    assert client.delete(f"/v1/documents/{gone}").json() == {"deleted": [gone]}

    assert [client.get(f"/v1/documents/{gone}{part}").status_code for part in ("", "/text")] == [404, 404]
    assert client.delete(f"/v1/documents/{gone}").status_code == 404
    answer = client.post("/v1/ask", json={"question": QUESTION}).json()
    assert answer["answered"] is False
    assert gone not in json.dumps(answer)


def test_health_and_readiness_differ(client: TestClient, filled: dict[str, str], parts: Parts) -> None:
    """The process is healthy at once, and ready when a first question has loaded the models."""
    assert client.get("/healthz").json() == {"status": "ok"}
    cold = client.get("/readyz")
    assert (cold.status_code, cold.json()) == (503, {"library": True, "models": False, "ready": False})

    parts.assistant.ask("Is everything loaded?")

    warm = client.get("/readyz")
    assert (warm.status_code, warm.json()) == (200, {"library": True, "models": True, "ready": True})


def test_stats_tell_what_is_held(client: TestClient, filled: dict[str, str]) -> None:
    """The counts and the first and last day are those of the documents."""
    assert client.get("/v1/stats").json() == {
        "documents": 3,
        "passages": 3,
        "sentences": 5,
        "published_from": "2023-01-02",
        "published_to": "2024-03-12",
        "undated": 1,
    }


def test_the_timeline_is_what_its_schema_names(client: TestClient, filled: dict[str, str]) -> None:
    """The events of a topic with their citations, in the form that the API's description tells, no field more."""
    from assistant.http.schemas import TimelineBody

    upload(client, dam_md="---\ndate: 2024-05-02\n---\nThe dam by the harbour was planned in 2009.\n")

    response = client.get("/v1/timeline", params={"topic": "the dam by the harbour"})

    body = TimelineBody.model_validate_json(response.text)
    (event,) = [event for event in body.events if event.clock == "event"]
    assert (event.date, event.said, event.citations[0].quote) == (
        "2009",
        "2009",
        "The dam by the harbour was planned in 2009.",
    )
    described = client.get("/openapi.json").json()["paths"]["/v1/timeline"]["get"]["responses"]["200"]
    assert described["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/TimelineBody"}


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({}, "topic"),
        ({"topic": "dam", "limit": "0"}, "limit"),
        ({"topic": "dam", "after": "2024-02-31"}, "after"),
        ({"topic": "dam", "after": "2024-05-01", "before": "2024-04-01"}, "before"),
        ({"topic": "dam", "colour": "red"}, "colour"),
    ],
)
def test_a_timeline_that_makes_no_sense_is_refused(client: TestClient, query: dict[str, str], param: str) -> None:
    """The error names the parameter."""
    response = client.get("/v1/timeline", params=query)

    assert (response.status_code, response.json()["error"]["param"]) == (422, param)
