"""How often answers are right, against how many questions are answered: ``make accuracy``

Writes docs/accuracy.md with its figure, and the sentence of the README, from the curves that were measured when
``assistant/weights/calibration.json`` was fitted.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.calibration import Calibration, CurvePoint

ROOT = Path(__file__).parent.parent
PAGE = Path(__file__).with_suffix(".md")
FIGURE = Path(__file__).parent / "images" / "accuracy.svg"
README = ROOT / "README.md"
BEGIN, END = "<!-- accuracy -->\n", "\n<!-- /accuracy -->"
WAYS = {"reader": "with the reader", "plain": "without"}
ROWS = 10
"""Rows of the table."""
SENTENCE = """\
At the usual threshold the first quote is right in {accuracy} of the answers, over the sets that the confidence is
fitted on (cross-validated; {coverage} of their questions are answered; an answer where the documents hold none counts
as wrong)."""
TEXT = """\
# How often answers are right

Each answer has a confidence: the fewer questions are answered, the surest first, the more of the answers are right.
Measured over the sets that the confidence is fitted on, each question by weights that were fitted without it; all sets
count the same. An answer is right where its first quote holds the known answer. All others are wrong, also those to
questions that the documents do not answer.

![The share of right answers falls as more questions are answered](images/accuracy.svg)

| questions answered | right, with the reader | confidence from | right, without | confidence from |
| --- | --- | --- | --- | --- |
{curve}

What is used where nothing is set, and the largest `DATELINE_ANSWER_ACCURACY` (`--answer-accuracy`) that can be had:

| | usual threshold | questions answered | answers right | largest setting |
| --- | --- | --- | --- | --- |
{usually}

`make calibration` measures the curves; `make accuracy` writes this page, its figure and the README's sentence.
"""
_LEFT, _TOP, _WIDTH, _HEIGHT = 48, 34, 440, 240
"""The field of the figure, in pixels."""


def main() -> None:
    from assistant.calibration import load_calibrations

    calibrations = load_calibrations()
    PAGE.write_text(page(calibrations), "utf-8")
    FIGURE.write_text(figure(calibrations), "utf-8")
    said = BEGIN + sentence(calibrations["reader"]) + END
    readme = README.read_text("utf-8")
    README.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: said, readme, flags=re.DOTALL), "utf-8")


def usual(calibration: Calibration) -> CurvePoint:
    """The point of the curve that is nearest to the threshold that is used where nothing is set."""
    return min(calibration.curve, key=lambda point: abs(point.confidence - calibration.threshold))


def sentence(calibration: Calibration) -> str:
    """What the README says: how often the first quote is right at the usual threshold."""
    point = usual(calibration)
    return SENTENCE.format(accuracy=_percent(point.accuracy), coverage=_percent(point.coverage))


def page(calibrations: Mapping[str, Calibration]) -> str:
    """The page: what is measured, the figure, the tables."""
    from assistant.calibration import rounded_down

    ways = {said: calibrations[way] for way, said in WAYS.items()}
    curve = []
    for number in range(1, ROWS + 1):
        points = [_at(calibration.curve, number / ROWS) for calibration in ways.values()]
        cells = [f"{_short(point.accuracy)} | {_short(point.confidence)}" for point in points]
        curve.append(f"| {_percent(number / ROWS)} | {' | '.join(cells)} |")
    usually = []
    for said, calibration in ways.items():
        point, most = usual(calibration), rounded_down(max(point.accuracy for point in calibration.curve))
        cells = [_short(calibration.threshold), _percent(point.coverage), _percent(point.accuracy), f"`{most}`"]
        usually.append(f"| {said} | {' | '.join(cells)} |")
    return TEXT.format(curve="\n".join(curve), usually="\n".join(usually))


def figure(calibrations: Mapping[str, Calibration]) -> str:
    """The curves as an SVG."""
    curves = {way: calibrations[way].curve for way in WAYS}
    bottom = min(int(point.accuracy * 10) for curve in curves.values() for point in curve) / 10

    def place(coverage: float, accuracy: float) -> tuple[float, float]:
        height = (accuracy - bottom) / (1 - bottom)
        return round(_LEFT + coverage * _WIDTH, 1), round(_TOP + (1 - height) * _HEIGHT, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + 104} {_TOP + _HEIGHT + 46}">',
        "<title>Share of right answers against the share of questions answered</title>",
        "<style>text{font:12px sans-serif;fill:#444}path{fill:none;stroke-width:2}.grid{stroke:#ddd;stroke-width:1}"
        ".reader{stroke:#1a5fb4}.plain{stroke:#c64600}circle{fill:#fff;stroke-width:2}"
        "@media(prefers-color-scheme:dark){text{fill:#ccc}.grid{stroke:#444}circle{fill:#222}"
        ".reader{stroke:#78aeed}.plain{stroke:#ff9955}}</style>",
        f'<text x="{_LEFT - 40}" y="16">answers that are right</text>',
        f'<text x="{_LEFT + _WIDTH / 2}" y="{_TOP + _HEIGHT + 40}" text-anchor="middle">of the questions, answered '
        "(circles: the usual threshold)</text>",
    ]
    for tenth in range(round(bottom * 10), 11):
        x, y = place(0, tenth / 10)
        parts.append(f'<path class="grid" d="M{x} {y}h{_WIDTH}"/>')
        parts.append(f'<text x="{x - 8}" y="{y + 4}" text-anchor="end">{tenth * 10} %</text>')
    for tenth in range(0, 11, 2):
        x, y = place(tenth / 10, bottom)
        parts.append(f'<text x="{x}" y="{y + 18}" text-anchor="middle">{tenth * 10} %</text>')
    for way, curve in curves.items():
        points = " ".join(f"{x},{y}" for x, y in (place(point.coverage, point.accuracy) for point in curve))
        parts.append(f'<path class="{way}" d="M{points}"/>')
        x, y = place(usual(calibrations[way]).coverage, usual(calibrations[way]).accuracy)
        parts.append(f'<circle class="{way}" cx="{x}" cy="{y}" r="4"/>')
        x, y = place(curve[-1].coverage, curve[-1].accuracy)
        parts.append(f'<text x="{x + 8}" y="{y + 4}">{WAYS[way]}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _short(share: float) -> str:
    """Three digits, without the zero before the point."""
    return f"{share:.3f}".replace("0.", ".", 1)


def _at(curve: Sequence[CurvePoint], coverage: float) -> CurvePoint:
    return min(curve, key=lambda point: abs(point.coverage - coverage))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
