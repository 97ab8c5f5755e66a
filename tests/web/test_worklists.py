"""The lists of the counter as a clerk sees them: chosen, counted, saved as files, and kept as they were chosen."""

from __future__ import annotations

import csv
import io
import re
import zipfile

import pytest

from edge.web import sheets
from schemas.acts import RequestedComponent, SupplementRequested
from tests.centres import SEALED, SmallCentre
from tests.web.clerk import Answer, Clerk

OUTSIDE = "1.013237"
"""A procedure that an agency outside resolves; its result has no number and seal here."""


@pytest.fixture
def clerk(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "counter-01", "hanh.nh")


def numbers(on: Answer) -> dict[str, str]:
    """What stands beside the name of each list."""
    found = re.findall(r'<li><a href="[^"]*list=([a-z-]+)[^>]*>[^<]*<b[^>]*>([0-9.]+)</b>', on.html)
    return dict(found)


def later_on(centre: SmallCentre, clerk: Clerk, **by: float) -> None:
    """Some days later, and somebody has said that it is so."""
    centre.clock.forward(**by)
    clerk.node.hour.confirm("hanh.nh", right=True)
    clerk.sign_in("hanh.nh")


def test_each_list_has_its_count_and_the_clock_moves_dossiers_between_them(
    centre: SmallCentre, clerk: Clerk
) -> None:
    """Nobody writes anything, and what was due is late."""
    centre.receive(applicant="Lý Văn Sáng")
    centre.receive("counter-02", by="long.pd")
    centre.meet()
    first = clerk.open("/lists")
    assert "Của tôi: 1 hồ sơ" in first.page.text
    assert "Lý Văn Sáng" in first.page.text
    before = numbers(first)
    assert (before["counter"], before["overdue"], before["today"]) == ("1", "0", "0")
    later_on(centre, clerk, days=30)
    later = clerk.open("/lists?list=overdue")
    assert numbers(later)["overdue"] == "2"
    assert "Quá hạn: 2 hồ sơ" in later.page.text
    assert "Quá 2" in later.page.text


def test_what_somebody_chose_stays_chosen_for_them_and_for_nobody_else(
    centre: SmallCentre, clerk: Clerk
) -> None:
    clerk.open("/lists?list=overdue&whose=here&sort=name")
    again = Clerk(centre, "counter-01", "hanh.nh").open("/lists")
    assert "Quá hạn: 0 hồ sơ" in again.page.text
    assert 'aria-sort="ascending"' not in again.html, "an empty list has no head"
    assert "sort=name" in again.html
    assert '<option value="here" selected>' in again.html
    assert "Của tôi" in Clerk(centre, "counter-01", "long.pd").open("/lists").page.text
    wrong = clerk.open("/lists?list=nothing&sort=' OR 1&whose=x&after=zz")
    assert (wrong.status, "Quá hạn: 0 hồ sơ" in wrong.page.text) == (200, True)


def test_an_empty_list_says_what_comes_next(centre: SmallCentre, clerk: Clerk) -> None:
    due = centre.receive().standing.due
    text = clerk.open("/lists?list=overdue").page.text
    assert "Không có hồ sơ nào, tính lúc 09:00." in text
    assert f"Hồ sơ hẹn gần nhất: 16:30, thứ Sáu {due[8:10]}/03/2027" in text


def test_a_supplement_says_its_age_and_when_it_ends(centre: SmallCentre, clerk: Clerk) -> None:
    dossier = centre.receive()
    centre.meet()
    centre.appraise(dossier)
    asked = SupplementRequested((RequestedComponent("Giấy", "mờ", 1),), "Giấy mờ.", until="2027-03-03")
    centre["room-01"].ledger.act(dossier.stream, "dossier.supplement_requested", asked, by="ha.lt")
    centre.meet()
    later_on(centre, clerk, days=3)
    waiting = clerk.open("/lists?list=supplement")
    assert numbers(waiting)["expired"] == "1"
    assert "3 ngày" in waiting.page.text
    assert "hạn 03/03/2027" in waiting.page.text
    assert "quá 9 giờ" in clerk.open("/lists?list=expired").page.text


def test_the_result_of_an_agency_comes_back_and_waits_for_its_citizen(centre: SmallCentre) -> None:
    """Who takes it in at the counter says so with one press; a dossier at another step says why not."""
    dossier = centre.receive(procedure=OUTSIDE)
    centre.meet()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    assert numbers(clerk.open("/lists"))["hand-over"] == "1"
    assert "hôm nay 16:30" in clerk.open("/lists?list=hand-over").page.text
    centre.appraise(dossier)
    centre.approve(dossier)
    centre.meet()
    back = clerk.open("/lists?list=back")
    done = clerk.follow(clerk.press(back, "/ready"))
    assert "đã về quầy" in done.page.text
    assert (numbers(done)["back"], numbers(done)["return"]) == ("0", "1")
    assert f"/return/{dossier.stream}" in clerk.open("/lists?list=return").html
    twice = clerk.press(back, "/ready")
    assert twice.status in (303, 409)
    other = centre.receive()
    assert clerk.post(f"/lists/{other.stream}/ready", back.page.form("/ready").fields).status == 409
    later_on(centre, clerk, days=40)
    later = clerk.open("/lists?list=mine")
    assert "có kết quả" in later.page.text, "whose result is there is late for nothing"
    assert (numbers(later)["overdue"], numbers(later)["not-collected"]) == ("1", "1")


def test_a_saved_list_holds_what_is_shown_and_each_row_is_a_look(centre: SmallCentre, clerk: Clerk) -> None:
    """As text: a name that begins like a formula is none. Whose numbers are hidden on pages is not in files."""
    centre.receive(applicant='=HYPERLINK("http://x","Sáng")')
    centre.receive(applicant="Lý Văn Sáng", procedure=SEALED)
    head, *rows = csv.reader(io.StringIO(clerk.download("/lists.csv?list=mine").decode("utf-8-sig")))
    assert head[:2] == ["Mã hồ sơ", "Chủ hồ sơ"]
    assert {row[1] for row in rows} == {'\'=HYPERLINK("http://x","Sáng")', "Lý Văn Sáng"}
    assert "020085004127" not in str(rows)
    book = zipfile.ZipFile(io.BytesIO(clerk.download("/lists.xlsx")))
    assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
    assert "Lý Văn Sáng" in book.read("xl/sharedStrings.xml").decode()
    looks, count = clerk.node.views.search(person="hanh.nh")
    assert (count, {look.what for look in looks}) == (4, {"worklists.csv", "worklists.xlsx"})
    assert clerk.node.views.why_broken([]) is None


def test_lists_are_for_the_counter(centre: SmallCentre) -> None:
    assert Clerk(centre, "room-01", "ha.lt").open("/lists").status == 403
    assert Clerk(centre, "counter-01").open("/lists.csv").status in (302, 401)


@pytest.mark.parametrize("cell", ["=1+1", "+84", "-2", "@x", "\t=1"])
def test_no_cell_is_worked_out(cell: str) -> None:
    assert sheets.as_text(cell) == f"'{cell}"
    assert sheets.as_text("Số 5-3") == "Số 5-3"
