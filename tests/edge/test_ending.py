"""A node ends in the middle of its work: nothing fails that has to be told as a fault, and nothing is lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from edge.spooling import Spooling
from printing.forms import Form
from printing.spool import PrintJob, State
from tests.centres import SmallCentre
from tests.waiting import until
from tests.web.clerk import Clerk


class SlowType:
    """Sets a paper when it is told to."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()

    def typeset(self, form: Form, payload: bytes) -> bytes:
        self.begun.set()
        assert self.may_end.wait(60)
        return b"%PDF " + payload


@pytest.fixture
def slow() -> Iterator[SlowType]:
    one = SlowType()
    yield one
    one.may_end.set()


@pytest.fixture
def printing(centre: SmallCentre, slow: SlowType, monkeypatch: pytest.MonkeyPatch) -> Spooling:
    """Three papers wait at counter-01, the first is being set."""
    for name in ("Nông Văn Thắng", "Lộc Thị Hà", "Vi Văn Tình"):
        centre.receive(applicant=name)
    node = centre["counter-01"]
    monkeypatch.setattr(node.spool, "_render", slow.typeset)
    spooling = Spooling(node.spool, node.clock, patience_s=0.1)
    spooling.start()
    assert slow.begun.wait(60)
    return spooling


def states(centre: SmallCentre) -> list[State]:
    with centre["counter-01"].file.read():
        return [State(job.state) for job in PrintJob.select().order_by(PrintJob.id)]


def has_ended() -> bool:
    return not any(thread.name == "spool" for thread in threading.enumerate())


def test_what_goes_wrong_in_one_pass_ends_no_printing(
    centre: SmallCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process for setting papers cannot be started at the moment; the paper comes out when it can."""
    centre.receive()
    node, tried, render = centre["counter-01"], threading.Event(), centre["counter-01"].papers.render_job

    def no_memory(form: str, payload: bytes) -> bytes:
        if not tried.is_set():
            tried.set()
            raise OSError("Cannot allocate memory")
        return render(form, payload)

    monkeypatch.setattr(node.spool, "_render", no_memory)
    spooling = Spooling(node.spool, node.clock)
    spooling.start()
    assert tried.wait(60)
    spooling.wake()
    until(lambda: states(centre) == [State.DONE])
    spooling.stop()
    until(has_ended)


def test_a_pile_of_papers_does_not_hold_up_the_end(
    centre: SmallCentre, slow: SlowType, printing: Spooling
) -> None:
    """The paper that is being set comes out, the others wait for the next start."""
    printing.stop()
    slow.may_end.set()
    until(has_ended)
    assert states(centre) == [State.DONE, State.QUEUED, State.QUEUED]


def test_a_paper_that_is_set_for_too_long_is_set_anew_after_the_next_start(
    centre: SmallCentre, slow: SlowType, printing: Spooling, caplog: pytest.LogCaptureFixture
) -> None:
    """The node is closed under it, and says so in one line."""
    printing.stop()
    centre["counter-01"].close()
    slow.may_end.set()
    until(has_ended)
    assert [one.levelno for one in caplog.records if one.name == "edge.spooling"] == [logging.WARNING]
    assert [one for one in caplog.records if one.exc_info] == []

    node = centre.reopen("counter-01")
    assert node.spool.work(at=node.clock()) == 3


def test_whoever_asks_while_the_node_closes_is_told_to_ask_again(
    centre: SmallCentre, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even what stands on every page can be read by then."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    clerk.pages.testing = False
    centre["counter-01"].close()
    for path in ("/counter", "/board", "/sign-in", "/no-such-page"):
        answer = clerk.raw(path)
        assert answer.status_code == 503
        assert answer.headers["Refresh"] == "5"
        assert "Máy đang đóng phần mềm." in answer.text
        assert "This machine is closing its program." in answer.text
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []
