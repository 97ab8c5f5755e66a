"""Máy trạm: the machines of the centre; in a demo, also the cable of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import msgspec
import requests
from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import StringField

from central.centre import Office
from central.enrolment import Enrolment
from edge.completeness import ChainState
from edge.contact import Contact
from edge.settings import DemoSettings
from edge.web import presence
from edge.web.forms import Form
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
    Duty.SEAL: "cấp số, đóng dấu",
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
SOON: Final = timedelta(days=30)


class Cable(Form):
    plugged = StringField()


@dataclass(frozen=True, slots=True)
class Machine:
    """One node. `chain`: how far its acts are here; None while it has written none. `plugged` is None where nobody can tell; `contact` is None for this one.

    `ends_in`: days that its number is still good for, told only when they are few; below 0 it has ended.
    """

    card: Card
    duties: str
    contact: Contact | None
    plugged: bool | None
    chain: ChainState | None
    ends_in: int | None
    closed_on: date | None

    @property
    def near(self) -> bool:
        return (
            self.contact is not None and self.contact.heard_at is not None and self.contact.lost_since is None
        )


@blueprint.get("/nodes")
def page() -> ResponseReturnValue:
    here, demo = site(), site().node.settings.demo
    cables = _cables(demo) if demo and demo.switchboard else None
    chains = {one.node: one for one in here.node.chains.all()}
    cards = sorted(here.view.cards(), key=lambda card: (card.number, card.node))
    gone = [card for card in cards if not card.opens]
    stopped = Office(here.node).stopped
    return render_template(
        "nodes.html",
        machines=[_machine(here, card, cables or {}, chains) for card in cards if card.opens],
        gone=gone,
        remains={card.node: Enrolment(here.node).remains(card.node) for card in gone},
        stopped=STOPPED.get(stopped.because) if stopped is not None else None,
        why=WHY_SHORT,
        states=STATES,
        has_switches=bool(demo and demo.switchboard),
        switches_answer=cables is not None,
        token=Cable,
        **_for_administrators(),
    )


def _machine(here: Site, card: Card, cables: Mapping[str, bool], chains: Mapping[str, ChainState]) -> Machine:
    left = card.lease_to - here.today()
    return Machine(
        card,
        ", ".join(DUTIES[duty] for duty in card.duties) or "chỉ xem",
        None if card.node == here.node.id else here.node.contacts.of(card.node),
        cables.get(card.node),
        chains.get(card.node),
        left.days if left < SOON else None,
        Enrolment(here.node).closed_on(card.node),
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
