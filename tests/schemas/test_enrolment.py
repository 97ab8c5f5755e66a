"""Codes that people type, and the exchange by which a machine gets its card."""

from __future__ import annotations

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from schemas.canonical import to_base64
from schemas.enrolment import (
    ALPHABET,
    Code,
    Misspelled,
    Request,
    check_holds,
    check_of,
    incarnation,
    prove,
    read,
    read_answer,
    read_request,
    spelled,
)
from schemas.errors import Malformed

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
values = st.integers(0, 2**95 - 1)


def request() -> Request:
    seal = to_base64(KEY.public_key().public_bytes_raw())
    return prove(Request(1, seal, to_base64(bytes(32)), "", "https://10.0.0.3:8600", "", ""), KEY.sign)


@given(values)
def test_what_is_spelled_is_read_as_it_was(value: int) -> None:
    """However it is typed: small letters, no hyphens, spaces."""
    code = spelled(value)
    text = code.replace("-", "")
    assert [len(part) for part in code.split("-")] == [5, 5, 5, 5]
    for typed in (code, text, code.lower(), " ".join(text), text.replace("0", "O").replace("1", "l")):
        assert read(typed, "code") == text


@given(values, st.integers(0, 19), st.sampled_from(ALPHABET))
def test_one_wrong_letter_is_found_before_anybody_is_asked(value: int, place: int, letter: str) -> None:
    """So that a slip of the finger costs none of the five tries."""
    text = spelled(value).replace("-", "")
    wrong = text[:place] + letter + text[place + 1 :]
    if wrong == text:
        return
    with pytest.raises(Misspelled):
        read(wrong, "code")


@given(values, st.integers(0, 18))
def test_letters_that_changed_places_are_found_but_for_the_two_that_luhn_takes_for_each_other(
    value: int, place: int
) -> None:
    text = spelled(value).replace("-", "")
    first, second = text[place], text[place + 1]
    if first == second or {first, second} == {ALPHABET[0], ALPHABET[-1]}:
        return
    with pytest.raises(Misspelled):
        read(text[:place] + second + first + text[place + 2 :], "code")


@pytest.mark.parametrize("typed", ["", "ABCDE", "U" * 20, "0" * 21, "ký" * 10, "0" * 19 + "1"])
def test_what_is_no_code_is_not_taken_for_one(typed: str) -> None:
    with pytest.raises(Misspelled):
        Code.of(typed)


def test_a_tag_is_for_these_bytes_this_direction_and_this_code() -> None:
    """Nobody can send a request back as an answer, or an answer to another request."""
    code, other = Code.of(spelled(1 << 80 | 5)), Code.of(spelled(1 << 80 | 6))
    tags = [
        code.tag("request", b"request"),
        code.tag("request", b"another"),
        code.tag("answer", b"request"),
        code.tag("answer", b"request", b"answer"),
        code.tag("answer", b"another", b"answer"),
        other.tag("answer", b"request", b"answer"),
        other.tag("request", b"request"),
    ]
    assert len(set(tags)) == len(tags)
    assert code.name == other.name


def test_a_request_is_made_by_who_holds_its_key() -> None:
    raw = msgspec.json.encode(request())
    assert read_request(raw) == request()
    for member, value in (("address", "https://10.0.0.4:8600"), ("x25519", to_base64(bytes([1] * 32)))):
        changed = msgspec.structs.replace(request(), **{member: value})
        with pytest.raises(Malformed, match="does not hold the key"):
            read_request(msgspec.json.encode(changed))


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"[]", b"\xff", b'{"v":2}', b'{"v":1,"node":"a.1","root":"","catalog":[1]}']
)
def test_what_is_no_message_is_refused(raw: bytes) -> None:
    for reader in (read_request, read_answer):
        with pytest.raises(Malformed):
            reader(raw)


@pytest.mark.parametrize(
    "address",
    [
        "http://10.0.0.3",
        "https://",
        "https://a b",
        "https://a/path",
        "https://a@b",
        "javascript:1",
        "https://A",
    ],
)
def test_an_address_is_https_and_nothing_else(address: str) -> None:
    raw = msgspec.json.encode(prove(msgspec.structs.replace(request(), address=address), KEY.sign))
    with pytest.raises(Malformed):
        read_request(raw)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_the_check_of_a_file_is_of_no_other(one: bytes, other: bytes) -> None:
    assert check_holds(one, check_of(one).lower())
    assert check_holds(one, check_of(other)) == (one == other)


def test_incarnations_count_the_installations_at_one_place() -> None:
    assert incarnation("counter-03.2") == ("counter-03", 2)
    for wrong in ("counter-03", "counter-03.0", "Counter.1", "a..1", ""):
        with pytest.raises(Malformed):
            incarnation(wrong)
