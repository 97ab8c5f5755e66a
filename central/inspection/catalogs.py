"""The catalog from the pinned certificate up, put together from all nodes; and the cards that it grants.

One node's copy may be damaged where another's is whole, so the entries are looked for everywhere. What holds
along the chain is the catalog; every node must have a beginning of it, and central all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from central.inspection.events import Read, seal_faults
from central.inspection.findings import Findings, Link
from edge.at_rest import AtRest
from edge.errors import CannotStart
from edge.folder import Folder
from edge.keys import read_keys
from schemas.catalog import Catalog
from schemas.errors import CatalogBroken


@dataclass(slots=True)
class Proven:
    """The catalog as far as it can be proven. `hashes` of its entries in order, `first_cards` by node."""

    catalog: Catalog
    hashes: list[str] = field(default_factory=list)
    first_cards: dict[str, str] = field(default_factory=dict)
    dropped_cards: dict[str, set[str]] = field(default_factory=dict)
    """Cards in a branch that was not chosen: a new central may have written its first acts after one of them."""


def prove(roots: Iterable[bytes], reads: Iterable[Read]) -> Proven:
    """Follow the chain of the entries, from the first root under which a first entry holds."""
    following: dict[str, list[Read]] = {}
    dropped: set[str] = set()
    granted: list[tuple[str, Link]] = []
    for read in reads:
        if read.link is not None:
            if read.document["kind"] == "card.granted":
                granted.append((read.document["data"]["node"], read.link))
            following.setdefault(read.link.prev, []).append(read)
            dropped |= _dropped_by(read)
    for several in following.values():  # where central had said two things, along the branch that was chosen
        several.sort(key=lambda read: read.link is not None and name_of(read.link) in dropped)
    proven = Proven(Catalog(b""))
    for root in dict.fromkeys(roots):
        proven = Proven(Catalog(root))
        while _apply_next(proven, following):
            pass
        if proven.hashes:
            break
    for node, link in granted:
        if proven.catalog.drops(name_of(link)):
            proven.dropped_cards.setdefault(node, set()).add(link.hash)
    return proven


def _dropped_by(read: Read) -> set[str]:
    """The entries of the branch that this one says does not go on; whether it holds is seen when it is applied."""
    data = read.document.get("data")
    if read.document.get("kind") != "catalog.chosen" or not isinstance(data, dict):
        return set()
    return {str(name) for name in data.get("dropped", ())}


def name_of(link: Link) -> str:
    """How an entry is called: its number and the beginning of its hash."""
    return f"{link.seq}-{link.hash[:16]}"


def _apply_next(proven: Proven, following: Mapping[str, list[Read]]) -> bool:
    for read in following.get(proven.catalog.tip, ()):
        try:
            proven.catalog.apply([read.document])
        except CatalogBroken:
            continue
        proven.hashes.append(proven.catalog.tip)
        if read.document["kind"] == "card.granted":
            proven.first_cards.setdefault(read.document["data"]["node"], proven.catalog.tip)
        return True
    return False


def entry_faults(read: Read, proven: Proven) -> tuple[str, ...]:
    """What is wrong with one node's copy of an entry, beyond its text."""
    if read.link is None:
        return ()
    faults = list(seal_faults(read, proven.catalog))
    seq = read.link.seq
    if proven.catalog.drops(
        name_of(read.link)
    ):  # kept, and no part of the catalog: two administrators said so
        return tuple(faults)
    if seq > len(proven.hashes):
        faults.append(f"it cannot be proven: the catalog holds up to entry {len(proven.hashes)} only")
    elif proven.hashes[seq - 1] != read.link.hash:
        faults.append("the catalog says something else here")
    return tuple(faults)


def check_identity(
    path: Path, at_rest: AtRest, name: str, node: str, proven: Proven, findings: Findings
) -> None:
    """The pinned certificate is the centre's, and the node's keys are those on its card."""
    folder = Folder(path)
    if read_root(path) != proven.catalog.root:
        findings.say(name, "keys/root.der", "it is not the certificate of this centre")
    card = proven.catalog.latest.card(node)
    if card is None:
        findings.say(name, "node.toml", f"the catalog has no card for {node}")
        return
    try:
        keys = read_keys(folder.keys, at_rest)
    except CannotStart as why:
        findings.say(name, "keys", str(why))
        return
    checks: tuple[tuple[str, Any, Any], ...] = (
        ("keys/seal.key", keys.seal_key, card.ed25519),
        ("keys/box.key", keys.box_key, card.x25519),
        ("keys/tls.key", keys.pin if card.tls else "", card.pin),
    )
    for where, here, granted in checks:
        if here != granted:
            findings.say(name, where, f"it is not the key on the card of {node}")


def read_root(path: Path) -> bytes:
    """The pinned certificate, or nothing."""
    try:
        return Folder(path).root.read_bytes()
    except OSError:
        return b""
