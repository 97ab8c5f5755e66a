"""Forms as data: which version holds on which day, and how its texts are filled."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printing.errors import BadForm, NoFormInForce
from printing.forms import SHIPPED, Form, Forms, load
from printing.papers import ON_A_ROLL

_SHIPPED_01 = (SHIPPED / "01-2025-09-15.toml").read_bytes()


def test_what_a_thermal_printer_can_print_is_what_is_laid_out_on_a_roll() -> None:
    shipped = [load(file) for file in SHIPPED.glob("*.toml")]
    assert {form.number for form in shipped if form.sheet == "roll-80"} == ON_A_ROLL


def test_the_version_in_force_on_the_day_is_taken(form01: Form) -> None:
    old = msgspec.structs.replace(
        form01, source="old", in_force_from=date(2018, 11, 23), in_force_until=date(2025, 9, 14)
    )
    next_one = msgspec.structs.replace(form01, source="next", in_force_from=date(2027, 1, 1))
    forms = Forms([form01, next_one, old])

    assert forms.in_force("01", date(2025, 9, 14)) is old
    assert forms.in_force("01", date(2025, 9, 15)) is form01
    assert forms.in_force("01", date(2027, 1, 1)) is next_one
    with pytest.raises(NoFormInForce):
        forms.in_force("01", date(2018, 11, 22))
    with pytest.raises(NoFormInForce):
        forms.in_force("99", date(2026, 1, 1))


def test_what_is_published_counts_for_facts_that_could_know_of_it(form01: Form) -> None:
    """Three entries of a catalog: a version, one that replaces it, one for a day that had passed."""
    said = [
        (7, msgspec.structs.replace(form01, title="seven", in_force_from=date(2026, 12, 1))),
        (8, msgspec.structs.replace(form01, title="eight", in_force_from=date(2026, 12, 1))),
        (9, msgspec.structs.replace(form01, title="nine", in_force_from=date(2026, 11, 1))),
    ]
    forms = Forms([form01]).with_published(
        lambda number, catalog: [one for entry, one in said if entry <= catalog and one.number == number]
    )

    assert forms.in_force("01", date(2026, 12, 1), 6) == form01
    assert forms.in_force("01", date(2026, 11, 30), 7) == form01
    assert forms.in_force("01", date(2026, 12, 1), 7).title == "seven"
    assert forms.in_force("01", date(2026, 12, 1), 9).title == "eight"
    assert forms.in_force("01", date(2026, 11, 30), 9).title == "nine"
    assert forms.in_force("01", date(2026, 11, 30)) == form01
    assert [one.title for one in forms.versions("01", 9)] == [form01.title, "nine", "eight"]


def test_a_part_in_brackets_vanishes_with_its_field(form01: Form) -> None:
    text = "Người nộp: **{name}**[ ({paper})]."

    assert form01.fill(text, {"name": "Mai", "paper": ""}) == "Người nộp: <b>Mai</b>."
    assert form01.fill(text, {"name": "", "paper": "12/GUQ"}) == "Người nộp: <b>không có</b> (12/GUQ)."
    assert form01.fill_plain(text, {"name": "Mai", "paper": "12/GUQ"}) == "Người nộp: Mai (12/GUQ)."


@given(st.text(max_size=30))
def test_what_is_filled_in_is_never_read_as_form(value: str) -> None:
    form = load(SHIPPED / "01-2025-09-15.toml")

    assert form.fill_plain("a {x} b", {"x": value}) == f"a {value or form.empty} b"
    assert form.fill("{x}", {"x": value}).count("<") == value.count("\n")


def test_a_field_that_the_paper_lacks_is_an_error_of_the_form(form01: Form) -> None:
    with pytest.raises(BadForm, match="mistyped"):
        form01.fill("{mistyped}", {"name": "Mai"})


@pytest.mark.parametrize(
    "broken",
    [
        b"number = ",
        b'number = "01"',
        b"\xff",
        _SHIPPED_01 + b'\n[[columns]]\nhead = ""\ntext = ""\nwidth = 3',
        b'colour = "red"\n' + _SHIPPED_01,
    ],
)
def test_a_broken_file_says_so(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / "broken.toml").write_bytes(broken)

    with pytest.raises(BadForm, match="broken"):
        load(tmp_path / "broken.toml")


def test_no_form_names_an_agency() -> None:
    """A form that says whose it is, says it wrongly at the next centre."""
    for path in SHIPPED.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        for name in ("Lạng Sơn", "LẠNG SƠN", "Sở ", "SỞ ", "Ủy ban", "ỦY BAN", "tỉnh"):
            assert name not in text
