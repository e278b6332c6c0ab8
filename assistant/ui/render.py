"""Views as HTML. Every text of a document, a model or a user goes through Jinja's autoescape: it is always text."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING

import jinja2
import markupsafe

from assistant.ui.views import LibraryView, TextView, TurnView

if TYPE_CHECKING:
    from importlib.abc import Traversable

_FILES: Traversable = resources.files("assistant.ui")
FAVICON = _FILES / "favicon.svg"


@functools.cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("assistant.ui", "templates"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["day"] = _day
    environment.filters["dates"] = _days_in
    return environment


def _day(iso: object, joined: str = "") -> markupsafe.Markup:
    """A date that the page's script shows in the reader's form; without the script it stands there as ISO 8601.

    Args:
        joined: the word between two days that are meant alone, without those between them.
    """
    apart = markupsafe.Markup(' data-joined="{}"').format(joined) if joined else ""
    return markupsafe.Markup('<time datetime="{0}"{1}>{0}</time>').format(str(iso), apart)


def _days_in(text: str) -> markupsafe.Markup:
    """The text with its ISO dates made ``time`` elements."""
    pieces = re.split(r"(\b\d{4}-\d{2}-\d{2}\b)", text)
    return markupsafe.Markup("").join(_day(piece) if place % 2 else piece for place, piece in enumerate(pieces))


def style() -> str:
    """The style sheet of page and document view."""
    return (_FILES / "style.css").read_text("utf-8")


def script(name: str) -> str:
    """What makes a part of the page move, with what the parts share before it."""
    return "".join((_FILES / f"{file}.js").read_text("utf-8") for file in ("dates", "common", name))


def skeleton(name: str, **words: str) -> str:
    """The markup of a part of the page, which its script fills; ``words`` are those that the script says."""
    return _templates().get_template(f"{name}.html").render(words)


def head(signed_in: str | None, *, may_write: bool = True) -> str:
    """The top of the page.

    Args:
        signed_in: name of the key that the visitor signed in with; None where none was needed.
        may_write: whether the visitor may change documents; else the page offers no way to. The API checks it anyway.
    """
    return _templates().get_template("head.html").render(signed_in=signed_in, may_write=may_write)


def welcome(library: LibraryView, examples: Sequence[str]) -> str:
    """What the library holds, and questions to begin with."""
    return _templates().get_template("welcome.html").render(library=library, examples=examples)


def turn(view: TurnView) -> str:
    """A question with its answer."""
    return _templates().get_template("turn.html").render(turn=view)


def sources(view: TurnView) -> str:
    """The sources of an answer, or what is nearest to a question that has none."""
    return _templates().get_template("sources.html").render(turn=view)


def reader(view: TextView, file: str = "") -> str:
    """A document as a part of the page, with its quote marked.

    Args:
        file: name of the file that it was read from; empty where it came as text.
    """
    return _templates().get_template("reader.html").render(info=view.info, pieces=view.pieces, file=file)


def document_page(view: TextView, nonce: str) -> str:
    """The same as a page of its own, scrolled to by ``#quote``; its style and its script bear the nonce."""
    template = _templates().get_template("document.html")
    script = (_FILES / "dates.js").read_text("utf-8")
    return template.render(info=view.info, pieces=view.pieces, nonce=nonce, style=style(), script=script)
