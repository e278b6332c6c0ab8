"""The order that a question asks for: of the sentences that answer about equally well, the latest or first leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from assistant.evidence import Evidence
from assistant.timeline import told_dates
from assistant.windows import Window

_ABOUT_EQUAL = 1.0
"""Log odds below the best up to which a sentence answers about as well."""
_COMPARED = 12
"""Best sentences that are looked at."""

Clock = Literal["event", "published"]


@dataclass(frozen=True, slots=True)
class Ordered:
    """Evidence after the order that was asked for."""

    evidence: tuple[Evidence, ...]
    """The same sentences; those that answered about equally well have changed places, and their log odds with them."""
    reading: dict[str, Any]
    """For the trace: the order, the words that asked for it, how many sentences were compared, by which dates."""


def in_order(evidence: Sequence[Evidence], window: Window) -> Ordered:
    """Put the latest or first of the about equally good sentences in front.

    A sentence's time is that of its event, or else the day that its document was published on; one that has neither
    keeps its place behind those that have.
    """
    order = window.order or "latest"
    best = evidence[0].logit if evidence else 0.0
    equal = [item for item in evidence[:_COMPARED] if item.logit >= best - _ABOUT_EQUAL]
    timed = [(item, *when) for item in equal if (when := time_of(item)) is not None]
    timed.sort(key=lambda entry: entry[1], reverse=order == "latest")
    moved = [entry[0] for entry in timed] + [item for item in equal if time_of(item) is None]
    logits = sorted((item.logit for item in equal), reverse=True)
    front = tuple(replace(item, logit=logit) for item, logit in zip(moved, logits, strict=True))
    kept = {id(item) for item in equal}
    clocks = sorted({clock for _, _, clock in timed})
    reading = {
        "order": order,
        "words": window.text,
        "compared": len(equal),
        "by": clocks,
        "moved": bool(front) and front[0].sentence != evidence[0].sentence,
    }
    return Ordered((*front, *(item for item in evidence if id(item) not in kept)), reading)


def time_of(item: Evidence) -> tuple[date, Clock] | None:
    """When what a sentence tells took place, or else when its document appeared."""
    dates = told_dates(item.sentence.text, item.sentence.event_dates, item.sentence.span.start)
    if dates:
        return max(when.first for when in dates), "event"
    published = item.retrieved.document.published
    return (published.value, "published") if published is not None else None
