"""The page and the API behind one port."""

from __future__ import annotations

import errno
import importlib
import logging
import signal
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from assistant.http.page_worker import Worker
    from assistant.parts import Parts
    from assistant.settings import Settings

log = logging.getLogger(__name__)

_BACKLOG = 128
_LAST_ANSWERS = 30
"""Seconds that running answers are given when the server ends."""
_LAST_REQUESTS = 5
"""Seconds that connections are given after that."""
SECONDS_TO_END = _LAST_ANSWERS + _LAST_REQUESTS + 10
"""In which a server that is told to has ended."""


class PortError(Exception):
    """The address can't be listened on. The message says why and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises PortError with one sentence.
    """
    advice = "choose another with --port or DATELINE_PORT"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise PortError(
            f"The host {host!r} is not an address of this computer ({error.strerror}); choose another with "
            "--host or DATELINE_HOST."
        ) from error
    listener = socket.socket(family, kind, protocol)
    try:
        # A port that an ended server left in TIME_WAIT is free; one that a server listens on is not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortError(f"Port {port} on {host} is used by another program; {advice}.") from error
        if error.errno == errno.EACCES:
            raise PortError(f"Port {port} may not be used by this user; {advice}.") from error
        raise PortError(f"Port {port} on {host} can't be listened on: {error.strerror}.") from error
    return listener


def check_keys(settings: Settings) -> None:
    """Make sure that a server which others can reach has a key.

    Raises:
        PortError: it has none. The message says how to make one.
        LibraryUnusableError: the catalog, where the keys stand, can't be opened.
    """
    from assistant.http.access import is_loopback
    from assistant.keys import open_keys
    from corpus.errors import CatalogError
    from index.errors import LibraryUnusableError

    if is_loopback(settings.host):
        return
    try:
        with open_keys(settings) as keys:
            if keys.any_in_force():
                return
    except (CatalogError, OSError) as error:
        raise LibraryUnusableError(f"the keys can't be read: {error}") from error
    raise PortError(
        f"Others can reach {settings.host}, and there is no key that keeps them out: make one with "
        "`dateline keys create NAME`, or listen on 127.0.0.1."
    )


def url_of(listener: socket.socket) -> str:
    """Where a browser on this computer reaches the socket."""
    host, port = listener.getsockname()[:2]
    return url_at(host, port)


def url_at(host: str, port: int) -> str:
    """Where a browser on this computer reaches what listens there."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 — compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve_forever(
    settings: Settings,
    *,
    announce: Callable[[str], None],
    prepare: Callable[[Parts], None] | None = None,
) -> None:
    """Open the parts and serve the page and the API until SIGINT or SIGTERM.

    Args:
        announce: told the URL once requests are taken.
        prepare: done with the parts before requests are taken.

    Raises:
        PortError: the port can't be had, or would let in whoever reaches it; nothing else was done.
        LibraryError: the library can't be opened.
    """
    check_workers(settings)
    with listen(settings.host, settings.port) as listener:
        from assistant.logs import configure_logs

        configure_logs(settings.log_format)
        check_keys(settings)
        if settings.workers > 1:
            from assistant.workers import serve_with_workers

            serve_with_workers(settings, listener, url_of(listener), announce=announce, prepare=prepare)
        else:
            _open_and_serve(settings, listener, announce, prepare)


def check_workers(settings: Settings) -> None:
    """
    Raises:
        SettingsError: several processes are asked for, and the library is one that only one may write to.
    """
    from assistant.settings import SettingsError

    if settings.workers > 1 and (settings.catalog_url is None or settings.chroma_server is None):
        raise SettingsError(
            f"{settings.workers} workers need a library that several processes may write to: set DATELINE_DATABASE_URL "
            "and DATELINE_CHROMA_URL, which keep the catalog and the vectors on servers, or serve with one worker"
        )


def serve_worker(
    settings: Settings,
    listener: socket.socket,
    worker: Worker,
    *,
    announce: Callable[[str], None],
    prepare: Callable[[Parts], None] | None,
) -> None:
    """As ``serve_forever``, as one of several processes behind a port that another one holds."""
    from assistant.logs import configure_logs

    configure_logs(settings.log_format)
    _open_and_serve(settings, listener, announce, prepare, worker)


def _open_and_serve(
    settings: Settings,
    listener: socket.socket,
    announce: Callable[[str], None],
    prepare: Callable[[Parts], None] | None,
    worker: Worker | None = None,
) -> None:
    # The longest import of all, begun while the library is opened, which for the most part waits for another process.
    threading.Thread(
        target=importlib.import_module, args=("sentence_transformers",), name="import-models", daemon=True
    ).start()
    from assistant.logs import answer_log
    from assistant.parts import open_parts

    parts = open_parts(settings)
    try:
        parts.assistant.tell(answer_log(questions=settings.log_questions))
        if prepare is not None:
            prepare(parts)
        serve(parts, settings, listener, announce, worker)
    finally:
        parts.close()


def serve(
    parts: Parts,
    settings: Settings,
    listener: socket.socket,
    announce: Callable[[str], None],
    worker: Worker | None = None,
) -> None:
    """Serve parts that are open, until SIGINT or SIGTERM; running answers are finished first.

    Args:
        worker: which of the processes behind the port this is, where there are several.
    """
    # The models load while the page's own imports run and while the first visitor reads the page.
    threading.Thread(target=_warm, args=(parts,), name="warm-models", daemon=True).start()

    import uvicorn

    from assistant.http.api import create_app
    from assistant.ui.page import mount_page

    app = mount_page(create_app(parts, settings), parts, settings)
    url = url_of(listener)

    running = app.state.running

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                announce(url)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await running.closing.finish(
                lambda: running.turns.running + running.turns.waiting + parts.assistant.running,
                seconds=_LAST_ANSWERS,
                hurry=lambda: self.force_exit,
            )
            await super().shutdown(sockets)

    sockets = [listener]
    if worker is not None:
        from assistant.http.page_worker import PageWorker

        sockets.append(_own_socket(worker))
    config = uvicorn.Config(
        PageWorker(app, worker=worker) if worker is not None else app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_LAST_REQUESTS,
    )
    # uvicorn hands a signal on once it has ended; as an exception it still lets the library close.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        Server(config).run(sockets=sockets)
    except KeyboardInterrupt:
        log.info("interrupted")


def _own_socket(worker: Worker) -> socket.socket:
    """Where the other workers reach this one."""
    path = worker.socket(worker.number)
    path.unlink(missing_ok=True)  # that of the process whose place this one takes
    own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    own.bind(str(path))
    own.listen(_BACKLOG)
    return own


def _warm(parts: Parts) -> None:
    from index.errors import LibraryError

    try:
        parts.assistant.draft("Is everything loaded?")
    except LibraryError as error:
        log.warning("the models could not be loaded: %s", error)


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
