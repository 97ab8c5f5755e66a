"""Folders of paper that people hold in their hands: taken over by the code on their slip, whether the dossier is here or not.

While the counter's machine is out of reach, its folder may be in the room before its events are. What stands on the
slip is noted at this machine, and the dossier found by it as soon as its events arrive; until then nothing is decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edge.clock import Clock
from edge.database import NodeFile
from edge.ledger import Ledger
from edge.projector import Projector
from edge.tables.dossiers import DossierRow
from edge.tables.people import FolderRow
from schemas.acts import TakenOver
from schemas.errors import Because, NotAllowed
from schemas.events import timestamp
from schemas.fold import Dossier

TAKEN_OVER: Final = "dossier.taken_over"
SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that is here before its dossier; `row` is that, once it has come. `code`: what was scanned, if it was."""

    number: str
    person: str
    at: str
    code: str
    row: DossierRow | None


class Folders:
    """The folders at one machine."""

    def __init__(
        self,
        file: NodeFile,
        ledger: Ledger,
        projector: Projector,
        clock: Clock,
    ) -> None:
        self._file, self._ledger, self._projector, self._clock = file, ledger, projector, clock

    def take(self, stream: str, *, by: str) -> Dossier:
        """Write down that somebody has the folder now; nothing where they have it already.

        Raises `NotAllowed`, `ClockBehind`, `DiskFull`.
        """
        with self._file.write():
            dossier = self._projector.dossier(stream)
            if not self._is_held(dossier, by):
                received = dossier.received
                if (
                    received is not None
                    and received.elsewhere
                    and "dossier.forwarded" not in dossier.standing.newest
                ):
                    # its time counts from when the competent agency takes it over: nobody does so by the way
                    raise NotAllowed(Because.STATUS, "it is on no way to here")
                dossier = self._ledger.act(stream, TAKEN_OVER, TakenOver(), by=by)
            FolderRow.delete().where(FolderRow.number == _number(dossier)).execute()
            return dossier

    def _is_held(self, dossier: Dossier, by: str) -> bool:
        taken = dossier.standing.newest.get(TAKEN_OVER)
        return taken is not None and taken.by == by and "dossier.forwarded" not in dossier.standing.newest

    def note(self, number: str, *, by: str, code: str = "") -> None:
        """Write down a folder whose dossier is not here; again, where somebody scans it once more."""
        with self._file.write():
            row = {"number": number, "code": code, "person": by, "at": timestamp(self._clock())}
            FolderRow.insert(**row).on_conflict_replace().execute()

    def forget(self, number: str) -> None:
        """The folder went back before its dossier came."""
        with self._file.write():
            FolderRow.delete().where(FolderRow.number == number).execute()

    def noted(self) -> list[Folder]:
        """Those that wait for their dossiers, the oldest first."""
        with self._file.read():
            rows = list(FolderRow.select().order_by(FolderRow.at).limit(SHOWN))
            found = DossierRow.select().where(DossierRow.number.in_([row.number for row in rows]))
            here = {row.number: row for row in found}
        return [Folder(row.number, row.person, row.at, row.code, here.get(row.number)) for row in rows]

    def count(self) -> int:
        """How many; they are few, and gone when their dossiers are taken over."""
        with self._file.read():
            return int(FolderRow.select().count())


def _number(dossier: Dossier) -> str:
    return dossier.received.number if dossier.received is not None else ""
