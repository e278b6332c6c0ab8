"""The headers that every answer has."""

from __future__ import annotations

from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.types import Scope

_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # Gradio compiles its templates in the browser
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
"""Of every answer that brings none of its own: nothing is loaded from, or sent to, another site."""


def add_headers(headers: MutableHeaders, scope: Scope) -> None:
    """Give an answer the headers that each has."""
    headers["X-Request-ID"] = scope["state"]["request_id"]
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["X-Frame-Options"] = "SAMEORIGIN"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    if scope["scheme"] == "https":
        headers["Strict-Transport-Security"] = "max-age=31536000"
    headers.setdefault("Content-Security-Policy", _POLICY)
    if scope["path"].startswith("/v1/"):
        headers.setdefault("Cache-Control", "no-store")


def as_attachment(name: str) -> dict[str, str]:
    """The header of a body that a browser saves under a name of any letters (RFC 6266)."""
    return {"Content-Disposition": f"attachment; filename*=utf-8''{quote(name, safe='')}"}
