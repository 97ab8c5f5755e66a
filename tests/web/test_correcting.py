"""A result that was returned is corrected by another dossier, and only by one that can be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schemas.acts import Linked, Party, ReceptionCancelled
from schemas.events import StreamId
from schemas.fold import Dossier
from tests.centres import SmallCentre
from tests.web.clerk import Answer, Clerk

WHY = "Sai họ trên giấy phép."


@pytest.fixture
def done(centre: SmallCentre) -> Dossier:
    """Returned to Nông Văn Thắng, an hour ago."""
    dossier = centre.approve(centre.appraised())
    centre.meet()
    centre.return_(dossier)
    centre.clock.forward(hours=1)
    return dossier


def number(dossier: Dossier) -> str:
    assert dossier.received is not None
    return dossier.received.number


def of_another(centre: SmallCentre) -> Dossier:
    """Received for somebody else, under another number."""
    node = centre["counter-01"]
    draft = replace(centre.draft(), applicant=Party("Hoàng Thị Hường", "020185004129"))
    stream = StreamId(node.ids.stream(centre.clock()))
    return node.ledger.receive(stream, draft, by="hanh.nh", spool=node.papers.spool_slip)


def correct(clerk: Clerk, dossier: Dossier, **filled: str) -> Answer:
    page = clerk.open(f"/dossier/{dossier.stream}/correct")
    return clerk.press(page, "/correct", **{"reason": WHY, **filled})


def said_of(clerk: Clerk, dossier: Dossier) -> Linked | None:
    done = clerk.node.register.dossier(dossier.stream).standing.newest.get("dossier.corrected")
    return done.data if done else None


def test_the_dossier_that_came_since_is_chosen_already(centre: SmallCentre, done: Dossier) -> None:
    """From the old dossier's page to the reception and back: one press writes it, and the old one leads to the new one."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    old = clerk.open(f"/dossier/{done.stream}")
    assert (f"/dossier/{done.stream}/correct", "Đính chính bằng hồ sơ khác") in old.page.links
    page = clerk.open(f"/dossier/{done.stream}/correct")
    assert any(address == f"/counter?of={done.stream}" for address, _ in page.page.links)
    new = centre.receive()
    written = correct(clerk, done)
    told = clerk.follow(written)
    assert "Đã ghi: đính chính bằng hồ sơ khác." in told.page.text
    assert f"Kết quả này đã được đính chính bằng {number(new)}" in told.page.text
    assert (f"/dossier/{new.stream}", number(new)) in told.page.links
    there = clerk.open(f"/dossier/{new.stream}").page
    assert f"Hồ sơ này đính chính kết quả của {number(done)}" in there.text
    assert (f"/dossier/{done.stream}", number(done)) in there.links
    assert f"Đính chính bằng hồ sơ khác {number(new)}: {WHY}" in told.page.text
    assert said_of(clerk, done) == Linked(new.stream, number(new), WHY)
    again = clerk.open(f"/dossier/{done.stream}/correct")
    assert f"Đã ghi đính chính bằng {number(new)}" in again.page.text
    centre.meet()
    assert number(new) in Clerk(centre, "room-01", "viet.tq").open(f"/dossier/{done.stream}").page.text


def test_what_a_dossier_corrects_is_found_along_an_index(centre: SmallCentre) -> None:
    query = "SELECT * FROM dossier WHERE corrected_by = '?' AND corrected_by <> '' LIMIT 60"
    with centre["counter-01"].file.read() as connection:
        (plan,) = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert "USING INDEX dossier_corrected" in plan


def test_what_cannot_correct_it_is_said_at_its_field(centre: SmallCentre, done: Dossier) -> None:
    """Nothing is written, and what was typed still stands there."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    other, cancelled = of_another(centre), centre.receive()
    clerk.node.ledger.act(
        cancelled.stream, "dossier.reception_cancelled", ReceptionCancelled("?"), by="hanh.nh"
    )
    for filled, why in (
        ({}, "Chưa chọn hồ sơ nào đính chính."),
        ({"number": number(other), "reason": " "}, "Chưa ghi kết quả đã trả sai ở đâu."),
        ({"number": "H37.07-270301-999999"}, "Máy này không có hồ sơ số đó."),
        ({"number": number(done)}, "Đây chính là hồ sơ đang mở."),
        ({"number": number(cancelled)}, "đã dừng, không ra kết quả nào."),
        ({"number": number(other)}, "là của Hoàng Thị Hường."),
    ):
        refused = correct(clerk, done, **filled)
        assert refused.status == 422
        assert why in refused.page.text
        assert filled.get("number", "") == refused.page.form("/correct").fields["number"]
    assert said_of(clerk, done) is None
    asked = correct(clerk, done, number=number(other))
    assert clerk.press(asked, "/correct", other="y").status == 303, "somebody says that the name is right"
    assert said_of(clerk, done) == Linked(other.stream, number(other), WHY)


def test_what_is_not_returned_yet_is_not_corrected(centre: SmallCentre) -> None:
    clerk, dossier, new = Clerk(centre, "counter-01", "hanh.nh"), centre.receive(), centre.receive()
    assert "Đính chính bằng hồ sơ khác" not in clerk.open(f"/dossier/{dossier.stream}").page.text
    refused = correct(clerk, dossier, number=number(new))
    assert refused.status == 409
    assert said_of(clerk, dossier) is None


def test_a_cashier_corrects_nothing(centre: SmallCentre, done: Dossier) -> None:
    clerk = Clerk(centre, "counter-01", "van.lt")
    assert "Đính chính bằng hồ sơ khác" not in clerk.open(f"/dossier/{done.stream}").page.text
    assert "tiếp nhận" in clerk.open(f"/dossier/{done.stream}/correct").page.text
    assert correct(clerk, done, number=number(done)).status == 422
    assert said_of(clerk, done) is None
