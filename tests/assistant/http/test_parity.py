"""One engine: whichever way a question comes in, the answer has the same text and the same citations."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import openai
import pytest
from mcp import Client
from mcp_types import TextContent

from assistant.cli import Session, run

if TYPE_CHECKING:
    from assistant.parts import Parts

ROOT = Path(__file__).parents[3]
SET = ROOT / "tests" / "eval" / "sample" / "questions.jsonl"
ROWS = [json.loads(line) for line in SET.read_text("utf-8").splitlines()]
QUESTIONS = [row["question"] for row in ROWS if not row.get("history")][::8]


@dataclass(frozen=True)
class Told:
    """What one way of asking gives."""

    text: str
    citations: list[Mapping[str, Any]]
    spans: list[tuple[int, int]]
    """Where the text stands on each citation."""

    @classmethod
    def of(cls, text: str, citations: list[Mapping[str, Any]]) -> Told:
        return cls(text, citations, [(item["answer"]["start"], item["answer"]["end"]) for item in citations])


@dataclass
class Shared:
    """Parts that stay open when a command is done with them."""

    parts: Parts

    def __getattr__(self, name: str) -> Any:
        return getattr(self.parts, name)

    def close(self) -> None:
        """The fixture closes them."""


@pytest.fixture(scope="module")
def filled(served: Any) -> Any:
    """The server, with the sample documents."""
    from assistant import ingestion

    found = ingestion.find([ROOT / "corpus" / "sample"])
    assert {result.status for result in ingestion.ingest(served.parts.library, found.files)} == {"added"}
    return served


def by_assistant(served: Any, question: str, **_: Any) -> Told:
    answer = served.parts.assistant.ask(question).to_dict()
    return Told.of(answer["text"], answer["citations"])


def by_command(served: Any, question: str, capsys: pytest.CaptureFixture[str]) -> Told:
    assert run(["ask", question, "--json"], session=Session(lambda *_, **__: Shared(served.parts))) == 0
    answer = json.loads(capsys.readouterr().out)
    return Told.of(answer["text"], answer["citations"])


def by_ask(served: Any, question: str, **_: Any) -> Told:
    answer = httpx.post(f"{served.url}/v1/ask", json={"question": question}, trust_env=False, timeout=60).json()
    return Told.of(answer["text"], answer["citations"])


def by_ask_streamed(served: Any, question: str, **_: Any) -> Told:
    asked = {"question": question, "stream": True}
    body = httpx.post(f"{served.url}/v1/ask", json=asked, trust_env=False, timeout=60).text
    events = [(name, json.loads(data)) for name, data in re.findall(r"event: (\w+)\ndata: (.*)\n\n", body)]
    text = "".join(data["text"] for name, data in events if name == "delta")
    (citations,) = (data["citations"] for name, data in events if name == "citations")
    (done,) = (data["answer"] for name, data in events if name == "done")
    assert (done["text"], done["citations"]) == (text, citations)
    return Told.of(text, citations)


def client(served: Any) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=f"{served.url}/v1", api_key="none", http_client=httpx.Client(trust_env=False), max_retries=0
    )


def by_chat(served: Any, question: str, **_: Any) -> Told:
    done = client(served).chat.completions.create(model="dateline", messages=[{"role": "user", "content": question}])
    message = done.choices[0].message
    cited = [annotation.url_citation for annotation in message.annotations or ()]
    assert done.model_extra is not None
    return Told(
        (message.content or "").partition("\n\nSources:\n")[0],
        done.model_extra["dateline"]["citations"],
        [(citation.start_index, citation.end_index) for citation in cited],
    )


def by_chat_streamed(served: Any, question: str, **_: Any) -> Told:
    chunks = list(
        client(served).chat.completions.create(
            model="dateline", messages=[{"role": "user", "content": question}], stream=True
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert chunks[-1].model_extra is not None
    annotations = (chunks[-1].choices[0].delta.model_extra or {})["annotations"]
    cited = [annotation["url_citation"] for annotation in annotations]
    return Told(
        text.partition("\n\nSources:\n")[0],
        chunks[-1].model_extra["dateline"]["citations"],
        [(citation["start_index"], citation["end_index"]) for citation in cited],
    )


def by_tool(served: Any, question: str, **_: Any) -> Told:
    async def ask() -> Any:
        async with Client(f"{served.url}/mcp") as tools:
            return await tools.call_tool("ask", {"question": question})

    result = anyio.run(ask)
    (block,) = result.content
    assert isinstance(block, TextContent)
    return Told.of(block.text.partition("\n\nSources:\n")[0], result.structured_content["citations"])


WAYS: tuple[Callable[..., Told], ...] = (by_command, by_ask, by_ask_streamed, by_chat, by_chat_streamed, by_tool)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_way_gives_the_same_answer(filled: Any, question: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Command line, API, OpenAI's shapes and MCP, plain and streamed, tell the same text on the same citations."""
    expected = by_assistant(filled, question)

    for way in WAYS:
        assert way(filled, question, capsys=capsys) == expected, way.__name__


def test_the_questions_tell_the_ways_apart(filled: Any) -> None:
    """Among the questions are some that are answered, with several citations too, and some that are not."""
    counts = {len(by_assistant(filled, question).citations) for question in QUESTIONS}
    assert {0, 1} < counts
