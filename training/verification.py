"""Fits the two thresholds of ``assistant/verification.py`` on one set, and reports on another.

    python -m training.verification tests/assistant/verification

Of the thresholds that let at most 1 % of the lies in ``sentences.txt`` through, those are taken that drop the fewest
honest sentences. ``held_out.txt`` was written after the rules, with them in mind; ``paraphrases.txt`` and ``news.txt``
say it more freely, and the rules were widened with them; ``blind.txt`` and ``news_held_out.txt`` are as free, and
nothing is fitted to them.
"""

from __future__ import annotations

import argparse
import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.verification import Comparison, Source, Thresholds, Verifier
from index.embedding import PACKAGED, Embedder, open_embedder

MOST_LET_THROUGH = 0.01
"""Half of what is aimed at, since the rules were made with the same set."""
FOREIGN, OTHER_QUOTE = "from no document", "another quote"


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence and the quote that it is held against."""

    quote: int
    """Counted from 1."""
    kind: str
    """``honest``, or what was altered."""
    sentence: str


def read(path: Path) -> tuple[list[Source], list[Row]]:
    """The quotes and the sentences of the file.

    To the lies that it holds come the true sentences of each quote, held against the quote three on.
    """
    sources: list[Source] = []
    rows: list[Row] = []
    foreign: list[str] = []
    for line in path.read_text("utf-8").splitlines():
        tag, _, rest = line.partition(" ")
        if tag == "Q":
            day, _, text = rest.partition(" | ")
            sources.append(Source(len(sources) + 1, text, datetime.date.fromisoformat(day)))
        elif tag == "H":
            rows.append(Row(len(sources), "honest", rest))
        elif tag == "F":
            kind, _, sentence = rest.partition(" | ")
            rows.append(Row(len(sources), kind, sentence))
        elif tag == "X":
            foreign.append(rest)
    for number, row in enumerate([row for row in rows if row.kind == "honest"]):
        if number % 2:
            rows.append(Row((row.quote + 2) % len(sources) + 1, OTHER_QUOTE, row.sentence))
    for number, sentence in enumerate(foreign):
        rows += [Row((number * 5 + step) % len(sources) + 1, FOREIGN, sentence) for step in (0, 31)]
    return sources, rows


def main(arguments: Sequence[str] | None = None) -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of sentences.txt, held_out.txt, paraphrases.txt, blind.txt")
    parser.add_argument("--details", action="store_true", help="print each sentence that is misjudged too")
    options = parser.parse_args(arguments)
    folder: Path = options.folder
    embedder = open_embedder(PACKAGED)
    fitting, reporting = (judge(embedder, folder / name) for name in ("sentences.txt", "held_out.txt"))
    best = min(
        (Thresholds(coverage / 100, cosine / 100) for coverage in range(60, 101, 5) for cosine in range(20, 81, 5)),
        key=lambda thresholds: _cost(fitting, thresholds),
    )
    print(f"fitted: {best}")
    freer = {
        name: judge(embedder, folder / f"{name}.txt") for name in ("paraphrases", "news", "news_held_out", "blind")
    }
    for name, judged in {"fitted on": fitting, "held out": reporting, **freer}.items():
        through, dropped = shares(judged, best)
        lies = sum(item.row.kind != "honest" for item in judged)
        print(f"{name}: {lies} lies, {through:.3f} let through; {len(judged) - lies} honest, {dropped:.3f} dropped")
    if options.details:
        kinds = Counter(item.row.kind for item in (*fitting, *reporting))
        print(", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
        for item in fitting:
            if item.kept(best) != (item.row.kind == "honest"):
                print(f"{item.row.kind}: {item.row.sentence}\n    {item.comparison} cosine {item.cosine:.2f}")


@dataclass(frozen=True, slots=True)
class Judged:
    """A row, and how it compares to its quote."""

    row: Row
    comparison: Comparison
    cosine: float

    def kept(self, thresholds: Thresholds) -> bool:
        enough = self.comparison.coverage >= thresholds.coverage and self.cosine >= thresholds.cosine
        return enough and not self.comparison.fault


def judge(embedder: Embedder, path: Path) -> list[Judged]:
    """Every row of a file, compared to its quote."""
    sources, rows = read(path)
    verifier = Verifier(sources, embedder)
    return [
        Judged(row, verifier.compare(row.sentence, source), verifier.cosine(row.sentence, source))
        for row in rows
        for source in [sources[row.quote - 1]]
    ]


def shares(judged: Sequence[Judged], thresholds: Thresholds) -> tuple[float, float]:
    """Share of lies let through, share of honest sentences dropped."""
    lies = [item.kept(thresholds) for item in judged if item.row.kind != "honest"]
    honest = [item.kept(thresholds) for item in judged if item.row.kind == "honest"]
    return sum(lies) / len(lies), 1 - sum(honest) / len(honest)


def _cost(judged: Sequence[Judged], thresholds: Thresholds) -> tuple[bool, float, float, float]:
    through, dropped = shares(judged, thresholds)
    # Among equals the strictest: the set does not hold every lie.
    return through > MOST_LET_THROUGH, dropped, through, -thresholds.coverage - thresholds.cosine


if __name__ == "__main__":
    main()
