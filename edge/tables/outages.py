"""Projections of outages."""

from __future__ import annotations

from edge.database import Projection
from printing.models import IntegerField, TextField


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
