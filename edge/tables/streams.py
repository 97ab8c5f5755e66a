"""Projections of streams of every kind: their events, whom and which files they name, conflicts and tasks."""

from __future__ import annotations

from edge.database import Projection
from printing.models import CompositeKey, IntegerField, TextField


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


class PartyRow(Projection):
    """Whom the acts of a stream name, by number: everything that is held about a person begins here."""

    key = TextField(primary_key=True)
    identity = TextField()
    stream = TextField()

    class Meta:
        table_name = "party"


class FileRow(Projection):
    """That an act of a stream names a file."""

    key = TextField(primary_key=True)
    file = TextField()
    stream = TextField()

    class Meta:
        table_name = "named_file"


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


class TaskRow(Projection):
    """What somebody still has to do about an act of a dossier that lost its force (`schemas.conflicts.Task`)."""

    stream = TextField()
    must = TextField()
    about = TextField()
    words = TextField()

    class Meta:
        table_name = "task"
        primary_key = CompositeKey("stream", "must", "about")
