"""The page on a desk and on a phone, by day and by night, with the keyboard alone."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    Opened = Callable[..., Page]
    Ask = Callable[[Page, str], Locator]

# Gradio counts its events with pandas in a way that pandas will drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")

DESK, PHONE, NARROW = (1280, 850), (390, 844), (320, 640)
COST = "How much will the new bridge over the Lune cost?"
UNKNOWN = "Who won the chess final in Reykjavik?"
ZEBRAS = "How many zebras were counted in the zoo?"

CONTRAST = """() => {
  const parts = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const color = parts(getComputedStyle(element).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const bad = [];
  let seen = 0;
  const check = (color, element, words) => {
    const [a, b] = [light(parts(color)), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    seen += 1;
    if (ratio < 4.5) bad.push(`${ratio.toFixed(2)}: ${words.trim().slice(0, 60)}`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (node.data.trim() && element.checkVisibility()) check(getComputedStyle(element).color, element, node.data);
  }
  for (const box of document.querySelectorAll("textarea"))
    check(getComputedStyle(box, "::placeholder").color, box, box.placeholder);
  return [seen, bad];
}"""
"""How many texts are visible, and those whose contrast is below 4.5 to 1 (WCAG 2.2 AA)."""


def send(server: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(  # noqa: S310 — the server is ours
        f"{server}{path}", data, {"Content-Type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request) as response:  # noqa: S310
        return json.load(response)


@pytest.mark.parametrize("size", [DESK, PHONE, NARROW], ids=["desk", "phone", "narrow"])
def test_nothing_scrolls_sideways(opened: Opened, ask: Ask, size: tuple[int, int]) -> None:
    """First screen, answers, refusals, long words and the document view all fit the width of the window."""
    page = opened(size)
    wide = "document.documentElement.scrollWidth > innerWidth || document.body.scrollWidth > innerWidth"
    assert not page.evaluate(wide)
    for question in (COST, ZEBRAS, UNKNOWN, "x" * 600):
        ask(page, question)
        if (why := page.locator(".dl-log .dl-turn:last-child .dl-why summary")).count():
            why.click()
        assert not page.evaluate(wide), question
    outside = page.evaluate(
        "[...document.querySelectorAll('.dl-turn *, .dl-sources *, .dl-ask *')]"
        ".filter(item => item.checkVisibility() && item.getBoundingClientRect().right > innerWidth).length"
    )
    assert outside == 0
    page.goto(page.locator(".dl-open a").first.get_attribute("href") or "")
    assert not page.evaluate(wide)
    page.goto("/docs")
    assert not page.evaluate(wide)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read(opened: Opened, ask: Ask, scheme: str) -> None:
    """Every visible text has a contrast of at least 4.5 to 1, in the page, the document view and the API's pages."""
    page = opened(color_scheme=scheme)
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 23, 26)"
    assert dark == (scheme == "dark")
    seen, bad = page.evaluate(CONTRAST)
    assert (seen > 5, bad) == (True, [])
    turn = ask(page, COST)
    page.get_by_text("Also searched").locator("visible=true").click()
    page.get_by_text("Why this answer").locator("visible=true").click()
    turn.locator(".dl-mark").first.hover()
    page.locator("#dl-card").wait_for()
    seen, bad = page.evaluate(CONTRAST)
    assert (seen > 20, bad) == (True, [])
    ask(page, UNKNOWN)
    ask(page, "x" * 20_000)
    assert page.evaluate(CONTRAST)[1] == []
    page.goto(page.locator(".dl-open a").first.get_attribute("href") or "")
    assert page.locator("mark").count() == 1
    assert page.evaluate(CONTRAST)[1] == []
    page.goto("/docs")
    seen, bad = page.evaluate(CONTRAST)
    assert (seen > 100, bad) == (True, [])


def test_everything_is_reached_by_the_keyboard(opened: Opened) -> None:
    """Asking, going to a mark, opening its source, the way back, and the document need no pointer."""
    page = opened()
    keys = page.keyboard
    keys.type(COST)
    keys.press("Enter")
    page.locator(".dl-group.dl-current[data-turn='1']").wait_for()

    def back_to(selector: str) -> None:
        for _ in range(20):
            keys.press("Shift+Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        pytest.fail(f"{selector} is not reached")

    back_to(".dl-mark")
    assert page.evaluate("document.activeElement.dataset.source") == "dl-source-1-2"
    assert page.locator("#dl-card:visible").count() == 1
    keys.press("Enter")
    page.wait_for_function("document.activeElement.id === 'quote'")
    assert page.locator(".dl-active").get_attribute("id") == "dl-source-1-2"
    keys.press("Escape")
    assert page.evaluate("document.activeElement.dataset.source") == "dl-source-1-2"
    keys.press("Shift+Tab")
    keys.press("Space")
    page.wait_for_function("document.querySelector('.dl-count')?.textContent === '1 of 2'")
    page.wait_for_function("document.activeElement.id === 'quote'")
    back_to(".dl-away")
    with page.expect_popup() as popup:
        keys.press("Enter")
    assert popup.value.locator("mark").inner_text().startswith("The new bridge over the Lune will cost")


def test_what_has_the_focus_is_seen(opened: Opened, ask: Ask) -> None:
    """Each control that the Tab key reaches looks different while it has the focus."""
    page = opened()
    ask(page, COST)
    look = """element => {
      const box = element.closest(".dl-box") || element;
      const style = getComputedStyle(box);
      return [style.outlineStyle, style.outlineWidth, style.boxShadow, style.backgroundColor].join();
    }"""
    for selector in (".dl-mark", ".dl-open a", ".dl-also summary", "#dl-question", ".dl-send"):
        control = page.locator(selector).locator("visible=true").first
        page.evaluate("document.activeElement.blur()")
        plain = control.evaluate(look)
        control.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        assert control.evaluate("element => element === document.activeElement"), selector
        assert control.evaluate(look) != plain, selector


def test_the_phone_has_all_in_one_column(opened: Opened, ask: Ask) -> None:
    """On a phone the sources stand below the answer, the box stays at the lower edge, a document opens over all."""
    page = opened(PHONE)
    turn = ask(page, COST)
    answer, source, box = (
        item.bounding_box()
        for item in (turn, page.locator(".dl-group.dl-current .dl-source").first, page.locator(".dl-ask"))
    )
    assert answer is not None
    assert source is not None
    assert box is not None
    assert answer["y"] + answer["height"] <= source["y"]
    assert (box["width"] > 340, box["y"] + box["height"] <= 844) == (True, True)
    turn.locator(".dl-mark").nth(1).click()
    page.locator(".dl-reader mark").wait_for()
    reader, quote = (page.locator(item).bounding_box() for item in (".dl-reader", ".dl-reader mark"))
    assert reader == {"x": 0, "y": 0, "width": 390, "height": 844}
    assert quote is not None
    assert 0 < quote["y"] < quote["y"] + quote["height"] <= 844


@pytest.mark.parametrize("size", [DESK, PHONE, NARROW], ids=["desk", "phone", "narrow"])
def test_name_and_tabs_do_not_touch(opened: Opened, size: tuple[int, int]) -> None:
    """The tabs stand beside the name, or below it, and each of them is whole in the window."""
    page = opened(size)
    name = page.locator(".dl-brand h1").evaluate(
        "item => { const box = document.createRange(); box.selectNodeContents(item);"
        " const { right, bottom } = box.getBoundingClientRect(); return { right, bottom }; }"
    )
    boxes = [tab.bounding_box() for tab in page.get_by_role("tab").all()]
    assert len(boxes) == 3
    for box in boxes:
        assert box is not None
        assert box["x"] >= name["right"] or box["y"] >= name["bottom"]
        assert box["x"] + box["width"] <= size[0]


def test_words_of_the_table_are_whole(opened: Opened) -> None:
    """Between a phone and a desk the columns of the documents are as wide as their words."""
    page = opened((800, 900))
    page.get_by_role("tab", name="Documents").click()
    row = page.locator(".dl-table tbody tr", has_text="A bridge by Ada Brook")
    row.wait_for()
    lines = "item => { const words = document.createRange(); words.selectNodeContents(item); return"
    lines += " new Set([...words.getClientRects()].map(box => Math.round(box.top))).size; }"
    assert row.locator("td").nth(2).evaluate(lines) <= 3  # Lune Valley Post
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


SMALL = """() => [...document.querySelectorAll("a, button, summary, input, select, textarea, label.dl-button")]
  .filter(item => item.checkVisibility({ visibilityProperty: true }) && !item.matches(".dl-unseen, [data-do=month]"))
  .filter(item => !item.closest("[aria-hidden=true], .hide"))
  .map(item => [item.getBoundingClientRect(), (item.textContent || item.name).trim().slice(0, 40)])
  .filter(([{ width, height }]) => width < 24 || height < 24 )
  .map(([{ width, height }, words]) => `${words}: ${Math.round(width)} x ${Math.round(height)}`)"""
"""What is less than 24 pixels wide or high (WCAG 2.2, 2.5.8), but for the bars of the months: the dates do the same."""


def test_a_finger_meets_everything(opened: Opened, ask: Ask) -> None:
    """On a phone no button, link or field is smaller than 24 pixels, wherever it stands."""
    page = opened(PHONE, has_touch=True, is_mobile=True)
    assert page.evaluate(SMALL) == []
    turn = ask(page, COST)
    page.get_by_role("button", name="Filter", exact=True).tap()
    page.get_by_label("As known on").fill("2025-12-31")
    assert page.evaluate(SMALL) == []
    turn.locator(".dl-mark").nth(1).tap()
    page.get_by_role("button", name="Open at the quote").tap()
    page.locator(".dl-reader mark").wait_for()
    assert page.evaluate(SMALL) == []
    page.get_by_role("button", name="Close").tap()
    page.locator(".dl-past summary").tap()
    page.locator(".dl-past-item").first.wait_for()
    assert page.evaluate(SMALL) == []
    page.get_by_role("tab", name="Documents").tap()
    page.locator(".dl-table tbody tr").first.wait_for()
    page.get_by_role("button", name="Edit").first.tap()
    assert page.evaluate(SMALL) == []
    page.get_by_role("tab", name="Timeline").tap()
    page.get_by_label("Topic").fill("harbour reopened")
    page.keyboard.press("Enter")
    page.locator(".dl-plot svg").wait_for()
    assert page.evaluate(SMALL) == []


def test_the_arrow_keys_lead_from_tab_to_tab(opened: Opened) -> None:
    """Left and right, Home and End choose a tab; the Tab key reaches the chosen one alone."""
    page = opened()
    page.get_by_role("tab", name="Chat").focus()
    chosen = "document.activeElement.getAttribute('role') === 'tab' ? document.activeElement.textContent.trim() : ''"
    for key, name in (
        ("ArrowRight", "Documents"),
        ("ArrowRight", "Timeline"),
        ("ArrowRight", "Chat"),
        ("ArrowLeft", "Timeline"),
        ("Home", "Chat"),
        ("End", "Timeline"),
    ):
        page.keyboard.press(key)
        page.locator("[role=tab][aria-selected=true]", has_text=name).wait_for()
        assert page.evaluate(chosen) == name
        assert page.locator("[role=tab][tabindex='0']").all_inner_texts() == [name]
    assert page.url.endswith("#timeline")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "topic"


def test_a_finger_sees_the_card_first(opened: Opened, ask: Ask) -> None:
    """A tap on a mark shows its card, which stays and leads to the document; a tap elsewhere takes it away."""
    page = opened(PHONE, has_touch=True, is_mobile=True)
    turn = ask(page, COST)
    page.wait_for_timeout(200)  # the page scrolls to the answer
    turn.locator(".dl-mark").nth(1).tap()
    card = page.locator("#dl-card")
    assert card.locator("mark, .dl-card-mark").inner_text() in page.locator(".dl-source mark").all_inner_texts()
    turn.locator(".dl-question").tap()
    assert card.is_hidden()
    turn.locator(".dl-mark").nth(1).tap()
    card.get_by_role("button", name="Open at the quote").tap()
    page.locator(".dl-reader mark").wait_for()
    assert page.locator(".dl-active").get_attribute("id") == "dl-source-1-2"
    assert card.is_hidden()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_text_from_right_to_left_and_long_words_fit(
    opened: Opened, ask: Ask, server: str, size: tuple[int, int]
) -> None:
    """An Arabic quote runs from the right, with its edge there; words without an end are broken; nothing overflows."""
    long = "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahlungsstelle"
    added = [
        send(
            server, "POST", "/v1/documents", {"title": title, "text": text, "source": source, "published": "2024-05-04"}
        )
        for title, text, source in (
            ("افتتاح الجسر الجديد", "قال إن تكلفة الجسر بلغت 12 مليون دينار.", "صحيفة النهر"),
            (long, f"The {long * 3} opened its doors.", long * 2),
        )
    ]
    try:
        page = opened(size)
        turn = ask(page, "كم بلغت تكلفة الجسر؟")
        figure = turn.locator(".dl-figure").first
        assert figure.evaluate("item => getComputedStyle(item).direction") == "rtl"
        edges = "item => [getComputedStyle(item).borderLeftWidth, getComputedStyle(item).borderRightWidth]"
        assert figure.evaluate(edges) == ["0px", "3px"]
        source = page.locator(".dl-group.dl-current .dl-source").first
        right = """item => {
          const words = document.createRange();
          words.selectNodeContents(item);
          return Math.abs(words.getBoundingClientRect().right - item.getBoundingClientRect().right) < 2;
        }"""
        assert source.locator("h3").evaluate(right)
        assert source.locator(".dl-by").evaluate(right)
        source.get_by_role("link", name="Open at the quote").click()
        page.locator(".dl-reader mark").wait_for()
        for part in ("h2", ".dl-by"):
            assert page.locator(f".dl-reader {part}").first.evaluate(right), part
        page.keyboard.press("Escape")
        ask(page, f"What did the {long * 3} open?")
        for name in ("Chat", "Documents"):
            page.get_by_role("tab", name=name).click()
            page.wait_for_timeout(300)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("button", name=long, exact=True).click()
        page.locator(".dl-reader h2").wait_for()
        assert page.locator(".dl-reader-text").evaluate("item => item.scrollWidth <= item.clientWidth")
    finally:
        for answer in added:
            send(server, "DELETE", f"/v1/documents/{answer['results'][0]['document_id']}")


LINE = "Line {} says nothing much of anything here."
BEFORE = [" ".join(LINE.format(number) for number in range(9)), "\n\n".join(LINE.format(number) for number in range(6))]


@pytest.mark.parametrize("after", ["", f"\n\n{BEFORE[0]}"], ids=["last", "amid"])
@pytest.mark.parametrize("before", BEFORE, ids=["one paragraph", "six paragraphs"])
def test_a_passage_begins_with_words(opened: Opened, ask: Ask, server: str, before: str, after: str) -> None:
    """Where the quote opens a paragraph, and where there is no more to scroll, no empty line is shown first."""
    body = {"title": "Gap", "text": f"{before}\n\nThe walrus weighs nine hundred kilograms.{after}"}
    (result,) = send(server, "POST", "/v1/documents", body)["results"]
    try:
        page = opened()
        ask(page, "How many kilograms does the walrus weigh?")
        page.wait_for_timeout(300)  # it is scrolled once it is laid out
        gaps = page.locator(".dl-group.dl-current .dl-passage").first.evaluate(
            """item => {
              const words = document.createRange();
              words.selectNodeContents(item);
              const line = parseFloat(getComputedStyle(item).lineHeight);
              const tops = [...words.getClientRects()].filter(({ width }) => width > 1).map(({ top }) => top);
              return tops.map((top) => (top - item.getBoundingClientRect().top) / line).filter((gap) => gap > -0.1);
            }"""
        )
        assert min(gaps) < 0.9
    finally:
        send(server, "DELETE", f"/v1/documents/{result['document_id']}")


def test_a_quote_far_down_its_passage_is_in_view(opened: Opened, ask: Ask, server: str) -> None:
    """The panel shows the quote of a long passage without scrolling by hand."""
    text = " ".join(f"Line {number} says nothing much of anything here." for number in range(20))
    body = {"title": "Long", "text": f"{text} The walrus weighs nine hundred kilograms."}
    (result,) = send(server, "POST", "/v1/documents", body)["results"]
    try:
        page = opened(PHONE)
        ask(page, "How many kilograms does the walrus weigh?")
        passage = page.locator(".dl-group.dl-current .dl-passage").first
        page.wait_for_function("document.querySelector('.dl-group.dl-current .dl-passage').scrollTop > 0")
        around, quote = passage.bounding_box(), passage.locator("mark").bounding_box()
        assert around is not None
        assert quote is not None
        assert around["y"] <= quote["y"] < around["y"] + around["height"]
    finally:
        send(server, "DELETE", f"/v1/documents/{result['document_id']}")
