"""Every form looks as it did when a person approved it."""

from __future__ import annotations

import pytest
from PIL import Image, ImageChops

from printing.forms import Forms
from tests.printing.pictures import APPROVED, difference, shown

ON_THE_WHOLE, AT_THE_MOST = 0.004, 0.45


@pytest.mark.parametrize("number", Forms.shipped().numbers)
def test_it_looks_as_it_was_approved(number: str) -> None:
    """If it shall look otherwise: `python -m tests.printing.pictures`, look at it, commit it."""
    with Image.open(APPROVED / f"{number}.png") as approved:
        mean, most = difference(shown(number), approved)

    assert mean <= ON_THE_WHOLE
    assert most <= AT_THE_MOST


def test_a_line_that_moved_by_three_millimetres_is_seen() -> None:
    with Image.open(APPROVED / "01.png") as approved:
        moved = approved.copy()
        strip = approved.crop((0, 600, approved.width, 640))
        moved.paste(1, (0, 600, approved.width, 640))
        moved.paste(ImageChops.offset(strip, 0, 0), (0, 618))
        mean, most = difference(moved, approved)

    assert mean > ON_THE_WHOLE or most > AT_THE_MOST
