"""Which machines may take part: codes, cards, renewals and revocations, at central only.

| what                | how long                          | ended by                                      |
|---------------------|-----------------------------------|-----------------------------------------------|
| a one-time code     | 30 minutes, 5 wrong tries         | its use, another code for the place, a person |
| a card's lease      | a year and a month, renewed alone | its last day: no number is given after it     |
| a card's access     | until it is revoked               | a person, with the reason                     |

A number belongs to a card up to the last day of its lease, whatever has become of the machine: somebody may still hold
a slip with it. Only a machine that closed itself (`node.closed`) has said which day was its last; then its number is
free on the day after.
"""

from __future__ import annotations

import hmac
import logging
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from typing import Final

import msgspec

from central.centre import Lease, Numbers, Office, Place, answer_for, grant, host_of
from central.errors import NotGranted
from central.tls_authority import TlsAuthority
from edge.node import Node
from edge.tables.centre import EnrolmentCode
from edge.tables.streams import EventRow
from schemas import boxes
from schemas.calendar import local_day
from schemas.canonical import from_base64, to_base64
from schemas.enrolment import (
    ADDRESS,
    Code,
    Request,
    check_holds,
    check_of,
    incarnation,
    read_request,
    spelled,
)
from schemas.entries import Card, Cut, Duty, Entry, NumberRange, Role, Why
from schemas.errors import Malformed
from schemas.events import moment, timestamp
from schemas.fold import Place as Fate

_log = logging.getLogger(__name__)
CODE_LIFE: Final = timedelta(minutes=30)
TRIES: Final = 5
RENEWED_BEFORE: Final = timedelta(days=60)
"""So many days before its last day a card is renewed: as often as that, somebody may be ill, or a line down."""
HEARD_WITHIN: Final = timedelta(days=14)
"""Only the card of a machine that has been heard of is renewed: what nobody hears of runs out."""
OPEN, USED, VOID, CANCELLED = "open", "used", "void", "cancelled"

FOLLOWED_WITHIN_S: Final = 3.0
"""So long what was acknowledged a moment ago may take from the cluster to here."""
COUNTER: Final = (Duty.RECEIVE, Duty.RETURN, Duty.COLLECT, Duty.QUEUE, Duty.PETITION)
FRONT: Final = "front"
"""The kind that answers machines in central's place."""
KINDS: Final = {
    "counter": COUNTER,
    "room": (*COUNTER, Duty.APPRAISE, Duty.APPROVE, Duty.SEAL),
    "desk": (Duty.DESK, Duty.APPRAISE, Duty.APPROVE),
    "kiosk": (Duty.KIOSK, Duty.QUEUE),
    "board": (),
    FRONT: (),
}
"""What machines of the usual kinds may write."""


class Wish(msgspec.Struct, frozen=True):
    """What a machine is to be, as a person says it. `number` None: the lowest that is free."""

    place: str
    title: str
    duties: tuple[Duty, ...]
    agencies: tuple[str, ...] = ()
    number: int | None = None
    address: str = ""
    building: str = ""
    ranges: tuple[Numbers, ...] = ()
    front: bool = False


class Change(msgspec.Struct, frozen=True):
    """What becomes different on a card; None stays as it is."""

    title: str | None = None
    duties: tuple[Duty, ...] | None = None
    agencies: tuple[str, ...] | None = None
    address: str | None = None
    building: str | None = None


@dataclass(frozen=True, slots=True)
class MadeCode:
    """A fresh code, said once and kept nowhere."""

    text: str
    place: Place
    until: datetime


@dataclass(frozen=True, slots=True)
class KnownCode:
    """A code as the page lists it: `state` is open, used, void (five wrong tries), cancelled, or over (30 minutes)."""

    name: str
    place: Place
    by: str
    until: datetime
    failures: int
    state: str


class Remains(msgspec.Struct, frozen=True):
    """What central knows of a machine that is no more: its acts count up to `upto`, which was done at `at`. Of the later
    ones `beyond` are here and held; `missing` were written and are not here. Whether there were more, only its disk and
    the slips that it gave can tell.
    """

    upto: int
    at: datetime | None
    missing: list[int]
    beyond: list[int]


def require_followed(centre: Node) -> None:
    """Raises `NotGranted` while acts that a cluster has acknowledged are not here yet: what counts them would leave them out."""
    left = "" if centre.documents_behind is None else centre.documents_behind(FOLLOWED_WITHIN_S)
    if left:
        raise NotGranted(
            f"not all that lies in CouchDB is here yet ({left}): wait, or what machines have sent already would be held",
            "behind",
        )


class Enrolment:
    """The office's work with machines. Everything is one transaction, or nothing."""

    def __init__(self, centre: Node) -> None:
        self._centre = centre

    # ---- codes

    def make_code(self, wish: Wish, *, by: str) -> MadeCode:
        """A one-time code for one machine; an older open one for the same place is void. Raises `NotGranted`."""
        if (why := Office(self._centre).stopped) is not None:
            raise why
        now = self._centre.clock()
        text = spelled(secrets.randbits(95))
        code = Code.of(text)
        until = now + CODE_LIFE
        with self._centre.file.write():
            self.forget_keys()
            for row in self._rows():
                if row.place == wish.place and row.state == OPEN:
                    self._set(row.name, state=CANCELLED, key=b"")
            place = self._place(wish, by, now)
            EnrolmentCode.insert(
                name=code.name,
                key=code.key,
                place=place.name,
                plan=msgspec.json.encode(place).decode(),
                by=by,
                until=timestamp(until),
                failures=0,
                state=OPEN,
                request="",
            ).on_conflict_replace().execute()
        return MadeCode(text, place, until)

    def codes(self) -> list[KnownCode]:
        """Those of the last day, the newest first; what is over has lost its key."""
        now = self._centre.clock()
        with self._centre.file.read():
            rows = sorted(self._rows(), key=lambda row: str(row.until), reverse=True)
        return [self._known(row, now) for row in rows if now - moment(row.until) < timedelta(days=1)]

    def cancel(self, name: str) -> None:
        """Its key is gone at once. A code that is not open any more, or is not there, stays as it is."""
        with self._centre.file.write():
            self._set(name, EnrolmentCode.state == OPEN, state=CANCELLED, key=b"")

    def forget_keys(self) -> None:
        """What is over can be used by nobody any more, whoever reads this database."""
        now = timestamp(self._centre.clock())
        with self._centre.file.write():
            EnrolmentCode.update(key=b"").where(
                EnrolmentCode.until <= now, EnrolmentCode.key != b""
            ).execute()

    # ---- answers

    def answer(self, name: str, tag: bytes, raw: bytes, *, server: str) -> tuple[bytes, bytes]:
        """The answer to a machine that asks over the line, and its tag. Raises `NotGranted`, `Malformed`.

        Asked again by the same machine in the same words, it is given again: the line may have been cut in between.
        `server`: the pin of the key that central shows on this line.
        """
        with self._centre.file.read():
            self._usable(name)  # who guesses at names of codes keeps nobody from writing
        with self._centre.file.write():
            row = self._usable(name)
            code, place = Code(name, bytes(row.key)), msgspec.json.decode(row.plan, type=Place)
            if hmac.compare_digest(code.tag("request", raw), tag):
                refused = self._use(row, place, raw, server)
            else:
                refused = self._count_failure(row)
        if refused is not None:  # after the commit: a wrong try counts, whatever comes
            raise refused
        answer = answer_for(self._centre, place.node)
        return answer, code.tag("answer", raw, answer)

    def _use(self, row: EnrolmentCode, place: Place, raw: bytes, server: str) -> NotGranted | None:
        """Grant the card, at the first request; why not, for another one later. Raises `NotGranted`, `Malformed`."""
        request = read_request(raw)
        if request.server != server:
            raise NotGranted(
                "somebody between the machine and the centre shows a key of their own: nothing was granted;"
                " look at the line, and connect without a proxy",
                "middle",
            )
        if row.state == USED:
            if row.request == check_of(raw):
                return None
            return NotGranted("this code was used already, for another request: make a new one", "used_code")
        self._grant(place, request, row.by)
        self._set(row.name, state=USED, request=check_of(raw))
        return None

    def answer_file(self, raw: bytes, check: str, wish: Wish, *, by: str) -> tuple[bytes, str]:
        """The card for a request that came on a stick, closed for that machine, and its check. Raises `NotGranted`, `Malformed`, `Misspelled`.

        `check` was read off the machine's own screen, so that no other request was put in the place of its own.
        """
        if not check_holds(raw, check):
            raise NotGranted(
                "this is not the request with that check: somebody has changed the file, or taken another",
                "check",
            )
        request = read_request(raw)
        known = self._card_of(request)
        if known is None:
            with self._centre.file.write():
                place = self._place(wish, by, self._centre.clock())
                self._grant(place, request, by)
            node = place.node
        elif known.place == wish.place and known.opens:
            node = known.node  # the answer was lost on its way, and is given again
        else:
            raise NotGranted(
                f"the machine of this request is {known.node} already: make a new request in a new folder",
                "has_card",
                node=known.node,
            )
        fresh = self._centre.ids.salt() + self._centre.ids.salt()
        card = boxes.closed(answer_for(self._centre, node), request.x25519, fresh)
        return card, check_of(card)

    def _grant(self, place: Place, request: Request, by: str) -> None:
        if self._card_of(request) is not None:
            raise NotGranted("these keys have a card already: make a new request in a new folder")
        host = host_of(request.address)
        twin = next(
            (card for card in self._cards() if card.opens and host and host_of(card.address) == host), None
        )
        if twin is not None and not place.address:
            raise NotGranted(
                f"{host} is where {twin.node} is: if both are on one machine, say the new one's --address at the centre",
                "twin",
                host=host,
                node=twin.node,
            )
        grant(self._centre, place, request, by=by)

    # ---- renewal and the end

    def renew(self) -> list[str]:
        """Renew the cards that end soon, of machines that were heard of lately, and central's own; which."""
        now = self._centre.clock()
        today, tls = local_day(now), TlsAuthority.read(self._centre.folder)
        due = [
            card
            for card in self._cards()
            if card.opens and card.lease_to - today < RENEWED_BEFORE and self._was_heard(card, now)
        ]
        lease = Lease.beginning(now)
        renewed = []
        for card in due:
            certificate = from_base64(card.tls, "tls")
            if tls is not None and certificate:
                try:
                    certificate = tls.renew(certificate, card.place, host_of(card.address), now, lease.end)
                except NotGranted as why:  # nodes do not mind; browsers will say so, and a person look here
                    _log.warning("the certificate of %s was not renewed: %s", card.node, why)
            renewed.append(msgspec.structs.replace(card, lease_to=lease.until, tls=to_base64(certificate)))
        if renewed:
            ranges = [one for card in renewed for one in self._ranges(card.node, lease.until)]
            Office(self._centre).define([*renewed, *ranges], by="")
        return [card.node for card in renewed]

    def grant_numbers(self, node: str, numbers: Numbers, *, by: str) -> NumberRange:
        """More numbers for a machine that is here, from today to the end of its card. Raises `NotGranted`."""
        now = self._centre.clock()
        with self._centre.file.write():
            self.require_administrator(by, now)
            card = self._open_card(node)
            self._check_ranges([numbers])
            granted = numbers.granted(node, Lease(local_day(now), card.lease_to))
            Office(self._centre).define([granted], by=by)
        return granted

    def change(self, node: str, change: Change, *, by: str) -> Card:
        """Write a card anew with what becomes different. Place, number, keys and lease stay. Raises `NotGranted`."""
        now = self._centre.clock()
        with self._centre.file.write():
            self.require_administrator(by, now)
            card = self._open_card(node)
            said = {
                name: value for name, value in msgspec.structs.asdict(change).items() if value is not None
            }
            changed = msgspec.structs.replace(card, **said)
            self._check_words(changed.title, changed.agencies)
            if (Duty.CATALOG in changed.duties) != (Duty.CATALOG in card.duties):
                raise NotGranted("only central has the duty `catalog`, and it keeps it")
            if card.front and changed.duties:
                raise NotGranted(f"{node} is a front: nobody works at it, and it gets no duties")
            if re.match(ADDRESS, changed.address) is None:
                raise NotGranted(
                    f"{changed.address} is no address of a machine: https://HOST:PORT, in small letters"
                )
            tls = TlsAuthority.read(self._centre.folder)
            if tls is not None and card.tls and changed.address != card.address:
                shown, end = from_base64(card.tls, "tls"), Lease(card.lease_from, card.lease_to).end
                renewed = tls.renew(shown, card.place, host_of(changed.address), now, end)
                changed = msgspec.structs.replace(changed, tls=to_base64(renewed))
            if changed != card:
                Office(self._centre).define([changed], by=by)
        return changed

    def revoke(self, node: str, why: Why, *, by: str) -> Card:
        """Take a machine's access back, and say up to where its acts count. Raises `NotGranted`.

        `retired` is for a machine that closed itself, and for a front, which writes no acts. Of a lost or stolen one all
        counts that central has without a gap (whoever has its key could fill one); what comes later is kept apart until
        the desk has looked at it. Of a cloned one nothing counts from the first number on that was used twice.

        Behind a cluster what lies there has to be here first, or acts that were acknowledged would be kept apart as well. A
        stolen machine cannot wait for that: its acts the desk lets in afterwards.
        """
        if why not in ("stolen", "retired"):
            require_followed(self._centre)
        now = self._centre.clock()
        with self._centre.file.write():
            self.require_administrator(by, now)
            card = self._open_card(node)
            if node == self._centre.id:
                raise NotGranted("central cannot revoke itself")
            if why == "retired" and not card.front and self._closing(node) is None:
                raise NotGranted(
                    f"{node} has not closed itself, or its last acts are not here yet: give `motcua close` at the"
                    " machine and wait until nothing waits there, or revoke it as lost",
                    "not_closed",
                )
            Office(self._centre).define(self.end(card, why), by=by)
        return self._centre.catalog.latest.card(node) or card

    def end(self, card: Card, why: Why) -> list[Entry]:
        """What the catalog says of a machine that is no more: up to where its acts count, its numbers, its last card."""
        node, now = card.node, self._centre.clock()
        closing = self._closing(node)
        last = card.lease_to if closing is None else min(card.lease_to, local_day(moment(closing.at)))
        ended = msgspec.structs.replace(card, duties=(), revoked=why, lease_to=max(card.lease_from, last))
        cuts = [
            self._cut(node, database, why)
            for database in ("dossiers", "visits")
            if database != "dossiers" or node not in self._centre.catalog.trust.cuts
        ]
        return [*cuts, *self._ranges(node, local_day(now)), ended]

    def remains(self, node: str) -> Remains:
        """Up to where the acts of a machine that was cut count, and what is known of those after that."""
        cut = self._centre.catalog.trust.cuts.get(node)
        upto = cut.last_seq if cut is not None else 0
        with self._centre.file.read():
            row = EventRow.get_or_none(EventRow.node == node, EventRow.seq == upto)
            after = EventRow.select(EventRow.seq).where(EventRow.node == node, EventRow.seq > upto)
            here = sorted({row.seq for row in after})
        missing = sorted(set(range(upto + 1, here[-1])) - set(here)) if here else []
        return Remains(upto, None if row is None else moment(row.at), missing, here)

    def _open_card(self, node: str) -> Card:
        card = self._centre.catalog.latest.card(node)
        if card is None:
            raise NotGranted(
                f"there is no card of {node}: `motcua status` and the page Máy trạm list them all"
            )
        if not card.opens:
            raise NotGranted(f"the card of {node} was revoked already ({card.revoked})", "revoked")
        return card

    def closed_on(self, node: str) -> date | None:
        """The day on which a machine closed itself, as far as central has its word."""
        with self._centre.file.read():
            closing = self._closing(node)
        return None if closing is None else local_day(moment(closing.at))

    def _closing(self, node: str) -> EventRow | None:
        """The closing event, sealed by the machine itself."""
        found: EventRow | None = EventRow.get_or_none(
            EventRow.node == node,
            EventRow.kind == "node.closed",
            EventRow.place == Fate.EFFECTIVE.value,
        )
        return found

    def _cut(self, node: str, database: str, why: Why) -> Cut:
        events = self._events(node, database)
        if why == "forked":
            known = self._centre.catalog.trust.forks.get(node) if database == "dossiers" else None
            if known is not None:
                events = [event for event in events if event[0] < known[0]]
        if why != "retired":
            events = _without_gap(events)
        seq, event_hash = max(events, default=(0, ""))
        return msgspec.convert(
            {"node": node, "database": database, "last_seq": seq, "last_hash": event_hash, "why": why}, Cut
        )

    def _events(self, node: str, database: str) -> list[tuple[int, str]]:
        """Number and hash of the events of a machine that central has."""
        if database == "dossiers":
            rows = EventRow.select(EventRow.seq, EventRow.hash).where(EventRow.node == node)
            return [(row.seq, row.hash) for row in rows]
        store = self._centre.stores[database]
        documents = (store.get(summary.id) for summary in store.all_docs())
        return [
            (int(document["seq"]), str(document["_id"]).partition(":")[2])
            for document in documents
            if document["node"] == node
        ]

    # ---- who, where, which number

    def free_number(self, on: date) -> int:
        """The lowest number that no card holds on a day, and no open code promises. Raises `NotGranted`."""
        held = {card.number for card in self._cards() if self._holds(card, on)} | self._promised()
        free: int | None = next(
            (number for number in (*range(1, 90), *range(900, 1000)) if number not in held), None
        )
        if free is None:
            raise NotGranted("every number is held by a card: revoke machines that are no more", "no_number")
        return free

    def _place(self, wish: Wish, by: str, now: datetime) -> Place:
        self.require_administrator(by, now)
        day = local_day(now)
        cards = [card for card in self._cards() if card.place == wish.place]
        alive = next((card for card in cards if card.opens), None)
        if alive is not None:
            raise NotGranted(
                f"{alive.node} stands at {wish.place} and its card opens doors: revoke that one first,"
                f" `motcua revoke {alive.node} --why lost` if its machine is gone",
                "alive",
                node=alive.node,
            )
        newest = max((incarnation(card.node)[1] for card in cards), default=0)
        place = Place(
            node=f"{wish.place}.{newest + 1}",
            title=wish.title,
            number=self.free_number(day) if wish.number is None else wish.number,
            duties=wish.duties,
            address=wish.address,
            agencies=wish.agencies,
            building=wish.building,
            ranges=wish.ranges,
            front=wish.front,
        )
        self._check(place, day)
        return place

    def _check(self, place: Place, day: date) -> None:
        try:
            incarnation(place.node)
        except Malformed as why:
            raise NotGranted(
                f"{place.node.rpartition('.')[0]!r} is no name of a place: small letters, digits and hyphens, like counter-03",
                "place",
            ) from why
        if Duty.CATALOG in place.duties:
            raise NotGranted("only central has the duty `catalog`")
        if place.front and (place.duties or place.agencies or place.ranges):
            raise NotGranted("a front writes nothing: it gets no duties, no agencies and no numbers to give")
        self._check_words(place.title, place.agencies)
        self._check_ranges(place.ranges)
        if not (0 <= place.number <= 89 or 900 <= place.number <= 999):
            raise NotGranted(f"{place.number} is no number of a machine: 0 to 89, or 900 to 999", "number")
        holder = next(
            (one for one in self._cards() if one.number == place.number and self._holds(one, day)), None
        )
        if holder is not None:
            raise NotGranted(
                f"number {place.number:02d} is held by {holder.node} up to {holder.lease_to}: leave the number out",
                "number_held",
                number=place.number,
                node=holder.node,
            )

    def _check_words(self, title: str, agencies: Sequence[str]) -> None:
        if not title.strip():
            raise NotGranted("a machine needs a title, like Quầy 03: it stands on pages and papers", "title")
        unknown = [code for code in agencies if self._centre.catalog.latest.agency(code) is None]
        if unknown:
            raise NotGranted(f"the catalog has no agency {', '.join(unknown)}")

    def _check_ranges(self, ranges: Sequence[Numbers]) -> None:
        today = local_day(self._centre.clock())
        granted = [
            (one.what, one.symbol, one.form, one.first, one.last)
            for one in self._centre.catalog.latest.all_ranges()
            # tickets are counted anew every day: those of a machine that is gone may be given by the next one
            if one.what != "ticket" or one.until is msgspec.UNSET or one.until >= today
        ]
        for code in self._open_places():
            granted += [(one.what, one.symbol, one.form, one.first, one.last) for one in code.ranges]
        for numbers in ranges:
            if numbers.last < numbers.first:
                raise NotGranted(f"{numbers} ends before it begins", "range_order")
            if any(numbers.meets(*one) for one in granted):
                raise NotGranted(
                    f"{numbers}: some of these numbers were granted before, and none is given twice",
                    "range_taken",
                )
            granted.append((numbers.what, numbers.symbol, numbers.form, numbers.first, numbers.last))

    def _holds(self, card: Card, day: date) -> bool:
        """Whether a number is a card's on a day. A machine that closed itself holds it no longer than that day."""
        closed = self.closed_on(card.node)
        return day <= (card.lease_to if closed is None else min(card.lease_to, closed))

    def _promised(self) -> set[int]:
        return {place.number for place in self._open_places()}

    def _open_places(self) -> list[Place]:
        """What the open codes promise."""
        now = self._centre.clock()
        with self._centre.file.read():
            rows = [row for row in self._rows() if row.state == OPEN and moment(row.until) > now]
        return [msgspec.json.decode(row.plan, type=Place) for row in rows]

    def _ranges(self, node: str, until: date) -> list[NumberRange]:
        """The numbers of a machine, until another day."""
        held = [one for one in self._centre.catalog.latest.all_ranges() if one.node == node]
        return [msgspec.structs.replace(one, until=max(until, one.since)) for one in held]

    def require_administrator(self, by: str, now: datetime | None = None) -> None:
        """Raises `NotGranted` for anybody else."""
        person = self._centre.catalog.latest.person(by)
        if person is None or not person.has(Role.ADMINISTRATOR, local_day(now or self._centre.clock())):
            raise NotGranted(
                f"{by or 'nobody'} is no administrator of this centre: say who does it with --by"
            )

    def _was_heard(self, card: Card, now: datetime) -> bool:
        heard = self._centre.contacts.of(card.node).heard_at
        return card.node == self._centre.id or (heard is not None and now - heard < HEARD_WITHIN)

    def _cards(self) -> Sequence[Card]:
        return self._centre.catalog.latest.cards()

    def _card_of(self, request: Request) -> Card | None:
        return next((card for card in self._cards() if card.ed25519 == request.ed25519), None)

    # ---- rows

    def _rows(self) -> Iterator[EnrolmentCode]:
        return iter(EnrolmentCode.select())

    def _known(self, row: EnrolmentCode, now: datetime) -> KnownCode:
        over = row.state == OPEN and moment(row.until) <= now
        return KnownCode(
            row.name,
            msgspec.json.decode(row.plan, type=Place),
            row.by,
            moment(row.until),
            row.failures,
            "over" if over else row.state,
        )

    def _usable(self, name: str) -> EnrolmentCode:
        """A code that is open, or was used by who may only not have heard the answer."""
        row: EnrolmentCode | None = EnrolmentCode.get_or_none(EnrolmentCode.name == name)
        if row is None or row.state in (VOID, CANCELLED):
            raise NotGranted(
                "this code is not good, or not any more: make a new one at the centre", "unknown_code"
            )
        if moment(row.until) <= self._centre.clock():
            raise NotGranted(
                f"this code was good for {CODE_LIFE.seconds // 60} minutes: make a new one at the centre",
                "old_code",
            )
        return row

    def _count_failure(self, row: EnrolmentCode) -> NotGranted:
        failures = row.failures + 1
        if failures < TRIES:
            self._set(row.name, failures=failures)
            return NotGranted(f"this is not the code; {TRIES - failures} tries are left", "wrong_code")
        self._set(row.name, failures=failures, state=VOID, key=b"")
        return NotGranted(
            "this was the fifth wrong try: the code is void, make a new one at the centre", "void_code"
        )

    def _set(self, name: str, *where: object, **values: object) -> None:
        EnrolmentCode.update(**values).where(EnrolmentCode.name == name, *where).execute()


def _without_gap(events: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Those from number 1 up to the first number that is not here."""
    numbers = {seq for seq, _ in events}
    gap = next(number for number in count(1) if number not in numbers)
    return [event for event in events if event[0] < gap]
