"""An answer that comes word by word: seen as it grows, stopped, steady on the screen, and text whatever it says."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, cast

import pytest

from assistant.answer import Turn
from assistant.assistant import Assistant, Event
from corpus.document import Document
from corpus.filters import Filters

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from assistant.parts import Parts
    from assistant.settings import Settings

# Gradio counts its events with pandas in a way that pandas will drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")

QUESTION = "Which lamp burned all night?"
FOLLOW_UP = "And who said that?"
TEXT = "The keeper of the lighthouse said that the lamp had burned all night. He ate two herrings at dawn."
WRITTEN = [
    "<script>window.hacked='model'</script>",
    "<img src=x onerror=\"window.hacked='model'\"> ![x](http://192.0.2.7/pixel.png)",
    "[press](javascript:window.hacked='model') <a href=\"javascript:window.hacked='model'\">press</a>",
    "<iframe srcdoc=\"<script>parent.hacked='model'</script>\"></iframe> <style>*{display:none}</style>",
    "{{constructor.constructor(\"window.hacked='model'\")()}} ${window.hacked='model'} {% raw %}",
    "</p></article></section><form action=http://192.0.2.7/><button>press</button></form> [1](http://192.0.2.7/) [9]",
    "مرحبا بالعالم " + "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahlungsstelle" * 3,
]


class Slowly:
    """An assistant whose answers come slowly; those that it is asked in capitals are written by a hostile model."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    def __getattr__(self, name: str) -> Any:
        return getattr(self._assistant, name)

    def stream(self, question: str, *, history: Sequence[Turn] = (), filters: Filters | None = None) -> Iterator[Event]:
        answer = self._assistant.ask(question.capitalize(), history=history, filters=filters)
        if question.isupper():
            answer = dataclasses.replace(
                answer, answerer="a model", text="\n\n".join(f"{said} [1]" for said in WRITTEN)
            )
        for word in answer.text.split(" "):
            yield Event("delta", {"text": f"{word} "})
            time.sleep(0.12 if answer.answerer == "verbatim" else 0.03)
        yield Event("done", {"answer": answer.to_dict()}, answer)


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory,
    stand_in_parts: Callable[[Settings], AbstractContextManager[Parts]],
    serve: Callable[[Parts, Settings], AbstractContextManager[str]],
) -> Iterator[str]:
    """A server whose answers come slowly; its URL."""
    from assistant.settings import Settings

    settings = Settings(data_dir=tmp_path_factory.mktemp("slowly"))
    with stand_in_parts(settings) as parts:
        document = Document(text=TEXT, title="The lamp", origin="lamp", name="lamp.txt")
        assert [result.status for result in parts.library.add([document])] == ["added"]
        slow = dataclasses.replace(parts, assistant=cast(Assistant, Slowly(parts.assistant)))
        with serve(slow, settings) as url:
            yield url


@pytest.fixture
def page(visit: Callable[..., Any]) -> Page:
    """The first screen."""
    page: Page = visit().new_page()
    page.goto("/")
    page.locator(".dl-welcome h1").wait_for()
    return page


def ask(page: Page, question: str) -> None:
    page.locator("#dl-question").fill(question)
    page.keyboard.press("Enter")


def test_words_are_seen_before_the_answer_is_whole(page: Page) -> None:
    """The first words stand there while the rest is still coming; at the end the quote stands there with its mark."""
    ask(page, QUESTION)
    page.locator(".dl-partial").wait_for()
    begun = page.locator(".dl-partial").inner_text()
    assert TEXT.startswith(begun.strip())
    assert len(begun) < len(TEXT) / 2
    page.locator(".dl-confidence").wait_for()
    assert page.locator(".dl-quote").first.inner_text().startswith("The keeper of the lighthouse said")
    assert page.locator(".dl-partial").count() == 0


STOPPED = "This was stopped before it was answered."


def test_an_answer_is_stopped(page: Page) -> None:
    """Stopping leaves the words that came, says so, and the next question is answered in the same conversation."""
    ask(page, QUESTION)
    page.locator(".dl-partial").wait_for()
    page.get_by_role("button", name="Stop answering").click()
    page.get_by_text(STOPPED).wait_for()
    page.wait_for_timeout(600)  # words that were on their way change nothing
    assert page.locator("#dl-turn-1").get_attribute("data-state") == "stopped"
    assert page.get_by_text(STOPPED).is_visible()
    assert page.locator(".dl-confidence").count() == 0
    page.get_by_role("button", name="Ask again").click()
    page.locator("#dl-turn-1 .dl-confidence").wait_for()
    assert page.locator(".dl-question").all_inner_texts() == [QUESTION]


def test_a_stopped_question_outlives_a_reload(browser: Browser, server: str) -> None:
    """What was stopped stays in its conversation, and says so; asked again, it is answered in its own place."""
    page = browser.new_page()  # not by `visit`: Gradio logs the stream that is cut as an error
    page.goto(server)
    page.locator(".dl-welcome h1").wait_for()
    ask(page, QUESTION)
    page.locator("#dl-turn-1 .dl-confidence").wait_for()
    ask(page, FOLLOW_UP)
    page.locator("#dl-turn-2 .dl-partial").wait_for()
    page.get_by_role("button", name="Stop answering").click()
    page.get_by_text(STOPPED).wait_for()
    page.reload()
    page.locator("#dl-turn-2").wait_for()
    assert page.locator(".dl-question").all_inner_texts() == [QUESTION, FOLLOW_UP]
    assert page.locator("#dl-turn-2").get_attribute("data-state") == "stopped"
    assert page.locator("#dl-turn-2 .dl-stopped").inner_text() == STOPPED
    assert page.locator("#dl-question").input_value() == ""
    assert page.locator("#dl-turn-2 .dl-rate, #dl-turn-2 .dl-why, #dl-turn-2 .dl-refusal").count() == 0

    page.locator("#dl-turn-2").get_by_role("button", name="Ask again").click()
    page.locator("#dl-turn-2").locator(".dl-confidence, .dl-refusal").wait_for()
    page.reload()
    page.locator("#dl-turn-2").locator(".dl-confidence, .dl-refusal").wait_for()
    assert page.locator(".dl-question").all_inner_texts() == [QUESTION, FOLLOW_UP]
    page.close()


def test_a_question_outlives_a_reload(browser: Browser, server: str) -> None:
    """A question that has no answer yet when the page is loaded again stands there, to be asked once more."""
    page = browser.new_page()  # not by `visit`: Gradio logs the stream that is cut as an error
    page.goto(server)
    page.locator(".dl-welcome h1").wait_for()
    ask(page, QUESTION)
    page.locator(".dl-partial").wait_for()
    page.reload()
    page.locator("#dl-turn-1 .dl-stopped").wait_for()
    assert page.locator("#dl-question").input_value() == ""
    page.get_by_role("button", name="Ask again").click()
    page.locator("#dl-turn-1 .dl-confidence").wait_for()
    page.reload()
    page.locator("#dl-turn-1 .dl-confidence").wait_for()
    assert page.locator(".dl-question").all_inner_texts() == [QUESTION]
    assert page.locator("#dl-question").input_value() == ""
    page.close()


def test_a_question_that_did_not_arrive_outlives_a_reload(browser: Browser, server: str) -> None:
    """A question that the server never got stands in the box again."""
    page = browser.new_page()
    page.goto(server)
    page.locator(".dl-welcome h1").wait_for()
    page.route("**/queue/join*", lambda route: route.abort())
    ask(page, QUESTION)
    page.locator("#dl-question:not(:focus), .dl-stop:visible").first.wait_for()
    page.reload()
    page.locator(".dl-welcome h1").wait_for()
    assert page.locator("#dl-question").input_value() == QUESTION
    page.close()


def test_a_follow_up_tells_how_it_was_understood(page: Page) -> None:
    """A follow-up leans on what was asked before, and the question that it was taken for is shown."""
    ask(page, QUESTION)
    page.locator("#dl-turn-1 .dl-confidence").wait_for()
    ask(page, FOLLOW_UP)
    page.locator("#dl-turn-2").locator(".dl-confidence, .dl-refusal").wait_for()
    understood = page.locator("#dl-turn-2 .dl-understood").first.inner_text()
    assert understood == "Understood as: Which lamp burned all night: And who said that?"


def test_nothing_jumps_while_words_come(page: Page) -> None:
    """From the first word to the last, what is on the screen already stays where it is (layout shift below 0.02)."""
    page.evaluate(
        """() => {
          window.shifts = [];
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push(entry.value);
          }).observe({ type: "layout-shift", buffered: false });
        }"""
    )
    ask(page, QUESTION)
    page.locator("#dl-turn-1 .dl-confidence").wait_for()
    ask(page, FOLLOW_UP)
    page.locator("#dl-turn-2").locator(".dl-confidence, .dl-refusal").wait_for()
    page.wait_for_timeout(300)
    assert sum(page.evaluate("window.shifts")) < 0.02


def test_what_a_model_writes_is_text(page: Page) -> None:
    """Markup, scripts, templates and links of a model stand there letter for letter, as they come and at the end."""
    ask(page, QUESTION.upper())
    page.locator(".dl-confidence").wait_for()
    said = page.locator(".dl-said").evaluate_all("all => all.map(item => item.textContent.replaceAll('\\u00a0', ' '))")
    assert said == [f"{text} [1]" for text in WRITTEN]
    made = "img, iframe, form form, a[href^='http'], a[href^='javascript'], p style, p script"
    assert page.locator(".dl-turn").locator(made).count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("#dl-question").is_visible()
