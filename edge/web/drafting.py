"""A reception that is not saved yet: kept as it is typed, listed for whoever typed it, and gone on with after anything.

Kept after a moment's rest of the fingers, and whenever the page looks again. The stream that the dossier will have
names the draft, so that two tabs on one draft, or a crash between saving and the answer, are one dossier.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from edge.drafts import Draft
from edge.web import citizen_card, presence
from edge.web.forms import Bare
from edge.web.site import COUNTER, site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.events import moment
from schemas.spelling import composed

blueprint = Blueprint("drafting", __name__)

PAGE: Final = "/counter/"
_OF_THE_PAGE: Final = frozenset({"csrf_token", "typed_by", "act", "searched", "what", "reason", "guidance"})
_SAYS_SOMETHING: Final = (
    *("identity", "name", "address", "phone", "email", "procedure", "extra-name-0"),
    *("applicant_name", "applicant_identity", "applicant_address", "authorisation"),
)


@dataclass(frozen=True, slots=True)
class Unsaved:
    """One line of the list: whose dossier it would be, and of which procedure."""

    id: str
    name: str
    procedure: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """Whether what stands on the page is kept: since when, or why it is not, or the number that it has already."""

    at: datetime | None = None
    trouble: Trouble | None = None
    number: str = ""


def keep(**decided: str) -> Kept:
    """Keep what the present request brings, with what the page has decided; nothing, where nothing was typed yet."""
    here, stream = site(), request.form.get("stream", "")
    typed = [(name, value) for name, value in request.form.items(multi=True) if name not in _OF_THE_PAGE]
    typed = [(name, decided.get(name, value)) for name, value in typed]
    typed += [(name, value) for name, value in decided.items() if name not in request.form]
    if not stream or not any(composed(request.form.get(name, "")) for name in _SAYS_SOMETHING):
        return Kept()
    saved = here.node.register.row(stream)
    if saved is not None:
        return Kept(number=saved.number)
    try:
        here.node.drafts.keep(presence.person().id, PAGE + stream, typed)
    except Expected as why:
        return Kept(trouble=trouble_of(why))
    return Kept(at=here.now())


def unsaved() -> list[Unsaved]:
    """The receptions that the person at the screen has begun here, the newest first."""
    return list(_unsaved())


def _unsaved() -> Iterator[Unsaved]:
    for draft in site().node.drafts.of(presence.person().id):
        if draft.path.startswith(PAGE):
            typed = typed_in(draft)
            name = typed.get("applicant_name") or typed.get("name") or _on_card(typed.get("identity") or "")
            yield Unsaved(draft.id, composed(name), typed.get("procedure", ""), moment(draft.at))


def _on_card(identity: str) -> str:
    """Whose number it is, where it is still as a scanner typed it."""
    card = citizen_card.read(identity)
    return card.name if card is not None else identity


def typed_in(draft: Draft) -> MultiDict[str, str]:
    """As a form was sent: for filling it in again."""
    return MultiDict(draft.fields)


def of(draft: str) -> Draft | None:
    """A reception that the person at the screen has begun."""
    found = site().node.drafts.get(presence.person().id, draft)
    return found if found is not None and found.path.startswith(PAGE) else None


def saved(stream: str) -> None:
    """It is a dossier now."""
    site().node.drafts.forget(presence.person().id, PAGE + stream)


@blueprint.post("/counter/draft")
def type_on() -> str:
    """What the page sends by itself while somebody types."""
    presence.require(COUNTER)
    Bare.checked()
    return render_template("draft.html", kept=keep())


@blueprint.post("/counter/draft/drop")
def drop() -> ResponseReturnValue:
    """Throw one's own draft away, for good."""
    presence.require(COUNTER)
    Bare.checked()
    site().node.drafts.drop(presence.person().id, request.form.get("draft", ""))
    return redirect(url_for("counter.page"), 303)
