"""A database `db` on a real server, and how to talk to it. Runs beside protocol.md, section by section."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.auth import HTTPBasicAuth

from tests.sync.servers import PASSWORD, USER, Server, serving

DB = "dossiers"


class Client:
    """Paths are relative to the database, or to the server with a leading slash. `raw` keeps %2F as it is."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = HTTPBasicAuth(USER.encode(), PASSWORD.encode())  # str would be Latin-1

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        url = self.server.url + (path if path.startswith("/") else f"/{DB}/{path}")
        return self._session.request(method, url, timeout=20, **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.ask("GET", path, **more)

    def put(self, path: str, json: object = None, **more: Any) -> requests.Response:
        return self.ask("PUT", path, json=json, **more)

    def post(self, path: str, json: object, **more: Any) -> requests.Response:
        return self.ask("POST", path, json=json, **more)

    def delete(self, path: str, **more: Any) -> requests.Response:
        return self.ask("DELETE", path, **more)

    def close(self) -> None:
        self._session.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "node.db", DB, "visits") as server:
        yield server


@pytest.fixture
def db(server: Server) -> Iterator[Client]:
    client = Client(server)
    yield client
    client.close()
