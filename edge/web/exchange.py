"""Đồng bộ: with whom this node is in contact, what waits, what was refused, what is in doubt, what is complete."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge.completeness import MOST_GAPS, ChainState, spans
from edge.contact import Contact
from edge.fetching import Elsewhere
from edge.roads import Road
from edge.tables.exchange import RefusedDocument
from edge.web import words
from edge.web.forms import Bare
from edge.web.held import kept_back
from edge.web.presence import person
from edge.web.site import Site, site
from sync.replicator import State, Status

blueprint = Blueprint("exchange", __name__)

_STATES: Final = {
    State.STARTING: "đang bắt đầu",
    State.COPYING: "đang chép",
    State.WAITING: "đã chép hết",
    State.RETRYING: "đứt, đang thử lại",
    State.REFUSED: "bên kia từ chối",
    State.BROKEN: "hỏng, đã dừng",
    State.STOPPED: "đã dừng",
}


@dataclass(frozen=True, slots=True)
class Peer:
    """One other machine. `to_send` and `to_fetch` are None where nobody can know; `error` is in English."""

    node: str
    contact: Contact
    to_send: int | None
    to_fetch: int | None
    error: str
    error_at: datetime | None

    @property
    def near(self) -> bool:
        """Was heard of, and is not lost. One that never was heard of is not near."""
        return self.contact.heard_at is not None and self.contact.lost_since is None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A document that a machine would not take, with the dossier that it belongs to. `here`: this machine refused.

    `why` in words; what the program itself says is for the administrator.
    """

    row: RefusedDocument
    number: str
    stream: str
    here: bool
    why: str


@dataclass(frozen=True, slots=True)
class Way:
    """One database in one direction, as the table of lines shows it. `lag` is None where nothing is behind."""

    road: Road
    lag: timedelta | None
    error: str
    state: str


@dataclass(frozen=True, slots=True)
class Chain:
    """How far one machine's acts are here. `contact`: None for this machine itself; `missing` and `holders` in words."""

    state: ChainState
    contact: Contact | None
    missing: str
    holders: str


@dataclass(frozen=True, slots=True)
class Absent:
    """A file that is not whole here, with the number of the dossier that names it, and how it stands in words."""

    file: Elsewhere
    number: str
    state: str

    @property
    def percent(self) -> int:
        """0 to 100, rounded down; 0 while the file's list is not here."""
        return 100 * self.file.here // self.file.size if self.file.size else 0


@blueprint.get("/sync")
def page() -> ResponseReturnValue:
    """One page of it all; nothing on it says "synced"."""
    here = site()
    return render_template(
        "sync.html",
        peers=_peers(here),
        waiting=here.node.register.waiting(),
        waiting_acts=[
            (line, row, _held_by(here, where)) for line, row, where in here.node.register.waiting_acts()
        ],
        ways=_ways(here),
        missing=_absent(here),
        refused=_refusals(here),
        kept_back=kept_back(here),
        chains=_chains(here),
        catalog=here.node.catalog,
        catalog_problem=here.node.catalog_problem,
    )


@blueprint.get("/sync/files")
def elsewhere() -> ResponseReturnValue:
    """The files that are still elsewhere, anew."""
    return render_template("elsewhere.html", missing=_absent(site()))


@blueprint.post("/sync/retry")
def retry() -> ResponseReturnValue:
    """Try all lines now, instead of when their waiting times end."""
    Bare.checked()
    roads = site().roads
    if roads is not None:
        roads.retry()
    return redirect(url_for(".page", tried=1), 303)


@blueprint.post("/sync/dismiss")
def dismiss() -> ResponseReturnValue:
    """Somebody has looked at a refused document and does not want to see it any more; it stays where it is."""
    Bare.checked()
    key = request.form.get("key", "")
    with site().node.file.write():
        RefusedDocument.update(dismissed_by=person().id).where(RefusedDocument.key == key).execute()
    return redirect(url_for(".page", dismissed=key), 303)


@blueprint.post("/sync/undismiss")
def undismiss() -> ResponseReturnValue:
    """Undo: the document is on the list again."""
    Bare.checked()
    key = request.form.get("key", "")
    with site().node.file.write():
        RefusedDocument.update(dismissed_by="").where(
            (RefusedDocument.key == key) & (RefusedDocument.dismissed_by == person().id)
        ).execute()
    return redirect(url_for(".page"), 303)


def _peers(here: Site) -> list[Peer]:
    if here.node.is_centre:
        return _edges(here)
    roads = here.roads.all() if here.roads else []
    return [_peer(here, peer.node, roads) for peer in here.peers()]


def _edges(here: Site) -> list[Peer]:
    """At central the edges open the roads; what is left to send they know, not central."""
    return [
        Peer(card.node, here.node.contacts.of(card.node), None, None, "", None)
        for card in here.view.cards()
        if card.node != here.node.id
    ]


def _peer(here: Site, node: str, roads: Iterable[Road]) -> Peer:
    contact = here.node.contacts.of(node)
    mine = [road for road in roads if road.peer == node]
    failed = [road.status for road in mine if road.status.last_error is not None]
    newest = max(failed, key=lambda status: str(status.last_error_at), default=None)
    to_fetch = _sum(road.status.pending for road in mine if road.direction == "pull")
    to_centre = node == here.node.catalog.centre
    lost = contact.lost_since is not None
    return Peer(
        node,
        contact,
        here.node.register.waiting().count if to_centre else None,
        None if lost else to_fetch,
        "" if contact.settling else words.line_trouble(_error(contact, newest)),
        newest.last_error_at if newest else None,
    )


def _error(contact: Contact, newest: Status | None) -> str:
    if contact.lost_since is not None:
        return contact.why
    return newest.last_error or "" if newest else ""


def _ways(here: Site) -> list[Way]:
    return [_way(here, road) for road in (here.roads.all() if here.roads else [])]


def _way(here: Site, road: Road) -> Way:
    status, settling = road.status, here.node.contacts.of(road.peer).settling
    failed = status.state is State.RETRYING
    return Way(
        road,
        here.now() - status.behind_since if status.behind_since is not None else None,
        "" if settling and failed else words.line_trouble(status.last_error or ""),
        "nghỉ: đã có Trung tâm"
        if road.resting
        else "đang nối"
        if settling and failed
        else _STATES[status.state],
    )


def _absent(here: Site) -> list[Absent]:
    found = []
    for one in here.roads.elsewhere() if here.roads else []:
        row = here.node.register.row(one.stream) if one.stream else None
        found.append(Absent(one, row.number if row else "", words.file_state(one.why, here=one.here)))
    return found


def _sum(pending: Iterable[int | None]) -> int | None:
    known = [number for number in pending if number is not None]
    return sum(known) if known else None


def _held_by(here: Site, where: object) -> str:
    peers = getattr(where, "at_peers", ())
    return ", ".join([here.card.title, *(here.place(peer) for peer in peers)]) if peers else ""


def _refusals(here: Site) -> list[Refusal]:
    found = []
    for row in here.node.register.refused():
        stream = row.document.partition(":")[0]
        dossier = here.node.register.row(stream)
        found.append(
            Refusal(
                row,
                dossier.number if dossier else "",
                stream,
                row.peer == here.node.id,
                words.refusal(row.reason),
            )
        )
    return found


def _chains(here: Site) -> list[Chain]:
    return [
        Chain(
            state,
            None if state.node == here.node.id else here.node.contacts.of(state.node),
            spans(state.missing, words.count) + (" …" if len(state.missing) == MOST_GAPS else ""),
            ", ".join(here.place(node) for node in here.node.chains.holders(state)),
        )
        for state in here.node.chains.all()
    ]
