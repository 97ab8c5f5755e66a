"""How answers look: JSON with one line feed at its end, not compressed. protocol.md §1.2.

But for documents and changes to whoever accepts gzip and nothing else. No client that was written for CouchDB says so:
they name several codings, or none, and get what CouchDB would give them.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from flask import Request, Response
from werkzeug.datastructures import Headers

from sync.documents import dump
from sync.errors import Broken, DiskFull, NotAllowed, Refused, SyncError, Unavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

JSON_TYPE = "application/json"
_PIECE: Final = 64 * 1024


def answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON value as CouchDB sends it."""
    return raw_answer(dump(value) + b"\n", status, headers)


def raw_answer(
    body: bytes | Iterable[bytes], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """`body`: JSON that is bytes already, whole or in parts."""
    response = Response(body, status, content_type=JSON_TYPE)
    response.headers["Cache-Control"] = "must-revalidate"
    response.headers.update(headers or {})
    return response


def packed_answer(
    request: Request, parts: Iterable[bytes], headers: Mapping[str, str] | None = None
) -> Response:
    """As `raw_answer`, gzipped for one who asks for that alone: on a slow line what is sent is what takes the time."""
    if request.headers.get("Accept-Encoding") != "gzip":
        return raw_answer(parts, headers=headers)
    return raw_answer(_gzipped(parts), headers={**(headers or {}), "Content-Encoding": "gzip"})


def _gzipped(parts: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(level=1, wbits=31)
    for part in parts:
        if packed := packer.compress(part):
            yield packed
    yield packer.flush()


def gathered(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer pieces: each is a chunk on the line, which costs both sides more than its bytes do.

    Not for what is sent so that somebody sees that the line stands: that would wait for the rest of its piece.
    """
    gathered, size = list[bytes](), 0
    for part in parts:
        gathered.append(part)
        size += len(part)
        if size >= _PIECE:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)


class _NotModified(Response):
    """With CouchDB's `Content-Length: 0`, which Werkzeug takes out and clients written for CouchDB ask for."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        headers = super().get_wsgi_headers(environ)
        headers["Content-Length"] = "0"
        return headers


def not_modified(etag: str) -> Response:
    """304 with the same ETag and no body."""
    return _NotModified(status=304, headers={"ETag": etag, "Cache-Control": "must-revalidate"})


def refusal(why: SyncError) -> Response:
    """An error of ours as a status, and `{"error", "reason"}`."""
    match why:
        case NotAllowed():
            headers = {"Allow": ",".join(why.allowed)}
            return answer({"error": why.error, "reason": why.reason}, why.status, headers)
        case Refused():
            return answer({"error": why.error, "reason": why.reason}, why.status)
        case DiskFull():
            return answer({"error": "disk_full", "reason": "nothing was saved"}, 507)
        case Unavailable():
            later = {} if why.retry_after_s is None else {"Retry-After": str(math.ceil(why.retry_after_s))}
            return answer({"error": "unavailable", "reason": why.reason}, 503, later)
        case Broken():
            return answer({"error": "broken", "reason": why.reason}, 500)
        case _:
            return answer({"error": "unknown_error", "reason": str(why)}, 500)
