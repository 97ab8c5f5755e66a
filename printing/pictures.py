"""Pictures of seals and of handwriting as they may be printed, and what they look like on a result.

Decree 30/2020, appendix I: PNG on a transparent ground; the seal red and in its true size, handwriting blue. A picture is
kept as it is drawn and nothing else: cut to what is drawn, so that a seal of 36 mm is 36 mm wide, without whatever else the
file says of the camera, the place or whoever scanned it, and no finer than any printer is.
"""

from __future__ import annotations

import io
from dataclasses import replace
from enum import Enum
from typing import Final

from PIL import Image, ImageStat, UnidentifiedImageError

from printing import appearance, raster
from printing.errors import UnfitPicture
from printing.forms import Form
from printing.result import Outcome, ResultDocument, render
from printing.samples import RESULTS


class Ink(Enum):
    """What is drawn, and so which colour it has."""

    SEAL = "seal"
    HANDWRITING = "handwriting"


LARGEST: Final = 2 * 1024 * 1024
"""Bytes of a file that somebody sends."""
_MOST_DOTS: Final = 4_000
_LEAST_DOTS: Final = {Ink.SEAL: (340, 340), Ink.HANDWRITING: (300, 80)}
"""Across and up, of what is drawn: a seal of 36 mm then has 240 dots an inch."""
_FINEST: Final = {Ink.SEAL: (850, 850), Ink.HANDWRITING: (1560, 566)}
"""What the place of each has at 600 dots an inch."""
_LEAST_GROUND: Final = 0.15
"""Of a circle in its square a fifth is ground; handwriting leaves most of it free."""
_LEAST_COLOUR: Final = {Ink.SEAL: 60, Ink.HANDWRITING: 30}
"""By how much, of 255, the colour of the ink is stronger than the others, on the whole."""
_OUT_OF_ROUND: Final = 0.08
_FAINT, _SOLID = 16, 127
"""Up to this nothing is seen; above this it is ink and no longer its soft edge."""
_PREVIEW_DPI: Final = 110
_ABOVE, _BELOW = 60.0, 30.0
"""Points of the page that a preview shows around signature and seal."""


def fit(content: bytes, ink: Ink) -> bytes:
    """The picture as it is kept: PNG, cut to what is drawn. Raises `UnfitPicture`."""
    drawn = _drawn(content)
    _look_at(drawn, ink)
    box = drawn.getchannel("A").point(lambda alpha: 255 if alpha > _FAINT else 0).getbbox()
    if box is None:
        raise UnfitPicture("empty")
    drawn = drawn.crop(box)
    if any(side < least for side, least in zip(drawn.size, _LEAST_DOTS[ink], strict=True)):
        raise UnfitPicture("small")
    if ink is Ink.SEAL:
        drawn = _square(drawn)
    drawn.thumbnail(_FINEST[ink], Image.Resampling.LANCZOS)
    kept = io.BytesIO()
    drawn.save(kept, "PNG", optimize=True)
    return kept.getvalue()


def _drawn(content: bytes) -> Image.Image:
    """What the file shows, with what is transparent in it, and nothing else that it says."""
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as opened:
            if max(opened.size) > _MOST_DOTS:
                raise UnfitPicture("large")
            opened.load()
            see_through = opened.has_transparency_data
            whole = opened.convert("RGBA")
    except UnidentifiedImageError as why:
        raise UnfitPicture("kind") from why
    except Image.DecompressionBombError as why:
        raise UnfitPicture("large") from why
    except (OSError, SyntaxError, ValueError, EOFError) as why:
        raise UnfitPicture("damaged") from why
    if not see_through:
        raise UnfitPicture("ground")
    whole.info.clear()
    return whole


def _look_at(drawn: Image.Image, ink: Ink) -> None:
    """Whether the ground is free and the ink has its colour. Raises `UnfitPicture`."""
    alpha = drawn.getchannel("A")
    shades = alpha.histogram()
    if not sum(shades[_SOLID + 1 :]):
        raise UnfitPicture("empty")
    if sum(shades[: _FAINT + 1]) < _LEAST_GROUND * sum(shades):
        raise UnfitPicture("ground")
    solid = alpha.point(lambda one: 255 if one > _SOLID else 0)
    red, green, blue = ImageStat.Stat(drawn.convert("RGB"), solid).mean
    stronger = red - max(green, blue) if ink is Ink.SEAL else blue - max(red, green)
    if stronger < _LEAST_COLOUR[ink]:
        raise UnfitPicture("colour")


def _square(seal: Image.Image) -> Image.Image:
    """A round seal in the middle of its square; a scan is out of round by a little. Raises `UnfitPicture`."""
    wide, high = seal.size
    side = max(wide, high)
    if side - min(wide, high) > _OUT_OF_ROUND * side:
        raise UnfitPicture("shape")
    ground = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    ground.paste(seal, ((side - wide) // 2, (side - high) // 2))
    return ground


def on_paper(
    form: Form, *, agency: str, signer: str, capacity: str, signature: bytes | None, seal: bytes | None
) -> bytes:
    """The end of a result with signature and seal as they will be printed, on a sample dossier; PNG.

    `form` is the version of `Outcome.APPROVED` in force. What there is no picture of is drawn as the result has it then.
    Raises `UnreadablePicture`, `BadForm`.
    """
    document = replace(_sample(), agency=agency, signer=signer, capacity=capacity)
    rendered = render(document, form)
    box, marks = rendered.box, []
    if signature is None:
        marks.append((box, appearance.written_name(signer, *_size(box))))
    else:
        box = appearance.picture_box(signature, box)
        marks.append((box, appearance.picture(signature, *_size(box))))
    place = appearance.seal_box(box)
    if seal is None:
        marks.append((place, appearance.written_seal(agency, *_size(place))))
    else:
        marks.append((place, appearance.picture(seal, *_size(place))))
    return _composed(rendered.pdf, rendered.page, marks)


def _composed(pdf: bytes, page: int, marks: list[tuple[appearance.Box, bytes]]) -> bytes:
    """Part of a page with marks upon it, in the order in which they were put there."""
    dots = _PREVIEW_DPI / 72
    sheet = raster.page(pdf, page, dpi=_PREVIEW_DPI).convert("RGBA")
    for (left, _, _, top), mark in marks:
        over = Image.new("RGBA", sheet.size, (0, 0, 0, 0))
        over.paste(
            raster.stamp(mark, dpi=_PREVIEW_DPI), (round(left * dots), sheet.height - round(top * dots))
        )
        sheet = Image.alpha_composite(sheet, over)
    upper = sheet.height - round((max(box[3] for box, _ in marks) + _ABOVE) * dots)
    lower = sheet.height - round((min(box[1] for box, _ in marks) - _BELOW) * dots)
    shown = sheet.crop((0, max(0, upper), sheet.width, min(sheet.height, lower)))
    done = io.BytesIO()
    shown.convert("RGB").save(done, "PNG")
    return done.getvalue()


def _sample() -> ResultDocument:
    return next(one for one in RESULTS if one.outcome is Outcome.APPROVED)


def _size(box: appearance.Box) -> tuple[float, float]:
    left, bottom, right, top = box
    return right - left, top - bottom
