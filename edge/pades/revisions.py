"""The revisions of a result: signed, then numbered and dated, then sealed; each with its own signature.

    1  the approver     DocMDP level 2: from now on only blanks may be filled and signatures added;
                        a lock on every field but those that the clerk fills
    2  the clerk        number and date are filled, and locked (FieldMDP)
    3  the organisation the red seal over a third of the approver's signature

All fields are in the document before it is signed for the first time: none may be added later (decree 30/2020,
articles 13, 15, 18 and 33, and appendix I for how it looks).
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment as Align
from pyhanko.pdf_utils.layout import BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfReadError, PdfWriteError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    SigFieldSpec,
    append_signature_field,
    enumerate_sig_fields,
)
from pyhanko.sign.general import SigningError
from pyhanko.stamp import StaticStampStyle

from edge.errors import CannotSign
from edge.pades.paper import APPROVER, CLERK, DAY, NUMBER, ORGANISATION, Draft, Signing, Visible
from edge.pades.signer import opened, sign
from edge.tokens import Token
from printing.appearance import Box

_PRINTED: Final = 4
"""The flag of an annotation that comes out on paper."""


def approve(
    draft: Draft,
    token: Token,
    *,
    signing: Signing,
) -> bytes:
    """The first revision. Raises `CannotSign`."""
    writer = opened(draft.pdf)
    blanks = [
        (name, blank) for name, blank in ((NUMBER, draft.number), (DAY, draft.day)) if blank is not None
    ]
    filled = [name for name, _ in blanks]
    later = [*filled, *([CLERK] if filled else []), *([ORGANISATION] if draft.seal else [])]
    for name, blank in blanks:
        _add_text_field(writer, name, blank)
    others = FieldMDPSpec(FieldMDPAction.EXCLUDE, later) if later else FieldMDPSpec(FieldMDPAction.ALL)
    page, box = draft.signature.page, _whole(draft.signature.box)
    append_signature_field(writer, SigFieldSpec(APPROVER, on_page=page, box=box, field_mdp_spec=others))
    if filled:
        locked = FieldMDPSpec(FieldMDPAction.INCLUDE, filled)
        append_signature_field(writer, SigFieldSpec(CLERK, on_page=0, field_mdp_spec=locked))
    if draft.seal is not None:
        page, seal_box = draft.seal
        append_signature_field(writer, SigFieldSpec(ORGANISATION, on_page=page, box=_whole(seal_box)))
    return sign(writer, token, signing, style=_style(draft.signature.appearance))


def box_of(pdf: bytes, field: str) -> Box | None:
    """Where a field of a document stands; None where it has none. Raises `CannotSign` for what cannot be read."""
    try:
        fields = PdfFileReader(BytesIO(pdf)).root["/AcroForm"]["/Fields"]
        found = next((one.get_object() for one in fields if one.get_object().get("/T") == field), None)
        if found is None:
            return None
        left, bottom, right, top = (float(edge) for edge in found["/Rect"])
        return left, bottom, right, top
    except (PdfReadError, KeyError, ValueError) as why:
        raise CannotSign("pdf") from why


def number(
    pdf: bytes,
    token: Token,
    *,
    values: Sequence[tuple[str, str, bytes]],
    signing: Signing,
) -> bytes:
    """The clerk's revision: (field, its text, how that looks) of number and date. Raises `CannotSign`."""
    writer = opened(pdf)
    for name, text, appearance in values:
        _fill(writer, name, text, appearance)
    return sign(writer, token, signing)


def seal(
    pdf: bytes,
    token: Token,
    appearance: bytes,
    *,
    signing: Signing,
) -> bytes:
    """The organisation's revision. Raises `CannotSign`."""
    return sign(opened(pdf), token, signing, style=_style(appearance))


def mark(
    pdf: bytes,
    token: Token,
    appearance: bytes,
    size: tuple[float, float],
    *,
    signing: Signing,
) -> bytes:
    """A separate attachment with the organisation's signature at the top right of its first page.

    `size` is that of the appearance. Raises `CannotSign`, also for a file that is signed already.
    """
    writer = opened(pdf)
    try:
        if any(True for _ in enumerate_sig_fields(writer.prev)):
            raise CannotSign("attachment_signed")
        right, top = _corner(writer)
        width, height = size
        box = (right - width - _MARGIN, top - height - _MARGIN, right - _MARGIN, top - _MARGIN)
        append_signature_field(writer, SigFieldSpec(signing.field, on_page=0, box=_whole(box)))
    except (PdfReadError, PdfWriteError, SigningError, KeyError, ValueError) as why:
        raise CannotSign("pdf") from why
    return sign(writer, token, signing, style=_style(appearance))


_MARGIN: Final = 14.0


def _corner(writer: IncrementalPdfFileWriter) -> tuple[float, float]:
    """The upper right corner of the first page."""
    page = writer.prev.root["/Pages"]
    box = page.get("/MediaBox")
    while "/Kids" in page:
        page = page["/Kids"][0]
        box = page.get("/MediaBox", box)
    _, _, right, top = (float(edge) for edge in box)
    return right, top


def _add_text_field(writer: IncrementalPdfFileWriter, name: str, blank: Visible) -> None:
    page_ref = writer.find_page_for_modification(blank.page)[0]
    field = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Widget"),
            pdf_name("/FT"): pdf_name("/Tx"),
            pdf_name("/T"): pdf_string(name),
            pdf_name("/F"): generic.NumberObject(_PRINTED),
            pdf_name("/DA"): pdf_string("/Helv 13 Tf 0 g"),
            pdf_name("/Rect"): generic.ArrayObject(generic.FloatObject(round(edge, 2)) for edge in blank.box),
            pdf_name("/P"): page_ref,
            pdf_name("/AP"): _appearance(writer, blank.appearance),
        }
    )
    reference = writer.add_object(field)
    writer.register_annotation(page_ref, reference)
    form = writer.root.setdefault(
        pdf_name("/AcroForm"), generic.DictionaryObject({pdf_name("/Fields"): generic.ArrayObject()})
    )
    form.setdefault(pdf_name("/Fields"), generic.ArrayObject()).append(reference)
    writer.update_root()


def _fill(writer: IncrementalPdfFileWriter, name: str, text: str, appearance: bytes) -> None:
    fields = writer.root["/AcroForm"]["/Fields"]
    field = next((one.get_object() for one in fields if one.get_object().get("/T") == name), None)
    if field is None or "/V" in field:
        raise CannotSign("no_form")
    field[pdf_name("/V")] = pdf_string(text)
    field[pdf_name("/AP")] = _appearance(writer, appearance)
    writer.update_container(field)


def _appearance(writer: IncrementalPdfFileWriter, drawn: bytes) -> generic.DictionaryObject:
    return generic.DictionaryObject(
        {pdf_name("/N"): writer.import_page_as_xobject(PdfFileReader(BytesIO(drawn)))}
    )


class _Page(PdfContent):  # type: ignore[misc]  # pyHanko's types are not followed
    """A page of another PDF as content; pyHanko's own reads it from a file by name."""

    def __init__(self, drawn: bytes) -> None:
        self._reader = PdfFileReader(BytesIO(drawn))
        super().__init__()

    def render(self) -> bytes:
        form = self._ensure_writer.import_page_as_xobject(self._reader)
        self.resources.xobject["/Drawn"] = form
        left, bottom, right, top = form.get_object()["/BBox"]
        self.box = BoxConstraints(width=abs(right - left), height=abs(top - bottom))
        return b"/Drawn Do"


_FILLS: Final = SimpleBoxLayoutRule(Align.ALIGN_MID, Align.ALIGN_MID, margins=Margins.uniform(0))


def _style(drawn: bytes) -> Any:
    return StaticStampStyle(
        border_width=0, background=_Page(drawn), background_layout=_FILLS, background_opacity=1.0
    )


def _whole(box: Box) -> tuple[int, int, int, int]:
    left, bottom, right, top = (round(edge) for edge in box)
    return left, bottom, right, top
