"""The OpenAPI document holds: Schemathesis asks a real server whatever it allows and forbids."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.keys import Keys

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from assistant.parts import Parts

SECONDS = 25
"""Of fuzzing; a longer run finds rarer things."""


@pytest.mark.timeout(600)
def test_the_api_does_what_its_document_says(server: str, parts: Parts, client: TestClient, tmp_path: Path) -> None:
    """No request that the document describes, or forbids, is answered in a way that it does not tell.

    Each operation is also asked for something that is there, and does what it is for.
    """
    key = Keys(parts.catalog.database).create("fuzz", "admin").token
    seen = tmp_path / "seen.jsonl"
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{server}/openapi.json"),
        *("--header", f"Authorization: Bearer {key}", "--checks", "all", "--max-time", str(SECONDS)),
        *("--max-examples", "10", "--seed", "1", "--no-shrink", "--no-color"),
    ]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "openapi_things",
        "PYTHONPATH": str(Path(__file__).parent),
        "FUZZ_SERVER": server,
        "FUZZ_KEY": key,
        "FUZZ_SEEN": str(seen),
    }
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=550, check=False
    )

    assert done.returncode == 0, done.stdout[-8000:]
    assert re.search(r"Selected: (\d+)/\1\n +Tested: \1\n", done.stdout)
    answers = [json.loads(line) for line in seen.read_text("utf-8").splitlines()]
    succeeded = {answer["operation"] for answer in answers if answer["status"] < 300}
    document = client.get("/openapi.json", headers={"Authorization": f"Bearer {key}"}).json()
    assert succeeded == {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}


def test_the_document_tells_who_may_call(client: TestClient) -> None:
    """Every operation wants a key, but those that tell whether the server runs."""
    document = client.get("/openapi.json").json()

    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    free = {
        path
        for path, item in document["paths"].items()
        for operation in item.values()
        if operation["security"] != [{"key": []}]
    }
    assert free == {"/healthz", "/readyz"}
