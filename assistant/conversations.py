"""Conversations: turns with their citations, and what people thought of the answers, kept beside the catalog.

A question may be kept before it is answered; where no answer comes it stays, and says so.

Every conversation has an owner, and nobody else can tell that it is there. All times are those of the database's clock,
so that what was used last comes first whichever process it was used through.
"""

from __future__ import annotations

import datetime
import textwrap
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from assistant.answer import Answer, Step, Trace, Turn
from assistant.kept_answer import from_kept, to_kept
from corpus.catalog import Catalog
from corpus.database import clock, create_tables
from corpus.filters import Filters

LOCAL = "local"
"""The owner of what is kept where no keys were made: whoever uses this computer."""
LONGEST_TITLE = 200
"""Characters."""
NO_ANSWER = "This was stopped before it was answered."

Rating = Literal["up", "down"]

_STOPPED = "stopped"
"""Name of the only step of a turn that has no answer."""
_TITLE_OF_QUESTION = 80
"""Characters of the first question that become the title of a conversation without one."""
_LOOKED_BACK = 20
"""Turns that a question is asked after."""

_metadata = sa.MetaData()

_conversations = sa.Table(
    "conversations",
    _metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("owner", sa.String, nullable=False, index=True),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated", sa.DateTime(timezone=True), nullable=False, index=True),
)

_turns = sa.Table(
    "turns",
    _metadata,
    sa.Column("answer_id", sa.String, primary_key=True),
    sa.Column(
        "conversation_id", sa.String, sa.ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("answer", sa.JSON, nullable=False),
    sa.Column("asked", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("conversation_id", "number"),
)

_feedback = sa.Table(
    "feedback",
    _metadata,
    sa.Column("answer_id", sa.String, sa.ForeignKey("turns.answer_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("rating", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("given", sa.DateTime(timezone=True), nullable=False),
)


TABLES = tuple(_metadata.sorted_tables)


class NotKeptError(LookupError):
    """There is no such conversation or answer, or it is somebody else's: the two are not told apart."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody thought of an answer."""

    rating: Rating
    reason: str
    """In the user's words; may be empty."""
    given: datetime.datetime
    """UTC."""

    def to_dict(self) -> dict[str, Any]:
        return {"rating": self.rating, "reason": self.reason, "given": self.given.isoformat()}


@dataclass(frozen=True, slots=True)
class KeptTurn:
    """A question and its answer; quotes whose document was deleted or changed since are withheld."""

    number: int
    """Counted from 1."""
    asked: datetime.datetime
    """UTC."""
    answer: Answer
    feedback: Feedback | None

    def to_dict(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "asked": self.asked.isoformat(),
            "answer": self.answer.to_dict(),
            "feedback": self.feedback.to_dict() if self.feedback else None,
        }


@dataclass(frozen=True, slots=True)
class ConversationInfo:
    """A conversation without its turns."""

    id: str
    title: str
    """Given, or taken from the first question; empty before that."""
    created: datetime.datetime
    """UTC."""
    updated: datetime.datetime
    """UTC; when the last turn was added, or the title changed."""
    turns: int

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "created": self.created.isoformat(),
            "updated": self.updated.isoformat(),
            "turns": self.turns,
        }


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with its turns, the first one first."""

    info: ConversationInfo
    turns: tuple[KeptTurn, ...]

    def to_dict(self) -> dict[str, Any]:
        return {**self.info.to_dict(), "turns": [turn.to_dict() for turn in self.turns]}


class Conversations:
    """The kept conversations. Threads may share it; each call is a transaction of its own.

    ``owner`` is the id of a key, or ``LOCAL``. Every call that names a conversation raises NotKeptError where the owner
    has none of that id.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._making = threading.Lock()
        self._made = False

    @property
    def _engine(self) -> sa.Engine:
        """With the tables, which are made for the first conversation: most commands never look at one."""
        with self._making:
            if not self._made:
                create_tables(self._catalog.database, _metadata)
                self._made = True
        return self._catalog.engine

    def create(self, owner: str, title: str = "") -> ConversationInfo:
        with self._engine.begin() as connection:
            now = clock(connection)
            info = ConversationInfo(uuid.uuid4().hex, title, now, now, 0)
            connection.execute(
                sa.insert(_conversations).values(id=info.id, owner=owner, title=title, created=now, updated=now)
            )
        return info

    def infos(self, owner: str, *, limit: int = 50, offset: int = 0) -> list[ConversationInfo]:
        """Those of an owner, the last used first."""
        statement = (
            _infos(owner).order_by(_conversations.c.updated.desc(), _conversations.c.id).limit(limit).offset(offset)
        )
        with self._engine.begin() as connection:
            return [_info(row) for row in connection.execute(statement)]

    def count(self, owner: str) -> int:
        statement = sa.select(sa.func.count()).select_from(_conversations).where(_conversations.c.owner == owner)
        with self._engine.begin() as connection:
            return connection.scalar(statement) or 0

    def info(self, owner: str, conversation_id: str) -> ConversationInfo:
        with self._engine.begin() as connection:
            return _only(connection, owner, conversation_id)

    def get(self, owner: str, conversation_id: str) -> Conversation:
        with self._engine.begin() as connection:
            info = _only(connection, owner, conversation_id)
            rows = connection.execute(_kept(conversation_id).order_by(_turns.c.number)).all()
        return Conversation(info, tuple(self._turn(row) for row in rows))

    def rename(self, owner: str, conversation_id: str, title: str) -> ConversationInfo:
        with self._engine.begin() as connection:
            _touch(connection, owner, conversation_id, title=title)
            return _only(connection, owner, conversation_id)

    def delete(self, owner: str, conversation_id: str) -> None:
        """Delete a conversation with its turns and their feedback."""
        with self._engine.begin() as connection:
            deleted = connection.execute(sa.delete(_conversations).where(*_owned(owner, conversation_id)))
        if not deleted.rowcount:
            raise _not_kept(conversation_id)

    def append(self, owner: str, conversation_id: str, answer: Answer) -> int:
        """Keep an answer as the last turn; returns its number.

        A conversation without a title takes the first question for it.
        """
        with self._engine.begin() as connection:
            return _add(connection, owner, conversation_id, answer)

    def begin(self, owner: str, conversation_id: str, question: str, filters: Filters) -> str:
        """Keep a question as the last turn before it is answered; returns the id that it waits under.

        Until ``finish`` puts the answer in its place it reads as stopped, and for good where none comes. The last
        question, where it was stopped and is asked again, keeps its place.
        """
        waiting = _stopped(question, filters)
        with self._engine.begin() as connection:
            _touch(connection, owner, conversation_id)
            last = connection.execute(
                sa.select(_turns.c.answer_id, _turns.c.answer)
                .where(_turns.c.conversation_id == conversation_id)
                .order_by(_turns.c.number.desc())
                .limit(1)
            ).one_or_none()
            same = last is not None and last.answer["question"] == question and was_stopped(last.answer["trace"])
            if last is not None and same:
                connection.execute(sa.delete(_turns).where(_turns.c.answer_id == last.answer_id))
            _add(connection, owner, conversation_id, waiting)
        return waiting.id

    def finish(self, owner: str, conversation_id: str, waiting: str, answer: Answer) -> None:
        """Put an answer in the place of the question that waits for it."""
        with self._engine.begin() as connection:
            _touch(connection, owner, conversation_id)
            connection.execute(sa.delete(_feedback).where(_feedback.c.answer_id == waiting))
            put = connection.execute(
                sa.update(_turns)
                .where(_turns.c.answer_id == waiting, _turns.c.conversation_id == conversation_id)
                .values(answer_id=answer.id, answer=to_kept(answer))
            )
            if not put.rowcount:  # the same question was asked twice at once
                _add(connection, owner, conversation_id, answer)

    def take_back(self, owner: str, conversation_id: str, waiting: str) -> None:
        """Forget a question that waits for its answer and cannot have one."""
        with self._engine.begin() as connection:
            _touch(connection, owner, conversation_id)
            connection.execute(
                sa.delete(_turns).where(_turns.c.answer_id == waiting, _turns.c.conversation_id == conversation_id)
            )

    def history(self, owner: str, conversation_id: str) -> list[Turn]:
        """What a further question is asked after, the oldest first."""
        with self._engine.begin() as connection:
            _only(connection, owner, conversation_id)
            rows = connection.execute(_kept(conversation_id).order_by(_turns.c.number.desc()).limit(_LOOKED_BACK)).all()
        answers = [self._turn(row).answer for row in reversed(rows)]
        return [turn for answer in answers for turn in (Turn("user", answer.question), Turn("assistant", answer.text))]

    def rate(self, owner: str, answer_id: str, rating: Rating, reason: str = "") -> Feedback:
        """Keep what the owner thinks of an answer, in place of what they thought before.

        Raises:
            NotKeptError: no conversation of the owner holds the answer.
        """
        with self._engine.begin() as connection:
            feedback = Feedback(rating, reason, clock(connection))
            connection.execute(sa.delete(_feedback).where(_feedback.c.answer_id == answer_id, _answer_of(owner)))
            found = connection.scalar(
                sa.select(_turns.c.answer_id)
                .join(_conversations, _conversations.c.id == _turns.c.conversation_id)
                .where(_turns.c.answer_id == answer_id, _conversations.c.owner == owner)
            )
            if found is None:
                raise NotKeptError(
                    f"No kept conversation holds the answer {answer_id!r}: ask with a conversation_id to rate answers."
                )
            connection.execute(
                sa.insert(_feedback).values(answer_id=answer_id, rating=rating, reason=reason, given=feedback.given)
            )
        return feedback

    def _turn(self, row: Any) -> KeptTurn:
        feedback = Feedback(row.rating, row.reason, _utc(row.given)) if row.rating is not None else None
        return KeptTurn(row.number, _utc(row.asked), from_kept(row.answer, self._catalog), feedback)


def _owned(owner: str, conversation_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return _conversations.c.id == conversation_id, _conversations.c.owner == owner


def _answer_of(owner: str) -> sa.ColumnElement[bool]:
    """That an answer stands in a conversation of the owner."""
    return _feedback.c.answer_id.in_(
        sa.select(_turns.c.answer_id)
        .join(_conversations, _conversations.c.id == _turns.c.conversation_id)
        .where(_conversations.c.owner == owner)
    )


def _infos(owner: str) -> sa.Select[Any]:
    turns = sa.select(sa.func.count()).where(_turns.c.conversation_id == _conversations.c.id).scalar_subquery()
    return sa.select(_conversations, turns.label("turns")).where(_conversations.c.owner == owner)


def _kept(conversation_id: str) -> sa.Select[Any]:
    return (
        sa.select(_turns, _feedback.c.rating, _feedback.c.reason, _feedback.c.given)
        .outerjoin(_feedback, _feedback.c.answer_id == _turns.c.answer_id)
        .where(_turns.c.conversation_id == conversation_id)
    )


def _only(connection: sa.Connection, owner: str, conversation_id: str) -> ConversationInfo:
    row = connection.execute(_infos(owner).where(_conversations.c.id == conversation_id)).one_or_none()
    if row is None:
        raise _not_kept(conversation_id)
    return _info(row)


def _add(connection: sa.Connection, owner: str, conversation_id: str, answer: Answer) -> int:
    """Add the last turn of a conversation, which takes the first question for its title; returns the turn's number."""
    # The update comes first: it takes the lock, so that two turns at once get two numbers.
    now = _touch(connection, owner, conversation_id)
    last = connection.scalar(sa.select(sa.func.max(_turns.c.number)).where(_turns.c.conversation_id == conversation_id))
    number: int = (last or 0) + 1
    connection.execute(
        sa.insert(_turns).values(
            answer_id=answer.id, conversation_id=conversation_id, number=number, answer=to_kept(answer), asked=now
        )
    )
    title = textwrap.shorten(answer.question, _TITLE_OF_QUESTION, placeholder=" …")
    connection.execute(
        sa.update(_conversations)
        .where(_conversations.c.id == conversation_id, _conversations.c.title == "")
        .values(title=title)
    )
    return number


def _stopped(question: str, filters: Filters) -> Answer:
    """What stands in the place of an answer that has not come."""
    return Answer(
        id=uuid.uuid4().hex,
        question=question,
        standalone_question=question,
        answered=False,
        reason=NO_ANSWER,
        confidence=0.0,
        answerer="verbatim",
        text=NO_ANSWER,
        citations=(),
        passages=(),
        trace=Trace(0, None, None, filters, (Step(_STOPPED, {}),)),
    )


def was_stopped(trace: Mapping[str, Any]) -> bool:
    """Whether the trace is that of a question that was stopped before it was answered."""
    return any(step["name"] == _STOPPED for step in trace["steps"])


def _touch(connection: sa.Connection, owner: str, conversation_id: str, **values: str) -> datetime.datetime:
    """Note that a conversation was used now, with other changes of it."""
    now = clock(connection)
    touched = connection.execute(
        sa.update(_conversations).where(*_owned(owner, conversation_id)).values(updated=now, **values)
    )
    if not touched.rowcount:
        raise _not_kept(conversation_id)
    return now


def _info(row: Any) -> ConversationInfo:
    return ConversationInfo(row.id, row.title, _utc(row.created), _utc(row.updated), row.turns)


def _not_kept(conversation_id: str) -> NotKeptError:
    return NotKeptError(f"There is no conversation {conversation_id!r}.")


def _utc(moment: datetime.datetime) -> datetime.datetime:
    """SQLite gives times without their zone."""
    return moment.replace(tzinfo=datetime.UTC) if moment.tzinfo is None else moment
