"""JSON: articles become documents, whatever their fields are called."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from corpus.document import Document, PublishedDate
from corpus.reading import Limits, ReadError, read_bytes

TEXT = "The harbour reopened on Monday. Ships came in."


def read(value: Any, name: str = "news.json", **options: Any) -> list[Document]:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return read_bytes(data, name, origin="o", **options)


def test_an_array_of_articles_is_documents() -> None:
    """Title, text, date, address, source, author and language are recognised; the rest is metadata."""
    article = {
        "Headline": "Harbour reopens",
        "articleBody": TEXT,
        "publishedAt": "2024-03-12T08:00:00Z",
        "url": "https://gazette.example/a",
        "source": {"id": None, "name": "Harbour Gazette"},
        "authors": ["Ann Author", "Bert Byline"],
        "lang": "en-GB",
        "section": "local",
        "tags": ["ships", "storm"],
        "image": None,
    }
    (document,) = read([article])
    assert document == Document(
        text=TEXT,
        title="Harbour reopens",
        origin="o#https://gazette.example/a",
        name="news.json",
        published=PublishedDate(datetime.date(2024, 3, 12), "metadata", "2024-03-12T08:00:00Z", 1.0),
        source="Harbour Gazette",
        author="Ann Author, Bert Byline",
        language="en",
        url="https://gazette.example/a",
        metadata={"section": "local", "tags": "ships, storm"},
    )


@pytest.mark.parametrize(
    "value",
    [
        {"title": "A", "text": TEXT, "comments": [{"text": "Well done."}]},
        {"status": "ok", "articles": [{"title": "A", "content": TEXT}]},
        {"hits": {"total": 1, "hits": [{"_id": "7", "_source": {"title": "A", "body": TEXT}}]}},
        {"title": "A feed", "description": "of news", "items": [{"title": "A", "content_html": f"<p>{TEXT}</p>"}]},
        [{"title": {"rendered": "A"}, "content": {"rendered": f"<script>x</script><p>{TEXT}</p>"}}],
        [{"title": "A", "description": TEXT, "content": None}],
        ["not one", {"title": "A", "text": [TEXT]}, 7],
    ],
)
def test_articles_are_found_wherever_they_stand(value: Any) -> None:
    """In lists, in what services answer, in feeds; markup in a text is taken away."""
    (document,) = read(value)
    assert (document.title, document.text) == ("A", TEXT)


def test_articles_keep_their_identity() -> None:
    """By address, id or title, wherever in the file they stand; those with nothing of their own are told apart."""
    values = [{"text": TEXT}, {"text": "b", "id": 7}, {"text": "c", "title": "T"}, {"text": "d", "title": "T"}]
    assert [(document.title, document.origin) for document in read(values)] == [
        ("news, 1", "o#1"), ("news, 2", "o#7"), ("T", "o#T"), ("T", "o#T#2"),
    ]  # fmt: skip


def test_lines_of_json_are_records() -> None:
    """Also under the name of json; lines that are broken are passed over, and told."""
    lines = b'{"title": "A", "text": "x"}\n\n{"title": "B", "text": "y"}\n{"title": \n'
    told: list[tuple[str, str]] = []
    for name in ("news.jsonl", "news.json"):
        documents = read(lines, name, on_problem=lambda name, problem: told.append((name, problem)))
        assert [(document.title, document.text) for document in documents] == [("A", "x"), ("B", "y")]
    assert told == [("line 4", "This is not valid JSON.")] * 2


def test_records_that_are_no_articles_are_rows() -> None:
    """Each with the names of its fields, those of inner objects too."""
    (document,) = read([{"year": 2022, "ships": {"in": 33, "out": 30}, "open": True}, {"year": 2023, "none": None}])
    assert [(page.locator, page.span.of(document.text)) for page in document.pages] == [
        ("row 1", "year: 2022; ships in: 33; ships out: 30; open: true"),
        ("row 2", "year: 2023"),
    ]


def test_other_values_are_lines() -> None:
    """A line a field, with the names that lead to it."""
    (document,) = read({"port": {"name": "Lune", "berths": [1, 2]}, "open": False})
    assert document.text == "port name: Lune\nport berths: 1\nport berths: 2\nopen: false"


def test_a_lone_surrogate_in_json_is_replaced() -> None:
    """JSON can escape half a character, which no store takes."""
    (document,) = read(b'[{"title": "A\\ud800", "text": "x\\udfff y", "k\\ud800": "v\\ud800"}]')
    assert (document.title, document.text, dict(document.metadata)) == ("A\ufffd", "x\ufffd y", {"k\ufffd": "v\ufffd"})


def test_what_is_no_json_says_so() -> None:
    """Broken, too deep, too long: a sentence each."""
    with pytest.raises(ReadError, match=r"^The file is not valid JSON: Expecting value: line 1 column 11"):
        read(b'{"title": ')
    with pytest.raises(ReadError, match=r"^None of the file's lines is valid JSON\.$"):
        read(b"no\nno\n", "a.jsonl")
    with pytest.raises(ReadError, match=r"^The file's parts lie too deep inside of one another to be read\.$"):
        read(b"[" * 200_000 + b"]" * 200_000)
    with pytest.raises(ReadError, match=r"^The file has more than 2 records, the most that are read: split it\.$"):
        read([{"text": "x"}] * 3, limits=Limits(max_rows=2))
    with pytest.raises(ReadError, match=r"^The file holds no text\.$"):
        read([])
