"""Two levels since July 2025, and the old three kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.addresses import (
    NO_COMMUNE,
    NO_PROVINCE,
    OLD_ADDRESS,
    Address,
    AddressWarning,
    read_address,
    warnings,
)


@pytest.mark.parametrize(
    ("text", "address", "asked"),
    [
        ("Số 3, phố Dã Tượng, phường Lương Văn Tri, tỉnh Lạng Sơn",
         Address("Số 3, phố Dã Tượng", "phường Lương Văn Tri", "Lạng Sơn"), ()),
        ("Xã Hoàng Văn Thụ, Lạng Sơn", Address("", "Xã Hoàng Văn Thụ", "Lạng Sơn"), ()),
        ("P. Tam Thanh, TP. Hà Nội", Address("", "P. Tam Thanh", "Hà Nội"), ()),
        ("Thôn Nà Sla, Xã Hợp Thành, Huyện Cao Lộc, Lạng Sơn",
         Address("Thôn Nà Sla", "", "Lạng Sơn", "Thôn Nà Sla, Xã Hợp Thành, Huyện Cao Lộc, Lạng Sơn"), (OLD_ADDRESS,)),
        ("Nà Sla, Hợp Thành, Cao Lộc, Lạng Sơn",
         Address("Nà Sla", "", "Lạng Sơn", "Nà Sla, Hợp Thành, Cao Lộc, Lạng Sơn"), (OLD_ADDRESS,)),
        ("Khối 5, Thị trấn Cao Lộc, Lạng Sơn",
         Address("", "", "Lạng Sơn", "Khối 5, Thị trấn Cao Lộc, Lạng Sơn"), (OLD_ADDRESS,)),
        ("Cao Lộc, Lạng Sơn", Address("Cao Lộc", "", "Lạng Sơn"), (NO_COMMUNE,)),
        ("Số 3, phường Tam Thanh", Address("Số 3", "phường Tam Thanh"), (NO_PROVINCE,)),
        ("Lạng Sơn", Address("Lạng Sơn"), (NO_COMMUNE, NO_PROVINCE)),
        (" , ,", Address(), (NO_COMMUNE, NO_PROVINCE)),
    ],
)  # fmt: skip
def test_addresses_as_cards_and_people_write_them(
    text: str, address: Address, asked: tuple[AddressWarning, ...]
) -> None:
    assert read_address(text) == address
    assert warnings(address) == asked


def test_the_old_address_stays_when_the_new_commune_is_known() -> None:
    old = read_address("Thôn Nà Sla, Xã Hợp Thành, Huyện Cao Lộc, Lạng Sơn")
    assert old.shown() == "Thôn Nà Sla, Xã Hợp Thành, Huyện Cao Lộc, Lạng Sơn"
    new = old.moved("xã Cao Lộc")
    assert new.shown() == "Thôn Nà Sla, xã Cao Lộc, Lạng Sơn"
    assert new.old == old.old
    assert warnings(new) == ()
    assert old.moved("xã Cao Lộc", "Bắc Ninh").province == "Bắc Ninh"


@given(st.text())
def test_nothing_that_was_written_is_lost(text: str) -> None:
    """Each part of it is still there, but for the word before a province."""
    address = read_address(text)
    for part in text.split(","):
        for word in part.split()[1:]:
            assert word in f"{address.shown()} {address.old}" or not word.isascii()
