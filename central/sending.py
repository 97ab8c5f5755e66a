"""Bring one machine the catalog now, over its own address, instead of waiting until it asks.

Every machine takes the catalog at each contact by itself. This is for an administrator who wants to see it arrive: before a
day on which a fee changes, or where a machine's own road to central is the one that is broken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from central.errors import NotGranted
from edge.node import Node
from edge.roads import Here
from schemas.entries import Card
from sync.errors import SyncError
from sync.remote import RemotePeer
from sync.replicator import Replication

PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Sent:
    """`written`: the entries that the machine lacked; it now has the catalog up to `number`."""

    node: str
    number: int
    written: int


def address_of(centre: Node, card: Card) -> str:
    """Where central reaches a machine; "" where it cannot."""
    own = {peer.node: peer.url for peer in centre.settings.peers}
    return own.get(card.node) or card.address


def send_catalog(centre: Node, node: str) -> Sent:
    """All entries that a machine lacks, now. Raises `NotGranted`, whose words say why not."""
    card = centre.catalog.latest.card(node)
    if card is None or not card.opens or node == centre.id:
        raise NotGranted(f"{node} has no open card", "gone")
    url = address_of(centre, card)
    if not url:
        raise NotGranted(f"{node} has no address: it comes by itself", "no_address")
    number = centre.catalog.number
    try:
        there = RemotePeer(
            url,
            "catalog",
            user=centre.id,
            password=centre.keys.password_for(centre.id, node),
            connect_s=PATIENCE_S,
            heard=lambda: centre.contacts.heard(node),
            trusts=partial(centre.trusts, node),
        )
        status = Replication(
            Here(centre, "catalog", source=node),
            there,
            node_id=centre.id,
            session_id=centre.ids.hex(),
            now=centre.clock,
            jitter=centre.ids.jitter,
        ).run_once()
    except SyncError as why:
        raise NotGranted(f"{node} at {url} does not answer: {why}", "out_of_reach") from why
    if status.last_error is not None or status.docs_refused:
        raise NotGranted(f"{node} did not take all of it: {status.last_error}", "out_of_reach")
    return Sent(node, number, status.docs_written)
