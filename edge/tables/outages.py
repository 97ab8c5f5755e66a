"""Projections of outages."""

from __future__ import annotations

from edge.database import Projection
from printing.models import CompositeKey, IntegerField, TextField


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
