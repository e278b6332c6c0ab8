"""Train the packaged reader: ``make reader``, or ``python -m training.reader --data ../shared/train training/texts``.

From the packaged MiniLM to a cross-encoder in one run: each example is a question with one answering sentence and
several that do not answer, mostly hard ones (high by Dateline's own retrieval). The loss is listwise (softmax over
the example's sentences, as in ListNet, Cao et al. 2007) plus binary cross-entropy on every logit, so that scores mean
something across questions; a share of the examples has its answer taken away and must score low everywhere.

Data: any folder with ``*.jsonl`` files of rows ``{"question", "candidates", "answers", "article"}`` and subfolders in
the form of an evaluation set. The wrong sentences are those that Dateline's own search puts forward in a library of
all articles of the source. A tenth of the articles of each is held back, and judged after every epoch.

``training/texts/own`` is one such source: texts of our own, with questions that are worded otherwise than the text, and
with near ones that the text does not answer.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant.reader import (
    FORMAT,
    WEIGHTS,
    Candidate,
    backbone_hash,
    build_scorer,
    packed,
    padded,
    pair_ids,
    unpacked,
)
from index.embedding import has_fast_bfloat16, packaged_path

if TYPE_CHECKING:
    import torch

LOCAL = frozenset({"fairytaleqa"})
"""Sources whose questions make sense only beside their own passage: no other sentences are mined for them."""
OUT = Path(__file__).parent.parent / "assistant" / "weights"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every setting of a training run."""

    seed: int = 13
    epochs: int = 3
    negatives: int = 6
    """Sentences beside the answering one."""
    hard: float = 0.75
    """Share of the negatives taken from the top of the retrieval's order."""
    removed: float = 0.15
    """Share of examples whose answer is taken away."""
    examples_a_batch: int = 8
    learning_rate: float = 1e-4
    head_learning_rate: float = 1e-3
    warm_up: float = 0.06
    weight_decay: float = 0.01
    binary_weight: float = 0.3
    held_back: float = 0.1
    limits: dict[str, int] = field(default_factory=lambda: {"fairytaleqa": 300})
    """At most so many questions of a source an epoch."""
    start: str = ""
    """SHA-256 of the weights that training went on from; empty where it began with the backbone."""
    repeats: dict[str, int] = field(default_factory=lambda: {"timeqa": 2})
    """How often an epoch shows a question of a source, with other negatives each time."""


@dataclass(frozen=True, slots=True)
class Group:
    """A question with all its candidate sentences, the hardest first."""

    source: str
    article: str
    question: str
    candidates: tuple[Candidate, ...]
    right: frozenset[int]
    ignored: frozenset[int] = frozenset()
    """Candidates that may or may not answer: never shown."""


def read_rows(path: Path) -> Iterator[Group]:
    """Groups of a file of questions with candidate sentences; order them by likeness with ``hardest_first``."""
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        sentences: list[str] = row["candidates"]
        candidates = tuple(
            Candidate(sentence, sentences[number - 1] if number else "", row["article"])
            for number, sentence in enumerate(sentences)
        )
        yield Group(path.stem, row["article"], row["question"], candidates, frozenset(row["answers"]))


def mine_set(folder: Path) -> Iterator[Group]:
    """Groups of an evaluation-form set: the sentences that Dateline's own search puts before the reader."""
    from assistant import ingestion
    from assistant.assistant import Assistant
    from assistant.evaluation import read_questions
    from assistant.evidence import candidate_of, read_as
    from index.embedding import open_embedder
    from index.library import Library
    from training.calibrate import neutral

    with tempfile.TemporaryDirectory() as scratch:
        library = Library.open(Path(scratch) / "library", open_embedder())
        for _ in ingestion.ingest(library, ingestion.find([folder / "documents"]).files):
            pass
        assistant = Assistant(library, None, neutral())
        for question in read_questions(folder / "questions.jsonl"):
            looked = assistant.look(question.text, history=question.history)
            right, ignored = set(), set()
            evidence = looked.found.evidence[:60]
            for number, item in enumerate(evidence):
                said = _folded(item.sentence.text)
                if item.retrieved.document.name in question.documents and any(
                    _folded(answer) in said for answer in question.answers
                ):
                    within = question.evidence is None or _shares(said, _folded(question.evidence))
                    (right if within else ignored).add(number)
            article = question.documents[0] if question.documents else looked.retrieved[0].document.name
            candidates = tuple(candidate_of(item) for item in evidence)
            if right or not question.answerable:
                yield Group(
                    folder.name, article, read_as(looked.question), candidates, frozenset(right), frozenset(ignored)
                )
        library.close()


def _shares(sentence: str, evidence: str) -> bool:
    """Whether a sentence overlaps a stretch of text that may begin and end in mid-sentence."""
    return (
        sentence in evidence
        or evidence in sentence
        or any(sentence.startswith(evidence[start:]) for start in range(max(len(evidence) - 20, 1)))
        or any(sentence.endswith(evidence[:end]) for end in range(20, len(evidence) + 1))
    )


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def hardest_first(groups: Sequence[Group]) -> list[Group]:
    """The same groups with candidates ordered by the backbone's cosine to the question."""
    from corpus.document import Span
    from index.embedding import PassageText, open_embedder

    embedder = open_embedder()
    texts = list(dict.fromkeys(candidate.sentence for group in groups for candidate in group.candidates))
    embedded = embedder.embed_passages([PassageText("", text, (Span(0, len(text)),)) for text in texts])
    vectors = {text: item.passage for text, item in zip(texts, embedded, strict=True)}
    ordered = []
    for group in groups:
        question = embedder.embed_question(group.question)
        cosine = [float(vectors[candidate.sentence] @ question) for candidate in group.candidates]
        order = sorted(range(len(cosine)), key=lambda number: -cosine[number])
        ordered.append(
            Group(
                group.source,
                group.article,
                group.question,
                tuple(group.candidates[number] for number in order),
                frozenset(place for place, number in enumerate(order) if number in group.right),
            )
        )
    return ordered


def write_set(path: Path, folder: Path) -> Path:
    """A file of questions with candidate sentences as an evaluation-form set: each article is one document."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    made = folder / path.stem
    (made / "documents").mkdir(parents=True)
    sections: dict[str, dict[tuple[str, ...], None]] = {}
    for row in rows:
        sections.setdefault(row["article"], {})[tuple(row["candidates"])] = None
    names = {article: f"{number:05}.md" for number, article in enumerate(sections)}
    for article, parts in sections.items():
        body = "\n\n".join(" ".join(" ".join(sentence.split()) for sentence in part) for part in parts)
        (made / "documents" / names[article]).write_text(f"---\ntitle: {json.dumps(article)}\n---\n{body}\n", "utf-8")
    with (made / "questions.jsonl").open("w", encoding="utf-8") as file:
        for number, row in enumerate(rows):
            question = {
                "id": str(number),
                "question": row["question"],
                "answerable": True,
                "answers": [row["candidates"][place] for place in row["answers"]],
                "document": names[row["article"]],
            }
            file.write(json.dumps(question) + "\n")
    return made


def read_data(folder: Path) -> list[Group]:
    """All groups of a data folder."""
    groups: list[Group] = []
    for path in sorted(folder.glob("*.jsonl")):
        if path.stem in LOCAL:
            groups += hardest_first(list(read_rows(path)))
        else:
            with tempfile.TemporaryDirectory() as scratch:
                groups += mine_set(write_set(path, Path(scratch)))
    for path in sorted(folder.glob("*/questions.jsonl")):
        groups += mine_set(path.parent)
    return groups


def examples(groups: Sequence[Group], recipe: Recipe, dice: random.Random) -> list[tuple[str, list[Candidate], int]]:
    """One example a question: (question, candidates, place of the answering one or -1), in random order."""
    made = []
    taken: dict[str, int] = {}
    shown = [group for group in groups for _ in range(recipe.repeats.get(group.source, 1))]
    for group in dice.sample(shown, len(shown)):
        limit = recipe.limits.get(group.source)
        taken[group.source] = taken.get(group.source, 0) + 1
        if limit is not None and taken[group.source] > limit:
            continue
        wrong = [
            number
            for number in range(len(group.candidates))
            if number not in group.right and number not in group.ignored
        ]
        hard = wrong[: 3 * recipe.negatives]
        chosen = dice.sample(hard, min(round(recipe.hard * recipe.negatives), len(hard)))
        rest = [number for number in wrong if number not in chosen]
        chosen += dice.sample(rest, min(recipe.negatives - len(chosen), len(rest)))
        if not chosen:
            continue
        candidates = [group.candidates[number] for number in chosen]
        if group.right and dice.random() >= recipe.removed:
            candidates.insert(0, group.candidates[dice.choice(sorted(group.right))])
            made.append((group.question, candidates, 0))
        else:
            made.append((group.question, candidates, -1))
    return made


def judge(model: torch.nn.Module, tokenizer: Any, groups: Sequence[Group]) -> dict[str, float]:
    """Share of held-back questions whose best-scored candidate answers, by source; and how well the best score tells
    questions with an answer from those without."""
    import torch
    from sklearn.metrics import roc_auc_score

    model.eval()
    right: dict[str, list[bool]] = {}
    best: list[tuple[float, bool]] = []
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_fast_bfloat16()):
        for group in groups:
            shown = list(range(len(group.candidates)))[:32]
            pairs = pair_ids(tokenizer, group.question, [group.candidates[number] for number in shown])
            scores = model(*padded(pairs)).float().numpy()
            first = shown[int(scores.argmax())]
            if group.right:
                right.setdefault(group.source, []).append(first in group.right or first in group.ignored)
                others = [score for number, score in zip(shown, scores, strict=True) if number not in group.right]
                if others:
                    best.append((float(max(others)), False))
            best.append((float(scores.max()), bool(group.right)))
    model.train()
    figures = {f"{source} answer@1": float(np.mean(values)) for source, values in sorted(right.items())}
    figures["auroc"] = float(roc_auc_score([label for _, label in best], [score for score, _ in best]))
    return figures


def train(groups: Sequence[Group], recipe: Recipe, out: Path, *, start: Path | None = None) -> list[dict[str, Any]]:
    """Train, from the backbone or from earlier weights, and write the weights after every epoch.

    Returns:
        The figures of each epoch.
    """
    import torch
    import transformers
    from safetensors.torch import load_file, save_file

    torch.manual_seed(recipe.seed)
    torch.set_num_threads(os.cpu_count() or 1)  # the passes of answering keep to one thread each
    dice = random.Random(recipe.seed)  # noqa: S311 — repeatable on purpose
    articles = sorted({(group.source, group.article) for group in groups})
    held_back = set(dice.sample(articles, max(1, int(recipe.held_back * len(articles)))))
    kept = [group for group in groups if (group.source, group.article) not in held_back]
    judged = [group for group in groups if (group.source, group.article) in held_back]
    backbone = packaged_path()
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(backbone), local_files_only=True)
    model = build_scorer(backbone)
    if start is not None:
        model.load_state_dict(unpacked(load_file(start)), strict=False)  # the embeddings are the backbone's own
    model.encoder.embeddings.requires_grad_(False)  # type: ignore[union-attr, operator]
    epochs = [examples(kept, recipe, dice) for _ in range(recipe.epochs)]
    steps = sum(-(-len(made) // recipe.examples_a_batch) for made in epochs)
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in model.encoder.parameters() if p.requires_grad], "lr": recipe.learning_rate},  # type: ignore[union-attr]
            {"params": model.head.parameters(), "lr": recipe.head_learning_rate},  # type: ignore[union-attr]
        ],
        weight_decay=recipe.weight_decay,
    )
    schedule = transformers.get_linear_schedule_with_warmup(optimiser, int(recipe.warm_up * steps), steps)
    report: list[dict[str, Any]] = []
    started, done = time.monotonic(), 0
    model.train()
    for epoch, made in enumerate(epochs, 1):
        losses: list[float] = []
        for batch in _batches(made, recipe, dice):
            pairs = [pair for question, candidates, _ in batch for pair in pair_ids(tokenizer, question, candidates)]
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_fast_bfloat16()):
                logits = model(*padded(pairs)).float()
            loss = _loss(logits, batch, recipe)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad(set_to_none=True)
            losses.append(loss.item())
            done += 1
            if done % 50 == 0:
                minutes = (time.monotonic() - started) / 60
                print(f"step {done} of {steps}, loss {np.mean(losses[-50:]):.3f}, {minutes:.1f} min", flush=True)
        figures = {"epoch": epoch, "loss": round(float(np.mean(losses)), 4), **judge(model, tokenizer, judged)}
        print(json.dumps(figures), flush=True)
        report.append(figures)
        state = {name: value for name, value in model.state_dict().items() if "embeddings" not in name}
        out.mkdir(parents=True, exist_ok=True)
        notes = {"format": FORMAT, "backbone": backbone_hash(backbone), "recipe": json.dumps(asdict(recipe))}
        save_file({name: value.contiguous() for name, value in packed(state).items()}, out / WEIGHTS, metadata=notes)
        (out / "reader-training.json").write_text(
            json.dumps(
                {"recipe": asdict(recipe), "questions": len(kept), "held_back": len(judged), "epochs": report}, indent=1
            )
            + "\n",
            "utf-8",
        )
    return report


def _batches(
    made: Sequence[tuple[str, list[Candidate], int]], recipe: Recipe, dice: random.Random
) -> list[list[tuple[str, list[Candidate], int]]]:
    """Examples of like length together, so that little is padded; the batches in random order."""
    size = recipe.examples_a_batch
    ordered = sorted(made, key=lambda example: max(len(c.sentence) + len(c.previous) for c in example[1]))
    batches = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    dice.shuffle(batches)
    return batches


def _loss(logits: torch.Tensor, batch: Sequence[tuple[str, list[Candidate], int]], recipe: Recipe) -> torch.Tensor:
    import torch

    losses = []
    start = 0
    for _, candidates, place in batch:
        own = logits[start : start + len(candidates)]
        start += len(candidates)
        labels = torch.zeros_like(own)
        if place >= 0:
            labels[place] = 1.0
            losses.append(torch.nn.functional.cross_entropy(own.unsqueeze(0), torch.tensor([place])))
        weights = torch.where(labels > 0, 1.0, 1.0 / len(candidates))
        binary = torch.nn.functional.binary_cross_entropy_with_logits(own, labels, weight=weights, reduction="sum")
        losses.append(recipe.binary_weight * binary)
    return torch.stack(losses).sum() / len(batch)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Train the packaged reader.")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of training sets")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    parser.add_argument("--start", type=Path, help="weights to go on from, instead of the backbone")
    parser.add_argument("--learning-rate", type=float, default=Recipe().learning_rate)
    parser.add_argument("--limit", action="append", default=[], metavar="SOURCE=N", help="of an epoch's questions")
    options = parser.parse_args(arguments)
    groups = [group for folder in options.data for group in read_data(folder)]
    print(f"{len(groups)} questions", flush=True)
    recipe = Recipe(
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        start=hashlib.sha256(options.start.read_bytes()).hexdigest() if options.start else "",
    )
    recipe.limits.update({source: int(most) for source, most in (limit.split("=") for limit in options.limit)})
    train(groups, recipe, options.out, start=options.start)


if __name__ == "__main__":
    main()
