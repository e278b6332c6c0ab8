"""Makes lies of true sentences, and counts those that the verification lets through.

    python -m training.lies corpus/sample

Each sentence of each document is altered by one rule at a time (another number, weekday, month or name, a denial more
or fewer) and held against every sentence of its document. A lie that is let through is printed: it has to be looked
at, since an altered sentence may by chance be true of another one.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.values import values_in
from assistant.verification import Source, Verifier
from corpus.document import Document
from corpus.reading import read_file
from index.embedding import PACKAGED, Embedder, open_embedder
from index.passages import split_sentences

_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTHS = "January February March April June July August September October November December".split()
_WORDS = "two three four five six seven eight nine ten eleven twelve".split()
_AUXILIARY = re.compile(r"\b(was|were|is|are|had|has|have|will|would|could)\b(?! not\b)")
_DENIAL = re.compile(r"\b(was|were|is|are|had|has|have|will|would|could|did|does|do) not\b")


@dataclass(frozen=True, slots=True)
class Lie:
    """A sentence that its document does not say."""

    kind: str
    text: str
    true: str
    """What it was made of."""


def lies_of(sentence: str, foreign: Sequence[str]) -> Iterator[Lie]:
    """The sentence altered by each rule that fits it, once each.

    Args:
        foreign: names that its document does not hold.
    """
    if (number := re.search(r"(?<![\w.,-])\d[\d,]*(?![\w.-])", sentence)) is not None:
        value = int(number.group().strip(",").replace(",", ""))
        other = f"{value + 1:,}" if value < 32 else f"{value * 2 + 10:,}" if "," in number.group() else str(value + 10)
        yield Lie("number", sentence[: number.start()] + other + sentence[number.end() :], sentence)
    for kind, words in (("weekday", _WEEKDAYS), ("month", _MONTHS), ("number in words", _WORDS)):
        if (found := re.search(rf"\b({'|'.join(words)})\b", sentence)) is not None:
            other = words[(words.index(found.group()) + 3) % len(words)]
            yield Lie(kind, sentence[: found.start()] + other + sentence[found.end() :], sentence)
    if (found := _DENIAL.search(sentence)) is not None:
        yield Lie("denial fewer", sentence[: found.start()] + found[1] + sentence[found.end() :], sentence)
    elif (found := _AUXILIARY.search(sentence)) is not None:
        yield Lie("denial", sentence[: found.end()] + " not" + sentence[found.end() :], sentence)
    for place, name in enumerate(_names(sentence)[:2]):
        other = foreign[(len(sentence) + 7 * place) % len(foreign)]
        yield Lie("name", sentence.replace(name, other), sentence)


def _names(sentence: str) -> list[str]:
    return [value.text for value in values_in(sentence, "name", "", (), 0) if re.match(r"[A-Z]", value.text)]


def judge(embedder: Embedder, documents: Sequence[Document]) -> tuple[list[Lie], list[Lie], list[str]]:
    """All lies, those let through, and the true sentences that are not recognised as such."""
    said = [
        [sentence.text for sentence in split_sentences(document) if sentence.kind != "heading"]
        for document in documents
    ]
    names = [{name for sentence in own for name in _names(sentence)} for own in said]
    lies: list[Lie] = []
    through: list[Lie] = []
    missed: list[str] = []
    for number, (document, own) in enumerate(zip(documents, said, strict=True)):
        foreign = sorted({name for others in names[:number] + names[number + 1 :] for name in others} - names[number])
        foreign = [name for name in foreign if name not in document.text and " " in name]
        published = document.published.value if document.published else None
        verifier = Verifier([Source(place, text, published) for place, text in enumerate(own, 1)], embedder)
        ids = range(1, len(own) + 1)
        for sentence in own:
            if verifier.verify(sentence, ids).outcome == "unsupported":
                missed.append(sentence)
            for lie in lies_of(sentence, foreign):
                lies.append(lie)
                if verifier.verify(lie.text, ids).outcome != "unsupported":
                    through.append(lie)
    return lies, through, missed


def main(arguments: Sequence[str] | None = None) -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of documents")
    folder = parser.parse_args(arguments).folder
    documents = [document for path in sorted(folder.iterdir()) for document in read_file(path)]
    lies, through, missed = judge(open_embedder(PACKAGED), documents)
    kinds = Counter(lie.kind for lie in lies)
    print(f"{len(lies)} lies ({', '.join(f'{kind} {count}' for kind, count in sorted(kinds.items()))})")
    print(f"{len(through)} let through ({len(through) / len(lies):.4f})")
    for lie in through:
        print(f"  {lie.kind}: {lie.text}\n    of: {lie.true}")
    print(f"{len(missed)} true sentences that are not recognised as such")
    for sentence in missed:
        print(f"  {sentence}")


if __name__ == "__main__":
    main()
