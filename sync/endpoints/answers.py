"""How answers look: JSON with one line feed at its end, never compressed. protocol.md §1.2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask import Response

from sync.documents import dump
from sync.errors import Broken, DiskFull, NotAllowed, Refused, SyncError, Unavailable

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


def not_modified(etag: str) -> Response:
    return Response(status=304, headers={"ETag": etag, "Cache-Control": "must-revalidate"})


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
