"""Pictures of seals and of handwriting: what decree 30/2020 asks of them, and what they look like on a result."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from central.demo.pictures import handwriting, seal
from printing.errors import UnfitPicture
from printing.forms import Forms
from printing.pictures import Ink, fit, on_paper
from printing.result import Outcome

RED, BLUE, BLACK, CLEAR = (200, 22, 29, 255), (24, 58, 150, 255), (0, 0, 0, 255), (0, 0, 0, 0)


def drawn(
    size: tuple[int, int] = (600, 600),
    *,
    ink: tuple[int, int, int, int] = RED,
    ground: tuple[int, int, int, int] = CLEAR,
    box: tuple[int, int, int, int] | None = None,
) -> Image.Image:
    picture = Image.new("RGBA", size, ground)
    ImageDraw.Draw(picture).ellipse(box or (0, 0, size[0] - 1, size[1] - 1), outline=ink, width=12)
    return picture


def png(picture: Image.Image, **said: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", **said)
    return file.getvalue()


def seen(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_what_is_drawn_fills_the_picture() -> None:
    """The seal's place on paper is 36 mm: a margin in the file would make it smaller."""
    kept = seen(fit(png(drawn((1000, 900), box=(200, 150, 699, 649))), Ink.SEAL))
    assert kept.size == (500, 500)
    assert kept.getpixel((250, 6)) == RED
    assert kept.getpixel((0, 0)) == CLEAR


def test_a_seal_that_is_out_of_round_by_a_little_stands_in_the_middle() -> None:
    kept = seen(fit(png(drawn((600, 570))), Ink.SEAL))
    assert kept.size == (600, 600)
    assert kept.getpixel((300, 5)) == CLEAR


def test_nothing_but_the_picture_is_kept() -> None:
    """Where it was scanned, by whom and with what goes to every machine otherwise."""
    said = PngInfo()
    said.add_text("Author", "Nông Văn Thắng")
    content = png(drawn(), pnginfo=said, exif=Image.Exif().tobytes(), dpi=(300, 300))
    assert b"Author" in content
    kept = fit(content, Ink.SEAL)
    assert seen(kept).info == {}


def test_it_is_no_finer_than_a_printer() -> None:
    assert seen(fit(png(drawn((1200, 1200))), Ink.SEAL)).size == (850, 850)
    wide, high = seen(fit(png(drawn((1800, 540), ink=BLUE)), Ink.HANDWRITING)).size
    assert wide == 1560
    assert high == 468


def test_few_colours_and_a_transparent_one_are_as_good() -> None:
    """The demo's pictures have 64 colours, as small PNG files have."""
    assert seen(fit(handwriting("Nông Văn Thắng"), Ink.HANDWRITING)).mode == "RGBA"
    assert seen(fit(seal("Sở Xây dựng", "tỉnh Lạng Sơn"), Ink.SEAL)).size[0] > 400


def _jpeg() -> bytes:
    file = io.BytesIO()
    drawn().convert("RGB").save(file, "JPEG")
    return file.getvalue()


def _claiming(wide: int, high: int) -> bytes:
    """A small file whose header says that the picture is so large."""
    header = struct.pack(">4sIIBBBBB", b"IHDR", wide, high, 8, 6, 0, 0, 0)
    content = bytearray(png(drawn()))
    content[12:33] = header + struct.pack(">I", zlib.crc32(header))
    return bytes(content)


WHITE = (255, 255, 255, 255)


@pytest.mark.parametrize(
    ("content", "ink", "why"),
    [
        (lambda: b"", Ink.SEAL, "kind"),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", Ink.SEAL, "kind"),
        (_jpeg, Ink.SEAL, "kind"),
        (lambda: png(drawn())[:400], Ink.SEAL, "damaged"),
        (lambda: png(drawn((4100, 40))), Ink.SEAL, "large"),
        (lambda: _claiming(20_000, 20_000), Ink.SEAL, "large"),
        (lambda: png(drawn((330, 330))), Ink.SEAL, "small"),
        (lambda: png(drawn((900, 900), box=(0, 0, 200, 200))), Ink.SEAL, "small"),
        (lambda: png(drawn((400, 70), ink=BLUE)), Ink.HANDWRITING, "small"),
        (lambda: png(drawn(ground=WHITE)), Ink.SEAL, "ground"),
        (lambda: png(drawn(ground=WHITE).convert("RGB")), Ink.SEAL, "ground"),
        (lambda: png(Image.new("RGBA", (600, 600), CLEAR)), Ink.SEAL, "empty"),
        (lambda: png(drawn((600, 500))), Ink.SEAL, "shape"),
        (lambda: png(drawn(ink=BLUE)), Ink.SEAL, "colour"),
        (lambda: png(drawn(ink=BLACK)), Ink.SEAL, "colour"),
        (lambda: png(drawn((600, 200), ink=RED)), Ink.HANDWRITING, "colour"),
        (lambda: png(drawn((600, 200), ink=BLACK)), Ink.HANDWRITING, "colour"),
    ],
)
def test_what_cannot_be_printed_is_said(content: Callable[[], bytes], ink: Ink, why: str) -> None:
    with pytest.raises(UnfitPicture) as unfit:
        fit(content(), ink)
    assert unfit.value.why == why


def test_a_seal_whose_inside_is_still_white_is_noticed() -> None:
    """Its corners are transparent, and it would hide a third of the signature."""
    picture = drawn()
    ImageDraw.Draw(picture).ellipse((12, 12, 587, 587), fill=WHITE)
    with pytest.raises(UnfitPicture) as unfit:
        fit(png(picture), Ink.SEAL)
    assert unfit.value.why == "colour"


def test_on_paper_the_seal_is_left_over_the_signature_and_through_it_the_signature_is_seen(
    forms: Forms,
) -> None:
    """As large as it will be: 36 mm at 110 dots an inch."""
    form = forms.versions(Outcome.APPROVED.value)[-1]
    shown = seen(
        on_paper(
            form,
            agency="Sở Xây dựng",
            signer="Trần Quốc Việt",
            capacity="GIÁM ĐỐC",
            signature=png(drawn((1320, 480), ink=BLUE)),
            seal=fit(png(drawn()), Ink.SEAL),
        )
    ).convert("RGB")
    red, green, blue = (np.asarray(shown.getchannel(one), dtype=int) for one in "RGB")
    reds = np.nonzero((red > 150) & (green < 60) & (blue < 60))[1]
    blues = np.nonzero((blue > 110) & (red < 60) & (green < 90))[1]
    assert reds.max() - reds.min() == pytest.approx(36 / 25.4 * 110, abs=2)
    assert reds.min() < blues.min() < reds.max() < blues.max(), "over its left part"
    covered = (reds.max() - blues.min()) / (blues.max() - blues.min())
    assert covered == pytest.approx(1 / 3, abs=0.03)


def test_without_pictures_paper_says_that_it_was_signed(forms: Forms) -> None:
    form = forms.versions(Outcome.APPROVED.value)[-1]
    shown = on_paper(form, agency="Sở", signer="Việt", capacity="GIÁM ĐỐC", signature=None, seal=None)
    assert seen(shown).width > 800
