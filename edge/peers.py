"""Which other machines this one speaks to, and where they are. Pure.

The catalog says who is enrolled, and only those are spoken to; it also says where they are, unless this machine's
own settings know better. What the building's network tells of itself (`edge.mdns`) is a hint: it is tried where
nothing else is known, or nothing else answers, and whoever answers there still has to prove by his key who he is.

Central opens no roads by itself: every edge opens its own to central. Where central has fronts, one address is as good
as another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge.settings import NodeSettings
from schemas.catalog import Catalog
from schemas.entries import Card


@dataclass(frozen=True, slots=True)
class PeerNode:
    """Another machine, and the addresses to try, the likeliest first."""

    node: str
    urls: tuple[str, ...]


def peers_of(
    catalog: Catalog, settings: NodeSettings, found: Mapping[str, Sequence[str]] | None = None
) -> tuple[PeerNode, ...]:
    """Central first, then the neighbours of the same building by name. `found`: addresses that mDNS tells."""
    own = {peer.node: peer.url for peer in settings.peers}
    centre, view = catalog.centre, catalog.latest
    here = view.card(settings.node)
    cards = {card.node: card for card in view.cards()}
    if centre is not None and (newest := catalog.card_of(centre)) is not None:
        cards[centre] = newest
        for node in [node for node in cards if node != centre and cards[node].place == newest.place]:
            del cards[node]  # whom it took over from, at the same address
            if centre not in own and node in own:
                own[centre] = own[node]
    peers = []
    for card in sorted(cards.values(), key=lambda card: (card.node != centre, card.node)):
        if card.node == settings.node or not card.opens or card.front:
            continue
        if card.node not in own and (settings.node == centre or not _near(card, here, centre)):
            continue
        own_url = own.get(card.node, "").rstrip("/")
        urls = (own_url or card.address, *(found or {}).get(card.node, ()))
        fronts = [one for one in cards.values() if one.front and one.opens] if card.node == centre else []
        if fronts:
            urls = (*_spread(settings.node, own_url, [card, *fronts]), *urls)
        known = tuple(dict.fromkeys(url.rstrip("/") for url in urls if url))
        if known:
            peers.append(PeerNode(card.node, known))
    return tuple(peers)


def _spread(node: str, own: str, cards: Iterable[Card]) -> tuple[str, ...]:
    """Where central and its fronts answer, in an order that is each machine's own, so that machines are spread over them. An
    address that only this machine's settings know comes first: it may be what divides connections."""
    urls = {card.address.rstrip("/") for card in cards if card.address}
    spread = sorted(urls, key=lambda url: hashlib.sha256(f"{node} {url}".encode()).digest())
    return (own, *spread) if own and own not in urls else tuple(spread)


def _near(card: Card, here: Card | None, centre: str | None) -> bool:
    """Central is near to everybody; a neighbour is in the same building."""
    return card.node == centre or (here is not None and card.building == here.building)
