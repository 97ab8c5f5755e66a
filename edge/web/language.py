"""What pages say in English: the Vietnamese sentence is the name of its translation (docs/decisions).

`say` is asked with the sentence as it stands in the code, and with the facts that belong into it. Whoever chose English
gets what `translations/en.po` has for it; what it has not is said in Vietnamese, which is never wrong. Data that people
wrote, names and titles never pass through here.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from babel.messages.pofile import read_po
from flask import g, has_request_context

from edge.looks import Language, looks_of
from edge.web import presence
from edge.web.site import site

CATALOGUE: Final = Path(__file__).parents[1] / "translations" / "en.po"


@cache
def english() -> dict[str, str]:
    """Every sentence with its translation; read once."""
    with CATALOGUE.open("rb") as file:
        read = read_po(file)
    return {str(one.id): str(one.string) for one in read if one.id and one.string and not one.fuzzy}


def language() -> Language:
    """The language of whoever is at the screen, or was last; Vietnamese where nobody is."""
    if not has_request_context():
        return Language.VIETNAMESE
    if "language" not in g:
        who = getattr(g, "person", None)
        g.language = looks_of(site().node.file, who.id if who else presence.last()).language
    chosen: Language = g.language
    return chosen


def say(text: str, **facts: object) -> str:
    """A sentence in the language of whoever reads it, with its facts in it."""
    said = english().get(text, text) if language() is Language.ENGLISH else text
    return said.format(**facts) if facts else said
