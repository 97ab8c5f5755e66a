"""Two persons publish: one proposes what the catalog should say, another confirms it, and then it is said.

| state     | what it is                                                      | goes on to                     |
|-----------|-----------------------------------------------------------------|--------------------------------|
| staged    | read from a file; somebody still looks at its doubtful rows     | open, withdrawn                |
| open      | proposed; nothing in the catalog has changed                    | published, refused, withdrawn  |
| published | confirmed: entries with both persons, in the same transaction   |                                |
| refused   | somebody else said no, and why                                  |                                |
| withdrawn | taken back by who proposed it                                   |                                |

An entry names both: `by` who proposed it, `with` who confirmed it. A proposal remembers the newest entry that its author
saw on each subject: when another one has been published since, it cannot be confirmed any more, so that nobody confirms
a comparison that is none. All its rules are looked at again on the day on which it is confirmed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import structs

from central.cataloguing.rules import wrong_with
from central.centre import Office
from central.errors import CentralError
from central.form_publishing import entry_of
from edge.node import Node
from edge.tables.centre import Proposed
from edge.verdict_words import Tell, plainly
from printing.errors import NoFormInForce
from schemas.calendar import local_day
from schemas.entries import KINDS, Entry, Form, Role, kind_of, subject_of
from schemas.events import timestamp

MAY_CONFIRM: Final = frozenset({Role.ADMINISTRATOR, Role.SUPERVISOR})
LISTED: Final = 50
STAGED, OPEN, PUBLISHED, REFUSED, WITHDRAWN = "staged", "open", "published", "refused", "withdrawn"


class NotConfirmed(CentralError):
    """`why` is one of: gone (it is not open), same_person, role, stale, wrong, nothing (no entry is left); `facts` say which entry, and what."""

    def __init__(self, why: str, *facts: str) -> None:
        super().__init__(f"{why} {' '.join(facts)}".strip())
        self.why, self.facts = why, facts


class Item(msgspec.Struct, frozen=True):
    """One entry that is proposed, and the newest on its subject when it was (its hash; "" for a new subject)."""

    kind: str
    data: dict[str, Any]
    over: str

    @property
    def entry(self) -> Entry:
        """Raises `msgspec.ValidationError` where entries of this kind have another shape by now."""
        found: Entry = msgspec.convert(self.data, KINDS[self.kind])
        return found


class LeftOut(msgspec.Struct, frozen=True):
    """A row of a file that is not proposed. A `doubtful` one is right and odd, and proposed if somebody `accepted` it."""

    line: int
    code: str
    why: str
    doubtful: bool = False
    accepted: bool = False


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a file became a proposal: rows read, those that say what the catalog says, and those that were odd."""

    rows: int = 0
    unchanged: int = 0
    odd: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A proposal as a line of a list; `number` is how many entries it would write."""

    id: int
    title: str
    reason: str
    by: str
    at: str
    number: int
    state: str
    second: str
    ended_at: str
    answer: str


@dataclass(frozen=True, slots=True)
class Proposal(Listed):
    """With all that it would write, and how it was made."""

    items: tuple[Item, ...]
    report: Report


_LISTED: Final = (
    Proposed.id, Proposed.title, Proposed.reason, Proposed.by, Proposed.at, Proposed.number, Proposed.state,
    Proposed.second, Proposed.ended_at, Proposed.answer,
)  # fmt: skip


def may_confirm(node: Node, person: str) -> bool:
    """Whether somebody may confirm what another one proposes, today."""
    found = node.catalog.latest.person(person)
    return found is not None and not MAY_CONFIRM.isdisjoint(found.roles_on(local_day(node.clock())))


def propose(
    node: Node,
    entries: Sequence[Entry],
    *,
    title: str,
    reason: str,
    by: str,
    report: Report | None = None,
    state: str = OPEN,
) -> int:
    """Keep what somebody proposes; its number."""
    items = [_item(node, entry) for entry in entries]
    with node.file.write():
        row = Proposed.create(
            title=title,
            reason=reason,
            by=by,
            at=timestamp(node.clock()),
            number=len(items),
            entries=msgspec.json.encode(items).decode(),
            report=msgspec.json.encode(report or Report()).decode(),
            state=state,
        )
    return int(row.id)


def _item(node: Node, entry: Entry) -> Item:
    known = node.catalog.stream_of(entry)
    return Item(kind_of(entry), msgspec.to_builtins(entry), known[1] if known else "")


def before(node: Node, item: Item) -> Entry | None:
    """What the catalog said on the subject when it was proposed; None for a new subject, or what is not to be found.

    Of a form it is the version in whose place the new one stands, which may have come with the program.
    """
    entry, names = item.entry, node.catalog.names
    versions: list[tuple[int, Entry]] = node.catalog.latest.versions(type(entry), subject_of(entry))
    seen = (one for one in versions if item.over and names[one[0] - 1].endswith(item.over[:16]))
    number, found = next(seen, (0, None))
    if isinstance(entry, Form):
        forms = node.papers.forms
        try:
            return entry_of(forms.in_force(entry.number, entry.in_force_from, number))
        except NoFormInForce:
            return entry_of(forms.versions(entry.number, number)[-1])
    return found


# ---- what becomes of it


def proposal(node: Node, number: int) -> Proposal | None:
    """The one of this number, in whatever state; None where there is none."""
    with node.file.read():
        row = Proposed.get_or_none(Proposed.id == number)
        return _proposal(row) if row is not None else None


def waiting(node: Node, state: str = OPEN) -> list[Listed]:
    """What is open, or staged, the oldest first."""
    with node.file.read():
        rows = _lines().where(Proposed.state == state).order_by(Proposed.id).limit(LISTED)
        return [Listed(*row) for row in rows.tuples()]


def waiting_about(node: Node, said: Entry) -> list[tuple[int, Entry]]:
    """What is proposed on the subject of an entry, each with the number of its proposal; no other is unpacked."""
    kind, subject = kind_of(said), subject_of(said)
    named = Proposed.entries.contains(msgspec.json.encode(subject).decode())
    with node.file.read():
        rows = Proposed.select().where(Proposed.state == OPEN, named).order_by(Proposed.id)
        found = [_proposal(row) for row in rows]
    entries = ((one.id, item.entry) for one in found for item in one.items if item.kind == kind)
    return [(number, entry) for number, entry in entries if subject_of(entry) == subject]


def count_open(node: Node) -> int:
    """How many wait for another person."""
    with node.file.read():
        return int(Proposed.select().where(Proposed.state == OPEN).count())


def ended(node: Node) -> list[Listed]:
    """The last that were published, refused or withdrawn, the newest first."""
    found: list[Listed] = []
    with node.file.read():
        for state in (PUBLISHED, REFUSED, WITHDRAWN):
            rows = _lines().where(Proposed.state == state).order_by(Proposed.id.desc()).limit(LISTED)
            found += (Listed(*row) for row in rows.tuples())
    return sorted(found, key=lambda one: one.id, reverse=True)[:LISTED]


def _lines() -> Any:
    return Proposed.select(*_LISTED)


def confirm(node: Node, number: int, *, by: str, tell: Tell = plainly) -> int:
    """Say it to everybody; how many entries were written. Raises `NotConfirmed`, with what is wrong told; then nothing was."""
    with node.file.write():
        one = _still(node, number, OPEN)
        if one.by == by:
            raise NotConfirmed("same_person")
        if not may_confirm(node, by):
            raise NotConfirmed("role")
        entries = [item.entry for item in one.items]
        for item, entry in zip(one.items, entries, strict=True):
            known = node.catalog.stream_of(entry)
            if (known[1] if known else "") != item.over:
                raise NotConfirmed("stale", item.kind, subject_of(entry))
        for entry in entries:
            for field, words in wrong_with(node, entry, tell):
                raise NotConfirmed("wrong", kind_of(entry), subject_of(entry), field, words)
        written = Office(node).define(entries, by=one.by, with_=(by,))
        _end(node, number, PUBLISHED, by, "")
    return written


def refuse(node: Node, number: int, answer: str, *, by: str) -> None:
    """Somebody else says no. Raises `NotConfirmed`."""
    with node.file.write():
        if _still(node, number, OPEN).by == by:
            raise NotConfirmed("same_person")
        if not may_confirm(node, by):
            raise NotConfirmed("role")
        _end(node, number, REFUSED, by, answer)


def withdraw(node: Node, number: int, *, by: str) -> None:
    """Who proposed it takes it back. Raises `NotConfirmed`."""
    with node.file.write():
        if _still(node, number, OPEN, STAGED).by != by:
            raise NotConfirmed("role")
        _end(node, number, WITHDRAWN, by, "")


def accept(node: Node, number: int, lines: Collection[int], reason: str, *, by: str) -> int:
    """Propose what is staged, and of its doubtful rows those on these lines; how many entries. Raises `NotConfirmed`."""
    with node.file.write():
        one = _still(node, number, STAGED)
        if one.by != by:
            raise NotConfirmed("role")
        odd = tuple(
            structs.replace(row, accepted=row.doubtful and row.line in lines) for row in one.report.odd
        )
        left = {row.code for row in odd if row.doubtful and not row.accepted}
        items = [item for item in one.items if subject_of(item.entry) not in left]
        if not items:
            raise NotConfirmed("nothing")
        Proposed.update(
            state=OPEN,
            reason=reason,
            number=len(items),
            entries=msgspec.json.encode(items).decode(),
            report=msgspec.json.encode(structs.replace(one.report, odd=odd)).decode(),
        ).where(Proposed.id == number).execute()
    return len(items)


def _still(node: Node, number: int, *states: str) -> Proposal:
    row = Proposed.get_or_none(Proposed.id == number)
    if row is None or row.state not in states:
        raise NotConfirmed("gone")
    return _proposal(row)


def _end(node: Node, number: int, state: str, second: str, answer: str) -> None:
    Proposed.update(state=state, second=second, ended_at=timestamp(node.clock()), answer=answer).where(
        Proposed.id == number
    ).execute()


def _proposal(row: Any) -> Proposal:
    line = {column.name: getattr(row, column.name) for column in _LISTED}
    items = tuple(msgspec.json.decode(row.entries, type=list[Item]))
    return Proposal(**line, items=items, report=msgspec.json.decode(row.report, type=Report))
