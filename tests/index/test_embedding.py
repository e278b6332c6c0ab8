"""The packaged model: what many ask at once of it."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from assistant.parts import Parts
from index.embedding import SentenceTransformerEmbedder, has_fast_bfloat16, packaged_path

ROOT = Path(__file__).parents[2]
SET = ROOT / "tests" / "eval" / "sample" / "questions.jsonl"
QUESTIONS = [json.loads(line)["question"] for line in SET.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def embedder() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder()


def test_a_question_is_embedded_as_sentence_transformers_does(embedder: SentenceTransformerEmbedder) -> None:
    """Up to what bfloat16 rounds, the vector is that of ``encode_query``, of length 1."""
    theirs = SentenceTransformer(str(packaged_path()), device="cpu", local_files_only=True)
    for question in [QUESTIONS[0], "When? " * 500]:
        vector = embedder.embed_question(question)
        assert vector.dtype == np.float32
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
        near = 1e-3 if has_fast_bfloat16() else 1e-5
        assert theirs.encode_query(question, normalize_embeddings=True) @ vector == pytest.approx(1, abs=near)


def test_questions_asked_at_once_find_what_each_finds_alone(sample_parts: Parts) -> None:
    """Sharing a pass changes a vector by no more than rounding, and what is found first only where two are as near."""
    library = sample_parts.library
    alone = [library.embedder.embed_question(question) for question in QUESTIONS]
    with ThreadPoolExecutor(16) as crowd:
        together = list(crowd.map(library.embedder.embed_question, QUESTIONS))
    for one, other in zip(alone, together, strict=True):
        assert one @ other == pytest.approx(1, abs=2e-4)
    for one, other in zip(alone, together, strict=True):
        found = library._all_vectors().search(one, limit=2)
        [first] = library._all_vectors().search(other, limit=1)
        as_near = [match.passage_id for match in found if match.similarity > found[0].similarity - 2e-3]
        assert first.passage_id in as_near


def test_questions_and_passages_do_not_reach_into_each_others_tokenizer(embedder: SentenceTransformerEmbedder) -> None:
    """Tokens are counted whole while questions are cut to the model's window, in threads side by side."""
    text = "The harbour reopened on Monday. " * 100
    whole = embedder.count_tokens([text])[0]
    assert whole > 2 * embedder.max_tokens
    wrong: list[int] = []
    end = threading.Event()

    def count() -> None:
        while not end.is_set():
            wrong.extend(tokens for tokens in embedder.count_tokens([text]) if tokens != whole)

    counting = threading.Thread(target=count)
    counting.start()
    for _ in range(20):
        embedder.embed_question(text)
    end.set()
    counting.join()
    assert not wrong
