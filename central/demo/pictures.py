"""Sample handwriting and seals, drawn by the program and marked MẪU (sample): nobody's signature, nobody's seal."""

from __future__ import annotations

import io
import itertools
import math
import random
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

import printing

_FONT: Final = Path(printing.__file__).parent / "fonts" / "LiberationSerif-Bold.ttf"
_BLUE: Final = (24, 58, 150, 255)
_RED: Final = (200, 22, 29, 255)
_CLEAR: Final = (0, 0, 0, 0)
_SAMPLE: Final = "MẪU"
SEAL_SIDE: Final = 480
"""Pixels for 36 mm: 340 dots an inch."""


def handwriting(name: str) -> bytes:
    """A flourish that is the same for the same name; PNG, blue on a transparent ground."""
    chance = random.Random(name)  # noqa: S311 - a drawing, not a secret
    width, height = 720, 260
    image = Image.new("RGBA", (width, height), _CLEAR)
    pen = ImageDraw.Draw(image)
    turns = [(40.0 + 70 * step, chance.uniform(40, height - 70)) for step in range(9)]
    points = [_between(turns, t / 16) for t in range(16 * (len(turns) - 1))]
    for before, after in itertools.pairwise(points):
        slope = abs(after[1] - before[1])
        pen.line([before, after], fill=_BLUE, width=max(4, round(11 - slope / 2)), joint="curve")
    pen.line([(60, height - 50), (width - 60, height - 70 + chance.uniform(-10, 10))], fill=_BLUE, width=5)
    pen.text((width - 150, height - 46), f"({_SAMPLE})", font=_font(34), fill=_BLUE)
    return _png(image)


def seal(agency: str, above: str) -> bytes:
    """A round red seal of an agency, with the one above it around the upper edge; PNG on a transparent ground."""
    side = SEAL_SIDE
    image = Image.new("RGBA", (side, side), _CLEAR)
    pen = ImageDraw.Draw(image)
    for inset, thick in ((4, 9), (20, 3), (104, 3)):
        pen.ellipse([inset, inset, side - inset, side - inset], outline=_RED, width=thick)
    _around(image, above.upper(), radius=side / 2 - 64, middle=-90, size=34)
    _around(image, f"* {_SAMPLE} *", radius=side / 2 - 64, middle=90, size=34, inside=True)
    lines = _lines(agency.upper(), 12)
    font = _font(31 if len(lines) < 4 else 24)
    step = font.size * 1.15
    for place, line in enumerate(lines):
        y = side / 2 + (place - (len(lines) - 1) / 2) * step
        pen.text((side / 2, y), line, font=font, fill=_RED, anchor="mm")
    return _png(image)


def _between(turns: list[tuple[float, float]], t: float) -> tuple[float, float]:
    """A Catmull-Rom curve through the turns."""
    at = min(int(t), len(turns) - 2)
    t -= at
    before, a, b, after = (turns[min(max(at + step, 0), len(turns) - 1)] for step in (-1, 0, 1, 2))
    x, y = (
        0.5 * (2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t**2 + (3 * q - p - 3 * r + s) * t**3)
        for p, q, r, s in zip(before, a, b, after, strict=True)
    )
    return x, y


def _around(
    image: Image.Image, text: str, *, radius: float, middle: float, size: int, inside: bool = False
) -> None:
    """Letters on a circle; `middle` is the angle of the middle of the text, clockwise from the right."""
    font = _font(size)
    widths = [font.getlength(letter) + 2 for letter in text]
    turn = -1 if inside else 1
    angle = math.radians(middle) - turn * sum(widths) / 2 / radius
    centre = image.width / 2
    for letter, width in zip(text, widths, strict=True):
        angle += turn * width / 2 / radius
        tile = Image.new("RGBA", (size * 2, size * 2), _CLEAR)
        ImageDraw.Draw(tile).text((size, size), letter, font=font, fill=_RED, anchor="mm")
        upright = math.degrees(angle) + (-90 if inside else 90)
        tile = tile.rotate(-upright, resample=Image.Resampling.BICUBIC)
        x, y = centre + radius * math.cos(angle), centre + radius * math.sin(angle)
        image.alpha_composite(tile, (round(x - size), round(y - size)))
        angle += turn * width / 2 / radius


def _lines(text: str, most: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and len(longer) <= most:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FONT), size)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.quantize(64, method=Image.Quantize.FASTOCTREE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
