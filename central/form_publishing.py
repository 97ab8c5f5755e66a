"""What a version of a form must be before it gets into the catalog: right with every sample, from a coming day on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import msgspec
from msgspec import structs

from edge.node import Node
from printing.checking import Problem, Why, problems
from printing.errors import NoFormInForce
from printing.forms import Form
from schemas.calendar import local_day
from schemas.canonical import MAX_BYTES
from schemas.entries import Form as Published

_HEADER: Final = 4096
"""Bytes of an event that are not the form."""


def earliest(node: Node) -> date:
    """The first day that a version may begin on: papers of today have been printed."""
    return local_day(node.clock()) + timedelta(days=1)


def base_of(node: Node, number: str, since: date) -> Form:
    """The version that a new one from `since` on takes the place of; the newest where none is in force then."""
    forms, catalog = node.papers.forms, node.catalog.number
    try:
        return forms.in_force(number, since, catalog)
    except NoFormInForce:
        return forms.versions(number, catalog)[-1]


def wrong_with(node: Node, version: Form) -> list[Problem]:
    """All that keeps a version from being published here, now."""
    if version.in_force_from < earliest(node):
        return [Problem(Why.TOO_SOON)]
    if len(msgspec.json.encode(version)) > MAX_BYTES - _HEADER:
        return [Problem(Why.TOO_LONG)]
    view = node.catalog.latest
    centre = view.centre()
    names = {agency.name for agency in view.agencies()}
    names |= {centre.name, centre.superior, centre.place} if centre else set()
    return problems(version, base_of(node, version.number, version.in_force_from), names)


def entry_of(version: Form) -> Published:
    """A version as the catalog says it."""
    return msgspec.convert(structs.asdict(version), Published)
