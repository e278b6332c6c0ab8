"""Messages (eml): the text that was written, what its headers say, and the documents that are attached to it."""

from __future__ import annotations

import email
import email.policy
import email.utils
import re
from collections.abc import Iterator
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message

from corpus.document import Document, PublishedDate
from corpus.published import plausible
from corpus.readers.blocks import write_blocks
from corpus.readers.encoding import clean, decode, line
from corpus.readers.prose import Prose
from corpus.readers.raw import Raw, ReadError
from corpus.readers.text import readable
from corpus.readers.web import parse

_HEADERS = ("From", "To", "Cc", "Date", "Subject", "Reply-To", "Message-ID", "In-Reply-To", "List-ID")
_MOST_PARTS = 1_000
_UNSAID = ("image/", "audio/", "video/", "application/pkcs7", "application/pgp", "text/calendar", "text/vcard")
"""Kinds of parts that come with a message and are no documents."""
_SEVEN_BITS = ("iso-2022-jp", "iso-2022-jp-1", "iso-2022-jp-2", "iso-2022-kr", "hz-gb-2312", "utf-7")
_SHARE = 0.3
"""Words of the plain form, by those of the HTML form, below which it is only a word of where to read the message."""


def read_mail(raw: Raw) -> list[Document]:
    """The message, and after it what is attached to it and can be read."""
    message = email.message_from_bytes(raw.data, policy=email.policy.compat32)
    headers = {name: said for name in _HEADERS if (said := _header(message, name))}
    if not {"From", "Date", "Subject"} & headers.keys():
        raise ReadError("The file does not begin with the headers of a message: From, Date or Subject.")
    parts = list(_parts(message))
    prose = Prose(raw.limits)
    _write_body(parts, prose, raw)
    name, address = email.utils.parseaddr(headers.get("From", ""))
    documents: list[Document] = []
    if len(prose):
        documents.append(
            Document(
                text=prose.text,
                title=headers.get("Subject", "")[:500] or readable(raw.name),
                origin=raw.origin,
                name=raw.name,
                media_type="message/rfc822",
                published=_sent(headers.get("Date", "")),
                author=name or address,
                language=_language(message),
                headings=prose.headings,
                metadata={name.casefold(): said[:2_000] for name, said in headers.items() if name != "Subject"},
            )
        )
    for number, part in enumerate(parts, 1):
        if _is_attached(part):
            documents += _attached(part, number, raw)
    return documents


def _header(message: Message, name: str) -> str:
    value = message.get(name)
    if value is None:
        return ""
    try:
        return line(str(make_header(decode_header(value))))
    except (LookupError, ValueError, MessageError):  # an encoding that nobody knows
        return line(str(value))


def _sent(value: str) -> PublishedDate | None:
    """The day on which it was sent, by the clock of its sender."""
    try:
        day = email.utils.parsedate_to_datetime(value).date()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return PublishedDate(day, "metadata", value[:100], 0.95) if plausible(day) else None


def _language(message: Message) -> str:
    language = _header(message, "Content-Language")[:2].lower()
    return language if len(language) == 2 and language.isascii() and language.isalpha() else ""


def _parts(message: Message) -> Iterator[Message]:
    """The parts that hold something, in order; a message within the message is one of them."""
    waiting = [message]
    count = 0
    while waiting:
        part = waiting.pop()
        count += 1
        if count > _MOST_PARTS:
            raise ReadError(f"The message has more than {_MOST_PARTS:,} parts, the most that are read.")
        inner = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inner, list):
            waiting.extend(item for item in reversed(inner) if isinstance(item, Message))
        else:
            yield part


def _is_attached(part: Message) -> bool:
    if part.get_content_type() == "message/rfc822" or part.get_content_disposition() == "attachment":
        return True
    is_text = part.get_content_type() in ("text/plain", "text/html")
    return not is_text and part.get_filename() is not None


def _write_body(parts: list[Message], prose: Prose, raw: Raw) -> None:
    inline = [part for part in parts if not _is_attached(part)]
    plain = [_text(part) for part in inline if part.get_content_type() == "text/plain"]
    pages = [parse(text) for part in inline if part.get_content_type() == "text/html" if (text := _text(part)).strip()]
    shown = Prose(raw.limits)
    for tree in pages:
        body = tree.find("body")
        write_blocks(body if body is not None else tree, shown)
    written = "\n\n".join(text for text in plain if text.strip())
    if len(written.split()) >= _SHARE * len(shown.text.split()):
        prose.write(written)
        return
    for tree in pages:
        body = tree.find("body")
        write_blocks(body if body is not None else tree, prose)


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    charset = part.get_content_charset() or ""
    if charset in _SEVEN_BITS:
        text = clean(content.decode(charset, "replace"))  # its bytes are those of another text in ASCII
    else:
        text = decode(content, charset or None) if content.strip() else ""
    if str(part.get_param("format") or "").casefold() == "flowed":
        text = re.sub(r"(?<!\n--) \n(?![> \n])", " ", text)
    return text


def _attached(part: Message, number: int, raw: Raw) -> list[Document]:
    """The documents of an attachment; what can't be read is told."""
    kind = part.get_content_type()
    if kind.startswith(_UNSAID):
        return []
    inner = part.get_payload()
    if kind == "message/rfc822" and isinstance(inner, list) and inner and isinstance(inner[0], Message):
        name, data = f"message-{number}.eml", inner[0].as_bytes()
    else:
        content = part.get_payload(decode=True)
        data = content if isinstance(content, bytes) else b""
        name = line(part.get_filename() or "") or f"attachment-{number}"
    raw.budget.unpack(len(data))
    try:
        return raw.member(name, data)
    except ReadError as error:
        raw.on_problem(name, str(error))
        return []
