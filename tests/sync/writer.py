"""A process to be killed: writes batches into a store and says each that was acknowledged.

python -m tests.sync.writer FILE SEED
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from sync.sqlite import Connection, SqliteFile
from sync.store import Store
from sync.writing import Arrival
from tests.sync.servers import Ids

BATCH = 50


def project(connection: Connection, arrivals: Sequence[Arrival]) -> None:
    """A projection, as a node hangs on: one row for each document."""
    connection.executemany("INSERT INTO projected VALUES (?)", ((one.id,) for one in arrivals))


def open_store(path: Path) -> Store:
    file = SqliteFile(path)
    with file.write() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS projected (id TEXT PRIMARY KEY) STRICT")
    return Store(file, "dossiers", new_id=Ids(1), arrived=project)


def main() -> None:
    path, seed = Path(sys.argv[1]), int(sys.argv[2])
    store, ids = open_store(path), Ids(seed)
    while True:
        names = [ids() for _ in range(BATCH)]
        copies = [{"_id": name, "_rev": f"1-{name}", "text": name * 60} for name in names]
        store.bulk_docs(copies, new_edits=False)
        print(store.seq(), *names, flush=True)  # noqa: T201  # its only way to tell


if __name__ == "__main__":
    main()
