"""A process to be killed: a store of its own that is copied to and from a server, and that it writes into.

python -m tests.sync.carrier FILE URL SEED COUNT     writes COUNT documents, says so, and copies both ways for ever
python -m tests.sync.carrier FILE URL                copies both ways once
"""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import sync.remote
from sync.peer import LocalPeer
from sync.remote import RemotePeer
from sync.replicator import Replication
from sync.sqlite import SqliteFile
from sync.store import Store
from tests.sync.servers import Ids

DB = "dossiers"
PAGE = 20
sync.remote.GZIP_FROM_BYTES = 1 << 30  # so that whoever listens on the line can count what passes


def copying(store: Store, url: str) -> tuple[Replication, Replication]:
    """Pull and push."""

    def here() -> LocalPeer:
        return LocalPeer(store, server_uuid="2" * 32, source="central")

    def there() -> RemotePeer:
        return RemotePeer(url, DB, heartbeat_s=1)

    def one(source: LocalPeer | RemotePeer, target: LocalPeer | RemotePeer) -> Replication:
        return Replication(
            source,
            target,
            node_id="counter-01",
            session_id=f"{datetime.now(UTC).timestamp()}",  # noqa: TID251  # new for each start
            now=lambda: datetime.now(UTC),  # noqa: TID251
            jitter=lambda: 0.99,
            batch=PAGE,
        )

    return one(there(), here()), one(here(), there())


def main() -> None:
    path, url, *more = sys.argv[1:]
    store = Store(SqliteFile(Path(path)), DB, new_id=Ids(2))
    if more:
        seed, count = map(int, more)
        names = [f"edge-{seed}-{n}" for n in range(count)]
        store.bulk_docs([{"_id": name, "text": "Nguyễn " * 10} for name in names])
        print("wrote", *names, flush=True)  # noqa: T201  # its only way to tell
    pull, push = copying(store, url)
    if not more:
        pull.run_once()
        push.run_once()
        return
    threading.Thread(target=pull.run_live, daemon=True).start()
    push.run_live()


if __name__ == "__main__":
    main()
