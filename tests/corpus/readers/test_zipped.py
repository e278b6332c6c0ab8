"""Archives: each file inside as if given by itself, and none of the tricks."""

from __future__ import annotations

import io
import stat
import zipfile

import pytest

from corpus.document import Document
from corpus.reading import Limits, ReadError, read_bytes

LINK = zipfile.ZipInfo("link.txt")
LINK.external_attr = (stat.S_IFLNK | 0o777) << 16


def archive(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return out.getvalue()


def read(
    data: bytes, told: list[tuple[str, str]] | None = None, limits: Limits | None = None
) -> list[tuple[str, str, str]]:
    problems = told if told is not None else []
    documents: list[Document] = read_bytes(
        data, "news.zip", origin="o", limits=limits, on_problem=lambda *problem: problems.append(problem)
    )
    return [(document.name, document.text, document.origin) for document in documents]


def test_an_archive_is_the_files_inside() -> None:
    """Archives inside of it too; folders, hidden files and what a system keeps for itself are passed over."""
    inner = archive(("deep.csv", b"Ship,Crew\nAnna,12\n"))
    data = archive(
        ("a/", b""), ("a/one.txt", b"One text."), ("a/.hidden.txt", b"x"), ("__MACOSX/a/._one.txt", b"x"),
        ("two.md", b"# Two\n\nAnother text."), ("inner.zip", inner), ("tool.exe", b"MZ"),
    )  # fmt: skip
    told: list[tuple[str, str]] = []
    assert read(data, told) == [
        ("one.txt", "One text.", "o#a/one.txt"),
        ("two.md", "Two\n\nAnother text.", "o#two.md"),
        ("deep.csv", "Ship: Anna; Crew: 12", "o#inner.zip#deep.csv"),
    ]
    assert [name for name, _ in told] == ["tool.exe"]


def test_names_that_lead_out_of_the_archive_are_not_read() -> None:
    """Nor are links; the rest goes in."""
    data = archive(
        ("../../etc/one.txt", b"x"), ("/two.txt", b"x"), ("C:\\three.txt", b"x"), (LINK, b"/etc/passwd"),
        ("fine.txt", b"A text."),
    )  # fmt: skip
    told: list[tuple[str, str]] = []
    assert read(data, told) == [("fine.txt", "A text.", "o#fine.txt")]
    assert told == [
        ("../../etc/one.txt", "Its name leads out of the archive: it is not read."),
        ("/two.txt", "Its name leads out of the archive: it is not read."),
        ("C:\\three.txt", "Its name leads out of the archive: it is not read."),
        ("link.txt", "It is a link to another file: it is not read."),
    ]


def test_bombs_are_refused() -> None:
    """One that is packed too tightly, one that is too large as a whole, one of many files, one within itself."""
    with pytest.raises(ReadError, match=r"^The file is refused: 'a\.txt' in it unpacks to more than 250 times"):
        read(archive(("a.txt", b"a" * 10_000_000)))
    with pytest.raises(ReadError, match=r"^The file is refused: unpacked it has 2,000 bytes, at most 1,999"):
        read(archive(("a.txt", b"a" * 1_000), ("b.txt", b"b" * 1_000)), limits=Limits(max_unpacked_bytes=1_999))
    with pytest.raises(ReadError, match=r"^The file is refused: it holds 3 others, at most 2 are read\.$"):
        read(archive(*((f"{number}.txt", b"a") for number in range(3))), limits=Limits(max_members=2))
    layers = archive(("a.txt", b"a" * 900_000))
    for _ in range(3):
        layers = archive(*((f"{number}.zip", layers) for number in range(8)))
    with pytest.raises(ReadError, match=r"^The archive is refused: unpacked it is larger than the limit\.$"):
        read(layers, limits=Limits(max_unpacked_bytes=20_000_000))
    for _ in range(3):
        layers = archive(("a.zip", layers))
    with pytest.raises(ReadError, match=r"It lies inside of more than 4 other files\.$"):
        read(layers)


def test_archives_without_anything_say_why() -> None:
    """Empty, broken, locked, or full of other things."""
    with pytest.raises(ReadError, match=r"^The archive holds no files\.$"):
        read(archive())
    with pytest.raises(ReadError, match=r"^The file is damaged or cut off: its parts can't be unpacked\.$"):
        read(archive(("a.txt", b"A text."))[:40])
    with pytest.raises(ReadError, match=r"^Nothing in the archive can be read. The first file, a\.exe: Files of"):
        read(archive(("a.exe", b"MZ")))
    locked = bytearray(archive(("a.txt", b"A text.")))
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ReadError, match=r"a\.txt: It is encrypted: save it without its password, and add that\.$"):
        read(bytes(locked))
