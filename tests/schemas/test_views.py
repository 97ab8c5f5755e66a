"""The edges of central's later word: from which moment, which entry and which number on it counts."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.entries import Cut, Grant, Person, Revocation, Role
from schemas.views import Trust

MOMENT = "2026-11-23T01:15:22.123456Z"
BEFORE, AFTER = "2026-11-23T01:15:22.123455Z", "2026-11-23T01:15:22.123457Z"
NODE = "counter-01.1"


@pytest.mark.parametrize(("at", "ended"), [(BEFORE, None), (MOMENT, 7), (AFTER, 7)])
def test_what_is_revoked_has_ended_at_that_very_moment(at: str, ended: int | None) -> None:
    trust = Trust()
    trust.learn(7, Revocation("delegation", "uq-01", MOMENT, "Hết ủy quyền"))
    assert trust.revoked_since("delegation", "uq-01", at) == ended


@pytest.mark.parametrize(("known", "ended"), [(6, 7), (7, None), (8, None)])
def test_a_role_whose_end_the_author_knew_is_no_later_word(known: int, ended: int | None) -> None:
    trust = Trust()
    role = Grant(Role.APPROVER, date(2026, 1, 1), date(2026, 11, 22))
    trust.learn(7, Person("viet.tq", "Trần Quốc Việt", "Phó giám đốc", (role,)))
    assert trust.role_ended_since("viet.tq", (Role.APPROVER,), date(2026, 11, 23), known) == ended


@pytest.mark.parametrize(("seq", "answered"), [(3, False), (4, False), (5, True)])
def test_a_cut_answers_a_number_used_twice_only_from_before_it(seq: int, answered: bool) -> None:
    trust = Trust()
    trust.learn(7, Cut(NODE, "dossiers", 4, "9f" * 32, "stolen"))
    assert trust.answers(NODE, seq) is answered
