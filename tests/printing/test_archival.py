"""A result is kept for decades: PDF/A-2b, clause by clause, and a look that finds what is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageCms
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import FreeText
from pypdf.generic import DictionaryObject, NameObject, NumberObject, StreamObject, TextStringObject

from printing import archival
from printing.appearance import picture
from printing.forms import Forms
from printing.result import Outcome, ResultDocument, render
from tests.pdfa import violations


def rendered(document: ResultDocument, forms: Forms) -> bytes:
    return render(document, forms.in_force(document.outcome.value, document.decided.date())).pdf


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("sign", ["", "SXD"])
def test_a_result_is_pdf_a(result: ResultDocument, forms: Forms, outcome: Outcome, sign: str) -> None:
    """Short and long, with every letter of the language and what no typeface has."""
    long = "Kỳ vĩ, ỡm ờ, Đắk Lắk, ẵ ẳ ỹ ự ợ \u1e00 \u4e2d. <&> " * 200
    for text in ("Đồng ý.", long):
        assert violations(rendered(replace(result, outcome=outcome, sign=sign, text=text), forms)) == []


def test_it_describes_itself_in_both_places_alike(result: ResultDocument, forms: Forms) -> None:
    reader = PdfReader(BytesIO(rendered(replace(result, agency="Sở Xây dựng & <Nhà ở>"), forms)))
    described, info = reader.xmp_metadata, reader.metadata
    assert described is not None
    assert info is not None
    assert described.dc_title == {"x-default": info.title}
    assert described.dc_creator == ["Sở Xây dựng & <Nhà ở>"] == [info.author]
    assert described.dc_description == {"x-default": info.subject}
    assert info.creation_date == result.decided
    assert described.xmp_create_date == result.decided.replace(tzinfo=None)  # pypdf's is UTC
    assert (described.pdfaid_part, described.pdfaid_conformance) == ("2", "B")


def test_the_colours_are_those_of_srgb_and_free() -> None:
    """The profile may be shipped by its own words, and is what Little CMS calls sRGB."""
    ours = ImageCms.getOpenProfile(str(archival.PROFILE))
    assert "No copyright, use freely" in ImageCms.getProfileCopyright(ours)
    srgb = ImageCms.createProfile("sRGB")
    colours = Image.new("RGB", (4, 1))
    colours.putdata([(0, 0, 0), (255, 255, 255), (21, 51, 140), (199, 23, 23)])
    there = ImageCms.profileToProfile(colours, ours, srgb)
    assert there is not None
    differences = zip(colours.tobytes(), there.tobytes(), strict=True)
    assert max(abs(before - after) for before, after in differences) <= 1


def test_a_scan_in_the_colours_of_a_press_becomes_one_of_a_screen() -> None:
    """The catalog's pictures of handwriting and seals are what somebody scanned."""
    buffer = BytesIO()
    Image.new("CMYK", (40, 20), (255, 128, 0, 0)).save(buffer, "JPEG")
    drawn = PdfReader(BytesIO(picture(buffer.getvalue(), 40, 20)))
    (found,) = drawn.pages[0]["/Resources"]["/XObject"].values()  # type: ignore[index]
    assert found.get_object()["/ColorSpace"] == "/DeviceRGB"


Change = Callable[[PdfWriter], None]


def _without(key: str) -> Change:
    return lambda writer: writer.root_object.pop(NameObject(key))


def _unembedded(writer: PdfWriter) -> None:
    fonts = writer.pages[0]["/Resources"]["/Font"].values()  # type: ignore[index]
    for font in fonts:
        font.get_object()["/FontDescriptor"].pop("/FontFile2")


def _wider(writer: PdfWriter) -> None:
    for font in writer.pages[0]["/Resources"]["/Font"].values():  # type: ignore[index]
        widths = font.get_object()["/Widths"]
        widths[:] = [NumberObject(float(width) + 7) for width in widths]


def _letter_that_is_not_there(writer: PdfWriter) -> None:
    """The same fonts, in which every letter is the box for a missing one."""
    for font in writer.pages[0]["/Resources"]["/Font"].values():  # type: ignore[index]
        _empty(font.get_object()["/FontDescriptor"]["/FontFile2"])


def _empty(stream: StreamObject) -> None:
    data = bytearray(stream.get_data())
    for place in range(int.from_bytes(data[4:6], "big")):
        entry = 12 + 16 * place
        if data[entry : entry + 4] == b"cmap":
            start = int.from_bytes(data[entry + 8 : entry + 12], "big")
            subtable = start + int.from_bytes(data[start + 8 : start + 12], "big")
            length = int.from_bytes(data[subtable + 2 : subtable + 4], "big")
            data[subtable + 10 : subtable + length] = bytes(length - 10)
    stream.set_data(bytes(data))


def _that_runs(writer: PdfWriter) -> None:
    action = {"/S": NameObject("/JavaScript"), "/JS": TextStringObject("app.alert(1)")}
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(
        {NameObject(key): value for key, value in action.items()}
    )


def _a_note(writer: PdfWriter) -> None:
    writer.add_annotation(0, FreeText(text="Ghi chú", rect=(50, 550, 200, 650)))


def _in_blue_of_a_press(writer: PdfWriter) -> None:
    page = writer.pages[0]
    content = page.get_contents()
    assert content is not None
    content.set_data(content.get_data() + b" 1 0 0 0 k")
    page[NameObject("/Contents")] = content


@pytest.mark.parametrize(
    ("change", "clause"),
    [
        (_without("/Metadata"), "6.6.2"),
        (_without("/OutputIntents"), "6.2.3"),
        (_that_runs, "6.5.1"),
        (lambda writer: writer.add_attachment("x.txt", b"x"), "6.8"),
        (lambda writer: writer.encrypt("x", ""), "6.1.3"),
        (_unembedded, "6.2.11.4.1"),
        (_wider, "6.2.11.5"),
        (_letter_that_is_not_there, "6.2.11.8"),
        (_a_note, "6.3"),
        (_in_blue_of_a_press, "6.2.4.3"),
    ],
)
def test_the_look_finds_what_is_not_as_it_must_be(
    result: ResultDocument, forms: Forms, change: Change, clause: str
) -> None:
    writer = PdfWriter(clone_from=BytesIO(rendered(result, forms)))
    change(writer)
    output = BytesIO()
    writer.write(output)
    assert any(found.startswith(clause) for found in violations(output.getvalue()))


def test_a_byte_behind_the_end_is_found(result: ResultDocument, forms: Forms, tmp_path: Path) -> None:
    assert violations(rendered(result, forms) + b"x") == ["6.1.3 something stands behind its end"]
