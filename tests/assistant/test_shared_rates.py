"""Requests a minute, counted by several processes in one database."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from assistant.shared_rates import SharedRates
from corpus.database import PostgresDatabase


@pytest.fixture
def databases(postgres_database: str) -> Iterator[list[PostgresDatabase]]:
    """The database as two processes have it open."""
    two = [PostgresDatabase(sa.make_url(postgres_database)) for _ in range(2)]
    yield two
    for database in two:
        database.engine.dispose()


def set_clock(database: PostgresDatabase, minutes_ago: int) -> None:
    """As if all requests so far had come that many minutes earlier."""
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE request_rates SET minute = minute - :minutes"), {"minutes": minutes_ago})


def test_processes_count_together(databases: list[PostgresDatabase]) -> None:
    """Of 60 requests that come to two processes at once, as many pass as one alone would let through; another caller's
    pass; and who is refused is told when to come again."""
    rates = [SharedRates(database, 20) for database in databases]
    passed: list[bool] = []

    def ask(shared: SharedRates) -> None:
        for _ in range(15):
            passed.append(shared.hit("key 1") is None)

    threads = [threading.Thread(target=ask, args=(rates[number % 2],)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(passed), sum(passed)) == (60, 20)
    assert rates[0].hit("key 2") is None
    again = rates[1].hit("key 1")
    assert again is not None
    assert 0 <= again <= 60


def test_the_last_minute_counts_as_far_as_it_lies_within_the_window(databases: list[PostgresDatabase]) -> None:
    """A minute on, some of the requests count still and some no more; two minutes on, none."""
    one = SharedRates(databases[0], 1000)
    for _ in range(1000):
        assert one.hit("me") is None
    assert one.hit("me") is not None

    set_clock(databases[0], 1)
    with databases[0].engine.begin() as connection:
        left = float(connection.scalar(sa.text("SELECT extract(epoch FROM now()) / 60 % 1")) or 0)
    if left > 0.9:
        pytest.skip("the minute ends now")
    passed = 0
    while one.hit("me") is None:
        passed += 1
    assert passed == pytest.approx(1000 * left, abs=60)

    set_clock(databases[0], 2)
    assert one.hit("me") is None


def test_what_is_over_is_removed(databases: list[PostgresDatabase], monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers that did not come for two minutes leave no row."""
    monkeypatch.setattr("assistant.shared_rates._CLEANED_EVERY", 3)
    one = SharedRates(databases[0], 10)
    one.hit("old")
    set_clock(databases[0], 3)
    one.hit("new")
    one.hit("new")

    with databases[0].engine.begin() as connection:
        assert list(connection.scalars(sa.text("SELECT who FROM request_rates"))) == ["new"]
