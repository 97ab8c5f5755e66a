"""One dossier's page, its papers, and the counter's other pages: return, find, withdrawal, exchange."""

from __future__ import annotations

import msgspec
import pytest

from central.centre import Office
from printing.spool import PrintJob, State
from schemas.acts import Status
from schemas.entries import Component
from schemas.errors import Because, NotAllowed
from tests.centres import SmallCentre
from tests.web.clerk import Clerk


def test_a_timeline_says_where_each_act_is(centre: SmallCentre) -> None:
    """Only here; then at the neighbour; then at central, since when."""
    dossier = centre.receive()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    assert "Chỉ ở máy này" in clerk.open(f"/dossier/{dossier.stream}").page.text
    centre.meet("counter-01", "room-01")
    centre.appraise(dossier)
    centre.meet("counter-01", "room-01")
    text = clerk.open(f"/dossier/{dossier.stream}").page.text
    assert "Chưa tới Trung tâm" in text
    assert "Chưa có · ở Quầy 01, Phòng 4 tại chỗ" in text
    centre.meet("central", "counter-01", "room-01")
    there = Clerk(centre, "central", "huong.ltt").open(f"/dossier/{dossier.stream}").page.text
    assert "Trung tâm đã có" in there


def test_identity_numbers_are_masked_outside_reception(centre: SmallCentre) -> None:
    """On the dossier, in the list of hits, in the room and at the return counter."""
    dossier = centre.receive()
    centre.meet()
    for clerk, path in (
        (Clerk(centre, "counter-01", "hanh.nh"), f"/dossier/{dossier.stream}"),
        (Clerk(centre, "counter-01", "hanh.nh"), "/find"),
        (Clerk(centre, "counter-01", "hanh.nh"), f"/return/{dossier.stream}"),
        (Clerk(centre, "room-01", "ha.lt"), f"/room/{dossier.stream}"),
    ):
        html = clerk.open(path).html
        assert "0200••••4127" in html
        assert "020085004127" not in html


def test_an_unsure_print_is_asked_about_and_never_repeated_silently(centre: SmallCentre) -> None:
    """Whoever looked at the tray says whether the paper came out."""
    dossier = centre.receive()
    node = centre["counter-01"]
    node.spool.work(at=centre.clock())
    with node.file.write():
        PrintJob.update(state=State.UNSURE.value).execute()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(f"/dossier/{dossier.stream}")
    assert dossier.received is not None
    assert f"Số {dossier.received.number} đã in ra chưa?" in page.page.text
    clerk.press(page, f"/dossier/{dossier.stream}/paper/1", ("came_out", "yes"))
    with node.file.read():
        assert PrintJob.get().state == State.DONE


def test_a_slip_of_another_counter_says_where_it_is(centre: SmallCentre) -> None:
    """The dossier is here, the paper is not."""
    dossier = centre.receive("counter-02", by="long.pd")
    centre.meet()
    answer = Clerk(centre, "counter-01", "hanh.nh").open(f"/dossier/{dossier.stream}/slip.pdf")
    assert answer.status == 404
    assert "in ở Quầy 02" in answer.page.text


def test_a_withdrawal_is_recorded_with_its_reason(centre: SmallCentre) -> None:
    """A fact: it is written though nobody can be reached."""
    dossier = centre.receive()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(f"/dossier/{dossier.stream}/withdraw")
    assert page.page.form("/withdraw").fields["asked_by"] == "Nông Văn Thắng"
    empty = clerk.press(page, "/withdraw", asked_by="Hứa Văn Tiến")
    assert "Chưa ghi lý do xin rút hồ sơ." in empty.page.text
    assert empty.page.form("/withdraw").fields["asked_by"] == "Hứa Văn Tiến"
    done = clerk.press(empty, "/withdraw", reason="Nộp nhầm cơ quan.")
    assert "Đã ghi: nhận đơn rút hồ sơ." in clerk.follow(done).page.text


def test_a_second_withdrawal_says_where_the_dossier_stands(centre: SmallCentre) -> None:
    """Not an error page: the form with why not, and what was typed."""
    dossier = centre.receive()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(f"/dossier/{dossier.stream}/withdraw")
    centre.withdraw(dossier)
    met = clerk.press(page, "/withdraw", reason="Nộp nhầm cơ quan.")
    assert met.status == 409
    answer = clerk.press(met, "/withdraw", reason="Nộp nhầm cơ quan.")
    assert answer.status == 409
    assert "Hồ sơ đang ở bước “Yêu cầu rút hồ sơ”" in answer.page.text
    assert answer.page.form("/withdraw").fields["reason"] == "Nộp nhầm cơ quan."


def test_a_result_is_handed_over_at_any_counter(centre: SmallCentre) -> None:
    """With who took it, by which paper, after it was looked at."""
    dossier = _approved(centre)
    clerk = Clerk(centre, "counter-02", "long.pd")
    assert "Trả kết quả: 1" in clerk.open("/return").page.text
    page = clerk.open(f"/return/{dossier}")
    missing = clerk.press(page, f"/return/{dossier}", identity="12")
    assert "Số căn cước phải đủ 12 chữ số" in missing.page.text
    assert "Chưa xác nhận đã đối chiếu" in missing.page.text
    unpaid = clerk.press(missing, f"/return/{dossier}", identity="020085004127", confirm="y")
    assert "Phí, lệ phí chưa ghi đủ ở máy này: còn 200.000 đ." in unpaid.page.text
    assert "Chưa ghi: đã nộp ở đâu, biên lai nào" in unpaid.page.text
    done = clerk.press(
        unpaid, f"/return/{dossier}", identity="020085004127", confirm="y", unpaid="Biên lai số 12 ở Quầy 02"
    )
    assert "Đã trả kết quả" in clerk.follow(done).page.text
    assert centre["counter-02"].register.dossier(dossier).status is Status.RETURNED


def test_a_result_whose_file_is_still_elsewhere_says_where(centre: SmallCentre) -> None:
    """Events come first; the page says what is missing and that it comes by itself."""
    dossier = _approved(centre, files=False)
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    assert "Tệp kết quả còn ở Phòng 4 tại chỗ." in clerk.open(f"/return/{dossier}").page.text
    answer = clerk.open(f"/dossier/{dossier}/result.pdf")
    assert answer.status == 404
    assert "còn ở Phòng 4 tại chỗ" in answer.page.text


def test_a_search_that_finds_nothing_says_how_much_it_searched(centre: SmallCentre) -> None:
    """And a whole number opens its dossier at once."""
    dossier = centre.receive()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    assert "Đã tìm 1 hồ sơ trên máy này" in clerk.find("zzz").page.text
    assert dossier.received is not None
    assert clerk.find(dossier.received.number).leads_to == f"/dossier/{dossier.stream}"


def test_the_exchange_page_lists_what_waits_and_what_was_refused(centre: SmallCentre) -> None:
    """Nothing is hidden: peers, waiting acts, refusals, doubts, completeness."""
    dossier = centre.receive()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    text = clerk.open("/sync").page.text
    assert dossier.received is not None
    assert "Chờ gửi tới Trung tâm: 1 việc" in text
    assert dossier.received.number in text
    assert "Bị từ chối: 0 việc" in text
    assert "Quầy 01, máy này counter-01.1 1 … 1 Đủ" in text


def test_originals_are_collected_with_the_result_or_nothing_is(centre: SmallCentre) -> None:
    """What the procedure asks for at the return is ticked paper by paper; both acts are written, or neither."""
    node = centre["central"]
    procedure = node.catalog.latest.procedure("1.000703", centre.clock().date())
    assert procedure is not None
    papers = (Component("Đơn đề nghị", 1, 0), Component("Giấy chứng nhận đã cấp", 0, 1, at_return=True))
    Office(node).define([msgspec.structs.replace(procedure, components=papers)], by="quan.nv")
    centre.meet()
    stream = _approved(centre)
    room = centre["counter-01"].register.dossier(stream)
    with pytest.raises(NotAllowed) as why:
        centre.return_(room)
    assert why.value.because is Because.ORIGINALS
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(f"/return/{stream}")
    assert "Bản chính phải thu trước khi trao Giấy chứng nhận đã cấp" in page.page.text
    filled = {"identity": "020085004127", "confirm": "y", "unpaid": "Miễn theo quyết định 5"}
    missing = clerk.press(page, f"/return/{stream}", **filled)
    assert "Chưa đánh dấu đủ bản chính đã thu." in missing.page.text
    done = clerk.press(missing, f"/return/{stream}", **filled, originals="Giấy chứng nhận đã cấp")
    assert done.status == 303, done.page.text
    kinds = [line.kind for line in centre["counter-01"].register.dossier(stream).timeline]
    assert kinds[-2:] == ["dossier.originals_collected", "dossier.returned"]
    text = clerk.open(f"/dossier/{stream}").page.text
    assert "Thu bản chính: Giấy chứng nhận đã cấp" in text
    assert "phí còn thiếu: Miễn theo quyết định 5" in text


def test_a_page_that_is_not_there(centre: SmallCentre) -> None:
    """Words for both: an address that means nothing, and a dossier that is not here."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    for path in ("/nowhere", "/dossier/00000000000070008000000000000000", "/dossier/x/withdraw"):
        answer = clerk.open(path)
        assert answer.status == 404
        assert "Không có trang này." in answer.page.text


def _approved(centre: SmallCentre, *, files: bool = True) -> str:
    dossier = centre.receive()
    centre.meet()
    centre.appraise(dossier)
    centre.approve(dossier)
    if files:
        centre.meet()
    else:
        for document in centre["room-01"].stores["dossiers"].all_docs():
            event = centre["room-01"].stores["dossiers"].get(document.id)
            centre["counter-01"].stores["dossiers"].bulk_docs([event], new_edits=False)
    return dossier.stream
