"""What is counted and logged of requests and answers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from assistant.parts import Parts
    from assistant.settings import Settings

TEXT = {"title": "Harbour", "text": "The harbour is open."}


def samples(client: TestClient) -> dict[tuple[str, str], float]:
    """Each sample by its name and the values of its labels."""
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=1.0.0")
    return {
        (sample.name, " ".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_answers_documents_and_requests_are_counted(client: TestClient) -> None:
    """Each question by its outcome, each step's time, each document and each request by its route and status."""
    client.post("/v1/documents", json=TEXT)
    client.post("/v1/ask", json={"question": "Is the harbour open?"})
    client.post("/v1/ask", json={"question": "Who won the chess final?"})
    client.get("/v1/documents/nope")
    client.get("/v1/nothing/at/all")

    told = samples(client)
    expected = {
        ("dateline_questions_total", "true"): 1,
        ("dateline_questions_total", "false"): 1,
        ("dateline_question_seconds_count", "total"): 2,
        ("dateline_question_seconds_count", "search"): 2,
        ("dateline_documents_received_total", "added"): 1,
        ("dateline_documents", ""): 1,
        ("dateline_passages", ""): 1,
        ("dateline_requests_total", "POST /v1/documents 200"): 1,
        ("dateline_requests_total", "POST /v1/ask 200"): 2,
        ("dateline_requests_total", "GET /v1/documents/{document_id} 404"): 1,
        ("dateline_requests_total", "GET none 404"): 1,
        ("dateline_request_seconds_count", "/v1/ask"): 2,
        ("dateline_requests_running", ""): 0,
        ("dateline_requests_waiting", ""): 0,
    }
    assert {name: told.get(name) for name in expected} == expected


def test_refusals_are_counted(client: TestClient) -> None:
    """What never reaches a route is counted too."""
    client.post("/v1/ask", content=b"{}", headers={"content-length": "99999999999"})
    client.post("/v1/ask", json={"question": "Why?"}, headers={"origin": "http://evil.example"})

    told = samples(client)
    assert (told["dateline_requests_total", "POST none 413"], told["dateline_requests_total", "POST none 403"]) == (
        1,
        1,
    )


def test_the_log_tells_no_question(client: TestClient, parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    """A request is logged with its path, status and time; neither its query nor what was asked is."""
    from assistant.logs import answer_log

    parts.assistant.tell(answer_log(questions=False))
    with caplog.at_level(logging.INFO):
        client.post("/v1/ask", json={"question": "Who hid the emerald?"})
        client.get("/v1/documents", params={"query": "emerald"})

    told = [record.__dict__ for record in caplog.records if record.name.startswith("assistant")]
    assert [line["message"] for line in told] == ["abstained", "request", "request"]
    shown = {name: told[1][name] for name in ("method", "path", "status", "caller")}
    assert shown == {"method": "POST", "path": "/v1/ask", "status": 200, "caller": "local"}
    assert "emerald" not in str(told)

    parts.assistant.tell(answer_log(questions=True))
    with caplog.at_level(logging.INFO):
        client.post("/v1/ask", json={"question": "Who hid the emerald?"})
    assert "Who hid the emerald?" in str([record.__dict__ for record in caplog.records])


def test_an_error_of_ours_has_its_headers(parts: Parts, settings: Settings) -> None:
    """Also what nobody foresaw leaves with a request id, by which the log has it, and is counted."""
    from assistant.http.api import create_app

    app = create_app(parts, settings)

    @app.get("/v1/broken")
    def broken() -> None:
        raise RuntimeError("the inside")

    # The route was added after the one that refuses all others, so it is put before it.
    app.router.routes.insert(0, app.router.routes.pop())
    client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
    response = client.get("/v1/broken", headers={"x-request-id": "mine"})

    assert (response.status_code, response.headers["x-request-id"]) == (500, "mine")
    assert "default-src 'self'" in response.headers["content-security-policy"]
    assert samples(client)["dateline_requests_total", "GET /v1/broken 500"] == 1
