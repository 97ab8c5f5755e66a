"""What somebody typed over a dossier that changed meanwhile: both versions side by side, and the person chooses.

1. Every form on a page that shows a dossier says which acts its reader had before their eyes: `seen`, the heads of
   the dossier (`guard` in parts.html puts it there).
2. A view of an editing form is `over_what_was_seen`. If other acts have come since, nothing is written: the page says
   which, and compares field by field what stood there, what was typed, and what stands there now.
3. What only one side changed is taken as that side has it; what both changed, the person chooses. Nothing is chosen
   beforehand, and nothing that was typed is lost. The choice is sent to the same view, over what is known now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Final, cast

import msgspec
from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import PasswordField

from edge.web import second
from edge.web.forms import Form
from edge.web.language import say
from edge.web.showing import Shown, Step, show
from edge.web.site import site
from schemas.acts import Amended
from schemas.events import Event
from schemas.fold import Dossier

Standing = Callable[[Shown], Mapping[str, str]]
"""What stands in a dossier now for each field of a form that changes it."""
Kept = Callable[[str, str], str]
"""(name, what was typed) -> what would be kept of it, so that "0912 000 345" and "0912000345" are one."""
View = Callable[..., ResponseReturnValue]

SEEN: Final = "seen"
OVER: Final = "over"
_CHOOSE: Final = "choose"
_OWN: Final = frozenset({SEEN, OVER, _CHOOSE, "csrf_token", "typed_by", "draft"})
_SECRET: Final = frozenset({second.PIN})
_QUIET: Final = frozenset({"dossier.printed", "dossier.reprinted", "dossier.result_preserved"})
"""What a machine adds by itself while somebody types, and what changes nothing that a form asks about."""
_LOOKS: Final = "look"
"""A button that only looks again, which shows what is new by itself."""
MOST_SEEN: Final = 16
"""A dossier with more heads than this says nothing of what was seen: it is in other trouble."""


@dataclass(frozen=True, slots=True)
class Row:
    """One field. `then`: what stood there when the page was opened, None where nobody can say; all in words.

    `choose`: both sides have changed it. Otherwise `value` is what will be sent, and `whose` says why.
    """

    name: str
    title: str
    then: str | None
    typed: str
    now: str | None
    typed_value: str
    now_value: str
    choose: bool
    value: str
    whose: str


def seen_of(shown: object) -> str:
    """What a form says of the acts that its reader had before their eyes; empty on a page that shows no dossier."""
    dossier = getattr(shown, "dossier", None)
    if not isinstance(dossier, Dossier) or len(dossier.heads) > MOST_SEEN:
        return ""
    return " ".join(dossier.heads)


def over_what_was_seen(
    kind: str, form: type[Form], standing: Standing | None = None, kept: Kept = lambda _, typed: typed
) -> Callable[[View], View]:
    """Marks a view that writes an act of `kind` from `form` into the dossier `stream`.

    `kept` says what would be kept of what was typed. Without `standing` the other side of a field is what a newer act of the same kind says.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def checked(stream: str, **more: str) -> ResponseReturnValue:
            return changed(stream, kind, form, standing, kept) or view(stream, **more)

        return checked

    return mark


def changed(
    stream: str,
    kind: str,
    form: type[Form],
    standing: Standing | None = None,
    kept: Kept = lambda _, typed: typed,
) -> ResponseReturnValue | None:
    """The page that asks; None where the form was filled in over what stands now."""
    seen = request.form.get(SEEN, "").split()
    if not seen or request.form.get("act") == _LOOKS:
        return None
    shown = show(stream)
    known = _ancestors(shown, seen)
    if known is None:
        return None
    news = [step for step in shown.steps if step.line.hash not in known and step.line.kind not in _QUIET]
    asked = request.form.getlist(_CHOOSE)
    answered = all(request.form.get(name) is not None for name in asked)
    if not news or (request.form.get(OVER) == seen_of(shown) and answered):
        return None
    blank = form(formdata=None)
    rows = _rows(shown, known, news, kind, blank, standing, kept)
    page = render_template(
        "merge.html",
        known=shown,
        news=news,
        rows=rows,
        others=_others(rows),
        secrets=_secrets(blank),
        chosen_files=[name for name, sent in request.files.items(multi=True) if sent.filename],
        seen=" ".join(seen),
        over=seen_of(shown),
        missing=[row for row in rows if row.choose] if asked and not answered else [],
        back=url_for("dossier.page", stream=stream),
        where=request.full_path.rstrip("?"),
    )
    return page, 409


def _ancestors(shown: Shown, heads: Sequence[str]) -> frozenset[str] | None:
    """The acts that somebody had seen who saw these; None where one of them is not here."""
    parents = {
        event.hash: event.parents
        for event in site().node.projector.events_of(shown.dossier.stream)
        if isinstance(event, Event)
    }
    found: set[str] = set()
    waiting = list(heads)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        if name not in parents:
            if name in heads:
                return None
            continue
        found.add(name)
        waiting += parents[cast(Any, name)]
    return frozenset(found)


def _rows(
    shown: Shown,
    known: frozenset[str],
    news: Sequence[Step],
    kind: str,
    blank: Form,
    standing: Standing | None,
    kept: Kept,
) -> list[Row]:
    if standing is not None:
        old = site().node.projector.dossier_of(shown.dossier.stream, known)
        then = dict(standing(replace(shown, dossier=old, receipt=old.standing.receipt or shown.receipt)))
        now = dict(standing(shown))
    else:
        then, now = {}, _newest(shown, news, kind)
    rows = []
    for name, field in blank._fields.items():
        if name in _OWN or isinstance(field, PasswordField) or len(request.form.getlist(name)) > 1:
            continue
        typed = request.form.get(name)
        if typed is None and name not in now:
            continue
        rows.append(_row(name, field, then.get(name), kept(name, typed or ""), now.get(name)))
    return [row for row in rows if row.typed_value or row.now_value]


def _row(name: str, field: Any, then: str | None, typed: str, now: str | None) -> Row:
    choose, value, whose = taken(then, typed, now)

    def worded(value: str | None) -> str | None:
        return None if value is None else _in_words(field, value)

    theirs = now if now is not None else then or ""
    told = worded(then), _in_words(field, typed), worded(now)
    return Row(name, field.label.text, *told, typed, theirs, choose, value, whose)


def taken(then: str | None, typed: str, now: str | None) -> tuple[bool, str, str]:
    """(whether a person must choose, what is taken, from which side) of one field; None where nothing is known."""
    base = then if then is not None else ""
    theirs = now if now is not None else base
    if typed == theirs:
        return False, typed, "same"
    if now is not None and typed == base:
        return False, theirs, "theirs"
    if now is not None and theirs != base:
        return True, typed, ""
    return False, typed, "mine"


def _in_words(field: Any, value: str) -> str:
    """What a person reads: the words of a choice, not what is sent for it."""
    for choice in getattr(field, "choices", None) or ():
        if getattr(choice, "value", None) == value:
            return str(choice.label)
    return value


def _newest(shown: Shown, news: Sequence[Step], kind: str) -> dict[str, str]:
    """What newer acts of the same kind say, by the names of their members, which are those of the form."""
    found: dict[str, str] = {}
    for step in news:
        data = shown.contents.get(step.line.hash)
        if step.line.kind != kind or data is None or isinstance(data, Amended):
            continue
        for name, value in msgspec.to_builtins(data).items():
            if isinstance(value, bool):
                found[name] = "yes" if value else "no"
            elif isinstance(value, str | int):
                found[name] = str(value)
    return found


def _others(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """What else was sent: buttons, ticks and lists. It goes back as it came."""
    told = {row.name for row in rows} | _OWN | _SECRET
    names = {name for name in request.form if name not in told and "pin" not in name}
    return [(name, value) for name, value in request.form.items(multi=True) if name in names]


def _secrets(blank: Form) -> list[tuple[str, str]]:
    """What is never sent back into a page, and has to be typed again: (name, title)."""
    asked = [
        (name, field.label.text)
        for name, field in blank._fields.items()
        if isinstance(field, PasswordField) and name in request.form
    ]
    if request.form.get(second.NAME):
        person = site().name(request.form[second.NAME])
        asked.append((second.PIN, say("Mã PIN của người thứ hai ({person})", person=person)))
    return asked
