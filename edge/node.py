"""One node, wired by hand: every part gets what it needs here, and nowhere else."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from argon2 import PasswordHasher

from edge.acks import AckBook
from edge.admission import Admission
from edge.agency_papers import AgencyPapers
from edge.archive import Archive
from edge.at_rest import Ask
from edge.authorities import Authorities
from edge.branches import CHOSEN, INTRODUCED, branch_with, hash_of, source_of
from edge.chain import OwnChain
from edge.clock import Clock, Stopwatch, system_stopwatch
from edge.closing import Closing
from edge.completeness import Chains
from edge.contact import Contacts
from edge.course import Course
from edge.course_papers import CoursePapers
from edge.database import AMBIENT, NodeFile, Readable
from edge.deciding import Deciding
from edge.disk import Disk, Measure, measured
from edge.drafts import Drafts
from edge.errors import CannotStart
from edge.folder import Folder
from edge.folders import Folders
from edge.hall import Hall
from edge.handing_over import HandingOver
from edge.hour import Hour
from edge.ids import Ids
from edge.inbox import Inbox
from edge.keys import NodeKeys, read_keys
from edge.leaving import Leaving
from edge.ledger import CLOSED, Ledger
from edge.leftovers import sweep_files, sweep_notes
from edge.money_papers import MoneyPapers
from edge.outages import Outages
from edge.outbox import DOSSIER, ISSUING, MAIL, SUMMARY, Outbox
from edge.paper import Papers, Typeset
from edge.people import People
from edge.petitions import Petitions
from edge.printers import PlacePrinters
from edge.projector import Projector, events_here
from edge.redaction import Redactions
from edge.register import Register
from edge.rewriting import finish
from edge.sealing import Sealing
from edge.seals import Seals
from edge.sessions import Sessions
from edge.settings import NodeSettings
from edge.signing import Signatories
from edge.tables.exchange import Delivery
from edge.tables.migrations import copies_aside, forget_copies, migrate
from edge.tables.node import Chain, Fact
from edge.tables.projections import projections_are_current
from edge.till import Till
from edge.tokens import Tokens
from edge.turned_away import TurnedAway
from edge.verdict import Judge
from edge.views import ViewLog
from edge.visits import RATED, Visits
from edge.waits import Waits
from edge.window import Window
from edge.worklists import Worklists
from printing import spool
from printing.folder import PdfFolder
from printing.forms import Forms
from printing.spool import Printer, Printers, Spool
from printing.typesetting import typeset_by
from schemas.catalog import Catalog
from schemas.entries import Card
from schemas.errors import CatalogBroken
from schemas.events import Document
from schemas.seals import pin_of
from sync.documents import load, render
from sync.sqlite import Connection, SqliteFile
from sync.store import Store
from sync.structs import know_structs
from sync.writing import Arrival

DATABASES = ("catalog", "dossiers", "visits", "files")
CENTRAL: Final = "central"
"""The fact which central it was that holds what `delivery.centre_at` says."""

spool.database.initialize(AMBIENT)


def server_uuid(node: str) -> str:
    """The `uuid` that a node's server shows: 32 hex digits, the same for ever, and known to its peers."""
    return hashlib.sha256(f"motcua/server/1\n{node}".encode()).hexdigest()[:32]


class Node:
    """An open node. It serves nobody and replicates with nobody until it is told to.

    `printer`: where its papers come out instead of where the settings say. `on_catalog`: who wants to hear that the catalog
    has grown. `tick`: seconds that only grow, for the pace of work; `stopwatch`: the same for how long people wait and
    how long nobody did anything, whatever the clock does. `ask` gets a passphrase from a person, where one closes the folder.
    `typeset` makes the PDFs of spooled papers: in this process, or in others. `measure` says how full the disk is.
    `hasher`: how dear it is to try PINs and passwords.
    """

    def __init__(
        self,
        folder: Folder,
        settings: NodeSettings,
        *,
        clock: Clock,
        ids: Ids,
        printer: Printer | None = None,
        tick: Callable[[], float] = time.monotonic,
        stopwatch: Stopwatch = system_stopwatch,
        ask: Ask | None = None,
        typeset: Typeset = typeset_by,
        measure: Measure = measured,
        hasher: PasswordHasher | None = None,
    ) -> None:
        know_structs()  # its threads, and those of whoever opens it, are yet to come
        self._tick, self._typeset, self._hasher = tick, typeset, hasher or PasswordHasher()
        self.folder, self.settings, self.ids = folder, settings, ids
        self._clock = clock
        self._hour: Hour | None = None
        self._closing = contextlib.ExitStack()
        self.stopwatch = stopwatch
        self.disk = Disk(folder.path, stopwatch, measure)
        finish(folder.path)
        folder.unlock(settings, ask)
        self.id = settings.node
        self.keys: NodeKeys = read_keys(folder.keys, folder.at_rest)
        self.catalog = Catalog(folder.root.read_bytes())
        self.catalog_problem: CatalogBroken | None = None
        self.on_catalog: list[Callable[[], None]] = []
        self._catalog_lock = threading.RLock()
        self._entries: dict[str, list[Document]] = {}
        self._catalog_seq = 0
        self._catalog_due = False
        self._branches: set[str] = set()
        self._choices: list[Document] = []
        """Choices between two branches that have not been reached yet."""
        self._left: str | None = None
        """The choice by which this node has just left the other branch of the catalog."""
        self.file = NodeFile(SqliteFile(folder.database, key=folder.at_rest.database_key))
        self._files = SqliteFile(folder.files, key=folder.at_rest.database_key)
        migrated = migrate(self.file)
        pdfs = PdfFolder(folder.paper, shut=folder.at_rest.shut)
        self.place_printers = PlacePrinters(self.file, settings.printers, pdfs)
        self._printer = printer
        self.contacts = Contacts(self.file, self.clock)
        self._open_stores()
        self.shown: Readable = self.file
        """Where the pages' lists are asked."""
        self.one_page: Callable[[], contextlib.AbstractContextManager[None]] | None = None
        """Within it lists are of one moment, and it is asked once who answers; None where they are always the file's."""
        self.projections_behind: Callable[[], int | None] | None = None
        """How many changes those in PostgreSQL lack, where they are to be there; None while it does not answer."""
        self._forget_shown: Callable[[], None] = lambda: None
        self.documents_away: Callable[[], str] | None = None
        """Why those in a cluster are out of reach, where they are to lie in one; "" while they are not."""
        self.documents_behind: Callable[[float], str] | None = None
        """What of those in a cluster is not here yet, after so many seconds of patience; "" when all is."""
        self._read_catalog()
        self._remember_central()
        if self.catalog.card_of(self.id) is None:
            raise CannotStart(f"the catalog in {folder.path} has no card for {self.id}: enrol this node")
        self._open_work()
        self._catch_up()
        if not migrated:
            forget_copies(folder.database)

    @property
    def is_centre(self) -> bool:
        """By what the catalog here says now: another machine may take its place while it runs."""
        return self.catalog.centre == self.id

    @property
    def serves_as(self) -> str:
        """Which node whoever connects here finds: this one; at a front, central."""
        return (self.catalog.centre or self.id) if self.card.front else self.id

    def clock(self) -> datetime:
        """The hour as this machine counts it: its clock, unless a person said that it is wrong."""
        return self._clock() if self._hour is None else self._hour.now()

    @property
    def collects(self) -> bool:
        """Whether this is a new central that has written nothing yet: it takes in what others have, and only reads."""
        return self.is_centre and self.catalog.seated != self.id

    @property
    def card(self) -> Card:
        """This node's newest, read anew at each call: it can be given other duties while the node runs."""
        return self.ledger.card

    def hears_of_central(self, document: Document) -> bool:
        """Whether a document introduces a central that was not noted here yet. Raises `DiskFull`: it is to be heard again."""
        card = self.catalog.introduce(document)
        if card is None or card.node != self.catalog.centre:
            return False
        with self.file.read():
            noted = Fact.get_or_none(Fact.key == CENTRAL)
        if noted is not None and noted.value == card.node:
            return False
        with self.file.write():
            Fact.insert(key=INTRODUCED, value=json.dumps(document)).on_conflict_replace().execute()
            self._follow_central()
        return True

    def introduction(self) -> bytes | None:
        """The card of a central that took over from another: this one's own, or the one that this machine heard of."""
        if self.is_centre:
            return self.folder.succession.read_bytes() if self.folder.succession.exists() else None
        with self.file.read():
            fact = Fact.get_or_none(Fact.key == INTRODUCED)
        return None if fact is None else str(fact.value).encode()

    def close(self) -> None:
        """End all feeds, then close the files. Whoever works with the node in a thread is stopped before."""
        self._closing.close()
        for store in self.stores.values():
            store.close()
        self._files.close()
        self.file.file.close()

    def _open_stores(self) -> None:
        self.waits = Waits(self.file)
        self.rules = rules = Admission(
            self.catalog,
            self.waits,
            node=self.id,
            here=lambda hashes: events_here(self.file, hashes),
            erased=self._is_erased,
        )
        self.seals = Seals(self.file, rules)
        self.projector = Projector(
            self.file, self.catalog, rules, self.waits, self.seals, self.clock, node=self.id
        )
        file, new, tick = self.file.file, self.ids.hex, self._tick
        self.stores: Mapping[str, Store] = {
            "catalog": Store(
                file,
                "catalog",
                new_id=new,
                rules=rules.catalog,
                arrived=self._catalog_arrived,
                tick=tick,
            ),
            "dossiers": Store(
                file,
                "dossiers",
                new_id=new,
                rules=rules.events,
                arrived=self.projector.arrived,
                may_leave=self.seals.may_leave,
                tick=tick,
            ),
            "visits": Store(
                file,
                "visits",
                new_id=new,
                rules=rules.singly,
                arrived=self._visits_arrived,
                tick=tick,
            ),
            "files": Store(self._files, "files", new_id=new, rules=rules.files, tick=tick),
        }
        self.projector.read_from(self.stores["dossiers"])
        self.acks = AckBook(
            self.file,
            self.stores["catalog"],
            self.stores,
            rules,
            self.catalog,
            self.keys,
            self.clock,
            node=self.id,
        )
        self.window = Window(self.file, self.catalog, self.acks, node=self.id)

    def _open_work(self) -> None:
        if self.settings.projections:
            self._show_from(self.settings.projections)
        self.people = People(self.file, self.catalog, self.stopwatch, self._hasher)
        self.sessions = Sessions(
            self.file,
            self.catalog,
            self.clock,
            self.stopwatch,
            self.ids,
            idle_s=self.settings.idle_lock_s,
        )
        self.drafts = Drafts(self.file, self.clock, self.ids)
        self.views = ViewLog(self.file, self.clock, self.keys, node=self.id)
        self.hour = self._hour = Hour(self.file, self._clock, self.stopwatch, is_centre=self.is_centre)
        self.chain = OwnChain(
            self.file,
            self.stores["dossiers"],
            self.keys,
            self.clock,
            self.ids,
            node=self.id,
            hour=self.hour,
            disk=self.disk,
        )
        self.ledger = Ledger(
            self.file,
            self.projector,
            self.catalog,
            self.chain,
            self.clock,
            node=self.id,
        )
        self.closing = Closing(
            self.file, self.ledger, self.projector, self.views, self.clock, self.ids, node=self.id
        )
        self.outages = Outages(
            self.file,
            self.ledger,
            self.contacts,
            self.catalog,
            self.clock,
            self.stopwatch,
            self.hour,
            self.ids,
            node=self.id,
        )
        self.visits = Visits(
            self.file,
            self.stores["visits"],
            self.catalog,
            self.rules,
            OwnChain(
                self.file,
                self.stores["visits"],
                self.keys,
                self.clock,
                self.ids,
                node=self.id,
                hour=self.hour,
                disk=self.disk,
            ),
            self.clock,
            node=self.id,
        )
        self.projector.rate_by(self.visits.all_rated)
        self.hall = Hall(self.file, self.visits, self.catalog, self.contacts, self.clock, node=self.id)
        self.chains = Chains(self.file, self.acks.newest, self.catalog, node=self.id)
        self.register = Register(
            self.file,
            self.projector,
            is_centre=self.is_centre,
            visits_waiting=self.visits.waiting,
            shown=self.shown,
        )
        self.worklists = Worklists(self.shown)
        self.turned_away = TurnedAway(self.shown)
        self.outbox = self._open_outbox()
        self.archive = Archive(self.stores["files"])
        self.inbox = Inbox(self.file, self.ledger, self.projector, self.archive, shown=self.shown)
        self.leaving = Leaving(
            self.file,
            self.stores["dossiers"],
            self.projector,
            self.archive,
            self.acks,
            self.window,
            self.catalog,
            self.visits,
            self.clock,
            node=self.id,
        )
        self.authorities = Authorities(self.catalog, self.archive)
        self.judge = Judge(self.catalog, self.authorities)
        self.signatories = Signatories(
            Tokens(self.folder.tokens, self.settings.tokens, at_rest=self.folder.at_rest), self.authorities
        )
        self.papers = Papers(self.catalog, self.keys, Forms.shipped(), node=self.id, typeset=self._typeset)
        parts = (
            self.ledger,
            self.projector,
            self.archive,
            self.papers,
            self.catalog,
            self.clock,
            self.signatories,
        )
        self.deciding = Deciding(*parts, node=self.id)
        self.sealing = Sealing(*parts, node=self.id)
        self.folders = Folders(self.file, self.ledger, self.projector, self.clock)
        printers = Printers.only(self._printer) if self._printer else self.place_printers.printers()
        self.spool = Spool(printers, self.papers.render_job, self.file.write)
        self.petitions = Petitions(
            self.file,
            self.ledger,
            self.projector,
            self.catalog,
            self.clock,
            self.ids,
            shown=self.shown,
        )
        self.till = Till(
            self.file,
            self.ledger,
            self.projector,
            self.closing,
            MoneyPapers(self.catalog, self.papers.code_of_receipt, node=self.id),
            self.catalog,
            self.clock,
            shown=self.shown,
            node=self.id,
        )
        self.course = Course(
            self.file,
            self.ledger,
            self.projector,
            CoursePapers(
                self.catalog,
                self.projector,
                lambda person, dossier, at: self.deciding.right_of(person, dossier, at).capacity,
                node=self.id,
            ),
        )
        self.handing_over = HandingOver(
            self.file,
            self.ledger,
            self.projector,
            self.catalog,
            AgencyPapers(self.catalog, node=self.id),
        )
        self.redactions = Redactions(
            self.file,
            self.archive,
            (self.stores["dossiers"], self.stores["visits"]),
            self.projector,
            self.catalog,
            aside=partial(copies_aside, self.folder.database),
            gone=self._forget_shown,
        )

    def _show_from(self, address: str) -> None:
        """Lists, searches and sums are asked of PostgreSQL. Raises `CannotStart` at an edge, and for what is no address."""
        from edge.postgres.connection import Postgres, understood
        from edge.postgres.shown import Shown

        if not self.is_centre:
            raise CannotStart(f"{self.id} is an edge: only central has `projections` in PostgreSQL")
        with self.file.read():
            chosen = Fact.get_or_none(Fact.key == CHOSEN)
        dossiers, visits = self.stores["dossiers"], self.stores["visits"]
        shown = Shown(
            self.file,
            Postgres(understood(address)),
            name=source_of(self.id, dossiers.epoch, chosen.value if chosen is not None else ""),
            here=lambda: (dossiers.published, visits.published, self.catalog.number),
            own=lambda: self.projector.own_up_to,
            tick=self.stopwatch,
        )
        dossiers.on_change(shown.note)
        visits.on_change(shown.note)
        self.on_catalog.append(shown.note)
        self._closing.callback(shown.close)
        self.shown, self.one_page, self.projections_behind = shown, shown.page, shown.behind
        self._forget_shown = shown.forget

    def _open_outbox(self) -> Outbox:
        """Only central tells anybody outside, and of what nobody is told it keeps nothing."""
        to = {
            DOSSIER: self.settings.exchange,
            MAIL: self.settings.mail,
            ISSUING: self.settings.receipts,
            SUMMARY: self.settings.receipts,
        }
        kinds = [kind for kind, where in to.items() if where and self.is_centre]
        outbox = Outbox(self.file, self.catalog, self.clock, kinds)
        if kinds:
            self.projector.tell_by(outbox.take)
        return outbox

    def _catch_up(self) -> None:
        """Do what a crash may have left: projections of an older version, waiting events.

        What became of papers that were being sent is asked by the spool's own thread: a printer may be slow to answer.
        """
        with self.file.read() as connection:
            current = projections_are_current(connection)
        if not current:
            self.projector.rebuild()
        self._follow_central()
        self._fold_by_what_was_chosen()
        self.redactions.apply()
        self.projector.catalog_grew()
        self.visits.catch_up()
        self.seals.remember()
        sweep_files(self.archive, self.projector, node=self.id)
        for store in self.stores.values():
            sweep_notes(store, self.hour)

    def _remember_central(self) -> None:
        """Introduce again who was introduced before the last restart; at a new central, itself."""
        with self.file.read():
            fact = Fact.get_or_none(Fact.key == INTRODUCED)
        if fact is not None:
            self.catalog.introduce(json.loads(fact.value))
        if self.folder.succession.exists():
            self.catalog.introduce(load(self.folder.succession.read_bytes()))

    def _follow_central(self) -> None:
        """What another central had, a new one may not have: all is sent again, as far as it lacks it."""
        centre = self.catalog.centre or ""
        with self.file.write():
            fact = Fact.get_or_none(Fact.key == CENTRAL)
            if fact is None or fact.value != centre:
                Fact.insert(key=CENTRAL, value=centre).on_conflict_replace().execute()
                if fact is not None:
                    Delivery.update(centre_at=None).execute()
                    self.visits.central_changed()

    @property
    def closed(self) -> bool:
        """Whether this machine has written its last act."""
        with self.file.read():
            return Fact.get_or_none(Fact.key == CLOSED) is not None

    def trusts(self, node: str, certificate: bytes, *, itself: bool = False) -> bool:
        """Whether a TLS server that shows this certificate (DER) is `node`, by its card of now; a front is central, unless it
        must be central `itself`."""
        return pin_of(certificate) in self.pins(node, itself=itself)

    def pins(self, node: str, *, itself: bool = False) -> frozenset[str]:
        """The keys (`pin_of`) by which a TLS server is `node`."""
        card = self.catalog.card_of(node)
        cards = [] if card is None else [card]
        if node == self.catalog.centre and not itself:
            cards += [one for one in self.catalog.latest.cards() if one.front]
        return frozenset(one.pin for one in cards if one.opens and one.pin)

    def _visits_arrived(self, connection: Connection, arrivals: Sequence[Arrival]) -> None:
        self.visits.arrived(connection, arrivals)
        if self.is_centre:
            rated = {one.id.partition(":")[0] for one in arrivals if one.doc.get("kind") == RATED}
            others = {one.id.partition(":")[0] for one in arrivals} - rated
            rated |= self.projector.rated_before(connection, others)
            if rated:
                self.projector.rated(connection, [self.visits.rated(visit) for visit in sorted(rated)])

    def _count_ratings_that_waited(self) -> None:
        """What a rating waited for may be in the catalog now."""
        for visit in self.projector.ratings_waiting() if self.is_centre else ():
            with self.file.write() as connection:
                self.projector.rated(connection, [self.visits.rated(visit)])

    def _catalog_arrived(self, connection: Connection, arrivals: Sequence[Arrival]) -> None:
        self.file.file.after_commit(self._take_what_came)

    def _take_what_came(self) -> None:
        """All entries of a transaction are applied at once, by whoever comes first; the others find nothing left."""
        with self._catalog_lock:
            if self._apply_catalog(self._new_entries()):
                self._catalog_due = True
        self.follow_catalog()

    def follow_catalog(self) -> None:
        """What follows from entries that have come, and has not been done: it stays due until it has been, also after a full
        disk. Raises `Unavailable`."""
        if not self._catalog_due:
            return
        self._catalog_due = False  # whoever brings more meanwhile does it for that
        try:
            self._follow_central()
            self._fold_by_what_was_chosen()
            self.redactions.apply()
            self.projector.catalog_grew()
            self.visits.catalog_grew()
            self._count_ratings_that_waited()
            for told in self.on_catalog:
                told()
        except BaseException:
            self._catalog_due = True
            raise

    def _new_entries(self) -> list[Document]:
        """Those that were stored since they were last looked for, in the order in which they came."""
        store = self.stores["catalog"]
        with self.file.read():
            ids = [change.id for change in store.changes(since=self._catalog_seq)]
            self._catalog_seq = store.seq()
            winners = store.winners(ids)
            return [load(render(winners[name])) for name in ids]

    def _fold_by_what_was_chosen(self) -> None:
        """Where this node had gone along the branch that was not chosen, everything is folded anew, once."""
        if self._left is None:
            return
        with self.file.write():
            fact = Fact.get_or_none(Fact.key == CHOSEN)
            if fact is None or fact.value != self._left:
                self.projector.rebuild()
                Fact.insert(key=CHOSEN, value=self._left).on_conflict_replace().execute()
        self._left = None

    def _is_erased(self, name: str) -> bool:
        return self.redactions.erased(name)

    def _read_catalog(self) -> None:
        self._apply_catalog(self._new_entries())

    def entries(self) -> list[Document]:
        """Every entry that is here, in the order in which they came; those of a branch that was not chosen too."""
        store = self.stores["catalog"]
        with self.file.read():
            came = sorted(store.all_docs(), key=lambda summary: summary.seq)
            winners = store.winners([summary.id for summary in came])
            return [load(render(winners[summary.id])) for summary in came]

    def _apply_catalog(self, documents: Sequence[Document]) -> bool:
        """Apply the entries that follow the newest one applied; whether there were any.

        Entries may come in any order; those that cannot follow yet are kept for later. A catalog that does not
        continue is used as far as it was whole, and shown as a problem. Of two entries with one number the one that
        came first counts here, after a restart too.
        """
        with self._catalog_lock:
            for document in documents:
                if isinstance(document.get("prev"), str):  # of a newer version nothing is certain
                    self._entries.setdefault(document["prev"], []).append(document)
            before = self.catalog.number
            run = self._following()
            while run:
                try:
                    self.catalog.apply(run)
                except CatalogBroken as why:
                    self.catalog_problem = why
                    run = run[: why.seq - 1 - before]
                else:
                    break
            for document in run:
                del self._entries[document["prev"]]
            chosen = self._chosen(documents)
            if chosen or any(document.get("kind") == "catalog.chosen" for document in run):
                self.catalog_problem, documents = None, self.entries()
                self._branches.clear()
            self._note_branches(documents)
            return chosen or self.catalog.number > before

    def _chosen(self, documents: Sequence[Document]) -> bool:
        """Go over to a branch that two administrators chose, where this node has gone along the other; whether it did.

        What leads to the choice may come after it: it is looked at again until it is reached.
        """
        self._choices += [one for one in documents if one.get("kind") == "catalog.chosen"]
        for document in list(self._choices):
            name = f"{document['seq']}-{hash_of(document)[:16]}"
            if self.catalog.at(name) is not None:
                self._choices.remove(document)
                continue
            other = Catalog(self.catalog.root)
            try:
                other.apply(branch_with(self.entries(), hash_of(document)))
            except CatalogBroken:
                continue
            if any(other.drops(own) for own in self.catalog.names):
                self.go_over(other)
                self._left = hash_of(document)
                return True
        return False

    def go_over(self, other: Catalog) -> None:
        """Judge by another branch of the catalog from now on; what is shown is folded anew by whoever calls."""
        with self._catalog_lock:
            self.catalog.become(other)
            self.projector.forget_all()
            self._entries = {}
            for one in self.entries():
                applied = self.catalog.at(f"{one.get('seq')}-{hash_of(one)[:16]}") is not None
                if not applied and isinstance(one.get("prev"), str):
                    self._entries.setdefault(one["prev"], []).append(one)

    def folds_anew(self, choice: str) -> None:
        """Fold everything by the branch that was chosen, once; `choice` is the hash of the entry that says so."""
        self._left = choice
        self._fold_by_what_was_chosen()

    def _following(self) -> list[Document]:
        """The entries here that follow the newest one applied, each after the one before it."""
        run: list[Document] = []
        number, tip = self.catalog.number, self.catalog.tip
        written = self._written()
        while (
            number < written
            and (
                found := next(
                    (one for one in self._entries.get(tip, ()) if one.get("seq") == number + 1), None
                )
            )
            is not None
        ):
            run.append(found)
            number, tip = number + 1, hash_of(found)
        return run

    def _written(self) -> int:
        """How many entries there can be: at central as many as it has written, elsewhere any number."""
        with self.file.read():
            head = Chain.get_or_none(Chain.database == "catalog")
        return sys.maxsize if head is None else int(head.seq)

    @property
    def branched(self) -> bool:
        """Whether central has said two things at one place, and nobody has chosen yet."""
        return bool(self._branches)

    def unheard(self) -> tuple[str, ...]:
        """At central: entries that acts here rest on and that nobody has brought, though others have their numbers.

        They were a former central's last words: who had heard them has sent acts and lost the rest, or is lost too. While
        machines have yet to come, none are told.
        """
        if not self.is_centre or self.collects or self.branched:
            return ()
        names = self.projector.unheard()
        for visit in self.projector.ratings_waiting():
            names |= self.visits.unheard(visit)
        return tuple(sorted(names, key=lambda name: (int(name.partition("-")[0]), name)))

    def _note_branches(self, documents: Sequence[Document]) -> None:
        """Entries of central that are not in the catalog here: central was put back from a copy, or its key is stolen."""
        written = self._written()
        for document in documents:
            seq = document.get("seq")
            if not isinstance(seq, int) or seq <= 0:
                continue
            name = f"{seq}-{hash_of(document)[:16]}"
            if self.catalog.drops(name):
                continue
            if seq > written or (seq <= self.catalog.number and self.catalog.names[seq - 1] != name):
                self._branches.add(name)
                self.catalog_problem = CatalogBroken(seq, "central has written two entries with this number")
