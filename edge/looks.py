"""How a person wants their pages: light or dark, how large, in which language. Kept at this machine, for each person."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from edge.database import NodeFile
from edge.tables.node import Fact

_KEY: Final = "looks "


class Theme(StrEnum):
    """Which of the two palettes."""

    LIGHT = "light"
    DARK = "dark"


class Size(StrEnum):
    """How large the type is."""

    NORMAL = "normal"
    LARGE = "large"
    LARGEST = "largest"


class Language(StrEnum):
    """In which language the pages are."""

    VIETNAMESE = "vi"
    ENGLISH = "en"


class Looks(msgspec.Struct, frozen=True):
    """What somebody has chosen; the defaults are everybody's who has not."""

    theme: Theme = Theme.LIGHT
    size: Size = Size.NORMAL
    language: Language = Language.VIETNAMESE


def looks_of(file: NodeFile, person: str | None) -> Looks:
    """What a person chose; what nobody chose is as it always was, and so is what a newer version wrote."""
    if person is None:
        return Looks()
    with file.read():
        row = Fact.get_or_none(Fact.key == _KEY + person)
    try:
        return msgspec.json.decode(row.value, type=Looks) if row else Looks()
    except msgspec.ValidationError:
        return Looks()


def keep_looks(file: NodeFile, person: str, looks: Looks) -> None:
    """From the next page on, at this machine."""
    with file.write():
        Fact.insert(
            key=_KEY + person, value=msgspec.json.encode(looks).decode()
        ).on_conflict_replace().execute()
