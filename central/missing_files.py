"""Which files of dossiers have not come to central yet: acts arrive before their scans, and now and then a scan never does.

Whenever acts have arrived, the files that their dossiers name are looked for, and what is not whole is noted; whenever
files have arrived, what was noted is looked at again. It costs what arrived and what lacks, and nothing for the archive.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from edge.archive import files_named
from edge.node import Node
from edge.tables.centre import MissingFile
from edge.tables.dossiers import DossierRow
from edge.tables.node import Fact
from edge.tables.streams import FileRow
from schemas.events import Event, moment, timestamp

LISTED: Final = 200
AGAIN: Final = 500
"""So many of what lacks are looked at again at once, the oldest first."""
_AT_ONCE: Final = 2_000
_LOOKED_UP_TO: Final = "files looked for up to"


@dataclass(frozen=True, slots=True)
class Lacking:
    """A file that central lacks since it heard of it; `node`: the machine whose act names it, which has it or had it."""

    file: str
    row: DossierRow | None
    stream: str
    since: str
    node: str
    kind: str


def note_missing(centre: Node) -> int:
    """Look at what has arrived; how many files are noted now that were not before."""
    noted = 0
    while True:
        with centre.file.read():
            fact = Fact.get_or_none(Fact.key == _LOOKED_UP_TO)
        since = int(fact.value) if fact is not None else 0
        changed = centre.stores["dossiers"].changes(since, limit=_AT_ONCE)
        if not changed:
            break
        streams = list(dict.fromkeys(one.id.partition(":")[0] for one in changed))
        with centre.file.read():
            named = [(row.file, row.stream) for row in FileRow.select().where(FileRow.stream.in_(streams))]
        lacking = [(file, stream) for file, stream in named if not _is_here(centre, file)]
        now = timestamp(centre.clock())
        with centre.file.write():
            for file, stream in lacking:
                made = MissingFile.insert(file=file, stream=stream, since=now).on_conflict_ignore()
                noted += bool(made.as_rowcount().execute())
            Fact.insert(key=_LOOKED_UP_TO, value=str(changed[-1].seq)).on_conflict_replace().execute()
    return noted


def forget_arrived(centre: Node) -> int:
    """Look again at what was missing, and forget what is here by now or had to go; how many files that were."""
    with centre.file.read():
        rows = list(MissingFile.select().order_by(MissingFile.since, MissingFile.file).limit(AGAIN))
    gone = centre.catalog.trust.redacted
    come = {row.file for row in rows if row.file in gone or _is_here(centre, row.file)}
    if come:
        with centre.file.write():
            MissingFile.delete().where(MissingFile.file.in_(sorted(come))).execute()
    return len(come)


def missing(centre: Node) -> tuple[list[Lacking], int]:
    """What lacks, longest first, and how many files of dossiers that are in all."""
    with centre.file.read():
        rows = list(MissingFile.select().order_by(MissingFile.since, MissingFile.file).limit(LISTED))
        count = MissingFile.select().count()
        streams = {row.stream for row in rows}
        dossiers = {row.stream: row for row in DossierRow.select().where(DossierRow.stream.in_(streams))}
    naming = {stream: _naming(centre, stream) for stream in streams}
    return [
        Lacking(
            row.file,
            dossiers.get(row.stream),
            row.stream,
            row.since,
            *naming[row.stream].get(row.file, ("", "")),
        )
        for row in rows
    ], count


def _naming(centre: Node, stream: str) -> dict[str, tuple[str, str]]:
    """Of each file that a dossier names: the machine and the kind of the first act that does."""
    found: dict[str, tuple[str, str]] = {}
    events: Iterable[Event] = (one for one in centre.projector.events_of(stream) if isinstance(one, Event))
    for event in sorted(events, key=lambda one: moment(one.at)):
        for file in files_named(event.data):
            found.setdefault(file, (event.node, event.kind))
    return found


def _is_here(centre: Node, file: str) -> bool:
    archive = centre.archive
    return any(not archive.missing(one) for one in archive.lists(file))
