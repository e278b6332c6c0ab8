"""The version of a catalog's schema, and how an older one is brought up to date: by Alembic, in one transaction.

A new catalog is made whole. The migrations in ``corpus.migrations`` are for those that an older version of Dateline
wrote. Before schema 3 the version stood among the facts alone; it stands there still, for versions that look for it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from corpus.database import Database
from corpus.errors import CatalogError

SCHEMA_VERSION = "5"
"""The newest revision in ``corpus.migrations``."""

_MIGRATIONS = Path(__file__).parent / "migrations"

_versions = sa.Table(  # as Alembic makes it
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
_facts = sa.table("facts", sa.column("name"), sa.column("value"))
_IS_VERSION = _facts.c.name == "schema_version"


def bring_up_to_date(database: Database, create: Callable[[sa.Connection], None]) -> None:
    """Make the tables of a new catalog, or those of an older one into those of this version.

    Processes that open one catalog at once do it one after the other.

    Args:
        create: makes all tables of this version that are not there.

    Raises:
        CatalogError: the catalog is of a newer version.
    """
    with database.engine.begin() as connection:
        if _found(connection) == SCHEMA_VERSION:
            return
    with database.engine.begin() as connection:
        database.lock_schema(connection)
        found = _found(connection)
        if found is None:
            create(connection)
            _versions.create(connection, checkfirst=True)
            connection.execute(sa.insert(_versions).values(version_num=SCHEMA_VERSION))
            connection.execute(sa.insert(_facts).values(name="schema_version", value=SCHEMA_VERSION))
        elif found != SCHEMA_VERSION:
            _upgrade(connection, found)
            connection.execute(sa.update(_facts).where(_IS_VERSION).values(value=SCHEMA_VERSION))


def _found(connection: sa.Connection) -> str | None:
    """The schema's version; None for a database without a catalog."""
    if not sa.inspect(connection).has_table(_facts.name):
        return None
    return connection.scalar(sa.select(_facts.c.value).where(_IS_VERSION))


def _upgrade(connection: sa.Connection, found: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found not in known:
        raise CatalogError(
            f"the catalog has schema {found}, this version of Dateline reads schema {SCHEMA_VERSION} and older ones: "
            "use the version that wrote it, or a newer one, or ingest into a new data directory"
        )
    command.stamp(config, found)
    command.upgrade(config, SCHEMA_VERSION)
