"""The tools over the Model Context Protocol, called by its own client: over HTTP, and on standard input and output."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import CallToolResult, TextContent

from corpus.document import Document, PublishedDate

if TYPE_CHECKING:
    from assistant.parts import Parts

ROOT = Path(__file__).parents[3]
QUESTION = "Was the harbour reopened after the storm?"
HARBOUR = "The harbour 🌊 reopened after the storm, and ferries to Ness sail again. Fishing boats wait."
TOOLS = {"ask", "search", "timeline", "list_documents", "get_document"}

STDIO = """
import sys
from pathlib import Path

sys.path.insert(0, {root!r})
sys.path.insert(0, {here!r})
from assistant.cli import Session, run
from conftest import _stand_in_parts

opened = []

def opener(settings):
    opened.append(_stand_in_parts(settings))
    return opened[-1].__enter__()

sys.exit(run(["--data-dir", {data!r}, "mcp"], session=Session(opener)))
"""
"""``dateline mcp`` with stand-ins for the models."""


def document(title: str, text: str, day: datetime.date) -> Document:
    published = PublishedDate(day, "user")
    return Document(text=text, title=title, origin=title, name=title, published=published, source="Harbour Gazette")


DOCUMENTS = [
    document("Harbour reopens", HARBOUR, datetime.date(2024, 3, 12)),
    document("Gale", "A gale sank nine sloops on 2 May 2023. " + "Waves rose. " * 2000, datetime.date(2023, 5, 4)),
]


@pytest.fixture(scope="module")
def filled(served: Any) -> Parts:
    assert [result.status for result in served.parts.library.add(DOCUMENTS)] == ["added", "added"]
    parts: Parts = served.parts
    return parts


@pytest.fixture(scope="module")
def url(served: Any, filled: Parts) -> str:
    return str(served.url)


def over_http(url: str, use: Callable[[Client], Awaitable[Any]], **options: Any) -> Any:
    async def main() -> Any:
        async with Client(f"{url}/mcp", **options) as client:
            return await use(client)

    return anyio.run(main)


def call(url: str, tool: str, **arguments: Any) -> CallToolResult:
    result = over_http(url, lambda client: client.call_tool(tool, arguments))
    assert isinstance(result, CallToolResult)
    return result


def said(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


def data(result: CallToolResult) -> dict[str, Any]:
    assert result.is_error is not True, said(result)
    assert result.structured_content is not None
    return result.structured_content


def unlike(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what differs each time that the same is asked."""
    return {name: value for name, value in answer.items() if name not in ("id", "timings_ms")}


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_the_tools_are_told_with_what_they_take(url: str, mode: str) -> None:
    """Clients of the old and of the new handshake see the same tools, which only read."""
    listed = over_http(url, lambda client: client.list_tools(), mode=mode)

    tools = {tool.name: tool for tool in listed.tools}
    assert set(tools) == TOOLS
    assert all(tool.annotations.read_only_hint for tool in tools.values())
    asked = tools["ask"].input_schema
    assert asked["required"] == ["question"]
    assert set(asked["properties"]) == {"question", "as_of", "after", "before", "document_ids"}


def test_an_answer_is_the_same_as_everywhere(url: str, filled: Parts) -> None:
    """The text is the answer's with its sources, which open here; the data is the native answer."""
    answer = filled.assistant.ask(QUESTION)
    result = call(url, "ask", question=QUESTION)

    assert unlike(data(result)) == unlike(answer.to_dict())
    (citation,) = answer.citations
    page = f"{url}/documents/{citation.document_id}?start={citation.span.start}&end={citation.span.end}#quote"
    assert said(result) == (
        f"{answer.text}\n\nSources:\n[1] Harbour reopens, Harbour Gazette, published 2024-03-12: {page}"
    )


def test_filters_hold(url: str) -> None:
    """What was published after `as_of` is not cited, and a refusal says what was searched."""
    result = call(url, "ask", question=QUESTION, as_of="2023-12-31")

    assert data(result)["trace"]["filters"] == {"as_of": "2023-12-31"}
    assert data(result)["answered"] is False
    assert said(result) == data(result)["text"]


def test_a_month_or_year_limits_too(url: str) -> None:
    """It counts whole, as on the command line."""
    result = call(url, "ask", question=QUESTION, after="2023", before="2023-02")

    assert data(result)["trace"]["filters"] == {"after": "2023-01-01", "before": "2023-02-28"}


def test_a_timeline_is_the_same_as_everywhere(url: str, filled: Parts) -> None:
    """The events of a topic come with the sources of their quotes, and as the native timeline."""
    timeline = filled.assistant.timeline("gale and sloops", limit=5)
    result = call(url, "timeline", topic="gale and sloops", limit=5)

    assert timeline.events
    assert unlike(data(result)) == unlike(timeline.to_dict())
    assert said(result).startswith(f"{timeline.text}\n\nSources:\n[1] Gale, Harbour Gazette")


def test_search_list_and_read(url: str, filled: Parts) -> None:
    """Passages, documents and their text come for the model to read and as data; long texts come in parts."""
    (passage,) = data(call(url, "search", query="ferries to Ness", limit=1))["passages"]
    assert (passage["title"], passage["text"]) == ("Harbour reopens", HARBOUR)

    listed = call(url, "list_documents", before="2023-12-31")
    gale = passage_id(filled, "Gale")
    assert said(listed) == f"{gale}: Gale, Harbour Gazette, published 2023-05-04\n1 of 1, from 0 on."
    assert [info["id"] for info in data(listed)["documents"]] == [gale]

    text = DOCUMENTS[1].text
    first = call(url, "get_document", document_id=gale)
    assert data(first)["text"] == text[:20_000]
    assert said(first).endswith(f"(20,000 of {len(text):,} characters; go on with start=20000.)")
    rest = call(url, "get_document", document_id=gale, start=20_000)
    assert data(rest)["text"] == text[20_000:]
    assert data(rest)["span"] == {"start": 20_000, "end": len(text)}
    for start, end in ((50, 5), (500_000, 500_010)):
        beyond = call(url, "get_document", document_id=passage["document_id"], start=start, end=end)
        assert beyond.is_error
        assert "There is no such stretch" in said(beyond)
    span = call(url, "get_document", document_id=passage["document_id"], start=4, end=11)
    assert data(span)["text"] == "harbour"


def passage_id(parts: Parts, title: str) -> str:
    return next(info.id for info in parts.library.documents() if info.title == title)


def test_what_cannot_be_done_is_told_to_the_model(url: str) -> None:
    """An unknown document, an empty question and a wrong argument are errors in words, without traces of the code."""
    unknown = call(url, "get_document", document_id="none")
    empty = call(url, "ask", question=" ")
    wrong = call(url, "search", query="harbour", limit=1000)

    assert (unknown.is_error, empty.is_error, wrong.is_error) == (True, True, True)
    assert "There is no document 'none'; list_documents tells the ids." in said(unknown)
    assert "the question is empty: ask something in words" in said(empty)
    assert "limit" in said(wrong)
    assert "Traceback" not in said(unknown) + said(empty) + said(wrong)


def test_only_posts_are_taken(url: str) -> None:
    """The address opens no stream of its own, and another site's page may not use it."""
    read = httpx.get(f"{url}/mcp", headers={"Accept": "text/event-stream"}, trust_env=False)
    assert (read.status_code, read.headers["allow"]) == (405, "POST")
    assert read.json()["error"]["code"] == "method_not_allowed"
    call_of = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    foreign = httpx.post(f"{url}/mcp", json=call_of, headers={"Origin": "http://192.0.2.7"}, trust_env=False)
    assert (foreign.status_code, foreign.json()["error"]["code"]) == (403, "foreign_origin")


def test_the_command_speaks_on_standard_input_and_output(tmp_path: Path) -> None:
    """`dateline mcp` answers as the server does; without pages to open, sources name document and span."""
    from index.embedding import WordHashEmbedder
    from index.library import Library

    library = Library.open(tmp_path / "library", WordHashEmbedder())
    assert [result.status for result in library.add(DOCUMENTS[:1])] == ["added"]
    (info,) = library.documents()
    library.close()
    script = tmp_path / "stdio.py"
    script.write_text(STDIO.format(root=str(ROOT), here=str(ROOT / "tests"), data=str(tmp_path / "library")))

    async def main() -> tuple[Any, Any]:
        server = StdioServerParameters(command=sys.executable, args=[str(script)])
        async with Client(stdio_client(server)) as client:
            return await client.list_tools(), await client.call_tool("ask", {"question": QUESTION})

    listed, answered = anyio.run(main)
    assert {tool.name for tool in listed.tools} == TOOLS
    quote = "The harbour 🌊 reopened after the storm, and ferries to Ness sail again."
    source = f"[1] Harbour reopens, Harbour Gazette, published 2024-03-12: document {info.id}, 0 to {len(quote)}"
    assert said(answered) == f"{quote} [1]\n\nSources:\n{source}"
