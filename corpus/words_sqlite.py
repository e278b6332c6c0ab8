"""The words of passages in SQLite's FTS5, ranked by BM25."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

_CREATE = "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(context, text, tokenize='unicode61 remove_diacritics 0')"
_CREATE_VOCABULARY = "CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab(words, 'row')"

_INSERT = sa.text("INSERT INTO words (rowid, context, text) VALUES (:id, :context, :text)")
_FREQUENCIES = sa.text("SELECT term, doc FROM vocabulary WHERE term IN :terms").bindparams(
    sa.bindparam("terms", expanding=True)
)


class Fts5Words:
    """``corpus.catalog.Words`` on SQLite."""

    id_column = "rowid"

    def create(self, connection: sa.Connection) -> None:
        connection.execute(sa.text(_CREATE))
        connection.execute(sa.text(_CREATE_VOCABULARY))

    def insert(self, connection: sa.Connection, rows: Sequence[tuple[int, str, str]]) -> None:
        connection.execute(_INSERT, [{"id": one, "context": context, "text": text} for one, context, text in rows])

    def delete(self, connection: sa.Connection, passage_ids: Sequence[int]) -> None:
        connection.execute(sa.text("DELETE FROM words WHERE rowid = :id"), [{"id": one} for one in passage_ids])

    def frequencies(self, connection: sa.Connection, terms: Sequence[str]) -> dict[str, int]:
        return {row.term: row.doc for row in connection.execute(_FREQUENCIES, {"terms": list(terms)})}

    def matching(self, _: sa.Connection, terms: Sequence[str]) -> sa.Subquery:
        words = sa.table("words", sa.column("rowid", sa.Integer))
        score: sa.Label[float] = sa.literal_column("-bm25(words, 0.6, 1.0)", sa.Float).label("score")
        expression = " OR ".join(f'"{term}"' for term in terms)
        condition = sa.text("words MATCH :expression").bindparams(expression=expression)
        return sa.select(words.c.rowid.label("id"), score).where(condition).subquery("matching")
