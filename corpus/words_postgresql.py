"""The words of passages in PostgreSQL's full-text search, with a GIN index, ranked by BM25 as FTS5 computes it.

PostgreSQL ranks by how often words stand in a text, not by how rare they are nor how long it is. So the length of each
text is filed beside its words, and the frequencies of words and the sum of lengths are counted in the transactions that
file them. How often a word stands in a text is read back from ``ts_rank`` of that word alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa

_CREATE = (
    "CREATE TABLE IF NOT EXISTS words "
    "(passage_id INTEGER PRIMARY KEY, terms TSVECTOR NOT NULL, length INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS words_by_term ON words USING gin (terms) WITH (fastupdate = off)",
    "CREATE TABLE IF NOT EXISTS word_frequencies (term VARCHAR PRIMARY KEY, passages INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS word_totals (id INTEGER PRIMARY KEY, passages BIGINT NOT NULL, length BIGINT NOT NULL)",
)
_LONGEST_TERM = 500
"""Characters of a term that are filed; PostgreSQL takes 2,046 bytes."""
_MOST_POSITIONS = 255
"""Places of a term in one text that are filed; PostgreSQL takes no more."""
_LAST_POSITION = 16_383
_CONTEXT_WEIGHT = 0.6
"""Of a word in the context; one in the text weighs 1. As in SQLite."""
_K1 = 1.2
_B = 0.75
_LOWEST_IDF = 1e-6
"""The three as in FTS5."""

_INSERT = sa.text("INSERT INTO words (passage_id, terms, length) VALUES (:id, CAST(:terms AS tsvector), :length)")
_DELETE = sa.text("DELETE FROM words WHERE passage_id = ANY(:ids) RETURNING length")
_TOTAL = sa.text(
    "INSERT INTO word_totals (id, passages, length) VALUES (1, :passages, :length) ON CONFLICT (id) DO UPDATE "
    "SET passages = word_totals.passages + excluded.passages, length = word_totals.length + excluded.length"
)
_TOTALS = sa.text("SELECT passages, length FROM word_totals WHERE passages > 0 AND length > 0")
_COUNT = sa.text(
    "INSERT INTO word_frequencies (term, passages) VALUES (:term, :passages) "
    "ON CONFLICT (term) DO UPDATE SET passages = word_frequencies.passages + excluded.passages"
)
_TERMS_OF = sa.text(
    "SELECT lexeme, count(*) AS passages FROM words, unnest(terms) WHERE passage_id = ANY(:ids) GROUP BY lexeme "
    "ORDER BY lexeme"
)
_FREQUENCIES = sa.text("SELECT term, passages FROM word_frequencies WHERE term = ANY(:terms) AND passages > 0")
# For n places of one weight ts_rank is the sum of 1/j² for j = 1 … n, over that of all j, which is π²/6. What is left
# of the sum beyond n is so near to 1/(n + ½) that n is found by rounding. Places of no weight change nothing where they
# stand behind the others, and those of the context, filed as B, stand before those of the text, filed as A.
_HITS = f"round({6 / math.pi**2} / (1 - CAST(ts_rank('{{weights}}', terms, query) AS FLOAT)) - 0.5)"
_WEIGHED_HITS = (
    f"{_HITS.format(weights='{1, 1, 1, 1}')} - {1 - _CONTEXT_WEIGHT} * {_HITS.format(weights='{0, 0, 1, 0}')}"
)
_DAMPING = f"({_K1} * ({1 - _B} + {_B} * CAST(length AS FLOAT) / :average))"
# hits * (k1 + 1) / (hits + damping), with the hits, which are what costs, once; the weight is idf * (k1 + 1).
_SCORE = f"weight * (1 - {_DAMPING} / ({_WEIGHED_HITS} + {_DAMPING}))"
# Scored before they are put together: else each match would be carried there with all its terms.
_MATCHING = sa.text(
    f"WITH scored AS MATERIALIZED (SELECT passage_id, {_SCORE} AS score "  # noqa: S608
    "FROM unnest(CAST(:queries AS tsquery[]), CAST(:weights AS float[])) AS asked (query, weight) "
    "JOIN words ON terms @@ query) "
    "SELECT passage_id AS id, sum(score) AS score FROM scored GROUP BY passage_id"
).columns(sa.column("id", sa.Integer), sa.column("score", sa.Float))


class PostgresWords:
    """``corpus.catalog.Words`` on PostgreSQL."""

    id_column = "passage_id"

    def create(self, connection: sa.Connection) -> None:
        for statement in _CREATE:
            connection.execute(sa.text(statement))

    def insert(self, connection: sa.Connection, rows: Sequence[tuple[int, str, str]]) -> None:
        counts: Counter[str] = Counter()
        filed = []
        lengths = []
        for passage_id, context, text in rows:
            terms = {"B": _cut(context), "A": _cut(text)}
            counts.update({term for words in terms.values() for term in words})
            lengths.append(sum(map(len, terms.values())))
            filed.append({"id": passage_id, "terms": _vector(terms), "length": lengths[-1]})
        if filed:
            connection.execute(_INSERT, filed)
            self._count(connection, counts, lengths, 1)

    def delete(self, connection: sa.Connection, passage_ids: Sequence[int]) -> None:
        ids = list(passage_ids)
        counts = {row.lexeme: row.passages for row in connection.execute(_TERMS_OF, {"ids": ids})}
        lengths = connection.scalars(_DELETE, {"ids": ids}).all()
        if lengths:
            self._count(connection, counts, lengths, -1)

    def frequencies(self, connection: sa.Connection, terms: Sequence[str]) -> dict[str, int]:
        by_filed = {term[:_LONGEST_TERM]: term for term in terms}
        rows = connection.execute(_FREQUENCIES, {"terms": list(by_filed)})
        return {by_filed[row.term]: row.passages for row in rows}

    def matching(self, connection: sa.Connection, terms: Sequence[str]) -> sa.Subquery:
        found = self.frequencies(connection, terms)
        totals = connection.execute(_TOTALS).one_or_none()
        passages, length = totals if totals is not None else (1, 1)
        weights = [
            max(math.log((passages - frequency + 0.5) / (frequency + 0.5)), _LOWEST_IDF) * (_K1 + 1)
            for frequency in found.values()
        ]
        return _MATCHING.bindparams(
            queries=[_quoted(term[:_LONGEST_TERM]) for term in found], weights=weights, average=length / passages
        ).subquery("matching")

    def _count(self, connection: sa.Connection, counts: dict[str, int], lengths: Sequence[int], sign: int) -> None:
        """Count texts of these lengths, with so many for each term, in (``sign`` 1) or out (-1)."""
        if counts:
            # Always in one order, so that two writers cannot wait for each other.
            connection.execute(_COUNT, [{"term": term, "passages": sign * counts[term]} for term in sorted(counts)])
        connection.execute(_TOTAL, {"passages": sign * len(lengths), "length": sign * sum(lengths)})


def _cut(terms: str) -> list[str]:
    return [term[:_LONGEST_TERM] for term in terms.split()]


def _vector(terms: dict[str, list[str]]) -> str:
    """``'dam':1B,4A 'mill':5A``: each term with its places, first those of the context."""
    places: dict[str, list[str]] = {}
    position = 0
    for weight, words in terms.items():
        for term in words:
            position = min(position + 1, _LAST_POSITION)
            places.setdefault(term, []).append(f"{position}{weight}")
    return " ".join(f"{_quoted(term)}:{','.join(found[:_MOST_POSITIONS])}" for term, found in places.items())


def _quoted(term: str) -> str:
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"
