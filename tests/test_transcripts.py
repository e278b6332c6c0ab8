"""The twelve conversations of docs/transcripts.md: what is shown was asked, and what is quoted stands in the sample."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from assistant.parts import Parts

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "transcripts.md").read_text("utf-8")
SECTIONS = re.findall(r"^## (\d+\. .*?)\n\n.*?\n\n```\n(.*?)\n```$", PAGE, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def transcripts() -> ModuleType:
    spec = importlib.util.spec_from_file_location("transcripts", ROOT / "docs" / "transcripts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def quotes_in(screen: str) -> list[str]:
    """The quotes of a screen, in one line each; of a timeline, without the column of dates."""
    if "dateline timeline" in screen:
        column = screen.splitlines()[1].index("“")
        screen = "\n".join(line[column:] for line in screen.splitlines()[1:])
    said = " ".join(screen.partition("\nSources\n")[0].split())
    return re.findall(r"“([^“”]+)” \[1?\d\]", said)


def test_the_page_shows_what_the_script_asks(transcripts: ModuleType) -> None:
    """Each section is one conversation of the script, with its commands, in order."""
    asked = [
        (
            f"{number}. {transcript.title}",
            [line for command in transcript.commands for line in transcripts.shown(command, "").splitlines()],
        )
        for number, transcript in enumerate(transcripts.ALL, 1)
    ]
    assert [(title, [line for line in text.splitlines() if line.startswith("$ ")]) for title, text in SECTIONS] == asked
    assert len(asked) == 12


@pytest.mark.parametrize(("title", "screen"), SECTIONS, ids=[title for title, _ in SECTIONS])
def test_every_quote_on_the_page_stands_in_the_sample(title: str, screen: str) -> None:
    """Word for word, white space aside."""
    texts = [" ".join(path.read_text("utf-8").split()) for path in (ROOT / "corpus" / "sample").glob("*.md")]

    lost = [quote for quote in quotes_in(screen) if not any(quote in text for text in texts)]
    assert lost == []


def test_the_timeline_on_the_page_is_what_is_printed(transcripts: ModuleType, sample_parts: Parts) -> None:
    """Asked again, it comes out the same. After a change that is meant: ``make transcripts``."""
    number, timeline = next(
        (number, item) for number, item in enumerate(transcripts.ALL, 1) if item.commands[0][0] == "timeline"
    )

    assert transcripts.section(number, timeline, sample_parts) in PAGE


def test_the_example_of_the_readme_is_what_is_printed(transcripts: ModuleType, sample_parts: Parts) -> None:
    """Asked again, it comes out the same. After a change that is meant: ``make transcripts``."""
    printed = transcripts.BEGIN + transcripts.example(sample_parts) + transcripts.END
    readme = (ROOT / "README.md").read_text("utf-8")
    assert DOCUMENT_ID.sub("…", printed) in DOCUMENT_ID.sub("…", readme)


DOCUMENT_ID = re.compile(r"\b[0-9a-f]{16}\b")
"""It is made from where the file lies, which differs from one checkout to the next."""
