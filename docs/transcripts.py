"""Twelve conversations on the sample, and the example of the README, as they are printed: ``make transcripts``

They stand in docs/transcripts.md. Each shows one ability. The commands are really run, on a library of
their own with the documents of ``corpus/sample``.
"""

from __future__ import annotations

import contextlib
import io
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "corpus" / "sample"
TRANSCRIPTS = Path(__file__).with_suffix(".md")
README = ROOT / "README.md"
EXAMPLE = ("ask", "How many North Korean soldiers are in the Kursk region?")

if TYPE_CHECKING:
    from assistant.parts import Parts


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation, and what it shows."""

    title: str
    shows: str
    commands: tuple[tuple[str, ...], ...]
    """Arguments of ``dateline``, one after the other."""
    said: str = ""
    """What is typed into the last command."""


ALL = (
    Transcript(
        "Two clocks",
        "The article says “in June this year”; the answer says which June, and when the article appeared.",
        (("ask", "When did Kim and Putin conclude the treaty?"),),
    ),
    Transcript(
        "A time in the question",
        "Only what happened then is told, in the order of time.",
        (("ask", "What happened in Pyongyang in June 2024?"),),
    ),
    Transcript(
        "The reader's clock",
        "What was published later than `--as-of` does not exist; the same question, on two days.",
        (
            ("ask", "Who ratified the treaty?", "--as-of", "2024-10-31"),
            ("ask", "Who ratified the treaty?", "--as-of", "2024-11-30"),
        ),
    ),
    Transcript(
        "A filter that hides the answer",
        "The refusal says what was searched, and that the filter hides a document that would answer.",
        (("ask", "What did the Politburo decide in Sinuiju after the floods?", "--after", "2024-09"),),
    ),
    Transcript(
        "The latest",
        "Of several figures that answer, the newest leads.",
        (("ask", "How many North Korean soldiers are in the Kursk region now?"),),
    ),
    Transcript(
        "Who says so",
        "The words are those of the one who is asked about.",
        (("ask", "What did Zelensky say about North Korean soldiers?"),),
    ),
    Transcript(
        "Where they differ",
        "Several documents give a sum, and it changed; each stands with its source and date, the newest first.",
        (("ask", "How much will the new bridge in Baltimore cost?"),),
    ),
    Transcript(
        "A follow-up",
        "“It” is the treaty of the question before; how it was understood is told.",
        (("chat",),),
        "Where was the treaty between Russia and North Korea signed?\nHow many articles does it have?\n",
    ),
    Transcript(
        "A broad question",
        "Several quotes, each of which adds something, in the order of the text.",
        (("ask", "What does the treaty provide?"),),
    ),
    Transcript(
        "A list",
        "An item is quoted without its mark, with who says it.",
        (("ask", "What did NATO say about the pact?"),),
    ),
    Transcript(
        "A timeline",
        "What happened when, by the dates of the events and not of the articles; what several tell is one entry.",
        (("timeline", "ratification of the treaty between Russia and North Korea"),),
    ),
    Transcript(
        "Nothing to answer from",
        "No answer beats a wrong one; and no calendar holds the day.",
        (
            ("ask", "What does a loaf of bread cost in Pyongyang?"),
            ("ask", "What did Kim say on 31 November 2024?"),
        ),
    ),
)


def main() -> None:
    """Ask everything and write the page, and the block between the marks of the README."""
    with sample() as parts:
        TRANSCRIPTS.write_text(page(parts), "utf-8")
        before, _, rest = README.read_text("utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        README.write_text(f"{before}{BEGIN}{example(parts)}{END}{after}", "utf-8")


BEGIN, END = "<!-- example -->\n", "<!-- /example -->"


def example(parts: Parts) -> str:
    """The example of the README, as a block of Markdown."""
    return f"```\n{shown(EXAMPLE, '')}{_printed(EXAMPLE, '', parts)}```\n"


@contextlib.contextmanager
def sample() -> Iterator[Parts]:
    """A library of its own with the sample."""
    from assistant import ingestion
    from assistant.parts import open_parts
    from assistant.settings import Settings

    with tempfile.TemporaryDirectory(prefix="dateline-transcripts-") as folder:
        parts = open_parts(Settings(data_dir=Path(folder)))
        try:
            for _ in ingestion.ingest(parts.library, ingestion.find([SAMPLE]).files):
                pass
            yield parts
        finally:
            parts.close()


def page(parts: Parts) -> str:
    """The whole page, as Markdown."""
    sections = [
        "# Twelve conversations\n\n"
        "Asked of the documents in `corpus/sample` by `python docs/transcripts.py`, and shown as they were printed. "
        "No LLM took part: every word between quotation marks stands in a document."
    ]
    sections += [section(number, transcript, parts) for number, transcript in enumerate(ALL, 1)]
    return "\n\n".join(sections) + "\n"


def section(number: int, transcript: Transcript, parts: Parts) -> str:
    """One conversation: what it shows, what was typed, what was printed."""
    printed = []
    for command in transcript.commands:
        typed = transcript.said if command is transcript.commands[-1] else ""
        printed.append(shown(command, typed) + _printed(command, typed, parts))
    screen = "\n".join(printed).rstrip("\n")
    return f"## {number}. {transcript.title}\n\n{transcript.shows}\n\n```\n{screen}\n```"


def shown(command: tuple[str, ...], typed: str) -> str:
    """What is typed: the command, and the questions that are put to it."""
    line = "$ " + shlex.join(("dateline", *command)).replace("'", '"') + "\n"
    return line + "".join(f"? {question}\n" for question in typed.splitlines())


def _printed(command: tuple[str, ...], typed: str, parts: Parts) -> str:
    from assistant.cli import Session, run

    out = io.StringIO()
    stdin, sys.stdin = sys.stdin, io.StringIO(typed)
    try:
        with contextlib.redirect_stdout(out):
            run(command, session=Session(lambda _settings, **_options: _Open(parts)))
    finally:
        sys.stdin = stdin
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


@dataclass
class _Open:
    """Parts that a command leaves open when it ends."""

    parts: Parts

    def __getattr__(self, name: str) -> Any:
        return getattr(self.parts, name)

    def close(self) -> None:
        """The last one closes them."""


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
