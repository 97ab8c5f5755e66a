"""Attachments of text are packed when they arrive, as CouchDB does: what is stored is their gzip.

The same bytes give the same gzip wherever zlib is the same. docs/decisions/0010.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

TYPES: Final = ("text/*", "application/javascript", "application/json", "application/xml")
"""CouchDB's `compressible_types`."""

LEVEL: Final = 8
"""Its `compression_level`."""

_ANY = "|".join(re.escape(one).replace(r"\*", "[^;]*") for one in TYPES)
_PACKED = re.compile(rf"\s*(?:{_ANY})\s*(?:;.*)?", re.IGNORECASE | re.DOTALL)


def is_packed(content_type: str) -> bool:
    """Whether an attachment of this type is stored packed."""
    return _PACKED.fullmatch(content_type) is not None


class Packing:
    """The gzip of what comes in, one piece for each piece, empty ones too; of nothing it is nothing.

    `length`: how many bytes came in until now.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.length = 0

    def __iter__(self) -> Iterator[bytes]:
        member = zlib.compressobj(LEVEL, wbits=31)
        for chunk in self._chunks:
            self.length += len(chunk)
            yield member.compress(chunk)
        if self.length:
            yield member.flush()


def packed(data: bytes) -> bytes:
    """All of it at once, as `Packing` gives it in pieces."""
    return b"".join(Packing([data]))
