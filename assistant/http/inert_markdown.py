"""Text of documents for clients that show it as Markdown: whatever would load, link or run something is made text.

Chat programs show a completion as Markdown. A picture in a document's text would be fetched by whoever reads the
answer, and tell a stranger of it. So brackets that link, elements and fences get a backslash, which Markdown does not
show. Other signs stay as they are: many programs take the text as it is, and there "$4.3" must not become "\\$4.3".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LIVE = re.compile(r"(\\*)(\](?=[(:])|<(?=[A-Za-z/!?])|`(?=``)|~(?=~~))")
"""A link's or picture's bracket, the beginning of an element, a fence; with the backslashes before it, which would
take ours for theirs."""
_UNDECIDED = re.compile(r"(\\+|\\*(?:\]|<|`+|~+))\Z")
"""The end of a piece that may become one of these with what follows."""


@dataclass(frozen=True, slots=True)
class InertMarkdown:
    """A text without live markup, and where the offsets of the original are in it."""

    text: str
    original: str

    def offset(self, original: int) -> int:
        """Where a code point of the original stands in the text."""
        added = 0
        for found in _LIVE.finditer(self.original):
            if found.start(2) >= original:
                break
            added += len(found[1]) + 1
        return original + added


def inert_markdown(text: str) -> InertMarkdown:
    """The text with a backslash before whatever would load, link or run something."""
    return InertMarkdown(_LIVE.sub(r"\1\1\\\2", text), text)


class InertPieces:
    """A text that comes in pieces, made inert as a whole: the end of a piece may wait for the next one."""

    def __init__(self) -> None:
        self._waiting = ""

    def add(self, piece: str) -> str:
        """What can be told of the text now."""
        text = self._waiting + piece
        found = _UNDECIDED.search(text)
        self._waiting = text[found.start() :] if found else ""
        return _LIVE.sub(r"\1\1\\\2", text[: len(text) - len(self._waiting)])

    def end(self) -> str:
        """What waited for a piece that does not come."""
        text, self._waiting = self._waiting, ""
        return _LIVE.sub(r"\1\1\\\2", text)
