"""axe-core finds nothing serious in any part of the page, by day and by night, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    Opened = Callable[..., Page]
    Ask = Callable[[Page, str], Locator]

# Gradio counts its events with pandas in a way that pandas will drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")


def serious(page: Page) -> list[str]:
    """What axe-core calls serious or critical, or a break in the order of headings, with the first place of each."""
    from axe_playwright_python.sync_playwright import Axe

    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{item['id']}: {item['nodes'][0]['html'][:160]}" for item in found if item["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(("size", "scheme"), [((1280, 850), "light"), ((390, 844), "dark")], ids=["desk", "phone"])
def test_nothing_serious_is_found(opened: Opened, ask: Ask, size: tuple[int, int], scheme: str) -> None:
    """First screen, answer, document, refusal, kept conversations, documents and timeline have no serious finding."""
    page = opened(size, color_scheme=scheme)
    assert serious(page) == []
    turn = ask(page, "How much will the new bridge over the Lune cost?")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_text("Why this answer").click()
    assert serious(page) == []
    turn.locator(".dl-mark").first.click()
    page.locator(".dl-reader mark").wait_for()
    assert serious(page) == []
    page.keyboard.press("Escape")
    ask(page, "Who won the chess final in Reykjavik?")
    page.locator(".dl-past summary").click()
    page.locator(".dl-past-item").first.wait_for()
    assert serious(page) == []
    page.get_by_role("tab", name="Documents").click()
    page.locator(".dl-table tbody tr").first.wait_for()
    page.get_by_role("button", name="Edit").first.click()
    assert serious(page) == []
    page.get_by_role("tab", name="Timeline").click()
    page.get_by_label("Topic").fill("harbour reopened")
    page.keyboard.press("Enter")
    page.locator(".dl-plot svg").wait_for()
    assert serious(page) == []
