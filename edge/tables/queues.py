"""Projections of whose work it is: queues, the lists of the counter and their counts, folders at agencies."""

from __future__ import annotations

from typing import Final

from edge.database import Projection
from printing.models import CompositeKey, IntegerField, TextField


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


OPINION: Final = "opinion"


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
