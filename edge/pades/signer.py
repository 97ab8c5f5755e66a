"""pyHanko's signer over an opened token: whatever the token, one signature at the moment that it is told."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Any

from asn1crypto import x509
from asn1crypto.algos import RSASSAPSSParams, SignedDigestAlgorithm
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfReadError, PdfWriteError
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko_certvalidator.registry import SimpleCertificateStore

from edge.errors import CannotSign
from edge.pades.paper import Signing
from edge.tokens import Algorithm, Token

_SALT = 32
_ATTRIBUTES = 1536
"""What of a signature is neither key nor certificate: digests, names, algorithms."""


def sign(
    writer: IncrementalPdfFileWriter,
    token: Token,
    signing: Signing,
    *,
    style: Any = None,
) -> bytes:
    """The PDF with one signature more, in its own revision. Raises `CannotSign`.

    Only the signer's certificate goes along, which the signature covers: a byte of any other could be changed unseen.
    """
    metadata = signers.PdfSignatureMetadata(
        field_name=signing.field,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=signing.certify,
        docmdp_permissions=MDPPerm.FILL_FORMS,
        reason=signing.reason,
        location=signing.place,
    )
    signer = _PdfSigner(
        metadata,
        signer=_Signer(token),
        stamp_style=style,
        at=signing.at,
    )
    try:
        signed = signer.sign_pdf(writer, existing_fields_only=True, bytes_reserved=_room(token))
    except (SigningError, PdfReadError, PdfWriteError) as why:
        raise CannotSign("pdf") from why
    content: bytes = signed.getvalue()
    return content


def _room(token: Token) -> int:
    """Hex digits to keep free for the signature; pyHanko would sign once more to find out."""
    return 2 * (token.longest + len(token.certificate) + _ATTRIBUTES)


def opened(pdf: bytes) -> IncrementalPdfFileWriter:
    """A writer for the next revision. Raises `CannotSign` for what is no PDF."""
    try:
        return IncrementalPdfFileWriter(BytesIO(pdf))
    except (PdfReadError, ValueError) as why:
        raise CannotSign("pdf") from why


class _PdfSigner(signers.PdfSigner):  # type: ignore[misc]  # pyHanko's types are not followed
    """pyHanko asks the machine for the hour; here it is the caller's."""

    def __init__(self, *args: Any, at: datetime, **more: Any) -> None:
        self._at = at
        super().__init__(*args, **more)

    def init_signing_session(self, *args: Any, **more: Any) -> Any:
        session = super().init_signing_session(*args, **more)
        session.system_time = self._at
        return session


class _Signer(signers.Signer):  # type: ignore[misc]  # pyHanko's types are not followed
    def __init__(self, token: Token) -> None:
        self._token = token
        super().__init__(
            signing_cert=x509.Certificate.load(token.certificate),
            cert_registry=SimpleCertificateStore(),
            signature_mechanism=_mechanism(token.algorithm),
        )

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return bytes(self._token.longest) if dry_run else self._token.sign(data)


def _mechanism(algorithm: Algorithm) -> SignedDigestAlgorithm:
    match algorithm:
        case Algorithm.RSA_PKCS1:
            return SignedDigestAlgorithm({"algorithm": "sha256_rsa"})
        case Algorithm.ECDSA_P256:
            return SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
        case Algorithm.ED25519:
            return SignedDigestAlgorithm({"algorithm": "ed25519"})
        case Algorithm.RSA_PSS:
            sha256 = {"algorithm": "sha256"}
            parameters = RSASSAPSSParams(
                {
                    "hash_algorithm": sha256,
                    "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": sha256},
                    "salt_length": _SALT,
                }
            )
            return SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})
