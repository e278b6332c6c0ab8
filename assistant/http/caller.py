"""Who sends a request, and how the page's requests tell."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from assistant.keys import ROLES, Role

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods that may change something."""
LOGIN = "/login"
LOGOUT = "/logout"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    name: str
    """The key's, or ``local`` while no key was made."""
    role: Role
    key_id: str | None
    """None while no key was made."""

    def may(self, role: Role) -> bool:
        """Whether this caller's role includes another."""
        return ROLES.index(self.role) >= ROLES.index(role)


def caller_of(connection: HTTPConnection) -> Caller:
    """Who sends a request that has passed ``Access``; for routes, and for the page's ``gr.Request.request``."""
    caller: Caller = connection.scope["state"]["caller"]
    return caller


def cookie_name(connection: HTTPConnection) -> str:
    """Of the page's session. Over TLS the name itself keeps other hosts and plain HTTP from setting it."""
    return "__Host-dateline" if connection.url.scheme == "https" else "dateline"
