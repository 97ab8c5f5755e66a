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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias, TypeGuard

import orjson

from sync.errors import BadRequest, TooLarge
from sync.packing import is_packed, packed
from sync.revisions import Rev, canonical_hash, parse_rev

Json: TypeAlias = dict[str, Any]

LOCAL = "_local/"
DESIGN = "_design/"
BINARY_TYPE = "application/octet-stream"  # of an attachment that does not say
_MAX_NATURAL = 10**15
MAX_ID_BYTES = 16 * 1024
"""Percent-encoded in a URL or a `Location` three times as long, which servers and clients still take."""
MAX_CONTENT_TYPE = 1024
MAX_DOCUMENT_BYTES = 8_000_000  # of its body, as CouchDB counts: without attachments and `_` members

# Read-only members that clients send back as they got them; CouchDB drops them without a word.
_DROPPED = frozenset(("_revs_info", "_local_seq", "_conflicts", "_deleted_conflicts"))
_TAKEN_APART = frozenset(("_id", "_rev", "_revisions", "_deleted", "_attachments"))
_SPECIAL = _DROPPED | _TAKEN_APART


class Content(NamedTuple):
    """Bytes that the store has: its row number for them, how many they are, their `md5-<base64>`.

    `unpacked`: they are a gzip, and this is how many bytes are in it; None: they are what they are.
    """

    number: int
    length: int
    digest: str
    unpacked: int | None = None


class Packed(NamedTuple):
    """Bytes that came with the document and are stored as their gzip; `length`: how many are in it."""

    gzip: bytes
    length: int


class AttachmentIn(NamedTuple):
    """One member of `_attachments` as it was sent. `data`: None for a stub, a `Content` for what followed."""

    name: str
    content_type: str
    revpos: int | None
    data: bytes | Packed | Content | None


class Attachment(NamedTuple):
    """One attachment of a stored revision. `digest` is `md5-<base64>`; `content` is the store's row number.

    `gzipped`: None, or how many bytes the gzip has that is stored, and that `digest` is of. `length` is
    always that of what it unpacks to.
    """

    name: str
    content_type: str
    revpos: int
    digest: str
    length: int
    content: int
    gzipped: int | None = None

    @property
    def stored_length(self) -> int:
        """In bytes, as it lies in the store: of the gzip, where there is one."""
        return self.length if self.gzipped is None else self.gzipped

    def as_sent(self) -> AttachmentIn:
        """This attachment for another document: its bytes need not travel, they are here."""
        unpacked = None if self.gzipped is None else self.length
        content = Content(self.content, self.stored_length, self.digest, unpacked)
        return AttachmentIn(self.name, self.content_type, None, content)


def kept_as(sent: AttachmentIn, content: Content, revpos: int) -> Attachment:
    """The stored attachment that `sent` becomes with these bytes."""
    length, gzipped = content.length, None
    if content.unpacked is not None:
        length, gzipped = content.unpacked, content.length
    return Attachment(sent.name, sent.content_type, revpos, content.digest, length, content.number, gzipped)


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


def parse_document(
    document: object, *, doc_id: str | None = None, following: Mapping[str, Content] = MappingProxyType({})
) -> Incoming:
    """Check and take apart one document; `doc_id` (from the URL) wins over its `_id`.

    `following`: the bytes of its attachments that are sent beside it, by name. Raises `BadRequest` in
    CouchDB's words, and `TooLarge`.
    """
    if not isinstance(document, dict):
        raise BadRequest("Document must be a JSON object")
    for member in document:
        if member[:1] == "_" and member not in _SPECIAL:
            raise BadRequest(f"Bad special document member: {member}", error="doc_validation")
    deleted = document.get("_deleted", False)
    if not isinstance(deleted, bool):
        raise BadRequest("Bad special document member: _deleted", error="doc_validation")
    replicable_id = checked_id(document.get("_id") if doc_id is None else doc_id)
    if replicable_id.startswith(LOCAL):
        raise BadRequest("a _local document is none that replicates", error="illegal_docid")
    body = body_bytes(document)
    if len(body) > MAX_DOCUMENT_BYTES:
        raise TooLarge(replicable_id, error="document_too_large")
    return Incoming(
        id=replicable_id,
        path=_path(document),
        deleted=deleted,
        body=body,
        attachments=tuple(
            _attachment(name, about, following.get(name)) for name, about in attachments_of(document).items()
        ),
        document=document,
    )


def checked_id(doc_id: object) -> str:
    """The id itself. Raises `BadRequest` (`illegal_docid`) for one that CouchDB refuses, or longer than `MAX_ID_BYTES` in UTF-8."""
    if not isinstance(doc_id, str):
        raise BadRequest("Document id must be a string", error="illegal_docid")
    if not doc_id:
        raise BadRequest("Document id must not be empty", error="illegal_docid")
    if len(doc_id) > MAX_ID_BYTES // 4 and len(doc_id.encode()) > MAX_ID_BYTES:
        raise BadRequest("Document id is too long", error="illegal_docid")
    if doc_id[0] == "_" and not (doc_id.startswith((DESIGN, LOCAL)) and not doc_id.endswith("/")):
        raise BadRequest(
            "Only reserved document ids may start with underscore.",
            error="illegal_docid",
        )
    return doc_id


def said_in(note: Json) -> Json:
    """What a `_local` document says: all but its id and revision."""
    return {name: value for name, value in note.items() if name not in ("_id", "_rev")}


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
    if not _is_natural(start):
        raise BadRequest("_revisions.start isn't an integer.", error="doc_validation")
    if not isinstance(hashes, list):
        raise BadRequest("_revisions.ids isn't a array.", error="doc_validation")
    if not all(isinstance(text, str) and text for text in hashes):
        raise BadRequest("RevId isn't a string", error="doc_validation")
    if not hashes or start < len(hashes):
        raise BadRequest("_revisions.ids and _revisions.start do not agree.", error="doc_validation")
    return tuple(Rev(start - age, canonical_hash(text)) for age, text in enumerate(hashes))


def attachments_of(document: Json) -> Json:
    """Its `_attachments`, by name, in the order in which they were sent."""
    attachments = document.get("_attachments")
    if attachments is None:
        return {}
    if not isinstance(attachments, dict):
        raise BadRequest("Attachments JSON data must be an object")
    for name, about in attachments.items():
        checked_attachment_name(name)
        if not isinstance(about, dict):
            raise BadRequest(f"Invalid attachment metadata for {name}")
    return attachments


class Follower(NamedTuple):
    """An attachment whose bytes are sent beside the document: `length` of them, of that digest, if it says so."""

    name: str
    content_type: str
    length: int
    gzipped: bool
    digest: str | None


def followers(document: Json) -> list[Follower]:
    """The attachments with `follows`, in the order in which their bytes come. protocol.md §1.8."""
    return [
        _follower(name, about)
        for name, about in attachments_of(document).items()
        if about.get("follows") is True and about.get("stub") is not True
    ]


def _follower(name: str, about: Json) -> Follower:
    encoding = about.get("encoding")
    if encoding not in (None, "identity", "gzip"):
        raise BadRequest(f"Invalid attachment encoding for {name}")
    gzipped = encoding == "gzip"
    length = about.get("encoded_length", about.get("length")) if gzipped else about.get("length")
    if not _is_natural(length):
        raise BadRequest(f"Invalid attachment length for {name}")
    digest = about.get("digest")
    known = isinstance(digest, str) and digest.startswith("md5-")
    return Follower(name, _content_type_of(name, about), length, gzipped, digest if known else None)


def _attachment(name: str, sent: Json, content: Content | None) -> AttachmentIn:
    content_type, revpos = _content_type_of(name, sent), sent.get("revpos")
    if not (revpos is None or _is_natural(revpos)):
        raise BadRequest(f"Invalid attachment metadata for {name}")
    if sent.get("stub") is True:
        return AttachmentIn(name, content_type, revpos, None)
    if sent.get("follows") is True:
        if content is None:
            raise BadRequest(f"Attachment {name} follows, but this request is not multipart")
        return AttachmentIn(name, content_type, revpos, content)
    data = _decoded(name, sent.get("data"))
    if data and is_packed(content_type):
        return AttachmentIn(name, content_type, revpos, Packed(packed(data), len(data)))
    return AttachmentIn(name, content_type, revpos, data)


def _content_type_of(name: str, sent: Json) -> str:
    content_type = sent.get("content_type", BINARY_TYPE)
    if not isinstance(content_type, str) or len(content_type) > MAX_CONTENT_TYPE:
        raise BadRequest(f"Invalid attachment metadata for {name}")
    return content_type


def _decoded(name: str, data: object) -> bytes:
    if isinstance(data, str) and len(data) % 4 == 0:
        try:
            return binascii.a2b_base64(data, strict_mode=True)
        except binascii.Error:
            pass
        except ValueError:  # a character that is not ASCII
            pass
    raise BadRequest(f"Invalid attachment data for {name}")


def _is_natural(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_NATURAL


def checked_attachment_name(name: str) -> str:
    """The name itself. Raises `BadRequest` for one that is empty or begins with `_`."""
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
        what.update(dump([one.name, one.content_type, *_named_content(one)]))
    return what.hexdigest()[:32]


def _named_content(one: Attachment | AttachmentIn) -> tuple[str, ...]:
    """The digest, and the encoding if there is one: the same bytes packed are something else."""
    if isinstance(one, Attachment):
        return (one.digest,) if one.gzipped is None else (one.digest, "gzip")
    match one.data:
        case Content(digest=digest, unpacked=unpacked):
            return (digest,) if unpacked is None else (digest, "gzip")
        case Packed(gzip=data):
            return digest_of(data), "gzip"
        case data:
            return (digest_of(data or b""),)


def digest_of(content: bytes) -> str:
    """`md5-<base64>`, CouchDB's name for an attachment's bytes: a label, not a protection."""
    return digest_from(hashlib.md5(content, usedforsecurity=False).digest())


def digest_from(md5: bytes) -> str:
    """As `_attachments` names it: "md5-" and base64."""
    return "md5-" + base64.b64encode(md5).decode()


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
    """JSON in UTF-8 with its members in the order of their names: the bytes that are hashed."""
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


Bytes: TypeAlias = Callable[[Attachment], Iterable[bytes]]
"""Gives the bytes of an attachment, unpacked, piece by piece."""


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
    if not stored.attachments:  # most have none, and most of reading a feed is this
        return b"".join((*_without_attachments(stored, history, extra), *_members(stored)))
    inline = None if contents is None else lambda one: (contents[one.content],)
    return b"".join(rendered(stored, history=history, shown=Shown(inline=inline), extra=extra))


class Shown(NamedTuple):
    """How attachments appear in a document: as stubs, unless `inline` (base64) or `follows` (multipart).

    `since`: those that are not newer than this generation are stubs all the same. `encoding`: say which
    are stored gzipped.
    """

    inline: Bytes | None = None
    follows: bool = False
    since: int = 0
    encoding: bool = False

    def has_bytes(self, one: Attachment) -> bool:
        """Whether this one's bytes come too, in the document or after it; else it is a stub."""
        return (self.follows or self.inline is not None) and one.revpos > self.since


STUBS = Shown()


def parse_ancestors(revs: object) -> list[Rev]:
    """The value of `atts_since`. Generation 0 is allowed, where nothing ever was. Raises `BadRequest`."""
    if not isinstance(revs, list):
        raise BadRequest("att_since value must be array of revs.")
    return [Rev(0, "") if isinstance(rev, str) and rev.startswith("0-") else parse_rev(rev) for rev in revs]


def newest_of(since: Sequence[Rev], history: Iterable[Rev]) -> int:
    """The generation of the newest revision of a path that is among `since` (`atts_since`); 0 if none."""
    return next((rev.generation for rev in history if rev in since), 0)


def rendered(
    stored: Stored,
    *,
    history: Sequence[Rev] | None = None,
    shown: Shown = STUBS,
    extra: Json | None = None,
) -> Iterator[bytes]:
    """The same in parts, so that large attachments need not be in memory."""
    parts = _without_attachments(stored, history, extra)
    separator = b',"_attachments":{'
    for one in stored.attachments:
        parts += (separator, orjson.dumps(one.name), b":", _about(one, shown))
        separator = b","
        if shown.inline is not None and shown.has_bytes(one):
            parts[-1] = parts[-1][:-1] + b',"data":"'
            yield b"".join(parts)
            yield from _base64(shown.inline(one))
            parts = [b'"}']
    if stored.attachments:
        parts.append(b"}")
    parts += _members(stored)
    yield b"".join(parts)


def _without_attachments(stored: Stored, history: Sequence[Rev] | None, extra: Json | None) -> list[bytes]:
    parts = [b'{"_id":', orjson.dumps(stored.id), b',"_rev":', orjson.dumps(str(stored.rev))]
    if stored.deleted:
        parts.append(b',"_deleted":true')
    if history is not None:
        parts += (b',"_revisions":', orjson.dumps(_revisions(history)))
    for name, value in (extra or {}).items():
        parts += (b',"', name.encode(), b'":', orjson.dumps(value))
    return parts


def _members(stored: Stored) -> tuple[bytes, ...]:
    """The rest of the document, after its `_` members."""
    return (b"}",) if stored.body == b"{}" else (b",", stored.body[1:])


def _revisions(history: Sequence[Rev]) -> Json:
    return {"start": history[0].generation, "ids": [rev.hash for rev in history]}


def _about(one: Attachment, shown: Shown) -> bytes:
    """Its member without `data`: CouchDB leaves out the length where the bytes themselves are there."""
    about: Json = {"content_type": one.content_type, "revpos": one.revpos, "digest": one.digest}
    if not shown.has_bytes(one):
        about |= {"length": one.length, "stub": True}
    elif shown.follows:
        about |= {"length": one.length, "follows": True}
    if shown.encoding and one.gzipped is not None:
        about |= {"encoding": "gzip", "encoded_length": one.gzipped}
    return orjson.dumps(about)


def _base64(chunks: Iterable[bytes]) -> Iterator[bytes]:
    over = b""  # three bytes are four characters: what is over waits for the next chunk
    for chunk in chunks:
        data = over + chunk
        whole = len(data) - len(data) % 3
        over = data[whole:]
        yield base64.b64encode(data[:whole])
    yield base64.b64encode(over)
