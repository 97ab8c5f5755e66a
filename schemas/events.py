"""The event: one act, written once by one node, never changed (docs/events.md has test vectors).

    id        <stream>:<hash>            hash = SHA-256 over the canonical JSON of the header, 64 hex digits
    revision  1-<32 hex>                 first half of SHA-256(hash ‖ seal): a copy with a junk seal is another leaf
              2-<32 hex>                 the only second one there is: redacted, without salt and data
    header    all members but _id, _rev, salt, data, seal
    data_hash SHA-256 over the canonical JSON of {"data", "salt"}: the data can go (redaction), the chain stays
    seal      Ed25519 by the node's key over "motcua/event/1" LF header
    signed    a person's signature over "motcua/decision/1" LF the members that make the decision

The format is final. A newer `v` is kept, replicated and shown, and its own rules are not guessed at.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, NewType

import msgspec
import orjson
from msgspec import Meta

from schemas.canonical import MAX_BYTES, MAX_INTEGER, canonical, check, from_base64, shown, to_base64
from schemas.errors import Malformed

StreamId = NewType("StreamId", str)
EventHash = NewType("EventHash", str)
NodeId = NewType("NodeId", str)
StaffId = NewType("StaffId", str)
Document = dict[str, Any]

VERSION: Final = 1

_STREAM = r"^[0-9a-f]{32}\Z"
_HASH = r"^[0-9a-f]{64}\Z"
_PREV = r"^([0-9a-f]{64})?\Z"
_KIND = r"^[a-z]+(_[a-z]+)*(\.[a-z]+(_[a-z]+)*)+\Z"
_AT = r"^(20[0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z\Z"
_NODE = r"^[a-z0-9]+(-[a-z0-9]+)*\.[1-9][0-9]*\Z"
_PERSON = r"^([a-z0-9]+([.-][a-z0-9]+)*)?\Z"
_CATALOG = r"^([1-9][0-9]*-[0-9a-f]{16})?\Z"
_HEX_ID = re.compile(r"^([0-9a-f]{32}):([0-9a-f]{64})$")
_REVISION = re.compile(r"^[12]-[0-9a-f]{32}$")

_DATABASES: Final = {"dossier": "dossiers", "petition": "dossiers", "node": "dossiers", "visit": "visits"}

NOT_IN_HEADER: Final = frozenset({"_id", "_rev", "_revisions", "salt", "data", "seal"})
HEADER_MEMBERS: Final = frozenset(
    {"v", "stream", "kind", "parents", "rests_on", "at", "node", "seq", "prev", "catalog", "by", "with"}
    | {"signed", "clock", "data_hash"}
)
_USUAL_MEMBERS: Final = HEADER_MEMBERS | NOT_IN_HEADER

Hex64 = Annotated[str, Meta(pattern=_HASH)]
Algorithm = Literal["ed25519", "ecdsa-p256-sha256", "rsa-pss-sha256", "rsa-pkcs1-sha256"]


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person's signature over a decision; `certificate` is the SHA-256 of its DER."""

    certificate: Hex64
    algorithm: Algorithm
    value: Annotated[str, Meta(max_length=2048)]


class Event(msgspec.Struct, frozen=True, rename={"with_": "with"}):
    """One well-formed event of a version that we understand. `parents`, `rests_on`, `with_` are ascending.

    `at` is UTC in microseconds, always 27 characters, so that text order is time order.
    """

    stream: Annotated[str, Meta(pattern=_STREAM)]
    kind: Annotated[str, Meta(pattern=_KIND, max_length=64)]
    parents: tuple[Hex64, ...]
    at: Annotated[str, Meta(pattern=_AT)]
    node: Annotated[str, Meta(pattern=_NODE, max_length=64)]
    seq: Annotated[int, Meta(ge=1, le=MAX_INTEGER)]
    prev: Annotated[str, Meta(pattern=_PREV)]
    catalog: Annotated[str, Meta(pattern=_CATALOG, max_length=40)]
    by: Annotated[str, Meta(pattern=_PERSON, max_length=64)]
    with_: tuple[Annotated[str, Meta(pattern=_PERSON, min_length=1, max_length=64)], ...]
    data_hash: Hex64
    data: dict[str, Any]
    salt: str
    seal: str
    hash: EventHash
    rests_on: tuple[Hex64, ...] = ()
    signed: Signed | None = None
    clock: Literal["unsure"] | None = None

    @property
    def redacted(self) -> bool:
        """Whether salt and data are gone: what was written is no longer here, that it was written is."""
        return self.salt == ""

    @property
    def order(self) -> tuple[str, str]:
        """Orders displays and additive facts; it never decides which decision stands."""
        return (self.at, self.hash)


class Unknown(msgspec.Struct, frozen=True):
    """An event of a newer version: kept, replicated, and shown as "needs a newer version"."""

    stream: str
    hash: EventHash
    version: int


def database_of(kind: str) -> str:
    """Where events of a kind are written, by its first word; what no other database has is an entry of the catalog.

    A node's chains in its databases share numbers, keys and the event before the first, and nothing sealed names the
    database: an act that is carried over would look like a second one under its number.
    """
    return _DATABASES.get(kind.partition(".")[0], "catalog")


def header_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """All members that the hash covers."""
    header = dict(document)
    for name in NOT_IN_HEADER:
        header.pop(name, None)
    return header


def hash_of(header: Mapping[str, Any]) -> EventHash:
    """SHA-256 over the canonical JSON of the header, as 64 lower-case hex digits."""
    return EventHash(hashlib.sha256(canonical(header)).hexdigest())


def data_hash_of(data: Mapping[str, Any], salt: str) -> str:
    """What the header commits to; the salt keeps short data from being guessed after a redaction."""
    return hashlib.sha256(canonical({"data": data, "salt": salt})).hexdigest()


def revision_of(event_hash: str, seal: bytes) -> str:
    """The first revision of an honest event, and but for a redaction the only one."""
    return "1-" + hashlib.sha256(bytes.fromhex(event_hash) + seal).hexdigest()[:32]


def redacted_revision_of(event_hash: str, seal: bytes) -> str:
    """The revision of an event whose data the law demanded to be gone (design §3.6)."""
    return "2-" + hashlib.sha256(bytes.fromhex(event_hash) + seal + b"redacted").hexdigest()[:32]


def redacted(document: Mapping[str, Any]) -> Document:
    """The second revision of an event: header and seal without salt and data, with the first as its history."""
    event_hash, seal = document["_id"].partition(":")[2], from_base64(document["seal"], "seal", 64)
    first, second = revision_of(event_hash, seal), redacted_revision_of(event_hash, seal)
    return {
        "_id": document["_id"],
        "_rev": second,
        "_revisions": {"start": 2, "ids": [second[2:], first[2:]]},
        **header_of(document),
        "seal": document["seal"],
    }


def seal_message(header: Mapping[str, Any]) -> bytes:
    """What the node's Ed25519 key signs."""
    return b"motcua/event/1\n" + canonical(header)


def decision_message(header: Mapping[str, Any]) -> bytes:
    """What the person's key signs: the decision without the machine's part of the header.

    An absent `rests_on` counts as an empty one.
    """
    members = ("stream", "kind", "parents", "at", "by", "data_hash")
    decision = {name: header[name] for name in members}
    return b"motcua/decision/1\n" + canonical({**decision, "rests_on": header.get("rests_on", [])})


def write(
    *,
    stream: str,
    kind: str,
    parents: Sequence[str],
    at: datetime,
    node: str,
    seq: int,
    prev: str,
    catalog: str,
    by: str,
    data: Mapping[str, Any],
    salt: bytes,
    seal: Callable[[bytes], bytes],
    rests_on: Sequence[str] | None = None,
    with_: Sequence[str] = (),
    sign: Callable[[bytes], Signed] | None = None,
    clock_unsure: bool = False,
) -> Document:
    """Write one event as a CouchDB document.

    `rests_on` is given for decisions only. `sign` makes the person's signature, `seal` the node's; both
    get the exact bytes. Raises `Malformed` when the result would break a write rule.
    """
    header: dict[str, Any] = {
        "v": VERSION,
        "stream": stream,
        "kind": kind,
        "parents": sorted(set(parents)),
        "at": timestamp(at),
        "node": node,
        "seq": seq,
        "prev": prev,
        "catalog": catalog,
        "by": by,
        "with": sorted(set(with_)),
    }
    if rests_on is not None:
        header["rests_on"] = sorted(set(rests_on))
    if clock_unsure:
        header["clock"] = "unsure"
    plain = orjson.loads(canonical(data))  # tuples become the lists that a reader will see
    check({**header, "data": plain})
    salted = to_base64(salt)
    header["data_hash"] = data_hash_of(plain, salted)
    if sign is not None:
        header["signed"] = msgspec.to_builtins(sign(decision_message(header)))
    sealed = seal(seal_message(header))
    event_hash = hash_of(header)
    document = {
        "_id": f"{stream}:{event_hash}",
        "_rev": revision_of(event_hash, sealed),
        **header,
        "salt": salted,
        "data": plain,
        "seal": to_base64(sealed),
    }
    parse(document)
    return document


def parse(document: Mapping[str, Any]) -> Event | Unknown:
    """The event in a document, or `Malformed` naming the member that breaks a write rule (design §7).

    Checks all that can be seen without a key: form, canonical spelling, hashes, id and revision.
    """
    if not isinstance(document, Mapping):
        raise Malformed("event", "an event is a JSON object")
    _members(document)
    # `_revisions` is the transport's: with it or without it, every node must find the same size
    stored = dict(document)
    stored.pop("_revisions", None)
    check(stored)
    if len(canonical(stored)) > MAX_BYTES:
        raise Malformed("data", f"an event has at most {MAX_BYTES} bytes")
    stream, claimed = _identity(document)
    header = header_of(document)
    event_hash = hash_of(header)
    if event_hash != claimed:
        raise Malformed("_id", "the id is not the hash of the event")
    data, salt, seal = document.get("data"), document.get("salt"), document.get("seal")
    if document["_rev"].startswith("2-"):
        if type(seal) is not str or "data" in document or "salt" in document:
            raise Malformed(
                "_rev", "an event has one revision; that of a redaction has neither data nor salt"
            )
        _redacted_revision(document, event_hash, from_base64(seal, "seal", 64))
    else:
        if type(data) is not dict or type(salt) is not str or type(seal) is not str:
            raise Malformed("data", "an event has data, salt and seal")
        from_base64(salt, "salt", 16)
        if document["_rev"] != revision_of(event_hash, from_base64(seal, "seal", 64)):
            raise Malformed("_rev", "the revision is not made from hash and seal")
        if header.get("data_hash") != data_hash_of(data, salt):
            raise Malformed("data_hash", "the data is not the data that the header commits to")
    if header.get("stream") != stream:
        raise Malformed("stream", "not the stream of the id")
    version = header.get("v")
    if type(version) is not int or version < VERSION:
        raise Malformed("v", "not a version of the event format")
    if version > VERSION:
        return Unknown(stream, event_hash, version)
    return _event(document, event_hash)


def _members(document: Mapping[str, Any]) -> None:
    for name in document.keys() - _USUAL_MEMBERS:
        if str(name).startswith("_"):
            reason = {"_deleted": "an event is never deleted", "_attachments": "an event has no attachments"}
            raise Malformed(shown(name), reason.get(name, "unknown special member"))


def _identity(document: Mapping[str, Any]) -> tuple[str, str]:
    name, revision = document.get("_id"), document.get("_rev")
    match = _HEX_ID.fullmatch(name) if type(name) is str else None
    if match is None:
        raise Malformed("_id", "an event's id is <stream>:<hash>")
    if type(revision) is not str or _REVISION.fullmatch(revision) is None:
        raise Malformed(
            "_rev", "an event has one revision, of generation 1, and one more when it is redacted"
        )
    revisions = document.get("_revisions")
    first = revision.startswith("1-")
    if first and revisions is not None and revisions != {"start": 1, "ids": [revision[2:]]}:
        raise Malformed("_revisions", "an event has one revision, of generation 1")
    return match[1], match[2]


def _redacted_revision(document: Mapping[str, Any], event_hash: str, seal: bytes) -> None:
    first, second = revision_of(event_hash, seal), redacted_revision_of(event_hash, seal)
    if document["_rev"] != second:
        raise Malformed("_rev", "the revision is not that of a redaction")
    revisions = document.get("_revisions")
    if revisions is not None and revisions != {"start": 2, "ids": [second[2:], first[2:]]}:
        raise Malformed("_revisions", "a redaction has the event's first revision as its history")


def _event(document: Mapping[str, Any], event_hash: EventHash) -> Event:
    extra = document.keys() - HEADER_MEMBERS - NOT_IN_HEADER
    if extra:
        raise Malformed(min(extra), "not a member of an event of version 1")
    try:
        event = msgspec.convert({"data": {}, "salt": "", **document, "hash": event_hash}, Event)
    except msgspec.ValidationError as error:
        field, _, why = str(error).rpartition(" - at `$.")
        raise Malformed(why.rstrip("`") if field else "event", field or str(error)) from error
    for field, values in (("parents", event.parents), ("rests_on", event.rests_on), ("with", event.with_)):
        if any(a >= b for a, b in pairwise(values)):
            raise Malformed(field, "must be ascending, each once")
    if (event.prev == "" or event.catalog == "") and (event.seq, event.prev, event.catalog) != (1, "", ""):
        raise Malformed("prev", "only the first catalog entry has no predecessor and no catalog")
    if event.signed is not None:
        from_base64(event.signed.value, "signed.value")
    moment(event.at)
    return event


def timestamp(at: datetime) -> str:
    """UTC with microseconds: `2026-11-23T01:15:22.123456Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(at: str) -> datetime:
    """The aware UTC datetime of a timestamp; raises `Malformed` for a day that does not exist."""
    try:
        return datetime.fromisoformat(at)
    except ValueError as error:
        raise Malformed("at", "no such day") from error
