"""The line under the bar: last proven contact, what waits, problems. Three facts, always in this order.

"Synced" is never said. After a loss the line says what was lost and since when.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from edge.contact import Contact
from edge.register import Problems, Waiting
from edge.web import words
from edge.web.site import Site, site
from schemas.entries import Duty
from schemas.spelling import composed
from sync.replicator import State

blueprint = Blueprint("status_line", __name__)
MANY: Final = 1_000
"""Changes that are still to be looked at, from which on the line says so."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. `tone` is ok, wait, bad or empty; `said` is the part that does not change every second."""

    tone: str
    icon: str
    key: str
    text: str
    said: str


@dataclass(frozen=True, slots=True)
class StatusLine:
    facts: tuple[Fact, Fact, Fact]
    note: str

    @property
    def said(self) -> str:
        """What a screen reader hears, once for each change."""
        return ". ".join(f"{fact.key}: {fact.said}" for fact in self.facts) + "."

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.said.encode()).hexdigest()[:12]


@blueprint.get("/status")
def fragment() -> ResponseReturnValue:
    """The line anew; with what is to be announced only if that has changed."""
    line = present()
    return render_template(
        "status_line.html", said_now=line, polled=True, changed=line.digest != request.args.get("said")
    )


def present() -> StatusLine:
    here, now = site(), site().now()
    problems = _problems(here.node.register.problems())
    if here.node.is_centre:
        return StatusLine(
            (_contact_with_nodes(here, now), _waiting(here.node.register.waiting(), now), problems),
            _hour(here),
        )
    contact = here.node.contacts.of(here.node.catalog.centre or "")
    moving = _leaving(here) or _loading(here)
    note = _hour(here) or moving or ("" if contact.lost_since is None else _still_works(here))
    facts = (_contact(contact, now), _waiting(here.node.register.waiting(), now), problems)
    return StatusLine(facts, note)


def _hour(here: Site) -> str:
    """What is known against this machine's clock; nothing, most of the time."""
    hour = here.node.hour
    if hour.skew is not None:
        way = "nhanh" if hour.skew > timedelta(0) else "chậm"
        return f"Đồng hồ máy {way} {words.age_s(int(abs(hour.skew).total_seconds()))}: báo quản trị."
    return "Giờ máy chưa chắc: việc ghi kèm dấu này." if hour.unsure else ""


def _leaving(here: Site) -> str:
    """What this machine may not hold any more, while it is still here: what it wrote leaves first."""
    farewell = here.node.leaving.farewell()
    if farewell is None:
        return ""
    why = "Máy đã đóng" if farewell.closed else "Máy thôi phục vụ cơ quan khác"
    if farewell.unsent:
        return f"{why}: còn {words.count(farewell.unsent)} việc chờ gửi, rồi mới gỡ {words.count(farewell.streams)} hồ sơ."
    return f"{why}: đang gỡ {words.count(farewell.streams)} hồ sơ, đợi Trung tâm xác nhận đã giữ đủ."


def _loading(here: Site) -> str:
    """How far the first load is. The machine works meanwhile; only what is not here yet is not found."""
    for road in here.roads.all() if here.roads is not None else ():
        left = road.status.pending
        if road.database != "dossiers" or road.direction != "pull" or road.resting or left is None:
            continue
        if road.status.state is State.COPYING and left >= MANY:
            done = words.count(road.status.docs_written)
            return f"Đang nạp hồ sơ từ {here.place(road.peer)}: đã chép {done} việc, còn xem {words.count(left)}."
    return ""


def _contact(contact: Contact, now: datetime) -> Fact:
    key = "Liên lạc với Trung tâm"
    if contact.heard_at is not None and contact.lost_since is None:
        heard = words.clock(contact.heard_at, now)
        return Fact("ok", "ok", key, f"{heard}, {words.age(contact.heard_at, now)} trước", "đang có")
    since = contact.lost_since or now
    lost = words.clock(since, now)
    if contact.heard_at is None:
        text, said = f"chưa có từ {lost} ({words.age(since, now)})", f"chưa có từ {lost}"
    else:
        text, said = f"mất từ {lost} ({words.age(since, now)})", f"mất từ {lost}"
    return Fact("wait", "cut", key, text, said)


def _contact_with_nodes(here: Site, now: datetime) -> Fact:
    key = "Liên lạc với máy trạm"
    others = [card for card in here.view.cards() if card.opens and card.place != here.card.place]
    contacts = [here.node.contacts.of(card.node) for card in others]
    if not contacts:
        return Fact("", "ok", key, "chưa có máy trạm nào", "chưa có máy trạm nào")
    near = [one.heard_at for one in contacts if one.heard_at is not None and one.lost_since is None]
    far = [one for one in contacts if one.heard_at is None or one.lost_since is not None]
    share = f"{len(near)}/{len(contacts)}"
    if not far:
        return Fact("ok", "ok", key, f"{share}, chậm nhất {words.age(min(near), now)} trước", share)
    lost = ", ".join(here.place(one.node) for one in far[:2]) + (
        f" và {len(far) - 2} máy khác" if len(far) > 2 else ""
    )
    return Fact("wait", "cut", key, f"{share}, mất {lost}", f"{share}, mất {lost}")


def _waiting(waiting: Waiting, now: datetime) -> Fact:
    if not waiting.count or waiting.oldest is None:
        return Fact("ok", "up", "Chờ gửi", "0 việc", "0 việc")
    text = f"{words.count(waiting.count)} việc, cũ nhất {words.age(waiting.oldest, now)}"
    # What is on its way for a second is nothing to be told about.
    young = now - waiting.oldest < timedelta(seconds=10)
    return Fact("wait", "up", "Chờ gửi", text, "đang gửi" if young else "còn việc chưa gửi")


def _problems(problems: Problems) -> Fact:
    every = (
        (problems.contested, "tranh chấp", "hồ sơ đang tranh chấp", "fork"),
        (problems.refused, "bị từ chối", "việc bị từ chối", "no"),
        (problems.incomplete, "chưa đủ", "hồ sơ chưa đủ", "part"),
        (problems.held, "còn nghi vấn", "việc còn nghi vấn", "lock"),
    )
    some = [one for one in every if one[0]]
    if not some:
        return Fact("", "ok", "Vấn đề", "không có", "không có")
    if len(some) == 1:
        number, _, alone, icon = some[0]
        return Fact("bad", icon, "Vấn đề", f"{number} {alone}", f"{number} {alone}")
    text = ", ".join(f"{number} {short}" for number, short, _, _ in some)
    return Fact("bad", some[0][3], "Vấn đề", text, text)


def _still_works(here: Site) -> str:
    """What this machine can do without central: "Vẫn tiếp nhận, thu phí, in, trả kết quả; 2 máy trong nhà nối đủ."."""
    works = (
        (Duty.RECEIVE, "tiếp nhận"),
        (Duty.COLLECT, "thu phí"),
        (Duty.RECEIVE, "in"),
        (Duty.APPRAISE, "thẩm định"),
        (Duty.APPROVE, "ký"),
        (Duty.RETURN, "trả kết quả"),
    )
    able = ", ".join(word for duty, word in works if duty in here.card.duties)
    neighbours = [
        here.node.contacts.of(peer.node) for peer in here.peers() if peer.node != here.node.catalog.centre
    ]
    near = sum(one.lost_since is None and one.heard_at is not None for one in neighbours)
    if not neighbours:
        return composed(f"Vẫn {able}.") if able else ""
    if near == len(neighbours):
        return f"Vẫn {able}; {near} máy trong nhà nối đủ."
    if not near:
        return f"Vẫn {able}; chưa nối được máy nào trong nhà."
    return f"Vẫn {able}; {near}/{len(neighbours)} máy trong nhà còn nối."
