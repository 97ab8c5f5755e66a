"""A dossier as several pages show it: its tags, its timeline, its conflicts, and what may be done next."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import msgspec
from flask import g, request
from werkzeug.exceptions import NotFound

from edge.authorities import Assessment, Revoked
from edge.contact import Contact
from edge.deciding import Right
from edge.register import Whereabouts
from edge.web import acts, presence, second, words
from edge.web.acts import Contents
from edge.web.contested import WARNED
from edge.web.language import say, tell
from edge.web.site import Site, site
from edge.web.trouble import Trouble, trouble_of
from schemas.acts import (
    Approved,
    Attachment,
    Reasoned,
    RefusedResult,
    Returned,
    Sealed,
    Status,
    WithdrawalAsked,
)
from schemas.clock import WHY, due_at, stopped
from schemas.conflicts import Conflict
from schemas.custody import Where, custody, hand_overs, open_opinion
from schemas.entries import Agency
from schemas.errors import Because, NotAllowed
from schemas.events import Event, EventHash, moment
from schemas.fold import Dossier, Line, Place
from schemas.rules import Done, is_with
from schemas.seals import fingerprint


@dataclass(frozen=True, slots=True)
class Tag:
    """A small label: `tone` is ok, wait, bad or empty; always with an icon and a word, which a page says."""

    tone: str
    icon: str
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a timeline; `doubt` says in words why an act has no effect."""

    line: Line
    words: str
    at_centre: Tag
    doubt: Tag | None


@dataclass(frozen=True, slots=True)
class Due:
    """When a result is due as of now, in words; `notes` say what has moved it. `unsure`: central looks at it again."""

    words: str
    notes: tuple[str, ...]
    unsure: bool


@dataclass(frozen=True, slots=True)
class Lacks:
    """Acts that are not here though others here rest on them: how many, which wait for them, and who may have them."""

    count: int
    waiting: tuple[Line, ...]
    holders: tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """One dossier with all that a page needs to show it. `receipt` is there: what has none is not shown."""

    dossier: Dossier
    receipt: Done
    agency: Agency | None
    tags: tuple[Tag, ...]
    steps: tuple[Step, ...]
    contents: Contents
    due: Due
    lacks: Lacks | None

    @property
    def received(self) -> Any:
        """What form 01 promised (`Received`), or what was entered of a slip by hand (`EnteredAfterwards`)."""
        return self.receipt.data

    @property
    def submitter(self) -> Any:
        """Who came; None where the applicant came in person."""
        return None if self.received.submitter is msgspec.UNSET else self.received.submitter

    @property
    def result(self) -> str | None:
        """The file of the result that stands."""
        return self.dossier.standing.result

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """What goes with the result that stands; the sealed ones, once there are some."""
        standing = self.dossier.standing
        done = standing.sealed or standing.outcome
        return tuple(getattr(done.data, "attachments", ())) if done and standing.outcome else ()


_DOUBTS: Final = {
    Place.VOID: Tag("", "no", "Không có hiệu lực sau đối soát"),
    Place.CONTESTED: Tag("bad", "fork", "Đang tranh chấp"),
    Place.IRREGULAR: Tag("wait", "warn", "Không đúng thẩm quyền"),
    Place.HELD: Tag("bad", "lock", "Tạm giữ"),
    Place.WAITING: Tag("wait", "part", "Chờ việc trước đó"),
    Place.NEWER: Tag("", "lock", "Cần bản mới hơn"),
    Place.REDACTED: Tag("", "lock", "Nội dung đã xoá theo quy định"),
}


CERTIFICATE: Final = {
    "no_token": "Chưa có chứng thư trong danh mục",
    "not_yet": "Chứng thư chưa tới ngày dùng",
    "expired": "Chứng thư đã hết hạn",
    "usage": "Chứng thư không dùng để ký văn bản",
    "unreadable": "Chứng thư không đọc được",
    "unknown_issuer": "Nơi cấp chứng thư không được tin cậy",
    "revoked": "Chứng thư đã bị thu hồi",
}
"""Why a certificate may not sign, in a few words."""


def show(stream: str) -> Shown:
    """The dossier of a stream, which is a look at it, and logged. Raises `NotFound` for one that is not here."""
    return show_all([stream])[0]


def show_all(streams: Sequence[str]) -> tuple[Shown, ...]:
    """Dossiers that one page shows beside each other. They are logged together: each line of the log by itself would wait
    for its own turn to write, and central has much to write. Raises `NotFound` as `show`."""
    here = site()
    found = [_to_be_shown(here, stream) for stream in streams]
    _log(here, streams)
    return tuple(_shown(here, dossier, receipt) for dossier, receipt in found)


def _to_be_shown(here: Site, stream: str) -> tuple[Dossier, Done]:
    dossier = here.node.register.dossier(stream)
    receipt = dossier.standing.receipt
    if receipt is None:
        raise NotFound
    agency = presence.person().agency
    if agency and not is_with(dossier.standing, agency, here.view):
        raise NotAllowed(Because.AGENCY, f"it is not with {agency}")
    return dossier, receipt


def _shown(here: Site, dossier: Dossier, receipt: Done) -> Shown:
    stream = dossier.stream
    # of what stands beside each other, one that is restricted keeps the numbers of all
    g.restricted = g.get("restricted", False) or stream in here.node.catalog.trust.restricted
    where = here.node.register.whereabouts([line.hash for line in dossier.timeline])
    contents = acts.contents_of(here.node, stream)
    unsure = {
        event.hash
        for event in here.node.projector.events_of(stream)
        if isinstance(event, Event) and event.clock == "unsure"
    }
    warned = _warned(dossier)
    steps = tuple(
        replace(step, doubt=warned[step.line.hash])
        if step.line.place is Place.CONTESTED and step.line.hash in warned
        else step
        for step in (_step(here, line, contents, where.get(line.hash), unsure) for line in dossier.timeline)
    )
    return Shown(
        dossier,
        receipt,
        here.view.agency(receipt.data.agency),
        (*_tags(here, dossier, where), *_elsewhere(here, dossier, contents)),
        steps,
        contents,
        _due(here, dossier, receipt.hash in unsure),
        lacks(here, dossier),
    )


_NO_LOOKS: Final = frozenset({"dossier.paper"})
"""Fragments that a page asks for by itself, and that show no more than a number."""


def _log(here: Site, streams: Sequence[str]) -> None:
    """One look for each request, however often it shows the dossier."""
    seen: set[str] = g.setdefault("looked_at", set())
    new = [stream for stream in dict.fromkeys(streams) if stream not in seen]
    if not new or request.endpoint in _NO_LOOKS:
        return
    seen.update(new)
    here.node.views.looked_at_all(presence.person().id, new, request.endpoint or "")


def lacks(here: Site, dossier: Dossier) -> Lacks | None:
    """What a dossier lacks; None where it is complete as far as its parents go."""
    if not dossier.missing:
        return None
    waiting = tuple(line for line in dossier.timeline if line.place is Place.WAITING)
    holders = here.node.chains.holders_of_parents(dossier)
    return Lacks(len(dossier.missing), waiting, tuple(here.node.contacts.of(node) for node in holders))


def _due(here: Site, dossier: Dossier, unsure: bool) -> Due:
    standing, calendar = dossier.standing, here.view.calendar()
    printed, notes = standing.received.due if standing.received else "", []
    still, now = stopped(standing, calendar), due_at(standing, calendar)
    if still is not None:
        said = say("tạm dừng tính từ {at}", at=words.clock(still.since, here.now()))
        waits = say(WHY[still.why].words)
        notes.append(f"{waits[:1].upper()}{waits[1:]}.")
    else:
        said = words.full(now)
    if standing.checked is not None:
        notes.append(say("Trung tâm đã kiểm lại giờ nhận và hạn trả."))
    if printed != now:
        notes.append(say("Giấy hẹn in: {due}.", due=words.full(printed)))
    return Due(said, tuple(notes), unsure and standing.checked is None)


_UNSURE: Final = Tag("wait", "clock", "Giờ chưa chắc")


def _step(here: Site, line: Line, contents: Contents, where: Whereabouts | None, unsure: Set[str]) -> Step:
    return Step(
        line,
        acts.in_words(line.kind, contents.get(line.hash)),
        _at_centre(here, line, where),
        _DOUBTS.get(line.place) or (_UNSURE if line.hash in unsure else None),
    )


def _warned(dossier: Dossier) -> dict[EventHash, Tag]:
    """What is told of acts that no dispute binds, though central or the table joins them."""
    bound = {member for conflict in dossier.conflicts if conflict.binds for member in conflict.members}
    return {
        member: Tag("wait", "warn", WARNED[row])
        for conflict in dossier.conflicts
        for row in conflict.rows
        for member in conflict.members
        if member not in bound and row in WARNED
    }


def _at_centre(here: Site, line: Line, where: Whereabouts | None) -> Tag:
    """Whether central has one act, and if not, who has."""
    if where is not None and where.centre_at is not None:
        return Tag("ok", "ok", say("Đã có, {at}", at=words.clock(where.centre_at, here.now())))
    others = _holders(here, line, where)
    if not others:
        return Tag("wait", "here", "Chỉ ở máy này")
    return Tag("wait", "here", tell("Chưa có · ở {places}", places=", ".join(others)))


def _holders(here: Site, line: Line, where: Whereabouts | None) -> list[str]:
    """The other machines that are known to hold an act, its author first; none while only this one does."""
    nodes = dict.fromkeys([line.node, *(where.at_peers if where else ())])
    others = [
        here.place(node) for node in nodes if node and node not in (here.node.id, here.node.catalog.centre)
    ]
    return [here.card.title, *others] if others else []


def _tags(here: Site, dossier: Dossier, where: dict[str, Whereabouts]) -> list[Tag]:
    """Where the dossier is, and what is wrong with it."""
    tags = [_whereabouts_tag(here, dossier, where)]
    if dossier.stream in here.node.catalog.trust.restricted:
        tags.append(Tag("wait", "lock", "Hạn chế xử lý dữ liệu"))
    if dossier.contested:
        opened = contested_since(dossier)
        tags.append(Tag("bad", "fork", say("Đang tranh chấp từ {at}", at=words.clock(opened, here.now()))))
    told = {row for conflict in dossier.conflicts for row in conflict.rows}
    tags += [Tag("wait", "warn", word) for row, word in WARNED.items() if row in told]
    if dossier.missing:
        tags.append(Tag("wait", "part", say("Chưa đủ: thiếu {count} việc", count=len(dossier.missing))))
    tags += _result_tags(here, dossier)
    if any(line.place is Place.HELD for line in dossier.timeline):
        tags.append(Tag("bad", "lock", "Có việc tạm giữ"))
    if any(line.place is Place.NEWER for line in dossier.timeline):
        tags.append(Tag("", "lock", "Cần bản mới hơn"))
    return tags


_FOLDER: Final = {
    Where.HANDED_OVER: "Đã giao {agency}, chờ nhận, từ {since}",
    Where.HELD: "Hồ sơ giấy ở {agency} từ {since}",
    Where.HANDED_BACK: "{agency} đã trả, chờ nhận lại, từ {since}",
}


def _elsewhere(here: Site, dossier: Dossier, contents: Contents) -> list[Tag]:
    """Where the folder is, if not in the house; and whose opinion is waited for."""
    found = custody(dossier, hand_overs(dossier.timeline, contents), here.view)
    tags = []
    if found.where in _FOLDER and dossier.status is not Status.RETURNED:
        name, since = acts.agency_name(found.agency), words.clock(found.since, here.now())
        tags.append(Tag("acc", "here", tell(_FOLDER[found.where], {"since": since}, agency=name)))
    asked = open_opinion(dossier.standing)
    if asked is not None:
        tags.append(Tag("wait", "clock", tell("Chờ ý kiến {agency}", agency=acts.agency_name(asked.agency))))
    return tags


def _whereabouts_tag(here: Site, dossier: Dossier, where: dict[str, Whereabouts]) -> Tag:
    if here.node.is_centre:
        return Tag("ok", "ok", "Trung tâm đã có")
    moments: list[datetime | None] = [
        where[line.hash].centre_at if line.hash in where else None for line in dossier.timeline
    ]
    reached = [moment for moment in moments if moment is not None]
    if len(reached) == len(moments):
        return Tag("ok", "ok", say("Trung tâm đã có, {at}", at=words.clock(max(reached), here.now())))
    if any(_holders(here, line, where.get(line.hash)) for line in dossier.timeline):
        return Tag("wait", "here", "Chưa tới Trung tâm")
    return Tag("wait", "here", "Chỉ ở máy này")


def contested_since(dossier: Dossier) -> str:
    """When the newest act that is in a dispute was done; what central reports of several may name none of this one's."""
    members = {member for conflict in dossier.conflicts if conflict.binds for member in conflict.members}
    disputed = (line.at for line in dossier.timeline if line.hash in members)
    return max(disputed, default=dossier.timeline[-1].at)


def sides(shown: Shown, conflict: Conflict) -> list[Step]:
    """The acts that cannot all stand, in the order of the timeline."""
    return [step for step in shown.steps if step.line.hash in conflict.members]


def certificate_tag(certificates: Sequence[bytes]) -> Tag:
    """What is known here, now, of the certificates (DER) with which somebody is about to sign."""
    here = site()
    found = [here.node.signatories.assess(der, here.now()) for der in certificates]
    usable = [one for one in found if not one.why_not]
    if not usable:
        why = found[0].why_not if found else "no_token"
        return Tag("bad", "no", CERTIFICATE[why])
    return _revocation_tag(here, usable)


def _revocation_tag(here: Site, found: Sequence[Assessment]) -> Tag:
    """The worst of several: revoked, not checked, checked; always with the day of the list."""
    revoked = [one.since for one in found if one.revoked is Revoked.YES and one.since]
    if revoked:
        return Tag(
            "bad", "no", say("Chứng thư đã bị thu hồi từ {at}", at=words.clock(min(revoked), here.now()))
        )
    lists = [one.list_made for one in found if one.list_made is not None]
    of = (
        say("danh sách {at}", at=words.clock(min(lists), here.now()))
        if lists
        else say("chưa có danh sách thu hồi")
    )
    if any(one.revoked is Revoked.UNCHECKED for one in found):
        return Tag("wait", "part", say("Chưa kiểm tra thu hồi chứng thư ({of})", of=of))
    return Tag("ok", "ok", say("Đã kiểm tra thu hồi ({of})", of=of))


def _result_tags(here: Site, dossier: Dossier) -> list[Tag]:
    """What is known now of the certificates that signed and sealed the result, as of their signing."""
    found = []
    standing, events = dossier.standing, here.node.projector.events_of(dossier.stream)
    by_hash = {event.hash: event for event in events if isinstance(event, Event)}
    for done in (standing.outcome, standing.sealed):
        event = by_hash.get(EventHash(done.hash)) if done else None
        if done is None or event is None or event.signed is None:
            continue
        person = here.view.person(event.by)
        ders = [person.certificate(event.signed.certificate)] if person else []
        if isinstance(done.data, Sealed) and done.data.certificate:
            agency = here.view.agency(standing.received.agency) if standing.received else None
            ders += (
                [der for der in agency.ders() if fingerprint(der) == done.data.certificate] if agency else []
            )
        at = moment(event.at)
        found += [here.node.authorities.assess(der, at=at, now=here.now()) for der in ders if der]
    return [_revocation_tag(here, found)] if found else []


def _right(dossier: Dossier) -> Right:
    return site().node.deciding.right_of(presence.person(), dossier, site().now())


def why_not(dossier: Dossier, kind: str, data: msgspec.Struct) -> Trouble | None:
    """Why the person here may not do an act now; None where they may. Only asks: the ledger decides."""
    try:
        site().node.ledger.check(dossier, kind, data, by=presence.person().id, with_=second.anybody(kind))
    except NotAllowed as why:
        return trouble_of(why, dossier.status)
    return None


_UNMADE: Final = "file-" + "0" * 64


def sample_of(dossier: Dossier, kind: str) -> msgspec.Struct:
    """An act of a kind with any content, to ask whether it could be done at all."""
    match kind:
        case "dossier.withdrawal_asked":
            return WithdrawalAsked("?", "?")
        case "dossier.approved":
            right = _right(dossier)
            return Approved(_UNMADE, right.capacity, right.delegation)
        case "dossier.refused":
            right = _right(dossier)
            return RefusedResult(_UNMADE, "?", right.capacity, right.delegation)
        case "dossier.returned":
            return Returned("?", "?", dossier.standing.result or _UNMADE)
        case _:
            return Reasoned("?")
