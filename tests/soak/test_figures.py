"""What the soak calls a leak; never how much anything takes."""

from __future__ import annotations

from tests.soak.figures import MORE_HANDLES, Evening, leaks


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
