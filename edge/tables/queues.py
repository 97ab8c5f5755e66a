"""Projections of whose work it is: folders at agencies."""

from __future__ import annotations

from typing import Final

from edge.database import Projection
from printing.models import CompositeKey, TextField

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
