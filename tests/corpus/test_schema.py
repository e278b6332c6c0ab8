"""Catalogs of older schemas, as the code of their day wrote them (``schemas/*.sql``), opened by this one."""

from __future__ import annotations

import re
import sqlite3
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from corpus import catalog as catalog_module
from corpus.catalog import Catalog
from corpus.errors import CatalogError
from corpus.schema import SCHEMA_VERSION

SCHEMAS = Path(__file__).parent / "schemas"
OLDER = sorted(path.stem for path in SCHEMAS.glob("*.sql") if not path.stem.endswith("postgresql"))


def older(path: Path, schema: str) -> None:
    """Two documents, one of them under two names, in a catalog of this schema."""
    database = sqlite3.connect(path)
    database.executescript((SCHEMAS / f"{schema}.sql").read_text("utf-8"))
    database.close()


def definitions(path: Path) -> dict[str, str]:
    """How each table and index of a database is defined; the order of columns that were added does not count."""
    database = sqlite3.connect(path)
    rows = database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    database.close()
    return {name: "".join(sorted(re.findall(r"\w+", sql))) for name, sql in rows}


def test_the_schema_version_is_the_newest_revision() -> None:
    """Every schema has its migration, one after the other, and the newest is what is made new."""
    scripts = ScriptDirectory(str(Path(catalog_module.__file__).parent / "migrations"))

    assert [script.revision for script in scripts.walk_revisions()] == ["5", "4", "3", "2", "1"]
    assert scripts.get_current_head() == SCHEMA_VERSION


@pytest.mark.parametrize("schema", OLDER)
def test_an_older_catalog_becomes_as_a_new_one(tmp_path: Path, schema: str) -> None:
    """Its tables and indexes are those of a new catalog, and its documents, words and vectors are all there."""
    older(tmp_path / "older.sqlite", schema)
    Catalog.open(tmp_path / "new.sqlite").close()

    catalog = Catalog.open(tmp_path / "older.sqlite")

    assert definitions(tmp_path / "older.sqlite") == definitions(tmp_path / "new.sqlite")
    with catalog.engine.connect() as connection:
        ours = {table.name for table in catalog_module.metadata.tables.values()}
        options = {"include_name": lambda name, kind, _: kind != "table" or name in ours}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), catalog_module.metadata) == []
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == SCHEMA_VERSION
    assert catalog.fact("schema_version") == SCHEMA_VERSION
    assert {info.title: info.names for info in catalog.documents()} == {"dam": ("dam",), "mill": ("copy", "mill")}
    stored = {info.title: catalog.document(info.id) for info in catalog.documents()}
    assert {title: one.text for title, one in stored.items() if one is not None} == {
        "dam": "The dam was finished on 3 May 1936.",
        "mill": "The mill burned.",
    }
    assert catalog.match_words(["dam", "mill"], 5)[0][0] in {1, 2}
    assert [len(batch) for batch in catalog.vectors()] == [2]
    catalog.close()


@pytest.mark.parametrize("schema", ["3", "4"])
def test_an_older_catalog_on_postgresql_becomes_as_a_new_one(postgres_process: Any, schema: str) -> None:
    """As on SQLite: the columns, indexes and keys of a new catalog, and all that it held."""
    import psycopg

    names = [f"dateline_{uuid.uuid4().hex}" for _ in range(2)]
    older_url, new_url = map(postgres_process.create, names)
    with psycopg.connect(older_url) as connection:
        connection.execute((SCHEMAS / f"{schema}_postgresql.sql").read_bytes())

    def described(catalog: Catalog) -> dict[str, list[str]]:
        found = sa.inspect(catalog.engine)
        return {
            table: [
                *(f"{column['name']} {column['type']} {column['nullable']}" for column in found.get_columns(table)),
                *sorted(str(index) for index in found.get_indexes(table)),
                str(found.get_pk_constraint(table)),
                str(found.get_foreign_keys(table)),
            ]
            for table in found.get_table_names()
        }

    catalog, new = Catalog(older_url), Catalog(new_url)
    assert described(catalog) == described(new)
    assert catalog.fact("schema_version") == SCHEMA_VERSION
    assert {info.title: info.names for info in catalog.documents()} == {"dam": ("dam",), "mill": ("copy", "mill")}
    with catalog.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT passage_id, length FROM words ORDER BY 1")).all() == [(1, 9), (2, 4)]
        assert connection.execute(sa.text("SELECT id, passages, length FROM word_totals")).all() == [(1, 2, 13)]
    assert [passage_id for passage_id, _ in catalog.match_words(["dam", "mill"], 5)] == [2, 1]  # the shorter first
    catalog.close()
    new.close()


@pytest.mark.parametrize("schema", ["1", "2"])
def test_a_migration_that_fails_changes_nothing(tmp_path: Path, schema: str) -> None:
    """Where its last step fails, an older catalog is refused and stays as it was."""
    older(tmp_path / "older.sqlite", schema)
    database = sqlite3.connect(tmp_path / "older.sqlite")
    database.execute("CREATE VIEW staged_passages AS SELECT 1 AS other")
    database.close()
    before = definitions(tmp_path / "older.sqlite")

    with pytest.raises(CatalogError, match="the catalog cannot be opened"):
        Catalog.open(tmp_path / "older.sqlite")

    assert definitions(tmp_path / "older.sqlite") == before


def test_a_newer_catalog_is_refused(tmp_path: Path) -> None:
    """A catalog that a newer version wrote is named, and left as it was."""
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    catalog.set_fact("schema_version", "1000")
    catalog.close()

    with pytest.raises(CatalogError) as raised:
        Catalog.open(tmp_path / "catalog.sqlite")

    assert str(raised.value) == (
        "the catalog has schema 1000, this version of Dateline reads schema 5 and older ones: use the version that "
        "wrote it, or a newer one, or ingest into a new data directory"
    )


@pytest.mark.parametrize("schema", [None, *OLDER])
def test_several_that_open_a_catalog_at_once_agree(tmp_path: Path, schema: str | None) -> None:
    """One makes or migrates it, the others wait and find it done."""
    if schema is not None:
        older(tmp_path / "catalog.sqlite", schema)
    with ThreadPoolExecutor(4) as pool:
        for catalog in pool.map(Catalog.open, [tmp_path / "catalog.sqlite"] * 4):
            catalog.close()
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    assert catalog.fact("schema_version") == SCHEMA_VERSION
    catalog.close()
