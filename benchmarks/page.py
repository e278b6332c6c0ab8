"""How fast the page is, in a real browser against a running server: ``python benchmarks/page.py URL QUESTION [TURNS]``.

Prints one JSON object: seconds until the page can be used, milliseconds from Enter to the answer's first words beside
those of the API, and the first and last answers' times over many turns in one conversation.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

REPEATED = 5
ENDS = 5
"""Turns at either end of a long conversation whose median counts."""


def main() -> int:
    from playwright.sync_api import sync_playwright

    url, question = sys.argv[1], sys.argv[2]
    turns = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(base_url=url)
        context.new_page().goto("/")  # fills the browser's cache
        usable = []
        for _ in range(REPEATED):
            page = context.new_page()
            started = time.perf_counter()
            page.goto("/")
            page.locator(".dl-welcome h1").wait_for()
            usable.append(time.perf_counter() - started)
        told = [ask(page, question) for _ in range(turns)]
        api = [ask_api(url, question) for _ in range(REPEATED)]
        browser.close()
    first, last = statistics.median(told[:ENDS]), statistics.median(told[-ENDS:])
    print(
        json.dumps(
            {
                "usable_s": round(statistics.median(usable), 2),
                "api_ms": round(statistics.median(api)),
                "page_ms": round(statistics.median(told)),
                "turns": turns,
                "first_turns_ms": round(first),
                "last_turns_ms": round(last),
                "last_to_first": round(last / first, 2),
            }
        )
    )
    return 0


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
    """Milliseconds until the API's answer is whole."""
    body = json.dumps({"question": question}).encode()
    request = urllib.request.Request(f"{url}/v1/ask", body, {"Content-Type": "application/json"})  # noqa: S310
    started = time.perf_counter()
    with urllib.request.urlopen(request) as response:  # noqa: S310 — the address is the caller's
        response.read()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    sys.exit(main())
