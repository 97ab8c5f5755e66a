"""Plausible content for any act, from the shape of its data: a new act joins the simulation without a line here.

A member is filled by its name where the name says more than the type, else by its type. What cannot be filled so
(a text of a special spelling) makes the act one that is not played, and the report names it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final

import msgspec
from msgspec import inspect

from schemas.calendar import local_day
from schemas.catalog import Procedure
from schemas.events import moment, timestamp
from schemas.fold import Dossier
from schemas.rules import Done

PEOPLE: Final = (
    ("Nông Văn Thắng", "020085004127"),
    ("Hoàng Thị Mai", "020192001733"),
    ("Vi Đức Quyết", "020078005512"),
    ("Lương Ngọc Yến", "020195003048"),
    ("Triệu Văn Páo", "020069000921"),
)
_WORDS: Final = ("Theo đề nghị của người nộp.", "Đã đối chiếu bản chính.", "Hồ sơ đủ, hợp lệ.", "Có sai sót.")


class CannotFill(Exception):
    """There is nothing plausible to say here: no such act, no file, a text of a spelling that is not known."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What somebody who is about to act has before them. `at` is what the machine's clock says."""

    dossier: Dossier
    at: str
    chance: Random
    procedures: tuple[Procedure, ...]

    def earlier(self) -> list[str]:
        return [line.hash for line in self.dossier.timeline]

    @property
    def draft(self) -> bytes:
        """One of the documents that could come out."""
        return self.chance.choice(drafts(self.dossier.stream))

    @property
    def outcome(self) -> Done:
        if self.dossier.standing.outcome is None:
            raise CannotFill("no result stands")
        return self.dossier.standing.outcome


def drafts(stream: str) -> tuple[bytes, ...]:
    """The documents that could come of a dossier; their bytes are all that the archive asks for."""
    return tuple(f"{stream} {one}".encode() for one in range(2))


def file_id(content: bytes) -> str:
    """The id under which the archive keeps a file."""
    return f"file-{hashlib.sha256(content).hexdigest()}"


_BY_NAME: Final[Mapping[str, Callable[[Scene], object]]] = {
    "taken_by": lambda scene: scene.chance.choice(PEOPLE)[0],
    "asked_by": lambda scene: scene.chance.choice(PEOPLE)[0],
    "name": lambda scene: scene.chance.choice(PEOPLE)[0],
    "identity": lambda scene: scene.chance.choice(PEOPLE)[1],
    "phone": lambda scene: "0912000345",
    "agency": lambda scene: scene.chance.choice(scene.procedures).agency,
    "procedure": lambda scene: scene.chance.choice(scene.procedures).code,
    "result": lambda scene: file_id(scene.draft),
    "passed": lambda scene: scene.chance.random() < 0.8,
}


def filled(data: type[msgspec.Struct], scene: Scene, given: Mapping[str, object]) -> msgspec.Struct:
    """An instance, with the members that are `given`. Raises `CannotFill`."""
    members = _struct(inspect.type_info(data), scene, dict(given))
    try:
        return msgspec.convert(members, data)
    except (msgspec.ValidationError, ValueError) as why:
        raise CannotFill(str(why)) from why


def _struct(info: Any, scene: Scene, members: dict[str, object]) -> dict[str, object]:
    for one in info.fields:
        if one.encode_name in members:
            continue
        if not one.required and scene.chance.random() < 0.5:
            continue
        by_name = _BY_NAME.get(one.encode_name)
        members[one.encode_name] = by_name(scene) if by_name else _value(one.type, scene)
    return members


def _value(info: Any, scene: Scene) -> object:
    chance = scene.chance
    match info:
        case inspect.StructType():
            return _struct(info, scene, {})
        case inspect.Metadata():
            return _value(info.type, scene)
        case inspect.StrType():
            return _text(info.pattern or "", scene)
        case inspect.IntType():
            low = int(info.ge if info.ge is not None else (info.gt or 0))
            high = int(info.le if info.le is not None else low + 50)
            return chance.randint(low, min(high, low + 50))
        case inspect.BoolType():
            return chance.random() < 0.5
        case inspect.EnumType():
            return chance.choice(list(info.cls)).value
        case inspect.LiteralType():
            return chance.choice(list(info.values))
        case inspect.DateType():
            return local_day(moment(scene.at) + timedelta(days=chance.randint(0, 20))).isoformat()
        case inspect.VarTupleType() | inspect.ListType() | inspect.FrozenSetType():
            low = max(info.min_length or 0, 1)
            return [_value(info.item_type, scene) for _ in range(low)]
        case inspect.TupleType():
            return [_value(one, scene) for one in info.item_types]
        case inspect.UnionType():
            return _value(
                chance.choice([one for one in info.types if not isinstance(one, inspect.NoneType)]), scene
            )
        case inspect.DictType() | inspect.AnyType():
            return {}
        case _:
            raise CannotFill(f"nothing is known of {info}")


def _text(pattern: str, scene: Scene) -> str:
    if not pattern:
        return scene.chance.choice(_WORDS)
    if pattern.startswith("^file-"):
        return file_id(scene.draft)
    if "[0-9a-f]{64}" in pattern:
        return scene.chance.choice(scene.earlier())
    if pattern.startswith("^20[0-9]{2}-") and "T" in pattern:
        return timestamp(moment(scene.at) + timedelta(days=scene.chance.randint(-2, 20)))
    if pattern.startswith("^20[0-9]{2}-"):
        return local_day(moment(scene.at)).isoformat()
    raise CannotFill(f"a text that fits {pattern}")
