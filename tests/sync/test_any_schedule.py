"""Whatever fails, and in whatever order: everybody has everything in the end, and nothing travelled for nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.proving import Times
from tests.sync.schedules import ModelPlace, Place, Schedule, StorePlace


def check(schedule: Schedule) -> None:
    """All that was ever written is everywhere, byte for byte, and nothing else; nothing is still listed.

    Each document came to each place at most once more for each run there that something befell. (Those that were
    refused are offered again and again, which is meant.)
    """
    for place in schedule.places:
        assert place.contents() == schedule.said, place.name
    assert not any(schedule.listed.values())
    for name, moved in schedule.moved.items():
        often = {key: times for key, times in moved.items() if key[0] not in schedule.ever_refused}
        assert max(often.values(), default=0) <= 1 + schedule.trouble[name]


def play(kind: type[Place], folder: Path, seed: int, *, every_commit: bool = False) -> Schedule:
    folder.mkdir()
    schedule = Schedule(kind, folder, seed)
    try:
        schedule.day(30 if not every_commit else 12, every_commit=every_commit)
        check(schedule)
    except BaseException as why:
        why.add_note(f"seed {seed}")
        raise
    finally:
        schedule.close()
    return schedule


def faults(schedules: list[Schedule]) -> Counter[str]:
    return sum((one.faults for one in schedules), Counter())


@pytest.mark.timeout(3600)
def test_any_schedule_of_faults_on_the_model(tmp_path: Path, times: Times) -> None:
    played = [play(ModelPlace, tmp_path / str(seed), seed) for seed in range(times(60, 1_000))]
    assert set(faults(played)) >= {"cut", "lost answer", "twice", "other order", "power", "full disk"}


@pytest.mark.timeout(3600)
def test_any_schedule_of_faults_on_the_real_store(tmp_path: Path, times: Times) -> None:
    played = [play(StorePlace, tmp_path / str(seed), seed) for seed in range(times(3, 50))]
    assert sum(faults(played).values()) > len(played)


@pytest.mark.timeout(3600)
def test_a_crash_at_every_commit_of_the_real_store(tmp_path: Path, times: Times) -> None:
    """Of the target, then of the source; each time it starts again from what lay on its disk."""
    played = [play(StorePlace, tmp_path / str(seed), seed, every_commit=True) for seed in range(times(2, 50))]
    assert faults(played)["power"] > len(played)


@pytest.mark.parametrize("kind", [ModelPlace, StorePlace])
def test_a_seed_is_always_the_same_day(tmp_path: Path, kind: type[Place]) -> None:
    one, other = (play(kind, tmp_path / name, 3) for name in ("one", "other"))
    assert (one.said, one.moved, one.trouble, one.faults) == (
        other.said,
        other.moved,
        other.trouble,
        other.faults,
    )
