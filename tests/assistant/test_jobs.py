"""Files that are added in the background: in order, one by one, each with its result; in memory and on PostgreSQL."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from assistant.jobs import Job, Jobs, JobsFullError, MemoryJobs
from assistant.shared_jobs import SharedJobs
from assistant.uploads import Upload, UploadResult
from corpus.catalog import Catalog
from corpus.queue import JobQueue
from index.errors import LibraryLockedError

Adds = Callable[[Upload], Sequence[UploadResult]]
OpenJobs = Callable[[Adds, int], Jobs]


@pytest.fixture(params=["memory", "postgresql"])
def open_jobs(request: pytest.FixtureRequest) -> Iterator[OpenJobs]:
    """Opens a queue: what adds a file, and how many bytes may wait."""
    opened: list[Jobs] = []
    catalog: list[Catalog] = []

    def open_it(add: Adds, most_bytes: int) -> Jobs:
        if request.param == "memory":
            opened.append(MemoryJobs(add, most_bytes=most_bytes))
        else:
            postgres: Any = request.getfixturevalue("postgres_process")
            catalog.append(Catalog(postgres.create(f"dateline_{uuid.uuid4().hex}")))
            queue = JobQueue(catalog[0].engine, lease=5)
            opened.append(SharedJobs(queue, add, most_bytes=most_bytes))
        return opened[-1]

    yield open_it
    for jobs in opened:
        jobs.close()
    for one in catalog:
        one.close()


@dataclass
class Adder:
    """Adds nothing, and can be held up."""

    go_on: threading.Event = field(default_factory=threading.Event)
    began: threading.Event = field(default_factory=threading.Event)
    added: list[str] = field(default_factory=list)
    raises: Exception | None = None

    def __call__(self, upload: Upload) -> Sequence[UploadResult]:
        self.began.set()
        assert self.go_on.wait(timeout=30)
        if self.raises is not None:
            raise self.raises
        self.added.append(upload.name)
        return [UploadResult(upload.name, "added", document_id=upload.name)]


def uploads(*names: str) -> list[Upload]:
    return [Upload(name, b"12345") for name in names]


def finished(jobs: Jobs, job: Job) -> Job:
    deadline = time.monotonic() + 30
    while (now := jobs.get(job.owner, job.id)) is None or now.finished is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return now


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_jobs_are_done_one_after_another(open_jobs: OpenJobs) -> None:
    """Files are added in the order that they came in, and each job tells how far it is."""
    add = Adder()
    jobs = open_jobs(add, 100)
    first, second = jobs.submit("me", uploads("a", "b")), jobs.submit("me", uploads("c"))

    assert (first.state, first.files, first.files_done) == ("queued", 2, 0)
    assert add.began.wait(timeout=30)
    running, waiting = jobs.get("me", first.id), jobs.get("me", second.id)
    assert running is not None
    assert waiting is not None
    assert (running.state, waiting.state) == ("running", "queued")
    add.go_on.set()
    done = finished(jobs, second)
    assert (done.state, done.files_done, [result.name for result in done.results]) == ("done", 1, ["c"])
    assert add.added == ["a", "b", "c"]
    add.added.clear()
    finished(jobs, jobs.submit("me", uploads("d")))
    assert add.added == ["d"]


def test_a_job_is_its_owners_alone(open_jobs: OpenJobs) -> None:
    """Nobody else can tell that a job is there."""
    add = Adder()
    add.go_on.set()
    jobs = open_jobs(add, 100)
    job = jobs.submit("me", uploads("a"))

    assert jobs.get("you", job.id) is None
    assert finished(jobs, job).state == "done"


def test_too_much_is_refused(open_jobs: OpenJobs) -> None:
    """What would not fit into the memory that may wait is refused, and taken when there is room again."""
    add = Adder()
    jobs = open_jobs(add, 10)
    first = jobs.submit("me", uploads("a", "b"))

    with pytest.raises(JobsFullError, match="10 bytes of files wait to be added, 10 may wait at once"):
        jobs.submit("me", uploads("c"))
    add.go_on.set()
    finished(jobs, first)

    def taken() -> bool:
        try:
            return finished(jobs, jobs.submit("me", uploads("c"))).state == "done"
        except JobsFullError:
            return False

    until(taken)


def test_in_memory_the_worker_is_there_while_there_is_work() -> None:
    """It ends with the last job, and begins anew with the next."""
    add = Adder()
    add.go_on.set()
    jobs = MemoryJobs(add, most_bytes=100)

    for name in ("a", "b"):
        finished(jobs, jobs.submit("me", uploads(name)))
        until(lambda: not any(thread.name == "add-files" for thread in threading.enumerate()))
    assert add.added == ["a", "b"]


def test_closing_stops_after_the_file_in_hand() -> None:
    """At the end the file that is being added comes to its end, and the others are told as not added."""
    add = Adder()
    jobs = MemoryJobs(add, most_bytes=100)
    first, second = jobs.submit("me", uploads("a", "b")), jobs.submit("me", uploads("c"))
    assert add.began.wait(timeout=30)
    closing = threading.Thread(target=jobs.close)
    closing.start()
    until(lambda: jobs._closed)
    add.go_on.set()
    closing.join(timeout=30)

    assert add.added == ["a"]
    states = [(job.state, job.files_done) for job in (finished(jobs, first), finished(jobs, second))]
    assert states == [("stopped", 1), ("stopped", 0)]
    assert finished(jobs, second).detail == "The server ended before all files were added."
    with pytest.raises(JobsFullError):
        jobs.submit("me", uploads("d"))


def test_a_library_that_cannot_be_written_stops_the_job(open_jobs: OpenJobs) -> None:
    """The job says why, in the library's own words."""
    add = Adder(raises=LibraryLockedError("another process has it"))
    add.go_on.set()
    jobs = open_jobs(add, 100)
    job = finished(jobs, jobs.submit("me", uploads("a", "b")))

    assert (job.state, job.detail, job.results) == ("stopped", "another process has it.", ())


def test_an_error_of_ours_fails_one_file_alone(open_jobs: OpenJobs) -> None:
    """A file that breaks something is told as failed, and the others are added."""

    def add(upload: Upload) -> Sequence[UploadResult]:
        if upload.name == "bad":
            raise RuntimeError("secret detail")
        return [UploadResult(upload.name, "added")]

    jobs = open_jobs(add, 100)
    job = finished(jobs, jobs.submit("me", uploads("bad", "good")))

    assert job.state == "done"
    assert [(result.name, result.status) for result in job.results] == [("bad", "failed"), ("good", "added")]
    assert "secret" not in job.results[0].detail
