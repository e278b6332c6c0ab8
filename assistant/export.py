"""Conversations to take along: as Markdown and as JSON, each answer with its marks and what they stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from assistant.answer import Citation
from assistant.conversations import Conversation, KeptTurn
from corpus.document import Span

_GONE = {"deleted": "document deleted, quote withheld", "changed": "document changed since, quote withheld"}
_MARKUP = re.compile(r"[\\`*_\[\]<>&#~|$]|!(?=\[)|^[ \t]*(?:[-+=]|\d+[.)])(?=\s|$)", re.MULTILINE)
"""What Markdown may obey: characters anywhere, and the beginnings of lists and rules."""


def to_json(conversation: Conversation, *, base: str = "") -> dict[str, Any]:
    """The conversation with a list of ``references``, one for each citation, by turn and number.

    Args:
        base: what links begin with: ``http://127.0.0.1:7860``.
    """
    return {
        **conversation.to_dict(),
        "references": [
            {
                "turn": turn.number,
                "id": citation.id,
                "document_id": citation.document_id,
                "reference": reference(citation),
                "quote": citation.quote,
                "link": link(citation, base=base) if citation.quote else None,
            }
            for turn in conversation.turns
            for citation in turn.answer.citations
        ],
    }


def to_markdown(conversation: Conversation, *, base: str = "") -> str:
    """The conversation as Markdown: a heading for each question, the answer with its marks, its references below.

    No text of a document or user is markup in it.
    """
    info = conversation.info
    parts = [f"# {_line(info.title or 'Conversation')}", f"{info.created.date().isoformat()}, from Dateline"]
    for turn in conversation.turns:
        parts += _markdown_turn(turn, base)
    return "\n\n".join(parts) + "\n"


def reference(citation: Citation) -> str:
    """A citation's source in a line: title, publisher, day, place in the document."""
    day = f"published {citation.published.isoformat()}" if citation.published else "no published date"
    facts = [citation.title, citation.source, day, citation.locator or "", citation.url]
    return ", ".join(fact for fact in facts if fact)


def link(citation: Citation, *, base: str = "") -> str:
    """The page that opens the document at the quote."""
    return document_link(citation.document_id, citation.span, base=base)


def source_list(citations: Sequence[Citation], *, base: str | None) -> str:
    """What follows an answer's text: a line for each citation; empty where there is none.

    Args:
        base: what links begin with; None where no page can be opened, so that the document's id and the span are told.
    """
    if not citations:
        return ""
    lines = [
        f"[{citation.id}] {' '.join(reference(citation).split())}: "
        + (
            link(citation, base=base)
            if base is not None
            else f"document {citation.document_id}, {citation.span.start} to {citation.span.end}"
        )
        for citation in citations
    ]
    return "\n\nSources:\n" + "\n".join(lines)


def document_link(document_id: str, span: Span, *, base: str = "") -> str:
    """The page that opens a document at a span."""
    return f"{base}/documents/{document_id}?start={span.start}&end={span.end}#quote"


def _markdown_turn(turn: KeptTurn, base: str) -> list[str]:
    answer = turn.answer
    parts = [f"## {_line(answer.question)}"]
    if answer.standalone_question != answer.question:
        parts.append(f"Understood as: {_line(answer.standalone_question)}")
    parts.append("\n".join(f"> {_escaped(line.strip())}".rstrip() for line in answer.text.splitlines()))
    if answer.citations:
        parts.append("\n".join(_markdown_reference(citation, base) for citation in answer.citations))
    return parts


def _markdown_reference(citation: Citation, base: str) -> str:
    said = f"- \\[{citation.id}\\] {_line(reference(citation))}"
    if citation.status in _GONE:
        return f"{said} ({_GONE[citation.status]})"
    return f"{said}: [“{_line(citation.quote)}”]({link(citation, base=base)})"


def _line(text: str) -> str:
    return _escaped(" ".join(text.split()))


def _escaped(text: str) -> str:
    return _MARKUP.sub(lambda found: re.sub(r"([^\w\s])", r"\\\1", found[0]), text)
