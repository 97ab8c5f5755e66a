"""Every row that the desk settles, by each of its choices: what the dossier is afterwards, and who has to agree.

A table: the row, which member stands ("" for none), the status that follows, the acts that have lost their effect, what
must still be done, and whether a result is revoked, which four eyes do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

import pytest

from schemas.acts import Settled, Status
from schemas.catalog import Catalog
from schemas.conflicts import TABLE, Conflict, Settles
from schemas.entries import Report, Revocation
from schemas.errors import Because
from schemas.events import Event, EventHash, timestamp
from schemas.fold import Dossier, Place, fold
from tests.schemas.histories import (
    MORNING,
    STREAM,
    History,
    Step,
    appraised,
    approved,
    extended,
    history,
    informed,
    numbered,
    office,
    recalled,
    received,
    refused,
    registered,
    returned,
    sealed,
    settled,
    withdrawal_asked,
)

_ROOM_2: Final = "room-02.1"
_COUNTER_2: Final = "counter-02.1"


@dataclass(frozen=True)
class Question:
    """A contested dossier as a desk meets it: what is known, by which catalog, and of which row the question is."""

    past: History
    catalog: Catalog
    row: str = ""

    @property
    def conflict(self) -> Conflict:
        found = fold(self.past, self.catalog).conflicts
        (asked,) = [one for one in found if not self.row or self.row in one.rows]
        return asked

    def answered(self, stands: str, *, with_: tuple[str, ...] = ()) -> Dossier:
        """The dossier after the desk let the member of this kind stand; the first of two of one kind."""
        past, conflict = self.past, self.conflict
        here = sorted((m for m in conflict.members if m in past.events), key=self._position)
        chosen = [m for m in here if stands and past.kind_of(m) == f"dossier.{stands}"]
        answer = Settled(conflict.id, conflict.members, tuple(chosen[:1]), "Theo biên bản")
        step = settled(None, by="ha", with_=with_).but(data=answer, catalog=self.catalog.name, rests_on=here)
        return fold(past + step, self.catalog)

    def _position(self, member: str) -> str:
        event = self.past.events[EventHash(member)]
        assert isinstance(event, Event)
        return event.at


def _ready() -> History:
    return history(received(), appraised())


@cache
def _ready_once() -> History:
    """One past for both sides of a line that cannot be written as two steps."""
    return _ready()


def _beside(past: History, one: Step, other: Step) -> History:
    return (past + one) | (past + other)


def _settled_apart() -> History:
    past = _beside(_ready(), approved(), withdrawal_asked())
    return (past + settled("approved")) | (past + settled("withdrawal_asked", by="son", node="central.2"))


def _issued() -> History:
    """Numbered, sealed and handed out, while a counter that had not heard of it took a withdrawal."""
    past = _ready()
    out = past + approved() + numbered() + sealed() + returned()
    return out | (past + withdrawal_asked())


def _portal() -> History:
    late = received(by="minh", node=_COUNTER_2).saying(due="2026-11-26T09:30:00.000000Z")
    return _beside(history(registered()), received(), late)


def _revoked() -> Question:
    past = _ready() + approved()
    event = past.events[past.last]
    assert isinstance(event, Event)
    assert event.signed is not None
    lost = Revocation("certificate", event.signed.certificate, timestamp(MORNING), "Mất thẻ")
    return Question(past, informed(lost))


def _reported(row: str) -> Question:
    past = history(received())
    said = Report("r1", row, (STREAM, "0" * 32), (past.hash_of("received"), "f" * 64))  # type: ignore[arg-type]
    return Question(past, informed(said))


def _known(past: History) -> Question:
    return Question(past, office().catalog)


QUESTIONS: Final[dict[str, Callable[[], Question]]] = {
    "settled_apart": lambda: Question(_settled_apart(), office().catalog, "settled_apart"),
    "opposed_outcomes": lambda: _known(_beside(_ready(), approved(), refused(by="quang", node=_ROOM_2))),
    "which_came_first": lambda: _known(_beside(_ready(), approved(), withdrawal_asked())),
    "which_came_first, issued": lambda: _known(_issued()),
    "one_person": lambda: _known(
        (_ready_once() + approved() + sealed()) | (_ready_once() + approved(by="kim", node=_ROOM_2))
    ),
    "returned_or_recalled": lambda: _known(_beside(_ready() + approved(), returned(), recalled())),
    "returned_twice": lambda: _known(
        _beside(_ready() + approved(), returned(), returned(by="minh", node=_COUNTER_2))
    ),
    "received_twice": lambda: _known(_portal()),
    "extended_apart": lambda: _known(
        _beside(history(received()), extended(3), extended(2, by="quang", node=_ROOM_2))
    ),
    "other_decisions": lambda: _known(
        _beside(history(received()), appraised(), appraised(passed=False, by="dung", node=_ROOM_2))
    ),
    "revoked": _revoked,
    "portal_twice": lambda: _reported("portal_twice"),
    "possible_duplicate": lambda: _reported("possible_duplicate"),
}


@dataclass(frozen=True)
class Answer:
    """One line of the table."""

    of: str
    stands: str
    status: Status
    void: tuple[str, ...] = ()
    tasks: frozenset[str] = frozenset()
    four_eyes: bool = False
    open_again: str = ""


_UNDO: Final = frozenset({"dossier.result_recalled", "dossier.number_cancelled", "dossier.seal_void"})
ANSWERS: Final = (
    Answer("settled_apart", "settled", Status.DONE, ("withdrawal_asked", "settled")),
    Answer("settled_apart", "", Status.PROCESSING, ("settled", "settled"), open_again="which_came_first"),
    Answer("opposed_outcomes", "approved", Status.DONE, ("refused",)),
    Answer("opposed_outcomes", "refused", Status.DONE, ("approved",)),
    Answer("opposed_outcomes", "", Status.PROCESSING, ("approved", "refused")),
    Answer("which_came_first", "approved", Status.DONE, ("withdrawal_asked",)),
    Answer("which_came_first", "withdrawal_asked", Status.WITHDRAWING, ("approved",)),
    Answer("which_came_first", "", Status.PROCESSING, ("approved", "withdrawal_asked")),
    Answer("which_came_first, issued", "approved", Status.RETURNED, ("withdrawal_asked",)),
    Answer(
        "which_came_first, issued", "withdrawal_asked", Status.WITHDRAWING,
        ("approved", "numbered", "sealed"), _UNDO, four_eyes=True,
    ),
    Answer(
        "which_came_first, issued", "", Status.PROCESSING,
        ("approved", "numbered", "sealed", "withdrawal_asked"), _UNDO, four_eyes=True,
    ),
    Answer("one_person", "sealed", Status.DONE, ("approved",)),
    Answer("one_person", "approved", Status.DONE, ("sealed",), four_eyes=True),
    Answer("one_person", "", Status.DONE, ("sealed", "approved"), four_eyes=True),
    Answer("returned_or_recalled", "returned", Status.RETURNED, ("result_recalled",)),
    Answer("returned_or_recalled", "result_recalled", Status.RETURNED, four_eyes=True),
    Answer("returned_or_recalled", "", Status.RETURNED, ("result_recalled",)),
    Answer("returned_twice", "returned", Status.RETURNED),
    Answer("returned_twice", "", Status.RETURNED),
    Answer("received_twice", "received", Status.RECEIVED),
    Answer("received_twice", "", Status.RECEIVED),
    Answer("extended_apart", "extended", Status.RECEIVED, ("extended",)),
    Answer("extended_apart", "", Status.RECEIVED, ("extended", "extended")),
    Answer("other_decisions", "appraised", Status.PROCESSING, ("appraised",)),
    Answer("other_decisions", "", Status.RECEIVED, ("appraised", "appraised")),
    Answer("revoked", "approved", Status.DONE),
    Answer("revoked", "", Status.PROCESSING, ("approved",)),
    Answer("portal_twice", "received", Status.RECEIVED),
    Answer("portal_twice", "", Status.RECEIVED),
    Answer("possible_duplicate", "received", Status.RECEIVED),
    Answer("possible_duplicate", "", Status.RECEIVED),
)  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda one: f"{one.of}: {one.stands or 'none'}")
def test_the_desk_answers_every_question_in_every_way(answer: Answer) -> None:
    question = QUESTIONS[answer.of]()
    alone = question.answered(answer.stands)
    if answer.four_eyes:
        assert [line.place for line in alone.timeline if line.kind == "dossier.settled"] == [Place.HELD]
        assert alone.timeline[-1].why.startswith(Because.WITNESS.value)
        assert alone.contested
    after = question.answered(answer.stands, with_=("giam",)) if answer.four_eyes else alone

    assert [conflict.rows for conflict in after.conflicts] == (
        [(answer.open_again,)] if answer.open_again else []
    )
    assert after.status is answer.status
    void = [line.kind.partition(".")[2] for line in after.timeline if line.place is Place.VOID]
    assert sorted(void) == sorted(answer.void)
    assert {task.must for task in after.tasks} == answer.tasks


def test_every_row_of_the_desk_is_answered_by_each_of_its_members_and_by_none() -> None:
    asked = {row.name for row in TABLE if row.settles is Settles.DESK}
    assert {name.partition(",")[0] for name in QUESTIONS} == asked
    for name, make in QUESTIONS.items():
        question = make()
        conflict = question.conflict
        assert name.partition(",")[0] in conflict.rows
        here = [member for member in conflict.members if member in question.past.events]
        kinds = {question.past.kind_of(member).partition(".")[2] for member in here}
        assert {one.stands for one in ANSWERS if one.of == name} == {*kinds, ""}


@pytest.mark.parametrize("second", ["ha", "lan", "viet", "nobody"])
def test_who_signed_or_answers_or_has_another_role_is_no_second_pair_of_eyes(second: str) -> None:
    """The officer themselves, an appraiser, the approver whose result it is, somebody unknown."""
    after = QUESTIONS["which_came_first, issued"]().answered("withdrawal_asked", with_=(second,))
    assert after.timeline[-1].why.startswith(Because.WITNESS.value)


def test_another_desk_officer_may_be_the_second() -> None:
    after = QUESTIONS["which_came_first, issued"]().answered("withdrawal_asked", with_=("son",))
    assert not after.contested
