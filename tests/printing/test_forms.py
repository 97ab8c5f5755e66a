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


@pytest.mark.parametrize("broken", [b"number = ", b'number = "01"', b'colour = "red"', b"\xff"])
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
