"""Real servers for tests: stores in a temporary file behind cheroot on a loopback socket."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from sync import web_server
from sync.endpoints.call import NativeFilter
from sync.feeds import STUCK_S
from sync.server import User, couch_app
from sync.sqlite import SqliteFile
from sync.store import Store
from sync.tls import ServerTls

USER, PASSWORD = "room-01", "thử 1"
NOW = datetime(2026, 11, 23, 1, 15, tzinfo=UTC)


class Ids:
    """32 hex digits at a time, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def __call__(self) -> str:
        return self._random.randbytes(16).hex()


class Http:
    """A WSGI application under cheroot on a free loopback port; with `tls` at every address of this machine."""

    def __init__(
        self,
        app: Callable[..., Iterable[bytes]],
        *,
        stuck_s: float = STUCK_S,
        tls: ServerTls | None = None,
        threads: int = 8,
    ) -> None:
        host = "127.0.0.1" if tls is None else "0.0.0.0"
        self.tls = tls
        self.server = web_server.Server((host, 0), app, threads=threads, stuck_s=stuck_s, tls=tls)
        self.server.expiration_interval = 0.02  # how long stopping takes
        self._serving = ExitStack()
        _, self.port = self._serving.enter_context(web_server.serving(self.server))
        self.url = f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._serving.close()


@contextmanager
def serving_app(app: Callable[..., Iterable[bytes]]) -> Iterator[str]:
    http = Http(app)
    try:
        yield http.url
    finally:
        http.close()


class Server:
    """`checkpoints`: what `on_checkpoint` was told. `asked`: every path. `now`: the server's clock, which a test may move.

    `stuck_s`: see `sync.feeds`.
    """

    def __init__(
        self,
        path: Path,
        names: tuple[str, ...],
        *,
        seed: int = 1,
        uuid: str | None = None,
        stuck_s: float = STUCK_S,
        tls: ServerTls | None = None,
    ) -> None:
        self.ids = Ids(seed)
        self.file = SqliteFile(path)
        self.stores = {name: Store(self.file, name, new_id=self.ids) for name in names}
        self.checkpoints: list[tuple[User, str, int]] = []
        self.now = NOW
        self.filters: dict[str, NativeFilter] = {}
        app = couch_app(
            self.stores,
            uuid=uuid or f"{seed:032x}",
            authenticate=lambda name, password: User(name) if (name, password) == (USER, PASSWORD) else None,
            authorize=lambda user, _database, _method, path: user is not None and path != "forbidden",
            secret=b"secret",
            new_id=self.ids,
            now=lambda: self.now,
            on_checkpoint=lambda *told: self.checkpoints.append(told),
            filters=self.filters,
        )
        self.asked: list[str] = []

        def noted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            self.asked.append(environ["PATH_INFO"])
            return app(environ, start_response)

        self.http = Http(noted, stuck_s=stuck_s, tls=tls)
        self.port = self.http.port
        self.url = self.http.url

    def close(self) -> None:
        for store in self.stores.values():
            store.close()
        self.http.close()
        self.file.close()


@contextmanager
def serving(
    path: Path,
    *names: str,
    seed: int = 1,
    uuid: str | None = None,
    stuck_s: float = STUCK_S,
    tls: ServerTls | None = None,
) -> Iterator[Server]:
    server = Server(path, names, seed=seed, uuid=uuid, stuck_s=stuck_s, tls=tls)
    try:
        yield server
    finally:
        server.close()
