"""Figures that are kept say what a look at every dossier says, for every period and every hour."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.reports import Counted, Ending, Period, Petition, Rating, report
from schemas.tallies import Turn, figures, spans, spans_of, turns, turns_of_petition, turns_of_rating
from tests.schemas.test_reports import AUTUMN, COUNTED, STAMPS, at, dossier

DAYS = st.integers(0, 160).map(lambda n: AUTUMN.date() + timedelta(days=n))


def summed(found: Iterable[Turn]) -> dict[str, int]:
    """Changes added up by name."""
    sums: dict[str, int] = {}
    for turn in found:
        sums[turn.name] = sums.get(turn.name, 0) + turn.number
    return sums


@settings(max_examples=50, deadline=None)
@given(st.lists(COUNTED, max_size=4), DAYS, DAYS, STAMPS)
def test_the_kept_sums_say_what_the_report_says(
    dossiers: list[Counted], first: date, last: date, asked: str
) -> None:
    period = Period(min(first, last), max(first, last))
    asked = max(asked, period.begins)
    cut = min(asked, period.ends)
    every = [turn for one in dossiers for turn in turns(one)]
    found = figures(
        summed(turn for turn in every if period.begins <= turn.at < cut),
        summed(turn for turn in every if turn.at < period.begins),
        summed(turn for turn in every if turn.at < cut),
    )
    assert found == report(dossiers, period, asked).total


@settings(max_examples=30, deadline=None)
@given(DAYS, DAYS)
def test_spans_are_all_days_and_each_once(first: date, end: date) -> None:
    chosen = list(spans(first, end))
    day, covered = first, []
    while day < end:
        covered += [span for span in spans_of(day) if span in chosen]
        assert sum(span in chosen for span in spans_of(day)) == 1
        day += timedelta(days=1)
    assert set(covered) == set(chosen)


def test_years_and_months_stand_for_their_days() -> None:
    assert list(spans(date(2019, 1, 1), date(2024, 1, 1))) == [f"Y{year}" for year in range(2019, 2024)]
    assert list(spans(date(2023, 11, 29), date(2024, 2, 2))) == [
        "D2023-11-29",
        "D2023-11-30",
        "M2023-12",
        "M2024-01",
        "D2024-02-01",
    ]


def test_who_asks_at_five_finds_what_is_due_at_five_not_over() -> None:
    """And a moment later it is."""
    one = dossier("23/11 09:00", "24/11 17:00")
    over = [turn for turn in turns(one) if turn.name == "over"]
    assert [(turn.at, turn.number) for turn in over] == [(at("24/11 17:00"), 1)]


def test_a_moment_that_is_none_counts_nowhere() -> None:
    assert turns(Counted("a", "H37.08", received="gestern")) == []


PETITIONS = st.builds(
    Petition, STAMPS, STAMPS, st.just("") | STAMPS, st.just("") | STAMPS, st.none() | st.booleans()
)
VISITS = st.builds(Rating, st.sampled_from(["reception", "return"]), st.booleans(), STAMPS)


@settings(max_examples=50, deadline=None)
@given(st.lists(PETITIONS, max_size=5), st.lists(VISITS, max_size=5), DAYS, DAYS)
def test_the_kept_sums_count_petitions_and_visits_as_the_report_does(
    petitions: list[Petition], visits: list[Rating], first: date, last: date
) -> None:
    period = Period(min(first, last), max(first, last))
    every = [turn for one in petitions for turn in turns_of_petition(one)]
    every += [turn for one in visits for turn in turns_of_rating(one)]
    flow = summed(turn for turn in every if period.begins <= turn.at < period.ends)
    found = report([], period, period.ends, petitions=petitions, visits=visits)
    assert figures(flow, {}, {}) == found.total


@pytest.mark.parametrize(
    ("answered", "closed", "satisfied", "names"),
    [
        ("", "", None, {"petitions"}),
        ("26/11 09:00", "", None, {"petitions"}),
        ("24/11 09:00", "", True, {"petitions", "petitions_in_time"}),
        (
            "24/11 09:00",
            "25/11 08:00",
            False,
            {"petitions", "petitions_in_time", "petitions_judged"},
        ),
        ("26/11 09:00", "27/11 08:00", True, {"petitions", "petitions_judged", "petitions_satisfied"}),
    ],
    ids=["never answered", "late", "in time", "in time, and not content", "late, and content"],
)
def test_a_petition_counts_once_and_its_senders_word_when_it_is_closed(
    answered: str, closed: str, satisfied: bool | None, names: set[str]
) -> None:
    one = Petition(
        at("20/11 09:00"),
        at("25/11 17:00"),
        at(answered) if answered else "",
        at(closed) if closed else "",
        satisfied,
    )
    assert summed(turns_of_petition(one)) == dict.fromkeys(names, 1)


@pytest.mark.parametrize("ending", [Ending.WITHDRAWN, Ending.SUSPENDED])
def test_what_was_withdrawn_or_stopped_is_open_no_more_and_not_resolved(ending: Ending) -> None:
    found = summed(turns(dossier("23/11 09:00", "26/11 17:00", "24/11 10:00", ending)))
    assert {name: number for name, number in found.items() if number} == {"direct": 1, ending.value: 1}
