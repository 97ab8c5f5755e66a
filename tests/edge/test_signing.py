"""A result and its revisions: signed, numbered, sealed; each found whole by others, and every change found out."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from edge.errors import CannotSign, UnreadablePdf
from edge.pades import revisions
from edge.pades.paper import (
    APPROVER,
    CLERK,
    DAY,
    LARGEST_BYTES,
    NUMBER,
    ORGANISATION,
    Draft,
    Paper,
    Signing,
    Visible,
    read_apart,
)
from edge.pades.reading import read
from edge.signing import why_not_signed
from printing import appearance
from schemas.acts import Status
from schemas.fold import Dossier
from tests.centres import PINS, SEALED, SmallCentre
from tests.pdfa import violations
from tests.poppler import Pdfsig
from tests.signers import equip

ALL = [APPROVER, CLERK, ORGANISATION]


def result_of(centre: SmallCentre, dossier: Dossier, node: str = "room-01") -> bytes:
    content = centre[node].archive.read(dossier.standing.result or "")
    assert content is not None
    return content


def approved(centre: SmallCentre, procedure: str = SEALED) -> tuple[Dossier, bytes]:
    dossier = centre.appraise(centre.receive("room-01", procedure=procedure))
    dossier = centre.approve(dossier)
    return dossier, result_of(centre, dossier)


def sealed(centre: SmallCentre) -> tuple[Dossier, bytes]:
    dossier = centre.seal(approved(centre)[0])
    return dossier, result_of(centre, dossier)


def ders(centre: SmallCentre, person: str) -> list[bytes]:
    found = centre["room-01"].catalog.latest.person(person)
    assert found is not None
    return found.ders()


# ---- what others see


def test_pdfsig_finds_every_signature_valid_and_the_last_over_the_total_document(
    centre: SmallCentre, tmp_path: Path
) -> None:
    """Poppler with the centre's authority: after each revision the one before still holds."""
    pdfsig = Pdfsig(tmp_path / "nss", centre["room-01"].catalog.root)
    dossier, first = approved(centre)
    (one, *others) = pdfsig(first)
    assert (one.field, one.valid, one.trusted, one.total) == (APPROVER, True, True, True)
    assert one.kind == "ETSI.CAdES.detached"
    assert not any(other.valid for other in others)  # the fields of the clerk, waiting

    said = pdfsig(result_of(centre, centre.seal(dossier)))
    assert [one.field for one in said] == ALL
    assert all(one.valid and one.trusted for one in said)
    assert [one.total for one in said] == [False, False, True]


def test_the_difference_policy_accepts_every_revision(centre: SmallCentre) -> None:
    """pyHanko's rules: level 2 is kept, the lock is kept, and only what may be was filled."""
    dossier, first = approved(centre)
    (only,) = read(first).signatures
    assert (only.certifies, only.whole, only.to_the_end, only.allowed) == (True, True, True, True)

    dossier = centre.seal(dossier)
    paper = read(result_of(centre, dossier))
    assert paper.untouched
    approver, clerk, organisation = paper.signatures
    assert set(approver.changed) == {NUMBER, DAY, CLERK, ORGANISATION}
    assert clerk.changed == (ORGANISATION,)
    assert organisation.changed == ()
    assert dossier.standing.number is not None
    assert paper.values == {
        NUMBER: dossier.standing.number.data.number,
        DAY: "ngày 01 tháng 3 năm 2027",
    }


def test_the_paper_looks_as_the_decree_says(centre: SmallCentre, tmp_path: Path) -> None:
    """Number and date are text in the head; the seal covers the left third of the signature."""
    dossier, content = sealed(centre)
    file = tmp_path / "result.pdf"
    file.write_bytes(content)
    text = subprocess.run(
        ["pdftotext", "-layout", str(file), "-"], capture_output=True, text=True, check=True
    )
    flat = " ".join(text.stdout.split())
    assert dossier.standing.number is not None
    assert f"Số: {dossier.standing.number.data.number}" in flat
    assert "Lạng Sơn, ngày 01 tháng 3 năm 2027" in flat
    assert "TUQ. GIÁM ĐỐC SỞ" in flat
    assert "PHÓ GIÁM ĐỐC SỞ" in flat
    signature, seal = (revisions.box_of(content, name) for name in (APPROVER, ORGANISATION))
    assert signature is not None
    assert seal is not None
    covered = (seal[2] - signature[0]) / (signature[2] - signature[0])
    assert covered == pytest.approx(1 / 3, abs=0.02)
    assert seal[0] < signature[0]
    assert seal[2] - seal[0] == pytest.approx(appearance.SEAL_MM / 25.4 * 72, abs=1)


def test_a_result_without_number_has_one_signature_and_its_day(centre: SmallCentre, tmp_path: Path) -> None:
    """A procedure that is done when it is approved: nothing in its result may be filled any more."""
    dossier, content = approved(centre, "1.000703")
    assert dossier.status is Status.DONE
    (said,) = Pdfsig(tmp_path / "nss", centre["room-01"].catalog.root)(content)
    assert (said.valid, said.trusted, said.total) == (True, True, True)
    assert read(content).values == {}
    assert revisions.box_of(content, NUMBER) is None


def test_every_revision_is_still_what_is_kept_for_decades(centre: SmallCentre) -> None:
    """PDF/A-2b when it is approved, when it waits for its seal, and when all three have signed."""
    dossier, first = approved(centre)
    assert violations(first) == []
    done = result_of(centre, centre.seal(dossier))
    assert violations(done) == []
    assert done.startswith(first)
    assert violations(approved(centre, "1.000703")[1]) == []


# ---- what was changed is found


def _is_found(content: bytes) -> bool:
    try:
        return not read(content).untouched
    except UnreadablePdf:
        return True


def test_any_flipped_byte_is_found(centre: SmallCentre) -> None:
    """Sixty bytes across the whole file, signatures and all; but for the zeros after a signature."""
    _, content = sealed(centre)
    padding = _padding(content)
    for place in range(0, len(content), max(1, len(content) // 60)):
        if place in padding:
            continue
        changed = bytearray(content)
        changed[place] ^= 0x04
        assert _is_found(bytes(changed)), (
            f"byte {place} of {len(content)}: {content[place - 20 : place + 20]!r}"
        )


def _padding(content: bytes) -> set[int]:
    """Where hex digits follow the end of a signature in its room: bytes that mean nothing to anybody."""
    found: set[int] = set()
    start = 0
    while (start := content.find(b"/Contents <", start)) >= 0:
        end = content.index(b">", start)
        used = content[start:end].rstrip(b"0")
        found |= set(range(start + len(used) - 1, end))
        start = end
    return found


def _refill(content: bytes, field: str, value: str) -> bytes:
    """What somebody does who fills a form field with a program of their own."""
    writer = IncrementalPdfFileWriter(BytesIO(content))
    for reference in writer.root["/AcroForm"]["/Fields"]:
        one = reference.get_object()
        if one.get("/T") == field:
            one["/V"] = generic.pdf_string(value)
            writer.update_container(one)
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


@pytest.mark.parametrize("field", [NUMBER, DAY])
def test_number_and_date_filled_again_are_found(centre: SmallCentre, field: str) -> None:
    """The clerk locked both; and by then the file ends after the last signature."""
    _, content = sealed(centre)
    paper = read(_refill(content, field, "99/KQ-SXD"))
    assert not paper.untouched
    assert not paper.signatures[1].allowed


@pytest.mark.parametrize("field", [NUMBER, DAY])
def test_a_blank_filled_by_somebody_else_is_not_the_whole_result(centre: SmallCentre, field: str) -> None:
    """Before the clerk: filling is what the approver allowed, but nobody has signed for it."""
    _, content = approved(centre)
    paper = read(_refill(content, field, "99/KQ-SXD"))
    assert paper.signatures[0].allowed
    assert not paper.untouched


def test_any_other_field_is_locked_by_the_approver(centre: SmallCentre) -> None:
    """A draft with a third field: DocMDP level 2 would let it be filled, the approver's lock does not."""
    room = centre["room-01"]
    dossier, _ = approved(centre)
    person = room.catalog.latest.person("viet.tq")
    assert person is not None
    rendered = room.papers.result_of(
        dossier, approved=True, text="?", signer=person, capacity="?", at=centre.clock()
    )
    assert rendered.number is not None
    assert rendered.day is not None
    blank = Visible(appearance.number_line("…", 100, 15), 0, rendered.number)
    other = IncrementalPdfFileWriter(BytesIO(rendered.pdf))
    page = other.find_page_for_modification(0)[0]
    note = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Annot"),
            generic.pdf_name("/Subtype"): generic.pdf_name("/Widget"),
            generic.pdf_name("/FT"): generic.pdf_name("/Tx"),
            generic.pdf_name("/T"): generic.pdf_string("GhiChu"),
            generic.pdf_name("/Rect"): generic.ArrayObject(
                [generic.NumberObject(n) for n in (50, 50, 90, 70)]
            ),
        }
    )
    reference = other.add_object(note)
    other.register_annotation(page, reference)
    fields = generic.ArrayObject([reference])
    other.root["/AcroForm"] = generic.DictionaryObject({generic.pdf_name("/Fields"): fields})
    other.update_root()
    output = BytesIO()
    other.write(output)
    draft = Draft(
        output.getvalue(),
        Visible(appearance.written_name("Việt", 100, 40), rendered.page, rendered.box),
        blank,
        Visible(appearance.day_line("…", 100, 15), 0, rendered.day),
        (rendered.page, appearance.seal_box(rendered.box)),
    )
    signing = Signing(APPROVER, "Phê duyệt", "Lạng Sơn", centre.clock(), certify=True)
    with room.signatories.opened("viet.tq", PINS["viet.tq"], ders(centre, "viet.tq"), centre.clock()) as one:
        content = revisions.approve(draft, one.token, signing=signing)
    assert read(content).untouched

    assert read(_refill(content, NUMBER, "1/KQ")).signatures[0].allowed
    paper = read(_refill(content, "GhiChu", "thêm điều kiện"))
    assert not paper.signatures[0].allowed
    assert "GhiChu" in paper.signatures[0].forbidden


def test_a_field_a_page_or_a_drawing_added_later_is_found(centre: SmallCentre) -> None:
    _, content = sealed(centre)
    writer = IncrementalPdfFileWriter(BytesIO(content))
    page = writer.find_page_for_modification(0)[0]
    stream = generic.StreamObject(stream_data=b"BT /F1 12 Tf 100 100 Td (x) Tj ET")
    writer.add_stream_to_page(0, writer.add_object(stream))
    assert page is not None
    output = BytesIO()
    writer.write(output)
    paper = read(output.getvalue())
    assert not any(one.allowed for one in paper.signatures)


def test_a_revision_taken_away_is_a_result_without_its_seal(centre: SmallCentre) -> None:
    """Cut back to what the approver signed: whole, but neither numbered nor sealed, and not what the event names."""
    _, content = sealed(centre)
    end = PdfFileReader(BytesIO(content)).embedded_signatures[0].sig_object["/ByteRange"]
    earlier = content[: int(end[2]) + int(end[3])]
    paper = read(earlier)
    assert paper.untouched
    assert [one.field for one in paper.signatures] == [APPROVER]
    assert why_not_signed(earlier, ders(centre, "chi.nth")[0]) == "signed by another certificate"


def test_why_a_result_does_not_hold(centre: SmallCentre) -> None:
    _, content = sealed(centre)
    certificate = ders(centre, "viet.tq")[0]
    assert why_not_signed(content, certificate) is None
    assert why_not_signed(content, ders(centre, "chi.nth")[0]) is None
    assert why_not_signed(content, ders(centre, "mai.hk")[0]) == "signed by another certificate"
    changed = bytearray(content)
    changed[content.index(b"/Author")] ^= 1
    assert why_not_signed(bytes(changed), certificate) == "was changed after it was signed"
    assert why_not_signed(content + b"\n% more", certificate) is not None
    assert why_not_signed(b"", certificate) is not None


# ---- a file from outside


def test_a_file_from_outside_is_read_in_a_process_of_its_own(centre: SmallCentre) -> None:
    _, content = sealed(centre)
    assert read_apart(content) == read(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-1.7",
        b"<html>",
        b"%PDF-1.7\n" + b"9" * 5000,
        b"%PDF-1.4\n1 0 obj\n<</Length 99999999>>\nstream\n",
    ],
)
def test_what_is_no_pdf_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(UnreadablePdf):
        read_apart(content)


def test_a_file_that_is_too_large_is_not_read() -> None:
    with pytest.raises(UnreadablePdf, match="more than"):
        read_apart(bytes(LARGEST_BYTES + 1))


def test_a_pdf_without_signatures_has_none(centre: SmallCentre) -> None:
    _, content = approved(centre)
    end = PdfFileReader(BytesIO(content)).embedded_signatures[0]
    assert end is not None
    unsigned = _unsigned(centre)
    assert read_apart(unsigned) == Paper((), {})
    assert not read(unsigned).untouched


def _unsigned(centre: SmallCentre) -> bytes:
    dossier = centre.appraise(centre.receive("room-01"))
    person = centre["room-01"].catalog.latest.person("viet.tq")
    assert person is not None
    papers = centre["room-01"].papers
    return papers.result_of(
        dossier, approved=True, text="?", signer=person, capacity="?", at=centre.clock()
    ).pdf


# ---- who may sign


def test_a_certificate_outside_its_dates_signs_nothing(centre: SmallCentre) -> None:
    """Said before anything is signed, and the PIN was right."""
    dossier = centre.appraise(centre.receive("room-01"))
    centre.clock.forward(days=2000)
    with pytest.raises(CannotSign) as cannot:
        centre["room-01"].signatories.opened(
            "viet.tq", PINS["viet.tq"], ders(centre, "viet.tq"), centre.clock()
        ).__enter__()
    assert cannot.value.why == "expired"
    assert centre["room-01"].register.dossier(dossier.stream).standing.outcome is None


def test_somebody_elses_token_signs_nothing(centre: SmallCentre) -> None:
    dossier = centre.appraise(centre.receive("room-01"))
    equip(centre, "viet.tq", *ders(centre, "mai.hk"))
    with pytest.raises(CannotSign) as cannot:
        centre.approve(dossier)
    assert cannot.value.why == "not_yours"


def test_a_signer_whose_handwriting_is_not_known_signs_with_the_name(centre: SmallCentre) -> None:
    """The catalog names no picture: the paper says that it was signed digitally, and by whom."""
    node = centre["central"]
    known = node.catalog.latest.person("viet.tq")
    assert known is not None
    equip(centre, "viet.tq", *known.ders())
    dossier, content = approved(centre)
    assert read(content).untouched
    assert violations(content) == []
    assert dossier.standing.outcome is not None


def test_a_delegation_ends_and_nothing_is_signed(centre: SmallCentre) -> None:
    """TUQ. without a power in force is refused before the token is asked (NĐ 30/2020 Đ13)."""
    room = centre["room-01"]
    dossier = centre.appraise(centre.receive("room-01"))
    person = room.catalog.latest.person("viet.tq")
    assert person is not None
    right = room.deciding.right_of(person, dossier, centre.clock())
    assert (right.capacity, right.delegation) == ("TUQ. GIÁM ĐỐC SỞ\nPHÓ GIÁM ĐỐC SỞ", "UQ-01")
    later = centre.clock() + timedelta(days=5 * 365)
    assert room.deciding.right_of(person, dossier, later).delegation == ""
