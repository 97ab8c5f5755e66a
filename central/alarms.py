"""Central watches over all machines, and mails the administrators: what is wrong now, what still is a day later, what is over.

What is wrong is what the page *Máy trạm* shows (`central.console`), and what `/healthz` and `/readyz` of each machine say.
It has to stay for a while before it is told, and to stay away before it is called over: whatever comes and goes within
minutes wakes nobody. Machines are switched off in the evening, so one that is out of reach is told of in office hours.

What was told is written down with the mail, in one transaction; the mail then lies in the outbox until it went. No person,
dossier or paper is in it.
"""

from __future__ import annotations

import http.client
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import msgspec

from central.alarm_words import in_words
from central.console import Alarm, Console, Machine, Wrong
from central.sending import address_of
from edge.health import health_of, unready
from edge.lines import line_to
from edge.node import Node
from edge.outbox import MAIL
from edge.state import state_of
from edge.tables.centre import AlarmRow
from schemas.calendar import VIETNAM, local_day
from schemas.entries import Card
from schemas.events import moment, timestamp
from sync.errors import Unavailable

LOOK_S: Final = 60.0
ASKED_EVERY: Final = timedelta(minutes=5)
"""How often machines are asked whether they can work."""
PATIENCE_S: Final = 5.0
STAYS_BAD: Final = timedelta(minutes=3)
STAYS: Final = timedelta(minutes=30)
AGAIN: Final = timedelta(days=1)
COMES_AND_GOES: Final = frozenset({Wrong.LOST, Wrong.SILENT})
"""What is told in office hours only."""
COUNTED_ALREADY: Final = frozenset({"disk", "documents"})
"""Reasons of `/readyz` that the console knows better."""

log = logging.getLogger(__name__)
Ready = Callable[[Card], Sequence[str]]


class _Said(msgspec.Struct, frozen=True):
    why: list[str] = []


@dataclass(frozen=True, slots=True)
class Fault:
    """`key` stays the same while the fault does; `said` is how it stands now."""

    key: str
    wrong: Wrong
    said: str


def ask(centre: Node, card: Card) -> Sequence[str]:
    """What a machine says that it cannot do, by its address; nothing where it has none, or there is no line to it: that
    is for its contacts to say."""
    url = address_of(centre, card)
    if not url:
        return ()
    try:
        with line_to(url, partial(centre.trusts, card.node), PATIENCE_S) as (connection, path):
            connection.request("GET", f"{path}/healthz")
            alive = connection.getresponse()
            alive.read()
            if alive.status != http.HTTPStatus.OK:
                return ("healthz",)
            connection.request("GET", f"{path}/readyz")
            return msgspec.json.decode(connection.getresponse().read(), type=_Said).why
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return ()


class Alarms:
    """Of central, until `stop`. `ready`: what a machine says that it cannot do."""

    def __init__(
        self, centre: Node, elsewhere: Callable[[], int] = lambda: 0, *, ready: Ready | None = None
    ) -> None:
        self._centre, self._elsewhere = centre, elsewhere
        self._ready = ready or partial(ask, centre)
        self._to = centre.settings.mail.alarms if centre.settings.mail is not None else ()
        self._whys: dict[str, Sequence[str]] = {}
        self._asked_at: datetime | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)

    def start(self) -> None:
        """Does nothing where the settings name nobody to mail to."""
        if self._to:
            self._thread.start()

    def stop(self) -> None:
        """A look that is under way asks no further machine, and gets `PATIENCE_S` to end."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=PATIENCE_S)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            try:
                self.look()
            except Unavailable as why:  # a full disk, or the end: it is told at a later look
                log.warning("nobody was told what is wrong: %s", why)
            except Exception:  # nobody would miss a thread that ends here
                log.exception("nobody was told what is wrong")

    # ---- what is wrong

    def faults(self) -> list[Fault]:
        """All that is wrong just now; machines are asked for their health again where the last answer is old."""
        own, now = state_of(self._centre, files_elsewhere=self._elsewhere()), self._centre.clock()
        machines = Console(self._centre).machines(own)
        self._ask_all(machines, now)
        return [fault for machine in machines for fault in self._of(machine, now)]

    def _of(self, machine: Machine, now: datetime) -> Iterator[Fault]:
        node = machine.card.node
        unready_ = [Alarm(Wrong.UNREADY, name=why) for why in self._whys.get(node, ())]
        for alarm in (*machine.alarms, *unready_):
            if alarm.wrong is Wrong.OUTGOING_LATE and alarm.name == MAIL:
                continue  # a mail that tells of it would wait as well
            said = f"{machine.card.title} ({node}): {in_words(alarm, now)}"
            yield Fault(f"{node} {alarm.wrong.value} {alarm.name}".rstrip(), alarm.wrong, said)

    def _ask_all(self, machines: Sequence[Machine], now: datetime) -> None:
        """Of those that are near: who is away cannot be asked."""
        if self._asked_at is not None and timedelta(0) <= now - self._asked_at < ASKED_EVERY:
            return
        self._asked_at, self._whys = now, {}
        for machine in machines:
            if self._stopping.is_set():
                return
            here = machine.card.node == self._centre.id
            if here or machine.near:
                whys = unready(health_of(self._centre, now)) if here else self._ready(machine.card)
                # a front says it nowhere else
                self._whys[machine.card.node] = [
                    why for why in whys if machine.card.front or why not in COUNTED_ALREADY
                ]

    # ---- what is told

    def look(self) -> bool:
        """Look once, and note what has to be told; whether anything had. Raises `Unavailable` where it cannot be noted."""
        faults, now = self.faults(), self._centre.clock()
        with self._centre.file.write() as connection:
            rows = {row.key: row for row in AlarmRow.select()}
            new = self._new(faults, rows, now)
            over = self._over({fault.key for fault in faults}, rows, now)
            still = [
                fault
                for fault in faults
                if fault not in new and fault.key in rows and rows[fault.key].told_at
            ]
            again = any(_is_over(rows[one.key].told_at, AGAIN, now) for one in still)
            again = again and self._is_office_hour(now) and not self._centre.outbox.has_own_mail(connection)
            if not (new or over or again):
                return False
            told = [*new, *still] if again else new
            for fault in told:
                AlarmRow.update(said=fault.said, told_at=timestamp(now)).where(
                    AlarmRow.key == fault.key
                ).execute()
            AlarmRow.delete().where(AlarmRow.key.in_([row.key for row in over])).execute()
            text = self._text(new, still, over, rows, now)
            name = f"alarm {self._centre.ids.hex()}"
            self._centre.outbox.mail(connection, name, self._to, _subject(new, still, over), text)
        return True

    def _new(self, faults: Iterable[Fault], rows: dict[str, AlarmRow], now: datetime) -> list[Fault]:
        """What was not told yet and has stayed long enough; what is seen for the first time is noted."""
        found = []
        for fault in faults:
            row = rows.get(fault.key)
            if row is None:
                AlarmRow.create(key=fault.key, said=fault.said, since=timestamp(now))
                continue
            if row.gone_at:
                AlarmRow.update(gone_at="").where(AlarmRow.key == fault.key).execute()
            stays = STAYS_BAD if fault.wrong.is_bad else STAYS
            if row.told_at or not _is_over(row.since, stays, now):
                continue
            if fault.wrong not in COMES_AND_GOES or self._is_office_hour(now):
                found.append(fault)
        return found

    @staticmethod
    def _over(seen: set[str], rows: dict[str, AlarmRow], now: datetime) -> list[AlarmRow]:
        """What was told and has stayed away long enough; what went before it was told is forgotten."""
        found = []
        for row in rows.values():
            if row.key in seen:
                continue
            if not row.told_at:
                AlarmRow.delete().where(AlarmRow.key == row.key).execute()
            elif not row.gone_at:
                AlarmRow.update(gone_at=timestamp(now)).where(AlarmRow.key == row.key).execute()
            elif _is_over(row.gone_at, STAYS_BAD, now):
                found.append(row)
        return found

    def _is_office_hour(self, now: datetime) -> bool:
        """From half an hour after the office opens, when machines are on, until it closes."""
        calendar, day = self._centre.catalog.latest.calendar(), local_day(now)
        opens = calendar.opening_of(day)
        return (
            calendar.is_working(day) and opens is not None and opens + STAYS <= now < calendar.close_of(day)
        )

    def _text(
        self,
        new: Sequence[Fault],
        still: Sequence[Fault],
        over: Sequence[AlarmRow],
        rows: dict[str, AlarmRow],
        now: datetime,
    ) -> str:
        centre, address = self._centre.catalog.latest.centre(), self._centre.card.address
        lines = [f"{centre.name if centre else self._centre.id}, {_at(now)}"]
        for title, found in (
            ("LỖI MỚI", [f"{one.said} (thấy từ {_at(moment(rows[one.key].since))})" for one in new]),
            ("VẪN CÒN", [f"{one.said} (thấy từ {_at(moment(rows[one.key].since))})" for one in still]),
            ("ĐÃ HẾT", [row.said for row in over]),
        ):
            if found:
                lines += ["", title, *(f"- {one}" for one in found)]
        page = f" ({address}/nodes)" if address else ""
        lines += [
            "",
            "Việc đã báo “Đã lưu” vẫn nguyên trên từng máy, kể cả khi mất liên lạc.",
            f"Xem trang Máy trạm của Trung tâm{page}; tại máy có lỗi, gõ motcua doctor để biết phải làm gì.",
            "Thư tự động, mỗi ngày nhắc lại một lần khi còn lỗi.",
            "",
        ]
        return "\n".join(lines)


def _subject(new: Sequence[Fault], still: Sequence[Fault], over: Sequence[AlarmRow]) -> str:
    counts = ((len(new), "lỗi mới"), (len(over), "lỗi đã hết"), (len(still), "lỗi vẫn còn"))
    return f"Motcua: {', '.join(f'{count} {what}' for count, what in counts if count)}"


def _is_over(since: str, span: timedelta, now: datetime) -> bool:
    """Whether that long has passed; also after the clock was turned back."""
    return not timedelta(0) <= now - moment(since) < span


def _at(at: datetime) -> str:
    return f"{at.astimezone(VIETNAM):%H:%M ngày %d/%m/%Y}"
