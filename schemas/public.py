"""What may be said of a dossier to whoever knows its number and four digits: no name but its first letters, no number.

A citizen asks at home or at the kiosk, others stand behind them (domain §7.1). A kiosk keeps no dossiers and gets this
from a machine that does, so it travels as JSON.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from schemas.acts import Status
from schemas.calendar import Calendar
from schemas.clock import due_at, stopped
from schemas.fold import Dossier
from schemas.identity import proves
from schemas.rules import Inner, Money

State = Literal[
    "received", "working", "on_the_way", "opinion", "signing", "sealing", "supplement", "obligation",
    "withdrawing", "stopped", "done", "by_post", "returned", "contested",
]  # fmt: skip

_AT_WORK: Final[dict[Inner, State]] = {
    Inner.AWAITS_TAKE_OVER: "on_the_way",
    Inner.AWAITS_OPINION: "opinion",
    Inner.AWAITS_SIGNATURE: "signing",
    Inner.AWAITS_NUMBER: "sealing",
    Inner.AWAITS_SEAL: "sealing",
}
_OTHERWISE: Final[dict[Status, State]] = {
    Status.RECEIVED: "received",
    Status.SUPPLEMENT: "supplement",
    Status.FINANCIAL: "obligation",
    Status.WITHDRAWING: "withdrawing",
    Status.STOPPED: "stopped",
    Status.RETURNED: "returned",
}


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """`due`: empty while the clock stands still. `papers`, `until`: how many were asked for, and by which day.

    `owed`: đồng that are still to be paid. `as_of`: up to when whoever says it (`by`, a machine) had heard of central.
    """

    number: str
    state: State
    procedure: str
    agency: str
    applicant: str
    received_at: str
    due: str = ""
    papers: int = 0
    until: str = ""
    owed: int = 0
    returned_at: str = ""
    as_of: str = ""
    by: str = ""


def told_of(dossier: Dossier, calendar: Calendar) -> Told | None:
    """None for what was never received, or is known no more."""
    standing, received = dossier.standing, dossier.received
    if standing.receipt is None or received is None:
        return None
    still = stopped(standing, calendar) is not None
    asked = standing.newest.get("dossier.supplement_requested")
    request = asked.data if asked is not None and dossier.status is Status.SUPPLEMENT else None
    owes = dossier.money in (Money.DUE, Money.PARTLY_PAID) and dossier.status is not Status.STOPPED
    return Told(
        received.number,
        _state(dossier),
        received.procedure_name,
        received.agency,
        first_letters(received.applicant.name),
        standing.received_at,
        "" if still else due_at(standing, calendar) or standing.due,
        len(request.components) if request is not None else 0,
        request.until if request is not None and isinstance(request.until, str) else "",
        max(0, standing.asked - standing.purse.kept) if owes else 0,
        standing.returns[-1].at if standing.returns else "",
    )


def _state(dossier: Dossier) -> State:
    status, inner, received = dossier.status, dossier.standing.inner, dossier.received
    if dossier.contested:
        return "contested"
    if status is Status.DONE:
        return "by_post" if received is not None and received.return_by == "post" else "done"
    return _AT_WORK.get(inner) or _OTHERWISE.get(status, "working")


def is_known_by(dossier: Dossier, four: str) -> bool:
    """Whether these four digits end a number of the applicant or of who came for them."""
    received = dossier.received
    if received is None:
        return False
    parties = [received.applicant, *([received.submitter] if received.submitter else [])]
    return any(proves(four, one.identity, one.phone) for one in parties)


def first_letters(name: str) -> str:
    """ "N••• V•• T••••": enough to know oneself by, and nobody else."""
    return " ".join(word[:1] + "•" * (len(word) - 1) for word in name.split())
