"""Redaction, at central only: two persons say what has to go and by which law, and every node obeys (design §3.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from central.centre import Office
from edge.node import Node
from schemas.calendar import local_day
from schemas.entries import Redaction, Role
from schemas.errors import Because, NotAllowed

MAY_REDACT: Final = (Role.ADMINISTRATOR, Role.DESK_OFFICER, Role.SUPERVISOR)
"""Of the two persons each has one of these roles."""


def may_redact(centre: Node, person: str) -> bool:
    """Whether somebody may be one of the two, today."""
    found = centre.catalog.latest.person(person)
    return found is not None and not found.roles_on(local_day(centre.clock())).isdisjoint(MAY_REDACT)


def redact(centre: Node, targets: Sequence[str], ground: str, *, by: str, second: str) -> int:
    """Let events (64 hex digits) and files (`file-…`) go, everywhere and for good; how many entries were written.

    At central they are gone when this returns. Who the two are was proven before: by sign-in and by PIN. Raises
    `NotAllowed`.
    """
    if by == second:
        raise NotAllowed(Because.WITNESS, "two different persons")
    if not may_redact(centre, by):
        raise NotAllowed(Because.ROLE)
    if not may_redact(centre, second):
        raise NotAllowed(Because.WITNESS)
    new = [one for one in dict.fromkeys(targets) if one not in centre.catalog.trust.redacted]
    return (
        Office(centre).define([Redaction(one, ground) for one in new], by=by, with_=(second,)) if new else 0
    )
