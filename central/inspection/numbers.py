"""Dossier numbers: each given once, by the node and on the day that it says, and counted as it was given."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import orjson

from central.inspection.findings import Findings, Trace
from central.inspection.reading import Snapshot
from edge.agency_papers import FORMS as LISTS
from edge.agency_papers import HAND_OVER, HASH_OF_NAME
from edge.tables.node import LEFT_OUT
from printing.papers.course import RegisterPad
from printing.papers.hall import PetitionSlip, Ticket
from printing.papers.money import CashSummary, ElectronicReceipt, PaperReceipt, ProvisionalSlip
from printing.papers.reception import NotReceived, ReceiptSlip, SlipPad, SupplementRequest
from printing.papers.trial import TrialPage, TrialRoll
from schemas.calendar import local_day
from schemas.catalog import Catalog
from schemas.errors import Malformed, NoNumber
from schemas.events import Event, moment
from schemas.numbers import DossierNumber, compose, parse
from schemas.slips import is_real, read
from schemas.spelling import words

_OF_OTHER_NAMES: Final = frozenset(
    paper.FORM
    for paper in (PaperReceipt, ProvisionalSlip, ElectronicReceipt, CashSummary, Ticket, TrialPage, TrialRoll)
) | {SlipPad.FORM, RegisterPad.FORM, PetitionSlip.FORM}
"""Papers that are called by a receipt's number, a ticket, a shift, a pad or a petition, and not by a dossier's."""
_OF_WHAT_WAS_NOT_RECEIVED: Final = frozenset({SupplementRequest.FORM, NotReceived.FORM})
RESULTS: Final = "result "
"""How the keys of the counters of results' numbers begin."""
_OF_DOSSIERS: Final = re.compile(r"[^ ]+ [0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
"""An agency and a day. Tickets, receipts and pads are counted within ranges that no two machines share."""


class Receipt(NamedTuple):
    """A number that an event gave; `parts` is None for one that no node of ours can have given."""

    trace: Trace
    stream: str
    at: str
    agency: str
    number: str
    parts: DossierNumber | None


def receipt_of(event: Event) -> Receipt | None:
    """The number that a reception gave, at the counter or afterwards from the paper book; None for every other event, for
    one that was redacted, and for what keeps the number of its slip."""
    from_book = (
        event.kind == "dossier.entered_afterwards" and not event.redacted and not event.data.get("slip")
    )
    if (event.kind != "dossier.received" and not from_book) or event.redacted:
        return None
    number, agency = str(event.data.get("number")), str(event.data.get("agency"))
    trace = Trace(event.hash, event.node, event.seq)
    at = str(event.data.get("happened_at")) if from_book else event.at
    return Receipt(trace, event.stream, at, agency, number, parse(number))


def numbers_a_result(event: object, node: str) -> bool:
    """Whether this node's own event gave a result its number."""
    return (
        isinstance(event, Event)
        and event.kind == "dossier.numbered"
        and event.node == node
        and not event.redacted
    )


def came_with(event: Event) -> set[tuple[str, str]]:
    """The number that a dossier brought with it over the portal; it keeps it (design §3.5)."""
    number = event.data.get("number") if event.kind == "dossier.registered" else None
    return {(event.stream, str(number))} if number else set()


def number_faults(receipt: Receipt, catalog: Catalog) -> tuple[str, ...]:
    """Whether the node could give this number on that day: its own number, the agency, the lease."""
    card = catalog.latest.card(receipt.trace.node)
    parts = receipt.parts
    if card is None:
        return ()
    if parts is None:
        return (f"{receipt.number} is no dossier number",)
    lease = (card.lease_from, card.lease_to)
    try:
        right = compose(
            agency=receipt.agency,
            day=local_day(moment(receipt.at)),
            node=card.number,
            count=parts.count,
            lease=lease,
        )
    except NoNumber as why:
        return (f"its number {receipt.number} could not be given: {why}",)
    return (
        ()
        if str(right) == receipt.number
        else (f"its number {receipt.number} is not this node's to give on that day",)
    )


def check_counters(
    snapshot: Snapshot, own: Iterable[Receipt], redacted: int, findings: Findings, folder: str
) -> None:
    """Each counter stands at the last number that this node's own events used, and none was left out.

    But for as many as were redacted: their numbers are gone with them; and those that a new central leaves out at its
    beginning (`central.succession`).
    """
    used: dict[str, list[int]] = defaultdict(list)
    for receipt in own:
        if receipt.parts is not None:
            used[f"{receipt.parts.agency} {receipt.parts.day.isoformat()}"].append(receipt.parts.count)
    counters: dict[str, object] = {}
    left_out: dict[str, int] = {}
    for key, last in snapshot.keyed_rows("number", "key", "key, last"):
        if str(key).startswith(LEFT_OUT):
            left_out[str(key).removeprefix(LEFT_OUT)] = last if type(last) is int else 0
        elif _OF_DOSSIERS.match(str(key)):
            counters[key] = last
    for key in sorted(used.keys() | counters.keys(), key=str):
        counts, last = sorted(used.get(key, ())), counters.get(key)
        where, before = f"number counter {key}", left_out.get(key, 0)
        if last is None:
            findings.say(folder, where, f"it is gone; own events used {spans(counts)}")
        elif redacted and type(last) is int and len(counts) < last - before <= len(counts) + redacted:
            redacted -= last - before - len(counts)
        elif counts != list(range(before + 1, before + len(counts) + 1)) or last != before + len(counts):
            findings.say(folder, where, f"it stands at {last}, own events used {spans(counts) or 'none'}")


def check_result_counters(
    snapshot: Snapshot, catalog: Catalog, given: int, redacted: int, findings: Findings, folder: str
) -> None:
    """The counters of results' numbers stand, all together, at as many as this node's own events gave.

    A counter of a granted range stands at the last number, one of the machine's own at how many there were.
    """
    first = {one.id: one.first for one in catalog.latest.all_ranges() if one.what == "result"}
    used, counters = 0, 0
    for key, last in snapshot.keyed_rows("number", "key", "key, last"):
        if str(key).startswith(LEFT_OUT + RESULTS):
            used -= last if type(last) is int else 0
        elif str(key).startswith(RESULTS):
            counters += 1
            used += (last if type(last) is int else 0) - first.get(str(key).removeprefix(RESULTS), 1) + 1
    if counters and not given <= used <= given + redacted:
        where = "number counters of results"
        findings.say(folder, where, f"they stand at {used} in all, own events used {given}")


def entered(event: Event) -> set[tuple[str, str]]:
    """Stream and number of a reception that was entered afterwards, from its slip or from the paper book."""
    if event.kind != "dossier.entered_afterwards" or event.redacted:
        return set()
    return {(event.stream, str(event.data.get("number")))}


def check_shown(
    snapshot: Snapshot,
    receipts: Iterable[Receipt],
    entered: Iterable[tuple[str, str]],
    catalog: Catalog,
    findings: Findings,
    folder: str,
) -> None:
    """Lists, search and papers show the numbers that the events gave, or said that a slip bears (`entered`)."""
    given: dict[str, set[str]] = defaultdict(set)
    for stream, number in (*((one.stream, one.number) for one in receipts), *entered):
        given[stream].add(number)
    searched = {row[0]: row[1] for row in snapshot.rows("dossier_search", "words")}
    for position, stream, number in snapshot.rows("dossier", "stream, number"):
        if number not in given.get(stream, ()):
            findings.say(folder, f"dossier list {number}", "no event of this dossier gave it this number")
        elif not set(words(number)) <= set(str(searched.get(position, "")).split()):
            findings.say(
                folder, f"dossier search {number}", "it is not found by its number; run motcua rebuild"
            )
    for _, stream, number, form, payload in snapshot.rows("print_job", "stream, number, form, payload"):
        if payload == b"":
            continue  # what it printed was redacted
        if form in _OF_WHAT_WAS_NOT_RECEIVED and stream not in given:
            continue  # there is no number yet that it could show
        if form in LISTS:
            if not _names_an_act(snapshot, str(stream), str(number)):
                findings.say(folder, f"print job {number}", "no act of its first dossier is what it tells of")
        elif form not in _OF_OTHER_NAMES and number not in given.get(stream, ()):
            findings.say(folder, f"print job {number}", "no event of this dossier gave it this number")
        elif form == ReceiptSlip.FORM and not _is_slip_of(payload, str(number), str(stream), catalog):
            findings.say(folder, f"print job {number}", "the slip that it prints is not this dossier's")


def _names_an_act(snapshot: Snapshot, stream: str, number: str) -> bool:
    """Whether the slip of a hand-over is called by the beginning of the hash of an act of its first dossier."""
    called = number.removeprefix(HAND_OVER)
    begins = f"{stream}:{called}"
    found = snapshot.select("SELECT id FROM dossiers_doc WHERE id >= ? AND id < ?", begins, f"{begins}~")
    return len(called) == HASH_OF_NAME and bool(found)


def _is_slip_of(payload: object, number: str, stream: str, catalog: Catalog) -> bool:
    """Whether a spooled slip shows the number, and its code is sealed by the node that it names."""
    try:
        slip = orjson.loads(payload) if isinstance(payload, bytes) else {}
        code, _ = read(str(slip["qr_text"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, Malformed):
        return False
    card = catalog.latest.card(code.node)
    if card is None or not is_real(slip["qr_text"], card.ed25519):
        return False
    return (slip.get("number"), code.number, code.stream) == (number, number, stream)


def check_unique(receipts: Iterable[tuple[str, Receipt]], findings: Findings) -> None:
    """No number twice, over all nodes; with each receipt comes the folder in which it was found."""
    first: dict[str, Receipt] = {}
    for folder, receipt in receipts:
        if receipt.parts is None:
            continue  # the portal's, which sends one thing twice now and then: central tells of it as a conflict
        other = first.setdefault(receipt.number, receipt)
        if other.trace.hash != receipt.trace.hash:
            what = f"its number was given to {other.trace.node} #{other.trace.seq} as well"
            findings.say_of_event(folder, "dossiers", receipt.trace, what, written=True)


def spans(counts: Sequence[int]) -> str:
    """`1-3, 5` for 1, 2, 3, 5."""
    spans: list[list[int]] = []
    for count in counts:
        if spans and count == spans[-1][1] + 1:
            spans[-1][1] = count
        else:
            spans.append([count, count])
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in spans)
