"""Plausible content for any act, from the shape of its data: a new act joins the simulation without a line here.

A member is filled by its name where the name says more than the type, else by its type. What cannot be filled so
(a text of a special spelling) makes the act one that is not played, and the report names it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect

from schemas.calendar import local_day
from schemas.entries import Procedure
from schemas.events import moment, timestamp
from schemas.fold import Dossier
from schemas.owing import Owing, as_received, lowered
from schemas.rules import Standing

_T = TypeVar("_T")
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
        """Hashes of what was done to the dossier, in the order of its timeline."""
        return [line.hash for line in self.dossier.timeline]

    @property
    def draft(self) -> bytes:
        """One of the documents that could come out."""
        return self.chance.choice(drafts(self.dossier.stream))


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
    "agency": lambda scene: _one_of(scene.procedures, scene, "procedure").agency,
    "procedure": lambda scene: _one_of(scene.procedures, scene, "procedure").code,
    "result": lambda scene: file_id(scene.draft),
    "passed": lambda scene: scene.chance.random() < 0.8,
}


def given(kind: str, scene: Scene) -> dict[str, object]:
    """What neither shape nor name can tell: the members of an act that speak of what stands. Raises `CannotFill`."""
    of_kind = _GIVEN.get(kind)
    return of_kind(scene, scene.dossier.standing) if of_kind else {}


def _conflict(scene: Scene, standing: Standing) -> dict[str, object]:
    conflict = _one_of([one for one in scene.dossier.conflicts if one.for_desk], scene, "open conflict")
    stands = scene.chance.sample(conflict.members, scene.chance.choice((1, 1, 1, 0)))
    return {"conflict": conflict.id, "members": list(conflict.members), "stands": stands}


def _result(scene: Scene, standing: Standing) -> dict[str, object]:
    return {"result": _there(standing.result, "result")}


def _sealed(scene: Scene, standing: Standing) -> dict[str, object]:
    """The agencies of a simulation have no certificate of their own."""
    return {**_result(scene, standing), "certificate": ""}


def _handed_over(scene: Scene, standing: Standing) -> dict[str, object]:
    """What was given away, or waits at the counter."""
    results = [done.data.result for done in standing.returns]
    return {"result": _one_of(results + [standing.result] * bool(standing.result), scene, "result")}


def _number(scene: Scene, standing: Standing) -> dict[str, object]:
    return {"number": _there(standing.number, "number").data.number}


def _notice(scene: Scene, standing: Standing) -> dict[str, object]:
    """The catalogs of a simulation have no fee tables: what the reception said is asked for again, with a relief or without."""
    received = _there(standing.received, "reception")
    lines = as_received(received)
    if scene.chance.random() < 0.3:
        lines = lowered(Owing(lines), scene.chance.choice((50, 100)))
    return {"lines": msgspec.to_builtins(lines), "relief": "Hộ nghèo", "proof": "Giấy chứng nhận 12/GCN"}


def _collection(scene: Scene, standing: Standing) -> dict[str, object]:
    """A receipt for what the catalog asked for when the dossier was received."""
    received = standing.received
    if standing.purse.collected:
        raise CannotFill("it is paid, as far as is known here")
    fees = received.fees if received is not None else ()
    lines = [{"kind": fee.kind, "name": fee.kind, "amount": fee.amount} for fee in fees if fee.amount]
    _one_of(lines, scene, "fee")
    receipt = {
        "form": "01BLP",
        "symbol": scene.chance.choice(("26TAA", "26TAB")),
        "number": scene.chance.randint(1, 10**7),
    }
    return {"receipt": receipt, "lines": lines, "total": sum(fee.amount for fee in fees)}


def _collected(scene: Scene, standing: Standing) -> dict[str, object]:
    """A receipt that is in force; for a refund, a part of what is left of it."""
    purse = standing.purse
    receipt = _one_of(sorted(purse.collected), scene, "receipt")
    left = purse.collected[receipt] - purse.refunded.get(receipt, 0)
    return {"collected": receipt, "amount": scene.chance.randint(1, max(1, left))}


def _changes(scene: Scene, standing: Standing) -> dict[str, object]:
    field = scene.chance.choice(("applicant.phone", "applicant.address"))
    return {"changes": [{"field": field, "value": scene.chance.choice(("0912000111", "0912000222"))}]}


def _later(scene: Scene, standing: Standing) -> dict[str, object]:
    due = moment(_there(standing.due or None, "due moment"))
    return {"due": timestamp(due + timedelta(days=scene.chance.randint(1, 3)))}


def _check_of_due(scene: Scene, standing: Standing) -> dict[str, object]:
    receipt = _there(standing.receipt, "reception")
    due = moment(receipt.at) + timedelta(days=scene.chance.randint(1, 9))
    return {"of": receipt.hash, "happened_at": receipt.at, "due": timestamp(due)}


def _request(scene: Scene, standing: Standing) -> dict[str, object]:
    return {"again": "CSDL không khai thác được" if standing.asked_before else ""}


def _rating(scene: Scene, standing: Standing) -> dict[str, object]:
    return {"phase": scene.chance.choice(("reception", "return")), "reason": "Chờ lâu."}


_GIVEN: Final[Mapping[str, Callable[[Scene, Standing], dict[str, object]]]] = {
    "dossier.settled": _conflict,
    "dossier.result_ready": _result,
    "dossier.sealed": _sealed,
    "dossier.result_preserved": _result,
    "dossier.seal_void": _result,
    "dossier.returned": _result,
    "dossier.result_recalled": _handed_over,
    "dossier.number_cancelled": _number,
    "dossier.fee_notified": _notice,
    "dossier.fee_collected": _collection,
    "dossier.fee_voided": _collected,
    "dossier.fee_refunded": _collected,
    "dossier.receipt_replaced": _collected,
    "dossier.amended": _changes,
    "dossier.due_checked": _check_of_due,
    "dossier.extended": _later,
    "dossier.supplement_requested": _request,
    "visit.rated": _rating,
}


def _one_of(these: Sequence[_T], scene: Scene, what: str) -> _T:
    if not these:
        raise CannotFill(f"there is no {what}")
    return scene.chance.choice(these)


def _there(one: _T | None, what: str) -> _T:
    if one is None:
        raise CannotFill(f"there is no {what}")
    return one


def filled(data: type[msgspec.Struct], scene: Scene, members: Mapping[str, object]) -> msgspec.Struct:
    """An instance with these members, the others made up. Raises `CannotFill`."""
    whole = _struct(_shape(data), scene, dict(members))
    try:
        return msgspec.convert(whole, data)
    except (msgspec.ValidationError, ValueError) as why:
        raise CannotFill(str(why)) from why


@cache
def _shape(data: type[msgspec.Struct]) -> inspect.Type:
    return inspect.type_info(data)


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
    if "[0-9a-f]{32}" in pattern:
        return scene.dossier.stream
    if "[0-9a-f]{64}" in pattern:
        earlier = scene.earlier()  # none is before what comes over the portal, with the digest of its request
        return scene.chance.choice(earlier) if earlier else f"{scene.chance.getrandbits(256):064x}"
    if pattern.startswith("^20[0-9]{2}-") and "T" in pattern:
        return timestamp(moment(scene.at) + timedelta(days=scene.chance.randint(-2, 20)))
    if pattern.startswith("^20[0-9]{2}-"):
        return local_day(moment(scene.at)).isoformat()
    raise CannotFill(f"a text that fits {pattern}")
