"""The papers of hand-overs: the slip both ways, and the list of results; each queued in the transaction of its acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from printing import spool
from printing.content import Paper
from printing.papers.course import Folder, HandOver, Result, ResultList, TakeBack
from printing.spool import PrintJob
from printing.typesetting import to_job
from schemas.catalog import Catalog
from schemas.clock import due_at
from schemas.entries import Centre
from schemas.events import moment
from schemas.fold import Dossier

FORMS: Final = (HandOver.FORM, TakeBack.FORM, ResultList.FORM)
HAND_OVER: Final = "bg-"
"""How the name of a slip begins; then comes that of its first act."""
HASH_OF_NAME: Final = 12
COPIES: Final = 2
"""One for each side."""


class AgencyPapers:
    """Makes and queues the slips of one node's hand-overs."""

    def __init__(self, catalog: Catalog, *, node: str) -> None:
        self._catalog, self._node = catalog, node

    def spool_hand_over(
        self, gone: Sequence[Dossier], agency: str, *, by: str, signed_by: str
    ) -> list[PrintJob]:
        """Queue the slip of folders that go to an agency."""
        slip = HandOver(
            **self._head(),
            giver=self._place(),
            taker=self._catalog.latest.agency_name(agency),
            folders=self._folders(gone),
            given_by=self._catalog.latest.name_of(by),
            taken_by=signed_by,
            handed=moment(gone[0].timeline[-1].at),
        )
        return [self._put(slip, gone)]

    def spool_hand_back(
        self,
        gone: Sequence[Dossier],
        results: Mapping[str, str],
        agency: str,
        *,
        by: str,
        signed_by: str = "",
    ) -> list[PrintJob]:
        """Queue the slips of what comes back: a list of those with a result, and one of folders without."""
        done = [one for one in gone if results.get(one.stream)]
        plain = [one for one in gone if not results.get(one.stream)]
        common: dict[str, Any] = {
            "giver": self._catalog.latest.agency_name(agency),
            "taker": self._centre().name,
            "given_by": signed_by or self._catalog.latest.name_of(by),
            "taken_by": self._catalog.latest.name_of(by) if signed_by else "",
            "handed": moment(gone[0].timeline[-1].at),
        }
        slips = []
        if plain:
            back = TakeBack(**self._head(agency), **common, folders=self._folders(plain))
            slips.append(self._put(back, plain))
        if done:
            rows = tuple(self._result(tt, one, results[one.stream]) for tt, one in enumerate(done, start=1))
            slips.append(self._put(ResultList(**self._head(agency), **common, results=rows), done))
        return slips

    def _folders(self, dossiers: Sequence[Dossier]) -> tuple[Folder, ...]:
        calendar = self._catalog.latest.calendar()
        rows = []
        for tt, one in enumerate(dossiers, start=1):
            received, due = one.received, due_at(one.standing, calendar)
            assert received is not None, "what is handed over was received"  # noqa: S101
            rows.append(
                Folder(
                    tt=tt,
                    number=received.number,
                    procedure=received.procedure_name,
                    applicant=received.applicant.name,
                    received=moment(one.standing.received_at),
                    due=moment(due) if due else None,
                    sets=received.sets,
                    note="" if due else "tạm dừng tính",
                )
            )
        return tuple(rows)

    def _result(self, tt: int, dossier: Dossier, result: str) -> Result:
        received = dossier.received
        assert received is not None, "what is handed over was received"  # noqa: S101
        return Result(
            tt=tt,
            number=received.number,
            subject=received.procedure_name,
            result=result,
            applicant=received.applicant.name,
            address=received.applicant.address,
            fee="X" if dossier.standing.asked else "",
            post="X" if received.return_by == "post" else "",
        )

    def _put(self, paper: Paper, dossiers: Sequence[Dossier]) -> PrintJob:
        first = dossiers[0]
        return spool.put(
            stream=first.stream,
            # by its first act: an agency may be handed something twice a day
            number=f"{HAND_OVER}{first.heads[0][:HASH_OF_NAME]}",
            form=paper.FORM,
            payload=to_job(paper),
            copies=COPIES,
            at=paper.made,
            also=[one.stream for one in dossiers[1:]],
        )

    def _head(self, agency: str = "") -> dict[str, Any]:
        centre = self._centre()
        return {
            "superior": centre.superior,
            "agency": self._catalog.latest.agency_name(agency) if agency else centre.name,
            "place": centre.place,
            "catalog": self._catalog.number,
        }

    def _centre(self) -> Centre:
        return self._catalog.latest.centre() or Centre("?", "?", "?")

    def _place(self) -> str:
        return f"{self._catalog.latest.title_of(self._node)}, {self._centre().name}"
