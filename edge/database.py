"""The tables of a node beside the documents: local ones, which migrate, and projections, which are rebuilt.

peewee's models work over whichever connection of the `SqliteFile` the thread is in: the writer inside
`write()`, a reader's snapshot inside `read()`. Nothing opens a connection of its own, so that an event, its
number, its projection and its print job are one transaction.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from peewee import BlobField, CompositeKey, IntegerField, Model, PeeweeException, SqliteDatabase, TextField
from sqlcipher3 import dbapi2

from edge.durable import synced
from edge.errors import CannotStart
from sync.sqlite import Connection, SqliteFile, apply_key


class Ambient(SqliteDatabase):
    """peewee over the connection that the present thread is using; it opens none and belongs to no node."""

    def __init__(self) -> None:
        self._thread = threading.local()
        super().__init__(":memory:")

    @contextlib.contextmanager
    def using(self, connection: Connection) -> Iterator[None]:
        before = getattr(self._thread, "connection", None)
        self._thread.connection = connection
        try:
            yield
        finally:
            self._thread.connection = before

    def connection(self) -> Connection:
        connection = getattr(self._thread, "connection", None)
        if connection is None:
            raise RuntimeError("a query outside read() and write()")
        return connection

    def cursor(self, named_cursor: None = None) -> Any:
        return self.connection().cursor()

    def in_transaction(self) -> bool:
        return not self.is_closed()

    def is_closed(self) -> bool:
        return getattr(self._thread, "connection", None) is None


AMBIENT: Final = Ambient()
logging.getLogger("peewee").setLevel(logging.INFO)  # below that it writes down every value of every statement


class NodeFile:
    """A node's `node.db`: `write()` and `read()` give a connection to raw statements and to the models alike."""

    def __init__(self, file: SqliteFile) -> None:
        self.file = file

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """One durable transaction; within it, an inner `write()` or `read()` is part of it. Raises `DiskFull`."""
        with self.file.write() as connection, AMBIENT.using(connection):
            try:
                yield connection
            except PeeweeException as why:
                # peewee wraps SQLite's error; whoever decides what a full disk means wants to see it
                if isinstance(why.__context__, dbapi2.Error):
                    raise why.__context__ from None
                raise

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """One stable snapshot."""
        with self.file.read() as connection, AMBIENT.using(connection):
            yield connection


class Local(Model):
    """A table that holds what only this node knows."""


class Fact(Local):
    """Small facts about this node: the version of its projections, when it last heard of whom."""

    key = TextField(primary_key=True)
    value = TextField()


class Chain(Local):
    """The newest event of this node in each database."""

    database = TextField(primary_key=True)
    seq = IntegerField()
    hash = TextField()
    at = TextField()


LEFT_OUT: Final = "left out "


class Number(Local):
    """How many dossiers of an agency this node has received on a Vietnamese day; after `LEFT_OUT`, where it began."""

    key = TextField(primary_key=True)
    last = IntegerField()


class Pin(Local):
    """A person's PIN at this node (argon2id); `catalog` is the number of the catalog under which it was set."""

    person = TextField(primary_key=True)
    verifier = TextField()
    catalog = IntegerField()


class Attempt(Local):
    """Tries of a PIN or a password since one was last right; `key` is `pin <person>` or `password <person>`."""

    key = TextField(primary_key=True)
    failures = IntegerField()


class SessionRow(Local):
    """One browser in which somebody is signed in here. `id` is the SHA-256 of the token in its cookie."""

    id = TextField(primary_key=True)
    person = TextField()
    how = TextField()
    owes = TextField()
    catalog = IntegerField()
    began_at = TextField()
    seen_at = TextField()
    locked = IntegerField()
    browser = TextField()

    class Meta:
        table_name = "session"


class DraftRow(Local):
    """What somebody had typed when the screen locked, as JSON; theirs, and nobody else's to send."""

    id = TextField(primary_key=True)
    person = TextField()
    path = TextField()
    fields = TextField()
    at = TextField()

    class Meta:
        table_name = "draft"


class ViewRow(Local):
    """One look at a dossier; each names the hash of the one before."""

    line = IntegerField(primary_key=True)
    at = TextField()
    person = TextField()
    stream = TextField()
    what = TextField()
    hash = TextField()

    class Meta:
        table_name = "view_log"


class Delivery(Local):
    """How an event came here, whether its seal was seen to hold, and since when central has it.

    The only table in which an event is found by its hash alone. Hashes lie anywhere, so that a row in their
    order is a page of the file for each event that comes: rows lie as they came, and the hash has a narrow index.
    """

    hash = TextField(primary_key=True)
    stream = TextField()
    own = IntegerField()
    local_seq = IntegerField()
    source = TextField()
    sealed = IntegerField()
    arrived_at = TextField()
    centre_at = TextField(null=True)


class Copy(Local):
    """Up to where a neighbour holds a database of ours, as its checkpoint here says."""

    key = TextField(primary_key=True)
    peer = TextField()
    seq = IntegerField()
    at = TextField()


class MissingFile(Local):
    """At central: a file that a dossier names and that has not come, since central knows of it."""

    file = TextField()
    stream = TextField()
    since = TextField()

    class Meta:
        table_name = "missing_file"
        primary_key = CompositeKey("file", "stream")


class RefusedDocument(Local):
    """A document that `peer` refused (this node, where it came from another); listed until it is accepted.

    One that a person dismissed stays, unlisted: it must not be taken for one that central has. `key`: which road
    (peer, database, direction), then id and revision.
    """

    key = TextField(primary_key=True)
    peer = TextField()
    document = TextField()
    reason = TextField()
    at = TextField()
    dismissed_by = TextField(default="")


class Wait(Local):
    """An event that nobody here can judge yet, and who brought it. `key`: its hash and revision."""

    key = TextField(primary_key=True)
    hash = TextField()
    source = TextField()
    bytes = IntegerField()
    since = TextField()


class Erased(Local):
    """A chunk that went with a redacted file."""

    name = TextField(primary_key=True)


class Whole(Local):
    """At central: the last event up to which it holds a machine's chain without a gap."""

    database = TextField()
    node = TextField()
    seq = IntegerField()
    hash = TextField()

    class Meta:
        primary_key = CompositeKey("database", "node")


class AckDay(Local):
    """The first list of a day in which central says what it holds, as JSON; kept for some days."""

    day = TextField(primary_key=True)
    number = IntegerField()
    document = TextField()


class Departed(Local):
    """A stream that has left this machine: since when it was over ("": the machine has lost its agency), the hashes of
    what left (8 bytes each), and of its own acts among them number, kind and moment (JSON).
    """

    stream = TextField(primary_key=True)
    number = TextField()
    over = TextField()
    at = TextField()
    hashes = BlobField()
    own = TextField()


class VisitAct(Local):
    """One act of a visit that is here: its place in its machine's chain."""

    stream = TextField()
    hash = TextField()
    node = TextField()
    seq = IntegerField()

    class Meta:
        table_name = "visit_act"
        primary_key = CompositeKey("stream", "hash")


class DepartedVisit(Local):
    """The number of an own act of a visit that has left this machine, because it was old."""

    seq = IntegerField(primary_key=True)

    class Meta:
        table_name = "departed_visit"


class DepartedFile(Local):
    """A file that a stream named which has left: it goes too, once nothing here names it and central has it."""

    file = TextField(primary_key=True)


class FolderRow(Local):
    """A folder of paper that somebody holds here, whose dossier has not come yet; `code` is that of its slip."""

    number = TextField(primary_key=True)
    code = TextField()
    person = TextField()
    at = TextField()

    class Meta:
        table_name = "folder"


class Brought(Local):
    """A stream that somebody here has asked for, though it is outside the window: who gave it, and when."""

    stream = TextField(primary_key=True)
    source = TextField()
    at = TextField()


class Secret(Local):
    """Random bytes made once, such as the key of the session cookies."""

    name = TextField(primary_key=True)
    value = BlobField()


class EnrolmentCode(Local):
    """A one-time code for one machine, at central. `key` is what both sides prove to have; gone when it is over.

    `plan` is what the machine will be (JSON), `request` the check of the request that it was used for.
    """

    name = TextField(primary_key=True)
    key = BlobField()
    place = TextField()
    plan = TextField()
    by = TextField()
    until = TextField()
    failures = IntegerField(default=0)
    state = TextField()
    request = TextField(default="")


class Proposed(Local):
    """What somebody proposes that the catalog should say, at central, and what became of it.

    `entries` (JSON, `number` of them) are what would be written, each with the newest entry that the proposer saw on its subject; `report`
    (JSON) says how it was made. `state`: staged (an import that somebody still looks at), open, published, refused or
    withdrawn. `second` is who decided.
    """

    id = IntegerField(primary_key=True)
    title = TextField()
    reason = TextField()
    by = TextField()
    at = TextField()
    number = IntegerField()
    entries = TextField()
    report = TextField()
    state = TextField()
    second = TextField(default="")
    ended_at = TextField(default="")
    answer = TextField(default="")

    class Meta:
        table_name = "proposed"


class Projection(Model):
    """A table that can be thrown away and made again from the events."""


class EventRow(Projection):
    """One event of a stream and what the fold made of it. Streams begin with their moment: what comes lies together."""

    stream = TextField()
    hash = TextField()
    node = TextField()
    seq = IntegerField()
    kind = TextField()
    at = TextField()
    by = TextField()
    place = TextField()
    why = TextField()

    class Meta:
        table_name = "event"
        primary_key = CompositeKey("stream", "hash")


class DossierRow(Projection):
    """One dossier as lists show it. `position` grows with the moment of reception."""

    position = IntegerField(primary_key=True)
    stream = TextField()
    number = TextField()
    procedure = TextField()
    procedure_name = TextField()
    agency = TextField()
    applicant = TextField()
    identity = TextField()
    phone = TextField()
    submitter = TextField()
    received_at = TextField()
    received_day = TextField()
    due_at = TextField()
    """As of the stream's last act, what is not counted included; the printed moment while the clock stands still."""
    stopped = IntegerField()
    unsure = IntegerField()
    status = IntegerField()
    appraisal = TextField()
    outcome = TextField()
    contested = IntegerField()
    missing = IntegerField()
    node = TextField()
    changed_at = TextField()
    money = TextField()
    owed = IntegerField()
    queue = TextField()
    """Whose work it waits for, as `edge.register.Work` names it; "" where it waits for nobody in the house."""
    holder = TextField()
    """Who has the folder, as they said last."""
    moved_at = TextField()
    """Since when it is where it is: the last act that leads from one step to another."""
    paper = TextField()
    """The number of the handwritten slip that it was entered from; "" for all others."""

    class Meta:
        table_name = "dossier"


class QueueCount(Projection):
    """How many dossiers stand in each queue; kept with the rows, so that no page counts them."""

    queue = TextField(primary_key=True)
    count = IntegerField()

    class Meta:
        table_name = "queue_count"


class WorkRow(Projection):
    """That a dossier which is not over stands in one list of the counter (`schemas.worklists`), at which moment of it.

    `place` and `person` received it; `name` orders by the applicant's given name.
    """

    position = IntegerField()
    list = TextField()
    moment = TextField()
    place = TextField()
    person = TextField()
    agency = TextField()
    name = TextField()

    class Meta:
        table_name = "work"
        primary_key = CompositeKey("position", "list")


class WorkCount(Projection):
    """How many dossiers stand in a list, by who received them, where, and for which agency: no list is ever counted."""

    list = TextField()
    place = TextField()
    person = TextField()
    agency = TextField()
    count = IntegerField()

    class Meta:
        table_name = "work_count"
        primary_key = CompositeKey("list", "place", "person", "agency")


class PetitionRow(Projection):
    """One petition as lists show it (`schemas.petitions.Listed`)."""

    stream = TextField(primary_key=True)
    number = TextField()
    status = TextField()
    filed_at = TextField()
    due = TextField()
    answered_at = TextField()
    closed_at = TextField()
    node = TextField()
    sender = TextField()
    excerpt = TextField()

    class Meta:
        table_name = "petition"


class TurnedAwayRow(Projection):
    """What was not received and got form 02 or 03, as lists show it (`schemas.turned_away.Listed`)."""

    stream = TextField(primary_key=True)
    at = TextField()
    form = TextField()
    place = TextField()
    person = TextField()
    agency = TextField()
    procedure = TextField()
    procedure_name = TextField()
    applicant = TextField()
    submitter = TextField()
    phone = TextField()
    papers = IntegerField()
    reason = TextField()

    class Meta:
        table_name = "turned_away"


class PendingReceiptRow(Projection):
    """One electronic receipt that is still to be issued (`schemas.pending_receipts.Pending`)."""

    collected = TextField(primary_key=True)
    stream = TextField()
    at = TextField()
    place = TextField()
    form = TextField()
    symbol = TextField()
    number = IntegerField()
    total = IntegerField()
    payer = TextField()

    class Meta:
        table_name = "pending_receipt"


class ConflictRow(Projection):
    """One open conflict of one dossier; what central reports of several is one conflict in each of them.

    `weight`: 0 where somebody else than the desk settles it; else 1, and one more for all that it blocks.
    """

    id = TextField()
    stream = TextField()
    title = TextField()
    rows = TextField()
    members = TextField()
    opened_at = TextField()
    weight = IntegerField()

    class Meta:
        table_name = "conflict"
        primary_key = CompositeKey("id", "stream")


class ForkRow(Projection):
    """Two events with one number in one machine's chain, both under its seal: the machine exists twice, or lies."""

    key = TextField(primary_key=True)
    node = TextField()
    seq = IntegerField()
    first = TextField()
    second = TextField()

    class Meta:
        table_name = "fork"


class PartyRow(Projection):
    """Whom the acts of a stream name, by number: everything that is held about a person begins here."""

    key = TextField(primary_key=True)
    identity = TextField()
    stream = TextField()

    class Meta:
        table_name = "party"


class StreamRow(Projection):
    """What a stream is to a window: of which agencies (separated by spaces), since which day it is over ("": it is
    not), and how many acts are missing that others here name."""

    stream = TextField(primary_key=True)
    agencies = TextField()
    over = TextField()
    missing = IntegerField()

    class Meta:
        table_name = "stream"


class CustodyRow(Projection):
    """A folder that is to go to an agency, is with one, or comes back from it; or an opinion that one was asked for.

    `what` is a `custody.Where`, or `OPINION`. `due_at`: by when it is to happen ("": nothing says so).
    """

    stream = TextField()
    what = TextField()
    agency = TextField()
    since = TextField()
    due_at = TextField()
    result = TextField()

    class Meta:
        table_name = "custody"
        primary_key = CompositeKey("stream", "what")


OPINION: Final = "opinion"


class InboxRow(Projection):
    """What came online and is not received yet. `state` is `new`, or `supplement` while papers are waited for."""

    stream = TextField(primary_key=True)
    state = TextField()
    at = TextField()
    agency = TextField()
    procedure = TextField()
    procedure_name = TextField()
    applicant = TextField()
    number = TextField()
    portal = TextField()
    files = IntegerField()

    class Meta:
        table_name = "inbox"


class SubmissionRow(Projection):
    """Under which name of which portal a stream came; of one name there may be several, where a centre was restored."""

    portal = TextField()
    name = TextField()
    stream = TextField()
    digest = TextField()

    class Meta:
        table_name = "submission"
        primary_key = CompositeKey("portal", "name", "stream")


class TaskRow(Projection):
    """What somebody still has to do about an act of a dossier that lost its force (`schemas.conflicts.Task`)."""

    stream = TextField()
    must = TextField()
    about = TextField()
    words = TextField()

    class Meta:
        table_name = "task"
        primary_key = CompositeKey("stream", "must", "about")


class OutageRow(Projection):
    """One machine's outage, by its own word (`schemas.outages.Outage`)."""

    stream = TextField(primary_key=True)
    node = TextField()
    since = TextField()
    until = TextField()
    what = TextField()
    seq = IntegerField()
    last_seq = IntegerField()

    class Meta:
        table_name = "outage"


class OutageDay(Projection):
    """That an outage touched a Vietnamese day: what overlaps it is found by its days, whatever the archive's age."""

    day = TextField()
    stream = TextField()

    class Meta:
        table_name = "outage_day"
        primary_key = CompositeKey("day", "stream")


class FileRow(Projection):
    """That an act of a stream names a file."""

    key = TextField(primary_key=True)
    file = TextField()
    stream = TextField()

    class Meta:
        table_name = "named_file"


class OutboxRow(Local):
    """Something that goes out from central (`edge.outbox`); `key` names it for ever."""

    key = TextField(primary_key=True)
    kind = TextField()
    stream = TextField()
    version = IntegerField()
    sent = IntegerField()
    state = TextField()
    body = BlobField()
    digest = TextField()
    at = TextField()
    tries = IntegerField()
    next_at = TextField()
    problem = TextField()

    class Meta:
        table_name = "outbox"


class AlarmRow(Local):
    """Something that is wrong with a machine, at central, as long as it is (`central.alarms`); `said` is how it was told.

    `told_at`: when it was told last, "" while it was not; `gone_at`: since when it is not seen any more.
    """

    key = TextField(primary_key=True)
    said = TextField()
    since = TextField()
    told_at = TextField(default="")
    gone_at = TextField(default="")

    class Meta:
        table_name = "alarm"


LOCAL: Final = (
    Fact, Chain, Number, Pin, Attempt, SessionRow, DraftRow, ViewRow, Delivery, Copy, RefusedDocument, Wait,
    Erased, Secret, EnrolmentCode, Whole, AckDay, Departed, DepartedFile, VisitAct, DepartedVisit, Brought, FolderRow,
    Proposed, MissingFile,
    OutboxRow, AlarmRow,
)  # fmt: skip
PROJECTIONS: Final = (
    EventRow,
    DossierRow,
    QueueCount,
    WorkRow,
    WorkCount,
    PetitionRow,
    TurnedAwayRow,
    PendingReceiptRow,
    ConflictRow,
    ForkRow,
    PartyRow,
    StreamRow,
    CustodyRow,
    FileRow,
    InboxRow,
    SubmissionRow,
    TaskRow,
    OutageRow,
    OutageDay,
)

PROJECTION_VERSION: Final = "23"
"""Raise it when projections change shape or meaning: every node rebuilds them at its next start."""

_LOCAL_1: Final = """
CREATE TABLE fact (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE chain (database TEXT PRIMARY KEY NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL,
    at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE number (key TEXT PRIMARY KEY NOT NULL, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE pin (person TEXT PRIMARY KEY NOT NULL, verifier TEXT NOT NULL, failures INTEGER NOT NULL,
    locked_until TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE delivery (hash TEXT PRIMARY KEY NOT NULL, own INTEGER NOT NULL, local_seq INTEGER NOT NULL,
    source TEXT NOT NULL, sealed INTEGER NOT NULL, arrived_at TEXT NOT NULL, centre_at TEXT) WITHOUT ROWID;
CREATE INDEX delivery_waits ON delivery (local_seq) WHERE centre_at IS NULL;
CREATE INDEX delivery_unsealed ON delivery (sealed) WHERE sealed <> 1;
CREATE TABLE copy (key TEXT PRIMARY KEY NOT NULL, peer TEXT NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL)
    WITHOUT ROWID;
CREATE TABLE refuseddocument (key TEXT PRIMARY KEY NOT NULL, peer TEXT NOT NULL, document TEXT NOT NULL,
    reason TEXT NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE print_job (id INTEGER PRIMARY KEY NOT NULL, stream TEXT NOT NULL, number TEXT NOT NULL,
    form TEXT NOT NULL, attempt INTEGER NOT NULL, copies INTEGER NOT NULL, payload BLOB NOT NULL, state TEXT NOT NULL,
    created_at TEXT NOT NULL, changed_at TEXT NOT NULL, path TEXT NOT NULL, error TEXT NOT NULL);
CREATE UNIQUE INDEX print_job_paper ON print_job (number, form, attempt);
CREATE INDEX print_job_stream ON print_job (stream);
CREATE INDEX print_job_state ON print_job (state);
CREATE TABLE secret (name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
"""

_LOCAL_2: Final = """
ALTER TABLE refuseddocument ADD COLUMN dismissed_by TEXT NOT NULL DEFAULT '';
"""

_LOCAL_3: Final = """
CREATE TABLE wait (key TEXT PRIMARY KEY NOT NULL, hash TEXT NOT NULL, source TEXT NOT NULL, bytes INTEGER NOT NULL,
    since TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX wait_source ON wait (source, bytes);
CREATE INDEX wait_hash ON wait (hash);
"""

_LOCAL_4: Final = """
CREATE TABLE enrolmentcode (name TEXT PRIMARY KEY NOT NULL, key BLOB NOT NULL, place TEXT NOT NULL, plan TEXT NOT NULL,
    by TEXT NOT NULL, until TEXT NOT NULL, failures INTEGER NOT NULL, state TEXT NOT NULL, request TEXT NOT NULL)
    WITHOUT ROWID;
"""

_LOCAL_5: Final = """
CREATE TABLE erased (name TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID;
"""

_LOCAL_6: Final = """
CREATE TABLE attempt (key TEXT PRIMARY KEY NOT NULL, failures INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO attempt SELECT 'pin ' || person, failures FROM pin WHERE failures > 0;
ALTER TABLE pin DROP COLUMN failures;
ALTER TABLE pin DROP COLUMN locked_until;
ALTER TABLE pin ADD COLUMN catalog INTEGER NOT NULL DEFAULT 0;
CREATE TABLE session (id TEXT PRIMARY KEY NOT NULL, person TEXT NOT NULL, how TEXT NOT NULL, owes TEXT NOT NULL,
    catalog INTEGER NOT NULL, began_at TEXT NOT NULL, seen_at TEXT NOT NULL, locked INTEGER NOT NULL,
    browser TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX session_person ON session (person);
CREATE TABLE draft (id TEXT PRIMARY KEY NOT NULL, person TEXT NOT NULL, path TEXT NOT NULL, fields TEXT NOT NULL,
    at TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX draft_person ON draft (person);
CREATE TABLE view_log (line INTEGER PRIMARY KEY NOT NULL, at TEXT NOT NULL, person TEXT NOT NULL,
    stream TEXT NOT NULL, what TEXT NOT NULL, hash TEXT NOT NULL);
CREATE INDEX view_log_person ON view_log (person);
CREATE INDEX view_log_stream ON view_log (stream);
"""

_LOCAL_7: Final = """
ALTER TABLE print_job ADD COLUMN printer TEXT NOT NULL DEFAULT '';
"""

_LOCAL_8: Final = """
ALTER TABLE print_job ADD COLUMN twin INTEGER NOT NULL DEFAULT 0;
DROP INDEX print_job_paper;
CREATE UNIQUE INDEX print_job_paper ON print_job (number, twin, form, attempt);
"""

_LOCAL_9: Final = """
CREATE TABLE whole (database TEXT NOT NULL, node TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL,
    PRIMARY KEY (database, node)) WITHOUT ROWID;
CREATE TABLE ackday (day TEXT PRIMARY KEY NOT NULL, number INTEGER NOT NULL, document TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE departed (stream TEXT PRIMARY KEY NOT NULL, number TEXT NOT NULL, over TEXT NOT NULL, at TEXT NOT NULL,
    hashes BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX departed_number ON departed (number);
"""

_LOCAL_10: Final = """
CREATE TABLE delivery_10 (hash TEXT NOT NULL, stream TEXT NOT NULL, own INTEGER NOT NULL, local_seq INTEGER NOT NULL,
    source TEXT NOT NULL, sealed INTEGER NOT NULL, arrived_at TEXT NOT NULL, centre_at TEXT);
INSERT INTO delivery_10 SELECT d.hash, {stream}, d.own, d.local_seq, d.source, d.sealed, d.arrived_at, d.centre_at
    FROM delivery d ORDER BY d.local_seq;
DROP TABLE delivery;
ALTER TABLE delivery_10 RENAME TO delivery;
CREATE UNIQUE INDEX delivery_hash ON delivery (hash);
CREATE INDEX delivery_waits ON delivery (local_seq) WHERE centre_at IS NULL;
CREATE INDEX delivery_unsealed ON delivery (sealed) WHERE sealed <> 1;
"""
_LOCAL_11: Final = """
ALTER TABLE departed ADD COLUMN own TEXT NOT NULL DEFAULT '[]';
CREATE TABLE departedfile (file TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID;
CREATE TABLE brought (stream TEXT PRIMARY KEY NOT NULL, source TEXT NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;
"""
_LOCAL_12: Final = """
ALTER TABLE print_job ADD COLUMN again INTEGER NOT NULL DEFAULT 0;
"""
_LOCAL_13: Final = """
CREATE TABLE folder (number TEXT PRIMARY KEY NOT NULL, code TEXT NOT NULL, person TEXT NOT NULL, at TEXT NOT NULL)
    WITHOUT ROWID;
"""
_LOCAL_14: Final = """
CREATE TABLE print_job_also (stream TEXT NOT NULL, job INTEGER NOT NULL, PRIMARY KEY (stream, job)) WITHOUT ROWID;
"""
_LOCAL_15: Final = """
CREATE TABLE visit_act (stream TEXT NOT NULL, hash TEXT NOT NULL, node TEXT NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (stream, hash)) WITHOUT ROWID;
CREATE INDEX visit_act_chain ON visit_act (node, seq);
CREATE TABLE departed_visit (seq INTEGER PRIMARY KEY NOT NULL);
"""
_LOCAL_16: Final = """
CREATE TABLE proposed (id INTEGER PRIMARY KEY NOT NULL, title TEXT NOT NULL, reason TEXT NOT NULL,
    "by" TEXT NOT NULL, at TEXT NOT NULL, number INTEGER NOT NULL, entries TEXT NOT NULL, report TEXT NOT NULL, state TEXT NOT NULL,
    second TEXT NOT NULL, ended_at TEXT NOT NULL, answer TEXT NOT NULL);
CREATE INDEX proposed_state ON proposed (state, id);
"""
_LOCAL_17: Final = """
CREATE TABLE outbox (key TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL, stream TEXT NOT NULL, version INTEGER NOT NULL,
    sent INTEGER NOT NULL, state TEXT NOT NULL, body BLOB NOT NULL, digest TEXT NOT NULL, at TEXT NOT NULL,
    tries INTEGER NOT NULL, next_at TEXT NOT NULL, problem TEXT NOT NULL);
CREATE INDEX outbox_due ON outbox (kind, next_at) WHERE state = 'due';
CREATE INDEX outbox_refused ON outbox (kind, at) WHERE state = 'refused';
CREATE INDEX outbox_stream ON outbox (stream);
"""
_LOCAL_18: Final = """
CREATE TABLE missing_file (file TEXT NOT NULL, stream TEXT NOT NULL, since TEXT NOT NULL, PRIMARY KEY (file, stream))
    WITHOUT ROWID;
CREATE INDEX missing_file_since ON missing_file (since, file);
"""
_LOCAL_19: Final = """
CREATE TABLE alarm (key TEXT PRIMARY KEY NOT NULL, said TEXT NOT NULL, since TEXT NOT NULL, told_at TEXT NOT NULL,
    gone_at TEXT NOT NULL) WITHOUT ROWID;
"""
_STREAM_9: Final = "(SELECT e.stream FROM event e WHERE e.hash = d.hash)"
"""Projections of that time have all events of deliveries; a file that is only being made has neither."""

DOUBTFUL: Final = "place NOT IN ('effective', 'contested', 'void')"
"""The words of the partial index of such acts: a query without them reads the whole archive."""

_PROJECTIONS: Final = """
CREATE TABLE event (stream TEXT NOT NULL, hash TEXT NOT NULL, node TEXT NOT NULL, seq INTEGER NOT NULL,
    kind TEXT NOT NULL, at TEXT NOT NULL, by TEXT NOT NULL, place TEXT NOT NULL, why TEXT NOT NULL,
    PRIMARY KEY (stream, hash)) WITHOUT ROWID;
CREATE INDEX event_chain ON event (node, seq);
CREATE INDEX event_doubtful ON event (place) WHERE place NOT IN ('effective', 'contested', 'void');
CREATE TABLE dossier (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, number TEXT NOT NULL,
    procedure TEXT NOT NULL, procedure_name TEXT NOT NULL, agency TEXT NOT NULL, applicant TEXT NOT NULL,
    identity TEXT NOT NULL, phone TEXT NOT NULL, submitter TEXT NOT NULL, received_at TEXT NOT NULL,
    received_day TEXT NOT NULL, due_at TEXT NOT NULL, stopped INTEGER NOT NULL, unsure INTEGER NOT NULL,
    status INTEGER NOT NULL, appraisal TEXT NOT NULL,
    outcome TEXT NOT NULL, contested INTEGER NOT NULL, missing INTEGER NOT NULL, node TEXT NOT NULL,
    changed_at TEXT NOT NULL, money TEXT NOT NULL, owed INTEGER NOT NULL, queue TEXT NOT NULL, holder TEXT NOT NULL,
    moved_at TEXT NOT NULL, paper TEXT NOT NULL);
CREATE TABLE queue_count (queue TEXT PRIMARY KEY NOT NULL, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX dossier_stream ON dossier (stream);
CREATE INDEX dossier_number ON dossier (number);
CREATE INDEX dossier_identity ON dossier (identity);
CREATE INDEX dossier_queue ON dossier (queue, stopped, due_at, position) WHERE queue <> '';
CREATE INDEX dossier_moved ON dossier (queue, moved_at) WHERE queue <> '';
CREATE INDEX dossier_day ON dossier (received_day, position);
CREATE INDEX dossier_unsure ON dossier (received_at) WHERE unsure > 0;
CREATE INDEX dossier_money ON dossier (money, position);
CREATE INDEX dossier_contested ON dossier (contested) WHERE contested > 0;
CREATE INDEX dossier_missing ON dossier (missing) WHERE missing > 0;
CREATE INDEX dossier_paper ON dossier (paper) WHERE paper <> '';
CREATE TABLE work (position INTEGER NOT NULL, list TEXT NOT NULL, moment TEXT NOT NULL, place TEXT NOT NULL,
    person TEXT NOT NULL, agency TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (position, list)) WITHOUT ROWID;
CREATE INDEX work_moment ON work (list, moment, position, place, person, agency);
CREATE INDEX work_received ON work (list, position, moment, place, person, agency);
CREATE INDEX work_name ON work (list, name, position, moment, place, person, agency);
CREATE INDEX work_place ON work (list, place, moment, position, agency);
CREATE INDEX work_person ON work (list, person, moment, position, agency);
CREATE TABLE work_count (list TEXT NOT NULL, place TEXT NOT NULL, person TEXT NOT NULL, agency TEXT NOT NULL,
    count INTEGER NOT NULL, PRIMARY KEY (list, place, person, agency)) WITHOUT ROWID;
CREATE TABLE petition (stream TEXT PRIMARY KEY NOT NULL, number TEXT NOT NULL, status TEXT NOT NULL,
    filed_at TEXT NOT NULL, due TEXT NOT NULL, answered_at TEXT NOT NULL, closed_at TEXT NOT NULL, node TEXT NOT NULL,
    sender TEXT NOT NULL, excerpt TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX petition_number ON petition (number);
CREATE INDEX petition_open ON petition (due, stream) WHERE status = 'open';
CREATE INDEX petition_answered ON petition (answered_at, stream) WHERE status = 'answered';
CREATE INDEX petition_closed ON petition (closed_at, stream) WHERE status = 'closed';
CREATE TABLE turned_away (stream TEXT PRIMARY KEY NOT NULL, at TEXT NOT NULL, form TEXT NOT NULL, place TEXT NOT NULL,
    person TEXT NOT NULL, agency TEXT NOT NULL, procedure TEXT NOT NULL, procedure_name TEXT NOT NULL,
    applicant TEXT NOT NULL, submitter TEXT NOT NULL, phone TEXT NOT NULL, papers INTEGER NOT NULL,
    reason TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX turned_away_at ON turned_away (at, stream, form, place, person, agency);
CREATE TABLE pending_receipt (collected TEXT PRIMARY KEY NOT NULL, stream TEXT NOT NULL, at TEXT NOT NULL,
    place TEXT NOT NULL, form TEXT NOT NULL, symbol TEXT NOT NULL, number INTEGER NOT NULL, total INTEGER NOT NULL,
    payer TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX pending_receipt_stream ON pending_receipt (stream);
CREATE INDEX pending_receipt_at ON pending_receipt (at, collected);
CREATE INDEX pending_receipt_place ON pending_receipt (place, at, collected);
CREATE INDEX pending_receipt_number ON pending_receipt (symbol, number);
CREATE TABLE conflict (id TEXT NOT NULL, stream TEXT NOT NULL, title TEXT NOT NULL, rows TEXT NOT NULL,
    members TEXT NOT NULL, opened_at TEXT NOT NULL, weight INTEGER NOT NULL, PRIMARY KEY (id, stream)) WITHOUT ROWID;
CREATE INDEX conflict_stream ON conflict (stream);
CREATE INDEX conflict_weight ON conflict (weight DESC, opened_at) WHERE weight > 0;
CREATE INDEX conflict_age ON conflict (opened_at) WHERE weight > 0;
CREATE TABLE fork (key TEXT PRIMARY KEY NOT NULL, node TEXT NOT NULL, seq INTEGER NOT NULL, first TEXT NOT NULL,
    second TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE party (key TEXT PRIMARY KEY NOT NULL, identity TEXT NOT NULL, stream TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX party_identity ON party (identity);
CREATE INDEX party_stream ON party (stream);
CREATE INDEX event_money ON event (at)
    WHERE kind IN ('dossier.fee_collected', 'dossier.fee_voided', 'dossier.fee_refunded');
CREATE TABLE stream (stream TEXT PRIMARY KEY NOT NULL, agencies TEXT NOT NULL, over TEXT NOT NULL,
    missing INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE custody (stream TEXT NOT NULL, what TEXT NOT NULL, agency TEXT NOT NULL, since TEXT NOT NULL,
    due_at TEXT NOT NULL, result TEXT NOT NULL, PRIMARY KEY (stream, what)) WITHOUT ROWID;
CREATE INDEX custody_list ON custody (what, due_at, agency);
CREATE INDEX custody_agency ON custody (agency, what, due_at);
CREATE INDEX stream_agencies ON stream (agencies);
CREATE INDEX stream_over ON stream (over) WHERE over <> '';
CREATE INDEX stream_missing ON stream (missing) WHERE missing > 0;
CREATE TABLE named_file (key TEXT PRIMARY KEY NOT NULL, file TEXT NOT NULL, stream TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX named_file_file ON named_file (file);
CREATE INDEX named_file_stream ON named_file (stream);
CREATE INDEX event_day_closed ON event (node) WHERE kind = 'node.day_closed';
CREATE INDEX event_closed ON event (node) WHERE kind = 'node.closed';
CREATE TABLE inbox (stream TEXT PRIMARY KEY NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL, agency TEXT NOT NULL,
    procedure TEXT NOT NULL, procedure_name TEXT NOT NULL, applicant TEXT NOT NULL, number TEXT NOT NULL,
    portal TEXT NOT NULL, files INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX inbox_state ON inbox (state, at, stream);
CREATE TABLE submission (portal TEXT NOT NULL, name TEXT NOT NULL, stream TEXT NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (portal, name, stream)) WITHOUT ROWID;
CREATE INDEX submission_stream ON submission (stream);
CREATE TABLE task (stream TEXT NOT NULL, must TEXT NOT NULL, about TEXT NOT NULL, words TEXT NOT NULL,
    PRIMARY KEY (stream, must, about)) WITHOUT ROWID;
CREATE TABLE outage (stream TEXT PRIMARY KEY NOT NULL, node TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL,
    what TEXT NOT NULL, seq INTEGER NOT NULL, last_seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX outage_since ON outage (since);
CREATE INDEX outage_lasts ON outage (since) WHERE until = '';
CREATE TABLE outage_day (day TEXT NOT NULL, stream TEXT NOT NULL, PRIMARY KEY (day, stream)) WITHOUT ROWID;
CREATE INDEX outage_day_stream ON outage_day (stream);
CREATE TABLE tallied (stream TEXT PRIMARY KEY NOT NULL, agency TEXT NOT NULL, field TEXT NOT NULL,
    place TEXT NOT NULL, procedure TEXT NOT NULL, turns TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE due_turn (at TEXT NOT NULL, stream TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL,
    agency TEXT NOT NULL, field TEXT NOT NULL, place TEXT NOT NULL, procedure TEXT NOT NULL);
CREATE INDEX due_turn_at ON due_turn (at);
CREATE INDEX due_turn_stream ON due_turn (stream);
CREATE TABLE tally (dimension TEXT NOT NULL, span TEXT NOT NULL, member TEXT NOT NULL, name TEXT NOT NULL,
    number INTEGER NOT NULL, PRIMARY KEY (dimension, span, member, name)) WITHOUT ROWID;
CREATE TABLE rated (hash TEXT PRIMARY KEY NOT NULL, visit TEXT NOT NULL, dossier TEXT NOT NULL, phase TEXT NOT NULL,
    level INTEGER NOT NULL, satisfied INTEGER NOT NULL, at TEXT NOT NULL, node TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX rated_visit ON rated (visit);
CREATE TABLE rating_waits (visit TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID;
CREATE INDEX rated_dossier ON rated (dossier);
CREATE TABLE counted_in (stream TEXT NOT NULL, other TEXT NOT NULL, PRIMARY KEY (stream, other)) WITHOUT ROWID;
CREATE INDEX counted_in_other ON counted_in (other);
CREATE VIRTUAL TABLE dossier_search USING fts5 (words, tokenize = 'ascii', prefix = '2 3');
INSERT INTO dossier_search (dossier_search, rank) VALUES ('secure-delete', 1);
"""

_DROP_PROJECTIONS: Final = "".join(
    f"DROP TABLE IF EXISTS {table};"
    for table in (
        "event",
        "dossier",
        "queue_count",
        "work",
        "work_count",
        "petition",
        "turned_away",
        "pending_receipt",
        "conflict",
        "fork",
        "party",
        "stream",
        "custody",
        "named_file",
        "inbox",
        "submission",
        "task",
        "outage",
        "outage_day",
        "tallied",
        "due_turn",
        "tally",
        "rated",
        "rating_waits",
        "counted_in",
        "dossier_search",
    )
)

MIGRATIONS: Final[tuple[Callable[[Connection], None], ...]] = (
    lambda connection: run_script(connection, _LOCAL_1),
    lambda connection: run_script(connection, _LOCAL_2),
    lambda connection: run_script(connection, _LOCAL_3),
    lambda connection: run_script(connection, _LOCAL_4),
    lambda connection: run_script(connection, _LOCAL_5),
    lambda connection: run_script(connection, _LOCAL_6),
    lambda connection: run_script(connection, _LOCAL_7),
    lambda connection: run_script(connection, _LOCAL_8),
    lambda connection: run_script(connection, _LOCAL_9),
    lambda connection: run_script(
        connection, _LOCAL_10.format(stream=_STREAM_9 if projections_are_there(connection) else "''")
    ),
    lambda connection: run_script(connection, _LOCAL_11),
    lambda connection: run_script(connection, _LOCAL_12),
    lambda connection: run_script(connection, _LOCAL_13),
    lambda connection: run_script(connection, _LOCAL_14),
    lambda connection: run_script(connection, _LOCAL_15),
    lambda connection: run_script(connection, _LOCAL_16),
    lambda connection: run_script(connection, _LOCAL_17),
    lambda connection: run_script(connection, _LOCAL_18),
    lambda connection: run_script(connection, _LOCAL_19),
)
"""Migration n makes local tables of version n out of those of version n - 1. Never edited, only added to."""


def run_script(connection: Connection, script: str) -> None:
    """Run statements within the present transaction (`executescript` would commit it)."""
    for statement in script.split(";\n"):
        if statement.strip():
            connection.execute(statement)


def migrate(database: NodeFile) -> bool:
    """Bring the local tables to the newest version, each step whole or not at all, after a copy of the file.

    Whether there was anything to do. The copy is for whoever must look at what a migration made of it, and stays until a
    start that had nothing to do has come to its end (`forget_copies`). Raises `CannotStart`.
    """
    with database.read() as connection:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise CannotStart(
            f"{database.file.path} was written by a newer version of Motcua (tables {version}, this program knows"
            f" {len(MIGRATIONS)}). Nothing was changed; install that version again, for an older one cannot go on"
        )
    if 0 < version < len(MIGRATIONS):
        _copy_aside(database.file, version)
    for number in range(version, len(MIGRATIONS)):
        with database.write() as connection:
            MIGRATIONS[number](connection)
            connection.execute(f"PRAGMA user_version = {number + 1}")
    return version < len(MIGRATIONS)


def copies_aside(path: Path) -> list[Path]:
    """The copies of a file that its migrations left."""
    return sorted(path.parent.glob(f"{path.name}.version-*"))


def forget_copies(path: Path) -> None:
    """The present version has shown that it can go on with the file."""
    for copy in copies_aside(path):
        copy.unlink()


def _copy_aside(file: SqliteFile, version: int) -> None:
    """Closed with the same key, where the file is closed; on the disk when this returns."""
    path = file.path
    copy = path.with_name(f"{path.name}.version-{version}")
    copy.unlink(missing_ok=True)
    source = dbapi2.connect(str(path))
    try:
        if file.key is not None:
            apply_key(source, file.key)
        ((pages,),), ((size,),) = (source.execute(f"PRAGMA {what}") for what in ("page_count", "page_size"))
        needed, free = int(pages) * int(size), shutil.disk_usage(path.parent).free
        if needed > free:
            raise CannotStart(
                f"this version brings {path} forward after a copy, which needs {needed // 2**20 + 1:,} MiB, and"
                f" {free // 2**20:,} MiB are free. Nothing was changed: make room, or start the version before again"
            )
        source.execute("VACUUM INTO ?", (str(copy),))
    finally:
        source.close()
    for written in (copy, copy.parent):  # `VACUUM INTO` leaves that to whoever wants it
        synced(written)


def fresh_projections(connection: Connection) -> None:
    """Drop all projections and make them anew, empty."""
    run_script(connection, _DROP_PROJECTIONS.replace(";", ";\n"))
    run_script(connection, _PROJECTIONS)
    connection.execute(
        "INSERT INTO fact (key, value) VALUES ('projections', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (PROJECTION_VERSION,),
    )


def projections_are_there(connection: Connection) -> bool:
    """Whether this file has projections, of whatever version."""
    named = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'event'"
    return connection.execute(named).fetchone() is not None


def projections_are_current(connection: Connection) -> bool:
    row = connection.execute("SELECT value FROM fact WHERE key = 'projections'").fetchone()
    return row is not None and row[0] == PROJECTION_VERSION


AMBIENT.bind([*LOCAL, *PROJECTIONS], bind_refs=False, bind_backrefs=False)
