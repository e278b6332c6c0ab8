"""Requests a minute, counted by all processes together in the database that they share.

A sliding window as that of the package ``limits`` for one process: the count of this minute, and that of the last one
weighed by how much of it lies within the last 60 seconds. One statement counts and decides, by the database's clock.
"""

from __future__ import annotations

import itertools

import sqlalchemy as sa

from corpus.database import PostgresDatabase, create_tables

_CLEANED_EVERY = 10_000
"""Requests after which a process removes what is over."""

_metadata = sa.MetaData()
_rates = sa.Table(
    "request_rates",
    _metadata,
    sa.Column("who", sa.String, primary_key=True),
    sa.Column("minute", sa.BigInteger, nullable=False),
    sa.Column("before", sa.Integer, nullable=False),  # requests of the minute before
    sa.Column("now", sa.Integer, nullable=False),
    prefixes=["UNLOGGED"],  # no harm where a crash empties it
)

# A request that waited for one of the next minute counts in that.
_HIT = sa.text(
    """
    WITH clock AS (SELECT extract(epoch FROM clock_timestamp()) / 60 AS minutes)
    INSERT INTO request_rates AS r (who, minute, before, now) SELECT :who, floor(minutes), 0, 1 FROM clock
    ON CONFLICT (who) DO UPDATE SET
        minute = greatest(excluded.minute, r.minute),
        before = CASE WHEN excluded.minute <= r.minute THEN r.before WHEN excluded.minute = r.minute + 1 THEN r.now
            ELSE 0 END,
        now = CASE WHEN excluded.minute <= r.minute THEN r.now ELSE 0 END + 1
    WHERE CASE WHEN excluded.minute <= r.minute THEN r.now ELSE 0 END
        + CASE WHEN excluded.minute <= r.minute THEN r.before WHEN excluded.minute = r.minute + 1 THEN r.now ELSE 0 END
        * (SELECT 1 - (minutes - floor(minutes)) FROM clock) + 1 <= :most
    RETURNING 1
    """
)
_LEFT = sa.text("SELECT 60 - extract(epoch FROM clock_timestamp()) % 60")
_CLEAN = sa.text("DELETE FROM request_rates WHERE minute < floor(extract(epoch FROM clock_timestamp()) / 60) - 1")


class SharedRates:
    """Counts requests for all processes. Threads may share it; each call is a transaction of its own."""

    def __init__(self, database: PostgresDatabase, most: int) -> None:
        """``most``: requests a minute."""
        self._engine = database.engine
        self._most = most
        self._hits = itertools.count(1)
        create_tables(database, _metadata)

    def hit(self, who: str) -> float | None:
        """Count a request; where it is one too many, the seconds after which the next may come.

        Raises:
            CatalogDownError: the database does not answer.
        """
        with self._engine.begin() as connection:
            counted = connection.scalar(_HIT, {"who": who, "most": self._most}) is not None
            left = None if counted else float(connection.scalar(_LEFT) or 0)
        if next(self._hits) % _CLEANED_EVERY == 0:
            with self._engine.begin() as connection:
                connection.execute(_CLEAN)
        return left
