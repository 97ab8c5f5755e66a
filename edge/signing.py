"""Signing a result: PAdES in the PDF (B-B, ETSI EN 319 142) and the decision in the event, by one certificate.

The only module that speaks pyHanko. The token is a PKCS#12 file that its owner opens with a PIN for each
signing; the key is in memory for that long and no longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path

from asn1crypto import x509
from asn1crypto.algos import SignedDigestAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509 import Certificate, load_der_x509_certificate
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from edge.errors import CannotSign
from schemas.events import Signed
from schemas.seals import fingerprint, sign_decision

FIELD = "PheDuyet"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Token:
    """An opened token: the person's certificate and what it can sign with."""

    certificate: Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def sign_decision(self, message: bytes) -> Signed:
        return sign_decision(self.key, self.der, message)

    def sign_pdf(
        self, pdf: bytes, *, page: int, box: tuple[float, float, float, float], reason: str, place: str
    ) -> bytes:
        """The PDF with a PAdES signature in `box` (PDF points, left bottom right top) of a page from 0."""
        signer = _TokenSigner(self)
        left, bottom, right, top = (round(edge) for edge in box)
        field = SigFieldSpec(FIELD, on_page=page, box=(left, bottom, right, top))
        metadata = signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            certify=True,
            reason=reason,
            location=place,
        )
        try:
            signed = signers.PdfSigner(metadata, signer=signer, new_field_spec=field).sign_pdf(
                IncrementalPdfFileWriter(BytesIO(pdf))
            )
        except SigningError as why:
            raise CannotSign("pdf") from why
        content: bytes = signed.getvalue()
        return content


class _TokenSigner(signers.Signer):  # type: ignore[misc]  # pyHanko's types are not followed
    """Signs with a key that is open already: pyHanko's own signer reads the key anew for every signature."""

    def __init__(self, token: Token) -> None:
        self._key = token.key
        super().__init__(
            signing_cert=x509.Certificate.load(token.der),
            cert_registry=SimpleCertificateStore(),
            signature_mechanism=SignedDigestAlgorithm({"algorithm": _mechanism(token.key)}),
        )

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return bytes(self._key.key_size // 8) if dry_run else self._key.sign(data, PKCS1v15(), SHA256())
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return bytes(80) if dry_run else self._key.sign(data, ec.ECDSA(SHA256()))
        return bytes(64) if dry_run else self._key.sign(data)


def _mechanism(key: PrivateKey) -> str:
    if isinstance(key, rsa.RSAPrivateKey):
        return "sha256_rsa"
    return "sha256_ecdsa" if isinstance(key, ec.EllipticCurvePrivateKey) else "ed25519"


def open_token(path: Path, pin: str, *, on: datetime, certificates: list[bytes]) -> Token:
    """Open a person's PKCS#12 token; `certificates` are the DER of those that the catalog knows as theirs.

    Raises `CannotSign`: no_token, wrong_pin, not_yours, or expired (on the aware moment `on`).
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as why:
        raise CannotSign("no_token") from why
    try:
        key, certificate, _ = pkcs12.load_key_and_certificates(content, pin.encode())
    except ValueError as why:
        raise CannotSign("wrong_pin") from why
    if certificate is None or not isinstance(
        key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey
    ):
        raise CannotSign("no_token")
    if certificate.public_bytes(Encoding.DER) not in certificates:
        raise CannotSign("not_yours")
    if not certificate.not_valid_before_utc <= on <= certificate.not_valid_after_utc:
        raise CannotSign("expired")
    return Token(certificate, key)


def why_not_signed(pdf: bytes, certificate: bytes) -> str | None:
    """None if the PDF is whole and signed by this certificate (DER); else what is wrong with it.

    The mathematics and the coverage of the whole file; trust in the certificate is the catalog's matter.
    """
    try:
        signatures = PdfFileReader(BytesIO(pdf)).embedded_signatures
        if len(signatures) != 1:
            return f"{len(signatures)} signatures, 1 expected"
        signer = signatures[0].signer_cert
        if fingerprint(signer.dump()) != fingerprint(certificate):
            return "signed by another certificate"
        trust = ValidationContext(
            trust_roots=[signer],
            allow_fetching=False,
            moment=load_der_x509_certificate(certificate).not_valid_before_utc,
        )
        status = validate_pdf_signature(signatures[0], trust)
    except (PdfReadError, SignatureValidationError, ValueError) as why:
        return f"cannot be read: {why}"
    if not (status.intact and status.valid):
        return "was changed after it was signed"
    if status.coverage is None or status.coverage.name != "ENTIRE_FILE":
        return "the signature does not cover the whole file"
    return None
