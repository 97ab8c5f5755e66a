"""Who is at the screen: signed in by PIN, locked when idle, and nothing typed is lost by it.

The session cookie is signed and names the person and the last moment that they did something. Polling is not doing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, cast

from flask import g, request, session

from edge.web.site import Entry, site
from schemas.acts import BY_KIND
from schemas.catalog import Person
from schemas.errors import Because, NotAllowed
from schemas.events import timestamp

_POLLED: Final = "polled"
"""The parameter of requests that a page makes by itself."""


def person() -> Person:
    """Whoever is signed in; pages are only reached by somebody who is."""
    return cast(Person, g.person)


def signed_in() -> Person | None:
    """Who is signed in and not idle for too long."""
    name, seen = session.get("person"), session.get("seen")
    if name is None or seen is None or is_idle(seen):
        return None
    return next((one for one in site().staff() if one.id == name), None)


def is_idle(seen: str) -> bool:
    idle = site().now() - datetime.fromisoformat(seen)
    return idle > timedelta(seconds=site().node.settings.idle_lock_s)


def enter(name: str) -> None:
    session["person"] = name
    touch()


def touch() -> None:
    session["seen"] = timestamp(site().now())


def leave() -> None:
    """Lock the screen; forms that are open elsewhere stay good for the same person."""
    session.pop("person", None)
    session.pop("seen", None)


def require(entry: Entry) -> None:
    """Raise `NotAllowed` where a page is not for this person or machine."""
    if site().may(person(), entry):
        return
    duties = site().card.duties
    served = [role for duty, role in entry.needs if duty in duties]
    if served:
        raise NotAllowed(Because.ROLE, served[0].value)
    raise NotAllowed(Because.DUTY)


def is_ones(kind: str) -> bool:
    """Whether an act is this person's kind of work at this machine, whatever the dossier."""
    act = BY_KIND[kind]
    here = not act.duties or any(duty in site().card.duties for duty in act.duties)
    return here and (not act.roles or not person().roles_on(site().today()).isdisjoint(act.roles))


def is_polled() -> bool:
    """Whether a page asks by itself, and nobody did anything."""
    return _POLLED in request.args
