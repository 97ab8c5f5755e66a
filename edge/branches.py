"""Two branches of one catalog, and which of them a node has folded by. docs/decisions/0027 tells how they come about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.events import Document

INTRODUCED: Final = "introduced"
"""The fact that has the card of a new central, as it showed it."""
CHOSEN: Final = "chosen"
"""The fact by which choice between two branches of the catalog everything here was folded last."""


def branch_with(entries: Sequence[Document], tip: str) -> list[Document]:
    """The entries from the first one over the one with the hash `tip` as far as they go on."""
    by_hash = {hash_of(one): one for one in entries}
    branch: list[Document] = []
    at = tip
    while at in by_hash:
        branch.append(by_hash[at])
        at = str(by_hash[at].get("prev"))
    branch.reverse()
    following = {str(one.get("prev")): one for one in reversed(entries)}
    at = tip
    while at in following:
        branch.append(following[at])
        at = hash_of(following[at])
    return branch


def hash_of(document: Document) -> str:
    """As the id of an entry names it."""
    return str(document["_id"]).partition(":")[2]


def source_of(node: str, epoch: str, choice: str) -> str:
    """What projections were made from: whose documents, in which file (`Store.epoch`), by which choice between branches."""
    return f"{node} {epoch} {choice}".rstrip()
