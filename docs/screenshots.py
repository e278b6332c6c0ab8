"""Take the pictures of the README from a server on the sample documents: ``python docs/screenshots.py [URL]``.

Without the URL of one that runs, a server is started. Needs Chromium on the path. The pictures go to ``docs/images``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
DESK, PHONE = (1280, 800), (390, 844)

RATIFIED = "When did North Korea ratify the treaty with Russia?"
DIFFERING = "How many North Korean soldiers are in Russia?"
UNKNOWN = "Who won the chess final in Reykjavik?"
TOPIC = "treaty between Russia and North Korea"


def main() -> int:
    IMAGES.mkdir(exist_ok=True)
    if len(sys.argv) > 1:
        take_all(sys.argv[1])
        return 0
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DATELINE_DATA_DIR": folder, "DATELINE_PORT": "0"}
        command = [sys.executable, "-u", str(ROOT / "app.py")]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
            try:
                lines = iter(server.stdout or ())
                take_all(next(found[1] for line in lines if (found := re.search(r"is at (\S+)", line))))
            finally:
                server.terminate()
    return 0


def take_all(url: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for name, size, scheme, show in PICTURES:
            take(browser, url, name, size, scheme, show)
        browser.close()


def take(
    browser: Browser, url: str, name: str, size: tuple[int, int], scheme: str, show: Callable[[Page], None]
) -> None:
    """One picture of what ``show`` brings up."""
    context = browser.new_context(
        base_url=url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
    )
    page = context.new_page()
    page.goto("/")
    page.locator(".dl-welcome h1").wait_for()
    show(page)
    page.wait_for_timeout(400)
    page.screenshot(path=IMAGES / f"{name}.png")
    context.close()


def ask(page: Page, question: str) -> None:
    number = page.locator(".dl-turn").count() + 1
    page.locator("#dl-question").fill(question)
    page.keyboard.press("Enter")
    page.locator(f"#dl-turn-{number}").locator(".dl-confidence, .dl-refusal").first.wait_for()
    page.locator("#dl-question").blur()


def chat(page: Page) -> None:
    ask(page, RATIFIED)


def source(page: Page) -> None:
    ask(page, RATIFIED)
    page.locator(".dl-mark").nth(1).click()
    page.locator(".dl-reader mark").wait_for()


def disagreement(page: Page) -> None:
    ask(page, DIFFERING)


def refusal(page: Page) -> None:
    ask(page, UNKNOWN)


def documents(page: Page) -> None:
    page.get_by_role("tab", name="Documents").click()
    page.locator(".dl-table tbody tr").first.wait_for()


def timeline(page: Page) -> None:
    page.get_by_role("tab", name="Timeline").click()
    page.get_by_label("Topic").fill(TOPIC)
    page.keyboard.press("Enter")
    page.locator(".dl-plot svg").wait_for()
    page.get_by_label("Topic").blur()


PICTURES: list[tuple[str, tuple[int, int], str, Callable[[Page], None]]] = [
    ("chat", DESK, "light", chat),
    ("source", DESK, "dark", source),
    ("refusal", DESK, "light", refusal),
    ("documents", DESK, "light", documents),
    ("timeline", DESK, "light", timeline),
    ("disagreement", DESK, "light", disagreement),
    ("phone", PHONE, "light", chat),
    ("phone-dark", PHONE, "dark", source),
    ("phone-timeline", PHONE, "light", timeline),
]

if __name__ == "__main__":
    sys.exit(main())
