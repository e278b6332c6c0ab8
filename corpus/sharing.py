"""What lets several processes write to one library on servers: locks of PostgreSQL, which go with their process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

import sqlalchemy as sa

from corpus.database import PostgresDatabase
from corpus.errors import BusyError, CatalogError

_WRITE_LOCK = 0x646C7773
"""Of the process that is writing; any number that others do not use."""
_COPY_LOCKS = 0x646C6370
"""Of copies of files whose documents are on their way in."""
_LONGEST_WAIT = 120.0
"""Seconds."""
_PAUSE = 0.02
"""Seconds between two tries."""


class SharedWriting:
    """Held while one thread of one process changes a library; as a ``threading.RLock`` in a single process.

    What is worked out before, embedding above all, is done by all at once.
    """

    def __init__(self, database: PostgresDatabase, entered: Callable[[], None]) -> None:
        """
        Args:
            entered: done each time that it was taken, before anything is changed.
        """
        self._engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._entered = entered
        self._threads = threading.RLock()
        self._depth = 0
        self._connection: sa.Connection | None = None

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            if self._depth == 0:
                self._connection = self._take()
            self._depth += 1
            if self._depth == 1:
                self._entered()
        except BaseException:
            self._leave()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leave()

    def _take(self) -> sa.Connection:
        connection = self._engine.connect()
        last = time.monotonic() + _LONGEST_WAIT
        while not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_WRITE_LOCK))):
            if time.monotonic() > last:
                connection.close()
                raise BusyError(
                    f"another process has been writing to this library for {_LONGEST_WAIT:.0f} seconds: try again when "
                    "that has ended"
                )
            time.sleep(_PAUSE)
        return connection

    def _leave(self) -> None:
        self._depth = max(self._depth - 1, 0)
        connection = self._connection
        if self._depth == 0 and connection is not None:
            self._connection = None
            try:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(_WRITE_LOCK)))
            except CatalogError:
                connection.invalidate()  # the server frees the lock of a connection that is gone
            connection.close()
        self._threads.release()


class CopyLocks:
    """Keep other processes from removing copies of files that this one has kept for documents on their way in."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: sa.Connection | None = None

    def hold(self, content_hash: str) -> None:
        """Once more; to be called by one thread at a time, as all of these."""
        if self._connection is None:
            self._connection = self._engine.connect()
        self._call(sa.func.pg_advisory_lock_shared, content_hash)

    def release(self, content_hash: str) -> None:
        self._call(sa.func.pg_advisory_unlock_shared, content_hash)

    def is_free(self, content_hash: str) -> bool:
        """Whether no other process holds it."""
        with self._engine.connect() as connection:
            lock = sa.func.pg_try_advisory_xact_lock(_COPY_LOCKS, sa.func.hashtext(content_hash))
            return bool(connection.scalar(sa.select(lock)))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _call(self, function: Callable[..., sa.ColumnElement[object]], content_hash: str) -> None:
        if self._connection is None:
            return
        try:
            self._connection.execute(sa.select(function(_COPY_LOCKS, sa.func.hashtext(content_hash))))
        except CatalogError:
            self.close()  # the locks are gone with the connection: `dateline doctor` tells a copy that is lost by it
            raise
