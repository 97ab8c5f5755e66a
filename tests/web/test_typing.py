"""What somebody types over a dossier is kept as it is typed: a power cut or a lock costs nothing."""

from __future__ import annotations

from tests.centres import SmallCentre
from tests.web.clerk import Answer, Clerk


def kept(clerk: Clerk, page: Answer, path: str, **typed: str) -> Answer:
    """What the page sends while somebody types."""
    fields = {**page.page.form(path).fields, **typed, "kept_for": path, "kept_on": path}
    return clerk.post("/me/drafts", fields)


def test_what_was_typed_is_there_after_a_power_cut(centre: SmallCentre) -> None:
    """In the page on which it was typed, with what its writer had seen; once it is sent it is kept no longer."""
    dossier = centre.receive()
    path = f"/dossier/{dossier.stream}/withdraw"
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(path)
    assert "Đã giữ bản nháp lúc 09:00" in kept(clerk, page, path, reason="Người nộp xin rút vì").html
    centre.reopen("counter-01")

    again = Clerk(centre, "counter-01", "hanh.nh")
    opened = again.open(path)
    assert "nhập dở lúc 09:00, chưa gửi" in opened.page.text
    assert dossier.received is not None
    assert f"đơn rút {dossier.received.number}" in again.open("/me").page.text
    (link,) = [where for where, words in opened.page.links if words == "Mở lại để nhập tiếp"]
    leads_to = again.open(link).leads_to
    where, _, draft = leads_to.partition("#draft=")
    assert where == path
    fields = dict(again.raw(f"/me/drafts/{draft}/fields").get_json()["fields"])
    assert fields["reason"] == "Người nộp xin rút vì"
    assert fields["seen"] == page.page.form(path).fields["seen"]
    assert again.press(opened, path, reason="Đã xong").status == 303
    assert again.node.drafts.of("hanh.nh") == []


def test_a_draft_is_its_persons_alone_and_has_no_secret(centre: SmallCentre) -> None:
    dossier = centre.appraised()
    path = f"/room/{dossier.stream}/approve"
    clerk = Clerk(centre, "room-01", "viet.tq")
    page = clerk.open(f"/room/{dossier.stream}")
    assert kept(clerk, page, path, text="Đồng ý", pin="472013").status == 200
    (draft,) = clerk.node.drafts.of("viet.tq")
    assert "472013" not in str(draft.fields)
    assert Clerk(centre, "room-01", "mai.hk").open(f"/me/drafts/{draft.id}/fields").status == 404


def test_only_what_belongs_to_a_dossier_is_kept(centre: SmallCentre) -> None:
    stream = centre.receive().stream
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(f"/dossier/{stream}/withdraw")
    fields = page.page.form("/withdraw").fields
    for path in ("/me/pin", "/nowhere", "//elsewhere.vn/x", ""):
        assert clerk.post("/me/drafts", {**fields, "kept_for": path}).status == 404
    assert clerk.node.drafts.of("hanh.nh") == []
