"""Due moments on the pages: as they are now, standing still, or counted from an hour that nobody is sure of."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from central.centre import Office
from edge.tables.dossiers import DossierRow
from schemas.acts import ClockStopped, Note
from schemas.deadlines import Why
from schemas.events import moment
from schemas.fold import Dossier
from tests.centres import SmallCentre
from tests.web.clerk import Clerk

PROCEDURE = "1.000703"


def _published(centre: SmallCentre) -> Dossier:
    """A dossier of a procedure that does not count the days of its publication, which have begun."""
    office, node = Office(centre["central"]), centre["central"]
    procedure = node.catalog.latest.procedure(PROCEDURE, centre.clock().date())
    assert procedure is not None
    office.define([msgspec.structs.replace(procedure, not_counted=(Why.PUBLICATION,))], by="quan.nv")
    centre.meet()
    dossier = centre.receive("room-01")
    centre.appraise(dossier)
    stop = ClockStopped("publication", "Niêm yết 5 ngày")
    return centre["room-01"].ledger.act(dossier.stream, "dossier.clock_stopped", stop, by="ha.lt")


def _row(centre: SmallCentre, dossier: Dossier) -> DossierRow:
    found = centre["room-01"].register.row(dossier.stream)
    assert found is not None
    return found


def test_while_the_clock_stands_still_no_page_names_a_moment(centre: SmallCentre) -> None:
    """Queue, dossier and search say so and why; such dossiers come last; then the new moment holds everywhere."""
    dossier, other = _published(centre), centre.appraise(centre.receive("room-01", applicant="Vi Văn Quyết"))
    approver = Clerk(centre, "room-01", "viet.tq")
    queue = approver.open("/room?tab=approve")
    assert "Tạm dừng" in queue.page.text
    assert queue.html.index(other.stream) < queue.html.index(dossier.stream)
    page = approver.open(f"/dossier/{dossier.stream}").page.text
    assert "tạm dừng tính từ" in page
    assert "Thời gian niêm yết, công khai." in page
    assert "tạm dừng" in approver.find("Nông Văn Thắng").page.text

    printed = moment(_row(centre, dossier).due_at)
    centre.clock.forward(days=7)
    resumed = Note("Hết niêm yết")
    centre["room-01"].ledger.act(dossier.stream, "dossier.clock_resumed", resumed, by="ha.lt")
    row = _row(centre, dossier)
    assert not row.stopped
    assert moment(row.due_at) >= printed + timedelta(days=7)
    approver = Clerk(centre, "room-01", "viet.tq")
    page = approver.open(f"/dossier/{dossier.stream}").page.text
    assert "Giấy hẹn in: " in page


def test_a_new_calendar_counts_what_was_waited_for_anew(centre: SmallCentre) -> None:
    """Days off that are proclaimed later move a due moment that was counted in working days, at every machine."""
    dossier = _published(centre)
    centre.clock.forward(days=7)
    resumed = Note("Hết niêm yết")
    centre["room-01"].ledger.act(dossier.stream, "dossier.clock_resumed", resumed, by="ha.lt")
    before = moment(_row(centre, dossier).due_at)
    node = centre["central"]
    year = node.catalog.latest.calendar().years[before.year]
    off = msgspec.structs.replace(year.days_off[0], day=before.date(), why="Nghỉ bão")
    Office(node).define([msgspec.structs.replace(year, days_off=(*year.days_off, off))], by="quan.nv")
    centre.meet()
    assert moment(_row(centre, dossier).due_at) > before


def test_the_desk_checks_receptions_of_an_unsure_hour(centre: SmallCentre) -> None:
    """Marked at every machine, listed at the desk with what is known, and sure again when the desk has said when it was."""
    counter = centre["counter-01"]
    counter.hour.confirm("hanh.nh", right=False)
    dossier = centre.receive(applicant="Lý Văn Sáng")
    centre.receive("counter-02", by="long.pd", applicant="Vi Văn Quyết")
    centre.meet()
    assert "Hạn chưa chắc" in Clerk(centre, "room-01", "ha.lt").open("/room").page.text

    desk = Clerk(centre, "central", "huong.ltt")
    page = desk.open("/due")
    assert "Kiểm hạn trả: 1" in page.page.text
    assert "Vi Văn Quyết" not in page.page.text
    empty = desk.press(page, dossier.stream)
    assert "Chưa ghi căn cứ" in empty.page.text
    late = desk.press(page, dossier.stream, happened_at="2028-01-03T09:00", reason="Sổ quầy 1")
    assert "Giờ nhận ở sau giờ hiện nay" in late.page.text
    done = desk.press(page, dossier.stream, happened_at="2027-02-26T09:00", reason="Sổ quầy 1")
    after = desk.follow(done)
    assert "Kiểm hạn trả: 0" in after.page.text
    centre.meet()
    row = _row(centre, dossier)
    assert (row.unsure, row.received_day) == (0, "2027-02-26")
    shown = Clerk(centre, "room-01", "ha.lt").open(f"/dossier/{dossier.stream}").page.text
    assert "Trung tâm đã kiểm lại giờ nhận và hạn trả." in shown
    assert "Kiểm lại hạn trả" in shown


def test_only_the_desk_checks(centre: SmallCentre) -> None:
    centre["counter-01"].hour.confirm("hanh.nh", right=False)
    dossier = centre.receive()
    centre.meet()
    assert Clerk(centre, "central", "quan.nv").open("/due").status == 403
    forged = Clerk(centre, "counter-01", "hanh.nh").open("/due")
    assert forged.status == 404
    assert centre["central"].register.dossier(dossier.stream).standing.checked is None
