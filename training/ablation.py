"""What each part of the reader's training is worth: ``python -m training.ablation --data ../shared/train``.

Each row trains one epoch with one thing changed, on a share of the articles so that all rows take an hour on two cores;
all are judged on the same held-back articles. Rows of precision and of rank train nothing: they change the shipped
weights. A row of JSON each on standard output.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.reader import WEIGHTS, build_scorer, packed, unpacked
from index.embedding import packaged_path
from training.reader import OUT, Group, Recipe, held_back_articles, judge, read_data, train

if TYPE_CHECKING:
    import torch

_RANK = 16
"""Of the adapter (LoRA, Hu et al. 2021)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One change to the training."""

    name: str
    recipe: Recipe
    change: Callable[[Group], Group] = lambda group: group
    """What becomes of a question, trained on or judged."""
    build: Callable[[Path], torch.nn.Module] = build_scorer


def rows() -> list[Row]:
    """Every change, the unchanged training first."""
    recipe = Recipe(epochs=1)
    return [
        Row("as shipped", recipe),
        Row("without fairytaleqa", replace(recipe, limits={"fairytaleqa": 0})),
        Row("without timeqa", replace(recipe, limits={**recipe.limits, "timeqa": 0})),
        Row("without selqa", replace(recipe, limits={**recipe.limits, "selqa": 0})),
        Row("no answers taken away", replace(recipe, removed=0.0)),
        Row("without title", recipe, lambda group: _context(group, title=False)),
        Row("without previous sentence", recipe, lambda group: _context(group, previous=False)),
        Row("without either", recipe, lambda group: _context(group, title=False, previous=False)),
        Row(f"adapter of rank {_RANK}", replace(recipe, learning_rate=5e-4), build=_with_adapter),
        Row("three layers", recipe, build=_three_layers),
    ]


def _context(group: Group, *, title: bool = True, previous: bool = True) -> Group:
    candidates = tuple(
        replace(item, title=item.title if title else "", previous=item.previous if previous else "")
        for item in group.candidates
    )
    return replace(group, candidates=candidates)


def _three_layers(backbone: Path) -> torch.nn.Module:
    model = build_scorer(backbone)
    model.encoder.encoder.layer = model.encoder.encoder.layer[::2]  # type: ignore[union-attr]
    return model


def _with_adapter(backbone: Path) -> torch.nn.Module:
    import torch
    from torch.nn.utils import parametrize

    class LowRank(torch.nn.Module):
        def __init__(self, weight: torch.Tensor) -> None:
            super().__init__()
            self.down = torch.nn.Parameter(torch.randn(_RANK, weight.shape[1]) / _RANK)
            self.up = torch.nn.Parameter(torch.zeros(weight.shape[0], _RANK))

        def forward(self, weight: torch.Tensor) -> torch.Tensor:
            return weight + self.up @ self.down

    model = build_scorer(backbone)
    for module in list(model.encoder.encoder.modules()):  # type: ignore[union-attr, operator]
        if isinstance(module, torch.nn.Linear):
            module.requires_grad_(False)
            parametrize.register_parametrization(module, "weight", LowRank(module.weight))
    return model


def of_precision(judged: Sequence[Group]) -> list[dict[str, object]]:
    """Figures of the shipped weights as they are, and with what training changed cut to a low rank."""
    import torch
    import transformers
    from safetensors.torch import load_file

    backbone = packaged_path()
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(backbone), local_files_only=True)
    base = build_scorer(backbone).state_dict()
    shipped = unpacked(load_file(OUT / WEIGHTS))
    found: list[dict[str, object]] = []

    def told(name: str, state: dict[str, torch.Tensor], size: int) -> None:
        model = build_scorer(backbone)
        model.load_state_dict(state, strict=False)
        figures = judge(model, tokenizer, judged)
        found.append({"row": name, "megabytes": round(size / 1e6, 1), **figures})

    told("shipped, int8", shipped, sum(tensor.nbytes for tensor in packed(shipped).values()))
    for rank in (16, 64):
        state, size = dict(shipped), 0
        for name, tensor in shipped.items():
            if tensor.dim() != 2 or tensor.shape[0] == 1:
                size += 2 * tensor.numel()
                continue
            change = tensor - base[name]
            up, values, down = torch.linalg.svd(change, full_matrices=False)
            state[name] = base[name] + up[:, :rank] * values[:rank] @ down[:rank]
            size += 2 * rank * (tensor.shape[0] + tensor.shape[1])
        told(f"change cut to rank {rank}, float16", state, size)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Train the packaged reader with one thing changed at a time.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--share", type=float, default=0.25, help="of the articles to train on, 0 to 1")
    parser.add_argument("--only", nargs="+", help="names of rows")
    options = parser.parse_args(arguments)
    groups = read_data(options.data)
    for row in rows():
        if options.only and row.name not in options.only:
            continue
        (figures,) = train(
            [row.change(group) for group in groups], row.recipe, None, build=row.build, share=options.share
        )
        print(json.dumps({"row": row.name, **figures}), flush=True)
    if not options.only:
        held_back = held_back_articles(groups, Recipe(), random.Random(Recipe().seed))  # noqa: S311 — as ``train`` does
        for found in of_precision([group for group in groups if (group.source, group.article) in held_back]):
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
