"""Every machine of the centre as central knows it: what it last said of itself, what central holds of it, and what is wrong.

One look at each card and at one note for each: it costs what the centre has machines, and nothing for its years.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Final

from cryptography import x509

from central.sending import address_of
from edge.access import STATE
from edge.completeness import ChainState
from edge.contact import Contact
from edge.node import Node
from edge.outgoing import RECEIPT, Outgoing, outgoing_of
from edge.state import program
from schemas.calendar import local_day
from schemas.canonical import from_base64
from schemas.entries import Card
from schemas.errors import Malformed
from schemas.events import moment
from schemas.states import RangeLeft, State, read
from sync.errors import NotFound

LOST_LONG: Final = timedelta(minutes=10)
WAITS_LONG: Final = timedelta(minutes=15)
SAID_LONG_AGO: Final = timedelta(minutes=5)
SKEW_S: Final = 120
DISK_LOW: Final = 2 * 1024**3
DISK_SCARCE: Final = 10
"""In percent."""
ENDS_SOON: Final = timedelta(days=30)


class Wrong(Enum):
    """What an alarm is about, the worst first; `central.alarm_words` has the words."""

    INCOMPLETE = "incomplete"
    REFUSED = "refused"
    UNREADY = "unready"
    DOCUMENTS = "documents"
    DISK_LOW = "disk_low"
    CLOCK = "clock"
    CARD_OVER = "card_over"
    CERTIFICATE_OVER = "certificate_over"
    RANGE_OVER = "range_over"
    LOST = "lost"
    WAITS = "waits"
    PRINTER = "printer"
    OUTGOING_REFUSED = "outgoing_refused"
    OUTGOING_LATE = "outgoing_late"
    RECEIPTS_LATE = "receipts_late"
    RANGE_SCARCE = "range_scarce"
    DISK_SCARCE = "disk_scarce"
    CARD_ENDS = "card_ends"
    CERTIFICATE_ENDS = "certificate_ends"
    CATALOG = "catalog"
    VERSION = "version"
    SILENT = "silent"

    @property
    def is_bad(self) -> bool:
        """Whether somebody should look now, and not only some time."""
        return self in _BAD


_BAD: Final = frozenset(
    {
        Wrong.INCOMPLETE,
        Wrong.REFUSED,
        Wrong.UNREADY,
        Wrong.DOCUMENTS,
        Wrong.DISK_LOW,
        Wrong.CLOCK,
        Wrong.CARD_OVER,
        Wrong.CERTIFICATE_OVER,
        Wrong.RANGE_OVER,
    }
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that is wrong with one machine, and how much of it."""

    wrong: Wrong
    count: int = 0
    name: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine. `state` is its own last word, None where there is none; `contact` is None for central itself, and for a
    front whose address nobody knows.

    `behind`: catalog entries that it had not applied when it said so. `tls_until`: the last day of its certificate.
    """

    card: Card
    contact: Contact | None
    state: State | None
    chain: ChainState | None
    behind: int
    tls_until: date | None
    alarms: tuple[Alarm, ...]

    @property
    def incarnation(self) -> int:
        """Which installation it is at its place, from 1 on: the end of its name."""
        return int(self.card.node.rpartition(".")[2])

    @property
    def said_at(self) -> datetime | None:
        """UTC, by the machine's own clock."""
        return moment(self.state.at) if self.state is not None else None

    @property
    def waiting_since(self) -> datetime | None:
        """UTC; None also where nothing of its own waits for central."""
        return (
            moment(self.state.waiting_since) if self.state is not None and self.state.waiting_since else None
        )

    @property
    def near(self) -> bool:
        """Heard, and not lost since; always where there is no contact to look at."""
        return self.contact is None or (self.contact.heard_at is not None and self.contact.lost_since is None)

    @property
    def disk_percent(self) -> int:
        """Of the disk that is still free, rounded down."""
        return 100 * self.state.disk_free // max(self.state.disk_size, 1) if self.state is not None else 0


class Console:
    """What central knows of its machines."""

    def __init__(self, centre: Node) -> None:
        self._centre = centre

    def machines(self, own: State) -> list[Machine]:
        """All with an open card, central first, then by number. `own`: what central says of itself."""
        chains = {one.node: one for one in self._centre.chains.all()}
        cards = [card for card in self._centre.catalog.latest.cards() if card.opens]
        cards.sort(key=lambda card: (card.node != self._centre.id, card.number, card.node))
        return [self._machine(card, own, chains) for card in cards]

    def state(self, card: Card) -> State | None:
        """What a machine left here last; None where it left nothing, or somebody else did."""
        try:
            return read(self._centre.stores["catalog"].get_local(f"{STATE}{card.node}"), card)
        except (NotFound, Malformed):
            return None

    def _machine(self, card: Card, own: State, chains: Mapping[str, ChainState]) -> Machine:
        here = card.node == self._centre.id
        state = own if here else self.state(card)
        contact = None if here or self._cannot_be_asked(card) else self._centre.contacts.of(card.node)
        chain = chains.get(card.node)
        behind = self._centre.catalog.number - state.catalog if state is not None else 0
        until = _last_day(card)
        now = self._centre.clock()
        alarms = [*_alarms(card, contact, state, chain, max(behind, 0), until, now)]
        if here:
            alarms += _of_what_goes_out(outgoing_of(self._centre, now))
            alarms += self._of_documents()
        return Machine(
            card,
            contact,
            state,
            chain,
            max(behind, 0),
            until,
            tuple(sorted(alarms, key=lambda one: list(Wrong).index(one.wrong))),
        )

    def _cannot_be_asked(self, card: Card) -> bool:
        """A front does not come by itself, and nobody knows where this one is."""
        return card.front and not address_of(self._centre, card)

    def _of_documents(self) -> Iterator[Alarm]:
        away = self._centre.documents_away
        if away is not None and away():
            yield Alarm(Wrong.DOCUMENTS)


def _last_day(card: Card) -> date | None:
    if not card.tls:
        return None
    certificate = x509.load_der_x509_certificate(from_base64(card.tls, "tls"))
    return local_day(certificate.not_valid_after_utc.astimezone(UTC))


def _alarms(
    card: Card,
    contact: Contact | None,
    state: State | None,
    chain: ChainState | None,
    behind: int,
    until: date | None,
    now: datetime,
) -> Iterator[Alarm]:
    today = local_day(now)
    if chain is not None and not chain.complete:
        yield Alarm(Wrong.INCOMPLETE, chain.lacking)
    if contact is not None and contact.lost_since is not None and now - contact.lost_since >= LOST_LONG:
        yield Alarm(Wrong.LOST, since=contact.heard_at)
    left = (card.lease_to - today).days
    if left < 0:
        yield Alarm(Wrong.CARD_OVER, -left)
    elif left < ENDS_SOON.days:
        yield Alarm(Wrong.CARD_ENDS, left)
    if until is not None and until < today:
        yield Alarm(Wrong.CERTIFICATE_OVER, (today - until).days)
    elif until is not None and (until - today).days < ENDS_SOON.days:
        yield Alarm(Wrong.CERTIFICATE_ENDS, (until - today).days)
    if state is not None:
        yield from _of_its_word(state, contact, behind, now)


def _of_its_word(state: State, contact: Contact | None, behind: int, now: datetime) -> Iterator[Alarm]:
    near = contact is None or contact.lost_since is None
    if near and now - moment(state.at) >= SAID_LONG_AGO:
        yield Alarm(Wrong.SILENT, since=moment(state.at))
    if state.refused:
        yield Alarm(Wrong.REFUSED, state.refused)
    if state.unsure or abs(state.skew_s) > SKEW_S:
        yield Alarm(Wrong.CLOCK, state.skew_s)
    if state.disk_free < DISK_LOW:
        yield Alarm(Wrong.DISK_LOW, state.disk_free)
    elif 100 * state.disk_free < DISK_SCARCE * state.disk_size:
        yield Alarm(Wrong.DISK_SCARCE, state.disk_free)
    if near and state.waiting and state.waiting_since and now - moment(state.waiting_since) >= WAITS_LONG:
        yield Alarm(Wrong.WAITS, state.waiting, since=moment(state.waiting_since))
    for printer in state.printers:
        if printer.unsure or printer.error:
            yield Alarm(Wrong.PRINTER, printer.waiting, printer.name)
    for one in state.ranges:
        if not one.left and _is_last(one, state.ranges):
            yield Alarm(Wrong.RANGE_OVER, name=one.symbol)
        elif one.scarce and _is_last(one, state.ranges):
            yield Alarm(Wrong.RANGE_SCARCE, one.left, one.symbol)
    if near and behind and now - moment(state.at) < SAID_LONG_AGO:
        yield Alarm(Wrong.CATALOG, behind)
    if state.version != program():
        yield Alarm(Wrong.VERSION, name=state.version)


def _of_what_goes_out(outgoing: Sequence[Outgoing]) -> Iterator[Alarm]:
    for one in outgoing:
        if one.refused:
            yield Alarm(Wrong.OUTGOING_REFUSED, one.refused, one.kind)
        if one.late:
            wrong = Wrong.RECEIPTS_LATE if one.kind == RECEIPT else Wrong.OUTGOING_LATE
            yield Alarm(wrong, one.due, one.kind, one.oldest)


def _is_last(one: RangeLeft, ranges: tuple[RangeLeft, ...]) -> bool:
    """Whether no other range goes on where this one ends."""
    return not any(
        (other.what, other.symbol, other.form) == (one.what, one.symbol, one.form)
        and other.first > one.last
        and other.left
        for other in ranges
    )
