"""The page behind keys, in a real browser: signing in, each key's own conversations, what a reader may not do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pytest

from assistant.keys import Keys
from corpus.document import Document

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

    from assistant.parts import Parts
    from assistant.settings import Settings

    Ask = Callable[[Page, str], Locator]

# Gradio counts its events with pandas in a way that pandas will drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")

QUESTION = "Which lamp burned all night?"
TEXT = "The keeper of the lighthouse said that the lamp had burned all night."


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    from assistant.settings import Settings

    return Settings(data_dir=tmp_path_factory.mktemp("keys"), requests_per_minute=1_000_000)


@pytest.fixture(scope="module")
def parts(kept: Settings, stand_in_parts: Callable[[Settings], AbstractContextManager[Parts]]) -> Iterator[Parts]:
    with stand_in_parts(kept) as parts:
        document = Document(text=TEXT, title="The lamp", origin="lamp", name="lamp.txt")
        assert [result.status for result in parts.library.add([document])] == ["added"]
        yield parts


@pytest.fixture(scope="module")
def keys(parts: Parts) -> dict[str, str]:
    """Tokens of a writer's key and of a reader's, by name."""
    made = Keys(parts.catalog.database)
    return {"newsroom": made.create("newsroom", "writer").token, "guest": made.create("guest", "reader").token}


@pytest.fixture(scope="module")
def server(
    parts: Parts,
    kept: Settings,
    keys: dict[str, str],
    serve: Callable[[Parts, Settings], AbstractContextManager[str]],
) -> Iterator[str]:
    """A server that wants a key; its URL."""
    assert keys
    with serve(parts, kept) as url:
        yield url


def sign_in(page: Page, key: str) -> None:
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Sign in").click()


def test_people_sign_in_and_out(
    visit: Callable[..., BrowserContext], ask: Ask, server: str, keys: dict[str, str]
) -> None:
    """Without a key every address leads to the login and on from there; another key sees none of the conversations."""
    page = visit().new_page()
    page.goto("/?q=Which+lamp+burned+all+night%3F")
    assert page.url.startswith(f"{server}/login")
    sign_in(page, keys["newsroom"])
    turn = page.locator("#dl-turn-1")
    turn.locator(".dl-confidence").wait_for()
    assert page.locator(".dl-account span").inner_text() == "newsroom"
    turn.locator(".dl-mark").click()
    page.locator(".dl-reader mark").wait_for()
    assert page.locator(".dl-reader mark").inner_text() == TEXT
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Documents").click()
    row = page.locator(".dl-table tr", has_text="The lamp")
    row.get_by_role("button", name="Delete").wait_for()
    assert page.locator("label[for=dl-files]").is_visible()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login*")
    page.goto("/")
    assert page.url.startswith(f"{server}/login")

    sign_in(page, keys["guest"])
    page.locator(".dl-welcome h1").wait_for()
    page.locator(".dl-past summary").click()
    page.get_by_text("None yet: what you ask is kept here.").wait_for()


def test_what_is_not_allowed_is_told(browser: Browser, server: str, keys: dict[str, str]) -> None:
    """A wrong key is refused in a sentence. A reader's key is offered no change, and refused one all the same."""
    page = browser.new_page()  # not by `visit`: a refusal is an error in the browser's log
    page.goto(server)
    sign_in(page, "dateline_wrong")
    page.get_by_role("alert").wait_for()
    sign_in(page, keys["guest"])
    page.get_by_role("tab", name="Documents").click()
    row = page.locator(".dl-table tr", has_text="The lamp")
    row.get_by_role("button", name="Ask about it").wait_for()
    for offered in (row.get_by_role("button", name="Delete"), row.get_by_role("button", name="Edit")):
        assert not offered.is_visible()
    assert not page.locator("label[for=dl-files]").is_visible()
    for _ in ("Delete", "Really delete?"):
        row.locator(".dl-acts button").last.dispatch_event("click")
    page.locator(".dl-documents .dl-told", has_text="writer").wait_for()
    page.locator("#dl-files").set_input_files([{"name": "a.txt", "mimeType": "text/plain", "buffer": b"A walrus."}])
    page.locator(".dl-results .dl-bad", has_text="Not added: ").wait_for()
    page.reload()
    page.locator(".dl-title", has_text="The lamp").wait_for()
    page.close()


def test_an_ended_session_is_told(browser: Browser, parts: Parts, server: str) -> None:
    """A question that is refused since the key was revoked says so, and leads to the login and back to the question."""
    made = Keys(parts.catalog.database)
    page = browser.new_page()  # not by `visit`: a refusal is an error in the browser's log
    page.goto(server)
    sign_in(page, made.create("leaver", "reader").token)
    page.locator(".dl-welcome h1").wait_for()
    made.revoke("leaver")
    page.get_by_placeholder("Ask a question …").fill(QUESTION)
    page.keyboard.press("Enter")
    told = page.locator("#dl-turn-1 .dl-error")
    told.wait_for()
    assert told.inner_text().startswith("The session has ended.")
    assert page.get_by_role("button", name="Ask", exact=True).is_visible()
    told.get_by_role("link", name="Sign in again").click()
    page.wait_for_url("**/login*")
    sign_in(page, made.create("comer", "reader").token)
    page.locator(".dl-welcome h1").wait_for()
    assert page.locator("#dl-question").input_value() == QUESTION
    page.keyboard.press("Enter")
    page.locator("#dl-turn-1 .dl-confidence").wait_for()
    page.close()


@pytest.mark.parametrize("size", [(1280, 850), (390, 844), (320, 640)], ids=["desk", "phone", "narrow"])
def test_the_login_fits_and_the_page_behind_it_too(
    visit: Callable[..., BrowserContext], keys: dict[str, str], size: tuple[int, int]
) -> None:
    """Login, account line and a reader's documents fit the window; a reader sees no place to drop files on."""
    page = visit(viewport={"width": size[0], "height": size[1]}).new_page()
    fits = "document.documentElement.scrollWidth <= innerWidth"
    page.goto("/")
    assert page.evaluate(fits)
    for control in (page.get_by_label("Key"), page.get_by_role("button", name="Sign in")):
        assert control.evaluate("item => item.getBoundingClientRect().height") >= 40
    sign_in(page, keys["guest"])
    page.locator(".dl-welcome h1").wait_for()
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    page.get_by_role("button", name="Sign out").wait_for()
    page.get_by_role("tab", name="Documents").click()
    page.locator(".dl-table tbody tr").first.wait_for()
    assert page.evaluate(fits)
    assert page.locator(".dl-drop").evaluate("item => item.getBoundingClientRect().height") == 0
