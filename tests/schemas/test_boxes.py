"""What is closed for one machine is opened by it alone, and as it was."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from schemas.boxes import closed, opened
from schemas.canonical import to_base64
from schemas.errors import Malformed

KEY, OTHER = (X25519PrivateKey.from_private_bytes(bytes([number] * 32)) for number in (1, 2))
PUBLIC = to_base64(KEY.public_key().public_bytes_raw())
FRESH = bytes(range(32))
contents = st.binary(max_size=200)


@given(contents)
def test_it_comes_out_as_it_went_in(content: bytes) -> None:
    assert opened(closed(content, PUBLIC, FRESH), KEY) == content


@given(st.binary(min_size=8, max_size=200))
def test_it_does_not_show_what_is_in_it(content: bytes) -> None:
    head = b"motcua/box/1\n"
    assert content not in closed(content, PUBLIC, FRESH).removeprefix(head)


def test_another_machine_cannot_open_it() -> None:
    with pytest.raises(Malformed, match="another machine"):
        opened(closed(b"card", PUBLIC, FRESH), OTHER)


@given(st.data())
def test_a_flipped_bit_or_a_missing_end_is_found(data: st.DataObject) -> None:
    box = closed(b"the card of counter-03.1", PUBLIC, FRESH)
    place = data.draw(st.integers(0, len(box) * 8 - 1))
    flipped = bytearray(box)
    flipped[place // 8] ^= 1 << place % 8
    with pytest.raises(Malformed):
        opened(bytes(flipped), KEY)
    with pytest.raises(Malformed):
        opened(box[: data.draw(st.integers(0, len(box) - 1))], KEY)


@pytest.mark.parametrize("key", ["", "A", to_base64(bytes(31)), to_base64(bytes(32))])
def test_what_is_no_key_closes_nothing(key: str) -> None:
    with pytest.raises(Malformed):
        closed(b"card", key, FRESH)
