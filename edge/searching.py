"""The search over dossiers, as either database has it: every word a prefix, newest first, never by rank."""

from __future__ import annotations

from collections.abc import Sequence

from sqlcipher3 import dbapi2

from sync.sqlite import Connection


def positions(connection: Connection, words: Sequence[str], *, phrase: bool, limit: int) -> list[int]:
    """The positions of the dossiers with all of these plain words, the newest first. `phrase`: as they stand, one after the
    other and each of them whole."""
    if isinstance(connection, dbapi2.Connection):
        statement = "SELECT rowid FROM dossier_search WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?"
        asked = '"' + " ".join(words) + '"' if phrase else " ".join(f'"{word}"*' for word in words)
        found = connection.execute(statement, (asked, limit))
    elif phrase:
        statement = (
            "SELECT rowid FROM dossier_search WHERE lexemes @@ ?::tsquery AND ' ' || words || ' ' LIKE ?"
            " ORDER BY rowid DESC LIMIT ?"
        )
        found = connection.execute(statement, (_all(words, ""), f"% {' '.join(words)} %", limit))
    else:
        statement = "SELECT rowid FROM dossier_search WHERE lexemes @@ ?::tsquery ORDER BY rowid DESC LIMIT ?"
        found = connection.execute(statement, (_all(words, ":*"), limit))
    return [int(position) for (position,) in found]


def _all(words: Sequence[str], each: str) -> str:
    return " & ".join(f"'{word}'{each}" for word in words)
