"""An agency with a machine of its own, real processes: a folder goes there and comes back while central is away."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from central.centre import Office
from central.verify import verify
from edge.clock import system_clock
from schemas.entries import Duty
from tests.agencies import AGENCY, ELSEWHERE, OFFICER, people_of_agencies
from tests.centres import SmallCentre
from tests.network import network
from tests.scenarios.places import NAMES, working

MINUTE = 60.0
THERE = "counter-02"
"""The machine that stands at the agency."""


@pytest.fixture
def past(founded: Path, tmp_path: Path) -> SmallCentre:
    """Before central went away: it has told who sits at the agency, and which dossiers the machine there may hold."""
    shutil.copytree(founded, tmp_path / "centre")
    past = SmallCentre(tmp_path / "centre", at=system_clock())
    card = next(one for one in past["central"].catalog.latest.cards() if one.place == THERE)
    agency = msgspec.structs.replace(card, agencies=(AGENCY,), duties=(Duty.APPRAISE,))
    Office(past["central"]).define([agency], by="quan.nv")
    people_of_agencies(past, at=THERE)
    return past


def test_a_folder_goes_to_an_agency_and_comes_back_while_central_is_away(past: SmallCentre) -> None:
    """Handed over at the counter, an opinion asked and answered, sent back with a result, taken back: all by the line
    between the two machines. Central hears of everything when it is back."""
    stream = past.receive("counter-01", procedure=ELSEWHERE).stream
    past.close()
    with network(NAMES) as lines, working(past.data, lines) as centre:
        centre.start("counter-01", THERE)
        centre.wait(lambda: centre.has(THERE, stream), MINUTE)
        asked = centre.press(
            "counter-01",
            "hanh.nh",
            f"/agencies/{stream}/opinion",
            "/ask",
            agency=AGENCY,
            question="?",
        )
        assert "Chờ ý kiến Sở Xây dựng" in asked.text
        centre.wait(lambda: centre.acts_of(THERE, stream) == 2, MINUTE)
        centre.press(
            THERE,
            OFFICER,
            f"/agency/{stream}/opinion",
            "/opinion",
            agrees="conditions",
            opinion="Lùi 5 m.",
        )
        centre.wait(lambda: centre.acts_of("counter-01", stream) == 3, MINUTE)
        gone = centre.press("counter-01", "hanh.nh", "/agencies", "/hand-over", stream=stream)
        assert "Đã ghi bàn giao: 1 hồ sơ." in gone.text
        centre.wait(lambda: centre.acts_of(THERE, stream) == 4, MINUTE)
        centre.press(THERE, OFFICER, "/agency", "/take-over", stream=stream)
        result = {f"result-{stream}": "12/GP-SXD"}
        centre.press(THERE, OFFICER, "/agency?tab=held", "/hand-back", stream=stream, **result)
        centre.wait(lambda: centre.acts_of("counter-01", stream) == 6, MINUTE)
        back = centre.press("counter-01", "hanh.nh", "/agencies?tab=handed_back", "/take-back", stream=stream)
        assert "Đã nhận lại: 1 hồ sơ." in back.text
        centre.start("central")
        centre.wait(lambda: centre.acts_of("central", stream) == 7, MINUTE)
    assert verify(past.data).findings == ()
