"""Who may read which streams here, and what this machine itself asks others for. docs/decisions/0030.

The source filters: it knows of each stream of which agencies it is and since when it is over, and the reader tells it
what he needs. And it refuses what is not his to read by his card, whatever he says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from edge.access import NODE
from edge.acks import AckBook
from edge.database import NodeFile
from edge.tables.node import Fact
from schemas.catalog import Catalog
from schemas.queue import streams_from
from schemas.scopes import KEPT, VISITS_KEPT, Scope, read_scope, scope_of
from sync.documents import Stored
from sync.errors import BadRequest, Forbidden
from sync.filtering import Filter
from sync.peer import EVERYTHING, Chosen, NativeFilters
from sync.rows import where_in
from sync.sessions import User
from sync.store import Store

if TYPE_CHECKING:  # a command that reads a window waits for no web server
    from sync.endpoints.call import NativeFilter

WINDOW: Final = "window"
"""`agencies`: the reader's (`Scope.told`); `over_since`: the day before which what was over is not needed ("": none);
`turn`: when that day last went back, and by which card streams last had to leave: what lay behind is read anew then."""
STREAM: Final = "stream"
"""One stream: by its name (`stream`) or by a dossier's `number`."""
DAYS: Final = "days"
"""Visits; `taken_since`: the first day whose visits the reader still keeps ("": he does not know yet); `turn` as above."""
MOST_EVENTS: Final = 10_000
LEFT_BY: Final = "left by card"
"""The fact by which card (number of its entry) streams last left because they were no longer this machine's to read."""


class Window:
    """Of one node, for those who read here and for its own reading."""

    def __init__(self, file: NodeFile, catalog: Catalog, acks: AckBook, *, node: str) -> None:
        self._file, self._catalog, self._acks, self._node = file, catalog, acks, node
        self._seen: dict[tuple[Store, Scope], Store] = {}

    # ---- what this machine reads

    @property
    def own(self) -> Scope:
        """This machine's own, by its newest card."""
        return self.scope(self._node)

    def scope(self, node: str) -> Scope:
        """What a machine may read by its newest card here; nothing without one."""
        view = self._catalog.latest
        card = view.card(node)
        return Scope(dossiers=False) if card is None else scope_of(card, view)

    def over_since(self) -> date | None:
        """Before this day nothing that is over is kept here; None while central has not said which day it is."""
        newest = self._acks.newest()
        return None if newest is None else newest.day - KEPT

    @property
    def turn(self) -> str:
        """What makes all of it be read anew, if it is anything (see `WINDOW`)."""
        with self._file.read():
            left = Fact.get_or_none(Fact.key == LEFT_BY)
        return f"{self._acks.turned} {left.value if left is not None else ''}".strip()

    def chosen(self, database: str) -> Chosen:
        """What is asked for of a database elsewhere. Another card makes another replication; a new day does not."""
        if self._node == self._catalog.centre or database not in ("dossiers", "visits"):
            return EVERYTHING
        if database == "visits":
            parameters = {"turn": self.turn} if self.turn else {}
            return Chosen(filter=DAYS, parameters=parameters, now=self._days_now)
        return self.chosen_by(self._node, self.turn)

    def chosen_by(self, node: str, turn: str) -> Chosen:
        """What a machine asks for."""
        parameters = {"agencies": self.scope(node).told}
        if turn:
            parameters["turn"] = turn
        return Chosen(filter=WINDOW, parameters=parameters, now=self._now)

    def _now(self) -> dict[str, str]:
        since = self.over_since()
        return {"over_since": since.isoformat() if since else ""}

    def visits_since(self) -> date | None:
        """The first day whose visits are kept here; None while central has not said which day it is."""
        newest = self._acks.newest()
        return None if newest is None else newest.day - VISITS_KEPT

    def _days_now(self) -> dict[str, str]:
        since = self.visits_since()
        return {"taken_since": since.isoformat() if since else ""}

    # ---- what others read here

    def scope_of_user(self, user: User | None) -> Scope:
        """A node's by its card. Programs with a password of this machine read all of it."""
        if user is None or NODE not in user.roles:
            return Scope()
        return self.scope(user.name)

    def seen_by(self, user: User | None, store: Store) -> Store:
        """The store as somebody sees it: what is not his to read is not there."""
        if store.name != "dossiers" or (scope := self.scope_of_user(user)).is_whole:
            return store
        if (store, scope) not in self._seen:
            self._seen[store, scope] = store.seen_by(partial(self._may_have, scope))
        return self._seen[store, scope]

    def narrowed(self, user: User | None, database: str, asked: Filter) -> Filter:
        """A filter of feeds, whatever was asked for, that passes only what somebody may read."""
        if database != "dossiers" or (scope := self.scope_of_user(user)).is_whole:
            return asked

        def by_page(ids: Sequence[str]) -> Collection[str]:
            passing = ids if asked.by_page is None else asked.by_page(ids)
            return self._passing(list(passing), scope, None)

        return Filter((asked.key, scope), asked.few_ids, asked.by_id, asked.by_document, by_page)

    def filters(self, reader: Scope) -> NativeFilters:
        """The filters of this source for a reader who may read so much."""
        return {WINDOW: partial(self._window, reader), STREAM: self._stream, DAYS: _days}

    def filters_over_the_line(self) -> Mapping[str, NativeFilter]:
        """The same for whoever asks over the line, as far as he may read when he asks."""
        return {name: partial(self._over_the_line, name) for name in (WINDOW, STREAM, DAYS)}

    def _over_the_line(self, name: str, parameters: Mapping[str, str], user: User | None) -> Filter:
        return self.filters(self.scope_of_user(user))[name](parameters)

    def _window(self, reader: Scope, parameters: Mapping[str, str]) -> Filter:
        """Raises `Forbidden` for who asks for more than he may read: his card, or the catalog here, is an old one."""
        asked = read_scope(parameters.get("agencies", ""))
        if not reader.covers(asked):
            raise Forbidden(
                f"scope: by catalogue {self._catalog.number} the card is not of all these agencies"
            )
        since = _day(parameters, "over_since")
        return Filter((WINDOW, asked, since), by_page=lambda ids: self._passing(ids, asked, since))

    def _stream(self, parameters: Mapping[str, str]) -> Filter:
        """All events of one stream that is here; none of one that is not."""
        streams = [parameters["stream"]] if parameters.get("stream") else []
        with self._file.read() as connection:
            if number := parameters.get("number", ""):
                rows = connection.execute(
                    "SELECT stream FROM dossier WHERE number = ? LIMIT 9", (number.strip().upper(),)
                ).fetchall()
                streams += [stream for (stream,) in rows]
            found = where_in(connection, "SELECT stream, hash FROM event WHERE stream IN", streams)
            names = frozenset(f"{stream}:{event_hash}" for stream, event_hash in islice(found, MOST_EVENTS))
        return Filter((STREAM, names), tuple(names))

    def _passing(self, ids: Sequence[str], scope: Scope, since: date | None) -> set[str]:
        """Of these documents those of streams in a window, by what is known of the streams here."""
        oldest = since.isoformat() if since else ""
        with self._file.read() as connection:
            streams = list(dict.fromkeys(doc_id[:32] for doc_id in ids))
            known = {
                stream: scope.has(agencies.split()) and not (over and over < oldest)
                for stream, agencies, over in where_in(
                    connection, "SELECT stream, agencies, over FROM stream WHERE stream IN", streams
                )
            }
        return {doc_id for doc_id in ids if known.get(doc_id[:32], scope.is_whole)}

    def _may_have(self, scope: Scope, stored: Stored) -> bool:
        return bool(self._passing([stored.id], scope, None))


def _days(parameters: Mapping[str, str]) -> Filter:
    """Visits from a day on: their names say of which day they are."""
    since = _day(parameters, "taken_since")
    first = streams_from(since) if since is not None else ""
    return Filter((DAYS, since), by_page=lambda ids: [one for one in ids if one >= first])


def _day(parameters: Mapping[str, str], name: str) -> date | None:
    told = parameters.get(name, "")
    try:
        return date.fromisoformat(told) if told else None
    except ValueError as why:
        raise BadRequest(f"`{name}` is a day: 2026-11-26") from why
