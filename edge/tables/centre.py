"""What only central keeps: enrolments, proposals, what it holds without gaps, what lacks, goes out, and is wrong."""

from __future__ import annotations

from edge.database import Local
from printing.models import BlobField, CompositeKey, IntegerField, TextField


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


class MissingFile(Local):
    """At central: a file that a dossier names and that has not come, since central knows of it."""

    file = TextField()
    stream = TextField()
    since = TextField()

    class Meta:
        table_name = "missing_file"
        primary_key = CompositeKey("file", "stream")


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
