"""The fitted numbers: how evidence is weighed and when an answer is dared. Made by ``training/calibrate.py``.

Logistic models over standardised features (Platt 1999 for the use as a probability). Each stands in
``assistant/weights/calibration.json`` with the names of its features, so that a model and the code that computes its
features cannot drift apart unseen.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class CalibrationError(Exception):
    """The fitted numbers are missing or were made for other features."""


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """A probability from named features."""

    features: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float

    def logits(self, values: Mapping[str, Floats]) -> Floats:
        """Log odds, shape (n,), from features of shape (n,) each.

        Raises:
            CalibrationError: a feature that the model was fitted on is not given.
        """
        missing = [name for name in self.features if name not in values]
        if missing:
            raise CalibrationError(f"the calibration expects the features {missing}; run training/calibrate.py again")
        table = np.stack([np.asarray(values[name], dtype=np.float64) for name in self.features], axis=-1)
        standard = (table - np.asarray(self.mean)) / np.asarray(self.scale)
        logits: Floats = standard @ np.asarray(self.weights) + self.bias
        return logits


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What came of answering from one confidence on, cross-validated. Shares are 0 to 1."""

    confidence: float
    coverage: float
    """Of all questions, answerable or not: those that were answered."""
    accuracy: float
    """Of the answered ones: those whose first quote was right."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Everything that was fitted for one way of scoring (with the reader, or without)."""

    sentence: LogisticModel
    """Does this sentence answer the question?"""
    confidence: LogisticModel
    """Do the documents answer the question?"""
    threshold: float
    """Confidence from which an answer is given."""
    curve: tuple[CurvePoint, ...] = ()
    """Of coverage and accuracy; empty where it was not measured."""

    def answering(self, accuracy: float) -> Calibration:
        """The same with the threshold from which answers were right at least that often, and as many as possible.

        Args:
            accuracy: share, 0 to 1.

        Raises:
            CalibrationError: no curve was measured, or none of its points is that accurate.
        """
        reached = [point for point in self.curve if point.accuracy >= accuracy]
        if not self.curve:
            raise CalibrationError("no coverage/accuracy curve was measured for this way of scoring")
        if not reached:
            most = max(point.accuracy for point in self.curve)
            raise CalibrationError(f"the largest share that was measured is {rounded_down(most)}")
        return replace(self, threshold=max(reached, key=lambda point: point.coverage).confidence)


def rounded_down(share: float) -> str:
    """Three digits, none of them too much: what may be asked for."""
    return f"{math.floor(share * 1000 + 1e-6) / 1000:g}"


def sigmoid(logits: Floats) -> Floats:
    """Probabilities from log odds, without overflow."""
    probabilities: Floats = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return probabilities


def shifted(probability: float, log_odds: float) -> float:
    """A probability made greater or less by some log odds; 0 and 1 stay."""
    if not 0.0 < probability < 1.0:
        return probability
    odds = np.log(probability / (1.0 - probability)) + log_odds
    return float(sigmoid(np.asarray([odds]))[0])


def load_calibrations(text: str | None = None) -> dict[str, Calibration]:
    """Calibrations by name (``plain``, ``reader``): from the package, or from JSON text.

    Raises:
        CalibrationError: the file is missing or not of the expected form.
    """
    try:
        if text is None:
            text = (resources.files("assistant") / "weights" / "calibration.json").read_text("utf-8")
        return {
            name: Calibration(
                _model(entry["sentence"]),
                _model(entry["confidence"]),
                float(entry["threshold"]),
                tuple(_point(point) for point in entry.get("curve", [])),
            )
            for name, entry in json.loads(text)["calibrations"].items()
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CalibrationError(
            f"assistant/weights/calibration.json cannot be read ({error!r}); make it with: python -m training.calibrate"
        ) from error


def _point(entry: Mapping[str, float]) -> CurvePoint:
    return CurvePoint(float(entry["confidence"]), float(entry["coverage"]), float(entry["accuracy"]))


def _model(entry: Mapping[str, Sequence[float] | Sequence[str] | float]) -> LogisticModel:
    def floats(name: str) -> tuple[float, ...]:
        values = entry[name]
        if isinstance(values, float | int):
            raise TypeError(f"{name} is a number, not a list")
        return tuple(float(value) for value in values)

    features = entry["features"]
    bias = entry["bias"]
    if isinstance(features, float) or not isinstance(bias, float):
        raise TypeError("features is a list of names, bias a number")
    model = LogisticModel(
        tuple(str(name) for name in features), floats("mean"), floats("scale"), floats("weights"), bias
    )
    if not len(model.features) == len(model.mean) == len(model.scale) == len(model.weights):
        raise ValueError("features, mean, scale and weights differ in length")
    return model
