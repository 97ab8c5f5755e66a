"""The tables of one store, under the store's own prefix, so that several share a file and a transaction.

A document's row holds what is asked most (newest sequence, winner, other leaves), so that `_changes`,
`_all_docs` and `_revs_diff` of unconflicted documents read one row each; the tree lies in `rev`.
"""

from __future__ import annotations

import re

from sync.errors import Broken
from sync.sqlite import Connection

VERSION = 1
_NAME = re.compile(r"[a-z][a-z0-9_]*")

_SCHEMA = """
CREATE TABLE {p}_meta (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    version INTEGER NOT NULL,          -- of these tables
    epoch TEXT NOT NULL,               -- part of every sequence that leaves; new after a restore
    seq INTEGER NOT NULL,              -- the last one given; never goes back
    doc_count INTEGER NOT NULL,
    doc_del_count INTEGER NOT NULL
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
    attachments TEXT,                  -- JSON [[name, content_type, revpos, digest, length, content], …]; NULL if none
    UNIQUE (doc, generation, hash)
) STRICT;
CREATE TABLE {p}_content (             -- bytes of attachments, once each
    number INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    length INTEGER NOT NULL,
    digest TEXT NOT NULL               -- CouchDB's md5-…
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
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be a prefix of table names")
    return name


def create(connection: Connection, prefix: str, *, epoch: str) -> None:
    """Make the tables if they are not there. Raises `Broken` for tables of a newer program."""
    known = connection.execute(
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", (f"{prefix}_meta",)
    ).fetchone()
    if known is None:
        # one statement at a time: executescript() would commit the transaction that this is part of
        for statement in _SCHEMA.format(p=prefix).split(";\n"):
            connection.execute(statement)
        connection.execute(f"INSERT INTO {prefix}_meta VALUES (1, ?, ?, 0, 0, 0)", (VERSION, epoch))
    (version,) = connection.execute(f"SELECT version FROM {prefix}_meta").fetchone()
    if version > VERSION:
        raise Broken(f"the tables of {prefix} are of version {version}, this program knows {VERSION}")
