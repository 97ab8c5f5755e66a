"""A peer at the other end of a line. The only module that knows python-cloudant (and requests).

Silence is the enemy: a line that is cut somewhere in the middle says nothing. So a feed asks for
heartbeats, and two that do not come are a dead line; any other answer that is not begun in that time
is one too. Every byte that does come is proof of life, and `heard` is told.
"""

from __future__ import annotations

import gzip
import math
import socket
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from http.cookiejar import Cookie, DefaultCookiePolicy
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlsplit

import msgspec
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from sync.documents import Json, dump, load
from sync.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    Refused,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from sync.peer import EVERYTHING, Change, ChangesPage, Chosen, Fetched, RefusedDocument
from sync.tls import NotTrusted, Trusts, is_loopback, pinned

with warnings.catch_warnings():
    # "The module cloudant is now deprecated": known, and why it is behind this module alone
    warnings.simplefilter("ignore", DeprecationWarning)
    from cloudant.client import CouchDB

CONNECT_S = 5.0
HEARTBEAT_S = 10.0
PATIENCE_S = 15.0
"""So long may a database take that others wait for: less than two of their heartbeats, so that they hear why."""
GZIP_FROM_BYTES = 1400  # what fits one packet is not worth packing
YIELDING_BYTES = 16 * 1024
"""Under way on a connection that yields, each way: 0.13 s at 1 Mbit/s."""
_LOWER_EFFORT = 0x20  # DSCP CS1: routers that look at it let others pass
_YIELDING = [
    (socket.SOL_SOCKET, socket.SO_RCVBUF, YIELDING_BYTES),
    (socket.SOL_SOCKET, socket.SO_SNDBUF, YIELDING_BYTES),
    (socket.IPPROTO_IP, socket.IP_TOS, _LOWER_EFFORT),
]
SLOW_BYTES_S, FAST_BYTES_S = 1_000_000, 4_000_000
"""Below the first of these answers are asked for gzipped, above the second they are not: packing takes both sides some
time, which a line in the house does not give back."""
_TELLING_BYTES = 32 * 1024  # an answer below this says nothing of the line
BODY_BYTES = 4 * 1024 * 1024  # of one `_bulk_docs`, before packing; only a single document may be larger
NO_BULK_GET = frozenset({400, 404, 405, 415, 501})  # what servers say that do not have `_bulk_get`

_KEPT = 32  # connections that stay open for who asks next: a server's threads share them

_NO_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)  # msgspec does not say all of it itself
_T = TypeVar("_T")
_REFUSALS: Mapping[int, type[Refused]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    413: TooLarge,
}


class _Rev(msgspec.Struct):
    rev: str


class _Row(msgspec.Struct):
    id: str
    changes: list[_Rev]


class _Changes(msgspec.Struct):
    results: list[_Row]
    last_seq: Any
    pending: int | None = None


class _Missing(msgspec.Struct):
    missing: list[str]


class _Got(msgspec.Struct):
    """`docs`: objects that `_fetched` reads; not typed as such, for that would copy each."""

    id: str
    docs: list[Any]


class _BulkGot(msgspec.Struct):
    results: list[_Got]


class _Welcome(msgspec.Struct):
    uuid: str


class _Failure(msgspec.Struct):
    error: str = "unknown_error"
    reason: str | None = None
    id: str = ""
    rev: str = ""


class _Saved(msgspec.Struct):
    rev: str


class _Caller:
    """One server at the other end of a line. Each thread has a session of its own.

    Without `user` it is asked without credentials, or with those in `headers`, which go with every request.
    `heard` is called on every sign of life, `dated` with the `Date` that an answer begins with. What is not begun in
    `silence_s` is a dead line.

    `yielding`: it has never more than a few packets under way, so that what other connections say over the same slow
    line waits for a fraction of a second, however much there is to carry here.

    `trusts` is shown the certificate of the server at every new connection. With it, nothing is said to anybody over a
    line before that; without it, the names and dates of certificates count, as for a browser.
    """

    _packs_from: float = GZIP_FROM_BYTES

    def __init__(
        self,
        url: str,
        *,
        user: str | None,
        password: str | None,
        silence_s: float,
        headers: Mapping[str, str] | None = None,
        connect_s: float = CONNECT_S,
        yielding: bool = False,
        heard: Callable[[], None] = lambda: None,
        trusts: Trusts | None = None,
        dated: Callable[[str], None] = lambda date: None,
    ) -> None:
        self._url = url.rstrip("/")
        parts = urlsplit(self._url)
        self._open_line = (
            trusts is not None and parts.scheme != "https" and not is_loopback(parts.hostname or "")
        )
        self._headers = headers or {}
        self._heard = heard
        self._dated = dated
        self._closed = False
        self._slow_line = False  # until an answer shows that it is
        self._lines = _Lines(trusts, yielding=yielding)
        self._user, self._password = user, password
        self._timeout_s = (connect_s, silence_s)
        self._of_thread = threading.local()

    def close(self) -> None:
        self._closed = True
        self._lines.cut()

    def _client(self) -> _Client:
        """This thread's: neither python-cloudant's nor requests' sessions are made to be shared."""
        client: _Client | None = getattr(self._of_thread, "client", None)
        if client is None:
            client = self._of_thread.client = _Client(
                self._user,
                self._password,
                admin_party=self._user is None,  # python-cloudant's word for: do not log in
                url=self._url,
                adapter=self._lines,
                auto_renew=True,
                timeout=self._timeout_s,
            )
        return client

    def _send(
        self,
        method: str,
        url: str,
        *,
        parameters: Mapping[str, str | int] | None = None,
        data: bytes | None = None,
        stream: bool = False,
    ) -> requests.Response:
        """Whatever is answered; with all its bytes unless `stream`."""
        if self._closed:
            raise Unavailable("closed")
        if self._open_line:
            raise Unavailable(
                f"{self._url} is not this machine, and http:// is open to everybody: say https://"
            )
        headers, data = _packed(data, from_bytes=self._packs_from)
        coding = "gzip" if self._slow_line else "identity"
        headers = {"Accept-Encoding": coding, **self._headers, **headers}
        began = time.monotonic()
        client = self._client()
        try:
            if client.r_session is None:
                client.connect()
            answer: requests.Response = client.r_session.request(
                method,
                url,
                params=parameters,
                data=data,
                headers=headers,
                stream=stream,
                allow_redirects=False,
            )
        except requests.HTTPError as why:  # the login, which python-cloudant does on its own
            client.r_session = None
            raise (_unavailable(why) if why.response is None else _refusal(why.response)) from why
        except requests.RequestException as why:
            raise _unavailable(why) from why
        except (AttributeError, RecursionError) as why:  # to python-cloudant any error is an object
            raise Unavailable(f"an answer that is none of CouchDB's: {why}") from why
        self._heard()
        if date := answer.headers.get("Date"):
            self._dated(date)
        if not stream:
            self._measure(len(answer.content), time.monotonic() - began)
        return answer

    def _measure(self, received: int, took_s: float) -> None:
        """What an answer says of the line, if it is long enough to say anything."""
        if received >= _TELLING_BYTES:
            limit = FAST_BYTES_S if self._slow_line else SLOW_BYTES_S
            self._slow_line = received < limit * took_s


class RemotePeer(_Caller):
    """A database of any server that speaks CouchDB's protocol.

    `chosen`: the documents that its changes tell of. `heartbeat_s` is asked of the other side's feeds. All else as for
    `_Caller`.
    """

    def __init__(
        self,
        url: str,
        database: str,
        *,
        user: str | None = None,
        password: str | None = None,
        headers: Mapping[str, str] | None = None,
        chosen: Chosen = EVERYTHING,
        connect_s: float = CONNECT_S,
        heartbeat_s: float = HEARTBEAT_S,
        yielding: bool = False,
        heard: Callable[[], None] = lambda: None,
        trusts: Trusts | None = None,
        dated: Callable[[str], None] = lambda date: None,
    ) -> None:
        super().__init__(
            url,
            user=user,
            password=password,
            silence_s=2 * heartbeat_s,
            headers=headers,
            connect_s=connect_s,
            yielding=yielding,
            heard=heard,
            trusts=trusts,
            dated=dated,
        )
        self._database = database
        self._chosen = chosen
        self._heartbeat_s = heartbeat_s
        self._woken = False
        self._bulk_get = True  # until it shows that there is none
        self._id: str | None = None

    def peer_id(self) -> str:
        """By the `uuid` that the server says of itself; it is asked once."""
        if self._id is None:
            answer = _good(self._send("GET", f"{self._url}/"))
            uuid = _decoded(answer.content, _Welcome).uuid
            self._id = f"{uuid}/{self._database}{self._chosen.mark()}"
        return self._id

    def changes(self, since: Any, *, limit: int, wait_s: float) -> ChangesPage:
        """As `Peer.changes`; one request, a long poll where `wait_s` is not 0."""
        parameters: dict[str, str | int] = {
            **self._chosen.told(),
            "style": "all_docs",
            "since": since if isinstance(since, str) else dump(since).decode(),
            "limit": limit,
        }
        named, body = _filter(self._chosen)
        if named is not None:
            parameters["filter"] = named
        if wait_s:
            parameters["feed"] = "longpoll"
            parameters["heartbeat"] = int(self._heartbeat_s * 1000)
        method = "GET" if body is None else "POST"
        answer = self._in_database(method, "_changes", parameters=parameters, body=body, stream=bool(wait_s))
        if not wait_s:
            return _page(answer.content)
        listened = self._listen(answer, wait_s)
        return ChangesPage((), since, 0) if listened is None else _page(listened)

    def create(self) -> None:
        """The database; that it is there already is as good. Raises `Refused` for who may not."""
        try:
            _good(self._send("PUT", f"{self._url}/{quote(self._database, safe='')}"))
        except Refused as why:
            if why.status in (401, 403):
                raise

    def _listen(self, answer: requests.Response, wait_s: float) -> bytes | None:
        """The body of a feed, which may take its time; None if it took more than `wait_s`, or somebody was woken."""
        end = time.monotonic() + wait_s
        parts: list[bytes] = []
        try:
            for part in answer.iter_content(chunk_size=None):
                self._heard()
                parts.append(part)
                over = self._woken or time.monotonic() > end
                if over and not b"".join(parts).partition(b"[")[2].strip():
                    return None
        except requests.RequestException as why:
            raise _unavailable(why) from why
        finally:
            answer.close()
            self._woken = False
        return b"".join(parts)

    def revs_diff(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """As `Peer.revs_diff`; one request."""
        answer = self._in_database("POST", "_revs_diff", body=wanted)
        diff = _decoded(answer.content, dict[str, _Missing])
        return {doc_id: one.missing for doc_id, one in diff.items()}

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> list[Fetched]:
        """As `Peer.bulk_get`; revision by revision from a server that has no `_bulk_get`."""
        if self._bulk_get:
            try:
                return self._got_at_once(wanted)
            except Refused as why:
                if why.status not in NO_BULK_GET:
                    raise
        fetched = [one for doc_id, rev in wanted for one in self._got_singly(doc_id, rev)]
        self._bulk_get = False  # only now: had the database been missing, that would have been said
        return fetched

    def _got_at_once(self, wanted: Sequence[tuple[str, str]]) -> list[Fetched]:
        answer = self._in_database(
            "POST",
            "_bulk_get",
            parameters={"revs": "true", "latest": "true", "attachments": "true"},
            body={"docs": [{"id": doc_id, "rev": rev} if rev else {"id": doc_id} for doc_id, rev in wanted]},
        )
        results = _exactly(answer.content, _BulkGot).results
        asked = dict(wanted)
        return [_fetched(got.id, asked.get(got.id, ""), one) for got in results for one in got.docs]

    def _got_singly(self, doc_id: str, rev: str) -> list[Fetched]:
        """By `open_revs`, which every server has."""
        parameters = {
            "open_revs": dump([rev]).decode() if rev else "all",
            "revs": "true",
            "latest": "true",
            "attachments": "true",
        }
        slash = "/" if doc_id.startswith("_design/") else ""
        try:
            answer = self._in_database("GET", quote(doc_id, safe=slash), parameters=parameters)
        except NotFound as why:
            if why.error != "not_found" or "database" in why.reason.lower() or why.reason == "no_db_file":
                raise
            return [Fetched(doc_id, rev, None, why.reason)]
        return [_fetched(doc_id, rev, one) for one in _exactly(answer.content, list[dict[str, Any]])]

    def bulk_docs(self, documents: Sequence[Json]) -> list[RefusedDocument]:
        """As `Peer.bulk_docs`; in as many requests as the bytes need."""
        rows: list[_Failure] = []
        for body in _bodies(documents):
            answer = self._in_database("POST", "_bulk_docs", data=body)
            if answer.status_code == 202:
                raise Unavailable("too few copies were written")
            rows += _decoded(answer.content, list[_Failure])
        return [RefusedDocument(one.id, one.rev, one.error, one.reason or one.error) for one in rows]

    def get_local(self, local_id: str) -> Json | None:
        """None where there is none; one request."""
        try:
            answer = self._in_database("GET", f"_local/{local_id}")
        except NotFound:
            return None
        return _decoded(answer.content, dict[str, Any])

    def put_local(self, local_id: str, document: Json) -> str:
        """As `Peer.put_local`; one request."""
        answer = self._in_database("PUT", f"_local/{local_id}", body=document)
        return _decoded(answer.content, _Saved).rev

    def wake(self) -> None:
        """As `Peer.wake`."""
        self._woken = True

    # ---- the line

    def _in_database(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str | int] | None = None,
        body: object = None,
        data: bytes | None = None,
        stream: bool = False,
    ) -> requests.Response:
        """`body` is JSON to be, `data` is JSON already."""
        url = f"{self._url}/{quote(self._database, safe='')}/{path}"
        if body is not None:
            data = dump(body)
        return _good(self._send(method, url, parameters=parameters, data=data, stream=stream))


class Said(NamedTuple):
    """An answer as it came, good or not, with all its bytes."""

    status: int
    body: bytes
    retry_after_s: float | None
    etag: str | None

    def read(self, kind: type[_T]) -> _T:
        """The JSON of it. Raises `Unavailable` for another kind: some other program answers there."""
        return _exactly(self.body, kind)


class RemoteDatabase(_Caller):
    """A database that is asked what others ask us: any method and path, and the answer as it came.

    `patience_s`: how long it may take until an answer begins. Raises `Unavailable` for a line that is dead or silent.
    """

    _packs_from = math.inf  # it is in the same house

    def __init__(
        self,
        url: str,
        database: str,
        *,
        user: str | None = None,
        password: str | None = None,
        connect_s: float = CONNECT_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        super().__init__(url, user=user, password=password, silence_s=patience_s, connect_s=connect_s)
        self._at, self._connect_s = (url, database), connect_s

    def ask(
        self,
        method: str,
        path: Sequence[str] = (),
        *,
        parameters: Mapping[str, str | int] | None = None,
        data: bytes | None = None,
    ) -> Said:
        """`path`: the pieces behind the database, decoded. A piece of dots alone would name something else."""
        if any(piece in (".", "..") for piece in path):
            raise BadRequest("no document here is called . or ..", error="illegal_docid")
        target = "/".join(quote(piece, safe="") for piece in (self._at[1], *path))
        answer = self._send(method, f"{self._url}/{target}", parameters=parameters, data=data)
        return Said(answer.status_code, answer.content, _retry_after_s(answer), answer.headers.get("ETag"))

    def listener(self, *, heartbeat_s: float) -> RemotePeer:
        """The same database, to follow its changes."""
        return RemotePeer(
            *self._at,
            user=self._user,
            password=self._password,
            connect_s=self._connect_s,
            heartbeat_s=heartbeat_s,
        )


class _Client(CouchDB):  # type: ignore[misc]  # python-cloudant has no types
    def session_login(self, user: str | None = None, passwd: str | None = None) -> None:
        # neither a proxy of the environment nor a ~/.netrc may come between two nodes
        self.r_session.trust_env = False
        self.r_session.max_redirects = 0  # nor may somebody on the way send the password elsewhere
        if is_loopback(urlsplit(self.server_url).hostname or ""):
            self.r_session.cookies.set_policy(_OnThisMachine())
        super().session_login(user, passwd)


class _OnThisMachine(DefaultCookiePolicy):
    """Who speaks TLS for us, on this machine, passes on cookies that the server behind calls `Secure`: they go back as they came."""

    def set_ok(self, cookie: Cookie, request: Any) -> bool:
        cookie.secure = False
        return super().set_ok(cookie, request)


class _Lines(HTTPAdapter):
    """Opens connections and remembers them, so that another thread can cut a call that is waiting."""

    def __init__(self, trusts: Trusts | None, *, yielding: bool) -> None:
        self._trusts = trusts
        self._yielding = yielding
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._is_cut = False
        super().__init__(pool_maxsize=_KEPT)

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        options = HTTPConnection.default_socket_options + (_YIELDING if self._yielding else [])
        super().init_poolmanager(*arguments, **named, socket_options=options)
        opened, trusts = self._weakly_opened(), self._trusts

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                opened(self.sock)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                if trusts is None:
                    super().connect()
                else:
                    line = self._new_conn()
                    opened(line)
                    self.sock = pinned(line, trusts, host=self.host)
                    self.is_verified = True  # or urllib3 would warn of a connection that nobody looked at
                opened(self.sock)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    def cut(self) -> None:
        """All lines, and those that are only being opened; what is left of them is given back to the system."""
        with self._lock:
            self._is_cut = True
            sockets = list(self._sockets)
        for one in sockets:
            _shut(one)
        self.close()

    def _weakly_opened(self) -> Callable[[socket.socket], None]:
        """`_opened` for as long as we are there. urllib3 keeps what is open until nobody has its pool any more: a connection that
        leads to its own pool would keep it, and itself, for ever."""
        opened = weakref.WeakMethod(self._opened)

        def tell(line: socket.socket) -> None:
            if (alive := opened()) is not None:
                alive(line)

        return tell

    def _opened(self, line: socket.socket) -> None:
        with self._lock:
            self._sockets.add(line)
            late = self._is_cut
        if late:
            _shut(line)


def _shut(line: socket.socket) -> None:
    with suppress(OSError):  # closed already
        line.shutdown(socket.SHUT_RDWR)


def _packed(data: bytes | None, *, from_bytes: float) -> tuple[dict[str, str], bytes | None]:
    """A JSON body and its headers; gzipped from some size on."""
    headers = {"Accept": "application/json"}
    if data is None:
        return headers, None
    headers["Content-Type"] = "application/json"
    if len(data) < from_bytes:
        return headers, data
    headers["Content-Encoding"] = "gzip"
    return headers, gzip.compress(data, compresslevel=1, mtime=0)


def _bodies(documents: Sequence[Json]) -> Iterator[bytes]:
    """The bodies of as many `_bulk_docs` as it takes to keep each below `BODY_BYTES`."""
    part: list[bytes] = []
    size = 0
    for document in documents:
        one = dump(document)
        if part and size + len(one) > BODY_BYTES:
            yield _body(part)
            part, size = [], 0
        part.append(one)
        size += len(one)
    if part:
        yield _body(part)


def _body(documents: Sequence[bytes]) -> bytes:
    return b'{"new_edits":false,"docs":[' + b",".join(documents) + b"]}"


def _filter(chosen: Chosen) -> tuple[str | None, object]:
    """The name of the filter, and what goes in the body of a POST; None: nothing, a GET."""
    if chosen.doc_ids is not None:
        return "_doc_ids", {"doc_ids": chosen.doc_ids}
    if chosen.selector is not None:
        return "_selector", {"selector": chosen.selector}
    return chosen.filter, None


def _page(body: bytes) -> ChangesPage:
    page = _decoded(body, _Changes)
    changes = (Change(row.id, tuple(one.rev for one in row.changes)) for row in page.results)
    return ChangesPage(tuple(changes), page.last_seq, page.pending)


def _fetched(doc_id: str, asked_rev: str, one: Any) -> Fetched:
    if not isinstance(one, dict):
        raise Unavailable(f"an answer that is none of CouchDB's: {one!r:.80} for {doc_id}")
    document = one.get("ok")
    if isinstance(document, dict):
        return Fetched(doc_id, str(document.get("_rev", asked_rev)), document)
    # CouchDB nests the failure under "error", PouchDB Server does not
    nested = one.get("error")
    why = nested if isinstance(nested, dict) else one
    return Fetched(doc_id, str(why.get("rev", asked_rev)), None, str(why.get("reason", "not given")))


def _decoded(content: bytes, kind: type[_T]) -> _T:
    """JSON of a known shape. Anything else is some other program answering: a portal, a proxy."""
    try:
        return msgspec.json.decode(content, type=kind)
    except _NO_JSON as why:
        raise Unavailable(f"an answer that is none of CouchDB's: {why}") from why


def _exactly(content: bytes, kind: type[_T]) -> _T:
    """As `_decoded`, for documents: numbers must stay what they are."""
    try:
        return msgspec.convert(load(content), kind)
    except (BadRequest, msgspec.ValidationError) as why:
        raise Unavailable(f"an answer that is none of CouchDB's: {why}") from why


def _unavailable(why: requests.RequestException) -> Unavailable:
    match why:
        case requests.ConnectTimeout():
            return Unavailable("no connection in time")
        case requests.Timeout():
            return Unavailable("the line went silent")
        case requests.exceptions.SSLError() if _is_stranger(why):
            return Unavailable(str(NotTrusted()))
        case requests.ConnectionError() | requests.exceptions.ChunkedEncodingError():
            return Unavailable(f"the line is down: {why}")
        case _:
            return Unavailable(str(why))


def _is_stranger(why: BaseException) -> bool:
    """Whether it was the key that was wrong; requests and urllib3 wrap what was raised."""
    inner = why.args[0] if why.args else None
    inner = getattr(inner, "reason", inner)
    return isinstance(inner, NotTrusted) or (
        isinstance(inner, BaseException) and inner is not why and _is_stranger(inner)
    )


def is_of_the_server(status: int) -> bool:
    """Whether an answer is about the server, and not about what was asked: the same may go well later, or elsewhere."""
    return 300 <= status < 400 or status in (408, 429) or (status >= 500 and status != 501)


def _good(answer: requests.Response) -> requests.Response:
    """The same. Raises what it says, if it is none of the good ones."""
    if answer.status_code >= 300:
        with answer:
            raise _refusal(answer)
    return answer


def _refusal(answer: requests.Response) -> Refused | Unavailable:
    status = answer.status_code
    try:
        failure = msgspec.json.decode(answer.content, type=_Failure)
    except (requests.RequestException, *_NO_JSON):
        failure = _Failure(reason=f"HTTP {status}")
    reason = failure.reason or failure.error
    if status == 507:
        return Unavailable(f"the disk of the other side is full ({reason})")
    if is_of_the_server(status):
        return Unavailable(f"the other side says {status}: {reason}", retry_after_s=_retry_after_s(answer))
    if status == 409:
        return Conflict(reason)
    kind = _REFUSALS.get(status)
    if kind is None:
        return Refused(reason, error=failure.error, status=status)
    return kind(reason, error=failure.error)


def _retry_after_s(answer: requests.Response) -> float | None:
    value = answer.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None
