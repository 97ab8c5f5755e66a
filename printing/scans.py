"""What a scanner or a camera made: a PDF or a JPEG that everybody can open later, and how many pages it has.

A file that asks for a password, is cut off, or is something else under another name is of no use to whoever appraises it, in
another building, tomorrow: it is found out while the paper still lies on the counter.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Final

from PIL import Image

from printing import raster
from printing.errors import PrintError, UnreadablePicture

PDF: Final = "application/pdf"
JPEG: Final = "image/jpeg"
MOST_PAGES: Final = 999
_ARCHIVAL: Final = re.compile(rb"pdfaid:part")
_JPEG_END: Final = b"\xff\xd9"
_TAIL: Final = 1024


class UnusableScan(PrintError):
    """`why` is one of: empty, kind, password, damaged, pages."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the scan cannot be used: {why}")
        self.why = why


@dataclass(frozen=True, slots=True)
class Scan:
    """`archival`: the file says of itself that it is PDF/A."""

    content: bytes
    type: str
    pages: int
    archival: bool


def read(content: bytes) -> Scan:
    """What a file is, by its bytes. Raises `UnusableScan`."""
    if not content:
        raise UnusableScan("empty")
    if content.startswith(b"%PDF-"):
        return Scan(content, PDF, _pages(content), _ARCHIVAL.search(content) is not None)
    if content.startswith(b"\xff\xd8\xff"):
        _check_jpeg(content)
        return Scan(content, JPEG, 1, False)
    raise UnusableScan("kind")


def _pages(pdf: bytes) -> int:
    try:
        count = raster.count(pdf)
    except UnreadablePicture as why:
        raise UnusableScan("password" if "password" in why.why.lower() else "damaged") from why
    if not 0 < count <= MOST_PAGES:
        raise UnusableScan("pages")
    return count


def _check_jpeg(content: bytes) -> None:
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG",)) as picture:
            picture.verify()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as why:
        raise UnusableScan("damaged") from why
    if _JPEG_END not in content[-_TAIL:]:
        raise UnusableScan("damaged")
