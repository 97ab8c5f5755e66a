"""A process to be killed: writes batches into a store, edits, purges and compacts, and says what is done.

python -m tests.sync.writer FILE SEED

Each line is a word and what it is about: `wrote SEQ ID…`, `purging ID…` (before), `purged ID…`, `compacted`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

from sync.sqlite import Connection, SqliteFile
from sync.store import Store
from sync.writing import Arrival
from tests.sync.servers import Ids

BATCH = 50


def project(connection: Connection, arrivals: Sequence[Arrival]) -> None:
    """A projection, as a node hangs on: one row for each document."""
    connection.executemany(
        "INSERT INTO projected VALUES (?) ON CONFLICT DO NOTHING", ((one.id,) for one in arrivals)
    )


def open_store(path: Path) -> Store:
    file = SqliteFile(path)
    with file.write() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS projected (id TEXT PRIMARY KEY) STRICT")
    return Store(file, "dossiers", new_id=Ids(1), arrived=project)


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201  # its only way to tell


def write(store: Store, ids: Ids) -> None:
    """A batch of new documents, with a scan each, and an edit of every other one, in one transaction."""
    names = [ids() for _ in range(BATCH)]
    with store.file.write():
        store.bulk_docs([document(name) for name in names])
        store.bulk_docs([{**document(name), "_rev": store.get(name)["_rev"]} for name in names[::2]])
    say("wrote", store.seq(), *names)


def document(name: str) -> dict[str, object]:
    scan = {"content_type": "image/png", "data": name * 40}
    return {"_id": name, "text": name * 60, "_attachments": {"scan.png": scan}}


def purge(store: Store, random: Random) -> None:
    known = store.changes(descending=True, limit=200)
    chosen = random.sample(known, min(len(known), 20))
    say("purging", *(one.id for one in chosen))
    with store.file.write() as connection:
        store.purge({one.id: [str(one.winner)] for one in chosen})
        connection.executemany("DELETE FROM projected WHERE id = ?", ((one.id,) for one in chosen))
    say("purged", *(one.id for one in chosen))


def main() -> None:
    path, seed = Path(sys.argv[1]), int(sys.argv[2])
    store, ids, random = open_store(path), Ids(seed), Random(seed)
    while True:
        write(store, ids)
        if random.random() < 0.3:
            purge(store, random)
        if random.random() < 0.3:
            store.compact()
            say("compacted")


if __name__ == "__main__":
    main()
