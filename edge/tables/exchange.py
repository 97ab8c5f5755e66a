"""How documents came here and went: deliveries, what neighbours hold, what was refused, what waits."""

from __future__ import annotations

from edge.database import Local
from printing.models import IntegerField, TextField


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


class Brought(Local):
    """A stream that somebody here has asked for, though it is outside the window: who gave it, and when."""

    stream = TextField(primary_key=True)
    source = TextField()
    at = TextField()
