from __future__ import annotations

import io
from collections.abc import Callable

import zxingcpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from printing import bars

Scanned = Callable[[bytes], Image.Image]


def on_paper(text: str, x: float) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(210 * mm, 40 * mm), invariant=1)
    bars.draw(canvas, text, x, 30 * mm)
    canvas.save()
    return buffer.getvalue()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=st.from_regex(r"H37(\.[0-9]{2}){1,2}-26[01][0-9][0-3][0-9]-[0-9]{4,7}", fullmatch=True),
    x=st.floats(10 * mm, 12 * mm),
)
def test_a_scanner_reads_a_number_at_203_dpi_wherever_it_stands(
    number: str, x: float, scanned: Scanned
) -> None:
    """Off the grid of the printer's dots too."""
    (found,) = zxingcpp.read_barcodes(scanned(on_paper(number, x)))
    assert found.text == number
    assert found.format == zxingcpp.BarcodeFormat.Code128


def test_a_national_number_is_five_centimetres_wide() -> None:
    assert 40 * mm < bars.width("H37.07-261123-1407") < 60 * mm


def test_what_bars_cannot_say_is_not_drawn() -> None:
    assert bars.is_drawn("03-000901")
    assert not any(bars.is_drawn(text) for text in ("", "Mã 12", "a\nb", "9" * 41))
