"""A server on loopback that speaks OpenAI's chat completions and Ollama's, and misbehaves as it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Script:
    """What the server does with a request."""

    pieces: tuple[str, ...] = ()
    status: int = 200
    before: float = 0.0
    """Seconds that it waits before each piece."""
    cut: bool = False
    """Close the connection without an end."""
    endless: bool = False
    """Repeat the last piece for ever."""
    body: bytes | None = None
    """Send this instead of a stream."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    sent: int = 0
    """Pieces that were sent before the client went away."""


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """The base URL of a server that follows the script."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            script.requests.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            if script.status != 200:
                self._send(
                    script.status,
                    json.dumps({"error": {"message": f"the key {self.headers['authorization']} is wrong"}}).encode(),
                )
                return
            if self.path == "/api/chat":
                self._ollama()
                return
            if script.body is not None:
                self._send(200, script.body)
                return
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            try:
                for piece in self._pieces():
                    time.sleep(script.before)
                    self._event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": piece}}]})
                    script.sent += 1
                if script.cut:
                    self.close_connection = True
                    return
                self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
                self._chunk(b"data: [DONE]\n\n")
                self._chunk(b"")
            except OSError:
                return

        def _ollama(self) -> None:
            lines = [
                {"model": "stand-in", "message": {"role": "assistant", "content": piece}, "done": False}
                for piece in script.pieces
            ]
            lines.append({"model": "stand-in", "message": {"role": "assistant", "content": ""}, "done": True})
            self._send(200, "".join(json.dumps(line) + "\n" for line in lines).encode())

        def _pieces(self) -> Iterator[str]:
            yield from script.pieces
            while script.endless:
                yield script.pieces[-1]

        def _event(self, data: dict[str, Any]) -> None:
            whole = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "stand-in", **data}
            self._chunk(f"data: {json.dumps(whole)}\n\n".encode())

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
