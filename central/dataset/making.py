"""Making the five years: a centre is founded, its machines write, central takes in.

Everything is in one folder. The centre is founded whole or not at all; what the machines wrote can be written again,
so that a run that was cut short is begun again and goes on: what central has it does not take twice.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import multiprocessing
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Final

import msgspec
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from reportlab.pdfgen.canvas import Canvas

from central.centre import Authority, Lease, Office, found
from central.dataset.acts import Group, Machine, Signer, World
from central.dataset.office import (
    ADMINISTRATOR,
    CENTRAL,
    CENTRE,
    FIRST,
    GROUPS,
    LAST,
    LEADER,
    QUEUES,
    YEARS,
    agencies,
    places,
    procedures,
    staff,
)
from central.dataset.plan import Planned, five_years
from central.dataset.totals import totals
from central.trust import Watch
from edge.durable import write_new
from edge.enrolment import make_request
from edge.errors import CannotStart
from edge.folder import Folder
from edge.ids import Ids
from edge.keys import NodeKeys, keep_keys, read_keys
from edge.node import Node
from edge.settings import NodeSettings, read_settings
from schemas.calendar import VIETNAM, proposed_year
from schemas.canonical import to_base64
from schemas.enrolment import read_request
from schemas.entries import Confirmation, Entry, Person
from schemas.events import Document
from schemas.seals import seal_holds

PIN: Final = "202319"
"""Opens the sample leader's and administrator's screens: nothing in here is anybody's."""
WHOLE: Final = "dataset.json"
"""Written last: what was made, and how quickly."""
_PEOPLE: Final = "people"
_FOUNDED: Final = datetime.combine(date(2018, 12, 20), clock_time(9), VIETNAM)
_WEEK: Final = timedelta(days=7)
_BATCH: Final = 10_000
"""Acts that come at once: most dossiers begin and end within so many, and are folded once."""
Told = Callable[[str, int], None]
"""Hears what is being done, and how many dossiers it has been done for."""


class Hand:
    """A clock that stands where it was put, and moves a microsecond whenever it is read."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        """So that no two acts in a row have the same moment."""
        self.at += timedelta(microseconds=1)
        return self.at


class Made(msgspec.Struct, frozen=True):
    """What a data set holds. `events_a_second`: central's taking in, verified and projected, in this run."""

    dossiers: int
    seed: int
    events: int
    visits: int
    seconds: float
    events_a_second: float


@dataclass(slots=True)
class _Taken:
    """What central has taken in so far; `new` are the acts that an earlier run had not, in `seconds`."""

    dossiers: int = 0
    events: int = 0
    new: int = 0
    visits: int = 0
    seconds: float = 0.0


def make(folder: Path, dossiers: int, seed: int, *, ids: Ids, told: Told = lambda what, done: None) -> Made:
    """Make the five years in a folder, or go on with them. Raises `CannotStart`."""
    began = time.monotonic()
    whole = folder / WHOLE
    if whole.exists():
        made = msgspec.json.decode(whole.read_bytes(), type=Made)
        if (made.dossiers, made.seed) != (dossiers, seed):
            raise CannotStart(
                f"{folder} holds {made.dossiers} dossiers of seed {made.seed}: name another folder"
            )
        return made
    told("founding", 0)
    found_once(folder, ids)
    told("planning", 0)
    planned = five_years(totals(dossiers), seed)
    world = world_in(folder, ids)
    central = folder / "central"
    taken = _Taken()
    with _Writers(world, planned, seed) as batches:
        clock = Hand(datetime.combine(FIRST, clock_time(), VIETNAM))
        node = Node(Folder(central), read_settings(central), clock=clock, ids=ids)
        watch = Watch(node)
        try:
            for batch in batches:
                _take(node, clock, batch, taken)
                node.acks.renew()  # as central does all the time: else it looks at five years when it is opened
                watch.look()
                told("writing", taken.dossiers)
        finally:
            node.close()
    made = Made(
        dossiers,
        seed,
        taken.events,
        taken.visits,
        time.monotonic() - began,
        taken.new / max(taken.seconds, 1e-9),
    )
    half = whole.with_suffix(".new")
    half.write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=1))
    half.rename(whole)
    return made


def _take(node: Node, clock: Hand, batch: Batch, taken: _Taken) -> None:
    """Central takes in what machines wrote. What a write rule refuses would be a fault of ours: nothing goes on."""
    began, new = time.monotonic(), 0
    for database in ("dossiers", "visits"):
        documents = [document for name, document in batch if name == database]
        if not documents:
            continue
        store = node.stores[database]
        clock.at = max(clock.at, datetime.fromisoformat(documents[-1]["at"]) + timedelta(minutes=1))
        node.rules.looked_at((document["_id"], document["_rev"]) for document in documents)
        before = store.published
        for outcome in store.bulk_docs(documents, new_edits=False):
            outcome.saved()
        new += store.published - before
        taken.new += (store.published - before) * (database == "dossiers")
    if new:  # what an earlier run took in is no measure of this one
        taken.seconds += time.monotonic() - began
    kinds = [document["kind"] for name, document in batch if name == "dossiers"]
    taken.events += len(kinds)
    taken.visits += len(batch) - len(kinds)
    taken.dossiers += kinds.count("dossier.received")


# ---- founding


def found_once(folder: Path, ids: Ids) -> None:
    """The centre with all its machines, people and five years of catalog; whole or not at all."""
    if (folder / "central").exists():
        return
    if folder.exists() and any(folder.iterdir()):
        raise CannotStart(f"{folder} holds something else: name a folder that is empty or not there")
    half = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(half, ignore_errors=True)
    central = Folder(half / "central")
    central.path.mkdir(parents=True)
    (half / _PEOPLE).mkdir(mode=0o700)
    clock, settings = Hand(_FOUNDED), NodeSettings(CENTRAL.node)
    keys = {place.name: NodeKeys.generate() for place in places()}
    for name, own in keys.items():
        keep_keys(Folder(half / name).keys, own)
    found(
        central,
        CENTRAL,
        settings,
        centre=CENTRE,
        entries=lambda authority: _first_entries(half, authority, clock()),
        by=ADMINISTRATOR,
        clock=clock,
        ids=ids,
    )
    node = Node(central, settings, clock=clock, ids=ids)
    try:
        Office(node).define(_later_entries({CENTRAL.name: node.keys, **keys}, clock), by=ADMINISTRATOR)
        for agency in agencies():
            node.archive.keep(_result(agency.name))
        for person in (ADMINISTRATOR, LEADER):
            node.people.set_pin(person, PIN)
    finally:
        node.close()
    if folder.exists():
        folder.rmdir()
    half.rename(folder)


def _first_entries(folder: Path, authority: Authority, at: datetime) -> Iterator[Entry]:
    yield from (proposed_year(year) for year in YEARS)
    yield from agencies()
    yield from procedures()
    yield from QUEUES
    for member in staff().all():
        certificates: tuple[str, ...] = ()
        if member.signs:
            key = Ed25519PrivateKey.generate()
            der = authority.certify(member.name, key.public_key(), at, len(YEARS)).public_bytes(Encoding.DER)
            write_new(folder / _PEOPLE / f"{member.id}.key", key.private_bytes_raw() + der)
            certificates = (to_base64(der),)
        yield Person(member.id, member.name, member.title, member.grants(), "", certificates)


def _later_entries(keys: dict[str, NodeKeys], clock: Hand) -> Iterator[Entry]:
    """Each year cards and ranges anew; each week the word that there is nothing newer, as central says it."""
    day = _FOUNDED.date() + timedelta(days=1)
    year = 0
    while day <= LAST:
        clock.at = datetime.combine(day, clock_time(6), VIETNAM)
        if day.year >= FIRST.year and day.year != year:
            year = day.year
            for place in (CENTRAL, *places()):
                lease = Lease(_lease(FIRST.year)[0], _lease(year)[1])  # as a card that is renewed
                request = read_request(make_request(keys[place.name], address="", server=""))
                if place is CENTRAL:  # somebody looks at it years later, and nobody renews it
                    lease = Lease(lease.since, date(year + 10, 12, 31))
                yield place.card(request, lease)
                yield from (numbers.granted(place.node, lease) for numbers in place.ranges)
        else:
            yield Confirmation(day)
        ahead = date(day.year + 1, 1, 1)
        day = ahead if day < ahead <= day + _WEEK else day + _WEEK


def _lease(year: int) -> tuple[date, date]:
    return date(year, 1, 1), date(year + 1, 1, 31)


def _result(agency: str) -> bytes:
    """The document that every dossier of an agency comes to here: one page that says that it is a sample."""
    page = io.BytesIO()
    canvas = Canvas(page, invariant=1)
    canvas.drawString(72, 760, "MAU - ket qua giai quyet thu tuc hanh chinh")
    canvas.setTitle(f"Kết quả mẫu: {agency}")
    canvas.save()
    return page.getvalue()


# ---- what the machines write

Batch = list[tuple[str, Document]]


def world_in(folder: Path, ids: Ids) -> World:
    """The keys, people and catalog by which the machines of a founded set write."""
    central = Folder(folder / "central")
    node = Node(central, read_settings(central.path), clock=Hand(_FOUNDED), ids=ids)
    try:
        catalog = node.catalog
        moments, names = tuple(catalog.moments), tuple(catalog.names)
        firsts: dict[str, str] = {}
        for document in node.entries():
            if document["kind"] == "card.granted":
                firsts.setdefault(document["data"]["node"], str(document["_id"]).partition(":")[2])
    finally:
        node.close()
    machines = {
        place.node: Machine(
            place.node, place.number, read_keys(Folder(folder / place.name).keys).ed25519, firsts[place.node]
        )
        for place in places()
    }
    signers = {}
    for member in staff().all():
        if member.signs:
            raw = (folder / _PEOPLE / f"{member.id}.key").read_bytes()
            signers[member.id] = Signer(Ed25519PrivateKey.from_private_bytes(raw[:32]), raw[32:])
    results = {
        agency.code: f"file-{hashlib.sha256(_result(agency.name)).hexdigest()}" for agency in agencies()
    }
    leases = {year: _lease(year) for year in YEARS}
    return World(machines, signers, staff(), procedures(), results, moments, names, leases)


class _Writers:
    """What all groups write, each group in a process of its own, in batches as they come."""

    def __init__(self, world: World, planned: Sequence[Planned], seed: int) -> None:
        context = multiprocessing.get_context("fork")  # the plan and the keys are there already
        self._processes, self._ends = [], []
        for group in range(GROUPS):
            ours, theirs = context.Pipe(duplex=False)
            self._ends.append(ours)
            process = context.Process(
                target=_write,
                args=(world, planned, group, seed, theirs, tuple(self._ends)),
                daemon=True,
                name=f"group-{group}",
            )
            process.start()
            theirs.close()
            self._processes.append(process)

    def __enter__(self) -> Iterator[Batch]:
        return self._batches()

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
            process.join()
        for end in self._ends:
            end.close()

    def _batches(self) -> Iterator[Batch]:
        ends = list(self._ends)
        while ends:
            for end in wait(ends):
                assert isinstance(end, Connection)  # noqa: S101 - those are what was waited for
                try:
                    yield orjson.loads(end.recv_bytes())
                except EOFError:
                    ends.remove(end)
        for process in self._processes:
            process.join()
            if process.exitcode:
                raise CannotStart(f"{process.name} ended before it had written everything; begin again")


def _write(
    world: World,
    planned: Sequence[Planned],
    group: int,
    seed: int,
    end: Connection,
    read: Sequence[Connection],
) -> None:
    """In its own process: write, look at every seal, hand over. `read`: the other ends, which came along when it was forked;
    while it held them open nobody would tell it that who reads is gone."""
    for one in read:
        one.close()
    keys = {
        name: to_base64(machine.key.public_key().public_bytes_raw())
        for name, machine in world.machines.items()
    }
    documents = Group(world, group, seed).documents(planned)
    while batch := list(itertools.islice(documents, _BATCH)):
        for _, document in batch:
            if not seal_holds(document, keys[document["node"]]):
                raise CannotStart(f"a seal of {document['node']} does not hold")
        end.send_bytes(orjson.dumps(batch))
    end.close()
