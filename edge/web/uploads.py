"""Files that a browser sends: how large, and whether they are what the page asks for.

What a file is, its bytes say; its name and the browser's word for its type are not believed, and a name is never a
path here. Nothing is kept of a file that is not taken.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from flask import request

from edge.errors import NodeError

LARGEST_SCAN: Final = 100 * 1024 * 1024


class Kind(Enum):
    """What a page may ask for."""

    CSV = "csv"
    CERTIFICATE = "certificate"
    PDF = "pdf"


MOST_BYTES: Final = {Kind.CSV: 200 * 1024, Kind.CERTIFICATE: 32 * 1024, Kind.PDF: LARGEST_SCAN}


class BadUpload(NodeError):
    """`why` is one of: missing, large, kind."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def upload(field: str, kind: Kind) -> bytes:
    """The bytes of a file in the present form. Raises `BadUpload`."""
    sent = request.files.get(field)
    if sent is None or not sent.filename:
        raise BadUpload("missing")
    content = sent.stream.read(MOST_BYTES[kind] + 1)
    if len(content) > MOST_BYTES[kind]:
        raise BadUpload("large")
    if not content or not is_kind(content, kind):
        raise BadUpload("kind")
    return content


def is_kind(content: bytes, kind: Kind) -> bool:
    """Whether bytes begin as files of a kind do; a PDF begins at once, so that it is nothing else as well."""
    match kind:
        case Kind.PDF:
            return content.startswith(b"%PDF-")
        case Kind.CERTIFICATE:
            return content.startswith((b"-----BEGIN CERTIFICATE-----", b"\x30\x82"))
        case Kind.CSV:
            head = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
            return b"\0" not in content and head not in (b"<", b"%", b"")
