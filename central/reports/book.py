"""Sổ theo dõi hồ sơ (form 07): what was received on some days, line by line, read by its day and never by the archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from edge.node import Node
from edge.tables.dossiers import DossierRow
from printing.papers.course import Entry, Register
from schemas.acts import Party
from schemas.events import moment

AT_ONCE: Final = 100
RETURN: Final = {"centre": "tại Trung tâm", "post": "bưu chính"}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which days, and of which agency ("" for all)."""

    first: date
    last: date
    agency: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One dossier of the book, and where it stands in it."""

    row: DossierRow
    entry: Entry

    @property
    def mark(self) -> tuple[str, int]:
        """The day (ISO) and the position of its row: behind this the next page begins."""
        return self.row.received_day, self.row.position


class Book:
    """Reads the book of one node. `phone` says how much of a telephone number whoever asks may see."""

    def __init__(self, node: Node, phone: Callable[[str], str]) -> None:
        self._node, self._phone = node, phone

    def page(
        self, asked: Asked, after: tuple[str, int] = ("", 0), size: int = AT_ONCE, tt: int = 1
    ) -> list[Line]:
        """At most `size` lines behind the one marked `after`, numbered from `tt` on. None at the end."""
        rows = self._node.register.received(asked.first, asked.last, asked.agency, after=after, limit=size)
        return [self._line(row, place) for place, row in enumerate(rows, tt)]

    def all(self, asked: Asked) -> Iterator[list[Line]]:
        """The whole of it, some lines at a time."""
        after, count = ("", 0), 0
        while lines := self.page(asked, after, tt=count + 1):
            yield lines
            after, count = lines[-1].mark, count + len(lines)

    def _line(self, row: DossierRow, tt: int) -> Line:
        dossier = self._node.register.dossier(row.stream)
        received, standing = dossier.received, dossier.standing
        agency = self._node.catalog.latest.agency(row.agency)
        returned = standing.newest.get("dossier.returned")
        return Line(
            row,
            Entry(
                tt=tt,
                number=row.number,
                procedure=row.procedure_name,
                sets=received.sets if received else 1,
                applicant=row.applicant,
                contact=self._contact(received.applicant) if received else "",
                resolving=agency.name if agency else row.agency,
                received=moment(row.received_at),
                due=moment(standing.due) if standing.due else None,
                returned=moment(returned.at) if returned else None,
                return_by=RETURN[received.return_by] if received else "",
            ),
        )

    def _contact(self, party: Party) -> str:
        return ", ".join(filter(None, (party.address, self._phone(party.phone))))

    def paper(self, asked: Asked, lines: Sequence[Line], keeper: str, at: datetime) -> Register:
        """The form itself."""
        view = self._node.catalog.latest
        centre, agency = view.centre(), view.agency(asked.agency)
        return Register(
            superior=centre.superior if centre else "",
            agency=centre.name if centre else "",
            place=centre.place if centre else "",
            catalog=view.number,
            counter=agency.name if agency else "mọi cơ quan",
            first=asked.first,
            last=asked.last,
            entries=tuple(line.entry for line in lines),
            keeper=keeper,
            printed=at,
        )
