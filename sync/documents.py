"""Documents at the door: JSON that came in, checked once; and JSON that goes out, put together from bytes.

What is stored of a document is its *body*: the members without a leading `_`, as JSON with sorted keys.
`_id`, `_rev`, `_deleted`, `_revisions` and `_attachments` live in columns and are spliced back on the way
out, so that reading a document never parses it. protocol.md §1.2, §1.7, §1.8; couch_doc.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, TypeGuard

import orjson

from sync.errors import BadRequest
from sync.revisions import Rev, canonical_hash, parse_rev

Json: TypeAlias = dict[str, Any]

LOCAL = "_local/"
DESIGN = "_design/"
MAX_GENERATION = 10**15

# Read-only members that clients send back as they got them; CouchDB drops them without a word.
_DROPPED = frozenset(("_revs_info", "_local_seq", "_conflicts", "_deleted_conflicts"))
_TAKEN_APART = frozenset(("_id", "_rev", "_revisions", "_deleted", "_attachments"))


class AttachmentIn(NamedTuple):
    """One member of `_attachments` as it was sent; `data` is None for a stub."""

    name: str
    content_type: str
    revpos: int | None
    data: bytes | None


class Attachment(NamedTuple):
    """One attachment of a stored revision. `digest` is `md5-<base64>`; `content` is the store's row number."""

    name: str
    content_type: str
    revpos: int
    digest: str
    length: int
    content: int


@dataclass(frozen=True, slots=True)
class Incoming:
    """A document that passed the door.

    `path`: newest revision first, at least one with `new_edits=False`; the base revision or nothing
    otherwise. `document` is what was sent, for rules and hooks.
    """

    id: str
    path: tuple[Rev, ...]
    deleted: bool
    body: bytes
    attachments: tuple[AttachmentIn, ...]
    document: Json


def parse_document(document: object, *, doc_id: str | None = None) -> Incoming:
    """Check and take apart one document; `doc_id` (from the URL) wins over its `_id`.

    Raises `BadRequest` in CouchDB's words.
    """
    if not isinstance(document, dict):
        raise BadRequest("Document must be a JSON object")
    for member in document:
        if member[:1] == "_" and member not in _TAKEN_APART and member not in _DROPPED:
            raise BadRequest(f"Bad special document member: {member}", error="doc_validation")
    deleted = document.get("_deleted", False)
    if not isinstance(deleted, bool):
        raise BadRequest("Bad special document member: _deleted", error="doc_validation")
    return Incoming(
        id=checked_id(document.get("_id") if doc_id is None else doc_id),
        path=_path(document),
        deleted=deleted,
        body=body_bytes(document),
        attachments=_attachments(document.get("_attachments")),
        document=document,
    )


def checked_id(doc_id: object) -> str:
    if not isinstance(doc_id, str):
        raise BadRequest("Document id must be a string", error="illegal_docid")
    if not doc_id:
        raise BadRequest("Document id must not be empty", error="illegal_docid")
    if doc_id[0] == "_" and not (doc_id.startswith((DESIGN, LOCAL)) and not doc_id.endswith("/")):
        raise BadRequest(
            "Only reserved document ids may start with underscore.",
            error="illegal_docid",
        )
    return doc_id


def body_bytes(document: Json) -> bytes:
    """The members without `_`, canonical: sorted keys, no white space."""
    return dump_sorted({key: value for key, value in document.items() if key[:1] != "_"})


def _path(document: Json) -> tuple[Rev, ...]:
    """`_revisions` newest first; else `_rev` alone; else nothing."""
    revisions = document.get("_revisions")
    if revisions is None:
        rev = document.get("_rev")
        return () if rev is None else (parse_rev(rev),)
    if not isinstance(revisions, dict):
        raise BadRequest("Bad special document member: _revisions", error="doc_validation")
    start, hashes = revisions.get("start"), revisions.get("ids")
    if not _is_generation(start):
        raise BadRequest("_revisions.start isn't an integer.", error="doc_validation")
    if not isinstance(hashes, list):
        raise BadRequest("_revisions.ids isn't a array.", error="doc_validation")
    if not all(isinstance(text, str) and text for text in hashes):
        raise BadRequest("RevId isn't a string", error="doc_validation")
    if not hashes or start < len(hashes):
        raise BadRequest("_revisions.ids and _revisions.start do not agree.", error="doc_validation")
    return tuple(Rev(start - age, canonical_hash(text)) for age, text in enumerate(hashes))


def _attachments(attachments: object) -> tuple[AttachmentIn, ...]:
    if attachments is None:
        return ()
    if not isinstance(attachments, dict):
        raise BadRequest("Attachments JSON data must be an object")
    return tuple(_attachment(name, sent) for name, sent in attachments.items())


def _attachment(name: str, sent: object) -> AttachmentIn:
    checked_attachment_name(name)
    if not isinstance(sent, dict):
        raise BadRequest(f"Invalid attachment metadata for {name}")
    content_type = sent.get("content_type", "application/octet-stream")
    revpos = sent.get("revpos")
    if not isinstance(content_type, str) or not (revpos is None or _is_generation(revpos)):
        raise BadRequest(f"Invalid attachment metadata for {name}")
    if sent.get("stub") is True:
        return AttachmentIn(name, content_type, revpos, None)
    if sent.get("follows") is True:
        raise BadRequest(f"Attachment {name} follows, but this request is not multipart")
    return AttachmentIn(name, content_type, revpos, _decoded(name, sent.get("data")))


def _decoded(name: str, data: object) -> bytes:
    if isinstance(data, str):
        try:
            return base64.b64decode(data, validate=True)
        except binascii.Error:
            pass
        except ValueError:  # a character that is not ASCII
            pass
    raise BadRequest(f"Invalid attachment data for {name}")


def _is_generation(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_GENERATION


def checked_attachment_name(name: str) -> str:
    if not name:
        raise BadRequest("Attachment name must not be empty")
    if name.startswith("_"):
        raise BadRequest(f"Attachment name '{name}' starts with prohibited character '_'")
    return name


def new_hash(
    base: Rev | None, *, deleted: bool, body: bytes, attachments: Sequence[Attachment | AttachmentIn]
) -> str:
    """The hash of an edit, 32 hex digits: the same edit of the same base is the same revision on every node."""
    what = hashlib.sha256()
    what.update(dump([str(base) if base else None, deleted, len(body)]))
    what.update(body)
    for one in sorted(attachments):
        content = one.digest if isinstance(one, Attachment) else digest_of(one.data or b"")
        what.update(dump([one.name, one.content_type, content]))
    return what.hexdigest()[:32]


def digest_of(content: bytes) -> str:
    """`md5-<base64>`, CouchDB's name for an attachment's bytes: a label, not a protection."""
    return "md5-" + base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


# ---- JSON


def load(raw: bytes) -> Any:
    """Parse JSON exactly: integers of any size as they are, a duplicate key or NaN is a `BadRequest`.

    orjson is fast, but takes the last of duplicate keys and makes floats of integers beyond 64 bits.
    Where it wrote the same bytes again, neither can have happened; anything else goes the slow way.
    """
    try:
        value = orjson.loads(raw)
        if orjson.dumps(value) == raw.rstrip():
            return value
        return json.loads(raw, object_pairs_hook=_without_duplicates, parse_float=_finite)
    except orjson.JSONEncodeError as why:  # it writes 254 levels, and reads 1,024
        raise BadRequest("invalid UTF-8 JSON: too deeply nested") from why
    except ValueError as why:
        raise BadRequest("invalid UTF-8 JSON") from why


def _without_duplicates(pairs: list[tuple[str, Any]]) -> Json:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise BadRequest("duplicate key in a JSON object")
    return value


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise BadRequest("a number is too large")
    return number


def dump(value: object) -> bytes:
    """Compact JSON; orjson, but for integers beyond 64 bits."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def dump_sorted(value: object) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


# ---- out


class Stored(NamedTuple):
    """One stored revision. `parent`: the hash of its parent, None at a root."""

    id: str
    rev: Rev
    deleted: bool
    parent: str | None
    body: bytes
    attachments: tuple[Attachment, ...]


def render(
    stored: Stored,
    *,
    history: Sequence[Rev] | None = None,
    contents: Mapping[int, bytes] | None = None,
    extra: Json | None = None,
) -> bytes:
    """The document as JSON, put together without parsing its body.

    `history`: given, becomes `_revisions`. `contents`: bytes of attachments by `Attachment.content`, for
    base64; without them they are stubs. `extra`: further `_` members (`_conflicts`, `_revs_info`, …).
    """
    parts = [b'{"_id":', orjson.dumps(stored.id), b',"_rev":', orjson.dumps(str(stored.rev))]
    if stored.deleted:
        parts.append(b',"_deleted":true')
    if history is not None:
        parts += (b',"_revisions":', orjson.dumps(_revisions(history)))
    if stored.attachments:
        members = {one.name: _outgoing(one, contents) for one in stored.attachments}
        parts += (b',"_attachments":', orjson.dumps(members))
    for name, value in (extra or {}).items():
        parts += (b',"', name.encode(), b'":', orjson.dumps(value))
    parts.append(b"}" if stored.body == b"{}" else b"," + stored.body[1:])
    return b"".join(parts)


def _revisions(history: Sequence[Rev]) -> Json:
    return {"start": history[0].generation, "ids": [rev.hash for rev in history]}


def _outgoing(one: Attachment, contents: Mapping[int, bytes] | None) -> Json:
    about = {"content_type": one.content_type, "revpos": one.revpos, "digest": one.digest}
    if contents is None:
        return {**about, "length": one.length, "stub": True}
    return {**about, "data": base64.b64encode(contents[one.content]).decode()}
