"""What one end of a road would not take, and whether it may be taken soon."""

from __future__ import annotations

from datetime import timedelta

from edge.refusals import Refusals
from schemas.events import timestamp
from sync.peer import RefusedDocument
from tests.centres import SmallCentre

ROOM, LATE, WRONG, FINE = (f"{n:032x}:{n:043x}" for n in range(4))


def test_what_only_waits_for_room_or_for_a_copy_may_be_taken_soon(centre: SmallCentre) -> None:
    """What is wrong stays so; and nobody stays before anything for ever."""
    node = centre["central"]
    refused = Refusals(
        node.file, node.clock, peer="couchdb", database="dossiers", direction="pull", refuser=node.id
    )
    for name, reason in (
        (ROOM, "waiting: couchdb has brought too much that nobody here can judge yet"),
        (LATE, "the source does not give it: missing"),
        (WRONG, "seal: the node did not seal it"),
    ):
        refused.note(RefusedDocument(name, "1-a", "forbidden", reason))

    def known() -> dict[str, bool]:
        now = node.clock()
        return refused.of([ROOM, LATE, WRONG, FINE], timestamp(now - timedelta(minutes=2)), timestamp(now))

    assert known() == {ROOM: False, LATE: False, WRONG: True}
    refused.note(RefusedDocument(ROOM, "1-b", "forbidden", "seal: the node did not seal it"))
    assert known()[ROOM] is False
    centre.clock.forward(minutes=3)
    refused.note(RefusedDocument(LATE, "1-a", "forbidden", "the source does not give it: missing"))
    assert known() == {ROOM: True, LATE: True, WRONG: True}
