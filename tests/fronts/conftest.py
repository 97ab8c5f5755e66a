"""Fronts in this process, before our bare server and before PouchDB Server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sync.front import Front
from sync.remote import RemoteDatabase
from sync.security import ADMIN_ROLE
from sync.sessions import User
from tests.conformance.conftest import Client, Server, our_server
from tests.sync.servers import NOW, PASSWORD, USER, Http, Ids

UUID = "f" * 32
SECRET = b"of all fronts"


def known(name: str, password: str) -> User | None:
    return User(name, (ADMIN_ROLE,)) if (name, password) == (USER, PASSWORD) else None


def front_of(databases: dict[str, RemoteDatabase], **more: Any) -> Front:
    told: dict[str, Any] = {"authorize": lambda user, database, method, path: user is not None, **more}
    return Front(
        databases,
        uuid=UUID,
        authenticate=known,
        secret=SECRET,
        new_id=Ids(7),
        now=lambda: NOW,
        **told,
    )


@contextmanager
def serving_front(front: Front, *, threads: int = 8) -> Iterator[str]:
    """Its URL. It stands for any other one: only what is behind it is kept."""
    http = Http(front.app, threads=threads)
    try:
        yield http.url
    finally:
        front.close()
        http.close()


@contextmanager
def fronting(databases: dict[str, RemoteDatabase], **more: Any) -> Iterator[str]:
    with serving_front(front_of(databases, **more)) as url:
        yield url


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Server]:
    """Our bare server with one empty database, where no front is asked."""
    with our_server(tmp_path) as server:
        admin = Client(server)
        assert admin.put("").status_code == 201
        admin.close()
        yield server


def there(behind: Server, **more: Any) -> RemoteDatabase:
    return RemoteDatabase(behind.url, behind.database, user=behind.user, password=behind.password, **more)


@pytest.fixture
def server(behind: Server) -> Iterator[Server]:
    """A front before it, that lets everything in."""
    with fronting({behind.database: there(behind)}) as url:
        yield Server(url, database=behind.database, user=USER, password=PASSWORD, ours=None)


@pytest.fixture
def db(server: Server) -> Iterator[Client]:
    client = Client(server)
    yield client
    client.close()
