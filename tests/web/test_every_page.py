"""What holds for all pages: no act without a token, no page without its headers, one status line."""

from __future__ import annotations

import pytest

from edge.web.trouble import trouble_of
from schemas.errors import Because, NotAllowed
from tests.centres import SmallCentre
from tests.web.clerk import Clerk, events_at


@pytest.mark.parametrize(
    ("node", "person"), [("counter-01", "hanh.nh"), ("room-01", "viet.tq"), ("central", "huong.ltt")]
)
def test_nothing_is_done_without_the_pages_own_token(centre: SmallCentre, node: str, person: str) -> None:
    """Every address that takes a form refuses one that no page of ours has made."""
    dossier = centre.receive()
    centre.meet()
    clerk = Clerk(centre, node, person)
    before = events_at(clerk.node)
    for rule in clerk.pages.url_map.iter_rules():
        if "POST" not in (rule.methods or ()):
            continue
        path = rule.rule.replace("<stream>", dossier.stream).replace("<int:job>", "1")
        path = path.replace("<conflict>", "0" * 64).replace("<node>", clerk.node.id)
        path = path.replace("<draft>", "0" * 32)
        answer = clerk.post(path, {"act": "save", "reason": "?", "opinion": "?", "passed": "yes"})
        assert answer.status != 303, path
    assert events_at(clerk.node) == before


def test_every_answer_forbids_what_is_not_ours(centre: SmallCentre) -> None:
    """No foreign script, no foreign frame, no copy of a dossier in the browser."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    for path in ("/counter", "/find", "/sync", "/nowhere"):
        headers = clerk.pages.test_client().get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_sessions_of_several_nodes_live_in_one_browser(centre: SmallCentre) -> None:
    """Cookies do not keep ports apart, so each node's has its own name."""
    names = {
        Clerk(centre, node).pages.config["SESSION_COOKIE_NAME"]
        for node in ("central", "counter-01", "room-01")
    }
    assert len(names) == 3


def test_the_status_line_says_what_is_proven(centre: SmallCentre) -> None:
    """Connected with its moment and age; lost since when; never "synced"."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    contacts, central = clerk.node.contacts, centre["central"].id
    assert "Liên lạc với Trung tâm: chưa có từ 09:00" in clerk.open("/find").page.text
    contacts.heard(central)
    assert "Liên lạc với Trung tâm: 09:00, 0 giây trước" in clerk.open("/find").page.text
    centre.clock.forward(minutes=42)
    clerk.sign_in("hanh.nh")
    text = clerk.open("/find").page.text
    assert "Liên lạc với Trung tâm: mất từ 09:00 (42 phút)" in text
    assert "Vẫn tiếp nhận, thu phí, in, trả kết quả" in text
    assert "Vấn đề: không có" in text
    assert "đã đồng bộ" not in text


def test_the_status_line_counts_what_waits(centre: SmallCentre) -> None:
    """How many acts, and how long the oldest waits."""
    centre.receive()
    centre.clock.forward(minutes=5)
    assert "Chờ gửi: 1 việc, cũ nhất 5 phút" in Clerk(centre, "counter-01").open("/sign-in").page.text


def test_a_change_is_announced_once(centre: SmallCentre) -> None:
    """The line is fetched every other second; a screen reader hears only what has changed."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    line = clerk.open("/status?polled=1")
    asked = line.html.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    assert 'role="status"' in line.html
    assert 'role="status"' not in clerk.open(asked).html
    clerk.node.contacts.heard(centre["central"].id)
    assert 'role="status"' in clerk.open(asked).html


@pytest.mark.parametrize("because", list(Because))
def test_every_refusal_has_its_words(because: Because) -> None:
    """What happened, what is safe, what to do; never the program's own word."""
    trouble = trouble_of(NotAllowed(because, "detail"))
    assert trouble.what
    assert trouble.safe
    assert trouble.todo
    assert because.value not in trouble.what
