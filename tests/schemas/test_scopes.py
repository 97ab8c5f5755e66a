"""What a machine may read, and when a dossier is over."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.entries import Agency, Duty
from schemas.events import EventHash, Unknown
from schemas.fold import Place, fold
from schemas.scopes import ALL, NOBODYS, Scope, agencies_of, over_on, read_scope, scope_of
from tests.schemas.histories import (
    AGENCY,
    STREAM,
    History,
    appraised,
    approved,
    card,
    history,
    informed,
    numbered,
    office,
    received,
    registered,
    returned,
    sealed,
    told,
    withdrawal_asked,
)

OTHER = "H37.19"
scopes = st.one_of(
    st.just(Scope()),
    st.just(Scope(dossiers=False)),
    st.frozensets(st.sampled_from([AGENCY, OTHER, "H37.20"])).map(Scope),
)
of_streams = st.frozensets(st.sampled_from([AGENCY, OTHER, "H37.20", ALL, NOBODYS]))


def finished() -> History:
    return history(received(), appraised(), approved(), numbered(), sealed(), returned())


def day_of_end(past: History) -> date | None:
    return over_on(past.dossier, list(past))


# ---- what may be read


def test_a_card_without_agencies_reads_all_of_them_and_one_with_some_reads_those() -> None:
    counter = card("counter-01.1")
    assert scope_of(counter, office().catalog.latest).is_whole
    narrow = scope_of(msgspec.structs.replace(counter, agencies=(AGENCY,)), office().catalog.latest)
    assert narrow.has({AGENCY})
    assert narrow.has({AGENCY, OTHER})
    assert not narrow.has({OTHER})


def test_a_kiosk_reads_no_dossier() -> None:
    kiosk = msgspec.structs.replace(card("counter-01.1"), duties=(Duty.KIOSK,))
    scope = scope_of(kiosk, office().catalog.latest)
    assert not scope.is_whole
    assert not scope.has({AGENCY})


def test_who_took_an_agencys_place_reads_what_was_received_for_it_and_for_those_before_it() -> None:
    catalog = informed(
        Agency("H37.30", "Sở Kế hoạch", sample=True, successor="H37.31"),
        Agency("H37.31", "Sở Tài chính cũ", sample=True, successor="H37.32"),
        Agency("H37.32", "Sở Tài chính", sample=True),
    )
    heir = msgspec.structs.replace(card("room-01.1"), agencies=("H37.32",))
    assert scope_of(heir, catalog.latest) == Scope(frozenset({"H37.30", "H37.31", "H37.32"}))


def test_two_agencies_that_name_each_other_as_successors_hold_nobody_up() -> None:
    catalog = informed(
        Agency("H37.30", "Một", sample=True, successor="H37.31"),
        Agency("H37.31", "Hai", sample=True, successor="H37.30"),
    )
    one = msgspec.structs.replace(card("room-01.1"), agencies=("H37.30",))
    assert scope_of(one, catalog.latest) == Scope(frozenset({"H37.30", "H37.31"}))


@given(scopes)
def test_a_scope_is_read_as_it_was_told(scope: Scope) -> None:
    if scope == Scope(frozenset()):
        assert not read_scope(scope.told).has({AGENCY})
    else:
        assert read_scope(scope.told) == scope


@given(scopes, scopes, of_streams)
def test_a_scope_that_covers_another_has_all_that_the_other_has(
    wide: Scope, narrow: Scope, agencies: frozenset[str]
) -> None:
    if wide.covers(narrow) and narrow.has(agencies):
        assert wide.has(agencies)
    assert wide.covers(wide)


@given(scopes)
def test_what_a_machine_says_of_itself_is_nobody_elses(scope: Scope) -> None:
    assert not scope.has({NOBODYS})
    assert scope.has({ALL}) == scope.dossiers


# ---- of which agencies a stream is


def test_a_dossier_is_of_the_agency_that_is_competent_and_of_those_it_went_to() -> None:
    past = history(received())
    assert agencies_of(past.dossier, past) == {AGENCY}
    past += told("dossier.forwarded", "hoa", "counter-01.1", agency=OTHER)
    assert agencies_of(past.dossier, past) == {AGENCY, OTHER}


def test_an_act_that_has_no_effect_gives_nobody_a_right_to_read() -> None:
    """Its seal is not its machine's: whoever made it up does not choose who reads the dossier."""
    past = history(received()) + told("dossier.forwarded", "hoa", "counter-01.1", agency=OTHER)
    dossier = fold(past, office().catalog, {past.last: "seal"})
    assert dossier.timeline[-1].place is Place.HELD
    assert agencies_of(dossier, past) == {AGENCY}


def test_of_an_act_of_a_newer_version_nothing_is_known() -> None:
    past = history(received())
    newer = Unknown(STREAM, EventHash("f" * 64), 2)
    assert agencies_of(past.dossier, [*past, newer]) == {AGENCY}


def test_a_petition_is_everybodys_and_what_a_machine_says_of_itself_is_centrals() -> None:
    petition = history(told("petition.filed", "hoa", "counter-01.1"))
    assert agencies_of(petition.dossier, petition) == {ALL}
    machine = history(told("node.day_closed", "", "counter-01.1"))
    assert agencies_of(machine.dossier, machine) == {NOBODYS}


def test_a_name_that_is_no_code_of_an_agency_is_none() -> None:
    past = history(received()) + told("dossier.forwarded", "hoa", "counter-01.1", agency="phòng bên")
    assert agencies_of(past.dossier, past) == {AGENCY}


# ---- when it is over


def test_a_dossier_is_over_on_the_day_of_its_last_act() -> None:
    assert day_of_end(finished()) == date(2026, 11, 23)


@pytest.mark.parametrize("acts", range(1, 6))
def test_before_its_result_is_returned_it_is_not_over(acts: int) -> None:
    steps = (received(), appraised(), approved(), numbered(), sealed())
    assert day_of_end(history(*steps[:acts])) is None


def test_what_is_contested_is_not_over() -> None:
    past = history(received(), appraised())
    here = past + approved() + numbered() + sealed() + returned()
    both = here | (past + withdrawal_asked())
    assert both.dossier.conflicts
    assert day_of_end(both) is None


def test_of_what_is_missing_nobody_knows_whether_it_is_over() -> None:
    assert day_of_end(finished().without("appraised")) is None


def test_what_has_an_act_that_waits_for_the_desk_is_not_over() -> None:
    past = finished()
    dossier = fold(past, office().catalog, {past.last: "seal"})
    assert over_on(dossier, list(past)) is None


def test_who_was_sent_home_with_form_02_brings_a_new_dossier_and_what_came_over_the_portal_keeps_its_own() -> (
    None
):
    asked = told(
        "dossier.supplement_requested",
        "hoa",
        "counter-01.1",
        components=[{"name": "Giấy", "why": "mờ", "originals": 1}],
        reason="Thiếu",
    )
    assert day_of_end(history(registered(), asked)) == date(2026, 11, 23)
    assert day_of_end(history(registered("H37.08-261120-0975"), asked)) is None
    assert day_of_end(history(registered())) is None
