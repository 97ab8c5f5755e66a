"""protocol.md §1.4, `_session`."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import requests

from sync.sessions import LIFETIME
from tests.sync.servers import PASSWORD, USER, Server


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_logging_in_gives_a_cookie_that_works(server: Server, kind: str) -> None:
    credentials = {"name": USER, "password": PASSWORD}
    body = json.dumps(credentials) if kind == "application/json" else urlencode(credentials)
    with requests.Session() as session:
        session.trust_env = False
        said = session.post(f"{server.url}/_session", body, headers={"Content-Type": kind}, timeout=9)
        assert (said.status_code, said.json()) == (200, {"ok": True, "name": USER, "roles": []})
        assert session.get(f"{server.url}/dossiers", timeout=9).status_code == 200
        who = session.get(f"{server.url}/_session", timeout=9).json()
        assert who["userCtx"]["name"] == USER
        assert who["info"]["authenticated"] == "cookie"
        session.delete(f"{server.url}/_session", timeout=9)
        assert session.get(f"{server.url}/dossiers", timeout=9).status_code == 401


def test_wrong_passwords_are_refused(server: Server) -> None:
    answer = requests.post(f"{server.url}/_session", json={"name": USER, "password": "x"}, timeout=9)
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")


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
    assert said["userCtx"] == {"name": None, "roles": []}


def test_a_cookie_ends_and_cannot_be_made_up(server: Server) -> None:
    login = requests.post(f"{server.url}/_session", json={"name": USER, "password": PASSWORD}, timeout=9)
    cookie = login.cookies["AuthSession"]

    def status(cookie: str) -> int:
        cookies = {"AuthSession": cookie}
        return requests.get(f"{server.url}/dossiers", cookies=cookies, timeout=9).status_code

    assert status(cookie) == 200
    for other in ("", "x", "x.y", "." + cookie, cookie[:-1], "A" + cookie[1:], cookie.partition(".")[0]):
        assert status(other) == 401
    server.now += LIFETIME + timedelta(seconds=1)
    assert status(cookie) == 401
