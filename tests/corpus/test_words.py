"""The words of passages: PostgreSQL ranks them by the BM25 of SQLite's FTS5."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from corpus.database import Database, open_database

Row = tuple[int, str, str]


@pytest.fixture
def databases(tmp_path: Path, postgres_database: str) -> Iterator[tuple[Database, Database]]:
    """SQLite and PostgreSQL, with nothing in them but tables of words."""
    both = open_database(f"sqlite:///{tmp_path / 'words.sqlite'}"), open_database(postgres_database)
    for database in both:
        with database.engine.begin() as connection:
            database.words.create(connection)
    yield both
    for database in both:
        database.engine.dispose()


def insert(databases: Sequence[Database], rows: Sequence[Row]) -> None:
    for database in databases:
        with database.engine.begin() as connection:
            database.words.insert(connection, rows)


def delete(databases: Sequence[Database], ids: Sequence[int]) -> None:
    for database in databases:
        with database.engine.begin() as connection:
            database.words.delete(connection, ids)


def scores(database: Database, terms: Sequence[str]) -> dict[int, float]:
    with database.snapshots.begin() as connection:
        found = database.words.matching(connection, terms)
        return {row.id: row.score for row in connection.execute(sa.select(found))}


def made_up_rows(seed: int, count: int) -> list[Row]:
    """Of 1 to 200 words, the first of 300 common, the last rare, in contexts of none to 8."""
    chance = random.Random(seed)  # noqa: S311
    vocabulary = [f"word{number}" for number in range(300)]
    weights = [1 / (number + 1) for number in range(300)]

    def text(fewest: int, most: int) -> str:
        return " ".join(chance.choices(vocabulary, weights, k=chance.randint(fewest, most)))

    return [(number, text(0, 8), text(1, 200)) for number in range(1, count + 1)]


def test_both_databases_rank_alike(databases: tuple[Database, Database]) -> None:
    """Whatever goes in and out, each passage has the same score on both, for rare words and for common ones."""
    rows = made_up_rows(1, 300)
    insert(databases, rows[:200])
    insert(databases, rows[200:])
    delete(databases, [1, 7, 250, 250, 999])
    delete(databases, range(100, 130))
    insert(databases, rows[6:7])
    chance = random.Random(2)  # noqa: S311

    for _ in range(50):
        terms = [f"word{number}" for number in chance.sample(range(300), chance.randint(1, 8))]
        with databases[0].engine.begin() as connection:
            terms = [term for term in terms if term in databases[0].words.frequencies(connection, terms)]
        if terms:
            on_sqlite, on_postgres = (scores(database, terms) for database in databases)
            assert len(on_sqlite) > 0
            assert on_postgres == pytest.approx(on_sqlite, rel=1e-9)


def test_hits_are_counted_exactly(databases: tuple[Database, Database]) -> None:
    """In the text and in the context, up to as many as PostgreSQL files."""
    rows = [
        *((number, "", " ".join(["mill"] * number)) for number in range(1, 256)),
        *((1000 + number, " ".join(["mill"] * number), "dam mill mill") for number in range(1, 254)),
        *((2000 + number, "dam", "dam") for number in range(600)),
    ]
    insert(databases, rows)

    on_sqlite, on_postgres = (scores(database, ["mill"]) for database in databases)
    assert len(on_sqlite) == 508
    assert on_postgres == pytest.approx(on_sqlite, rel=1e-9)


def test_with_nothing_left_nothing_is_found(databases: tuple[Database, Database]) -> None:
    """What went in and out again is not counted any more, and a new text is ranked as if it were the first."""
    rows = made_up_rows(3, 20)
    insert(databases, rows)
    delete(databases, [number for number, _, _ in rows])
    assert scores(databases[1], ["word1"]) == {}

    insert(databases, [(50, "mill", "the mill burn"), (51, "", "dam")])
    on_sqlite, on_postgres = (scores(database, ["burn"]) for database in databases)
    assert on_postgres == pytest.approx(on_sqlite, rel=1e-9)
