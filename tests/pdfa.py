"""What PDF/A-2b (ISO 19005-2, level B) asks of a file, looked at with pypdf: clause by clause, what is not as it must be.

veraPDF, the reference, is to be had from neither PyPI, npm nor Debian, so nothing here was compared with it. What our
documents cannot contain (JPEG 2000, embedded files, layers, alternate images) is forbidden as a whole.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from pypdf import PdfReader
from pypdf.generic import (
    ArrayObject,
    ContentStream,
    DictionaryObject,
    IndirectObject,
    NameObject,
    StreamObject,
)

_NO_KEYS: Final = {
    "/AA": "6.4.1", "/EmbeddedFiles": "6.8", "/EF": "6.8", "/OCProperties": "6.9", "/XFA": "6.4.2",
    "/AlternatePresentations": "6.10", "/PresSteps": "6.10", "/OPI": "6.2.9.1", "/Alternates": "6.2.8.1",
    "/TR": "6.2.5", "/HTP": "6.2.5", "/NeedAppearances": "6.4.1", "/Requirements": "6.11", "/UR3": "6.1.12",
    "/DigestMethod": "6.1.12",
}  # fmt: skip
"""Keys that no dictionary of ours may have, and the clause that is about them."""
_NO_FILTERS: Final = {"/LZWDecode": "6.1.7.2", "/Crypt": "6.1.7.2", "/JPXDecode": "6.2.8.3"}
_ACTIONS: Final = {
    "/Launch",
    "/Sound",
    "/Movie",
    "/ResetForm",
    "/ImportData",
    "/Hide",
    "/SetOCGState",
    "/JavaScript",
}
_COLOURS: Final = {"/DeviceRGB", "/DeviceGray", "/Indexed", "/ICCBased", "/CalRGB", "/CalGray"}
"""All that an RGB output intent covers (6.2.4.3)."""
_CMYK: Final = {b"k", b"K"}
_PRINT, _UNSEEN = 0x04, 0x01 | 0x02 | 0x20
_LONGEST_STRING: Final = 32_767


def violations(pdf: bytes) -> list[str]:
    """Empty for a file that is as PDF/A-2b asks."""
    found = list(_file(pdf))
    reader = PdfReader(BytesIO(pdf))
    if reader.is_encrypted:
        return [*found, "6.1.3 it is encrypted"]
    root = reader.trailer["/Root"]
    found += _trailer(reader)
    found += _metadata(root, reader)
    found += _output_intents(root)
    for name, value in _objects(reader):
        found += [f"{why} ({name})" for why in _object(value)]
    for number, page in enumerate(reader.pages, start=1):
        found += [f"{why} (page {number})" for why in _drawn(page, page.get_contents(), reader)]
        for one in page.get("/Annots") or ():
            found += [f"{why} (page {number})" for why in _annotation(one.get_object(), reader)]
    return found


def _file(pdf: bytes) -> Iterator[str]:
    """6.1.2 header, 6.1.3 end, 6.1.6 strings in hex, 6.1.9 objects."""
    if not re.match(rb"%PDF-1\.[0-7](\r\n|\r|\n)%[\x80-\xff]{4}", pdf):
        yield "6.1.2 the header is not one of PDF 1.x with a comment of high bytes"
    if not re.search(rb"%%EOF(\r\n|\r|\n)?\Z", pdf):
        yield "6.1.3 something stands behind its end"
    outside = re.sub(rb"\bstream\r?\n.*?endstream", b"stream\nendstream", pdf, flags=re.DOTALL)
    for match in re.finditer(rb"(?<!<)<([0-9A-Fa-f\s]*)>(?!>)", outside):
        if len(b"".join(match[1].split())) % 2:
            yield "6.1.6 a string has half a byte"
    for match in re.finditer(rb"(?:^|[\r\n])(\d+)(\s+)(\d+)(\s+)obj(.)", outside, flags=re.DOTALL):
        if match[2] != b" " or match[4] != b" " or match[5] not in b"\r\n":
            yield f"6.1.9 object {match[1].decode()} does not begin as it must"
    if re.search(rb"xref[ \t]|xref(\r\n|\n){2}", outside):
        yield "6.1.4 xref is not followed by one end of line"


def _trailer(reader: PdfReader) -> Iterator[str]:
    identity = reader.trailer.get("/ID")
    if not identity or any(not part for part in identity):
        yield "6.1.3 the trailer has no ID"
    if "/Encrypt" in reader.trailer:
        yield "6.1.3 it is encrypted"


def _metadata(root: Any, reader: PdfReader) -> Iterator[str]:
    stream = root.get("/Metadata")
    if stream is None:
        yield "6.6.2 there is no metadata"
        return
    stream = stream.get_object()
    if (stream.get("/Type"), stream.get("/Subtype")) != ("/Metadata", "/XML"):
        yield "6.6.2 the metadata are no XMP"
    packet = stream.get_data()
    if b"bytes=" in packet.split(b"?>")[0] or b"encoding=" in packet.split(b"?>")[0]:
        yield "6.6.2.1 the packet says its length or encoding"
    described = reader.xmp_metadata
    if described is None or (described.pdfaid_part, described.pdfaid_conformance) != ("2", "B"):
        yield "6.6.4 it does not say that it is PDF/A-2b"


def _output_intents(root: Any) -> Iterator[str]:
    intents = [one.get_object() for one in root.get("/OutputIntents") or ()]
    ours = [one for one in intents if one.get("/S") == "/GTS_PDFA1"]
    if len(ours) != 1:
        yield "6.2.3 there is not one output intent of PDF/A"
        return
    (intent,) = ours
    if not intent.get("/OutputConditionIdentifier"):
        yield "6.2.3 the output intent has no name"
    stream = intent["/DestOutputProfile"].get_object()
    profile = stream.get_data()
    (size,) = struct.unpack(">I", profile[:4])
    if size != len(profile) or profile[36:40] != b"acsp" or profile[8] not in (2, 4):
        yield "6.2.3 the profile is no ICC profile of version 2 or 4"
    if profile[12:16] not in (b"mntr", b"prtr") or profile[16:20] != b"RGB " or stream.get("/N") != 3:
        yield "6.2.3 the profile is not one of an RGB device"


def _objects(reader: PdfReader) -> Iterator[tuple[str, Any]]:
    """Every object that can be reached, each once."""
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[str, Any]] = [("trailer", reader.trailer)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, IndirectObject):
            if (value.idnum, value.generation) in seen:
                continue
            seen.add((value.idnum, value.generation))
            name, value = f"object {value.idnum}", value.get_object()
        yield name, value
        if isinstance(value, DictionaryObject):
            waiting += [(name, value.raw_get(key)) for key in value]
        elif isinstance(value, ArrayObject):
            waiting += [(name, one) for one in list.__iter__(value)]


def _object(value: Any) -> Iterator[str]:
    if isinstance(value, str | bytes) and len(value) > _LONGEST_STRING:
        yield "6.1.13 a string is too long"
    if not isinstance(value, DictionaryObject):
        return
    yield from (f"{clause} it has {key}" for key, clause in _NO_KEYS.items() if key in value)
    filters = value.get("/Filter") if isinstance(value, StreamObject) else None
    named = filters if isinstance(filters, ArrayObject) else [filters]
    yield from (f"{clause} filter {name}" for name, clause in _NO_FILTERS.items() if name in named)
    if isinstance(value, StreamObject) and value.keys() & {"/F", "/FFilter", "/FDecodeParms"}:
        yield "6.1.7.1 a stream lies elsewhere"
    if value.get("/S") in _ACTIONS and value.get("/Type", "/Action") == "/Action":
        yield f"6.5.1 action {value['/S']}"
    if value.get("/Subtype") == "/PS":
        yield "6.2.9.1 PostScript"
    if value.get("/Subtype") == "/Image":
        yield from _image(value)
    if value.get("/Type") == "/ExtGState" and value.get("/BM", "/Normal") not in ("/Normal", "/Multiply"):
        yield f"6.2.10 blend mode {value['/BM']}"
    if value.get("/Type") == "/Font":
        yield from _font(value)


def _image(image: Any) -> Iterator[str]:
    if image.get("/Interpolate"):
        yield "6.2.8.1 a picture is to be interpolated"
    space = image.get("/ColorSpace")
    names = {space} if isinstance(space, NameObject) else set(space or ()) & {"/DeviceCMYK", "/Indexed"}
    if space is not None and not names <= _COLOURS:
        yield f"6.2.4.3 colours {names}"
    if isinstance(space, ArrayObject) and space[0] == "/Indexed" and space[1] not in _COLOURS:
        yield f"6.2.4.3 colours {space[1]}"


def _font(font: Any) -> Iterator[str]:
    """6.2.11: embedded, of a kind that we make (a TrueType subset with one cmap), as wide as it says."""
    name = font.get("/BaseFont")
    if font.get("/Subtype") != "/TrueType" or "/FontDescriptor" not in font:
        yield f"6.2.11.4.1 font {name} is not embedded as TrueType"
        return
    descriptor = font["/FontDescriptor"]
    if "/FontFile2" not in descriptor:
        yield f"6.2.11.4.1 font {name} is not embedded"
        return
    if not descriptor["/Flags"] & 4 or "/Encoding" in font:
        yield f"6.2.11.6 font {name} is not symbolic, or has an encoding beside its own"
    program = _Program(descriptor["/FontFile2"].get_data())
    if program.cmaps != 1:
        yield f"6.2.11.6 font {name} has {program.cmaps} cmaps"
    for code, width in enumerate(font["/Widths"], start=font["/FirstChar"]):
        glyph = program.glyphs.get(code, 0)
        if glyph and abs(program.width(glyph) - float(width)) > 1:
            yield f"6.2.11.5 glyph {code} of font {name} is not as wide as it says"


class _Program:
    """An embedded TrueType font: its cmap of format 6 or 0, and widths."""

    def __init__(self, data: bytes) -> None:
        (count,) = struct.unpack(">H", data[4:6])
        tables = {}
        for place in range(count):
            tag, _, offset, length = struct.unpack(">4sIII", data[12 + 16 * place : 28 + 16 * place])
            tables[tag] = data[offset : offset + length]
        (self.cmaps,) = struct.unpack(">H", tables[b"cmap"][2:4])
        (self._em,) = struct.unpack(">H", tables[b"head"][18:20])
        (self._metrics,) = struct.unpack(">H", tables[b"hhea"][34:36])
        self._hmtx = tables[b"hmtx"]
        self.glyphs = self._mapped(tables[b"cmap"])

    def width(self, glyph: int) -> float:
        place = min(glyph, self._metrics - 1) * 4
        (units,) = struct.unpack(">H", self._hmtx[place : place + 2])
        return float(units) * 1000 / float(self._em)

    @staticmethod
    def _mapped(cmap: bytes) -> dict[int, int]:
        (offset,) = struct.unpack(">I", cmap[8:12])
        (form,) = struct.unpack(">H", cmap[offset : offset + 2])
        if form == 0:
            return {code: cmap[offset + 6 + code] for code in range(256)}
        assert form == 6, f"a cmap of format {form}"
        first, count = struct.unpack(">HH", cmap[offset + 6 : offset + 10])
        glyphs = struct.unpack(f">{count}H", cmap[offset + 10 : offset + 10 + 2 * count])
        return dict(enumerate(glyphs, start=first))


def _drawn(holder: Any, content: Any, reader: PdfReader, depth: int = 0) -> Iterator[str]:
    """What a content stream draws, and the forms in it: letters that are there, colours that are known (6.2.2, 6.2.11.8)."""
    if content is None:
        return
    resources = holder.get("/Resources")
    if resources is None:
        yield "6.2.2 a content stream has no resources of its own"
        return
    fonts, forms = resources.get("/Font") or {}, resources.get("/XObject") or {}
    stream = content if isinstance(content, ContentStream) else ContentStream(content, reader)
    programs: dict[str, _Program] = {}
    current = ""
    for operands, operator in stream.operations:
        if operator == b"Tf":
            current = str(operands[0])
            file = fonts[current]["/FontDescriptor"]["/FontFile2"] if _embedded(fonts, current) else None
            if file is not None and current not in programs:
                programs[current] = _Program(file.get_data())
        elif operator in (b"Tj", b"TJ", b"'", b'"') and current in programs:
            codes = _codes(operands)
            if any(not programs[current].glyphs.get(code) for code in codes):
                yield f"6.2.11.8 font {current} lacks a letter that is drawn"
        elif operator in _CMYK:
            yield "6.2.4.3 a colour of CMYK"
        elif operator == b"Do" and depth < 8:
            form = forms[operands[0]].get_object()
            if form.get("/Subtype") == "/Form":
                yield from _drawn(form, form, reader, depth + 1)


def _embedded(fonts: Any, name: str) -> bool:
    return "/FontFile2" in (fonts[name].get("/FontDescriptor") or {})


def _codes(operands: Any) -> Iterator[int]:
    for operand in operands:
        for part in operand if isinstance(operand, list) else [operand]:
            if isinstance(part, bytes):
                yield from part
            elif isinstance(part, str):
                yield from (
                    part.original_bytes if hasattr(part, "original_bytes") else part.encode("latin-1")
                )


def _annotation(annotation: Any, reader: PdfReader) -> Iterator[str]:
    """6.3: a kind that is kept, printed and seen, with an appearance of its own; 6.4.1 for fields."""
    if annotation.get("/Subtype") not in ("/Widget", "/Link"):
        yield f"6.3.1 an annotation {annotation.get('/Subtype')}"
    flags = annotation.get("/F", 0)
    if not flags & _PRINT or flags & _UNSEEN:
        yield f"6.3.2 an annotation has the flags {flags}"
    left, bottom, right, top = (float(edge) for edge in annotation["/Rect"])
    appearance = annotation.get("/AP")
    if appearance is None:
        if left != right or bottom != top:
            yield f"6.3.3 {annotation.get('/T')} has no appearance"
    elif set(appearance) != {"/N"}:
        yield "6.3.3 an annotation looks otherwise when it is pressed"
    else:
        form = appearance["/N"].get_object()
        yield from _drawn(form, form, reader)
    if "/A" in annotation and annotation.get("/Subtype") == "/Widget":
        yield "6.4.1 a field does something"
