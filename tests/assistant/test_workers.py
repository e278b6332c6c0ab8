"""Several worker processes behind one port: the real command, on a real PostgreSQL and a real Chroma server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant.cli import CANNOT_START
from assistant.server import check_workers
from assistant.settings import Settings, SettingsError
from benchmarks.servers import COMMAND, DatelineProcess, gone

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(900)  # each worker loads what a server loads


@pytest.mark.parametrize("one_server", [{}, {"chroma_url": "http://127.0.0.1:1"}, {"database_url": "postgresql://h/d"}])
def test_a_library_for_one_writer_is_refused(one_server: dict[str, str], tmp_path: Path) -> None:
    """Without both servers several workers are refused, in a sentence that says what to set; one worker is not."""
    settings = Settings(data_dir=tmp_path, workers=2, **one_server)  # type: ignore[arg-type]

    with pytest.raises(SettingsError) as raised:
        check_workers(settings)
    assert str(raised.value) == (
        "2 workers need a library that several processes may write to: set DATELINE_DATABASE_URL and "
        "DATELINE_CHROMA_URL, which keep the catalog and the vectors on servers, or serve with one worker"
    )
    check_workers(settings.model_copy(update={"workers": 1}))


def test_the_command_tells_it_as_bad_input(tmp_path: Path) -> None:
    """Exit code 2, before anything is loaded."""
    done = subprocess.run(
        [*COMMAND, "serve", "--workers", "2", "--port", "0"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "DATELINE_DATA_DIR": str(tmp_path)},
    )
    assert done.returncode == 2
    assert "2 workers need a library that several processes may write to" in done.stderr


class Server(DatelineProcess):
    """`dateline serve --workers N` as it runs, and requests to it."""

    def get(self, path: str, **given: Any) -> httpx.Response:
        """By a connection of its own, which any worker may take."""
        return httpx.get(f"{self.url}{path}", timeout=120, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return httpx.post(f"{self.url}{path}", timeout=120, **given)


Serve = Callable[..., Server]


@pytest.fixture
def serve(postgres_process: Any, chroma_process: Any, tmp_path: Path) -> Iterator[Serve]:
    """Starts a server on a library of the test's own."""
    database = postgres_process.create(f"dateline_{uuid.uuid4().hex}")
    started: list[Server] = []

    def start(workers: int = 2, **settings: str) -> Server:
        environment = {
            "DATELINE_DATA_DIR": str(tmp_path / "shared"),
            "DATELINE_DATABASE_URL": database,
            "DATELINE_CHROMA_URL": chroma_process.url,
            "DATELINE_READER": "none",
        }
        started.append(Server(environment | settings, workers))
        return started[-1]

    yield start
    for server in started:
        server.process.kill()
        server.process.wait()


def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_workers_answer_as_one_and_are_replaced(serve: Serve) -> None:
    """What one adds all answer with, also in a real browser, whichever worker each of its requests reaches. A killed
    worker is replaced, and meanwhile the other answers. At the end all are gone, in order."""
    server = serve()
    workers = server.workers()
    assert len(workers) == 2
    text = {"title": "Harbour", "text": "The harbour reopened on 11 March 2024.", "published": "2024-03-12"}
    assert server.post("/v1/documents", json=text).json()["results"][0]["status"] == "added"

    def asked(_: int) -> str:
        response = server.post("/v1/search", json={"query": "When did the harbour reopen?"})
        return response.json()["passages"][0]["text"] if response.status_code == 200 else str(response.status_code)

    with ThreadPoolExecutor(4) as threads:
        assert Counter(threads.map(asked, range(12))) == {text["text"]: 12}
    chromium = shutil.which("chromium")
    if chromium is not None:
        _ask_in_browser(chromium, server.url)

    os.kill(workers[0], signal.SIGKILL)
    until(lambda: gone(workers[0]))
    assert [asked(0) for _ in range(3)] == [text["text"]] * 3
    until(lambda: len(server.workers()) == 2 and workers[0] not in server.workers())
    assert workers[1] in server.workers()

    now = server.workers()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(120) == 0
    assert [gone(worker) for worker in now] == [True, True]


def _ask_in_browser(chromium: str, url: str) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(2):
            page = browser.new_page()
            page.goto(url)
            page.get_by_placeholder("Ask").or_(page.get_by_role("textbox")).first.fill("When did the harbour reopen?")
            page.keyboard.press("Enter")
            expect(page.get_by_text("11 March 2024").first).to_be_visible(timeout=120_000)
            page.close()
        browser.close()


CHILD = """
import multiprocessing, time, threading
from assistant import workers

def work():
    threading.Thread(target=workers._end_with_parent, daemon=True).start()
    time.sleep(600)

if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=work)
    child.start()
    print(child.pid, flush=True)
    time.sleep(600)
"""


def test_a_worker_ends_with_its_parent(tmp_path: Path) -> None:
    """Where the parent is killed no worker goes on without it."""
    script = tmp_path / "parent.py"
    script.write_text(CHILD, "utf-8")
    parent = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()

    until(lambda: gone(child))


def test_a_worker_that_cannot_start_is_one_sentence(serve: Serve, chroma_process: Any) -> None:
    """A Chroma server that does not answer ends the start, with what the worker said, and the exit code for it."""
    server = serve(DATELINE_CHROMA_URL="http://127.0.0.1:9")

    assert server.url == ""
    assert server.process.stdout is not None
    assert "the Chroma server" in server.process.stdout.read()
    assert server.process.wait(60) == CANNOT_START
