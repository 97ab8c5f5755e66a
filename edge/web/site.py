"""What every page needs to hand: the node, who may see which page, and the hour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, cast
from urllib.parse import urlsplit

from flask import Flask, current_app, g, has_request_context

from edge.node import Node
from edge.office import FarOffice, Office
from edge.peers import PeerNode, peers_of
from edge.roads import Roads
from edge.scanner import ScannerFolder
from edge.sticks import Sticks
from edge.web.limits import Limits
from schemas.acts import TABLE
from schemas.calendar import local_day
from schemas.entries import Card, Duty, Person, Role
from schemas.views import View

CARD_SOON_DAYS: Final = 31
"""From so many days before its end on the pages warn: central renews a card two months before, if it hears of us."""

Extra = Callable[[Flask, "Site"], None]
"""Adds blueprints to the application and entries to the site's navigation."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the navigation; `order` sorts it, `needs` are the (duty, role) pairs of which one suffices.

    `roles`: one of them suffices at any machine. An entry without needs or roles is for everybody who is signed in.
    `of_agencies`: for people who sit at an agency, who have no other. `count`: how much waits there; asked on every page,
    so it costs the same whatever there was before.
    """

    order: int
    title: str
    endpoint: str
    needs: tuple[tuple[Duty, Role], ...] = ()
    roles: tuple[Role, ...] = ()
    of_agencies: bool = False
    count: Callable[[], int] | None = None


COUNTER = Entry(10, "Tiếp nhận", "counter.page", ((Duty.RECEIVE, Role.RECEIVER),))
INBOX = Entry(12, "Trực tuyến", "inbox.page", ((Duty.RECEIVE, Role.RECEIVER),), (Role.SUPERVISOR,))
QUEUE = Entry(15, "Gọi số", "calling.page", ((Duty.QUEUE, Role.RECEIVER),))
LISTS = Entry(
    17,
    "Danh sách",
    "worklists.page",
    ((Duty.RECEIVE, Role.RECEIVER), (Duty.RETURN, Role.RECEIVER)),
    (Role.SUPERVISOR,),
)
ROOM = Entry(20, "Chờ xử lý", "room.page", ((Duty.APPRAISE, Role.APPRAISER), (Duty.APPROVE, Role.APPROVER)))
TIMING = Entry(
    22,
    "Chặng đường",
    "timing.page",
    ((Duty.APPRAISE, Role.APPRAISER), (Duty.APPROVE, Role.APPROVER), (Duty.SEAL, Role.CLERK)),
    (Role.SUPERVISOR,),
)
SEAL = Entry(25, "Cấp số, đóng dấu", "sealing.page", ((Duty.SEAL, Role.CLERK),))
AGENCIES = Entry(
    32,
    "Cơ quan",
    "agencies.page",
    ((Duty.RECEIVE, Role.RECEIVER), (Duty.APPRAISE, Role.APPRAISER)),
    (Role.SUPERVISOR, Role.DESK_OFFICER),
)
WORKPLACE = Entry(5, "Việc của cơ quan", "workplace.page", of_agencies=True)
RETURN = Entry(30, "Trả kết quả", "returning.page", ((Duty.RETURN, Role.RECEIVER),))
FEES = Entry(28, "Thu phí", "fees.page", ((Duty.COLLECT, Role.CASHIER),))
PETITIONS = Entry(37, "Phản ánh", "petitions.page", roles=(Role.SUPERVISOR,))
PETITION = Entry(38, "Nhận phản ánh", "petitions.new", ((Duty.RECEIVE, Role.RECEIVER),))
TAKINGS = Entry(35, "Sổ thu", "takings.page", roles=(Role.CASHIER, Role.SUPERVISOR))
VERIFY = Entry(45, "Kiểm tra văn bản", "verifying.page")
FIND = Entry(40, "Tìm hồ sơ", "find.page")
PRINTING = Entry(75, "Máy in", "printing.page")
EXCHANGE = Entry(90, "Đồng bộ", "exchange.page")
HELD = Entry(85, "Tạm giữ", "held.page")
SCORES = Entry(78, "Đánh giá", "scores.page", roles=(Role.SUPERVISOR, Role.ADMINISTRATOR))
VIEWS = Entry(80, "Nhật ký xem", "viewing.page", roles=(Role.ADMINISTRATOR,))
ANYWHERE: Final = frozenset({Role.ADMINISTRATOR})
"""Who may sign in at every machine: the log of views lies at each."""


@dataclass(slots=True)
class Site:
    """The pages of one node. `roads` is None where nothing replicates, as in a test of the pages alone."""

    node: Node
    roads: Roads | None
    spool_wake: Callable[[], None]
    sticks: Sticks
    entries: list[Entry] = field(
        default_factory=lambda: [
            COUNTER,
            INBOX,
            QUEUE,
            LISTS,
            ROOM,
            TIMING,
            SEAL,
            FEES,
            RETURN,
            AGENCIES,
            WORKPLACE,
            TAKINGS,
            PETITIONS,
            PETITION,
            FIND,
            VERIFY,
            PRINTING,
            SCORES,
            VIEWS,
            HELD,
            EXCHANGE,
        ]
    )
    machines: Entry = EXCHANGE
    """The page that the status line leads to."""
    admits: Entry | None = None
    cuts: Entry | None = None
    redacts: Entry | None = None
    """Who may let a held act have its effect, cut a machine, let data go; None where that cannot be done."""
    open: set[str] = field(default_factory=set)
    """Endpoints that anybody may ask for, signed in or not; each decides for itself what it shows."""
    office: Office = field(init=False)
    limits: Limits = field(init=False)
    scanner: ScannerFolder = field(init=False)

    def __post_init__(self) -> None:
        self.office = FarOffice(self.node)
        self.limits = Limits(self.node.stopwatch)
        self.scanner = ScannerFolder(self.node.settings.scans, lambda: self.node.clock().timestamp())

    def names(self) -> frozenset[str]:
        """The names by which this machine is asked for; addresses in digits are left out."""
        settings = self.node.settings
        card = urlsplit(self.card.address if "//" in self.card.address else f"//{self.card.address}")
        return frozenset(
            name.lower()
            for name in ("localhost", settings.host, card.hostname or "", *settings.names)
            if name
        )

    def public_names(self) -> frozenset[str]:
        """The name by which anybody asks central for the page that checks papers."""
        centre = self.view.centre()
        host = urlsplit(centre.page).hostname if centre and self.node.is_centre else None
        return frozenset({host} if host else ())

    def machines_for(self, person: Person) -> Entry:
        """Where the status line leads: who sits at an agency reads of the lines, and not of all machines."""
        return EXCHANGE if person.agency else self.machines

    def now(self) -> datetime:
        """UTC, as this node counts it (`Node.clock`)."""
        return self.node.clock()

    def today(self) -> date:
        """The Vietnamese day. Of a clock that nobody was asked about yet, the last one that is known: else it would be
        for nobody here to say that it is wrong."""
        if not has_request_context():
            return self._today()
        if "today" not in g:
            g.today = self._today()
        return cast(date, g.today)

    def _today(self) -> date:
        doubtful = self.node.hour.doubt()
        return local_day(doubtful.known if doubtful is not None else self.now())

    @property
    def view(self) -> View:
        """The newest, of which there is another once the catalog has grown."""
        return self.node.catalog.latest

    @property
    def card(self) -> Card:
        """This machine's newest: its duties may change between two requests."""
        return self.node.card

    def peers(self) -> tuple[PeerNode, ...]:
        """The machines that this one speaks to by itself."""
        if self.roads is None:
            return peers_of(self.node.catalog, self.node.settings)
        return self.roads.peers()

    def demand(self, stream: str) -> None:
        """Somebody waits for the files of a dossier: they are fetched next."""
        if self.roads is not None:
            self.roads.files.demand(stream)

    @property
    def keeps_dossiers(self) -> bool:
        """Whether dossiers of others are here; kiosks and boards have only what they wrote."""
        return self.node.is_centre or self.node.window.own.dossiers

    @property
    def card_ends_in(self) -> int | None:
        """Days for which this machine's card is still good, once they are few; below 0 it has ended."""
        left = (self.card.lease_to - self.today()).days
        return left if left < CARD_SOON_DAYS else None

    def may(self, person: Person, entry: Entry) -> bool:
        """Whether an entry is for this person at this machine."""
        if bool(person.agency) is not entry.of_agencies:
            return False
        roles = person.roles_on(self.today())
        if not entry.needs and not entry.roles:
            return True
        return not roles.isdisjoint(entry.roles) or any(
            duty in self.card.duties and role in roles for duty, role in entry.needs
        )

    def navigation(self, person: Person) -> list[Entry]:
        """What is for this person here, in the order of the menu; the first is the page after signing in."""
        return sorted(
            (entry for entry in self.entries if self.may(person, entry)), key=lambda entry: entry.order
        )

    def staff(self) -> list[Person]:
        """Who may sign in here: people with a role that one of this machine's duties serves, or that every one does; and
        those who have to stand beside somebody at such an act, for whom a PIN of this machine is needed."""
        here = [act for act in TABLE if act.duty in self.card.duties]
        served = {role for act in here for role in (*act.roles[:1], *act.witness)}
        served |= ANYWHERE
        today = self.today()
        return [
            person
            for person in self.view.people()
            if person.roles_on(today) & served or self._is_of_an_agency(person, today)
        ]

    def _is_of_an_agency(self, person: Person, today: date) -> bool:
        """An agency's people work at whichever machine holds its dossiers."""
        if not person.agency or self.card.of_the_hall or not person.roles_on(today):
            return False
        return self.node.is_centre or self.node.window.own.has((person.agency,))

    def administrators(self) -> list[Person]:
        """Who may grant this machine what it lacks."""
        today = self.today()
        return [one for one in self.view.people() if Role.ADMINISTRATOR in one.roles_on(today)]

    def place(self, node: str) -> str:
        """What people call the machine `node`: "Quầy 03"."""
        return self.view.title_of(node)

    def name(self, person: str) -> str:
        """A person's name; their id where the catalog does not know them (yet)."""
        return self.view.name_of(person)


def site() -> Site:
    """The site of the application that serves the present request."""
    return cast(Site, current_app.extensions["motcua"])
