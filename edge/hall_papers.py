"""What a kiosk prints for whoever reads it there: where a dossier stands, on the roll, and a procedure, on a sheet.

In Vietnamese, whatever language the screen speaks. Neither names anybody, and no act comes of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urljoin

from edge.node import Node
from edge.settings import PrinterKind
from printing import spool
from printing.content import Paper
from printing.papers.hall import LookUpSlip, PostedPaper, ProcedureSheet
from printing.spool import PrintJob
from printing.typesetting import to_job
from printing.words import in_vietnam
from schemas.deadlines import Why
from schemas.entries import Case, Procedure
from schemas.events import moment
from schemas.fees import At, Channel, FeeTable
from schemas.public import Told

LATE: Final = (LookUpSlip.FORM, ProcedureSheet.FORM)
"""What nobody waits for any more after some minutes."""
_CHANNELS: Final = {
    Channel.DIRECT: "nộp trực tiếp",
    Channel.ONLINE: "nộp trực tuyến",
    Channel.POST: "nộp qua bưu chính",
}


def prints_sheets(node: Node) -> bool:
    """Whether a sheet of A4 comes out here: not where the only printers have a roll.

    Where there is no printer at all, everything lies in the folder of PDFs, and sheets too.
    """
    name = node.spool.printers.name_for(ProcedureSheet.FORM)
    kinds = {one.name: one.kind for one in node.place_printers.listed()}
    return kinds[name] is not PrinterKind.ESCPOS if name in kinds else not kinds


def print_told(node: Node, told: Told, *, state: str, what: str, known: str) -> PrintJob:
    """Queue where a dossier stands, as somebody has just read it: `state` and `what` in words, `known` as of when."""
    due = moment(told.due) if told.due and not told.returned_at and told.state != "stopped" else None
    paused = not told.due and not told.returned_at and told.state != "stopped"
    until = "/".join(reversed(told.until.split("-")))
    paper = LookUpSlip(
        **_common(node, "/look-up"),
        qr_text=told.number,
        number=told.number,
        state=state,
        what=what,
        procedure=told.procedure,
        due=due,
        paused="tạm dừng tính thời gian" if paused else "",
        returned=moment(told.returned_at) if told.returned_at else None,
        missing=f"{told.papers} loại{f', chậm nhất ngày {until}' if until else ''}" if told.papers else "",
        owed=_dong(told.owed) if told.owed else "",
        known=known,
        asked=node.clock(),
    )
    return _spool(node, paper)


def print_procedure(node: Node, procedure: Procedure, blanks: Sequence[str]) -> PrintJob:
    """Queue what is posted of a procedure; `blanks` are the names of its forms."""
    view, at = node.catalog.latest, node.clock()
    day, agency, table = in_vietnam(at).date(), view.agency(procedure.agency), view.fee_table(procedure.code)
    page = f"/procedures/{procedure.code}"
    common = _common(node, page)
    paper = ProcedureSheet(
        **common,
        qr_text=common["page"],
        code=procedure.code,
        procedure=procedure.name,
        field=procedure.field,
        resolving=agency.name if agency else procedure.agency,
        limit=_limit(procedure),
        not_counted="; ".join(Why(one.value).words for one in procedure.not_counted),
        fees="\n".join(_fees(procedure, table, at)) or "không thu",
        reliefs="\n".join(
            f"{one.name}: {'miễn' if one.percent == 100 else f'giảm {one.percent} %'}, khi có {one.proof}"
            for one in (table.reliefs if table is not None else ())
            if one.holds(day)
        ),
        result=procedure.result,
        decision=procedure.decision,
        papers=tuple(
            PostedPaper(
                tt=place,
                name=one.name,
                originals=one.originals,
                copies=one.copies,
                note="bản chính nộp khi nhận kết quả" if one.at_return else "",
            )
            for place, one in enumerate(procedure.components, start=1)
        ),
        cases="\n".join(_case(procedure, one) for one in procedure.cases),
        blanks="\n".join(blanks),
        printed=at,
    )
    return _spool(node, paper)


def _spool(node: Node, paper: Paper) -> PrintJob:
    """It belongs to no dossier: whoever reads on *Máy in* that it waits learns nothing of whom it tells."""
    at = node.clock()
    number = f"{in_vietnam(at):%y%m%d}-{paper.name}"
    with node.file.write():
        same = (PrintJob.number == number) & (PrintJob.form == paper.FORM)
        again = replace(paper, print_count=PrintJob.select().where(same).count() + 1)
        return spool.put(
            stream="",
            number=number,
            form=paper.FORM,
            payload=to_job(again),
            copies=1,
            attempt=again.print_count,
            at=at,
        )


def _common(node: Node, path: str) -> dict[str, Any]:
    view = node.catalog.latest
    centre = view.centre()
    return {
        "superior": centre.superior if centre else "",
        "agency": centre.name if centre else node.card.title,
        "place": centre.place if centre else "",
        "catalog": view.number,
        "page": urljoin(centre.page, path) if centre and centre.page else "",
    }


def _limit(procedure: Procedure) -> str:
    more = procedure.in_difficult_communes
    said = procedure.limit.words()
    return f"{said}; cộng thêm {more} ngày làm việc ở xã miền núi, vùng sâu, vùng xa" if more else said


def _fees(procedure: Procedure, table: FeeTable | None, at: datetime) -> list[str]:
    day = in_vietnam(at).date()
    if table is None:
        named = [
            f"{'Phí' if one.kind.value == 'phi' else 'Lệ phí'}: {_dong(one.amount)} đồng"
            for one in procedure.fees_on(day)
        ]
    else:
        named = [
            ", ".join(
                [
                    f"{one.name}: {_dong(one.amount)} đồng",
                    *([_CHANNELS[one.channel]] if isinstance(one.channel, Channel) else []),
                    *(["thu khi trả kết quả"] if one.at is At.RETURN else []),
                ]
            )
            for one in table.lines
            if one.holds(day)
        ]
    return [*named, procedure.fee_note] if procedure.fee_note else named


def _case(procedure: Procedure, case: Case) -> str:
    fees = [f"{_dong(one.amount)} đồng" for one in case.fees] if case.fees else []
    papers = [one.name for one in case.components] if case.components else []
    return "; ".join([f"{case.name}: {procedure.limit_of(case.code).words()}", *fees, *papers])


def _dong(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")
