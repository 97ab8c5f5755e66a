"""VietQR texts, against what others have published and read."""

from __future__ import annotations

import numpy as np
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from printing import qr
from schemas.vietqr import LONGEST_PURPOSE, crc, payload


def objects(text: str) -> dict[str, str]:
    """The objects of a text, as a bank's app takes it apart."""
    found = {}
    while text:
        name, length = text[:2], int(text[2:4])
        found[name], text = text[4 : 4 + length], text[4 + length :]
    return found


def test_the_example_of_napas() -> None:
    """A static code to an account, as the specification prints it."""
    expected = (
        "00020101021138570010A00000072701270006970403011300110123456780208QRIBFTTA53037045802VN63049E6F"
    )
    assert payload(bank="970403", account="0011012345678") == expected


def test_an_amount_and_a_purpose_as_another_program_writes_them() -> None:
    """The example in the documentation of subiz/vietqr."""
    theirs = (
        "00020101021238570010A00000072701270006970415011300110019324180208QRIBFTTA5303704"
        "54061200005802VN62170813ung ho lu lut6304C15C"
    )
    assert payload(bank="970415", account="0011001932418", amount=120_000, purpose="ủng hộ lũ lụt") == theirs


def test_the_check_value_of_the_crc() -> None:
    assert crc(b"123456789") == 0x29B1


def test_a_reader_finds_the_dossiers_number_in_the_printed_code() -> None:
    text = payload(bank="970405", account="8300201001234", amount=200_000, purpose="H37.07-261123-1407")
    modules = np.pad(np.array(qr.modules(text)), qr.QUIET_MODULES)
    image = np.kron(np.where(modules, 0, 255), np.ones((4, 4))).astype(np.uint8)
    (found,) = zxingcpp.read_barcodes(image)
    read = objects(found.text)
    assert found.text == text
    assert (read["54"], read["53"], read["58"]) == ("200000", "704", "VN")
    assert objects(objects(read["38"])["01"]) == {"00": "970405", "01": "8300201001234"}
    assert objects(read["62"]) == {"08": "H37.07-261123-1407"}


@given(
    st.from_regex(r"[0-9]{6}", fullmatch=True),
    st.from_regex(r"[0-9A-Za-z]{1,19}", fullmatch=True),
    st.integers(0, 10**12),
    st.text(max_size=80),
)
def test_every_text_can_be_taken_apart_again(bank: str, account: str, amount: int, purpose: str) -> None:
    text = payload(bank=bank, account=account, amount=amount, purpose=purpose)
    read = objects(text)
    assert text.isascii()
    assert read["63"] == f"{crc(text[:-4].encode()):04X}"
    assert int(read.get("54", "0")) == amount
    assert objects(objects(read["38"])["01"]) == {"00": bank, "01": account}
    assert len(objects(read.get("62", "0800")).get("08", "")) <= LONGEST_PURPOSE


@pytest.mark.parametrize(
    ("bank", "account", "amount"),
    [("97040", "1", 0), ("970405", "", 0), ("970405", "1 2", 0), ("970405", "1", -1)],
)
def test_what_would_lead_money_nowhere_is_no_code(bank: str, account: str, amount: int) -> None:
    with pytest.raises(ValueError, match=r"an account|no amount|a bank"):
        payload(bank=bank, account=account, amount=amount)
