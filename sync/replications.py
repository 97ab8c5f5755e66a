"""Replications that somebody asks for over HTTP (`_replicate`), between any two databases, here or elsewhere.

Who may ask makes this server open connections to wherever he likes, so only an admin may.

A one-shot replication runs in the thread of its request and ends with it. A continuous one runs until it is
cancelled, or a database of ours that it belongs to is deleted; it is not remembered over a restart (that is what
CouchDB's `_replicator` database is for, which is not here). The same request again finds the one that runs.
"""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from sync.checkpoints import FROM_THE_START, ID_VERSION
from sync.databases import Databases
from sync.documents import Json, dump_sorted
from sync.errors import BadRequest, Broken, Exists, NotFound, Refused, Unauthorized, Unavailable
from sync.peer import (
    EVERYTHING,
    ChangesPage,
    Chosen,
    Fetched,
    LocalPeer,
    NativeFilters,
    Peer,
    RefusedDocument,
)
from sync.remote import RemotePeer
from sync.replicator import Replication
from sync.store import Store
from sync.tasks import Tasks

MAX_AT_ONCE: Final = 8
"""One-shot replications: each holds a thread of the web server, and may ask the same server for others."""
STOP_S: Final = 5

_RANDOM: Final = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Here:
    """A database of this server."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """`server` has no credentials in it."""

    server: str
    database: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        """As shown to people: never with a password."""
        return f"{self.server}/{quote(self.database, safe='')}/"


@dataclass(frozen=True, slots=True)
class Order:
    """What the body of a `_replicate` says."""

    source: Here | Elsewhere
    target: Here | Elsewhere
    chosen: Chosen
    continuous: bool = False
    create_target: bool = False
    use_checkpoints: bool = True
    since_seq: Any = FROM_THE_START

    def what(self) -> list[object] | None:
        """What makes it another replication than that of everything."""
        if self.chosen == Chosen() and self.since_seq == FROM_THE_START:
            return None
        chosen = self.chosen
        return [
            sorted(chosen.doc_ids) if chosen.doc_ids is not None else None,
            chosen.selector,
            chosen.filter,
            dict(chosen.parameters),
            self.since_seq,
        ]


def order_of(body: Mapping[str, Any]) -> Order:
    """Raises `BadRequest`. Options that only tune CouchDB's replicator are accepted and ignored."""
    doc_ids, selector, named = body.get("doc_ids"), body.get("selector"), body.get("filter")
    if sum(one is not None for one in (doc_ids, selector, named)) > 1:
        raise BadRequest("`doc_ids`,`filter`,`selector` are mutually exclusive")
    return Order(
        source=_end(body, "source"),
        target=_end(body, "target"),
        chosen=Chosen(
            doc_ids=None if doc_ids is None else _doc_ids(doc_ids),
            selector=_of_type(body, "selector", dict, "a JSON object"),
            filter=_of_type(body, "filter", str, "a string"),
            parameters=_parameters(body),
        ),
        continuous=_flag(body, "continuous"),
        create_target=_flag(body, "create_target"),
        use_checkpoints=_flag(body, "use_checkpoints", default=True),
        since_seq=body.get("since_seq") or FROM_THE_START,
    )


class Replications:
    """`uuid`: the server's. `filters`: its native filters by name. `close` stops all that run."""

    def __init__(
        self,
        databases: Databases,
        *,
        uuid: str,
        tasks: Tasks,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
        filters: NativeFilters = MappingProxyType({}),
        jitter: Callable[[], float] = _RANDOM.random,
    ) -> None:
        self._databases = databases
        self._uuid = uuid
        self._tasks = tasks
        self._new_id = new_id
        self._now = now
        self._filters = filters
        self._jitter = jitter
        self._running: dict[str, _Job] = {}  # the continuous ones, by id
        self._once: set[_Job] = set()
        self._lock = threading.Lock()
        self._closed = False

    def once(self, order: Order, *, user: str | None) -> Json:
        """Run it; CouchDB's answer. Raises `SyncError`."""
        job = self._job(order, user)
        with self._lock:
            if self._closed or len(self._once) >= MAX_AT_ONCE:
                job.stop()
                raise Unavailable("too many replications are running; try again")
            self._once.add(job)
        try:
            with self._tasks.listed(job.describe):
                job.replication.run_once()
        finally:
            job.stop()
            with self._lock:
                self._once.discard(job)
        return job.result()

    def start(self, order: Order, *, user: str | None) -> str:
        """Run it until it is cancelled; its id. Raises `SyncError` where it cannot begin."""
        job_id = self.id_of(order)
        with self._lock:
            if job_id in self._running:
                return job_id
        job = self._job(order, user)
        with self._lock:
            if self._closed:
                job.stop()
                raise Unavailable("closed")
            if job_id in self._running:  # somebody else was quicker
                job.stop()
                return job_id
            self._running[job_id] = job
            job.thread = self._tasks.start(job.describe, lambda: self._run(job_id, job))
        return job_id

    def cancel(self, job_id: str) -> None:
        """Raises `NotFound`."""
        with self._lock:
            job = self._running.pop(job_id, None)
        if job is None:
            raise NotFound("missing")
        job.stop()
        job.join()

    def close(self) -> None:
        """Stops all that run and waits for them; none begins any more."""
        with self._lock:
            self._closed = True
            jobs = [*self._running.values(), *self._once]
            self._running.clear()
        for job in jobs:
            job.stop()
        for job in jobs:
            job.join()

    def id_of(self, order: Order) -> str:
        """Of what is asked for, not of who answers there: to cancel, nobody need be reached."""
        ends = [
            [str(end), end.user if isinstance(end, Elsewhere) else None]
            for end in (order.source, order.target)
        ]
        told = dump_sorted([self._uuid, ends, order.what()])
        number = hashlib.sha256(b"sync/replicate/1\n" + told).hexdigest()[:32]
        return number + "+continuous" * order.continuous + "+create_target" * order.create_target

    def _run(self, job_id: str, job: _Job) -> None:
        try:
            job.replication.run_live()
        finally:
            job.stop()
            with self._lock:
                if self._running.get(job_id) is job:
                    del self._running[job_id]

    def _job(self, order: Order, user: str | None) -> _Job:
        inner = self._peer(order.source, user, chosen=order.chosen)
        source = _Source(inner, order=order)
        try:
            source.require()
            target = _Target(self._target(order, user), order=order)
        except BaseException:
            source.close()
            raise
        try:
            target.require()
        except BaseException:
            source.close()
            target.close()
            raise
        return _Job(
            self.id_of(order),
            order,
            user,
            source,
            target,
            Replication(
                source,
                target,
                node_id=self._uuid,
                session_id=self._new_id(),
                now=self._now,
                jitter=self._jitter,
            ),
            started=self._now(),
            now=self._now,
        )

    def _target(self, order: Order, user: str | None) -> _Inner:
        target = order.target
        if isinstance(target, Here) and order.create_target and self._databases.get(target.name) is None:
            with suppress(Exists):  # meanwhile, by somebody else
                self._databases.create(target.name)
        inner = self._peer(target, user, chosen=EVERYTHING)
        if isinstance(inner.peer, RemotePeer) and order.create_target:
            with _worded(target):
                inner.peer.create()
        return inner

    def _peer(self, end: Here | Elsewhere, user: str | None, *, chosen: Chosen) -> _Inner:
        match end:
            case Here(name):
                store = self._databases.get(name)
                if store is None:
                    raise _not_found(end)
                peer = LocalPeer(
                    store, server_uuid=self._uuid, source=user, chosen=chosen, filters=self._filters
                )
                return _Inner(end, peer, store)
            case Elsewhere():
                return _Inner(
                    end,
                    RemotePeer(
                        end.server,
                        end.database,
                        user=end.user,
                        password=end.password,
                        headers=end.headers,
                        chosen=chosen,
                    ),
                    None,
                )


@dataclass(frozen=True, slots=True)
class _Inner:
    """A peer, whose it is, and its store if it is one of ours."""

    end: Here | Elsewhere
    peer: LocalPeer | RemotePeer
    store: Store | None


class _Observed:
    """A peer that counts what goes through it."""

    def __init__(self, inner: _Inner, *, order: Order) -> None:
        self._inner = inner
        self._order = order
        self._peer: Peer = inner.peer
        self.revisions_checked = 0
        self.missing_found = 0
        self.docs_read = 0
        self.note: Json | None = None
        self.noted = False

    def require(self) -> None:
        """That there is such a database, which is said in CouchDB's words before anything begins."""
        with _worded(self._inner.end):
            self._peer.revs_diff({})

    def peer_id(self) -> str:
        with self._alive():
            return self._peer.peer_id()

    def changes(self, since: Any, *, limit: int, wait_s: float) -> ChangesPage:
        with self._alive():
            return self._peer.changes(since, limit=limit, wait_s=wait_s)

    def revs_diff(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        with self._alive():
            missing = self._peer.revs_diff(wanted)
        self.revisions_checked += sum(map(len, wanted.values()))
        self.missing_found += sum(map(len, missing.values()))
        return missing

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> list[Fetched]:
        with self._alive():
            fetched = self._peer.bulk_get(wanted)
        self.docs_read += sum(one.document is not None for one in fetched)
        return fetched

    def bulk_docs(self, documents: Sequence[Json]) -> list[RefusedDocument]:
        with self._alive():
            return self._peer.bulk_docs(documents)

    def get_local(self, local_id: str) -> Json | None:
        if not self._order.use_checkpoints:
            return None
        with self._alive():
            self.note = self._peer.get_local(local_id)
        return self.note

    def put_local(self, local_id: str, document: Json) -> str:
        self.note, self.noted = document, True
        if not self._order.use_checkpoints:
            return "0-1"
        with self._alive():
            return self._peer.put_local(local_id, document)

    def wake(self) -> None:
        self._peer.wake()

    def close(self) -> None:
        self._peer.close()

    @contextmanager
    def _alive(self) -> Iterator[None]:
        """A deleted database will not come back: a try after a while would try for ever."""
        try:
            yield
        except Unavailable as why:
            if self._inner.store is not None and self._inner.store.closed:
                raise Broken(f"{self._inner.end} was deleted") from why
            raise


class _Source(_Observed):
    def peer_id(self) -> str:
        """With where it is read from: what came before has not been copied."""
        since, inner = self._order.since_seq, super().peer_id()
        return (
            inner if since == FROM_THE_START else f"{inner}&{hashlib.sha256(dump_sorted(since)).hexdigest()}"
        )

    def changes(self, since: Any, *, limit: int, wait_s: float) -> ChangesPage:
        """`since_seq` counts where no checkpoint says more."""
        return super().changes(
            self._order.since_seq if since == FROM_THE_START else since, limit=limit, wait_s=wait_s
        )


class _Target(_Observed):
    pass


@dataclass(eq=False, slots=True)
class _Job:
    id: str
    order: Order
    user: str | None
    source: _Source
    target: _Target
    replication: Replication
    started: datetime
    now: Callable[[], datetime]
    thread: threading.Thread | None = None

    def stop(self) -> None:
        self.replication.stop()

    def join(self) -> None:
        if self.thread is not None:
            self.thread.join(STOP_S)

    def describe(self) -> Json:
        """For `_active_tasks`."""
        status = self.replication.status()
        return {
            "type": "replication",
            "replication_id": self.id,
            "doc_id": None,
            "user": self.user,
            "source": str(self.order.source),
            "target": str(self.order.target),
            "continuous": self.order.continuous,
            "state": status.state.value,
            "error": status.last_error,
            "revisions_checked": self.target.revisions_checked,
            "missing_revisions_found": self.target.missing_found,
            "docs_read": self.source.docs_read,
            "docs_written": status.docs_written,
            "doc_write_failures": status.docs_refused,
            "changes_pending": status.pending,
            "source_seq": _shown_seq(status.source_seq),
            "through_seq": _shown_seq(status.source_seq),
            "checkpointed_source_seq": _shown_seq(status.source_seq),
            "started_on": int(self.started.timestamp()),
            "updated_on": int(self.now().timestamp()),
        }

    def result(self) -> Json:
        """Of one that has ended: the checkpoint, and for `doc_ids` its newest counts once more beside it."""
        note = self.target.note or {"session_id": "", "source_last_seq": FROM_THE_START, "history": []}
        history = [
            {**entry, "start_last_seq": _shown_seq(entry.get("start_last_seq"))} for entry in note["history"]
        ]
        answer: Json = {
            "ok": True,
            "session_id": note["session_id"],
            "source_last_seq": _shown_seq(note["source_last_seq"]),
            "replication_id_version": ID_VERSION,
            "history": history,
        }
        if not self.target.noted or not self.target.revisions_checked:
            answer["no_changes"] = True  # also where all that is new was filtered out
        elif self.order.chosen.doc_ids is not None:
            counted = ("start_time", "end_time", "docs_read", "docs_written", "doc_write_failures")
            answer.update({name: history[0][name] for name in counted})
        return answer


def _shown_seq(seq: Any) -> Any:
    """CouchDB says the number 0 for the beginning."""
    return 0 if seq == FROM_THE_START else seq


@contextmanager
def _worded(end: Here | Elsewhere) -> Iterator[None]:
    """Why a database cannot be used, in the words of CouchDB's replicator."""
    try:
        yield
    except NotFound as why:
        raise _not_found(end) from why
    except Refused as why:
        if why.status in (401, 403):
            raise Unauthorized(f"unauthorized to access or create database {end}") from why
        raise


def _not_found(end: Here | Elsewhere) -> NotFound:
    return NotFound(f"could not open {end}", error="db_not_found")


# ---- reading the body


def _end(body: Mapping[str, Any], member: str) -> Here | Elsewhere:
    """A name, a URL, or `{"url": …, "headers": {…}?, "auth": {"basic": {"username", "password"}}?}`."""
    value = body.get(member)
    told = value if isinstance(value, dict) else {"url": value}
    url = told.get("url")
    if not isinstance(url, str) or not url:
        raise BadRequest(f"`{member}` must be a database: its name, its URL, or an object with its `url`")
    if not url.startswith(("http://", "https://")):
        if isinstance(value, dict) or "://" in url:
            raise BadRequest(f"`{member}` has an invalid url")
        return Here(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as why:
        raise BadRequest(f"`{member}` has an invalid url") from why
    above, _, last = parts.path.rstrip("/").rpartition("/")
    if not parts.hostname or not last or parts.query or parts.fragment:
        raise BadRequest(f"`{member}` has an invalid url")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    user, password = _basic(told, member)
    if user is None and parts.username is not None:
        user, password = unquote(parts.username), unquote(parts.password or "")
    return Elsewhere(
        server=f"{parts.scheme}://{host}{'' if port is None else f':{port}'}{above}",
        database=unquote(last),
        user=user,
        password=password,
        headers=_strings(told.get("headers") or {}, f"{member}.headers"),
    )


def _basic(told: Mapping[str, Any], member: str) -> tuple[str | None, str | None]:
    auth = told.get("auth")
    if auth is None:
        return None, None
    basic = auth.get("basic") if isinstance(auth, dict) else None
    if not isinstance(basic, dict):
        raise BadRequest(f"`{member}.auth` must be an object with `basic`")
    named = _strings(basic, f"{member}.auth.basic")
    if "username" not in named or "password" not in named:
        raise BadRequest(f"`{member}.auth.basic` must have `username` and `password`")
    return named["username"], named["password"]


def _strings(value: object, member: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise BadRequest(f"`{member}` must be an object of strings")
    if any(end in text for pair in value.items() for text in pair for end in "\r\n"):
        raise BadRequest(f"`{member}` must not have line feeds")
    return value


def _doc_ids(value: object) -> tuple[str, ...]:
    """Percent-encoded ids are decoded, as CouchDB does."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadRequest("parameter `doc_ids` must be an array")
    return tuple(sorted({unquote(one) for one in value}))


def _parameters(body: Mapping[str, Any]) -> dict[str, str]:
    value = _of_type(body, "query_params", dict, "an object") or {}
    return {name: one if isinstance(one, str) else dump_sorted(one).decode() for name, one in value.items()}


def _of_type(body: Mapping[str, Any], member: str, kind: type[object], words: str) -> Any:
    value = body.get(member)
    if value is not None and not isinstance(value, kind):
        raise BadRequest(f"parameter `{member}` must be {words}")
    return value


def _flag(body: Mapping[str, Any], member: str, *, default: bool = False) -> bool:
    value = body.get(member, default)
    if not isinstance(value, bool):
        raise BadRequest(f"parameter `{member}` must be a boolean")
    return value
