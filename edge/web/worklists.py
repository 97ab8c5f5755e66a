"""Danh sách: what waits for the counter, list by list; what somebody has chosen stays chosen for them at this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, Literal

import msgspec
from flask import Blueprint, Response, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from edge.tables.node import Fact
from edge.web import presence, sheets, words
from edge.web.acts import agency_name
from edge.web.forms import Bare, Choice
from edge.web.language import say
from edge.web.returning import READY
from edge.web.site import AGENCIES, LISTS, RETURN, site
from edge.web.trouble import Expected, Trouble, trouble_of
from edge.worklists import Cut, Item, Key, Page, Sort, Whose
from schemas.acts import ResultNamed, Status
from schemas.calendar import VIETNAM
from schemas.deadlines import hand_over_by
from schemas.errors import NoDueMoment
from schemas.events import moment, timestamp
from schemas.worklists import NOT_COLLECTED_DAYS, Waits, end_of

blueprint = Blueprint("worklists", __name__)

EXCEL_ROWS: Final = 5_000
"""A workbook is made in memory, because a temporary file would lie open beside a closed folder. CSV has all rows."""
_LOGGED: Final = 100
"""Looks written in one transaction while a file is saved."""


@dataclass(frozen=True, slots=True)
class List:
    """One list: `cut` of an hour, `column` its moment is called, `nothing` what an empty one says.

    `mine` and `here`: of the person or of the counter that asks, whatever the filter says.
    """

    name: str
    title: str
    group: str
    cut: Callable[[datetime], Cut]
    column: str
    nothing: str
    urgent: bool = False
    mine: bool = False
    here: bool = False


def _from_end_of_day(now: datetime) -> Cut:
    return Cut(Waits.RUNNING, since=timestamp(now), before=end_of(site().today()))


def _not_collected(now: datetime) -> Cut:
    return Cut(Waits.RETURN, before=timestamp(now - timedelta(days=NOT_COLLECTED_DAYS)))


LISTS_HERE: Final = (
    List(
        "mine",
        "Của tôi",
        "Đang giải quyết",
        lambda now: Cut(Waits.OPEN),
        "Hẹn trả",
        "Hồ sơ anh/chị tiếp nhận mà chưa trả xong sẽ hiện ở đây ngay khi lưu.",
        mine=True,
    ),
    List(
        "counter",
        "Của quầy này",
        "Đang giải quyết",
        lambda now: Cut(Waits.OPEN),
        "Hẹn trả",
        "Hồ sơ nhận tại quầy này mà chưa trả xong sẽ hiện ở đây ngay khi lưu.",
        here=True,
    ),
    List(
        "today",
        "Hẹn hôm nay",
        "Hạn trả",
        _from_end_of_day,
        "Hẹn trả",
        "Không còn hồ sơ nào hẹn trả từ giờ tới hết hôm nay.",
    ),
    List(
        "overdue",
        "Quá hạn",
        "Hạn trả",
        lambda now: Cut(Waits.RUNNING, before=timestamp(now)),
        "Hẹn trả",
        "Không có hồ sơ nào quá hạn. Hồ sơ quá giờ hẹn tự hiện ở đây, không cần ai ghi.",
        urgent=True,
    ),
    List(
        "supplement",
        "Chờ bổ sung",
        "Bổ sung",
        lambda now: Cut(Waits.SUPPLEMENT),
        "Yêu cầu bổ sung",
        "Không có hồ sơ nào chờ người dân bổ sung giấy tờ.",
    ),
    List(
        "expired",
        "Hết hạn bổ sung",
        "Bổ sung",
        lambda now: Cut(Waits.EXPIRING, before=timestamp(now)),
        "Hạn bổ sung",
        "Không có hồ sơ nào quá hạn bổ sung. Hết ngày hẹn bổ sung, hồ sơ tự hiện ở đây.",
        urgent=True,
    ),
    List(
        "hand-over",
        "Chờ chuyển cơ quan",
        "Cơ quan giải quyết",
        lambda now: Cut(Waits.HAND_OVER),
        "Chuyển trước",
        "Mọi hồ sơ ngoài diện 4 tại chỗ đã được chuyển cho cơ quan giải quyết.",
    ),
    List(
        "back",
        "Chờ về quầy",
        "Cơ quan giải quyết",
        lambda now: Cut(Waits.BACK),
        "Xong",
        "Không có kết quả nào của cơ quan, và không có bản giấy nào của phòng, đang chờ về quầy.",
    ),
    List(
        "return",
        "Chờ trả",
        "Trả kết quả",
        lambda now: Cut(Waits.RETURN),
        "Nhận được từ",
        "Không có kết quả nào chờ người dân đến nhận.",
    ),
    List(
        "not-collected",
        "Lâu chưa nhận",
        "Trả kết quả",
        _not_collected,
        "Nhận được từ",
        f"Không có kết quả nào chờ quá {NOT_COLLECTED_DAYS} ngày mà chưa ai đến nhận.",
        urgent=True,
    ),
)
_BY_NAME: Final = {one.name: one for one in LISTS_HERE}
WHOSE: Final = (
    Choice("all", "Cả Trung tâm"),
    Choice("here", "Quầy này"),
    Choice("mine", "Tôi tiếp nhận"),
)
SORTS: Final = {one.value: one for one in Sort}


class Chosen(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody has chosen: kept for them at this machine."""

    list: str = ""
    whose: Literal["all", "here", "mine"] = "all"
    agency: str = ""
    sort: Literal["moment", "received", "name"] = "moment"

    def args(self, **other: object) -> dict[str, Any]:
        """What stands in addresses, with something of it changed."""
        said: dict[str, Any] = {
            "list": self.list,
            "whose": self.whose,
            "agency": self.agency,
            "sort": self.sort,
        }
        return said | other


@dataclass(frozen=True, slots=True)
class Shown:
    """One row with what its list says of it: two lines, and whether that is late."""

    item: Item
    said: str
    under: str
    late: bool


@dataclass(frozen=True, slots=True)
class Tab:
    """One list at the left, and how many stand in it."""

    list: List
    count: int


@blueprint.get("/lists")
def page() -> str:
    """The list that somebody chose last here, or the one in the address."""
    presence.require(LISTS)
    return _render(_chosen())


@blueprint.post("/lists/<stream>/ready")
def ready(stream: str) -> ResponseReturnValue:
    """A result of an agency, or one on paper, is at the counter: from now on somebody may come for it."""
    presence.require(LISTS)
    Bare.checked()
    chosen = kept_choice(presence.person().id)
    result = site().node.register.dossier(stream).standing.result
    try:
        site().node.ledger.act(stream, READY, ResultNamed(result or ""), by=presence.person().id)
    except Expected as why:
        trouble = trouble_of(why)
        return _render(chosen, trouble), trouble.status
    return redirect(url_for(".page", **chosen.args(moved=stream)), 303)


@blueprint.get("/lists.csv")
def csv() -> Response:
    """The whole list as it is filtered and sorted; spreadsheets read it as text, not as formulas."""
    presence.require(LISTS)
    chosen = _chosen()
    rows = sheets.csv_lines(_head(chosen), _rows(chosen))
    return sheets.answer(stream_with_context(rows), "text/csv; charset=utf-8", f"{_file(chosen)}.csv")


@blueprint.get("/lists.xlsx")
def xlsx() -> Response:
    """The same list, up to `EXCEL_ROWS`; the looks are in the log."""
    presence.require(LISTS)
    chosen = _chosen()
    made = sheets.workbook(_list(chosen).title, _head(chosen), islice(_rows(chosen), EXCEL_ROWS))
    return sheets.answer(made, sheets.XLSX, f"{_file(chosen)}.xlsx")


# ---- what is chosen


def _chosen() -> Chosen:
    """What the address says, else what this person chose last; and it is kept for the next time."""
    before = kept_choice(presence.person().id)
    asked = {name: request.args[name] for name in ("list", "whose", "agency", "sort") if name in request.args}
    try:
        chosen = msgspec.convert({**msgspec.to_builtins(before), **asked}, Chosen)
    except msgspec.ValidationError:
        chosen = before
    if chosen.list not in _BY_NAME:
        chosen = msgspec.structs.replace(chosen, list=before.list or _first())
    if chosen != before:
        kept = msgspec.json.encode(chosen).decode()
        with site().node.file.write():
            Fact.insert(key=_key(presence.person().id), value=kept).on_conflict_replace().execute()
    return chosen


def kept_choice(person: str) -> Chosen:
    """What this person chose last."""
    with site().node.file.read():
        fact = Fact.get_or_none(Fact.key == _key(person))
    with contextlib.suppress(msgspec.ValidationError):  # of another version
        if fact is not None:
            return msgspec.json.decode(fact.value, type=Chosen)
    return Chosen(list=_first())


def _key(person: str) -> str:
    return f"lists {person}"


def _first() -> str:
    """Who receives begins with their own work, everybody else with what is late."""
    return "mine" if presence.is_ones("dossier.received") else "overdue"


def _list(chosen: Chosen) -> List:
    return _BY_NAME[chosen.list]


def _whose(chosen: Chosen, of: List) -> Whose:
    mine, here = of.mine or chosen.whose == "mine", of.here or chosen.whose == "here"
    place = site().node.id.rpartition(".")[0]
    if of.mine or of.here:
        mine, here = of.mine, of.here
    return Whose(place if here else "", presence.person().id if mine else "", chosen.agency)


# ---- the page


def tabs_of(chosen: Chosen, now: datetime) -> list[Tab]:
    """Every list with how many stand in it."""
    lists = site().node.worklists
    return [Tab(one, lists.count(one.cut(now), _whose(chosen, one))) for one in LISTS_HERE]


def _render(chosen: Chosen, trouble: Trouble | None = None) -> str:
    now, of, lists = site().now(), _list(chosen), site().node.worklists
    found = lists.page(of.cut(now), _whose(chosen, of), SORTS[chosen.sort], after=_after())
    tabs = tabs_of(chosen, now)
    moved = request.args.get("moved", "")
    agencies = lists.agencies()
    return render_template(
        "worklists.html",
        chosen=chosen,
        lists_chosen=chosen,
        of=of,
        tabs=tabs,
        count=next(tab.count for tab in tabs if tab.list is of),
        rows=_shown(of, found, now),
        after=found.after,
        is_further=_after() is not None,
        whose=WHOSE,
        agencies=[Choice(code, agency_name(code)) for code in {*agencies, chosen.agency} if code],
        agency_of=agency_name,
        next_due=_next_due(of, chosen, now),
        trouble=trouble,
        moved=site().node.register.row(moved) if moved else None,
        may_return=site().may(presence.person(), RETURN),
        may_hand_over=site().may(presence.person(), AGENCIES),
        may_move=presence.is_ones(READY),
        excel_rows=EXCEL_ROWS,
    )


def _after() -> Key | None:
    at, position = request.args.get("at", ""), request.args.get("after", "")
    return Key(at, int(position)) if position.isdecimal() and len(position) < 19 else None


def _next_due(of: List, chosen: Chosen, now: datetime) -> str:
    """When the next dossier of an empty list of due moments is due."""
    if of.cut(now).waits is not Waits.RUNNING:
        return ""
    since = Cut(Waits.RUNNING, since=timestamp(now))
    first = site().node.worklists.page(since, _whose(chosen, of), size=1)
    return first.items[0].moment if first.items else ""


def _shown(of: List, page: Page, now: datetime) -> list[Shown]:
    until = {}
    if of.name == "supplement":
        until = site().node.worklists.moments(Waits.EXPIRING, [item.row.position for item in page.items])
    return [_say(of, item, now, until.get(item.row.position, "")) for item in page.items]


def _say(of: List, item: Item, now: datetime, until: str) -> Shown:
    at = item.moment
    match of.name:
        case "supplement":
            under = say("hạn {day}", day=_day(until)) if until else say("không hẹn ngày")
            return Shown(item, f"{words.age(at, now)}", under, bool(until) and until <= timestamp(now))
        case "expired":
            return Shown(item, _day(at), say("quá {age}", age=words.age(at, now)), late=True)
        case "hand-over":
            return _to_hand_over(item, now)
        case "back":
            return Shown(item, words.clock(at, now), say("{age} trước", age=words.age(at, now)), late=False)
        case "return" | "not-collected":
            here = at <= timestamp(now)
            late = at < timestamp(now - timedelta(days=NOT_COLLECTED_DAYS))
            under = say("chờ {age}", age=words.age(at, now)) if here else say("chưa tới hẹn")
            return Shown(item, words.clock(at, now), under, late)
        case _ if item.row.status == Status.DONE:  # in time or not is over
            return Shown(item, say("có kết quả"), say("hẹn {at}", at=words.clock(at, now)), late=False)
        case _:
            return Shown(item, *words.left(item.row, now))


def _to_hand_over(item: Item, now: datetime) -> Shown:
    try:
        by = hand_over_by(moment(item.moment), site().view.calendar())
    except NoDueMoment:  # a year that central has not confirmed
        return Shown(item, say("chưa có lịch"), say("báo quản trị"), late=False)
    return Shown(item, *words.time_left(by, now))


def _day(end: str) -> str:
    """The last day before an end of day."""
    return words.day((moment(end) - timedelta(seconds=1)).astimezone(VIETNAM).date())


# ---- what is saved


def _file(chosen: Chosen) -> str:
    return f"{_list(chosen).name}-{words.stamp(site().now())[:16].replace(' ', '-').replace(':', '')}"


def _head(chosen: Chosen) -> Sequence[str]:
    return (
        *("Mã hồ sơ", "Chủ hồ sơ", "Người nộp", "Điện thoại", "Mã TTHC", "Thủ tục", "Cơ quan giải quyết"),
        *("Nhận lúc", "Nơi nhận", "Hẹn trả", "Trạng thái", _list(chosen).column, ""),
    )


def _rows(chosen: Chosen) -> Iterator[Sequence[str]]:
    """Who saves a list takes its rows along: each is a look at its dossier, and in the log before it is given."""
    now, of = site().now(), _list(chosen)
    found = site().node.worklists.all(of.cut(now), _whose(chosen, of), SORTS[chosen.sort])
    while some := list(islice(found, _LOGGED)):
        streams = [item.row.stream for item in some]
        site().node.views.looked_at_all(presence.person().id, streams, request.endpoint or "")
        for shown in _shown(of, Page(some, None), now):
            row = shown.item.row
            yield (
                *(row.number, row.applicant, row.submitter, presence.phone(row.phone), row.procedure),
                *(
                    row.procedure_name,
                    agency_name(row.agency),
                    words.stamp(row.received_at),
                    site().place(row.node),
                ),
                *("tạm dừng" if row.stopped else words.stamp(row.due_at), words.STATUS[Status(row.status)]),
                *(shown.said, shown.under),
            )
