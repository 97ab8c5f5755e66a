"""Who is at the screen: signed in, locked when idle, and nothing typed is lost by it.

The cookie is signed and holds a token; whose it is and since when lies at this machine (`edge.sessions`). Polling is
not doing.
"""

from __future__ import annotations

from typing import Final, cast

from flask import g, request, session

from edge.sessions import Session
from edge.web.site import Entry, site
from schemas.acts import BY_KIND
from schemas.entries import Person, Role
from schemas.errors import Because, NotAllowed
from schemas.identity import hidden, masked, masked_phone

_POLLED: Final = "polled"
"""The parameter of requests that a page makes by itself."""
_TOKEN: Final = "token"  # noqa: S105 - the name of a member of the cookie
_LAST: Final = "last"
_WORK_ON_DOSSIERS: Final = frozenset({Role.RECEIVER, Role.APPRAISER, Role.APPROVER, Role.DESK_OFFICER})
"""Whose work needs to tell two numbers apart, or to call somebody."""


def person() -> Person:
    """Whoever is signed in; pages are only reached by somebody who is."""
    return cast(Person, g.person)


def screen() -> Session:
    """The session of whoever is signed in."""
    return cast(Session, g.screen)


def arrive() -> None:
    """Find out, once a request, whose browser this is (`g.screen`) and who is signed in (`g.person`)."""
    g.screen = site().node.sessions.get(session.get(_TOKEN))
    g.person = None
    if g.screen is not None and not g.screen.locked:
        g.person = next((one for one in site().staff() if one.id == g.screen.person), None)


def locked_for() -> str | None:
    """Whose screen this is while it is locked."""
    return g.screen.person if g.screen is not None and g.screen.locked else None


def enter(name: str, *, how: str, owes: str = "") -> None:
    """Begin a session; whatever this browser had before ends, token, forms and all."""
    sessions = site().node.sessions
    if g.screen is not None:
        sessions.end(g.screen.id)
    session.clear()
    session[_LAST] = name
    session[_TOKEN] = sessions.begin(name, how=how, owes=owes, browser=request.user_agent.string)


def last() -> str | None:
    """Who signed in last in this browser."""
    return session.get(_LAST)


def touch() -> None:
    """Somebody did something: the session stays open for another while."""
    site().node.sessions.touch(screen())


def lock() -> None:
    """Lock the screen; forms that are open elsewhere stay good for the same person."""
    site().node.sessions.lock(screen())


def leave() -> None:
    """Sign out of this browser."""
    site().node.sessions.end(screen().id)
    name = last()
    session.clear()
    session[_LAST] = name


def require(entry: Entry) -> None:
    """Raise `NotAllowed` where a page is not for this person or machine."""
    if site().may(person(), entry):
        return
    if entry.roles:
        raise NotAllowed(Because.ROLE, entry.roles[0].value)
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


# ---- how much of a citizen's data this person's work needs


def works_on_dossiers() -> bool:
    """Whether the person at the screen has a role today that needs applicants' data."""
    return not person().roles_on(site().today()).isdisjoint(_WORK_ON_DOSSIERS)


def identity(number: str) -> str:
    """An identity number as this person sees it outside reception."""
    return masked(number) if works_on_dossiers() and not _restricted() else hidden(number)


def phone(number: str) -> str:
    """Whole for whoever works on dossiers, unless its person restricted that; else its last three digits."""
    return number if works_on_dossiers() and not _restricted() else masked_phone(number)


def _restricted() -> bool:
    """Whether the dossier that is shown is one whose person asked for its data to be used no further."""
    return bool(g.get("restricted", False))
