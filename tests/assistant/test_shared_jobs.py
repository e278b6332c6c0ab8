"""Files that several processes add in the background: each job by one of them, and by another when that one dies."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from assistant.jobs import Job, Jobs
from assistant.shared_jobs import SharedJobs
from assistant.uploads import Upload, UploadResult
from corpus.catalog import Catalog
from corpus.document import PublishedDate
from corpus.queue import JobQueue, TakenAwayError
from index.errors import CatalogFullError, ServerDownError

if TYPE_CHECKING:
    pass

ROOT = Path(__file__).parents[2]


@pytest.fixture
def catalog(postgres_database: str) -> Iterator[Catalog]:
    catalog = Catalog(postgres_database)
    yield catalog
    catalog.close()


@pytest.fixture
def worker(catalog: Catalog) -> Iterator[Callable[..., SharedJobs]]:
    """Starts what is a process of its own to the queue."""
    opened: list[SharedJobs] = []

    def start(add: Callable[[Upload], Sequence[UploadResult]], lease: float = 5) -> SharedJobs:
        opened.append(SharedJobs(JobQueue(catalog.engine, lease=lease), add, most_bytes=10_000))
        return opened[-1]

    yield start
    for jobs in opened:
        jobs.close()


def uploads(*names: str) -> list[Upload]:
    return [Upload(name, f"The {name} is finished.".encode()) for name in names]


def finished(jobs: Jobs, job: Job) -> Job:
    deadline = time.monotonic() + 60
    while (now := jobs.get(job.owner, job.id)) is None or now.finished is None:
        assert time.monotonic() < deadline, now
        time.sleep(0.02)
    return now


def added(upload: Upload) -> list[UploadResult]:
    return [UploadResult(upload.file_name, "added")]


def test_each_job_is_done_once_whoever_takes_it(worker: Callable[..., SharedJobs]) -> None:
    """Of many jobs that three workers take at the same time, each file is added once, and in the order of its job; all
    of them work, and each tells of every job."""
    seen: list[tuple[int, str]] = []

    def adding(number: int) -> Callable[[Upload], list[UploadResult]]:
        def add(upload: Upload) -> list[UploadResult]:
            seen.append((number, upload.name))
            time.sleep(0.02)
            return added(upload)

        return add

    workers = [worker(adding(number)) for number in range(3)]
    jobs = [workers[number % 3].submit("me", uploads(f"{number} a", f"{number} b")) for number in range(12)]
    ended = [finished(workers[(number + 1) % 3], job) for number, job in enumerate(jobs)]

    assert {job.state for job in ended} == {"done"}
    assert sorted(name for _, name in seen) == sorted(f"{number} {part}" for number in range(12) for part in "ab")
    assert {number for number, _ in seen} == {0, 1, 2}
    for number in range(12):
        (first, one), (second, other) = [each for each in seen if each[1].startswith(f"{number} ")]
        assert (one, other, first) == (f"{number} a", f"{number} b", second)


def test_what_was_sent_with_a_file_arrives(worker: Callable[..., SharedJobs]) -> None:
    """Its name, its bytes to the last, and the day that was given by hand."""
    import datetime

    sent = Upload(
        "folder\\na\u0308me 'x'.bin", bytes(range(256)), PublishedDate(datetime.date(2024, 3, 1), "user", "2024")
    )
    came: list[Upload] = []
    jobs = worker(lambda upload: came.append(upload) or added(upload))
    finished(jobs, jobs.submit("me", [sent]))

    assert came == [sent]


def test_who_lost_its_job_changes_nothing_of_it(catalog: Catalog) -> None:
    """One that showed no life for the lease, and comes back, is told that its job is another's; a life that is shown
    keeps it."""
    slow, quick = JobQueue(catalog.engine, lease=0.3), JobQueue(catalog.engine, lease=0.3)
    job = slow.put("me", [("a", {}, b"x"), ("b", {}, b"y")], most_bytes=10, keep=10)
    assert slow.take() == job.id
    begun = slow.begin_file(job.id)
    assert begun is not None
    time.sleep(0.2)
    slow.beat(job.id)
    time.sleep(0.2)
    assert quick.take() is None
    time.sleep(0.2)
    assert quick.take() == job.id

    with pytest.raises(TakenAwayError):
        slow.end_file(job.id, 0, [{"name": "a"}])
    again = quick.begin_file(job.id)
    assert again is not None
    assert (again[0].name, again[0].data, again[1]) == ("a", b"x", 1)
    quick.end_file(job.id, 0, [])
    following = quick.begin_file(job.id)
    assert following is not None
    assert following[0].name == "b"


def test_a_file_that_ends_its_process_is_given_up(catalog: Catalog, worker: Callable[..., SharedJobs]) -> None:
    """After three processes that died while they added it, the fourth tells it as failed and adds the others."""
    dying = JobQueue(catalog.engine, lease=0)
    job = dying.put("me", [("a", {}, b"x"), ("b", {}, b"y")], most_bytes=10, keep=10)
    for _ in range(3):
        assert dying.take() == job.id
        dying.begin_file(job.id)
        time.sleep(0.01)

    jobs = worker(added, lease=0.2)
    deadline = time.monotonic() + 30
    while (now := jobs.get("me", job.id)) is None or now.finished is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert now.state == "done"
    assert [(one.name, one.status, one.detail) for one in now.results] == [
        ("a", "failed", "The process ended 3 times while this file was added."),
        ("b", "added", ""),
    ]


def test_closing_gives_the_job_back_behind_the_file_in_hand(worker: Callable[..., SharedJobs]) -> None:
    """Nothing that was accepted is left undone: the next process goes on with the second file, at once."""
    began, go_on = threading.Event(), threading.Event()
    first_added: list[str] = []

    def first(upload: Upload) -> list[UploadResult]:
        first_added.append(upload.name)
        began.set()
        assert go_on.wait(30)
        return added(upload)

    one = worker(first)
    job = one.submit("me", uploads("a", "b"))
    assert began.wait(30)
    closing = threading.Thread(target=one.close)
    closing.start()
    go_on.set()
    closing.join(30)
    waiting = one.get("me", job.id)
    assert waiting is not None
    assert (waiting.state, waiting.files_done, first_added) == ("queued", 1, ["a"])

    second_added: list[str] = []
    other = worker(lambda upload: second_added.append(upload.name) or added(upload), lease=60)
    assert [result.name for result in finished(other, job).results] == ["a", "b"]
    assert second_added == ["b"]


@pytest.mark.parametrize(
    "error", [ServerDownError("the Chroma server is away"), CatalogFullError("the disk is full")], ids=["away", "full"]
)
def test_a_server_that_is_away_is_waited_for(worker: Callable[..., SharedJobs], error: Exception) -> None:
    """While the vectors' server does not answer, or the database has no space, the job waits, and its file is added
    when that is over, however often that was tried."""
    tries: list[str] = []

    def add(upload: Upload) -> list[UploadResult]:
        tries.append(upload.name)
        if len(tries) <= 5:
            raise error
        return added(upload)

    jobs = worker(add, lease=0.5)
    job = finished(jobs, jobs.submit("me", uploads("a")))

    assert (job.state, [result.status for result in job.results], len(tries)) == ("done", ["added"], 6)


def test_the_oldest_that_ended_are_forgotten(catalog: Catalog) -> None:
    """So many are kept as was said; one that waits is never forgotten, however old."""
    queue = JobQueue(catalog.engine, lease=5)
    waiting = queue.put("me", [("old", {}, b"x")], most_bytes=100, keep=3)
    taker = JobQueue(catalog.engine, lease=60)
    assert taker.take() == waiting.id
    ended = []
    for number in range(5):
        job = queue.put("me", [(str(number), {}, b"x")], most_bytes=100, keep=3)
        assert queue.take() == job.id
        queue.end(job.id, "done")
        ended.append(job.id)

    assert [queue.get("me", job_id) is not None for job_id in ended] == [False, False, True, True, True]
    assert queue.get("me", waiting.id) is not None


def test_a_postgresql_that_ends_is_waited_for(own_postgres_process: Any) -> None:
    """The job that was being done when the database ended is done when it is back."""
    catalog = Catalog(own_postgres_process.url())
    began = threading.Event()
    go_on = threading.Event()

    def add(upload: Upload) -> list[UploadResult]:
        began.set()
        assert go_on.wait(30)
        return added(upload)

    jobs = SharedJobs(JobQueue(catalog.engine, lease=1), add, most_bytes=1000)
    job = jobs.submit("me", uploads("a"))
    assert began.wait(30)
    own_postgres_process.stop()
    go_on.set()
    time.sleep(0.5)
    own_postgres_process.start()

    assert finished(jobs, job).state == "done"
    jobs.close()
    catalog.close()


SERVER = """
import sys, time
sys.path.insert(0, "tests")
from conftest import _serve, _stand_in_parts
from assistant import shared_jobs
from assistant.http import documents
from assistant.settings import Settings
documents.LEASE = 2
shared_jobs._LOOKS = 3.0
adding, pause = documents.add_upload, float(sys.argv[1])
def add_slowly(*given, **named):
    time.sleep(pause)
    return adding(*given, **named)
documents.add_upload = add_slowly
with _stand_in_parts(Settings()) as parts, _serve(parts, Settings()) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def server(postgres_database: str, chroma_process: Any, tmp_path: Path) -> Iterator[Callable[[float], tuple[Any, str]]]:
    """Starts an app process that takes so many seconds more for each file; the process and its URL."""
    started: list[subprocess.Popen[str]] = []
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "DATELINE_DATA_DIR": str(tmp_path / "shared"),
        "DATELINE_DATABASE_URL": postgres_database,
        "DATELINE_CHROMA_URL": chroma_process.url,
    }

    def start(pause: float) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(pause)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=ROOT,
        )
        started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_job_of_a_killed_process_is_done_by_another(server: Callable[[float], tuple[Any, str]]) -> None:
    """Of two app processes the one that adds 30 files is killed: the other, asked for the job, tells how far it was,
    takes it up and ends it; every file is one document."""
    import httpx

    first, one = server(0.5)
    _, other = server(0)
    files = [("files", (f"report{number}.txt", f"The report {number} is ready.")) for number in range(30)]
    job = httpx.post(f"{one}/v1/documents", params={"background": "true"}, files=files).raise_for_status().json()
    while httpx.get(f"{other}/v1/jobs/{job['id']}").raise_for_status().json()["files_done"] < 5:
        time.sleep(0.02)
    first.kill()
    killed_at = httpx.get(f"{other}/v1/jobs/{job['id']}").json()
    assert killed_at["state"] == "running"
    assert killed_at["files_done"] < 30

    deadline = time.monotonic() + 120
    while not (now := httpx.get(f"{other}/v1/jobs/{job['id']}").json())["finished"]:
        assert time.monotonic() < deadline, now
        time.sleep(0.2)
    assert (now["state"], now["files_done"], len(now["results"])) == ("done", 30, 30)
    assert {result["status"] for result in now["results"]} <= {"added", "unchanged"}
    listed = httpx.get(f"{other}/v1/documents", params={"limit": 500}).json()["documents"]
    assert sorted(info["name"] for info in listed) == sorted(f"report{number}.txt" for number in range(30))
