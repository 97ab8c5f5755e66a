"""One reception told more than once: by its own event, and from the paper slip while that event was thought lost.

All of them stand, because all of them happened: somebody received, somebody wrote down again. They are one reception
(`fold`), of which the first by cause and time is read. Where they do not say the same, that is shown, and a person
puts right what is wrong by an amendment. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from schemas.acts import EnteredAfterwards, Party, Received
from schemas.errors import Malformed
from schemas.rules import Done
from schemas.slips import read


@dataclass(frozen=True, slots=True)
class Difference:
    """What one of two says otherwise than the other. `what` names the field; the values are as they stand there."""

    what: str
    original: Any
    again: Any


@dataclass(frozen=True, slots=True)
class Retold:
    """A reception, and what was entered of it from its slip. `proven`: the original is the slip's own event."""

    original: Done
    again: Done
    proven: bool
    differences: tuple[Difference, ...]


def reception_of(data: Received, own: str) -> str:
    """Which reception an act of the hash `own` tells of: its own, or the one whose slip was entered again."""
    if isinstance(data, EnteredAfterwards) and data.slip:
        try:
            return read(data.slip)[0].event
        except Malformed:
            return own
    return own


def retold(receptions: Iterable[Done]) -> tuple[Retold, ...]:
    """Of the receptions of a dossier, oldest first: those that were told again, each beside the first of its own."""
    groups: dict[str, list[Done]] = {}
    for done in receptions:
        groups.setdefault(reception_of(done.data, done.hash), []).append(done)
    found = []
    for event, told in groups.items():
        original = next((done for done in told if done.hash == event), told[0])
        for again in told:
            if again is not original:
                proven = original.hash == event
                found.append(Retold(original, again, proven, _differences(original, again)))
    return tuple(found)


def received_at(done: Done) -> str:
    """When the papers were received, as the act says."""
    data = done.data
    return data.happened_at if isinstance(data, EnteredAfterwards) else done.at


def _party(member: str) -> Callable[[Received], object]:
    def of(data: Received) -> object:
        who, _, what = member.partition(".")
        found = getattr(data, who)
        return getattr(found, what) if isinstance(found, Party) else ""

    return of


_FIELDS: Final[tuple[tuple[str, Callable[[Received], object]], ...]] = (
    ("procedure", lambda data: data.procedure),
    *(
        (f"applicant.{what}", _party(f"applicant.{what}"))
        for what in ("name", "identity", "address", "phone")
    ),
    *((f"submitter.{what}", _party(f"submitter.{what}")) for what in ("name", "identity")),
    ("components", lambda data: tuple(sorted(data.components, key=msgspec.json.encode))),
    ("due", lambda data: data.due),
    ("fees", lambda data: sum(fee.amount for fee in data.fees)),
    ("return_by", lambda data: data.return_by),
)


def _differences(original: Done, again: Done) -> tuple[Difference, ...]:
    found = [
        Difference(what, one, other)
        for what, of in _FIELDS
        if (one := of(original.data)) != (other := of(again.data))
    ]
    # paper says the hour to the minute
    if received_at(original)[:16] != received_at(again)[:16]:
        found.append(Difference("received_at", received_at(original), received_at(again)))
    return tuple(found)
