"""Our bare server in this process, in place of a cluster: with a wall before it that answers 503, when it is put there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from edge.settings import CouchdbSettings
from sync.bare_server import Admin, BareServer
from sync.documents import Json
from sync.remote import RemoteDatabase, RemotePeer
from sync.store import Store
from sync.tls import ServerTls
from tests.sync.servers import NOW, Http, Ids

ADMIN: Final = Admin("motcua", "mật khẩu")


class StandIn:
    """`away`: whether it answers 503. `deaf`: whether it says 202 to a purge, which no copy hears of, and counts `purges`.
    `late`: whether nobody gets acts out of it yet, as from a node that has fallen behind; `gate`: where they wait
    for it. `few`: whether it does what a batch asks for in one copy, and says so. `tls`: also at the other addresses of this machine, where it speaks that."""

    def __init__(self, folder: Path, tls: ServerTls | None = None) -> None:
        self.away = self.deaf = self.late = self.few = False
        self.gate = threading.Event()
        self.gate.set()
        self.purges = 0
        self._bare = BareServer(folder, new_id=Ids(5), now=lambda: NOW, secret=b"of it", admin=ADMIN)
        self._http = Http(self._answer, tls=tls)
        self.url, self.port = self._http.url, self._http.port

    def close(self) -> None:
        self._bare.end_feeds()
        self._http.close()
        self._bare.close()

    def go_away(self) -> None:
        """Feeds too."""
        self.away = True
        self._http.server.end_feeds()

    def delete(self, name: str) -> None:
        """Somebody has taken a database away."""
        database = RemoteDatabase(self.url, name, user=ADMIN.name, password=ADMIN.password)
        assert database.ask("DELETE").status == 200
        database.close()

    def create(self, name: str) -> None:
        """Somebody makes one, with settings of his own."""
        database = RemoteDatabase(self.url, name, user=ADMIN.name, password=ADMIN.password)
        assert database.ask("PUT").status == 201
        database.close()

    def notes(self, name: str) -> dict[str, Json]:
        """The `_local` documents in a database, without their revisions."""
        database = RemoteDatabase(self.url, name, user=ADMIN.name, password=ADMIN.password)
        rows = database.ask("GET", ("_local_docs",), parameters={"include_docs": "true"}).read(
            dict[str, Any]
        )["rows"]
        database.close()
        return {
            row["id"].removeprefix("_local/"): {
                member: value for member, value in row["doc"].items() if member not in ("_id", "_rev")
            }
            for row in rows
        }

    def peer(self, name: str) -> RemotePeer:
        return RemotePeer(self.url, name, user=ADMIN.name, password=ADMIN.password)

    def store(self, name: str) -> Store | None:
        """What lies in a database; None while nobody has made it."""
        return self._bare.folder.get(name)

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self.away or (self.late and environ["PATH_INFO"].endswith("/dossiers/_bulk_get")):
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        if environ["PATH_INFO"].endswith("/dossiers/_bulk_get"):
            self.gate.wait(30)
        if self.few and environ["PATH_INFO"].endswith("/dossiers/_bulk_docs"):
            start_response("202 Accepted", [("Content-Length", "2"), ("Content-Type", "application/json")])
            b"".join(self._bare.app(environ, lambda *said: lambda data: None))
            return [b"[]"]
        if self.deaf and environ["PATH_INFO"].endswith("/_purge"):
            self.purges += 1
            environ["wsgi.input"].read()
            start_response("202 Accepted", [("Content-Length", "2"), ("Content-Type", "application/json")])
            return [b"{}"]
        return self._bare.app(environ, start_response)


@contextmanager
def standing_in(folder: Path, tls: ServerTls | None = None) -> Iterator[StandIn]:
    made = StandIn(folder, tls)
    try:
        yield made
    finally:
        made.close()


def settings_for(
    url: str, folder: Path, user: str = ADMIN.name, password: str = ADMIN.password
) -> CouchdbSettings:
    """The section of a node in a folder, with the file of credentials that it names."""
    file = folder / "couchdb"
    file.touch(0o600)
    file.write_text(f"{user}:{password}\n", encoding="utf-8")
    return CouchdbSettings(url, file.name)
