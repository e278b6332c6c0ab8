"""The page in a real browser: asking, sources, refusals, and what hostile text does not do."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

    Opened = Callable[..., Page]
    Ask = Callable[[Page, str], Locator]

# Gradio counts its events with pandas in a way that pandas will drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")

COST = "How much will the new bridge over the Lune cost?"
HARBOUR = "Was the harbour reopened after the storm?"
UNKNOWN = "Who won the chess final in Reykjavik?"
ZEBRAS = "How many zebras were counted in the zoo?"

TEXT = """element => {
  const copy = element.cloneNode(true);
  return copy.textContent.replaceAll("\\u00a0", " ");
}"""
"""The text of an element, with plain spaces."""


def asked_of_api(server: str, question: str) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 — the server is ours
        f"{server}/v1/ask", json.dumps({"question": question}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:  # noqa: S310
        answer: dict[str, Any] = json.load(response)
    return answer


def test_the_first_screen_tells_what_is_held(opened: Opened) -> None:
    """Before the first question the page says how much it holds, and offers questions about it."""
    page = opened()

    assert page.title() == "Dateline"
    assert (
        page.locator(".dl-holds").inner_text() == "4 documents, published 12 Mar 2024 to 20 Jan 2025, 1 without a date"
    )
    assert page.locator(".dl-examples button").all_inner_texts() == [
        "When did Harbour reopen?",
        "What is said about “Zebras <img src=x …”?",
        "What is said about “What the bridge costs”?",
    ]
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"


def test_nothing_is_missing_without_other_hosts(visit: Callable[..., BrowserContext], ask: Ask, server: str) -> None:
    """With every host but ours blocked the page is whole: no request fails, and none was made to another one."""
    context = visit()
    context.route("**/*", lambda route: route.continue_() if route.request.url.startswith(server) else route.abort())
    failed: list[str] = []
    # Gradio itself ends its stream of events when an answer is whole.
    ended = "net::ERR_ABORTED"
    context.on("requestfailed", lambda request: failed.append(request.url) if request.failure != ended else None)
    context.on("response", lambda response: failed.append(response.url) if response.status >= 400 else None)
    page = context.new_page()
    page.goto("/", wait_until="networkidle")
    ask(page, COST).locator(".dl-mark").first.click()
    page.locator(".dl-reader mark").wait_for()
    page.keyboard.press("Escape")
    for name in ("Documents", "Timeline"):
        page.get_by_role("tab", name=name).click()
    page.locator(".dl-topics button").first.wait_for()
    context.new_page().goto("/docs", wait_until="networkidle")
    assert failed == []


def test_an_example_is_asked_by_a_click(opened: Opened) -> None:
    """An example becomes the first question; then the examples are gone."""
    page = opened()
    page.get_by_role("button", name="When did Harbour reopen?").click()
    page.locator(".dl-confidence, .dl-refusal").wait_for()

    assert page.locator(".dl-question").all_inner_texts() == ["When did Harbour reopen?"]
    assert page.locator(".dl-examples button:visible").count() == 0


def test_an_answer_stands_beside_its_source(opened: Opened, ask: Ask) -> None:
    """An asked question shows the quote with its mark, and the panel shows the quote inside its passage."""
    page = opened()
    turn = ask(page, HARBOUR)

    quote = "The harbour reopened on 11 March 2024, two weeks after the storm."
    assert turn.locator(".dl-question").inner_text() == HARBOUR
    assert [item.evaluate(TEXT) for item in turn.locator(".dl-quote").all()] == [f"{quote} [1]"]
    assert turn.locator(".dl-confidence").inner_text() == "Very likely what you asked for"
    panel = page.locator(".dl-group.dl-current")
    assert panel.locator("h2").inner_text().casefold() == "source"
    assert panel.locator(".dl-source:not(.dl-near) h3").all_inner_texts() == ["1Harbour reopens after the storm"]
    assert panel.locator(".dl-by").first.inner_text() == "Harbour Gazette · published 12 Mar 2024"
    assert panel.locator("mark").all_inner_texts() == [quote]
    passage = panel.locator(".dl-passage").first.inner_text()
    assert passage.startswith(
        "The quay was repaired in eleven days by a crew from three towns.\n\nThe harbour reopened"
    )
    highlight = panel.locator("mark").evaluate("element => getComputedStyle(element).backgroundColor")
    assert highlight == "rgb(255, 233, 168)"


def test_a_card_tells_of_a_source(opened: Opened, ask: Ask, server: str) -> None:
    """Over a mark, a card shows the title, who published it and when, and the quote; away from it, it is gone."""
    page = opened()
    turn = ask(page, COST)
    turn.locator(".dl-mark").nth(1).hover()

    cited = asked_of_api(server, COST)["citations"][1]
    day = {"2025-01-20": "20 Jan 2025", "2024-05-02": "2 May 2024"}[cited["published"]]
    assert page.locator("#dl-card > *").all_inner_texts() == [
        f"2{cited['title']}",
        f"Lune Valley Post · published {day}",
        cited["quote"],
    ]
    page.mouse.move(1, 1)
    assert page.locator("#dl-card:visible").count() == 0


def test_a_mark_opens_its_document_beside_the_chat(opened: Opened, ask: Ask) -> None:
    """A click opens the document at the quote, its passage tinted; buttons and keys lead to the other quotes."""
    page = opened()
    turn = ask(page, COST)
    turn.locator(".dl-mark").first.click()
    reader = page.locator(".dl-reader")
    reader.locator("mark").wait_for()

    quotes = page.locator(".dl-group.dl-current .dl-source:not(.dl-near) mark").all_inner_texts()
    titles = page.locator(".dl-group.dl-current .dl-source:not(.dl-near) h3").all_inner_texts()
    assert len(quotes) == 2
    assert reader.locator("mark").all_inner_texts() == quotes[:1]
    assert titles[0] == f"1{reader.locator('h2').inner_text()}"
    assert reader.locator(".dl-count").inner_text() == "1 of 2"
    assert page.evaluate("document.activeElement.id") == "quote"
    tinted = reader.locator(".dl-tint").first.evaluate("element => getComputedStyle(element).backgroundColor")
    assert tinted == "rgb(243, 239, 226)"
    page.keyboard.press("ArrowRight")
    page.locator(".dl-count", has_text="2 of 2").wait_for()
    page.wait_for_function("quote => document.querySelector('.dl-reader mark')?.textContent === quote", arg=quotes[1])
    reader.get_by_role("button", name="Previous citation").click()
    page.wait_for_function("quote => document.querySelector('.dl-reader mark')?.textContent === quote", arg=quotes[0])
    page.keyboard.press("Escape")
    assert page.locator(".dl-reader:visible").count() == 0
    assert page.evaluate("document.activeElement.dataset.source") == "dl-source-1-1"


def test_a_mark_of_an_earlier_answer_brings_its_sources_back(opened: Opened, ask: Ask) -> None:
    """The panel shows the sources of the last answer, or of the one whose mark was used."""
    page = opened()
    turn = ask(page, COST)
    ask(page, HARBOUR)
    assert page.locator(".dl-group.dl-current").get_attribute("data-turn") == "2"
    turn.locator(".dl-mark").nth(1).click()
    assert page.locator(".dl-group.dl-current").get_attribute("data-turn") == "1"
    assert page.locator(".dl-active").evaluate_all("all => all.map(item => item.id)") == ["dl-source-1-2"]


def test_an_answer_is_copied_with_its_sources(opened: Opened, ask: Ask, server: str) -> None:
    """Copying gives the question, the quotes with their marks, and a reference with an address for each mark."""
    page = opened(permissions=["clipboard-read", "clipboard-write"])
    turn = ask(page, HARBOUR)
    turn.get_by_role("button", name="Copy with sources").click()
    turn.get_by_role("button", name="Copied").wait_for()

    (cited,) = asked_of_api(server, HARBOUR)["citations"]
    span = f"start={cited['span']['start']}&end={cited['span']['end']}"
    assert page.evaluate("navigator.clipboard.readText()") == (
        f"{HARBOUR}\n\n{cited['quote']} [1]\n\n"
        "[1] Harbour reopens after the storm, Harbour Gazette, 2024-03-12. "
        f"{server}/documents/{cited['document_id']}?{span}#quote\n"
    )


def test_asking_again_adds_a_turn(opened: Opened, ask: Ask) -> None:
    """ "Ask again" asks the same once more, as a further turn."""
    page = opened()
    ask(page, HARBOUR).get_by_role("button", name="Ask again").click()
    page.locator("#dl-turn-2 .dl-confidence").wait_for()
    assert page.locator(".dl-question").all_inner_texts() == [HARBOUR, HARBOUR]


def test_a_document_opens_at_the_quote(opened: Opened, ask: Ask) -> None:
    """A document opens in a tab of its own too, with the quote marked and in view."""
    page = opened()
    turn = ask(page, HARBOUR)
    turn.locator(".dl-mark").click()
    with page.expect_popup() as popup:
        page.get_by_role("link", name="In its own tab").click()
    document = popup.value
    document.wait_for_load_state()

    assert document.title() == "Harbour reopens after the storm"
    assert document.locator(".dl-by").inner_text() == "Harbour Gazette · published 12 Mar 2024"
    assert document.locator("mark").all_inner_texts() == [
        "The harbour reopened on 11 March 2024, two weeks after the storm."
    ]
    assert document.locator("mark").evaluate("mark => mark.getBoundingClientRect().top < innerHeight")
    tint = "element => [element.textContent.trim().slice(0, 20), getComputedStyle(element).backgroundColor]"
    beside = document.locator(".dl-tint").first.evaluate(tint)
    assert beside == ["The quay was repaire", "rgb(243, 239, 226)"]
    text = document.locator(".dl-text").inner_text()
    assert text.startswith("The quay was repaired")
    assert text.endswith("Paragraph 59 tells of nets, ropes, tides and prices at length.")


def test_a_copied_address_tints_the_passage_too(opened: Opened, ask: Ask) -> None:
    """The address in a reference names the quote alone; the passage around it is found, and tinted."""
    page = opened()
    ask(page, HARBOUR)
    page.goto(page.locator(".dl-open a").first.get_attribute("href") or "")
    assert page.locator("mark").inner_text().startswith("The harbour reopened")
    assert page.locator(".dl-tint").first.inner_text().startswith("The quay was repaired")
    page.get_by_role("link", name="Ask about this document").click()
    page.locator(".dl-chips", has_text="Only “Harbour reopens after the storm”").wait_for()


def test_a_refusal_shows_what_is_nearest(opened: Opened, ask: Ask) -> None:
    """Without an answer the page says so, says what was searched, and shows the nearest passages."""
    page = opened()
    turn = ask(page, UNKNOWN)

    assert turn.locator(".dl-refusal").inner_text() == (
        "Not in the documents. The 4 documents searched, published from 12 Mar 2024 to 20 Jan 2025 (1 without a date), "
        "give no answer that can be relied on."
    )
    assert turn.locator(".dl-mark, .dl-quote").count() == 0
    panel = page.locator(".dl-group.dl-current")
    assert panel.locator("h2").inner_text().casefold() == "nearest passages"
    assert panel.locator(".dl-near:visible").count() == 3
    assert panel.get_by_role("link", name="Open the passage").count() == 3


def test_a_question_that_cannot_be_asked_is_told(opened: Opened, ask: Ask) -> None:
    """An overlong question is refused in a sentence."""
    page = opened()
    turn = ask(page, "x" * 20_000)

    assert turn.get_by_role("alert").inner_text() == (
        "The question has 20,000 characters, at most 10,000 are read: shorten it, or add the text as a document "
        "and ask about it."
    )


def test_the_page_gives_the_answer_of_the_api(opened: Opened, ask: Ask, server: str) -> None:
    """Page and API show the same text and the same citations for a question, and refuse with the same reason."""
    page = opened()
    for number, question in enumerate([COST, HARBOUR, ZEBRAS], 1):
        answer = asked_of_api(server, question)
        turn = ask(page, question)
        assert "\n\n".join(item.evaluate(TEXT) for item in turn.locator(".dl-quote").all()) == answer["text"]
        shown = []
        for source in page.locator(f"[data-turn='{number}'] .dl-source:not(.dl-near)").all():
            shown.append(
                (
                    source.locator("h3").evaluate(TEXT),
                    source.locator("mark").evaluate(TEXT),
                    source.get_by_role("link", name="Open at the quote").get_attribute("href"),
                )
            )
        assert shown == [
            (
                f"{item['id']}{item['title']}",
                item["quote"],
                f"/documents/{item['document_id']}?start={item['span']['start']}&end={item['span']['end']}#quote",
            )
            for item in answer["citations"]
        ]
    reason = asked_of_api(server, UNKNOWN)["reason"].removeprefix("This is not in the documents: ")
    told = ask(page, UNKNOWN).locator(".dl-refusal")
    told.locator("time").evaluate_all("all => all.forEach(item => item.textContent = item.dateTime)")
    assert told.inner_text() == f"Not in the documents. {reason[:1].upper()}{reason[1:]}"


def test_a_new_answer_is_in_view(opened: Opened, ask: Ask) -> None:
    """In a long conversation the last answer stands above the box for the next question, its source beside it."""
    page = opened()
    for _ in range(5):
        turn = ask(page, HARBOUR)
    page.wait_for_function("document.querySelector('.dl-group.dl-current').dataset.turn === '5'")

    bottom = turn.locator(".dl-confidence").bounding_box()
    box = page.locator(".dl-ask").bounding_box()
    quote = page.locator(".dl-group.dl-current mark").bounding_box()
    assert bottom is not None
    assert box is not None
    assert quote is not None
    assert 0 < bottom["y"] < bottom["y"] + bottom["height"] <= box["y"]
    assert box["y"] + box["height"] <= 850
    assert 0 <= quote["y"] < box["y"]
