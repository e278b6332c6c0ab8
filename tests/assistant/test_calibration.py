"""The accuracy that a user may ask for, and the curve that it is read from."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from assistant.calibration import Calibration, CalibrationError, CurvePoint, load_calibrations
from assistant.cli import cli
from assistant.parts import open_parts
from assistant.settings import Settings, SettingsError

MODEL: dict[str, Any] = {"features": ["a"], "mean": [0.0], "scale": [1.0], "weights": [1.0], "bias": 0.0}
CURVE = [
    {"confidence": 0.9, "coverage": 0.2, "accuracy": 0.98},
    {"confidence": 0.7, "coverage": 0.5, "accuracy": 0.95},
    {"confidence": 0.4, "coverage": 0.8, "accuracy": 0.81},
]


def calibration(curve: list[dict[str, float]] | None) -> Calibration:
    entry: dict[str, Any] = {"sentence": MODEL, "confidence": MODEL, "threshold": 0.5}
    entry |= {"curve": curve} if curve is not None else {}
    return load_calibrations(json.dumps({"calibrations": {"plain": entry}}))["plain"]


@pytest.mark.parametrize(("accuracy", "threshold"), [(0.97, 0.9), (0.95, 0.7), (0.9, 0.7), (0.5, 0.4)])
def test_the_threshold_is_that_of_the_most_answers_that_are_right_so_often(accuracy: float, threshold: float) -> None:
    """Nothing else of the calibration changes."""
    usual = calibration(CURVE)

    assert usual.threshold == 0.5
    assert usual.answering(accuracy) == Calibration(
        usual.sentence, usual.confidence, threshold, tuple(CurvePoint(**point) for point in CURVE)
    )


def test_an_accuracy_that_was_never_reached_is_refused() -> None:
    """The error tells how far it goes, or that nothing was measured."""
    with pytest.raises(CalibrationError, match=r"the largest share that was measured is 0\.98$"):
        calibration(CURVE).answering(0.99)
    with pytest.raises(CalibrationError, match="no coverage/accuracy curve was measured"):
        calibration(None).answering(0.5)


def documented() -> float:
    """The accuracy that the settings' description gives as an example."""
    said = Settings.model_fields["answer_accuracy"].description
    assert said is not None
    example = re.search(r"`(0\.\d+)`", said)
    assert example is not None
    return float(example[1])


def test_the_documented_accuracy_can_be_had(tmp_path: Path) -> None:
    """The example of the settings opens a library as it is installed, and `--help` gives the same one."""
    (option,) = (param for param in cli.params if param.name == "answer_accuracy")
    assert f"as {documented():g}." in option.help  # type: ignore[attr-defined]

    parts = open_parts(Settings(data_dir=tmp_path, answer_accuracy=documented()))
    parts.close()


def test_an_accuracy_out_of_reach_names_one_that_can_be_had(tmp_path: Path) -> None:
    """What the error names as the largest one opens."""
    with pytest.raises(SettingsError, match="DATELINE_ANSWER_ACCURACY") as refused:
        open_parts(Settings(data_dir=tmp_path, answer_accuracy=0.999))

    most = re.search(r"the largest share that was measured is (0\.\d+);", str(refused.value))
    assert most is not None
    open_parts(Settings(data_dir=tmp_path, answer_accuracy=float(most[1]))).close()
