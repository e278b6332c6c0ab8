"""JSON, whole or a record a line: articles become documents, other records rows, anything else lines of its fields."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from corpus.document import Document
from corpus.published import from_file_name
from corpus.readers.articles import Record, apart
from corpus.readers.encoding import decode, line
from corpus.readers.prose import Prose
from corpus.readers.raw import Raw, ReadError
from corpus.readers.text import readable

_DEEPEST = 6
"""Objects within one another in which articles are looked for."""
_MOST_FIELDS = 200_000
_CHECK_TIME = 500
"""Records between two looks at the clock."""


def read_json(raw: Raw) -> list[Document]:
    """The articles of a file, wherever in it their list stands; else its records or fields."""
    text = decode(raw.data)
    try:
        value = json.loads(text)
    except ValueError as error:
        first = text.lstrip().partition("\n")[0]
        if first.rstrip().endswith("}") and _loads(first) is not None:
            return read_json_lines(raw)  # it goes by the name of the other kind
        raise ReadError(f"The file is not valid JSON: {error}.") from error
    return _documents(value, raw, "application/json")


def read_json_lines(raw: Raw) -> list[Document]:
    """A record a line; lines that are none are passed over, and told."""
    values: list[Any] = []
    wrong: list[int] = []
    for number, text in enumerate(decode(raw.data).split("\n"), 1):
        if number % _CHECK_TIME == 0:
            raw.budget.check_time()
        if not text.strip():
            continue
        value = _loads(text)
        if value is None:
            wrong.append(number)
        else:
            values.append(value)
            _check_count(len(values), raw)
    if not values:
        raise ReadError("None of the file's lines is valid JSON.")
    if wrong:
        others = f" and {len(wrong) - 1:,} more" if len(wrong) > 1 else ""
        raw.on_problem(f"line {wrong[0]:,}{others}", "This is not valid JSON.")
    return _documents(values, raw, "application/jsonl")


def _loads(text: str) -> Any:
    """The value of a JSON text; None where it is not valid."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _documents(value: Any, raw: Raw, media_type: str) -> list[Document]:
    records = _articles(value)
    _check_count(len(records), raw)
    found: list[Document] = []
    for number, record in enumerate(records, 1):
        if number % _CHECK_TIME == 0:
            raw.budget.check_time()
        if record.is_article:
            found.append(record.document(raw, number))
    if found:
        return apart(found)
    prose = Prose(raw.limits)
    _write(value, prose, raw)
    return [
        Document(
            text=prose.text,
            title=readable(raw.name),
            origin=raw.origin,
            name=raw.name,
            media_type=media_type,
            published=from_file_name(raw.name),
            pages=prose.pages,
        )
    ]


def _articles(value: Any) -> list[Record]:
    """The records of the list that holds articles: the one that is nearest to the top."""
    waiting: deque[tuple[Any, int]] = deque([(value, 0)])
    alone: list[Record] = []
    while waiting:
        value, level = waiting.popleft()
        if isinstance(value, list):
            records = [Record.of(item) for item in value if isinstance(item, Mapping)]
            if any(record.is_article for record in records):
                return records
        elif isinstance(value, Mapping):
            record = Record.of(value)
            if record.has_text:
                return [record]
            if record.is_article:  # a title and a summary: an article, or what a feed says of itself
                alone = alone or [record]
            if level < _DEEPEST:
                waiting.extend((inner, level + 1) for inner in value.values() if isinstance(inner, list | Mapping))
    return alone


def _write(value: Any, prose: Prose, raw: Raw) -> None:
    """Records as rows with their fields; other values a line a field."""
    if isinstance(value, Mapping) and len(value) == 1 and isinstance(next(iter(value.values())), list):
        value = next(iter(value.values()))
    if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        _check_count(len(value), raw)
        for number, item in enumerate(value, 1):
            if number % _CHECK_TIME == 0:
                raw.budget.check_time()
            with prose.page(number, "row"):
                prose.write("; ".join(f"{path}: {said}" if path else said for path, said in _fields(item)), "\n")
        return
    for path, said in _fields(value):
        prose.write(f"{path}: {said}" if path else said, "\n")


def _fields(value: Any) -> Iterator[tuple[str, str]]:
    """Every scalar below a value, with the names that lead to it; as deep as it goes, without calling itself."""
    waiting: list[tuple[str, Any]] = [("", value)]
    count = 0
    while waiting:
        path, value = waiting.pop()
        inner: Sequence[tuple[str, Any]]
        if isinstance(value, Mapping):
            inner = [(f"{path} {line(str(key))}".strip()[-200:], item) for key, item in value.items()]
        elif isinstance(value, list):
            inner = [(path, item) for item in value]
        else:
            said = "" if value is None else line(str(value).lower() if isinstance(value, bool) else str(value))
            if said:
                count += 1
                if count > _MOST_FIELDS:
                    raise ReadError(
                        f"The file has more than {_MOST_FIELDS:,} fields, the most that are read: split it."
                    )
                yield path, said
            continue
        waiting.extend(reversed(inner))


def _check_count(count: int, raw: Raw) -> None:
    if count > raw.limits.max_rows:
        raise ReadError(f"The file has more than {raw.limits.max_rows:,} records, the most that are read: split it.")
