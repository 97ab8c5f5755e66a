"""The log of views of each machine: whole in itself, and the one that its days were sealed with."""

from __future__ import annotations

import msgspec

from central.inspection.catalogs import Proven
from central.inspection.findings import Findings
from central.inspection.reading import Snapshot
from edge.closing import KIND
from edge.views import HEAD, why_broken
from schemas.acts import DayClosed, Views
from schemas.events import Event


def sealed_in(event: Event) -> list[Views]:
    """What an event that closes a day seals of its machine's log."""
    if event.kind != KIND:
        return []
    try:
        closed = msgspec.convert(event.data, DayClosed)
    except msgspec.ValidationError:
        return []
    return [] if closed.views is msgspec.UNSET else [closed.views]


def check(
    database: Snapshot, folder: str, node: str, proven: Proven, sealed: list[Views], findings: Findings
) -> None:
    """Say what is wrong with the log of the machine whose database this is."""
    card = proven.catalog.latest.card(node)
    if card is None:
        return
    rows = database.select("SELECT line, at, person, stream, what, hash FROM view_log ORDER BY line")
    seal = next((value for (value,) in database.select("SELECT value FROM fact WHERE key = ?", HEAD)), None)
    why = why_broken(node, card.ed25519, rows, sealed, seal)
    if why is not None:
        findings.say(folder, "log of views", why)
