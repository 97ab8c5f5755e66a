"""Máy trạm: every machine of the centre on one page, with what is wrong; who reaches whom; in a demo, also the cables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import msgspec
import requests
from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import StringField

from central.alarm_words import in_words
from central.centre import Office
from central.console import Console, Machine
from central.enrolment import Enrolment
from central.reach import Spot, picture
from edge.settings import DemoSettings
from edge.state import state_of
from edge.web import presence
from edge.web.forms import Form
from edge.web.language import say, say_as
from edge.web.site import Entry, Site, site
from edge.web.trouble import Trouble
from schemas.entries import Card, Duty, Role
from schemas.seals import fingerprint

blueprint = Blueprint("nodes", __name__, template_folder="../templates")
ENTRY: Final = Entry(60, "Máy trạm", "nodes.page")

ADMINISTERS: Final = Entry(60, "Máy trạm", "nodes.page", ((Duty.CATALOG, Role.ADMINISTRATOR),))

ANSWER_S: Final = 3
DUTIES: Final = {
    Duty.RECEIVE: "tiếp nhận",
    Duty.APPRAISE: "thẩm định",
    Duty.APPROVE: "phê duyệt",
    Duty.RETURN: "trả kết quả",
    Duty.DESK: "đối soát",
    Duty.CATALOG: "danh mục",
    Duty.INTAKE: "nhận hồ sơ trực tuyến",
    Duty.SEAL: "đóng dấu",
    Duty.COLLECT: "thu phí",
    Duty.QUEUE: "gọi số",
    Duty.KIOSK: "lấy số",
    Duty.PETITION: "phản ánh, kiến nghị",
}
WHY_SHORT: Final = {
    "retired": "nghỉ hẳn",
    "lost": "hỏng, mất",
    "stolen": "bị lấy cắp",
    "forked": "bị nhân đôi",
}
STATES: Final = {
    "open": "Chờ máy mới",
    "used": "Đã dùng",
    "void": "Hết hiệu lực: gõ sai 5 lần",
    "cancelled": "Đã hủy",
    "over": "Hết 30 phút",
}
STOPPED: Final = {
    "collecting": Trouble(
        "Trung tâm mới đang gom dữ liệu từ các máy, chưa ghi gì.",
        "Các quầy và phòng vẫn làm việc; mọi việc đã ghi vẫn nguyên.",
        "Chờ đủ các máy, rồi quản trị cho Trung tâm mới làm việc ở trang Máy trạm.",
    ),
    "branches": Trouble(
        "Danh mục có hai nhánh, nên Trung tâm chưa ghi thêm gì vào danh mục.",
        "Các quầy và phòng vẫn làm việc; mọi việc đã ghi vẫn nguyên.",
        "Hai quản trị chọn một nhánh ở trang Máy trạm.",
    ),
}


class Cable(Form):
    """A switch of the demo: `plugged` is empty to pull the cable."""

    plugged = StringField()


@dataclass(frozen=True, slots=True)
class Row:
    """One machine as the table shows it. `plugged` is None where nobody can tell."""

    machine: Machine
    duties: str
    plugged: bool | None
    closed_on: date | None
    alarms: tuple[tuple[bool, str], ...]

    @property
    def card(self) -> Card:
        """As the newest catalog has it."""
        return self.machine.card


@blueprint.get("/nodes")
def page() -> ResponseReturnValue:
    """For whoever is signed in; codes and what changes a card only for administrators."""
    here, demo = site(), site().node.settings.demo
    cables = _cables(demo) if demo and demo.switchboard else None
    gone = sorted(
        (card for card in here.view.cards() if not card.opens), key=lambda card: (card.number, card.node)
    )
    stopped = Office(here.node).stopped
    rows = [_row(here, one, cables or {}) for one in machines(here)]
    return render_template(
        "nodes.html",
        machines=rows,
        alarms=[(row, bad, said) for row in rows for bad, said in row.alarms],
        gone=gone,
        remains={card.node: Enrolment(here.node).remains(card.node) for card in gone},
        stopped=STOPPED.get(stopped.because) if stopped is not None else None,
        lost=len(here.node.unheard()),
        why=WHY_SHORT,
        states=STATES,
        has_switches=bool(demo and demo.switchboard),
        switches_answer=cables is not None,
        token=Cable,
        **_for_administrators(),
    )


@blueprint.get("/nodes/map")
def reach() -> ResponseReturnValue:
    """Who can reach whom, as a picture and in words."""
    here = site()
    found = machines(here)
    spots = [
        Spot(
            one.card.node,
            one.card.title,
            one.card.building,
            frozenset(one.state.sees if one.state else ()),
            frozenset(one.state.lost if one.state else ()),
            one.near,
        )
        for one in found
    ]
    return render_template("reach.html", picture=picture(here.node.id, spots), machines=found)


def machines(here: Site) -> list[Machine]:
    """Each machine of the centre, with what it said of itself last and what central finds wrong with it."""
    elsewhere = len(here.roads.elsewhere()) if here.roads is not None else 0
    return Console(here.node).machines(state_of(here.node, files_elsewhere=elsewhere))


def _row(here: Site, machine: Machine, cables: Mapping[str, bool]) -> Row:
    card = machine.card
    return Row(
        machine,
        ", ".join(say_as("work", DUTIES[duty]) for duty in card.duties)
        or say("thay Trung tâm trả lời máy trạm" if card.front else "chỉ xem"),
        cables.get(card.node),
        Enrolment(here.node).closed_on(card.node),
        tuple((one.wrong.is_bad, in_words(one, here.now())) for one in machine.alarms),
    )


def _for_administrators() -> dict[str, Any]:
    """What the page of all machines shows to an administrator; nothing to others."""
    if not site().may(presence.person(), ADMINISTERS):
        return {"administers": False, "codes": [], "root": ""}
    codes = Enrolment(site().node).codes()
    return {"administers": True, "codes": codes, "root": in_pairs(fingerprint(site().node.catalog.root))}


def in_pairs(digits: str) -> str:
    """A fingerprint as other programs show it."""
    return ":".join(digits[place : place + 2] for place in range(0, len(digits), 2)).upper()


@blueprint.post("/nodes/<node>/cable")
def cable(node: str) -> ResponseReturnValue:
    """Pull (`plugged=no`) or plug in (`plugged=yes`) the cable of a node; only in a demo."""
    demo, form = site().node.settings.demo, Cable()
    if demo is None or not demo.switchboard or site().view.card(node) is None:
        raise NotFound
    if not form.validate_on_submit():
        raise NotFound
    plugged = form.plugged.data == "yes"
    moved = _switch(demo, node, plugged=plugged)
    return redirect(url_for(".page", cable=node if moved else None, failed=None if moved else 1), 303)


def _session(demo: DemoSettings) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # the switchboard is on this machine, whatever proxy the environment names
    session.headers["Authorization"] = f"Bearer {demo.token}"
    return session


def _cables(demo: DemoSettings) -> dict[str, bool] | None:
    """Which cables are plugged in; None when the switchboard does not answer."""
    try:
        with _session(demo) as session:
            answer = session.get(f"{demo.switchboard}/cables", timeout=ANSWER_S)
            answer.raise_for_status()
            return msgspec.json.decode(answer.content, type=dict[str, bool])
    except (requests.RequestException, msgspec.DecodeError):
        return None


def _switch(demo: DemoSettings, node: str, *, plugged: bool) -> bool:
    """Move one switch; whether the switchboard did it."""
    try:
        with _session(demo) as session:
            url = f"{demo.switchboard}/cables/{node}"
            return session.post(url, json={"plugged": plugged}, timeout=ANSWER_S).ok
    except requests.RequestException:
        return False
