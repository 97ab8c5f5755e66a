"""Biên lai điện tử: those that are still to be issued, with all that has to be said of them; and that it was done.

Whoever collects issues them with a program of their own: it gets the list as a file, signs, and sends them to the tax
authority. What it says of each (number, code, moment) is typed or pasted here. One wrong line and nothing is written.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from flask import Blueprint, Response, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from edge.tables.money import PendingReceiptRow
from edge.till import PENDING_SHOWN, Signed
from edge.web import presence, sheets, words
from edge.web.acts import agency_name
from edge.web.days import Moment, moment_of
from edge.web.forms import LONGEST, Choice, Form, text, too_long
from edge.web.language import say
from edge.web.site import FEES, TAKINGS, site
from edge.web.trouble import Expected, Trouble, trouble_of
from edge.web.worklists import EXCEL_ROWS
from schemas.calendar import VIETNAM
from schemas.deadlines import RECEIPTS_AFTER_OUTAGE, due
from schemas.errors import NoDueMoment
from schemas.events import moment, timestamp
from schemas.till import amounts

blueprint = Blueprint("issuing", __name__)

WHOSE: Final = (Choice("", "Mọi quầy"), Choice("here", "Quầy này"))
MOST_LINES: Final = 500
_READ: Final = 200
_LINE: Final = re.compile(r"[;\t,]")
_HEAD: Final = (
    *(
        "Mẫu",
        "Ký hiệu",
        "Số",
        "Thu lúc",
        "Tổ chức thu",
        "Mã số thuế",
        "Người nộp tiền",
        "Địa chỉ",
        "Mã hồ sơ",
    ),
    *("Tên khoản thu", "Phí", "Lệ phí", "Tổng tiền", "Hình thức", "Số tham chiếu", "Quầy"),
)


class Issued(Form):
    """What was issued: by the codes beside the rows of the page, or as lines that were pasted."""

    signed = Moment("Ký lúc", validators=[InputRequired("Chưa ghi ngày giờ ký biên lai.")])
    signed_by = StringField(
        "Chữ ký số của", filters=[text], validators=[Length(max=LONGEST, message=too_long())]
    )
    lines = TextAreaField("Dán từ phần mềm biên lai")
    on_paper = BooleanField("In bản thể hiện của từng biên lai")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row with the last moment for sending it (none while the calendar of that year is not there), and what was typed."""

    row: PendingReceiptRow
    until: datetime | None
    late: bool
    lookup: str


@blueprint.get("/fees/pending")
def page() -> ResponseReturnValue:
    """Supervisors see it too, at central what every counter took: nothing is forgotten that has left the counters."""
    presence.require(TAKINGS)
    form = Issued(formdata=None)
    form.signed.data = site().now().astimezone(VIETNAM).replace(tzinfo=None)
    return _render(form)


@blueprint.post("/fees/pending")
def issue() -> ResponseReturnValue:
    """`act=save` records; anything else, as a scanner's Enter, looks again."""
    presence.require(FEES)
    form = Issued()
    if request.form.get("act") != "save":
        return _render(form)
    errors = [] if form.validate_on_submit() else form.error_list()
    signed, wrong = _signed(form) if not errors else ({}, [])
    errors += wrong
    if not errors and not signed:
        errors.append(
            ("lines", say("Chưa có biên lai nào: ghi mã tra cứu ở dòng của biên lai, hoặc dán danh sách."))
        )
    if errors:
        return _render(form, errors), 422
    try:
        site().node.till.issue(signed, by=presence.person().id, on_paper=bool(form.on_paper.data))
    except Expected as why:
        trouble = trouble_of(why)
        return _render(form, trouble=trouble), trouble.status
    if form.on_paper.data:
        site().spool_wake()
    return redirect(url_for(".page", place=request.args.get("place") or None, done=len(signed)), 303)


@blueprint.get("/fees/pending.csv")
def csv() -> Response:
    """All that are to be issued, streamed."""
    presence.require(TAKINGS)
    rows = sheets.csv_lines(_HEAD, ([str(cell) for cell in row] for row in _cells()))
    return sheets.answer(stream_with_context(rows), "text/csv; charset=utf-8", f"{_file()}.csv")


@blueprint.get("/fees/pending.xlsx")
def xlsx() -> Response:
    """The same as a workbook, up to `EXCEL_ROWS`."""
    presence.require(TAKINGS)
    made = sheets.workbook("Chờ phát hành", _HEAD, islice(_cells(), EXCEL_ROWS))
    return sheets.answer(made, sheets.XLSX, f"{_file()}.xlsx")


def _signed(form: Issued) -> tuple[dict[str, Signed], list[tuple[str, str]]]:
    """What was issued, by the act that took the money; and what is wrong with it."""
    till, by = site().node.till, form.signed_by.data or ""
    at = _vietnamese(form.signed.data)
    found: dict[str, Signed] = {}
    errors = [("signed", say(_LATER))] if at > site().now() else []
    for name, value in request.form.items():
        if name.startswith("lookup-") and (lookup := text(value)):
            found[name.removeprefix("lookup-")] = Signed(lookup[:LONGEST], by, at)
    lines = [line for line in (form.lines.data or "").splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        return {}, [("lines", say("Nhiều hơn {most} dòng. Dán làm nhiều lần.", most=MOST_LINES))]
    for place, line in enumerate(lines, 1):
        symbol, number, lookup, when = [*map(text, _LINE.split(line, maxsplit=3)), "", "", ""][:4]
        moment_said = moment_of(when) if when else None
        row = (
            till.pending_by_number(symbol.upper(), int(number))
            if number.isdecimal() and len(number) < 9
            else None
        )
        if row is None:
            errors.append(
                (
                    "lines",
                    say(
                        "Dòng {n}: không có biên lai {symbol} số {number} chờ phát hành ở đây.",
                        n=place,
                        symbol=symbol,
                        number=number,
                    ),
                )
            )
        elif not lookup:
            errors.append(("lines", say("Dòng {n}: chưa có mã tra cứu.", n=place)))
        elif row.collected in found:
            twice = say(
                "Dòng {n}: biên lai {symbol} số {number} ghi hai lần.", n=place, symbol=symbol, number=number
            )
            errors.append(("lines", twice))
        elif when and moment_said is None:
            errors.append(("lines", say("Dòng {n}: ký lúc ghi như 04/01/2027 08:10.", n=place)))
        elif moment_said is not None and _vietnamese(moment_said) > site().now():
            errors.append(("lines", say("Dòng {n}: {why}", n=place, why=say(_LATER))))
        else:
            signed_at = _vietnamese(moment_said) if moment_said is not None else at
            found[row.collected] = Signed(lookup[:LONGEST], by, signed_at)
    return found, errors


_LATER: Final = "Giờ ký chưa tới. Xem lại ngày giờ."


def _vietnamese(typed: datetime) -> datetime:
    return moment(timestamp(typed.replace(tzinfo=VIETNAM)))


def _place() -> str:
    return site().node.id.rpartition(".")[0] if request.args.get("place") == "here" else ""


def _render(form: Issued, errors: list[tuple[str, str]] | None = None, trouble: Trouble | None = None) -> str:
    till, now, place = site().node.till, site().now(), _place()
    rows = till.pending(place=place, after=request.args.get("after", ""), size=PENDING_SHOWN + 1)
    more = len(rows) > PENDING_SHOWN
    waiting = [_waiting(row, now) for row in rows[:PENDING_SHOWN]]
    done = request.args.get("done", "")
    return render_template(
        "issuing.html",
        form=form,
        waiting=waiting,
        count=till.count_pending(place),
        after=waiting[-1].row.collected if more else "",
        is_further="after" in request.args,
        place=request.args.get("place", ""),
        places=WHOSE,
        done=done if done.isdecimal() else "",
        errors=errors or [],
        trouble=trouble,
        issues=site().may(presence.person(), FEES),
        number_of=_number_of,
    )


def _waiting(row: PendingReceiptRow, now: datetime) -> Waiting:
    until = None
    with contextlib.suppress(NoDueMoment):  # a year that central has not confirmed
        until = due(moment(row.at), RECEIPTS_AFTER_OUTAGE, site().view.calendar()).moment
    late = until is not None and until < now
    return Waiting(row, until, late, request.form.get(f"lookup-{row.collected}", ""))


def _number_of(stream: str) -> str:
    row = site().node.register.row(stream)
    return row.number if row is not None else ""


def _file() -> str:
    return f"bien-lai-{words.stamp(site().now())[:16].replace(' ', '-').replace(':', '')}"


def _cells() -> Iterator[Sequence[str | int]]:
    """All that stands on each receipt, for the program that issues them."""
    till, place, after = site().node.till, _place(), ""
    while rows := till.pending(place=place, after=after, size=_READ):
        for row in rows:
            dossier = site().node.register.dossier(row.stream)
            taken, received = till.collection(dossier, row.collected), dossier.received
            if taken is None or received is None:
                continue
            agency = site().view.agency(received.agency)
            charge, fee = amounts(taken.lines)
            came = received.submitter or received.applicant
            yield (
                *(row.form, row.symbol, row.number, words.stamp(row.at), agency_name(received.agency)),
                *(agency.tax_code if agency else "", taken.payer, came.address or received.applicant.address),
                *(received.number, "; ".join(dict.fromkeys(line.name for line in taken.lines)), charge, fee),
                *(taken.total, words.METHODS[taken.method], taken.reference, row.place),
            )
        after = rows[-1].collected
