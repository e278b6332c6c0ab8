"""Processes whose clocks are wrong by days, over one PostgreSQL: what they share goes by the server's clock."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.conversations import LOCAL, Conversations
from assistant.keys import SESSION, KeyRejectedError, Keys
from assistant.shared_rates import SharedRates
from corpus.catalog import Catalog
from corpus.database import PostgresDatabase
from corpus.queue import JobQueue

ROOT = Path(__file__).parents[2]
HOUR = datetime.timedelta(hours=1)
_BEGINNING = """
import datetime, json, sys
from assistant.conversations import LOCAL, Conversations
from assistant.keys import KeyRejectedError, Keys
from assistant.shared_rates import SharedRates
from corpus.catalog import Catalog
from corpus.queue import JobQueue
catalog = Catalog(sys.argv[1])
def say(told): print(json.dumps([told, datetime.datetime.now(datetime.UTC).isoformat()]))
"""


@pytest.fixture
def catalog(postgres_database: str) -> Iterator[Catalog]:
    catalog = Catalog(postgres_database)
    yield catalog
    catalog.close()


@pytest.fixture(params=["+9d", "-9d"])
def elsewhere(request: pytest.FixtureRequest, postgres_database: str) -> Callable[[str], Any]:
    """Runs a program in a process whose clock is nine days ahead or behind, and gives what it said."""
    if shutil.which("faketime") is None:
        pytest.skip("faketime is not installed: apt-get install faketime")

    def run(program: str) -> Any:
        done = subprocess.run(
            ["faketime", "-f", request.param, sys.executable, "-c", _BEGINNING + program, postgres_database],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told, now = json.loads(done.stdout)
        off = datetime.datetime.fromisoformat(now) - datetime.datetime.now(datetime.UTC)
        assert abs(off.total_seconds() / 86400) > 8.9  # the test would say nothing otherwise
        return told

    return run


def test_a_key_ends_for_all_at_once(catalog: Catalog, elsewhere: Callable[[str], Any]) -> None:
    """One that ends in an hour opens, and one that ended an hour ago does not, whatever the clock of who is asked."""
    keys = Keys(catalog.database)
    now = datetime.datetime.now(datetime.UTC)
    open_, over = (
        keys.create(name, "reader", expires=when).token for name, when in (("open", now + HOUR), ("over", now - HOUR))
    )
    told = elsewhere(f"""
keys, told = Keys(catalog.database), [[key.name, key.state] for key in Keys(catalog.database).all()]
for token in ({open_!r}, {over!r}):
    try:
        told.append(keys.check(token).name)
    except KeyRejectedError as error:
        told.append(str(error))
told.append(keys.create("made there", "reader").key.state)
say(told)
""")
    assert told == [["open", "in force"], ["over", "expired"], "open", "the key 'over' is expired", "in force"]
    assert [key.name for key in keys.all()] == ["open", "over", "made there"]
    assert abs(keys.all()[-1].created - datetime.datetime.now(datetime.UTC)) < HOUR


def test_a_session_lasts_as_long_as_was_said(catalog: Catalog, elsewhere: Callable[[str], Any]) -> None:
    """One that was opened through a process whose clock is wrong lasts seven days, and opens nothing after; and it
    ends no other."""
    keys = Keys(catalog.database)
    token = keys.create("newsroom", "reader").token
    here = keys.sign_in(token)
    there, opened = elsewhere(f"""
keys = Keys(catalog.database)
say([keys.sign_in({token!r}).token, keys.check_session({here.token!r}).name])
""")
    assert opened == "newsroom"
    assert (keys.check_session(here.token).name, keys.check_session(there).name) == ("newsroom", "newsroom")

    with catalog.engine.begin() as connection:
        ends = connection.exec_driver_sql("SELECT min(expires), max(expires) FROM page_sessions").one()
        connection.exec_driver_sql("UPDATE page_sessions SET expires = expires - interval '7 days'")
    wanted = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) + SESSION
    assert [abs(end - wanted) < HOUR for end in ends] == [True, True]
    with pytest.raises(KeyRejectedError, match="has ended"):
        keys.check_session(there)
    said = elsewhere(f"""
try:
    say(Keys(catalog.database).check_session({there!r}).name)
except KeyRejectedError as error:
    say(str(error))
""")
    assert said == "the session has ended"


def test_the_last_used_conversation_comes_first(catalog: Catalog, elsewhere: Callable[[str], Any]) -> None:
    """In the order in which they were used, whichever process they were used through."""
    kept = Conversations(catalog)
    first = kept.create(LOCAL, "first").id
    elsewhere("say(Conversations(catalog).create(LOCAL, 'there').id)")
    kept.create(LOCAL, "last")
    assert [info.title for info in kept.infos(LOCAL)] == ["last", "there", "first"]
    elsewhere(f"say(Conversations(catalog).rename(LOCAL, {first!r}, 'renamed there').id)")
    assert [info.title for info in kept.infos(LOCAL)] == ["renamed there", "last", "there"]
    kept.create(LOCAL, "after it")
    assert kept.infos(LOCAL)[0].title == "after it"


def test_requests_are_counted_together(
    catalog: Catalog, postgres_database: str, elsewhere: Callable[[str], Any]
) -> None:
    """What one process counted counts for one with another clock, and the other way round."""
    assert isinstance(catalog.database, PostgresDatabase)
    while time.time() % 60 > 40:
        time.sleep(1)  # all within one minute, or some of it no longer counts
    rates = SharedRates(catalog.database, 20)
    assert [rates.hit("me") for _ in range(10)] == [None] * 10
    told = elsewhere("rates = SharedRates(catalog.database, 20)\nsay([rates.hit('me') for _ in range(11)])")
    assert told[:10] == [None] * 10
    assert 0 <= told[10] <= 60
    assert rates.hit("me") is not None


def test_a_job_is_kept_and_freed_by_one_clock(catalog: Catalog, elsewhere: Callable[[str], Any]) -> None:
    """The job of one that lives is not taken by a process with another clock; a job that such a process took and left
    is free after the lease, and not before."""
    queue = JobQueue(catalog.engine, lease=3600)
    job = queue.put("me", [("a", {}, b"x")], most_bytes=10, keep=10)
    assert queue.take() == job.id
    assert elsewhere("say(JobQueue(catalog.engine, lease=3600).take())") is None
    queue.give_back(job.id)
    assert elsewhere("say(JobQueue(catalog.engine, lease=3600).take())") == job.id
    assert queue.take() is None
    assert JobQueue(catalog.engine, lease=0).take() == job.id
