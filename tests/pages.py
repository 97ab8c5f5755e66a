"""Every page of the product: at which machine, who looks at it, and a day that has something to show on each.

The tests that look at all pages go by this one table; `tests/web/test_pages.py` holds it against Flask's own map, so that
nobody adds a page and forgets to have it looked at.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import orjson
from msgspec import structs
from reportlab.pdfgen.canvas import Canvas

from central.centre import Office
from central.demo.plan import ADMINISTRATOR, QUEUES
from printing.spool import PrintJob
from schemas.acts import Party, RequestedComponent, SupplementRequested
from schemas.entries import Grant, Role
from tests.agencies import ELSEWHERE, OFFICER, people_of_agencies
from tests.centres import SEALED, SmallCentre
from tests.portal import Portal, submission
from tests.web.clerk import Clerk

COUNTER, ROOM, CENTRAL = "counter-01", "room-01", "central"
RECEIVER, CASHIER, APPRAISER, APPROVER, CLERK = "hanh.nh", "van.lt", "ha.lt", "viet.tq", "chi.nth"
SUPERVISOR, DESK, OTHER_APPROVER, NOBODY = "dung.tt", "huong.ltt", "mai.hk", None
AT_ONCE = "1.001737"
"""A procedure that this day is done in one step."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at a page. `path` has the names of the day's things in braces; `tall`: a screen that stands in the hall."""

    endpoint: str
    path: str
    node: str
    person: str | None
    tall: bool = False

    @property
    def name(self) -> str:
        """Of its picture."""
        path = self.path.strip("/").replace("{", "").replace("}", "")
        plain = "".join(one if one.isalnum() else "-" for one in path) or "home"
        return f"page-{self.node}-{plain}"


def _at(node: str, person: str | None, *pages: tuple[str, str], tall: bool = False) -> Iterator[Sight]:
    for endpoint, path in pages:
        yield Sight(endpoint, path, node, person, tall)


SIGHTS: Final = (
    *_at(
        COUNTER, NOBODY,
        ("sign_in.page", "/sign-in"),
        ("sign_in.password_page", "/sign-in/password"),
        ("slip.page", "/slip"),
    ),
    *_at(
        COUNTER, NOBODY,
        ("kiosk.page", "/kiosk"),
        ("kiosk.page", "/kiosk?lang=en&large=1&low=1"),
        ("kiosk.ticket", "/kiosk/ticket/{ticket}"),
        ("kiosk.rate", "/kiosk/rate?n=A001"),
        ("kiosk.ask", "/kiosk/look-up"),
        ("kiosk.procedures", "/kiosk/procedures?agency=H37.07"),
        ("kiosk.procedure", "/kiosk/procedures/1.000703?lang=en"),
        ("kiosk.petition", "/kiosk/petition"),
        ("kiosk.petition_answer", "/kiosk/petition/answer"),
        ("kiosk.tablet", "/rating"),
        ("board.page", "/board"),
        tall=True,
    ),
    *_at(
        CENTRAL, NOBODY,
        ("look_up.page", "/look-up"),
        ("public_procedures.page", "/procedures"),
        ("public_procedures.page", "/procedures?language=en&q=xay+dung"),
        ("public_procedures.one", "/procedures/1.000703"),
        ("petitions.new", "/petition?language=vi"),
        ("reports.public", "/figures"),
        ("filing.form", "/file/1.000703"),
        ("filing.done", "/filed?filed=NT-270301-7K3M-9QXA"),
    ),
    *_at(
        COUNTER, RECEIVER,
        ("counter.page", "/counter"),
        ("counter.page", "/counter?draft={draft}"),
        ("afterwards.page", "/counter/afterwards"),
        ("again.page", "/slip/again?draft={half_entered}"),
        ("turning_away.page", "/counter/turned-away/{turned_away}"),
        ("inbox.page", "/inbox"),
        ("inbox.one", "/inbox/{submitted}"),
        ("calling.page", "/queue"),
        ("worklists.page", "/lists"),
        ("worklists.page", "/lists?list=overdue"),
        ("worklists.turned_away", "/lists/turned-away"),
        ("agencies.page", "/agencies?tab=handed_over"),
        ("returning.page", "/return"),
        ("returning.one", "/return/{done}"),
        ("dossier.page", "/dossier/{received}"),
        ("dossier.page", "/dossier/{contested}"),
        ("dossier.page", "/dossier/{returned}"),
        ("dossier.withdraw_page", "/dossier/{received}/withdraw"),
        ("amending.page", "/dossier/{received}/amend"),
        ("cancelling.page", "/dossier/{received}/cancel"),
        ("correcting.page", "/dossier/{returned}/correct"),
        ("scanning.page", "/dossier/{received}/scans"),
        ("course.one", "/dossier/{asked}/course/supplied"),
        ("find.page", "/find"),
        ("verifying.page", "/verify"),
        ("printing.page", "/printing"),
        ("printing.in_browser", "/printing/{job}/browser"),
        ("exchange.page", "/sync"),
        ("held.page", "/held"),
        ("courier.page", "/courier"),
        ("account.page", "/me"),
        ("account.draft", "/me/drafts/{typed}"),
        ("account.pin_page", "/me/pin"),
        ("account.password_page", "/me/password"),
        ("account.hour_page", "/me/hour"),
        ("keys.page", "/keys"),
    ),
    *_at(
        COUNTER, CASHIER,
        ("fees.page", "/fees"),
        ("fees.one", "/fees/{received}"),
        ("fees.void_page", "/fees/{paid}/void/{payment}"),
        ("fees.refund_page", "/fees/{paid}/refund/{payment}"),
        ("issuing.page", "/fees/pending"),
        ("till.page", "/till"),
        ("takings.page", "/takings"),
    ),
    *_at(
        ROOM, APPRAISER,
        ("room.page", "/room"),
        ("room.one", "/room/{received}"),
        ("folders.page", "/folders"),
        ("timing.page", "/timing"),
        ("agencies.opinion_page", "/agencies/{received}/opinion"),
        ("course.one", "/dossier/{received}/course/supplement"),
    ),
    *_at(
        ROOM, APPROVER,
        ("room.page", "/room"),
        ("room.one", "/room/{appraised}"),
        ("batch.page", "/room/batch?stream={appraised}"),
    ),
    *_at(ROOM, OTHER_APPROVER, ("one_step.page", "/one-step/{at_once}")),
    *_at(ROOM, CLERK, ("sealing.page", "/seal"), ("sealing.one", "/seal/{to_seal}")),
    *_at(
        ROOM, OFFICER,
        ("workplace.page", "/agency"),
        ("workplace.opinion", "/agency/{opinion}/opinion"),
    ),
    *_at(
        CENTRAL, SUPERVISOR,
        ("petitions.page", "/petitions"),
        ("petitions.one", "/petitions/{petition}"),
        ("scores.page", "/scores"),
        ("reports.page", "/reports"),
        ("reports.one", "/reports/06a"),
        ("reports.one", "/reports/qua-han"),
        ("reports.book", "/reports/so-theo-doi"),
    ),
    *_at(
        CENTRAL, DESK,
        ("desk.page", "/desk"),
        ("desk.one", "/desk/{conflict}"),
        ("due_check.page", "/due"),
        ("lacking.page", "/lacking"),
        ("outages.page", "/outages"),
        ("outages.one", "/outages/{outage}"),
        ("lacking.page", "/lacking"),
    ),
    *_at(
        CENTRAL, ADMINISTRATOR,
        ("nodes.page", "/nodes"),
        ("nodes.machine_page", "/nodes/counter-01.1"),
        ("nodes.reach", "/nodes/map"),
        ("nodes.code_page", "/nodes/code"),
        ("nodes.stick_page", "/nodes/stick"),
        ("nodes.revoke_page", "/nodes/counter-02.1/revoke"),
        ("succession.page", "/nodes/central"),
        ("staff.page", "/staff"),
        ("staff.new", "/staff/new"),
        ("staff.one", "/staff/viet.tq"),
        ("staff.delegations", "/delegations"),
        ("staff.import_page", "/staff/import"),
        ("reference.page", "/reference"),
        ("cataloguing.new", "/reference/procedure/new"),
        ("cataloguing.new", "/reference/fees/new"),
        ("cataloguing.history", "/reference/procedure/of/1.000703"),
        ("cataloguing.edit", "/reference/procedure/of/1.000703/edit"),
        ("cataloguing.import_page", "/reference/import"),
        ("cataloguing.proposals", "/reference/proposals"),
        ("pictures.page", "/reference/pictures"),
        ("pictures.one", "/reference/pictures/person/viet.tq"),
        ("cataloguing.one", "{proposal}"),
        ("outlet.page", "/outlet"),
        ("application_forms.page", "/application-forms"),
        ("paper_forms.page", "/forms"),
        ("paper_forms.one", "/forms/01"),
        ("paper_forms.new", "/forms/02/new"),
        ("paper_forms.new", "/forms/ticket/new"),
        ("personal.page", "/personal"),
        ("personal.register", "/personal/register"),
        ("redacting.page", "/redact/{received}"),
        ("printers.search", "/printers/search"),
        ("viewing.page", "/views"),
    ),
)  # fmt: skip

NO_PAGES: Final[Mapping[str, str]] = {
    "home": "leads to the first page of whoever asks",
    "static": "files",
    "filing.page": "leads to the procedures that are posted",
    "desk.static": "files",
    "account.reopen": "leads to the page of a draft",
    "account.draft_fields": "what a draft holds, for the page's script",
    "agencies.slip_pdf": "a paper",
    "workplace.slip_pdf": "a paper",
    "turning_away.pdf": "a paper",
    "dossier.attachment_pdf": "a paper",
    "dossier.result_pdf": "a paper",
    "dossier.slip_pdf": "a paper",
    "desk.paper": "a paper",
    "course.paper_pdf": "a paper",
    "public_procedures.blank": "a paper",
    "fees.paper": "a paper",
    "paper_forms.shown": "a paper",
    "pictures.printed": "a picture",
    "printing.sheet": "a paper",
    "reports.pdf": "a paper",
    "reports.book_pdf": "a paper",
    "reports.book_csv": "a table for programs",
    "reports.book_xlsx": "a table for programs",
    "scans.picture": "a picture",
    "scanning.file": "a scan",
    "inbox.file": "a scan",
    "nodes.card_file": "a card, to be carried",
    "nodes.root": "a certificate, to be carried",
    "worklists.csv": "a table for programs",
    "worklists.xlsx": "a table for programs",
    "worklists.turned_away_csv": "a table for programs",
    "worklists.turned_away_xlsx": "a table for programs",
    "outages.proof": "a paper",
    "outages.receipts": "a table for programs",
    "issuing.csv": "a table for programs",
    "issuing.xlsx": "a table for programs",
    "reports.csv": "a table for programs",
    "reports.xlsx": "a table for programs",
    "takings.as_csv": "a table for programs",
    "takings.as_xlsx": "a table for programs",
    "counter.procedures": "part of the reception",
    "strip.page": "part of the reception",
    "exchange.elsewhere": "part of the page of replication",
    "dossier.paper": "part of a dossier's page",
    "courier.errand": "part of the courier's page",
    "room.queue_fragment": "part of the room's page",
    "scanning.lying": "part of the page of scans",
    "printing.state": "part of the page of printers",
    "status_line.fragment": "part of every page",
    "cataloguing.staged": "an imported table, for as long as it is looked at; its parts are those of a proposal",
}
"""What answers to an address and is no page, and what it is instead."""


def a_full_day(centre: SmallCentre) -> dict[str, str]:
    """Something on every page: what the table names in braces."""
    named: dict[str, str] = {}
    people_of_agencies(centre)
    named["outage"] = _outage(centre)
    counter, room, central = centre[COUNTER], centre[ROOM], centre[CENTRAL]
    stream = central.petitions.new_stream()
    named["submitted"] = str(Portal(central).post(submission()).said["dossier"])
    central.petitions.file(
        stream, sender=Party("Vi Thị Lan", phone="0912000345"), text="Chờ hai giờ mới tới lượt."
    )
    named["petition"] = stream

    received, asked, done, returned, contested, to_seal, appraised, opinion, elsewhere = (
        centre.receive(applicant=name, procedure=procedure)
        for name, procedure in (
            ("Nông Văn Thắng", "1.000703"),
            ("Hoàng Thị Hường", "1.000703"),
            ("Triệu Thị Mai", "1.000703"),
            ("Vi Văn Nam", "1.000703"),
            ("Giàng A H'Lử", "1.000703"),
            ("Lô Thị Kim Ngân", SEALED),
            ("Dương Công Bằng", "1.000703"),
            ("Công ty TNHH Một thành viên Thương mại Dịch vụ Vận tải và Xây dựng Xứ Lạng", "1.000703"),
            ("Bế Văn Đàn", ELSEWHERE),
        )
    )
    named["at_once"] = _to_decide_at_once(centre)
    centre.meet()
    for dossier in (done, returned, contested, to_seal, appraised):
        centre.appraise(dossier)
    said = SupplementRequested((RequestedComponent("Đơn", "Thiếu chữ ký"),), "Chưa đủ.", "2027-03-31")
    room.course.request_supplement(asked.stream, said, by=APPRAISER)
    centre.approve(done)
    centre.approve(returned)
    centre.approve(to_seal)
    centre.meet()
    centre.return_(returned)
    centre.approve(contested)
    centre.withdraw(contested)
    clerk = Clerk(centre, COUNTER, RECEIVER)
    counter.handing_over.hand_over((elsewhere.stream,), "H37.07", by=RECEIVER)
    asks = Clerk(centre, ROOM, APPRAISER)
    page = asks.open(f"/agencies/{opinion.stream}/opinion")
    asks.press(page, "/ask", agency="H37.07", question="Xin ý kiến về tuyến đường.")
    centre.meet()
    (conflict,) = central.register.dossier(contested.stream).conflicts
    named["conflict"] = conflict.id
    named |= {
        name: dossier.stream
        for name, dossier in {
            "received": received, "asked": asked, "done": done, "returned": returned, "contested": contested,
            "to_seal": to_seal, "appraised": appraised, "opinion": opinion,
        }.items()
    }  # fmt: skip
    page = clerk.open(f"/dossier/{received.stream}/scans")
    clerk.send_all(page, "/scans", "files", {"Đơn đề nghị.pdf": _scan()})
    named |= _at_the_counter(centre, clerk)
    named |= _paid(centre)
    named["proposal"] = _proposed(centre)
    centre.meet()
    named["half_entered"] = _half_entered(centre, clerk)
    return named


def _half_entered(centre: SmallCentre, clerk: Clerk) -> str:
    """The draft of a slip whose reception did not come from the other counter."""
    lost = centre.receive("counter-02", by="long.pd", applicant="Sùng Thị Mỷ")
    with centre["counter-02"].file.read():
        job = PrintJob.get(PrintJob.stream == lost.stream)
    code = str(orjson.loads(bytes(job.payload))["qr_text"])
    checked = clerk.press(clerk.open("/slip"), "/slip", code=code)
    clerk.press(clerk.press(checked, "/slip/again"), "/slip/again", name="Sùng Thị Mỷ", procedure="1.000703")
    return next(one.id for one in clerk.node.drafts.of(RECEIVER) if one.path.endswith(lost.stream))


def _at_the_counter(centre: SmallCentre, clerk: Clerk) -> dict[str, str]:
    """A draft, another that was typed over a dossier, one that was turned away, a queue, a paper that waits."""
    counter = clerk.node
    draft = clerk.reception()
    stream = draft.page.form("stream").fields["stream"]
    asked = clerk.post("/counter/turn-away", {**draft.page.form("stream").fields, "what": "refuse"})
    why = {"reason": "Không thuộc thẩm quyền của tỉnh.", "guidance": "nộp tại Bộ Xây dựng"}
    gone = clerk.press(asked, "/turn-away", ("act", "save"), **why).leads_to.rpartition("/")[2]
    clerk.reception()
    (kept,) = counter.drafts.of(RECEIVER)
    counter.drafts.keep(RECEIVER, f"/dossier/{stream}/amend", [("reason", "Đổi số điện thoại")])
    typed = next(one for one in counter.drafts.of(RECEIVER) if one.id != kept.id)
    first, *_ = (counter.hall.take(QUEUES[0]) for _ in range(3))
    waits = counter.hall.take(QUEUES[1])
    counter.hall.call(first.stream, "", "served", by=RECEIVER)
    with counter.file.read():
        job = PrintJob.get(PrintJob.stream == centre.receive(applicant="Hứa Thị Bích").stream)
    counter.spool.by_hand(job.id, at=centre.clock())
    return {
        "draft": kept.id,
        "typed": typed.id,
        "turned_away": gone,
        "ticket": waits.stream,
        "job": str(job.id),
    }


def _outage(centre: SmallCentre) -> str:
    """A counter that was alone for a quarter of an hour, and went on."""
    alone, central = centre["counter-02"], centre[CENTRAL]
    centre.clock.forward(minutes=10)
    alone.contacts.heard(central.id)
    centre.clock.forward(minutes=15)
    alone.outages.look()
    lasting = alone.outages.lasting
    assert lasting is not None
    centre.receive("counter-02", by="long.pd", applicant="Ma Thị Dung")
    alone.contacts.heard(central.id)
    alone.outages.look()
    return str(lasting.stream)


def _to_decide_at_once(centre: SmallCentre) -> str:
    """Somebody receives and decides, where the catalog lets a procedure be done in one step."""
    central, day = centre[CENTRAL], centre.clock().date()
    person, procedure = (
        central.catalog.latest.person(OTHER_APPROVER),
        central.catalog.latest.procedure(AT_ONCE, day),
    )
    assert person is not None
    assert procedure is not None
    receives = structs.replace(person, roles=(*person.roles, Grant(Role.RECEIVER, person.roles[0].since)))
    in_one = structs.replace(procedure, one_step=True, steps=procedure.steps[1:], fees=(), since=day)
    Office(central).define([receives, in_one], by=ADMINISTRATOR)
    centre.meet()
    return centre.receive(ROOM, by=OTHER_APPROVER, procedure=AT_ONCE).stream


def _paid(centre: SmallCentre) -> dict[str, str]:
    """A receipt in a shift that is open, whose electronic one is still to be issued."""
    cashier, dossier = Clerk(centre, COUNTER, CASHIER), centre.receive(applicant="Lương Văn Chọn")
    cashier.press(cashier.open("/till"), "/till/open", cash="500.000")
    fees = f"/fees/{dossier.stream}"
    cashier.press(cashier.open(fees), fees, ("act", "take"))
    link = next(address for address, _ in cashier.open(fees).page.links if "/refund/" in address)
    return {"paid": dossier.stream, "payment": link.rpartition("/")[2].partition("?")[0]}


def _proposed(centre: SmallCentre) -> str:
    """A change of the catalog that waits for somebody else's word."""
    admin = Clerk(centre, CENTRAL, ADMINISTRATOR)
    path = "/reference/procedure/of/1.000703/edit"
    filled = {"limit-value": "2", "reason": "QĐ 12/QĐ-UBND"}
    proposed = admin.press(admin.open(path), path, ("act", "propose"), **filled)
    return proposed.leads_to.partition("?")[0]


def _scan() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.drawString(72, 720, "Đơn đề nghị")
    canvas.save()
    return out.getvalue()
