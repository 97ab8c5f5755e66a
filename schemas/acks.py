"""Central's word "I hold yours up to here": one numbered, dated and sealed list for all machines. Pure. design §6.

    {"v": 1, "number": 812, "day": "2026-11-26", "node": "central.1",
     "held": {"dossiers": {"counter-03.2": [4812, "<hash of that event>"]}},
     "seal": "<base64url Ed25519 by central's key>"}

Up to the number named, central holds every event of the machine's chain, each with a seal that holds and each the
successor of the one before. Of two lists the one with the higher number counts. `day` is the *day mark*: the
Vietnamese day on which it was sealed, by which machines agree on what is old without asking their own clocks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from schemas.canonical import from_base64, to_base64
from schemas.catalog import Catalog
from schemas.errors import Malformed
from schemas.notes import message, read_note
from schemas.seals import holds

_KIND: Final = "acks"
MAX_BYTES: Final = 1024 * 1024

Seq = Annotated[int, Meta(ge=1, le=2**53 - 1)]
EventHash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Held = Mapping[str, Mapping[str, tuple[int, str]]]
"""By database and node: the last event of the chain that is whole, its number and hash."""


class Acks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One such list. `node` is the central that sealed it: a restored one is another and may hold less."""

    v: Literal[1]
    number: Seq
    day: date
    node: Name
    held: dict[Name, dict[Name, tuple[Seq, EventHash]]]
    seal: str

    def upto(self, database: str, node: str) -> int:
        """The number of the last event of a machine that central says it holds; 0 for none."""
        return self.held.get(database, {}).get(node, (0, ""))[0]

    def document(self) -> dict[str, Any]:
        """What travels, and what `read` reads."""
        document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return document


def seal(number: int, day: date, node: str, held: Held, *, sign: Callable[[bytes], bytes]) -> Acks:
    """A list by central, sealed with its key."""
    plain = {database: dict(nodes) for database, nodes in held.items()}
    acks = Acks(1, number, day, node, plain, "")
    return msgspec.structs.replace(acks, seal=to_base64(sign(message(_KIND, acks.document()))))


def read(document: object, catalog: Catalog) -> Acks:
    """A list that came from wherever. Raises `Malformed` unless central, as this catalog knows it, has sealed it."""
    acks, sealed = read_note(document, Acks, _KIND, most_bytes=MAX_BYTES)
    centre = catalog.centre
    card = catalog.latest.card(centre) if centre is not None else None
    if card is None or acks.node != centre:
        raise Malformed("node", "not central, as the catalog here knows it")
    if not holds(card.ed25519, from_base64(acks.seal, "seal", 64), sealed):
        raise Malformed("seal", f"not the seal of {centre}")
    return acks
