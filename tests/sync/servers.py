"""Real servers for tests: stores in a temporary file behind cheroot on a loopback socket."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from cheroot import wsgi

from sync.server import User, couch_app
from sync.sqlite import SqliteFile
from sync.store import Store

USER, PASSWORD = "room-01", "thử 1"
NOW = datetime(2026, 11, 23, 1, 15, tzinfo=UTC)


class Ids:
    """32 hex digits at a time, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def __call__(self) -> str:
        return self._random.randbytes(16).hex()


class Http:
    """A WSGI application under cheroot on a free loopback port."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._http = wsgi.Server(("127.0.0.1", 0), app, numthreads=8, timeout=30)
        self._http.expiration_interval = 0.02  # how long stopping takes
        self._http.prepare()
        self._thread = threading.Thread(target=self._http.serve, daemon=True)
        self._thread.start()
        self.port: int = self._http.bind_addr[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._http.stop()
        self._thread.join()


@contextmanager
def serving_app(app: Callable[..., Iterable[bytes]]) -> Iterator[str]:
    http = Http(app)
    try:
        yield http.url
    finally:
        http.close()


class Server:
    """`checkpoints`: what `on_checkpoint` was told. `now`: the server's clock, which a test may move."""

    def __init__(self, path: Path, names: tuple[str, ...], *, seed: int = 1, uuid: str | None = None) -> None:
        self.ids = Ids(seed)
        self.file = SqliteFile(path)
        self.stores = {name: Store(self.file, name, new_id=self.ids) for name in names}
        self.checkpoints: list[tuple[User, str, int]] = []
        self.now = NOW
        app = couch_app(
            self.stores,
            uuid=uuid or f"{seed:032x}",
            authenticate=lambda name, password: User(name) if (name, password) == (USER, PASSWORD) else None,
            authorize=lambda user, _database, _method, path: user is not None and path != "forbidden",
            secret=b"secret",
            new_id=self.ids,
            now=lambda: self.now,
            on_checkpoint=lambda *told: self.checkpoints.append(told),
        )
        self._http = Http(app)
        self.port = self._http.port
        self.url = self._http.url

    def close(self) -> None:
        for store in self.stores.values():
            store.close()
        self._http.close()
        self.file.close()


@contextmanager
def serving(path: Path, *names: str, seed: int = 1, uuid: str | None = None) -> Iterator[Server]:
    server = Server(path, names, seed=seed, uuid=uuid)
    try:
        yield server
    finally:
        server.close()
