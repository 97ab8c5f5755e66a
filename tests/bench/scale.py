"""The load model of docs/scale.md: `python -m tests.bench.scale` prints its tables, `--write` puts them into the page.

What one dossier costs was measured on one machine (each constant says by which command); what is not measurable without a
cluster, or is a matter of the place, is an assumption and is called one. From both follows what a place needs. Pure: the same
page everywhere, and a test holds the page against it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import click

PAGE: Final = Path(__file__).parents[2] / "docs" / "scale.md"
BEGIN: Final = "<!-- made by python -m tests.bench.scale --write: {} -->"
END: Final = "<!-- end -->"


class Given(NamedTuple):
    """A figure that all else follows from. `source`: the command that measured it; empty for an assumption."""

    value: float
    unit: str
    what: str
    source: str = ""


DATASET: Final = "`motcua dataset --dossiers 1000` and `100`, central's `node.db`"
FRONTS: Final = "`python -m tests.bench.fronts`"
FOLLOWING: Final = "`python -m tests.bench.following`"
BENCHMARKS: Final = "[benchmarks.md](benchmarks.md)"

ACTS = Given(4.741, "acts", "of one dossier, from its reception to its result", DATASET)
ACT = Given(1029, "bytes", "of one act as JSON", DATASET)
ACT_PACKED = Given(363, "bytes", "of one act on a line, 500 of them in one gzip", DATASET)
CENTRAL_FIXED = Given(3.5e6, "bytes", "of `node.db` of an embedded central that has no dossier yet", DATASET)
CENTRAL_EACH = Given(
    15_365,
    "bytes",
    "of `node.db` of an embedded central for each dossier: acts, lists, search, sums",
    DATASET,
)
PROJECTED = Given(
    2150,
    "acts/s",
    "that one core takes in at central or at a front: verifies, folds, projects; 10,000 at a time",
    f"{BENCHMARKS}, the five years",
)
APART = Given(
    2.6,
    "times",
    "as long where the acts of a dossier come apart, in pages of 1,000 at most that are written within 0.3 s",
    FOLLOWING,
)
REBUILT = Given(
    2667,
    "acts/s",
    "of which one core makes the projections in `node.db` again, after a version that changes them",
    f"{BENCHMARKS}, `rebuild`",
)
LOG = Given(
    0.43,
    "of `node.db`",
    "that its write-ahead log grows to meanwhile, for all of it is one transaction",
    "8,000 dossiers: 51 MB, with 119 MB of `node.db`",
)
FILLED = Given(
    1960,
    "acts/s",
    "that one core of a projector brings into PostgreSQL, whose own processor is not counted",
    f"{BENCHMARKS}, *Over projections in PostgreSQL*",
)
SEAL = Given(
    0.108,
    "ms",
    "of a core to let one act through all write rules, its seal verified by itself",
    f"{BENCHMARKS}, `windows_verified`",
)
WRITES = Given(
    9.3,
    "ms",
    "of a front's core for one act that a machine sends alone, three questions; the rules apart",
    f"{FRONTS}, `written alone`",
)
READS = Given(
    9.5,
    "ms",
    "of a front's core for one act that a machine fetches alone, three questions; its seal apart",
    f"{FRONTS}, `read alone`",
)
FOLLOWS = Given(
    15.2,
    "ms",
    "of a front's core for one act that it follows alone: fetches, judges, folds, notes, and rings its bell twice",
    f"{FOLLOWING}, `followed alone`",
)
RING = Given(9.8, "ms", "of a front's core for one ring of its bell, the act that rings it included", FRONTS)
RING_EACH = Given(
    0.048, "ms", "more for each feed that waits, all of them at one place, without a filter", FRONTS
)
PAGE_MADE = Given(
    2.3,
    "ms",
    "of a front's core for one page of `_changes` that it asks the cluster for, and gives one feed; 2.1 with 100 feeds, 2.5 with 250",
    f"{FRONTS}, `a page for each of`",
)
PROBE = Given(
    2.9, "ms", "of a front's core for one probe or one note, which it passes on to the cluster", FRONTS
)
PROBES = Given(2, "s", "between two probes of a machine, by day and by night", "`edge/roads.py`")
NOTES = Given(
    30,
    "s",
    "between two notes of a machine on how it stands, and two questions for central's; central asks the cluster as often",
    "`edge/state.py`, `edge/roads.py`",
)
LIVE = Given(
    3,
    "feeds",
    "that each machine keeps open: catalog, visits, dossiers; a kiosk or board two",
    "`edge/roads.py`",
)
RINGS = Given(10, "rings/s", "at most, of what comes from the cluster, in each database", "`sync/bell.py`")
RUNG = Given(
    2,
    "times",
    "that an act rings at each front: when it is in the cluster, and when the front has folded it",
    "`sync/bell.py`, `central/cluster.py`",
)
FEEDS = Given(800, "feeds", "at most, in one front", "`sync/web_server.py`")
WINDOW = Given(
    3060,
    "acts/s",
    "with which a new machine fills its window, on a line in the house",
    f"{BENCHMARKS}, `first_load`",
)
BACKED_UP = Given(
    71e6,
    "bytes/s",
    "of files that one core backs up where nothing changed: reads, restores, verifies; for the first time 18 MB/s",
    "`motcua backup`, 204 MB of `files.db` in memory",
)
LEFT = Given(
    0.1,
    "of a disk",
    "that the trial of a backup leaves free; below that the pages warn",
    "`central/backup.py`",
)
FULL = Given(0.02, "of a disk", "below which no act is begun", "`edge/disk.py`")
COUCH_WRITES = Given(
    4900,
    "acts/s",
    "that a CouchDB 3.5 of one node and two idle cores takes in bulk, of 2 KB",
    "measured once, when this project began; not in this machine's reach any more",
)

MEASURED: Final = (
    ACTS, ACT, ACT_PACKED, CENTRAL_FIXED, CENTRAL_EACH, PROJECTED, APART, REBUILT, LOG, FILLED, SEAL, WRITES, READS, FOLLOWS,
    RING, RING_EACH, PAGE_MADE, PROBE, PROBES, NOTES, LIVE, RINGS, RUNG, FEEDS, WINDOW, BACKED_UP, LEFT, FULL, COUCH_WRITES,
)  # fmt: skip

WORKING = Given(250 * 8 * 3600, "s", "of work in a year: 250 days of 8 hours")
PEAK = Given(4, "times", "the mean of working hours in the busiest hour of the busiest day")
READERS = Given(5, "machines", "that read each act through fronts: those of its agencies and its room")
INDEXES = Given(
    400, "bytes", "that CouchDB needs for a document beside its JSON, uncompressed: by id and by sequence"
)
ROOM = Given(2, "times", "the bytes of documents, so that a shard can be compacted beside itself")
COPIES = Given(3, "copies", "of each document (`n`)")
SCANS = Given(1.5e6, "bytes", "of scans and results of one dossier, where all of it is scanned")
CHUNK = Given(65_536, "bytes", "of one chunk document of `files`")
SHARD = Given(10_000_000, "documents", "in one shard, after which it is split")
NODE = Given(8e12, "bytes", "of SSD in one node of the cluster")
YEARS = Given(10, "years", "of dossiers are kept; disk and times are those at their end")
COPIED = Given(100e6, "bytes/s", "with which a new node of the cluster gets its copies")

ASSUMED: Final = (
    WORKING, PEAK, READERS, INDEXES, ROOM, COPIES, SCANS, CHUNK, SHARD, NODE, YEARS, COPIED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """`dossiers` a year; `machines`: edges; `databases`: by how many the whole is divided (one for each province)."""

    name: str
    dossiers: float
    machines: int
    databases: int = 1


PLACES: Final = (
    Place("a centre", 104_351, 32),
    Place("a province", 1e8 / 34, 588),
    Place("a country, one cluster", 1e8, 20_000),
    Place("a country, by province", 1e8, 20_000, 34),
)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a place needs; with several databases, all of them together unless it says otherwise."""

    place: Place

    @property
    def acts_s(self) -> float:
        """In the busiest hour."""
        return self.place.dossiers * ACTS.value / WORKING.value * PEAK.value

    @property
    def rings_s(self) -> float:
        """At each front. What a front has folded meanwhile rings together, as what comes from the cluster does."""
        return RUNG.value * min(RINGS.value, self.acts_s / self.place.databases)

    @property
    def feeds(self) -> float:
        return self.place.machines * LIVE.value

    @property
    def fronts(self) -> int:
        """As many as the feeds need in each database, and one more."""
        each = math.ceil(self.feeds / self.place.databases / FEEDS.value)
        return self.place.databases * (each + 1)

    @property
    def pages_s(self) -> tuple[float, float]:
        """Pages of `_changes` asked of one cluster for those who listen: where all of a front stand together, and where none do."""
        fronts = self.fronts / self.place.databases
        return self.rings_s * fronts, self.rings_s * self.place.machines / self.place.databases

    @property
    def probes_s(self) -> float:
        """Of one cluster, whatever the hour."""
        return self.place.machines / self.place.databases / PROBES.value

    @property
    def notes_s(self) -> float:
        """Of one cluster, that fronts pass on: each machine leaves one and reads one. Those that central reads pass no front."""
        return 2 * self.place.machines / self.place.databases / NOTES.value

    @property
    def front_cores(self) -> tuple[float, float]:
        """Busy in fronts: where all machines of a front stand together, and where none do."""
        each = self.fronts / self.place.databases
        together, apart = (self._cores(each, pages_s) for pages_s in self.pages_s)
        told = self.rings_s * self.place.machines / self.place.databases * RING_EACH.value / 1000
        return self.place.databases * (together + told), self.place.databases * apart

    @property
    def fronts_apart(self) -> int:
        """As many as have a core each for what they do where no machines stand together; a process has no more than one."""
        each = self.fronts // self.place.databases
        while self._cores(each, self.pages_s[1]) > each:
            each += 1
        return self.place.databases * each

    def _cores(self, fronts: float, pages_s: float) -> float:
        """Of the fronts of one cluster, which make so many pages for those who listen to `dossiers`."""
        acts_s = self.acts_s / self.place.databases
        alone_s = min(RINGS.value, acts_s)  # what comes within one ring is followed together
        written = acts_s * (WRITES.value + SEAL.value)
        read = acts_s * READERS.value * (READS.value + SEAL.value)
        passed = (self.probes_s + self.notes_s) * PROBE.value
        followed = fronts * (
            alone_s * FOLLOWS.value + (acts_s - alone_s) * 1000 * APART.value / PROJECTED.value
        )
        return (written + read + passed + followed + pages_s * PAGE_MADE.value) / 1000

    @property
    def fronts_disk(self) -> float:
        """Of those beside central: each keeps all acts of its centre and what it makes of them, as central does; no files."""
        return (self.fronts - self.place.databases) * self.central_disk / self.place.databases

    @property
    def projector_cores(self) -> float:
        return self.acts_s / FILLED.value

    @property
    def acts_kept(self) -> float:
        return self.place.dossiers * ACTS.value * YEARS.value

    @property
    def acts_disk(self) -> float:
        """All copies, with the room to compact."""
        return self.acts_kept * (ACT.value + INDEXES.value) * COPIES.value * ROOM.value

    @property
    def files_disk(self) -> float:
        """All copies; chunks are never changed, and one shard at a time is compacted."""
        return self.place.dossiers * YEARS.value * SCANS.value * COPIES.value

    @property
    def central_disk(self) -> float:
        """`node.db` of a central with as many years; PostgreSQL needs about the same."""
        return (
            CENTRAL_FIXED.value * self.place.databases
            + self.place.dossiers * YEARS.value * CENTRAL_EACH.value
        )

    @property
    def central_files(self) -> float:
        """`files.db`: the one copy of all files that each central has."""
        return self.files_disk / COPIES.value

    @property
    def backup_year(self) -> float:
        """What one central's backups grow by in a year in which all is scanned."""
        return (self.central_disk + self.central_files) / self.place.databases / YEARS.value

    @property
    def central_year(self) -> float:
        """What one central's disk grows by in such a year: all that is backed up is restored once beside it."""
        return 2 * self.backup_year / (1 - LEFT.value)

    def backed_up_h(self, years: float) -> float:
        """A central's backup each day, at the end of so many years."""
        return self.backup_year * years / BACKED_UP.value / 3600

    def remade_h(self, years: float) -> float:
        """Until a central or a front is back after a version that makes projections anew, at the end of so many years."""
        return self.acts_kept / self.place.databases / YEARS.value * years / REBUILT.value / 3600

    @property
    def nodes(self) -> int:
        each = (self.acts_disk + self.files_disk) / self.place.databases
        return self.place.databases * max(int(COPIES.value), math.ceil(each / NODE.value))

    def shards(self, documents: float) -> int:
        """`q` of one database: the power of two that keeps shards small."""
        wanted = max(1.0, documents / self.place.databases / SHARD.value)
        return int(2 ** math.ceil(math.log2(wanted)))

    @property
    def q_dossiers(self) -> int:
        return self.shards(self.acts_kept)

    @property
    def q_files(self) -> int:
        return self.shards(self.place.dossiers * YEARS.value * SCANS.value / CHUNK.value)

    @property
    def in_bits_s(self) -> float:
        """From machines, in the busiest hour."""
        dossiers_s = self.acts_s / ACTS.value
        return 8 * (self.acts_s * ACT_PACKED.value + dossiers_s * SCANS.value)

    @property
    def node_again_h(self) -> float:
        """Until a node that was lost has its copies again, the files first and last."""
        return (self.acts_disk / ROOM.value + self.files_disk) / self.nodes / COPIED.value / 3600

    def rebuilt_h(self, projectors: int) -> float:
        """Until the projections of one centre are made again from all acts."""
        return self.acts_kept / self.place.databases / FILLED.value / projectors / 3600

    @property
    def front_again_h(self) -> tuple[float, float]:
        """Until a front whose folder was emptied, or a new one, has followed all acts: dossier by dossier, and as they came."""
        best = self.acts_kept / self.place.databases / PROJECTED.value / 3600
        return best, best * APART.value


def _figure(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _range(least: float, most: float) -> str:
    return f"{_figure(least)} to {_figure(most)}"


def _hours(value: float) -> str:
    return f"{value * 60:.0f} min" if value < 1 else f"{_figure(value)} h"


def _spans(least: float, most: float) -> str:
    return f"{_hours(least)} to {_hours(most)}"


def _bytes(value: float) -> str:
    for unit, size in (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.0f} bytes"


def _given(figures: Sequence[Given], *, sources: bool) -> Iterator[str]:
    yield "| figure | | what |" + (" measured by |" if sources else "")
    yield "| ---: | --- | --- |" + (" --- |" if sources else "")
    for one in figures:
        value, unit = _figure(one.value), one.unit
        if one.value >= 1e8 and unit.startswith("bytes"):
            value, _, unit = _bytes(one.value).partition(" ")
            unit += one.unit.removeprefix("bytes")
        yield f"| {value} | {unit} | {one.what} |" + (f" {one.source} |" if sources else "")


def _needs(places: Sequence[Place]) -> Iterator[str]:
    needs = [Needs(place) for place in places]
    yield "| | " + " | ".join(place.name for place in places) + " |"
    yield "| --- |" + " ---: |" * len(places)
    rows = {
        "dossiers a year": [_figure(one.place.dossiers) for one in needs],
        "machines": [_figure(one.place.machines) for one in needs],
        "acts a second, busiest hour": [_figure(one.acts_s) for one in needs],
        "of the acts that one CouchDB of two cores takes": [
            f"{one.acts_s / COUCH_WRITES.value:.2%}" for one in needs
        ],
        "feeds that wait": [_figure(one.feeds) for one in needs],
        "fronts: as many as the feeds need, and one more; central is one": [
            _figure(one.fronts) for one in needs
        ],
        "fronts of one core each, where no machines stand together": [
            _figure(one.fronts_apart) for one in needs
        ],
        "probes a second that fronts pass on, each cluster": [_figure(one.probes_s) for one in needs],
        "notes a second that fronts pass on, each cluster": [_figure(one.notes_s) for one in needs],
        "pages of `_changes` a second, each cluster: machines stand together, or none do": [
            _range(*one.pages_s) for one in needs
        ],
        "cores busy in fronts: machines stand together, or none do": [
            _range(*one.front_cores) for one in needs
        ],
        "cores busy in projectors": [_figure(one.projector_cores) for one in needs],
        "from machines, busiest hour": [
            f"{_figure(one.in_bits_s / 1e6)}\N{NO-BREAK SPACE}Mbit/s" for one in needs
        ],
        "acts in ten years": [_figure(one.acts_kept) for one in needs],
        "cluster: disk of acts, three copies, room to compact": [_bytes(one.acts_disk) for one in needs],
        "cluster: disk of files, three copies": [_bytes(one.files_disk) for one in needs],
        "`q` of `dossiers`, each cluster": [_figure(one.q_dossiers) for one in needs],
        "`q` of `files`, each cluster": [_figure(one.q_files) for one in needs],
        "nodes of clusters, 8 TB each, full": [_figure(one.nodes) for one in needs],
        "central: `node.db`; the same again for PostgreSQL": [_bytes(one.central_disk) for one in needs],
        "central: `files.db`, its copy of all files": [_bytes(one.central_files) for one in needs],
        "fronts beside central: all their folders together": [_bytes(one.fronts_disk) for one in needs],
        "each central: disk for each year, with room for the trial of its backup": [
            _bytes(one.central_year) for one in needs
        ],
        "each central: disk for its backups, each year": [_bytes(one.backup_year) for one in needs],
        "each central: its daily backup, one core, after one year and after ten": [
            _spans(one.backed_up_h(1), one.backed_up_h(10)) for one in needs
        ],
        "a version that makes projections anew, at each central and front, after one year and after ten": [
            _spans(one.remade_h(1), one.remade_h(10)) for one in needs
        ],
        "a lost node of the cluster has its copies again": [_hours(one.node_again_h) for one in needs],
        "a front that was emptied has all acts again, one core": [
            _spans(*one.front_again_h) for one in needs
        ],
        "projections made again by one projector": [_hours(one.rebuilt_h(1)) for one in needs],
        "the same by eight, if they do eight times as much": [_hours(one.rebuilt_h(8)) for one in needs],
    }
    for name, values in rows.items():
        yield f"| {name} | " + " | ".join(values) + " |"


class Machine(NamedTuple):
    """One of the three that hold a province, its files apart, at the end of the years. `version`: of how many `node.db` a new
    version makes copies, and the projections anew, at once; `tried`: whether a backup is tried there."""

    what: str
    nodes: int
    version: int
    tried: bool = False


MACHINES: Final = (
    Machine("central's: `node.db`, PostgreSQL, a node of the cluster", 2, 1, tried=True),
    Machine(
        "another: two fronts, a node of the cluster; one front is emptied before a new version comes", 2, 1
    ),
    Machine("the same; a new version comes to both fronts as they are", 2, 2),
)


def _machines(place: Place, machines: Sequence[Machine]) -> Iterator[str]:
    needs = Needs(place)
    yield "| machine | lies there | trial of a backup | a new version | disk |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for one in machines:
        lies = one.nodes * needs.central_disk + needs.acts_disk / COPIES.value
        tried = needs.central_disk * one.tried
        version = one.version * needs.central_disk * (1 + LOG.value)
        disk = max((lies + tried) / (1 - LEFT.value), (lies + version) / (1 - FULL.value))
        shown = [_bytes(lies), _bytes(tried) if tried else "", _bytes(version), _bytes(disk)]
        yield f"| {one.what} | " + " | ".join(shown) + " |"


class Check(NamedTuple):
    """A point at which the model was held against a measurement that it was not made from."""

    what: str
    predicted: float
    measured: float
    unit: str


CHECKS: Final = (
    Check(
        "disk of an embedded central with 521,756 dossiers, from 100 and 1,000 of them",
        (CENTRAL_FIXED.value + 521_756 * CENTRAL_EACH.value) / 1e9,
        6452 * 2**20 / 1e9,
        "GB",
    ),
    Check(
        "core of a front for one ring with 600 feeds, from 100 and 300 of them",
        RING.value + 600 * RING_EACH.value,
        35.7,
        "ms",
    ),
)


def _checks() -> Iterator[str]:
    yield "| what | predicted | measured | |"
    yield "| --- | ---: | ---: | --- |"
    for one in CHECKS:
        off = one.predicted / one.measured - 1
        yield f"| {one.what} | {_figure(one.predicted)} {one.unit} | {_figure(one.measured)} {one.unit} | {off:+.0%} |"


TABLES: Final = {
    "measured": lambda: _given(MEASURED, sources=True),
    "assumed": lambda: _given(ASSUMED, sources=False),
    "needs": lambda: _needs(PLACES),
    "machines": lambda: _machines(PLACES[1], MACHINES),
    "checks": _checks,
}


def filled(page: str) -> str:
    """The page with its tables as the model has them now. Raises `ValueError` where one has no place."""
    for name, lines in TABLES.items():
        begin = BEGIN.format(name)
        before, found, rest = page.partition(begin)
        _, ended, after = rest.partition(END)
        if not found or not ended:
            raise ValueError(f"{PAGE} has no place for the table {name!r}")
        page = f"{before}{begin}\n\n" + "\n".join(lines()) + f"\n\n{END}{after}"
    return page


@click.command()
@click.option("--write", is_flag=True, help="Into docs/scale.md.")
def main(write: bool) -> None:
    """What a centre, a province and a country need."""
    if write:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        return
    for name, lines in TABLES.items():
        click.echo(f"\n{name}\n")
        click.echo("\n".join(lines()))


if __name__ == "__main__":
    main()
