"""The search over dossiers, as either database has it: every word a prefix, newest first, never by rank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlcipher3 import dbapi2

from sync.sqlite import Connection

NEWEST: Final = 20_000
"""Of so many dossiers, the newest, PostgreSQL looks at each before it asks its index: 8 ms.

A word that many have is found there often enough, and what is not found there is rare enough to be sorted. Left to itself it
guesses that a prefix has two in a hundred, and reads all there are for a name that nobody has.
"""
_FTS5: Final = "SELECT rowid FROM dossier_search WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?"
_AMONG_NEWEST: Final = (
    f"SELECT rowid FROM (SELECT rowid, lexemes FROM dossier_search ORDER BY rowid DESC LIMIT {NEWEST}) AS newest"  # noqa: S608
    " WHERE lexemes @@ ?::tsquery ORDER BY rowid DESC LIMIT ?"
)
_BY_INDEX: Final = (
    "SELECT rowid FROM (SELECT rowid FROM dossier_search WHERE lexemes @@ ?::tsquery OFFSET 0) AS found"
    " ORDER BY rowid DESC LIMIT ?"
)
_PHRASE: Final = (
    "SELECT rowid FROM (SELECT rowid, words FROM dossier_search WHERE lexemes @@ ?::tsquery OFFSET 0) AS found"
    " WHERE ' ' || words || ' ' LIKE ? ORDER BY rowid DESC LIMIT ?"
)


def positions(connection: Connection, words: Sequence[str], *, phrase: bool, limit: int) -> list[int]:
    """The positions of the dossiers with all of these plain words, the newest first. `phrase`: as they stand, one after the
    other and each of them whole."""
    if isinstance(connection, dbapi2.Connection):
        asked = '"' + " ".join(words) + '"' if phrase else " ".join(f'"{word}"*' for word in words)
        return _found(connection, _FTS5, asked, limit)
    if phrase:
        return _found(connection, _PHRASE, _all(words, ""), f"% {' '.join(words)} %", limit)
    newest = _found(connection, _AMONG_NEWEST, _all(words, ":*"), limit)
    return newest if len(newest) == limit else _found(connection, _BY_INDEX, _all(words, ":*"), limit)


def _found(connection: Connection, statement: str, *values: str | int) -> list[int]:
    return [int(position) for (position,) in connection.execute(statement, values)]


def _all(words: Sequence[str], each: str) -> str:
    return " & ".join(f"'{word}'{each}" for word in words)
