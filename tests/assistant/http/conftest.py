"""The API over a real library in a folder of the test's own, with stand-ins for the two models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

if TYPE_CHECKING:
    from assistant.parts import Parts
    from assistant.settings import Settings

HOST = "http://127.0.0.1:7860"


def _by(feature: str) -> dict[str, object]:
    return {"features": [feature], "mean": [0.0], "scale": [1.0], "weights": [10.0], "bias": -5.0}


CALIBRATIONS = json.dumps(
    {
        "calibrations": {
            "plain": {"sentence": _by("overlap"), "confidence": _by("best_overlap"), "threshold": 0.5},
            "reader": {"sentence": _by("overlap"), "confidence": _by("best_overlap"), "threshold": 0.5},
        }
    }
)
"""A question is answered when a sentence holds half of its rare words."""


@pytest.fixture
def parts(settings: Settings) -> Iterator[Parts]:
    from assistant.assistant import Assistant
    from assistant.calibration import load_calibrations
    from assistant.parts import Parts
    from assistant.reader import OverlapReader
    from index.embedding import WordHashEmbedder
    from index.library import Library

    library = Library.open(settings.data_dir, WordHashEmbedder())
    reader = OverlapReader()
    assistant = Assistant(
        library, reader, load_calibrations(CALIBRATIONS), most_characters=settings.max_question_characters
    )
    yield Parts(library, assistant, reader)
    library.close()


@pytest.fixture
def client(parts: Parts, settings: Settings) -> Iterator[TestClient]:
    """Speaks to the API as a program on this computer does."""
    from assistant.http.api import create_app

    with TestClient(create_app(parts, settings), base_url=HOST) as client:
        yield client
