"""What the API says while a server that the library stands on is down: a real one, killed and started again."""

from __future__ import annotations

import contextlib
import random
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from pydantic import SecretStr

from assistant.keys import open_keys
from benchmarks.servers import S3Process, postgres_programs
from corpus.originals import content_hash
from index.health import problems

if TYPE_CHECKING:
    from assistant.parts import Parts
    from assistant.settings import Settings

HOST = "http://127.0.0.1:7860"
QUESTION = {"question": "When was the harbour wall finished?"}


def test_without_its_vectors_the_api_refuses_and_recovers(
    stand_in_parts: Callable[[Settings], AbstractContextManager[Parts]], settings: Settings, own_chroma_process: Any
) -> None:
    """While the Chroma server is down, readiness names the part and a question gets 503 with a time to come again; when
    the server is back, the same question gets the same answer."""
    from assistant.http.api import create_app

    settings = settings.model_copy(update={"chroma_url": own_chroma_process.url})
    with (
        stand_in_parts(settings) as parts,
        TestClient(create_app(parts, settings), base_url=HOST) as client,
    ):
        text = "The harbour wall was finished on 3 May 2021. The council paid for the harbour wall."
        assert client.post("/v1/documents", json={"title": "Works", "text": text}).status_code in (200, 201, 202)
        before = client.post("/v1/ask", json=QUESTION).json()
        assert before["answered"] is True
        own_chroma_process.kill()

        said = (
            f"the Chroma server at {own_chroma_process.url} does not answer ([Errno 111] Connection refused): "
            "start it, or correct DATELINE_CHROMA_URL"
        )
        ready, asked = client.get("/readyz"), client.post("/v1/ask", json=QUESTION)
        assert (ready.status_code, ready.headers["Retry-After"]) == (503, "5")
        assert ready.json() == {"library": False, "models": True, "ready": False, "down": {"vectors": said}}
        assert (asked.status_code, asked.headers["Retry-After"]) == (503, "5")
        assert asked.json()["error"] == {"type": "server_error", "message": said, "code": "server_down", "param": None}
        assert client.get("/healthz").status_code == 200

        own_chroma_process.start()
        assert client.get("/readyz").status_code == 200
        after = client.post("/v1/ask", json=QUESTION).json()
        assert (after["text"], after["citations"]) == (before["text"], before["citations"])


def test_without_its_catalog_the_api_refuses_and_recovers(
    stand_in_parts: Callable[[Settings], AbstractContextManager[Parts]], settings: Settings, own_postgres_process: Any
) -> None:
    """While PostgreSQL is down, readiness names the part, and a question, with a key or without, gets 503 with a time
    to come again; when the server is back, all is as before."""
    from assistant.http.api import create_app

    url = own_postgres_process.create("library")
    settings = settings.model_copy(update={"database_url": SecretStr(url)})
    with (
        stand_in_parts(settings) as parts,
        TestClient(create_app(parts, settings), base_url=HOST) as client,
    ):
        text = "The harbour wall was finished on 3 May 2021. The council paid for the harbour wall."
        assert client.post("/v1/documents", json={"title": "Works", "text": text}).status_code in (200, 201, 202)
        with open_keys(settings) as keys:
            secret = keys.create("tests", "admin").token
        client.headers["Authorization"] = f"Bearer {secret}"
        before = client.post("/v1/ask", json=QUESTION).json()
        assert before["answered"] is True
        conversation = client.post("/v1/conversations", json={"title": "One"}).json()["id"]
        own_postgres_process.stop()

        ready = client.get("/readyz")
        assert (ready.status_code, ready.headers["Retry-After"], list(ready.json()["down"])) == (503, "5", ["catalog"])
        for asked in (
            client.post("/v1/ask", json=QUESTION),
            client.get("/v1/documents"),
            client.get(f"/v1/conversations/{conversation}"),
        ):
            assert (asked.status_code, asked.headers["Retry-After"]) == (503, "5")
            assert asked.json()["error"]["code"] == "server_down"
        assert client.get("/healthz").status_code == 200

        own_postgres_process.start()
        last = time.monotonic() + 60  # it first mends what the crash left
        while client.get("/readyz").status_code != 200 and time.monotonic() < last:
            time.sleep(0.1)
        assert client.get("/readyz").status_code == 200
        assert client.get(f"/v1/conversations/{conversation}").json()["title"] == "One"
        after = client.post("/v1/ask", json=QUESTION).json()
        assert (after["text"], after["citations"]) == (before["text"], before["citations"])


def test_without_its_originals_the_api_answers_and_recovers(
    stand_in_parts: Callable[[Settings], AbstractContextManager[Parts]], settings: Settings, tmp_path: Path
) -> None:
    """While the folder of the copies is away, questions are answered, readiness names the part, and a file that is
    added or fetched gets 503 with a time to come again; deleted documents go. When it is back, all is as before."""
    from assistant.http.api import create_app

    shared = tmp_path / "shared"
    shared.mkdir()
    settings = settings.model_copy(update={"originals_url": SecretStr(shared.as_uri())})
    with (
        stand_in_parts(settings) as parts,
        TestClient(create_app(parts, settings), base_url=HOST) as client,
    ):

        def add(name: str, text: str) -> Any:
            return client.post("/v1/documents", files={"files": (name, text.encode())})

        wall = add("wall.txt", "The harbour wall was finished on 3 May 2021.").json()["results"][0]["document_id"]
        mill = add("mill.txt", "The mill burned.").json()["results"][0]["document_id"]
        shared.rename(tmp_path / "away")

        assert client.post("/v1/ask", json=QUESTION).json()["answered"] is True
        assert "shared' cannot be read or written" in client.get("/readyz").json()["down"]["originals"]
        refused = add("dam.txt", "The dam is finished.")
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert client.delete(f"/v1/documents/{mill}").status_code == 200
        assert [one["id"] for one in client.get("/v1/documents").json()["documents"]] == [wall]

        (tmp_path / "away").rename(shared)
        assert "down" not in client.get("/readyz").json()
        assert client.get(f"/v1/documents/{wall}/file").content == b"The harbour wall was finished on 3 May 2021."
        assert add("dam.txt", "The dam is finished.").json()["results"][0]["status"] == "added"
        assert len(list(parts.library.originals.hashes())) == 2


def test_a_file_from_elsewhere_comes_back_as_it_was(
    stand_in_parts: Callable[[Settings], AbstractContextManager[Parts]], settings: Settings
) -> None:
    """Where copies are in no folder, the bytes are those that were given, as an attachment."""
    from assistant.http.api import create_app

    settings = settings.model_copy(update={"originals_url": SecretStr("memory://here/originals")})
    with (
        stand_in_parts(settings) as parts,
        TestClient(create_app(parts, settings), base_url=HOST) as client,
    ):
        data = "Der Damm ist fertig.".encode("latin-1")
        added = client.post("/v1/documents", files={"files": ("Übersicht.txt", data)})
        document = added.json()["results"][0]["document_id"]
        response = client.get(f"/v1/documents/{document}/file")
        assert (response.content, response.headers["content-type"]) == (data, "text/plain")
        assert response.headers["content-disposition"] == "attachment; filename*=utf-8''%C3%9Cbersicht.txt"
        assert list(parts.library.originals.hashes()) != []
        client.delete(f"/v1/documents/{document}").raise_for_status()
        assert list(parts.library.originals.hashes()) == []


def test_a_file_on_s3_comes_back_and_goes(
    stand_in_parts: Callable[[Settings], AbstractContextManager[Parts]],
    settings: Settings,
    s3_process: S3Process,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The bytes that come back are those that were given, more than a piece of them, and they go with their document;
    the storage asks for keys."""
    from assistant.http.api import create_app

    s3_process.create("bucket")
    for name, value in zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), s3_process.ask_for_keys(), strict=True):
        monkeypatch.setenv(name, value)
    settings = settings.model_copy(update={"originals_url": SecretStr("s3://bucket/some/originals")})
    data = "".join(f"Die Mauer {number} wurde fertig.\n" for number in range(60_000)).encode("utf-16")
    with (
        stand_in_parts(settings) as parts,
        TestClient(create_app(parts, settings), base_url=HOST) as client,
    ):
        assert "down" not in client.get("/readyz").json()
        added = client.post("/v1/documents", files={"files": ("Übersicht.txt", data)}).json()["results"][0]
        assert added["status"] == "added"
        response = client.get(f"/v1/documents/{added['document_id']}/file")
        assert (response.status_code, response.content == data) == (200, True)
        assert list(parts.library.originals.hashes()) == [content_hash(data)]
        client.delete(f"/v1/documents/{added['document_id']}").raise_for_status()
        assert list(parts.library.originals.hashes()) == []
        assert client.get(f"/v1/documents/{added['document_id']}/file").status_code == 404


S3_AWAY = {
    "down": "{url} does not answer: Connection refused",
    "other bucket": "NoSuchBucket: The specified bucket does not exist",
    "wrong secret": "SignatureDoesNotMatch: The request signature we calculated does not match the signature you "
    "provided. Check your key and signing method.",
    "no key": "AWS_ACCESS_KEY_ID is not set, and this machine has no role that gives a key",
    "unknown key": "InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our records.",
}


@pytest.mark.parametrize("fault", S3_AWAY)
def test_without_its_s3_the_api_answers_and_recovers(
    stand_in_parts: Callable[[Settings], AbstractContextManager[Parts]],
    settings: Settings,
    s3_process: S3Process,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    """Where the storage is down, the bucket missing or the key wrong, questions are answered, and one sentence says
    what is wrong to readiness, to the doctor, and to who adds a file or fetches one."""
    from assistant.doctor import examine
    from assistant.http.api import create_app

    s3_process.create("bucket")
    right = settings.model_copy(update={"originals_url": SecretStr("s3://bucket/originals"), "port": 0})
    with stand_in_parts(right) as parts, TestClient(create_app(parts, right), base_url=HOST) as client:
        data = b"The harbour wall was finished on 3 May 2021."
        wall = client.post("/v1/documents", files={"files": ("wall.txt", data)}).json()["results"][0]["document_id"]

    wrong = right
    if fault == "down":
        s3_process.kill()
    elif fault == "no key":
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1")  # where a cloud's machine has its role
    elif fault == "other bucket":
        wrong = right.model_copy(update={"originals_url": SecretStr("s3://buckets/originals")})
    else:
        key_id, _ = s3_process.ask_for_keys()
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key_id if fault == "wrong secret" else "AKIANOBODYKNOWSTHIS")
    with stand_in_parts(wrong) as parts, TestClient(create_app(parts, wrong), base_url=HOST) as client:
        assert client.post("/v1/ask", json=QUESTION).json()["answered"] is True
        ready = client.get("/readyz")
        added = client.post("/v1/documents", files={"files": ("dam.txt", b"The dam is finished.")})
        fetched = client.get(f"/v1/documents/{wall}/file")
        assert (ready.status_code, added.status_code, fetched.status_code) == (200, 503, 503)
        assert (added.headers["Retry-After"], fetched.headers["Retry-After"]) == ("5", "5")
        assert [one["id"] for one in client.get("/v1/documents").json()["documents"]] == [wall]
    with ExitStack() as stack:
        checks = list(examine(wrong, lambda settings, **_: stack.enter_context(stand_in_parts(settings))))

    place, cause = wrong.copies_url, S3_AWAY[fault].format(url=s3_process.url)
    beginning = f"the copies of files at {place} cannot be read or written ("
    said = [ready.json()["down"]["originals"], *(one.json()["error"]["message"] for one in (added, fetched))]
    said += [check.detail for check in checks if not check.ok]
    assert len(said) == 4
    for sentence in said:
        assert sentence.startswith(beginning)
        assert sentence.endswith(
            "): start the storage, let Dateline in, or correct DATELINE_ORIGINALS_URL, AWS_ENDPOINT_URL, "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
        told = sentence.removeprefix(beginning).partition("): start")[0]
        # To look for one copy S3 answers without a word, for who may not.
        assert told in (cause, "403 Forbidden")
    assert cause in said[0]
    assert cause in said[3]


def test_a_backup_is_restored_whole(
    stand_in_parts: Callable[[Settings], AbstractContextManager[Parts]],
    settings: Settings,
    tmp_path: Path,
    postgres_process: Any,
    postgres_database: str,
    chroma_process: Any,
    own_chroma_process: Any,
) -> None:
    """The drill of docs/operations.md: from a dump of the database and a copy of the originals, on servers that know
    nothing of it, the same question gets the same answer; files, conversations and keys are there."""
    from assistant.http.api import create_app

    programs = postgres_programs()
    assert programs is not None
    url = SecretStr(postgres_database)
    settings = settings.model_copy(update={"database_url": url, "chroma_url": own_chroma_process.url})
    data = b"The harbour wall was finished on 3 May 2021. The council paid for the harbour wall."
    with open_keys(settings) as keys:
        secret = keys.create("newsroom", "admin").token
    headers = {"Authorization": f"Bearer {secret}"}
    with (
        stand_in_parts(settings) as parts,
        TestClient(create_app(parts, settings), base_url=HOST, headers=headers) as client,
    ):
        added = client.post("/v1/documents", files=[("files", ("wall.txt", data)), ("files", ("mill.txt", b"A mill."))])
        wall = added.json()["results"][0]["document_id"]
        kept = client.post("/v1/conversations", json={"title": "One"}).json()["id"]
        before = client.post("/v1/ask", json={**QUESTION, "conversation_id": kept}).json()
        assert before["answered"] is True

    subprocess.run([programs / "pg_dump", "-Fc", "-f", tmp_path / "dump", postgres_database], check=True)
    own_chroma_process.kill()
    restored = postgres_process.create(f"dateline_{uuid.uuid4().hex}")
    subprocess.run([programs / "pg_restore", "-d", restored, tmp_path / "dump"], check=True)
    there = {"data_dir": tmp_path / "restored", "database_url": SecretStr(restored), "chroma_url": chroma_process.url}
    shutil.copytree(settings.data_dir / "originals", tmp_path / "restored" / "originals")
    settings = settings.model_copy(update=there)
    with (
        stand_in_parts(settings) as parts,
        TestClient(create_app(parts, settings), base_url=HOST, headers=headers) as client,
    ):
        after = client.post("/v1/ask", json=QUESTION).json()
        assert (after["text"], after["citations"]) == (before["text"], before["citations"])
        assert len(client.get("/v1/documents").json()["documents"]) == 2
        assert client.get(f"/v1/documents/{wall}/file").content == data
        assert client.get(f"/v1/conversations/{kept}").json()["turns"][0]["answer"]["text"] == before["text"]
        assert list(problems(parts.library)) == []


def test_on_a_full_disk_of_the_database_reading_goes_on(
    stand_in_parts: Callable[[Settings], AbstractContextManager[Parts]],
    settings: Settings,
    chroma_process: Any,
    small_disk: Any,
) -> None:
    """What would be written is refused with 507 and a sentence, which the metrics count; questions are answered, also
    where they can't be counted any more, and readiness is green. With space again all goes on."""
    from assistant.http.api import create_app

    url = small_disk.postgres.create("library")
    settings = settings.model_copy(update={"database_url": SecretStr(url), "chroma_url": chroma_process.url})
    numbers = random.Random(1)  # noqa: S311
    large = {"title": "Mill", "text": " ".join(f"The mill {numbers.random()} is finished." for _ in range(20_000))}
    with (
        stand_in_parts(settings) as parts,
        TestClient(create_app(parts, settings), base_url=HOST) as client,
    ):
        wall = {"title": "Works", "text": "The harbour wall was finished on 3 May 2021."}
        client.post("/v1/documents", json=wall).raise_for_status()
        small_disk.fill()
        with psycopg.connect(url, autocommit=True) as connection, contextlib.suppress(psycopg.errors.DiskFull):
            for number in range(1_000_000):
                connection.execute("INSERT INTO request_rates VALUES (%s, 0, 0, 0)", [f"address {number:0200}"])
            pytest.fail("the disk is not full")

        refused = client.post("/v1/documents", json=large)
        assert (refused.status_code, refused.json()["error"]["code"]) == (507, "storage_full")
        said = refused.json()["error"]["message"]
        assert said.startswith("the PostgreSQL server of the catalog is out of a resource (could not extend file ")
        assert said.endswith("free some space or memory there; what was acknowledged is safe")
        waiting = client.post("/v1/documents?background=true", files={"files": ("mill.txt", large["text"].encode())})
        assert (waiting.status_code, waiting.json()["error"]["code"]) == (507, "storage_full")
        assert client.post("/v1/ask", json=QUESTION).json()["answered"] is True
        ready = client.get("/readyz")
        assert (ready.status_code, "down" in ready.json()) == (200, False)
        assert [one["title"] for one in client.get("/v1/documents").json()["documents"]] == ["Works"]
        counted = re.findall(r'dateline_requests_total{.*status="507"} (\S+)', client.get("/metrics").text)
        assert counted == ["2.0"]

        small_disk.free()
        client.post("/v1/documents", json=large).raise_for_status()
        assert {one["title"] for one in client.get("/v1/documents").json()["documents"]} == {"Works", "Mill"}


def test_on_a_full_disk_of_one_machine_reading_goes_on(
    stand_in_parts: Callable[[Settings], AbstractContextManager[Parts]], settings: Settings
) -> None:
    """Documents and conversations are refused with 507 and a sentence; questions are answered."""
    from assistant.http.api import create_app

    with (
        stand_in_parts(settings) as parts,
        TestClient(create_app(parts, settings), base_url=HOST) as client,
    ):
        text = "The harbour wall was finished on 3 May 2021. The council paid for the harbour wall."
        client.post("/v1/documents", json={"title": "Works", "text": text}).raise_for_status()
        client.post("/v1/conversations", json={}).raise_for_status()

        def limit(connection: Any, *_: Any) -> None:
            connection.execute("PRAGMA max_page_count = 1")  # SQLite takes the size that the file has

        sa.event.listen(parts.catalog.engine, "checkout", limit)
        long = " ".join(f"The mill {number} is finished." for number in range(5_000))
        document = client.post("/v1/documents", json={"title": "Mill", "text": long})
        conversations = [client.post("/v1/conversations", json={"title": "T" * 200}) for _ in range(100)]
        for refused in (document, conversations[-1]):
            assert (refused.status_code, refused.json()["error"]["code"]) == (507, "storage_full")
            assert refused.json()["error"]["message"] == (
                "the catalog cannot be used (database or disk is full): free some space on its disk, then try again; "
                "what was acknowledged is safe"
            )
        assert client.post("/v1/ask", json=QUESTION).json()["answered"] is True
        assert client.get("/readyz").status_code == 200
