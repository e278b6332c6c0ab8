"""Conversations stay: over a reload, under their titles, with filters in the address."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    Opened = Callable[..., Page]
    Ask = Callable[[Page, str], Locator]

# Gradio counts its events with pandas in a way that pandas will drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")

COST = "How much will the new bridge over the Lune cost?"
HARBOUR = "Was the harbour reopened after the storm?"


def kept(page: Page) -> Locator:
    """The list of kept conversations, opened."""
    page.locator(".dl-past summary").click()
    page.locator(".dl-past-item").first.wait_for()
    return page.locator(".dl-past-item")


def test_a_reload_keeps_all(opened: Opened, ask: Ask) -> None:
    """After a reload the turns stand there with their quotes, sources and ratings, and go on from there."""
    page = opened()
    ask(page, HARBOUR)
    ask(page, COST).get_by_role("button", name="Helpful", exact=True).click()
    page.locator("#dl-turn-2 [data-do=up][aria-pressed=true]").wait_for()
    before = [page.locator(item).all_inner_texts() for item in (".dl-question", ".dl-quote", ".dl-source h3")]
    page.reload()
    page.locator("#dl-turn-2").wait_for()

    assert [page.locator(item).all_inner_texts() for item in (".dl-question", ".dl-quote", ".dl-source h3")] == before
    assert page.locator("[data-do=up][aria-pressed=true]").count() == 1
    assert ask(page, HARBOUR).get_attribute("id") == "dl-turn-3"


def test_nothing_is_likely_of_a_withheld_quote(opened: Opened, ask: Ask) -> None:
    """Where the quoted document was deleted since, the kept answer says so, and no more how sure it was."""
    page = opened()
    body = {"title": "The walrus", "text": "The walrus weighs nine hundred kilograms.", "published": "2024-05-04"}
    (added,) = page.request.post("/v1/documents", data=body).json()["results"]
    turn = ask(page, "How many kilograms does the walrus weigh?")
    assert turn.locator(".dl-confidence").is_visible()
    page.request.delete(f"/v1/documents/{added['document_id']}")
    page.reload()
    page.locator("#dl-turn-1 .dl-quote").wait_for()
    assert "This is withheld: its document was deleted since." in page.locator("#dl-turn-1 .dl-quote").inner_text()
    assert page.locator(".dl-confidence").count() == 0


def test_a_conversation_is_renamed_opened_and_deleted(opened: Opened, ask: Ask) -> None:
    """In the list a conversation gets another title, is opened, is exported, and is deleted after one question back."""
    page = opened()
    ask(page, HARBOUR)
    page.get_by_role("button", name="New", exact=True).click()
    page.locator(".dl-welcome").wait_for()
    row = kept(page).first
    assert row.locator(".dl-past-title").inner_text() == HARBOUR
    row.get_by_role("button", name="Rename").click()
    page.get_by_label("Title").fill("The <i>harbour</i>")
    page.keyboard.press("Enter")
    title = page.locator(".dl-past-title", has_text="The <i>harbour</i>")
    title.wait_for()
    exported = page.request.get(page.locator(".dl-past-item a").first.get_attribute("href") or "").text()
    assert f"## {HARBOUR}" in exported
    title.click()
    page.locator("#dl-turn-1").wait_for()
    assert page.locator(".dl-question").all_inner_texts() == [HARBOUR]

    kept(page).filter(has_text="The <i>harbour</i>").get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Really delete?").click()
    page.locator(".dl-welcome").wait_for()
    assert page.locator(".dl-turn").count() == 0
    assert title.count() == 0


def test_filters_stand_in_the_address(opened: Opened, ask: Ask) -> None:
    """A filter is a chip and a part of the address; it limits the answer; a click on the chip takes it away."""
    page = opened()
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_label("As known on").fill("2024-12-31")
    assert page.locator(".dl-chips span").all_inner_texts() == ["As known on 31 Dec 2024"]
    turn = ask(page, COST)
    assert not page.get_by_label("As known on").is_visible()
    assert turn.locator(".dl-understood").first.inner_text() == "Only documents known by 31 Dec 2024"
    cited = page.locator(".dl-group.dl-current .dl-source:not(.dl-near)")
    assert set(cited.evaluate_all("all => all.map(item => item.querySelector('time').dateTime)")) == {"2024-05-02"}
    assert parse_qs(urlsplit(page.url).query)["as_of"] == ["2024-12-31"]
    page.get_by_role("button", name="Remove this filter").click()
    assert "as_of" not in page.url


def test_a_link_asks_the_same_again(opened: Opened, ask: Ask) -> None:
    """A copied link opens the same question with the same filters, as a conversation of its own."""
    page = opened(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_label("up to").first.fill("2024-12-31")
    ask(page, COST).get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Copied").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert parse_qs(urlsplit(link).query) == {"q": [COST], "before": ["2024-12-31"]}

    page.goto(link)
    page.locator("#dl-turn-1 .dl-confidence").wait_for()
    assert page.locator(".dl-question").all_inner_texts() == [COST]
    assert page.locator(".dl-understood").first.inner_text() == "Only documents published up to 31 Dec 2024"
    assert "q=" not in page.url


def test_a_link_of_a_follow_up_opens_the_same_answer(opened: Opened, ask: Ask) -> None:
    """A link asks what its question leans on before it, so that it is understood and answered as it was."""
    page = opened(permissions=["clipboard-read", "clipboard-write"])
    ask(page, HARBOUR)
    ask(page, COST)
    turn = ask(page, "And who said it?")
    understood = turn.locator(".dl-understood").first.inner_text()
    assert understood == f"Understood as: {COST.rstrip('?')}: And who said it?"
    shown = "element => element.innerText.split('Copy link')[0]"
    answer = turn.evaluate(shown)
    turn.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Copied").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert parse_qs(urlsplit(link).query) == {"q": [COST, "And who said it?"]}

    other = page.context.new_page()
    other.goto(link)
    again = other.locator("#dl-turn-2")
    again.locator(".dl-confidence, .dl-refusal").wait_for()
    assert other.locator(".dl-question").all_inner_texts() == [COST, "And who said it?"]
    assert again.evaluate(shown) == answer


def test_a_bad_answer_is_told_with_a_reason(opened: Opened, ask: Ask) -> None:
    """Thumbs down asks why, and keeps what is chosen and written."""
    page = opened()
    turn = ask(page, HARBOUR)
    turn.get_by_role("button", name="Not helpful").click()
    turn.get_by_label("Why?").select_option("It is out of date")
    turn.get_by_label("More, in your words").fill("see March")
    with page.expect_response("**/v1/feedback") as sent:
        turn.get_by_role("button", name="Send").click()
    told = sent.value.json()
    assert (told["rating"], told["reason"]) == ("down", "It is out of date: see March")
