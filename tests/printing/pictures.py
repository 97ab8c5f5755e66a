"""Approved pictures of every form: `python -m tests.printing.pictures` renders them anew, for a person to look at.

A picture is approved by committing it, after a look at it at 100% and a check of each field against the law's text.
"""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from printing.checking import samples
from printing.forms import Forms

APPROVED: Final = Path(__file__).parent / "approved"
DPI: Final = 150
BLOCK: Final = 8
"""Pixels of a side: 1.4 mm of paper are compared at a time, so that a renderer's smoothing does not count."""


def shown(number: str) -> Image.Image:
    """The newest version of a form, filled with a typical paper."""
    return picture(samples(number)[0].pdf(Forms.shipped().versions(number)[-1]))


def picture(pdf: bytes) -> Image.Image:
    """The first page in black and white."""
    done = subprocess.run(
        ["pdftoppm", "-r", str(DPI), "-gray", "-f", "1", "-l", "1", "-singlefile", "-"],
        input=pdf,
        check=True,
        capture_output=True,
    )
    with Image.open(BytesIO(done.stdout)) as page:
        return page.convert("L").point(lambda grey: 255 if grey > 160 else 0).convert("1")


def difference(one: Image.Image, other: Image.Image) -> tuple[float, float]:
    """How far two pictures are apart, block by block, 0 to 1: on the whole, and where they differ most."""
    if one.size != other.size:
        return 1.0, 1.0
    apart = np.abs(_blocks(one) - _blocks(other))
    return float(apart.mean()), float(apart.max())


def _blocks(page: Image.Image) -> NDArray[np.float64]:
    """The mean brightness of each block."""
    dots = np.asarray(page.convert("L"), dtype=np.float64) / 255
    down, across = (side // BLOCK for side in dots.shape)
    whole = dots[: down * BLOCK, : across * BLOCK].reshape(down, BLOCK, across, BLOCK)
    blocks: NDArray[np.float64] = whole.mean(axis=(1, 3))
    return blocks


if __name__ == "__main__":
    APPROVED.mkdir(exist_ok=True)
    for number in Forms.shipped().numbers:
        file = APPROVED / f"{number}.png"
        shown(number).save(file, optimize=True)
        sys.stdout.write(f"{file}\n")
