"""What only central can see: rows of the conflict table that need several dossiers (design §3.4).

Whenever something has arrived, the dossiers that it belongs to are compared with their likes: by number, and by
applicant, procedure and day. What is found is an entry of the catalog, and so every node shows it. The desk answers in
any of the dossiers; central then closes the row for all of them. Cost is that of what arrived, not of the archive.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final, Literal

from central.centre import Office
from edge.node import Node
from edge.tables.node import Fact
from schemas.conflicts import Conflict
from schemas.entries import Report
from schemas.fold import Dossier, Place
from schemas.rules import Inner

Row = Literal["portal_twice", "possible_duplicate", "number_twice"]
_LOOKED_UP_TO: Final = "centre_rows_up_to"
_AT_ONCE: Final = 2_000
MOST: Final = 9
"""A report names so many dossiers at most: with the first ones somebody will find the others."""

_SAME_NUMBER: Final = "SELECT stream FROM dossier WHERE number = ? ORDER BY stream"
_SAME_MATTER: Final = (
    "SELECT stream FROM dossier WHERE identity = ? AND identity <> '' AND procedure = ? AND received_day = ?"
    " ORDER BY stream"
)


def report_rows(centre: Node) -> int:
    """Write what is new: rows found, rows grown, rows answered; how many entries. Some changes at a time, each noted: a
    central that has just got an archive of years goes on where it stopped, and holds none of it in memory."""
    written = 0
    while (more := _report_some(centre)) is not None:
        written += more
    return written


def _report_some(centre: Node) -> int | None:
    """How many entries the next changes made; None when there are no more."""
    store = centre.stores["dossiers"]
    with centre.file.read() as connection:
        fact = Fact.get_or_none(Fact.key == _LOOKED_UP_TO)
        changed = store.changes(int(fact.value) if fact is not None else 0, limit=_AT_ONCE)
        if not changed:
            return None
        streams = dict.fromkeys(summary.id.partition(":")[0] for summary in changed)
        found: dict[str, Report] = {}
        for stream in streams:
            found.update((report.id, report) for report in _answered(centre, stream))
        # last: what has grown meanwhile is not answered, whatever was said of the fewer
        for stream in streams:
            found.update((report.id, report) for report in _found(centre, connection, stream))
    with centre.file.write():
        written = Office(centre).define(found.values(), by="") if found else 0
        Fact.insert(key=_LOOKED_UP_TO, value=str(changed[-1].seq)).on_conflict_replace().execute()
    return written


def _found(centre: Node, connection: Any, stream: str) -> Iterator[Report]:
    row = connection.execute(
        "SELECT number, identity, procedure, received_day FROM dossier WHERE stream = ?", (stream,)
    ).fetchone()
    if row is None:
        return
    number, *matter = row
    alike = _dossiers(centre, connection.execute(_SAME_NUMBER, (number,)))
    if len(alike) > 1:
        from_portal = all(_portal_number(one) == number for one in alike)
        yield from _new(centre, "portal_twice" if from_portal else "number_twice", alike, number)
    alike = [
        one
        for one in _dossiers(centre, connection.execute(_SAME_MATTER, matter))
        if one.inner is not Inner.CANCELLED
    ]
    if len({one.received.number for one in alike if one.received}) > 1:
        yield from _new(centre, "possible_duplicate", alike)


def _dossiers(centre: Node, rows: Iterable[tuple[str]]) -> list[Dossier]:
    """Those that are alike; none where there is but one, as of nearly all dossiers, which need not be folded for that."""
    streams = [stream for (stream,) in rows]
    if len(streams) < 2:
        return []
    found = (centre.projector.dossier(stream) for stream in streams)
    return list(islice((one for one in found if one.standing.receipt is not None), MOST))


def _portal_number(dossier: Dossier) -> str:
    registered = dossier.standing.newest.get("dossier.registered")
    return registered.data.number if registered is not None else ""


def _new(centre: Node, row: Row, alike: list[Dossier], number: str = "") -> Iterator[Report]:
    """The row of these dossiers, unless it is known as it is; it is named after the first of them."""
    streams = tuple(one.stream for one in alike)
    members = tuple(sorted(one.standing.receipt.hash for one in alike if one.standing.receipt))
    report = Report(f"{row} {streams[0]}", row, streams, members, number)
    known = _known(centre, streams[0]).get(report.id)
    if known is None or not set(members) <= set(known.members):
        yield report


def _answered(centre: Node, stream: str) -> Iterator[Report]:
    """Rows that the desk has answered in this dossier."""
    open_here = {
        Conflict.between(report.members, [report.row]).id: report
        for report in _known(centre, stream).values()
        if not report.closed
    }
    if not open_here:
        return
    for line in centre.projector.dossier(stream).timeline:
        if line.kind == "dossier.settled" and line.place not in (Place.HELD, Place.WAITING):
            event = centre.stores["dossiers"].get(f"{stream}:{line.hash}")
            report = open_here.get(event.get("data", {}).get("conflict", ""))
            if report is not None:
                yield Report(
                    report.id, report.row, report.streams, report.members, report.number, closed=True
                )


def _known(centre: Node, stream: str) -> dict[str, Report]:
    catalog = centre.catalog
    return {report.id: report for report in catalog.trust.reports_of(stream, catalog.number)}
