"""How long another machine counts as near after it gave a sign of life."""

from __future__ import annotations

from datetime import timedelta

import pytest

from edge.contact import SILENCE, Contacts
from sync.errors import DiskFull
from tests.centres import SmallCentre

WORD = timedelta(minutes=1)


def test_a_word_that_comes_seldom_counts_for_longer_than_a_request(centre: SmallCentre) -> None:
    """Also when requests come between; and not for ever."""
    contacts, clock = centre["central"].contacts, centre.clock
    contacts.heard("counter-01.1", silent=WORD)
    contacts.heard("counter-01.1")
    clock.forward(seconds=SILENCE.total_seconds() + 10)
    assert contacts.of("counter-01.1").lost_since is None
    contacts.heard("counter-02.1")
    clock.forward(seconds=SILENCE.total_seconds() + 1)
    assert contacts.of("counter-02.1").lost_since is not None
    clock.forward(seconds=WORD.total_seconds())
    assert contacts.of("counter-01.1").lost_since is not None


def test_a_clock_that_is_turned_back_makes_nobody_near_for_long(centre: SmallCentre) -> None:
    contacts, clock = centre["central"].contacts, centre.clock
    clock.turn(days=1)
    contacts.heard("counter-01.1", silent=WORD)
    clock.turn(days=-1)
    contacts.heard("counter-01.1")
    clock.forward(seconds=SILENCE.total_seconds() + 1)
    assert contacts.of("counter-01.1").lost_since is not None


def test_a_full_disk_keeps_nobody_from_being_heard_or_lost(
    centre: SmallCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is told of it ends no thread; the next sign of life is kept again."""
    central, name = centre["central"], "counter-01.1"

    def full(*, patient: bool = False) -> None:
        raise DiskFull("no room")

    with monkeypatch.context() as patched:
        patched.setattr(central.file, "write", full)
        central.contacts.heard(name)
        central.contacts.lost(name, "no line")
        assert central.contacts.of(name).lost_since is not None
    central.contacts.heard(name)
    assert Contacts(central.file, centre.clock).of(name).heard_at is not None
