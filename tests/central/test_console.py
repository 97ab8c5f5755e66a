"""The console: what machines say of themselves, what is wrong with them, more numbers, the catalog sent, who hears whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import msgspec
import pytest

from central.centre import Office
from central.console import ENDS_SOON, Alarm, Console, Wrong
from central.reach import Spot, picture
from edge.access import STATE
from edge.node import Node
from edge.server import application, serving
from edge.state import state_of
from edge.web import create_pages
from schemas.errors import Malformed
from schemas.events import timestamp
from schemas.states import PrinterState, RangeLeft, State, read
from tests.centres import SmallCentre
from tests.web.clerk import Clerk


@pytest.fixture(scope="module")
def small(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCentre]:
    """One centre for all of these: they look, and what one of them changes the others do not look at."""
    data = tmp_path_factory.mktemp("console") / "centre"
    copytree(founded, data)
    centre = SmallCentre(data)
    centre.clock.forward(minutes=10)
    for name in ("counter-01", "counter-02", "room-01"):
        centre["central"].contacts.heard(centre[name].id)
        centre[name].contacts.heard(centre["central"].id)
    centre["counter-01"].contacts.heard(centre["room-01"].id)
    yield centre
    centre.close()


def says(centre: SmallCentre, name: str, **otherwise: Any) -> State:
    """A machine leaves its word at central, as its probe does at a contact; with something else in it."""
    node = centre[name]
    state = msgspec.structs.replace(state_of(node), **otherwise).sealed(node.keys.ed25519.sign)
    centre["central"].stores["catalog"].put_local(f"{STATE}{node.id}", state.document())
    return state


def known(centre: SmallCentre, name: str) -> Any:
    central = centre["central"]
    found = Console(central).machines(state_of(central))
    return next(one for one in found if one.card.node == centre[name].id)


def test_a_machine_says_what_it_has_and_central_believes_its_seal_alone(small: SmallCentre) -> None:
    """A word that another machine wrote in its name, or that was changed on the way, is none."""
    node, card = small["counter-01"], small["counter-01"].card
    state = state_of(node)
    assert read(state.document(), card) == state
    assert (state.node, state.seq, state.waiting) == (node.id, 0, 0)
    assert state.catalog == node.catalog.number
    assert state.sees.keys() == {small["central"].id, small["room-01"].id}
    assert {one.symbol for one in state.ranges} >= {"27TAA"}
    assert all(one.left == one.last - one.first + 1 for one in state.ranges)
    assert 0 < state.disk_free <= state.disk_size

    forged = msgspec.structs.replace(state, waiting=7)
    other = forged.sealed(small["counter-02"].keys.ed25519.sign)
    for wrong in (forged.document(), other.document(), {**state.document(), "x": 1}, "state", {}):
        with pytest.raises(Malformed):
            read(wrong, card)
    small["central"].stores["catalog"].put_local(f"{STATE}{node.id}", other.document())
    assert known(small, "counter-01").state is None
    says(small, "counter-01")
    assert known(small, "counter-01").state is not None


LOW = 1024**3
WRONG = [
    ({}, []),
    ({"refused": 2}, [Alarm(Wrong.REFUSED, 2)]),
    ({"skew_s": -300}, [Alarm(Wrong.CLOCK, -300)]),
    ({"unsure": True}, [Alarm(Wrong.CLOCK, 0)]),
    ({"disk_free": LOW}, [Alarm(Wrong.DISK_LOW, LOW)]),
    ({"disk_free": 9 * LOW, "disk_size": 100 * LOW}, [Alarm(Wrong.DISK_SCARCE, 9 * LOW)]),
    ({"printers": (PrinterState("Quầy", 3, 1),)}, [Alarm(Wrong.PRINTER, 3, "Quầy")]),
    ({"printers": (PrinterState("Quầy", 3, 0),)}, []),
    ({"ranges": (RangeLeft("receipt", "A", "", 1, 100, 20),)}, [Alarm(Wrong.RANGE_SCARCE, 20, "A")]),
    ({"ranges": (RangeLeft("receipt", "A", "", 1, 100, 21),)}, []),
    ({"ranges": (RangeLeft("receipt", "A", "", 1, 100, 0),)}, [Alarm(Wrong.RANGE_OVER, 0, "A")]),
    (
        {
            "ranges": (
                RangeLeft("receipt", "A", "", 1, 100, 0),
                RangeLeft("receipt", "A", "", 101, 200, 100),
            )
        },
        [],
    ),
    ({"version": "0.0.9"}, [Alarm(Wrong.VERSION, name="0.0.9")]),
]


@pytest.mark.parametrize(("said", "alarms"), WRONG)
def test_what_a_machine_says_is_an_alarm_where_somebody_should_look(
    small: SmallCentre, said: dict[str, Any], alarms: list[Alarm]
) -> None:
    well = {"disk_free": 50 * LOW, "disk_size": 100 * LOW, "ranges": ()}
    small["central"].contacts.heard(small["room-01"].id)
    says(small, "room-01", **{**well, **said})
    assert list(known(small, "room-01").alarms) == alarms


def test_acts_that_wait_though_the_line_is_up_are_an_alarm_and_silence_is_one(small: SmallCentre) -> None:
    small["central"].contacts.heard(small["room-01"].id)
    since = timestamp(small.clock())
    says(small, "room-01", waiting=3, waiting_since=since, disk_free=50 * LOW, disk_size=100 * LOW, ranges=())
    small.clock.forward(minutes=16)
    small["central"].contacts.heard(small["room-01"].id)
    assert [one.wrong for one in known(small, "room-01").alarms] == [Wrong.WAITS, Wrong.SILENT]
    small.clock.forward(minutes=11)
    assert [one.wrong for one in known(small, "room-01").alarms] == [Wrong.LOST]


def test_the_page_has_every_machine_with_its_own_word(small: SmallCentre) -> None:
    says(small, "counter-02", waiting=17, waiting_since=timestamp(small.clock()), disk_free=LOW)
    small["central"].contacts.heard(small["counter-02"].id)
    officer = Clerk(small, "central", "huong.ltt")
    text = officer.open("/nodes").page.text
    for words in (
        "4 máy có thẻ của Trung tâm này",
        "counter-02.1, số máy 02, lần cài 1",
        "17 việc, cũ nhất",
        "ổ đĩa chỉ còn 1,1 GB",
        "27TAA: 1.000",
        "Thẻ, chứng thư",
    ):
        assert words in text, words
    assert officer.open("/nodes/counter-02.1").status == 403
    says(small, "counter-02")


def test_who_hears_whom_is_drawn_and_said(small: SmallCentre) -> None:
    says(small, "counter-01")
    answer = Clerk(small, "central", "huong.ltt").open("/nodes/map")
    assert '<svg class="reach"' in answer.html
    assert 'class="one-way"' in answer.html
    assert "Phòng 4 tại chỗ" in answer.page.text


def test_a_line_both_hear_one_hears_or_one_misses() -> None:
    """And a title is text, whatever it is."""
    spots = [
        Spot("c.1", "Trung tâm", "", frozenset({"a.1", "b.1"}), frozenset(), True),
        Spot("a.1", "<b>", "", frozenset({"c.1", "b.1"}), frozenset(), True),
        Spot("b.1", "Quầy", "", frozenset(), frozenset({"c.1"}), False),
    ]
    drawn = str(picture("c.1", spots))
    assert [drawn.count(f'class="{kind}"') for kind in ("both", "one-way", "lost")] == [1, 2, 0]
    assert "<b>" not in drawn
    assert drawn.count("is-lost") == 1


def test_an_administrator_grants_more_numbers_and_none_twice(small: SmallCentre) -> None:
    administrator = Clerk(small, "central", "quan.nv")
    page = administrator.open("/nodes/counter-01.1")
    assert page.status == 200
    wanted = {"what": "receipt", "symbol": "27TAA", "form": "EBL01", "first": "5001", "last": "5500"}
    done = administrator.follow(administrator.press(page, "/numbers", **wanted))
    assert "Đã cấp 500 số." in done.page.text
    small.meet("central", "counter-01")
    assert 5001 in {one.first for one in state_of(small["counter-01"]).ranges}

    for wrong, words in (
        ({"first": "5400", "last": "5600"}, "Không số nào được cấp hai lần."),
        ({"first": "7000", "last": "6000"}, "Số cuối nhỏ hơn số đầu."),
        ({"first": "0", "last": "6000"}, "Số đầu và số cuối từ 1"),
        ({"first": "x"}, "Số có từ 1 đến 8 chữ số."),
        ({"symbol": " "}, "Chưa ghi ký hiệu."),
    ):
        answer = administrator.press(page, "/numbers", **{**wanted, **wrong})
        assert answer.status == 422
        assert words in answer.page.text
        assert answer.page.form("/numbers").fields["form"] == "EBL01"
    assert administrator.open("/nodes/counter-09.1").status == 404


def test_the_catalog_is_sent_to_a_machine_that_did_not_ask(small: SmallCentre) -> None:
    """Over its address and with its key; without an address, or an answer, the page says what happens instead."""
    central, counter = small["central"], small["counter-02"]
    administrator = Clerk(small, "central", "quan.nv")
    page = administrator.open("/nodes/counter-02.1")
    assert "Trung tâm không có địa chỉ của máy này." in administrator.press(page, "/catalog").page.text
    pages = create_pages(counter, None, lambda: None)
    with serving(application(counter, pages), "127.0.0.1", 0) as (host, port):
        card = msgspec.structs.replace(counter.card, address=f"http://{host}:{port}")
        Office(central).define([card], by="quan.nv")
        assert counter.catalog.number < central.catalog.number
        done = administrator.follow(administrator.press(page, "/catalog"))
        assert f"Máy đã có danh mục số {central.catalog.number}." in done.page.text
        assert counter.catalog.number == central.catalog.number
        again = administrator.follow(administrator.press(page, "/catalog"))
        assert "không phải gửi gì" in again.page.text
    gone = administrator.press(page, "/catalog")
    assert gone.status == 409
    assert "Máy này không trả lời." in gone.page.text


def test_cards_that_end_and_chains_with_holes_are_alarms(small: SmallCentre) -> None:
    """Last, because the clock goes far."""
    _hole(small["central"], small)
    small.clock.forward(
        days=(small["counter-01"].card.lease_to - small.clock.at.date()).days - ENDS_SOON.days + 2
    )
    wrong = {one.wrong for one in known(small, "counter-01").alarms}
    assert {Wrong.INCOMPLETE, Wrong.CARD_ENDS, Wrong.LOST} <= wrong
    small.clock.forward(days=60)
    assert Wrong.CARD_OVER in {one.wrong for one in known(small, "counter-01").alarms}


def _hole(central: Node, centre: SmallCentre) -> None:
    """Only the second of two acts has come."""
    first, second = centre.receive(), centre.receive(applicant="Hoàng Thị Mỷ")
    assert first.stream != second.stream
    store = centre["counter-01"].stores["dossiers"]
    late = [store.get(one.id) for one in store.all_docs() if one.id.startswith(second.stream)]
    central.stores["dossiers"].bulk_docs(late, new_edits=False, source="room-01.1")
