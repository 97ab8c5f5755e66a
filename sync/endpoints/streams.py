"""Answers whose bytes come from the store while they are being sent, and the form that a client asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from flask import Request, Response

from sync.multipart import Segment, length
from sync.store import Store


def streamed(store: Store, segments: Iterable[Segment], status: int, headers: Mapping[str, str]) -> Response:
    """An answer of known length. `headers` have the Content-Type, to which Flask must not add a charset."""
    segments = list(segments)
    response = Response(stored_segments(store, segments), status, headers=dict(headers))
    response.headers["Content-Length"] = str(length(segments))
    return response


def stored_segments(store: Store, segments: Iterable[Segment]) -> Iterator[bytes]:
    """The bytes of a multipart answer, those of attachments read as they are sent."""
    for one in segments:
        if isinstance(one, bytes):
            yield one
        else:
            yield from store.stored_bytes(one.attachment, start=one.start, stop=one.stop)


def accepts(request: Request, mime_type: str) -> bool:
    """Whether the client takes this type; without an Accept header it takes all, as with `*/*`."""
    if "Accept" not in request.headers:
        return True
    return request.accept_mimetypes.quality(mime_type) > 0
