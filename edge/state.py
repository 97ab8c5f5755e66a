"""What this machine says of itself, and where it leaves it: a note at central, at every contact (`schemas.states`)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from edge.contact import Contact
from edge.node import Node
from edge.settings import FOLDER
from edge.tables.node import Chain, Number
from printing.spool import BROWSER, PrintJob
from printing.spool import State as JobState
from schemas.calendar import local_day
from schemas.entries import NumberRange
from schemas.events import timestamp
from schemas.states import PrinterState, RangeLeft, Refusal, State

SAID_EVERY_S: Final = 30.0
_OPEN: Final = (JobState.QUEUED.value, JobState.SENT.value, JobState.FAILED.value, JobState.UNSURE.value)
_MOST: Final = 50
_REFUSALS: Final = 20


def state_of(node: Node, *, files_elsewhere: int = 0) -> State:
    """As of now, under this machine's seal."""
    at, waiting, problems = node.clock(), node.register.waiting(), node.register.problems()
    disk, skew = node.disk.space(), node.hour.skew
    contacts = [
        node.contacts.of(card.node)
        for card in node.catalog.latest.cards()
        if card.opens and card.node != node.id
    ]
    refused = node.register.refused()
    with node.file.read():
        seq = max((row.seq for row in Chain.select().where(Chain.database == "dossiers")), default=0)
    return State(
        v=1,
        node=node.id,
        at=timestamp(at),
        version=program(),
        catalog=node.catalog.number,
        waiting=waiting.count,
        waiting_since=timestamp(waiting.oldest) if waiting.oldest is not None else "",
        refused=len(refused),
        incomplete=problems.incomplete,
        files_elsewhere=files_elsewhere,
        seq=seq,
        skew_s=int(skew.total_seconds()) if skew is not None else 0,
        unsure=node.hour.unsure,
        disk_free=disk.free,
        disk_size=disk.total,
        printers=_printers(node),
        ranges=ranges_left(node, at),
        sees={one.node: timestamp(one.heard_at) for one in contacts if _near(one) and one.heard_at},
        lost={
            one.node: timestamp(one.lost_since)
            for one in contacts
            if one.heard_at is not None and one.lost_since is not None
        },
        refusals=tuple(
            Refusal(one.document[:200], one.peer, one.reason[:200], one.at) for one in refused[:_REFUSALS]
        ),
    ).sealed(node.keys.ed25519.sign)


def program() -> str:
    """The version of the program that runs here; "" where it was never installed."""
    try:
        return version("motcua")
    except PackageNotFoundError:
        return ""


def _near(contact: Contact) -> bool:
    return contact.heard_at is not None and contact.lost_since is None


def _printers(node: Node) -> tuple[PrinterState, ...]:
    with node.file.read():
        jobs = list(PrintJob.select().where(PrintJob.state.in_(_OPEN)).limit(1000))
    waiting: Counter[str] = Counter()
    unsure: Counter[str] = Counter()
    errors: dict[str, str] = {}
    for job in jobs:
        name = node.spool.printers.of(job)
        waiting[name] += 1
        unsure[name] += job.state == JobState.UNSURE.value
        errors[name] = (job.error or errors.get(name, ""))[:200]
    listed = [one.name for one in node.place_printers.listed()]
    names = dict.fromkeys([*listed, *(name for name in waiting if name not in (FOLDER, BROWSER))])
    return tuple(
        PrinterState(name[:200], waiting[name], unsure[name], errors.get(name, "")) for name in names
    )[:_MOST]


def ranges_left(node: Node, at: datetime) -> tuple[RangeLeft, ...]:
    """What is left of each range that central granted. Tickets are left out: they begin anew every day."""
    held = [
        one
        for one in node.catalog.latest.ranges(node.id, local_day(at))
        if one.what in ("receipt", "pad", "result")
    ]
    with node.file.read():
        rows = {
            row.key: row.last for row in Number.select().where(Number.key.in_([_key(one) for one in held]))
        }
    return tuple(
        RangeLeft(
            one.what,  # type: ignore[arg-type]  # tickets are left out above
            one.symbol,
            one.form,
            one.first,
            one.last,
            one.last - max(rows.get(_key(one), 0), one.first - 1),
        )
        for one in held[:200]
    )


def _key(one: NumberRange) -> str:
    """What counts the numbers given out of a range (`edge.till`, `edge.pads`, `edge.ledger`)."""
    return f"{one.what} {one.id}"
