"""`motcua verify`: read every event and file of every node of a centre again, and say what does not hold.

Nodes may be stopped or running; nothing is written, and nothing that a node remembers is believed
(`central.inspection`). An event that another node still has is named by what that one proves.
"""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import click
import msgspec
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from central.inspection import archives, catalogs, events, looks, numbers
from central.inspection.catalogs import Proven, name_of
from central.inspection.chains import Chains, Place
from central.inspection.documents import Documents
from central.inspection.events import Read, Shelf
from central.inspection.findings import Finding, Findings
from central.inspection.folders import NamedFile, NodeFolder, open_folders
from central.rekey import passphrase
from edge.at_rest import Ask
from edge.signing import why_not_signed
from schemas.acts import Views
from schemas.events import Event

WELL: Final = 0
FOUND: Final = 1
TOLD_EVERY: Final = 100
_T = TypeVar("_T")

Told = Callable[[int, int], None]
"""Hears how many documents have been read, of how many."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What one node has. `verified`: events of `dossiers` whose text, revision, seal and chain hold.

    `files` are whole; `awaited` are named by an event here, and are whole so far at another node only.
    """

    node_folder: str
    node: str
    entries: int
    events: int
    verified: int
    visits: int
    files: int
    chunks: int
    awaited: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification came to."""

    findings: tuple[Finding, ...]
    nodes: tuple[Counted, ...]

    @property
    def well(self) -> bool:
        """Whether nothing was found at all, not even what was `written` so."""
        return not self.findings


def verify(data: Path, told: Told = lambda done, total: None, ask: Ask | None = None) -> Verdict:
    """Verify all nodes in a centre's folder. Raises `CannotStart` where there is none, or one cannot be opened.

    `ask` gets the passphrase of a folder that is closed with one.
    """
    findings = Findings()
    with contextlib.ExitStack() as closing:
        nodes = open_folders(data, findings, closing, ask)
        return _Verification(nodes, findings, told).run()


def verify_command(data: Path, as_json: bool) -> int:
    """Verify, print, and return the exit status: 0 all well, 1 something was found. Raises `CannotStart`."""
    with Progress(console=Console(stderr=True), transient=True, disable=as_json) as progress:
        task = progress.add_task("verifying", total=None)
        verdict = verify(
            data, lambda done, total: progress.update(task, completed=done, total=total), passphrase
        )
    if as_json:
        report = {"well": verdict.well, "nodes": verdict.nodes, "findings": verdict.findings}
        click.echo(msgspec.json.encode(report).decode())
    else:
        _print(verdict)
    return WELL if verdict.well else FOUND


def _print(verdict: Verdict) -> None:
    table = Table("node", "catalog", "events", "verified", "visits", "files", "chunks", "awaited")
    table.columns[0].no_wrap = True
    for one in verdict.nodes:
        figures = (one.entries, one.events, one.verified, one.visits, one.files, one.chunks, one.awaited)
        table.add_row(one.node_folder, *(str(figure) for figure in figures))
    Console().print(table)
    for finding in verdict.findings:
        click.echo(str(finding))
    click.echo("all well" if verdict.well else f"{len(verdict.findings)} findings")


class _Verification:
    def __init__(self, nodes: list[NodeFolder], findings: Findings, told: Told) -> None:
        self._nodes, self._findings, self._told = nodes, findings, told
        self._total = sum(node.documents for node in nodes)
        self._redacted: frozenset[str] = frozenset()
        self._done = 0
        self._numbers: list[tuple[str, numbers.Receipt, tuple[str, ...]]] = []
        self._came_with: set[tuple[str, str]] = set()
        self._entered: set[tuple[str, str]] = set()
        """The numbers that dossiers brought with them from the portal."""
        self._sealed: dict[str, list[Views]] = defaultdict(list)
        """By machine: what it has sealed of its log of views, wherever that is found."""

    def run(self) -> Verdict:
        for node in self._nodes:
            self._check_structure(node)
        proven = self._read_catalogs()
        self._redacted = frozenset(proven.catalog.trust.redacted)
        for node in self._nodes:
            catalogs.check_identity(node.path, node.at_rest, node.name, node.node, proven, self._findings)
            self._read_events(node, proven)
        self._check_numbers(proven)
        dossiers = self._check_chains(proven)
        self._check_files()
        for node in self._nodes:
            looks.check(node.database, node.name, node.node, proven, self._sealed[node.node], self._findings)
            self._name_damage(node)
        counted = tuple(self._count(node, dossiers) for node in self._nodes)
        return Verdict(self._findings.all(), counted)

    def _check_structure(self, node: NodeFolder) -> None:
        for snapshot in (node.database, node.archive):
            if snapshot.problem is not None:
                self._findings.say(node.name, snapshot.path.name, f"it cannot be read: {snapshot.problem}")
            for line in snapshot.check():
                self._findings.say(node.name, snapshot.path.name, f"SQLite says: {line}")

    def _read_catalogs(self) -> Proven:
        found = {node.name: Documents(node.database, "catalog") for node in self._nodes}
        reads = {name: list(self._counted(events.read_events(one))) for name, one in found.items()}
        roots = [catalogs.read_root(node.path) for node in self._nodes]
        proven = catalogs.prove(roots, (read for one in reads.values() for read in one))
        for node in self._nodes:
            shelf = node.shelves["catalog"] = Shelf()
            for read in reads[node.name]:
                self._take(node, "catalog", read, catalogs.entry_faults(read, proven))
            self._finish(node, "catalog", shelf, found[node.name])
        return proven

    def _read_events(self, node: NodeFolder, proven: Proven) -> None:
        for database in ("dossiers", "visits"):
            shelf = node.shelves[database] = Shelf()
            documents = Documents(node.database, database)
            for read in self._counted(events.read_events(documents)):
                faults = events.faults_of(read, proven.catalog)
                receipt = numbers.receipt_of(read.event) if isinstance(read.event, Event) else None
                node.numbered += numbers.numbers_a_result(read.event, node.node)
                node.redacted += _is_own_redacted_reception(read.event, node.node)
                if receipt is not None:
                    node.receipts.append(receipt)
                    self._findings.numbers.setdefault(receipt.stream, receipt.number)
                    self._numbers.append((node.name, receipt, numbers.number_faults(receipt, proven.catalog)))
                elif isinstance(read.event, Event):
                    self._came_with |= numbers.came_with(read.event)
                    self._entered |= numbers.entered(read.event)
                self._take(node, database, read, faults)
                if isinstance(read.event, Event):
                    node.named += _files_named(read.event, proven)
                    if not faults:
                        self._sealed[read.event.node] += looks.sealed_in(read.event)
            self._finish(node, database, shelf, documents)
        node.at_centre = events.check_marks(
            node.database, node.shelves["dossiers"], self._findings, node.name, node.node
        )

    def _take(self, node: NodeFolder, database: str, read: Read, faults: tuple[str, ...]) -> None:
        every = read.faults + faults
        events.take(node.shelves[database], read, every)
        if read.link is not None:
            self._findings.links[database].setdefault(read.link.hash, read.link)
        for fault in every:
            self._findings.say_of_event(node.name, database, read.trace, fault)

    def _finish(self, node: NodeFolder, database: str, shelf: Shelf, documents: Documents) -> None:
        events.finish(shelf, documents, node.database)
        for fault in documents.faults:
            self._findings.say(node.name, database, fault)

    def _check_numbers(self, proven: Proven) -> None:
        receipts = [(node.name, receipt) for node in self._nodes for receipt in node.receipts]
        given = [receipt for _, receipt in receipts]
        for name, receipt, faults in self._numbers:
            if (receipt.stream, receipt.number) not in self._came_with:
                for fault in faults:
                    self._findings.say_of_event(name, "dossiers", receipt.trace, fault)
        numbers.check_unique(receipts, self._findings)
        for node in self._nodes:
            own = [receipt for receipt in node.receipts if receipt.trace.node == node.node]
            left = Counter(node.departed.values())
            gone = node.redacted + left["dossier.received"]
            numbers.check_counters(node.database, own, gone, self._findings, node.name)
            gone = node.redacted + left["dossier.numbered"]
            numbers.check_result_counters(
                node.database, proven.catalog, node.numbered, gone, self._findings, node.name
            )
            numbers.check_shown(
                node.database, given, self._entered, proven.catalog, self._findings, node.name
            )

    def _check_chains(self, proven: Proven) -> Chains:
        """Check the chains of all databases; those of `dossiers` are asked again for the counts."""
        centre = proven.catalog.centre or ""
        known_there = [
            events.remembered(node.database, one) for node in self._nodes for one in sorted(node.at_centre)
        ]
        for node in self._nodes:
            if node.node == centre:
                node.shelves["dossiers"].lost += known_there
        found = {}
        for database in ("catalog", "dossiers", "visits"):
            first = {centre: ""} if database == "catalog" else proven.first_cards
            places = [
                Place(
                    node.name,
                    node.node,
                    node.shelves[database]
                    if database != "catalog"
                    else node.shelves[database].as_of(
                        centre, lambda link: proven.catalog.drops(name_of(link))
                    ),
                    writes=database != "catalog" or node.node == centre,
                    head=node.head(database),
                    whole=database == "catalog",
                    filled=node.filled(database) if node.node == centre else {},
                    departed={"dossiers": node.departed, "visits": node.departed_visits}.get(database, ()),
                )
                for node in self._nodes
            ]
            found[database] = Chains(database, places, first, self._findings, or_else=proven.dropped_cards)
            found[database].check(self._head_by_now)
        return found["dossiers"]

    def _head_by_now(self, folder: str, database: str) -> int:
        return next(node for node in self._nodes if node.name == folder).head_by_now(database)

    def _check_files(self) -> None:
        for node in self._nodes:
            documents = Documents(node.archive, "files")
            node.files = archives.check_files(
                node.archive, documents, self._counted(documents.read()), self._findings, node.name
            )
        first: dict[str, Event] = {}
        for named in sorted(
            (one for node in self._nodes for one in node.named), key=lambda one: one.event.order
        ):
            first.setdefault(named.file, named.event)
        for node in self._nodes:
            self._check_named(node, first)
        self._check_results()

    def _check_named(self, node: NodeFolder, first: Mapping[str, Event]) -> None:
        """Every file that an event here names is here; elsewhere than at its author it may be on its way.

        `first` is the event that named each file first: its node had the file before it wrote the event.
        """
        nodes = {one.node for one in self._nodes}
        for file in dict.fromkeys(named.file for named in node.named):
            if file in node.files.whole or file in node.files.broken or file in self._redacted:
                continue
            event = first[file]
            somewhere = any(file in one.files.whole for one in self._nodes)
            if event.node == node.node or (not somewhere and event.node not in nodes):
                place = f"{event.node} #{event.seq}"
                what, coming = f"{place} names it, and it is not here", event.node != node.node
                self._findings.say(node.name, archives.place(file), what, written=coming)
                for chunk in node.files.coming.get(file, ()):
                    what = archives.missing(chunk)
                    self._findings.say(node.name, archives.place(file), what, written=coming)
            elif somewhere:
                node.awaited += 1

    def _check_results(self) -> None:
        """Each signed result once: the same bytes are at every node that has it whole."""
        signed = {one.file: one for node in self._nodes for one in node.named if one.certificate is not None}
        for file, named in sorted(signed.items()):
            holder = next((node for node in self._nodes if file in node.files.whole), None)
            if holder is None or named.certificate is None:
                continue
            content = archives.read_file(holder.archive, holder.files, file)
            why = why_not_signed(content, named.certificate)
            if why is not None:
                what = f"the result of {named.event.node} #{named.event.seq}: {why}"
                self._findings.say(holder.name, archives.place(file), what, written=True)

    def _name_damage(self, node: NodeFolder) -> None:
        for snapshot in (node.database, node.archive):
            for table, why in snapshot.damaged.items():
                where = f"{snapshot.path.name} table {table}"
                self._findings.say(node.name, where, f"a part of it cannot be read ({why})")

    def _count(self, node: NodeFolder, dossiers: Chains) -> Counted:
        return Counted(
            node_folder=node.name,
            node=node.node,
            entries=node.shelves["catalog"].count,
            events=node.shelves["dossiers"].count,
            verified=dossiers.verified(node.shelves["dossiers"]),
            visits=node.shelves["visits"].count,
            files=len(node.files.whole),
            chunks=len(node.files.chunks),
            awaited=node.awaited,
        )

    def _counted(self, documents: Iterable[_T]) -> Iterator[_T]:
        for one in documents:
            yield one
            self._done += 1
            if self._done % TOLD_EVERY == 0:
                self._told(self._done, self._total)


def _is_own_redacted_reception(event: object, node: str) -> bool:
    """Whether a number was given here of which nothing is left but that it was given."""
    own = isinstance(event, Event) and event.redacted and event.node == node
    return own and isinstance(event, Event) and event.kind == "dossier.received"


def _files_named(event: Event, proven: Proven) -> Iterator[NamedFile]:
    certificate = None
    view = proven.catalog.at(event.catalog)
    if event.signed is not None and view is not None:
        person = view.person(event.by)
        certificate = person.certificate(event.signed.certificate) if person is not None else None
    if event.data.get("on_paper") or (event.kind == "dossier.sealed" and not event.data.get("certificate")):
        certificate = None  # signed and stamped by hand: what the file holds is a picture of that
    for file in archives.files_named_in(event.data):
        yield NamedFile(file, event, certificate if file == event.data.get("result") else None)
