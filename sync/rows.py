"""How the rows of a store's tables become values, and the questions that several modules ask them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from sync.documents import Attachment, Stored
from sync.revisions import Node, Rev, Tree
from sync.sqlite import Connection

MAX_MARKS = 10_000  # SQLite takes 32,766 unless it was built for more
SUMMARY = "number, id, seq, generation, hash, deleted, others"


class Leaf(NamedTuple):
    """A revision that has no child here."""

    rev: Rev
    deleted: bool


class Summary(NamedTuple):
    """A document's row: the sequence of its last change and its leaves, the winner first."""

    number: int
    id: str
    seq: int
    leaves: tuple[Leaf, ...]

    @property
    def winner(self) -> Rev:
        """The revision that a reader gets who names none, deleted or not."""
        return self.leaves[0].rev

    @property
    def deleted(self) -> bool:
        """Whether the winner is a tombstone, and so all leaves are."""
        return self.leaves[0].deleted


def summary_of(row: Sequence[Any]) -> Summary:
    """From a row of `SUMMARY`: the winner, then the other leaves."""
    number, doc_id, seq, generation, winner_hash, deleted, others = row
    winner = Leaf(Rev(generation, winner_hash), bool(deleted))
    if others is None:
        return Summary(number, doc_id, seq, (winner,))
    losers = (Leaf(Rev(generation, text), gone) for generation, text, gone in orjson.loads(others))
    return Summary(number, doc_id, seq, (winner, *losers))


def stored_of(row: Sequence[Any]) -> Stored:
    """From a row of a revision with its body and what is attached."""
    doc_id, generation, rev_hash, deleted, parent, body, attachments = row
    return Stored(
        doc_id,
        Rev(generation, rev_hash),
        bool(deleted),
        parent,
        body,
        () if attachments is None else tuple(Attachment(*one) for one in orjson.loads(attachments)),
    )


def attachments_column(attachments: Sequence[Attachment]) -> str | None:
    """What `stored_of` reads. One that is not gzipped does not say so: archives are verified byte for byte."""
    if not attachments:
        return None
    return orjson.dumps([tuple(one[:6] if one.gzipped is None else one) for one in attachments]).decode()


def contents_of(attachments: str) -> list[int]:
    """The numbers of the contents that a revision's `attachments` column names."""
    return [Attachment(*one).content for one in orjson.loads(attachments)]


def marks(values: Sequence[object]) -> str:
    """Placeholders for a list of values: `IN (…)`, `VALUES (…)`."""
    return ",".join("?" * len(values))


def where_in(connection: Connection, statement: str, values: Sequence[object]) -> Iterator[Sequence[Any]]:
    """The rows of `SELECT … WHERE … IN` for these values, asked for in pieces: a statement takes not any number."""
    for first in range(0, len(values), MAX_MARKS):
        piece = values[first : first + MAX_MARKS]
        yield from connection.execute(f"{statement} ({marks(piece)})", piece)


def summaries(connection: Connection, prefix: str, ids: Sequence[str]) -> dict[str, Summary]:
    """By id; unknown ids are left out."""
    rows = where_in(connection, f"SELECT {SUMMARY} FROM {prefix}_doc WHERE id IN", ids)
    return {row[1]: summary_of(row) for row in rows}


def trees(connection: Connection, prefix: str, numbers: Sequence[int]) -> dict[int, Tree]:
    """The revision trees of documents, by document number."""
    columns = "doc, generation, hash, parent, deleted, body IS NOT NULL"
    rows = where_in(connection, f"SELECT {columns} FROM {prefix}_rev WHERE doc IN", numbers)
    nodes: dict[int, dict[Rev, Node]] = {number: {} for number in numbers}
    for number, generation, rev_hash, parent, deleted, stored in rows:
        before = None if parent is None else Rev(generation - 1, parent)
        nodes[number][Rev(generation, rev_hash)] = Node(before, bool(deleted), bool(stored))
    return {number: Tree(known) for number, known in nodes.items()}


def revision(connection: Connection, prefix: str, doc_id: str, number: int, rev: Rev) -> Stored | None:
    """One revision, or None where its body is not here."""
    row = connection.execute(
        f"SELECT ?, generation, hash, deleted, parent, body, attachments FROM {prefix}_rev"
        " WHERE doc = ? AND generation = ? AND hash = ? AND body IS NOT NULL",
        (doc_id, number, *rev),
    ).fetchone()
    return None if row is None else stored_of(row)
