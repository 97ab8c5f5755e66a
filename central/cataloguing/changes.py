"""What one version of an entry says that another does not, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from central.cataloguing.labels import member, said
from schemas.calendar import DayOff
from schemas.canonical import from_base64
from schemas.deadlines import Limit
from schemas.entries import Case, Component, Entry, Picture
from schemas.fees import FeeLine, Relief
from schemas.seals import fingerprint

KEYS: Final[Mapping[type[Any], tuple[str, ...]]] = {
    Component: ("name",),
    Case: ("code",),
    DayOff: ("day",),
    Relief: ("name", "since"),
    FeeLine: ("kind", "name", "case", "channel", "since"),
}
"""By what one row of a list is the same as one of another list; other rows are the same only as a whole."""
_OPAQUE: Final = frozenset({"signature", "seal"})
"""Whose value tells nobody anything."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; `before` is empty for what is new, `after` for what is gone."""

    label: str
    before: str
    after: str

    @property
    def words(self) -> str:
        """In Vietnamese, on one line: added (*thêm*), left out (*bỏ*), or the one → the other."""
        if not self.before:
            return f"{self.label}: thêm {self.after}"
        if not self.after:
            return f"{self.label}: bỏ {self.before}"
        return f"{self.label}: {self.before} → {self.after}"


def changes(before: Entry | None, after: Entry) -> list[Change]:
    """From what is in force to what is proposed; all that it says, for an entry that is new."""
    if before is None:
        return [Change(label, "", words) for label, words in _all(after)]
    return list(_between("", before, after))


def _all(entry: Any) -> Iterator[tuple[str, str]]:
    for name in entry.__struct_fields__:
        value = getattr(entry, name)
        if value in ((), "", False, None, msgspec.UNSET):
            continue
        label = member(type(entry), name)
        if name in _OPAQUE:
            yield label, "có"
        elif name == "certificates":
            yield from ((label, one) for one in _certificates(value))
        elif isinstance(value, tuple) and any(isinstance(one, msgspec.Struct) for one in value):
            yield from ((label, said(one)) for one in value)
        else:
            yield label, str(value) if name == "year" else said(value)


def _between(above: str, before: Any, after: Any) -> Iterator[Change]:
    for name in after.__struct_fields__:
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        label = f"{above}{member(type(after), name)}"
        if name == "certificates":
            yield from _of_rows(label, _certificates(old), _certificates(new))
        elif name in _OPAQUE:
            yield Change(label, "bản cũ" if old else "", "bản mới" if new else "")
        elif isinstance(old, tuple) and isinstance(new, tuple):
            yield from _of_rows(label, old, new)
        elif _alike(old, new):
            yield from _between(f"{label}, ", old, new)
        else:
            yield Change(label, _or_none(old), _or_none(new))


def _certificates(ders: tuple[str, ...]) -> tuple[str, ...]:
    """By how their names begin."""
    return tuple(f"{fingerprint(from_base64(der, 'certificate'))[:16]}…" for der in ders)


def _or_none(value: Any) -> str:
    return said(value) or "để trống"


def _alike(old: Any, new: Any) -> bool:
    """Whether two values are told member by member: a limit is one thing, and told as one."""
    return isinstance(old, msgspec.Struct) and type(old) is type(new) and not isinstance(old, Limit | Picture)


def _of_rows(label: str, old: tuple[Any, ...], new: tuple[Any, ...]) -> Iterator[Change]:
    before, after = _keyed(old), _keyed(new)
    for key, row in before.items():
        if key not in after:
            yield Change(label, said(row), "")
    for key, row in after.items():
        known = before.get(key)
        if known is None:
            yield Change(label, "", said(row))
        elif known != row:
            called = said(tuple(getattr(row, name) for name in KEYS[type(row)][:2]))
            yield from _between(f"{label} “{called}”, ", known, row)
    if set(before) == set(after) and list(before) != list(after):
        yield Change(label, "thứ tự cũ", f"thứ tự mới: {said(tuple(after.values()))}"[:400])


def _keyed(rows: tuple[Any, ...]) -> dict[Any, Any]:
    """Rows by what they are the same by; one that stands twice, by its place too."""
    found: dict[Any, Any] = {}
    for row in rows:
        names = KEYS.get(type(row))
        key: Any = tuple(getattr(row, name) for name in names) if names else said(row)
        while key in found:
            key = (key, "again")
        found[key] = row
    return found
