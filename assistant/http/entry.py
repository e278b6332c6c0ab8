"""What stands before the routes, in order, and what of a running server they share."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from assistant.http.access import Access, is_loopback
from assistant.http.closing import Closable, Closing
from assistant.http.guard import Guard
from assistant.http.limits import Limits, Turns
from assistant.http.metrics import Metrics, Record
from assistant.http.rates import Rates
from assistant.keys import Keys
from assistant.parts import Parts
from assistant.settings import Settings
from assistant.shared_rates import SharedRates
from corpus.database import PostgresDatabase

_FORM_OVERHEAD = 1 << 20
"""Bytes that a multipart form may have beside its files."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server at work: who has a turn, what is counted, and whether it ends."""

    turns: Turns
    metrics: Metrics
    closing: Closing

    @classmethod
    def start(cls, parts: Parts, settings: Settings) -> Running:
        """At the beginning: nothing runs, and every answer is counted from now on."""
        turns = Turns(
            most=settings.max_concurrent, most_waiting=settings.max_waiting, seconds=settings.max_request_seconds
        )
        metrics = Metrics(parts, turns)
        parts.assistant.tell(metrics.count_answer)
        return cls(turns, metrics, Closing())


def install(app: FastAPI, parts: Parts, keys: Keys, running: Running, settings: Settings) -> None:
    """Put everything before the app's routes; what is added last stands in front."""
    database = parts.catalog.database
    shared = (
        SharedRates(database, settings.requests_per_minute)
        if parts.library.shared and isinstance(database, PostgresDatabase)
        else None
    )
    rates = Rates(settings.requests_per_minute, shared)
    app.add_middleware(Limits, rates=rates, turns=running.turns, seconds=settings.max_request_seconds)
    app.add_middleware(Access, keys=keys, rates=rates, loopback_only=is_loopback(settings.host))
    # Also without origins: Gradio, mounted below, brings rules of its own where its parent has none.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["*"],
        allow_headers=["*"],  # clients of browsers send many of their own
        expose_headers=["Retry-After", "X-Request-ID"] if settings.cors_origins else [],
    )
    app.add_middleware(
        Guard, most_bytes=settings.max_upload_bytes + _FORM_OVERHEAD, trusted_origins=settings.cors_origins
    )
    app.add_middleware(Closable, closing=running.closing)
    app.add_middleware(Record, metrics=running.metrics)
