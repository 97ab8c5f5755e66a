"""What central says that it holds, and what follows from it here. docs/decisions/0030.

Central goes along the chain of every machine as its events come, and seals how far it has come (`schemas.acks`). The
newest list lies as `_local/acks` in the catalog of every machine, where whoever speaks to it may fetch it, or a stick
carries it. Nobody can write it there over the line; it is taken when its seal holds and its number is higher.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

import msgspec

from edge.admission import Admission, Sealed
from edge.clock import Clock
from edge.completeness import nodes_in
from edge.database import NodeFile
from edge.keys import NodeKeys
from edge.tables.centre import AckDay, Whole
from edge.tables.node import Chain, Fact
from schemas.acks import Acks, read, seal
from schemas.calendar import local_day
from schemas.catalog import Catalog
from schemas.events import timestamp
from sync.documents import load, render, said_in
from sync.errors import NotFound
from sync.sqlite import Connection
from sync.store import Store

NAME: Final = "acks"
SETTLED_AFTER: Final = timedelta(days=7)
"""So long after central first said that it holds something it may leave an edge: by then central has backups of it."""
_AT_ONCE: Final = 500
_TURNED: Final = "day mark turned back"
_TABLES: Final = {"dossiers": "event", "visits": "visit_act"}
"""Where the places of a database's events in their chains stand."""
_NEXT: Final = {
    "dossiers": "SELECT e.seq, e.hash, e.stream FROM event e JOIN delivery d ON d.hash = e.hash"
    " WHERE e.node = :node AND e.seq > :seq AND d.sealed IN (:holds, :proven) ORDER BY e.seq LIMIT :limit",
    "visits": "SELECT seq, hash, stream FROM visit_act WHERE node = :node AND seq > :seq ORDER BY seq LIMIT :limit",
}
_LOOKED_AT: Final = {"holds": Sealed.HOLDS, "proven": Sealed.PROVEN}


class AckBook:
    """The lists at one node. `catalog_store` is its store of the catalog, `stores` those whose acts are spoken of."""

    def __init__(
        self,
        file: NodeFile,
        catalog_store: Store,
        stores: Mapping[str, Store],
        rules: Admission,
        catalog: Catalog,
        keys: NodeKeys,
        clock: Clock,
        *,
        node: str,
    ) -> None:
        self._file, self._place, self._stores, self._rules = file, catalog_store, stores, rules
        self._catalog, self._keys, self._clock, self._node = catalog, keys, clock, node

    # ---- what is known

    def document(self) -> dict[str, Any] | None:
        """The newest list as it travels."""
        try:
            found = self._place.get_local(NAME)
        except NotFound:
            return None
        return said_in(found)

    def newest(self) -> Acks | None:
        """`document` as a value; None before the first one came. Its seal was looked at when it was taken."""
        found = self.document()
        return None if found is None else msgspec.convert(found, Acks)

    def settled(self) -> Acks | None:
        """The newest list that is old enough for what it names to leave; None while there is none of this central."""
        mark = self.mark()
        if mark is None:
            return None
        with self._file.read():
            row = (
                AckDay.select()
                .where(AckDay.day <= (mark - SETTLED_AFTER).isoformat())
                .order_by(AckDay.day.desc())
                .first()
            )
        found = None if row is None else msgspec.json.decode(row.document, type=Acks)
        return found if found is not None and found.node == self._catalog.centre else None

    def mark(self) -> date | None:
        """Central's day mark as it counts here. A clock ahead of everybody's, there or here, makes nothing old."""
        newest = self.newest()
        return None if newest is None else min(newest.day, local_day(self._clock()))

    # ---- taking one

    def take(self, document: object) -> bool:
        """Keep a list that came from anybody, if it is newer than what is here. Raises `Malformed`.

        One by a central that took another's place is newer than all of the other's.
        """
        acks = read(document, self._catalog)
        with self._file.write() as connection:
            before = self.newest()
            if before is not None and before.node == acks.node and before.number >= acks.number:
                return False
            if before is not None and before.node != acks.node:
                AckDay.delete().execute()  # what another central held this one may lack
            self._keep(acks)
            if before is not None and acks.day < before.day:
                Fact.insert(key=_TURNED, value=f"{acks.node} {acks.number}").on_conflict_replace().execute()
            if self._node != acks.node:
                self._believe(connection, acks, before)
        return True

    @property
    def turned(self) -> str:
        """Which list was the last whose day came before that of the list before it; "" for none.

        What was not brought because it looked old must be looked at again.
        """
        with self._file.read():
            fact = Fact.get_or_none(Fact.key == _TURNED)
            return str(fact.value) if fact is not None else ""

    def _keep(self, acks: Acks) -> None:
        self._place.put_local(NAME, acks.document())
        AckDay.insert(
            day=acks.day.isoformat(), number=acks.number, document=msgspec.json.encode(acks).decode()
        ).on_conflict_ignore().execute()  # the first of a day: what it names is held since then
        oldest = AckDay.select(AckDay.day).where(AckDay.day <= (acks.day - SETTLED_AFTER).isoformat())
        keep = oldest.order_by(AckDay.day.desc()).first()
        if keep is not None:
            AckDay.delete().where(AckDay.day < keep.day).execute()

    def _believe(self, connection: Connection, acks: Acks, before: Acks | None) -> None:
        """Own acts that central holds need not wait; what a restored central has lost waits again."""
        upto, event_hash = acks.held.get("dossiers", {}).get(self._node, (0, ""))
        if before is not None and before.node != acks.node:
            connection.execute(
                "UPDATE delivery SET centre_at = NULL WHERE own = 1 AND hash IN"
                " (SELECT hash FROM event WHERE node = ? AND seq > ?)",
                (self._node, upto),
            )
        others = connection.execute(
            "SELECT 1 FROM event WHERE node = ? AND seq = ? AND hash <> ?", (self._node, upto, event_hash)
        ).fetchone()
        if others is not None or Chain.get(Chain.database == "dossiers").seq < upto:
            return  # central speaks of a copy of this machine
        connection.execute(
            "UPDATE delivery SET centre_at = ? WHERE centre_at IS NULL AND own = 1 AND"
            " (SELECT e.seq FROM event e WHERE e.stream = delivery.stream AND e.hash = delivery.hash) <= ?",
            (timestamp(self._clock()), upto),
        )

    # ---- at central

    def renew(self) -> Acks | None:
        """At central: seal a new list if there is something new to say; None if there is not. Raises `DiskFull`."""
        for database in _TABLES:
            for node in self._chains(database):
                self._go_on(database, node)
        today = local_day(self._clock())
        with self._file.write():
            before = self.newest()
            held: dict[str, dict[str, tuple[int, str]]] = {}
            for row in Whole.select().order_by(Whole.database, Whole.node):
                held.setdefault(row.database, {})[row.node] = (row.seq, row.hash)
            if before is not None and (before.day, before.held, before.node) == (today, held, self._node):
                return None
            number = before.number + 1 if before is not None else 1
            acks = seal(number, today, self._node, held, sign=self._keys.ed25519.sign)
            self._keep(acks)
        return acks

    def _chains(self, database: str) -> list[str]:
        """The machines whose chains may go on further than was looked."""
        table = _TABLES[database]
        with self._file.read() as connection:
            rows = connection.execute(
                f"SELECT n.node FROM ({nodes_in(table)}) n LEFT JOIN whole w ON w.node = n.node AND w.database = ?"  # noqa: S608 - ours
                f" WHERE w.seq IS NULL OR w.seq < (SELECT max(e.seq) FROM {table} e WHERE e.node = n.node)",
                (database,),
            ).fetchall()
        return [node for (node,) in rows]

    def _go_on(self, database: str, node: str) -> None:
        """Along a chain, as far as its events are here, each after the one before."""
        with self._file.read():
            row = Whole.get_or_none((Whole.database == database) & (Whole.node == node))
        began = seq, tip = (0, "") if row is None else (row.seq, row.hash)
        while True:
            with self._file.read() as connection:
                further = self._following(connection, database, node, seq, tip)
            if further == (seq, tip):
                break
            seq, tip = further
        if (seq, tip) != began:
            with self._file.write():
                Whole.insert(database=database, node=node, seq=seq, hash=tip).on_conflict_replace().execute()

    def _following(
        self, connection: Connection, database: str, node: str, seq: int, tip: str
    ) -> tuple[int, str]:
        """As far as the next some events go on from here. Where a chain forks there is nothing to say any more.

        What the store gives to others has a seal that was looked at; a visit's is looked at here.
        """
        rows = connection.execute(
            _NEXT[database], {"node": node, "seq": seq, "limit": _AT_ONCE, **_LOOKED_AT}
        ).fetchall()
        if len(rows) == _AT_ONCE:  # whose twin may be the next one
            rows = [row for row in rows if row[0] < rows[-1][0]]
        twice = {number for number, times in Counter(row[0] for row in rows).items() if times > 1}
        found = self._stores[database].winners([f"{stream}:{event_hash}" for _, event_hash, stream in rows])
        for number, event_hash, stream in rows:
            stored = found.get(f"{stream}:{event_hash}")
            if number != seq + 1 or number in twice or stored is None:
                break
            document = load(render(stored))
            if seq and document["prev"] != tip:
                break
            if database == "visits" and self._rules.is_sealed(document) is not Sealed.HOLDS:
                break
            seq, tip = number, event_hash
        return seq, tip
