"""The chat: questions to turns on the page, as they come from the assistant, and kept as they go."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr
from pydantic import ValidationError

from assistant.answer import Answer, Turn
from assistant.assistant import QuestionError
from assistant.conversations import NO_ANSWER, NotKeptError
from assistant.http.owner import owner_of
from assistant.http.schemas import FilterFields
from assistant.parts import Parts
from assistant.ui import render
from assistant.ui.examples import example_questions
from assistant.ui.views import TurnView, kept_view, library_view, turn_view
from corpus.filters import Filters
from index.errors import LibraryError

Sent = dict[str, Any]
"""What goes to the page: ``turns`` to show, each as ``html`` and ``sources``, and the ``conversation`` they are of.

``whole``: they are all of it, with the ``welcome`` to show where there are none. ``failed``: something went wrong.
"""

_CONCURRENT = 8
"""Questions that are answered at once; more wait in Gradio's queue."""
_EVERY = 0.05
"""Seconds between two pictures of an answer that comes bit by bit."""


def add_chat(parts: Parts) -> None:
    """The chat's part of the page, and what happens in it."""
    chat = gr.HTML(
        html_template=render.skeleton("chat", stopped=NO_ANSWER),
        js_on_load=render.script("chat"),
        elem_id="dl-chat",
        apply_default_css=False,
    )

    def begin(event: gr.EventData, request: gr.Request) -> Sent:
        """The conversation that was asked for, or an empty one."""
        conversation_id = str(event.conversation or "")
        welcome = render.welcome(library_view(parts.library.stats()), example_questions(parts.library))
        try:
            turns = parts.conversations.get(_owner(request), conversation_id).turns if conversation_id else ()
        except NotKeptError:
            conversation_id, turns = "", ()
        shown = [_sent(kept_view(turn, parts.library)) for turn in turns]
        return {"whole": True, "conversation": conversation_id, "welcome": welcome, "turns": shown}

    def ask(event: gr.EventData, request: gr.Request) -> Iterator[Sent]:
        """The turn as it grows."""
        question, number, owner = str(event.question), int(event.number), _owner(request)
        conversation_id = str(event.conversation or "")
        failed = TurnView(number=number, question=question, state="failed")
        try:
            filters = FilterFields.model_validate(event.filters).filters
            conversation_id = conversation_id or parts.conversations.create(owner).id
            history = parts.conversations.history(owner, conversation_id)
            # What was asked is kept before it is answered: it outlives a stop, a closed page and a fallen server.
            waiting = parts.conversations.begin(owner, conversation_id, question.strip(), filters)
            try:
                for view, answer in grow(parts, number, question, history, filters):
                    if answer is not None:
                        parts.conversations.finish(owner, conversation_id, waiting, answer)
                    yield {"conversation": conversation_id, "turns": [_sent(view)]}
            except QuestionError:
                parts.conversations.take_back(owner, conversation_id, waiting)
                raise
        except ValidationError as error:
            yield {"turns": [_sent(replace(failed, error=f"The filters can't be used: {error.errors()[0]['msg']}."))]}
        except (QuestionError, NotKeptError, LibraryError) as error:
            said = str(error).rstrip(".")
            yield {"turns": [_sent(replace(failed, error=f"{said[:1].upper()}{said[1:]}."))]}

    chat.begin(begin, None, chat, show_progress="hidden", queue=False, api_visibility="private")
    asking = chat.ask(
        ask,
        None,
        chat,
        show_progress="hidden",
        concurrency_limit=_CONCURRENT,
        trigger_mode="multiple",
        api_visibility="private",
    )
    asking.failure(
        lambda: {"turns": [], "failed": True}, None, chat, show_progress="hidden", queue=False, api_visibility="private"
    )
    chat.stop(None, cancels=[asking], queue=False, api_visibility="private")


def grow(
    parts: Parts, number: int, question: str, history: Sequence[Turn], filters: Filters
) -> Iterator[tuple[TurnView, Answer | None]]:
    """A turn as it grows: first the question alone, then what has come of the answer, at last the answer.

    Raises:
        QuestionError: the question cannot be asked.
    """
    pending = TurnView(number=number, question=question.strip(), state="pending")
    yield pending, None
    text = ""
    shown = time.monotonic()
    for event in parts.assistant.stream(question, history=history, filters=filters):
        if event.type == "delta":
            text += event.data["text"]
            if time.monotonic() - shown >= _EVERY:
                shown = time.monotonic()
                yield replace(pending, partial=text), None
        elif event.answer is not None:
            yield turn_view(number, event.answer.to_dict(), parts.library), event.answer


def _sent(view: TurnView) -> Sent:
    return {"html": render.turn(view), "sources": render.sources(view)}


def _owner(request: gr.Request) -> str:
    if request.request is None:
        raise TypeError("an event of the page comes with its request")
    return owner_of(request.request)
