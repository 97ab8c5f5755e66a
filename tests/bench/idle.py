"""A round of replication in which there is nothing to do, with small and large archives on both sides."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import requests

from edge.clock import system_clock
from edge.ids import Ids
from sync.documents import Json
from sync.peer import LocalPeer
from sync.remote import RemotePeer
from sync.replicator import Replication
from sync.sqlite import SqliteFile
from sync.store import Store
from tests.bench import processes
from tests.bench.figures import p50

FEW: Final = 1_000
_ROUNDS: Final = 20
_AT_ONCE: Final = 1_000
_UUID: Final = "1d" * 16


class Archives:
    """The same documents in a server and in a file of this process, and a checkpoint that says so."""

    def __init__(self, url: str, name: str, store: Store) -> None:
        self._url, self._name, self._store = url, name, store
        self._ids = Ids()
        self._round()

    def round_ms(self) -> float:
        """From connecting until it is clear that there is nothing to do."""
        times = []
        for _ in range(_ROUNDS):
            began = time.monotonic()
            self._round()
            times.append((time.monotonic() - began) * 1000)
        return p50(times)

    def _round(self) -> None:
        here = LocalPeer(self._store, server_uuid=_UUID, source="there")
        one = Replication(
            RemotePeer(self._url, self._name),
            here,
            node_id="idle",
            session_id=self._ids.hex(),
            now=system_clock,
            jitter=self._ids.jitter,
        )
        status = one.run_once()
        one.stop()
        assert status.docs_written == 0, status


@contextmanager
def archives(folder: Path, many: int) -> Iterator[tuple[Archives, Archives]]:
    """Those with few documents, and those with `many`."""
    folder.mkdir()
    served, here = folder / "served", folder / "here"
    here.mkdir()
    sizes = {"few": FEW, "many": many}
    with processes.bare_server(served) as running, requests.Session() as session:
        session.trust_env = False
        for name in sizes:
            assert session.put(f"{running.url}/{name}").status_code == 201
    for name, count in sizes.items():
        _fill(served / f"{name}.db", name, count)
        shutil.copy(served / f"{name}.db", here / f"{name}.db")
    files = {name: SqliteFile(here / f"{name}.db") for name in sizes}
    try:
        stores = {name: Store(file, name, new_id=Ids().hex, prefix="db") for name, file in files.items()}
        with processes.bare_server(served) as running:
            few, large = (Archives(running.url, name, store) for name, store in stores.items())
            yield few, large
    finally:
        for file in files.values():
            file.close()


def _fill(path: Path, name: str, count: int) -> None:
    file = SqliteFile(path)
    store = Store(file, name, new_id=Ids().hex, prefix="db")
    for first in range(0, count, _AT_ONCE):
        store.bulk_docs([_document(n) for n in range(first, min(first + _AT_ONCE, count))], new_edits=False)
    file.close()


def _document(number: int) -> Json:
    return {"_id": f"{number:032x}", "_rev": f"1-{number:032x}", "number": number}
