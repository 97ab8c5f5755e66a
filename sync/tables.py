"""The tables of one store, under the store's own prefix, so that several share a file and a transaction.

A document's row holds what is asked most (newest sequence, winner, other leaves), so that `_changes`,
`_all_docs` and `_revs_diff` of unconflicted documents read one row each; the tree lies in `rev`.
"""

from __future__ import annotations

import re

from sync.errors import Broken
from sync.sqlite import Connection

VERSION = 3
REVS_LIMIT = 1000  # CouchDB's default
_NAME = re.compile(r"[a-z][a-z0-9_]*")

_SCHEMA = """
CREATE TABLE {p}_meta (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    version INTEGER NOT NULL,          -- of these tables
    epoch TEXT NOT NULL,               -- part of every sequence that leaves; new after a restore
    seq INTEGER NOT NULL,              -- the last one given; never goes back
    doc_count INTEGER NOT NULL,
    doc_del_count INTEGER NOT NULL,
    purge_seq INTEGER NOT NULL,        -- how many revisions were purged
    revs_limit INTEGER NOT NULL,       -- how much of a leaf's history is kept
    security TEXT,                     -- JSON of `_security`; NULL: never set
    last_content INTEGER NOT NULL,     -- the newest number of a content; never goes back
    told_again INTEGER NOT NULL        -- how many documents got a new sequence without a change
) STRICT;
CREATE TABLE {p}_doc (
    number INTEGER PRIMARY KEY,        -- the sequence that the document was born with
    id TEXT NOT NULL UNIQUE,
    seq INTEGER NOT NULL UNIQUE,       -- of its last change
    generation INTEGER NOT NULL,       -- the winner
    hash TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    others TEXT                        -- JSON [[generation, hash, deleted], …]: losing leaves, best first; NULL if none
) STRICT;
CREATE TABLE {p}_rev (
    doc INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    hash TEXT NOT NULL,
    parent TEXT,                       -- hash of the revision one generation before; NULL at a root
    deleted INTEGER NOT NULL,
    body BLOB,                         -- canonical JSON of the members without "_"; NULL: only its name is known
    attachments TEXT,                  -- JSON [[name, content_type, revpos, digest, length, content, gzipped?], …]; NULL if none
    UNIQUE (doc, generation, hash)
) STRICT;
CREATE TABLE {p}_content (             -- bytes of attachments, once each
    number INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,       -- or "staged <number>" while its pieces are still being laid down
    length INTEGER NOT NULL,
    digest TEXT NOT NULL,              -- CouchDB's md5-…
    held INTEGER NOT NULL DEFAULT 0    -- by how many revisions
) STRICT;
CREATE TABLE {p}_piece (
    content INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (content, offset)
) STRICT;
CREATE TABLE {p}_local (
    id TEXT PRIMARY KEY,               -- without "_local/"
    generation INTEGER NOT NULL,       -- of its "0-N"
    body BLOB NOT NULL
) STRICT;
"""


def checked_prefix(name: str) -> str:
    """The same prefix. ValueError for one that could be more than a beginning of names."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be a prefix of table names")
    return name


_TO_VERSION: dict[int, str] = {
    2: """
ALTER TABLE {p}_meta ADD COLUMN purge_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE {p}_meta ADD COLUMN revs_limit INTEGER NOT NULL DEFAULT 1000;
ALTER TABLE {p}_meta ADD COLUMN security TEXT;
ALTER TABLE {p}_meta ADD COLUMN last_content INTEGER NOT NULL DEFAULT 0;
UPDATE {p}_meta SET last_content = (SELECT coalesce(max(number), 0) FROM {p}_content);
ALTER TABLE {p}_content ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
UPDATE {p}_content SET held = (
    SELECT count(*) FROM {p}_rev, json_each({p}_rev.attachments) AS one
    WHERE {p}_rev.attachments IS NOT NULL AND json_extract(one.value, '$[5]') = {p}_content.number);
UPDATE {p}_meta SET version = 2
""",
    3: """
ALTER TABLE {p}_meta ADD COLUMN told_again INTEGER NOT NULL DEFAULT 0;
UPDATE {p}_meta SET version = 3
""",
}
"""What makes tables of a version out of those of the one before. Never edited, only added to."""


def create(connection: Connection, prefix: str, *, epoch: str) -> None:
    """Make the tables, or bring older ones to this version. Raises `Broken` for those of a newer program."""
    known = connection.execute(
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", (f"{prefix}_meta",)
    ).fetchone()
    if known is None:
        _run(connection, prefix, _SCHEMA)
        connection.execute(
            f"INSERT INTO {prefix}_meta VALUES (1, ?, ?, 0, 0, 0, 0, ?, NULL, 0, 0)",
            (VERSION, epoch, REVS_LIMIT),
        )
    (version,) = connection.execute(f"SELECT version FROM {prefix}_meta").fetchone()
    if version > VERSION:
        raise Broken(f"the tables of {prefix} are of version {version}, this program knows {VERSION}")
    for step in range(version + 1, VERSION + 1):
        _run(connection, prefix, _TO_VERSION[step])


def _run(connection: Connection, prefix: str, script: str) -> None:
    """One statement at a time: `executescript` would commit the transaction that this is part of."""
    for statement in script.format(p=prefix).split(";\n"):
        connection.execute(statement)
