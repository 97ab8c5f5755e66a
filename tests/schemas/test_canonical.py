"""One value, one sequence of bytes: on all that events use, sorted orjson and RFC 8785 agree."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from schemas.canonical import MAX_DEPTH, MAX_INTEGER, canonical, check, from_base64, shown, to_base64
from schemas.errors import Malformed

characters = st.characters(exclude_categories=["Cs"])
names = st.text(st.characters(max_codepoint=127), max_size=12)
leaves = st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text(characters)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4)


values = st.recursive(leaves, nested, max_leaves=25)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=25,
)


def accepted(value: Any) -> bool:
    try:
        check(value)
    except Malformed:
        return False
    return True


def deep(levels: int, inner: Any = 0) -> Any:
    for level in range(levels):
        inner = {"a": inner} if level % 2 else [inner]
    return inner


@given(values)
def test_what_events_may_say_is_written_as_rfc_8785_says(value: Any) -> None:
    check(value)
    assert canonical(value) == rfc8785.dumps(value)


@given(any_json)
def test_whatever_the_check_lets_through_is_written_as_rfc_8785_says(value: Any) -> None:
    if accepted(value):
        assert canonical(value) == rfc8785.dumps(value)


@given(values)
def test_canonical_json_is_read_back_and_written_the_same(value: Any) -> None:
    assert canonical(orjson.loads(canonical(value))) == canonical(value)


def test_every_single_character_is_written_as_rfc_8785_says() -> None:
    """Escapes are where JSON writers differ: control characters, quotes, DEL, line separators."""
    for code in [*range(0x3000), 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF]:
        assert canonical(chr(code)) == rfc8785.dumps(chr(code)), hex(code)


@pytest.mark.parametrize(
    ("value", "field", "why"),
    [
        (1.5, "", "fraction"),
        (1.0, "", "fraction"),
        (float("nan"), "", "fraction"),
        (None, "", "null"),
        ({"a": {"b": None}}, "a.b", "null"),
        ({"a": [0, [1, None]]}, "a[1][1]", "null"),
        ("\ud800", "", "surrogate"),
        ("a\udfffb", "", "surrogate"),
        ({"tên": 1}, "t\\xean", "ASCII"),
        ({"\ud800": 1}, "\\ud800", "ASCII"),
        ({1: 1}, "1", "ASCII"),
        (MAX_INTEGER + 1, "", "integers"),
        (-MAX_INTEGER - 1, "", "integers"),
        (10**400, "", "integers"),
        ((1, 2), "", "tuple"),
        (b"raw", "", "bytes"),
    ],
)
def test_the_rest_of_json_is_refused_and_named(value: Any, field: str, why: str) -> None:
    with pytest.raises(Malformed, match=why) as refusal:
        check(value)
    assert refusal.value.field == field


def test_a_refusal_names_where_the_caller_put_the_value() -> None:
    with pytest.raises(Malformed) as refusal:
        check({"fees": [{"amount": 0.5}]}, "data")
    assert (
        str(refusal.value)
        == "data.fees[0].amount: a number with a fraction or exponent is not allowed in an event"
    )


def test_sixteen_levels_are_read_and_seventeen_are_not() -> None:
    check(deep(MAX_DEPTH))
    with pytest.raises(Malformed, match="deeper than 16"):
        check(deep(MAX_DEPTH + 1))


def test_ten_thousand_levels_are_refused_like_seventeen() -> None:
    with pytest.raises(Malformed, match="deeper than 16"):
        check(deep(10_000))


def test_a_refusal_stays_short_whatever_names_a_peer_invents() -> None:
    with pytest.raises(Malformed) as refusal:
        check({"x" * 1_000_000: [0] * 100_000 + [None]})
    assert len(str(refusal.value)) < 200


@given(st.text())
def test_a_name_in_an_error_is_short_and_ascii(name: str) -> None:
    assert shown(name).isascii()
    assert len(shown(name)) <= 64 * 10


@given(st.binary(max_size=80))
def test_binary_values_come_back(raw: bytes) -> None:
    text = to_base64(raw)
    assert from_base64(text, "x") == raw
    assert from_base64(text, "x", len(raw)) == raw
    assert "=" not in text


@given(st.text(max_size=20))
def test_base64_has_one_spelling(text: str) -> None:
    try:
        raw = from_base64(text, "seal")
    except Malformed:
        return
    assert to_base64(raw) == text


@pytest.mark.parametrize("text", ["AA==", "AB", "A", "A+", "A/", "A A", "ÀÁ", "AAA\n", "\ud800"])
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        from_base64(text, "seal")


def test_a_length_that_is_expected_is_checked() -> None:
    with pytest.raises(Malformed, match="64 bytes expected, 3 found"):
        from_base64(to_base64(b"abc"), "seal", 64)
