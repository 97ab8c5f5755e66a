"""Unpack a gzip as it comes in, never more than a little at a time: a bomb goes off outside of memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from sync.errors import BadRequest

_PIECE_BYTES = 256 * 1024


class Gunzip:
    """A gzip may be several, one after the other (RFC 1952 §2.2)."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` adds, in pieces. Raises `BadRequest` where it is no gzip."""
        while data:
            if self._member.eof:
                self._member = zlib.decompressobj(wbits=31)
            self._begun = True
            try:
                piece = self._member.decompress(data, _PIECE_BYTES)
            except zlib.error as why:
                raise BadRequest("what should be gzipped is not") from why
            if piece:
                yield piece
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail

    @property
    def complete(self) -> bool:
        """Whether the gzip may end here."""
        return self._begun and self._member.eof
