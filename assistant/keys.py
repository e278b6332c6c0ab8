"""API keys and the sessions of the page: made, checked, revoked. They stand in the catalog's database.

Of a key only its SHA-256 is kept. A slow, salted hash is for passwords, which can be guessed; a key is 32 random bytes,
which nobody guesses at any speed, so that one fast hash hides it as well and costs a request nothing. What has expired
is so by the database's clock, for all processes at the same time.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args

import sqlalchemy as sa

from assistant.settings import Settings
from corpus.catalog import Catalog
from corpus.database import Database, clock, create_tables, first_and_clock

Role = Literal["reader", "writer", "admin"]
"""``reader`` asks, ``writer`` also changes documents, ``admin`` also manages keys."""
KeyState = Literal["in force", "expired", "revoked"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Each may do what those before it may."""

LONGEST_NAME = 100
_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
NAME = rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$"
"""What a key may be called: anything on one line that moves no terminal."""
SESSION = datetime.timedelta(days=7)
"""How long the page remembers who signed in; never longer than the key lives."""

_PREFIX = "dl"
"""Begins every key, so that scanners for lost secrets know one when they see it."""
_RANDOM_BYTES = 32

_metadata = sa.MetaData()

_keys = sa.Table(
    "api_keys",
    _metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("role", sa.String, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("created", sa.DateTime, nullable=False),
    sa.Column("expires", sa.DateTime),
    sa.Column("revoked", sa.DateTime),
    sa.Index(
        "one_api_key_of_a_name",
        "name",
        unique=True,
        sqlite_where=sa.text("revoked IS NULL"),
        postgresql_where=sa.text("revoked IS NULL"),
    ),
)

_sessions = sa.Table(
    "page_sessions",
    _metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    sa.Column("key_id", sa.String, sa.ForeignKey("api_keys.id", ondelete="CASCADE"), nullable=False),
    sa.Column("expires", sa.DateTime, nullable=False),
)


TABLES = tuple(_metadata.sorted_tables)


class KeyNameError(ValueError):
    """A key can't be made under this name. The message says why and what to do."""


class KeyNameTakenError(KeyNameError):
    """Another key in force has the name."""


class KeyRejectedError(Exception):
    """A key that opens nothing. The message says why: it is unknown, expired or revoked."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key; its secret is not."""

    id: str
    name: str
    role: Role
    created: datetime.datetime
    """UTC, as all its times."""
    expires: datetime.datetime | None
    revoked: datetime.datetime | None
    state: KeyState
    """When it was read."""

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of the API and the CLI."""
        return {
            "id": self.id,
            "name": self.name,
            "role": self.role,
            "state": self.state,
            "created": self.created.isoformat(),
            "expires": self.expires.isoformat() if self.expires else None,
            "revoked": self.revoked.isoformat() if self.revoked else None,
        }


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key with its secret, which is shown this once."""

    key: Key
    token: str


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in of the page."""

    token: str
    """What the cookie holds; only its hash is kept."""
    expires: datetime.datetime
    lasts: datetime.timedelta
    """From now until then."""


class Keys:
    """All keys of a library. Threads and processes may share them; each call is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        create_tables(database, _metadata)

    def create(self, name: str, role: Role, *, expires: datetime.datetime | None = None) -> NewKey:
        """Make a key.

        Raises:
            KeyNameError: the name is empty, too long, or that of a key that is not revoked.
        """
        name = name.strip()
        if len(name) > LONGEST_NAME or not re.fullmatch(NAME, name):
            raise KeyNameError(
                f"{name!r} is no name for a key: give 1 to {LONGEST_NAME} characters on one line, "
                "such as the program or person that it is for"
            )
        expires = expires.astimezone(datetime.UTC) if expires else None
        key_id = secrets.token_hex(4)
        token = f"{_PREFIX}_{key_id}_{secrets.token_urlsafe(_RANDOM_BYTES)}"
        try:
            with self._engine.begin() as connection:
                now = clock(connection)
                connection.execute(
                    sa.insert(_keys).values(
                        id=key_id,
                        name=name,
                        role=role,
                        hash=_hash(token),
                        created=_naive(now),
                        expires=_naive(expires) if expires else None,
                    )
                )
        except sa.exc.IntegrityError as error:
            raise KeyNameTakenError(
                f"there is a key with the name {name!r} already: choose another name, or revoke that key first"
            ) from error
        return NewKey(Key(key_id, name, role, now, expires, None, _state(expires, None, now)), token)

    def all(self) -> list[Key]:
        """All keys that were ever made, the oldest first."""
        with self._engine.begin() as connection:
            now = clock(connection)
            rows = connection.execute(sa.select(_keys).order_by(_keys.c.created, _keys.c.id))
            return [_key(row, now) for row in rows]

    def revoke(self, name_or_id: str) -> Key | None:
        """End a key, and the sessions that it opened; None where no key in force goes by this name or id."""
        with self._engine.begin() as connection:
            of_id, of_name = (
                connection.scalar(sa.select(_keys.c.id).where(column == name_or_id, _keys.c.revoked.is_(None)))
                for column in (_keys.c.id, _keys.c.name)
            )
            key_id = of_id or of_name
            if key_id is None:
                return None
            now = clock(connection)
            connection.execute(sa.update(_keys).where(_keys.c.id == key_id).values(revoked=_naive(now)))
            connection.execute(sa.delete(_sessions).where(_sessions.c.key_id == key_id))
            return _key(connection.execute(sa.select(_keys).where(_keys.c.id == key_id)).one(), now)

    def were_made(self) -> bool:
        """Whether a key was ever made: then nobody gets in without one, though all were revoked since."""
        with self._engine.begin() as connection:
            return connection.execute(sa.select(_keys.c.id).limit(1)).first() is not None

    def any_in_force(self) -> bool:
        """Whether there is a key that opens the door now."""
        return any(key.state == "in force" for key in self.all())

    def check(self, token: str) -> Key:
        """The key that a token is.

        Raises:
            KeyRejectedError: it is unknown, expired or revoked.
        """
        with self._engine.begin() as connection:
            found = first_and_clock(connection, sa.select(_keys).where(_keys.c.id == _id_of(token)))
        # Compared in constant time, and also where there is no such id: the time tells nothing of what is kept.
        kept = found[0].hash if found is not None else bytes(32)
        if not hmac.compare_digest(kept, _hash(token)) or found is None:
            raise KeyRejectedError("the key is not known here")
        return _in_force(_key(*found))

    def sign_in(self, token: str) -> Session:
        """Open a session of the page with a key.

        Raises:
            KeyRejectedError: the key is unknown, expired or revoked.
        """
        key = self.check(token)
        with self._engine.begin() as connection:
            now = clock(connection)
            expires = min(now + SESSION, key.expires or now + SESSION)
            session = Session(secrets.token_urlsafe(_RANDOM_BYTES), expires, expires - now)
            connection.execute(sa.delete(_sessions).where(_sessions.c.expires <= _naive(now)))
            connection.execute(
                sa.insert(_sessions).values(hash=_hash(session.token), key_id=key.id, expires=_naive(session.expires))
            )
        return session

    def check_session(self, token: str) -> Key:
        """The key that opened a session.

        Raises:
            KeyRejectedError: the session has ended, or its key is expired or revoked.
        """
        # Found by its hash: whoever measures the look-up learns of the hash, which does not lead back to the token.
        with self._engine.begin() as connection:
            found = first_and_clock(
                connection,
                sa.select(_keys, _sessions.c.expires.label("ends"))
                .join(_sessions, _sessions.c.key_id == _keys.c.id)
                .where(_sessions.c.hash == _hash(token)),
            )
        if found is None or _aware(found[0].ends) <= found[1]:
            raise KeyRejectedError("the session has ended")
        return _in_force(_key(*found))

    def sign_out(self, token: str) -> None:
        """End a session; one that has ended stays so."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(_sessions).where(_sessions.c.hash == _hash(token)))


@contextmanager
def open_keys(settings: Settings) -> Iterator[Keys]:
    """The keys of the settings' library, also while a server has it open.

    Raises:
        CatalogError: the catalog cannot be opened.
        OSError: the data folder cannot be made.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with closing(Catalog.at(settings.data_dir, settings.catalog_url)) as catalog:
        yield Keys(catalog.database)


def _in_force(key: Key) -> Key:
    if key.state != "in force":
        raise KeyRejectedError(f"the key {key.name!r} is {key.state}")
    return key


def _id_of(token: str) -> str:
    parts = token.split("_", 2)
    return parts[1] if len(parts) == 3 and parts[0] == _PREFIX and parts[1].isalnum() else ""


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _key(row: Any, now: datetime.datetime) -> Key:
    expires, revoked = _optional(row.expires), _optional(row.revoked)
    return Key(row.id, row.name, row.role, _aware(row.created), expires, revoked, _state(expires, revoked, now))


def _state(expires: datetime.datetime | None, revoked: datetime.datetime | None, now: datetime.datetime) -> KeyState:
    if revoked is not None:
        return "revoked"
    return "expired" if expires is not None and expires <= now else "in force"


def _optional(when: datetime.datetime | None) -> datetime.datetime | None:
    return _aware(when) if when is not None else None


def _naive(when: datetime.datetime) -> datetime.datetime:
    """As it stands in the database: UTC, and not saying so."""
    return when.astimezone(datetime.UTC).replace(tzinfo=None)


def _aware(when: datetime.datetime) -> datetime.datetime:
    return when.replace(tzinfo=datetime.UTC)
