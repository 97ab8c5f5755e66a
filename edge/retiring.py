"""The last act of a machine: it says itself that it writes no more, and then it writes no more.

Whoever holds this event knows up to where the machine's acts go and that no number of its will be given again; so the
machine says it before it is retired, and nobody can say it for it. What it wrote goes on travelling.
"""

from __future__ import annotations

from typing import Final

from edge.database import Chain, Fact
from edge.ledger import CLOSED
from edge.node import Node
from schemas.acts import NodeClosed
from schemas.errors import Because, NotAllowed
from schemas.events import timestamp

_STREAM: Final = "node stream"


def close_node(node: Node, *, by: str, reason: str) -> int:
    """Write the closing event; the number of the last event of this machine. Raises `NotAllowed`, `ClockBehind`."""
    if node.is_centre:
        raise NotAllowed(Because.DUTY, "central does not close itself")
    with node.file.write():
        last = Chain.get(Chain.database == "dossiers").seq
        fresh = str(node.ids.stream(node.clock()))
        Fact.insert(key=_STREAM, value=fresh).on_conflict_ignore().execute()
        stream = Fact.get(Fact.key == _STREAM).value
        node.ledger.act(stream, "node.closed", NodeClosed(last, reason), by=by)
        Fact.insert(key=CLOSED, value=timestamp(node.clock())).execute()
    return int(last) + 1
