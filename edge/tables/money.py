"""Projections of money."""

from __future__ import annotations

from edge.database import Projection
from printing.models import IntegerField, TextField


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
