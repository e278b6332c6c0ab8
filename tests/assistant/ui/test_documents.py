"""Documents in the page: added, found, changed, deleted, asked about; and what happened when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    Opened = Callable[..., Page]
    Ask = Callable[[Page, str], Locator]

# Gradio counts its events with pandas in a way that pandas will drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")

WALRUS = "The walrus weighs nine hundred kilograms, the keeper said. It eats clams."


@pytest.fixture
def documents(opened: Opened) -> Iterator[Page]:
    """The page at its documents; what a test added is deleted at the end."""
    page = opened()
    page.get_by_role("tab", name="Documents").click()
    page.locator(".dl-table tbody tr").nth(3).wait_for()
    known = page.locator(".dl-table tbody tr").evaluate_all("rows => rows.map(row => row.dataset.id)")
    yield page
    for info in page.request.get("/v1/documents").json()["documents"]:
        if info["id"] not in known:
            page.request.delete(f"/v1/documents/{info['id']}")


def add(page: Page, *files: tuple[str, str]) -> None:
    said = page.locator(".dl-results li span").count() + len(files)
    page.locator("#dl-files").set_input_files(
        [{"name": name, "mimeType": "text/plain", "buffer": text.encode()} for name, text in files]
    )
    page.wait_for_function("count => document.querySelectorAll('.dl-results li span').length === count", arg=said)


def titles(page: Page) -> list[str]:
    return page.locator(".dl-table .dl-title").all_inner_texts()


def test_the_table_is_sorted_and_searched(documents: Page) -> None:
    """A click on a heading sorts, a second one turns it round; words and dates narrow the table."""
    page = documents
    assert page.locator(".dl-documents .dl-told").inner_text() == "4 documents"
    page.get_by_role("button", name="Published", exact=True).click()
    assert titles(page)[:3] == ["What the bridge costs", "A bridge by Ada Brook", "Harbour reopens after the storm"]
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    page.get_by_role("button", name="Title", exact=True).click()
    assert titles(page)[:2] == ["A bridge by Ada Brook", "Harbour reopens after the storm"]
    row = page.locator(".dl-table tbody tr").nth(1).locator("td")
    assert row.nth(1).inner_text().split("\n") == ["12 Mar 2024", "by hand"]
    page.get_by_label("Search the documents").fill("lune valley")
    assert titles(page) == ["A bridge by Ada Brook", "What the bridge costs"]
    page.locator(".dl-documents [name=after]").fill("2025-01-01")
    assert titles(page) == ["What the bridge costs"]
    assert page.locator(".dl-documents .dl-told").inner_text() == "1 of 4 documents"


def test_a_search_that_finds_nothing_says_so(documents: Page) -> None:
    """Where no document has the words and dates, that is said, with the way back to all of them."""
    page = documents
    assert not page.locator(".dl-none").is_visible()
    page.get_by_label("Search the documents").fill("walrus")
    page.locator(".dl-documents [name=after]").fill("2025-01-01")
    assert page.locator(".dl-none").inner_text().startswith("No document has these words and dates.")
    page.get_by_role("button", name="Show all documents").click()
    assert len(titles(page)) == 4
    assert not page.locator(".dl-none").is_visible()
    assert page.evaluate("document.activeElement.name") == "words"


def test_the_focus_of_the_edit_form_is_seen_whole(documents: Page) -> None:
    """The ring around the field that is edited is not cut at the edge of the table."""
    documents.get_by_role("button", name="Edit").first.click()
    field = documents.locator(".dl-edit [name=title]")
    assert field.evaluate("item => item === document.activeElement")
    left = field.evaluate("item => item.getBoundingClientRect().left")
    ring = field.evaluate(
        "i => parseFloat(getComputedStyle(i).outlineWidth) + parseFloat(getComputedStyle(i).outlineOffset)"
    )
    assert left - documents.locator(".dl-scroll").evaluate("item => item.getBoundingClientRect().left") >= ring > 0


def test_files_over_the_page_are_awaited(opened: Opened) -> None:
    """While files are dragged over the chat the page says what becomes of them; away from it, it says nothing."""
    page = opened()
    drag = """kind => {
      const data = new DataTransfer();
      data.items.add(new File(["x"], "x.txt"));
      const event = new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
      document.querySelector(".dl-chat").dispatchEvent(event);
    }"""
    sign = "getComputedStyle(document.body, '::after').content"
    assert page.evaluate(sign) == "none"
    page.evaluate(drag, "dragenter")
    assert page.evaluate(sign) == '"Drop the files to add them to the documents"'
    page.evaluate(drag, "dragleave")
    assert page.evaluate(sign) == "none"


def test_a_month_is_chosen_in_the_picture(documents: Page) -> None:
    """The bars tell how many documents each month has; a click shows those of one."""
    page = documents
    bar = page.get_by_role("button", name="2024-05: 1 document")
    bar.click()
    assert titles(page) == ["A bridge by Ada Brook"]
    bar.click()
    assert len(titles(page)) == 4


def test_files_are_added_each_with_its_result(documents: Page) -> None:
    """Of several files each tells what became of it; the same content under another name is told, and kept once."""
    page = documents
    add(page, ("walrus.txt", WALRUS), ("empty.txt", ""))
    add(page, ("copy.txt", WALRUS))

    said = dict(zip(*(page.locator(f".dl-results {item}").all_inner_texts() for item in ("b", "span")), strict=True))
    assert said["walrus.txt"] == "Added as “walrus”, 1 passage"
    assert said["empty.txt"].startswith("Not added: ")
    assert said["copy.txt"].startswith("Not added again: same content as walrus.txt")
    row = page.locator(".dl-table tr", has_text="walrus")
    row.wait_for()
    assert row.locator("small").first.inner_text() == "Same content: copy.txt, walrus.txt"


def test_files_are_dropped_anywhere(opened: Opened, documents: Page) -> None:
    """Files that are dropped on the chat are added, each with its result; a reload stays at the documents."""
    page = opened()
    dropped = page.evaluate_handle(
        """() => {
          const data = new DataTransfer();
          for (const name of ["one", "two", "three"])
            data.items.add(new File([`The ${name} walrus sleeps on the ice.`], `${name}.txt`, { type: "text/plain" }));
          return data;
        }"""
    )
    for name in ("dragenter", "dragover", "drop"):
        page.dispatch_event(".dl-log", name, {"dataTransfer": dropped, "bubbles": True})
    page.locator(".dl-results li span").nth(2).wait_for()
    assert sorted(page.locator(".dl-results li").all_inner_texts()) == [
        "one.txt\nAdded as “one”, 1 passage",
        "three.txt\nAdded as “three”, 1 passage",
        "two.txt\nAdded as “two”, 1 passage",
    ]
    assert page.url.endswith("#documents")
    page.reload()
    page.locator(".dl-title", has_text="three").wait_for()
    assert documents.locator(".dl-over").count() == 0


def test_a_document_is_changed_and_asked_about_and_deleted(documents: Page, ask: Ask) -> None:
    """Title and date are set by hand; a chip asks of this document alone; deleting asks back once."""
    page = documents
    add(page, ("walrus.txt", WALRUS))
    row = page.locator(".dl-table tr", has_text="walrus")
    row.get_by_role("button", name="Edit").click()
    page.locator(".dl-edit [name=title]").fill("The scale <b>")
    page.locator(".dl-edit [name=published]").fill("2024-07-01")
    page.get_by_role("button", name="Save").click()
    row = page.locator(".dl-table tr", has_text="The scale <b>")
    row.wait_for()
    assert row.locator("td").nth(1).inner_text().split("\n") == ["1 Jul 2024", "by hand"]

    row.get_by_role("button", name="Ask about it").click()
    assert page.locator(".dl-chips span").all_inner_texts() == ["Only “The scale <b>”"]
    assert "document=" in page.url
    turn = ask(page, "How much does the walrus weigh?")
    assert turn.locator(".dl-understood").first.inner_text() == "Only documents that were chosen (1)"
    assert page.locator(".dl-group.dl-current h3").first.inner_text() == "1The scale <b>"

    page.get_by_role("tab", name="Documents").click()
    row.get_by_role("button", name="Delete").click()
    assert row.count() == 1
    other = page.locator(".dl-table tr[data-id]").last
    other.get_by_role("button", name="Delete").click()  # is asked about by itself, and not confirmed
    sure = other.get_by_role("button", name="Really delete?")
    assert sure.evaluate("button => button === document.activeElement")
    row.get_by_role("button", name="Really delete?").click()
    row.wait_for(state="detached")
    page.reload()
    page.get_by_role("tab", name="Chat").click()
    page.locator("#dl-turn-1").wait_for()
    assert page.locator(".dl-quote").first.inner_text().startswith("This is withheld: its document was deleted since.")


def test_a_file_is_given_back(documents: Page) -> None:
    """The document beside the table leads to the file that it was read from, as it came."""
    page = documents
    add(page, ("walrus.txt", WALRUS))
    page.locator(".dl-title", has_text="walrus").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download walrus.txt").click()
    assert download.value.suggested_filename == "walrus.txt"
    assert download.value.path().read_text("utf-8") == WALRUS


def test_a_title_opens_the_document(documents: Page) -> None:
    """A click on a title opens the document beside the table."""
    documents.get_by_role("button", name="Harbour reopens after the storm").click()
    documents.locator(".dl-reader h2", has_text="Harbour reopens after the storm").wait_for()
    assert documents.locator(".dl-reader .dl-text").inner_text().startswith("The quay was repaired")


def test_a_timeline_begins_with_suggestions(opened: Opened) -> None:
    """Before a topic is asked, titles are suggested, and a month of the picture leads to its documents."""
    page = opened()
    page.get_by_role("tab", name="Timeline").click()
    page.get_by_role("button", name="2024-05: 1 document").click()
    page.locator(".dl-title", has_text="A bridge by Ada Brook").wait_for()
    assert titles(page) == ["A bridge by Ada Brook"]
    page.get_by_role("tab", name="Timeline").click()
    page.locator(".dl-topics").get_by_role("button", name="What the bridge costs").click()
    page.locator(".dl-timeline .dl-told:not(:empty)").wait_for()
    assert page.get_by_label("Topic").input_value() == "What the bridge costs"
    assert page.locator(".dl-topics:visible").count() == 0


def test_a_timeline_shows_what_happened_when(opened: Opened) -> None:
    """A topic gives a plot over a list of quotes; a click on a mark of the plot opens the document at the quote."""
    page = opened()
    page.get_by_role("tab", name="Timeline").click()
    page.get_by_label("Topic").fill("harbour reopened after the storm")
    page.keyboard.press("Enter")
    page.locator(".dl-plot svg").wait_for()

    events = page.request.get("/v1/timeline?topic=harbour reopened after the storm").json()["events"]
    assert page.locator(".dl-plot rect").count() == len(events)
    assert page.locator(".dl-timeline .dl-told").inner_text() == "1 event"
    quotes = [cited["quote"] for event in events for cited in event["citations"]]
    assert page.locator(".dl-told-by").all_text_contents() == quotes
    assert page.locator(".dl-events h2 time").first.inner_text() == "11 Mar 2024"
    page.locator(".dl-plot rect").first.click()
    page.locator(".dl-reader mark").first.wait_for()
    assert page.locator(".dl-reader mark").all_text_contents() == quotes[:1]


def test_the_filters_of_the_chat_limit_the_timeline(opened: Opened) -> None:
    """A timeline keeps to the filters that are set, and tells them."""
    page = opened()
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_label("up to").first.fill("2024-03-01")
    page.get_by_role("tab", name="Timeline").click()
    page.get_by_label("Topic").fill("harbour reopened after the storm")
    page.keyboard.press("Enter")
    told = page.locator(".dl-timeline .dl-told", has_text="Published up to 1 Mar 2024")
    told.wait_for()
    assert page.locator(".dl-events li, .dl-plot svg").count() == 0


def test_two_days_are_no_stretch_of_time(documents: Page) -> None:
    """Of "9 and 11 November" timeline and chat name the two days; of "from 9 to 11" they name the days between too."""
    page = documents
    for title, words in (("Two storms", "on 9 and 11 November"), ("One storm", "from 19 to 21 November")):
        body = {"title": title, "text": f"A walrus storm struck the mill {words}.", "published": "2024-12-01"}
        page.request.post("/v1/documents", data=body)
    page.get_by_role("tab", name="Timeline").click()
    page.get_by_label("Topic").fill("walrus storm at the mill")
    page.keyboard.press("Enter")
    page.locator(".dl-plot svg").wait_for()
    shown = ["".join(text.split()) for text in page.locator(".dl-events h2").all_inner_texts()]
    assert shown == ["9and11Nov2024", "19–21Nov2024"]
    page.get_by_role("tab", name="Chat").click()
    page.locator("#dl-question").fill("When did a walrus storm strike the mill?")
    page.keyboard.press("Enter")
    page.locator(".dl-cited", has_text="“on 9 and 11 November” is 9 and 11 Nov 2024").wait_for()
