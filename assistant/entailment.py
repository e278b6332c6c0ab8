"""An entailment model, if one is named: a cross-encoder that says whether a sentence follows from a quote.

It takes the place of the comparison word by word; numbers, dates, names, denials and who does what stay with the rules
of ``verification.py``.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Protocol

ENOUGH = 0.5
"""Least probability of entailment: more than all other labels have together."""
OFF = "none"


class EntailmentError(Exception):
    """The entailment model cannot be had; the message says why."""


class Entailment(Protocol):
    """Says whether a sentence follows from a quote. Threads may share it."""

    @property
    def name(self) -> str: ...

    def probability(self, quote: str, sentence: str) -> float:
        """That the sentence follows from the quote, 0 to 1."""


def open_entailment(setting: str) -> Entailment | None:
    """The model that a setting names: ``none``, or a CrossEncoder for NLI by its folder or hub name.

    Its labels are looked at now, its weights are loaded with the first sentence.

    Raises:
        EntailmentError: there is no such model on this machine, or none of its labels is entailment.
    """
    return None if setting == OFF else CrossEncoderEntailment(setting)


class CrossEncoderEntailment:
    """Any sentence-transformers CrossEncoder that was trained for natural language inference."""

    def __init__(self, model: str) -> None:
        self.name = Path(model).name
        self._setting = model
        self._label = _entailment_label(model)
        self._lock = threading.Lock()
        self._loaded: Any = None

    def probability(self, quote: str, sentence: str) -> float:
        """
        Raises:
            EntailmentError: the files of the model are not whole.
        """
        import torch

        with self._lock:  # the tokenizer is not made for several threads
            if self._loaded is None:
                self._loaded = self._load()
            (logits,) = self._loaded.predict(
                [(quote, sentence)], activation_fn=torch.nn.Identity(), convert_to_tensor=True, show_progress_bar=False
            )
        return float(torch.softmax(logits.float(), dim=-1)[self._label])

    def _load(self) -> Any:
        from sentence_transformers import CrossEncoder

        try:
            return CrossEncoder(self._setting, device="cpu", local_files_only=True)
        except (OSError, ValueError) as error:
            raise EntailmentError(_not_here(self._setting)) from error


def _entailment_label(model: str) -> int:
    """The place of entailment among a model's labels, as its configuration names them."""
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(model, local_files_only=True)
    except (OSError, ValueError) as error:
        raise EntailmentError(_not_here(model)) from error
    labels = {int(number): str(label) for number, label in config.id2label.items()}
    found = [number for number, label in labels.items() if label.casefold() == "entailment"]
    if len(labels) < 2 or len(found) != 1:
        told = ", ".join(repr(label) for _, label in sorted(labels.items()))
        raise EntailmentError(
            f"the model {model!r} has no label 'entailment' (its labels are {told}): name one that was trained for "
            "natural language inference"
        )
    return found[0]


def _not_here(model: str) -> str:
    return (
        f"no entailment model at {model!r}: expected {OFF!r}, a folder, or a hub name whose files are already on this "
        "machine"
    )
