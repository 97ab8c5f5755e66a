"""What was here and has left: closed streams, old visits, files, and chunks that a redaction took."""

from __future__ import annotations

from edge.database import Local
from printing.models import BlobField, CompositeKey, IntegerField, TextField


class Erased(Local):
    """A chunk that went with a redacted file."""

    name = TextField(primary_key=True)


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
