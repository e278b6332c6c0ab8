"""``/metrics``: what Prometheus reads. Counts and times, never the text of a question or the name of a document."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.responses import Response
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.answer import Answer
from assistant.http.caller import Caller
from assistant.http.limits import Turns
from assistant.parts import Parts
from assistant.uploads import UploadResult

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)

log = logging.getLogger(__name__)


class Metrics:
    """What is counted while a server runs; each server has its own."""

    def __init__(self, parts: Parts, turns: Turns) -> None:
        self.registry = CollectorRegistry()
        self._questions = Counter(
            "dateline_questions", "Questions, by whether they were answered.", ["answered"], registry=self.registry
        )
        for answered in ("true", "false"):
            self._questions.labels(answered)
        self._steps = Histogram(
            "dateline_question_seconds",
            "Time that a question took, by step; total is all of them.",
            ["step"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._added = Counter(
            "dateline_documents_received",
            "Documents that came in over HTTP, by what became of them.",
            ["status"],
            registry=self.registry,
        )
        self._requests = Counter(
            "dateline_requests", "Requests, by route and status.", ["method", "route", "status"], registry=self.registry
        )
        self._request_seconds = Histogram(
            "dateline_request_seconds",
            "Time from a request to the end of its answer, streams included.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        running = Gauge("dateline_requests_running", "Requests that are worked on.", registry=self.registry)
        running.set_function(lambda: turns.running)
        waiting = Gauge("dateline_requests_waiting", "Requests that wait for their turn.", registry=self.registry)
        waiting.set_function(lambda: turns.waiting)
        self.registry.register(_Held(parts))
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    def count_answer(self, answer: Answer) -> None:
        self._questions.labels(str(answer.answered).lower()).inc()
        for step, milliseconds in answer.timings_ms.items():
            self._steps.labels(step).observe(milliseconds / 1000)

    def counted(self, results: list[UploadResult]) -> list[UploadResult]:
        """The results, which are now counted."""
        for result in results:
            self._added.labels(result.status).inc()
        return results

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)


class _Held(Collector):
    """How much the library holds, read when it is asked for."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[GaugeMetricFamily]:
        held = self._parts.library.stats()
        for name, value in (
            ("documents", held.documents),
            ("passages", held.passages),
            ("sentences", held.sentences),
        ):
            yield GaugeMetricFamily(f"dateline_{name}", f"{name.capitalize()} that the library holds.", value=value)


class Record:
    """Counts and logs every request; in front of all else, so that refusals are seen too."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        since = time.perf_counter()
        status = 500  # what becomes of an exception that nobody takes

        async def send_seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        path: str = scope["path"]
        try:
            await self._app(scope, receive, send_seen)
        finally:
            seconds = time.perf_counter() - since
            route = _route(scope, path)
            self._metrics.count_request(scope["method"], route, status, seconds)
            if route != "page" or status >= 400:
                caller: Caller | None = scope.get("state", {}).get("caller")
                log.info(
                    "request",
                    extra={
                        "method": scope["method"],
                        "path": quote(path),  # without its query, which may hold a question
                        "status": status,
                        "ms": round(seconds * 1000, 1),
                        "caller": caller.name if caller is not None else None,
                    },
                )


def install(app: FastAPI, metrics: Metrics) -> None:
    """Add the route to the app."""

    @app.get("/metrics", tags=["operations"], response_class=Response, responses={200: _TEXT})
    def read_metrics() -> Response:
        """Counts and times in Prometheus' text format."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_PLAIN_1_0_0)


_TEXT: dict[str, object] = {"content": {"text/plain": {"schema": {"type": "string"}}}}


def _route(scope: Scope, path: str) -> str:
    """The route's template: as many values as there are routes, whatever is asked for."""
    template = getattr(scope.get("route"), "path", None)
    if path.startswith(("/v1/", "/mcp")):
        return template if isinstance(template, str) and template.startswith(("/v1/", "/mcp")) else "none"
    if isinstance(template, str) and path == template:
        return template
    return "page"
