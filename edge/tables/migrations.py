"""The local tables as SQLite has them, and how those of an older version are brought forward."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sqlcipher3 import dbapi2

from edge.database import NodeFile, run_script
from edge.durable import synced
from edge.errors import CannotStart
from edge.tables.projections import projections_are_there
from sync.sqlite import Connection, SqliteFile, apply_key

_LOCAL_1: Final = """
CREATE TABLE fact (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE chain (database TEXT PRIMARY KEY NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL,
    at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE number (key TEXT PRIMARY KEY NOT NULL, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE pin (person TEXT PRIMARY KEY NOT NULL, verifier TEXT NOT NULL, failures INTEGER NOT NULL,
    locked_until TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE delivery (hash TEXT PRIMARY KEY NOT NULL, own INTEGER NOT NULL, local_seq INTEGER NOT NULL,
    source TEXT NOT NULL, sealed INTEGER NOT NULL, arrived_at TEXT NOT NULL, centre_at TEXT) WITHOUT ROWID;
CREATE INDEX delivery_waits ON delivery (local_seq) WHERE centre_at IS NULL;
CREATE INDEX delivery_unsealed ON delivery (sealed) WHERE sealed <> 1;
CREATE TABLE copy (key TEXT PRIMARY KEY NOT NULL, peer TEXT NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL)
    WITHOUT ROWID;
CREATE TABLE refuseddocument (key TEXT PRIMARY KEY NOT NULL, peer TEXT NOT NULL, document TEXT NOT NULL,
    reason TEXT NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE print_job (id INTEGER PRIMARY KEY NOT NULL, stream TEXT NOT NULL, number TEXT NOT NULL,
    form TEXT NOT NULL, attempt INTEGER NOT NULL, copies INTEGER NOT NULL, payload BLOB NOT NULL, state TEXT NOT NULL,
    created_at TEXT NOT NULL, changed_at TEXT NOT NULL, path TEXT NOT NULL, error TEXT NOT NULL);
CREATE UNIQUE INDEX print_job_paper ON print_job (number, form, attempt);
CREATE INDEX print_job_stream ON print_job (stream);
CREATE INDEX print_job_state ON print_job (state);
CREATE TABLE secret (name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
"""


_LOCAL_2: Final = """
ALTER TABLE refuseddocument ADD COLUMN dismissed_by TEXT NOT NULL DEFAULT '';
"""


_LOCAL_3: Final = """
CREATE TABLE wait (key TEXT PRIMARY KEY NOT NULL, hash TEXT NOT NULL, source TEXT NOT NULL, bytes INTEGER NOT NULL,
    since TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX wait_source ON wait (source, bytes);
CREATE INDEX wait_hash ON wait (hash);
"""


_LOCAL_4: Final = """
CREATE TABLE enrolmentcode (name TEXT PRIMARY KEY NOT NULL, key BLOB NOT NULL, place TEXT NOT NULL, plan TEXT NOT NULL,
    by TEXT NOT NULL, until TEXT NOT NULL, failures INTEGER NOT NULL, state TEXT NOT NULL, request TEXT NOT NULL)
    WITHOUT ROWID;
"""


_LOCAL_5: Final = """
CREATE TABLE erased (name TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID;
"""


_LOCAL_6: Final = """
CREATE TABLE attempt (key TEXT PRIMARY KEY NOT NULL, failures INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO attempt SELECT 'pin ' || person, failures FROM pin WHERE failures > 0;
ALTER TABLE pin DROP COLUMN failures;
ALTER TABLE pin DROP COLUMN locked_until;
ALTER TABLE pin ADD COLUMN catalog INTEGER NOT NULL DEFAULT 0;
CREATE TABLE session (id TEXT PRIMARY KEY NOT NULL, person TEXT NOT NULL, how TEXT NOT NULL, owes TEXT NOT NULL,
    catalog INTEGER NOT NULL, began_at TEXT NOT NULL, seen_at TEXT NOT NULL, locked INTEGER NOT NULL,
    browser TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX session_person ON session (person);
CREATE TABLE draft (id TEXT PRIMARY KEY NOT NULL, person TEXT NOT NULL, path TEXT NOT NULL, fields TEXT NOT NULL,
    at TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX draft_person ON draft (person);
CREATE TABLE view_log (line INTEGER PRIMARY KEY NOT NULL, at TEXT NOT NULL, person TEXT NOT NULL,
    stream TEXT NOT NULL, what TEXT NOT NULL, hash TEXT NOT NULL);
CREATE INDEX view_log_person ON view_log (person);
CREATE INDEX view_log_stream ON view_log (stream);
"""


_LOCAL_7: Final = """
ALTER TABLE print_job ADD COLUMN printer TEXT NOT NULL DEFAULT '';
"""


_LOCAL_8: Final = """
ALTER TABLE print_job ADD COLUMN twin INTEGER NOT NULL DEFAULT 0;
DROP INDEX print_job_paper;
CREATE UNIQUE INDEX print_job_paper ON print_job (number, twin, form, attempt);
"""


_LOCAL_9: Final = """
CREATE TABLE whole (database TEXT NOT NULL, node TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL,
    PRIMARY KEY (database, node)) WITHOUT ROWID;
CREATE TABLE ackday (day TEXT PRIMARY KEY NOT NULL, number INTEGER NOT NULL, document TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE departed (stream TEXT PRIMARY KEY NOT NULL, number TEXT NOT NULL, over TEXT NOT NULL, at TEXT NOT NULL,
    hashes BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX departed_number ON departed (number);
"""


_LOCAL_10: Final = """
CREATE TABLE delivery_10 (hash TEXT NOT NULL, stream TEXT NOT NULL, own INTEGER NOT NULL, local_seq INTEGER NOT NULL,
    source TEXT NOT NULL, sealed INTEGER NOT NULL, arrived_at TEXT NOT NULL, centre_at TEXT);
INSERT INTO delivery_10 SELECT d.hash, {stream}, d.own, d.local_seq, d.source, d.sealed, d.arrived_at, d.centre_at
    FROM delivery d ORDER BY d.local_seq;
DROP TABLE delivery;
ALTER TABLE delivery_10 RENAME TO delivery;
CREATE UNIQUE INDEX delivery_hash ON delivery (hash);
CREATE INDEX delivery_waits ON delivery (local_seq) WHERE centre_at IS NULL;
CREATE INDEX delivery_unsealed ON delivery (sealed) WHERE sealed <> 1;
"""


_LOCAL_11: Final = """
ALTER TABLE departed ADD COLUMN own TEXT NOT NULL DEFAULT '[]';
CREATE TABLE departedfile (file TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID;
CREATE TABLE brought (stream TEXT PRIMARY KEY NOT NULL, source TEXT NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;
"""


_LOCAL_12: Final = """
ALTER TABLE print_job ADD COLUMN again INTEGER NOT NULL DEFAULT 0;
"""


_LOCAL_13: Final = """
CREATE TABLE folder (number TEXT PRIMARY KEY NOT NULL, code TEXT NOT NULL, person TEXT NOT NULL, at TEXT NOT NULL)
    WITHOUT ROWID;
"""


_LOCAL_14: Final = """
CREATE TABLE print_job_also (stream TEXT NOT NULL, job INTEGER NOT NULL, PRIMARY KEY (stream, job)) WITHOUT ROWID;
"""


_LOCAL_15: Final = """
CREATE TABLE visit_act (stream TEXT NOT NULL, hash TEXT NOT NULL, node TEXT NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (stream, hash)) WITHOUT ROWID;
CREATE INDEX visit_act_chain ON visit_act (node, seq);
CREATE TABLE departed_visit (seq INTEGER PRIMARY KEY NOT NULL);
"""


_LOCAL_16: Final = """
CREATE TABLE proposed (id INTEGER PRIMARY KEY NOT NULL, title TEXT NOT NULL, reason TEXT NOT NULL,
    "by" TEXT NOT NULL, at TEXT NOT NULL, number INTEGER NOT NULL, entries TEXT NOT NULL, report TEXT NOT NULL, state TEXT NOT NULL,
    second TEXT NOT NULL, ended_at TEXT NOT NULL, answer TEXT NOT NULL);
CREATE INDEX proposed_state ON proposed (state, id);
"""


_LOCAL_17: Final = """
CREATE TABLE outbox (key TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL, stream TEXT NOT NULL, version INTEGER NOT NULL,
    sent INTEGER NOT NULL, state TEXT NOT NULL, body BLOB NOT NULL, digest TEXT NOT NULL, at TEXT NOT NULL,
    tries INTEGER NOT NULL, next_at TEXT NOT NULL, problem TEXT NOT NULL);
CREATE INDEX outbox_due ON outbox (kind, next_at) WHERE state = 'due';
CREATE INDEX outbox_refused ON outbox (kind, at) WHERE state = 'refused';
CREATE INDEX outbox_stream ON outbox (stream);
"""


_LOCAL_18: Final = """
CREATE TABLE missing_file (file TEXT NOT NULL, stream TEXT NOT NULL, since TEXT NOT NULL, PRIMARY KEY (file, stream))
    WITHOUT ROWID;
CREATE INDEX missing_file_since ON missing_file (since, file);
"""


_LOCAL_19: Final = """
CREATE TABLE alarm (key TEXT PRIMARY KEY NOT NULL, said TEXT NOT NULL, since TEXT NOT NULL, told_at TEXT NOT NULL,
    gone_at TEXT NOT NULL) WITHOUT ROWID;
"""


_LOCAL_20: Final = """
ALTER TABLE print_job ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0;
"""


_STREAM_9: Final = "(SELECT e.stream FROM event e WHERE e.hash = d.hash)"
"""Projections of that time have all events of deliveries; a file that is only being made has neither."""


MIGRATIONS: Final[tuple[Callable[[Connection], None], ...]] = (
    lambda connection: run_script(connection, _LOCAL_1),
    lambda connection: run_script(connection, _LOCAL_2),
    lambda connection: run_script(connection, _LOCAL_3),
    lambda connection: run_script(connection, _LOCAL_4),
    lambda connection: run_script(connection, _LOCAL_5),
    lambda connection: run_script(connection, _LOCAL_6),
    lambda connection: run_script(connection, _LOCAL_7),
    lambda connection: run_script(connection, _LOCAL_8),
    lambda connection: run_script(connection, _LOCAL_9),
    lambda connection: run_script(
        connection, _LOCAL_10.format(stream=_STREAM_9 if projections_are_there(connection) else "''")
    ),
    lambda connection: run_script(connection, _LOCAL_11),
    lambda connection: run_script(connection, _LOCAL_12),
    lambda connection: run_script(connection, _LOCAL_13),
    lambda connection: run_script(connection, _LOCAL_14),
    lambda connection: run_script(connection, _LOCAL_15),
    lambda connection: run_script(connection, _LOCAL_16),
    lambda connection: run_script(connection, _LOCAL_17),
    lambda connection: run_script(connection, _LOCAL_18),
    lambda connection: run_script(connection, _LOCAL_19),
    lambda connection: run_script(connection, _LOCAL_20),
)
"""Migration n makes local tables of version n out of those of version n - 1. Never edited, only added to."""


def migrate(database: NodeFile) -> bool:
    """Bring the local tables to the newest version, each step whole or not at all, after a copy of the file.

    Whether there was anything to do. The copy is for whoever must look at what a migration made of it, and stays until a
    start that had nothing to do has come to its end (`forget_copies`). Raises `CannotStart`.
    """
    with database.read() as connection:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise CannotStart(
            f"{database.file.path} was written by a newer version of Motcua (tables {version}, this program knows"
            f" {len(MIGRATIONS)}). Nothing was changed; install that version again, for an older one cannot go on"
        )
    if 0 < version < len(MIGRATIONS):
        _copy_aside(database.file, version)
    for number in range(version, len(MIGRATIONS)):
        with database.write() as connection:
            MIGRATIONS[number](connection)
            connection.execute(f"PRAGMA user_version = {number + 1}")
    return version < len(MIGRATIONS)


def copies_aside(path: Path) -> list[Path]:
    """The copies of a file that its migrations left."""
    return sorted(path.parent.glob(f"{path.name}.version-*"))


def forget_copies(path: Path) -> None:
    """The present version has shown that it can go on with the file."""
    for copy in copies_aside(path):
        copy.unlink()


def _copy_aside(file: SqliteFile, version: int) -> None:
    """Closed with the same key, where the file is closed; on the disk when this returns."""
    path = file.path
    copy = path.with_name(f"{path.name}.version-{version}")
    copy.unlink(missing_ok=True)
    source = dbapi2.connect(str(path))
    try:
        if file.key is not None:
            apply_key(source, file.key)
        ((pages,),), ((size,),) = (source.execute(f"PRAGMA {what}") for what in ("page_count", "page_size"))
        needed, free = int(pages) * int(size), shutil.disk_usage(path.parent).free
        if needed > free:
            raise CannotStart(
                f"this version brings {path} forward after a copy, which needs {needed // 2**20 + 1:,} MiB, and"
                f" {free // 2**20:,} MiB are free. Nothing was changed: make room, or start the version before again"
            )
        source.execute("VACUUM INTO ?", (str(copy),))
    finally:
        source.close()
    for written in (copy, copy.parent):  # `VACUUM INTO` leaves that to whoever wants it
        synced(written)
