"""Routes on documents beyond adding and deleting: jobs, filters of the list, and what can be changed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from assistant.parts import Parts

HARBOUR = {"title": "Harbour", "text": "The harbour reopened in June this year.", "published": "2024-03-12"}
FERRY = {"title": "Ferry", "text": "The old ferry was sold to a museum.", "published": "2023-01-02"}
UNDATED = {"title": "Bridge", "text": "The bridge costs 12 million crowns."}


@pytest.fixture
def filled(client: TestClient) -> dict[str, str]:
    """The id of each document by its title."""
    results = [client.post("/v1/documents", json=given).json()["results"][0] for given in (HARBOUR, FERRY, UNDATED)]
    return {result["title"]: result["document_id"] for result in results}


def job_done(client: TestClient, address: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        job: dict[str, Any] = client.get(address).raise_for_status().json()
        if job["finished"]:
            return job
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_files_are_added_in_the_background(client: TestClient) -> None:
    """Many files get a job at once, which tells how far it is and in the end what became of each file."""
    files = [("files", (f"note{number}.txt", f"Note {number} tells of ropes.")) for number in range(30)]
    files.append(("files", ("photo.jpg", b"\xff\xd8")))  # type: ignore[arg-type]
    response = client.post("/v1/documents", params={"background": "true"}, files=files)

    assert response.status_code == 202
    job = response.json()
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["state"], job["files"], job["files_done"], job["results"]) == ("queued", 31, 0, [])
    done = job_done(client, response.headers["location"])
    assert (done["state"], done["files_done"]) == ("done", 31)
    assert [(result["name"], result["status"]) for result in done["results"]] == [
        *((f"note{number}.txt", "added") for number in range(30)),
        ("photo.jpg", "failed"),
    ]
    assert client.get("/v1/documents").json()["total"] == 30


def test_questions_are_answered_while_files_are_added(client: TestClient, filled: dict[str, str]) -> None:
    """A job in the background keeps nobody from asking."""
    files = [("files", (f"note{number}.txt", f"Note {number} tells of ropes and nets.")) for number in range(50)]
    address = client.post("/v1/documents?background=1", files=files).headers["location"]
    asked = {"question": "Was the old ferry sold to a museum?"}
    answers = [client.post("/v1/ask", json=asked).json() for _ in range(5)]

    assert [answer["citations"][0]["quote"] for answer in answers] == [FERRY["text"]] * 5
    assert job_done(client, address)["state"] == "done"


def test_an_unknown_job_is_not_there(client: TestClient) -> None:
    """A job that never was is 404."""
    response = client.get("/v1/jobs/none")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "no_such_job")


def test_the_list_is_narrowed_by_date(client: TestClient, filled: dict[str, str]) -> None:
    """With dates only documents published between them are listed and counted; undated ones pass none."""

    def titles(**params: str) -> tuple[list[str], int]:
        listed = client.get("/v1/documents", params=params).json()
        return [info["title"] for info in listed["documents"]], listed["total"]

    assert titles() == (["Bridge", "Ferry", "Harbour"], 3)
    assert titles(after="2024-01-01") == (["Harbour"], 1)
    assert titles(before="2024-01-01") == (["Ferry"], 1)
    assert titles(after="2024-03") == titles(after="2024", before="2024") == (["Harbour"], 1)
    assert titles(after="2023-01-02", before="2024-03-12", query="harb") == (["Harbour"], 1)


def test_title_and_day_can_be_set(client: TestClient, filled: dict[str, str], parts: Parts) -> None:
    """What is set by hand counts from then on, also for the dates of events; what is not given stays."""
    address = f"/v1/documents/{filled['Harbour']}"
    changed = client.patch(address, json={"published": "2021-05-01"}).json()

    told = {name: changed[name] for name in ("title", "published", "published_from")}
    assert told == {"title": "Harbour", "published": "2021-05-01", "published_from": "user"}
    assert changed == client.get(address).json()
    (citation,) = client.post("/v1/ask", json={"question": "When has the harbour reopened?"}).json()["citations"]
    assert (citation["published"], citation["event_dates"]) == ("2021-05-01", ["2021-06"])

    named = client.patch(address, json={"title": " The harbour opens ", "published": None}).json()
    assert (named["title"], named["published"], named["published_from"]) == ("The harbour opens", None, None)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "there is nothing to change: give a title, or published"),
        ({"title": ""}, "title: String should have at least 1 character"),
        ({"published": "yesterday"}, "published: "),
        ({"text": "New."}, "text: Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_changed_is_refused(
    client: TestClient, filled: dict[str, str], body: dict[str, Any], message: str
) -> None:
    """An empty change, a wrong value and a field that cannot be set are each told by name."""
    response = client.patch(f"/v1/documents/{filled['Ferry']}", json=body)

    assert response.status_code == 422
    assert response.json()["error"]["message"].startswith(message)


def test_a_document_that_is_not_there_cannot_be_changed(client: TestClient) -> None:
    """Setting the title of no document is 404."""
    response = client.patch("/v1/documents/none", json={"title": "Mine"})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "no_such_document")


def test_what_is_passed_over_inside_of_a_file_is_told(client: TestClient) -> None:
    """Under the names of the archive and of the file inside; the rest of the archive goes in."""
    import io
    import zipfile

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("dam.md", "The dam is finished.")
        archive.writestr("../out.md", "Out.")

    results = client.post("/v1/documents", files=[("files", ("notes.zip", data.getvalue()))]).json()["results"]

    assert [(result["name"], result["status"]) for result in results] == [
        ("notes.zip/../out.md", "failed"),
        ("notes.zip", "added"),
    ]
    assert results[0]["detail"] == "Its name leads out of the archive: it is not read."
