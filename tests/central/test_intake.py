"""What portals send: registered once, with its files, or refused with everything that is wrong; and received at a counter."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from central.openapi import DESCRIPTION, PAGE
from central.web.intake import MOST_BYTES
from edge.settings import PortalSettings
from printing import raster
from schemas.acts import Status
from schemas.intake import SUPPLEMENT
from tests.centres import SmallCentre
from tests.portal import PATH, PDF, Portal, sent, submission
from tests.web.clerk import Clerk, events_at


@pytest.fixture
def central(founded: Path, tmp_path: Path) -> Iterator[SmallCentre]:
    """Central alone: what is refused there never leaves it."""
    shutil.copytree(founded / "central", tmp_path / "central")
    small = SmallCentre(tmp_path, "central")
    yield small
    small.close()


@pytest.fixture
def portal(request: pytest.FixtureRequest) -> Portal:
    """Of the centre that the test has asked for."""
    name = "centre" if "centre" in request.fixturenames else "central"
    small: SmallCentre = request.getfixturevalue(name)
    return Portal(small["central"])


def _inbox(clerk: Clerk) -> list[str]:
    return [row.stream for row in clerk.node.inbox.page().rows]


def test_sent_and_received_while_the_line_is_down(centre: SmallCentre, portal: Portal) -> None:
    """It comes to the counter with its files, keeps the code that it came with, and the portal hears of it."""
    number = "H37.07-270301-0001999"
    answer = portal.post(submission(number=number))
    assert answer.status == 201, answer.said
    said = answer.said
    assert (said["status"], said["number"], said["due"]) == (1, number, "")
    centre.meet()

    clerk = Clerk(centre, "counter-01", "hanh.nh")
    listed = clerk.open("/inbox")
    assert "Hồ sơ trực tuyến chờ tiếp nhận: 1" in listed.page.text
    one = clerk.open(f"/inbox/{said['dossier']}")
    for words in ("Nông Văn Thắng", number, "Đơn đề nghị (1 trang)", "Văn bằng (1 trang)", "Phí, lệ phí"):
        assert words in one.page.text
    assert clerk.download(f"/inbox/{said['dossier']}/files/1") == PDF + b"% "
    done = clerk.press(one, "/receive")
    assert clerk.press(one, "/receive").leads_to == done.leads_to, "pressed twice, received once"
    shown = clerk.follow(done)
    assert number in shown.page.text
    dossier = clerk.node.register.dossier(said["dossier"])
    assert dossier.received is not None
    assert (dossier.received.channel, dossier.received.notify) == ("online", True)
    assert [one.name for one in dossier.received.components] == ["Đơn đề nghị", "Văn bằng"]
    assert clerk.node.inbox.count() == 0
    assert clerk.open(f"/inbox/{said['dossier']}").leads_to == shown_at(said["dossier"])

    assert portal.ask(submission()["id"]).said["status"] == 1, "central has not heard of it"
    centre.meet()
    told = portal.ask(submission()["id"]).said
    assert (told["status"], told["number"]) == (2, number)
    assert told["due"] == dossier.received.due


def shown_at(stream: str) -> str:
    return f"/dossier/{stream}"


def test_without_a_code_of_the_portal_the_counter_gives_one(centre: SmallCentre, portal: Portal) -> None:
    stream = portal.post(submission()).said["dossier"]
    centre.meet()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    clerk.press(clerk.open(f"/inbox/{stream}"), "/receive")
    received = clerk.node.register.dossier(stream).received
    assert received is not None
    assert received.number.startswith("H37.07-270301-01")


def test_sent_again_it_is_the_same_dossier_and_something_else_under_its_name_is_refused(
    central: SmallCentre, portal: Portal
) -> None:
    node = central["central"]
    first = portal.post(submission())
    before = events_at(node)
    again = portal.post(submission())
    assert (again.status, again.said) == (200, first.said)
    other = portal.post(submission(procedure="1.003494"))
    assert other.status == 409
    assert other.said["title"] == "What came first stands."
    assert events_at(node) == before
    node.projector.rebuild()
    assert portal.post(submission()).status == 200, "the name stands in the act, and so in what is made again"


def test_power_goes_before_the_commit_and_nothing_but_files_is_there(
    central: SmallCentre, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = central["central"]
    before = events_at(node)

    class PowerCut(Exception):
        pass

    act = node.ledger.act

    def cut(stream: str, kind: str, *args: Any, **named: Any) -> object:
        if kind == "dossier.components_added":
            raise PowerCut
        return act(stream, kind, *args, **named)

    with monkeypatch.context() as patched:
        patched.setattr(node.ledger, "act", cut)
        with pytest.raises(PowerCut):
            portal.post(submission())
    assert events_at(node) == before, "registered with its files, or not at all"
    assert portal.post(submission()).status == 201


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"procedure": "9.999999"}, "procedure", "not in force"),
    ({"case": "x"}, "case", "no case x"),
    ({"number": "12"}, "number", "no dossier code"),
    ({"applicant": {"name": "123"}}, "applicant.name", "has letters"),
    ({"applicant": {"name": "An", "identity": "000000001"}}, "applicant.identity", "12 digits"),
    ({"applicant": {"name": "An", "phone": "12"}}, "applicant.phone", "telephone"),
    ({"applicant": {"name": "An", "email": "a@b.vn\nBcc: c@d.vn"}}, "applicant.email", "mail"),
    ({"files": []}, "files", "at least one"),
    ({"files": [{"component": "Đơn", "content": "TVo="}]}, "files[0].content", "PDF"),
    ({"files": [{"component": "Đơn", "content": base64.b64encode(PDF[:40]).decode()}]}, "files[0].content", "dam"),
]  # fmt: skip


def test_what_cannot_be_registered_is_told_with_its_place_and_all_of_it_at_once(
    central: SmallCentre, portal: Portal
) -> None:
    before = events_at(central["central"])
    for wrong, field, detail in WRONG:
        answer = portal.post(submission(**wrong))
        assert answer.status == 422
        assert answer.response.mimetype == "application/problem+json"
        (problem,) = answer.said["errors"]
        assert problem["field"] == field
        assert detail in problem["detail"]
    answer = portal.post(submission(procedure="x", files=[], applicant={"name": "1", "phone": "2"}))
    fields = [one["field"] for one in answer.said["errors"]]
    assert fields == ["applicant.name", "applicant.phone", "files", "procedure"]
    assert events_at(central["central"]) == before


def test_what_is_not_of_the_shape_is_told_with_its_place(portal: Portal) -> None:
    assert portal.post(b"{").status == 400
    misspelt = portal.post(submission(colour="red"))
    assert misspelt.status == 400
    assert "unknown field `colour`" in misspelt.said["errors"][0]["detail"]
    lacking = portal.post({"id": "1"})
    assert "missing required field" in lacking.said["detail"]
    assert portal.post(submission(), **{"Content-Type": "text/plain"}).status == 415


def test_who_is_no_portal_is_turned_away_before_the_body_is_read(
    central: SmallCentre, portal: Portal
) -> None:
    stranger = Portal(central["central"], known=False)
    answer = stranger.post(submission())
    assert answer.status == 401
    assert "Accept-Signature" in answer.response.headers
    body = b"{}"
    unread = portal.client.post(
        PATH, data=body, content_type="application/json", headers={"Content-Digest": "sha-256=:AA==:"}
    )
    assert unread.status_code == 401
    changed = portal.headers("POST", PATH, body) | {"Content-Type": "application/json"}
    assert portal.client.post(PATH, data=b"[]", headers=changed).status_code == 400
    uncovered = portal.headers("POST", PATH) | {"Content-Type": "application/json"}
    assert portal.client.post(PATH, data=body, headers=uncovered).status_code == 401
    elsewhere = portal.headers("POST", f"{PATH}/1/supplements", body) | {"Content-Type": "application/json"}
    assert portal.client.post(PATH, data=body, headers=elsewhere).status_code == 401


def test_a_signature_is_of_its_hour_and_the_body_no_larger_than_there_is_room_for(
    central: SmallCentre, portal: Portal
) -> None:
    headers = portal.headers("POST", PATH, b"{}") | {"Content-Type": "application/json"}
    large = {"CONTENT_LENGTH": str(MOST_BYTES + 1)}
    assert portal.client.post(PATH, headers=headers, environ_overrides=large).status_code == 413
    signed = portal.headers("GET", f"{PATH}/x")
    assert portal.client.get(f"{PATH}/x", headers=signed).status_code == 404
    central.clock.forward(hours=2)
    late = portal.client.get(f"{PATH}/x", headers=signed)
    assert late.status_code == 401
    assert "more than an hour" in late.get_data(as_text=True)


def test_a_supplement_is_asked_for_by_form_02_and_comes_back_over_the_portal(
    centre: SmallCentre, portal: Portal
) -> None:
    name = submission()["id"]
    stream = portal.post(submission()).said["dossier"]
    supplements = f"{PATH}/{name}/supplements"
    early = portal.post({"files": [sent("Ảnh", b"3")]}, supplements)
    assert early.status == 409
    centre.meet()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    one = clerk.open(f"/inbox/{stream}")
    assert "Chưa đánh dấu giấy tờ nào" in clerk.press(one, "/supplement", reason="Thiếu.").page.text
    half = clerk.press(one, "/supplement", **{"missing-0": "y", "reason": "Thiếu."})
    assert "Giấy tờ 1: chưa ghi thiếu gì, sai gì." in half.page.text
    done = clerk.press(one, "/supplement", **{"missing-0": "y", "why-0": "chưa ký", "reason": "Thiếu."})
    paper = " ".join(
        word.text
        for page in raster.seen(clerk.download(f"{done.leads_to.partition('?')[0]}.pdf"))
        for word in page.words
    )
    assert "chưa ký" in paper
    assert (clerk.node.inbox.count(), clerk.node.inbox.count(SUPPLEMENT)) == (0, 1)
    assert "Đang chờ người dân bổ sung" in clerk.open(f"/inbox/{stream}").page.text
    centre.meet()
    assert portal.ask(name).said["status"] == Status.SUPPLEMENT
    supplied = {"files": [sent("Đơn đề nghị", b"4")]}
    assert portal.post(supplied, supplements).status == 201
    assert portal.post(supplied, supplements).status == 200
    assert portal.post(supplied, f"{PATH}/nobody/supplements").status == 404
    centre.meet()
    assert _inbox(clerk) == [stream]
    assert "Tệp đã nộp: 3" in clerk.open(f"/inbox/{stream}").page.text


def test_form_03_ends_it(centre: SmallCentre, portal: Portal) -> None:
    stream = portal.post(submission()).said["dossier"]
    centre.meet()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    one = clerk.open(f"/inbox/{stream}")
    assert "Chưa ghi lý do." in clerk.press(one, "/refuse").page.text
    done = clerk.press(one, "/refuse", refused_for="Không thuộc thẩm quyền.")
    assert "Đã ghi: không tiếp nhận." in clerk.follow(done).page.text
    assert _inbox(clerk) == []
    centre.meet()
    assert portal.ask(submission()["id"]).said["status"] == Status.NOT_RECEIVED


def test_two_counters_receive_one_and_both_numbers_stand_for_the_desk(
    centre: SmallCentre, portal: Portal
) -> None:
    stream = portal.post(submission()).said["dossier"]
    centre.meet()
    for name, person in (("counter-01", "hanh.nh"), ("counter-02", "long.pd")):
        clerk = Clerk(centre, name, person)
        clerk.press(clerk.open(f"/inbox/{stream}"), "/receive")
    centre.meet()
    dossier = centre["central"].register.dossier(stream)
    assert dossier.conflicts
    assert centre["central"].inbox.count() == 0


def test_a_supervisor_sees_at_central_what_waits_and_answers_nothing(
    central: SmallCentre, portal: Portal
) -> None:
    stream = portal.post(submission()).said["dossier"]
    supervisor = Clerk(central, "central", "dung.tt")
    assert "chờ tiếp nhận: 1" in supervisor.open("/inbox").page.text
    one = supervisor.open(f"/inbox/{stream}")
    assert "Đơn đề nghị (1 trang)" in one.page.text
    assert "Tiếp nhận và in" not in one.page.text
    before = events_at(supervisor.node)
    forms = one.page.form("/lock").fields
    assert supervisor.post(f"/inbox/{stream}/receive", forms).status in (403, 409)
    assert events_at(supervisor.node) == before


def test_the_inbox_reads_its_part_and_no_more(central: SmallCentre, portal: Portal) -> None:
    names = [portal.post(submission(f"s{number}")).said["dossier"] for number in range(3)]
    inbox = central["central"].inbox
    first = inbox.page(size=2)
    rest = inbox.page(after=first.after, size=2)
    assert [row.stream for row in (*first.rows, *rest.rows)] == names
    assert rest.after == ""
    with central["central"].file.read() as connection:
        for query in (
            "SELECT stream FROM inbox WHERE state = 'new' AND (at, stream) > ('', '') ORDER BY at, stream LIMIT 5",
            "SELECT count(*) FROM inbox WHERE state = 'new'",
        ):
            (plan,) = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")]
            assert "inbox_state" in plan
    central["central"].projector.rebuild()
    assert inbox.count() == 3


def test_a_key_that_is_none_is_told_at_the_start() -> None:
    with pytest.raises(ValueError, match="no Ed25519 key"):
        PortalSettings("dvcqg", "Cổng", "x")


def test_the_description_in_the_docs_is_what_is_served(portal: Portal) -> None:
    assert PAGE.read_bytes() == DESCRIPTION, "run python -m central.openapi"
    assert portal.client.get("/api/openapi.json").data == DESCRIPTION
    assert msgspec.json.decode(DESCRIPTION)["openapi"] == "3.1.0"
