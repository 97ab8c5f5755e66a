"""What one machine has for another, carried by somebody on a stick: made here, taken here. docs/decisions/0024.

    about.json     what the sender has from the receiver (its notes), what of it was refused, which files it waits for,
                   and central's sealed word on what it holds
    catalog/…      to every machine but central
    dossiers/…     to everybody
    visits/…       to everybody
    files/…        to central all; to another machine those of the catalog and of the dossiers that it works on

It is the replication of `edge.roads` with a file in between (`sync.bundle`), under the same notes: the first stick after
a line was lost holds only what the line had not brought, and the line goes on where the stick came to. What a stick
carries is noted at its sender only when the receiver says so, by line or with the stick that goes back. So a stick may
be lost, taken twice, or after a younger one.

Nothing on it is believed because it came on a stick: each document is admitted as from any road, what the catalog has
redacted meanwhile is refused and goes again.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import tarfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import IO, Any, Final, Literal

import msgspec

from edge.access import NODE
from edge.archive import chunk_revision, files_named
from edge.envelope import Closing, Head, Opening, Unreadable, Whole, check, read_head
from edge.errors import NotGiven, NotTaken
from edge.fetching import Fetching, worked_on
from edge.node import Node, server_uuid
from edge.roads import Here
from edge.tables.exchange import RefusedDocument
from edge.tables.node import Fact
from schemas.entries import Card
from schemas.errors import Malformed
from schemas.events import Event, moment, timestamp
from sync.bundle import GIVEN, Filling, Giving, Members, Reading, Taking, add, confirmed
from sync.checkpoints import FROM_THE_START, replication_id
from sync.documents import Json, dump_sorted, said_in
from sync.errors import Broken, NotFound, SyncError, Unavailable
from sync.filtering import Filter
from sync.peer import EVERYTHING, Chosen, NativeFilters
from sync.peer import RefusedDocument as Refusal
from sync.replicator import Replication, one_thread
from sync.sessions import User
from sync.store import Store

ENDING: Final = ".motcua"
LONGEST: Final = timedelta(days=60)
"""An edge keeps closed dossiers so long: what an older bundle brings it may have left it for good."""
AGAIN: Final = 10_000
"""Chunks that are sent beside the pages, at most: 640 MB."""
_TO_CENTRE: Final = ("dossiers", "visits", "files")
_TO_OTHERS: Final = ("catalog", "dossiers", "visits", "files")
_BATCHES: Final = {"files": 64}
_AT_ONCE: Final = 64
_WORKED_ON: Final = "courier/worked_on"
_PACKED: Final = 6

Stage = Literal["writing", "checking", "taking"]
Told = Callable[[Stage, int, int], None]
"""So many, of so many: documents while a bundle is written, bytes while one is read."""


def _nobody(stage: Stage, done: int, of: int) -> None:
    pass


class _TakingHere(Taking, Here):
    """This node's side of a bundle: what has left because it was old does not come back by a neighbour's stick."""


class About(msgspec.Struct, frozen=True):
    """What a bundle says beside its pages. `notes`: by database, what the sender has noted of the receiver's, if anything.

    `refused`: by database, what of the receiver's the sender did not take: id, revision, reason. `offered`: what of the
    sender's the receiver once refused; `held`: what of that, as the other side told it last, is there by now.
    `wanted`: files. `acks`: central's newest word on what it holds, whoever carries it. `turn`: see `edge.window`.
    """

    notes: dict[str, dict[str, Any] | None] = {}
    refused: dict[str, list[tuple[str, str, str]]] = {}
    offered: dict[str, list[tuple[str, str]]] = {}
    held: dict[str, list[tuple[str, str]]] = {}
    wanted: list[str] = []
    acks: dict[str, Any] | None = None
    turn: str = ""


class Given(msgspec.Struct, frozen=True):
    """A bundle that lies on the stick, whole. `documents` by database."""

    to: str
    file: str
    bytes: int
    documents: dict[str, int]

    @property
    def events(self) -> int:
        """Acts, of dossiers and of the queue; those that go again are among them."""
        return self.documents.get("dossiers", 0) + self.documents.get("visits", 0)


class Taken(msgspec.Struct, frozen=True):
    """What came of a bundle. `new`: documents that were not here, by database. `gap`: the databases of which something
    before this bundle is not here; `before`: the bundle had been taken before.
    """

    sender: str
    made_at: datetime
    new: dict[str, int]
    refused: int
    gap: list[str]
    before: bool

    @property
    def events(self) -> int:
        """Acts that were not here, of dossiers and of the queue, with what a line brought meanwhile."""
        return self.new.get("dossiers", 0) + self.new.get("visits", 0)


@dataclass(frozen=True, slots=True)
class Lying:
    """A bundle that lies on a stick, as far as its outside says. `taken_at`: since when it is here."""

    path: Path
    bytes: int
    head: Head
    taken_at: datetime | None


class Courier:
    """Makes and takes the bundles of one node, one at a time. `wanted`: which files this machine waits for.

    `tick`, `hand`: see `Replication`.
    """

    def __init__(
        self,
        node: Node,
        *,
        wanted: Callable[[], Sequence[str]] | None = None,
        tick: Callable[[], float] = time.monotonic,
        hand: Callable[[str], Executor] = one_thread,
    ) -> None:
        self._node = node
        self._tick, self._hand = tick, hand
        self._wanted = wanted or self._missing_files
        self._busy = threading.Lock()

    # ---- making one

    def name_for(self, to: str) -> str:
        """What a bundle is called that is made now."""
        return f"{self._node.id}-{to}-{self._node.clock():%Y%m%d-%H%M%S}{ENDING}"

    def give(self, to: str, path: Path, told: Told = _nobody) -> Given:
        """Write what `to` lacks, as far as anybody has told, into a new file. Raises `NotGiven`, `SyncError`."""
        node, card = self._node, self._receiver(to)
        fresh, key = node.ids.salt() + node.ids.salt(), node.ids.salt() + node.ids.salt()
        bundle = node.ids.hex()

        def head(box: str) -> Head:
            return Head(1, node.id, to, bundle, timestamp(node.clock()), box)

        with self._alone(NotGiven), _writable(path), Whole(path) as file:
            closing = Closing(
                file,
                head=head,
                receiver=card.x25519,
                fresh=fresh,
                key=key,
                sign=node.keys.ed25519.sign,
            )
            documents = self._fill(closing, card, bundle, told)
            closing.end()
        with _writable(path):
            return Given(to, str(path), path.stat().st_size, documents)

    def _receiver(self, to: str) -> Card:
        card = self._node.catalog.latest.card(to)
        if card is None:
            raise NotGiven("receiver", f"the catalog here has no card for {to}: look at the list of machines")
        if to == self._node.id:
            raise NotGiven("receiver", f"{to} is this machine itself")
        if not card.opens:
            raise NotGiven("receiver", f"the card of {to} has ended ({card.revoked}): it gets nothing more")
        return card

    def _fill(self, closing: Closing, card: Card, bundle: str, told: Told) -> dict[str, int]:
        documents: dict[str, int] = {}
        with (
            gzip.GzipFile(filename="", mode="wb", fileobj=closing, mtime=0, compresslevel=_PACKED) as packed,
            tarfile.open(mode="w|", fileobj=packed) as tar,
        ):
            add(tar, "about.json", dump_sorted(msgspec.to_builtins(self._about(card))))
            wanted = self._heard(card.node).wanted
            for database in self._databases(card.node):
                documents[database] = self._pages(tar, card, database, bundle, wanted, told)
        return documents

    def _pages(
        self,
        tar: tarfile.TarFile,
        card: Card,
        database: str,
        bundle: str,
        wanted: Sequence[str],
        told: Told,
    ) -> int:
        node, store = self._node, self._node.stores[database]
        chosen, filters = self._chosen(card, database)
        seen = node.window.seen_by(User(card.node, (NODE,)), store)
        giving = Giving(seen, server_uuid=server_uuid(node.id), source=None, chosen=chosen, filters=filters)
        filling = Filling(
            tar,
            database,
            peer_id=f"{server_uuid(card.node)}/{database}",
            noted=giving.get_local,
            began=lambda: giving.began,
        )
        for documents in self._beside(card.node, database, giving, wanted):
            filling.again(documents)

        def noted(seq: object) -> None:
            left = store.pending(store.inner_seq(seq))
            told("writing", filling.written, filling.written + left)

        self._replication(
            giving, filling, node.id, card.node, database, bundle, after_checkpoint=noted
        ).run_once()
        filling.end()
        return filling.written

    def _beside(self, to: str, database: str, giving: Giving, wanted: Sequence[str]) -> Iterator[list[Json]]:
        """What the receiver refused before, and perhaps takes now; files that it waits for."""
        revisions = [(row.document, _revision(row)) for row in self._listed(f"{to} {database} push ")]
        if database == "files":
            for file in wanted:
                for index in self._node.archive.lists(file):
                    revisions.append((file, ""))
                    revisions += [(chunk, chunk_revision(chunk)) for chunk in dict.fromkeys(index["chunks"])]
        revisions = list(dict.fromkeys(revisions))[:AGAIN]
        for at in range(0, len(revisions), _AT_ONCE):
            got = giving.bulk_get(revisions[at : at + _AT_ONCE])
            documents = [one.document for one in got if one.document is not None]
            if documents:
                yield documents

    # ---- taking one

    def look(self, path: Path) -> Lying:
        """What the outside of a file says. Raises `NotTaken`."""
        try:
            with path.open("rb") as file:
                head = read_head(file)
            size = path.stat().st_size
        except Unreadable as why:
            raise _unreadable(path, why) from why
        except OSError as why:
            raise NotTaken("none", f"{path} cannot be read: {why.strerror}") from why
        return Lying(path, size, head, self._taken_at(head.id))

    def take(self, path: Path, *, although_old: bool = False, told: Told = _nobody) -> Taken:
        """Take what a file holds that is not here. Raises `NotTaken` (nothing was taken), `SyncError`."""
        with self._alone(NotTaken):
            lying = self.look(path)
            card = self._sender(lying)
            try:
                check(path, card.ed25519, partial(told, "checking"))
            except Unreadable as why:
                raise _unreadable(path, why) from why
            except OSError as why:
                raise NotTaken("damaged", f"{path} cannot be read to its end: {why.strerror}") from why
            self._young_enough(lying, although_old=although_old)
            try:
                taken = self._read(lying, told)
            except (Unreadable, OSError) as why:  # it was whole a moment ago
                raise Unavailable(
                    f"{path} cannot be read any more: put the stick in and take it again"
                ) from why
            self._node.redactions.apply()
            self._note_taken(lying.head.id)
            return taken

    def _sender(self, lying: Lying) -> Card:
        node, head = self._node, lying.head
        if head.sender == node.id:
            raise NotTaken(
                "own", f"this machine made {lying.path} itself: carry it to {head.receiver}", head.receiver
            )
        if head.receiver != node.id:
            raise NotTaken(
                "elsewhere",
                f"{lying.path} is for {head.receiver}, and only that machine can open it: carry it there",
                head.receiver,
            )
        card = node.catalog.latest.card(head.sender)
        if card is None:
            raise NotTaken(
                "unknown",
                f"{lying.path} is by {head.sender}, which the catalog here does not know:"
                " take a bundle of central first, then this one again",
                head.sender,
            )
        if not card.opens:
            raise NotTaken(
                "ended",
                f"the card of {head.sender} has ended ({card.revoked}): what it still holds is rescued at central",
                head.sender,
            )
        return card

    def _young_enough(self, lying: Lying, *, although_old: bool) -> None:
        """At central nothing is too old: it may be the only copy. An edge has let go of what was closed by then."""
        made = moment(lying.head.at)
        if although_old or self._node.is_centre or self._node.clock() - made <= LONGEST:
            return
        raise NotTaken(
            "old",
            f"{lying.path} was made on {made:%d/%m/%Y}, more than {LONGEST.days} days ago: have a new one made, or take"
            " it all the same (--although-old) where its machine is lost",
            lying.head.sender,
        )

    def _read(self, lying: Lying, told: Told) -> Taken:
        node, sender = self._node, lying.head.sender
        new: dict[str, int] = {}
        gap: list[str] = []
        refused: list[str] = []
        with (
            lying.path.open("rb") as file,
            _opened(file, node, partial(told, "taking"), lying.bytes) as members,
        ):
            about = _about(members)
            self._hear(sender, about)
            while (member := members.peek()) is not None:
                database = member.name.partition("/")[0]
                if database not in self._databases(node.id):
                    members.take()  # of a later version
                    continue
                reading, taking = self._ends(members, sender, database)
                before = node.stores[database].info()
                refuse = partial(self._refuse, sender, database, count=refused)
                for documents in reading.again():
                    refuse(taking.bulk_docs(documents))
                self._replication(
                    reading,
                    taking,
                    sender,
                    node.id,
                    database,
                    lying.head.id,
                    on_refused=partial(_each, refuse),
                ).run_once()
                self._accept(sender, database)
                after = node.stores[database].info()
                new[database] = new.get(database, 0) + after.doc_count - before.doc_count
                gap += [database] if taking.gap else []
        if about.acks is not None:
            with contextlib.suppress(Malformed):  # of a central that the catalog here does not know (yet)
                node.acks.take(about.acks)
        return Taken(sender, moment(lying.head.at), new, len(refused), gap, lying.taken_at is not None)

    def _ends(self, members: Members, sender: str, database: str) -> tuple[Reading, Taking]:
        node = self._node
        chosen, _ = self._chosen(node.card, database)
        reading = Reading(members, database, peer_id=f"{server_uuid(sender)}/{database}{chosen.mark()}")
        return reading, _TakingHere(node, database, source=sender, since=lambda: reading.since)

    # ---- both ways

    def _databases(self, to: str) -> Sequence[str]:
        return _TO_CENTRE if to == self._node.catalog.centre else _TO_OTHERS

    def _runner(self, source: str, target: str) -> str:
        """Who copies over the line: edges pull, and push to central. So both are one replication with one note."""
        return source if target == self._node.catalog.centre else target

    def _replication(
        self,
        source: Any,
        target: Any,
        sender: str,
        receiver: str,
        database: str,
        bundle: str,
        *,
        after_checkpoint: Callable[[object], None] = lambda seq: None,
        on_refused: Callable[[Refusal], None] = lambda refused: None,
    ) -> Replication:
        node = self._node
        return Replication(
            source,
            target,
            node_id=self._runner(sender, receiver),
            session_id=bundle,
            now=node.clock,
            jitter=node.ids.jitter,
            tick=self._tick,
            hand=self._hand,
            batch=_BATCHES.get(database, 1000),
            note_every_s=0.0,
            after_checkpoint=after_checkpoint,
            on_refused=on_refused,
        )

    def _chosen(self, card: Card, database: str) -> tuple[Chosen, NativeFilters]:
        """What of a database is for a machine."""
        node = self._node
        if card.node == node.catalog.centre or database not in ("dossiers", "files"):
            return EVERYTHING, {}
        if database == "dossiers":
            turn = node.window.turn if card.node == node.id else self._heard(card.node).turn
            return node.window.chosen_by(card.node, turn), node.window.filters(node.window.scope(card.node))
        chosen = Chosen(filter=_WORKED_ON, parameters={"node": card.node})
        worked_on = cache(lambda: self._worked_on(card))
        return chosen, {_WORKED_ON: lambda parameters: worked_on()}

    def _worked_on(self, card: Card) -> Filter:
        node = self._node
        files = set(node.catalog.latest.named_files())
        for row in worked_on(node.register, card, card.node):
            for event in node.projector.events_of(row.stream):
                if isinstance(event, Event):
                    files.update(files_named(event.data))
        lists = (index for file in files for index in node.archive.lists(file))
        names = files | {chunk for index in lists for chunk in index["chunks"]}
        return Filter(_WORKED_ON, by_id=names.__contains__)

    # ---- what machines tell each other beside the documents

    def _about(self, card: Card) -> About:
        """For its receiver: how far this machine is with what comes from there, by which bundles."""
        node = self._node
        notes = {database: self._noted(card.node, database) for database in self._databases(node.id)}
        refused, offered, held = {}, {}, {}
        for database, store in node.stores.items():
            here = self._listed(f"{card.node} {database} pull ")
            refused[database] = [(row.document, _revision(row), row.reason) for row in here]
            there = self._listed(f"{card.node} {database} push ")
            offered[database] = [(row.document, _revision(row)) for row in there]
            asked = self._heard(card.node).offered.get(database, [])
            held[database] = [(name, rev) for name, rev in asked if not store.revs_diff({name: [rev]})]
        if node.is_centre and not node.collects:
            node.acks.renew()
        wanted, acks = list(self._wanted()), node.acks.document()
        return About(notes, refused, offered, held, wanted, acks, node.window.turn)

    def _hear(self, sender: str, about: About) -> None:
        """What the other side says of what it has from here."""
        node = self._node
        kept = About(offered=about.offered, wanted=about.wanted, turn=about.turn)
        value = msgspec.json.encode(kept).decode()
        with node.file.write():
            Fact.insert(key=f"courier heard {sender}", value=value).on_conflict_replace().execute()
        for database in (one for one in self._databases(sender) if one in node.stores):
            self._list(f"{sender} {database} push", sender, about.refused.get(database, []))
            for document, rev in about.held.get(database, []):
                self._strike(f"{sender} {database} push {document} {rev}")
            store, name = node.stores[database], self._note(node.id, sender, database)
            note = confirmed(
                self._local(store, name), self._local(store, name + GIVEN), about.notes.get(database)
            )
            if note is None:  # it has nothing from here, or knows of nothing any more: a disk of before
                with contextlib.suppress(NotFound):
                    store.delete_local(name)
                continue
            store.put_local(name, note)
            if database == "dossiers" and sender == node.catalog.centre:
                with contextlib.suppress(SyncError):
                    seq = note.get("source_last_seq", FROM_THE_START)
                    node.projector.centre_has(store.inner_seq(seq))

    def _noted(self, sender: str, database: str) -> Json | None:
        """What this machine has noted of how far it is with what comes from there."""
        return self._local(self._node.stores[database], self._note(sender, self._node.id, database))

    @staticmethod
    def _local(store: Store, name: str) -> Json | None:
        try:
            note = store.get_local(name)
        except NotFound:
            return None
        return said_in(note)

    def _heard(self, node: str) -> About:
        """What another machine told with its newest bundle, of what it waits for."""
        with self._node.file.read():
            row = Fact.get_or_none(Fact.key == f"courier heard {node}")
        return msgspec.json.decode(row.value, type=About) if row is not None else About()

    def _note(self, source: str, target: str, database: str) -> str:
        """The id of the note of a replication between two machines, whoever runs it."""
        card = self._node.catalog.latest.card(target)
        mark = self._chosen(card, database)[0].mark() if card is not None else ""
        return replication_id(
            node_id=self._runner(source, target),
            source_id=f"{server_uuid(source)}/{database}{mark}",
            target_id=f"{server_uuid(target)}/{database}",
        )

    def _missing_files(self) -> list[str]:
        node = self._node
        if node.is_centre:
            return []
        fetching = Fetching(
            node.archive,
            node.register,
            node.projector,
            node.catalog,
            node=node.id,
            server_uuid=server_uuid(node.id),
            sources=tuple,
            after_events=lambda: None,
        )
        fetching.look()
        return [one.file for one in fetching.elsewhere()]

    # ---- what was refused, here and there

    def _refuse(self, sender: str, database: str, refusals: Sequence[Refusal], count: list[str]) -> None:
        count += [one.id for one in refusals]
        listed = [(one.id, one.rev, one.reason) for one in refusals]
        self._list(f"{sender} {database} pull", self._node.id, listed)

    def _list(self, road: str, peer: str, listed: Sequence[tuple[str, str, str]]) -> None:
        if not listed:
            return
        at = timestamp(self._node.clock())
        with self._node.file.write():
            for document, rev, reason in listed:
                RefusedDocument.insert(
                    key=f"{road} {document} {rev}", peer=peer, document=document, reason=reason, at=at
                ).on_conflict(
                    conflict_target=[RefusedDocument.key], update={RefusedDocument.reason: reason}
                ).execute()

    def _listed(self, road: str) -> list[RefusedDocument]:
        with self._node.file.read():
            listed = RefusedDocument.select().where(
                RefusedDocument.key.startswith(road), RefusedDocument.dismissed_by == ""
            )
            return list(listed)

    def _accept(self, sender: str, database: str) -> None:
        """What was refused once and is here by now, whoever brought it, leaves the list."""
        store = self._node.stores[database]
        for row in self._listed(f"{sender} {database} pull "):
            if not store.revs_diff({row.document: [_revision(row)]}):
                self._strike(row.key)

    def _strike(self, key: str) -> None:
        with self._node.file.write():
            RefusedDocument.delete().where(RefusedDocument.key == key).execute()

    # ---- which were taken

    def _taken_at(self, bundle: str) -> datetime | None:
        with self._node.file.read():
            row = Fact.get_or_none(Fact.key == f"courier took {bundle}")
        return moment(row.value) if row is not None else None

    def _note_taken(self, bundle: str) -> None:
        with self._node.file.write():
            at = timestamp(self._node.clock())
            Fact.insert(key=f"courier took {bundle}", value=at).on_conflict_ignore().execute()

    @contextlib.contextmanager
    def _alone(self, error: type[NotGiven] | type[NotTaken]) -> Iterator[None]:
        if not self._busy.acquire(blocking=False):
            raise error("busy", "another bundle is being made or taken here: wait until it is done")
        try:
            yield
        finally:
            self._busy.release()


def _each(refuse: Callable[[Sequence[Refusal]], None], one: Refusal) -> None:
    refuse([one])


def _revision(row: RefusedDocument) -> str:
    """Of a listed document: the key ends with it."""
    return str(row.key).rpartition(" ")[2]


def _unreadable(path: Path, why: Unreadable) -> NotTaken:
    said = {
        "none": f"{path} is no bundle of ours",
        "newer": f"{path} is in a later format: this machine needs a newer version first",
        "damaged": f"{path} is damaged or was changed: nothing of it was taken. Have it made again",
    }
    return NotTaken(why.why, said[why.why])


@contextlib.contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as why:
        if why.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise NotGiven("full", f"there is no room for {path}: nothing was left there") from why
        raise NotGiven("unwritable", f"{path} cannot be written ({why.strerror}): is the stick in?") from why


@contextlib.contextmanager
def _opened(file: IO[bytes], node: Node, told: Callable[[int, int], None], size: int) -> Iterator[Members]:
    opening = io.BufferedReader(Opening(file, node.keys.x25519, told, size), 1024 * 1024)
    try:
        with (
            gzip.GzipFile(fileobj=opening, mode="rb") as unpacked,
            tarfile.open(mode="r|", fileobj=unpacked) as tar,
        ):
            yield Members(tar)
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as why:
        raise Broken(f"its sender made a bundle that cannot be read: {why}") from why


def _about(members: Members) -> About:
    member = members.take()
    try:
        return msgspec.json.decode(member.content, type=About)
    except msgspec.MsgspecError as why:
        raise Broken(f"{member.name}: {why}") from why
