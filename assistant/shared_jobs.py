"""Files that are added in the background by the processes that share a library: the jobs stand in its database.

Every process takes jobs, also those that others were given. What was accepted is added, whichever process ends: one
that ends in order gives its job back behind the file in hand, and that of one that died is taken after a while.
"""

from __future__ import annotations

import datetime
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from assistant.jobs import REMEMBERED, Job, JobsFullError, add_safely
from assistant.uploads import Upload, UploadResult
from corpus.document import PublishedDate
from corpus.errors import BusyError
from corpus.queue import JobQueue, QueuedFile, QueuedJob, QueueFullError, TakenAwayError
from index.errors import CatalogDownError, CatalogFullError, LibraryError, ServerDownError

log = logging.getLogger(__name__)

LEASE = 30.0
"""Seconds after which the job of a process that died is taken by another."""
_LOOKS = 1.0
"""Seconds between two looks for jobs that other processes were given."""
_PASSES = (BusyError, CatalogDownError, CatalogFullError, ServerDownError)
"""Errors that are over when the server is back, or has space again: no file is at fault."""
_MOST_BEGINNINGS = 3
"""How often a file is begun whose process died of it, or while it was added."""


class SharedJobs:
    """``assistant.jobs.Jobs`` for several processes: a worker thread in each."""

    def __init__(self, queue: JobQueue, add: Callable[[Upload], Sequence[UploadResult]], *, most_bytes: int) -> None:
        """
        Args:
            add: adds one file.
            most_bytes: that may wait in the database.
        """
        self._queue = queue
        self._add = add
        self._most_bytes = most_bytes
        self._lease = queue.lease
        self._closed = threading.Event()
        self._look = threading.Event()
        self._worker = threading.Thread(target=self._work, name="add-files", daemon=True)
        self._worker.start()

    def submit(self, owner: str, uploads: Sequence[Upload]) -> Job:
        files = [(upload.name, _facts(upload), upload.data) for upload in uploads]
        try:
            job = self._queue.put(owner, files, most_bytes=self._most_bytes, keep=REMEMBERED)
        except QueueFullError as error:
            raise JobsFullError(error.waiting, self._most_bytes) from error
        self._look.set()
        return _job(job)

    def get(self, owner: str, job_id: str) -> Job | None:
        job = self._queue.get(owner, job_id)
        return _job(job) if job is not None else None

    def close(self) -> None:
        self._closed.set()
        self._look.set()
        self._worker.join()

    def _work(self) -> None:
        while not self._closed.is_set():
            self._look.clear()
            try:
                job_id = self._queue.take()
                if job_id is not None:
                    self._run(job_id)
                    continue
            except TakenAwayError:
                log.warning("a job was taken by another process: this one was away for more than %g s", self._lease)
            except (LibraryError, sa.exc.SQLAlchemyError) as error:
                log.warning("no files are added for the moment: %s", error)
                self._closed.wait(self._lease / 10)
            self._look.wait(_LOOKS)

    def _run(self, job_id: str) -> None:
        """
        Raises:
            TakenAwayError: another process has the job.
            LibraryError: a server is away; the job is left to whoever asks next.
        """
        ended = threading.Event()
        beating = threading.Thread(target=self._beat, args=(job_id, ended), name="show-life", daemon=True)
        beating.start()
        try:
            while not self._closed.is_set():
                begun = self._queue.begin_file(job_id)
                if begun is None:
                    self._queue.end(job_id, "done")
                    return
                file, before = begun
                self._queue.end_file(job_id, file.number, [one.to_dict() for one in self._add_file(file, before)])
            self._queue.give_back(job_id)
        except _PASSES:
            self._queue.give_back(job_id)
            raise
        except LibraryError as error:
            self._queue.end(job_id, "stopped", f"{error}.")
        finally:
            ended.set()
            beating.join()

    def _add_file(self, file: QueuedFile, begun_before: int) -> Sequence[UploadResult]:
        upload = Upload(file.name, file.data, _published(file.facts))
        if begun_before >= _MOST_BEGINNINGS:
            why = f"The process ended {begun_before} times while this file was added."
            return [UploadResult(upload.file_name, "failed", detail=why)]
        return add_safely(self._add, upload)

    def _beat(self, job_id: str, ended: threading.Event) -> None:
        while not ended.wait(self._lease / 5):
            try:
                self._queue.beat(job_id)
            except TakenAwayError:
                return
            except (LibraryError, sa.exc.SQLAlchemyError) as error:
                log.warning("no life could be shown: %s", error)


def _facts(upload: Upload) -> dict[str, Any]:
    day = upload.published
    if day is None:
        return {}
    return {"published": [day.value.isoformat(), day.source, day.text, day.confidence]}


def _published(facts: Mapping[str, Any]) -> PublishedDate | None:
    if "published" not in facts:
        return None
    value, source, text, confidence = facts["published"]
    return PublishedDate(datetime.date.fromisoformat(value), source, text, confidence)


def _job(job: QueuedJob) -> Job:
    results = tuple(UploadResult(**result) for result in job.results)
    return Job(job.id, job.owner, job.state, job.files, job.files_done, results, job.created, job.finished, job.detail)
