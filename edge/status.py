"""How a running node stands with the others, for programs and people: per peer and database, asked for on its machine.

The node answers at a socket in its own folder, which only its user can open: it needs no port, no password and no
certificate, and whoever asks touches no database.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final, Protocol

import msgspec

from edge.completeness import ChainState
from edge.fetching import Elsewhere
from edge.folder import Folder
from edge.health import Health, health_of
from edge.local_socket import line_to, listening
from edge.node import Node
from edge.outgoing import Outgoing, outgoing_of
from edge.peers import PeerNode
from edge.roads import Road
from edge.tables.exchange import Copy
from sync.errors import SyncError

SOCKET: Final = "status.sock"
PATIENCE_S: Final = 10.0


class Lane(msgspec.Struct, frozen=True):
    """One database in one direction. `lag_s`: since when something is left to copy; null where nothing is known to be.

    `pending`, `rate`: as far as they are known. `written`, `refused`: documents since the road was opened.
    """

    database: str
    direction: str
    state: str
    pending: int | None
    rate: float | None
    lag_s: float | None
    last_success: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    written: int
    refused: int


class Held(msgspec.Struct, frozen=True):
    """What another machine has noted that it has from here: how much of a database it lacks, as of `at`."""

    database: str
    pending: int
    at: datetime


class PeerStatus(msgspec.Struct, frozen=True):
    """One other machine. `url`: where it is spoken to, "" for one that comes by itself. `pins`: of the
    cards whose keys it may show (`schemas.seals`)."""

    node: str
    url: str
    heard_at: datetime | None
    lost_since: datetime | None
    why: str
    lanes: list[Lane] = []
    holds: list[Held] = []
    pins: list[str] = []


class Missing(msgspec.Struct, frozen=True):
    """A file that is not whole here. `size`: null until that is known."""

    file: str
    stream: str
    size: int | None
    here: int
    source: str
    why: str


class Chain(ChainState, frozen=True):
    """One machine's chain as it stands here, when that machine was heard last, and who may have what is missing."""

    heard_at: datetime | None = None
    holders: tuple[str, ...] = ()


class Ways(Protocol):
    """The roads of a node, as `edge.roads.Roads` tells of them."""

    def all(self) -> Sequence[Road]:
        """By peer, database and direction, as they stand now."""

    def peers(self) -> Sequence[PeerNode]:
        """The machines that this one speaks to by itself; none at a front."""

    def elsewhere(self) -> Sequence[Elsewhere]:
        """Files that are wanted and not whole here, in the order in which they are fetched."""


class NodeStatus(msgspec.Struct, frozen=True):
    """`waiting`: own acts that central is not known to have; `refused`: documents that somebody would not take.

    `chains`: how far the acts of each machine are here, this one's own among them. `outgoing`: what is to leave the centre.
    `health`: null where the node does not run.
    """

    node: str
    at: datetime
    running: bool
    catalog: int
    waiting: int
    waiting_since: datetime | None
    refused: int
    peers: list[PeerStatus]
    files_elsewhere: list[Missing]
    chains: list[Chain] = []
    outgoing: list[Outgoing] = []
    health: Health | None = None


def status_of(node: Node, roads: Ways, at: datetime) -> NodeStatus:
    """All that `motcua status` tells of a node, as of `at` (UTC)."""
    waiting = node.register.waiting()
    ways = roads.all()
    urls = {peer.node: peer.urls[0] for peer in roads.peers()}
    others = [card.node for card in node.catalog.latest.cards() if card.node != node.id and card.opens]
    return NodeStatus(
        node=node.id,
        at=at,
        running=True,
        catalog=node.catalog.number,
        waiting=waiting.count,
        waiting_since=waiting.oldest,
        refused=len(node.register.refused()),
        peers=[
            _peer(node, name, urls.get(name, ""), [way for way in ways if way.peer == name], at)
            for name in sorted({*urls, *(way.peer for way in ways), *(others if node.is_centre else ())})
        ],
        files_elsewhere=[
            Missing(one.file, one.stream, one.size, one.here, one.source, one.why)
            for one in roads.elsewhere()
        ],
        chains=chains_of(node),
        outgoing=outgoing_of(node, at),
        health=health_of(node, at),
    )


def chains_of(node: Node) -> list[Chain]:
    """Every machine's chain in each database as this node has it."""
    return [
        chain_of(one, node.contacts.of(one.node).heard_at, node.chains.holders(one))
        for one in node.chains.all()
    ]


def chain_of(state: ChainState, heard_at: datetime | None, holders: tuple[str, ...] = ()) -> Chain:
    """`heard_at`: when its machine was proven to be there; `holders`: who is known to have what lacks here."""
    return Chain(**msgspec.structs.asdict(state), heard_at=heard_at, holders=holders)


def _peer(node: Node, name: str, url: str, ways: list[Road], at: datetime) -> PeerStatus:
    contact = node.contacts.of(name)
    with node.file.read():
        copies = list(Copy.select().where(Copy.peer == name).order_by(Copy.key))
    holds = []
    for copy in copies:
        database = copy.key.partition(" ")[2]
        if database in node.stores:
            since = datetime.fromisoformat(copy.at)
            holds.append(Held(database, node.stores[database].pending(copy.seq), since))
    lanes = [_lane(way, at) for way in ways]
    pins = sorted(node.pins(name))
    return PeerStatus(name, url, contact.heard_at, contact.lost_since, contact.why, lanes, holds, pins)


def _lane(way: Road, at: datetime) -> Lane:
    one = way.status
    lag = None if way.resting or one.behind_since is None else (at - one.behind_since).total_seconds()
    return Lane(
        way.database,
        way.direction,
        "resting" if way.resting else one.state.value,
        one.pending,
        None if one.rate is None else round(one.rate, 1),
        lag,
        one.last_success,
        one.last_error,
        one.last_error_at,
        one.docs_written,
        one.docs_refused,
    )


# ---- the socket


def answering(folder: Folder, status: Callable[[], NodeStatus]) -> AbstractContextManager[None]:
    """Answer whoever of this machine asks for the status, until the block ends."""

    def answer(asking: socket.socket) -> None:
        asking.settimeout(PATIENCE_S)
        with contextlib.suppress(SyncError):  # the node is closing
            asking.sendall(msgspec.json.encode(status()))

    return listening(folder.path, SOCKET, answer)


def asked(folder: Folder) -> NodeStatus | None:
    """What the node in this folder says; None if none runs there, or it does not say anything in time."""
    line = line_to(folder.path, SOCKET, timeout_s=PATIENCE_S)
    if line is None:
        return None
    try:
        with line, line.makefile("rb") as said:
            return msgspec.json.decode(said.read(), type=NodeStatus)
    except (OSError, msgspec.DecodeError):
        return None
