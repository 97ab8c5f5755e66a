"""Báo cáo at central: every table as page, PDF, XLSX and CSV, and the register of form 07."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date

import pytest

from central.centre import Office
from central.web.reports import KINDS
from printing import raster
from schemas.entries import Agency
from tests.centres import SEALED, SmallCentre
from tests.web.clerk import Clerk


@pytest.fixture
def supervisor(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "central", "dung.tt")


def said(pdf: bytes) -> str:
    return " ".join(word.text for page in raster.seen(pdf) for word in page.words)


def test_every_report_is_a_page_a_pdf_a_workbook_and_a_csv(centre: SmallCentre, supervisor: Clerk) -> None:
    """All four say the same of one dossier that was returned and one that is open."""
    done = centre.appraised()
    centre.approve(done)
    centre.meet()
    centre.return_(done)
    centre.receive(procedure=SEALED)
    centre.meet()
    for kind in KINDS:
        page = supervisor.open(f"/reports/{kind.name}?period=month")
        assert page.status == 200, kind
        rows = list(
            csv.reader(
                io.StringIO(supervisor.download(f"/reports/{kind.name}.csv?period=month").decode("utf-8-sig"))
            )
        )
        assert len(rows) > 1, kind
        assert all(row[0] in page.page.text for row in rows[1:]), kind
        assert supervisor.download(f"/reports/{kind.name}.pdf?period=month").startswith(b"%PDF-"), kind
        book = zipfile.ZipFile(io.BytesIO(supervisor.download(f"/reports/{kind.name}.xlsx?period=month")))
        assert "xl/worksheets/sheet1.xml" in book.namelist(), kind
    figures = supervisor.open("/reports/06a?period=month").page.text
    assert "Cả Trung tâm 2" in figures
    assert Clerk(centre, "central", "huong.ltt").open("/reports/06a").status == 403

    merged = Agency("H37.07", "Sở Xây dựng", until=date(2027, 2, 28), successor="H37.08")
    Office(centre["central"]).define([merged], by="quan.nv")
    assert "Sở Xây dựng 1" in supervisor.open("/reports/06a?period=month").page.text
    now = supervisor.open("/reports/06a?period=month&by=heir").page.text
    assert "Sở Nông nghiệp và Môi trường 1" in now
    assert "Sở Xây dựng" not in now
    on_site = supervisor.open("/reports/4-tai-cho?period=month").page.text
    assert "Sở Xây dựng" in on_site
    followed = supervisor.download("/reports/4-tai-cho.csv?period=month&by=heir").decode("utf-8-sig")
    assert "Sở Xây dựng" not in followed
    (heir,) = [row for row in csv.reader(io.StringIO(followed)) if row[0] == "Sở Nông nghiệp và Môi trường"]
    (before,) = [
        row
        for row in csv.reader(
            io.StringIO(supervisor.download("/reports/4-tai-cho.csv?period=month").decode("utf-8-sig"))
        )
        if row[0] == "Sở Nông nghiệp và Môi trường"
    ]
    assert int(heir[2]) > int(before[2]), "with the procedures that were Sở Xây dựng's"
    assert int(heir[5]) == int(before[5]) + 1, "and the dossier that it received"


def test_the_register_has_a_line_for_what_was_received_on_its_days(
    centre: SmallCentre, supervisor: Clerk
) -> None:
    """And nothing of other days; each line that is shown is a look at its dossier."""
    first = centre.appraised()
    centre.approve(first)
    centre.meet()
    centre.return_(first)
    centre.receive(applicant="Hoàng Thị Mai", procedure=SEALED)
    centre.clock.forward(days=1)
    centre.receive(applicant="Người Ngày Sau")
    centre.meet()
    supervisor.sign_in("dung.tt")
    asked = "first=01/03/2027&last=01/03/2027"

    page = supervisor.open(f"/reports/so-theo-doi?{asked}").page.text
    assert "Hoàng Thị Mai" in page
    assert "Người Ngày Sau" not in page
    rows = list(
        csv.DictReader(
            io.StringIO(supervisor.download(f"/reports/so-theo-doi.csv?{asked}").decode("utf-8-sig"))
        )
    )
    assert first.received is not None
    assert [row["TT"] for row in rows] == ["1", "2"]
    assert rows[0]["Mã hồ sơ"] == first.received.number
    assert rows[0]["Ngày trả"].startswith("01/03/2027")
    assert (rows[1]["Tên cá nhân, tổ chức"], rows[1]["Ngày trả"]) == ("Hoàng Thị Mai", "")
    paper = said(supervisor.download(f"/reports/so-theo-doi.pdf?{asked}"))
    assert "SỔ THEO DÕI HỒ SƠ" in paper
    assert "Tổng số: 2 hồ sơ." in paper
    assert supervisor.download(f"/reports/so-theo-doi.xlsx?{asked}").startswith(b"PK")
    one_agency = supervisor.open(f"/reports/so-theo-doi?{asked}&agency={first.received.agency}").page.text
    assert "Hoàng Thị Mai" not in one_agency
    assert centre["central"].views.seen_by("dung.tt", [first.stream]) == {first.stream}


def test_the_register_is_read_by_its_days_and_turned_page_by_page(
    centre: SmallCentre, supervisor: Clerk
) -> None:
    """Whatever the archive's age: the database looks at the lines that it shows."""
    central = centre["central"]
    for _ in range(3):
        centre.receive()
    centre.meet()
    with central.file.read() as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT * FROM dossier WHERE received_day >= '2027-03-01' AND received_day <= '2027-03-01'"
            " AND (received_day, position) > ('2027-03-01', 1) ORDER BY received_day, position LIMIT 100"
        ).fetchall()
    assert [row[3] for row in plan] == [
        "SEARCH dossier USING INDEX dossier_day (received_day>? AND received_day<?)"
    ]
    day = centre.clock().date()
    rows = central.register.received(day, day, limit=2)
    rest = central.register.received(day, day, after=(rows[-1].received_day, rows[-1].position))
    assert (len(rows), len(rest)) == (2, 1)
    assert len({row.stream for row in (*rows, *rest)}) == 3
