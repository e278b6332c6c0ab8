"""What a hostile or broken client sends, to a real server over a real socket."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from assistant.keys import Keys

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from assistant.parts import Parts

HUNDRED_MEGABYTES = 100 * 1024 * 1024
SHAPE = {"type", "message", "code", "param"}


@pytest.fixture
def spoken(server: str) -> Callable[[bytes], socket.socket]:
    """A connection to the server that has said something."""

    def speak(said: bytes) -> socket.socket:
        where = urlsplit(server)
        connection = socket.create_connection((where.hostname or "", where.port or 0), timeout=30)
        connection.sendall(said)
        return connection

    return speak


def answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of what comes back."""
    received = b""
    while b"\r\n\r\n" not in received and (piece := connection.recv(65536)):
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")) and (piece := connection.recv(65536)):
        body += piece
    return int(first.split()[1]), headers, body


def post(path: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


@pytest.mark.parametrize(
    "path", ["/v1/ask", "/v1/search", "/v1/documents", "/v1/chat/completions", "/login", "/v1/nothing"]
)
def test_a_body_of_100_megabytes_is_not_read(spoken: Callable[[bytes], socket.socket], path: str) -> None:
    """A body beyond all measure is refused by its length, before a byte of it came."""
    head = post(path, "Content-Type: application/json", f"Content-Length: {HUNDRED_MEGABYTES}")
    with closing(spoken(head)) as connection:
        status, _, body = answer(connection)
    assert (status, json.loads(body)["error"]["code"]) == (413, "too_large")


def test_a_body_without_a_length_is_cut_off(spoken: Callable[[bytes], socket.socket]) -> None:
    """Of a body that tells no length only the beginning is taken, then it is refused and the connection closed."""
    head = post("/v1/ask", "Content-Type: application/json", "Transfer-Encoding: chunked")
    piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
    sent = 0
    with closing(spoken(head)) as connection:
        try:
            while sent < HUNDRED_MEGABYTES:
                connection.sendall(piece)
                sent += 65536
        except (ConnectionResetError, BrokenPipeError):
            pass  # the server has closed it
    assert sent < 20 * 1024 * 1024


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"POST /v1/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        b"POST /v1/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nzz\r\n",
        b"GET /v1/stats HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\x00b\r\n\r\n",
    ],
    ids=["TLS", "half a line", "two lengths", "length and chunks", "NUL in a header"],
)
def test_what_is_no_http_is_refused(spoken: Callable[[bytes], socket.socket], said: bytes) -> None:
    """What cannot be read as one request is a 400, or the end of the connection; the server goes on."""
    with closing(spoken(said)) as connection:
        connection.settimeout(10)
        try:
            begin = connection.recv(4096)
        except ConnectionResetError:
            begin = b""
    assert begin == b"" or begin.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), begin
    with closing(spoken(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")) as connection:
        assert answer(connection)[0] == 200


def test_nothing_of_a_request_becomes_a_header(spoken: Callable[[bytes], socket.socket]) -> None:
    """Line ends in a path, a query, an id or a form make no header of an answer."""
    injected = "%0d%0aSet-Cookie:%20a=b"
    form = f"key=x&next=/{injected}".encode()
    requests = [
        f"GET /v1/documents/{injected} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode(),
        f"GET /login?next=/{injected} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode(),
        f"GET /docs?{injected} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\n\r\n".encode(),
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-ID: a\x0b\x0cb\r\n\r\n",
        post("/login", "Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(form)}", body=form),
    ]
    for said in requests:
        with closing(spoken(said)) as connection:
            _, headers, _ = answer(connection)
        assert "set-cookie" not in headers


def test_a_client_that_vanishes_leaves_nothing_running(
    spoken: Callable[[bytes], socket.socket], parts: Parts, server: str
) -> None:
    """Clients that leave in the middle of a streamed answer leave no turn taken and no thread at work."""
    key = Keys(parts.catalog.database).create("gone", "reader").token
    asked = json.dumps({"question": "Is the harbour open?", "stream": True}).encode()
    headers = ["Content-Type: application/json", f"Content-Length: {len(asked)}", f"Authorization: Bearer {key}"]
    for _ in range(5):
        connection = spoken(post("/v1/ask", *headers, body=asked))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        connection.close()
    metrics = f"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
    end = time.monotonic() + 30
    while True:
        with closing(spoken(metrics)) as connection:
            told = answer(connection)[2].decode()
        if "dateline_requests_running 0.0" in told and "dateline_requests_waiting 0.0" in told:
            break
        assert time.monotonic() < end, told
        time.sleep(0.1)
    assert parts.assistant.running == 0


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd.txt",
        "..\\..\\windows\\system.txt",
        "/etc/cron.d/job.txt",
        "C:\\boot.txt",
        "a\\b/../c.txt",
        "....//....//a.txt",
        "~/.ssh/authorized_keys.txt",
        "x" * 1000 + ".txt",
        "a\u202etxt.exe.txt",
        "$(touch pwned).txt",
        "<script>alert(1)</script>.txt",
    ],
)
def test_a_files_name_is_only_a_name(client: TestClient, parts: Parts, name: str) -> None:
    """Whatever a file is called, it is added under the last part of that, and nothing is written but the library."""
    (result,) = client.post("/v1/documents", files={"files": (name, f"A word on {name}.")}).json()["results"]

    assert (result["status"], result["name"]) == ("added", name.replace("\\", "/").rpartition("/")[2])
    stored = client.get(f"/v1/documents/{result['document_id']}").json()
    assert stored["name"] == result["name"]


@pytest.mark.parametrize(
    "document_id", ["..%2f..%2fcatalog.sqlite", "%00", "a%2f..%2fb", "'%20OR%201=1--", "%F0%9F%98%80", "." * 4000]
)
def test_an_id_is_only_an_id(client: TestClient, document_id: str) -> None:
    """An id that is a path, a query or no text at all names no document."""
    for part in ("", "/text"):
        response = client.get(f"/v1/documents/{document_id}{part}")
        assert response.status_code == 404
        assert set(response.json()["error"]) == SHAPE


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        '{"question": ' * 5000,
        '{"question": 1e999}',
        '{"question": "a", "question": 2}',
        '{"question": "a", "as_of": -1}',
        '{"question": "a", "history": {"role": "user"}}',
        '{"question": ["a"]}',
        '{"question": "a", "document_ids": "b"}',
        '{"question": "a", "__proto__": {}}',
        "null",
        "NaN",
        '"a"',
    ],
)
def test_json_that_means_harm(client: TestClient, body: str) -> None:
    """Deep, endless, doubled or wrongly typed JSON is the client's error, in the one shape."""
    response = client.post("/v1/ask", content=body, headers={"content-type": "application/json"})

    told: dict[str, Any] = response.json()["error"]
    assert response.status_code in (400, 422)
    assert set(told) == SHAPE
