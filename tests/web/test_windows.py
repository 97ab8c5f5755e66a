"""What a clerk sees of windows: a dossier that is asked for elsewhere, one that is only a guest, and what has to go."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from schemas.fold import Dossier
from schemas.slips import SlipCode
from tests.centres import SmallCentre
from tests.edge.test_leaving import OTHER, grant, is_here, old, said, streams_of
from tests.web.clerk import Clerk


@pytest.fixture
def left(centre: SmallCentre) -> Dossier:
    """A dossier that has left counter-01."""
    dossier = old(centre)
    counter = centre["counter-01"]
    assert counter.leaving.turn() == 1
    counter.hour.measured(centre.clock())  # it is in contact, and its clock is right
    return dossier


def clerk_with_lines(centre: SmallCentre, *sources: str) -> Clerk:
    """At counter-01, from where these machines can be asked."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    streams = streams_of(centre, "counter-01", *sources)
    lines = SimpleNamespace(streams=streams, all=list, peers=tuple, contacts=list, elsewhere=list)
    lines.files = SimpleNamespace(demand=lambda stream: None)
    clerk.pages.extensions["motcua"].roads = lines
    return clerk


def test_a_dossier_that_has_left_is_fetched_by_its_number_and_says_from_where(
    centre: SmallCentre, left: Dossier
) -> None:
    assert left.received is not None
    clerk = clerk_with_lines(centre, "central")
    page = clerk.press(clerk.open("/find"), "/find", q=left.received.number.lower())
    assert "chỉ còn ở Trung tâm" in page.page.text
    shown = clerk.follow(clerk.press(page, "/find/elsewhere"))
    assert "Hồ sơ lấy từ Trung tâm" in shown.page.text
    assert is_here(centre["counter-01"], left)


def test_its_slip_leads_there_too(centre: SmallCentre, left: Dossier) -> None:
    assert left.received is not None
    counter = centre["counter-01"]
    slip = SlipCode(left.received.number, left.stream, left.timeline[0].hash, counter.id)
    code = slip.sealed(counter.keys.ed25519.sign, "")
    clerk = clerk_with_lines(centre, "central")
    page = clerk.press(clerk.open("/find"), "/find", q=code)
    shown = clerk.follow(clerk.press(page, "/find/elsewhere"))
    assert left.received.number in shown.page.text


@pytest.mark.parametrize(
    ("sources", "said_then"), [(("central",), "Không lấy được hồ sơ"), ((), "Chưa hỏi được máy nào")]
)
def test_what_nobody_has_is_said_with_whom_that_was_asked(
    centre: SmallCentre, sources: tuple[str, ...], said_then: str
) -> None:
    clerk = clerk_with_lines(centre, *sources)
    page = clerk.press(clerk.open("/find"), "/find", q="H37.07-270301-990001")
    assert said_then in clerk.press(page, "/find/elsewhere").page.text


def test_who_types_a_name_is_offered_nothing_of_the_kind(centre: SmallCentre) -> None:
    clerk = clerk_with_lines(centre, "central")
    page = clerk.press(clerk.open("/find"), "/find", q="không có ai như vậy")
    assert "Hỏi Trung tâm" not in page.page.text


def test_every_page_counts_down_what_has_to_go(centre: SmallCentre) -> None:
    counter = centre["counter-01"]
    centre.receive()
    centre.meet()
    centre.receive()
    grant(centre, "counter-01", agencies=(OTHER,))
    said(centre)
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    assert "còn 1 việc chờ gửi, rồi mới gỡ 2 hồ sơ" in clerk.open("/counter").page.text
    assert "Thẻ mới của máy này không còn những cơ quan đó" in clerk.open("/sync").page.text
    counter.leaving.turn()
    centre.copy(counter, centre["central"], "dossiers")
    assert "đang gỡ 1 hồ sơ" in clerk.open("/counter").page.text
    said(centre)
    counter.leaving.turn()
    assert "gỡ" not in clerk.open("/counter").page.text
