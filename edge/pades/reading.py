"""What a signed PDF says: who signed which revision, whether it is whole, and what was changed afterwards.

Mathematics and structure only; whether a certificate is to be trusted is for the caller. A file from outside is read
by `edge.pades.paper.read_apart`, in a process of its own that may take neither long nor much: whoever made it may have
meant harm.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any, Final

import msgspec
from asn1crypto import cms, parser
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult
from pyhanko.sign.validation import (
    KeyUsageConstraints,
    SignatureCoverageLevel,
    validate_pdf_signature,
    validate_pdf_timestamp,
)
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError

from edge.errors import UnreadablePdf
from edge.pades.paper import LARGEST_BYTES, SECONDS, Paper, Signature

_UNIVERSAL: Final = 0
_CONTEXT: Final = 2
_CONSTRUCTED: Final = 1
MEMORY_BYTES: Final = 1024 * 1024 * 1024
_UNREADABLE: Final = (
    PdfError,
    PathError,
    ValidationError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading a broken or hostile file ends in; pyHanko promises none of them."""


def read(pdf: bytes) -> Paper:
    """Read a PDF of our own making. Raises `UnreadablePdf`."""
    try:
        reader = PdfFileReader(BytesIO(pdf))
        if reader.encrypted:
            raise UnreadablePdf("it is locked with a password")
        if int(reader.root["/Pages"]["/Count"]) < 1:
            raise UnreadablePdf("it has no pages")
        found = tuple(_signature(one) for one in reader.embedded_signatures)
        return Paper(found, _values(reader))
    except _UNREADABLE as why:
        raise UnreadablePdf(f"{type(why).__name__}: {why}") from why


def _signature(one: Any) -> Signature:
    if one.sig_object_type == "/DocTimeStamp":
        return _document_timestamp(one)
    signer = one.signer_cert
    # its own root: the mathematics and the structure are asked for here, not whom to trust
    itself = ValidationContext(trust_roots=[signer], allow_fetching=False, moment=signer.not_valid_before)
    status = validate_pdf_signature(one, itself, key_usage_settings=KeyUsageConstraints(key_usage=set()))
    stamp = status.timestamp_validity
    return Signature(
        field=str(one.field_name),
        kind="signature",
        certificate=signer.dump(),
        whole=status.intact and status.valid and _well_formed(one),
        **_integrity(one, status),
        others=tuple(other.dump() for other in one.other_embedded_certs),
        at=one.self_reported_timestamp,
        stamped=stamp.timestamp if stamp and stamp.intact and stamp.valid else None,
        stamped_by=stamp.signing_cert.dump() if stamp else b"",
        reason=str(one.sig_object.get("/Reason", "")),
        place=str(one.sig_object.get("/Location", "")),
        certifies=one.docmdp_level is not None,
    )


def _document_timestamp(one: Any) -> Signature:
    signer = one.signer_cert
    itself = ValidationContext(trust_roots=[signer], allow_fetching=False, moment=signer.not_valid_before)
    status = validate_pdf_timestamp(one, itself)
    holds = status.intact and status.valid and _well_formed(one)
    return Signature(
        field=str(one.field_name),
        kind="timestamp",
        certificate=signer.dump(),
        whole=holds,
        **_integrity(one, status),
        others=tuple(other.dump() for other in one.other_embedded_certs),
        stamped=status.timestamp if holds else None,
        stamped_by=signer.dump(),
    )


def _well_formed(one: Any) -> bool:
    """Whether what no signature covers, the envelope, is as RFC 5652 has it: there, too, no byte may be another."""
    raw, signed, signer = bytes(one.pkcs7_content), one.signed_data, one.signer_info
    whole = _encoded_anew(cms.ContentInfo.load(raw))
    by_name = signer["sid"].name == "issuer_and_serial_number"
    plain = signed["encap_content_info"]["content_type"].native == "data"
    digests = [algorithm.dump() for algorithm in signed["digest_algorithms"]]
    return (
        raw[: len(whole)] == whole
        and not raw[len(whole) :].strip(b"\0")
        and signer["version"].native == ("v1" if by_name else "v3")
        and signed["version"].native == ("v1" if by_name and plain else "v3")
        and digests == [signer["digest_algorithm"].dump()]
    )


def _encoded_anew(envelope: Any) -> bytes:
    """The envelope in DER, whatever its bytes are now.

    Level by level: `dump(force=True)` of the whole encodes what a level holds several times, and so the innermost one
    hundreds of times. The attributes that the signature covers stay as they are.
    """
    signed = envelope["content"]
    signers = b"".join(
        _sequence(signer, signed_attrs=signer["signed_attrs"].dump()) for signer in signed["signer_infos"]
    )
    content = _sequence(signed, signer_infos=parser.emit(_UNIVERSAL, _CONSTRUCTED, cms.SetOf.tag, signers))
    return _sequence(envelope, content=parser.emit(_CONTEXT, _CONSTRUCTED, 0, content))


def _sequence(value: Any, **known: bytes) -> bytes:
    parts = (known[name] if name in known else value[name].dump(force=True) for name in value)
    return bytes(parser.emit(_UNIVERSAL, _CONSTRUCTED, value.tag, b"".join(parts)))


def _integrity(one: Any, status: Any) -> dict[str, Any]:
    """A document time-stamp allows whatever the signatures before it do: it has no rules of its own."""
    diff = status.diff_result
    kept = bool(status.docmdp_ok) or (status.docmdp_ok is None and one.sig_object_type == "/DocTimeStamp")
    fine = isinstance(diff, DiffResult)
    return {
        "to_the_end": status.coverage is SignatureCoverageLevel.ENTIRE_FILE,
        "allowed": status.coverage >= SignatureCoverageLevel.ENTIRE_REVISION and fine and kept,
        "changed": tuple(sorted(_changed(one, diff.changed_form_fields))) if fine else (),
        "forbidden": "" if fine else str(diff),
    }


def _changed(one: Any, named: Iterable[Any]) -> Iterator[str]:
    """Of the fields that were touched since, those that hold something else now: an entry written again is no change."""
    before, after = (
        _held(one.reader.get_historical_resolver(one.signed_revision)),
        _held(one.reader),
    )
    return (str(name) for name in named if before.get(str(name)) != after.get(str(name)))


def _held(document: Any) -> dict[str, str]:
    """What each field holds, written out; a signature stands for itself."""
    found = {}
    for reference in document.root["/AcroForm"]["/Fields"]:
        field = reference.get_object()
        value = field.raw_get("/V") if "/V" in field else None
        found[str(field.get("/T", ""))] = repr(value)
    return found


def _values(reader: PdfFileReader) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        fields = reader.root["/AcroForm"]["/Fields"]
    except KeyError:
        return found
    for reference in fields:
        field = reference.get_object()
        if field.get("/FT") == "/Tx" and "/V" in field:
            found[str(field.get("/T", ""))] = str(field["/V"])
    return found


def _limit_ourselves() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def main() -> int:
    """Read a PDF from standard input, say what it is on standard output as JSON."""
    _limit_ourselves()
    try:
        paper = read(sys.stdin.buffer.read(LARGEST_BYTES + 1))
    except UnreadablePdf as why:
        sys.stderr.write(f"{why}\n")
        return 1
    sys.stdout.buffer.write(msgspec.json.encode(paper))
    return 0


if __name__ == "__main__":
    sys.exit(main())
