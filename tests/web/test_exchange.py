"""Đồng bộ: what each line does, what was refused, and that a person may set a refused document aside."""

from __future__ import annotations

import msgspec
import pytest

from edge.roads import Roads
from edge.settings import PeerSettings
from edge.tables.exchange import RefusedDocument
from edge.web.site import Site
from edge.web.words import refusal
from tests.centres import SmallCentre
from tests.web.clerk import Clerk


def _refused(centre: SmallCentre, by: str, stream: str) -> None:
    node = centre["counter-01"]
    with node.file.write():
        RefusedDocument.insert(
            key=f"{centre['central'].id} dossiers push {stream}:x 1-a",
            peer=centre[by].id,
            document=f"{stream}:x",
            reason="no such card",
            at="2027-03-01T02:00:00.000Z",
        ).execute()


def test_a_refused_act_is_shown_until_somebody_sets_it_aside(centre: SmallCentre) -> None:
    """With its dossier, who refused it and why; set aside, it still does not count as sent."""
    dossier = centre.receive()
    _refused(centre, "central", dossier.stream)
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open("/sync")
    assert "Bị từ chối: 1 việc" in page.page.text
    assert centre["counter-01"].register.problems().refused == 1
    assert "nội dung không đúng dạng" in page.page.text
    assert "no such card" in page.page.text  # for the administrator
    assert "Việc vẫn còn trên máy này." in page.page.text

    after = clerk.follow(clerk.press(page, "/sync/dismiss"))
    assert "Bị từ chối: 0 việc" in after.page.text
    assert centre["counter-01"].register.problems().none
    assert centre["counter-01"].register.waiting().count == 1
    with centre["counter-01"].file.read():
        (row,) = RefusedDocument.select()
        assert row.dismissed_by == "hanh.nh"


def test_what_this_machine_refuses_is_shown_too(centre: SmallCentre) -> None:
    """The document stays where it comes from."""
    _refused(centre, "counter-01", "0" * 32)
    text = Clerk(centre, "counter-01", "hanh.nh").open("/sync").page.text
    assert "Máy này không nhận" in text
    assert "Việc vẫn còn ở máy gửi." in text


def test_each_line_has_its_row(centre: SmallCentre) -> None:
    """Also those that rest because central is reached."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    counter = centre["counter-01"]
    peers = tuple(PeerSettings(centre[name].id, "http://127.0.0.1:9") for name in ("central", "room-01"))
    counter.settings = msgspec.structs.replace(counter.settings, peers=peers)
    here: Site = clerk.pages.extensions["motcua"]
    here.roads = Roads(counter)
    text = clerk.open("/sync").page.text
    assert "Từng đường truyền" in text
    assert "hồ sơ, gửi" in text
    assert "nghỉ: đã có Trung tâm" in text


def test_files_that_are_still_elsewhere_are_shown_with_their_progress(centre: SmallCentre) -> None:
    """With the dossier that names them; opening a result that is not here asks for it before all others."""
    dossier = centre.appraised()
    listed = centre.approve(dossier).standing.result
    assert listed is not None
    centre.copy(centre["room-01"], centre["counter-02"], "dossiers")
    clerk = Clerk(centre, "counter-02", "hanh.nh")
    here: Site = clerk.pages.extensions["motcua"]
    here.roads = Roads(centre["counter-02"])
    here.roads.files.look()
    text = clerk.open("/sync").page.text
    assert "Tệp còn ở máy khác: 1 tệp" in text
    assert "chưa có phần nào" in text
    assert "Đang hỏi." in text

    trouble = clerk.open(f"/dossier/{dossier.stream}/result.pdf").page.text
    assert "Máy đang lấy tệp về trước các tệp khác" in trouble

    files = {name: centre[name].stores["files"] for name in ("room-01", "counter-02")}
    index = files["room-01"].get(listed)
    files["counter-02"].bulk_docs([index], new_edits=False)
    here.roads.files.look()
    fragment = clerk.open("/sync/files").page.text
    assert "0%" in fragment

    centre.copy(centre["room-01"], centre["counter-02"], "files")
    here.roads.files.look()
    assert "Mọi tệp của các hồ sơ đang làm ở máy này đã có đủ." in clerk.open("/sync/files").page.text


def test_setting_aside_can_be_undone_by_who_did_it(centre: SmallCentre) -> None:
    _refused(centre, "central", centre.receive().stream)
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    after = clerk.follow(clerk.press(clerk.open("/sync"), "/sync/dismiss"))
    other = Clerk(centre, "counter-01", "long.pd")
    fields = {
        **other.open("/sync").page.form("/scan").fields,
        "key": after.page.form("/undismiss").fields["key"],
    }
    assert "Bị từ chối: 0 việc" in other.follow(other.post("/sync/undismiss", fields)).page.text
    back = clerk.follow(clerk.press(after, "/sync/undismiss"))
    assert "Bị từ chối: 1 việc" in back.page.text


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("seal: not the seal of counter-09.1", "niêm phong"),
        ("waiting: x has brought too much", "quá nhiều việc"),
        ("redacted: its data is gone by law (d)", "đã xoá theo luật"),
        ("the bytes do not have the hash in the name", "tệp bị hỏng"),
        ("scope: by catalogue 4 the card is not of all these agencies", "không gồm cơ quan"),
        ("something of a later version", "không đúng dạng"),
    ],
)
def test_a_refusal_is_told_in_words(said: str, told: str) -> None:
    assert told in refusal(said)


def test_machines_that_are_switched_on_after_this_one_are_not_called_lost(centre: SmallCentre) -> None:
    """For the seconds of a start nothing is wrong; whoever does not answer after that is away."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    counter = centre["counter-01"]
    peers = tuple(PeerSettings(centre[name].id, "http://127.0.0.1:9") for name in ("central", "room-01"))
    counter.settings = msgspec.structs.replace(counter.settings, peers=peers)
    for peer in peers:
        counter.contacts.lost(peer.node, "the line is down")
    young = clerk.open("/sync").page.text
    assert "Máy này vừa mở, đang nối với Trung tâm, Phòng 4 tại chỗ" in young
    assert "Không liên lạc được" not in young
    assert "đường truyền đứt" not in young
    centre.clock.forward(seconds=15)
    later = clerk.open("/sync").page.text
    assert "Không liên lạc được với Trung tâm, Phòng 4 tại chỗ" in later
    assert "đường truyền đứt" in later


def test_a_contested_dossier_shows_both_acts_in_words(centre: SmallCentre) -> None:
    """What was done, where, by whom, and whether central has it; for both."""
    dossier = centre.appraised()
    centre.approve(dossier)
    centre.withdraw(dossier)
    centre.meet()
    page = Clerk(centre, "counter-01", "hanh.nh").open(f"/dossier/{dossier.stream}")
    box = page.html.split('class="both"')[1].split("</ul>")[0]
    assert box.count("<li>") == 2
    assert "Nhận đơn rút hồ sơ của Nông Văn Thắng: Không còn nhu cầu." in box
    assert "Phê duyệt, ký số kết quả" in box
    assert "Phòng 4 tại chỗ" in box
    assert box.count("Trung tâm:") == 2
