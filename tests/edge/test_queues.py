"""The queues of the room: kept with the rows, counted with them, and paged by key, however old the archive is."""

from __future__ import annotations

from edge.register import Work
from edge.tables.dossiers import DossierRow
from tests.centres import SEALED, SmallCentre


def test_every_step_moves_a_dossier_from_one_queue_to_the_next(centre: SmallCentre) -> None:
    """Received, appraised, approved, sealed: it waits in one queue at a time, and the counts say so."""
    room = centre["room-01"]
    dossier = centre.receive("room-01", procedure=SEALED)
    seen = [_waits(centre)]
    centre.appraise(dossier)
    seen.append(_waits(centre))
    centre.approve(dossier)
    seen.append(_waits(centre))
    centre.seal(room.register.dossier(dossier.stream))
    assert [*seen, _waits(centre)] == [
        {Work.APPRAISE: 1},
        {Work.APPROVE: 1},
        {Work.SEAL: 1},
        {Work.RETURN: 1},
    ]


def test_what_is_rebuilt_or_leaves_is_counted_alike(centre: SmallCentre) -> None:
    """A rebuild counts the same; a stream that leaves takes its place with it."""
    room = centre["room-01"]
    first, other = centre.receive("room-01"), centre.receive("room-01")
    centre.appraise(other)
    before = room.register.counts()
    room.projector.rebuild()
    assert room.register.counts() == before
    with room.file.write() as connection:
        room.projector.remove(connection, first.stream)
    assert _waits(centre) == {Work.APPROVE: 1}


def test_pages_follow_each_other_and_none_is_left_out(centre: SmallCentre) -> None:
    """Oldest due first, from the last row of the page before."""
    room = centre["room-01"]
    received = {centre.receive("room-01").stream for _ in range(5)}
    found: list[str] = []
    while page := room.register.work(Work.APPRAISE, 2, after=found[-1] if found else "")[0]:
        found += [row.stream for row in page]
    assert len(found) == 5
    assert set(found) == received
    with room.file.read():
        rows = DossierRow.select().order_by(DossierRow.stopped, DossierRow.due_at, DossierRow.position)
        assert found == [row.stream for row in rows]


def test_no_page_of_a_queue_reads_or_counts_the_archive(centre: SmallCentre) -> None:
    """The plan of the query: one index, in its order, and nothing sorted."""
    room = centre["room-01"]
    asked = (
        "SELECT * FROM dossier WHERE queue = 'approve' AND queue <> '' AND (stopped, due_at, position) > (0, 'x', 1)"
        " ORDER BY stopped, due_at, position LIMIT 60"
    )
    with room.file.read() as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {asked}")]
    assert len(plan) == 1
    assert plan[0].startswith("SEARCH dossier USING INDEX dossier_queue")


def _waits(centre: SmallCentre) -> dict[Work, int]:
    room = centre["room-01"]
    with room.file.read() as connection:
        assert connection.execute("SELECT 1 FROM queue_count WHERE count < 0").fetchone() is None
    return {work: count for work, count in room.register.counts().items() if count}
