"""Who may do what: keys, roles, and what stands open."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from assistant.http.access import is_loopback
from assistant.keys import Keys, NewKey
from assistant.settings import Settings

if TYPE_CHECKING:
    from assistant.parts import Parts

HOST = "http://127.0.0.1:7860"
ASKED = {"question": "Is the harbour open?"}
TEXT = {"title": "Harbour", "text": "The harbour is open."}


def refused(code: str, message: str) -> dict[str, Any]:
    return {"error": {"type": "invalid_request_error", "message": message, "code": code, "param": None}}


def bearer(key: NewKey | str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key if isinstance(key, str) else key.token}"}


@pytest.fixture
def keys(parts: Parts) -> Keys:
    return Keys(parts.catalog.database)


@pytest.fixture
def served(parts: Parts, settings: Settings) -> Iterator[Callable[..., TestClient]]:
    """The API with its page, as it is served: ``served(host="0.0.0.0")``."""
    from assistant.http.api import create_app
    from assistant.ui.page import mount_page

    def client(host: str = "127.0.0.1", base_url: str = HOST) -> TestClient:
        chosen = Settings(data_dir=settings.data_dir, host=host)
        return TestClient(mount_page(create_app(parts, chosen), parts, chosen), base_url=base_url)

    return client


CLOSED = [
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/documents/a"),
    ("GET", "/v1/documents"),
    ("GET", "/v1/documents/a"),
    ("GET", "/v1/documents/a/text"),
    ("GET", "/v1/stats"),
    ("GET", "/v1/keys"),
    ("GET", "/v1/nothing"),
    ("GET", "/nothing"),
    ("GET", "/metrics"),
    ("POST", "/v1/ask"),
    ("POST", "/v1/search"),
    ("POST", "/v1/documents"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/mcp"),
    ("DELETE", "/v1/documents/a"),
    ("OPTIONS", "/v1/documents"),
    ("GET", "/config"),
    ("GET", "/theme.css"),
    ("GET", "/gradio_api/info"),
    ("GET", "/gradio_api/startup-events"),
    ("GET", "/gradio_api/heartbeat/a"),
    ("GET", "/gradio_api/queue/data?session_hash=a"),
    ("POST", "/gradio_api/queue/join"),
    ("POST", "/gradio_api/upload"),
    ("POST", "/gradio_api/run/ask"),
    ("POST", "/gradio_api/call/ask"),
    ("GET", "/gradio_api/file=/etc/passwd"),
    ("GET", "/static/img/logo.svg"),
    ("GET", "/assets/index.js"),
]


def test_everything_wants_a_key(served: Callable[..., TestClient], keys: Keys) -> None:
    """Once there is a key, page, API and all of Gradio's own paths are closed to whoever shows none."""
    keys.create("newsroom", "reader")
    client = served()

    message = "A key is needed: send it as Authorization: Bearer KEY, or sign in at /login."
    for method, path in CLOSED:
        response = client.request(method, path)
        expected = (path, 401, refused("key_needed", message), "Bearer")
        told = (path, response.status_code, response.json(), response.headers["www-authenticate"])
        assert told == expected


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_stands_open(served: Callable[..., TestClient], keys: Keys, path: str) -> None:
    """Whoever runs the server learns without a key whether it does."""
    keys.create("newsroom", "reader")

    assert served().get(path).status_code in (200, 503)


def test_a_websocket_is_closed(served: Callable[..., TestClient]) -> None:
    """Nothing here speaks over WebSockets, so none opens."""
    with pytest.raises(WebSocketDisconnect), served().websocket_connect("/v1/ask"):
        pytest.fail("it opened")


def test_no_keys_made_is_open_to_this_computer(served: Callable[..., TestClient]) -> None:
    """Before there is a key, all but the keys themselves is open on loopback."""
    client = served()

    assert client.post("/v1/documents", json=TEXT).status_code == 200
    assert client.post("/v1/ask", json=ASKED).json()["answered"] is True
    message = "This is for an admin's key: make the first one with `dateline keys create NAME --role admin`."
    for method in ("GET", "POST"):
        response = client.request(method, "/v1/keys")
        assert (response.status_code, response.json()) == (403, refused("key_needed", message))


def test_the_first_key_closes_a_server_that_runs(served: Callable[..., TestClient], keys: Keys) -> None:
    """A key counts from the moment it is made, and its revocation opens nothing."""
    client = served()
    assert client.get("/v1/stats").status_code == 200

    made = keys.create("newsroom", "reader")
    assert client.get("/v1/stats").status_code == 401
    assert client.get("/v1/stats", headers=bearer(made)).status_code == 200

    keys.revoke("newsroom")
    response = client.get("/v1/stats", headers=bearer(made))
    assert (response.status_code, response.json()) == (
        401,
        refused("invalid_api_key", "The key 'newsroom' is revoked."),
    )
    assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert client.get("/v1/stats").status_code == 401


def test_a_server_for_others_is_never_open(served: Callable[..., TestClient], keys: Keys) -> None:
    """Where others reach the server, no key means no entry, even before the first key is made."""
    client = served(host="0.0.0.0", base_url="http://news.example")  # noqa: S104 — nothing is bound

    assert client.get("/v1/stats").status_code == 401
    assert client.get("/v1/stats", headers=bearer(keys.create("newsroom", "reader"))).status_code == 200


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"])
def test_a_proxy_opens_nothing(served: Callable[..., TestClient], keys: Keys, header: str) -> None:
    """Without keys, what a proxy hands on is refused: it may come from anywhere. With a key it is taken."""
    client = served()
    response = client.get("/v1/stats", headers={header: "203.0.113.7"})

    assert (response.status_code, response.json()["error"]["code"]) == (403, "key_needed_behind_proxy")
    made = keys.create("newsroom", "reader")
    passed = client.get("/v1/stats", headers={header: "203.0.113.7", "Host": "news.example", **bearer(made)})
    assert passed.status_code == 200


@pytest.mark.parametrize(
    ("headers", "code", "message"),
    [
        ([("Authorization", "Basic YTpi")], "key_needed", "The header must be one Authorization: Bearer KEY."),
        ([("Authorization", "Bearer")], "invalid_api_key", "The key is not known here."),
        ([("Authorization", "Bearer dl_00000000_x")], "invalid_api_key", "The key is not known here."),
        ([("Authorization", "Bearer \xe9' OR 1=1 --")], "invalid_api_key", "The key is not known here."),
        (
            [("Authorization", "Bearer a"), ("Authorization", "Bearer b")],
            "key_needed",
            "The header must be one Authorization: Bearer KEY.",
        ),
    ],
)
def test_wrong_keys(
    served: Callable[..., TestClient], keys: Keys, headers: list[tuple[str, str]], code: str, message: str
) -> None:
    """What is not one known key is refused with what is wrong with it."""
    keys.create("newsroom", "reader")

    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    response = served().get("/v1/stats", headers=sent)  # type: ignore[arg-type]  # bytes, as httpx takes them

    assert (response.status_code, response.json()) == (401, refused(code, message))


def test_an_expired_key_is_refused(served: Callable[..., TestClient], keys: Keys) -> None:
    """An expired key is told to be so."""
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=1)
    made = keys.create("old", "admin", expires=past)

    response = served().get("/v1/stats", headers=bearer(made))

    assert (response.status_code, response.json()) == (401, refused("invalid_api_key", "The key 'old' is expired."))


ALLOWED = {
    ("GET", "/v1/documents"): ("reader", "writer", "admin"),
    ("POST", "/v1/ask"): ("reader", "writer", "admin"),
    ("POST", "/v1/search"): ("reader", "writer", "admin"),
    ("POST", "/v1/documents"): ("writer", "admin"),
    ("DELETE", "/v1/documents/a"): ("writer", "admin"),
    ("PATCH", "/v1/documents/a"): ("writer", "admin"),
    ("PUT", "/v1/whatever/comes"): ("writer", "admin"),
    ("POST", "/v1/askance"): ("writer", "admin"),
    ("POST", "/gradio_api/upload"): ("writer", "admin"),
    ("GET", "/v1/keys"): ("admin",),
    ("POST", "/v1/keys"): ("admin",),
    ("DELETE", "/v1/keys/a"): ("admin",),
}


@pytest.mark.parametrize("role", ["reader", "writer", "admin"])
def test_each_role_does_its_own(served: Callable[..., TestClient], keys: Keys, role: Any) -> None:
    """A reader who deletes, or a writer who makes keys, is told which role it takes."""
    made = keys.create("newsroom", role)
    client = served()

    for (method, path), roles in ALLOWED.items():
        response = client.request(method, path, headers=bearer(made))
        if role in roles:
            assert response.status_code not in (401, 403), (method, path)
        else:
            message = f"The key 'newsroom' is a {role}'s; this needs the role {roles[0]} or more."
            assert (method, path, response.status_code, response.json()) == (
                method,
                path,
                403,
                refused("forbidden", message),
            )


def test_an_admin_manages_keys(served: Callable[..., TestClient], keys: Keys) -> None:
    """Over the API, a key is made, listed without its secret, used, and revoked."""
    client = served()
    admin = bearer(keys.create("boss", "admin"))

    asked = {"name": "bot", "role": "writer", "expires": "2999-01-01T00:00:00+02:00"}
    response = client.post("/v1/keys", headers=admin, json=asked)
    made = response.json()
    token = made.pop("key")
    listed = client.get("/v1/keys", headers=admin).json()["keys"]

    assert response.status_code == 201
    assert (made["name"], made["role"], made["state"], made["expires"]) == (
        "bot",
        "writer",
        "in force",
        "2998-12-31T22:00:00+00:00",
    )
    assert [key["name"] for key in listed] == ["boss", "bot"]
    assert listed[1] == made
    assert client.post("/v1/documents", headers=bearer(token), json=TEXT).status_code == 200
    assert client.post("/v1/keys", headers=admin, json=asked).json() == {
        "error": {
            "type": "invalid_request_error",
            "message": "there is a key with the name 'bot' already: choose another name, or revoke that key first",
            "code": "key_name_taken",
            "param": "name",
        }
    }
    assert client.delete("/v1/keys/bot", headers=admin).json()["state"] == "revoked"
    assert client.get("/v1/stats", headers=bearer(token)).status_code == 401
    assert client.delete("/v1/keys/bot", headers=admin).status_code == 404
    assert client.post("/v1/keys", headers=admin, json={"name": "x", "expires": "2000-01-01T00:00:00Z"}).json()[
        "error"
    ]["message"] == ("expires: 2000-01-01T00:00:00+00:00 has passed")


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True),
        ("127.0.0.2:80", True),
        ("localhost", True),
        ("::1", True),
        ("[::1]:7860", True),
        ("0.0.0.0", False),  # noqa: S104 — compared, not bound
        ("::", False),
        ("192.168.1.5", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("[::1", True),
        ("", False),
    ],
)
def test_loopback(host: str, ours: bool) -> None:
    """Only what this computer alone reaches is loopback."""
    assert is_loopback(host) is ours
