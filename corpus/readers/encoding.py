"""Bytes into characters that can be stored anywhere."""

from __future__ import annotations

import re

from corpus.readers.raw import ReadError

_MOST_BINARY = 0.01
"""Share of control characters from which decoded bytes are not text."""
_FEWEST_NULS = 8
"""NUL bytes that UTF-16 without its mark must have: one in a short file makes it no UTF-16."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_SAMPLE = 256 * 1024
"""Bytes that are looked at to make out an encoding; the whole of a large file would take minutes."""


def decode(data: bytes, declared: str | None = None) -> str:
    """Text in UTF-8, UTF-16 with its mark, what is declared, or what the bytes make out; line ends become LF.

    Args:
        declared: the encoding that the file names, if it does; passed over where the bytes are not in it.

    Raises:
        ReadError: the bytes are not text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ["utf-16"]
    elif b"\0" in data and (unmarked := _utf_16(data[:_SAMPLE])):
        candidates = [unmarked]
    else:
        if b"\0" in data:
            if data.count(0) > _MOST_BINARY * len(data):
                raise ReadError("The file is not text: it holds NUL bytes. Is its name's ending right?")
            data = data.replace(b"\0", b"")
        candidates = ["utf-8-sig", *([declared] if declared else [])]
    for encoding in candidates:
        try:
            return clean(data.decode(encoding))
        except (UnicodeDecodeError, LookupError):
            continue  # the next one, and at last what the bytes make out
    return clean(_guessed(data))


def clean(text: str) -> str:
    """The text without NUL and soft hyphens, with LF for line ends, and a sign in place of a lone surrogate."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").replace("\u00ad", "").replace("\ufeff", "")
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def line(text: str) -> str:
    """The text as one line."""
    return " ".join(clean(text).split())


def _utf_16(sample: bytes) -> str:
    """UTF-16 that lacks its mark, made out by where the NUL bytes of its Latin letters and spaces stand."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) < max(len(sample) * 0.1, _FEWEST_NULS) or min(even, odd) > 0:
        return ""
    return "utf-16-be" if even else "utf-16-le"


def _guessed(data: bytes) -> str:
    import chardet

    # A damaged place in UTF-8, or an end that was cut off, must not turn the whole text into another encoding's.
    mostly = data.decode("utf-8-sig", "replace")
    damaged = mostly.count("\N{REPLACEMENT CHARACTER}")
    if damaged * 10 <= sum(character > "\x7f" for character in mostly) - damaged:
        return mostly
    found = chardet.detect(data[:_SAMPLE], encoding_era=chardet.EncodingEra.ALL & ~chardet.EncodingEra.MAINFRAME)
    text = data.decode(found["encoding"], "replace") if found["encoding"] else None
    if text is None or _binary_share(text) > _MOST_BINARY:
        raise ReadError("The file is not text in any encoding that can be made out: save it as UTF-8.")
    return text


def _binary_share(text: str) -> float:
    control = sum(character < " " and character not in "\t\n\r\f\v" for character in text)
    return control / max(len(text), 1)
