"""Whether a paper slip is real, by its QR code alone: at any node, for anybody, without a network.

here        its machine printed it, and the reception that it proves is here
elsewhere   its machine printed it, and the reception is not here: on its way, or lost with that machine
doubtful    the same, but the machine was cut or its card revoked: who has its key can print slips
altered     the seal is not for these words, though a dossier here has the number or the event
forged      the seal is not for these words, and nothing here knows of any of it
unknown     nobody here knows the machine (yet)
unreadable  no slip of ours
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from edge.database import DossierRow
from edge.node import Node
from schemas.errors import Malformed
from schemas.events import Event
from schemas.slips import SlipCode, is_real, read


class Verdict(Enum):
    HERE = "here"
    ELSEWHERE = "elsewhere"
    DOUBTFUL = "doubtful"
    ALTERED = "altered"
    FORGED = "forged"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a code. `row`: the dossier, where the slip is real and the dossier is here with its content."""

    verdict: Verdict
    code: SlipCode | None = None
    row: DossierRow | None = None


def check_slip(node: Node, text: str) -> Checked:
    """Never raises for what somebody can print or type."""
    try:
        code, _ = read(text)
    except Malformed:
        return Checked(Verdict.UNREADABLE)
    keys = node.catalog.keys_of(code.node)
    if not keys:
        return Checked(Verdict.UNKNOWN, code)
    if not any(is_real(text, key) for key in keys):
        return Checked(Verdict.ALTERED if _knows(node, code) else Verdict.FORGED, code)
    event = _event(node, code)
    if event is None:
        card = node.catalog.latest.card(code.node)
        doubtful = code.node in node.catalog.trust.cuts or card is None or not card.opens
        return Checked(Verdict.DOUBTFUL if doubtful else Verdict.ELSEWHERE, code)
    if event.node != code.node or (not event.redacted and event.data.get("number") != code.number):
        return Checked(Verdict.ALTERED, code)
    return Checked(Verdict.HERE, code, node.register.row(code.stream))


def _event(node: Node, code: SlipCode) -> Event | None:
    """The reception that a slip names."""
    events = node.projector.events_of(code.stream)
    return next((one for one in events if isinstance(one, Event) and one.hash == code.event), None)


def _knows(node: Node, code: SlipCode) -> bool:
    """Whether anything that the code says is of a dossier here."""
    if _event(node, code) is not None:
        return True
    with node.file.read():
        return DossierRow.select().where(DossierRow.number == code.number).exists()
