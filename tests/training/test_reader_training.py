"""Training the reader, from questions to weights that are loaded and read."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from assistant.reader import WEIGHTS, PackagedReader
from index.embedding import packaged_path
from training.reader import Recipe, examples, main, read_data, write_set

ARTICLES = {
    "The mill at Osk": [
        "The mill at Osk was built in 1874.",
        "It belongs to the family Brandt.",
        "Its wheel measures six metres across.",
        "Rye is ground there on Thursdays.",
        "The last flood tore away the weir.",
    ],
    "The ferry of Luro": [
        "The ferry of Luro crosses the sound nine times a day.",
        "Her captain is Ingrid Moe.",
        "She was launched at Hamre in 1991.",
        "A crossing takes 25 minutes.",
        "In winter the ice keeps her in port.",
    ],
}
ASKED = [
    ("When was the mill at Osk built?", "The mill at Osk", 0),
    ("Who owns the mill?", "The mill at Osk", 1),
    ("How large is the wheel of the mill?", "The mill at Osk", 2),
    ("What is ground on Thursdays?", "The mill at Osk", 3),
    ("How often does the ferry of Luro cross the sound?", "The ferry of Luro", 0),
    ("Who is the captain of the ferry?", "The ferry of Luro", 1),
    ("Where was the ferry launched?", "The ferry of Luro", 2),
    ("How long does a crossing take?", "The ferry of Luro", 3),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    rows = [
        {"question": question, "candidates": ARTICLES[article], "answers": [place], "article": article}
        for question, article, place in ASKED
    ]
    (folder / "made.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder


def test_wrong_sentences_are_mined_from_all_articles(data: Path) -> None:
    """A question is shown what the search puts forward, and knows which of it answers."""
    groups = read_data(data)
    assert [group.question for group in groups] == [question for question, _, _ in ASKED]
    for group, (_, article, place) in zip(groups, ASKED, strict=True):
        assert {group.candidates[number].sentence for number in group.right} == {ARTICLES[article][place]}
        assert {candidate.title for candidate in group.candidates} == set(ARTICLES)


def test_a_share_of_the_examples_loses_its_answer(data: Path) -> None:
    """Evidence is taken away from some questions, and those have no right place."""
    groups = read_data(data)
    none = examples(groups, Recipe(removed=0.0), random.Random(1))  # noqa: S311 — repeatable on purpose
    every = examples(groups, Recipe(removed=1.0), random.Random(1))  # noqa: S311 — repeatable on purpose
    assert {place for _, _, place in none} == {0}
    assert {place for _, _, place in every} == {-1}
    right = {question: ARTICLES[article][place] for question, article, place in ASKED}
    for question, candidates, _ in every:
        assert right[question] not in {candidate.sentence for candidate in candidates}


def test_an_article_becomes_one_document(data: Path, tmp_path: Path) -> None:
    """Questions on the same article share its document."""
    made = write_set(data / "made.jsonl", tmp_path)
    assert len(list((made / "documents").iterdir())) == len(ARTICLES)
    rows = [json.loads(line) for line in (made / "questions.jsonl").read_text("utf-8").splitlines()]
    assert len({row["document"] for row in rows}) == len(ARTICLES)


def test_trained_weights_are_written_loaded_and_have_learned(data: Path, tmp_path: Path) -> None:
    """A tiny set is learned in a few passes; the weights on the disk read as well as the model in memory did."""
    main(["--data", str(data), "--out", str(tmp_path), "--epochs", "12"])
    reader = PackagedReader(packaged_path(), tmp_path / WEIGHTS)
    report = json.loads((tmp_path / "reader-training.json").read_text("utf-8"))
    assert report["recipe"]["epochs"] == 12
    assert report["epochs"][-1]["loss"] < 0.5 * report["epochs"][0]["loss"]
    learned = [int(reader.score(group.question, group.candidates).argmax()) in group.right for group in read_data(data)]
    assert sum(learned) >= len(ASKED) // 2  # one of the two articles is held back
