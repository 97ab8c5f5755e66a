"""A database on a real server, and how to talk to it. Runs beside protocol.md, section by section.

By default on our bare server with an admin. `MOTCUA_COUCHDB_URL=http://adm:pass@host:5984` names any other
server that must pass too: each test then has a database of its own there, deleted afterwards. Tests that look
inside our server (`Server.stores`) are skipped there.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
import requests
from requests.auth import HTTPBasicAuth

from sync.bare_server import Admin, BareServer
from sync.cors import OFF, Cors
from sync.store import Store
from tests.sync.servers import NOW, PASSWORD, USER, Http, Ids

DB = "dossiers"
ELSEWHERE = os.environ.get("MOTCUA_COUCHDB_URL")  # noqa: TID251  # a test's own setting


class Server:
    """`database` is the test's own. `user` and `password` are the admin's."""

    def __init__(self, url: str, *, database: str, user: str, password: str, ours: BareServer | None) -> None:
        self.url, self.database, self.user, self.password = url, database, user, password
        parts = urlsplit(url)
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.address = (str(parts.hostname), self.port)
        self._ours = ours

    def only_ours(self) -> BareServer:
        """From here on the test looks inside our server, or is about what it does differently on purpose."""
        if self._ours is None:
            pytest.skip("about our own server")
        return self._ours

    @property
    def stores(self) -> Stores:
        return Stores(self.only_ours())


class Stores:
    def __init__(self, ours: BareServer) -> None:
        self._ours = ours

    def __getitem__(self, name: str) -> Store:
        store = self._ours.folder.get(name)
        assert store is not None
        return store


class Client:
    """Paths are relative to the database, or to the server with a leading slash. `raw` keeps %2F as it is."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = basic(server.user, server.password)
        self._made: list[str] = []

    @property
    def name(self) -> str:
        return self.server.database

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        url = self.server.url + (path if path.startswith("/") else f"/{self.name}/{path}")
        return self.session.request(method, url, timeout=20, **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.ask("GET", path, **more)

    def put(self, path: str, json: object = None, **more: Any) -> requests.Response:
        return self.ask("PUT", path, json=json, **more)

    def post(self, path: str, json: object, **more: Any) -> requests.Response:
        return self.ask("POST", path, json=json, **more)

    def delete(self, path: str, **more: Any) -> requests.Response:
        return self.ask("DELETE", path, **more)

    def fresh(self, *, create: bool = True) -> str:
        """The path of another database, `/name`, deleted after the test."""
        path = "/" + quote(f"{DB}-{secrets.token_hex(8)}", safe="")
        self._made.append(path)
        if create:
            assert self.put(path).status_code == 201
        return path

    def close(self) -> None:
        for path in self._made:
            self.delete(path)
        self.session.close()


def basic(user: str, password: str) -> HTTPBasicAuth:
    return HTTPBasicAuth(user.encode(), password.encode())  # str would be Latin-1


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with our_server(tmp_path) if ELSEWHERE is None else _server_at(ELSEWHERE) as server:
        root = requests.Session()
        root.trust_env = False
        root.auth = basic(server.user, server.password)
        with root:
            made = root.put(f"{server.url}/{server.database}", timeout=20)
            assert made.status_code in (201, 202), made.text
            yield server
            root.delete(f"{server.url}/{server.database}", timeout=20)


@contextmanager
def our_server(path: Path, *, cors: Cors = OFF) -> Iterator[Server]:
    bare = BareServer(
        path / "databases",
        new_id=Ids(1),
        now=lambda: NOW,
        secret=b"secret",
        admin=Admin(USER, PASSWORD),
        cors=cors,
    )
    http = Http(bare.app)
    try:
        yield Server(http.url, database=DB, user=USER, password=PASSWORD, ours=bare)
    finally:
        bare.end_feeds()
        http.close()
        bare.close()


@contextmanager
def _server_at(url: str) -> Iterator[Server]:
    """Without its credentials in the URL: those go into headers."""
    parts = urlsplit(url)
    if parts.username is None or parts.password is None:
        pytest.fail("MOTCUA_COUCHDB_URL needs its admin's name and password: http://adm:pass@host:5984")
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
    yield Server(
        bare,
        database=f"{DB}-{secrets.token_hex(8)}",
        user=unquote(parts.username),
        password=unquote(parts.password),
        ours=None,
    )


@pytest.fixture
def db(server: Server) -> Iterator[Client]:
    client = Client(server)
    yield client
    client.close()
