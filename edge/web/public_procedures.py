"""Thủ tục công khai: what can be applied for, with papers, fees and limit, for anybody; searched without diacritics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from edge.register import search_procedures
from edge.web.acts import agency_name
from edge.web.forms import Choice
from edge.web.hosts import asked_in_public
from edge.web.limits import Limit, limited
from edge.web.site import site
from schemas.deadlines import WHY_NOT_COUNTED, Why
from schemas.entries import ApplicationForm, Duty, Procedure

blueprint = Blueprint("public_procedures", __name__)
OPEN: Final = ("public_procedures.page", "public_procedures.one", "public_procedures.blank")
TYPES: Final = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
SHOWN: Final = 40
"""Procedures on a page; the next page begins after the last code."""
LOOKS: Final = Limit("procedures", 120, 120)
"""A search goes through all of them."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of procedures: how many there are in all, and after which code the next page begins ("": none)."""

    procedures: list[Procedure]
    count: int
    after: str


@dataclass(frozen=True, slots=True)
class Blank:
    """A blank that applicants fill in, and whether its file is at this machine."""

    form: ApplicationForm
    is_here: bool


@blueprint.get("/procedures")
@limited(LOOKS)
def page() -> str:
    """Those in force today, by words and by agency, a page at a time."""
    view, day = site().view, site().today()
    term, agency = request.args.get("q", "")[:200].strip(), request.args.get("agency", "")
    every = view.procedures(day)
    agencies = sorted({one.agency for one in every})
    return render_template(
        "public_procedures.html",
        listed=listed(
            [one for one in every if agency in ("", one.agency)], term, request.args.get("after", "")
        ),
        term=term,
        agency=agency,
        agencies=[Choice(code, agency_name(code)) for code in agencies],
        agency_of=agency_name,
    )


@blueprint.get("/procedures/<code>")
@limited(LOOKS)
def one(code: str) -> str:
    """Papers, fees, limit and blanks of one. 404 for what is not in force today."""
    procedure = site().view.procedure(code, site().today())
    if procedure is None:
        abort(404)
    may_file = Duty.INTAKE in site().card.duties and not asked_in_public()
    return render_template("public_procedure.html", may_file=may_file, **facts_of(procedure))


@blueprint.get("/procedures/<code>/forms/<name>")
@limited(LOOKS)
def blank(code: str, name: str) -> ResponseReturnValue:
    """A blank to keep and to fill in; `name` is its id."""
    found = next((one for one in blanks_of(code) if one.form.id == name), None)
    content = site().node.archive.read(found.form.file) if found is not None else None
    if found is None or content is None:
        abort(404)
    response = Response(content, mimetype=TYPES[found.form.type])
    response.headers.set("Content-Disposition", "attachment", filename=f"{found.form.name}.{found.form.type}")
    return response


def blanks_of(code: str) -> list[Blank]:
    """The blanks that are posted with a procedure today."""
    archive, today = site().node.archive, site().today()
    return [
        Blank(one, any(not archive.missing(found) for found in archive.lists(one.file)))
        for one in site().view.application_forms(code)
        if one.holds(today)
    ]


def listed(procedures: list[Procedure], term: str, after: str, *, size: int = SHOWN) -> Listed:
    """A search shows the best at once; without one, all in the order of their codes, page by page."""
    if term:
        found, count = search_procedures(procedures, term, limit=size)
        return Listed(found, count, "")
    rest = [one for one in procedures if one.code > after]
    more = rest[size - 1].code if len(rest) > size else ""
    return Listed(rest[:size], len(procedures), more)


def facts_of(procedure: Procedure) -> dict[str, object]:
    """All that is posted of a procedure."""
    here = site()
    day, table = here.today(), here.view.fee_table(procedure.code)
    return {
        "procedure": procedure,
        "agency": agency_name(procedure.agency),
        "fees": procedure.fees_on(day),
        "table": table is not None,
        "lines": [line for line in table.lines if line.holds(day)] if table is not None else [],
        "reliefs": [one for one in table.reliefs if one.holds(day)] if table is not None else [],
        "blanks": blanks_of(procedure.code),
        "not_counted": [WHY_NOT_COUNTED[Why(one.value)] for one in procedure.not_counted],
    }
