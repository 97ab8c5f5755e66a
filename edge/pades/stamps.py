"""Making a signed result last: a time-stamp over all of it, and with it all that checks its certificates later.

The original is left as it is. What comes behind it is one revision with a document security store and a document
time-stamp that covers both (ETSI EN 319 142-1: B-T, B-LT); nothing of it needs the result's signers again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from asn1crypto import crl, x509
from pyhanko.pdf_utils.misc import PdfReadError, PdfWriteError
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.timestamps import TimestampRequestError
from pyhanko.sign.timestamps.requests_client import RequestsHTTPTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

from edge.errors import CannotStamp
from edge.pades.signer import opened
from edge.settings import TimestampSettings

PATIENCE_S: Final = 15
_ROOM: Final = 2 * 12_000
"""Hex digits kept free for the service's answer."""


class StampService:
    """A time-stamp service (RFC 3161) over HTTP."""

    def __init__(self, settings: TimestampSettings) -> None:
        auth = (settings.user, settings.password) if settings.user else None
        self.url = settings.url
        self._client: Any = RequestsHTTPTimeStamper(settings.url, timeout=PATIENCE_S, auth=auth)

    def preserve(self, pdf: bytes, *, certificates: Sequence[bytes], lists: Sequence[bytes]) -> bytes:
        """The same document with these certificates and lists (DER), and a time-stamp over everything.

        Raises `CannotStamp`: out of reach, or an answer that is none.
        """
        writer = opened(pdf)
        try:
            if certificates or lists:
                DocumentSecurityStore.supply_dss_in_writer(
                    writer,
                    None,
                    certs=[x509.Certificate.load(der) for der in certificates],
                    crls=[crl.CertificateList.load(der) for der in lists],
                )
            stamper = PdfTimeStamper(self._client, field_name=f"DauThoiGian-{len(pdf)}")
            stamped = stamper.timestamp_pdf(writer, "sha256", bytes_reserved=_ROOM)
        except (TimestampRequestError, SigningError, PdfReadError, PdfWriteError, OSError, ValueError) as why:
            raise CannotStamp(f"{self.url}: {why}") from why
        content: bytes = stamped.getvalue()
        return content
