"""What somebody typed and has not sent: it belongs to that person and this machine, and is sent by them or by nobody.

A reception is kept while it is typed, under the stream that it will be. A form that arrives while its person's screen
is locked, or while somebody else is signed in, is kept too and never acted on. Secrets are not kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec

from edge.clock import Clock
from edge.database import NodeFile
from edge.ids import Ids
from edge.tables.people import DraftRow
from schemas.events import timestamp

KEPT_FOR: Final = timedelta(days=7)
MOST: Final = 20
"""Drafts of one person; the oldest goes."""

PAGE: Final = "kept_on"
"""The field that names the page of what is kept as it is typed."""
Fields = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody had typed when their screen locked; `fields` as the form sent them."""

    id: str
    path: str
    fields: Fields
    at: str

    @property
    def page(self) -> str:
        """The page on which it was typed, where it was kept as it was typed; empty for what was sent and not taken."""
        return next((value for name, value in self.fields if name == PAGE), "")


class Drafts:
    """The drafts of one node."""

    def __init__(self, file: NodeFile, clock: Clock, ids: Ids) -> None:
        self._file, self._clock, self._ids = file, clock, ids

    def keep(self, person: str, path: str, fields: Iterable[tuple[str, str]]) -> None:
        """Keep what a person typed for a page; what they had typed for the same page before is replaced."""
        now = self._clock()
        typed = msgspec.json.encode(list(fields)).decode()
        with self._file.write():
            DraftRow.delete().where(DraftRow.at < timestamp(now - KEPT_FOR)).execute()
            DraftRow.delete().where((DraftRow.person == person) & (DraftRow.path == path)).execute()
            DraftRow.insert(
                id=self._ids.hex(), person=person, path=path, fields=typed, at=timestamp(now)
            ).execute()
            older = DraftRow.select(DraftRow.id).where(DraftRow.person == person).order_by(DraftRow.at.desc())
            for row in list(older.offset(MOST).limit(MOST)):
                DraftRow.delete().where(DraftRow.id == row.id).execute()

    def of(self, person: str) -> list[Draft]:
        """A person's drafts, the newest first."""
        with self._file.read():
            rows = list(DraftRow.select().where(DraftRow.person == person).order_by(DraftRow.at.desc()))
        return [Draft(row.id, row.path, msgspec.json.decode(row.fields, type=Fields), row.at) for row in rows]

    def get(self, person: str, draft: str) -> Draft | None:
        """One draft, for its own person only."""
        return next((one for one in self.of(person) if one.id == draft), None)

    def forget(self, person: str, path: str) -> None:
        """What they typed for a page was saved."""
        with self._file.write():
            DraftRow.delete().where((DraftRow.person == person) & (DraftRow.path == path)).execute()

    def drop(self, person: str, draft: str) -> None:
        """It was sent, or its person does not want it."""
        with self._file.write():
            DraftRow.delete().where((DraftRow.person == person) & (DraftRow.id == draft)).execute()
