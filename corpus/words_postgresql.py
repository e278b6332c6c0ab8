"""The words of passages in PostgreSQL's full-text search, with a GIN index.

PostgreSQL ranks by how often words stand in a text, not by how rare they are. So each word of a question is ranked by
itself and weighed by its inverse document frequency; ``ts_rank`` of one word grows with its count ever more slowly, as
in BM25. The frequencies are counted in the transactions that file the words.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, TSVECTOR

_CREATE = (
    "CREATE TABLE IF NOT EXISTS words (passage_id INTEGER PRIMARY KEY, terms TSVECTOR NOT NULL)",
    "CREATE INDEX IF NOT EXISTS words_by_term ON words USING gin (terms) WITH (fastupdate = off)",
    "CREATE TABLE IF NOT EXISTS word_frequencies (term VARCHAR PRIMARY KEY, passages INTEGER NOT NULL)",
)
_LONGEST_TERM = 500
"""Characters of a term that are filed; PostgreSQL takes 2,046 bytes."""
_MOST_POSITIONS = 255
"""Places of a term in one text that are filed; PostgreSQL takes no more."""
_LAST_POSITION = 16_383
_WEIGHTS = "{0, 0, 0.6, 1}"
"""Of the context (B) and the text (A), as in SQLite."""

_INSERT = sa.text("INSERT INTO words (passage_id, terms) VALUES (:id, CAST(:terms AS tsvector))")
_COUNT = sa.text(
    "INSERT INTO word_frequencies (term, passages) VALUES (:term, :passages) "
    "ON CONFLICT (term) DO UPDATE SET passages = word_frequencies.passages + excluded.passages"
)
_TERMS_OF = sa.text(
    "SELECT lexeme, count(*) AS passages FROM words, unnest(terms) WHERE passage_id = ANY(:ids) GROUP BY lexeme "
    "ORDER BY lexeme"
)
_FREQUENCIES = sa.text("SELECT term, passages FROM word_frequencies WHERE term = ANY(:terms) AND passages > 0")


class PostgresWords:
    """``corpus.catalog.Words`` on PostgreSQL."""

    id_column = "passage_id"

    def create(self, connection: sa.Connection) -> None:
        for statement in _CREATE:
            connection.execute(sa.text(statement))

    def insert(self, connection: sa.Connection, rows: Sequence[tuple[int, str, str]]) -> None:
        counts: Counter[str] = Counter()
        vectors = []
        for passage_id, context, text in rows:
            terms = {"B": _cut(context), "A": _cut(text)}
            counts.update({term for words in terms.values() for term in words})
            vectors.append({"id": passage_id, "terms": _vector(terms)})
        if vectors:
            connection.execute(_INSERT, vectors)
        self._count(connection, counts)

    def delete(self, connection: sa.Connection, passage_ids: Sequence[int]) -> None:
        ids = list(passage_ids)
        counts = {row.lexeme: -row.passages for row in connection.execute(_TERMS_OF, {"ids": ids})}
        connection.execute(sa.text("DELETE FROM words WHERE passage_id = ANY(:ids)"), {"ids": ids})
        self._count(connection, counts)

    def frequencies(self, connection: sa.Connection, terms: Sequence[str]) -> dict[str, int]:
        by_filed = {term[:_LONGEST_TERM]: term for term in terms}
        rows = connection.execute(_FREQUENCIES, {"terms": list(by_filed)})
        return {by_filed[row.term]: row.passages for row in rows}

    def matching(self, connection: sa.Connection, terms: Sequence[str]) -> sa.Subquery:
        found = self.frequencies(connection, terms)
        total = connection.scalar(sa.text("SELECT count(*) FROM words")) or 0
        words = sa.table("words", sa.column("passage_id", sa.Integer), sa.column("terms", TSVECTOR))
        weights = sa.cast(sa.literal(_WEIGHTS), ARRAY(sa.REAL))
        score: sa.ColumnElement[float] = sa.literal(0.0, sa.Float)
        for term, frequency in found.items():
            idf = math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))
            score += idf * sa.func.ts_rank(weights, words.c.terms, _query([term]))
        return (
            sa.select(words.c.passage_id.label("id"), score.label("score"))
            .where(words.c.terms.op("@@")(_query(list(found))))
            .subquery("matching")
        )

    def _count(self, connection: sa.Connection, counts: dict[str, int]) -> None:
        if counts:
            # Always in one order, so that two writers cannot wait for each other.
            connection.execute(_COUNT, [{"term": term, "passages": counts[term]} for term in sorted(counts)])


def _query(terms: Sequence[str]) -> sa.ColumnElement[object]:
    return sa.cast(sa.literal(" | ".join(_quoted(term[:_LONGEST_TERM]) for term in terms)), TSQUERY)


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
