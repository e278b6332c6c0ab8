"""The port: taken before anything else, and told about where it can't be had."""

from __future__ import annotations

import re

import pytest

from assistant.keys import open_keys
from assistant.server import PortError, check_keys, listen, url_of
from assistant.settings import Settings


def test_a_free_port_is_taken() -> None:
    """Port 0 takes a free one, and the URL tells which."""
    with listen("127.0.0.1", 0) as listener:
        assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_all_addresses_are_reached_by_loopback() -> None:
    """A server on all addresses is shown where this computer reaches it."""
    with listen("0.0.0.0", 0) as listener:  # noqa: S104 — that is what is tested
        assert url_of(listener).startswith("http://127.0.0.1:")


def test_a_port_in_use_is_one_sentence() -> None:
    """A second listener on a port is refused, with the settings that mend it."""
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        message = f"Port {port} on 127.0.0.1 is used by another program; choose another with --port or DATELINE_PORT."
        with pytest.raises(PortError, match=re.escape(message)):
            listen("127.0.0.1", port)


def test_a_foreign_address_is_refused() -> None:
    """An address that is not this computer's can't be listened on."""
    with pytest.raises(PortError, match=r"Port 0 on 192\.0\.2\.1 can't be listened on"):
        listen("192.0.2.1", 0)


def test_a_server_for_others_wants_a_key(settings: Settings) -> None:
    """Listening where others reach it is refused, with what to do, until a key is in force."""
    everywhere = Settings(data_dir=settings.data_dir, host="0.0.0.0")  # noqa: S104 — nothing is bound
    message = (
        "Others can reach 0.0.0.0, and there is no key that keeps them out: make one with "
        "`dateline keys create NAME`, or listen on 127.0.0.1."
    )
    check_keys(settings)
    with pytest.raises(PortError, match=re.escape(message)):
        check_keys(everywhere)
    with open_keys(settings) as keys:
        keys.create("newsroom", "reader")
    check_keys(everywhere)
    with open_keys(settings) as keys:
        keys.revoke("newsroom")
    with pytest.raises(PortError, match=re.escape(message)):
        check_keys(everywhere)
