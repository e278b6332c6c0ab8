"""What the properties of an office file say of it, and how far they are believed.

Programs fill them in by themselves: the title of the template, the log-in name of whoever installed the program, the
day on which the file was made out of another. A wrong one is worse than none.
"""

from __future__ import annotations

import datetime
import re

from corpus.document import PublishedDate
from corpus.published import best, from_file_name, months_named, plausible
from corpus.readers.encoding import line
from corpus.readers.header_lines import from_header_lines

_LINES_OF_TITLE = 1_500
"""Characters at the start of a text in which it says of when it is."""
_NO_TITLE = re.compile(
    r"(?:untitled|unbenannt|sans titre|sin título|(?:microsoft )?(?:word|powerpoint|excel)?[ -]*"
    r"(?:document|presentation|dokument|präsentation|présentation|book|slide)?\s*\d*|title|titel|layout \d*)",
    re.IGNORECASE,
)
_FILE_NAME = re.compile(r"\S+\.(?:docx?|pptx?|xlsx?|pdf|indd|dvi|tex|ps|rtf|odt|qxd|html?|txt)", re.IGNORECASE)
_PRINTED_BY = re.compile(r"^(?:microsoft (?:word|powerpoint|excel) - )", re.IGNORECASE)


def title_of(value: str | None) -> str:
    """A title that somebody wrote; empty for what a program put in its place."""
    title = _PRINTED_BY.sub("", line(value or ""))[:500]
    if not title or _NO_TITLE.fullmatch(title) or _FILE_NAME.fullmatch(title):
        return ""
    return title if any(character.isalpha() for character in title) else ""


def author_of(value: str | None) -> str:
    """A name of two words or more, or one in a script without spaces; a log-in name is not one."""
    author = line(value or "")[:200]
    if not author or "@" in author or author.casefold().startswith(("python-", "microsoft ")):
        return ""
    return author if " " in author or not author.isascii() else ""


def published_of(text: str, name: str, made: datetime.date | None) -> PublishedDate | None:
    """The publication date of an office file.

    Args:
        text: of the document.
        made: the day on which its properties say that it was made. It counts only where the text's beginning names the
            same month: files are made anew for reasons of their own, long after they appeared.
    """
    found = best(from_header_lines(text, near=made), from_file_name(name))
    if found is not None or made is None or not plausible(made):
        return found
    if (made.year, made.month) in months_named(text[:_LINES_OF_TITLE]):
        return PublishedDate(made, "metadata", made.isoformat(), 0.5)
    return None
