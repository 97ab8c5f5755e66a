"""Vietnamese and English: every sentence that can be said in two languages is, and pages that speak English speak only it."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes
from wtforms.fields.choices import SelectFieldBase

import central
import edge
from edge.paper import WEEKDAYS
from edge.web import words
from edge.web.account import Everywhere, HourConfirmed, Look, NewPassword, NewPin
from edge.web.forms import Form
from edge.web.keys import KEYS
from edge.web.language import english
from edge.web.sign_in import PasswordSignIn, SignIn
from edge.web.status_line import _problems, _still_works
from tests.centres import SmallCentre
from tests.web.clerk import Clerk

FOLDERS = [Path(str(one.__file__)).parent for one in (edge, central)]
TEMPLATES = [page for folder in FOLDERS for page in sorted((folder / "templates").glob("*.html"))]
SPOKEN = [page for page in TEMPLATES if not page.name.startswith("kiosk")]
"""The kiosk has words of its own, in both languages (`edge.web.kiosk_words`)."""
MODULES = [module for folder in FOLDERS for module in sorted((folder / "web").glob("*.py"))]
FORMS: tuple[type[Form], ...] = (SignIn, PasswordSignIn, NewPin, NewPassword, Everywhere, HourConfirmed, Look)
"""The forms of the pages that speak English."""
OURS = re.compile(r"[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]", re.IGNORECASE)


def said_in_templates() -> Iterator[str]:
    for page in SPOKEN:
        tree = Environment().parse(page.read_text(encoding="utf-8"))  # noqa: S701 - nothing is rendered
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "say":
                yield from (
                    one.value for one in call.args[0].find_all(nodes.Const) if isinstance(one.value, str)
                )
                if isinstance(call.args[0], nodes.Const):
                    yield call.args[0].value


def said_in_modules() -> Iterator[str]:
    for module in MODULES:
        for call in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "say":
                yield from (
                    one.value
                    for one in ast.walk(call.args[0])
                    if isinstance(one, ast.Constant) and isinstance(one.value, str)
                )


def said_by_forms(clerk: Clerk) -> Iterator[str]:
    """Labels, choices and what validators say."""
    with clerk.pages.test_request_context("/"):
        for kind in FORMS:
            form = kind(formdata=None)
            for name, field in form._fields.items():
                if name in ("csrf_token", "next"):
                    continue
                yield field.label.text
                if isinstance(field, SelectFieldBase):
                    yield from (str(one.label) for one in field.choices or ())
                yield from (one.message for one in field.validators if getattr(one, "message", None))


def facts(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_sentence_has_its_english_with_the_same_facts() -> None:
    said, known = {*said_in_templates(), *said_in_modules()}, english()
    assert len(said) > 100, "the sentences are not found any more"
    assert sorted(said - known.keys()) == []
    assert [one for one in said if "{" in one and facts(known[one]) != facts(one)] == []


def test_nothing_is_translated_that_nobody_says(centre: SmallCentre) -> None:
    """And what is said by way of a table or a form is translated too: titles, keys, roles, labels, mistakes."""
    tables = {meaning for _, meaning in KEYS} | set(words.ROLES.values()) | set(WEEKDAYS)
    for node in ("central", "counter-01", "room-01"):
        clerk = Clerk(centre, node)
        tables |= {entry.title for entry in clerk.pages.extensions["motcua"].entries}
        tables |= set(said_by_forms(clerk))
    assert sorted(tables - english().keys()) == []
    spoken = {*said_in_templates(), *said_in_modules(), *tables, *_inside(_problems), *_inside(_still_works)}
    spoken |= _told_by_templates()
    assert sorted(english().keys() - spoken) == []


def _inside(function: object) -> set[str]:
    """The words that a function keeps in a table of its own."""
    code = function.__code__  # type: ignore[attr-defined]
    found: set[str] = set()
    for one in code.co_consts:
        found |= {part for part in (one if isinstance(one, tuple) else (one,)) if isinstance(part, str)}
        found |= (
            {x for part in one if isinstance(part, tuple) for x in part} if isinstance(one, tuple) else set()
        )
    return found


def _told_by_templates() -> set[str]:
    """What a template keeps in a table, or hands to a macro that says it; and what the sign-in says of a mistake."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in TEMPLATES)
    text += "\n".join(module.read_text(encoding="utf-8") for module in MODULES)
    made = {"Mã PIN chưa đúng. Gõ lại mã PIN.", "Mật khẩu chưa đúng. Gõ lại mật khẩu."}
    return {one for one in english() if f'"{one}"' in text} | made


def test_a_page_that_speaks_english_speaks_only_english(centre: SmallCentre) -> None:
    """But for what people have written: names, titles, places."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    clerk.press(clerk.open("/me"), "/me/looks", language="en")
    written = sorted(_written(clerk.node.catalog.latest), key=len, reverse=True)
    for path in ("/me", "/me/pin", "/me/password", "/me/hour", "/keys", "/keys?part=1", "/status"):
        page = clerk.open(path)
        assert page.status == 200
        if "part" not in path and path != "/status":
            assert '<html lang="en"' in page.html
        text = page.page.text
        for known in written:
            text = text.replace(known, "")
        assert OURS.findall(text) == [], (path, text)


def test_signing_in_speaks_the_language_of_whoever_was_there_last(centre: SmallCentre) -> None:
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    clerk.press(clerk.open("/me"), "/me/looks", language="en")
    clerk.press(clerk.open("/me"), "/me/sign-out")
    page = clerk.open("/sign-in")
    assert "Who are you" in page.page.text
    wrong = clerk.press(page, "/sign-in", person="hanh.nh", pin="000000")
    assert "That is not the PIN. Type it again." in wrong.page.text
    assert "Anh/chị là ai" in Clerk(centre, "counter-01").open("/sign-in").page.text


def _written(view: object) -> set[str]:
    """Names and titles in the catalog."""
    centre = view.centre()  # type: ignore[attr-defined]
    people = [part for one in view.people() for part in (one.name, one.title)]  # type: ignore[attr-defined]
    places = [card.title for card in view.cards()]  # type: ignore[attr-defined]
    return {*people, *places, centre.name, "Tiếng Việt"}
