"""A reception that is not saved yet: kept as it is typed, listed for whoever typed it, and gone on with after anything.

At the counter, from the paper pad and from a slip alike. Kept after a moment's rest of the fingers, and whenever the
page looks again. The stream that the dossier will have names the draft, so that two tabs on one draft, or a crash
between saving and the answer, are one dossier.
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
from edge.ids import names_stream
from edge.tables.dossiers import DossierRow
from edge.web import citizen_card, presence, second
from edge.web.forms import Bare
from edge.web.site import COUNTER, site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.events import moment
from schemas.spelling import composed

blueprint = Blueprint("drafting", __name__)

PAGES: Final = {"counter": "/counter/", "afterwards": "/counter/afterwards/", "again": "/slip/again/"}
"""The pages on which a reception is typed, by their blueprints; a draft's path is one of these and its stream."""
_OF: Final = {path: page for page, path in PAGES.items()}
_OF_THE_PAGE: Final = frozenset({"csrf_token", "typed_by", "act", "searched", "what", "guidance"})
_OF_TURNING_AWAY: Final = frozenset({"reason"})
_OF_SOMEBODY_ELSE: Final = frozenset({second.NAME, second.PIN})
_SAYS_SOMETHING: Final = (
    *("identity", "name", "address", "phone", "email", "procedure", "extra-name-0"),
    *("applicant_name", "applicant_identity", "applicant_address", "authorisation"),
)


@dataclass(frozen=True, slots=True)
class Unsaved:
    """One line of the list: whose dossier it would be, of which procedure, and from which slip of the paper pad ("": none)."""

    id: str
    page: str
    name: str
    procedure: str
    paper: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """Whether what stands on the page is kept: since when, or why it is not, or the number that it has already."""

    at: datetime | None = None
    trouble: Trouble | None = None
    number: str = ""


def keep(page: str, **decided: str) -> Kept:
    """Keep what the present request brings for one of `PAGES`, with what the page has decided; nothing, where nothing was
    typed yet. Who confirms as the second person does so again."""
    here, stream = site(), request.form.get("stream", "")
    left = _OF_THE_PAGE | (_OF_TURNING_AWAY if page == "counter" else _OF_SOMEBODY_ELSE)
    typed = [(name, value) for name, value in request.form.items(multi=True) if name not in left]
    typed = [(name, decided.get(name, value)) for name, value in typed]
    typed += [(name, value) for name, value in decided.items() if name not in request.form]
    if not names_stream(stream) or not any(composed(request.form.get(name, "")) for name in _SAYS_SOMETHING):
        return Kept()
    saved = here.node.register.row(stream)
    if saved is not None:
        return Kept(number=saved.number)
    try:
        here.node.drafts.keep(presence.person().id, PAGES[page] + stream, typed)
    except Expected as why:
        return Kept(trouble=trouble_of(why))
    return Kept(at=here.now())


def page_of(path: str) -> str:
    """Which of `PAGES` a draft was typed on; "" for one of anything else."""
    before, slash, stream = path.rpartition("/")
    return _OF.get(before + slash, "") if names_stream(stream) else ""


def unsaved() -> list[Unsaved]:
    """The receptions that the person at the screen has begun here, the newest first."""
    return list(_unsaved())


def _unsaved() -> Iterator[Unsaved]:
    for draft in site().node.drafts.of(presence.person().id):
        page = page_of(draft.path)
        if page:
            typed = typed_in(draft)
            name = typed.get("applicant_name") or typed.get("name") or _on_card(typed.get("identity") or "")
            yield Unsaved(
                draft.id,
                page,
                composed(name),
                typed.get("procedure", ""),
                composed(typed.get("paper", "")),
                moment(draft.at),
            )


def _on_card(identity: str) -> str:
    """Whose number it is, where it is still as a scanner typed it."""
    card = citizen_card.read(identity)
    return card.name if card is not None else identity


def typed_in(draft: Draft) -> MultiDict[str, str]:
    """As a form was sent: for filling it in again."""
    return MultiDict(draft.fields)


def of(draft: str, *pages: str) -> Draft | None:
    """A reception that the person at the screen has begun, on one of these pages; on any, where none is named."""
    found = site().node.drafts.get(presence.person().id, draft)
    return found if found is not None and page_of(found.path) in (pages or PAGES) else None


def became(draft: Draft) -> DossierRow | None:
    """The dossier that it is already, where a crash came between saving and the answer; then it is a draft no more."""
    row = site().node.register.row(draft.path.rpartition("/")[2])
    if row is not None:
        site().node.drafts.drop(presence.person().id, draft.id)
    return row


def saved(page: str, stream: str) -> None:
    """It is a dossier now."""
    site().node.drafts.forget(presence.person().id, PAGES[page] + stream)


@blueprint.post("/counter/draft/<any(counter, afterwards, again):page>")
def type_on(page: str) -> str:
    """What the page sends by itself while somebody types."""
    presence.require(COUNTER)
    Bare.checked()
    return render_template("draft_state.html", kept=keep(page))


@blueprint.post("/counter/draft/<any(counter, afterwards, again):page>/drop")
def drop(page: str) -> ResponseReturnValue:
    """Throw one's own draft away, for good, and go back to the page where that was asked for."""
    presence.require(COUNTER)
    Bare.checked()
    site().node.drafts.drop(presence.person().id, request.form.get("draft", ""))
    return redirect(url_for(f"{page}.page"), 303)
