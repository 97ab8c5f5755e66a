"""Chuyển bằng USB: a stick brings what a line would have brought. Which are in, what lies on them, and "eject now".

A file lies on the stick of this machine, not in somebody's downloads: only so can the page say that it is whole and safe
to take out. A button begins; the page that follows shows how far it is, by itself or when it is opened again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge.courier import Lying
from edge.sticks import Errand, Stick
from edge.web.forms import Bare
from edge.web.site import Site, site
from edge.web.trouble import Trouble, trouble_of
from schemas.entries import Card
from schemas.events import moment

blueprint = Blueprint("courier", __name__)

STAGES: Final = {"writing": "Đang ghi gói", "checking": "Đang kiểm tra gói", "taking": "Đang nhận gói"}


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle on a stick. `state`: take, mine (made here), other (for another machine)."""

    lying: Lying
    state: str
    made_at: object

    @property
    def name(self) -> str:
        """Of the file: what the page sends back to say which one is to be taken."""
        return self.lying.path.name


@blueprint.get("/courier")
def page() -> ResponseReturnValue:
    """Sticks that are in, with the bundles on them; who can be written for; what is under way."""
    here = site()
    return render_template(
        "courier.html",
        sticks=[(stick, _bundles(here, stick)) for stick in here.sticks.here()],
        receivers=_receivers(here),
        **_going_on(here),
    )


@blueprint.get("/courier/errand")
def errand() -> ResponseReturnValue:
    """How far it is, anew; the whole page once it is over, for then the stick holds something else."""
    going_on = _going_on(site())
    answer = render_template("courier_errand.html", **going_on)
    found = going_on["errand"]
    if isinstance(found, Errand) and found.over and request.headers.get("HX-Request"):
        return answer, 200, {"HX-Refresh": "true"}
    return answer


@blueprint.post("/courier/give")
def give() -> ResponseReturnValue:
    """Begin to write a bundle onto a stick. Says `gone` where the stick was taken out."""
    Bare.checked()
    here = site()
    stick = here.sticks.find(request.form.get("stick", ""))
    to = request.form.get("to", "")
    if stick is not None and any(card.node == to for card in _receivers(here)):
        here.sticks.give(to, stick.folder)
    return redirect(url_for(".page", gone=None if stick else 1), 303)


@blueprint.post("/courier/take")
def take() -> ResponseReturnValue:
    """Begin to take in a bundle; an older one than was taken before only where the person says so."""
    Bare.checked()
    here = site()
    stick = here.sticks.find(request.form.get("stick", ""))
    named = request.form.get("bundle", "")
    lying = next((one for one in stick.bundles if one.path.name == named), None) if stick else None
    if lying is not None:
        here.sticks.take(lying, although_old=request.form.get("although_old") == "y")
    return redirect(url_for(".page", gone=None if lying else 1), 303)


def _going_on(here: Site) -> dict[str, object]:
    found = here.sticks.errand
    trouble: Trouble | None = None
    if found is not None and found.problem is not None:
        trouble = trouble_of(found.problem)
    return {"errand": found, "trouble_there": trouble, "stages": STAGES}


def _bundles(here: Site, stick: Stick) -> list[Bundle]:
    found = []
    for lying in stick.bundles:
        head = lying.head
        if head.receiver == here.node.id:
            state = "take"
        else:
            state = "mine" if head.sender == here.node.id else "other"
        found.append(Bundle(lying, state, moment(head.at)))
    return found


def _receivers(here: Site) -> list[Card]:
    """Central first, then the others by name; those whose card has ended get nothing."""
    centre = here.node.catalog.centre
    others = [card for card in here.view.cards() if card.node != here.node.id and card.opens]
    return sorted(others, key=lambda card: (card.node != centre, card.title))
