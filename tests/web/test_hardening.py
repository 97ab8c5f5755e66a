"""What a hostile page, browser or name may try at a node's pages: one test for each."""

from __future__ import annotations

import logging
import re
from html.parser import HTMLParser

import pytest
from flask import Flask, session
from msgspec.structs import replace

from central.centre import Office
from central.demo.plan import ADMINISTRATOR
from edge.host_names import is_ours
from edge.web.limits import SIGN_IN
from edge.web.pdfs import _plain
from edge.web.sign_in import local
from edge.web.uploads import Kind, is_kind
from tests.centres import PINS, SmallCentre
from tests.web.clerk import Clerk, pages_of

PAGES = {
    ("counter-01", "hanh.nh"): (
        "/counter",
        "/find",
        "/return",
        "/sync",
        "/me",
        "/me/pin",
        "/me/hour",
        "/keys",
    ),
    ("room-01", "viet.tq"): ("/room", "/held"),
    ("central", "huong.ltt"): ("/desk", "/reference", "/nodes"),
    ("central", ADMINISTRATOR): (
        *("/staff", "/staff/new", "/staff/viet.tq", "/delegations", "/staff/import"),
        *("/personal", "/personal/register", "/views"),
    ),
}


class _Inline(HTMLParser):
    """Finds what a strict policy would not run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if (tag == "script" and "src" not in names) or tag in ("style", "base", "object", "embed"):
            self.found.append(tag)
        self.found += [f"{tag} {name}" for name in names if name.startswith("on") or name == "style"]


def _cookies(pages: Flask, url: str = "http://localhost") -> str:
    """What a browser is told to keep after signing in."""
    client = pages.test_client()
    page = client.get("/sign-in", base_url=url)
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page.get_data(as_text=True))[0]
    fields = {"csrf_token": token, "person": "hanh.nh", "pin": PINS["hanh.nh"]}
    headers = {"Referer": f"{url}/sign-in"}
    return client.post("/sign-in", data=fields, base_url=url, headers=headers).headers["Set-Cookie"]


def test_no_page_has_a_script_or_a_style_within(centre: SmallCentre) -> None:
    """Nothing that the strict policy would have to forgive."""
    centre.appraised()
    for (node, person), paths in PAGES.items():
        clerk = Clerk(centre, node, person)
        for path in paths:
            parser, answer = _Inline(), clerk.open(path)
            assert answer.status == 200, path
            parser.feed(answer.html)
            assert parser.found == [], path


def test_the_policy_runs_only_our_own_files_and_nobody_frames_us(centre: SmallCentre) -> None:
    headers = pages_of(centre["counter-01"]).test_client().get("/sign-in").headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_nothing_in_the_catalog_is_changed_without_the_pages_own_token(centre: SmallCentre) -> None:
    """Every address of central that takes a form, by an administrator's browser that another site leads."""
    clerk = Clerk(centre, "central", ADMINISTRATOR)
    before = centre["central"].catalog.number
    for rule in clerk.pages.url_map.iter_rules():
        if "POST" in (rule.methods or ()):
            path = rule.rule.replace("<person>", "hanh.nh").replace("<name>", "0" * 64)
            fields = {"reason": "?", "name": "?", "what": "refused", "ground": "?", "asked": "2027-01-01"}
            answer = clerk.post(re.sub(r"<[^>]+>", "0", path), fields, Sec_Fetch_Site="cross-site")
            assert answer.status != 303, path
    assert centre["central"].catalog.number == before


def test_a_session_cookie_is_out_of_reach_of_scripts_and_of_other_sites(centre: SmallCentre) -> None:
    """Over a line also only encrypted, and no neighbour's; on its own machine there is no line."""
    pages = pages_of(centre["counter-01"])
    here, line = _cookies(pages), _cookies(pages, "https://10.1.2.3")
    for cookie in (here, line):
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Domain" not in cookie
    assert "Secure" not in here
    assert line.startswith(f"__Host-motcua-{centre['counter-01'].id}=")
    assert "Secure" in line
    assert "Path=/" in line


def test_a_cookie_planted_before_signing_in_is_worth_nothing_afterwards(centre: SmallCentre) -> None:
    """Session fixation: signing in makes a new token and a new form token, and ends what the browser had."""
    clerk = Clerk(centre, "counter-01")
    client = clerk.pages.test_client()
    with client:
        page = client.get("/sign-in").get_data(as_text=True)
        token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
        with client.session_transaction() as planted:
            planted["token"] = "0" * 64
            before = planted["csrf_token"]
        fields = {"csrf_token": token, "person": "hanh.nh", "pin": PINS["hanh.nh"]}
        client.post("/sign-in", data=fields)
        assert session["token"] != "0" * 64
        assert session.get("csrf_token") != before
    assert clerk.node.sessions.get("0" * 64) is None


def test_another_name_for_this_machine_is_not_answered(centre: SmallCentre) -> None:
    """DNS rebinding: a stranger's name that leads here gets nothing, not even the sign-in page."""
    client = pages_of(centre["counter-01"]).test_client()
    for host in (
        "evil.example",
        "evil.example:8601",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "a@b",
        "",
    ):
        assert client.get("/sign-in", headers={"Host": host}).status_code == 421, host
    for host in ("127.0.0.1:8601", "localhost", "[::1]:8601", "192.168.1.5"):
        assert client.get("/sign-in", headers={"Host": host}).status_code == 200, host
    assert is_ours("Quay-03.local:8600", frozenset({"quay-03.local"}))


def test_by_its_public_name_central_answers_the_check_of_papers_and_nothing_else(centre: SmallCentre) -> None:
    """Where the codes of papers lead: nobody signs in there, and nothing is said of the machine."""
    view = centre["central"].catalog.latest.centre()
    assert view is not None
    public = replace(view, page="https://giay.example.vn/slip")
    Office(centre["central"]).define([public], by="quan.nv")
    centre.meet()
    central = pages_of(centre["central"]).test_client()
    host = {"Host": "giay.example.vn"}
    page = central.get("/slip", headers=host)
    assert page.status_code == 200
    said = page.get_data(as_text=True)
    assert "Kiểm tra giấy" in said
    for inner in ("Liên lạc với máy trạm", "Vào máy", "/sign-in", "/status"):
        assert inner not in said, inner
    for path in ("/sign-in", "/desk", "/status", "/find", "/kiosk", "/_session", "/"):
        assert central.get(path, headers=host).status_code == 421, path
    counter = pages_of(centre["counter-01"]).test_client()
    assert counter.get("/slip", headers=host).status_code == 421


def test_signing_in_is_tried_only_so_often_from_one_place(centre: SmallCentre) -> None:
    """Whoever tries one PIN for everybody is slowed down too; a little later it goes on."""
    clerk = Clerk(centre, "counter-01")
    page = clerk.open("/sign-in")
    answers = [
        clerk.press(page, "/sign-in", person=person, pin="000000").status
        for person in ("hanh.nh", "long.pd", ADMINISTRATOR) * 11
    ]
    assert answers[: SIGN_IN.burst] == [422] * SIGN_IN.burst
    assert set(answers[SIGN_IN.burst :]) == {429}
    centre.clock.forward(minutes=20)
    assert clerk.sign_in("hanh.nh").status == 303


def test_what_anybody_may_look_up_is_looked_up_only_so_often(centre: SmallCentre) -> None:
    """Else the four digits that are asked for would be counted through."""
    clerk = Clerk(centre, "counter-01")
    open_posts = [
        rule.rule
        for rule in clerk.pages.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.endpoint in clerk.pages.extensions["motcua"].open
    ]
    assert open_posts
    for path in open_posts:
        answers = [clerk.post(path, {}).status for _ in range(25)]
        # a machine shows who it is; whoever does not is told nothing, however often they ask
        assert 429 in answers or set(answers) == {401}, path


def test_after_signing_in_nobody_lands_elsewhere(centre: SmallCentre) -> None:
    """Another site, another scheme, a line break in the header."""
    with pages_of(centre["counter-01"]).test_request_context():
        for url in (
            *(
                "https://example.org",
                "//example.org",
                "/\\example.org",
                "\\/example.org",
                "javascript:alert(1)",
            ),
            *("/x\r\nSet-Cookie: a=b", "/\t/example.org", "", None),
        ):
            assert local(url) == "/", url
        assert local("/dossier/0?saved=1") == "/dossier/0?saved=1"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../settings.py",
        "/static/..%2fsettings.py",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static//etc/passwd",
        "/static/..\\settings.py",
        "/desk-static/../../cli.py",
        "/dossier/../../../etc/passwd/slip.pdf",
    ],
)
def test_no_path_leads_out_of_our_files(centre: SmallCentre, path: str) -> None:
    answer = Clerk(centre, "central", "huong.ltt").open(path)
    assert answer.status in (404, 400, 308, 302)
    assert "import" not in answer.html


def test_a_number_ends_no_header_and_names_no_folder() -> None:
    """A portal's dossier keeps the number that it came with, and that may be any text."""
    assert _plain("H37.07-270301-0101") == "H37.07-270301-0101"
    assert _plain('a"\r\nSet-Cookie: x=y') == "a---Set-Cookie--x-y"
    assert _plain("../../etc/passwd") == "-..-etc-passwd"
    assert _plain("…") == "-"


@pytest.mark.parametrize(
    ("content", "kind", "right"),
    [
        (b"%PDF-1.7\n", Kind.PDF, True),
        (b"\n%PDF-1.7\n", Kind.PDF, False),
        (b"<html>%PDF-1.7", Kind.PDF, False),
        (b"GIF89a%PDF-", Kind.PDF, False),
        (b"id,name\n", Kind.CSV, True),
        (b"<svg onload=alert(1)>", Kind.CSV, False),
        (b"id\0name", Kind.CSV, False),
    ],
)
def test_a_file_is_what_its_bytes_say(content: bytes, kind: Kind, *, right: bool) -> None:
    assert is_kind(content, kind) is right


def test_a_paper_is_shown_in_a_sandbox(centre: SmallCentre) -> None:
    """Whoever made it: it runs nothing, and is nobody on our origin."""
    dossier = centre.receive()
    node = centre["counter-01"]
    node.spool.work(at=centre.clock())
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    answer = clerk.raw(f"/dossier/{dossier.stream}/slip.pdf")
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_who_needs_no_number_sees_none(centre: SmallCentre) -> None:
    """An administrator finds a dossier and reads where somebody was registered, and no more."""
    dossier = centre.receive()
    clerk = Clerk(centre, "counter-01", ADMINISTRATOR)
    for html in (clerk.open("/find").html, clerk.open(f"/dossier/{dossier.stream}").html):
        assert "020*********" in html
        assert "4127" not in html
        assert "0912000345" not in html


def test_no_name_and_no_number_stands_in_an_address_or_a_log(
    centre: SmallCentre, caplog: pytest.LogCaptureFixture
) -> None:
    """A day at the counter, with a search, an error, and a look by the administrator."""
    caplog.set_level(logging.DEBUG)
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    ready = clerk.reception()
    asked: list[str] = []
    saved = clerk.press(ready, "stream", ("act", "save"))
    asked += [saved.leads_to, *(url for url, _ in clerk.follow(saved).page.links)]
    for answer in (
        clerk.find("nong van thang"),
        clerk.find("020085004127"),
        clerk.press(clerk.open("/return"), "q", q="0912000345"),
    ):
        asked += [answer.leads_to, *(url for url, _ in answer.page.links)]
        asked += [form.action for form in answer.page.forms if form.method == "get"]
    admin = Clerk(centre, "counter-01", ADMINISTRATOR)
    looks = admin.press(admin.open("/views"), "whom", whom="020085004127")
    assert "hồ sơ" in looks.page.text
    asked += [url for url, _ in looks.page.links]
    told = " ".join([*asked, caplog.text]).lower()
    for personal in ("020085004127", "0912000345", "thang", "thắng"):
        assert personal not in told


# ---- who sends what


def test_what_one_typed_another_does_not_send(centre: SmallCentre) -> None:
    """A page that somebody left open, and the next person's press: nothing is done, and it is kept for who typed it."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    ready = clerk.reception()
    clerk.sign_in("long.pd")
    fields = {**ready.page.form("stream").fields, "act": "save"}
    fields["csrf_token"] = clerk.open("/find").page.form("q").fields["csrf_token"]
    answer = clerk.post("/counter", fields)
    assert answer.status == 409
    assert "Trang này do Nguyễn Hồng Hạnh mở và nhập" in answer.page.text
    node = centre["counter-01"]
    assert node.register.find("").rows == []
    assert node.drafts.of("long.pd") == []
    (draft,) = node.drafts.of("hanh.nh")
    assert clerk.open(f"/me/drafts/{draft.id}").status == 404

    clerk.sign_in("hanh.nh", next_url="/counter")
    resumed = clerk.press(clerk.follow(clerk.open(f"/me/drafts/{draft.id}")), "/counter", act="save")
    assert resumed.leads_to.startswith("/dossier/")
    (event,) = node.projector.events_of(resumed.leads_to.split("/")[2].split("?")[0])
    assert getattr(event, "by", "") == "hanh.nh"


def test_what_was_typed_before_the_lock_waits_for_its_person(centre: SmallCentre) -> None:
    """Somebody else who signs in at the locked screen is not offered it; a restart does not lose it."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    ready = clerk.reception()
    clerk.press(clerk.open("/find"), "/lock")
    locked = clerk.press(ready, "stream", ("act", "save"))
    assert locked.status == 401
    assert clerk.press(locked, "/sign-in", person="long.pd", pin=PINS["long.pd"]).leads_to == "/counter"
    assert "Đang nhập dở" not in clerk.open("/me").page.text
    centre.reopen("counter-01")
    other = Clerk(centre, "counter-01", "hanh.nh")
    assert "Đang nhập dở ở máy này: 1" in other.open("/me").page.text


def test_no_secret_is_kept_with_a_draft(centre: SmallCentre) -> None:
    dossier = centre.appraised()
    clerk = Clerk(centre, "room-01", "viet.tq")
    page = clerk.open(f"/room/{dossier.stream}")
    centre.clock.forward(minutes=16)
    clerk.press(page, "/approve", text="Đồng ý.", pin="472013", second_pin="361902")
    (draft,) = centre["room-01"].drafts.of("viet.tq")
    assert ("text", "Đồng ý.") in draft.fields
    assert "472013" not in str(draft.fields)
    assert "361902" not in str(draft.fields)


def test_beyond_an_old_catalog_a_second_person_stands_beside_a_decision(centre: SmallCentre) -> None:
    """On the same page, by their PIN; the first one stays signed in, and a wrong PIN decides nothing."""
    dossier = centre.receive()
    centre.meet()
    centre.clock.forward(days=31)
    clerk = Clerk(centre, "room-01")
    page = clerk.open("/sign-in")
    clerk.press(page, "/sign-in", person="ha.lt", pin=PINS["ha.lt"], hour="right")
    page = clerk.open(f"/room/{dossier.stream}")
    assert "Người thứ hai xác nhận tại máy này" in page.page.text
    typed = {"passed": "yes", "opinion": "Đủ."}
    alone = clerk.press(page, "/appraise", **typed)
    assert alone.status == 403
    assert "cần thêm người thứ hai" in alone.page.text
    wrong = clerk.press(page, "/appraise", **typed, second="viet.tq", second_pin="000000")
    assert "Mã PIN chưa đúng." in wrong.page.text
    assert wrong.page.form("/appraise").fields["opinion"] == "Đủ."
    myself = clerk.press(page, "/appraise", **typed, second="ha.lt", second_pin=PINS["ha.lt"])
    assert "Người thứ hai phải là người khác" in myself.page.text
    done = clerk.press(page, "/appraise", **typed, second="viet.tq", second_pin=PINS["viet.tq"])
    assert done.status == 303, done.page.text
    events = [getattr(one, "with_", ()) for one in centre["room-01"].projector.events_of(dossier.stream)]
    assert ("viet.tq",) in events
    assert "Lộc Thị Hà" in clerk.open("/room").page.text


def test_a_clock_that_nothing_agrees_with_is_asked_about_at_the_sign_in(centre: SmallCentre) -> None:
    """Once, with the PIN; either answer lets in, and what is then written says so."""
    centre.receive()
    centre.clock.turn(hours=-3)
    clerk = Clerk(centre, "counter-01")
    asked = clerk.sign_in("hanh.nh")
    assert asked.status == 422
    assert "Ngày giờ của máy có thể sai" in asked.page.text
    assert "06:00, thứ Hai 01/03/2027" in asked.page.text
    let_in = clerk.press(asked, "/sign-in", person="hanh.nh", pin=PINS["hanh.nh"], hour="wrong")
    assert let_in.status == 303
    ready = clerk.reception()
    saved = clerk.press(ready, "stream", ("act", "save"))
    assert saved.status == 303
    assert "giờ chưa chắc" in clerk.open("/me/hour").page.text
    shown = clerk.follow(saved).page.text
    assert "Giờ chưa chắc" in shown
    assert "Giờ máy chưa chắc: việc ghi kèm dấu này." in shown
    centre.clock.turn(hours=3)  # somebody sets it right, and a neighbour agrees
    clerk.node.hour.measured(centre.clock())
    assert "Giờ máy chưa chắc" not in clerk.open("/find").page.text
    assert clerk.sign_in("long.pd").status == 303


def test_a_person_ends_every_other_screen_of_theirs_here(centre: SmallCentre) -> None:
    """And their own by signing out; the browser's cookie is then worth nothing."""
    first, second = Clerk(centre, "counter-01", "hanh.nh"), Clerk(centre, "counter-01", "hanh.nh")
    first.press(first.open("/me"), "/me/sign-out-here")
    assert first.open("/find").status == 200
    assert second.open("/find").leads_to.startswith("/sign-in")
    first.press(first.open("/me"), "/me/sign-out")
    assert first.open("/find").leads_to.startswith("/sign-in")


def test_a_pin_is_changed_at_any_time_by_who_knows_it(centre: SmallCentre) -> None:
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open("/me/pin")
    for current, new, again, said in (
        ("000000", "907153", "907153", "Mã PIN chưa đúng."),
        (PINS["hanh.nh"], "123456", "123456", "Dễ đoán quá"),
        (PINS["hanh.nh"], "907153", "907154", "Hai lần gõ chưa giống nhau."),
    ):
        answer = clerk.press(page, "/me/pin", current=current, new=new, again=again)
        assert answer.status == 422
        assert said in answer.page.text
    assert clerk.press(page, "/me/pin", current=PINS["hanh.nh"], new="907153", again="907153").status == 303
    assert clerk.sign_in("hanh.nh", "907153").status == 303


def test_who_looked_at_whom_is_found_and_a_changed_log_is_called_so(centre: SmallCentre) -> None:
    """By the administrator, at the machine; a look is logged however the page is asked for."""
    dossier = centre.receive()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    clerk.open(f"/dossier/{dossier.stream}?polled=1")
    clerk.open(f"/dossier/{dossier.stream}/paper?polled=1")
    assert Clerk(centre, "counter-01", "hanh.nh").open("/views").status == 403
    admin = Clerk(centre, "counter-01", ADMINISTRATOR)
    page = admin.press(admin.open("/views"), "whom", whom="nong van thang", person="hanh.nh")
    assert "1 lượt xem" in page.page.text
    assert dossier.received is not None
    assert dossier.received.number in page.page.text
    assert "Không có lượt xem nào" in admin.press(page, "whom", whom="", person="long.pd").page.text
    assert "nhật ký nguyên vẹn" in admin.press(admin.open("/views"), "/views/check").page.text
    with centre["counter-01"].file.write() as connection:
        connection.execute("DELETE FROM view_log WHERE line = 1")
    assert "đã bị sửa hoặc hỏng" in admin.press(admin.open("/views"), "/views/check").page.text
