"""docs/accuracy.md: what it shows is what the calibration holds."""

from __future__ import annotations

import importlib.util
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType

import pytest

from assistant.calibration import load_calibrations

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def accuracy() -> ModuleType:
    spec = importlib.util.spec_from_file_location("accuracy", ROOT / "docs" / "accuracy.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_page_figure_and_readme_are_of_the_calibration(accuracy: ModuleType) -> None:
    """Written again, they come out the same. After a new fit: ``make accuracy``."""
    calibrations = load_calibrations()

    assert (ROOT / "docs" / "accuracy.md").read_text("utf-8") == accuracy.page(calibrations)
    assert (ROOT / "docs" / "images" / "accuracy.svg").read_text("utf-8") == accuracy.figure(calibrations)
    said = accuracy.BEGIN + accuracy.sentence(calibrations["reader"]) + accuracy.END
    assert said in (ROOT / "README.md").read_text("utf-8")


def test_the_figure_shows_each_point_within_its_field(accuracy: ModuleType) -> None:
    """A line for each way of scoring, from left to right, and a circle on it for the usual threshold."""
    calibrations = load_calibrations()
    root = ET.fromstring(accuracy.figure(calibrations))  # noqa: S314 — our own
    drawn = "{http://www.w3.org/2000/svg}"
    for way in accuracy.WAYS:
        line = root.find(f"{drawn}path[@class='{way}']")
        assert line is not None
        points = [tuple(map(float, pair.split(","))) for pair in line.attrib["d"].removeprefix("M").split()]
        assert len(points) == len(calibrations[way].curve)
        assert [x for x, _ in points] == sorted(x for x, _ in points)
        assert all(34 <= y <= 34 + 240 for _, y in points)
        circle = root.find(f"{drawn}circle[@class='{way}']")
        assert circle is not None
        assert (float(circle.attrib["cx"]), float(circle.attrib["cy"])) in points
