"""Clients of a stream that vanish leave nothing running."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from assistant.assistant import Event

ASKED = {
    "/v1/ask": {"question": "Who waits?", "stream": True},
    "/v1/chat/completions": {
        "model": "dateline",
        "messages": [{"role": "user", "content": "Who waits?"}],
        "stream": True,
    },
}


@dataclass
class Endless:
    """An assistant that never stops to tell, and knows whether somebody still listens."""

    told: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    warm: bool = True
    answerers: tuple[str, ...] = ("verbatim",)

    def tell(self, _listener: Any) -> None:
        """Nobody counts what it never ends to say."""

    def stream(self, _question: str, **_: Any) -> Iterator[Event]:
        self.told = 0
        self.ended.clear()
        try:
            yield Event("trace", {})
            while True:
                time.sleep(0.02)
                self.told += 1
                yield Event("delta", {"text": f"word {self.told} "})
        finally:
            self.ended.set()


@pytest.fixture(scope="module")
def endless(served_by: Callable[[Any], Any]) -> Any:
    """A server whose assistant is endless; its address and the assistant."""
    assistant = Endless()
    return served_by(assistant), assistant


@pytest.mark.parametrize("path", ASKED)
def test_a_stream_ends_with_its_client(endless: tuple[str, Endless], path: str) -> None:
    """When a client closes its connection in mid-stream, the answer is told no further."""
    url, assistant = endless
    where = urlsplit(url)
    body = json.dumps(ASKED[path]).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=30) as connection:
        connection.sendall(head.encode() + body)
        heard = b""
        while b"word 3" not in heard:
            piece = connection.recv(4096)
            assert piece, heard
            heard += piece
        assert not assistant.ended.is_set()

    assert assistant.ended.wait(timeout=10)
    told = assistant.told
    time.sleep(0.2)
    assert assistant.told == told
