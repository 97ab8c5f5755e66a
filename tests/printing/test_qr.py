from __future__ import annotations

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from printing import qr
from printing.errors import TooMuchForQr


def read(text: str) -> str:
    """Through a decoder, at four dots a module."""
    modules = np.pad(np.array(qr.modules(text)), qr.QUIET_MODULES)
    image = np.kron(np.where(modules, 0, 255), np.ones((4, 4))).astype(np.uint8)
    (found,) = zxingcpp.read_barcodes(image)
    return str(found.text)


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=qr.MOST_BYTES))
def test_a_decoder_reads_what_was_put_in(text: str) -> None:
    assert read(text) == text


def test_the_largest_text_still_has_the_promised_size() -> None:
    assert read("x" * qr.MOST_BYTES) == "x" * qr.MOST_BYTES
    assert qr.side("x" * qr.MOST_BYTES) == (17 + 4 * qr.LARGEST_VERSION) * qr.MODULE
    with pytest.raises(TooMuchForQr):
        qr.modules("x" * (qr.MOST_BYTES + 1))
