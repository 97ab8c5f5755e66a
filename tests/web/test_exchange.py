"""Đồng bộ: what each line does, what was refused, and that a person may set a refused document aside."""

from __future__ import annotations

import msgspec

from edge.database import RefusedDocument
from edge.roads import Roads
from edge.settings import PeerSettings
from edge.web.site import Site
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
    assert "no such card" in page.page.text
    assert "Việc vẫn còn trên máy này." in page.page.text

    after = clerk.follow(clerk.press(page, "/sync/dismiss"))
    assert "Bị từ chối: 0 việc" in after.page.text
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
