"""The page in a real browser: asking, sources, refusals, and what hostile text does not do."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

    Visit = Callable[..., BrowserContext]

COST = "How much will the new bridge over the Lune cost?"
HARBOUR = "Was the harbour reopened after the storm?"
UNKNOWN = "Who won the chess final in Reykjavik?"
ZEBRAS = "How many zebras were counted in the zoo?"
SIZES = pytest.mark.parametrize("size", [(1280, 850), (390, 844)], ids=["1280", "390"])

TEXT = """element => {
  const copy = element.cloneNode(true);
  for (const card of copy.querySelectorAll(".dl-card")) card.remove();
  return copy.textContent.replaceAll("\\u00a0", " ");
}"""
"""The text of an element, without the cards that show on hovering."""


def opened(visit: Visit, size: tuple[int, int] = (1280, 850), **options: Any) -> Page:
    page = visit(viewport={"width": size[0], "height": size[1]}, **options).new_page()
    page.goto("/")
    page.locator(".dl-welcome").wait_for()
    return page


def ask(page: Page, question: str) -> Locator:
    """Ask as people do, by typing and Enter; the finished turn."""
    number = page.locator(".dl-turn").count() + 1
    box = page.get_by_placeholder("Ask a question …")
    box.fill(question)
    box.press("Enter")
    turn = page.locator(f"#dl-turn-{number}")
    turn.locator(".dl-confidence, .dl-refusal, .dl-error").first.wait_for()
    page.wait_for_function("document.querySelector('#dl-question textarea').value === ''")
    return turn


def asked_of_api(server: str, question: str) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 — the server is ours
        f"{server}/v1/ask", json.dumps({"question": question}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:  # noqa: S310
        answer: dict[str, Any] = json.load(response)
    return answer


def test_the_first_screen_tells_what_is_held(visit: Visit) -> None:
    """Before the first question the page says how much it holds, and offers questions about it."""
    page = opened(visit)

    assert page.title() == "Dateline"
    assert page.locator(".dl-holds").inner_text() == "4 documents, published 2024-03-12 to 2025-01-20, 1 without a date"
    page.locator("#dl-examples button:visible").nth(2).wait_for()
    assert page.locator("#dl-examples button:visible").all_inner_texts()[1:] == [
        "What do the documents say about “What the bridge costs”?",
        "What do the documents say about “A bridge by Ada Brook”?",
    ]
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"


def test_an_example_is_asked_by_a_click(visit: Visit) -> None:
    """An example becomes the first question; then the examples are gone."""
    page = opened(visit)
    example = page.get_by_role("button", name="What do the documents say about “What the bridge costs”?")
    example.click()
    page.locator(".dl-confidence, .dl-refusal").wait_for()

    assert page.locator(".dl-question").all_inner_texts() == [
        "What do the documents say about “What the bridge costs”?"
    ]
    assert page.locator("#dl-examples button:visible").count() == 0


def test_an_answer_stands_beside_its_source(visit: Visit) -> None:
    """An asked question shows the quote with its mark, and the panel shows the quote inside its passage."""
    page = opened(visit)
    turn = ask(page, HARBOUR)

    quote = "The harbour reopened on 11 March 2024, two weeks after the storm."
    assert turn.locator(".dl-question").inner_text() == HARBOUR
    assert [item.evaluate(TEXT) for item in turn.locator(".dl-quote").all()] == [f"{quote} [1]"]
    assert turn.locator(".dl-confidence").inner_text() == "Very likely what you asked for"
    panel = page.locator(".dl-group.dl-current")
    assert panel.locator("h2").inner_text().casefold() == "source"
    assert panel.locator(".dl-source:not(.dl-near) h3").all_inner_texts() == ["1Harbour reopens after the storm"]
    assert panel.locator(".dl-by").first.inner_text() == "Harbour Gazette · published 2024-03-12"
    assert panel.locator("mark").all_inner_texts() == [quote]
    passage = panel.locator(".dl-passage").first.inner_text()
    assert passage.startswith(
        "The quay was repaired in eleven days by a crew from three towns.\n\nThe harbour reopened"
    )
    highlight = panel.locator("mark").evaluate("element => getComputedStyle(element).backgroundColor")
    assert highlight == "rgb(255, 233, 168)"


def test_a_mark_activates_its_source(visit: Visit) -> None:
    """A click on [2] makes the second source the active one; a mark of an earlier answer brings its sources back."""
    page = opened(visit)
    turn = ask(page, COST)
    turn.locator(".dl-mark").nth(1).click()

    assert page.locator(".dl-active").evaluate_all("all => all.map(item => item.id)") == ["dl-source-1-2"]
    ask(page, HARBOUR)
    assert page.locator(".dl-group.dl-current").get_attribute("data-turn") == "2"
    turn.locator(".dl-mark").first.click()
    assert page.locator(".dl-group.dl-current").get_attribute("data-turn") == "1"
    assert page.locator(".dl-active").evaluate_all("all => all.map(item => item.id)") == ["dl-source-1-1"]
    page.locator("#dl-source-1-1 mark").wait_for()


def test_a_document_opens_at_the_quote(visit: Visit) -> None:
    """ "Open at the quote" opens the whole document in a tab of its own, with the quote marked and in view."""
    page = opened(visit)
    ask(page, HARBOUR)
    with page.expect_popup() as popup:
        page.get_by_role("link", name="Open at the quote").click()
    document = popup.value
    document.wait_for_load_state()

    assert document.title() == "Harbour reopens after the storm"
    assert document.locator(".dl-by").inner_text() == "Harbour Gazette · published 2024-03-12"
    assert document.locator("mark").all_inner_texts() == [
        "The harbour reopened on 11 March 2024, two weeks after the storm."
    ]
    assert document.locator("mark").evaluate("mark => mark.getBoundingClientRect().top < innerHeight")
    text = document.locator(".dl-text").inner_text()
    assert text.startswith("The quay was repaired")
    assert text.endswith("Paragraph 59 tells of nets, ropes, tides and prices at length.")


def test_a_refusal_shows_what_is_nearest(visit: Visit) -> None:
    """Without an answer the page says so, says what was searched, and shows the nearest passages."""
    page = opened(visit)
    turn = ask(page, UNKNOWN)

    assert turn.locator(".dl-refusal").inner_text() == (
        "Not in the documents. The 4 documents searched, published from 2024-03-12 to 2025-01-20 (1 without a date), "
        "give no answer that can be relied on."
    )
    assert turn.locator(".dl-mark, .dl-quote").count() == 0
    panel = page.locator(".dl-group.dl-current")
    assert panel.locator("h2").inner_text().casefold() == "nearest passages"
    assert panel.locator(".dl-near:visible").count() == 3
    assert panel.get_by_role("link", name="Open the passage").count() == 3


def test_a_question_that_cannot_be_asked_is_told(visit: Visit) -> None:
    """An overlong question is refused in a sentence."""
    page = opened(visit)
    turn = ask(page, "x" * 20_000)

    assert turn.get_by_role("alert").inner_text() == (
        "The question has 20,000 characters, at most 10,000 are read: shorten it, or add the text as a document "
        "and ask about it."
    )


def test_the_page_gives_the_answer_of_the_api(visit: Visit, server: str) -> None:
    """Page and API show the same text and the same citations for a question, and refuse with the same reason."""
    page = opened(visit)
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
    assert (
        ask(page, UNKNOWN).locator(".dl-refusal").inner_text()
        == f"Not in the documents. {reason[:1].upper()}{reason[1:]}"
    )


def test_a_new_answer_is_in_view(visit: Visit) -> None:
    """In a long conversation the last answer stands above the box for the next question, its source beside it."""
    page = opened(visit)
    for _ in range(5):
        turn = ask(page, HARBOUR)
    page.wait_for_function("document.querySelector('.dl-group.dl-current').dataset.turn === '5'")

    bottom = turn.locator(".dl-confidence").bounding_box()
    box = page.locator("#dl-ask").bounding_box()
    quote = page.locator(".dl-group.dl-current mark").bounding_box()
    assert bottom is not None
    assert box is not None
    assert quote is not None
    assert 0 < bottom["y"] < bottom["y"] + bottom["height"] <= box["y"]
    assert box["y"] + box["height"] <= 850
    assert 0 <= quote["y"] < box["y"]
