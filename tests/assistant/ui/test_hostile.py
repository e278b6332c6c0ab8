"""Text of documents, titles and questions is text: it is shown, and nothing in it is obeyed or fetched.

The fixture ``visit`` checks after each test that no script of a document ran and that nothing left the server.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    Opened = Callable[..., Page]
    Ask = Callable[[Page, str], Locator]

# Gradio counts its events with pandas in a way that pandas will drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")

QUESTION = "How many zebras were counted in the zoo?"
ATTACK = (
    "<img src=x onerror=\"window.hacked='question'\"><script>window.hacked='question'</script>"
    "<svg onload=\"window.hacked='svg'\"></svg> ![x](http://192.0.2.7/q.png) [x](javascript:window.hacked='q') "
    "<iframe srcdoc=\"<script>parent.hacked='frame'</script>\"></iframe> {{ 7 * 7 }} ${window.hacked='template'}"
)
MADE_OF_TEXT = (
    "img[src='x'], script:not([src]):not([type]), svg[onload], iframe, a[href^='javascript'], img[src^='http']"
)
"""Elements that hostile text would make, were it markup."""


def of(container: Locator) -> int:
    """How many elements inside were made by hostile text."""
    return container.locator(MADE_OF_TEXT).count()


def test_a_hostile_document_is_shown_as_text(opened: Opened, ask: Ask, hostile: str) -> None:
    """Markup in a document, its title and its source stands on the page letter for letter."""
    page = opened()
    turn = ask(page, QUESTION)
    turn.locator(".dl-mark").first.hover()
    turn.locator(".dl-mark").first.click()
    page.wait_for_timeout(300)

    source = page.locator("#dl-source-1-1")
    assert source.locator("h3").text_content() == f"1Zebras {hostile}"
    assert source.locator(".dl-by").text_content() == f"Zoo {hostile} · no published date"
    reader = page.locator(".dl-reader")
    reader.locator("mark").wait_for()
    assert reader.locator("h2").text_content() == f"Zebras {hostile}"
    begun = "The zebras of the zoo were counted <img src=x onerror=\"window.hacked='img'\"><script>"
    assert (source.locator("mark").text_content() or "").startswith(begun)
    assert (turn.locator(".dl-quote").first.text_content() or "").startswith(begun)
    assert hostile in (source.locator(".dl-passage").text_content() or "")
    assert page.locator("#dl-card .dl-card-h3").text_content() == f"1Zebras {hostile}"
    assert turn.locator(".dl-mark").first.get_attribute("aria-label") == f"Source 1: Zebras {hostile}"
    assert of(page.locator(".gradio-container")) == 0


def test_a_hostile_title_is_text_in_an_example(opened: Opened) -> None:
    """An example question made of a hostile title is a button with words, cut where they are long."""
    page = opened()
    words = "What is said about “Zebras <img src=x …”?"
    page.get_by_role("button", name=words).click()
    page.locator(".dl-confidence, .dl-refusal").wait_for()

    assert page.locator(".dl-question").inner_text() == words
    assert of(page.locator(".gradio-container")) == 0


def test_a_hostile_document_opens_as_text(opened: Opened, ask: Ask, hostile: str) -> None:
    """The document view shows the markup of a document as text; its policy allows our style and our script alone."""
    page = opened()
    ask(page, QUESTION)
    document = page
    page.goto(page.get_by_role("link", name="Open at the quote").first.get_attribute("href") or "")

    assert document.title() == " ".join(f"Zebras {hostile}".split())
    assert document.locator("h1").text_content() == f"Zebras {hostile}"
    text = f"The zebras of the zoo were counted {hostile} and there are nine zebras in the zoo."
    assert document.locator(".dl-text").text_content() == text
    assert document.locator("body *").evaluate_all("all => [...new Set(all.map(item => item.tagName))].sort()") == [
        "A",
        "DIV",
        "H1",
        "HEADER",
        "MAIN",
        "MARK",
        "NAV",
        "P",
        "SCRIPT",
        "SPAN",
    ]
    assert document.locator("script").count() == 1
    links = document.locator("a").evaluate_all("all => all.map(item => item.getAttribute('href').split('=')[0])")
    assert links == ["/", "/?document"]
    response = document.request.get(document.url)
    policy = response.headers["content-security-policy"]
    nonces = r"default-src 'none'; style-src '(nonce-[\w-]{22})'; script-src '\1'; "
    assert re.fullmatch(nonces + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'", policy)


@pytest.mark.parametrize("question", [ATTACK, f"{ATTACK} {QUESTION}", f"{QUESTION}\n{ATTACK}"])
def test_a_hostile_question_is_shown_as_text(opened: Opened, ask: Ask, question: str) -> None:
    """A question with markup is repeated letter for letter, whether it is answered or not."""
    page = opened()
    turn = ask(page, question)
    page.wait_for_timeout(300)

    assert turn.locator(".dl-question").text_content() == question
    assert of(page.locator(".gradio-container")) == 0


def test_the_trace_of_an_answer_is_text(opened: Opened, ask: Ask) -> None:
    """ "Why this answer" and "Also searched" open, and make nothing of what they show."""
    page = opened()
    ask(page, "How much will the new bridge over the Lune cost?")
    page.get_by_text("Also searched").click()
    page.get_by_text("Why this answer").click()

    assert page.locator(".dl-why dt").all_inner_texts() == ["Searched", "Weighed", "Decided"]
    assert page.locator(".dl-near:visible h3").count() == 3
    assert of(page.locator(".gradio-container")) == 0


def test_a_refused_document_view_is_no_page(opened: Opened, server: str) -> None:
    """An address with markup for an id, or a span that is none, shows nothing of it."""
    page = opened()
    response = page.request.get("/documents/%3Cscript%3Ewindow.hacked=1%3C%2Fscript%3E")
    assert (response.status, response.headers["content-type"]) == (404, "application/json")

    with urllib.request.urlopen(f"{server}/v1/documents") as answer:  # noqa: S310 — the server is ours
        newest = json.load(answer)["documents"][0]["id"]
    page.goto(f"/documents/{newest}?start=5&end=2")
    assert page.locator("mark").count() == 0
    page.goto(f"/documents/{newest}?start=0&end=999999")
    assert page.locator("mark").count() == 0
    assert page.locator(".dl-text").is_visible()
