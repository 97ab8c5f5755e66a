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
from edge.web.language import say, say_as
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
    """The three facts, and a note: disk, hour, or what goes on while the line is down."""

    facts: tuple[Fact, Fact, Fact]
    note: str

    @property
    def said(self) -> str:
        """What a screen reader hears, once for each change."""
        return ". ".join(f"{fact.key}: {fact.said}" for fact in self.facts) + "."

    @property
    def digest(self) -> str:
        """12 hex of `said`: the page tells which one it has, and hears only of another one."""
        return hashlib.sha256(self.said.encode()).hexdigest()[:12]


@blueprint.get("/status")
def fragment() -> ResponseReturnValue:
    """The line anew; with what is to be announced only if that has changed."""
    line = present()
    return render_template(
        "status_line.html", said_now=line, polled=True, changed=line.digest != request.args.get("said")
    )


def present() -> StatusLine:
    """As of now: at an edge the contact with central, at central that with all machines."""
    here, now = site(), site().now()
    problems = _problems(here.node.register.problems())
    if here.node.is_centre:
        return StatusLine(
            (_contact_with_nodes(here, now), _waiting(here.node.register.waiting(), now), problems),
            _disk(here) or _hour(here),
        )
    contact = here.node.contacts.of(here.node.catalog.centre or "")
    moving = _leaving(here) or _loading(here)
    note = _disk(here) or _hour(here) or moving or ("" if contact.lost_since is None else _still_works(here))
    facts = (_contact(contact, now), _waiting(here.node.register.waiting(), now), problems)
    return StatusLine(facts, note)


def _disk(here: Site) -> str:
    """What the disk of this machine leaves to do; nothing, most of the time."""
    space = here.node.disk.space()
    if space.full:
        return say("Đĩa của máy đã đầy: xem và in được, việc mới không lưu được. Báo quản trị ngay.")
    return say("Đĩa của máy còn {share}%: báo quản trị.", share=int(space.share * 100)) if space.low else ""


def _hour(here: Site) -> str:
    """What is known against this machine's clock; nothing, most of the time."""
    hour = here.node.hour
    if hour.skew is not None:
        by = words.age_s(int(abs(hour.skew).total_seconds()))
        if hour.skew > timedelta(0):
            return say("Đồng hồ máy nhanh {by}: báo quản trị.", by=by)
        return say("Đồng hồ máy chậm {by}: báo quản trị.", by=by)
    return say("Giờ máy chưa chắc: việc ghi kèm dấu này.") if hour.unsure else ""


def _leaving(here: Site) -> str:
    """What this machine may not hold any more, while it is still here: what it wrote leaves first."""
    farewell = here.node.leaving.farewell()
    if farewell is None:
        return ""
    why = say("Máy đã đóng") if farewell.closed else say("Máy thôi phục vụ cơ quan khác")
    unsent, streams = words.count(farewell.unsent), words.count(farewell.streams)
    if farewell.unsent:
        told = "{why}: còn {unsent} việc chờ gửi, rồi mới gỡ {streams} hồ sơ."
    else:
        told = "{why}: đang gỡ {streams} hồ sơ, đợi Trung tâm xác nhận đã giữ đủ."
    return say(told, why=why, unsent=unsent, streams=streams)


def _loading(here: Site) -> str:
    """How far the first load is. The machine works meanwhile; only what is not here yet is not found."""
    for road in here.roads.all() if here.roads is not None else ():
        left = road.status.pending
        if road.database != "dossiers" or road.direction != "pull" or road.resting or left is None:
            continue
        if road.status.state is State.COPYING and left >= MANY:
            done = words.count(road.status.docs_written)
            return say(
                "Đang nạp hồ sơ từ {place}: đã chép {done} việc, còn xem {left}.",
                place=here.place(road.peer),
                done=done,
                left=words.count(left),
            )
    return ""


def _contact(contact: Contact, now: datetime) -> Fact:
    key = say("Liên lạc với Trung tâm")
    if contact.heard_at is not None and contact.lost_since is None:
        heard = words.clock(contact.heard_at, now)
        age = words.age(contact.heard_at, now)
        return Fact("ok", "ok", key, say("{at}, {age} trước", at=heard, age=age), say("đang có"))
    since = contact.lost_since or now
    lost = words.clock(since, now)
    if contact.heard_at is None:
        said = say("chưa có từ {since}", since=lost)
    else:
        said = say("mất từ {since}", since=lost)
    return Fact("wait", "cut", key, f"{said} ({words.age(since, now)})", said)


def _contact_with_nodes(here: Site, now: datetime) -> Fact:
    key = say("Liên lạc với máy trạm")
    others = [card for card in here.view.cards() if card.opens and card.place != here.card.place]
    contacts = [here.node.contacts.of(card.node) for card in others]
    if not contacts:
        none = say("chưa có máy trạm nào")
        return Fact("", "ok", key, none, none)
    near = [one.heard_at for one in contacts if one.heard_at is not None and one.lost_since is None]
    far = [one for one in contacts if one.heard_at is None or one.lost_since is not None]
    share = f"{len(near)}/{len(contacts)}"
    if not far:
        slowest = say("{share}, chậm nhất {age} trước", share=share, age=words.age(min(near), now))
        return Fact("ok", "ok", key, slowest, share)
    lost = ", ".join(here.place(one.node) for one in far[:2])
    if len(far) > 2:
        lost = say("{lost} và {count} máy khác", lost=lost, count=len(far) - 2)
    said = say("{share}, mất {lost}", share=share, lost=lost)
    return Fact("wait", "cut", key, said, said)


def _waiting(waiting: Waiting, now: datetime) -> Fact:
    if not waiting.count or waiting.oldest is None:
        none = say("0 việc")
        return Fact("ok", "up", say("Chờ gửi"), none, none)
    oldest = words.age(waiting.oldest, now)
    text = say("{count} việc, cũ nhất {age}", count=words.count(waiting.count), age=oldest)
    # What is on its way for a second is nothing to be told about.
    young = now - waiting.oldest < timedelta(seconds=10)
    said = say("đang gửi") if young else say("còn việc chưa gửi")
    return Fact("wait", "up", say("Chờ gửi"), text, said)


def _problems(problems: Problems) -> Fact:
    every = (
        (problems.contested, "tranh chấp", "hồ sơ đang tranh chấp", "fork"),
        (problems.refused, "bị từ chối", "việc bị từ chối", "no"),
        (problems.incomplete, "chưa đủ", "hồ sơ chưa đủ", "part"),
        (problems.held, "còn nghi vấn", "việc còn nghi vấn", "lock"),
    )
    some = [one for one in every if one[0]]
    if not some:
        return Fact("", "ok", say("Vấn đề"), say("không có"), say("không có"))
    if len(some) == 1:
        number, _, alone, icon = some[0]
        text = f"{number} {say(alone, count=number)}"
        return Fact("bad", icon, say("Vấn đề"), text, text)
    text = ", ".join(f"{number} {say(short)}" for number, short, _, _ in some)
    return Fact("bad", some[0][3], say("Vấn đề"), text, text)


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
    able = ", ".join(say_as("work", word) for duty, word in works if duty in here.card.duties)
    neighbours = [
        here.node.contacts.of(peer.node) for peer in here.peers() if peer.node != here.node.catalog.centre
    ]
    near = sum(one.lost_since is None and one.heard_at is not None for one in neighbours)
    if not neighbours:
        return composed(say("Vẫn {able}.", able=able)) if able else ""
    if near == len(neighbours):
        return say("Vẫn {able}; {near} máy trong nhà nối đủ.", able=able, near=near)
    if not near:
        return say("Vẫn {able}; chưa nối được máy nào trong nhà.", able=able)
    return say("Vẫn {able}; {near}/{all} máy trong nhà còn nối.", able=able, near=near, all=len(neighbours))
