"""Web pages, saved by themselves (html) or with their parts (mhtml)."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from corpus.document import Document
from corpus.published import from_file_name
from corpus.readers.blocks import leave_out_unseen, write_blocks
from corpus.readers.encoding import decode, line
from corpus.readers.prose import Prose
from corpus.readers.raw import Raw, ReadError
from corpus.readers.text import readable

_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w.:-]+)|<\?xml[^>]+encoding\s*=\s*["']([\w.:-]+)""", re.I)
_SAVED_FROM = re.compile(r"<!--\s*saved from url=\(\d+\)(\S+)\s*-->")
_BOILERPLATE_TAGS = ("nav", "aside", "footer", "form", "iframe", "button")
_BOILERPLATE = frozenset({"nav", "aside", "footer", "form", "button", "menu", "dialog"})
_MENU = re.compile(
    r"nav|menu|sidebar|footer|cookie|banner|share|social|comment|related|breadcrumb|widget", re.IGNORECASE
)
_NESTED = re.compile(
    r"</?(?:div|span|font|center|section|article|blockquote|b|i|u|em|strong|small|big|a|ul|ol|li|table|tbody|tr|td|dl|dd|"
    r"form|nobr|tt)\b[^>]*>",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(?:script|style)\b.*?</(?:script|style)\s*>|<!--.*?-->|<[^<>]*>", re.IGNORECASE | re.DOTALL)
_SITE_IN_TITLE = re.compile(r"\s+(?:[|·•–—»:]|-{1,2})\s+[^|·•–—»]{1,50}$")
_SHORTEST_MAIN = 200
"""Characters below which the part that was taken for the article is more likely a mistake than a short article."""


def read_web_page(raw: Raw) -> list[Document]:
    """The article of a web page: headings, paragraphs, items and rows, without menus and banners."""
    if len(raw.data) > raw.limits.max_markup_bytes:
        raise ReadError(f"The page has {len(raw.data):,} bytes, at most {raw.limits.max_markup_bytes:,} are read.")
    declared = _CHARSET.search(raw.data[:4096])
    name = (declared[1] or declared[2]).decode("ascii", "replace") if declared else None
    return [page(decode(raw.data, _known(name)), raw)]


def read_mhtml(raw: Raw) -> list[Document]:
    """The page in a web archive; its pictures and styles are left out."""
    import email
    import email.policy

    message = email.message_from_bytes(raw.data, policy=email.policy.compat32)
    for part in message.walk():
        if part.get_content_type() in ("text/html", "application/xhtml+xml"):
            content = part.get_payload(decode=True)
            if not isinstance(content, bytes):
                continue
            if len(content) > raw.limits.max_markup_bytes:
                raise ReadError(f"The page is larger than {raw.limits.max_markup_bytes:,} bytes.")
            url = str(message.get("Snapshot-Content-Location") or part.get("Content-Location") or "")
            return [page(decode(content, part.get_content_charset()), raw, url=url, media_type="multipart/related")]
    raise ReadError("The web archive holds no page.")


def page(html: str, raw: Raw, *, url: str = "", media_type: str = "text/html") -> Document:
    """The document of a page's markup."""
    from corpus.readers.web_dates import published_of

    tree = parse(html)
    saved_from = _SAVED_FROM.search(html[:4096])
    url = _url(tree) or line(url) or (saved_from[1] if saved_from else "")
    seen = deepcopy(tree)  # dates are looked for in what is hidden too
    leave_out_unseen(seen)
    prose = _main(seen, raw)
    facts = _facts(tree)
    title = _title(seen, facts)
    if not len(prose):
        # A page that scripts fill has nothing but what it says of itself.
        prose.write(title)
        prose.write(facts["description"])
    language = (tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "")[:2].lower()
    language = language if language.isascii() and language.isalpha() and len(language) == 2 else ""
    return Document(
        text=prose.text,
        title=title or next((head.span.of(prose.text) for head in prose.headings), readable(raw.name)),
        origin=raw.origin,
        name=raw.name,
        media_type=media_type,
        published=published_of(tree, prose.text, url, language) or from_file_name(raw.name),
        source=facts.get("sitename", ""),
        author=facts.get("author", ""),
        language=language,
        url=url,
        headings=prose.headings,
        metadata={key: facts[key] for key in ("description", "keywords") if facts.get(key)},
    )


def parse(html: str) -> Any:
    """The root element of a page; one that is nested too deep is made flat instead of being cut off.

    Raises:
        ReadError: it holds no elements.
    """
    from lxml import html as lxml_html

    for text in (html, _NESTED.sub("<br>", html), "<p>" + "</p><p>".join(_TAG.sub("\n", html).split("\n\n")) + "</p>"):
        parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
        tree = lxml_html.document_fromstring(text.encode(), parser=parser, ensure_head_body=True)
        # The parser drops everything that lies deeper than 256 levels, and tells no more of it than this.
        if not any("depth" in entry.message for entry in parser.error_log):
            return tree
    raise ReadError("The page's elements lie too deep inside of one another to be read.")


def _known(encoding: str | None) -> str | None:
    """The encoding as browsers understand its name: old pages say ISO-8859-1 and mean Windows-1252."""
    if encoding is None:
        return None
    return "cp1252" if encoding.casefold() in ("iso-8859-1", "latin1", "latin-1", "ascii", "us-ascii") else encoding


def _main(tree: Any, raw: Raw) -> Prose:
    """What the page is about. Where it has no menus everything; else what trafilatura takes for the article."""
    whole = Prose(raw.limits)
    body = tree.find("body")
    write_blocks(body if body is not None else tree, whole, leave_out=_BOILERPLATE)
    if _is_plain(tree):
        return whole
    article = _article(tree, raw)
    if article is None or len(article) < min(_SHORTEST_MAIN, len(whole) // 2):
        return whole
    return article


def _is_plain(tree: Any) -> bool:
    """Whether the page is a text and nothing else, as an editor or a converter writes it."""
    if any(next(tree.iter(tag), None) is not None for tag in _BOILERPLATE_TAGS):
        return False
    if any(_MENU.search(f"{element.get('class') or ''} {element.get('id') or ''}") for element in tree.iter()):
        return False
    links = sum(len("".join(element.itertext())) for element in tree.iter("a"))
    return links * 4 <= sum(len(piece) for piece in tree.itertext())


def _article(tree: Any, raw: Raw) -> Prose | None:
    from lxml import html as lxml_html
    from trafilatura import extract

    # It changes the tree that it is given.
    found = extract(
        deepcopy(tree), output_format="html", include_tables=True, include_comments=False, include_formatting=True,
        with_metadata=False,
    )  # fmt: skip
    if not found:
        return None
    prose = Prose(raw.limits)
    write_blocks(lxml_html.document_fromstring(found), prose)
    return prose


def _facts(tree: Any) -> dict[str, str]:
    """What the page says of itself in its head."""
    named: dict[str, str] = {}
    for element in tree.iter("meta"):
        key = (element.get("property") or element.get("name") or "").casefold()
        content = line(element.get("content") or "")
        if key and content:
            named.setdefault(key, content)
    author = next(
        (named[key] for key in ("author", "article:author", "dc.creator", "parsely-author") if key in named), ""
    )
    return {
        "title": named.get("og:title") or named.get("twitter:title") or named.get("dc.title") or "",
        "sitename": named.get("og:site_name") or named.get("application-name") or named.get("publisher") or "",
        "author": "" if author.startswith(("http:", "https:")) else author[:200],
        "description": named.get("og:description") or named.get("description") or "",
        "keywords": named.get("keywords") or named.get("news_keywords") or "",
    }


def _title(tree: Any, facts: dict[str, str]) -> str:
    """The page's headline: the heading that its title holds, else its title without the site's name."""
    element = tree.find(".//title")
    title = line(element.text or "") if element is not None else ""
    headlines = [heading for element in tree.iter("h1") if (heading := line(" ".join(element.itertext())))]
    for heading in headlines:
        if heading in title or heading in facts["title"]:
            return heading[:500]
    if facts["title"] or len(headlines) != 1:
        title = facts["title"] or title
        return (_SITE_IN_TITLE.sub("", title) or title)[:500]
    return headlines[0][:500]


def _url(tree: Any) -> str:
    for path, attribute in ((".//link[@rel='canonical']", "href"), (".//meta[@property='og:url']", "content")):
        element = tree.find(path)
        address = line(element.get(attribute) or "") if element is not None else ""
        if address.startswith(("http://", "https://")):
            return address[:2_000]
    return ""
