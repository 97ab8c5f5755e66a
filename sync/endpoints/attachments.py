"""One attachment: GET (whole, or a range), PUT, DELETE. protocol.md §1.8."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

from flask import Response

from sync.documents import Attachment, Json, Stored, checked_attachment_name, load, render
from sync.endpoints.answers import answer, not_modified
from sync.endpoints.call import DatabaseCall
from sync.endpoints.documents import base_rev
from sync.errors import BadRange, Conflict, NotFound
from sync.revisions import Rev, parse_rev

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def get_attachment(call: DatabaseCall, doc_id: str, name: str) -> Response:
    """If-Match is ignored: python-cloudant sends one with every read."""
    rev = call.text("rev")
    stored = call.store.revision(doc_id, parse_rev(rev) if rev is not None else None)
    one = _named(stored, name)
    etag = f'"{one.digest.removeprefix("md5-")}"'
    if etag in call.request.headers.get("If-None-Match", ""):
        return not_modified(etag)
    start, stop = _range(call.request.headers.get("Range"), one.length)
    partial = (start, stop) != (0, one.length)
    response = Response(
        call.store.attachment(one, start=start, stop=stop),
        206 if partial else 200,
        # not `content_type`, to which Flask would add a charset
        headers={"Content-Type": one.content_type},
    )
    response.headers["Content-Length"] = str(stop - start)
    response.headers["ETag"] = etag
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = "must-revalidate"
    if partial:
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{one.length}"
    return response


def _named(stored: Stored, name: str) -> Attachment:
    for one in stored.attachments:
        if one.name == name:
            return one
    raise NotFound("Document is missing attachment")


def _range(header: str | None, length: int) -> tuple[int, int]:
    """The bytes asked for as [start, stop); all of them for no range, several, or one that is malformed."""
    match = None if header is None else _RANGE.fullmatch(header.strip())
    if match is None or match[0] == "bytes=-":
        return 0, length
    if not match[1]:
        start, stop = max(length - int(match[2]), 0), length
    else:
        start, stop = int(match[1]), min(int(match[2]) + 1, length) if match[2] else length
    if start >= stop:
        raise BadRange(length)
    return start, stop


def put_attachment(call: DatabaseCall, doc_id: str, name: str) -> Response:
    checked_attachment_name(name)
    data = base64.b64encode(call.body()).decode()
    # the type as it was sent, parameters and all
    content_type = call.request.headers.get("Content-Type") or "application/octet-stream"
    sent = {"content_type": content_type, "data": data}
    rev = _edit(call, doc_id, lambda attachments: {**attachments, name: sent}, create=True)
    return _saved(doc_id, rev, 201)


def delete_attachment(call: DatabaseCall, doc_id: str, name: str) -> Response:
    def without(attachments: Json) -> Json:
        if name not in attachments:
            raise NotFound("Document is missing attachment")
        return {other: about for other, about in attachments.items() if other != name}

    return _saved(doc_id, _edit(call, doc_id, without, create=False), 200)


def _edit(call: DatabaseCall, doc_id: str, change: Callable[[Json], Json], *, create: bool) -> Rev:
    """A new revision of the document with its attachments changed, the rest as it is."""
    base = base_rev(call)
    with call.store.file.write():
        document: Json = {"_id": doc_id} if base is None and create else _at(call, doc_id, base)
        attachments = change(document.get("_attachments", {}))
        return call.store.put({**document, "_attachments": attachments}, source=call.source)


def _at(call: DatabaseCall, doc_id: str, base: str | None) -> Json:
    if base is None:
        raise Conflict()
    try:
        document: Json = load(render(call.store.revision(doc_id, parse_rev(base))))
    except NotFound as why:
        raise Conflict("missing_rev", error="not_found") from why
    return document


def _saved(doc_id: str, rev: Rev, status: int) -> Response:
    return answer({"ok": True, "id": doc_id, "rev": str(rev)}, status, {"ETag": f'"{rev}"'})
