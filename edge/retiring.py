"""The last act of a machine: it says itself that it writes no more, and then it writes no more.

Whoever holds this event knows up to where the machine's acts go and that no number of its will be given again; so the
machine says it before it is retired, and nobody can say it for it. What it wrote goes on travelling.
"""

from __future__ import annotations

from edge.ledger import CLOSED
from edge.node import Node
from edge.tables.node import Chain, Fact
from schemas.acts import NodeClosed
from schemas.errors import Because, NotAllowed
from schemas.events import timestamp


def close_node(node: Node, *, by: str, reason: str) -> int:
    """Write the closing event; the number of the last event of this machine. Raises `NotAllowed`, `ClockBehind`."""
    if node.is_centre:
        raise NotAllowed(Because.DUTY, "central does not close itself")
    with node.file.write():
        last = Chain.get(Chain.database == "dossiers").seq
        node.ledger.act(node.closing.stream(), "node.closed", NodeClosed(last, reason), by=by)
        Fact.insert(key=CLOSED, value=timestamp(node.clock())).execute()
    return int(last) + 1
