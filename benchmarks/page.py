"""How fast the page is, in a real browser: ``python benchmarks/page.py [--turns N] [--url URL]``.

Without the URL of a server that runs, one is started on the sample documents. Needs Chromium on the path. Prints one
JSON object:

- ``usable_s``: seconds from the address to a page that can be asked, with a warm server;
- ``api_ms`` and ``page_ms``: milliseconds from the question to the first words of the answer, as the API streams them
  and on the screen, and ``page_over_api_ms``, what the page adds;
- ``first_turns_ms``, ``last_turns_ms`` and ``last_to_first``: the same at either end of one conversation of many turns;
- ``long_document_ms``: milliseconds from a click on a mark to the quote in view, in a document of 300 pages.

All are medians.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parent.parent
QUESTION = "When did North Korea ratify the treaty with Russia?"
LONG_QUESTION = "How much does the quokka of the lighthouse weigh?"
PAGES = 300
WORDS = 400
"""Words of a page."""
REPEATED = 7
ENDS = 5
"""Turns at either end of a long conversation whose median counts."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="a server that runs")
    parser.add_argument("--turns", type=int, default=200, help="of the long conversation")
    given = parser.parse_args()
    if given.url:
        print(json.dumps(measure(given.url, given.turns)))
        return 0
    with serve() as url:
        print(json.dumps(measure(url, given.turns)))
    return 0


@contextmanager
def serve() -> Iterator[str]:
    """A server on the sample documents, in a library that is gone afterwards; its URL."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "DATELINE_DATA_DIR": folder,
            "DATELINE_PORT": "0",
            "DATELINE_REQUESTS_PER_MINUTE": "1000000",
        }
        command = [sys.executable, "-u", str(ROOT / "app.py")]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
            try:
                lines = iter(server.stdout or ())
                yield next(found[1] for line in lines if (found := re.search(r"is at (\S+)", line)))
            finally:
                server.terminate()


def measure(url: str, turns: int) -> dict[str, float]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        usable = until_usable(browser, url)
        page = browser.new_context(base_url=url).new_page()
        page.goto("/")
        page.locator(".dl-welcome h1").wait_for()
        ask(page, QUESTION)
        pairs = [(ask_api(url, QUESTION), ask(page, QUESTION)) for _ in range(REPEATED)]
        page.reload()
        page.locator(f"#dl-turn-{REPEATED + 1}").wait_for()
        page.get_by_role("button", name="New", exact=True).click()
        page.locator(".dl-welcome").wait_for()
        told = [ask(page, QUESTION) for _ in range(turns)]
        opened = until_opened(browser, url)
        browser.close()
    first, last = statistics.median(told[:ENDS]), statistics.median(told[-ENDS:])
    api, shown = (statistics.median(times) for times in zip(*pairs, strict=True))
    return {
        "usable_s": round(statistics.median(usable), 2),
        "api_ms": round(api),
        "page_ms": round(shown),
        "page_over_api_ms": round(statistics.median(shown - api for api, shown in pairs)),
        "turns": turns,
        "first_turns_ms": round(first),
        "last_turns_ms": round(last),
        "last_to_first": round(last / first, 2),
        "long_document_characters": len(long_text()),
        "long_document_ms": round(statistics.median(opened)),
    }


def until_usable(browser: Browser, url: str) -> list[float]:
    """Seconds until the first screen stands there, each time in a browser that was here before."""
    context = browser.new_context(base_url=url)
    context.new_page().goto("/")  # fills the browser's cache
    usable = []
    for _ in range(REPEATED):
        page = context.new_page()
        started = time.perf_counter()
        page.goto("/")
        page.locator(".dl-welcome h1").wait_for()
        usable.append(time.perf_counter() - started)
    context.close()
    return usable


def ask(page: Page, question: str) -> float:
    """Milliseconds from Enter until the answer's words are on screen, by the browser's own clock."""
    number = page.locator(".dl-turn").count() + 1
    page.locator("#dl-question").fill(question)
    milliseconds: float = page.evaluate(
        """(number) => new Promise((done) => {
          const started = performance.now();
          const look = () => document.querySelector(`#dl-turn-${number} :is(.dl-quote, .dl-partial, .dl-refusal)`)
            ? requestAnimationFrame(() => done(performance.now() - started)) : requestAnimationFrame(look);
          document.querySelector(".dl-ask").requestSubmit();
          look();
        })""",
        number,
    )
    page.locator(f"#dl-turn-{number}[data-state=done]").wait_for()
    return milliseconds


def ask_api(url: str, question: str) -> float:
    """Milliseconds until the API's stream brings the first words."""
    body = json.dumps({"question": question, "stream": True}).encode()
    request = urllib.request.Request(f"{url}/v1/ask", body, {"Content-Type": "application/json"})  # noqa: S310
    started = time.perf_counter()
    with urllib.request.urlopen(request) as response:  # noqa: S310 — the address is the caller's
        for line in response:
            if line.startswith(b"event: delta"):
                return (time.perf_counter() - started) * 1000
    raise RuntimeError("the API streamed no answer")


def until_opened(browser: Browser, url: str) -> list[float]:
    """Milliseconds from a click on a mark until its quote is in view, near the end of a long document."""
    (added,) = send(url, "/v1/documents", "POST", {"title": "The long report", "text": long_text()})["results"]
    context = browser.new_context(base_url=url)
    page = context.new_page()
    page.goto("/")
    page.locator(".dl-welcome h1").wait_for()
    ask(page, LONG_QUESTION)
    times = []
    for _ in range(REPEATED):
        milliseconds: float = page.evaluate(
            """() => new Promise((done) => {
              const started = performance.now();
              const seen = () => {
                const box = document.querySelector(".dl-reader #quote")?.getBoundingClientRect();
                if (box && box.top >= 0 && box.bottom <= innerHeight) done(performance.now() - started);
                else requestAnimationFrame(seen);
              };
              document.querySelector(".dl-turn .dl-mark").click();
              seen();
            })"""
        )
        times.append(milliseconds)
        page.keyboard.press("Escape")
        page.locator(".dl-reader #quote").wait_for(state="detached")
    context.close()
    send(url, f"/v1/documents/{added['document_id']}", "DELETE")
    return times


def long_text() -> str:
    """Pages of plain sentences, and on one of the last the one that is asked for."""
    topics = ("nets", "ropes", "tides", "prices", "boats", "weather", "harbours", "bridges", "letters", "markets")
    pages = []
    for number in range(PAGES):
        sentences = [
            f"Entry {number}.{line} of the report tells of {topics[(number + line) % 10]} and of "
            f"{topics[(number * 3 + line) % 10]} at some length, as the clerk wrote it down that day."
            for line in range(WORDS // 20)
        ]
        if number == PAGES - 20:
            sentences[9] = "The quokka of the lighthouse weighs four kilograms, said its keeper."
        pages.append(" ".join(sentences))
    return "\n\n".join(pages)


def send(url: str, path: str, method: str, body: dict[str, Any] | None = None) -> Any:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{url}{path}", data, {"Content-Type": "application/json"}, method=method)  # noqa: S310
    with urllib.request.urlopen(request) as response:  # noqa: S310 — the address is the caller's
        return json.load(response)


if __name__ == "__main__":
    sys.exit(main())
