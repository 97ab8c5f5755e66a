"""The projections as PostgreSQL has them: made from the same script, and made again whenever their version changes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from edge.errors import CannotStart
from edge.postgres.connection import SCHEMA, PostgresConnection
from edge.tables.projections import PROJECTION_VERSION, SCRIPT

VERSION: Final = 2
"""Raise it when what is said here changes: with `PROJECTION_VERSION` it is the version of the tables."""
VERSION_NAME: Final = f"{PROJECTION_VERSION}.{VERSION}"
SHARDS: Final = 64
"""Fixed for the life of the tables: a stream never changes its shard."""
LOCKS: Final = 0x6D63
"""The first number of all advisory locks here; the second is a shard, or one of these."""
MAKING, SHARED, PRESENT = -1, -2, -3
OF_THE_NODE: Final = ("stream", "fork")
"""Projections that only the node itself can make: they hang on when something came to it, and on what it saw of seals."""

_OWN: Final = """
CREATE TABLE dossier_search (rowid BIGINT PRIMARY KEY, words TEXT COLLATE "C" NOT NULL, lexemes TSVECTOR NOT NULL
    GENERATED ALWAYS AS (array_to_tsvector(string_to_array(words, ' '))) STORED);
CREATE INDEX dossier_search_lexemes ON dossier_search USING gin (lexemes);
CREATE TABLE shard (shard BIGINT PRIMARY KEY, dossiers BIGINT NOT NULL, visits BIGINT NOT NULL,
    catalog BIGINT NOT NULL);
CREATE TABLE motcua (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_KEY_BYTES: Final = 300
"""An index takes 2,704 bytes of a row, and six texts are in the widest. What acts may say is longer, and is never meant so."""
_SHORTER: Final = """
CREATE FUNCTION shorter() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    NEW := jsonb_populate_record(NEW, (SELECT jsonb_object_agg(key, left(value, 60) || md5(value))
        FROM jsonb_each_text(to_jsonb(NEW)) WHERE key = ANY (TG_ARGV) AND octet_length(value) > TG_ARGV[0]::int));
    RETURN NEW; END $$
"""
_TABLE: Final = re.compile(r"CREATE TABLE (\w+)|CREATE INDEX \w+ ON (\w+)")
_TEXT: Final = re.compile(r"(\w+) TEXT")
_KEY: Final = re.compile(r"(?:PRIMARY KEY|CREATE INDEX \w+ ON \w+) \(([^)]*)\)|(\w+) TEXT[^,]* PRIMARY KEY")


def script() -> list[str]:
    """The statements that make all tables."""
    statements = []
    for statement in SCRIPT.split(";\n"):
        found = _TABLE.match(statement.strip())
        if found is None or (found[1] or found[2]) in OF_THE_NODE:
            continue  # FTS5 is SQLite's own
        told = statement.replace(" WITHOUT ROWID", "")
        told = re.sub(r"\bINTEGER\b", "BIGINT", told)
        statements.append(re.sub(r"\bTEXT\b", 'TEXT COLLATE "C"', told))
    return [
        *statements,
        *(one for one in _OWN.split(";\n") if one.strip()),
        _SHORTER,
        *_shortening(statements),
    ]


def _shortening(statements: Sequence[str]) -> Iterator[str]:
    """What keeps texts that are too long for an index out of it: their beginning stands for them, with a digest."""
    texts: dict[str, set[str]] = {}
    keys: dict[str, set[str]] = {}
    for statement in statements:
        found = _TABLE.match(statement.strip())
        if found is None:
            continue
        table = found[1] or found[2]
        if found[1]:
            texts[table] = set(_TEXT.findall(statement))
        for several, one in _KEY.findall(statement):
            keys.setdefault(table, set()).update(re.findall(r"\w+", several) or [one])
    for table, columns in sorted(texts.items()):
        chosen = sorted(columns & keys.get(table, set()))
        if not chosen:
            continue
        longer = " OR ".join(f"octet_length(NEW.{one}) > {_KEY_BYTES}" for one in chosen)
        yield (
            f"CREATE TRIGGER shorter BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW WHEN ({longer})"
            f" EXECUTE FUNCTION shorter({_KEY_BYTES}, {', '.join(chosen)})"
        )


def made(connection: PostgresConnection, *, root: str, node: str) -> bool:
    """See that the tables are there, of this version, and made of this node's documents; whether they had to be made.

    `root` names the centre (its authority's certificate), `node` what the documents are of: a central that was put back from
    a copy counts its feeds anew, and so does one that chose between two branches. Raises `CannotStart`.
    """
    now = {"version": VERSION_NAME, "root": root, "node": node}
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(?, ?)", (LOCKS, MAKING))
        before = _noted(connection)
        if before == now:
            return False
        if before and before["root"] != root:
            raise CannotStart(
                "the database of `projections` has those of another centre. Nothing was changed: name another database,"
                f" or drop its schema {SCHEMA}"
            )
        if before and _number(before["version"]) > _number(now["version"]):
            raise CannotStart(
                f"the database of `projections` was written by a newer version of Motcua (tables {before['version']},"
                f" this program knows {now['version']}). Nothing was changed; install that version again"
            )
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        for statement in script():
            connection.execute(statement)
        connection.executemany("INSERT INTO motcua VALUES (?, ?)", list(now.items()))
        connection.executemany("INSERT INTO shard VALUES (?, 0, 0, 0)", [(one,) for one in range(SHARDS)])
    return True


def _noted(connection: PostgresConnection) -> dict[str, str]:
    there = connection.execute("SELECT to_regclass('motcua.motcua') IS NOT NULL").fetchone()
    if there is None or not there[0]:
        return {}
    return dict(connection.execute("SELECT key, value FROM motcua").fetchall())


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
