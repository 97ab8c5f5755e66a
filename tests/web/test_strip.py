"""The queue in one line above the reception."""

from __future__ import annotations

from edge.node import Node
from schemas.acts import VisitStatus
from tests.centres import SmallCentre
from tests.web.clerk import Answer, Clerk


def _taken(node: Node, count: int) -> list[str]:
    """Tickets of the first queue, drawn at the machine itself."""
    queue = node.hall.queues()[0]
    return [node.hall.take(queue).ticket for _ in range(count)]


def _press(clerk: Clerk, page: Answer, what: str, **typed: str) -> Answer:
    return clerk.press(page, "stream", ("queue", what), **typed)


def test_calling_recalling_and_serving_from_the_reception(centre: SmallCentre) -> None:
    """Who is here and who is next stand above the form; whoever comes next gets an empty one, and nothing is lost."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    first, second = _taken(clerk.node, 2)
    page = clerk.open("/counter")
    assert f"Tiếp theo: {first}, 2 đang chờ" in page.page.text
    called = clerk.follow(_press(clerk, page, "next"))
    assert f"Số {first}" in called.page.text
    again = _press(clerk, called, "again", name="Vi Văn Quyết")
    assert again.status == 200
    assert again.page.form("stream").fields["name"] == "Vi Văn Quyết"
    following = clerk.follow(_press(clerk, again, "next"))
    assert f"Số {second}" in following.page.text
    assert following.page.form("stream").fields["name"] == ""
    assert "Đang nhập dở ở máy này: 1" in following.page.text
    turns = {turn.ticket: turn.status for turn in clerk.node.visits.turns()}
    assert turns == {first: VisitStatus.SERVED, second: VisitStatus.CALLED}


def test_a_call_is_taken_back(centre: SmallCentre) -> None:
    """Called by mistake: the ticket waits again, before all others of this counter; its number is as it was."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    first, _ = _taken(clerk.node, 2)
    called = clerk.follow(_press(clerk, clerk.open("/counter"), "next"))
    back = clerk.follow(_press(clerk, called, "back"))
    assert f"Tiếp theo: {first}" in back.page.text
    assert clerk.node.hall.at_desk().line[0].ticket == first


def test_an_old_page_calls_nobody(centre: SmallCentre) -> None:
    """Pressed on a page that shows who was here before: nothing is done, and what was typed stands."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    _, second, third = _taken(clerk.node, 3)
    old = clerk.follow(_press(clerk, clerk.open("/counter"), "next"))
    clerk.follow(_press(clerk, old, "next"))
    late = _press(clerk, old, "next", name="Vi Văn Quyết")
    assert late.status == 409
    assert late.page.form("stream").fields["name"] == "Vi Văn Quyết"
    assert f"Số {second}" in late.page.text
    assert {turn.ticket for turn in clerk.node.visits.turns() if turn.status is VisitStatus.WAITING} == {
        third
    }
