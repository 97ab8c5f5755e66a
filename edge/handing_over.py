"""Folders on their way to an agency and back: acts of many dossiers with one paper, all of it or nothing.

Who gives writes `forwarded`, who takes writes `taken_over`: two people, each at a machine of theirs. Where an agency has
nobody in the catalog its messenger signs on paper, and whoever stands at the counter writes down who that was. The slip of a
hand-over is queued in the transaction of its acts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from edge.agency_papers import AgencyPapers
from edge.database import NodeFile
from edge.ledger import Ledger
from edge.projector import Projector
from printing.spool import PrintJob
from schemas.acts import Forwarded, OpinionGiven, TakenOver
from schemas.catalog import Catalog
from schemas.custody import Custody, Where, custody, hand_overs, told
from schemas.errors import Because, NotAllowed
from schemas.fold import Dossier

FORWARDED: Final = "dossier.forwarded"
TAKEN_OVER: Final = "dossier.taken_over"
OPINION_GIVEN: Final = "dossier.opinion_given"
MOST: Final = 100
"""Dossiers of one hand-over: a slip of some pages, and a transaction of a second."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The dossiers that changed hands, and the slips that tell of it."""

    dossiers: list[Dossier]
    slips: list[PrintJob]


class HandingOver:
    """Hands over and takes back at one node."""

    def __init__(
        self,
        file: NodeFile,
        ledger: Ledger,
        projector: Projector,
        catalog: Catalog,
        papers: AgencyPapers,
    ) -> None:
        self._file, self._ledger, self._projector = file, ledger, projector
        self._catalog, self._papers = catalog, papers

    def where(self, dossier: Dossier) -> Custody:
        """Where the folder of a dossier is."""
        said = told(self._projector.events_of(dossier.stream))
        return custody(dossier, hand_overs(dossier.timeline, said), self._catalog.latest)

    def hand_over(
        self, streams: Sequence[str], agency: str, *, by: str, signed_by: str = "", note: str = ""
    ) -> Moved:
        """Hand folders over to an agency, with their slip; `signed_by` of the agency has signed it here and now.

        Raises `NotAllowed`, `ClockBehind`, `DiskFull`; then none of them was handed over.
        """
        if self._catalog.latest.agency(agency) is None:
            raise NotAllowed(Because.DATA, f"there is no agency {agency}")
        with self._file.write():
            gone = [
                self._ledger.act(one, FORWARDED, Forwarded(agency=agency, note=note), by=by)
                for one in streams
            ]
            if signed_by:
                gone = [self._take(one, by, signed_by) for one in streams]
            return Moved(gone, self._papers.spool_hand_over(gone, agency, by=by, signed_by=signed_by))

    def take_over(self, streams: Sequence[str], *, by: str) -> list[Dossier]:
        """An agency's person takes what was handed over. Raises as `hand_over` does."""
        with self._file.write():
            return [self._take(one, by) for one in streams]

    def hand_back(self, results: Mapping[str, str], *, by: str, note: str = "") -> Moved:
        """An agency's person sends folders back to the counter that received them, with their slips.

        `results` names for each stream the document that comes with it, or is empty. Raises as `hand_over` does.
        """
        with self._file.write():
            gone = [
                self._ledger.act(one, FORWARDED, self._back(one, result, note), by=by)
                for one, result in results.items()
            ]
            return Moved(gone, self._papers.spool_hand_back(gone, results, self._with(gone[0]), by=by))

    def take_back(
        self,
        streams: Sequence[str],
        *,
        by: str,
        signed_by: str = "",
        results: Mapping[str, str] | None = None,
    ) -> Moved:
        """The centre takes folders back. What an agency has not sent by itself is given back here and now by `signed_by`,
        who signs its slip. Raises as `hand_over` does."""
        said = results or {}
        with self._file.write():
            brought = [one for one in streams if self.where(self._projector.dossier(one)).where is Where.HELD]
            if brought and not signed_by:
                raise NotAllowed(Because.DATA, "nobody of the agency is named who gives it back")
            for one in brought:
                back = msgspec.structs.replace(self._back(one, said.get(one, ""), ""), signed_by=signed_by)
                self._ledger.act(one, FORWARDED, back, by=by)
            slips: list[PrintJob] = []
            if brought:
                here = [self._projector.dossier(one) for one in brought]
                slips = self._papers.spool_hand_back(
                    here, said, self._with(here[0]), by=by, signed_by=signed_by
                )
            return Moved([self._take(one, by) for one in streams], slips)

    def ask(
        self, stream: str, agency: str, *, by: str, question: str, until: str | msgspec.UnsetType
    ) -> Dossier:
        """Ask another agency for its opinion; the folder stays where it is. Raises as `hand_over` does."""
        asked = Forwarded(agency=agency, opinion=True, note=question, until=until)
        return self._ledger.act(stream, FORWARDED, asked, by=by)

    def answer(self, stream: str, said: OpinionGiven, *, by: str) -> Dossier:
        """What the agency that was asked says. Raises as `hand_over` does."""
        return self._ledger.act(stream, OPINION_GIVEN, said, by=by)

    def _with(self, dossier: Dossier) -> str:
        """The agency that a folder comes back from."""
        return self.where(dossier).agency

    def _take(self, stream: str, by: str, signed_by: str = "") -> Dossier:
        return self._ledger.act(stream, TAKEN_OVER, TakenOver(signed_by=signed_by), by=by)

    def _back(self, stream: str, result: str, note: str) -> Forwarded:
        receipt = self._projector.dossier(stream).standing.receipt
        card = self._catalog.latest.card(receipt.node) if receipt else None
        return Forwarded(room=card.title if card else "Trung tâm", result=result, note=note)
