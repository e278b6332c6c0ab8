"""Where the servers of a library are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class ChromaServer:
    """Where a Chroma server is."""

    url: str
    """``http://host:8000``, or with a tenant and a database: ``https://host/?tenant=T&database=D``."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with each request: a token, for one."""

    @property
    def place(self) -> str:
        """The URL as messages show it: without user, password and query."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}:{self.port}{parts.path.rstrip('/')}"

    @property
    def port(self) -> int:
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)
