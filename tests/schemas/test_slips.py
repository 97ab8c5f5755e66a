"""The code on a paper slip: real or forged, checked without a line to anybody."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.canonical import to_base64
from schemas.errors import Malformed
from schemas.slips import ALL, Coded, SlipCode, is_real, read
from tests.schemas.histories import STREAM, history, key_of, received

KEY = to_base64(key_of("counter-01.1").public_key().public_bytes_raw())


def code() -> SlipCode:
    past = history(received())
    assert past.dossier.received is not None
    return SlipCode(past.dossier.received.number, STREAM, past.last, "counter-01.1")


def printed() -> str:
    return code().sealed(key_of("counter-01.1").sign)


def test_a_slip_of_ours_is_real_and_says_where_it_belongs() -> None:
    assert read(printed())[0] == code()
    assert is_real(printed(), KEY)
    assert is_real(f"  {printed()}\n", KEY), "scanners add line feeds"


def test_a_slip_tells_no_personal_data_and_fits_a_small_code() -> None:
    assert re.fullmatch(r"MC1\|[A-Za-z0-9.|_-]+", printed())
    assert len(printed()) < 230


def test_a_slip_sealed_by_another_machine_is_forged() -> None:
    assert not is_real(code().sealed(key_of("counter-02.1").sign), KEY)


def test_the_seal_of_an_event_is_no_seal_of_a_slip() -> None:
    """The two messages begin differently: a published event cannot be made into a slip."""
    document = history(received()).documents[0]
    forged = "|".join([*printed().split("|")[:5], document["seal"]])
    assert not is_real(forged, KEY)


@given(st.integers(0, 400), st.characters(min_codepoint=33, max_codepoint=126))
def test_one_changed_character_makes_a_slip_a_forgery(place: int, character: str) -> None:
    real = printed()
    place %= len(real)
    changed = real[:place] + character + real[place + 1 :]
    assert is_real(changed, KEY) == (changed == real)


@given(st.text())
def test_any_other_code_is_no_slip(text: str) -> None:
    assert not is_real(text, KEY)
    with pytest.raises(Malformed):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "020090001234|123456789|Hoàng Văn Nùng|01011990|Nam|Lạng Sơn|01012021",
        "MC2|" + printed().partition("|")[2],
        printed() + "|x",
        printed().replace("H37", "Ｈ37"),
        "|".join([*printed().split("|")[:3], "AA", *printed().split("|")[4:]]),
    ],
)
def test_other_codes_are_told_apart(text: str) -> None:
    with pytest.raises(Malformed):
        read(text)


@pytest.mark.parametrize("key", ["", "AA", to_base64(bytes(32))])
def test_a_machine_without_a_key_has_printed_nothing(key: str) -> None:
    assert not is_real(printed(), key)


@pytest.mark.parametrize("paper", [Coded.RECEIPT, Coded.RESULT])
def test_another_papers_code_is_no_slip_and_its_seal_is_for_itself_alone(paper: Coded) -> None:
    """A receipt must not bring a reception back, and none can be made into the other."""
    sealed = replace(code(), paper=paper).sealed(key_of("counter-01.1").sign)
    assert is_real(sealed, KEY, ALL)
    assert read(sealed, ALL)[0].paper is paper
    assert not is_real(sealed, KEY)
    with pytest.raises(Malformed):
        read(sealed)
    for other in ALL - {paper}:
        assert not is_real(sealed.replace(paper.value, other.value), KEY, ALL)


def test_a_telephone_opens_the_public_page_and_the_code_is_the_same() -> None:
    sealed = code().sealed(key_of("counter-01.1").sign, "https://motcua.example/slip")
    assert re.fullmatch(r"https://motcua\.example/slip#MC1~[A-Za-z0-9.~_-]+", sealed)
    assert read(sealed)[0] == code()
    assert is_real(f" {sealed.replace('~', '%7E')}\r\n", KEY)
    assert is_real(sealed.partition("#")[2].join(("#", "")), KEY)
    assert not is_real(sealed.replace("MC1", "MC2"), KEY)
