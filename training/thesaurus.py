"""Makes ``assistant/weights/wordnet.tsv.gz`` from the files of WordNet 3.0: which words may stand for which.

    python -m training.thesaurus /usr/share/wordnet assistant/weights/wordnet.tsv.gz

One line a stem: its synsets, the synsets one step broader, its opposites. The first line holds the irregular past forms
of verbs. Kept are single words and the commonest
senses of each, since the rare ones join words that no newspaper would exchange.
"""

from __future__ import annotations

import gzip
import sys
from collections import defaultdict
from pathlib import Path

from index.words import stems

_SENSES = {"noun": 4, "verb": 6, "adj": 4, "adv": 4}
"""Commonest senses of a word that are kept, by part of speech."""
_LETTER = {"n": "noun", "v": "verb", "a": "adj", "s": "adj", "r": "adv"}
_BROADER, _DERIVED, _PERTAINS, _SIMILAR, _OPPOSITE = "@", "+", "\\", "&", "!"
_UNCHANGED = (
    "beat bid burst cast cost cut fit forecast hit hurt let put quit read rid set shed shut split spread".split()
)
"""Verbs whose past is written as the verb is."""
NOTICE = "# WordNet 3.0 Copyright 2006 by Princeton University. All rights reserved. Licence: docs/wordnet-licence.txt"


def main(folder: Path, target: Path) -> None:
    own: dict[str, set[str]] = defaultdict(set)
    broader: dict[str, set[str]] = defaultdict(set)
    opposites: dict[str, set[str]] = defaultdict(set)
    words: dict[str, list[str]] = {}
    pointers: dict[str, list[tuple[str, str, int, int]]] = {}
    for part in _SENSES:
        for line in (folder / f"data.{part}").read_text("ascii").splitlines():
            if line.startswith("  "):
                continue
            fields = line.split(" | ")[0].split()
            key = part + fields[0]
            count = int(fields[3], 16)
            words[key] = [fields[4 + 2 * i].partition("(")[0].casefold() for i in range(count)]
            at = 4 + 2 * count
            pointers[key] = [
                (
                    fields[i],
                    _LETTER[fields[i + 2]] + fields[i + 1],
                    int(fields[i + 3][:2], 16),
                    int(fields[i + 3][2:], 16),
                )
                for i in range(at + 1, at + 1 + 4 * int(fields[at]), 4)
            ]
    for part, most in _SENSES.items():
        for line in (folder / f"index.{part}").read_text("ascii").splitlines():
            if line.startswith("  "):
                continue
            fields = line.split()
            word = fields[0]
            if not word.isalpha():
                continue
            stem = stems(word)[0]
            for offset in fields[-int(fields[2]) :][:most]:
                key = part + offset
                own[stem].add(key)
                number = words[key].index(word) + 1
                for kind, target_key, source, aim in pointers[key]:
                    if kind in (_BROADER, _SIMILAR):
                        broader[stem].add(target_key)
                    elif kind in (_DERIVED, _PERTAINS) and source in (0, number):
                        own[stem].add(target_key)
                    elif kind == _OPPOSITE and source in (0, number):
                        opposite = words[target_key][aim - 1]
                        if opposite.isalpha():
                            opposites[stem].add(stems(opposite)[0])
    past = {f"{verb}={verb}" for verb in _UNCHANGED}
    for part in _SENSES:
        for line in (folder / f"{part}.exc").read_text("ascii").splitlines():
            irregular, word = line.split()[:2]
            if part == "verb" and irregular.isalpha() and not irregular.endswith(("ing", "ed", "s")):
                past.add(f"{irregular}={word}")
            if irregular.isalpha() and word.isalpha() and stems(irregular)[0] != stems(word)[0]:
                for table in (own, broader, opposites):
                    if stems(word)[0] in table:
                        table[stems(irregular)[0]] |= table[stems(word)[0]]
    # A synset that a single stem names joins nothing.
    named: dict[str, set[str]] = defaultdict(set)
    for stem, keys in own.items():
        for key in keys:
            named[key].add(stem)
    for stem, keys in broader.items():
        for key in keys:
            if key in named:
                named[key].add(stem)
    numbers = {key: number for number, key in enumerate(sorted(key for key, by in named.items() if len(by) > 1))}
    lines = [NOTICE, " ".join(sorted(past))]
    for stem in sorted(own):
        same = sorted(numbers[key] for key in own[stem] if key in numbers)
        wide = sorted(numbers[key] for key in broader[stem] if key in numbers)
        against = sorted(opposites[stem] - {stem})
        if same or wide or against:
            lines.append("\t".join([stem, *(",".join(map(str, row)) for row in (same, wide)), ",".join(against)]))
    target.write_bytes(gzip.compress("\n".join(lines).encode(), 9, mtime=0))
    print(f"{len(lines) - 2:,} stems, {len(numbers):,} synsets, {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
