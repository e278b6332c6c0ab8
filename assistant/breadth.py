"""Broad questions: those that one quote does not answer, told by their form, and the quotes that answer them together.

Quotes are chosen by maximal marginal relevance (Carbonell and Goldstein 1998): each next one answers well and says
something that those before it do not. They stand in the order of time where the question asks what happened, else in
that of the documents. Where a document gives a list, the list is quoted whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from assistant.evidence import Evidence, quote_span, sentence_vectors
from assistant.order import time_of
from assistant.speakers import speakers_of
from assistant.timeline import tell_the_same, told_dates
from assistant.values import asked_kind
from assistant.verbatim import Quote, add_new
from assistant.windows import Window
from corpus.document import Sentence, Span
from index.library import Library
from index.words import query_terms

MOST_QUOTES = 5
_WEIGHED = 24
"""Best sentences among which is chosen."""
_LEAST = 0.15
"""Share of the best sentence's probability that another must have."""
_NOVELTY = 0.4
"""How much of a sentence's worth (its share of the best one's probability) its likeness to a chosen one can take."""
_NEAR_DUPLICATE = 0.85
"""Cosine of two sentences from which the second adds nothing."""
_LONGEST_LIST = 1500
"""Code points up to which a list is quoted whole."""

Arrangement = Literal["time", "reading"]


@dataclass(frozen=True, slots=True)
class Breadth:
    """That a question is broad."""

    words: str
    """Of the question, by which it was told."""
    arrangement: Arrangement


_HAPPENED = re.compile(
    r"\b(?:what|whatever)(?:\s+else)?(?:\s+has|\s+have|\s+had|['’]s|\s+is|\s+was)?\s+(?:happen(?:ed|ing|s)?"
    r"|been happening|going on|gone on|went on)\b|\bhow did (?:\S+ ){1,8}?(?:develop|unfold|evolve|come about|change)\b"
    r"|\bwhat (?:were|are) the (?:\S+ ){0,3}?(?:events|developments|steps|stages)\b|\bcourse of events\b",
    re.IGNORECASE,
)
_OVERVIEW = re.compile(
    r"^\W*(?:please\s+)?(?:(?:can|could|would) you\s+)?(?:please\s+)?(?:tell (?:me|us) (?:more )?(?:about|of)|describe"
    r"|summari[sz]e|outline|list|enumerate|give (?:me |us )?(?:an? )?(?:overview|summary|list|account) of)\b"
    r"|^\W*(?:what (?:do|can) (?:we|you|they|the documents) (?:know|say|tell)|what is (?:known|said)) (?:\S+ )?about\b"
    r"|\b(?:what|how|whom?|which) (?:\S+ )?(?:do|does|did|has|have|will|would|was|were|is|are) (?:each|both|either|all"
    r"|the (?:two|three|various|different)|various|different|other)\b"
    r"|^\W*what (?:do|does|did|will|would|must) (?:the|this|that|its|an?) (?:[\w’'-]+ ){1,6}?(?:provide|contain|cover"
    r"|require|oblige|stipulate|include|promise|demand|involve|say|foresee|set out|consist of)\b(?!\s+about when)"
    r"|^\W*(?:what|which|who) (?:are|were) the (?:\S+ ){0,3}?(?:terms|provisions|conditions|reasons|consequences"
    r"|effects|results|reactions|responses|measures|demands|members|parties|points|articles|differences|main|key)\b"
    r"|\bhow (?:did|have|has) (?:\S+ ){1,8}?(?:react|respond|reacted|responded)\b"
    r"|\bwhat (?:reactions|responses|measures|steps|demands)\b",
    re.IGNORECASE,
)


def breadth_of(question: str) -> Breadth | None:
    """Whether a question wants several quotes, by its form; None where it asks for one thing, as a date or a name."""
    if (found := _HAPPENED.search(question)) is not None:
        return Breadth(found[0], "time")
    found = _OVERVIEW.search(question)
    if found is None or asked_kind(question) in ("date", "number"):
        return None
    return Breadth(found[0].strip(), "reading")


@dataclass(frozen=True, slots=True)
class Wording:
    """A question whose subject names nobody ("each side", "other countries"), as documents would word it."""

    question: str
    of_many: bool
    """Whether what many say is asked for, so that what one of them says is no answer."""


_SIDES = r"(?:sides?|part(?:y|ies)|countr(?:y|ies)|states?|nations?|partners?|signator(?:y|ies)|governments?|leaders?)"
_BOUND = re.compile(
    rf"^\W*what (?:did|do|does|have|has|had|must|will|would) (?:each|both|either|the two)(?: of (?:the|them))?"
    rf"(?: (?:two )?{_SIDES})? (?:have to |had to )?"
    r"(?:promise|agree|undertake|commit|pledge|vow|guarantee|accept|owe)d?"
    r"(?: (?:each other|one another|the other(?: side| one)?))?(?: (?:to|to do|themselves to))?"
    r" (?:in|under|by|with|through) (?P<topic>.+?)\W*$",
    re.IGNORECASE,
)
_REACTED = re.compile(
    r"^\W*how (?:did|have|has|do) (?:(?:the )?(?:other|foreign|neighbou?ring|different|various|many)"
    r" (?:countries|governments|states|nations|powers|leaders|capitals)|the (?:rest of the )?world|governments"
    r"|countries|the international community|(?:its|their|the) (?:neighbou?rs|allies))"
    r" (?:react|respond)(?:ed)?(?: to (?P<topic>.+?))?\W*$",
    re.IGNORECASE,
)
_MANY = re.compile(
    r"\b(?:governments|countries|nations|capitals|allies|neighbou?rs|powers|(?:member|other) states|world leaders"
    r"|heads of state)\b",
    re.IGNORECASE,
)


_ENVOY = re.compile(
    r"\b(?P<owner>[A-ZÀ-ÖØ-Þ][\w-]+(?: [A-ZÀ-ÖØ-Þ][\w-]+)*)['’]s (?:\w+ ){0,2}(?:ambassador|minister|president"
    r"|chancellor|premier)\b"
    r"|\b(?:ambassador|minister|president|chancellor|premier) of (?:the )?"
    r"(?P<country>[A-ZÀ-ÖØ-Þ][\w-]+(?: [A-ZÀ-ÖØ-Þ][\w-]+)*)"
)
"""Who speaks for a country: "Norway's ambassador", "the foreign minister of Norway"."""


def other_wordings(question: str, *, has_topic: bool = False) -> tuple[Wording, ...]:
    """How documents would word a question whose subject names nobody, the likelier first; none for any other.

    What each side promises in a treaty is what the treaty provides; how others react to it is what governments say, or
    those who speak for them.

    Args:
        has_topic: whether an earlier question says what this one is about.
    """
    if (bound := _BOUND.match(question)) is not None:
        return (Wording(f"What does {bound['topic']} provide?", of_many=False),)
    reacted = _REACTED.match(question)
    if reacted is None or not (reacted["topic"] or has_topic):
        return ()
    topic = reacted["topic"] or "it"
    return tuple(
        Wording(f"What did {who} say about {topic}?", of_many=True)
        for who in ("governments", "ambassadors or ministers")
    )


def statements_of_many(evidence: Sequence[Evidence], library: Library) -> list[Evidence]:
    """What many are reported to say in the best sentence's document: that sentence and all statements where it tells of
    many, else the statements of those who speak for countries, where the best one is of one of them; else none.

    That one government speaks is no answer to how others react.
    """
    if not evidence:
        return []
    document_id = evidence[0].sentence.document_id
    within = [item for item in evidence if item.sentence.document_id == document_id]
    told_by = speakers_of([item.sentence for item in within], library)
    said = [item for item, speaker in zip(within, told_by, strict=True) if speaker is not None]
    if _MANY.search(evidence[0].sentence.text):
        return [evidence[0], *(item for item in said if item is not evidence[0])]
    envoys = {id(item): match for item in said if (match := _ENVOY.search(item.sentence.text)) is not None}
    countries = {match["owner"] or match["country"] for match in envoys.values()}
    return [item for item in said if id(item) in envoys] if len(countries) > 1 and id(evidence[0]) in envoys else []


def choose_many(
    evidence: Sequence[Evidence],
    library: Library,
    breadth: Breadth,
    *,
    window: Window | None = None,
    most: int = MOST_QUOTES,
) -> list[Quote]:
    """One to ``most`` quotes, each adding something, in the order of time or of the documents.

    Args:
        window: the time that the question asks about: what tells of another time is left out where something does not.
    """
    bounded = window if window is not None and window.bounded else None
    weighed = list(evidence[:_WEIGHED])
    if bounded is not None:
        weighed = [item for item in weighed if _within(item, bounded)] or weighed[:1]
    quotes = _quoted(_diverse(weighed, most), library, most=most, whole_lists=bounded is None)
    return _arranged(quotes, breadth.arrangement)


def topic_of(question: str, breadth: Breadth, window: Window) -> str:
    """What a question on a time is about, without the words that ask and those that name the time.

    ``What happened in Noto in January 2024?`` is about ``in Noto``; empty where no telling word is left.
    """
    topic = question
    for words in (breadth.words, window.text):
        topic = topic.replace(words, " ")
    topic = " ".join(topic.split()).strip(" ?.!:")
    return topic if query_terms(topic) else ""


def choose_events(events: Sequence[Evidence], library: Library, *, most: int = MOST_QUOTES) -> list[Quote]:
    """At most ``most`` quotes, in the order of time, of sentences that each tell of another event.

    Args:
        events: the most relevant first.
    """
    return _arranged(_quoted(events, library, most=most), "time")


def _quoted(chosen: Iterable[Evidence], library: Library, *, most: int, whole_lists: bool = False) -> list[Quote]:
    quotes: list[Quote] = []
    for item in chosen:
        if len(quotes) >= most:
            break
        span = (_whole_list(item, library) if whole_lists else None) or quote_span(item)
        add_new(quotes, item, span, library)
    return quotes


def _within(item: Evidence, window: Window) -> bool:
    """Whether an event of the sentence, or else its document's published date, lies in the time asked about."""
    dates = told_dates(item.sentence.text, item.sentence.event_dates, item.sentence.span.start)
    if dates:
        return any(when.first <= window.last and window.first <= when.last for when in dates)
    published = item.retrieved.document.published
    return published is not None and window.first <= published.value <= window.last


def _diverse(weighed: Sequence[Evidence], most: int) -> list[Evidence]:
    if not weighed:
        return []
    vectors = sentence_vectors(weighed)
    similar = vectors @ vectors.T
    worth = [item.score / max(weighed[0].score, 1e-9) for item in weighed]
    rows = [row for row, value in enumerate(worth) if value >= _LEAST]
    chosen = rows[:1]
    while len(chosen) < most:
        nearest = {row: max(float(similar[row, other]) for other in chosen) for row in rows if row not in chosen}
        left = [
            row
            for row, likeness in nearest.items()
            if likeness < _NEAR_DUPLICATE
            and not any(tell_the_same(weighed[row], weighed[other], float(similar[row, other])) for other in chosen)
        ]
        if not left:
            break
        chosen.append(max(left, key=lambda row: worth[row] - _NOVELTY * nearest[row]))
    return [weighed[row] for row in chosen]


def _whole_list(item: Evidence, library: Library) -> Span | None:
    """The list that an item stands in, with the line that leads to it; None where it is no item or the list is long."""
    if not _is_item(item.sentence):
        return None
    around = [
        stored.sentence
        for stored in library.sentences(
            item.sentence.document_id, max(item.sentence.ordinal - _LOOKED_AT, 0), item.sentence.ordinal + _LOOKED_AT
        )
    ]
    own = next((row for row, sentence in enumerate(around) if sentence.ordinal == item.sentence.ordinal), None)
    if own is None:
        return None
    first = last = own
    while first > 0 and _is_item(around[first - 1]):
        first -= 1
    while last + 1 < len(around) and _is_item(around[last + 1]):
        last += 1
    if first == last:
        return None
    if first > 0 and _leads(around[first - 1]):
        first -= 1
    span = Span(around[first].span.start, around[last].span.end)
    return span if len(span) <= _LONGEST_LIST else None


_LOOKED_AT = 12
"""Sentences on each side in which the ends of a list are looked for."""


_BULLET = re.compile(r"[-–—•*+]\s")


def _is_item(sentence: Sentence) -> bool:
    return sentence.kind == "item" or _BULLET.match(sentence.text) is not None


def _leads(sentence: Sentence) -> bool:
    return sentence.kind == "sentence" and sentence.text.rstrip().endswith(":")


def _arranged(quotes: Sequence[Quote], arrangement: Arrangement) -> list[Quote]:
    if arrangement == "time":
        return sorted(quotes, key=lambda quote: (_time(quote), quote.span.start))
    rank: dict[str, int] = {}
    for quote in quotes:
        rank.setdefault(quote.evidence.sentence.document_id, len(rank))
    return sorted(quotes, key=lambda quote: (rank[quote.evidence.sentence.document_id], quote.span.start))


def _time(quote: Quote) -> date:
    """Undated quotes come last."""
    when = time_of(quote.evidence)
    return when[0] if when is not None else date.max
