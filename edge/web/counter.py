"""Reception in one screen.

Enter, which a scanner sends, presses the form's first button: it only looks again (fills in from a scanned card,
searches, counts) and saves nothing. Saving is a button of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge.drafts import Draft as Begun
from edge.ids import names_stream
from edge.ledger import Draft
from edge.register import search_procedures
from edge.tables.dossiers import DossierRow, TurnedAwayRow
from edge.web import drafting, presence, strip
from edge.web.citizen_card import CitizenCard
from edge.web.drafting import Kept
from edge.web.due_moment import Due, explain
from edge.web.highlight import Piece, highlighted
from edge.web.language import say
from edge.web.reception import SOURCES, Papers, Reception, identity_problem, same_as_saved
from edge.web.site import COUNTER, Site, site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.calendar import local_day
from schemas.deadlines import hand_over_by
from schemas.entries import Commune, Procedure
from schemas.errors import NoDueMoment, NoNumber
from schemas.events import StreamId, timestamp
from schemas.events import moment as moment_of
from schemas.fees import At, Channel, charge
from schemas.fold import Dossier
from schemas.identity import digits
from schemas.owing import NAMES

blueprint = Blueprint("counter", __name__)

NOT_KEPT: Final = Kept()
OUTAGE: Final = "dossier.outage_noted"
SENT_HOME: Final = timedelta(days=60)
"""So long the reception remembers with what somebody was sent home, as long as machines keep it."""
LEFT_OVER: Final = 3
"""Hits that stay on the page once a procedure is chosen."""
_SAVED_BEFORE: Final = "Hồ sơ trước trên trang này đã lưu với số {number}; nội dung đang nhập thì chưa lưu."


@dataclass(frozen=True, slots=True)
class Hit:
    """A procedure that was found, with the words that were typed marked in its name."""

    procedure: Procedure
    pieces: list[Piece]


@dataclass(frozen=True, slots=True)
class ToPay:
    """One phí or lệ phí of today; `later`: it is taken when the result is handed over."""

    name: str
    amount: int
    later: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """What follows from a procedure today, at this machine."""

    procedure: Procedure
    agency: str
    case: str
    fees: tuple[ToPay, ...]
    due: Due | None
    number: str | None
    troubles: tuple[Trouble, ...]
    communes: tuple[Commune, ...]
    """Where the matter may lie; none where its time does not depend on that."""

    @property
    def total(self) -> int:
        """What is to be paid at the reception."""
        return sum(fee.amount for fee in self.fees if not fee.later)

    @property
    def papers_of(self) -> str:
        """Whose papers these are: a case may ask for others."""
        return f"{self.procedure.code} {self.case}".strip()


@blueprint.get("/counter")
def page() -> ResponseReturnValue:
    """`draft`: one that was begun before. `of`: a dossier of whoever stands here with one more; `instead`: the stream that
    goes on for it, where it was received by mistake."""
    presence.require(COUNTER)
    draft = drafting.of(request.args.get("draft", ""), "counter")
    if draft is not None:
        return _go_on(draft)
    form = Reception(formdata=None)
    form.stream.data = _unused(request.args.get("instead", "")) or _new_stream(site())
    of = request.args.get("of", "")
    focus = "q" if of and _one_more(form, of) else "identity"
    return render(form, None, request.args.get("q", ""), focus=focus)


@blueprint.get("/counter/procedures")
def procedures() -> str:
    """The hits for `q`; what is chosen already stays chosen."""
    presence.require(COUNTER)
    term = request.args.get("q", "")
    hits, found = _search(site(), term)
    code = request.args.get("procedure", "")
    chosen = site().view.procedure(code, site().today()) if code else None
    if chosen is not None and all(hit.procedure.code != code for hit in hits):
        hits = [Hit(chosen, highlighted(chosen.name, term)), *hits]
    entering = request.args.get("entering", "")
    known = entering in drafting.PAGES and entering != "counter"
    where = url_for(f"{entering}.enter") if known else url_for("counter.receive")
    lately = [] if term or chosen else _lately(site())
    return render_template(
        "counter_hits.html",
        hits=hits,
        lately=lately,
        found=found,
        term=term,
        procedure=code,
        where=where,
        focus="",
    )


@blueprint.post("/counter")
def receive() -> ResponseReturnValue:
    """`act=save` saves; anything else looks again."""
    presence.require(COUNTER)
    form = Reception()
    card = form.take_card()
    pressed = request.form.get("queue", "")
    if pressed in strip.ACTS:
        return _press(form, pressed)
    saving = request.form.get("act") == "save"
    picked = "" if saving else picked_by_enter()
    code = picked or request.form.get("procedure", "")
    chosen = chosen_by(form, code)
    papers = papers_for(form, chosen)
    if not saving:
        return render(
            form,
            chosen,
            request.form.get("q", ""),
            papers=papers,
            card=card,
            known_from=_take_earlier(form),
            focus=next_field(form, chosen, card is not None, picked),
            kept=drafting.keep("counter", procedure=code),
        )
    unseen = chosen is not None and form.components_of.data != chosen.papers_of
    right = form.validate_on_submit()
    asked = papers is None or not papers.names_an_outage or form.noted_outage(site().now()) is not None
    placed = is_placed(form, chosen)
    right = right and asked and placed
    if chosen is None or papers is None or unseen or not papers.validate() or not right:
        return render(form, chosen, request.form.get("q", ""), papers=papers, saving=True, unseen=unseen), 422
    return _save(form, chosen, papers)


def _unused(stream: str) -> str:
    """A stream in which nothing is yet; "" for any other."""
    free = names_stream(stream) and not site().node.register.dossier(stream).timeline
    return stream if free else ""


def _one_more(form: Reception, stream: str) -> bool:
    """Fill in whoever handed in another dossier just now; whether that one is here."""
    received = site().node.register.dossier(stream).received
    if received is None:
        return False
    came = received.submitter or received.applicant
    form.identity.data, form.no_identity.data = came.identity, not came.identity
    form.name.data, form.address.data = came.name, came.address
    form.phone.data, form.email.data = came.phone, came.email
    form.return_by.data, form.notify.data = received.return_by, received.notify
    site().node.views.looked(presence.person().id, stream, "counter.receive")
    return True


def _press(form: Reception, pressed: str) -> ResponseReturnValue:
    """A button of the queue: whoever comes next gets a page of their own."""
    code = request.form.get("procedure", "")
    kept, trouble = drafting.keep("counter"), None
    try:
        strip.press(pressed)
    except Expected as why:
        trouble = strip.trouble(why)
    if pressed != "again" and trouble is None:
        return redirect(url_for(".page"), 303)
    chosen = chosen_by(form, code)
    papers = papers_for(form, chosen)
    page = render(form, chosen, request.form.get("q", ""), papers=papers, kept=kept, trouble=trouble)
    return page if trouble is None else (page, trouble.status)


def picked_by_enter() -> str:
    """The procedure that Enter in the search box means: the only one found, or the one whose whole code was typed."""
    term = request.form.get("q", "")
    if not term.strip() or term == request.form.get("searched", ""):
        return ""
    if request.headers.get("HX-Trigger-Name") == "procedure":
        return ""  # a row was chosen, whatever stands in the box
    hits, found = _search(site(), term)
    exact = [hit.procedure.code for hit in hits if hit.procedure.code.lower() == term.strip().lower()]
    return exact[0] if exact else hits[0].procedure.code if found == 1 else ""


def next_field(form: Reception, chosen: Chosen | None, scanned: bool, picked: str) -> str:
    """Where work goes on after Enter: whoever types never has to look for the next box."""
    if not form.identity.data and not form.no_identity.data:
        return ""
    if not form.name.data:
        return "name"
    if scanned and not form.phone.data:
        return "phone"
    if chosen is None:
        hits, _ = _search(site(), request.form.get("q", ""))
        return f"procedure-{hits[0].procedure.code}" if hits and request.form.get("q", "") else "q"
    if not (picked or scanned or request.headers.get("HX-Trigger-Name") == "procedure"):
        return ""
    if chosen.procedure.cases and not form.case.data:
        return "case"
    return "commune" if chosen.communes and not form.commune.data else "originals-0"


def _take_earlier(form: Reception) -> DossierRow | None:
    """Fill what is empty from the newest dossier of the same person; which one, where anything was taken over."""
    here, number = site(), digits(form.identity.data or "")
    if identity_problem(number) is not None or (form.name.data and form.phone.data):
        return None
    for row in here.node.register.earlier(number, limit=1):
        received = here.node.register.dossier(row.stream).received
        if received is not None and form.take_earlier(received):
            here.node.views.looked(presence.person().id, row.stream, request.endpoint or "")
            return row
    return None


def _save(form: Reception, chosen: Chosen, papers: Papers) -> ResponseReturnValue:
    here, draft = site(), form.draft(chosen.procedure.code, papers)
    stream = stream_of(form)
    try:
        dossier = _receive(here, StreamId(stream), draft, form, papers)
    except Expected as why:
        trouble = trouble_of(why)
        return render(form, chosen, request.form.get("q", ""), papers=papers, trouble=trouble), trouble.status
    assert dossier.received is not None, "the ledger has just received it"  # noqa: S101
    if not same_as_saved(draft, dossier.received):
        form.stream.data = _new_stream(here)
        trouble = Trouble(
            say(_SAVED_BEFORE, number=dossier.received.number),
            say("Hồ sơ trước vẫn nguyên; mọi ô dưới đây vẫn giữ nguyên."),
            say("Bấm “Lưu và in 2 liên” lần nữa để lưu thành hồ sơ mới."),
        )
        return render(form, chosen, request.form.get("q", ""), papers=papers, trouble=trouble), 409
    here.spool_wake()
    drafting.saved("counter", stream)
    return redirect(url_for("dossier.page", stream=stream, saved=1), 303)


def stream_of(form: Reception) -> str:
    """The stream that the page has carried from the first look on; a new one for what is none."""
    if not names_stream(form.stream.data):
        form.stream.data = _new_stream(site())
    return str(form.stream.data)


def _receive(here: Site, stream: StreamId, draft: Draft, form: Reception, papers: Papers) -> Dossier:
    """The reception, and the incident by which papers were asked for: both or neither."""
    node, by = here.node, presence.person().id
    with node.file.write():
        known = node.register.row(stream) is not None
        dossier = node.ledger.receive(stream, draft, by=by, spool=node.papers.spool_slip)
        outage = form.noted_outage(here.now()) if papers.names_an_outage and not known else None
        return node.ledger.act(stream, OUTAGE, outage, by=by) if outage is not None else dossier


def papers_for(
    form: Reception, chosen: Chosen | None, typed: Mapping[str, str] | None = None
) -> Papers | None:
    """What was typed for the chosen procedure; its own numbers where another one has just been chosen."""
    if chosen is None:
        return None
    if form.components_of.data == chosen.papers_of:
        return Papers.typed_for(chosen.procedure, request.form if typed is None else typed, chosen.case)
    return Papers.required_by(chosen.procedure, chosen.case)


def _go_on(draft: Begun) -> ResponseReturnValue:
    """The page as it was when it was last kept; the dossier, where a crash came between saving and the answer."""
    if (saved := drafting.became(draft)) is not None:
        return redirect(url_for("dossier.page", stream=saved.stream, saved=1), 303)
    typed = drafting.typed_in(draft)
    form = Reception(formdata=typed)
    form.take_card()
    chosen = chosen_by(form, typed.get("procedure", ""))
    papers = papers_for(form, chosen, typed)
    focus = next_field(form, chosen, False, "") or ("originals-0" if chosen else "identity")
    kept = Kept(at=moment_of(draft.at))
    return render(form, chosen, typed.get("q", ""), papers=papers, focus=focus, kept=kept)


def render(
    form: Reception,
    chosen: Chosen | None,
    term: str,
    *,
    papers: Papers | None = None,
    card: CitizenCard | None = None,
    trouble: Trouble | None = None,
    known_from: DossierRow | None = None,
    focus: str = "",
    kept: Kept = NOT_KEPT,
    saving: bool = False,
    unseen: bool = False,
    template: str = "counter.html",
    where: str = "",
    more_errors: Sequence[tuple[str, str]] = (),
    **more: object,
) -> str:
    """The page; `template` is one that extends it, `where` what takes its form. `more_errors` stand beside their fields while
    it is only looked at too."""
    hits, found = _search(site(), term)
    if chosen is not None:
        form.components_of.data = chosen.procedure.code
        hits = _chosen_first(chosen, hits, term)
    desk = strip.desk() if not where else None
    errors = [*(form.error_list() if saving else []), *more_errors]
    errors += _other_errors(chosen, papers, unseen) if saving else []
    return render_template(
        template,
        where=where or url_for("counter.receive"),
        entering=request.blueprint if where else "counter",
        form=form,
        chosen=chosen,
        papers=papers,
        term=term,
        hits=hits,
        found=found,
        card=card,
        known_from=known_from,
        focus=focus,
        kept=kept,
        unsaved=[] if chosen or term or kept.at else drafting.unsaved(),
        trouble=trouble,
        errors=errors,
        saving=saving,
        earlier=_earlier(form),
        warnings=form.warnings(site().today(), card),
        alike=_alike(form, chosen),
        sent_home=_sent_home(form, chosen),
        lately=[] if chosen or term else _lately(site()),
        procedure=chosen.procedure.code if chosen else "",
        sources=SOURCES,
        desk=desk,
        said=strip.said(desk) if desk is not None else "",
        total=len(site().view.procedures(site().today())),
        **more,
    )


def _other_errors(chosen: Chosen | None, papers: Papers | None, unseen: bool) -> list[tuple[str, str]]:
    if chosen is None or papers is None:
        return [("q", say("Chưa chọn thủ tục. Gõ tên thủ tục rồi chọn một dòng."))]
    if unseen:
        return [
            (
                "originals-0",
                say("Vừa đổi thủ tục: xem lại số bản giấy tờ của thủ tục mới, rồi bấm lưu lần nữa."),
            )
        ]
    rows = [
        (f"originals-{place}", paper.error) for place, paper in enumerate(papers.listed) if paper.error
    ] + [(f"extra-name-{place}", paper.error) for place, paper in enumerate(papers.extra) if paper.error]
    return rows + ([("originals-0", papers.error)] if papers.error else [])


def chosen_by(form: Reception, code: str, at: datetime | None = None) -> Chosen | None:
    """What follows from a procedure with all that the page asks about it; `at` as in `chosen_for`."""
    return chosen_for(
        site(),
        code,
        at,
        case=form.case.data,
        channel=form.channel.data,
        commune=form.commune.data,
        elsewhere=bool(form.elsewhere.data),
    )


def is_placed(form: Reception, chosen: Chosen | None) -> bool:
    """Whether it is known where the matter lies, if its time depends on that; else the error stands at the field."""
    if chosen is None or not chosen.communes or any(one.code == form.commune.data for one in chosen.communes):
        return True
    form.commune.errors = [say("Chưa chọn xã, phường: thời hạn của thủ tục này tùy theo đó.")]
    return False


def chosen_for(
    here: Site,
    code: str,
    at: datetime | None = None,
    *,
    case: str | None = "",
    channel: str | None = "direct",
    commune: str | None = "",
    elsewhere: bool = False,
) -> Chosen | None:
    """What follows from a procedure now, or for papers that were received `at` another moment, under their number."""
    moment = at or here.now()
    today = local_day(at) if at else here.today()  # which a clock that just jumped does not change
    procedure = here.view.procedure(code, today) if code else None
    if procedure is None:
        return None
    agency = here.view.agency(procedure.agency)
    case = case if any(one.code == case for one in procedure.cases) else ""
    counted, number, troubles = None, None, []
    placed = here.view.commune(commune, today) if commune and procedure.in_difficult_communes else None
    limit = procedure.terms(case or "").limit_for(difficult=placed is not None and placed.difficult)
    try:
        calendar = here.view.calendar()
        counted = explain(hand_over_by(moment, calendar) if elsewhere else moment, limit, calendar)
    except NoDueMoment as why:
        troubles.append(trouble_of(why))
    try:
        number = here.node.ledger.expected_number(procedure.agency) if at is None else None
    except NoNumber as why:
        troubles.append(trouble_of(why))
    return Chosen(
        procedure,
        agency.name if agency else procedure.agency,
        case or "",
        _to_pay(here, procedure, today, case or "", channel),
        counted,
        number,
        tuple(troubles),
        tuple(here.view.communes(today)) if procedure.in_difficult_communes else (),
    )


def _to_pay(
    here: Site, procedure: Procedure, today: date, case: str, channel: str | None
) -> tuple[ToPay, ...]:
    """As the ledger will ask for it: by the fee table where there is one."""
    table = here.view.fee_table(procedure.code)
    if table is None:
        return tuple(ToPay(NAMES[fee.kind.value], fee.amount, False) for fee in procedure.fees_on(today))
    road = next((one for one in Channel if one.value == channel), Channel.DIRECT)
    items = charge(table, today, road, case=case).items
    return tuple(ToPay(item.name, item.amount, item.at is At.RETURN) for item in items)


def _search(here: Site, term: str) -> tuple[list[Hit], int]:
    procedures, found = search_procedures(here.view.procedures(here.today()), term)
    return [Hit(procedure, highlighted(procedure.name, term)) for procedure in procedures], found


def _chosen_first(chosen: Chosen, hits: list[Hit], term: str) -> list[Hit]:
    """The chosen procedure and the nearest others: once it is chosen, its papers need the room."""
    first = Hit(chosen.procedure, highlighted(chosen.procedure.name, term))
    others = [hit for hit in hits if hit.procedure.code != chosen.procedure.code]
    return [first, *others[: LEFT_OVER - 1]]


def _earlier(form: Reception) -> list[DossierRow]:
    """Earlier dossiers of the one who came or for whom; the one who came is asked first."""
    register = site().node.register
    for field in (form.applicant_identity, form.identity):
        found = register.earlier(digits(field.data or ""))
        if found:
            return found
    return []


def _alike(form: Reception, chosen: Chosen | None) -> list[DossierRow]:
    """What may be the same dossier once more, received here or anywhere that this machine has heard of."""
    if chosen is None:
        return []
    whose = form.applicant_identity if form.for_whom.data == "other" else form.identity
    found = site().node.register.alike(
        digits(whose.data or ""), chosen.procedure.code, site().today().isoformat()
    )
    return [row for row in found if row.stream != form.stream.data]


def _sent_home(form: Reception, chosen: Chosen | None) -> list[TurnedAwayRow]:
    """With what the same person was sent home for the same procedure: whoever comes back is asked for that, and no more."""
    if chosen is None:
        return []
    whose = form.applicant_identity if form.for_whom.data == "other" else form.identity
    since = timestamp(site().now() - SENT_HOME)
    return site().node.turned_away.of(digits(whose.data or ""), chosen.procedure.code, since)


def _lately(here: Site) -> list[Hit]:
    """What this counter receives most, for whoever has not typed anything yet."""
    known = (
        here.view.procedure(code, here.today()) for code in here.node.register.procedures_lately(here.node.id)
    )
    return [Hit(procedure, [Piece(procedure.name, False)]) for procedure in known if procedure is not None]


def _new_stream(here: Site) -> StreamId:
    return here.node.ids.stream(here.now())
