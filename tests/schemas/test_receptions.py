"""A reception told twice: from its event, and from the paper that a citizen kept."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.acts import EnteredAfterwards, Party, Received, ReceivedComponent
from schemas.deadlines import Limit, Unit
from schemas.receptions import reception_of, retold
from schemas.rules import Done
from schemas.slips import SlipCode

EVENT, NUMBER = "a" * 64, "H37.08-261123-0101"
SLIP = SlipCode(NUMBER, "d" * 32, EVENT, "counter-01.1").sealed(lambda message: bytes(64))
AT = "2026-11-23T02:00:00.000000Z"


def told(kind: type[Received], **changes: Any) -> Any:
    members = {
        "number": NUMBER,
        "procedure": "1.000703",
        "procedure_name": "Cấp phép",
        "agency": "H37.08",
        "applicant": Party("Nông Văn Thắng", "020085004127"),
        "components": (ReceivedComponent("Đơn", 1), ReceivedComponent("Bản vẽ", 2)),
        "limit": Limit(5, Unit.WORKING_DAYS),
        "due": "2026-11-30T09:30:00.000000Z",
    }
    if kind is EnteredAfterwards:
        members |= {"happened_at": "2026-11-23T02:00:00.000000Z", "reason": "cháy", "slip": SLIP}
    return kind(**{**members, **changes})


ORIGINAL = Done(
    EVENT, "dossier.received", told(Received), "hoa", "2026-11-23T02:00:21.000000Z", "counter-01.1"
)


def again(own: str = "b" * 64, **changes: Any) -> Done:
    data = told(EnteredAfterwards, **changes)
    return Done(
        own, "dossier.entered_afterwards", data, "minh", "2026-11-24T02:00:00.000000Z", "counter-02.1"
    )


def test_the_same_words_differ_in_nothing_whatever_order_the_papers_come_in() -> None:
    papers = tuple(reversed(ORIGINAL.data.components))
    (one,) = retold([again(components=papers), ORIGINAL])
    assert (one.original, one.proven, one.differences) == (ORIGINAL, True, ())


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"procedure": "1.000704"}, "procedure"),
        ({"applicant": Party("Nông Văn Thẳng", "020085004127")}, "applicant.name"),
        ({"applicant": Party("Nông Văn Thắng", "020085004128")}, "applicant.identity"),
        ({"submitter": Party("Lý A Sáng")}, "submitter.name"),
        ({"components": (ReceivedComponent("Đơn", 1),)}, "components"),
        ({"due": "2026-11-30T02:00:00.000000Z"}, "due"),
        ({"return_by": "post"}, "return_by"),
        ({"happened_at": "2026-11-23T02:05:00.000000Z"}, "received_at"),
    ],
)
def test_each_difference_is_named(changed: dict[str, Any], what: str) -> None:
    (one,) = retold([ORIGINAL, again(**changed)])
    assert [difference.what for difference in one.differences] == [what]


def test_two_who_entered_one_slip_are_compared_while_the_original_is_lost() -> None:
    (one,) = retold([again(), again("c" * 64, return_by="post")])
    assert (one.proven, one.original.hash, [d.what for d in one.differences]) == (
        False,
        "b" * 64,
        ["return_by"],
    )


def test_another_reception_is_another_one() -> None:
    """From the paper book, without a slip; under a code that is none; by another machine."""
    other = msgspec.structs.replace(again().data, slip="")
    assert reception_of(other, "c" * 64) == "c" * 64
    assert reception_of(msgspec.structs.replace(other, slip="MC1|x"), "c" * 64) == "c" * 64
    assert (
        retold([ORIGINAL, Done("c" * 64, "dossier.entered_afterwards", other, "minh", AT, "counter-02.1")])
        == ()
    )
