"""What must be true when all is mended (design §12): together, while the nodes run, and apart, of their folders.

`motcua verify` and `motcua rebuild` are asked too: they read the folders as strangers would, and must agree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

import orjson

from central.rebuild import rebuild
from central.simulation.deeds import Promise
from central.simulation.losses import Lost
from central.simulation.machine import Machine
from central.simulation.world import MachineClock, World
from central.verify import verify
from edge.tables.departed import Departed
from printing.papers.reception import ReceiptSlip
from printing.spool import PrintJob, State
from schemas import conflicts
from schemas.events import Event, parse
from schemas.fold import Dossier, Place
from schemas.queue import streams_from
from schemas.slips import read
from sync.documents import load, render

_BEGINS: Final = frozenset(("dossier.registered", "dossier.received", "dossier.entered_afterwards"))
_RESULTS: Final = frozenset(("dossier.approved", "dossier.refused", "dossier.sealed"))
EVERYWHERE: Final = ("catalog", "dossiers", "visits")
COPY: Final = "-copy"
"""How the folder of a copied machine ends, after the name of the one that it was copied from."""
_OF_CLONES: Final = ("was used for two events", "as well", "number counter", "chain head")
"""What `verify` says of two machines with one chain."""
FEW: Final = 5
"""Of each kind of failure so many are told; the rest is counted."""


def streams(machine: Machine) -> list[str]:
    """The dossiers that a machine knows, oldest first."""
    with machine.node.file.read() as connection:
        rows = connection.execute("SELECT stream FROM dossier ORDER BY position").fetchall()
    return [stream for (stream,) in rows]


Held = Mapping[str, Mapping[str, Mapping[str, bytes]]]
"""By machine and database: every document, as bytes."""


def held(machines: Iterable[Machine]) -> Held:
    """The documents of every database at every machine."""
    return {
        machine.name: {name: _documents(machine, name) for name in (*EVERYWHERE, "files")}
        for machine in machines
    }


@dataclass(frozen=True, slots=True)
class Played:
    """What is known of a run besides its documents: what was promised to whom, the rows of each conflict that was seen,
    what went wrong meanwhile, the names of a machine and its copy, and the disk that was lost."""

    machines: Mapping[str, Machine]
    promises: Sequence[Promise]
    conflicts: Mapping[str, tuple[str, ...]]
    failures: Sequence[str]
    twins: Set[str]
    lost: Lost | None


def together(run: Played, documents: Held) -> list[str]:
    """What is wrong between the nodes, in sentences."""
    machines = list(run.machines.values())
    central = run.machines["central"]
    events: dict[str, Event] = {
        event.hash: event
        for body in documents["central"]["dossiers"].values()
        if isinstance(event := parse(load(body)), Event)
    }
    begun = dict.fromkeys(event.stream for event in events.values())
    dossiers = {stream: central.node.register.dossier(stream) for stream in begun}
    lost = run.lost if run.lost is not None and not run.lost.found else None
    gone = _gone(lost, events)
    past = {machine.name: _kept_from(machine) for machine in machines}
    found = (
        _differences(documents, past),
        _differing_folds(machines, dossiers),
        _differing_visits(machines, central, past),
        _broken_promises(run.promises, documents, lost, past),
        _loss_not_named(central, run.lost),
        _acts_without_effect(dossiers, events, gone),
        _repeated_numbers(events, dossiers, central),
        _unexplained_papers([one for one in machines if one.name not in run.twins], events),
        _unknown_conflicts(run),
        _plainly_wrong(events, dossiers),
        _files_that_are_not_there(central, events, documents if lost is not None else {}),
    )
    return [*run.failures, *chain.from_iterable(_few(list(one)) for one in found)]


def digest(documents: Held) -> str:
    """SHA-256 over every document of every node: what a seed comes to, byte for byte."""
    found = hashlib.sha256()
    for name, databases in documents.items():
        for database, of_it in databases.items():
            for doc_id, body in sorted(of_it.items()):
                found.update(f"{name} {database} {doc_id}\n".encode() + body)
    return found.hexdigest()


def apart(data: Path, world: World, *, cloned: bool) -> list[str]:
    """What `verify` and `rebuild` say of the folders, when all nodes are closed.

    The results of the simulation are no PDFs, so that nobody signs them as such: that one complaint is expected.
    """
    said = verified(data, cloned=cloned)
    rebuilt = rebuild(data, clock=MachineClock(world), ids=world.ids())
    said += [f"{one.node_folder}: {one.problem}" for one in rebuilt if one.problem]
    said += [
        f"{one.node_folder}: {', '.join(one.differed)} came out otherwise when rebuilt"
        for one in rebuilt
        if one.differed
    ]
    if len({one.digest for one in rebuilt}) != 1:
        said.append("the nodes' folds have different digests")
    return _few(said)


def verified(data: Path, *, cloned: bool) -> list[str]:
    """What `verify` alone says."""
    said = [str(one) for one in verify(data).findings if not one.what.startswith("the result of ")]
    if cloned:
        # two machines with one chain are seen, and said: that is what a verification is for
        said = [one for one in said if not any(words in one for words in _OF_CLONES)]
        # what one of the two wrote in the queue, and was too old for the other when it came
        twins = [path.name.removesuffix(COPY) for path in data.glob(f"*{COPY}")]
        of_queues = [f": visits event {twin}." for twin in twins]
        said = [one for one in said if "it is gone" not in one or not any(of in one for of in of_queues)]
    return said


def _few(said: Sequence[str]) -> list[str]:
    more = [f"… and {len(said) - FEW} more of this kind"] if len(said) > FEW else []
    return [*said[:FEW], *more]


def _documents(machine: Machine, database: str) -> Mapping[str, bytes]:
    store = machine.node.stores[database]
    with machine.node.file.read():
        winners = store.winners([summary.id for summary in store.all_docs()])
        return {doc_id: render(stored) for doc_id, stored in winners.items()}


Past = Mapping[str, str]
"""By machine: where the names of those visits begin that it is to hold; earlier ones it may hold or not."""


def _kept_from(machine: Machine) -> str:
    since = None if machine.is_central else machine.node.window.visits_since()
    return "" if since is None else streams_from(since)


def _differences(documents: Held, past: Past) -> Iterator[str]:
    """Every node that should hold an event holds it, byte for byte."""
    for database in EVERYWHERE:
        everything: dict[str, bytes] = {}
        for of_it in documents.values():
            everything.update(of_it[database])
        for name, of_it in documents.items():
            one = of_it[database]
            for doc_id, body in sorted(everything.items()):
                if doc_id not in one:
                    if database == "visits" and doc_id < past[name]:
                        continue
                    yield f"{name} does not hold {database} {doc_id}"
                elif one[doc_id] != body:
                    yield f"{name} holds other bytes of {database} {doc_id}"


def _differing_folds(machines: Sequence[Machine], dossiers: Mapping[str, Dossier]) -> Iterator[str]:
    """All folds are equal, and the tables of every node say what the fold says."""
    for machine in machines:
        for stream, expected in dossiers.items():
            if machine.node.register.dossier(stream) != expected:
                yield f"{machine.name} folds {stream} otherwise than central"
        with machine.node.file.read() as connection:
            shown = set(connection.execute("SELECT hash, place, why FROM event").fetchall())
            open_conflicts = {row[0] for row in connection.execute("SELECT id FROM conflict").fetchall()}
            statuses = dict(connection.execute("SELECT stream, status FROM dossier").fetchall())
        lines = {
            (line.hash, line.place.value, line.why) for one in dossiers.values() for line in one.timeline
        }
        if shown != lines:
            yield f"{machine.name} shows {len(shown ^ lines)} acts otherwise than they fold"
        if open_conflicts != {conflict.id for one in dossiers.values() for conflict in one.conflicts}:
            yield f"{machine.name} shows other conflicts than there are"
        if statuses != {stream: one.status.value for stream, one in dossiers.items() if one.received}:
            yield f"{machine.name} shows other statuses than the dossiers have"


def _differing_visits(machines: Sequence[Machine], central: Machine, past: Past) -> Iterator[str]:
    for stream in central.node.visits.streams():
        expected = central.node.visits.visit(stream)
        for machine in machines:
            if stream >= past[machine.name] and machine.node.visits.visit(stream) != expected:
                yield f"{machine.name} folds the visit {stream} otherwise than central"
        if any(line.place in (Place.HELD, Place.WAITING) for line in expected.timeline):
            yield f"an act of the visit {stream} has no effect"


def _gone(lost: Lost | None, events: Mapping[str, Event]) -> Set[str]:
    """The acts that a lost disk had, and nobody has."""
    return set() if lost is None else set(lost.wrote.values()) - events.keys()


def _loss_not_named(central: Machine, lost: Lost | None) -> Iterator[str]:
    """Of a machine whose disk was lost central says which acts are missing: no more, no fewer, as far as anybody knows."""
    if lost is None:
        return
    state = next((one for one in central.node.chains.all() if one.node == lost.node), None)
    with central.node.file.read() as connection:
        rows = connection.execute("SELECT seq, hash FROM event WHERE node = ?", (lost.node,)).fetchall()
    here = dict(rows)
    if lost.found:
        if here.keys() < lost.wrote.keys():
            yield f"{lost.node}: its disk was found, and {len(lost.wrote.keys() - here.keys())} acts are not here"
    elif any(lost.wrote.get(seq, one) != one for seq, one in here.items()):
        yield f"{lost.node}: acts came that it had not written"
    known = max(here, default=0)
    missing = [number for number in range(1, known + 1) if number not in here]
    said = [] if state is None else [n for first, last in state.missing for n in range(first, last + 1)]
    if (known, len(missing)) != ((0, 0) if state is None else (state.known, state.lacking)):
        yield f"{lost.node}: 1 … {known} without {missing} is here, and central says {state}"
    if said != missing[: len(said)] or (missing and not said):
        yield f"{lost.node}: {missing} are missing, and central says {said}"


def _broken_promises(
    promises: Iterable[Promise], documents: Held, lost: Lost | None, past: Past
) -> Iterator[str]:
    """An act of which somebody was told that it is saved is never lost, but with the only disk that had it."""
    for promise in promises:
        doc_id = f"{promise.stream}:{promise.hash}"
        nobody = not any(doc_id in one for of_it in documents.values() for one in of_it.values())
        if lost is not None and lost.node == promise.node and nobody:
            continue
        for name, of_it in documents.items():
            if promise.kind.startswith("visit.") and doc_id < past[name]:
                continue
            if doc_id not in of_it["dossiers"] and doc_id not in of_it["visits"]:
                yield f"{name} lacks {promise.kind} {promise.hash[:12]}, saved at {promise.machine}"


def _acts_without_effect(
    dossiers: Mapping[str, Dossier], events: Mapping[str, Event], gone: Set[str]
) -> Iterator[str]:
    """Whatever a ledger wrote was allowed; with all that it rests on at hand, nobody may hold it back."""
    for dossier in dossiers.values():
        waits = set(gone)
        for line in dossier.timeline:
            event = events.get(line.hash)
            if line.place is Place.WAITING and event is not None and not waits.isdisjoint(event.parents):
                waits.add(line.hash)  # for what was lost with its disk
                continue
            if line.place in (Place.HELD, Place.WAITING, Place.NEWER):
                yield f"{line.kind} {line.hash[:12]} of {line.node} is {line.place.value}: {line.why}"


def _repeated_numbers(
    events: Mapping[str, Event], dossiers: Mapping[str, Dossier], central: Machine
) -> Iterator[str]:
    """A number is one dossier's; where a machine was copied, or the portal sent something twice, central says so.

    Of a dossier that was received twice only one reception counts: it is found by that one's number.
    """
    counting = {one.standing.receipt.hash for one in dossiers.values() if one.standing.receipt}
    streams: dict[str, set[str]] = {}
    for event in events.values():
        if event.kind == "dossier.received" and (
            event.hash in counting or dossiers[event.stream].standing.receipt is None
        ):
            streams.setdefault(event.data["number"], set()).add(event.stream)
    told = {
        (stream, report.number)
        for stream, reports in central.node.catalog.trust.reports.items()
        for said in reports.values()
        for _, report in said
    }
    for number, of in sorted(streams.items()):
        if len(of) > 1 and not all((stream, number) in told for stream in of):
            yield f"the number {number} was given to {len(of)} dossiers, and nobody says so"


def _unexplained_papers(machines: Sequence[Machine], events: Mapping[str, Event]) -> Iterator[str]:
    """Every slip has its event, every reception its slip, and the printer put out each once."""
    for machine in machines:
        with machine.node.file.read():
            jobs = list(PrintJob.select().where(PrintJob.form == ReceiptSlip.FORM))
            left = {row.stream for row in Departed.select(Departed.stream)}
        receptions: dict[str, str] = {
            event.hash: event.data["number"]
            for event in events.values()
            if event.kind == "dossier.received"
            and event.node == machine.node.id
            and event.stream not in left  # its papers left with it
        }
        if {job.number for job in jobs if job.attempt == 1 and job.stream not in left} != set(
            receptions.values()
        ):
            yield f"{machine.name}: the slips queued are not those of its receptions"
        for job in jobs:
            came_out = machine.tray.papers[job.paper]
            if job.state != State.DONE.value or came_out != 1:
                yield f"{machine.name}: {job.paper} is {job.state} and came out {came_out} times"
            if job.stream in left:
                continue  # and so is what stood on it
            code, _ = read(orjson.loads(job.payload)["qr_text"])
            if receptions.get(code.event) != job.number:
                yield f"{machine.name}: {job.paper} is the slip of an event that is not there"
        unknown = machine.tray.papers.keys() - {job.paper for job in jobs}
        for paper in sorted(unknown) if not left else ():
            yield f"{machine.name}: {paper} came out and nobody asked for it"


def _unknown_conflicts(run: Played) -> Iterator[str]:
    known = {row.name for row in conflicts.TABLE}
    for row in {row for rows in run.conflicts.values() for row in rows} - known:
        yield f"a conflict of the row {row}, which is not in the table"


def _plainly_wrong(events: Mapping[str, Event], dossiers: Mapping[str, Dossier]) -> Iterator[str]:
    """What nobody needs the tables for: said again, without asking them."""
    for dossier in dossiers.values():
        before = _ancestors(events, dossier)
        for line in dossier.timeline:
            if line.place in (Place.VOID, Place.WAITING) or line.hash not in events:
                continue
            earlier = [events[one] for one in before[line.hash] if one in events]
            for what in _plain_faults(events[line.hash], earlier):
                yield f"{line.kind} {line.hash[:12]}: {what}"


def _plain_faults(event: Event, earlier: Sequence[Event]) -> Iterator[str]:
    kinds = {one.kind for one in earlier}
    if event.kind not in _BEGINS and not kinds.intersection(_BEGINS):
        yield "nothing had begun before"
    if event.kind == "dossier.approved":
        if not any(one.kind == "dossier.appraised" and one.data["passed"] for one in earlier):
            yield "nobody had found the dossier in order"
        if any(one.kind == "dossier.received" and one.by == event.by for one in earlier):
            yield "who received it approved it"
    if event.kind == "dossier.returned":
        results = {
            one.data["result"] for one in earlier if one.kind in ("dossier.approved", "dossier.refused")
        }
        if event.data["result"] not in results:
            yield "there was no such result"


def _ancestors(events: Mapping[str, Event], dossier: Dossier) -> dict[str, set[str]]:
    before: dict[str, set[str]] = {}
    for line in dossier.timeline:  # parents first
        seen: set[str] = set()
        for parent in events[line.hash].parents if line.hash in events else ():
            seen |= before.get(parent, set()) | {parent}
        before[line.hash] = seen
    return before


def _files_that_are_not_there(central: Machine, events: Mapping[str, Event], excused: Held) -> Iterator[str]:
    """Central has the whole file behind every act that names one; but what was on the lost disk alone, of what the others
    hold (`excused`)."""
    named = {value for event in events.values() for value in event.data.values() if str(value)[:5] == "file-"}
    for file in sorted(named):
        if excused and not any(file in of_it["files"] for of_it in excused.values()):
            continue
        if central.node.archive.read(file) is None:
            yield f"central does not hold {file[:17]}…, which an act names"
