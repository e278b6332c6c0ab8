"""Keys: shown once, kept as hashes, worth nothing when they are expired or revoked."""

from __future__ import annotations

import datetime
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from assistant.conversations import LOCAL, Conversations
from assistant.keys import SESSION, KeyNameError, KeyRejectedError, Keys, open_keys
from corpus.catalog import CATALOG_FILE, Catalog

if TYPE_CHECKING:
    from assistant.settings import Settings

NOW = datetime.datetime.now(datetime.UTC)
TOMORROW = NOW + datetime.timedelta(days=1)
YESTERDAY = NOW - datetime.timedelta(days=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def anywhere(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Keys are the same in both databases."""
    if request.param == "sqlite":
        return settings
    url = SecretStr(request.getfixturevalue("postgres_database"))
    return settings.model_copy(update={"database_url": url})


@pytest.fixture
def keys(anywhere: Settings) -> Iterator[Keys]:
    with open_keys(anywhere) as keys:
        yield keys


@pytest.fixture
def keys_in_a_file(settings: Settings) -> Iterator[Keys]:
    with open_keys(settings) as keys:
        yield keys


@pytest.mark.parametrize(
    "of", [lambda it: Keys(it.database).all(), lambda it: Conversations(it).infos(LOCAL)], ids=["keys", "talks"]
)
def test_processes_that_first_look_at_once_make_the_tables_once(
    anywhere: Settings, of: Callable[[Catalog], object]
) -> None:
    """One makes them, the others wait and find them."""
    anywhere.data_dir.mkdir(parents=True)
    url = anywhere.catalog_url or f"sqlite:///{anywhere.data_dir / CATALOG_FILE}"
    catalogs = [Catalog(url) for _ in range(4)]
    together = threading.Barrier(len(catalogs))

    def look(catalog: Catalog) -> object:
        together.wait()
        return of(catalog)

    with ThreadPoolExecutor(len(catalogs)) as pool:
        assert list(pool.map(look, catalogs)) == [[]] * len(catalogs)
    for catalog in catalogs:
        catalog.close()


def test_a_key_is_known_again(keys: Keys) -> None:
    """What was made is what its token leads to, with its name and role."""
    made = keys.create(" newsroom ", "writer", expires=TOMORROW)

    assert keys.check(made.token) == made.key
    assert (made.key.name, made.key.role, made.key.expires, made.key.revoked) == ("newsroom", "writer", TOMORROW, None)
    assert keys.all() == [made.key]


def test_no_secret_is_kept(keys_in_a_file: Keys, settings: Settings, tmp_path: Path) -> None:
    """Neither the token of a key nor that of a session stands in the database, in whatever form but a hash."""
    token = keys_in_a_file.create("newsroom", "reader").token
    session = keys_in_a_file.sign_in(token)

    with sqlite3.connect(settings.data_dir / CATALOG_FILE) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = (settings.data_dir / CATALOG_FILE).read_bytes()
    assert b"newsroom" in kept
    for secret in (token, token.split("_", 2)[2], session.token):
        assert secret.encode() not in kept


def test_tokens_are_long_and_never_the_same(keys: Keys) -> None:
    """Each token holds 32 random bytes, and tells by its first letters what it is."""
    tokens = [keys.create(f"key {number}", "reader").token for number in range(20)]

    assert {token[:3] for token in tokens} == {"dl_"}
    assert {len(token) for token in tokens} == {3 + 8 + 1 + 43}
    assert len({token.split("_", 2)[2] for token in tokens}) == 20


@pytest.mark.parametrize(
    "token", ["", "dl", "dl__", "dl_\0_x", "dl_{id}_", "dl_{id}_wrong", "{secret}", "xx_{id}_{secret}", "é\ud800"]
)
def test_an_unknown_key_is_rejected(keys: Keys, token: str) -> None:
    """Nothing but the whole token opens anything."""
    made = keys.create("newsroom", "reader")
    wrong = token.replace("{id}", made.key.id).replace("{secret}", made.token.split("_", 2)[2])

    with pytest.raises(KeyRejectedError, match=r"^the key is not known here$"):
        keys.check(wrong)


def test_an_expired_key_is_rejected(keys: Keys) -> None:
    """From its last moment on a key opens nothing, and is told to be expired."""
    made = keys.create("newsroom", "reader", expires=YESTERDAY)

    with pytest.raises(KeyRejectedError, match=r"^the key 'newsroom' is expired$"):
        keys.check(made.token)
    assert made.key.to_dict()["state"] == "expired"
    assert (keys.were_made(), keys.any_in_force()) == (True, False)


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_revoked_key_is_rejected(keys: Keys, by: str) -> None:
    """A key that was revoked by its name or id opens nothing, and neither does what it signed in to."""
    made = keys.create("newsroom", "reader")
    session = keys.sign_in(made.token)

    revoked = keys.revoke(getattr(made.key, by))

    assert revoked is not None
    assert (revoked.id, revoked.to_dict()["state"]) == (made.key.id, "revoked")
    with pytest.raises(KeyRejectedError, match=r"^the key 'newsroom' is revoked$"):
        keys.check(made.token)
    with pytest.raises(KeyRejectedError):
        keys.check_session(session.token)
    assert keys.revoke(getattr(made.key, by)) is None
    assert (keys.were_made(), keys.any_in_force()) == (True, False)


def test_an_id_wins_over_a_name(keys: Keys) -> None:
    """Where one key's name is another's id, one key is revoked, the one of the id."""
    first = keys.create("newsroom", "reader").key
    second = keys.create(first.id, "reader").key

    keys.revoke(first.id)

    assert [key.state for key in keys.all()] == ["revoked", "in force"]
    assert keys.all()[1] == second


def test_a_name_is_taken_until_its_key_is_revoked(keys: Keys) -> None:
    """Two keys in force never share a name; after a revocation the name is free."""
    keys.create("newsroom", "reader")
    with pytest.raises(
        KeyNameError, match=r"^there is a key with the name 'newsroom' already: choose another name, or"
    ):
        keys.create("newsroom", "admin")

    keys.revoke("newsroom")
    keys.create("newsroom", "admin")

    assert [(key.name, key.role) for key in keys.all()] == [("newsroom", "reader"), ("newsroom", "admin")]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x1b[2Jb", "x" * 101])
def test_a_name_is_for_people(keys: Keys, name: str) -> None:
    """A name is not empty, not endless, and moves no terminal."""
    with pytest.raises(KeyNameError, match="is no name for a key: give 1 to 100 characters on one line"):
        keys.create(name, "reader")


def test_a_session_ends(keys: Keys) -> None:
    """A session lasts a week, no longer than its key, and ends at once when it is signed out of."""
    lasting, short = keys.create("lasting", "reader"), keys.create("short", "reader", expires=TOMORROW)
    now = datetime.datetime.now(datetime.UTC)
    session = keys.sign_in(lasting.token)

    assert keys.check_session(session.token) == lasting.key
    assert abs(session.expires - now - SESSION) < datetime.timedelta(minutes=1)
    assert keys.sign_in(short.token).expires == TOMORROW

    keys.sign_out(session.token)

    with pytest.raises(KeyRejectedError, match=r"^the session has ended$"):
        keys.check_session(session.token)


def test_a_session_is_no_key(keys: Keys) -> None:
    """The token of a session is of no use as a key, nor that of a key as a session."""
    token = keys.create("newsroom", "reader").token

    with pytest.raises(KeyRejectedError):
        keys.check(keys.sign_in(token).token)
    with pytest.raises(KeyRejectedError):
        keys.check_session(token)


def test_keys_are_shared_by_processes(anywhere: Settings) -> None:
    """What one opener makes and revokes, another sees at once."""
    with open_keys(anywhere) as mine, open_keys(anywhere) as yours:
        made = mine.create("newsroom", "reader")
        assert yours.check(made.token) == made.key
        yours.revoke("newsroom")
        with pytest.raises(KeyRejectedError):
            mine.check(made.token)
