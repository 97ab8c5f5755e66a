"""How answers look: JSON with one line feed at its end, never compressed. protocol.md §1.2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from flask import Response
from werkzeug.datastructures import Headers

from sync.documents import dump
from sync.errors import Broken, DiskFull, NotAllowed, Refused, SyncError, Unavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

JSON_TYPE = "application/json"


def answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return raw_answer(dump(value) + b"\n", status, headers)


def raw_answer(
    body: bytes | Iterable[bytes], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """`body`: JSON that is bytes already, whole or in parts."""
    response = Response(body, status, content_type=JSON_TYPE)
    response.headers["Cache-Control"] = "must-revalidate"
    response.headers.update(headers or {})
    return response


class _NotModified(Response):
    """With CouchDB's `Content-Length: 0`, which Werkzeug takes out and clients written for CouchDB ask for."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        headers = super().get_wsgi_headers(environ)
        headers["Content-Length"] = "0"
        return headers


def not_modified(etag: str) -> Response:
    return _NotModified(status=304, headers={"ETag": etag, "Cache-Control": "must-revalidate"})


def refusal(why: SyncError) -> Response:
    match why:
        case NotAllowed():
            headers = {"Allow": ",".join(why.allowed)}
            return answer({"error": why.error, "reason": why.reason}, why.status, headers)
        case Refused():
            return answer({"error": why.error, "reason": why.reason}, why.status)
        case DiskFull():
            return answer({"error": "disk_full", "reason": "nothing was saved"}, 507)
        case Unavailable():
            return answer({"error": "unavailable", "reason": why.reason}, 503)
        case Broken():
            return answer({"error": "broken", "reason": why.reason}, 500)
        case _:
            return answer({"error": "unknown_error", "reason": str(why)}, 500)
