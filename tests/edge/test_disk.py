"""A disk that fills: first the pages warn, then nothing new is begun; what was saved is there, and work goes on with room."""

from __future__ import annotations

import pytest

from central.centre import Office
from edge.disk import Space
from schemas.entries import Cut
from schemas.fold import Dossier
from sync.errors import DiskFull
from tests.centres import SmallCentre
from tests.web.clerk import Clerk


def fill(centre: SmallCentre, name: str, percent: float) -> None:
    """So much of its disk is left."""
    centre[name].disk.measure = lambda _folder: Space(int(percent * 1000), 100_000)
    centre.clock.forward(seconds=5)


def test_an_act_needs_room_for_what_has_begun(centre: SmallCentre) -> None:
    """Nothing of it stays, no number is used; reading, and what others send, go on."""
    before = centre.receive()
    fill(centre, "counter-01", 1.9)
    with pytest.raises(DiskFull, match=r"1\.9% of the disk is free, and an act needs 2% at least"):
        centre.receive()
    assert centre["counter-01"].register.waiting().count == 1
    assert centre["counter-01"].register.dossier(before.stream) == before

    other = centre.receive("counter-02")
    centre.meet()
    assert centre["counter-01"].register.dossier(other.stream).received == other.received
    assert centre["central"].register.dossier(before.stream).received == before.received

    fill(centre, "central", 0.5)  # what protects everybody goes on as long as a byte can be written
    cut = Cut(centre["counter-02"].id, "dossiers", 0, "0" * 64, "stolen")
    assert Office(centre["central"]).define([cut], by="quan.nv") == 1

    fill(centre, "counter-01", 2.1)
    after = centre.receive()
    assert _serial(after) == _serial(before) + 1


def _serial(dossier: Dossier) -> int:
    assert dossier.received is not None
    return int(dossier.received.number[-2:])


def test_the_pages_warn_before_and_say_what_still_goes(centre: SmallCentre) -> None:
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    assert "Đĩa" not in clerk.open("/status").html
    fill(centre, "counter-01", 9.9)
    assert "Đĩa của máy còn 9%: báo quản trị." in clerk.open("/status").html
    fill(centre, "counter-01", 1.0)
    assert "Đĩa của máy đã đầy: xem và in được, việc mới không lưu được." in clerk.open("/status").html
