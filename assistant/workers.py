"""Several processes behind one port, on a library whose catalog and vectors are on servers.

The parent holds the port and starts the workers, which all take connections from it. One that ends is replaced; when
the parent ends, so do they.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import secrets
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.http.page_worker import Worker
from assistant.server import SECONDS_TO_END, serve_worker
from index.errors import LibraryUnusableError

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from assistant.parts import Parts
    from assistant.settings import Settings

log = logging.getLogger(__name__)

_LOOKS = 0.5
"""Seconds between two looks at the workers where none ends."""
_PAUSE = 2.0
"""Seconds between two starts of one worker at least."""
_READY = ""
"""What a worker says when it takes requests; anything else is why it can't."""


class _Place:
    """A worker's place, which one process after another may take."""

    def __init__(self, worker: Worker, settings: Settings, listener: socket.socket) -> None:
        self._worker = worker
        self._settings = settings
        self._listener = listener
        self._started = 0.0
        self._process: SpawnProcess | None = None
        self._said: Connection | None = None
        self.ready = False

    def start(self, prepare: Callable[[Parts], None] | None = None) -> None:
        said, says = multiprocessing.Pipe(duplex=False)
        self._process = multiprocessing.get_context("spawn").Process(
            target=_work,
            args=(self._settings, self._listener, self._worker, says, prepare),
            name=f"worker-{self._worker.number}",
        )
        self._process.start()
        says.close()
        self._started, self._said, self.ready = time.monotonic(), said, False

    def listen(self) -> None:
        """Take note of what the worker says.

        Raises:
            LibraryUnusableError: it can't start. The message is its own.
        """
        while self._said is not None and self._said.poll():
            try:
                why = self._said.recv()
            except EOFError:
                self._said.close()
                self._said = None
                return
            if why != _READY:
                raise LibraryUnusableError(why)
            self.ready = True

    @property
    def ended(self) -> bool:
        return self._process is not None and self._process.exitcode is not None

    @property
    def may_start(self) -> bool:
        return time.monotonic() - self._started > _PAUSE

    @property
    def sentinels(self) -> list[int | Connection]:
        return [*([self._process.sentinel] if self._process and not self.ended else []), *filter(None, [self._said])]

    def __str__(self) -> str:
        return f"worker {self._worker.number} (process {self._process.pid if self._process else 'none'})"

    def terminate(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def join(self, deadline: float) -> None:
        if self._process is not None:
            self._process.join(max(0.0, deadline - time.monotonic()))
            if self._process.exitcode is None:
                log.warning("%s did not end in time and is killed", self)
                self._process.kill()
                self._process.join()


def serve_with_workers(
    settings: Settings,
    listener: socket.socket,
    url: str,
    *,
    announce: Callable[[str], None],
    prepare: Callable[[Parts], None] | None,
) -> None:
    """Serve by ``settings.workers`` processes until SIGINT or SIGTERM.

    Args:
        announce: told the URL once all of them take requests.
        prepare: done by the first, before any takes requests.

    Raises:
        LibraryUnusableError: a worker can't start, for a reason of its own.
    """
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    with tempfile.TemporaryDirectory(prefix="dateline-") as folder:  # which no other user may look into
        secret = secrets.token_urlsafe()
        places = [
            _Place(Worker(number, settings.workers, Path(folder), secret), settings, listener)
            for number in range(settings.workers)
        ]
        try:
            places[0].start(prepare)  # alone: it makes what is not there yet
            _until_ready(places[:1], ending)
            for place in places[1:]:
                place.start()
            _until_ready(places, ending)
            if not ending.is_set():
                announce(url)
            while not ending.is_set():
                _look(places)
        finally:
            for place in places:
                place.terminate()
            deadline = time.monotonic() + SECONDS_TO_END
            for place in places:
                place.join(deadline)


def _until_ready(places: list[_Place], ending: threading.Event) -> None:
    while not ending.is_set() and not all(place.ready for place in places):
        _wait(places)
        for place in places:
            place.listen()
            if place.ended and not place.ready:
                raise LibraryUnusableError(f"{place} ended before it could serve: the log says more")


def _look(places: list[_Place]) -> None:
    _wait(places)
    for place in places:
        try:
            place.listen()
        except LibraryUnusableError as error:
            log.warning("%s can't start and is tried again: %s", place, error)
        if place.ended and place.may_start:
            log.warning("%s has ended: another takes its place", place)
            place.start()


def _wait(places: list[_Place]) -> None:
    wait([sentinel for place in places for sentinel in place.sentinels], timeout=_LOOKS)


def _work(
    settings: Settings,
    listener: socket.socket,
    worker: Worker,
    says: Connection,
    prepare: Callable[[Parts], None] | None,
) -> None:
    """What a worker's process does."""
    from assistant.settings import SettingsError
    from index.errors import LibraryError

    def say(what: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # the parent has ended, and this process is about to
            says.send(what)

    threading.Thread(target=_end_with_parent, name="watch-parent", daemon=True).start()
    try:
        serve_worker(settings, listener, worker, announce=lambda _: say(_READY), prepare=prepare)
    except (LibraryError, SettingsError) as error:
        say(str(error))
    except KeyboardInterrupt:
        log.info("interrupted")


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
