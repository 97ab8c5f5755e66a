"""Documents that somebody brings are offered to a node as a peer would offer them: from a found disk, from a backup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from edge.node import Node
from edge.tables.streams import EventRow
from schemas.events import Document
from schemas.fold import Place as Fate

GONE: Final = "redacted: "
"""So the write rules begin what they say of data that are gone by law."""


class Taken(msgspec.Struct, frozen=True):
    """What became of some documents. `held`: of the new acts those without effect until the desk or central speaks;
    `forgotten`: what the law demanded to be gone, and stays so.
    """

    known: int
    new: int
    held: int
    forgotten: int
    not_taken: list[tuple[str, str]]


def take_in(node: Node, database: str, documents: Sequence[Document], source: str) -> Taken:
    """Offer documents to a node as a peer would. Each by itself is accepted, known or refused."""
    store = node.stores[database]
    lacking = store.revs_diff({str(one["_id"]): [str(one["_rev"])] for one in documents})
    new = [one for one in documents if one["_id"] in lacking]
    outcomes = store.bulk_docs(new, new_edits=False, source=source)
    said = [
        (str(one["_id"]), outcome.refusal.reason)
        for one, outcome in zip(new, outcomes, strict=True)
        if outcome.refusal is not None
    ]
    refused = [(name, why) for name, why in said if not why.startswith(GONE)]
    here = {str(one["_id"]) for one in new} - {name for name, _ in said}
    held = _held(node, here) if database == "dossiers" else 0
    return Taken(len(documents) - len(new), len(here), held, len(said) - len(refused), refused)


def _held(node: Node, ids: Iterable[str]) -> int:
    hashes = [name.partition(":")[2] for name in ids]
    with node.file.read():
        query = EventRow.select().where(
            EventRow.hash.in_(hashes) & EventRow.place.in_([Fate.HELD.value, Fate.WAITING.value])
        )
        return int(query.count())
