"""The page as people meet it: a real server on a free port, and a real browser."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pytest

from corpus.document import Document, PublishedDate

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

    from assistant.parts import Parts
    from assistant.settings import Settings

HOSTILE = (
    "<img src=x onerror=\"window.hacked='img'\"><script>window.hacked='script'</script>"
    "![shown](http://192.0.2.7/pixel.png) [press](javascript:window.hacked='link') "
    "<a href=\"javascript:window.hacked='a'\">press</a> {{ 7 * 7 }} ${7 * 7} </div></article>"
)


def _document(title: str, text: str, day: datetime.date | None, source: str) -> Document:
    published = PublishedDate(day, "user") if day else None
    return Document(text=text, title=title, origin=title, name=f"{title}.txt", published=published, source=source)


DOCUMENTS = [
    _document(
        "Harbour reopens after the storm",
        "The quay was repaired in eleven days by a crew from three towns.\n\n"
        "The harbour reopened on 11 March 2024, two weeks after the storm. "
        "Ferries to Ness and to the outer islands sail again, and the fishing boats have come back.\n\n"
        + "\n\n".join(f"Paragraph {number} tells of nets, ropes, tides and prices at length." for number in range(60)),
        datetime.date(2024, 3, 12),
        "Harbour Gazette",
    ),
    _document(
        "A bridge by Ada Brook",
        "The council chose the design by Ada Brook for the new bridge over the Lune. "
        "The bridge will cost 12 million crowns. Work begins when the ice has gone.",
        datetime.date(2024, 5, 2),
        "Lune Valley Post",
    ),
    _document(
        "What the bridge costs",
        "The new bridge over the Lune will cost 15 million crowns, the auditors said. They blamed the price of steel.",
        datetime.date(2025, 1, 20),
        "Lune Valley Post",
    ),
    _document(
        f"Zebras {HOSTILE}",
        f"The zebras of the zoo were counted {HOSTILE} and there are nine zebras in the zoo.",
        None,
        f"Zoo {HOSTILE}",
    ),
]


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory,
    stand_in_parts: Callable[[Settings], AbstractContextManager[Parts]],
    serve: Callable[[Parts, Settings], AbstractContextManager[str]],
) -> Iterator[str]:
    """A server over the documents, with stand-ins for the two models; its URL."""
    from assistant.settings import Settings

    settings = Settings(data_dir=tmp_path_factory.mktemp("served"), requests_per_minute=1_000_000)
    with stand_in_parts(settings) as parts:
        assert [result.status for result in parts.library.add(DOCUMENTS)] == ["added"] * len(DOCUMENTS)
        with serve(parts, settings) as url:
            yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The installed Chromium."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[Callable[..., BrowserContext]]:
    """Opens a browser's profile as a visitor has it: ``visit(color_scheme="dark").new_page()``.

    At the end no script of a document ran, nothing was asked of another site, and no policy was broken.
    """
    told: list[str] = []
    contexts: list[BrowserContext] = []

    def open_context(**options: Any) -> BrowserContext:
        context = browser.new_context(
            base_url=server, **{"viewport": {"width": 1280, "height": 850}, "locale": "en-GB", **options}
        )
        context.add_init_script("window.hacked = null;")
        context.on(
            "request",
            lambda request: told.append(f"asked for {request.url}") if _foreign(request.url, server) else None,
        )
        context.on("dialog", lambda dialog: told.append(f"dialog {dialog.message}"))
        context.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
        context.on("weberror", lambda error: told.append(str(error.error)))
        contexts.append(context)
        return context

    yield open_context
    told += [
        f"ran {page.evaluate('window.hacked')}"
        for context in contexts
        for page in context.pages
        if page.evaluate("window.hacked")
    ]
    for context in contexts:
        context.close()
    assert told == []


@pytest.fixture
def hostile() -> str:
    """What stands in the hostile document, its title and its source."""
    return HOSTILE


@pytest.fixture
def opened(visit: Callable[..., BrowserContext]) -> Callable[..., Page]:
    """Opens the page: ``opened((390, 844), color_scheme="dark")``."""

    def open_page(size: tuple[int, int] = (1280, 850), **options: Any) -> Page:
        page = visit(viewport={"width": size[0], "height": size[1]}, **options).new_page()
        page.goto("/")
        page.locator(".dl-examples button").nth(2).wait_for()
        return page

    return open_page


@pytest.fixture
def ask() -> Callable[[Page, str], Locator]:
    """Asks as people do, by typing and Enter: ``ask(page, question)`` gives the finished turn."""

    def ask_it(page: Page, question: str) -> Locator:
        number = page.locator(".dl-turn").count() + 1
        box = page.get_by_placeholder("Ask a question …")
        box.fill(question)
        box.press("Enter")
        turn = page.locator(f"#dl-turn-{number}")
        turn.locator(".dl-confidence, .dl-refusal, .dl-error").first.wait_for()
        page.wait_for_function("document.querySelector('#dl-question').value === ''")
        page.locator(f".dl-group.dl-current[data-turn='{number}']").wait_for(state="attached")
        return turn

    return ask_it


def _foreign(url: str, server: str) -> bool:
    return not url.startswith((f"{server}/", "data:", "blob:", "about:"))
