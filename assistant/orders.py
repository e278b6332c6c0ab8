"""Whether a text speaks to whoever reads it for somebody else, a language model above all, instead of reporting.

Such a text is quoted to people like any other. To an LLM it is not given, and from an LLM it is not taken.
"""

from __future__ import annotations

import re
import unicodedata

_TERMINAL_CODES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x9b[0-?]*[ -/]*[@-~]|\x1b[\]PX^_].*?(?:\x07|\x1b\\|\x9c|$)|\x1b[ -/]*[0-~]", re.DOTALL
)
"""Control sequences of terminals (ECMA-48): colours, cursors, titles, with what they hold."""
_ALIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеіјорсухѕԁһԛԝѵԍ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανικρυ",
    "ABESIJKMHOPCTYXaeijopcyxsdhqwvg" + "ABEZHIKMNOPTYXoavikpu",
)
"""Cyrillic and Greek letters that look like Latin ones, and these."""
_WORD = re.compile(r"\w+")
_LATIN, _LIKE_LATIN = re.compile("[A-Za-z]"), re.compile("[\u0370-\u03ff\u0400-\u052f]")


def visible(text: str) -> str:
    """The text without terminal codes and invisible characters; other control characters are spaces."""
    return "".join(
        " " if unicodedata.category(character) == "Cc" and character not in "\t\n" else character
        for character in _TERMINAL_CODES.sub("", text)
        if unicodedata.category(character) not in ("Cf", "Cs", "Co")
    )


def _as_read(text: str) -> str:
    """The text as its reader takes it: what is visible, with Latin letters for those that only look like them."""
    seen = unicodedata.normalize("NFKC", visible(text))
    if not _LIKE_LATIN.search(seen) or not any(_is_mixed(word) for word in _WORD.findall(seen)):
        return seen
    # A word of two scripts is a Latin one in disguise; beside one, so is a letter alone.
    return _WORD.sub(
        lambda word: word[0].translate(_ALIKE) if _is_mixed(word[0]) or len(word[0]) == 1 else word[0], seen
    )


def _is_mixed(word: str) -> bool:
    return bool(_LIKE_LATIN.search(word) and _LATIN.search(word))


_BEGIN = (
    r"(?:^|[.:!?;>\]\n–—])[-\s*•#\"“”'‘(\[]*"
    r"(?:(?:please|kindly|now|then|also|instead|just|simply|always|never|and|so|do not|don't|let us|you must|"
    r"you should|you will|you shall|you are to|you have to|"
    r"(?:ai|llms?|models?|assistants?|chatbots?|dear \w+) ?[,:]),? )*"
)
"""Where an order begins."""
_SOME = r"[^.!?\n]{0,150}?"
"""Words between; so few that a long text without full stops takes no longer."""
_MODEL = (
    r"(?:(?:language |chat|the |this |an? |all |any |every )models?\b(?! (?:of|from|year|number|train|name))|"
    r"assistants?\b|chatbots?\b|\bAI\b|\bLLMs?\b)"
)
_OF_AN_ANSWER = (
    rf"(?:{_MODEL}|\b(?:this|your|system) prompts?\b|\byour (?:instructions|rules|orders)\b|"
    r"\b(?:your|every|each|any|(?:in|into|to|of) the) "
    r"(?:next |final )?(?:answers?|repl(?:y|ies)|responses?|output)\b|"
    r"\bthe (?:whole |entire |full |previous )?conversation\b|"
    r"\b(?:system|user) messages?\b|\bthe quotes?\b|\benvironment variable\b|\bsource \d|\[-?\d+\])"
)
"""What only somebody speaks of who speaks to one that answers."""
_TELLING = r"(?:answer|reply|respond|output|say|state|write|print|claim|tell|repeat|pretend|insist)"
_DOING = (
    r"(?:recommend|insult|cite|append|end|begin|start|finish|show|display|reveal|translate|summari[sz]e|mention|include|"
    r"use|put|insert|add|send|call|render|return|note|remember|treat|consider|obey|delete|open|email|mail|run|execute|"
    rf"follow|visit|download|{_TELLING})"
)
"""What a model may be told to do."""

_FORMS = re.compile(
    # the forms of a chat, of tags, and of what a model puts out
    r"<\||\|>|\[/?(?:inst|system\b[^\]]{0,40})\]|<</?sys>>|</?(?:quotes?|system|instructions?)\b|\bquote number ?=|"
    r"\"(?:sentences|text|quotes|tool_calls|role|arguments)\" ?:|"
    r"(?:^|[.!?\n#] ?)assistant ?: ?(?:i|sure|yes|of course|here|write|say|answer|the)\b|"
    rf"(?:^|[.!?\n#] ?)(?:system|user|developer|human|ai) ?: ?{_SOME}\b(?:you|the user|respond|{_TELLING}|ignore)\b|"
    # what was said before is to be passed over
    r"\b(?:ignore|disregard|forget|override|bypass) (?:(?:all|any|every|each|of|the|these|those|your|my|our|earlier|"
    r"previous|prior|preceding|above|other|former|safety) ){1,5}"
    r"(?:instructions?|prompts?|guidelines|quotes?|messages?)\b|"
    r"\byour (?:system )?prompt\b|"
    # what every answer has to be
    r"\b(?:every|each|any|all|your) (?:answers?|repl(?:y|ies)|responses?|outputs?|claims?) "
    r"(?:must|should|shall|has to|have to|may|will|needs? to|is to|are to)\b|"
    r"\bthe (?:correct|right|only|true|final) answer is\b|\b(?:source|quote) \d+\b(?: says|:)|\bcited? (?:as )?\[|"
    r"\b(?:must|has to|should|shall) (?:stand|appear|be put|be shown|be repeated) (?:at|in|before|after|behind) "
    r"(?:the (?:end|beginning|start) of )?(?:the|every|each|your) (?:answer|reply|response)|"
    r"\b(?:instructions|corrections?|notes?|messages?|orders?|attention)(?: to| for|,) (?:the |all |any |every )?"
    r"(?:ai )?(?:assistants?|(?:language )?models?|chatbots?|ais?|llms?)\b",
    re.IGNORECASE,
)
"""Unmistakable wherever it stands."""
_ORDERS = re.compile(
    # ignore the above; forget what you were told
    rf"{_BEGIN}(?:ignore|disregard|forget|override) (?:the (?:above|foregoing|following|quotes?|rest\b)|"
    r"(?:everything|all|anything|what|whatever)\b|(?:all |any |every |your |the )?(?:previous|prior|earlier)\b|"
    r"your (?:rules|orders|training|instructions))|"
    # say that …, reply with …, print: …, write the word …
    rf"{_BEGIN}(?:{_TELLING} ?(?:only\b|just\b|with\b|in\b|back\b|that\b|the (?:words?|single|following|phrase)\b|"
    r"to (?:the |every|all )(?:reader|user|question)|(?:everyone|everybody|people|them|the readers?|the users?)\b)|"
    r"(?:reply|respond|output|say|print|repeat|pretend) ?:)|"
    # use source 0 for every answer; put this into your answer; call the tool …, then say that …
    rf"{_BEGIN}{_DOING}\b{_SOME}"
    rf"(?:{_OF_AN_ANSWER}|(?:,|\band|\bthen) (?:then )?(?:say|write|answer|reply) (?:that|with)\b)|"
    rf"{_BEGIN}cite (?:this|that|the following)\b|\b(?:decode|decrypt|translate|execute)?(?: this)? and obey\b|"
    r"\b(?:answer|reply|respond) (?:only )?with (?:only |just )?(?:the (?:single )?words?|one word)\b|"
    # new rules for one who reads
    rf"{_BEGIN}(?:the )?new (?:instructions|rules) follow\b|{_BEGIN}from now on,? (?:you|answer|reply|say|every)\b|"
    rf"{_BEGIN}(?:when|if) (?:you are )?asked\b[^.!?,]{{0,80}}, (?:always |only |just )*{_TELLING}\b|"
    r"\bsafety (?:checks|filters|rules|guards?) (?:is|are) (?:off|disabled|lifted)\b",
    re.IGNORECASE,
)
"""Orders where an order may begin; within quotation marks they are somebody's word."""
_TO_YOU = re.compile(
    r"\byou are (?:(?:now|from now on) (?:an?\b|the\b|(?-i:[A-Z]))|an? (?:ai|assistant|chatbot|language model)\b)|"
    rf"\byou (?:(?:do|will|must|should|shall|are to|have to|need to|always|never) )*(?:not )?{_TELLING}"
    r"(?: (?:that|with|only)\b| ?:)|"
    r"\b(?:i|we) (?:hereby )?(?:order|command|instruct|require|authori[sz]e) you to\b|"
    rf"\byou\b{_SOME}{_OF_AN_ANSWER}|{_MODEL}{_SOME}\byou\b|"
    r"\bi (?:will|shall|am going to|can|must) now (?:reveal|ignore|obey|disregard|repeat)\b",
    re.IGNORECASE,
)
"""What is said to "you", outside of quotation marks."""
_SPEECH = re.compile(r"“[^“”]*”|\"[^\"]*\"|„[^“”„]*[“”]|«[^«»]*»|(?<!\w)[‘'][^‘’']*[’'](?!\w)")


def orders_a_reader(text: str) -> bool:
    """Whether a text gives orders on what is to be answered, or has the form of a chat or of an LLM's output.

    Orders that somebody else is told to have been given ("he told them to ignore the order"), and direct speech, are
    none.
    """
    seen = _SPACES.sub(" ", _as_read(text))
    if _FORMS.search(seen):
        return True
    told = _SPEECH.sub(" … ", seen)
    if not any(character.isalnum() for character in told):
        told = seen  # all of it stands in quotation marks
    return bool(_ORDERS.search(told) or _TO_YOU.search(told))


_SPACES = re.compile(r"[^\S\n]+")
