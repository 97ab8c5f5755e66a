"""A file of an earlier version comes to the present one with all that it had."""

from __future__ import annotations

import contextlib
from pathlib import Path

from sqlcipher3 import dbapi2

from edge.database import MIGRATIONS, copies_aside
from tests.centres import SmallCentre

_DELIVERIES = (
    "SELECT hash, stream, own, local_seq, source, sealed, arrived_at, centre_at FROM delivery ORDER BY hash"
)
_VERSION_9 = """
CREATE TABLE before AS SELECT hash, own, local_seq, source, sealed, arrived_at, centre_at FROM delivery;
DROP TABLE delivery;
CREATE TABLE delivery (hash TEXT PRIMARY KEY NOT NULL, own INTEGER NOT NULL, local_seq INTEGER NOT NULL,
    source TEXT NOT NULL, sealed INTEGER NOT NULL, arrived_at TEXT NOT NULL, centre_at TEXT) WITHOUT ROWID;
INSERT INTO delivery SELECT * FROM before;
DROP TABLE before;
CREATE INDEX delivery_waits ON delivery (local_seq) WHERE centre_at IS NULL;
CREATE INDEX delivery_unsealed ON delivery (sealed) WHERE sealed <> 1;
UPDATE fact SET value = '5' WHERE key = 'projections';
PRAGMA user_version = 9;
"""


def test_deliveries_of_version_9_learn_in_which_stream_their_event_lies(centre: SmallCentre) -> None:
    received = [centre.receive("counter-01").received for _ in range(3)]
    numbers = sorted(one.number for one in received if one is not None)
    folder = centre["counter-01"].folder
    centre["counter-01"].close()
    before = _rows(folder.database, _DELIVERIES)
    assert len(before) == 3
    with contextlib.closing(dbapi2.connect(str(folder.database))) as connection:
        connection.executescript(_VERSION_9)

    centre.nodes["counter-01"] = centre.open("counter-01")

    assert _rows(folder.database, _DELIVERIES) == before
    assert _rows(folder.database, "SELECT number FROM dossier ORDER BY number") == [(one,) for one in numbers]
    assert _rows(folder.database, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert [path.name for path in copies_aside(folder.database)] == ["node.db.version-9"]


def _rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with contextlib.closing(dbapi2.connect(str(path))) as connection:
        return list(connection.execute(query))
