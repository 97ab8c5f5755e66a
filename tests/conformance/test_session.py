"""protocol.md §1.4, `_session`."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
import requests

from tests.conformance.conftest import Server


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_logging_in_gives_a_cookie_that_works(server: Server, kind: str) -> None:
    credentials = {"name": server.user, "password": server.password}
    body = json.dumps(credentials) if kind == "application/json" else urlencode(credentials)
    database = f"{server.url}/{server.database}"
    with requests.Session() as session:
        session.trust_env = False
        said = session.post(f"{server.url}/_session", body, headers={"Content-Type": kind}, timeout=9)
        assert (said.status_code, said.json()) == (
            200,
            {"ok": True, "name": server.user, "roles": ["_admin"]},
        )
        assert session.get(database, timeout=9).status_code == 200
        who = session.get(f"{server.url}/_session", timeout=9).json()
        assert who["userCtx"] == {"name": server.user, "roles": ["_admin"]}
        assert who["info"]["authenticated"] == "cookie"
        session.delete(f"{server.url}/_session", timeout=9)
        assert session.get(database, timeout=9).status_code == 401


def test_wrong_passwords_are_refused(server: Server) -> None:
    answer = requests.post(f"{server.url}/_session", json={"name": server.user, "password": "x"}, timeout=9)
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
    basic = requests.get(f"{server.url}/{server.database}", auth=("nobody", "x"), timeout=9)
    assert (basic.status_code, basic.json()["reason"]) == (401, "Name or password is incorrect.")
    assert "WWW-Authenticate" not in basic.headers  # a browser would open its own dialog


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"name":1,"password":"x"}', "application/json", 400),
        (b"name=x", "application/x-www-form-urlencoded", 400),
        (b"\xff=%ff", "application/x-www-form-urlencoded", 400),
        (b"name=x&password=y", "text/plain", 415),
    ],
)
def test_malformed_logins(server: Server, body: bytes, kind: str, status: int) -> None:
    answer = requests.post(f"{server.url}/_session", data=body, headers={"Content-Type": kind}, timeout=9)
    assert answer.status_code == status


def test_nobody_is_told_that_he_is_nobody(server: Server) -> None:
    said = requests.get(f"{server.url}/_session", timeout=9).json()
    assert (said["ok"], said["userCtx"]) == (True, {"name": None, "roles": []})


def test_a_cookie_cannot_be_made_up(server: Server) -> None:
    credentials = {"name": server.user, "password": server.password}
    cookie = requests.post(f"{server.url}/_session", json=credentials, timeout=9).cookies["AuthSession"]

    def status(cookie: str) -> int:
        url = f"{server.url}/{server.database}"
        return requests.get(url, cookies={"AuthSession": cookie}, timeout=9).status_code

    assert status(cookie) == 200
    for other in ("", "x", "x.y", "." + cookie, cookie[:-1], "A" + cookie[1:], cookie.partition(".")[0]):
        assert status(other) in (400, 401)  # CouchDB calls some of them malformed
