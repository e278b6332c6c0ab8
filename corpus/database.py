"""The database of a catalog: SQLite in a file, or PostgreSQL on a server.

What the two do differently stands here and in the two files of words.
"""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import sqlalchemy as sa

from corpus.errors import CatalogDownError, CatalogError, CatalogFullError
from corpus.words_postgresql import PostgresWords
from corpus.words_sqlite import Fts5Words

_CONNECT_SECONDS = 10
_STATEMENT_SECONDS = 60
_LONGEST_SAYING = 300
"""Characters of what the server says that a message repeats."""
_EXPECTED = "expected postgresql://user:password@host/database"
_DISK_FULL = "53100"
"""PostgreSQL's code of it."""
_MIGRATION_LOCK = 0x646C6D67
"""Of those that make or migrate a catalog; any number that others do not use."""
_WRITER_LOCK = 0x646C7772
"""Of the process that writes to a library."""


class Words(Protocol):
    """The words of passages: filed, counted and matched. Words are stems between spaces."""

    @property
    def id_column(self) -> str:
        """Name of the column of the table ``words`` that holds a passage's id."""

    def create(self, connection: sa.Connection) -> None: ...

    def insert(self, connection: sa.Connection, rows: Sequence[tuple[int, str, str]]) -> None:
        """Rows of (passage id, terms of its context, terms of its text)."""

    def delete(self, connection: sa.Connection, passage_ids: Sequence[int]) -> None: ...

    def frequencies(self, connection: sa.Connection, terms: Sequence[str]) -> dict[str, int]:
        """In how many passages each term stands; terms in none are left out."""

    def matching(self, connection: sa.Connection, terms: Sequence[str], /) -> sa.Subquery:
        """The passages that hold one of these terms, which all stand somewhere: columns ``id`` and ``score``."""


class Database(Protocol):
    """What differs between the two."""

    @property
    def engine(self) -> sa.Engine: ...

    @property
    def snapshots(self) -> sa.Engine:
        """The same, for transactions that see the database as it was when they began."""

    @property
    def words(self) -> Words: ...

    @property
    def keeps_nul(self) -> bool:
        """Whether a text may hold a NUL character."""

    def lock_schema(self, connection: sa.Connection) -> None:
        """Let nobody else make or migrate the catalog until this transaction ends."""

    def create_ids(self, connection: sa.Connection) -> None:
        """Make what the ids of passages are drawn from."""

    def reserve_ids(self, connection: sa.Connection, count: int) -> list[int]:
        """Ids that no passage ever had or will have but those that they are for."""

    def last_id(self, connection: sa.Connection) -> int:
        """The last id that was reserved; 0 for none."""

    def set_last_id(self, connection: sa.Connection, last_id: int) -> None:
        """Draw no id up to this one any more."""

    def among(
        self, document_id: sa.Column[str], number: sa.Column[int], pairs: Sequence[tuple[str, int]]
    ) -> sa.ColumnElement[bool]:
        """Rows whose (document id, number) is one of these pairs, looked up by an index."""


class SqliteDatabase:
    """SQLite in write-ahead mode."""

    words = Fts5Words()
    keeps_nul = True

    def __init__(self, url: sa.URL) -> None:
        # As many connections as threads ask at once: what is beyond the pool is opened and closed for each question.
        self.engine = self.snapshots = sa.create_engine(
            url, connect_args={"timeout": 30}, pool_size=10, max_overflow=30
        )
        sa.event.listen(self.engine, "connect", _configure_sqlite)
        sa.event.listen(self.engine, "handle_error", _told_full, retval=True)

    def lock_schema(self, connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # sqlite3 would begin at the first change of a row

    def create_ids(self, connection: sa.Connection) -> None:
        """Nothing: the table of passages counts them."""

    def reserve_ids(self, connection: sa.Connection, count: int) -> list[int]:
        last = connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'passages'"))
        change = "UPDATE sqlite_sequence SET seq = :seq WHERE name = 'passages'"
        if last is None:
            last, change = 0, "INSERT INTO sqlite_sequence (name, seq) VALUES ('passages', :seq)"
        connection.execute(sa.text(change), {"seq": last + count})
        return list(range(last + 1, last + 1 + count))

    def last_id(self, connection: sa.Connection) -> int:
        return connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'passages'")) or 0

    def set_last_id(self, connection: sa.Connection, last_id: int) -> None:
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'passages'"))
        connection.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('passages', :last)"), {"last": last_id}
        )

    def among(
        self, document_id: sa.Column[str], number: sa.Column[int], pairs: Sequence[tuple[str, int]]
    ) -> sa.ColumnElement[bool]:
        # For (a, b) IN (VALUES …) SQLite reads the whole table; joined to a list in JSON it looks each pair up.
        wanted = sa.func.json_each(json.dumps(pairs)).table_valued("value", name="wanted")
        first, second = (sa.func.json_extract(wanted.c.value, path) for path in ("$[0]", "$[1]"))
        return sa.and_(document_id == first, number == second)


class PostgresDatabase:
    """PostgreSQL on a server."""

    words = PostgresWords()
    keeps_nul = False

    def __init__(self, url: sa.URL) -> None:
        """
        Raises:
            CatalogError: the package that speaks to PostgreSQL is not installed.
        """
        self._place = f"{url.host or 'this computer'}, database {url.database}"
        try:
            self.engine = sa.create_engine(
                url.set(drivername="postgresql+psycopg"),
                connect_args={
                    "connect_timeout": _CONNECT_SECONDS,
                    "options": f"-c statement_timeout={_STATEMENT_SECONDS * 1000} -c timezone=UTC",
                },
                pool_pre_ping=True,  # a server that was started again is met by new connections
                pool_size=10,
                max_overflow=30,
                pool_timeout=_CONNECT_SECONDS,
            )
        except ImportError as error:
            raise CatalogError(
                "a catalog on PostgreSQL needs the package psycopg: pip install 'dateline[servers]'"
            ) from error
        sa.event.listen(self.engine, "connect", _drop_nul)
        self.snapshots = self.engine.execution_options(isolation_level="REPEATABLE READ")
        sa.event.listen(self.engine, "handle_error", self._told, retval=True)

    def lock_schema(self, connection: sa.Connection) -> None:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))

    def create_ids(self, connection: sa.Connection) -> None:
        connection.execute(sa.text("CREATE SEQUENCE IF NOT EXISTS passage_ids"))

    def reserve_ids(self, connection: sa.Connection, count: int) -> list[int]:
        drawn = "SELECT nextval('passage_ids') FROM generate_series(1, :count)"
        return sorted(connection.scalars(sa.text(drawn), {"count": count}))

    def last_id(self, connection: sa.Connection) -> int:
        row = connection.execute(sa.text("SELECT last_value, is_called FROM passage_ids")).one()
        return int(row.last_value) if row.is_called else 0

    def set_last_id(self, connection: sa.Connection, last_id: int) -> None:
        if last_id:
            connection.execute(sa.text("SELECT setval('passage_ids', :last)"), {"last": last_id})

    def among(
        self, document_id: sa.Column[str], number: sa.Column[int], pairs: Sequence[tuple[str, int]]
    ) -> sa.ColumnElement[bool]:
        return sa.tuple_(document_id, number).in_(pairs)

    def writer_lock(self) -> WriterLock | None:
        """The lock of the process that writes; None where another process has it."""
        connection = self.engine.execution_options(isolation_level="AUTOCOMMIT").connect()
        if connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_WRITER_LOCK))):
            return WriterLock(connection)
        connection.close()
        return None

    def _told(self, context: sa.engine.ExceptionContext) -> CatalogError | None:
        """A server that is away, or refuses us, in a sentence of ours, whoever asked; None for any other error."""
        error = context.original_exception
        if context.is_pre_ping:
            return None
        said = " ".join(str(error).split())[:_LONGEST_SAYING] or type(error).__name__
        state = getattr(error, "sqlstate", None) or ""
        if state.startswith("53"):
            kind = CatalogFullError if state == _DISK_FULL else CatalogError
            return kind(
                f"the PostgreSQL server of the catalog is out of a resource ({said}): free some space or memory "
                "there; what was acknowledged is safe"
            )
        if isinstance(context.sqlalchemy_exception, sa.exc.OperationalError):
            return CatalogDownError(
                f"the PostgreSQL server of the catalog ({self._place}) cannot be used ({said}): start it, or correct "
                "DATELINE_DATABASE_URL"
            )
        return None


class WriterLock:
    """Held as long as its connection lives; the server frees it when this process ends, however it ends."""

    def __init__(self, connection: sa.Connection) -> None:
        """Use ``PostgresDatabase.writer_lock``."""
        self._connection = connection

    @property
    def is_locked(self) -> bool:
        """Asks the server: a server that was started again has forgotten it."""
        held = (
            "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted)"
        )
        try:
            return bool(self._connection.scalar(sa.text(held)))
        except CatalogError:
            return False

    def release(self) -> None:
        self._connection.invalidate()
        self._connection.close()


def open_database(url: str) -> Database:
    """
    Raises:
        CatalogError: the package that speaks to the database is not installed, or the URL is none.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise CatalogError(f"DATELINE_DATABASE_URL is no address: {_EXPECTED}") from error
    if parsed.drivername == "sqlite":
        return SqliteDatabase(parsed)
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise CatalogError(f"DATELINE_DATABASE_URL is of {parsed.drivername}: {_EXPECTED}")
    return PostgresDatabase(parsed)


def clock(connection: sa.Connection) -> datetime.datetime:
    """Now, in UTC, by the one clock that all processes of a library go by: that of its database's server."""
    if connection.dialect.name == "sqlite":
        return datetime.datetime.now(datetime.UTC)  # all of them are on this computer
    now: datetime.datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return now.astimezone(datetime.UTC)


def first_and_clock(connection: sa.Connection, query: sa.Select[Any]) -> tuple[Any, datetime.datetime] | None:
    """The first row of a query, and what ``clock`` says with it, in one statement; None where there is no row."""
    if connection.dialect.name == "sqlite":
        row = connection.execute(query.limit(1)).first()
        return (row, clock(connection)) if row is not None else None
    row = connection.execute(query.add_columns(sa.func.clock_timestamp().label("clock")).limit(1)).first()
    return (row, row.clock.astimezone(datetime.UTC)) if row is not None else None


def create_tables(database: Database, metadata: sa.MetaData) -> None:
    """Make the tables that are not there. Processes that look at once do it one after the other."""
    with database.engine.begin() as connection:
        if metadata.tables.keys() <= set(sa.inspect(connection).get_table_names()):
            return
    with database.engine.begin() as connection:
        database.lock_schema(connection)
        metadata.create_all(connection)


@contextmanager
def scratch_database(url: str) -> Iterator[str]:
    """A new, empty database on the server of a PostgreSQL database, dropped at the end; its URL.

    Raises:
        CatalogError: the server can't be used, or the user may not make databases.
    """
    database = open_database(url)
    name = f"dateline_scratch_{uuid.uuid4().hex}"
    outside = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    try:
        with outside.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'")
    except sa.exc.ProgrammingError as error:
        raise CatalogError(
            f"no other database can be made on the server ({error.orig}): ALTER ROLE … CREATEDB allows it"
        ) from error
    try:
        yield sa.make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        with outside.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        database.engine.dispose()


def _drop_nul(connection: Any, _record: Any) -> None:
    """Send no NUL characters, which PostgreSQL refuses: what is looked for with one is not there anyway."""
    from psycopg.types.string import StrDumper

    class WithoutNul(StrDumper):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", ""))

    connection.adapters.register_dumper(str, WithoutNul)


def _told_full(context: sa.engine.ExceptionContext) -> CatalogError | None:
    """A full disk in a sentence of ours, whoever writes; None for any other error of SQLite."""
    error = context.original_exception
    if getattr(error, "sqlite_errorname", "") != "SQLITE_FULL":
        return None
    return CatalogFullError(
        f"the catalog cannot be used ({error}): free some space on its disk, then try again; what was acknowledged is "
        "safe"
    )


def _configure_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives a power cut, not only a kill
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA mmap_size = 268435456")
    cursor.close()
