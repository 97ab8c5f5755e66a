"""One attachment: GET (whole, or ranges of it), PUT, DELETE. protocol.md §1.8."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from flask import Response

from sync.contents import MAX_ATTACHMENT_BYTES
from sync.documents import (
    BINARY_TYPE,
    Attachment,
    Content,
    Json,
    Stored,
    checked_attachment_name,
    load,
    parse_document,
    render,
)
from sync.endpoints.answers import answer, not_modified
from sync.endpoints.call import DatabaseCall
from sync.endpoints.preconditions import base_rev, is_known
from sync.endpoints.streams import streamed
from sync.errors import BadContentType, BadRange, Conflict, NotFound, TooLarge
from sync.multipart import Slice, byteranges, content_range, header_text
from sync.revisions import Rev, parse_rev

MAX_RANGES = 9  # more in one request get everything

_RANGE = re.compile(r"([0-9]{0,18})-([0-9]{0,18})")


def get_attachment(call: DatabaseCall, doc_id: str, name: str) -> Response:
    """If-Match is ignored: python-cloudant sends one with every read."""
    rev = call.text("rev")
    stored = call.store.revision(doc_id, parse_rev(rev) if rev is not None else None)
    one = _named(stored, name)
    etag = f'"{one.digest.removeprefix("md5-")}"'
    if is_known(call, etag):
        return not_modified(etag)
    headers = {
        "ETag": etag,
        "Cache-Control": "must-revalidate",
        "Accept-Ranges": "bytes" if one.gzipped is None else "none",
        # an attachment may be a page with scripts: it must not act as one of this server's own
        "Content-Security-Policy": "sandbox",
    }
    if one.gzipped is not None:
        return _unranged(call, one, headers)
    ranges = _ranges(call.request.headers.get("Range"), one.length)
    match ranges:
        case []:
            return _unranged(call, one, headers)
        case [(start, stop)]:
            headers |= _content_type(one) | {"Content-Range": content_range(start, stop, one.length)}
            return streamed(call.store, [Slice(one, start, stop)], 206, headers)
        case _:
            boundary = call.host.new_id()
            headers["Content-Type"] = f'multipart/byteranges; boundary="{boundary}"'
            return streamed(call.store, byteranges(boundary.encode(), one, ranges), 206, headers)


def _named(stored: Stored, name: str) -> Attachment:
    for one in stored.attachments:
        if one.name == name:
            return one
    raise NotFound("Document is missing attachment")


def _content_type(one: Attachment) -> dict[str, str]:
    """As it was sent: UTF-8, which a header carries as if each byte were a character."""
    return {"Content-Type": header_text(one.content_type).encode().decode("latin-1")}


def _unranged(call: DatabaseCall, one: Attachment, headers: Mapping[str, str]) -> Response:
    """All of it; what is stored gzipped leaves so if the client can read that."""
    headers = {**headers, **_content_type(one)}
    if one.gzipped is None:
        headers["Content-MD5"] = one.digest.removeprefix("md5-")  # 3.5 says it no more, its tests still ask
        return streamed(call.store, [Slice(one, 0, one.length)], 200, headers)
    headers["Vary"] = "Accept-Encoding"
    if call.request.accept_encodings.quality("gzip") > 0:
        headers["Content-Encoding"] = "gzip"
        return streamed(call.store, [Slice(one, 0, one.gzipped)], 200, headers)
    headers["Content-Length"] = str(one.length)
    return Response(call.store.attachment(one), 200, headers=headers)


def _ranges(header: str | None, length: int) -> list[tuple[int, int]]:
    """The ranges asked for as [start, stop); none where all is to be sent: malformed, or too many.

    Raises `BadRange` if one of them is outside.
    """
    unit, _, specs = (header or "").strip().partition("=")
    ranges: list[tuple[int, int]] = []
    for spec in specs.split(",") if unit == "bytes" else ():
        match = _RANGE.fullmatch(spec.strip())
        if match is None or match[0] in ("-", "0-"):
            return []
        if not match[1]:
            start, stop = max(length - int(match[2]), 0), length
        else:
            start, stop = int(match[1]), min(int(match[2]) + 1, length) if match[2] else length
        if start >= stop:
            raise BadRange(length)
        ranges.append((start, stop))
    return ranges if len(ranges) <= MAX_RANGES else []


def put_attachment(call: DatabaseCall, doc_id: str, name: str) -> Response:
    """The body goes to the disk as it comes, text packed; what is gzipped stays so."""
    checked_attachment_name(name)
    base = base_rev(call)
    gzipped = _is_gzipped(call)
    if (call.request.content_length or 0) > MAX_ATTACHMENT_BYTES:
        raise TooLarge(name, error="attachment_too_large")
    # the type as it was sent, parameters and all
    sent = call.request.headers.get("Content-Type") or BINARY_TYPE
    content_type = sent.encode("latin-1").decode("utf-8", "replace")
    about = {"content_type": content_type, "follows": True}
    with call.store.staging() as staging:
        content = staging.lay(call.chunks(), name=name, content_type=content_type, gzipped=gzipped)
        rev = _edit(
            call, doc_id, base, lambda attachments: {**attachments, name: about}, following={name: content}
        )
    return _saved(doc_id, rev, 201, {"Location": call.location(call.store.name, doc_id, name)})


def _is_gzipped(call: DatabaseCall) -> bool:
    match call.request.headers.get("Content-Encoding", "identity").strip().lower():
        case "identity" | "":
            return False
        case "gzip":
            return True
        case _:
            raise BadContentType("Only gzip and identity content-encodings are supported")


def delete_attachment(call: DatabaseCall, doc_id: str, name: str) -> Response:
    """DELETE `/{db}/{doc}/{name}?rev=`: a revision without it. 404, or 409 where `rev` is no leaf."""

    def without(attachments: Json) -> Json:
        return {other: about for other, about in attachments.items() if other != name}

    base = base_rev(call)
    with call.store.file.write():
        stored = call.store.revision(doc_id) if base is None else _at(call, doc_id, base)
        _named(stored, name)
        rev = _edit(call, doc_id, base, without)
    return _saved(doc_id, rev, 200, {})


def _edit(
    call: DatabaseCall,
    doc_id: str,
    base: Rev | None,
    change: Callable[[Json], Json],
    *,
    following: Mapping[str, Content] = MappingProxyType({}),
) -> Rev:
    """A new revision of the document with its attachments changed, the rest as it is."""
    with call.store.file.write():
        document: Json = {} if base is None else load(render(_at(call, doc_id, base)))
        attachments = change(document.get("_attachments", {}))
        incoming = parse_document(
            {**document, "_attachments": attachments}, doc_id=doc_id, following=following
        )
        (outcome,) = call.store.write([incoming], new_edits=True, source=call.source)
        return outcome.saved()


def _at(call: DatabaseCall, doc_id: str, base: Rev) -> Stored:
    try:
        return call.store.revision(doc_id, base)
    except NotFound as why:
        raise Conflict("missing_rev", error="not_found") from why


def _saved(doc_id: str, rev: Rev, status: int, headers: Mapping[str, str]) -> Response:
    return answer({"ok": True, "id": doc_id, "rev": str(rev)}, status, headers)
