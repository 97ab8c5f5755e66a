"""What a node keeps of itself: small facts, the heads of its own chains, its counters, its secrets."""

from __future__ import annotations

from typing import Final

from edge.database import Local
from printing.models import BlobField, IntegerField, TextField


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


class Secret(Local):
    """Random bytes made once, such as the key of the session cookies."""

    name = TextField(primary_key=True)
    value = BlobField()
