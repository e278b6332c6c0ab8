"""Plain text and Markdown: the text as its reader sees it, and what it says of itself."""

from __future__ import annotations

import datetime

import pytest

from corpus.document import Document, PublishedDate
from corpus.reading import read_bytes


def read(text: str, name: str) -> Document:
    (document,) = read_bytes(text.encode(), name, origin="o")
    return document


def day(document: Document) -> tuple[str, str] | None:
    """The published date, and where it was read from."""
    return (document.published.value.isoformat(), document.published.source) if document.published else None


def test_markdown_is_its_prose_with_its_structure() -> None:
    """Marks, targets of links and pictures go; headings, items and rows stay; front matter is metadata."""
    document = read(
        "---\ntitle: The canal\ndate: 2022-07-04\nauthor: Eleni Markou\nlanguage: en-GB\nurl: https://a.example/c\n"
        "desk: home\n---\n# Corinth\n\nThe *canal* [reopened](https://b.example).\n\n- one\n- two\n\n"
        "| Year | Ships |\n|---|---|\n| 2021 | 33 |\n",
        "canal.md",
    )

    assert document.text == "Corinth\n\nThe canal reopened.\n- one\n- two\nYear | Ships\n2021 | 33"
    assert [(heading.span.of(document.text), heading.level) for heading in document.headings] == [("Corinth", 1)]
    assert (document.title, document.author, document.language, document.url, dict(document.metadata)) == (
        "The canal",
        "Eleni Markou",
        "en",
        "https://a.example/c",
        {"desk": "home"},
    )
    assert document.published == PublishedDate(datetime.date(2022, 7, 4), "front matter", "2022-07-04")


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("date 2024-11-12\nThe dam is finished.", "a.txt", ("2024-11-12", "first line")),
        ("The dam\n\nPublished: 12 November 2024\n\nIt is finished.", "a.txt", ("2024-11-12", "header line")),
        ("# The dam\n\nBy Ann Author | 12 Nov 2024\n\nIt is finished.", "a.md", ("2024-11-12", "header line")),
        ("The dam\n\nTuesday, 12 November 2024\n\nIt is finished.", "a.txt", ("2024-11-12", "header line")),
        ("PARIS, Nov 12, 2024 (Agency) — The dam is finished.", "a.txt", ("2024-11-12", "dateline")),
        ("The dam is finished.", "2024-11-12-dam.txt", ("2024-11-12", "file name")),
        ("---\nurl: https://a.example/2024/11/12/dam\n---\nThe dam is finished.", "a.md", ("2024-11-12", "url")),
        ("---\ndate: 2024-11-12\n---\nPublished: 3 May 2020\n\nOld.", "2019-01-01.md", ("2024-11-12", "front matter")),
        # None of these says when it was published.
        ("The dam was finished on 12 November 2024, after nine years.", "a.txt", None),
        ("Released 3 May 2020, the album sold a million copies in the first week of its release.", "a.txt", None),
        ("Published: 03/04/2024\n\nThe fourth of March, or the third of April.", "a.txt", None),
        ("The dam is finished.", "2024-11-12-to-2024-11-14.txt", None),
        ("The dam\n\nPublished: 12 November 2994\n\nIt will be finished.", "a.txt", None),
        (f"{'The service is new. ' * 9}\n\n2 October 2017\n\nAnother is gone.", "a.txt", None),
        ("The dam will be finished.", "2994-11-12-dam.txt", None),
    ],
)
def test_the_published_date_is_found_where_it_is_said(text: str, name: str, expected: tuple[str, str] | None) -> None:
    """Front matter, a first line, the forms of news, the address, the file's name; a date in prose is none."""
    assert day(read(text, name)) == expected


SWEDISH = "Färjan från Göteborg går inte längre på söndagar. Åtta älgar sågs på ön förra året, säger länsstyrelsen."
TEXTS = {
    "cp1252": "Die Brücke über die Öre wurde 1987 gesperrt, weil sie für Lastwagen zu schwach war.",
    "latin-1": SWEDISH,
    "cp1250": "Most nad Wisłą został zamknięty w środę. Prezydent miasta powiedział, że remont potrwa dłużej.",
    "cp1251": "Мост через реку был закрыт в среду. Мэр сказал, что ремонт займёт больше времени.",
    "koi8_r": "Мост через реку был закрыт в среду. Мэр сказал, что ремонт займёт больше времени.",
    "shift_jis": "橋は水曜日に閉鎖された。市長は、修理には予定より長い時間がかかると述べた。",
    "gb18030": "这座桥星期三关闭。市长说，维修时间将比计划的更长。居民必须绕行。",
    "utf-16": "The ropeway of Cabo carried 5,300 passengers.",
    "utf-16-le": "The ropeway of Cabo carried 5,300 passengers.",
    "utf-8-sig": SWEDISH,
}


@pytest.mark.parametrize("encoding", TEXTS)
def test_encodings_are_made_out(encoding: str) -> None:
    """Of short texts too: a sentence or two."""
    (document,) = read_bytes(TEXTS[encoding].encode(encoding), "a.txt", origin="o")
    assert document.text == TEXTS[encoding]
