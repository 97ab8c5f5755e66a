"""What was brought or sent and not received: form 02 asks for what is missing, form 03 says why not (domain §3.1).

Such a stream has no number and no due moment; once the same stream is received after all, it is turned away no more.
"""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.acts import Registered, Status
from schemas.fold import Dossier
from schemas.rules import Standing

REGISTERED: Final = "dossier.registered"
FORMS: Final = {"dossier.supplement_requested": "02", "dossier.not_received": "03"}
_KINDS: Final = {
    Status.SUPPLEMENT: "dossier.supplement_requested",
    Status.NOT_RECEIVED: "dossier.not_received",
}
EXCERPT: Final = 300


class Listed(msgspec.Struct, frozen=True):
    """What a list says of it. `form`: 02 or 03; `papers`: how many are asked for; `place` and `person` turned it away."""

    stream: str
    at: str
    form: str
    place: str
    person: str
    agency: str
    procedure: str
    procedure_name: str
    applicant: str
    submitter: str
    phone: str
    papers: int
    reason: str


def kind_of(standing: Standing) -> str:
    """The act by which it was turned away; "" for what was received, or never registered."""
    if standing.receipt is not None or REGISTERED not in standing.newest:
        return ""
    kind = _KINDS.get(standing.status, "")
    return kind if kind in standing.newest else ""


def listed_of(dossier: Dossier) -> Listed | None:
    """None for what was received, and for what is known no more."""
    standing = dossier.standing
    kind = kind_of(standing)
    if not kind:
        return None
    brought, said = standing.newest[REGISTERED].data, standing.newest[kind]
    if not isinstance(brought, Registered) or said.data is None:
        return None
    came = brought.submitter or None
    return Listed(
        dossier.stream,
        said.at,
        FORMS[kind],
        said.node.rpartition(".")[0],
        said.by,
        brought.agency,
        brought.procedure,
        brought.procedure_name,
        brought.applicant.name,
        came.name if came else "",
        (came.phone if came else "") or brought.applicant.phone,
        len(said.data.components) if kind == "dossier.supplement_requested" else 0,
        " ".join(said.data.reason.split())[:EXCERPT],
    )
