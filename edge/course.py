"""What happens to a dossier on its way: a supplement asked for and brought, more time, a stop, an answer to who withdraws.

Each paper (forms 02, 04, 05) is queued in the transaction of its act.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from edge.course_papers import CoursePapers
from edge.database import NodeFile
from edge.ledger import Ledger
from edge.projector import Projector
from schemas.acts import (
    ComponentsAdded,
    Extended,
    Reasoned,
    ReceivedComponent,
    Status,
    SupplementRequested,
    Suspended,
    TakenOver,
)
from schemas.fold import Dossier

REQUESTED: Final = "dossier.supplement_requested"
SUPPLIED: Final = "dossier.supplied"
ADDED: Final = "dossier.components_added"
EXTENDED: Final = "dossier.extended"
SUSPENDED: Final = "dossier.suspended"
GRANTED: Final = "dossier.withdrawal_granted"
REFUSED: Final = "dossier.withdrawal_refused"
STOPPED: Final = "dossier.clock_stopped"
RESUMED: Final = "dossier.clock_resumed"


class Course:
    """Does these acts at one node. Every method raises `NotAllowed`, `ClockBehind`, `DiskFull`."""

    def __init__(self, file: NodeFile, ledger: Ledger, projector: Projector, papers: CoursePapers) -> None:
        self._file, self._ledger, self._projector, self._papers = file, ledger, projector, papers

    def request_supplement(
        self, stream: str, said: SupplementRequested, *, by: str, with_: Sequence[str] = ()
    ) -> Dossier:
        """Form 02. Who asks about a dossier that nobody has begun with has begun with it: it is taken over first."""
        with self._file.write():
            if self._projector.dossier(stream).status is Status.RECEIVED:
                self._ledger.act(stream, "dossier.taken_over", TakenOver(), by=by)
            return self._with_paper(stream, REQUESTED, said, self._papers.spool_request, by, with_)

    def supplied(self, stream: str, brought: Sequence[ReceivedComponent], *, whole: bool, by: str) -> Dossier:
        """What somebody brought; while something of the list is missing the dossier goes on waiting."""
        kind = SUPPLIED if whole else ADDED
        return self._ledger.act(stream, kind, ComponentsAdded(components=tuple(brought)), by=by)

    def extend(self, stream: str, said: Extended, *, by: str, with_: Sequence[str] = ()) -> Dossier:
        """Form 04: an apology, and a new day."""
        with self._file.write():
            return self._with_paper(stream, EXTENDED, said, self._papers.spool_extension, by, with_)

    def suspend(self, stream: str, said: Suspended, *, by: str, with_: Sequence[str] = ()) -> Dossier:
        """Form 05: the dossier is not worked on any further."""
        with self._file.write():
            return self._with_paper(stream, SUSPENDED, said, self._papers.spool_stop, by, with_)

    def answer_withdrawal(
        self, stream: str, said: Reasoned, *, granted: bool, by: str, with_: Sequence[str] = ()
    ) -> Dossier:
        """Whoever withdraws gets their papers back with form 05; or hears that it is too late."""
        with self._file.write():
            if granted:
                return self._with_paper(stream, GRANTED, said, self._papers.spool_stop, by, with_)
            return self._ledger.act(stream, REFUSED, said, by=by, with_=with_)

    def _with_paper(
        self,
        stream: str,
        kind: str,
        said: msgspec.Struct,
        spool: Callable[[Dossier, str], None],
        by: str,
        with_: Sequence[str],
    ) -> Dossier:
        before = self._projector.dossier(stream)
        dossier = self._ledger.act(stream, kind, said, by=by, with_=with_)
        # the paper says what was promised before, and what the act says
        spool(before if kind == EXTENDED else dossier, self._written(dossier, before))
        return dossier

    @staticmethod
    def _written(dossier: Dossier, before: Dossier) -> str:
        """The hash of the act that has just been written."""
        known = {line.hash for line in before.timeline}
        return next(line.hash for line in dossier.timeline if line.hash not in known)
