"""Events one by one: what each proves by itself, and against the catalog.

Whether a person was allowed to do what the event says is not asked here: that is the fold's matter, and an
act that was not allowed is kept, shown and held. Here is asked whether it is still what was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from central.inspection.documents import Documents, Stored
from central.inspection.findings import Findings, Link, Trace
from central.inspection.reading import Snapshot
from edge.admission import Sealed
from schemas.acts import BY_KIND
from schemas.canonical import check
from schemas.catalog import Catalog
from schemas.errors import Malformed
from schemas.events import Document, Event, Unknown, hash_of, header_of, parse
from schemas.seals import seal_holds, signature_holds
from sync.documents import body_bytes, load
from sync.errors import BadRequest

_ID: Final = re.compile(r"[0-9a-f]{32}:([0-9a-f]{64})")


class Read(NamedTuple):
    """One stored event. `event` is None when the text is not what id and revision say; `trace` names it still."""

    document: Document
    event: Event | Unknown | None
    link: Link | None
    trace: Trace
    seq: int
    faults: tuple[str, ...]


@dataclass(slots=True)
class Shelf:
    """What one node was found to hold of one database.

    `links` are the events that hold, by hash; `whole` those of them in which nothing is wrong; `spoiled`
    are here and do not hold; `lost` have left a trace and are not here.
    """

    count: int = 0
    links: dict[str, Link] = field(default_factory=dict)
    seqs: dict[str, int] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    spoiled: list[Trace] = field(default_factory=list)
    lost: list[Trace] = field(default_factory=list)
    missing: int = 0
    """How many events the store says that it has, beyond those that can be read."""

    def as_of(self, node: str, without: Callable[[Link], bool]) -> Shelf:
        """The same as one chain of one node: whoever was central has gone on with the catalog of the one before.

        `without`: which entries are of a branch that was not chosen.
        """
        links = {name: link._replace(node=node) for name, link in self.links.items() if not without(link)}
        return replace(
            self,
            links=links,
            whole=self.whole & links.keys(),
            spoiled=[trace._replace(node=node) if trace.node else trace for trace in self.spoiled],
            lost=[trace._replace(node=node) if trace.node else trace for trace in self.lost],
        )


def read_events(documents: Documents) -> Iterator[Read]:
    """Every event of a database, with what is wrong with it as it lies."""
    return (_read(stored) for stored in documents.read())


def take(shelf: Shelf, read: Read, faults: tuple[str, ...]) -> None:
    """Put an event on the shelf: `faults` is all that is wrong with it."""
    shelf.count += 1
    if read.link is None:
        shelf.spoiled.append(read.trace)
        return
    shelf.links[read.link.hash] = read.link
    shelf.seqs[read.link.hash] = read.seq
    if not faults:
        shelf.whole.add(read.link.hash)


def finish(shelf: Shelf, documents: Documents, snapshot: Snapshot) -> None:
    """Note the events whose text is gone, once all others have been read."""
    shelf.lost += [remembered(snapshot, _hash_in(name)) for name in documents.without_body]
    shelf.missing = documents.missing


def faults_of(read: Read, catalog: Catalog) -> tuple[str, ...]:
    """What is wrong with an event of `dossiers` or `visits` beyond its text: seal, catalog, signature."""
    if read.event is None or read.link is None:
        return ()
    faults = list(seal_faults(read, catalog))
    ground = catalog.trust.redacted.get(read.event.hash)
    if ground is not None and "data" in read.document:
        faults.append(f"its data should be gone by law ({ground})")
    if ground is None and "data" not in read.document:
        faults.append("its data are gone, and the catalog does not say so")
    if isinstance(read.event, Event):
        if catalog.at(read.event.catalog) is None:
            faults.append(f"it rests on catalog {read.event.catalog}, which no node here has")
        faults += _signature_faults(read.event, catalog)
    return tuple(faults)


def seal_faults(read: Read, catalog: Catalog) -> Iterator[str]:
    """Whether the node that is named sealed it."""
    assert read.link is not None  # noqa: S101 - the callers ask about events that hold
    card = catalog.latest.card(read.link.node)
    if card is None:
        yield f"{read.link.node} has no card in the catalog, so nobody can check its seal"
    elif not seal_holds(read.document, card.ed25519):
        yield f"it is not sealed with the key of {read.link.node}"


def check_marks(snapshot: Snapshot, shelf: Shelf, findings: Findings, folder: str, node: str) -> set[str]:
    """Compare the delivery marks with the events of `dossiers`; returns the events that central is said to have."""
    at_centre = set()
    marked = set()
    columns = "hash, stream, own, local_seq, sealed, centre_at"
    for _, event_hash, stream, own, local_seq, sealed, centre_at in snapshot.rows("delivery", columns):
        link = shelf.links.get(event_hash)
        if link is None:
            shelf.lost.append(remembered(snapshot, str(event_hash)))
            continue
        marked.add(event_hash)
        if centre_at is not None:
            at_centre.add(event_hash)
        if (stream, own, local_seq) != (link.stream, link.node == node, shelf.seqs[event_hash]):
            findings.say_of_event(
                folder, "dossiers", link.trace, "its delivery mark says other things than the event"
            )
        if event_hash in shelf.whole and sealed not in (Sealed.HOLDS, Sealed.PROVEN):
            findings.say_of_event(
                folder, "dossiers", link.trace, "its seal holds, but the delivery mark denies it"
            )
    for event_hash in shelf.links.keys() - marked:
        findings.say_of_event(folder, "dossiers", shelf.links[event_hash].trace, "it has no delivery mark")
    return at_centre


def remembered(snapshot: Snapshot, event_hash: str) -> Trace:
    """The name of an event that is not here, as the node's own list of events has it: good for a name only."""
    listed = (
        "SELECT e.node, e.seq FROM delivery d JOIN event e ON e.stream = d.stream AND e.hash = d.hash"
        " WHERE d.hash = ?"
    )
    for node, seq in snapshot.select(listed, event_hash):
        if type(node) is str and type(seq) is int:
            return Trace(event_hash, node, seq)
    return Trace(event_hash)


def _read(stored: Stored) -> Read:
    faults = list(stored.faults)
    members, fault = _members(stored.body)
    if stored.attachments is not None:
        faults.append("an event has no attachments")
    document = {**members, "_id": stored.id, "_rev": stored.rev}
    event: Event | Unknown | None = None
    if fault is None:
        try:
            if stored.id is None:
                document["_id"] = _own_id(members)
            event = parse(document)
        except Malformed as why:
            fault = f"the stored text is not what its hash says ({why})"
    if fault is not None:
        faults.insert(0, fault)
    trace = _trace_of(document["_id"], members)
    link = None if event is None else _link(event, members, trace)
    return Read(document, event, link, trace, stored.seq, tuple(faults))


def _members(body: Any) -> tuple[Document, str | None]:
    """The members of a stored body, and why they cannot be believed; the bytes have one spelling only."""
    if type(body) is not bytes:
        return {}, "its text cannot be read"
    try:
        members = load(body)
    except BadRequest:
        return {}, "the stored text is not what its hash says (no JSON)"
    if type(members) is not dict:
        return {}, "the stored text is not what its hash says (no object)"
    if body_bytes(members) != body:
        return members, "the stored bytes are not those that were written"
    return members, None


def _own_id(members: Document) -> str:
    """The id that a text should stand under, for one that no row names."""
    check(members)
    return f"{members.get('stream')}:{hash_of(header_of(members))}"


def _trace_of(doc_id: str | None, members: Document) -> Trace:
    node, seq = members.get("node"), members.get("seq")
    event_hash = _hash_in(doc_id) if doc_id is not None else ""
    if type(node) is str and type(seq) is int:
        return Trace(event_hash, node, seq)
    return Trace(event_hash)


def _hash_in(doc_id: str) -> str:
    match = _ID.fullmatch(doc_id)
    return match[1] if match else doc_id.rpartition(":")[2]


def _link(event: Event | Unknown, members: Document, trace: Trace) -> Link | None:
    """An event of a newer version has its place in the chain too, as far as its header says it as ours do."""
    prev = members.get("prev")
    if not trace.node or type(prev) is not str:
        return None
    return Link(event.hash, trace.node, trace.seq, prev, event.stream)


def _signature_faults(event: Event, catalog: Catalog) -> Iterator[str]:
    act = BY_KIND.get(event.kind)
    if event.signed is None:
        if act is not None and act.signed:
            yield "it needs a person's signature and has none"
        return
    view = catalog.at(event.catalog)
    person = view.person(event.by) if view is not None else None
    certificate = person.certificate(event.signed.certificate) if person is not None else None
    if certificate is None:
        yield f"its certificate is not one of {event.by or 'nobody'}'s in the catalog"
    elif not signature_holds(event, certificate):
        yield f"the signature of {event.by} does not hold"
