"""Plain text and Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from corpus.document import Document, Heading, PublishedDate, Span
from corpus.published import best, from_file_name, from_first_line, from_front_matter, from_url
from corpus.readers.encoding import decode
from corpus.readers.header_lines import from_header_lines
from corpus.readers.raw import Raw

if TYPE_CHECKING:
    from markdown_it.token import Token

_LONGEST_TITLE = 120
_LONGEST_HEADING = 80
_LONGEST_HEAD = 2_500
_ENDS_LIKE_A_SENTENCE = tuple(".!?:;,\"”'’)")
_LIST_ITEM = re.compile(r"\s*(?:[-*•‣]|\d{1,3}[.)])\s")


def read_text(raw: Raw) -> list[Document]:
    """Plain text as it stands; a date that opens it is taken off, since it is about the text and not of it."""
    front, body = _front_matter(decode(raw.data))
    published = from_front_matter(front)
    if published is None:
        stripped = body.lstrip("\n")
        first_line = stripped.partition("\n")[0]
        found = from_first_line(first_line)
        if found is not None:
            published, end = found
            body = stripped[end:].lstrip("\n")
    body = body.strip("\n")
    headings = _plain_headings(body)
    title = _string(front, "title") or _first_line_title(body) or readable(raw.name)
    return [_document(body, title, raw, "text/plain", front, published, headings)]


def read_markdown(raw: Raw) -> list[Document]:
    """Markdown as the prose that its reader sees: no marks, link targets or pictures; headings kept as structure."""
    from markdown_it import MarkdownIt

    front, body = _front_matter(decode(raw.data))
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    prose, headings = _prose(tokens)
    first = next((heading.span.of(prose) for heading in headings if heading.level == 1), None)
    title = _string(front, "title") or first or readable(raw.name)
    return [_document(prose, title, raw, "text/markdown", front, from_front_matter(front), headings)]


def _document(
    text: str,
    title: str,
    raw: Raw,
    media_type: str,
    front: Mapping[str, Any],
    published: PublishedDate | None,
    headings: tuple[Heading, ...],
) -> Document:
    url = _string(front, "url")
    published = published or best(from_header_lines(_head(text)), from_url(url), from_file_name(raw.name))
    taken = {"title", "date", "published", "source", "publisher", "author", "language", "lang", "url"}
    return Document(
        text=text,
        title=" ".join(title.split())[:500],
        origin=raw.origin,
        name=raw.name,
        media_type=media_type,
        published=published,
        source=_string(front, "source") or _string(front, "publisher"),
        author=_string(front, "author"),
        language=(_string(front, "language") or _string(front, "lang"))[:2].lower(),
        url=url,
        headings=headings,
        metadata={str(key): str(value) for key, value in front.items() if str(key).casefold() not in taken},
    )


def _head(text: str) -> str:
    """The lines above the first paragraph, and that one, which a dateline may open: below it a date is a section's."""
    lines = text[:_LONGEST_HEAD].split("\n")
    end = next((number for number, line in enumerate(lines, 1) if len(line) > _LONGEST_TITLE), len(lines))
    return "\n".join(lines[:end])


def _front_matter(text: str) -> tuple[dict[str, Any], str]:
    """YAML between two lines of dashes at the start, and the rest; what is not valid YAML is text."""
    if not text.startswith("---\n"):
        return {}, text
    import frontmatter
    import yaml

    try:
        metadata, body = frontmatter.parse(text)
    except (yaml.YAMLError, ValueError):
        return {}, text
    return (dict(metadata), body) if metadata else ({}, text)


def _string(front: Mapping[str, Any], key: str) -> str:
    value = next((value for name, value in front.items() if str(name).casefold() == key), None)
    return " ".join(str(value).split()) if isinstance(value, str | int | float) else ""


def readable(name: str) -> str:
    """A file's name as a title, where the file has none."""
    stem = name.rpartition(".")[0] or name
    return " ".join(re.sub(r"[-_]+", " ", stem).split()) or name


def _first_line_title(text: str) -> str:
    line, _, rest = text.partition("\n")
    is_title = 0 < len(line.strip()) <= _LONGEST_TITLE and not line.rstrip().endswith(_ENDS_LIKE_A_SENTENCE)
    return line.strip() if is_title and rest.strip() and not _LIST_ITEM.match(line) else ""


def _plain_headings(text: str) -> tuple[Heading, ...]:
    """Short lines that end in no punctuation and stand above a longer one: only what is certainly a heading."""
    headings: list[Heading] = []
    lines = text.split("\n")
    following = [""] * len(lines)
    """Of each line: the next one that is not blank."""
    for number in range(len(lines) - 1, 0, -1):
        following[number - 1] = lines[number].strip() or following[number]
    position = 0
    for number, line in enumerate(lines):
        start, position = position, position + len(line) + 1
        stripped = line.strip()
        before = lines[number - 1].strip() if number else ""
        after = following[number]
        if (
            stripped
            and len(stripped) <= _LONGEST_HEADING
            and stripped[0].isupper()
            and not stripped.endswith(_ENDS_LIKE_A_SENTENCE)
            and not _LIST_ITEM.match(line)
            and (not before or before.endswith((".", "!", "?", '"', "”")))
            and (len(after) > len(stripped) and (after.endswith(_ENDS_LIKE_A_SENTENCE) or _LIST_ITEM.match(after)))
        ):
            begin = start + line.index(stripped)
            headings.append(Heading(Span(begin, begin + len(stripped)), 2))
    return tuple(headings)


def _prose(tokens: list[Token]) -> tuple[str, tuple[Heading, ...]]:
    parts: list[str] = []
    headings: list[Heading] = []
    length = 0
    lists: list[int] = []
    """Of each open list: the number of its next item, 0 for one with bullets."""
    marker = ""
    level = 0
    cells: list[str] = []
    in_row = False

    def write(text: str, gap: str) -> None:
        nonlocal length
        if not text.strip():
            return
        if parts:
            parts.append(gap)
            length += len(gap)
        parts.append(text)
        length += len(text)

    for token in tokens:
        match token.type:
            case "heading_open":
                level = int(token.tag[1:])
            case "bullet_list_open":
                lists.append(0)
            case "ordered_list_open":
                lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
            case "list_item_open":
                marker = f"{lists[-1]}. " if lists[-1] else "- "
                if lists[-1]:
                    lists[-1] += 1
            case "tr_open":
                cells, in_row = [], True
            case "tr_close":
                write(" | ".join(cells), "\n")
                in_row = False
            case "inline":
                text = _inline(token)
                if in_row:
                    cells.append(text)
                elif level:
                    write(text, "\n\n")
                    if text.strip():
                        headings.append(Heading(Span(length - len(text), length), level))
                    level = 0
                else:
                    write(marker + text, "\n" if marker else "\n\n")
                    marker = ""
            case "fence" | "code_block":
                write(token.content.rstrip("\n"), "\n\n")
    return "".join(parts), tuple(headings)


def _inline(token: Token) -> str:
    pieces: list[str] = []
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            pieces.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            pieces.append("\n" if child.type == "hardbreak" else " ")
    return "".join(pieces).strip()
