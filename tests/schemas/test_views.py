"""The edges of central's later word: from which moment, which entry and which number on it counts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Literal

import msgspec
import pytest

from schemas.canonical import from_base64
from schemas.entries import (
    Anchor,
    Cut,
    Delegation,
    Grant,
    NumberRange,
    Password,
    Person,
    Queue,
    Revocation,
    RevocationList,
    Role,
)
from schemas.views import Trust
from tests.schemas.histories import AGENCY, card, informed, office

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


# --- what was in force, as of an entry and on a day ---

DAY, TOMORROW = date(2026, 11, 23), date(2026, 11, 24)
FILES = [f"file-{letter * 64}" for letter in "abcd"]


def numbers(
    name: str, what: Literal["ticket", "result"], first: int, symbol: str, **more: Any
) -> NumberRange:
    return NumberRange(
        id=name, node=NODE, what=what, first=first, last=first + 99, since=DAY, symbol=symbol, **more
    )


def test_nothing_was_said_before_the_first_entry() -> None:
    before, now = office().catalog.as_of(0), office().catalog.latest
    assert (before.name, before.age(MOMENT), before.people()) == ("", timedelta(), [])
    assert now.age(MOMENT) > timedelta(days=6)
    assert (before.card_entry(NODE), now.card_entry("counter-99.1")) == (0, 0)


def test_a_machine_whose_card_is_renewed_keeps_what_it_sealed_before() -> None:
    renewed = msgspec.structs.replace(card(NODE), ed25519=card("counter-02.1").ed25519)
    catalog = informed(renewed)
    assert catalog.keys_of(NODE) == {card(NODE).ed25519, renewed.ed25519}
    assert catalog.latest.card_entry(NODE) == catalog.number
    assert catalog.as_of(catalog.number - 1).card(NODE) == card(NODE)


def test_numbers_of_tickets_and_results_are_told_apart_by_machine_queue_and_day() -> None:
    mine, anybodys = numbers("v1", "ticket", 201, "A"), numbers("v2", "ticket", 1, "*")
    other, over = numbers("v3", "ticket", 301, "B"), numbers("v0", "ticket", 401, "A", until=DAY)
    result, elsewhere = numbers("k2", "result", 1, AGENCY), numbers("k1", "result", 1, "H37.07")
    view = informed(mine, anybodys, other, over, result, elsewhere).latest
    assert view.ticket_ranges(NODE, "A", DAY) == [anybodys, mine, over]
    assert view.ticket_ranges(NODE, "A", TOMORROW) == [anybodys, mine]
    assert view.ticket_ranges("counter-02.1", "A", DAY) == []
    assert view.result_ranges(AGENCY, DAY) == [result]
    assert [one.id for one in view.all_ranges()] == ["k1", "k2", "v0", "v1", "v2", "v3"]


def test_a_visitor_chooses_among_the_queues_of_the_day() -> None:
    land, closed = Queue("D", "Đất đai", DAY), Queue("C", "Chứng thực", DAY, until=DAY)
    view = informed(land, closed).latest
    assert view.queues(DAY) == [closed, land]
    assert view.queues(TOMORROW) == [land]
    assert (view.queue("C"), view.queue("X")) == (closed, None)


def test_a_delegation_is_listed_for_whom_it_was_lent_and_holds_on_its_days() -> None:
    lent = Delegation("uq-01", "TUQ", "quang", "viet", "12/QĐ", DAY, DAY)
    later = Delegation("uq-02", "TUQ", "quang", "viet", "13/QĐ", TOMORROW, TOMORROW)
    ended = Revocation("delegation", "uq-01", MOMENT, "Hết ủy quyền")
    view = informed(later, lent, ended).latest
    assert view.delegations_of("viet") == [lent, later]
    assert view.delegations_of("quang") == []
    assert view.delegations("viet", DAY) == [lent]
    assert view.all_delegations() == [later, lent]
    assert view.revocation("delegation", "uq-01") == ended
    assert view.revocation("delegation", "uq-02") is None


def test_the_files_that_the_catalog_names_are_those_of_the_newest_words() -> None:
    """A picture that was replaced is named no longer."""
    someone = Person("lan", "Lan", "Chuyên viên", (), signature=FILES[0])
    anchor = Anchor("1" * 64, "Motcua CA", FILES[2], DAY)
    listed = RevocationList("1" * 64, FILES[3], BEFORE, AFTER)
    again = msgspec.structs.replace(someone, signature=FILES[1])
    view = informed(someone, anchor, listed, again).latest
    assert view.named_files() == {FILES[1], FILES[2], FILES[3]}
    assert view.anchors() == [anchor]
    assert (view.revocation_list("1" * 64), view.revocation_list("2" * 64)) == (listed, None)


def test_a_renewed_certificate_is_still_known_on_old_papers() -> None:
    old = from_base64(office().catalog.latest.person("viet").certificates[0], "certificate")  # type: ignore[union-attr]
    view = informed(Person("viet", "Trần Quốc Việt", "Phó giám đốc", ())).latest
    holder = view.holder_of(old)
    assert isinstance(holder, Person)
    assert holder.id == "viet"
    assert view.person("viet").certificates == ()  # type: ignore[union-attr]
    assert view.holder_of(b"nobody's") is None


def test_a_person_without_a_password_has_none() -> None:
    word = Password("viet", "$argon2id$" + "x" * 30)
    view = informed(word).latest
    assert (view.password("viet"), view.password("quang")) == (word, None)
    assert "viet" in [person.id for person in view.people()]
