"""Files that are added in the background: in order, one by one, each with its result."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from assistant.jobs import Job, Jobs, JobsFullError
from assistant.uploads import Upload, UploadResult
from index.errors import LibraryLockedError


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


def test_jobs_are_done_one_after_another() -> None:
    """Files are added in the order that they came in, and each job tells how far it is."""
    add = Adder()
    jobs = Jobs(add, most_bytes=100)
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
    until(lambda: not any(thread.name == "add-files" for thread in threading.enumerate()))
    add.added.clear()
    finished(jobs, jobs.submit("me", uploads("d")))
    assert add.added == ["d"]


def test_a_job_is_its_owners_alone() -> None:
    """Nobody else can tell that a job is there."""
    add = Adder()
    add.go_on.set()
    jobs = Jobs(add, most_bytes=100)
    job = jobs.submit("me", uploads("a"))

    assert jobs.get("you", job.id) is None
    assert finished(jobs, job).state == "done"


def test_too_much_is_refused() -> None:
    """What would not fit into the memory that may wait is refused, and taken when there is room again."""
    add = Adder()
    jobs = Jobs(add, most_bytes=10)
    first = jobs.submit("me", uploads("a", "b"))

    with pytest.raises(JobsFullError, match="10 bytes of files wait to be added, 10 may wait at once"):
        jobs.submit("me", uploads("c"))
    add.go_on.set()
    finished(jobs, first)
    until(lambda: jobs._bytes == 0)
    assert finished(jobs, jobs.submit("me", uploads("c"))).state == "done"


def test_closing_stops_after_the_file_in_hand() -> None:
    """At the end the file that is being added comes to its end, and the others are told as not added."""
    add = Adder()
    jobs = Jobs(add, most_bytes=100)
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


def test_a_library_that_cannot_be_written_stops_the_job() -> None:
    """The job says why, in the library's own words."""
    add = Adder(raises=LibraryLockedError("another process has it"))
    add.go_on.set()
    jobs = Jobs(add, most_bytes=100)
    job = finished(jobs, jobs.submit("me", uploads("a", "b")))

    assert (job.state, job.detail, job.results) == ("stopped", "another process has it.", ())


def test_an_error_of_ours_fails_one_file_alone() -> None:
    """A file that breaks something is told as failed, and the others are added."""

    def add(upload: Upload) -> Sequence[UploadResult]:
        if upload.name == "bad":
            raise RuntimeError("secret detail")
        return [UploadResult(upload.name, "added")]

    jobs = Jobs(add, most_bytes=100)
    job = finished(jobs, jobs.submit("me", uploads("bad", "good")))

    assert job.state == "done"
    assert [(result.name, result.status) for result in job.results] == [("bad", "failed"), ("good", "added")]
    assert "secret" not in job.results[0].detail
