"""Where a dossier stands, and what became of a petition, told to whoever knows number and digits; and asked by a kiosk.

A machine that keeps dossiers answers from its own, as of when it last heard of central. One that has none (a kiosk), or
not this one, asks the others: central while it is reached, else the neighbours, by one request that proves who asks.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import msgspec

from edge.keys import password_holds
from edge.lines import line_to
from edge.node import Node
from edge.peers import PeerNode
from edge.tables.dossiers import DossierRow
from schemas import petitions
from schemas.errors import Malformed
from schemas.events import timestamp
from schemas.numbers import looks_like_a_number
from schemas.public import Told, is_known_by, told_of
from schemas.slips import read

PATH: Final = "/look-up/of-a-machine"
PATIENCE_S: Final = 2.0
"""Somebody stands before the kiosk: who does not answer by then is not waited for."""
LARGEST: Final = 16 * 1024
_SAME_NUMBER: Final = 9


class Asked(msgspec.Struct, frozen=True):
    """What one machine asks another."""

    number: str
    four: str


class Answer(msgspec.Struct, frozen=True):
    """`told`, `petition`: None where nothing fits. `too_often`: for this number too much was tried already."""

    told: Told | None = None
    too_often: bool = False
    petition: petitions.Told | None = None

    @property
    def says_something(self) -> bool:
        """Whether nobody else has to be asked: something fits, or no more may be tried."""
        return self.told is not None or self.petition is not None or self.too_often


@dataclass(frozen=True, slots=True)
class Reached:
    """What came of asking others: an answer, or none; whether anybody could be asked, and whether central was."""

    answer: Answer
    anybody: bool
    central: bool


def number_of(typed: str) -> str:
    """The number that was typed, or that stands in the code of a slip; "" for what is none."""
    with contextlib.suppress(Malformed):
        typed = read(typed)[0].number
    bare = "".join(typed.split()).upper()
    return bare if len(bare) <= 60 and looks_like_a_number(bare) else ""


def answer_here(node: Node, number: str, four: str) -> Told | None:
    """What this machine knows; None for a number that is not here, digits that do not fit, and what is shown to nobody."""
    with node.file.read():
        rows = DossierRow.select(DossierRow.stream).where(DossierRow.number == number).limit(_SAME_NUMBER)
        streams = [row.stream for row in rows]
    for stream in streams:
        if stream in node.catalog.trust.restricted:
            continue
        dossier = node.register.dossier(stream)
        told = told_of(dossier, node.catalog.latest.calendar())
        if told is not None and is_known_by(dossier, four):
            agency = node.catalog.latest.agency(told.agency)
            named = agency.name if agency else told.agency
            return msgspec.structs.replace(told, agency=named, as_of=_as_of(node), by=node.id)
    return None


def petition_here(node: Node, number: str, four: str) -> petitions.Told | None:
    """What became of a petition, as this machine knows it; None as `answer_here`."""
    row = node.petitions.by_number(number)
    if row is None or row.stream in node.catalog.trust.restricted:
        return None
    petition = node.petitions.petition(row.stream)
    told = petitions.told_of(petition)
    if told is None or not petitions.is_read_by(petition, four):
        return None
    return msgspec.structs.replace(told, as_of=_as_of(node), by=node.id)


def _as_of(node: Node) -> str:
    """Up to when this machine knows what others did; "": it never heard of central."""
    if node.is_centre:
        return timestamp(node.clock())
    contact = node.contacts.of(node.catalog.centre or "")
    if contact.lost_since is None:
        return timestamp(node.clock())
    return timestamp(contact.heard_at) if contact.heard_at is not None else ""


def ask_others(node: Node, peers: Sequence[PeerNode], number: str, four: str) -> Reached:
    """Ask central, if it is in reach, and else neighbours, until somebody knows. What cannot be reached is passed over."""
    centre, anybody, central = node.catalog.centre, False, False
    in_reach = [peer for peer in peers if node.contacts.of(peer.node).lost_since is None]
    ordered = sorted(in_reach, key=lambda peer: peer.node != centre)
    for peer in ordered:
        answer = _ask(node, peer, Asked(number, four))
        if answer is None:
            continue
        anybody, central = True, central or peer.node == centre
        if answer.says_something or peer.node == centre:
            return Reached(answer, anybody, central)
    return Reached(Answer(), anybody, central)


def _ask(node: Node, peer: PeerNode, asked: Asked) -> Answer | None:
    """None where nothing comes back that is an answer."""
    password = node.keys.password_for(node.id, peer.node)
    shown = base64.b64encode(f"{node.id}:{password}".encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {shown}"}
    for url in peer.urls:
        with (
            contextlib.suppress(OSError, http.client.HTTPException, msgspec.DecodeError),
            line_to(url, partial(node.trusts, peer.node, itself=True), PATIENCE_S) as (connection, base),
        ):
            connection.request("POST", base + PATH, msgspec.json.encode(asked), headers)
            response = connection.getresponse()
            if response.status == http.HTTPStatus.OK:
                return msgspec.json.decode(response.read(LARGEST), type=Answer)
    return None


def who_asks(node: Node, name: str | None, password: str | None) -> str | None:
    """The machine that asks, by its card; None for anybody else."""
    card = node.catalog.latest.card(name or "")
    if card is None or not card.opens or not password_holds(card.ed25519, card.node, node.id, password or ""):
        return None
    return card.node
