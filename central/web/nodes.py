"""Máy trạm: the machines of the centre; in a demo, also the cable of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec
import requests
from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import StringField

from edge.contact import Contact
from edge.settings import DemoSettings
from edge.web.forms import Form
from edge.web.site import Entry, site
from schemas.catalog import Card, Duty

blueprint = Blueprint("nodes", __name__, template_folder="../templates")
ENTRY: Final = Entry(60, "Máy trạm", "nodes.page")

ANSWER_S: Final = 3
DUTIES: Final = {
    Duty.RECEIVE: "tiếp nhận",
    Duty.APPRAISE: "thẩm định",
    Duty.APPROVE: "phê duyệt",
    Duty.RETURN: "trả kết quả",
    Duty.DESK: "đối soát",
    Duty.CATALOG: "danh mục",
}


class Cable(Form):
    plugged = StringField()


@dataclass(frozen=True, slots=True)
class Machine:
    """One node. `plugged` is None where nobody can tell; `contact` is None for this one."""

    card: Card
    duties: str
    contact: Contact | None
    plugged: bool | None

    @property
    def near(self) -> bool:
        return (
            self.contact is not None and self.contact.heard_at is not None and self.contact.lost_since is None
        )


@blueprint.get("/nodes")
def page() -> ResponseReturnValue:
    here, demo = site(), site().node.settings.demo
    cables = _cables(demo) if demo and demo.switchboard else None
    machines = [
        Machine(
            card,
            ", ".join(DUTIES[duty] for duty in card.duties),
            None if card.node == here.node.id else here.node.contacts.of(card.node),
            cables.get(card.node) if cables else None,
        )
        for card in sorted(here.view.cards(), key=lambda card: card.number)
    ]
    return render_template(
        "nodes.html",
        machines=machines,
        has_switches=bool(demo and demo.switchboard),
        switches_answer=cables is not None,
        token=Cable,
    )


@blueprint.post("/nodes/<node>/cable")
def cable(node: str) -> ResponseReturnValue:
    """Pull (`plugged=no`) or plug in (`plugged=yes`) the cable of a node; only in a demo."""
    demo, form = site().node.settings.demo, Cable()
    if demo is None or not demo.switchboard or site().view.card(node) is None:
        raise NotFound
    if not form.validate_on_submit():
        raise NotFound
    plugged = form.plugged.data == "yes"
    moved = _switch(demo, node, plugged=plugged)
    return redirect(url_for(".page", cable=node if moved else None, failed=None if moved else 1), 303)


def _session(demo: DemoSettings) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # the switchboard is on this machine, whatever proxy the environment names
    session.headers["Authorization"] = f"Bearer {demo.token}"
    return session


def _cables(demo: DemoSettings) -> dict[str, bool] | None:
    """Which cables are plugged in; None when the switchboard does not answer."""
    try:
        with _session(demo) as session:
            answer = session.get(f"{demo.switchboard}/cables", timeout=ANSWER_S)
            answer.raise_for_status()
            return msgspec.json.decode(answer.content, type=dict[str, bool])
    except (requests.RequestException, msgspec.DecodeError):
        return None


def _switch(demo: DemoSettings, node: str, *, plugged: bool) -> bool:
    """Move one switch; whether the switchboard did it."""
    try:
        with _session(demo) as session:
            url = f"{demo.switchboard}/cables/{node}"
            return session.post(url, json={"plugged": plugged}, timeout=ANSWER_S).ok
    except requests.RequestException:
        return False
