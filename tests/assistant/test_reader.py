"""The packaged reader: what it says to good and to bad weights, and that its scores depend on nothing but the pair."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from assistant.assistant import Assistant
from assistant.calibration import load_calibrations
from assistant.reader import (
    FORMAT,
    WEIGHTS,
    Candidate,
    Logits,
    PackagedReader,
    ReaderError,
    open_reader,
    pair_ids,
)
from index.embedding import packaged_path

if TYPE_CHECKING:
    from assistant.parts import Parts

SHIPPED = Path(__file__).parents[2] / "assistant" / "weights" / WEIGHTS
QUESTION = "When was the treaty signed?"
CANDIDATES = [
    Candidate("The two leaders signed the treaty on 19 June 2024 in Pyongyang.", "They met at noon.", "The treaty"),
    Candidate("It has 23 articles.", "The two leaders signed the treaty.", "The treaty"),
    Candidate("Rain fell in the north of the country for three days, and rivers left their banks. " * 4, "", "Floods"),
    Candidate("Wheat.", "", ""),
    Candidate("The port was closed in 1977.", "Ships waited outside.", "The port"),
]
SAME = 0.15
"""Logits may differ by so much: bfloat16 rounds by how a batch is padded; they range over more than ten."""


def test_scores_do_not_depend_on_order_or_company() -> None:
    """A sentence scores the same alone, in any order, and in a batch of many."""
    reader = PackagedReader(packaged_path(), SHIPPED)
    together = reader.score(QUESTION, CANDIDATES)
    alone = np.concatenate([reader.score(QUESTION, [candidate]) for candidate in CANDIDATES])
    order = [3, 0, 4, 2, 1]
    shuffled = reader.score(QUESTION, [CANDIDATES[number] for number in order])
    many = reader.score(QUESTION, CANDIDATES * 20)
    np.testing.assert_allclose(alone, together, atol=SAME)
    np.testing.assert_allclose(shuffled, together[order], atol=SAME)
    np.testing.assert_allclose(many, np.tile(together, 20), atol=SAME)


def test_the_precision_that_is_asked_for_is_used() -> None:
    """In float32 a sentence scores the same alone and in company to the fourth place."""
    reader = PackagedReader(packaged_path(), SHIPPED, precision="float32")
    together = reader.score(QUESTION, CANDIDATES)
    alone = np.concatenate([reader.score(QUESTION, [candidate]) for candidate in CANDIDATES])
    np.testing.assert_allclose(alone, together, atol=1e-4)


def test_the_sentence_that_answers_scores_highest() -> None:
    """And above zero; one that has nothing to do with the question, far below."""
    scores = PackagedReader(packaged_path(), SHIPPED).score(QUESTION, CANDIDATES)
    assert int(scores.argmax()) == 0
    assert scores[0] > 0 > scores[3]


def test_nothing_to_read_gives_no_scores() -> None:
    """No candidates, an empty array."""
    assert PackagedReader(packaged_path(), SHIPPED).score(QUESTION, []).shape == (0,)


def test_a_pair_is_bounded() -> None:
    """However long question, sentence and context are, a pair has at most 220 tokens."""
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(str(packaged_path()), local_files_only=True)
    long = "word " * 3000
    ((ids, types),) = pair_ids(tokenizer, long, [Candidate(long, long, long)])
    assert len(ids) == len(types) == 48 + 128 + 40 + 4


def _damaged(tmp_path: Path, *, notes: dict[str, str] | None) -> Path:
    """Weights with other notes; None cuts the file short."""
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    path = tmp_path / WEIGHTS
    if notes is None:
        path.write_bytes(SHIPPED.read_bytes()[:1000])
    else:
        with safe_open(SHIPPED, framework="np") as file:
            save_file(load_file(SHIPPED), path, metadata=file.metadata() | notes)
    return path


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        (None, "damaged"),
        ({"format": "0"}, f"have format '0', this version reads '{FORMAT}'"),
        ({"backbone": "0" * 64}, "trained on another backbone"),
    ],
)
def test_weights_that_do_not_fit_are_refused(tmp_path: Path, notes: dict[str, str] | None, said: str) -> None:
    """Truncated, of another version, for another backbone: said before anything is read."""
    with pytest.raises(ReaderError, match=said):
        PackagedReader(packaged_path(), _damaged(tmp_path, notes=notes)).check()


def test_missing_weights_are_named(tmp_path: Path) -> None:
    """The message says what is missing and what to do."""
    with pytest.raises(ReaderError, match=r"missing \(reader\.safetensors\): install Dateline again"):
        PackagedReader(packaged_path(), tmp_path / WEIGHTS).check()


def test_no_reader_on_request() -> None:
    """The setting 'none' turns it off."""
    assert open_reader("none") is None


def test_an_unknown_cross_encoder_is_refused(tmp_path: Path) -> None:
    """A folder that is none, or a hub name without its files here, is named with what was expected."""
    with pytest.raises(ReaderError, match="expected 'packaged', 'none', a folder, or a hub name"):
        open_reader(str(tmp_path / "nothing"))


class _Damaged:
    """A reader whose weights turn out to be damaged when they are read."""

    name = "damaged"

    def score(self, _question: str, _candidates: object) -> Logits:
        raise ReaderError("the weights are damaged")


def test_answers_go_on_where_the_reader_cannot_be_loaded(sample_parts: Parts) -> None:
    """The question that finds it out is answered without the reader, and so are those after it; each trace says so."""
    assistant = Assistant(sample_parts.library, _Damaged(), load_calibrations())
    for _ in range(2):
        answer = assistant.ask("When did North Korea ratify the treaty?")
        assert answer.answered
        notes = [step.detail["text"] for step in answer.trace.steps if step.name == "note"]
        assert notes == ["answers are given without the reader: the weights are damaged"]
        (weighed,) = [step for step in answer.trace.steps if step.name == "weigh"]
        assert weighed.detail["reader"] is None


def test_the_shipped_reader_is_in_use(sample_parts: Parts) -> None:
    """The default assistant reads with it, and its trace says so."""
    answer = sample_parts.assistant.ask("When was the treaty signed?")
    (weighed,) = [step for step in answer.trace.steps if step.name == "weigh"]
    assert weighed.detail["reader"] == "dateline-reader-1"
    assert weighed.detail["read"] > 0
