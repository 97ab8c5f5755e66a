"""Communes and wards from CSV: every wrong row is told, and then nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import msgspec

from central.catalog_import import rows
from central.staff_import import RowProblem, Wrong, day_of
from schemas.entries import Commune
from schemas.spelling import composed
from schemas.views import View

COLUMNS: Final = ("code", "name", "difficult", "since")
_DIFFICULT: Final = {"có": True, "x": True, "1": True, "không": False, "0": False, "": False}


@dataclass(frozen=True, slots=True)
class ReadCommunes:
    """What a file says; `communes` is only to be used where `problems` is empty."""

    communes: tuple[Commune, ...]
    problems: tuple[RowProblem, ...]


def read_communes(content: bytes, today: date) -> ReadCommunes:
    """Communes in the columns of `COLUMNS`; an empty `since` is today. Raises `UnreadableCatalog`."""
    found: dict[str, Commune] = {}
    problems = []
    for line, row in rows(content, COLUMNS):
        try:
            found[row["code"]] = _commune(row, found, today)
        except Wrong as why:
            problems.append(RowProblem(line, row["code"], str(why)))
    return ReadCommunes(tuple(found.values()), tuple(problems))


def _commune(row: dict[str, str], found: dict[str, Commune], today: date) -> Commune:
    """Raises `Wrong`."""
    code, name = row["code"], composed(row["name"])
    if not code or not name:
        raise Wrong("thiếu mã hoặc tên xã, phường")
    if code in found:
        raise Wrong("mã này đã có ở một dòng trên")
    if any(name == one.name for one in found.values()):
        raise Wrong(f"tên này đã có ở một dòng trên, với mã khác: {name}")
    difficult = _DIFFICULT.get(composed(row["difficult"]).lower())
    if difficult is None:
        raise Wrong(f"miền núi, đặc biệt khó khăn: ghi có hoặc không, không phải {row['difficult']}")
    since = day_of(row["since"], "ngày bắt đầu") if row["since"] else today
    try:
        return msgspec.convert(msgspec.to_builtins(Commune(code, name, difficult, since)), Commune)
    except msgspec.ValidationError as why:
        raise Wrong(f"mã hoặc tên quá dài: {code[:40]}") from why


def changed_communes(read: Sequence[Commune], view: View) -> list[Commune]:
    """Those of which the catalog does not say just this already, but for the day from which it does."""
    return [one for one in read if _since(view.commune(one.code, one.since), one.since) != one]


def _since(known: Commune | None, day: date) -> Commune | None:
    return None if known is None else msgspec.structs.replace(known, since=day)
