"""Who is reported as saying a sentence: attribution as English news writes it, read by patterns.

Direct and reported speech ("… that …", said X, told X reporters), "according to X", a label before a quote, and a
pronoun or a quote that goes on where the sentence before it stood. Nothing is guessed: a sentence without an
attribution has no speaker.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.evidence import Evidence
from assistant.windows import Window
from corpus.document import Sentence
from index.library import Library
from index.words import query_terms, stems

_LOOKED_BACK = 5
"""Sentences before one in which the person behind its "he" is looked for."""
_SPOKEN = 1.5
"""Log odds that a sentence gains where the question asks for its speaker's words."""
_READ = 2_000
"""Characters of a sentence that are read: what is longer is no sentence of news."""
_WEIGHED = 32
"""Best sentences whose speakers are looked at."""


def speakers_of(sentences: Sequence[Sentence], library: Library) -> list[str | None]:
    """Who is reported as saying each of some sentences of the library."""
    before = library.stretches(
        [(one.document_id, max(one.ordinal - _LOOKED_BACK, 0), one.ordinal - 1) for one in sentences]
    )
    return [
        _last_speaker([*(stored.sentence for stored in run), one]) for run, one in zip(before, sentences, strict=True)
    ]


def prefer_speaker(question: str, evidence: Sequence[Evidence]) -> tuple[Evidence, ...] | None:
    """Evidence with the words of whom the question asks for moved up ("What did X say about …?").

    None where it asks for nobody's words, or no sentence is theirs.
    """
    if asked_speaker(question) is None:
        return None
    known = {(item.sentence.document_id, item.sentence.ordinal): item.sentence for item in evidence}
    moved = []
    for item in evidence[:_WEIGHED]:
        place = item.sentence.document_id, item.sentence.ordinal
        run = [known[place[0], at] for at in range(place[1] - _LOOKED_BACK, place[1] + 1) if (place[0], at) in known]
        spoken = speaks(question, _last_speaker(run))
        moved.append(replace(item, logit=item.logit + _SPOKEN) if spoken else item)
    if all(one is other for one, other in zip(moved, evidence, strict=False)):
        return None
    return (*sorted(moved, key=lambda item: -item.logit), *evidence[_WEIGHED:])


def speaker_certainty(question: str, evidence: Sequence[Evidence], window: Window | None) -> float:
    """Log odds by which an answer is surer for whose word its best sentence is; 0 where the question asks for nobody's.

    Surer where it is the asked one's, of the time that is asked about, and it or the sentence before it, its title and
    its headings hold every other telling word of the question: that it reads unlike an answer says little then. Less
    sure where it is the word of another and does not name the one asked for.
    """
    asked = asked_speaker(question)
    if asked is None or not evidence:
        return 0.0
    best = evidence[0]
    place = best.sentence.document_id, best.sentence.ordinal
    before = range(place[1] - _LOOKED_BACK, place[1] + 1)
    known = {item.sentence.ordinal: item.sentence for item in evidence if item.sentence.document_id == place[0]}
    speaker = _last_speaker([known[at] for at in before if at in known])
    if not speaks(question, speaker):
        return 0.0 if speaker is None or set(stems(asked)) & set(stems(best.sentence.text)) else -_SPOKEN
    timed = window is not None and window.bounded
    if timed and best.features.get("misses", 0.0) + best.features.get("undated", 0.0) > 0:
        return 0.0
    left = question.replace(window.text, " ") if window is not None and timed else question
    topic = set(query_terms(_SAYING.sub(" ", left))) - set(stems(asked))
    previous = best.previous.text if best.previous is not None else ""
    held = set(stems(f"{best.retrieved.passage.context} {previous} {best.sentence.text}"))
    return _SPOKEN if topic and topic <= held else 0.0


def _last_speaker(run: Sequence[Sentence]) -> str | None:
    """The speaker of the last of some sentences; a heading between them parts what stands before it."""
    cut = max((at + 1 for at, sentence in enumerate(run[:-1]) if sentence.kind == "heading"), default=0)
    return speakers([sentence.text for sentence in run[cut:]])[-1]


def speakers(sentences: Sequence[str]) -> list[str | None]:
    """The speaker of each of the sentences that follow each other in a document; None where nobody is said to say it.

    A name in apposition stands for its title ("the president, Anna Berg," is Anna Berg); an article is left out.
    """
    found: list[str | None] = []
    person: str | None = None
    last: str | None = None
    subject: str | None = None
    for text in sentences:
        text = text[:_READ]
        attribution = _attribution(text)
        own = _own_subject(text)
        speaker = None
        if attribution is not None:
            said = attribution.casefold()
            if not said:
                speaker = last if found and found[-1] is not None else None
            elif said in _PERSONAL:
                started = None if re.search(rf"(?:^|,\s+){said}\b", text, re.IGNORECASE) else own
                speaker = started or person or subject
            elif said in _IMPERSONAL:
                speaker = last
            elif said not in _UNRESOLVED:
                speaker = attribution
        found.append(speaker)
        if speaker is not None:
            last = speaker
            person = speaker if _is_person(speaker) else person
        if own is not None:
            plural = " " not in own and own.endswith("s")  # "Prosecutors charged …": the "he" after it is another
            subject = None if plural else own
            if speaker is None and _is_person(own):
                person = subject
    return found


def _own_subject(text: str) -> str | None:
    """The name that a sentence begins with, as the one that acts in it."""
    opening = _APPOSED.match(_OPENING.sub("", text)) or _SUBJECT.match(text)
    return _tidy(opening["name"]) if opening is not None and opening["name"] not in _TIMES else None


def speaks(question: str, speaker: str | None) -> bool:
    """Whether a question asks what this speaker said: "What did X say about …?", "According to X, …?"."""
    asked = asked_speaker(question)
    if asked is None or speaker is None:
        return False
    wanted, given = set(stems(asked)), set(stems(speaker))
    return bool(wanted & given) and (wanted <= given or given <= wanted or stems(asked)[-1] in given)


def asked_speaker(question: str) -> str | None:
    """Whose words a question asks for; None where it asks for nobody's."""
    for form in _ASKED:
        match = form.search(question)
        if match is not None:
            name = _tidy(_SOURCE_ENDS.sub("", f"{match['who']} "))
            if not name or name.casefold() in _PERSONAL | _IMPERSONAL | _UNRESOLVED or _CUT_SHORT.search(match["who"]):
                return None
            return name
    return None


_SAYING = re.compile(
    r"\b(?:according to|in the (?:words|view|opinion) of|by the estimate of|say|said|tell|told|think|claim(?:ed)?"
    r"|announced?|comment|report(?:ed)?|stated?|argued?|explain|declared?|believe)\b",
    re.IGNORECASE,
)
"""Words of a question that ask for somebody's words."""
_CUT_SHORT = re.compile(r"\b(?:the|an?|of|at|in|on|to|by|his|her|its|their)$")


_SAY = (
    r"said|says|say|(?:told|tells)(?!\s+(?:the|an?|its)\s+(?:story|tale|history)\b)|added|adds|announced|announces|warned|warns|stated|claimed|claims|insisted|insists|argued"
    r"|argues|confirmed|confirms|reported|reports|noted|notes|explained|explains|wrote|writes|written"
    r"|(?:declared|declares)(?!\s+(?:war|independence|bankruptcy)\b)"
    r"|acknowledged|acknowledges|admitted|admits|suggested|suggests|believes|estimated|estimates|predicted|predicts"
    r"|stressed|stresses|emphasi[sz]ed|replied|replies|answered|answers|tweeted|testified|recalled|recalls|remarked"
    r"|conceded|cautioned|alleged|alleges|asserted|contended|contends|revealed|vowed|pledged|reiterated|concluded"
    r"|maintained|maintains|observed|commented|complained|joked|responded|repeated|indicated|disclosed|posted|thinks"
    r"|asked|asks|promised(?=,|\s+(?:that|to)\b)|quipped|countered|ruled(?=\s+that\b)"
    r"|believe|concede|concedes|(?:estimate|think|argue|warn|insist|claim|suggest|report|note|confirm|fear)(?=\s+that\b)"
)
_IMPLY = (
    r"denied|denies|deny|accused|accuses|called|calls|condemned|condemns|criticised|criticized|praised|praises|urged|urges"
    r"|demanded|demands|rejected|rejects|voiced|voices|likened|compared|dismissed|dismisses|described|describes|blamed"
    r"|blames|spoke|speaks|expressed|expresses|appealed|threatened|threatens|hailed|welcomed|welcomes"
    r"|protested|apologi[sz]ed"
)
"""Verbs that imply speech; before "in", "at" or "by" they are rather participles: "praised by all"."""
_VERB = re.compile(
    rf"\b(?:(?P<say>(?:{_SAY})(?!\s+by\b))|(?P<imply>(?:{_IMPLY})(?!\s+(?:in|at|by|on|off|from|during|up)\b)))\b"
)
_QUOTED = re.compile(r"“[^”]*(?:”|$)|\"[^\"]*(?:\"|$)|(?<![\w’'])‘[^’]*’(?!\w)|^[^“”]*”")
_MASK = "\x00"

_PERSONAL = frozenset(["he", "she"])
_IMPERSONAL = frozenset(["it", "they"])
_UNRESOLVED = frozenset(
    "i we you that this there these those what which who whom some many most others one everyone nobody no none all "
    "both each neither either people".split()
)
_ACCORDING = re.compile(
    r"\b(?:[Aa]ccording\s+to|[Ii]n\s+the\s+(?:words|view|opinion)\s+of|[Aa]s\s+reported\s+by|[Bb]y\s+the\s+estimate\s+of"
    r"|[Qq]uoted\s+by(?!.*\bas\s+saying))\s+(?P<who>[^,.;:!?\x00()]+)"
)
_NO_SOURCE = re.compile(
    r"^(?:plan|plans|schedule|custom|tradition|law|legend|age|size|rank|need|taste|the\s+(?:plan|schedule|rules|law"
    r"|treaty|constitution|charter|agreement))\b"
)
_QUOTED_AS = re.compile(r"\b(?:was|were|is|are)\s+(?:also\s+)?(?:quoted|cited)\s+(?:\S+\s+){0,4}?as\s+saying\b")
_LABEL = re.compile(r"^\s*[-*•]?\s*(?P<who>[A-ZÀ-ÖØ-Þ][^:\x00.!?]{1,60}):\s*\x00")
_DASHED = re.compile(r"\x00+\s*[—–]\s*(?P<who>[A-ZÀ-ÖØ-Þ][^\x00.!?]{1,60})[.]?\s*$")
_PASSIVE = re.compile(r"\b(?:is|are|was|were|be|been|being|gets?|got|to|not|never|n['’]t|nor|neither)\s+(?:\w+ly\s+)?$")
_NOUN_BEFORE = re.compile(
    r"\b(?:the|an?|these|those|such|of|no|any|some|in|on|for|by|from|with|his|her|its|their|two|three|four|several|many|few"
    r"|new|earlier|latest|recent|other)\s+$",
    re.IGNORECASE,
)
"""Before a noun or a participle that looks like a verb of saying: "the reports", "an announced strike"."""
_AUXILIARY = re.compile(
    r"\s*\b(?:had|has|have|also|then|later|earlier|again|already|once|even|both|still|now|repeatedly|\w+ly|did|does|do"
    r"|would|will|could|may|might|must|himself|herself|themselves|itself|first|since|just|long)\s*$"
)
_DATE = (
    r"(?:(?:[Ee]arly|[Ll]ate|[Ee]arlier|[Ll]ater)\s+)?(?:(?:[Oo]n|[Ii]n|[Aa]t|[Bb]y|[Dd]uring|[Ss]ince|[Uu]ntil)\s+)?"
    r"(?:the\s+same\s+(?:day|evening|week|month)"
    r"|(?:[Ll]ast|[Tt]his|[Nn]ext|[Tt]he\s+(?:next|following|previous|same))\s+\w+(?:\s+(?:night|morning|evening|afternoon))?"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day(?:\s+(?:night|morning|evening|afternoon))?|[Yy]esterday|[Tt]oday"
    r"|[Tt]omorrow|(?:\d{1,2}\s+)?(?:January|February|March|April|May|June|July|August|September|October|November"
    r"|December)(?:\s+\d{1,2})?(?:,?\s+\d{4})?|\d{4}"
    r"|(?:\w+\s+){1,2}(?:days?|weeks?|months?|years?|hours?)\s+(?:ago|earlier|later|before|after))"
)
_OPENING = re.compile(
    rf"^\s*(?:(?:(?-i:{_DATE})|but|and|yet|so|still|however|meanwhile|also|then|later|earlier|afterwards|as|since|once|while|although"
    r"|though|after|because|when|where|whether|if|that|what|which|there|here|instead|separately"
    r"|for\s+(?:his|her|its|their)\s+part|in\s+(?:a|an|the|his|her|its)\s+[^,]{1,60}?(?=,))\b\s*,?\s*)+",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"^(?:In|At|From|Speaking\s+(?:in|at|to))\s+[A-ZÀ-ÖØ-Þ]\w+(?:\s+[A-ZÀ-ÖØ-Þ]\w+)*\s*,?\s+(?=the\b|an?\b|its\b|[A-ZÀ-ÖØ-Þ])"
)
_SUBORDINATE = re.compile(
    r".*\b(?:that|which|because|when|after|before|while|whether|where|although|what|how|why)\s+", re.DOTALL
)
_FINITE = re.compile(
    r"\b(?:is|are|was|were|will|would|has|have|had|can|could|does|did|do|should|must|may|might|be|been|who|whom|whose)\b"
)
_ENDS = re.compile(
    rf"\s+(?:{_DATE}|on|in\s+(?:an?|the|his|her|its|their)\s+\w+|at\s+(?:an?|the|his|her|its|their)|after|before|during|to"
    r"|when|while|who|whom|that|as|from|following|outside|via|through|speaking|citing|referring|had|has|was|were|is|are)(?:\s|$).*$",
    re.DOTALL,
)
_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)
_POINTS = re.compile(r"(?<=\w)\s+(?:there|here)\b")
"""Beside a noun, where it is: "the foreign ministry there"."""
_NAME = re.compile(
    r"[A-ZÀ-ÖØ-Þ][\w’'.-]*(?:\s+(?:(?:of|de|da|di|van|von|der|den|al|bin|the)\s+)?[A-ZÀ-ÖØ-Þ][\w’'.-]*)*"
)
_TITLED = re.compile(rf"(?:(?:[a-z-]+\s+){{1,4}}(?=[A-ZÀ-ÖØ-Þ][\w’'-]+\s+[A-ZÀ-ÖØ-Þ]))?{_NAME.pattern}")
"""A name, a title in small letters before it: ``former finance minister Ida Munk``."""
_SUBJECT = re.compile(
    r"^(?:(?:At|In|On|After|Before|During)\b[^,]{3,80},\s)?(?P<name>(?:[A-ZÀ-ÖØ-Þ][\w’'-]+\s+){0,4}?[A-ZÀ-ÖØ-Þ][\w’'-]+)"
    r"(?=\s+(?:had|has|will|would|also|did|[a-z]+ed|met|went|came|gave|took|left|led|won|flew|held|sent|made|began|spoke"
    r"|became|told|said|does|wants|sees|was\s+born)\b|,\s(?:the|an?|who|his|her|its)\s)"
)
_APPOSED = re.compile(
    r"^(?:[Tt]he|[Aa]n?|[Ii]ts|[Hh]is|[Hh]er|[Tt]heir)\s[^,]{2,60},\s(?P<name>[A-ZÀ-ÖØ-Þ][\w’-]+(?:\s+[A-ZÀ-ÖØ-Þ][\w’-]+)+),"
)
_TIMES = frozenset(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday Today Yesterday However But And It He She They There "
    "This That Meanwhile In On At The A An Since Later Earlier Then Still Also Asked Under After Before We I You Here "
    "Last".split()
)
"""Words in capitals that begin a sentence and name nobody."""
_BODIES = re.compile(
    r"\b(?:ministry|agency|government|company|council|court|police|army|military|office|department|party|union|group|nato"
    r"|un|eu|house|pentagon|kremlin|commission|committee|bank|institute|university|association|federation|service|media"
    r"|newspaper|broadcaster|officials|authorities|parliament|board|team|club|foundation|organi[sz]ation|statement|report"
    r"|study|seoul|washington|moscow|beijing|tokyo|kyiv|london|berlin|paris|brussels|pyongyang|cross)\b",
    re.IGNORECASE,
)

_ASKED: Sequence[re.Pattern[str]] = (
    re.compile(
        r"\bwhat\s+(?:did|does|do|has|have|had)\s+(?P<who>[^?]+?)\s+(?:say|said|tell|told|think|claim|claimed|announce"
        r"|announced|warn|warned|state|stated|write|written|comment|report|reported|argue|argued|add|explain|promise"
        r"|promised|suggest|suggested|declare|declared|reply|replied|answer|answered|call|called|accuse|accused|demand"
        r"|demanded|believe)\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\bhow\s+(?:did|does|do|has|have)\s+(?P<who>[^?]+?)\s+(?:comment|react|respond|describe|explain|justify|put)\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:according\s+to|in\s+the\s+(?:words|view|opinion)\s+of|by\s+the\s+estimate\s+of)\s+(?P<who>[^?,]+)",
        re.IGNORECASE,
    ),
)


def _attribution(text: str) -> str | None:
    """The speaker as a sentence names them, a pronoun too; empty for a quote whose speaker stands before it."""
    masked = _QUOTED.sub(lambda match: _MASK * len(match.group()), text)
    if not masked.strip(f"{_MASK} .,;:-—–()[]"):
        return ""
    for form in (_LABEL, _DASHED):
        match = form.search(masked)
        if match is not None and not _VERB.search(match["who"]) and (speaker := _noun_phrase(match["who"])):
            return speaker
    implied: str | None = None
    for match in _VERB.finditer(masked):
        speaker = _speaker_at(masked, match)
        if speaker is None:
            continue
        if match["say"] is not None:
            return speaker
        implied = implied or speaker
    for match in _ACCORDING.finditer(masked):
        if not _NO_SOURCE.match(match["who"]):
            who = re.match(r"(?:its|his|her|their)\b", match["who"])
            speaker = (
                {"its": "it", "his": "he", "her": "she", "their": "they"}[who[0]] if who else _source(match["who"])
            )
            if speaker:
                return speaker
    if (match := _QUOTED_AS.search(masked)) is not None and (speaker := _left(masked[: match.start()])):
        return speaker
    return implied


def _speaker_at(masked: str, verb: re.Match[str]) -> str | None:
    """Who does the saying of a verb: before it, or, after a quote or a comma, behind it."""
    before, after = masked[: verb.start()], masked[verb.end() :]
    if _NOUN_BEFORE.search(before) or before.endswith("-"):
        return None
    bare = before.rstrip()
    quote = bare.rstrip(",").endswith(_MASK)
    if not quote and _MAKES.fullmatch(verb.group()) and _THING.match(after):
        return None
    left = None if quote or _PASSIVE.search(before) else _left(before)
    if left is None and verb["say"] is not None and (quote or bare.endswith(",")):
        return _right(after)
    return left


_MAKES = re.compile(r"wrote|writes|written|added|adds|concluded")
_THING = re.compile(r"\s+(?:\d|(?:the|an?|his|her|its|their|more|to)\b)", re.IGNORECASE)
"""Behind these verbs something that is made or joined: "wrote the foreword", "added a wing"."""


def _right(after: str) -> str | None:
    """The noun phrase behind a verb: ``, said Anna Berg, the mayor.``"""
    run = re.match(r"\s+([^\x00.;:!?]+)", after)
    if run is None:
        return None
    segments = [segment.strip() for segment in run[1].split(",")]
    first = _ENDS.sub("", f"{segments[0]} ").strip()
    if not first or (first[0].islower() and not _HEADS.match(first)):
        return None
    if len(segments) > 1 and not _bare_name(first):
        name = _ENDS.sub("", f"{segments[1]} ").strip()
        first = name if re.fullmatch(_NAME, name) else first
    return _noun_phrase(first)


def _left(before: str) -> str | None:
    """The subject that ends a stretch of text, which runs up to the verb."""
    stretch = re.split(rf"[;:—–]\s|{_MASK}[,.]?\s*", before)[-1]
    while (trimmed := _AUXILIARY.sub("", stretch)) != stretch:
        stretch = trimmed
    stretch = stretch.strip()
    coordinated = re.search(r"(?:,\s*|\s)(?:and|but|then|or)$", stretch)
    if coordinated is not None:
        start = _OPENING.sub("", stretch)
        pronoun = re.match(r"(?:[Hh]e|[Ss]he|[Tt]hey|[Ii]t)\b", start)
        if pronoun is not None:
            return pronoun[0]
        nearer = re.search(r".*,\s*(he|she|they|it)\s", stretch)
        if nearer is not None:
            return nearer[1]
        subject = _SUBJECT.match(start)
        return _noun_phrase(subject["name"]) if subject is not None and subject["name"] not in _TIMES else None
    closing = stretch.endswith(",")
    segments = [segment.strip() for segment in stretch.rstrip(",").split(",") if segment.strip()]
    if not segments:
        return None
    if not closing:
        return _subject(segments[-1])
    if len(segments) == 1:
        return None
    holder, aside = segments[-2], segments[-1]
    if len(segments) > 2 and not re.match(r"(?:the|an?)\b|[A-ZÀ-ÖØ-Þ]", aside):
        aside = ""
    name = re.sub(r"^(?:the|a|an)\s+", "", aside)
    if _TITLED.fullmatch(name) and not _bare_name(_clean(holder)):
        return _noun_phrase(name, any_noun=True)
    return _subject(holder)


def _clean(phrase: str) -> str:
    phrase = _OPENING.sub("", phrase)
    return _PLACE.sub("", phrase).strip()


def _bare_name(phrase: str) -> bool:
    return re.fullmatch(_NAME, _ARTICLE.sub("", phrase)) is not None


def _subject(segment: str) -> str | None:
    segment = _clean(segment)
    if _FINITE.search(segment) or _SUBORDINATE.match(segment):
        segment = _clean(_SUBORDINATE.sub("", segment))
    if not segment or _FINITE.search(segment):
        return None
    return _noun_phrase(segment)


_SOURCE_ENDS = re.compile(
    rf"\s+(?:{_DATE}|in|on|at|since|for|to|who|whom|that|which|as|is|are|was|were|had|has)(?:\s|$).*$", re.DOTALL
)


def _source(phrase: str) -> str | None:
    """The noun phrase behind "according to"."""
    phrase = _SOURCE_ENDS.sub("", f"{phrase} ").strip() or phrase
    return _noun_phrase(phrase, any_noun=True)


_MOST_WORDS = 10
_HEADS = re.compile(
    r"^(?:(?:the|an?|its|his|her|their|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|several"
    r"|many|some|most|another|both|senior|local|state|foreign|military|government"
    r"|police|opposition|\d+)\b|officials?\b|police\b|authorities\b|media\b|critics\b|experts\b|analysts\b|residents\b"
    r"|witnesses\b|scientists\b|researchers\b|doctors\b|lawyers\b|prosecutors\b|investigators\b|organi[sz]ers\b|investors\b"
    r"|he\b|she\b|they\b|it\b)"
)


def _noun_phrase(phrase: str, *, any_noun: bool = False) -> str | None:
    """A phrase as a speaker: without its article; None where it can't be one.

    Args:
        any_noun: whether a bare noun in small letters may be one ("data from the office").
    """
    phrase = phrase.strip(" ,'\"“”")
    words = phrase.split()
    if not words or len(words) > _MOST_WORDS or words[-1] in ("and", "but", "or", "which", "who", "that"):
        return None
    if phrase.casefold() in _UNRESOLVED or words[0].casefold() in (
        "that",
        "this",
        "there",
        "what",
        "which",
        "neither",
        "i",
    ):
        return None
    if words[0][0].islower() and not any_noun and not _HEADS.match(phrase):
        return None
    if not words[0][0].isalpha() or re.fullmatch(rf"(?:on\s+)?{_DATE}", phrase, re.IGNORECASE):
        return None
    said = _tidy(phrase)
    return said if said and said.casefold() not in ("the", "a", "an") else None


def _tidy(phrase: str) -> str:
    return _ARTICLE.sub("", _POINTS.sub("", phrase.strip(" ,.’'\"“”")))


_OFFICES = re.compile(
    r"\b(?:minister|president|spokes\w+|director|mayor|ambassador|secretary|chief|leader|general|governor|officer|man|woman"
    r"|adviser|head|chair\w*|professor|judge|coach|author|doctor|lawyer|captain|engineer|king|queen|prince\w*)\b",
    re.IGNORECASE,
)


def _is_person(speaker: str) -> bool:
    if _OFFICES.search(speaker) is not None:
        return True
    return speaker[0].isupper() and _BODIES.search(speaker) is None and not re.fullmatch(r"\w*[A-Z]{2,}\w*", speaker)
