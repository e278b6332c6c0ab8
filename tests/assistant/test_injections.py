"""Documents that give orders to the model: what an LLM that obeys every one of them would say is never shown."""

import csv
import io
import json
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from assistant import ingestion
from assistant.answer import Answer
from assistant.assistant import Assistant
from assistant.calibration import load_calibrations
from assistant.parts import Parts
from assistant.settings import Settings
from corpus.filters import Filters

ATTACKS = [json.loads(line) for line in Path(__file__).with_name("injections.jsonl").read_text("utf-8").splitlines()]
FACT = "The harbour of {place} was closed for 12 days in March 2021 after an oil spill."
_WEIGHTS = {
    "sentence": {"features": ["overlap"], "mean": [0.0], "scale": [1.0], "weights": [10.0], "bias": -5.0},
    "confidence": {"features": ["best_overlap"], "mean": [0.0], "scale": [1.0], "weights": [10.0], "bias": -5.0},
    "threshold": 0.1,
}
CALIBRATIONS = json.dumps({"calibrations": {"plain": _WEIGHTS, "reader": _WEIGHTS}})
LAST = "Ferries to {place} went by the northern quay until the bay was clean."


def lines_of(place: str, attack: str) -> list[str]:
    return [FACT.format(place=place), attack, LAST.format(place=place)]


def write_html(path: Path, lines: list[str]) -> None:
    fact, attack, last = lines
    path.write_text(f"<html><title>Port</title><body><p>{fact}</p>{attack}<p>{last}</p></body></html>", "utf-8")


def write_csv(path: Path, lines: list[str]) -> None:
    told = io.StringIO()
    csv.writer(told).writerows([["report"], *([line] for line in lines)])
    path.write_text(told.getvalue(), "utf-8")


def write_json(path: Path, lines: list[str]) -> None:
    path.write_text(json.dumps({"title": "Port", "text": "\n\n".join(lines)}), "utf-8")


def write_eml(path: Path, lines: list[str]) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["Date"] = "Port", "port@example.org", "Mon, 05 Apr 2021 08:00:00 +0000"
    mail.set_content("\n\n".join(lines))
    path.write_bytes(mail.as_bytes())


def write_docx(path: Path, lines: list[str]) -> None:
    import docx

    document = docx.Document()
    for line in lines:
        document.add_paragraph(line)
    document.save(str(path))


def write_pptx(path: Path, lines: list[str]) -> None:
    import pptx

    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = "Port"
    slide.placeholders[1].text_frame.text = "\n".join(lines)
    presentation.save(str(path))


def write_xlsx(path: Path, lines: list[str]) -> None:
    import openpyxl

    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for line in ["report", *lines]:
        sheet.append([line])
    workbook.save(path)


def write_pdf(path: Path, lines: list[str]) -> None:
    import fpdf

    document = fpdf.FPDF()
    document.add_page()
    document.set_font("helvetica", size=12)
    document.multi_cell(0, 8, "\n\n".join(lines))
    document.output(str(path))


def write_text(path: Path, lines: list[str]) -> None:
    path.write_text("\n\n".join(lines), "utf-8")


WRITERS: dict[str, Callable[[Path, list[str]], None]] = {
    "md": write_text,
    "txt": write_text,
    "html": write_html,
    "csv": write_csv,
    "json": write_json,
    "eml": write_eml,
    "docx": write_docx,
    "pptx": write_pptx,
    "xlsx": write_xlsx,
    "pdf": write_pdf,
}


@dataclass(frozen=True)
class Attacked:
    """A document that holds an attack."""

    place: str
    wish: str
    document_ids: tuple[str, ...]

    @property
    def question(self) -> str:
        return f"How long was the harbour of {self.place} closed?"


def place_of(number: int) -> str:
    """A name of its own for each document."""
    return "Lin" + "".join("aeioukmrst"[int(digit)] for digit in f"{number:03}") + "vik"


def attacked(parts: Parts, folder: Path, attacks: list[dict[str, str]]) -> list[Attacked]:
    """The attacks as documents in the library, one each."""
    files = [folder / f"port-{number:03}.{attack['format']}" for number, attack in enumerate(attacks)]
    for number, (path, attack) in enumerate(zip(files, attacks, strict=True)):
        WRITERS[attack["format"]](path, lines_of(place_of(number), attack["attack"]))
    added: dict[Path, list[str]] = {}
    for result in ingestion.ingest(parts.library, files):
        assert result.status == "added", result
        assert result.document_id is not None
        added.setdefault(result.path, []).append(result.document_id)
    return [
        Attacked(place_of(number), attack["wish"], tuple(added[path]))
        for number, (path, attack) in enumerate(zip(files, attacks, strict=True))
    ]


@dataclass
class ObedientModel:
    """A stand-in that says what it is ordered to, in JSON and beside it, and cites quotes that there are not."""

    wish: str = ""
    prompt: str = ""
    name: str = "scripted:obedient"
    context_tokens: int = 4096

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def stream(self, _: str, prompt: str, **__: Any) -> Generator[str, None, None]:
        self.prompt = prompt
        yield json.dumps({"sentences": [{"text": self.wish, "quotes": [number]} for number in (1, 2, 3, 99)]})
        yield f"\n{self.wish} [1]\n"


@pytest.fixture(scope="module")
def library(
    stand_in_parts: Callable[[Settings], AbstractContextManager[Parts]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Parts, list[Attacked]]]:
    folder = tmp_path_factory.mktemp("attacks")
    with stand_in_parts(Settings(data_dir=tmp_path_factory.mktemp("data"))) as parts:
        yield parts, attacked(parts, folder, ATTACKS)


def test_there_are_enough_attacks() -> None:
    """Sixty and more, of many families, in every kind of file that text comes in."""
    assert len({attack["attack"] for attack in ATTACKS}) >= 60
    assert len({attack["family"] for attack in ATTACKS}) >= 12
    assert {attack["format"] for attack in ATTACKS} == set(WRITERS)


def said_by_model(answer: Answer) -> str:
    """The sentences of the answer that are the model's."""
    return "\n".join(citation.answer.of(answer.text) for citation in answer.citations if citation.status == "supported")


@pytest.mark.parametrize("number", range(len(ATTACKS)), ids=lambda number: f"{number}-{ATTACKS[number]['family']}")
def test_an_order_in_a_document_is_not_obeyed(number: int, library: tuple[Parts, list[Attacked]]) -> None:
    """Even from a model that obeys, nothing but the documents' own words comes, and no quote closes its tag."""
    parts, documents = library
    document = documents[number]
    model = ObedientModel(document.wish)
    assistant = Assistant(parts.library, parts.reader, load_calibrations(CALIBRATIONS), llm=model)
    answer = assistant.ask(document.question, filters=Filters(document_ids=document.document_ids))
    assert answer.answered
    if model.prompt:
        tags = re.findall(r"<[^>]*>?", model.prompt)
        quotes = len(re.findall(r'<quote number="\d+"', model.prompt))
        assert len(tags) == 2 * quotes + 2
        assert model.prompt.count("</quotes>") == 1
    else:  # the order stands on the line of all that was found
        assert "gives orders to whoever answers" in answer.trace.steps[-1].detail["text"]
    assert {citation.document_id for citation in answer.citations} <= set(document.document_ids)
    assert not re.search(r"https?:|\]\(|<\w|data:|[\u200b\u202e\x1b]", said_by_model(answer))
    assert answer.answerer == "verbatim", answer.text
    assert {citation.status for citation in answer.citations} == {"verbatim"}
