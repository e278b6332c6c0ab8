"""Text of documents in programs that show Markdown: nothing in it is loaded, linked or run."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from assistant.http.inert_markdown import InertPieces, inert_markdown

MARKUP = st.text(alphabet="[]()!<>`~\\:/a1 \n", max_size=60)
LIVE = {"link_open", "image", "html_inline", "html_block", "fence"}


def live(text: str) -> set[str]:
    """The kinds of live markup that a client would find in a text."""

    def kinds(tokens: list[Token]) -> Iterator[str]:
        for token in tokens:
            yield token.type
            yield from kinds(token.children or [])

    return LIVE & set(kinds(MarkdownIt("commonmark").parse(text)))


@pytest.mark.parametrize(
    ("text", "inert"),
    [
        ("![x](http://192.0.2.7/q.png)", r"![x\](http://192.0.2.7/q.png)"),
        ("[a]: http://192.0.2.7\n\n![a]", "[a\\]: http://192.0.2.7\n\n![a]"),
        (r"[x\](y)](z)", r"[x\\\](y)\](z)"),
        ("<img src=x> 2 < 3, a <- b", r"\<img src=x> 2 < 3, a <- b"),
        ("<http://192.0.2.7>", r"\<http://192.0.2.7>"),
        ("```html\n<b>", "\\```html\n\\<b>"),
        ("It cost $4.3 billion, 2 * 3 * 4, a_b_c [1]", "It cost $4.3 billion, 2 * 3 * 4, a_b_c [1]"),
    ],
)
def test_what_is_live_gets_a_backslash(text: str, inert: str) -> None:
    """Links, pictures, elements and fences get a backslash; every other sign stays as it is."""
    assert inert_markdown(text).text == inert
    assert live(inert) == set()


@given(MARKUP)
def test_nothing_is_live(text: str) -> None:
    """Whatever a document holds, a client finds no link, picture, element or fence in it."""
    assert live(inert_markdown(text).text) == set()


@given(MARKUP, st.lists(st.integers(0, 60)))
def test_pieces_make_the_same_text(text: str, cuts: list[int]) -> None:
    """However a text is cut in pieces, the client gets the text that it gets in one."""
    ends = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = InertPieces()
    told = [pieces.add(text[start:end]) for start, end in itertools.pairwise(ends)]

    assert "".join([*told, pieces.end()]) == inert_markdown(text).text


@given(MARKUP, st.data())
def test_offsets_lead_to_the_same_words(text: str, data: st.DataObject) -> None:
    """A span of the original is in the inert text what it was, but for backslashes."""
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    inert = inert_markdown(text)

    found = inert.text[inert.offset(start) : inert.offset(end)]
    assert re.sub(r"\\", "", found) == re.sub(r"\\", "", text[start:end])
    assert (inert.offset(0), inert.offset(len(text))) == (0, len(inert.text))
