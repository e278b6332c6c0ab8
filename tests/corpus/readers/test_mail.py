"""Messages: real ones, written by the standard library."""

from __future__ import annotations

import datetime
from email.message import EmailMessage

import pytest

from corpus.document import Document, PublishedDate
from corpus.reading import Limits, ReadError, read_bytes

TEXT = "The harbour reopened on Monday. Ships came in."


def message(subject: str = "Harbour reopens", text: str = TEXT) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Ann Author <ann@gazette.example>"
    mail["To"] = "Bert <bert@port.example>"
    mail["Date"] = "Tue, 12 Mar 2024 23:30:00 -0500"
    mail["Subject"] = subject
    mail.set_content(text)
    return mail


def read(mail: EmailMessage | bytes, told: list[tuple[str, str]] | None = None, **options: Limits) -> list[Document]:
    data = mail if isinstance(mail, bytes) else bytes(mail)
    problems = told if told is not None else []
    return read_bytes(data, "a.eml", origin="o", on_problem=lambda *problem: problems.append(problem), **options)


def test_a_message_is_its_text_with_its_headers() -> None:
    """The day is that of its sender's clock; headers are metadata and no text."""
    (document,) = read(message())
    assert document == Document(
        text=TEXT,
        title="Harbour reopens",
        origin="o",
        name="a.eml",
        media_type="message/rfc822",
        published=PublishedDate(datetime.date(2024, 3, 12), "metadata", "Tue, 12 Mar 2024 23:30:00 -0500", 0.95),
        author="Ann Author",
        metadata={
            "from": "Ann Author <ann@gazette.example>",
            "to": "Bert <bert@port.example>",
            "date": "Tue, 12 Mar 2024 23:30:00 -0500",
        },
    )


def test_a_message_in_html_is_its_blocks() -> None:
    """Also where the plain form only says where to read it."""
    mail = message(text="Your program can't show this.")
    mail.add_alternative(f"<h1>News</h1><p>{TEXT} {TEXT} {TEXT}</p><script>x</script>", subtype="html")
    (document,) = read(mail)
    assert document.text == f"News\n\n{TEXT} {TEXT} {TEXT}"
    assert [heading.span.of(document.text) for heading in document.headings] == ["News"]


def test_words_of_any_script_are_read() -> None:
    """Encoded headers, and encodings of seven bits."""
    mail = message("Häfen: 港が再開")
    mail.set_content("港が再開した。", charset="iso-2022-jp", cte="7bit")
    (document,) = read(mail)
    assert (document.title, document.text) == ("Häfen: 港が再開", "港が再開した。")


def test_flowed_lines_are_one() -> None:
    """Lines that end in a space go on (RFC 3676)."""
    data = (
        b"From: a@b.example\nContent-Type: text/plain; format=flowed\n\nOne line \nthat goes on.\nAnother.\n-- \nAnn\n"
    )
    assert read(data)[0].text == "One line that goes on.\nAnother.\n-- \nAnn"


def test_what_is_attached_is_read_too() -> None:
    """Documents and messages; pictures are passed over, what can't be read is told."""
    mail = message()
    mail.add_attachment(b"Ship,Crew\nAnna,12\n", maintype="text", subtype="csv", filename="../crews.csv")
    mail.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="logo.png")
    mail.add_attachment(b"MZ", maintype="application", subtype="octet-stream", filename="run.exe")
    mail.add_attachment(message("Forwarded", "Another text."))
    told: list[tuple[str, str]] = []
    documents = read(mail, told)
    assert [(document.name, document.title, document.text, document.origin) for document in documents] == [
        ("a.eml", "Harbour reopens", TEXT, "o"),
        ("crews.csv", "crews", "Ship: Anna; Crew: 12", "o#../crews.csv"),
        ("message-5.eml", "Forwarded", "Another text.", "o#message-5.eml"),
    ]
    assert [name for name, _ in told] == ["run.exe"]
    assert told[0][1].startswith("Files of the kind '.exe' are not read")


def test_messages_within_messages_have_an_end() -> None:
    """Beyond the limit they are told and left out."""
    mail = message("0")
    for number in range(1, 8):
        outer = message(str(number), f"Text {number}")
        outer.add_attachment(mail)
        mail = outer
    told: list[tuple[str, str]] = []
    assert [document.title for document in read(mail, told)] == ["7", "6", "5", "4", "3"]
    assert told == [
        (
            "message-2.eml/message-2.eml/message-2.eml/message-2.eml/message-2.eml",
            "It lies inside of more than 4 other files.",
        )
    ]


def test_what_is_no_message_says_so() -> None:
    """A text by the name of one, and one without words."""
    with pytest.raises(ReadError, match=r"^The file does not begin with the headers of a message"):
        read(b"Just a text.\n\nFrom: nobody")
    with pytest.raises(ReadError, match=r"^The file holds no text\.$"):
        read(b"From: a@b.example\n\n\n")


@pytest.mark.parametrize("date", ["", "soon", "Tue, 99 Foo 2024", "1 Jan 0001 00:00 +9999", "12 Mar 99999"])
def test_a_date_that_is_none_is_left_out(date: str) -> None:
    """Unknown, not wrong."""
    assert read(f"From: a@b.example\nDate: {date}\n\n{TEXT}".encode())[0].published is None
