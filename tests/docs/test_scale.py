"""docs/scale.md says what the load model says."""

from __future__ import annotations

import math

from tests.bench.scale import CHECKS, PAGE, PLACES, Needs, Place, filled


def test_the_tables_of_the_page_are_those_of_the_model() -> None:
    """If not: `python -m tests.bench.scale --write`."""
    page = PAGE.read_text(encoding="utf-8")
    assert page == filled(page)


def test_the_model_was_right_within_a_factor_of_a_half() -> None:
    assert [one.what for one in CHECKS if not 1 / 1.5 < one.predicted / one.measured < 1.5] == []


def test_twice_the_dossiers_need_twice_the_disk_and_no_more_feeds() -> None:
    one, twice = Needs(Place("a", 1e6, 100)), Needs(Place("b", 2e6, 100))
    assert math.isclose(twice.acts_disk + twice.files_disk, 2 * (one.acts_disk + one.files_disk))
    assert (twice.feeds, twice.fronts) == (one.feeds, one.fronts)


def test_a_country_by_province_is_its_provinces() -> None:
    province, country = (Needs(PLACES[place]) for place in (1, 3))
    assert math.isclose(country.acts_s, 34 * province.acts_s, rel_tol=1e-9)
    assert (country.q_dossiers, country.nodes) == (province.q_dossiers, 34 * province.nodes)
    assert math.isclose(country.rebuilt_h(8), province.rebuilt_h(8))
    assert math.isclose(country.front_cores[0], 34 * province.front_cores[0], rel_tol=1e-3)
    assert country.fronts_apart == 34 * province.fronts_apart


def test_machines_that_stand_apart_need_more_of_fronts_the_more_there_are() -> None:
    few, many = (Needs(Place("a", 3e6, machines)) for machines in (10, 600))
    assert few.front_cores[0] < many.front_cores[0] < many.front_cores[1]
    assert few.fronts_apart == few.fronts
    assert many.fronts_apart > many.front_cores[1]


def test_central_is_a_front_whose_folder_is_counted_once() -> None:
    one = Needs(Place("a", 1e6, 100))
    assert one.fronts == 2
    assert math.isclose(one.fronts_disk, one.central_disk)
