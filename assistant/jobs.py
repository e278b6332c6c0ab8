"""Files that are added in the background, one job after another, each with its progress.

``MemoryJobs`` live as long as the process: a file that has no result when it ends was not added, and is sent again.
Where several processes share a library, ``assistant.shared_jobs`` keeps them in its database.
"""

from __future__ import annotations

import datetime
import logging
import threading
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from assistant.uploads import Upload, UploadResult
from index.errors import LibraryError

log = logging.getLogger(__name__)

JobState = Literal["queued", "running", "done", "stopped"]

REMEMBERED = 200
"""Jobs that are told of; the oldest that is done is forgotten for a new one."""


class JobsFullError(Exception):
    """So much waits already that no further job is taken. The message says how much."""

    def __init__(self, waiting: int, most: int) -> None:
        """Both in bytes."""
        super().__init__(
            f"{waiting:,} bytes of files wait to be added, {most:,} may wait at once: send these when jobs before them "
            "are done"
        )


@dataclass(frozen=True, slots=True)
class Job:
    """One upload of files: how far it is, and what became of each file."""

    id: str
    owner: str
    state: JobState
    """``stopped``: the server ended, or the library could not be written any more."""
    files: int
    """How many were sent."""
    files_done: int
    results: tuple[UploadResult, ...]
    """One a document, and one for a file that gave none."""
    created: datetime.datetime
    """UTC."""
    finished: datetime.datetime | None = None
    """UTC."""
    detail: str = ""
    """Why it was stopped."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "state": self.state,
            "files": self.files,
            "files_done": self.files_done,
            "results": [result.to_dict() for result in self.results],
            "created": self.created.isoformat(),
            "finished": self.finished.isoformat() if self.finished else None,
            "detail": self.detail,
        }


class Jobs(Protocol):
    """Takes files that are added later, and tells how far they are."""

    def submit(self, owner: str, uploads: Sequence[Upload]) -> Job:
        """Take files to be added when those before them are done.

        Raises:
            JobsFullError: too much waits already.
        """

    def get(self, owner: str, job_id: str) -> Job | None:
        """A job; None where there is none of the owner's by that id."""

    def close(self) -> None:
        """Take no more, let the file that is being added come to its end, and stop."""


class MemoryJobs:
    """A queue with one worker thread, which is there only while there is work."""

    def __init__(self, add: Callable[[Upload], Sequence[UploadResult]], *, most_bytes: int) -> None:
        """
        Args:
            add: adds one file.
            most_bytes: that may wait in memory.
        """
        self._add = add
        self._most_bytes = most_bytes
        self._changing = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: deque[tuple[str, Sequence[Upload]]] = deque()
        self._bytes = 0
        self._worker: threading.Thread | None = None
        self._closed = False

    def submit(self, owner: str, uploads: Sequence[Upload]) -> Job:
        size = _size(uploads)
        with self._changing:
            if self._closed or self._bytes + size > self._most_bytes:
                raise JobsFullError(self._bytes, self._most_bytes)
            job = Job(uuid.uuid4().hex, owner, "queued", len(uploads), 0, (), datetime.datetime.now(datetime.UTC))
            self._jobs[job.id] = job
            self._forget_old()
            self._waiting.append((job.id, uploads))
            self._bytes += size
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="add-files", daemon=True)
                self._worker.start()
        return job

    def get(self, owner: str, job_id: str) -> Job | None:
        with self._changing:
            job = self._jobs.get(job_id)
        return job if job is not None and job.owner == owner else None

    def close(self) -> None:
        with self._changing:
            self._closed = True
            worker = self._worker
        if worker is not None:
            worker.join()

    def _work(self) -> None:
        while True:
            with self._changing:
                if not self._waiting:
                    self._worker = None
                    return
                job_id, uploads = self._waiting.popleft()
            self._run(job_id, uploads)
            with self._changing:
                self._bytes -= _size(uploads)

    def _run(self, job_id: str, uploads: Sequence[Upload]) -> None:
        job = replace(self._jobs[job_id], state="running")
        for upload in uploads:
            if self._closed:
                job = replace(job, state="stopped", detail="The server ended before all files were added.")
                left = [one.name for one in uploads[job.files_done :]]
                log.warning(
                    "The server ends: %d files of job %s were not added, send them again: %r", len(left), job_id, left
                )
                break
            self._tell(job)
            try:
                results = add_safely(self._add, upload)
            except LibraryError as error:
                job = replace(job, state="stopped", detail=f"{error}.")
                break
            job = replace(job, files_done=job.files_done + 1, results=job.results + results)
        else:
            job = replace(job, state="done")
        self._tell(replace(job, finished=datetime.datetime.now(datetime.UTC)))

    def _tell(self, job: Job) -> None:
        with self._changing:
            self._jobs[job.id] = job

    def _forget_old(self) -> None:
        old = (job.id for job in self._jobs.values() if job.finished is not None)
        while len(self._jobs) > REMEMBERED and (job_id := next(old, None)) is not None:
            del self._jobs[job_id]
            old = (job.id for job in self._jobs.values() if job.finished is not None)


def add_safely(add: Callable[[Upload], Sequence[UploadResult]], upload: Upload) -> tuple[UploadResult, ...]:
    """Add a file; an error of ours is told and logged, since one file must not end the worker of all jobs.

    Raises:
        LibraryError: the library can't be written.
    """
    try:
        return tuple(add(upload))
    except LibraryError:
        raise
    except Exception:
        log.exception("a file could not be added")
        return (UploadResult(upload.file_name, "failed", detail="An error of ours: see the server's log."),)


def _size(uploads: Sequence[Upload]) -> int:
    return sum(len(upload.data) for upload in uploads)
