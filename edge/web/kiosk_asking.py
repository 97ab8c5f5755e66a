"""What a kiosk answers beside numbers: where a dossier stands, which other machines tell it, and what can be applied for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urljoin

from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from edge.hall_papers import print_procedure, print_told, prints_sheets
from edge.web import words
from edge.web.acts import agency_name
from edge.web.codes import drawn
from edge.web.forms import Bare, Choice
from edge.web.kiosk import blueprint, let_go_of_late_papers, manner_of_page, render
from edge.web.kiosk_words import WORDS
from edge.web.limits import Limit, TooOften
from edge.web.look_up import LONGEST, WRONG_OF_MACHINE, Said, look_up, look_up_petition
from edge.web.look_up_words import STATES, TONES
from edge.web.petitions import Petition
from edge.web.public_procedures import blanks_of, facts_of, listed
from edge.web.site import site
from edge.web.trouble import Expected
from printing.words import in_vietnam
from schemas import public
from schemas.entries import Duty, Procedure
from schemas.events import moment
from schemas.petitions import LETTERS, Told

OPEN: Final = (
    *("kiosk.ask", "kiosk.told", "kiosk.told_paper"),
    *("kiosk.procedures", "kiosk.procedure", "kiosk.procedure_paper"),
)
PETITION_OPEN: Final = (
    *("kiosk.petition", "kiosk.file_petition"),
    *("kiosk.petition_answer", "kiosk.petition_told", "kiosk.petition_paper"),
)
FROM_KIOSK: Final = Limit("petitions of a kiosk", 20, 2)
"""One after the other people say what they have to say."""
PAPERS: Final = Limit("papers of a kiosk", 12, 4)
"""One after the other people take something along; nobody takes a ream."""


@blueprint.get("/kiosk/look-up")
def ask() -> str:
    """The number, which a scanner may type, and four digits."""
    return _form(Said(), "")


@blueprint.post("/kiosk/look-up")
def told() -> ResponseReturnValue:
    """Where a dossier stands, by number and four digits. 422, or 429 after too many guesses."""
    if not Bare().validate_on_submit():
        return _form(Said(error="old_page", status=400), "")
    typed, said = _asked()
    return _form(said, typed) if said.told is None else _told(said.told), said.status


@blueprint.post("/kiosk/look-up/paper")
def told_paper() -> ResponseReturnValue:
    """The same on paper; who asks shows number and digits again, so that nobody else's comes out."""
    if not Bare().validate_on_submit():
        return _form(Said(error="old_page", status=400), "")
    typed, said = _asked()
    if said.told is None:
        return _form(said, typed), said.status
    try:
        site().limits.take(PAPERS, request.remote_addr or "")
    except TooOften:
        return _told(said.told, printed="too_often"), 429
    state, what = STATES["vi"][said.told.state]
    let_go_of_late_papers()
    try:
        print_told(site().node, said.told, state=state, what=what, known=_known(said.told, WORDS["vi"]))
    except Expected:
        return _told(said.told, printed="no_printing"), 409
    site().spool_wake()
    return _told(said.told, printed="petition_printed")


def _asked() -> tuple[str, Said]:
    typed = request.form.get("number", "")[:LONGEST].strip()
    return typed, look_up(typed, request.form.get("four", ""), WRONG_OF_MACHINE, others=True)


def _known(told_now: public.Told, said: Mapping[str, str]) -> str:
    """As of when, and by whom."""
    place = site().place(told_now.by)
    if not told_now.as_of:
        return said["as_of_itself"].format(place=place)
    return said["as_of"].format(at=words.clock(told_now.as_of, site().now()), place=place)


def _told(told_now: public.Told, *, printed: str = "") -> str:
    """`printed`: the word that says what became of the paper."""
    manner = manner_of_page()
    return render(
        "kiosk_told.html",
        told=told_now,
        four=request.form.get("four", ""),
        printed=printed,
        known=_known(told_now, WORDS[manner.lang]),
        words=STATES[manner.lang][told_now.state],
        tone=TONES.get(told_now.state, "ok"),
        due=_day_and_hour(told_now.due, manner.lang),
        returned=_day_and_hour(told_now.returned_at, manner.lang),
    )


def _form(said: Said, number: str) -> str:
    return render("kiosk_look_up.html", error=said.error, number=number or _usual_start())


def _usual_start() -> str:
    """What all numbers here begin with: the letters and digits of the province, and nobody has to touch them."""
    codes = [one.partition(".")[0] for one in sorted(_agencies())]
    return f"{codes[0]}." if codes and all(code == codes[0] for code in codes) else ""


def _agencies() -> set[str]:
    return {one.agency for one in site().view.procedures(site().today())}


def _day_and_hour(at: str, lang: str) -> str:
    if not at:
        return ""
    return words.full(at) if lang == "vi" else f"{in_vietnam(moment(at)):%H:%M, %d/%m/%Y}"


@blueprint.get("/kiosk/procedures")
def procedures() -> str:
    """By agency, so that nobody needs to type; or by what was typed."""
    every = site().view.procedures(site().today())
    agency, term = request.args.get("agency", ""), request.args.get("q", "")[:200].strip()
    agencies = [Choice(code, agency_name(code)) for code in {one.agency for one in every}]
    found = listed(
        [one for one in every if agency in ("", one.agency)], term, request.args.get("after", ""), size=8
    )
    return render(
        "kiosk_procedures.html",
        agencies=sorted(agencies, key=lambda one: one.label),
        agency=agency,
        agency_name=agency_name(agency) if agency else "",
        term=term,
        listed=found,
    )


@blueprint.get("/kiosk/procedures/<code>")
def procedure(code: str) -> str:
    """Papers, fees and limit of one procedure, by touch. 404."""
    return _procedure(_posted(code))


@blueprint.post("/kiosk/procedures/<code>/paper")
def procedure_paper(code: str) -> ResponseReturnValue:
    """The whole of it on a sheet, to take along."""
    found = _posted(code)
    if not Bare().validate_on_submit():
        return _procedure(found, printed="old_page"), 400
    if not prints_sheets(site().node):
        raise NotFound
    try:
        site().limits.take(PAPERS, request.remote_addr or "")
    except TooOften:
        return _procedure(found, printed="too_often"), 429
    let_go_of_late_papers()
    try:
        print_procedure(site().node, found, [one.form.name for one in blanks_of(code)])
    except Expected:
        return _procedure(found, printed="no_printing"), 409
    site().spool_wake()
    return _procedure(found, printed="sheet_printed")


def _posted(code: str) -> Procedure:
    found = site().view.procedure(code, site().today())
    if found is None:
        raise NotFound
    return found


def _procedure(found: Procedure, *, printed: str = "") -> str:
    """`printed`: the word that says what became of the paper."""
    centre = site().view.centre()
    page = urljoin(centre.page, f"/procedures/{found.code}") if centre and centre.page else ""
    path, side = drawn(page) if page else ("", 0)
    may_file = Duty.INTAKE in site().card.duties
    return render(
        "kiosk_procedure.html",
        **facts_of(found),
        code=path,
        side=side,
        may_file=may_file,
        printed=printed,
        prints=prints_sheets(site().node),
    )


# ---- what somebody wants to say


@blueprint.get("/kiosk/petition")
def petition() -> str:
    """What a kiosk asks of whoever files a petition."""
    return _petition(None, "")


@blueprint.post("/kiosk/petition")
def file_petition() -> ResponseReturnValue:
    """By nobody: the machine writes down what somebody typed."""
    form = Petition()
    if not form.validate_on_submit():
        wrong = next((f"petition_{name}" for name, _ in form.error_list() if name in _SAID), "old_page")
        return _petition(form, wrong), 422
    try:
        site().limits.take(FROM_KIOSK, request.remote_addr or "")
        number = form.file(spool=lambda told: site().node.papers.spool_petition(told, site().now()))
    except TooOften:
        return _petition(form, "too_often"), 429
    except Expected:
        return _petition(form, "petition_not_taken"), 409
    let_go_of_late_papers()
    site().spool_wake()
    row = site().node.petitions.row(form.stream.data)
    due = _day_and_hour(row.due, manner_of_page().lang) if row is not None else ""
    return render("kiosk_petition.html", filed=number, due=due, form=form, error="")


@blueprint.get("/kiosk/petition/answer")
def petition_answer() -> str:
    """The number of a petition, which a scanner may type from its paper, and four digits."""
    return _answer_form(Said(), "PA-")


@blueprint.post("/kiosk/petition/answer")
def petition_told() -> ResponseReturnValue:
    """The answer to a petition, by its number. 422, or 429 after too many guesses."""
    typed, said = _asked_for_petition()
    if said.petition is None:
        return _answer_form(said, typed), said.status
    return _answer(said.petition)


@blueprint.post("/kiosk/petition/paper")
def petition_paper() -> ResponseReturnValue:
    """The same on paper; who asks shows number and digits again, so that nobody else's comes out."""
    typed, said = _asked_for_petition()
    if said.petition is None:
        return _answer_form(said, typed), said.status
    let_go_of_late_papers()
    with site().node.file.write():
        site().node.papers.spool_petition(said.petition, site().now())
    site().spool_wake()
    return _answer(said.petition, printed=True)


def _asked_for_petition() -> tuple[str, Said]:
    if not Bare().validate_on_submit():
        return "PA-", Said(error="old_page", status=400)
    typed = request.form.get("number", "")[:LONGEST].strip()
    return typed, look_up_petition(typed, request.form.get("four", ""), WRONG_OF_MACHINE)


def _answer_form(said: Said, number: str) -> str:
    return render("kiosk_petition_ask.html", error=said.error, number=number, letters=LETTERS)


def _answer(told: Told, *, printed: bool = False) -> str:
    lang = manner_of_page().lang
    return render(
        "kiosk_petition_told.html",
        told=told,
        printed=printed,
        four=request.form.get("four", ""),
        filed=_day_and_hour(told.filed_at, lang),
        due=_day_and_hour(told.due, lang),
        answered=_day_and_hour(told.answered_at, lang),
        closed=_day_and_hour(told.closed_at, lang),
        as_of=words.clock(told.as_of, site().now()) if told.as_of else "",
    )


def _petition(form: Petition | None, error: str) -> str:
    if form is None:
        form = Petition(formdata=None)
        form.stream.data = site().node.petitions.new_stream()
    return render("kiosk_petition.html", filed="", due="", form=form, error=error)


_SAID: Final = ("content", "name", "phone")
