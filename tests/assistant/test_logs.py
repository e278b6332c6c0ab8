"""The server's log as it is printed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

SCRIPT = """
import logging, sys
from structlog.contextvars import bind_contextvars
from assistant.logs import configure_logs
configure_logs(sys.argv[1])
bind_contextvars(request_id="abc")
logging.getLogger("assistant.http").info("request", extra={"path": "/v1/ask", "status": 200})
logging.getLogger("somebody").info("chatter")
logging.getLogger("somebody").warning("take %s", "care")
secret = "dl_secret"
try:
    raise ValueError("the reason")
except ValueError:
    logging.getLogger("index").exception("failed\\x1b[2J")
"""


def printed(form: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, form], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert done.stdout == ""
    assert "dl_secret" not in done.stderr.replace('secret = "dl_secret"', "")
    return done.stderr.splitlines()


def test_json_is_a_line_a_record() -> None:
    """As JSON each record is one line with its level, logger, time and request id; a traceback is in its line."""
    request, warning, failure = (json.loads(line) for line in printed("json"))
    times: list[Any] = [line.pop("timestamp") for line in (request, warning, failure)]

    assert [time[-1] for time in times] == ["Z", "Z", "Z"]
    assert request == {
        "event": "request",
        "path": "/v1/ask",
        "status": 200,
        "level": "info",
        "logger": "assistant.http",
        "request_id": "abc",
    }
    assert warning == {"event": "take care", "level": "warning", "logger": "somebody", "request_id": "abc"}
    trace = failure.pop("exception")
    assert trace.startswith("Traceback (most recent call last):")
    assert trace.endswith("ValueError: the reason")
    assert failure == {"event": "failed\x1b[2J", "level": "error", "logger": "index", "request_id": "abc"}


@pytest.mark.parametrize("words", ["request", "path=/v1/ask", "status=200", "take care", "ValueError: the reason"])
def test_pretty_is_for_people(words: str) -> None:
    """For people each record is a line with its fields, without colours where no terminal is."""
    lines = printed("pretty")

    assert any(words in line for line in lines)
    assert not any("chatter" in line or "\x1b[0m" in line for line in lines)
