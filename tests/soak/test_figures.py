"""What the soak calls a leak; never how much anything takes."""

from __future__ import annotations

from tests.soak.figures import MORE_HANDLES, Evening, faults, leaks


def evening(day: int, memory_mib: float, handles: int) -> Evening:
    return Evening(day, 4812, memory_mib, handles, 30, 10.0 + day, 20.0 + day, 5.0)


def test_what_grows_from_evening_to_evening_is_named_and_what_the_work_itself_fills_is_not() -> None:
    assert leaks("central", [evening(0, 150, 60)]) == []
    assert (
        leaks("central", [evening(0, 150, 60), evening(1, 400, 300), evening(6, 200, 60 + MORE_HANDLES)])
        == []
    )
    assert leaks("room-01", [evening(0, 150, 60), evening(6, 290, 93)]) == [
        "room-01: 60 open files became 93",
        "room-01: 150 MiB of memory became 290",
    ]


def test_what_a_log_tells_as_a_fault_is_counted() -> None:
    log = """\
2026-11-26 17:00:01,000 INFO edge.roads: counter-01.1 is back
2026-11-26 17:00:02,000 WARNING edge.fetching: files wait: the line is down
2026-11-26 17:00:03,000 ERROR edge.spooling: the spool rests until its next pass; no paper is lost
  /srv/sync/sqlite.py:214 _require_open
sync.errors.Unavailable
2026-11-26 17:00:04,000 ERROR edge.spooling: the spool rests until its next pass; no paper is lost
Exception in thread status:
"""
    assert faults("room-01", log) == [
        "room-01: edge.spooling: the spool rests until its next pass; no paper is lost, 2 times",
        "room-01: Exception in thread status:, 1 times",
    ]
