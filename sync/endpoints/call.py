"""One request as an endpoint sees it: who asks, of which database, with which parameters and body."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import quote

from flask import Request

from sync.cors import OFF, Cors
from sync.databases import Databases
from sync.documents import Json, load
from sync.errors import BadContentType, BadRequest, Forbidden, TooLarge, Unauthorized
from sync.filtering import Filter
from sync.gunzip import Gunzip
from sync.replications import Replications
from sync.security import is_database_admin, is_member
from sync.sessions import Sessions, User
from sync.store import Store
from sync.tasks import Tasks

MAX_BODY_BYTES = 64 * 1024 * 1024
_READ_BYTES = 64 * 1024


NativeFilter: TypeAlias = Callable[[Mapping[str, str], User | None], Filter]
"""Makes a filter of `_changes` for a request's parameters and user. Raises `Refused`. Feeds whose filters
compare equal share their pages."""


@dataclass(frozen=True, slots=True)
class Host:
    """What a server is made of. `authorize(user, database, method, path)`, the path after the database."""

    databases: Databases
    uuid: str
    authenticate: Callable[[str, str], User | None]
    authorize: Callable[[User | None, str, str, str], bool]
    sessions: Sessions
    new_id: Callable[[], str]
    on_checkpoint: Callable[[User, str, int], None] | None
    now: Callable[[], datetime]
    is_admin: Callable[[User | None], bool] = lambda user: False
    filters: Mapping[str, NativeFilter] = field(default_factory=dict)
    cors: Cors = OFF
    tasks: Tasks = field(default_factory=Tasks)
    replications: Replications | None = None
    seen_by: Callable[[User | None, Store], Store] = lambda user, store: store
    own_notes: frozenset[str] = frozenset()
    narrowed: Callable[[User | None, str, Filter], Filter] = lambda user, database, asked: asked

    def may_enter(self, user: User | None, store: Store, method: str, path: str) -> bool:
        """Whether the owner of this server lets them, and the database's `_security` does."""
        return self.authorize(user, store.name, method, path) and (
            self.is_admin(user) or is_member(store.security(), user)
        )

    def require_to_note(self, user: User | None, database: str, local_id: str) -> None:
        """Raises `Forbidden` for a `_local` document that only this server, or somebody else, writes."""
        if local_id in self.own_notes:
            raise Forbidden(f"_local/{local_id} is written by this server alone")
        if not self.authorize(user, database, "PUT", f"_local/{local_id}"):
            raise Forbidden(f"_local/{local_id} is not yours to write")


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the server; `user` is None for whoever gave no name."""

    host: Host
    request: Request
    user: User | None

    def location(self, *path: str) -> str:
        """The URL of something here; behind a proxy, which says so in headers, as its clients write it."""
        headers = self.request.headers
        host = headers.get("X-Forwarded-Host", self.request.host)
        is_https = headers.get("X-Forwarded-Ssl") == "on" or headers.get("X-Forwarded-Proto") == "https"
        scheme = "https" if is_https else self.request.scheme
        return f"{scheme}://{host}/" + "/".join(quote(piece, safe="") for piece in path)

    def require_server_admin(self) -> None:
        """Raises `Unauthorized`."""
        if not self.host.is_admin(self.user):
            raise Unauthorized("You are not a server admin.")

    def text(self, name: str) -> str | None:
        """A parameter as it came, decoded; None where there is none."""
        return self.request.args.get(name)

    def flag(self, name: str) -> bool:
        """Only `true` is true, as where CouchDB ignores what it does not understand."""
        return self.request.args.get(name) == "true"

    def json_parameter(self, name: str) -> Any:
        """A parameter whose value is JSON; None where there is none."""
        value = self.request.args.get(name)
        return None if value is None else load(value.encode("utf-8", "surrogateescape"))

    def number(self, name: str) -> int | None:
        """A natural number; None where there is none. Raises `BadRequest` for another value."""
        value = self.request.args.get(name)
        return None if value is None else natural(name, value)

    def body(self) -> bytes:
        """The whole body, gunzipped. Raises `TooLarge`, `BadContentType`, `BadRequest` (cut off)."""
        match self.request.headers.get("Content-Encoding", "identity").strip().lower():
            case "identity" | "":
                return gathered(self.chunks())
            case "gzip":
                return _gunzipped(self.chunks())
            case other:
                raise BadContentType(f"Unsupported Content-Encoding: {other}")

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes, of any length, not gunzipped. Raises `BadRequest` where it is cut off."""
        stream = self.request.environ["wsgi.input"]
        size = 0
        try:
            while part := stream.read(_READ_BYTES):
                size += len(part)
                yield part
        except ValueError as why:  # cheroot's word for a chunked body that is not one
            raise BadRequest("malformed chunked body") from why
        except OSError as why:
            raise BadRequest("the body did not arrive") from why
        if self.request.content_length is not None and size < self.request.content_length:
            raise BadRequest("the body ended before its Content-Length")

    def json_body(self) -> Any:
        """The body of a POST, which must say that it is JSON."""
        self.require_json()
        return load(self.body())

    def require_json(self) -> None:
        """Raises `BadContentType` for a body that is not announced as JSON."""
        if self.request.mimetype != "application/json":
            raise BadContentType("Content-Type must be application/json")

    def object_body(self) -> Json:
        """The body's JSON object. Raises `BadRequest` for anything else."""
        value = self.json_body()
        if not isinstance(value, dict):
            raise BadRequest("Request body must be a JSON object")
        return value


@dataclass(frozen=True, slots=True)
class DatabaseCall(Call):
    """`path`: what follows the database, decoded piece by piece."""

    store: Store
    path: tuple[str, ...]

    def require_admin(self) -> None:
        """Of the server, or of this database."""
        if self.host.is_admin(self.user) or is_database_admin(self.store.security(), self.user):
            return
        reason = "You are not a db or server admin."
        raise Unauthorized(reason) if self.user is None else Forbidden(reason)

    def put_local(self, local_id: str, document: object) -> str:
        """Raises `Forbidden` for a note that only this server, or somebody else, writes."""
        self._require_to_note(local_id)
        return self.store.put_local(local_id, document)

    def delete_local(self, local_id: str) -> None:
        """Raises `NotFound`, and `Forbidden` for a note that only this server, or somebody else, writes."""
        self._require_to_note(local_id)
        self.store.delete_local(local_id)

    def _require_to_note(self, local_id: str) -> None:
        """Whatever way it comes: among the documents of a `_bulk_docs` too."""
        self.host.require_to_note(self.user, self.store.name, local_id)

    @property
    def source(self) -> str | None:
        """Whom the store names as the bringer of what this request writes."""
        return None if self.user is None else self.user.name


def natural(name: str, value: object) -> int:
    """A number ≥ 0 that SQLite can hold. Raises CouchDB's `query_parse_error`."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    raise BadRequest(f"Invalid value for {name}: {value!r:.40}", error="query_parse_error")


def gathered(chunks: Iterable[bytes]) -> bytes:
    """All of a body that must be in memory. Raises `TooLarge`."""
    return b"".join(_limited(chunks))


def _limited(chunks: Iterable[bytes]) -> Iterator[bytes]:
    size = 0
    for part in chunks:
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise TooLarge("the request entity is too large")
        yield part


def _gunzipped(chunks: Iterable[bytes]) -> bytes:
    """Neither what comes nor what is in it may be too large."""
    unpacking = Gunzip()
    body = gathered(piece for part in _limited(chunks) for piece in unpacking.feed(part))
    if not unpacking.complete:
        raise BadRequest("the gzip body is cut off")
    return body
