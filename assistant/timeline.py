"""What happened when: the dated sentences on a topic, in the order of their events, each a checked quote.

A sentence stands at the date of the event that it tells of, as fine as its words. A document that tells of the topic
without any date stands at the day that it was published on, and the entry says so. What several documents tell of one
event is one entry, with all their quotes.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from assistant.answer import Citation, Step, Trace
from assistant.calibration import Calibration
from assistant.evidence import Evidence, quote_span, sentence_vectors, weigh_sentences
from assistant.verbatim import Quote, check_citations, cite, pages_of
from assistant.windows import Window, question_window
from corpus.document import EventDate, Granularity, Span, joined_by
from corpus.filters import Filters
from index.library import Library, RetrievedPassage
from index.words import query_terms

MOST_EVENTS = 30
DATES_READ = 0.95
"""Share of sentences whose dates are read to the letter, as the tests hold it: how sure an answer is that only tells
what happened at a time."""
_RETRIEVED = 20
"""Stretches whose sentences are weighed."""
_RETRIEVED_OF_TIME = 40
"""The same of the documents of a time, where it is asked about without a topic."""
_TOLD_WITHIN = 31
"""Days after a time up to which most of the news about it has appeared."""
_RELEVANT = 0.6
"""Share of the best sentence's relevance from which another is on the topic too."""
_LEAST_RELEVANT = 0.35
"""Relevance below which nothing is on the topic."""
_NEAR, _COVERED = 0.6, 0.35
"""Cosine, or share of the topic's words in the sentence, its title and its neighbour, that the topic asks for."""
_OVERLAP_WEIGHT, _CONTEXT_WEIGHT = 0.25, 0.1
"""What the topic's words add to a sentence's cosine: its own words, and those of its title and neighbour."""
_SAME_EVENT = (0.65, 0.4)
"""Two sentences of one date tell of one event from this cosine on, and this share of the shorter one's words."""
_HELD_EVENT = (0.7, 0.5)
"""The same where the one date only lies within the other: in June, on 19 June."""

Clock = Literal["event", "published"]


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One entry: a date, and the quotes that tell of it."""

    first: date
    last: date
    """Inclusive; equal to ``first`` for a day."""
    granularity: Granularity
    clock: Clock
    """``event``: when it happened, by the quotes' words; ``published``: they name no date, so when it appeared."""
    iso: str
    """ISO 8601 at the granularity of the words: ``2024-06``."""
    running: bool
    """Whether it goes on: "since August"; ``last`` is then the day that the document was published on."""
    joined: str
    """The word between two days that are meant alone: "and" in "9 and 11 November"; else empty."""
    citations: tuple[Citation, ...]
    """The one that names the date most finely first; at most one a document."""

    @property
    def said(self) -> str:
        """The date for people: ``19 June 2024``, ``June 2024``, ``8 to 13 October``, ``9 and 11 November 2024``."""
        if self.running:
            return f"since {_start(self.first)}"
        return _said(self.first, self.last, self.granularity, self.joined or "to")

    def to_dict(self) -> dict[str, Any]:
        return {
            "date": self.iso,
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "granularity": self.granularity,
            "clock": self.clock,
            "running": self.running,
            "joined": self.joined,
            "said": self.said,
            "citations": [citation.to_dict() for citation in self.citations],
        }


@dataclass(frozen=True, slots=True)
class Timeline:
    """The events of a topic, the earliest first."""

    topic: str
    events: tuple[TimelineEvent, ...]
    reason: str | None
    """Why there is no event; None where there are some."""
    text: str
    """A line an event: its date, its first quote, and the marks of all its quotes."""
    trace: Trace
    timings_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Of all events, by number."""
        return tuple(citation for event in self.events for citation in event.citations)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, the same from CLI, API and page."""
        filters = self.trace.filters
        return {
            "topic": self.topic,
            "as_of": filters.as_of.isoformat() if filters.as_of else None,
            "events": [event.to_dict() for event in self.events],
            "reason": self.reason,
            "text": self.text,
            "trace": self.trace.to_dict(),
            "timings_ms": {name: round(value, 2) for name, value in self.timings_ms.items()},
        }


def build_timeline(
    topic: str,
    library: Library,
    calibrations: Mapping[str, Calibration],
    *,
    filters: Filters,
    limit: int = MOST_EVENTS,
) -> Timeline:
    """The events of a topic.

    Args:
        topic: in words; where it names a time ("… in June 2024"), only events of that time are given.
        filters: on published dates and documents.
        limit: events at most; the most relevant are kept.
    """
    started = time.perf_counter()
    stats = library.stats(filters)
    window = question_window(topic, filters.as_of or date.today())
    window = window if window is not None and window.bounded else None
    groups, searched = _told(topic, window, library, calibrations, filters)
    events, text = _written(groups[:limit], library)
    steps = (
        *([Step("time", window.to_dict())] if window is not None else []),
        *searched,
        Step("merge", {"events": len(events), "quotes": sum(len(event.citations) for event in events)}),
    )
    trace = Trace(stats.documents, stats.published_from, stats.published_to, filters, steps)
    reason = None if events else _no_events(bool(stats.documents), window)
    return Timeline(
        topic, events, reason, text or reason or "", trace, {"total": (time.perf_counter() - started) * 1000}
    )


def events_within(
    topic: str, window: Window, library: Library, calibrations: Mapping[str, Calibration], *, filters: Filters
) -> list[Evidence]:
    """The sentence that leads each event of a topic in a time, the most relevant first."""
    groups, _ = _told(topic, window, library, calibrations, filters)
    return [group[0].evidence for group in groups]


def _told(
    topic: str,
    window: Window | None,
    library: Library,
    calibrations: Mapping[str, Calibration],
    filters: Filters,
) -> tuple[list[list[_Telling]], tuple[Step, ...]]:
    """The events of a topic, the most relevant first, and the steps by which they were found."""
    retrieved = library.search(topic, limit=_RETRIEVED, filters=filters)
    weighed = weigh_sentences(topic, retrieved, library, calibrations)
    relevant = _relevant(weighed)
    tellings = _tellings(relevant, window)
    counts = {"sentences": len(weighed), "on_topic": len(relevant), "dated": len(tellings)}
    return _merged(tellings), (Step("search", {"passages": len(retrieved)}), Step("select", counts))


def events_of_time(
    window: Window, library: Library, calibrations: Mapping[str, Calibration], *, filters: Filters
) -> list[Evidence]:
    """The sentence that leads each event of a time, whatever it is about.

    What was published at the time comes before what looks back, and the best one of each document before the second
    best of any. What most documents tell of is better, then what stands nearest to the beginning of its document: news
    puts what happened there. A day that lies ahead of its document is a plan, and a time longer than the one asked
    about says nothing of it: neither counts.
    """
    weighed = {
        (item.sentence.document_id, item.sentence.ordinal): item
        for item in weigh_sentences(window.text, _of_time(window, library, filters), library, calibrations)
    }
    leading = sorted(weighed.values(), key=lambda item: item.sentence.ordinal)
    tellings = [
        item
        for item in _tellings([(-float(item.sentence.ordinal), item) for item in leading], window)
        if item.days <= (window.last - window.first).days + 1 and not _is_planned(item)
    ]
    best = [group[0] for group in sorted(_merged(tellings), key=lambda group: -len(group))]
    earlier: Counter[str] = Counter()
    ranked: list[tuple[bool, int, Evidence]] = []
    for item in best:
        published = item.evidence.retrieved.document.published
        looks_back = published is None or not window.first <= published.value <= _told_until(window)
        ranked.append((looks_back, earlier[item.document_id], item.evidence))
        earlier[item.document_id] += 1
    return [evidence for _, _, evidence in sorted(ranked, key=lambda row: row[:2])]


def _told_until(window: Window) -> date:
    return date.fromordinal(min(window.last.toordinal() + _TOLD_WITHIN, date.max.toordinal()))


def _of_time(window: Window, library: Library, filters: Filters) -> list[RetrievedPassage]:
    """Stretches of documents that were published in a time or soon after, and those that its words find."""
    then = replace(
        filters,
        after=max(filters.after or date.min, window.first),
        before=min(filters.before or date.max, _told_until(window)),
    )
    told = library.search(window.text, limit=_RETRIEVED_OF_TIME, filters=then) if then.contradiction is None else []
    return [*told, *library.search(window.text, limit=_RETRIEVED, filters=filters)]


def _is_planned(item: _Telling) -> bool:
    published = item.evidence.retrieved.document.published
    return published is not None and item.when.first > published.value


# which sentences, at which dates


@dataclass(frozen=True, slots=True)
class _Telling:
    """A sentence, and one of the dates that it tells of."""

    evidence: Evidence
    relevance: float
    when: EventDate
    clock: Clock = "event"

    @property
    def document_id(self) -> str:
        return self.evidence.sentence.document_id

    @property
    def days(self) -> int:
        return (self.when.last - self.when.first).days + 1


def _relevant(weighed: Sequence[Evidence]) -> list[tuple[float, Evidence]]:
    """The sentences on the topic with their relevance, the most relevant first."""
    scored = sorted(((_relevance(item), item) for item in weighed), key=lambda pair: -pair[0])
    least = max(_LEAST_RELEVANT, _RELEVANT * scored[0][0]) if scored else 0.0
    return [(score, item) for score, item in scored if score >= least and _on_topic(item)]


def _on_topic(item: Evidence) -> bool:
    """Whether a sentence has more of the topic than its commonest words."""
    features = item.features
    return features["cosine"] >= _NEAR or features["overlap"] + features["context_overlap"] >= _COVERED


def _relevance(item: Evidence) -> float:
    features = item.features
    return features["cosine"] + _OVERLAP_WEIGHT * features["overlap"] + _CONTEXT_WEIGHT * features["context_overlap"]


def _tellings(relevant: Sequence[tuple[float, Evidence]], window: Window | None) -> list[_Telling]:
    """A telling for each date of each sentence, and for each document without any its most relevant sentence."""
    found: list[_Telling] = []
    dated: set[str] = set()
    for score, item in relevant:
        dates = told_dates(item.sentence.text, item.sentence.event_dates, item.sentence.span.start)
        dated.update([item.sentence.document_id] if dates else [])
        found += [_Telling(item, score, when) for when in dates]
    for score, item in relevant:
        published = item.retrieved.document.published
        if published is None or item.sentence.document_id in dated or _SHIFTED.search(item.sentence.text):
            continue
        dated.add(item.sentence.document_id)
        day = EventDate(published.value, published.value, "day", item.sentence.span, "")
        found.append(_Telling(item, score, day, "published"))
    if window is not None:
        found = [item for item in found if item.when.first <= window.last and window.first <= item.when.last]
    return sorted(found, key=lambda item: -item.relevance)


_SHIFTED = re.compile(r"\b(?:before|after|later|earlier|ago|previously|until|had|recently)\b", re.IGNORECASE)
"""Words of a sentence that tells of another time than the day it was published on."""
_REPORTED = re.compile(
    r"\b(?:said|says|told|reported|announced|wrote|stated|added|declared|confirmed|warned|according to)\b[^,;.:]{0,40}$"
)
_OF = re.compile(r"(?:^|\s)(?:of|from|for)(?:\s+(?:the|early|mid|late))?\s*$", re.IGNORECASE)
_AND = re.compile(r"^\s*(?:,|and|or|, and)\s*(?:of|from|for)?\s*$", re.IGNORECASE)
_ENDS = re.compile(
    r"\b(?:replac(?:es?|ed|ing)|supersed(?:es?|ed|ing)|(?:takes?|took|taking) the place of|laps(?:es?|ed|ing)"
    r"|(?:los(?:es?|t|ing)) (?:its|their) (?:validity|force|effect)|expir(?:es?|ed|ing)|repeal(?:s|ed|ing)?"
    r"|annul(?:s|led|ling)?|terminat(?:es?|ed|ing)|void|no longer (?:valid|in force)|out of force)\b",
    re.IGNORECASE,
)
"""That a thing came to its end, not on the day that it is named by."""
_MOST_NAMED = 2
"""Dates that things are named by ("the treaty of 2000") up to which a sentence tells of those things."""


def told_dates(text: str, dates: Sequence[EventDate], offset: int) -> list[EventDate]:
    """The dates that a sentence tells an event of, in reading order.

    Not those that are open to one side; not "this year" beside "on Tuesday"; not the day of a report, nor one that a
    thing is named by ("the treaty of 2000"), where the sentence has another or says that the thing came to its end.

    Args:
        dates: of the sentence, in code points of its document.
        offset: where the sentence begins in its document.
    """
    closed = [item for item in dates if item.first != date.min and item.last != date.max]
    fine = [item for item in closed if not any(_inside(other, item) for other in closed)]
    named, reported = [], []
    for position, item in enumerate(fine):
        start = max(item.span.start - offset, 0)
        before, words = text[:start], item.text.split()
        follows = position and fine[position - 1] in named
        between = text[max(fine[position - 1].span.end - offset, 0) : start] if follows else None
        if item.granularity != "range" and (
            _OF.search(before) or words[:1] in (["of"], ["from"], ["for"]) or (between and _AND.match(between))
        ):
            named.append(item)
        elif _REPORTED.search(before):
            reported.append(item)
    own = [item for item in fine if item not in named and item not in reported]
    unique = {(item.first, item.last): item for item in reversed(own or reported or named)}
    if not own and not reported and (len(unique) > _MOST_NAMED or _ENDS.search(text)):
        return []
    return list(reversed(unique.values()))


def _inside(inner: EventDate, outer: EventDate) -> bool:
    """Whether one date lies within a longer one."""
    longer = (outer.last - outer.first) > (inner.last - inner.first)
    return longer and outer.first <= inner.first and inner.last <= outer.last


# one event, told by several


def tell_the_same(one: Evidence, other: Evidence, cosine: float) -> bool:
    """Whether two sentences, with this cosine, tell of one event on one day, or of a month and a day in it."""
    return any(
        _may_be_same(first, second) and _is_same(first, second, cosine)
        for first in _dated(one)
        for second in _dated(other)
    )


def _dated(item: Evidence) -> list[_Telling]:
    sentence = item.sentence
    dates = told_dates(sentence.text, sentence.event_dates, sentence.span.start)
    return [_Telling(item, 0.0, when) for when in dates]


def _merged(tellings: Sequence[_Telling]) -> list[list[_Telling]]:
    """Tellings of one event together, the most relevant event first; within one, the finest date first."""
    if not tellings:
        return []
    vectors = sentence_vectors([item.evidence for item in tellings])
    similar = vectors @ vectors.T
    groups: list[list[int]] = []
    for row, item in enumerate(tellings):
        joined = [row]
        for group in list(groups):
            if any(_is_same(item, tellings[other], float(similar[row, other])) for other in group) and all(
                _may_be_same(tellings[one], tellings[other]) for one in joined for other in group
            ):
                # A new telling may show that two groups were one event all along.
                groups.remove(group)
                joined = group + joined
        groups.append(joined)
    groups.sort(key=min)
    return [_one_a_document([tellings[row] for row in group]) for group in groups]


def _may_be_same(one: _Telling, other: _Telling) -> bool:
    """Whether two dates are the same, or one lies in the other's month, and no figures speak against one event."""
    first, second = one.when, other.when
    held = _inside(first, second) or _inside(second, first)
    dates = _equal(first, second) or (held and max(one.days, other.days) <= _MONTH)
    figures, others = _figures(one), _figures(other)
    return one.clock == other.clock and dates and (not figures or not others or bool(figures & others))


def _is_same(one: _Telling, other: _Telling, cosine: float) -> bool:
    least_cosine, least_shared = _SAME_EVENT if _equal(one.when, other.when) else _HELD_EVENT
    words, others = _words(one), _words(other)
    shared = len(words & others) / max(min(len(words), len(others)), 1)
    return cosine >= least_cosine and shared >= least_shared


def _equal(one: EventDate, other: EventDate) -> bool:
    return (one.first, one.last) == (other.first, other.last)


def _without_times(item: _Telling) -> str:
    text = item.evidence.sentence.text
    for when in item.evidence.sentence.event_dates:
        text = text.replace(when.text, " ")
    return text


def _words(item: _Telling) -> set[str]:
    """Stems of the sentence that say something, without its words of time."""
    return set(query_terms(_without_times(item))) - _SAYING


_MONTH = 31
"""Days of a date up to which a finer one in it may be the same event: much happens in a year."""
_SAYING = frozenset(query_terms("said says told reported announced according agency"))


def _figures(item: _Telling) -> set[str]:
    return set(_FIGURE.findall(_without_times(item)))


_FIGURE = re.compile(r"\d[\d.,]*\d")


def _one_a_document(group: Sequence[_Telling]) -> list[_Telling]:
    """The finest date first; of equally fine ones, what was published nearest to the event."""
    chosen: dict[str, _Telling] = {}
    for item in sorted(group, key=lambda item: (item.days, _distance(item), -item.relevance)):
        chosen.setdefault(item.document_id, item)
    return list(chosen.values())


def _distance(item: _Telling) -> int:
    """Days between the event and the day that its document was published on; many for an undated one."""
    published = item.evidence.retrieved.document.published
    return abs((published.value - item.when.first).days) if published is not None else date.max.toordinal()


# writing


def _written(groups: Sequence[Sequence[_Telling]], library: Library) -> tuple[tuple[TimelineEvent, ...], str]:
    ordered = sorted(groups, key=lambda group: (group[0].when.first, -group[0].days))
    events: list[TimelineEvent] = []
    lines: list[str] = []
    position, number = 0, 1
    for group in ordered:
        quotes = _quotes(group, library)
        if not quotes:
            continue  # the documents were deleted while they were read
        when, clock = group[0].when, group[0].clock
        running = _SINCE.match(when.text) is not None
        joined = joined_by(when.text)
        event = TimelineEvent(when.first, when.last, when.granularity, clock, when.iso, running, joined, ())
        lead = f"{event.said}{' (published)' if clock == 'published' else ''}: "
        told = quotes[0][1].text
        answer = Span(position + len(lead), position + len(lead) + len(told))
        citations = []
        pages = pages_of([quote for _, quote in quotes], library)
        for (item, quote), page in zip(quotes, pages, strict=True):
            marked = item.clock == "event" and quote.span.contains(item.when.span)
            citations.append(cite(number, quote, answer, page, marks=(item.when.span,) if marked else ()))
            number += 1
        check_citations(citations, library)
        line = lead + told + "".join(f" [{citation.id}]" for citation in citations)
        events.append(replace(event, citations=tuple(citations)))
        lines.append(line)
        position += len(line) + 1
    return tuple(events), "\n".join(lines)


def _quotes(group: Sequence[_Telling], library: Library) -> list[tuple[_Telling, Quote]]:
    spans = [quote_span(item.evidence) for item in group]
    texts = library.catalog.cut([(item.document_id, span) for item, span in zip(group, spans, strict=True)])
    return [
        (item, Quote(item.evidence, span, text)) for item, span, text in zip(group, spans, texts, strict=True) if text
    ]


_SINCE = re.compile(r"since\b", re.IGNORECASE)


def _no_events(documents: bool, window: Window | None) -> str:
    if not documents:
        return "No document passes the filters, or there are none yet, so nothing was searched."
    when = f" {window.text}" if window is not None else ""
    return f"The documents tell of no dated event on this{when}. Word the topic as they would, or widen the filters."


def _said(first: date, last: date, granularity: Granularity, between: str) -> str:
    match granularity:
        case "day":
            return _day(first)
        case "month":
            return f"{first:%B} {first.year}"
        case "year":
            return str(first.year)
    whole_months = first.day == 1 and (last.toordinal() + 1 == _next_month(last).toordinal())
    if whole_months and (first.month, last.month) == (1, 12):
        return f"{first.year} to {last.year}"
    if whole_months:
        start = f"{first:%B}" if first.year == last.year else f"{first:%B} {first.year}"
        return f"{start} to {last:%B} {last.year}"
    if first.year != last.year:
        return f"{_day(first)} {between} {_day(last)}"
    if first.month != last.month:
        return f"{first.day} {first:%B} {between} {_day(last)}"
    return f"{first.day} {between} {_day(last)}"


def _start(first: date) -> str:
    """The day that something runs since; the month or year where it may be no more than that."""
    if first.day > 1:
        return _day(first)
    return f"{first:%B} {first.year}" if first.month > 1 else str(first.year)


def _day(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
