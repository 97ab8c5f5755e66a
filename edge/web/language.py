"""What pages say in English: the Vietnamese sentence is the name of its translation (docs/decisions).

`say` is asked with the sentence as it stands in the code, and with the facts that belong into it. Whoever chose English
gets what `translations/en.po` has for it; what it has not is said in Vietnamese, which is never wrong. Data that people
wrote, names and titles never pass through here.

A page speaks English whole or not at all: only those in `SPEAKS` do, and the frame around every page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from babel.messages.pofile import read_po
from flask import g, has_request_context, request, session, url_for
from markupsafe import Markup, escape

from edge.looks import Language, looks_of
from edge.web import presence
from edge.web.hosts import PUBLIC
from edge.web.site import site

CATALOGUE: Final = Path(__file__).parents[1] / "translations" / "en.po"
SPEAKS: Final = frozenset(
    {
        *("account", "keys", "kiosk", "look_up", "public_procedures", "sign_in", "slip", "status_line"),
        *("petitions.new", "petitions.file", "petitions.read", "petitions.paper"),
        *("find", "calling"),
        *("board", "filing", "reports.public"),
        *("counter", "strip", "drafting"),
        "pictures",
        *("room", "batch", "sealing", "timing", "folders"),
        *("dossier", "returning", "amending", "cancelling", "correcting"),
        *("course", "one_step", "turning_away", "worklists", "scanning"),
        *("afterwards", "again", "printing", "printers", "fees", "till", "takings", "issuing"),
        *("agencies", "workplace", "inbox", "held", "exchange", "courier"),
        *("petitions.page", "petitions.one", "petitions.answer", "petitions.close", "scores", "viewing"),
        *("desk", "due_check", "lacking", "outages.page", "outages.one"),
        *("nodes", "trust", "succession", "staff", "outlet", "redacting", "application_forms", "reference"),
        *("reports.page", "reports.one", "reports.book"),
        "verifying",
        *("personal.page", "personal.found", "personal.answer", "cataloguing"),
        *(f"paper_forms.{one}" for one in ("page", "public_page", "one", "new", "write")),
    }
)
"""Parts, or single addresses of a part, whose pages speak English."""
CHOOSES: Final = PUBLIC | {
    "filing.page", "filing.form", "filing.file", "filing.done", "filing.told", "reports.public",
}  # fmt: skip
"""Pages on which a visitor chooses the language."""
_CHOSEN: Final = "language"
"""Of a visitor whom nobody knows; in the query of a page, then in the cookie."""


@cache
def english() -> dict[str, tuple[str, ...]]:
    """Every sentence with its translation, or with two: for one, and for more. Read once."""
    with CATALOGUE.open("rb") as file:
        read = read_po(file)
    known: dict[str, tuple[str, ...]] = {}
    for one in read:
        name = one.id if isinstance(one.id, str) else one.id[0]
        said = (one.string,) if isinstance(one.string, str) else tuple(one.string or ())
        if name and all(said) and not one.fuzzy:
            known[_in_context(one.context, name)] = said
    return known


def _in_context(context: str | None, name: str) -> str:
    """As gettext names what a word means in one place only."""
    return f"{context}\x04{name}" if context else name


def language() -> Language:
    """In which language whatever is asked for speaks; Vietnamese where nobody is, and where a page speaks no English."""
    if not has_request_context():
        return Language.VIETNAMESE
    if "language" not in g:
        g.language = _chosen()
    chosen: Language = g.language
    return chosen if _speaks() or g.get("in_frame", False) else Language.VIETNAMESE


def speak_as_asked() -> None:
    """For the pages of a machine that is no node yet: whoever stands there chooses on the page, and all of them speak it."""
    if request.args.get(_CHOSEN) in set(Language):
        session[_CHOSEN] = request.args[_CHOSEN]
    g.language = Language(session.get(_CHOSEN, Language.VIETNAMESE))
    g.in_frame = True


def _speaks() -> bool:
    """What is at no address says only that."""
    return request.endpoint is None or not SPEAKS.isdisjoint({request.blueprint, request.endpoint})


def _chosen() -> Language:
    """What the person at the screen chose, or whoever was there last; a visitor chooses on the page."""
    if request.blueprint in ("kiosk", "board"):
        return Language.ENGLISH if request.values.get("lang") == "en" else Language.VIETNAMESE
    who = getattr(g, "person", None)
    if who is None and request.endpoint in CHOOSES:
        if request.args.get(_CHOSEN) in set(Language):
            session[_CHOSEN] = request.args[_CHOSEN]
        if session.get(_CHOSEN) in set(Language):
            return Language(session[_CHOSEN])
    return looks_of(site().node.file, who.id if who else presence.last()).language


def in_language(chosen: str) -> str:
    """Where a page of a visitor is found in another language; an answer is asked for again."""
    first = _FIRST.get(request.endpoint or "", ".page")
    if request.method != "GET":
        return f"{url_for(first, **request.view_args or {})}?{urlencode({_CHOSEN: chosen})}"
    return f"{request.path}?{urlencode({**request.args, _CHOSEN: chosen})}"


_FIRST: Final = {
    **dict.fromkeys(("petitions.file", "petitions.read"), "petitions.new"),
    "filing.file": "filing.form",
    "filing.told": "filing.done",
}
"""Where a page is asked for that is the answer to a form of this address."""


def frame(*, caller: Callable[[], str]) -> str:
    """`{% call frame() %}`: what stands around every page speaks English, whatever the page inside speaks."""
    g.in_frame = True
    try:
        return caller()
    finally:
        g.in_frame = False


def say(text: str, **facts: object) -> str:
    """A sentence in the language of whoever reads it, with its facts in it."""
    said = _translated(text, facts) if language() is Language.ENGLISH else text
    return said.format(**facts) if facts else said


def _translated(text: str, facts: Mapping[str, object]) -> str:
    """The English of it, for one or for more; the Vietnamese where there is none."""
    return english().get(text, (text,))[0 if facts.get("count") in (1, "1", "01") else -1]


def say_as(context: str, text: str) -> str:
    """A word that English says otherwise in this context: a page is called “Return”, what was done “Result returned”."""
    named = _in_context(context, text)
    return say(named) if language() is Language.ENGLISH and named in english() else say(text)


def marked_as_written(text: object) -> str:
    """What people wrote, or the catalog calls it; a page in English marks it as Vietnamese."""
    if language() is Language.VIETNAMESE or not text:
        return str(text or "")
    return Markup('<span lang="vi">{}</span>').format(text)


def tell(text: str, said: Mapping[str, object] | None = None, /, **written: str) -> str:
    """A sentence with what people wrote in it, which a page in English marks as Vietnamese; `said` are its other facts."""
    if language() is Language.VIETNAMESE:
        return text.format(**(said or {}), **written)
    marked = {name: marked_as_written(one) for name, one in written.items()}
    return escape(_translated(text, said or {})).format(**(said or {}), **marked)
