"""Fit how evidence is weighed and when an answer is dared: ``python -m training.calibrate --sets ../shared/eval``.

Three logistic regressions a way of scoring: does a sentence answer (from its features), and do the documents answer
(from the features of the best evidence), with and without the reader. What is reported is cross-validated: each
question is judged by models that were fitted without it, five folds by question. What is written is fitted on all.

A set is a folder with ``documents/`` and ``questions.jsonl`` in the form that ``dateline eval`` reads; every set weighs
the same, however many questions it has. ``training/kept`` is one more: texts of our own that the reader was not trained
on, asked in other words than theirs and for what they nearly say. The threshold is the one that answers the most
unanswerable questions (a share of at most ``--unanswerable``) over all sets but that one.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from assistant import ingestion
from assistant.assistant import Assistant
from assistant.calibration import Calibration, LogisticModel, load_calibrations
from assistant.evaluation import Question, read_questions
from assistant.evidence import PERIOD, Evidence, confidence_features
from assistant.reader import Reader, open_reader
from corpus.filters import Filters
from index.embedding import open_embedder
from index.library import Library

FOLDS = 5
BEST_PERIOD = tuple(f"best_{name}" for name in PERIOD)
SENTENCE = ("cosine", "overlap", "context_overlap", "passage", "passage_gap", *PERIOD)
SENTENCE_WITH_READER = (*SENTENCE, "reader")
CONFIDENCE = ("best_logit", "margin", "best_cosine", "best_overlap", "best_covered", "best_passage", *BEST_PERIOD)
CONFIDENCE_WITH_READER = (*CONFIDENCE, "best_reader")
KEPT = Path(__file__).parent / "kept"
KEPT_WEIGHT = 0.1
"""Of our own questions where confidence is fitted, beside 1 of a set: more costs the other sets what they reach."""
WEIGHTS = Path(__file__).parent.parent / "assistant" / "weights" / "calibration.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its weighed sentences."""

    set_name: str
    answerable: bool
    evidence: tuple[Evidence, ...]
    right: tuple[bool, ...]
    """Of each piece of evidence: does it hold the answer?"""
    retrieved: Sequence[Any]
    judged: bool
    """Whether the set says what the answers are."""


def neutral() -> dict[str, Calibration]:
    """Equal weights: what candidates are gathered with before anything is fitted."""

    def model(names: Sequence[str]) -> LogisticModel:
        ones = tuple(1.0 for _ in names)
        return LogisticModel(tuple(names), tuple(0.0 for _ in names), ones, ones, 0.0)

    return {
        "plain": Calibration(model(SENTENCE), model(CONFIDENCE), 0.5),
        "reader": Calibration(model(SENTENCE_WITH_READER), model(CONFIDENCE_WITH_READER), 0.5),
    }


def ask_set(folder: Path, reader: Reader | None, calibrations: Mapping[str, Calibration]) -> Iterator[Asked]:
    """Every question of a set with its evidence, from a library of the set's documents."""
    with tempfile.TemporaryDirectory() as scratch:
        library = Library.open(Path(scratch) / "library", open_embedder())
        for _ in ingestion.ingest(library, ingestion.find([folder / "documents"]).files):
            pass
        assistant = Assistant(library, reader, calibrations)
        for question in read_questions(folder / "questions.jsonl"):
            looked = assistant.look(question.text, history=question.history, filters=Filters(as_of=question.as_of))
            evidence = tuple(item for item in looked.found.evidence if reader is None or item.reader_logit is not None)
            yield Asked(
                folder.name,
                question.answerable,
                evidence,
                tuple(_is_right(question, item) for item in evidence),
                looked.retrieved,
                bool(question.answers) or not question.answerable,
            )
        library.close()


def _is_right(question: Question, item: Evidence) -> bool:
    if question.documents and item.retrieved.document.name not in question.documents:
        return False
    said = _folded(item.sentence.text)
    return question.answerable and any(_folded(answer) in said for answer in question.answers)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def fit(names: Sequence[str], table: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> LogisticModel:
    """Logistic regression on standardised features, as numbers."""
    mean = np.average(table, axis=0, weights=weights)
    scale = np.sqrt(np.average((table - mean) ** 2, axis=0, weights=weights)) + 1e-9
    model = LogisticRegression(C=1.0, max_iter=1000).fit((table - mean) / scale, labels, sample_weight=weights)
    return LogisticModel(
        tuple(names),
        tuple(map(float, mean)),
        tuple(map(float, scale)),
        tuple(map(float, model.coef_[0])),
        float(model.intercept_[0]),
    )


def _sentence_table(asked: Sequence[Asked], names: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows, labels, weights = [], [], []
    sizes = {
        name: sum(len(item.evidence) for item in asked if item.set_name == name and item.judged)
        for name in _names(asked)
    }
    for item in asked:
        if not item.judged:
            continue
        for evidence, right in zip(item.evidence, item.right, strict=True):
            rows.append([_feature(evidence, name) for name in names])
            labels.append(right)
            weights.append(10_000 / sizes[item.set_name])
    return np.asarray(rows), np.asarray(labels), np.asarray(weights)


def _feature(evidence: Evidence, name: str) -> float:
    if name == "reader":
        assert evidence.reader_logit is not None
        return evidence.reader_logit
    return evidence.features[name]


def _names(asked: Sequence[Asked]) -> list[str]:
    return sorted({item.set_name for item in asked})


def _weighed(item: Asked, model: LogisticModel) -> tuple[list[Evidence], list[bool]]:
    """The evidence in the order of a sentence model."""
    if not item.evidence:
        return [], []
    columns = {name: np.asarray([_feature(evidence, name) for evidence in item.evidence]) for name in model.features}
    logits = model.logits(columns)
    order = np.argsort(-logits, kind="stable")
    evidence = [replace(item.evidence[row], logit=float(logits[row])) for row in order]
    return evidence, [item.right[row] for row in order]


def _confidence_row(item: Asked, evidence: Sequence[Evidence], names: Sequence[str]) -> list[float]:
    features = confidence_features(evidence, item.retrieved) if evidence else {}
    return [features.get(name, 0.0) for name in names]


def calibrate(
    asked: Sequence[Asked], *, with_reader: bool, unanswerable: float
) -> tuple[Calibration, list[dict[str, Any]], list[dict[str, float]]]:
    """The calibration fitted on all questions, and cross-validated: figures for each set, and the curve over all."""
    sentence_names = SENTENCE_WITH_READER if with_reader else SENTENCE
    confidence_names = CONFIDENCE_WITH_READER if with_reader else CONFIDENCE
    folds = np.arange(len(asked)) % FOLDS
    confidence = np.zeros(len(asked))
    first = np.zeros(len(asked), dtype=bool)
    within_three = np.zeros(len(asked), dtype=bool)
    counts = {name: sum(item.set_name == name for item in asked) for name in _names(asked)}

    def both(train: Sequence[Asked]) -> tuple[LogisticModel, LogisticModel]:
        sentence = fit(sentence_names, *_sentence_table(train, sentence_names))
        rows = [_confidence_row(item, _weighed(item, sentence)[0], confidence_names) for item in train]
        labels = np.asarray([item.answerable for item in train])
        weights = np.asarray([_balance(train, item) * _weight(item) / counts[item.set_name] for item in train])
        return sentence, fit(confidence_names, np.asarray(rows), labels, 1_000 * weights)

    for fold in range(FOLDS):
        train = [item for item, number in zip(asked, folds, strict=True) if number != fold]
        sentence, confident = both(train)
        for row in np.flatnonzero(folds == fold):
            evidence, right = _weighed(asked[row], sentence)
            first[row] = any(right[:1])
            within_three[row] = any(right[:3])
            columns = _confidence_row(asked[row], evidence, confidence_names)
            confidence[row] = confident.logits(
                {name: np.asarray([value]) for name, value in zip(confidence_names, columns, strict=True)}
            )[0]
    sentence, confident = both(asked)
    answerable = np.asarray([item.answerable for item in asked])
    judged = np.asarray([item.judged for item in asked])
    sets = np.asarray([item.set_name for item in asked])
    others = sets != KEPT.name
    cut = float(np.quantile(confidence[~answerable & others], 1 - unanswerable))
    figures = []
    for name in counts:
        here = sets == name
        yes, no = here & answerable, here & ~answerable
        figures.append(
            {
                "set": name,
                "answer@1": _mean(first[yes & judged]),
                "answer@3": _mean(within_three[yes & judged]),
                "auroc": float(roc_auc_score(answerable[here], confidence[here])) if no.any() and yes.any() else None,
                "answered": _mean(confidence[yes] >= cut),
                "answered unanswerable": _mean(confidence[no] >= cut),
            }
        )
    told = (judged | ~answerable) & others
    weights = np.asarray([1.0 / counts[name] for name in sets])
    curve = coverage_curve(confidence[told], (first & answerable)[told], weights[told])
    return Calibration(sentence, confident, _probability(cut)), figures, curve


CURVE_POINTS = 40


def coverage_curve(confidence: np.ndarray, right: np.ndarray, weights: np.ndarray) -> list[dict[str, float]]:
    """How often answers are right when only those of at least some confidence are given.

    Args:
        confidence: log odds, shape (questions,).
        right: whether the first quote answers; an unanswerable question has no right answer.
        weights: of the questions.

    Returns:
        From the surest on: ``confidence`` from which is answered, ``coverage`` the share of questions answered,
        ``accuracy`` the share of those answered rightly.
    """
    order = np.argsort(-confidence, kind="stable")
    share = np.cumsum(weights[order]) / weights.sum()
    accuracy = np.cumsum((right * weights)[order]) / np.cumsum(weights[order])
    rows = np.unique(np.searchsorted(share, np.linspace(1 / CURVE_POINTS, 1, CURVE_POINTS)).clip(max=len(order) - 1))
    return [
        {
            "confidence": round(_probability(float(confidence[order[row]])), 4),
            "coverage": round(float(share[row]), 4),
            "accuracy": round(float(accuracy[row]), 4),
        }
        for row in rows
    ]


def _probability(logit: float) -> float:
    return 1 / (1 + float(np.exp(-logit)))


def _balance(asked: Sequence[Asked], item: Asked) -> float:
    """Answerable and unanswerable questions of a set weigh the same."""
    same = [other.answerable for other in asked if other.set_name == item.set_name]
    share = sum(answerable == item.answerable for answerable in same) / len(same)
    return 0.5 / share


def _weight(item: Asked) -> float:
    return KEPT_WEIGHT if item.set_name == KEPT.name else 1.0


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def _as_json(model: LogisticModel) -> dict[str, Any]:
    return {
        "features": list(model.features),
        "mean": [round(value, 6) for value in model.mean],
        "scale": [round(value, 6) for value in model.scale],
        "weights": [round(value, 6) for value in model.weights],
        "bias": round(model.bias, 6),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=Path, required=True, help="folder of evaluation sets")
    parser.add_argument("--names", nargs="+", default=["xquad-dev", "timeqa-dev", "mtrag-dev"], help="sets to fit on")
    parser.add_argument("--kept", type=Path, default=KEPT, help="our own questions, weighed less")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--reader", default="packaged", help="'none' to fit only the plain way")
    parser.add_argument(
        "--unanswerable", type=float, default=0.2, help="share of unanswerable ones that may be answered"
    )
    options = parser.parse_args(arguments)
    reader = open_reader(options.reader)
    written: dict[str, Any] = {}
    report: dict[str, Any] = {}
    current = neutral()
    if options.out.exists():
        kept = json.loads(options.out.read_text("utf-8"))
        written, report = kept["calibrations"], kept["cross_validated"]
        current |= load_calibrations(options.out.read_text("utf-8"))
    for name in ("plain", "reader") if reader is not None else ("plain",):
        with_reader = name == "reader"
        asked: list[Asked] = []
        for folder in (*(options.sets / set_name for set_name in options.names), options.kept):
            asked += ask_set(folder, reader if with_reader else None, current)
            sys.stderr.write(f"{name}: asked {folder.name}\n")
        calibration, figures, curve = calibrate(asked, with_reader=with_reader, unanswerable=options.unanswerable)
        for row in figures:
            print(name, json.dumps(row))
        current[name] = calibration
        report[name] = figures
        written[name] = {
            "sentence": _as_json(calibration.sentence),
            "confidence": _as_json(calibration.confidence),
            "threshold": round(calibration.threshold, 4),
            "curve": curve,
        }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"calibrations": written, "cross_validated": report}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
