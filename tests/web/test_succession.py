"""Central's page for its own succession: what has come, taking over, and choosing between two branches."""

from __future__ import annotations

from pathlib import Path

from central.centre import Authority
from central.succession import branches
from tests.central.test_succession import (
    EDGES,
    authority,
    backed_up,
    central_is_lost,
    kept,
    restored,
    second_administrator,
    small,
    two_branches,
    words_are_lost,
)
from tests.centres import PINS, SmallCentre
from tests.web.clerk import Clerk

__all__ = ["authority", "kept", "small"]
PAGE = "/nodes/central"


def at_central(small: SmallCentre) -> Clerk:
    """An administrator at the new central, where nobody has a PIN yet."""
    for person in ("quan.nv", "huong.ltt"):
        small["central"].people.set_pin(person, PINS[person])
    return Clerk(small, "central", "quan.nv")


def test_a_new_central_shows_what_has_come_and_takes_over_when_somebody_says_so(
    small: SmallCentre, authority: Authority, tmp_path: Path
) -> None:
    backup = backed_up(small, tmp_path / "backup")
    central_is_lost(small)
    restored(small, authority, backup)
    quan = at_central(small)
    assert "Trung tâm mới đang gom dữ liệu" in quan.open("/nodes").page.text
    collecting = quan.open(PAGE)
    assert "Chưa về đủ" in collecting.page.text
    refused = quan.press(collecting, "/takeover")
    assert refused.status == 422
    assert "Chưa máy nào đem danh mục về" in refused.page.text
    refused = quan.press(collecting, "/takeover", without=[small["room-01"].id])
    assert "Chưa đủ việc từ" in refused.page.text
    code = quan.press(quan.open("/nodes/code"), "place", place="counter-03", title="Quầy 03", kind="counter")
    assert (code.status, "chưa ghi gì" in code.page.text) == (422, True)

    done = quan.press(collecting, "/takeover", without=[small[name].id for name in EDGES])
    assert "Trung tâm mới đã làm việc" in quan.follow(done).page.text
    assert small["central"].catalog.seated == "central.2"
    listed = quan.open("/nodes").page.text
    assert "có hiệu lực đến việc" in listed


def test_two_administrators_choose_a_branch(small: SmallCentre, authority: Authority, tmp_path: Path) -> None:
    second_administrator(small)
    backup = backed_up(small, tmp_path / "backup")
    two_branches(small, authority, backup)
    quan = at_central(small)
    assert "Danh mục có hai nhánh" in quan.open("/nodes").page.text
    page = quan.open(PAGE)
    assert "Thẻ máy counter-02.1" in page.page.text
    _, found = branches(small["central"])
    other = next(one for one in found if not one.here)
    filled = {"tip": other.tip, "reason": "Quầy 02 nghe sau cùng.", "second": "huong.ltt"}
    for wrong in ({"tip": ""}, {"reason": " "}, {"second": ""}, {"second_pin": "000000"}):
        assert (
            quan.press(page, "/choose", **{**filled, "second_pin": PINS["huong.ltt"], **wrong}).status == 422
        )
    assert small["central"].branched

    done = quan.press(page, "/choose", **filled, second_pin=PINS["huong.ltt"])
    assert "Đã chọn nhánh" in quan.follow(done).page.text
    assert not small["central"].branched
    assert "Danh mục có một nhánh" in quan.open(PAGE).page.text


def test_two_administrators_go_on_without_words_that_nobody_has(
    small: SmallCentre, authority: Authority
) -> None:
    second_administrator(small)
    name = words_are_lost(small, authority)
    quan = at_central(small)
    assert "lời cuối của Trung tâm cũ" in quan.open("/held").page.text
    assert "1 mục danh mục của Trung tâm cũ" in quan.open("/nodes").page.text
    page = quan.open(PAGE)
    assert name in page.page.text
    filled = {"reason": "Đĩa đã mất.", "second": "huong.ltt", "second_pin": PINS["huong.ltt"]}
    for wrong in ({"reason": " "}, {"second": ""}, {"second_pin": "000000"}):
        assert quan.press(page, "/choose", **{**filled, **wrong}).status == 422
    assert small["central"].unheard() == (name,)

    quan.press(page, "/choose", **filled)
    assert small["central"].unheard() == ()
    assert "Danh mục có một nhánh" in quan.open(PAGE).page.text
