"""Web pages: the article without menus and banners, and when it appeared."""

from __future__ import annotations

import json

import pytest

from corpus.document import Document
from corpus.reading import read_bytes

ARTICLE = (
    "<article><h1>Windmill struck</h1><p>The windmill of Kinderdijk was struck by lightning on Saturday, and its cap "
    "burned for three hours.</p><p>Nobody was hurt when the mill caught fire, the miller said on Sunday morning, and "
    "the sails could be saved by volunteers.</p><ul><li>Two engines came.</li></ul>"
    "<table><tr><th>Year</th><th>Fires</th></tr><tr><td>2018</td><td>4</td></tr></table></article>"
)
AROUND = (
    "<nav><a href=/>Home</a> <a href=/sport>Sport</a></nav>{}<aside>Read also: cheese prices</aside>"
    "<div class=cookie-banner>We value your privacy</div><footer>All rights reserved</footer>"
)


def read(head: str = "", body: str = AROUND.format(ARTICLE), name: str = "mill.html") -> Document:
    page = f"<!DOCTYPE html><html lang=en-GB><head><title>Windmill struck | Mill News</title>{head}</head>{body}</html>"
    (document,) = read_bytes(page.encode(), name, origin="o")
    return document


def test_a_page_is_its_article() -> None:
    """Menus, banners and what stands beside it are left out; headings, items and rows are kept."""
    document = read('<meta name=author content="Anna Vos"><meta property=og:site_name content="Mill News">')

    assert document.text.split("\n") == [
        "Windmill struck",
        "",
        "The windmill of Kinderdijk was struck by lightning on Saturday, and its cap burned for three hours.",
        "",
        "Nobody was hurt when the mill caught fire, the miller said on Sunday morning, and the sails could be saved by "
        "volunteers.",
        "- Two engines came.",
        "",
        "Year: 2018; Fires: 4",
    ]
    assert [heading.span.of(document.text) for heading in document.headings] == ["Windmill struck"]
    assert (document.title, document.author, document.source, document.language) == (
        "Windmill struck",
        "Anna Vos",
        "Mill News",
        "en",
    )


@pytest.mark.parametrize(
    ("head", "above", "expected"),
    [
        ("<meta property=article:published_time content=2018-05-06T10:00:00Z>", "", ("2018-05-06", "metadata")),
        (
            "<script type=application/ld+json>"
            + json.dumps({"@type": "NewsArticle", "datePublished": "2018-05-06", "dateModified": "2019-01-01"})
            + "</script>",
            "",
            ("2018-05-06", "json-ld"),
        ),
        ("", "<p>Published: 6 May 2018</p>", ("2018-05-06", "page")),
        ("<link rel=canonical href=https://a.example/2018/05/06/mill>", "", ("2018-05-06", "url")),
    ],
)
def test_the_date_of_a_page_is_found_where_it_is_said(head: str, above: str, expected: tuple[str, str]) -> None:
    """Its metadata and JSON-LD first, then what stands about the headline, then its address."""
    document = read(head, AROUND.format(ARTICLE.replace("</h1>", f"</h1>{above}")))
    assert document.published is not None
    assert (document.published.value.isoformat(), document.published.source) == expected


def test_a_page_without_a_date_has_none() -> None:
    """The day of a copyright line, or of an event in the text, is no publication date."""
    assert read(body=AROUND.format(ARTICLE + "<p>The mill was built on 3 March 1740.</p>")).published is None


def test_a_web_archive_is_its_page() -> None:
    """With the address that it was saved from."""
    data = (
        b"MIME-Version: 1.0\nSnapshot-Content-Location: https://a.example/mill\n"
        b"Content-Type: multipart/related; boundary=x\n\n--x\nContent-Type: text/html; charset=utf-8\n\n"
        b"<html><title>Mill</title>" + ARTICLE.encode() + b"</html>\n--x\nContent-Type: image/png\n\nx\n--x--\n"
    )
    (document,) = read_bytes(data, "mill.mhtml", origin="o")
    assert (document.title, document.url, document.text.split("\n")[0]) == (
        "Windmill struck",
        "https://a.example/mill",
        "Windmill struck",
    )


SEEN = "<p>The windmill of Kinderdijk was struck by lightning on Saturday.</p>"
HIDDEN = [
    '<p style="display:none">{}</p>',
    '<p style="color: red; DISPLAY : none !important">{}</p>',
    '<p style="visibility:hidden">{}</p>',
    "<p hidden>{}</p>",
    '<p hidden="until-found">{}</p>',
    '<p><span style="font-size:0">{}</span></p>',
    '<p style="font-size: 0.0px">{}</p>',
    '<p style="font:0px/1 serif">{}</p>',
    '<p style="color:#fff;background:#FFFFFF">{}</p>',
    '<div style="background-color: rgb(0, 0, 0)"><p style="color:black">{}</p></div>',
    '<table bgcolor=white><tr><td><font color="#ffffff">{}</font></td></tr></table>',
    '<p style="position:absolute; left:-9999px">{}</p>',
    '<p style="color:transparent">{}</p>',
    "<!-- {} -->",
    "<table><tr><td>Year</td><td>Fires</td></tr><tr><td>2018</td><td>4<span hidden>{}</span></td></tr></table>",
    '<h1 style="display:none">{}</h1>',
]
SHOWN = [
    '<p style="color:#fff;background:#000">{}</p>',
    '<p style="color:#fff">{}</p>',
    '<div style="background:white"><p style="background:black;color:white">{}</p></div>',
    '<p style="font-size:0.9em">{}</p>',
    '<p style="font:10px serif">{}</p>',
    '<p style="text-indent:-20px">{}</p>',
    "<p aria-hidden=true>{}</p>",
]


@pytest.mark.parametrize("around", ["{}", AROUND])
@pytest.mark.parametrize("form", HIDDEN + SHOWN)
def test_what_a_page_hides_is_not_read(form: str, around: str) -> None:
    """A page says what its reader sees: with menus about it or without, in its text and in its title."""
    said = "The miller is a thief."
    document = read(
        body=around.format(f"<article>{SEEN}{form.format(said)}{SEEN.replace('Saturday', 'Sunday')}</article>")
    )
    assert "lightning on Saturday" in document.text
    assert "lightning on Sunday" in document.text
    assert (said in document.text) == (form in SHOWN)
    assert said not in document.title
