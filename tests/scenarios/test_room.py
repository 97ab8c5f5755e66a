"""The room while central and the counter's machine are away, real processes: the folder is here before its events."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from central.verify import verify
from edge.clock import system_clock
from tests.centres import PINS, SmallCentre
from tests.network import network
from tests.scenarios.places import NAMES, working

MINUTE = 60.0


@pytest.mark.proof
def test_a_folder_is_noted_by_its_number_and_signed_when_its_counter_is_heard_again(
    founded: Path, tmp_path: Path
) -> None:
    """Received at a counter that is then switched off: nothing is decided before its events come, by the line in the
    house; signed while central is still away, and whole at central afterwards."""
    shutil.copytree(founded, tmp_path / "centre")
    past = SmallCentre(tmp_path / "centre", at=system_clock())
    past.meet()  # everybody knows of every machine
    dossier = past.receive("counter-02")
    assert dossier.received is not None
    stream, number = dossier.stream, dossier.received.number
    past.close()
    with network(NAMES) as lines, working(past.data, lines) as centre:
        centre.start("room-01")
        noted = centre.press("room-01", "ha.lt", "/folders", "/folders", q=number)
        assert "Chưa tới" in noted.text
        centre.start("counter-02")
        centre.wait(lambda: centre.has("room-01", stream), MINUTE)
        joined = centre.press("room-01", "ha.lt", "/folders", "/folders", q=number)
        assert number in joined.text
        centre.appraise(stream)
        pin = PINS["viet.tq"]
        centre.press("room-01", "viet.tq", f"/room/{stream}", "/approve", text="Đồng ý cấp.", pin=pin)
        centre.start("central")
        centre.wait(lambda: centre.acts_of("central", stream) == 4, MINUTE)
    assert verify(past.data).findings == ()
