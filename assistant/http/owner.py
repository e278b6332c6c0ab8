"""Whose conversations a request may see."""

from __future__ import annotations

from fastapi import Request

from assistant.conversations import LOCAL


def owner_of(request: Request) -> str:
    """The id of the key that the request came with (``request.state.owner``), or ``LOCAL`` where no key was needed."""
    owner: str = getattr(request.state, "owner", LOCAL)
    return owner
