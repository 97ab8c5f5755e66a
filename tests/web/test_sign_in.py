"""Signing in, locking, and finding everything again where it was."""

from __future__ import annotations

from msgspec.structs import replace

from edge.settings import DemoSettings
from tests.centres import PINS, SmallCentre
from tests.web.clerk import Clerk


def test_only_who_works_here_is_asked(centre: SmallCentre) -> None:
    """A counter shows receivers, and those who must stand beside them when a lost reception is entered again; a room
    appraisers and approvers, central the desk and the administrator."""
    counter = Clerk(centre, "counter-01").open("/sign-in").page.form("/sign-in")
    room = Clerk(centre, "room-01").open("/sign-in").page.form("/sign-in")
    central = Clerk(centre, "central").open("/sign-in").page.form("/sign-in")
    assert "hanh.nh" in counter.choices["person"]
    assert "viet.tq" in counter.choices["person"]
    assert {"ha.lt", "chi.nth", "huong.ltt"}.isdisjoint(counter.choices["person"])
    assert {"ha.lt", "viet.tq"} <= set(room.choices["person"])
    assert "huong.ltt" in central.choices["person"]


def test_a_demo_says_that_it_is_one_and_shows_the_pins(centre: SmallCentre) -> None:
    """Loudly, so that nobody takes it for an office."""
    node = centre["counter-01"]
    assert "Bản trình diễn" not in Clerk(centre, "counter-01").open("/sign-in").page.text
    node.settings = replace(node.settings, demo=DemoSettings(pins=PINS))
    text = Clerk(centre, "counter-01").open("/sign-in").page.text
    assert "Bản trình diễn: không dùng cho hồ sơ thật" in text
    assert PINS["hanh.nh"] in text


def test_nobody_sees_a_dossier_without_signing_in(centre: SmallCentre) -> None:
    """Every page leads to the sign-in page, and from there back."""
    dossier = centre.receive()
    clerk = Clerk(centre, "counter-01")
    answer = clerk.open(f"/dossier/{dossier.stream}")
    assert answer.leads_to == f"/sign-in?next=/dossier/{dossier.stream}"
    entered = clerk.press(clerk.follow(answer), "/sign-in", person="hanh.nh", pin=PINS["hanh.nh"])
    assert entered.leads_to == f"/dossier/{dossier.stream}"


def test_a_wrong_pin_says_how_long_to_wait(centre: SmallCentre) -> None:
    """The chosen name stays; after three mistakes the wait is named."""
    clerk = Clerk(centre, "counter-01")
    clerk.sign_in("hanh.nh", "000000")
    clerk.sign_in("hanh.nh", "000000")
    answer = clerk.sign_in("hanh.nh", "000000")
    assert answer.status == 422
    assert "Mã PIN chưa đúng. Chờ 4 giây rồi gõ lại." in answer.page.text
    assert answer.page.form("/sign-in").fields["person"] == "hanh.nh"


def test_signing_in_never_leads_to_another_site(centre: SmallCentre) -> None:
    """`next` is a page of ours or nothing."""
    for url in ("https://example.org/", "//example.org/", "/\\example.org"):
        assert Clerk(centre, "counter-01").sign_in("hanh.nh", next_url=url).leads_to == "/"


def test_the_first_page_is_the_one_of_the_persons_work(centre: SmallCentre) -> None:
    """A receiver comes to the counter, an approver to the queue, the desk officer to the desk."""
    for node, person, page in (
        ("counter-01", "hanh.nh", "/counter"),
        ("room-01", "viet.tq", "/room"),
        ("central", "huong.ltt", "/desk"),
    ):
        assert Clerk(centre, node, person).open("/").leads_to == page


def test_the_lock_button_locks(centre: SmallCentre) -> None:
    """After it the next page asks who is there."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    clerk.press(clerk.open("/find"), "/lock")
    assert clerk.open("/find").leads_to.startswith("/sign-in")


def test_an_idle_screen_locks_and_asking_for_the_status_does_not_keep_it_open(centre: SmallCentre) -> None:
    """A page polls by itself; that is nobody doing anything."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    clerk.open("/counter")
    for _ in range(2):
        centre.clock.forward(minutes=10)
        clerk.open("/status?polled=1", HX_Request="true")
    assert clerk.open("/counter").leads_to.startswith("/sign-in")


def test_an_idle_page_is_covered_and_uncovered_where_it_is(centre: SmallCentre) -> None:
    """The cover comes with the status line, once; the same person's PIN takes it off."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open("/counter")
    centre.clock.forward(minutes=16)
    covered = clerk.open("/status?polled=1")
    assert "Máy đã khóa" in covered.page.text
    assert "Máy đã khóa" not in clerk.open("/status?polled=1&covered=1").page.text

    wrong = clerk.press(covered, "/unlock", pin="000000")
    assert "Mã PIN chưa đúng" in wrong.page.text
    assert "Máy đã khóa" not in clerk.press(covered, "/unlock", pin=PINS["hanh.nh"]).page.text
    assert clerk.press(page, "stream", q="giay phep").status == 200


def test_what_was_sent_to_a_locked_screen_is_sent_again_after_signing_in(centre: SmallCentre) -> None:
    """Nothing was saved, nothing typed is lost, and no PIN travels along."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    ready = clerk.reception()
    centre.clock.forward(minutes=16)
    locked = clerk.press(ready, "stream", ("act", "save"))
    assert locked.status == 401
    assert centre["counter-01"].register.find("").rows == []

    draft = clerk.follow(clerk.press(locked, "/sign-in", person="hanh.nh", pin=PINS["hanh.nh"]))
    resume = clerk.follow(draft)
    assert resume.page.form("stream").fields["name"] == "Nông Văn Thắng", "the page as it was"
    saved = clerk.press(resume, "stream", ("act", "save"))
    assert saved.leads_to.startswith("/dossier/")
    assert centre["counter-01"].drafts.of("hanh.nh") == []
    assert [row.applicant for row in centre["counter-01"].register.find("").rows] == ["Nông Văn Thắng"]


def test_another_sites_form_is_not_carried_through_the_sign_in(centre: SmallCentre) -> None:
    """What a stranger's page sends is dropped, not kept for one careless press."""
    clerk = Clerk(centre, "counter-01")
    answer = clerk.post("/counter", {"name": "kẻ lạ", "act": "save"}, Sec_Fetch_Site="cross-site")
    assert answer.status == 401
    assert "kẻ lạ" not in answer.html
