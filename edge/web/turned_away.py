"""Không tiếp nhận: what was turned away with form 02 or 03, beside the lists of work; chosen and kept as those are."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from itertools import islice
from typing import Any, Final, Literal

import msgspec
from flask import Response, render_template, request, stream_with_context

from edge.tables.dossiers import TurnedAwayRow
from edge.tables.node import Fact
from edge.turned_away import Asked
from edge.web import presence, sheets, words
from edge.web.acts import agency_name
from edge.web.forms import Choice
from edge.web.site import LISTS, site
from edge.web.worklists import EXCEL_ROWS, WHOSE, blueprint, kept_choice, tabs_of
from schemas.calendar import VIETNAM
from schemas.events import timestamp

__all__ = ["blueprint"]
"""With these pages."""

SPANS: Final = {"1": "Hôm nay", "7": "7 ngày", "30": "30 ngày", "90": "90 ngày", "365": "365 ngày"}
"""Today and the days before it: the longest bounds what the page costs."""
FORMS: Final = {"": "cả hai mẫu", "02": "Mẫu 02: bổ sung", "03": "Mẫu 03: từ chối"}
_LOGGED: Final = 100
_HEAD: Final = (
    *("Lúc", "Mẫu", "Chủ hồ sơ", "Người nộp", "Điện thoại", "Mã TTHC", "Thủ tục", "Cơ quan giải quyết"),
    *("Số giấy tờ cần bổ sung", "Lý do", "Quầy", "Người hướng dẫn"),
)


class Chosen(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody has chosen: kept for them at this machine."""

    days: Literal["1", "7", "30", "90", "365"] = "30"
    form: Literal["", "02", "03"] = ""
    whose: Literal["all", "here", "mine"] = "all"
    agency: str = ""

    def args(self, **other: object) -> dict[str, Any]:
        """What stands in addresses, with something of it changed."""
        return {"days": self.days, "form": self.form, "whose": self.whose, "agency": self.agency} | other


@blueprint.get("/lists/turned-away")
def turned_away() -> str:
    presence.require(LISTS)
    chosen, lists = _chosen(), site().node.turned_away
    asked = _asked(chosen)
    after = request.args.get("after", "")
    found = lists.page(asked, after=after)
    before = kept_choice(presence.person().id)
    codes = {one.code for one in site().view.agencies()} | {chosen.agency}
    return render_template(
        "turned_away_list.html",
        chosen=chosen,
        lists_chosen=before,
        tabs=tabs_of(before, site().now()),
        count=lists.count(asked),
        rows=found.rows,
        after=found.after,
        is_further=bool(after),
        spans=[Choice(*one) for one in SPANS.items()],
        forms=[Choice(*one) for one in FORMS.items()],
        whose=WHOSE_HERE,
        agencies=[Choice(code, agency_name(code)) for code in codes if code],
        agency_of=agency_name,
        counter_of=_place,
        excel_rows=EXCEL_ROWS,
    )


WHOSE_HERE: Final = tuple(
    Choice(one.value, "Tôi hướng dẫn" if one.value == "mine" else one.label) for one in WHOSE
)


@blueprint.get("/lists/turned-away.csv")
def turned_away_csv() -> Response:
    presence.require(LISTS)
    rows = sheets.csv_lines(_HEAD, _rows(_chosen()))
    return sheets.answer(stream_with_context(rows), "text/csv; charset=utf-8", f"{_file()}.csv")


@blueprint.get("/lists/turned-away.xlsx")
def turned_away_xlsx() -> Response:
    presence.require(LISTS)
    made = sheets.workbook("Không tiếp nhận", _HEAD, islice(_rows(_chosen()), EXCEL_ROWS))
    return sheets.answer(made, sheets.XLSX, f"{_file()}.xlsx")


def _chosen() -> Chosen:
    """What the address says, else what this person chose last; and it is kept for the next time."""
    key = f"turned away {presence.person().id}"
    with site().node.file.read():
        fact = Fact.get_or_none(Fact.key == key)
    before = Chosen()
    with contextlib.suppress(msgspec.ValidationError):  # of another version
        before = msgspec.json.decode(fact.value, type=Chosen) if fact is not None else before
    asked = {name: request.args[name] for name in before.args() if name in request.args}
    try:
        chosen = msgspec.convert(before.args() | asked, Chosen)
    except msgspec.ValidationError:
        return before
    if chosen != before:
        kept = msgspec.json.encode(chosen).decode()
        with site().node.file.write():
            Fact.insert(key=key, value=kept).on_conflict_replace().execute()
    return chosen


def _asked(chosen: Chosen) -> Asked:
    begins = site().today() - timedelta(days=int(chosen.days) - 1)
    return Asked(
        timestamp(datetime.combine(begins, time(), VIETNAM)),
        site().node.id.rpartition(".")[0] if chosen.whose == "here" else "",
        presence.person().id if chosen.whose == "mine" else "",
        chosen.agency,
        chosen.form,
    )


def _file() -> str:
    return f"turned-away-{words.stamp(site().now())[:16].replace(' ', '-').replace(':', '')}"


def _rows(chosen: Chosen) -> Iterator[Sequence[str]]:
    """Each row that is saved is a look at what was brought, and in the log before it is given."""
    found = site().node.turned_away.all(_asked(chosen))
    while some := list(islice(found, _LOGGED)):
        streams = [row.stream for row in some]
        site().node.views.looked_at_all(presence.person().id, streams, request.endpoint or "")
        yield from map(_cells, some)


def _cells(row: TurnedAwayRow) -> Sequence[str]:
    return (
        *(words.stamp(row.at), row.form, row.applicant, row.submitter, presence.phone(row.phone)),
        *(row.procedure, row.procedure_name, agency_name(row.agency), str(row.papers or ""), row.reason),
        *(_place(row.place), site().name(row.person)),
    )


def _place(place: str) -> str:
    """A counter, whichever machine stood there."""
    cards = [card for card in site().view.cards() if card.place == place]
    return cards[-1].title if cards else place
