"""A second person beside the first: they show their PIN for one act, on the same page, and nobody's session ends."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request

from edge.errors import NotYours, WrongPin
from edge.ledger import may_second
from edge.web import presence
from edge.web.language import say
from edge.web.limits import SIGN_IN
from edge.web.site import site
from edge.web.trouble import trouble_of
from schemas.acts import BY_KIND
from schemas.entries import Person, Role

NAME, PIN = "second", "second_pin"


@dataclass(frozen=True, slots=True)
class Second:
    """What a page asks of the second person. `why` tells the first one; `chosen` is who was chosen before."""

    people: list[Person]
    why: str
    chosen: str

    @property
    def wrong(self) -> str:
        """What is wrong with the PIN that this form brought; "" where nothing is."""
        return str(g.get("second_wrong", ""))


@dataclass(frozen=True, slots=True)
class Beside:
    """Who else may stand beside an act of whose kind one person is mostly enough, and why one is not this time."""

    roles: tuple[Role, ...]
    why: str


def asked_for(kind: str, this_time: Beside | None = None) -> Second | None:
    """What the page of an act must ask for; None where one person is enough."""
    act, ledger = BY_KIND[kind], site().node.ledger
    if this_time is not None:
        return Second(able(kind, this_time), this_time.why, request.form.get(NAME, ""))
    if not ledger.needs_second(act):
        return None
    why = (
        "Việc này luôn cần người thứ hai xác nhận."
        if act.witness
        else "Máy đã lâu không liên lạc với Trung tâm: danh mục có thể đã cũ, nên quyết định cần người thứ hai."
    )
    return Second(able(kind), why, request.form.get(NAME, ""))


def able(kind: str, this_time: Beside | None = None) -> list[Person]:
    """Who may stand beside this person in an act of this kind, and has a PIN at this machine."""
    here, act = site(), BY_KIND[kind]
    return [
        one
        for one in here.view.people()
        if one.id != presence.person().id
        and may_second(here.view, one.id, act, here.today())
        and (this_time is None or not one.roles_on(here.today()).isdisjoint(this_time.roles))
        and here.node.people.has_pin(one.id)
    ]


def beside(kind: str, this_time: Beside | None = None) -> tuple[str, ...]:
    """The second person of the present form, who has shown their PIN; nobody where none was asked for.

    Raises `NotYours`, `WrongPin`, `TooOften`.
    """
    name = request.form.get(NAME, "")
    if not name or asked_for(kind, this_time) is None:
        return ()
    if all(one.id != name for one in able(kind, this_time)):
        raise NotYours
    site().limits.take(SIGN_IN, request.remote_addr or "")
    try:
        site().node.people.check_pin(name, request.form.get(PIN, ""))
    except WrongPin as why:
        told = trouble_of(why)
        g.second_wrong = f"{say(told.what)} {say(told.todo)}"
        raise
    return (name,)


def anybody(kind: str) -> tuple[str, ...]:
    """Somebody who could be the second person, to ask whether an act could be done at all."""
    if not site().node.ledger.needs_second(BY_KIND[kind]):
        return ()
    return tuple(one.id for one in able(kind)[:1])
