"""One submitter with many dossiers: typed once, and listed on one paper."""

from __future__ import annotations

import re

import pytest

from edge.list_slip import print_list
from printing import raster
from printing.spool import PrintJob
from tests.centres import SmallCentre
from tests.web.clerk import Answer, Clerk

SAVE = ("act", "save")


def _one_more(clerk: Clerk, saved: Answer, code: str) -> Answer:
    page = clerk.follow(saved)
    (link,) = re.findall(r'href="(/counter\?of=[^"]+)"', page.html)
    ready = clerk.press(clerk.open(link), "stream", ("act", "look"), q=code)
    return clerk.press(ready, "stream", SAVE)


def test_whoever_brings_many_says_who_they_are_once(centre: SmallCentre) -> None:
    """Three dossiers, the submitter typed once; each has its slip, and one paper lists them with their moments."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    first = clerk.press(clerk.reception(), "stream", SAVE)
    second = _one_more(clerk, first, "2.001583")
    third = _one_more(clerk, second, "1.002357")
    centre.receive("counter-01", applicant="Vi Văn Quyết")  # somebody else between them
    page = clerk.follow(third)
    assert "Nông Văn Thắng nộp 3 hồ sơ ở đây hôm đó." in page.page.text
    assert clerk.press(page, "/list").status == 303
    with clerk.node.file.read():
        (job,) = PrintJob.select().where(PrintJob.form == "01-list")
        slips = PrintJob.select().where(PrintJob.form == "01").count()
    assert slips == 4
    pages = raster.seen(clerk.node.papers.render_job(job.form, bytes(job.payload)))
    said = " ".join(word.text for one in pages for word in one.words)
    numbers = [row.number for row in clerk.node.register.find("nong van thang").rows]
    assert len(numbers) == 3
    assert all(number in said for number in numbers)
    assert "giao nhận 03 hồ sơ" in said
    assert "Quyết" not in said
    clerk.press(page, "/list")
    with clerk.node.file.read():
        assert sorted(job.attempt for job in PrintJob.select().where(PrintJob.form == "01-list")) == [1, 2]


def test_a_list_of_one_is_none(centre: SmallCentre) -> None:
    dossier = centre.receive()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    assert "In giấy tiếp nhận chung" not in clerk.open(f"/dossier/{dossier.stream}").page.text
    with pytest.raises(ValueError, match="two dossiers"):
        print_list(clerk.node, dossier.stream)
