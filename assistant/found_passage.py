"""A search's result as JSON, the same from the API and the tools."""

from __future__ import annotations

from typing import Any

from index.library import RetrievedPassage


def found_passage(item: RetrievedPassage) -> dict[str, Any]:
    """The stretch of text that was found, with its document and where it stands."""
    document = item.document
    return {
        "document_id": document.id,
        "title": document.title,
        "source": document.source,
        "published": document.published.value.isoformat() if document.published else None,
        "span": {"start": item.passage.span.start, "end": item.passage.span.end},
        "focus": {"start": item.core.start, "end": item.core.end},
        "text": item.passage.text,
        "score": round(item.score, 4),
    }
