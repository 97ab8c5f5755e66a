"""Staff and delegations from CSV, checked row by row.

A person's rows are their roles, one a row; what is said of the person stands in the first of them or in each alike.
While any row is wrong nothing is written: half a list of who may sign is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, cast

import msgspec
from msgspec import structs

from central.catalog_import import rows
from schemas.calendar import local_day
from schemas.entries import Delegation, Grant, Person, Role
from schemas.events import moment
from schemas.spelling import composed
from schemas.views import View

STAFF: Final = ("id", "name", "title", "capacity", "role", "since", "until")
DELEGATIONS: Final = ("id", "form", "delegator", "delegate", "decision", "since", "until", "procedures")
_ID = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")

ROLES: Final[Mapping[str, Role]] = {
    **{role.value: role for role in Role},
    "tiếp nhận": Role.RECEIVER,
    "thẩm định": Role.APPRAISER,
    "phê duyệt": Role.APPROVER,
    "văn thư": Role.CLERK,
    "thu phí": Role.CASHIER,
    "kiểm tra giám sát": Role.SUPERVISOR,
    "đối soát": Role.DESK_OFFICER,
    "quản trị": Role.ADMINISTRATOR,
}
FORMS: Final = ("TL", "TUQ", "KT")


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why one row cannot be taken; `line` counts from 1, the head being line 1."""

    line: int
    id: str
    why: str


@dataclass(frozen=True, slots=True)
class ReadStaff:
    """What a file says, each person once with all roles; only to be used where `problems` is empty."""

    people: tuple[Person, ...]
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True, slots=True)
class ReadDelegations:
    """What a file says; `delegations` is only to be used where `problems` is empty."""

    delegations: tuple[Delegation, ...]
    problems: tuple[RowProblem, ...]


class Wrong(Exception):
    """Why one row, or one form, cannot be taken; in Vietnamese."""


def read_staff(content: bytes, view: View) -> ReadStaff:
    """People in the columns of `STAFF`; what else the catalog has of them stays. Raises `UnreadableCatalog`."""
    heads: dict[str, tuple[str, str, str]] = {}
    grants: dict[str, list[Grant]] = {}
    problems = []
    for line, row in rows(content, STAFF):
        person = row["id"]
        try:
            grant = grant_of(row["role"], row["since"], row["until"])
            head = (composed(row["name"]), composed(row["title"]), composed(row["capacity"]))
            _check_head(person, head, heads)
            check_overlap([*grants.get(person, ()), grant])
            heads.setdefault(person, head)
            grants.setdefault(person, []).append(grant)
        except Wrong as why:
            problems.append(RowProblem(line, person, str(why)))
    people = []
    for person, (name, title, capacity) in heads.items():
        known = view.person(person) or Person(person, name, title, ())
        roles = tuple(grants[person])
        people.append(structs.replace(known, name=name, title=title, roles=roles, capacity=capacity))
    return ReadStaff(tuple(people), tuple(problems))


def read_delegations(content: bytes, view: View) -> ReadDelegations:
    """Delegations in the columns of `DELEGATIONS`; procedures with `|` between them. Raises `UnreadableCatalog`."""
    found: dict[str, Delegation] = {}
    problems = []
    for line, row in rows(content, DELEGATIONS):
        try:
            if row["id"] in found:
                raise Wrong("số này đã có ở một dòng trên")
            procedures = tuple(one.strip() for one in row["procedures"].split("|") if one.strip())
            found[row["id"]] = delegation_of(
                view,
                row["id"],
                row["form"].rstrip("."),
                row["delegator"],
                row["delegate"],
                row["decision"],
                day_of(row["since"], "ngày bắt đầu"),
                day_of(row["until"], "ngày kết thúc"),
                procedures,
            )
        except Wrong as why:
            problems.append(RowProblem(line, row["id"], str(why)))
    return ReadDelegations(tuple(found.values()), tuple(problems))


def changed_people(read: Sequence[Person], view: View) -> list[Person]:
    """Those of whom the catalog does not say just this already."""
    return [one for one in read if view.person(one.id) != one]


def changed_delegations(read: Sequence[Delegation], view: View) -> list[Delegation]:
    """Those that the catalog does not have yet, or has otherwise."""
    return [one for one in read if view.delegation(one.id) != one]


# ---- what holds for a row as for a form


def check_id(person: str) -> None:
    """An id stands in every event for ever: small letters, digits, points."""
    if not _ID.fullmatch(person) or len(person) > 64:
        raise Wrong(f"mã người chỉ có chữ thường không dấu, số, dấu chấm: {person or 'để trống'}")


def grant_of(role: str, since: str, until: str) -> Grant:
    """A role with its days. Raises `Wrong`."""
    found = ROLES.get(composed(role).lower())
    if found is None:
        raise Wrong(f"không có vai trò này: {role or 'để trống'}")
    first = day_of(since, "ngày bắt đầu")
    last = day_of(until, "ngày kết thúc") if until else msgspec.UNSET
    if last is not msgspec.UNSET and last < first:
        raise Wrong("ngày kết thúc trước ngày bắt đầu")
    return Grant(found, first, last)


def check_overlap(grants: Sequence[Grant]) -> None:
    """One role is not held twice on one day: of two last days, which would count?"""
    newest = grants[-1]
    for grant in grants[:-1]:
        if grant.role is not newest.role:
            continue
        ends_before = grant.until is not msgspec.UNSET and grant.until < newest.since
        begins_after = newest.until is not msgspec.UNSET and newest.until < grant.since
        if not ends_before and not begins_after:
            raise Wrong(f"vai trò {newest.role.value} đã có trong những ngày đó")


def delegation_of(
    view: View,
    name: str,
    form: str,
    delegator: str,
    delegate: str,
    decision: str,
    since: date,
    until: date,
    procedures: tuple[str, ...],
) -> Delegation:
    """A written delegation that keeps to NĐ 30/2020 Đ13. `delegator`: an office ("Giám đốc Sở") or a person's id.

    Raises `Wrong`.
    """
    if not name:
        raise Wrong("thiếu số của văn bản uỷ quyền")
    if form not in FORMS:
        raise Wrong(f"hình thức là TL, TUQ hoặc KT: {form or 'để trống'}")
    if not composed(delegator):
        raise Wrong("thiếu người giao: chức vụ, hoặc mã người")
    if view.person(delegate) is None:
        raise Wrong(f"không có người này trong danh mục: {delegate or 'để trống'}")
    if delegator == delegate:
        raise Wrong("không tự uỷ quyền cho mình")
    if not composed(decision):
        raise Wrong("thiếu văn bản: số, ngày, cơ quan ban hành")
    if until < since:
        raise Wrong("ngày kết thúc trước ngày bắt đầu")
    if form == "TUQ" and any(
        one.form == "TUQ" and one.delegate == delegator and one.since <= until and since <= one.until
        for one in view.all_delegations()
        if view.revocation("delegation", one.id) is None
    ):
        raise Wrong("người được uỷ quyền không uỷ quyền lại cho người khác (NĐ 30/2020 Đ13)")
    known = {one.code for one in view.procedures(since)} | {one.code for one in view.procedures(until)}
    unknown = [one for one in procedures if one not in known]
    if unknown:
        raise Wrong(f"thủ tục không có trong danh mục: {', '.join(unknown)}")
    kind = cast(Literal["TL", "TUQ", "KT"], form)
    return Delegation(name, kind, composed(delegator), delegate, composed(decision), since, until, procedures)


def day_of(text: str, what: str) -> date:
    """2026-11-23 or 23/11/2026. Raises `Wrong`."""
    match = re.fullmatch(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", text)
    try:
        if match:
            return date(int(match[3]), int(match[2]), int(match[1]))
        return date.fromisoformat(text)
    except ValueError as why:
        raise Wrong(f"{what} không đúng: {text or 'để trống'}") from why


def ended_on(view: View, name: str) -> date | None:
    """The Vietnamese day from which a delegation has been revoked."""
    revoked = view.revocation("delegation", name)
    return local_day(moment(revoked.since)) if revoked else None


def _check_head(person: str, head: tuple[str, str, str], heads: Mapping[str, tuple[str, str, str]]) -> None:
    check_id(person)
    if not head[0] or not head[1]:
        raise Wrong("thiếu họ tên hoặc chức danh")
    if heads.get(person, head) != head:
        raise Wrong("họ tên, chức danh, cách ký khác với dòng trên của cùng người này")
