"""The page behind a key: signing in, the cookie, signing out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from assistant.keys import Keys

if TYPE_CHECKING:
    from assistant.parts import Parts
    from assistant.settings import Settings

HOST = "http://127.0.0.1:7860"
BROWSER = {"accept": "text/html,application/xhtml+xml", "sec-fetch-site": "same-origin"}


@pytest.fixture
def keys(parts: Parts) -> Keys:
    return Keys(parts.catalog.database)


@pytest.fixture
def browser(parts: Parts, settings: Settings) -> TestClient:
    """Speaks to the server and its page as a browser does, and follows no redirect by itself."""
    from assistant.http.api import create_app
    from assistant.ui.page import mount_page

    app = mount_page(create_app(parts, settings), parts, settings)
    return TestClient(app, base_url=HOST, headers=BROWSER, follow_redirects=False)


def sign_in(browser: TestClient, key: str, there: str = "/") -> None:
    response = browser.post("/login", data={"key": key, "next": there}, headers={"origin": HOST})
    assert response.status_code == 303


def test_a_visitor_signs_in_and_out(browser: TestClient, keys: Keys) -> None:
    """Without a key the page leads to the login; with one it opens, Gradio's own paths too, until the sign-out."""
    token = keys.create("newsroom", "reader").token
    paths = ["/", "/config", "/gradio_api/info", "/theme.css", "/docs", "/v1/stats"]

    assert (browser.get("/").status_code, browser.get("/").headers["location"]) == (303, "/login")
    assert [browser.get(path).status_code for path in paths[1:4]] == [401, 401, 401]
    page = browser.get("/login")
    assert (page.status_code, "<h1>Dateline</h1>" in page.text) == (200, True)

    sign_in(browser, token)
    assert [browser.get(path).status_code for path in paths] == [200] * len(paths)

    cookie = browser.cookies["dateline"]
    out = browser.post("/logout", headers={"origin": HOST})
    assert (out.status_code, out.headers["location"], dict(browser.cookies)) == (303, "/login", {})
    browser.cookies["dateline"] = cookie
    assert [browser.get(path).status_code for path in paths] == [303, 401, 401, 401, 303, 401]


def test_the_cookie_is_for_this_server_alone(browser: TestClient, keys: Keys) -> None:
    """No script reads the cookie, no other site sends it, and over TLS nothing else does either."""
    token = keys.create("newsroom", "reader").token
    attributes = r"; HttpOnly; Max-Age=60\d{4}; Path=/; SameSite=lax"

    plain = browser.post("/login", data={"key": token}, headers={"origin": HOST}).headers["set-cookie"]
    assert re.fullmatch(rf"dateline=[\w-]{{43}}{attributes}", plain)
    browser.base_url = "https://127.0.0.1:7860"  # type: ignore[assignment]  # httpx takes a string
    secure = browser.post("/login", data={"key": token}, headers={"origin": "https://127.0.0.1:7860"})
    assert re.fullmatch(rf"__Host-dateline=[\w-]{{43}}{attributes}; Secure", secure.headers["set-cookie"])
    assert secure.headers["strict-transport-security"] == "max-age=31536000"
    assert token not in plain


def test_a_wrong_key_does_not_sign_in(browser: TestClient, keys: Keys) -> None:
    """The login says what is wrong with a key, gives no cookie, and shows nothing of what was typed."""
    revoked = keys.create("old", "reader").token
    keys.revoke("old")

    for token, told in [("<b>x", "The key is not known here."), (revoked, "The key &#39;old&#39; is revoked.")]:
        response = browser.post("/login", data={"key": token}, headers={"origin": HOST})
        assert (response.status_code, told in response.text, "set-cookie" in response.headers) == (401, True, False)
        assert token not in response.text
    policy = browser.get("/login").headers["content-security-policy"]
    assert re.fullmatch(
        r"default-src 'none'; style-src 'nonce-[\w-]+'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        policy,
    )


def test_the_login_leads_on(browser: TestClient, keys: Keys) -> None:
    """Whoever followed a link is led to where it pointed, and never to another site."""
    token = keys.create("newsroom", "reader").token

    led = browser.get("/documents/abc?start=1&end=2").headers["location"]
    assert led == "/login?next=%2Fdocuments%2Fabc%3Fstart%3D1%26end%3D2"
    assert 'value="/documents/abc?start=1&amp;end=2"' in browser.get(led).text

    for there, leads in [
        ("/documents/abc?start=1", "/documents/abc?start=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/a\r\nSet-Cookie: a=b", "/"),
        ("", "/"),
    ]:
        response = browser.post("/login", data={"key": token, "next": there}, headers={"origin": HOST})
        assert (there, response.status_code, response.headers["location"]) == (there, 303, leads)


def test_another_site_does_nothing_with_the_cookie(browser: TestClient, keys: Keys) -> None:
    """A foreign page's request is refused though the cookie came along; so is one that hides where it comes from."""
    sign_in(browser, keys.create("newsroom", "writer").token)
    text = {"title": "Harbour", "text": "The harbour is open."}

    for origin in ("https://evil.example", "null"):
        for path in ("/v1/documents", "/login", "/logout", "/gradio_api/queue/join"):
            headers = {"origin": origin, "sec-fetch-site": "cross-site"}
            response = browser.post(path, json=text, headers=headers)
            assert (path, response.status_code, response.json()["error"]["code"]) == (path, 403, "foreign_origin")
    browser.headers["sec-fetch-site"] = "cross-site"
    assert browser.post("/v1/documents", json=text).json()["error"]["code"] == "foreign_origin"
    del browser.headers["sec-fetch-site"]
    assert browser.post("/v1/documents", json=text).json()["error"]["code"] == "foreign_origin"
    assert browser.post("/v1/documents", json=text, headers={"origin": HOST}).status_code == 200


def test_a_reader_uploads_nothing_through_the_page(browser: TestClient, keys: Keys) -> None:
    """Gradio's own upload wants a writer's key."""
    files = {"files": ("a.txt", b"A word.")}
    for role, status in (("reader", 403), ("writer", 200)):
        sign_in(browser, keys.create(role, role).token)  # type: ignore[arg-type]
        response = browser.post("/gradio_api/upload", files=files, headers={"origin": HOST})
        assert (role, response.status_code) == (role, status)


def test_a_revoked_key_ends_its_sessions(browser: TestClient, keys: Keys) -> None:
    """Revoking a key shuts the page that it opened."""
    sign_in(browser, keys.create("newsroom", "reader").token)
    assert browser.get("/config").status_code == 200

    keys.revoke("newsroom")

    assert browser.get("/config").status_code == 401


def test_without_keys_there_is_nothing_to_sign_in_to(browser: TestClient) -> None:
    """Before there is a key, the page is open to this computer."""
    assert browser.get("/config").status_code == 200
