"""A sentence taken apart for comparison: its words, values and names, and what holds over them.

What holds over a word: that it is denied, only possible, intended, owed, forbidden, on a condition, or somebody's word.
English, by rules: it has to be quick, and the same every time.
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from assistant.thesaurus import Thesaurus
from assistant.values import SCALES, Value, numbers_in, values_in
from corpus.dates import event_dates_of
from corpus.document import EventDate, Span
from index.words import STOP_WORDS, stems

Kind = Literal["content", "function", "name", "number", "date"]
Role = Literal["agent", "patient"]

FUNCTION_WORDS = STOP_WORDS | frozenset(
    "about above across after again against all along already also although among any around away back because been "
    "before being below between both down during each either else ever every few first further however into itself "
    "just less like many might more most much must near neither never no none nor not now off once one only onto or "
    "other others out over own per rather same shall since still such than though through throughout thus till too "
    "towards toward under unless until up upon very via whether while whereas within without yet himself herself "
    "themselves ones another several those am were being having do done doing onto off he'd she'd it's that's there's "
    "according of also well nearly almost roughly approximately everyone everybody everything even some any half part "
    "another additional together meanwhile therefore thereby "
    "him hers ours theirs yours myself ourselves cannot don't doesn't didn't isn't aren't wasn't weren't hasn't "
    "haven't hadn't won't wouldn't can't couldn't shouldn't".split()
)
"""Words that tell how the others hang together; what they change is looked at by name."""

REPORTING = re.compile(
    r"(?:say|says|said|saying|tell|tells|told|reports?|reported|announces?|announced|states?|stated|adds?|added|"
    r"warns?|warned|declares?|declared|claims?|claimed|alleges?|alleged|accuses?|accused|believes?|believed|thinks?|"
    r"thought|suspects?|suspected|estimates?|estimated|argues?|argued|insists?|insisted|deny|denies|denied|"
    r"explains?|explained|noted|writes?|wrote|written|calls?|called|likens?|likened|"
    r"voiced|predicts?|predicted|asserts?|asserted|reckons?|according)"
)
"""Verbs of saying and holding true. What follows them is somebody's word."""

_WORD = re.compile(r"\d+(?:[.,:]\d+)+|[^\W_]+(?:['’](?:s|t|re|ve|ll|d|m)\b)?")
_JOINING = frozenset(
    "but while although though because whereas which who whom when where as than before after since until".split()
)
_BE = frozenset("is are was were be been being am".split())
_AUXILIARY = _BE | frozenset("has have had having do does did will would shall should may might can could must".split())
_DETERMINERS = frozenset(
    "the a an this that these those his her its their our my your of in on at by for with from another some any "
    "every each no".split()
)
_PREPOSITIONS = frozenset(
    "in on at by for with from to into onto against about during under over between among through within without near "
    "off upon towards toward per via despite across along around".split()
)
_ADVERBS = frozenset(
    "later earlier soon again twice once ago afterwards thereafter abroad ashore alive together alone today yesterday "
    "tomorrow tonight".split()
)
_NOUNS_IN_LY = frozenset(
    "family supply ally reply assembly monopoly anomaly fly butterfly bully belly jelly lily rally tally folly doily "
    "homily elderly".split()
)
_PRONOUNS = frozenset("he she it they him her them who which that this these those we i you other others one".split())

OPERATORS: Sequence[tuple[str, re.Pattern[str]]] = (
    (
        "denied",
        re.compile(
            r"\b(?:not|no|never|none|neither|nor|nobody|nothing|without|cannot|unable|hardly|fail(?:s|ed|ing)?|"
            r"refus(?:e|es|ed|ing)|declin(?:e|es|ed|ing) to|den(?:y|ies|ied|ying)|rul(?:e|es|ed|ing) out|unlikely|"
            r"reject(?:s|ed|ing)?|lack(?:s|ed|ing)?|prevent(?:s|ed|ing)?|instead of|rather than)\b"
            r"|n['’]t\b"
        ),
    ),
    ("possible", re.compile(r"\b(?:may|might|could|can|possibly|perhaps|probably|likely|apparently|seem(?:s|ed)?)\b")),
    (
        "intended",
        re.compile(
            r"\b(?:will|would|shall|plan(?:s|ned|ning)?|mean(?:s|t)? to|intend(?:s|ed|ing)?|decid(?:e|es|ed) (?:to|on)|"
            r"want(?:s|ed|ing)?|expect(?:s|ed|ing)?|(?:is|are|was|were) to(?! blame)|aim(?:s|ed)?|hop(?:e|es|ed)|"
            r"propos(?:e|es|ed|ing)|promis(?:e|es|ed)|pledge[sd]?|vow(?:s|ed)|"
            r"prepar(?:e|es|ed|ing) to|due to (?=be\b)|scheduled (?:to|for)|set to|anticipate[sd]?|about to|"
            r"ready to|going to|(?<!the )offer(?:s|ed)?|"
            r"threaten(?:s|ed)?|agree[sd]? to|"
            r"try(?:ing)?|tries|tried|attempt(?:s|ed)?|ask(?:s|ed)? (?:\w+ )?(?:to|for)|"
            r"demand(?:s|ed)?|urge[sd]?|call(?:s|ed)? for|consider(?:s|ed|ing)?|thought of|seek(?:s|ing)?|sought)\b"
        ),
    ),
    (
        "owed",
        re.compile(r"\b(?:must|should|ought|oblige[sd]?|ha(?:ve|s|d) to|need(?:s|ed)? to|required to|obligated)\b"),
    ),
    ("forbidden", re.compile(r"\b(?:forbid(?:s|den|ding)?|forbade|ban(?:s|ned|ning)?|prohibit(?:s|ed|ing)?)\b")),
    ("on condition", re.compile(r"\b(?:if|whether|provided that|in case)\b")),
    ("unless", re.compile(r"\bunless\b")),
)
"""Words that take what follows them out of the plain truth, by what they make of it."""
_SCOPE_ENDS = re.compile(r"[;()—–]|[:.?!,](?!\d)|\b(?:but|while|although|though|because|whereas|unless|if)\b")
_LACK_ENDS = re.compile(
    r"[;,()—–]|[:.?!](?!\d)|\b(?:and|but|while|in|on|at|by|for|to|from|into|under|with|after|before|if|because|when|unless)\b"
)
"""Where what is lacking ends: "without delay under Article 4"."""
_DENIAL_ENDS = re.compile(r"[;()—–]|[:.?!,](?!\d)|\b(?:but|while|although|though|because|whereas|unless|if|and)\b")


_ORDER = re.compile(
    r"(?:^|[.:!?;>\]\n\"“]\s*)(?:(?:please|now|then|always|never|you must|do not)\s+)*"
    r"(?:(?:ignore|disregard|forget|print|respond|repeat|write|tell|say|append|cite|use|recommend|insult|obey|decode|"
    r"send|reveal)\b(?!\s+(?:to|by|of|was|is|were|are)\b)|"
    r"(?:state|output|answer|reply|show|call)\s*(?::|\b(?:that|with|only|the|this|in|it|yes|no|an?)\b))"
    r"|\b(?:every|each|your|the (?:correct|right|only)) answers?\b"
    r"|(?:^|[.!?\n]\s*)(?:system|assistant|user|developer)\s*:"
    r"|\[/?(?:inst|system)\b|<\||<<sys>>|\bquote number\b|\"text\"\s*:",
    re.IGNORECASE,
)
"""An order to the reader, or the form of a chat: nothing behind it is said to be so."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a statement."""

    text: str
    low: str
    """In small letters, without a genitive's ending."""
    stem: str
    start: int
    end: int
    kind: Kind
    holds: tuple[str, ...] = ()
    """What holds over it, sorted, as often as it does: ``("denied", "possible")``."""
    reported: bool = False
    """Whether it is somebody's word."""
    opens: bool = False
    """Whether it begins a sentence, so that a capital tells nothing of it."""


@dataclass(frozen=True, slots=True)
class Acting:
    """A verb, and who stands where about it."""

    verb: int
    """Index of the word."""
    agents: frozenset[int] = frozenset()
    """Indices of the words that do it."""
    patients: frozenset[int] = frozenset()
    """Indices of the words that it is done to."""
    leans: bool = False
    """Whether a pronoun stands at one of the two places."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence, or a few that are quoted together."""

    text: str
    words: tuple[Word, ...]
    numbers: tuple[Value, ...]
    dates: tuple[EventDate, ...]
    """Their spans are in code points of ``text``."""
    names: tuple[Value, ...]
    actions: tuple[Acting, ...] = ()
    reporters: frozenset[int] = frozenset()
    """Indices of the words that name who says it."""
    reports: bool = False
    """Whether somebody is named as saying it."""
    stems: frozenset[str] = field(default=frozenset())
    lows: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class _Line:
    span: Span
    text: str


def dates_in(text: str, published: datetime.date | None) -> tuple[EventDate, ...]:
    """The dates that a text names, as if it had appeared on ``published``; spans in code points of it."""
    return event_dates_of([_Line(Span(0, len(text)), text)], published)[0]


def take_apart(text: str, dates: Sequence[EventDate], thesaurus: Thesaurus) -> Statement:
    """The statement that a text makes.

    Args:
        dates: that it names, their spans in code points of it.
    """
    names = tuple(values_in(text, "name", "", (), 0))
    numbers = tuple(_ranged(text, _numbers(text, dates)))
    plain = list(_joined(_words(text, dates, names, numbers)))
    reported, reporters, reports = _reports(text, plain)
    holding = _holding(text, plain, thesaurus)
    opening = {first for first, _ in _sentences(text, plain)}
    words = tuple(
        replace(
            word,
            stem=_denied_by_un(word, thesaurus) or word.stem,
            holds=holding[index],
            reported=index in reported,
            opens=index in opening,
        )
        for index, word in enumerate(plain)
    )
    return Statement(
        text=text,
        words=words,
        numbers=numbers,
        dates=tuple(dates),
        names=names,
        actions=tuple(_actions(text, words, thesaurus)),
        reporters=reporters,
        reports=reports,
        stems=frozenset(word.stem for word in words),
        lows=frozenset(word.low for word in words),
    )


_NUMBERS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth"
).split()
_TENS = "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth hundredth".split()
_ORDINAL_VALUES = {word: number for number, word in enumerate(_ORDINALS, 1)} | dict(
    zip(_TENS, range(20, 101, 10), strict=True)
)
_OTHERS = {"once": (1.0, "time"), "twice": (2.0, "time"), "thrice": (3.0, "time"), "dozen": (12.0, "")}
_ORDINAL_OR_OTHER = re.compile(
    r"(?<!\bat )\b(?!once (?:the|it|he|she|they|we|its|his|her|their|all|this|that|these|those)\b)"
    rf"(?:(?P<word>{'|'.join([*_ORDINAL_VALUES, *_OTHERS])})|(?P<digits>\d+)(?:st|nd|rd|th))\b",
    re.IGNORECASE,
)
_ONE = re.compile(r"\bone\b(?= (?:[a-z]+ )?(?:in|of|out)\b)|(?<=\bof )one\b", re.IGNORECASE)
_TIME = re.compile(r"(?<![\d.,:])(\d{1,2}):(\d\d)(?![\d:])(?:\s*(?P<half>[ap])\.?m\b)?", re.IGNORECASE)
_CLOCK = re.compile(
    rf"\b(?:(?P<half>half past)|(?P<part>{'|'.join(_NUMBERS)}|quarter|twenty-five) (?P<side>past|to)) "
    rf"(?P<hour>{'|'.join(_NUMBERS[:12])})\b(?! (?:hundred|thousand|million))",
    re.IGNORECASE,
)
_HALF_DAY = 720.0
_TENS_WORDS = "twenties thirties forties fifties sixties seventies eighties nineties".split()
_TENS_OF = re.compile(rf"\b(?:(?P<word>{'|'.join(_TENS_WORDS)})|(?P<digits>[2-9]0)['’]?s)\b", re.IGNORECASE)
_DECADE = "0s"
"""The unit of tens of years: in her nineties."""
_ENDING = re.compile(r"(?:st|nd|rd|th)\b")
TIME = ":"
"""The unit of times of the day, whose amount is in minutes."""
ORDINAL = "th"
"""The unit of ordinal numbers."""


def _numbers(text: str, dates: Sequence[EventDate]) -> Iterator[Value]:
    """Numbers, with ordinals and the words that count times, without those of dates."""
    taken = [date.span for date in dates]
    for match in _TIME.finditer(text):
        span = Span(match.start(), match.end())
        taken.append(span)
        later = _HALF_DAY if int(match[1]) < 12 and (match["half"] or "").casefold() == "p" else 0.0
        yield Value("number", span, match.group(), amount=later + 60.0 * int(match[1]) + int(match[2]), unit=TIME)
    for match in _CLOCK.finditer(text):
        span = Span(match.start(), match.end())
        taken.append(span)
        yield Value("number", span, match.group(), amount=_minutes(match), unit=TIME)
    for match in _TENS_OF.finditer(text):
        span = Span(match.start(), match.end())
        taken.append(span)
        amount = float(match["digits"] or _TENS_WORDS.index(match["word"].casefold()) * 10 + 20)
        yield Value("number", span, match.group(), amount=amount, unit=_DECADE)
    for value in numbers_in(text):
        if any(value.span.overlaps(span) for span in taken) or _ENDING.match(text, _digits(value).end):
            continue
        if value.unit in ("second", "third", "fourth", "fifth", "sixth") and not value.text.endswith("s"):
            yield Value("number", value.span, value.text, amount=value.amount)
        else:
            yield value
    for match in _ORDINAL_OR_OTHER.finditer(text):
        span = Span(match.start(), match.end())
        if any(span.overlaps(other) for other in taken):
            continue
        word = (match["word"] or "").casefold()
        if word in _OTHERS:
            amount, unit = _OTHERS[word]
        else:
            amount, unit = float(_ORDINAL_VALUES.get(word) or int(match["digits"])), ORDINAL
        yield Value("number", span, match.group(), amount=amount, unit=unit)


_SCALE = re.compile(r"\b(?:hundred|thousand|million|billion|trillion|bn|mn|tn)\b", re.IGNORECASE)
_FROM = re.compile(r"\b(?:between|from)\s+[$€£¥]?$", re.IGNORECASE)
_TO = re.compile(r"\s*(?P<word>and|to|or|-|–)\s*[$€£¥]?", re.IGNORECASE)


def _ranged(text: str, numbers: Iterable[Value]) -> Iterator[Value]:
    """The numbers, the lower end of a range with the scale and unit of the upper: between 1.1 and 2.6 trillion yen."""
    told = list(numbers)
    for value, following in itertools.zip_longest(told, told[1:]):
        yield value
        if following is None or value.unit or not (value.amount and following.amount) or _SCALE.search(value.text):
            continue
        gap = _TO.fullmatch(text, value.span.end, max(following.span.start, value.span.end))
        scale = _SCALE.search(following.text)
        if gap is None or scale is None or (gap["word"] == "and" and not _FROM.search(text[: value.span.start])):
            continue
        factor = SCALES[scale.group().casefold()]
        if value.amount * factor < following.amount:
            yield replace(value, amount=value.amount * factor, unit=following.unit)


def _minutes(match: re.Match[str]) -> float:
    """Of a time in words: ten past four."""
    hour = 60 * (_NUMBERS.index(match["hour"].casefold()) + 1)
    if match["half"]:
        return hour + 30.0
    parts = {"quarter": 15, "twenty-five": 25}
    part = match["part"].casefold()
    minutes = parts.get(part) or _NUMBERS.index(part) + 1
    return float(hour + minutes if match["side"].casefold() == "past" else hour - minutes)


def _words(text: str, dates: Sequence[EventDate], names: Sequence[Value], numbers: Sequence[Value]) -> Iterator[Word]:
    named = [value.span for value in names]
    counted = [_digits(value) for value in numbers]
    for match in _WORD.finditer(text):
        span = Span(match.start(), match.end())
        low = match.group().casefold().replace("’", "'")
        low = low[:-2] if low.endswith("'s") else low
        kind: Kind
        if any(date.span.overlaps(span) for date in dates):
            kind = "date"
        elif any(value.overlaps(span) for value in counted):
            kind = "number"
        elif any(value.overlaps(span) for value in named if value != span or low not in FUNCTION_WORDS):
            kind = "name"
        elif low in FUNCTION_WORDS or (REPORTING.fullmatch(low) and low not in _NOUNS_TOO):
            kind = "function"
        else:
            kind = "content"
        yield Word(match.group(), low, (stems(low) or [low])[0], span.start, span.end, kind)


_PHRASAL = {
    f"{form} {particle}": stems(verb)[0]
    for forms, particle, verb in (
        ("blow blows blew blown", "up", "explode"),
        ("break breaks broke broken", "down", "fail"),
        ("break breaks broke broken", "out", "start"),
        ("bring brings brought", "down", "destroy"),
        ("call calls called", "off", "cancel"),
        ("carry carries carried", "out", "conduct"),
        ("carry carries carried", "on", "continue"),
        ("come comes came", "back", "return"),
        ("cut cuts", "off", "isolate"),
        ("find finds found", "out", "discover"),
        ("give gives gave given", "up", "abandon"),
        ("go goes went gone", "on", "continue"),
        ("hand hands handed", "over", "give"),
        ("lay lays laid", "off", "dismiss"),
        ("look looks looked", "into", "investigate"),
        ("pay pays paid", "out", "pay"),
        ("point points pointed", "out", "note"),
        ("pull pulls pulled", "down", "demolish"),
        ("pull pulls pulled", "out", "withdraw"),
        ("put puts", "off", "postpone"),
        ("put puts", "out", "extinguish"),
        ("run runs ran", "out", "expire"),
        ("send sends sent", "back", "return"),
        ("set sets", "off", "start"),
        ("set sets", "out", "start"),
        ("set sets", "up", "establish"),
        ("shut shuts", "down", "close"),
        ("take takes took taken", "over", "acquire"),
        ("take takes took taken", "part", "participate"),
        ("take takes took taken", "place", "happen"),
        ("tear tears tore torn", "down", "demolish"),
        ("throw throws threw thrown", "out", "reject"),
        ("turn turns turned", "down", "reject"),
    )
    for form in forms.split()
}
"""Verbs of two words, by the stem of a single one that means the same."""


def _joined(words: Iterable[Word]) -> Iterator[Word]:
    """The words, with the stem of its one-word fellow for a verb of two."""
    told = list(words)
    for word, following in itertools.zip_longest(told, told[1:]):
        stem = _PHRASAL.get(f"{word.low} {following.low}") if following is not None else None
        yield replace(word, stem=stem) if stem is not None and word.kind == "content" else word


def _digits(value: Value) -> Span:
    """The span of a number without the unit behind it."""
    if not value.unit or value.unit in (ORDINAL, TIME, _DECADE, "%", "$", "€", "£", "¥"):
        return value.span
    numeral = _NUMERAL.match(value.text)
    return Span(value.span.start, value.span.start + numeral.end()) if numeral else value.span


_NUMBER_WORDS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion trillion "
    "dozen bn mn"
).split()
_NUMERAL_WORD = rf"(?:\d[\d.,]*|(?:{'|'.join(_NUMBER_WORDS)})\b)"
_NUMERAL = re.compile(rf"\W*(?:an?\s+)?{_NUMERAL_WORD}(?:(?:\s+and\s+|[\s-]+){_NUMERAL_WORD})*", re.IGNORECASE)


def _holding(text: str, words: Sequence[Word], thesaurus: Thesaurus) -> list[tuple[str, ...]]:
    """What holds over each word."""
    found: list[list[str]] = [[] for _ in words]
    low = text.lower()
    for name, form in OPERATORS:
        ends = _DENIAL_ENDS if name == "denied" else _SCOPE_ENDS
        for match in form.finditer(low if name != "possible" else text):
            end = (_LACK_ENDS if match.group() == "without" else ends).search(low, match.end())
            stop = end.start() if end is not None else len(text)
            for index, word in enumerate(words):
                if match.end() <= word.start < stop or (name == "denied" and match.start() <= word.start < match.end()):
                    found[index].append(name)
    for index, word in enumerate(words[1:], 1):
        if word.low == "no" and is_verb(words, index - 1, thesaurus):
            found[index - 1].append("denied")  # "it showed no fault" as "it did not show a fault"
    for index, word in enumerate(words):
        if _denied_by_un(word, thesaurus) is not None:
            found[index].append("denied")
    for match in _ORDER.finditer(text):
        for index, word in enumerate(words):
            if word.start >= match.end():
                found[index].append("ordered")
    return [tuple(sorted(names)) for names in found]


def _denied_by_un(word: Word, thesaurus: Thesaurus) -> str | None:
    """The stem of what a participle with "un" denies: "hurt" of "unhurt"."""
    if word.kind != "content" or not word.low.startswith("un") or len(word.low) < _SHORTEST_WITH_UN:
        return None
    done = word.low[2:]
    stem = (stems(done) or [""])[0]
    is_participle = done in thesaurus.past_forms or (done.endswith("ed") and thesaurus.knows(stem))
    return stem if is_participle else None


_SHORTEST_WITH_UN = 6


def _reports(text: str, words: Sequence[Word]) -> tuple[set[int], frozenset[int], bool]:
    """The words that are somebody's word, those that name who says it, and whether there is any such."""
    reported: set[int] = set()
    reporters: set[int] = set()
    reports = False
    for first, last in _sentences(text, words):
        for index in range(first, last):
            if not is_reporting(words, index):
                continue
            scope, who = _report(text, words, index, first, last)
            if reports and words[index - 1].low in ("and", "but", "or"):
                who = reporters.copy()  # "she called it a gift and said": the same says both
            reports = True
            reported |= scope
            reporters |= who
    return reported - reporters, frozenset(reporters), reports


_NOUNS_TOO = frozenset("report reports claim claims estimate estimates state states call calls".split())
_CALLED_FOR = frozenset("for on off in up back".split())
"""Words behind "called" that make another verb of it."""
_NAMING = frozenset("call calls called".split())
_SAYING_THAT = frozenset(
    "answers answered replies replied responds responded stresses stressed emphasises emphasised emphasizes emphasized "
    "admits admitted acknowledges acknowledged concedes conceded complains complained testifies testified confirms "
    "confirmed suggests suggested concludes concluded reminds reminded recalls recalled discloses disclosed".split()
)
"""Verbs that only say something before "that"."""


def _leads_a_name(words: Sequence[Word], index: int) -> bool:
    """Whether a name follows a word, an article passed over: "a missile called the Hwasong-19"."""
    at = index + 1
    if at < len(words) and words[at].low == "the":
        at += 1
    return at < len(words) and words[at].kind == "name"


def is_reporting(words: Sequence[Word], index: int) -> bool:
    """Whether a word is a verb of saying here: not in "earlier reports" or "a fair called Weaponry Exhibition"."""
    low = words[index].low
    previous = words[index - 1] if index else None
    following = words[index + 1] if index + 1 < len(words) else None
    if low in _SAYING_THAT:
        return following is not None and following.low == "that"
    if not REPORTING.fullmatch(low):
        return False
    if index and low in _NOUNS_TOO and words[index].text[0].isupper():
        return False
    if low in _NAMING and _leads_a_name(words, index):
        return False
    if low in _NAMING and previous is not None and previous.low in ("also", "now", "often", "sometimes"):
        return False
    behind = following.low if following is not None else ""
    if (low in _NOUNS_TOO and behind in _AUXILIARY) or (low in _NAMING and behind in _CALLED_FOR):
        return False
    if low in ("told", "warned") and previous is not None and previous.low in _BE:
        return following is not None and following.low == "that"
    if low in _NOUNS_TOO:
        by_somebody = previous is not None and (previous.kind == "name" or previous.low in _PRONOUNS)
        return by_somebody or (following is not None and following.low == "that")
    return True


_FEW = 5
"""Words that may stand between a verb of saying and the end of its sentence where the sentence ends with it."""


def _report(text: str, words: Sequence[Word], index: int, first: int, last: int) -> tuple[set[int], set[int]]:
    """Of one verb of saying: what it reports, and who says it."""
    commas = [at for at in range(first + 1, last) if "," in text[words[at - 1].end : words[at].start]]
    before = max((at for at in commas if at <= index), default=first)
    after = min((at for at in commas if at > index), default=last)
    if words[index].low == "according":
        following = min((at for at in commas if at > after), default=last)
        if after < following < last:
            apposed = words[after:following]
            named = any(word.kind == "name" for word in words[index + 2 : after])
            if all(word.kind == "name" for word in apposed) if not named else apposed[0].low in ("the", "its", "a"):
                after = following  # "according to the manager, Synergy Marine, …"
        who = set(range(index + 2, after))
        if first < before < index - 1 and after < last:
            return set(range(before, index)), who  # "the crew, all from India according to the manager, is safe"
        return set(range(first, index)) | set(range(after, last)), who
    passive = index > first and (words[index - 1].low in _BE or (index + 1 < last and words[index + 1].low == "to"))
    if passive:
        by = next((at for at in range(index + 1, last) if words[at].low == "by"), None)
        who = set(range(by + 1, min((at for at in commas if at > by), default=last))) if by is not None else set()
        return set(range(first, last)) - {index}, who
    behind = words[index + 1 : last]
    told = words[index].low == "told"
    only_names = not any((word.kind == "content" and not told) or word.low == "that" for word in behind)
    if before > first and len(behind) < _FEW and only_names:
        who = set(range(before, index)) or set(range(index + 1, last))
        if len(who) == 1 and words[min(who)].kind == "function":
            who = set(range(before, last)) - {index}
        return set(range(first, before)), who
    if before > first and after < last and after - before <= _FEW:  # "…, he added, …"
        return (set(range(first, before)) | set(range(after, last))), set(range(before, after)) - {index}
    return set(range(index + 1, last)), set(range(first, index))


def _sentences(text: str, words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """Ranges of words between full stops, semicolons and the like."""
    first = 0
    for index in range(1, len(words) + 1):
        if index == len(words) or re.search(r"[.;?!\n]\s|;", text[words[index - 1].end : words[index].start] + " "):
            yield first, index
            first = index


_BETWEEN = frozenset("not also already never now yet still soon just ever".split())
"""Words that stand between an auxiliary and its verb."""


def is_verb(words: Sequence[Word], index: int, thesaurus: Thesaurus) -> bool:
    """Whether a word is a verb here, as far as its form and the word before it tell."""
    word = words[index]
    if word.kind not in ("content", "function") or (word.low in FUNCTION_WORDS):
        return False
    at = index - 1
    while at >= 0 and (words[at].low.endswith("ly") or words[at].low in _BETWEEN):
        at -= 1
    previous = words[at].low if at >= 0 else ""
    past = word.low.endswith("ed") or word.low in thesaurus.past_forms
    if previous in _BE:
        return past or word.low.endswith("ing")
    if previous in _AUXILIARY or previous == "to" or previous.endswith("n't"):
        return True
    return past and previous not in _DETERMINERS


def is_passive(words: Sequence[Word], index: int, thesaurus: Thesaurus) -> bool:
    """Whether a verb stands in the passive: ``was met``, ``led by``."""
    word = words[index]
    if not (word.low.endswith("ed") or word.low in thesaurus.past_forms):
        return False
    at = index - 1
    while at >= 0 and (words[at].low.endswith("ly") or words[at].low in ("not", "also", "already", "never", "long")):
        at -= 1
    if at >= 0 and words[at].low in _BE:
        return True
    by = index + 2 < len(words) and words[index + 1].low == "by"
    return by and words[index + 2].kind not in ("number", "date")


def _actions(text: str, words: Sequence[Word], thesaurus: Thesaurus) -> Iterator[Acting]:
    verbs = [index for index in range(len(words)) if is_verb(words, index, thesaurus)]
    before: set[int] = set()
    left_leans = False
    for index in verbs:
        if is_reporting(words, index):
            before = set()
            continue
        left, leans = _side(text, words, index, verbs, -1)
        right, right_leans = _side(text, words, index, verbs, +1)
        own = {at for at, preposition in left.items() if not preposition}
        if not _goes_on(words, index):
            # "She landed and was met": without a subject of its own it has that of the verb before it.
            before, left_leans = own, leans
        behind = {at for at, preposition in right.items() if not preposition}
        if "," in text[words[index - 1].end : words[index].start] and index and right and all(right.values()):
            continue  # "…, timed to the anniversary": what was timed does not show
        if is_passive(words, index, thesaurus):
            agents = {at for at, preposition in right.items() if preposition == "by"}
            # "he was given it": who gets it stands before, what is given behind
            yield Acting(index, frozenset(agents), frozenset(before | behind), left_leans)
        else:
            yield Acting(index, frozenset(before), frozenset(behind), left_leans or right_leans)


def _comma_before_verb(text: str, words: Sequence[Word], verb: int) -> bool:
    """Whether a comma ends what stands before a verb: "Kim, the leader, met …"."""
    at = verb
    while at and words[at - 1].low in _AUXILIARY:
        at -= 1
    return at > 0 and "," in text[words[at - 1].end : words[at].start]


def _apposition(words: Sequence[Word], at: int) -> bool:
    """Whether a name behind a comma says who a noun before it is: "his counterpart, Kang Sun Nam"."""
    return words[at].kind == "name" and words[at - 1].kind == "content"


def _is_adverb(low: str) -> bool:
    return low in _ADVERBS or (low.endswith("ly") and low not in _NOUNS_IN_LY)


def _noun_behind(text: str, words: Sequence[Word], at: int, verbs: Sequence[int]) -> bool:
    """Whether a comma leads to a noun alone: "tested the Hwasong-19, a new missile"."""
    if words[at].low not in ("a", "an", "the") or words[at - 1].kind not in ("name", "content"):
        return False
    for index in range(at, len(words)):
        if (
            index in verbs
            or is_reporting(words, index)
            or words[index].low in _AUXILIARY
            or words[index].low in _JOINING
        ):
            return False
        behind = words[index + 1].start if index + 1 < len(words) else len(text)
        if re.search(r"[,;.()?!]", text[words[index].end : behind]):
            break
    return True


def _belongs(words: Sequence[Word], at: int) -> bool:
    """Whether "her", "this" or "that" stands before its noun instead of for one."""
    return (
        words[at].low in ("her", "this", "that", "these", "those", "which")
        and at + 1 < len(words)
        and words[at + 1].kind in ("content", "name", "number")
    )


def _is_genitive(words: Sequence[Word], at: int) -> bool:
    """Whether a word, or the name that it begins, says whose the next one is."""
    while words[at].kind == "name" and at + 1 < len(words) and words[at + 1].kind == "name":
        if words[at].text.endswith(("'s", "’s")):
            return True
        at += 1
    return words[at].text.endswith(("'s", "’s"))


def _goes_on(words: Sequence[Word], verb: int) -> bool:
    """Whether "and" or "but" stands before a verb, with nothing but auxiliaries between."""
    at = verb - 1
    while at >= 0 and (words[at].low in _AUXILIARY or words[at].low.endswith("ly") or words[at].low == "not"):
        at -= 1
    return at >= 0 and words[at].low in ("and", "but", "or")


def _side(text: str, words: Sequence[Word], verb: int, verbs: Sequence[int], step: int) -> tuple[dict[int, str], bool]:
    """The words on one side of a verb that may do it or undergo it, each with the preposition that it hangs on."""
    others = [at for at in verbs if (at - verb) * step > 0]
    end = (min(others) if step > 0 else max(others)) if others else (len(words) if step > 0 else -1)
    inside: list[int] = []
    apposed = step < 0 and _comma_before_verb(text, words, verb)
    for at in range(verb + step, end, step):
        gap = text[words[at - 1].end : words[at].start] if step > 0 else text[words[at].end : words[at + 1].start]
        if re.search(r"[;().?!—–]|:\s", gap):
            break
        if "," in gap and not (_apposition(words, at) or _noun_behind(text, words, at, verbs) if step > 0 else apposed):
            break
        low = words[at].low
        if step < 0 and low in ("who", "which") and at and "," in text[words[at - 1].end : words[at].start]:
            inside.clear()  # "Maria Ekström, who leads the survey, counted": the subject stands before
            continue
        if step < 0 and low in ("as", "than"):
            return {}, True  # a comparison: what stands before it is not looked for
        if low in _JOINING or low in ("that", "if", "unless", "whether") or is_reporting(words, at):
            break
        if low == "and" and step > 0 and (at + 1) in verbs:
            break
        inside.append(at)
    hanging: dict[int, str] = {}
    leans = False
    preposition = ""
    for at in sorted(inside):
        low = words[at].low
        if at > min(inside) and "," in text[words[at - 1].end : words[at].start] and preposition != "by":
            preposition = ""
        if low in _PREPOSITIONS:
            preposition = low
        elif _is_genitive(words, at):
            continue  # whose it is neither does it nor undergoes it
        elif words[at].kind == "content" and _is_adverb(words[at].low):
            continue  # "later" and "badly" neither do anything nor undergo it
        elif words[at].kind in ("name", "content", "number"):
            hanging[at] = preposition
        elif low in _PRONOUNS and not preposition and not _belongs(words, at):
            leans = True
    return hanging, leans
