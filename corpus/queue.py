"""A queue of files to be added, in PostgreSQL: any process puts jobs in, and one at a time takes each.

A taker shows that it is alive by ``beat``; a job whose taker has not done so for the lease is given to the next that
asks, which goes on behind the last file that was ended. All times are those of the database server, so that the clocks
of the processes do not matter. Every call of a taker that lost its job is told so by ``TakenAwayError``.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

metadata = sa.MetaData()

_jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("owner", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False, index=True),
    sa.Column("detail", sa.String, nullable=False),
    sa.Column("files", sa.Integer, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("finished", sa.DateTime(timezone=True)),
    sa.Column("taker", sa.String),
    sa.Column("alive", sa.DateTime(timezone=True)),
)

_files = sa.Table(
    "job_files",
    metadata,
    sa.Column("job_id", sa.String, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Column("data", sa.LargeBinary),  # gone once the file is ended
    sa.Column("begun", sa.Integer, nullable=False),
    sa.Column("results", sa.JSON),
)

_OPEN = _jobs.c.state.in_(("queued", "running"))

QueueState = Literal["queued", "running", "done", "stopped"]


class TakenAwayError(Exception):
    """Another taker has the job: this one showed no life for too long."""


class QueueFullError(Exception):
    """So much waits already that no further job is taken."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting:,} bytes of files wait")
        self.waiting = waiting
        """Bytes."""


@dataclass(frozen=True, slots=True)
class QueuedFile:
    """A file of a job."""

    number: int
    """From 0, in the order that the files came in."""
    name: str
    facts: Mapping[str, Any]
    """What else was sent of it, as JSON."""
    data: bytes


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """How far a job is."""

    id: str
    owner: str
    state: QueueState
    files: int
    files_done: int
    results: tuple[Mapping[str, Any], ...]
    """JSON, of all files that were ended, in their order."""
    created: datetime.datetime
    finished: datetime.datetime | None
    detail: str


class JobQueue:
    """The queue in a catalog's database. Threads and processes may share it; each call is a transaction of its own."""

    def __init__(self, engine: sa.Engine, *, lease: float) -> None:
        """``lease``: seconds for which a taker keeps its job without showing that it is alive."""
        self._engine = engine
        self.lease = lease
        """Seconds."""
        self._taker = uuid.uuid4().hex

    def put(
        self, owner: str, files: Sequence[tuple[str, Mapping[str, Any], bytes]], *, most_bytes: int, keep: int
    ) -> QueuedJob:
        """Put a job at the end.

        Args:
            files: (name, facts, data) of each.
            most_bytes: that may wait.
            keep: jobs that are remembered; the oldest of those that have ended are forgotten for new ones.

        Raises:
            QueueFullError: more than ``most_bytes`` would wait.
        """
        job_id = uuid.uuid4().hex
        size = sum(len(data) for _, _, data in files)
        with self._engine.begin() as connection:
            waiting = connection.scalar(sa.select(sa.func.coalesce(sa.func.sum(_jobs.c.size), 0)).where(_OPEN)) or 0
            if waiting + size > most_bytes:
                raise QueueFullError(int(waiting))
            kept = sa.select(_jobs.c.id).order_by(_jobs.c.created.desc()).limit(max(keep - 1, 0))
            connection.execute(sa.delete(_jobs).where(~_OPEN, _jobs.c.id.not_in(kept)))
            connection.execute(
                sa.insert(_jobs).values(
                    id=job_id,
                    owner=owner,
                    state="queued",
                    detail="",
                    files=len(files),
                    size=size,
                    created=sa.func.clock_timestamp(),
                )
            )
            for number, (name, facts, data) in enumerate(files):  # one by one: they may be large
                row = {"job_id": job_id, "number": number, "name": name, "facts": dict(facts), "data": data, "begun": 0}
                connection.execute(sa.insert(_files).values(row))
            return _read(connection, _jobs.c.id == job_id)[0]

    def get(self, owner: str, job_id: str) -> QueuedJob | None:
        """A job; None where there is none of the owner's by that id."""
        with self._engine.begin() as connection:
            found = _read(connection, sa.and_(_jobs.c.id == job_id, _jobs.c.owner == owner))
        return found[0] if found else None

    def take(self) -> str | None:
        """The id of the oldest job that waits, or whose taker died: this taker's from now on. None for none."""
        free = sa.or_(_jobs.c.taker.is_(None), _jobs.c.alive < sa.func.now() - datetime.timedelta(seconds=self.lease))
        oldest = (
            sa.select(_jobs.c.id)
            .where(_OPEN, free)
            .order_by(_jobs.c.created, _jobs.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with self._engine.begin() as connection:
            job_id = connection.scalar(oldest)
            if job_id is not None:
                taken = sa.update(_jobs).where(_jobs.c.id == job_id)
                connection.execute(taken.values(state="running", taker=self._taker, alive=sa.func.now()))
        return job_id

    def beat(self, job_id: str) -> None:
        """Show that this taker is alive."""
        with self._engine.begin() as connection:
            self._hold(connection, job_id)

    def begin_file(self, job_id: str) -> tuple[QueuedFile, int] | None:
        """The first file that was not ended, and how often it was begun before; None where all were."""
        with self._engine.begin() as connection:
            self._hold(connection, job_id)
            row = connection.execute(
                sa.select(_files)
                .where(_files.c.job_id == job_id, _files.c.results.is_(sa.null()))
                .order_by(_files.c.number)
                .limit(1)
            ).one_or_none()
            if row is None:
                return None
            connection.execute(_file(job_id, row.number).values(begun=row.begun + 1))
        return QueuedFile(row.number, row.name, row.facts, row.data), row.begun

    def end_file(self, job_id: str, number: int, results: Sequence[Mapping[str, Any]]) -> None:
        """Note what became of a file; its data goes."""
        with self._engine.begin() as connection:
            self._hold(connection, job_id)
            connection.execute(_file(job_id, number).values(results=[dict(one) for one in results], data=None))

    def give_back(self, job_id: str) -> None:
        """Leave a job to the next that asks: its files are not at fault."""
        with self._engine.begin() as connection:
            self._hold(connection, job_id)
            connection.execute(sa.update(_files).where(_files.c.job_id == job_id).values(begun=0))
            connection.execute(
                sa.update(_jobs).where(_jobs.c.id == job_id).values(state="queued", taker=None, alive=None)
            )

    def end(self, job_id: str, state: Literal["done", "stopped"], detail: str = "") -> None:
        """Note that nothing more comes of a job; data that is left goes."""
        with self._engine.begin() as connection:
            self._hold(connection, job_id)
            connection.execute(sa.update(_files).where(_files.c.job_id == job_id).values(data=None))
            connection.execute(
                sa.update(_jobs)
                .where(_jobs.c.id == job_id)
                .values(state=state, detail=detail, finished=sa.func.clock_timestamp(), taker=None, alive=None)
            )

    def _hold(self, connection: sa.Connection, job_id: str) -> None:
        """Show life, and keep the job from being taken until this transaction ends."""
        held = sa.update(_jobs).where(_jobs.c.id == job_id, _jobs.c.taker == self._taker).values(alive=sa.func.now())
        if connection.execute(held).rowcount != 1:
            raise TakenAwayError(job_id)


def open_jobs(connection: sa.Connection) -> int:
    """How many jobs have not ended."""
    return connection.scalar(sa.select(sa.func.count()).select_from(_jobs).where(_OPEN)) or 0


def _file(job_id: str, number: int) -> sa.Update:
    return sa.update(_files).where(_files.c.job_id == job_id, _files.c.number == number)


def _read(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[QueuedJob]:
    jobs = []
    for row in connection.execute(sa.select(_jobs).where(condition)).all():
        ended = sa.and_(_files.c.job_id == row.id, _files.c.results.is_not(sa.null()))
        results = connection.scalars(sa.select(_files.c.results).where(ended).order_by(_files.c.number)).all()
        jobs.append(
            QueuedJob(
                id=row.id,
                owner=row.owner,
                state=row.state,
                files=row.files,
                files_done=len(results),
                results=tuple(one for of_file in results for one in of_file),
                created=row.created.astimezone(datetime.UTC),
                finished=row.finished.astimezone(datetime.UTC) if row.finished is not None else None,
                detail=row.detail,
            )
        )
    return jobs
