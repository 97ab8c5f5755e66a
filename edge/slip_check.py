"""Whether a slip, a receipt or a result is real, by its QR code alone: at any node, for anybody, without a network.

here        its machine made it, and the act that it proves is here, or was entered again from it
elsewhere   its machine made it, and the act is not here: on its way, or lost with that machine
doubtful    the same, but the machine was cut or its card revoked: who has its key can print papers
altered     the seal is not for these words, though a dossier here has the number or the act
forged      the seal is not for these words, and nothing here knows of any of it
unknown     nobody here knows the machine (yet)
unreadable  no paper of ours

A real paper may have lost its effect since: a receipt that was made void, a result that another one replaced (`Effect`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from edge.node import Node
from edge.tables.dossiers import DossierRow
from schemas.errors import Malformed
from schemas.events import Event
from schemas.fold import Dossier, Place
from schemas.receptions import reception_of
from schemas.slips import ALL, Coded, SlipCode, is_real, read


class Verdict(Enum):
    """What can be said of a paper by its code."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    DOUBTFUL = "doubtful"
    ALTERED = "altered"
    FORGED = "forged"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"


class Effect(Enum):
    """What a real paper is worth today, as far as this node knows."""

    STANDS = "stands"
    CONTESTED = "contested"
    REPLACED = "replaced"
    """A result that was taken back, or that another one stands for."""
    RECALLED = "recalled"
    SUPERSEDED = "superseded"
    """A receipt, or the slip while one was pending, in whose place another one was given."""
    VOID = "void"
    REFUNDED = "refunded"
    UNSETTLED = "unsettled"
    """The act that made it is held or waits here."""


RESULTS: Final = frozenset({"dossier.approved", "dossier.refused"})
COLLECTED: Final = "dossier.fee_collected"
REPLACED: Final = "dossier.receipt_replaced"


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a code. `row`, `dossier` and `act`: where the paper is real and its act is here with its content.

    `ended`: why the card of the machine that made it ended, where that puts it in doubt.
    """

    verdict: Verdict
    code: SlipCode | None = None
    row: DossierRow | None = None
    dossier: Dossier | None = None
    act: Event | None = None
    effect: Effect = Effect.STANDS
    ended: str = ""

    @property
    def enters_again(self) -> bool:
        """Whether a reception may be entered from it. Who has a machine's key can print slips: where it was stolen, or
        exists twice, nobody can tell any more which are honest."""
        if self.code is None or self.code.paper is not Coded.SLIP:
            return False
        lost = self.verdict is Verdict.DOUBTFUL and self.ended in ("lost", "retired")
        return self.verdict is Verdict.ELSEWHERE or lost


def check_slip(node: Node, text: str) -> Checked:
    """Never raises for what somebody can print or type."""
    try:
        code, _ = read(text, ALL)
    except Malformed:
        return Checked(Verdict.UNREADABLE)
    keys = node.catalog.keys_of(code.node)
    if not keys:
        return Checked(Verdict.UNKNOWN, code)
    if not any(is_real(text, key, ALL) for key in keys):
        return Checked(Verdict.ALTERED if _knows(node, code) else Verdict.FORGED, code)
    dossier = node.projector.dossier(code.stream)
    event, again = _event(node, code), _entered_again(node, code, dossier)
    if event is None and again is None:
        return _not_here(node, code)
    if event is not None and (
        event.node != code.node
        or (not event.redacted and code.number not in _numbers(node, code, event, dossier))
    ):
        return Checked(Verdict.ALTERED, code)
    act = event or again
    assert act is not None  # noqa: S101 - one of the two
    row = node.register.row(code.stream)
    return Checked(Verdict.HERE, code, row, dossier, act, _effect(node, code, act, dossier))


def _not_here(node: Node, code: SlipCode) -> Checked:
    """Of a real paper whose act is not here."""
    card, cut = node.catalog.latest.card(code.node), node.catalog.trust.cuts.get(code.node)
    if cut is not None:
        return Checked(Verdict.DOUBTFUL, code, ended=cut.why)
    if card is None or not card.opens:
        return Checked(Verdict.DOUBTFUL, code, ended=card.revoked if card is not None else "")
    return Checked(Verdict.ELSEWHERE, code)


def _entered_again(node: Node, code: SlipCode, dossier: Dossier) -> Event | None:
    """The reception that was entered from this slip, while its own is not here."""
    receipt = dossier.standing.receipt
    if receipt is None or reception_of(receipt.data, receipt.hash) != code.event:
        return None
    events = node.projector.events_of(code.stream)
    return next((one for one in events if isinstance(one, Event) and one.hash == receipt.hash), None)


def _event(node: Node, code: SlipCode) -> Event | None:
    """The act that a code proves: a reception or a collection by its hash, a result by the digest that it names."""
    for one in node.projector.events_of(code.stream):
        if not isinstance(one, Event):
            continue
        if code.paper is not Coded.RESULT:
            if one.hash == code.event:
                return one
        elif one.kind in RESULTS and not one.redacted and one.data.get("digest") == code.event:
            return one
    return None


def _numbers(node: Node, code: SlipCode, event: Event, dossier: Dossier) -> list[str]:
    """The numbers that the paper of an act may have, the newest last."""
    match code.paper:
        case Coded.SLIP:
            return [str(event.data.get("number"))]
        case Coded.RECEIPT:
            return _receipts(node, event, dossier)
        case Coded.RESULT:
            return [dossier.received.number] if dossier.received else []


def _receipts(node: Node, collected: Event, dossier: Dossier) -> list[str]:
    """What was given for money that was taken: one receipt, and those in its place."""
    if collected.kind != COLLECTED:
        return []
    events = {one.hash: one for one in node.projector.events_of(dossier.stream) if isinstance(one, Event)}
    given = [collected.data.get("receipt", {})]
    for line in dossier.timeline:
        event = events.get(line.hash)
        if event is None or event.redacted or line.kind != REPLACED or line.place is not Place.EFFECTIVE:
            continue
        if event.data.get("collected") == collected.hash:
            given.append(event.data.get("receipt", {}))
    return [f"{receipt.get('symbol')}-{receipt.get('number')}" for receipt in given]


def is_issued(node: Node, checked: Checked) -> bool:
    """Whether the electronic receipt whose number a slip bears has been issued since."""
    if checked.act is None or checked.code is None or checked.dossier is None:
        return False
    issued = node.till.issued(checked.dossier).get(checked.act.hash)
    return issued is not None and f"{issued.receipt.symbol}-{issued.receipt.number}" == checked.code.number


def _effect(node: Node, code: SlipCode, event: Event, dossier: Dossier) -> Effect:
    standing = dossier.standing
    place = next((line.place for line in dossier.timeline if line.hash == event.hash), Place.WAITING)
    if place in (Place.HELD, Place.WAITING):
        return Effect.UNSETTLED
    if code.paper is Coded.RECEIPT:
        if event.hash in standing.purse.void:
            return Effect.VOID
        if not event.redacted and _receipts(node, event, dossier)[-1:] != [code.number]:
            return Effect.SUPERSEDED
        return Effect.REFUNDED if event.hash in standing.purse.refunded else Effect.STANDS
    if dossier.contested:
        return Effect.CONTESTED
    if code.paper is Coded.SLIP:
        return Effect.STANDS
    if standing.outcome is None or standing.outcome.hash != event.hash:
        return Effect.REPLACED
    return Effect.RECALLED if standing.recalled else Effect.STANDS


def _knows(node: Node, code: SlipCode) -> bool:
    """Whether anything that the code says is of a dossier here."""
    if _event(node, code) is not None:
        return True
    with node.file.read():
        return DossierRow.select().where(DossierRow.number == code.number).exists()
