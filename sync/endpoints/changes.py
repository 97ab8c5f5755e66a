"""`_changes`: normal, longpoll, continuous and eventsource. protocol.md §1.5.

The framing is kept to the byte, because python-cloudant reads lines, not JSON. No read transaction lasts
longer than a page, whatever time the client takes, and no page is much larger than `PAGE_BYTES`.

`pending` is what CouchDB's is: how many documents have changed after `last_seq`, whatever a filter would say
of them. Backwards every feed ends with the oldest change, and `pending` counts what a limit left out.
"""

from __future__ import annotations

import functools
import re
import time
from abc import abstractmethod
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, Final

import orjson
from flask import Response

from sync.documents import Json, Shown, dump, load, render, rendered
from sync.endpoints.all_docs import conflicts
from sync.endpoints.answers import not_modified, packed_answer, raw_answer
from sync.endpoints.call import Call, DatabaseCall
from sync.endpoints.filters import fields_of, filter_of
from sync.endpoints.find import project
from sync.errors import BadRequest, NotFound, Unavailable
from sync.feeds import Feed, Make, Step, Steps, Tidings, Until
from sync.filtering import Filter
from sync.mango import Path
from sync.rows import Leaf, Summary
from sync.store import Store

PAGE: Final = 500
PAGE_OF_DOCUMENTS: Final = 50
PAGE_BYTES: Final = 1024 * 1024
MAX_WAIT_S: Final = 60.0
FEEDS: Final = ("normal", "continuous", "live", "longpoll", "eventsource")

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_TIME = re.compile(r"....-..-..T..:..:..Z")
_ENDLESS: Final = 10**15  # CouchDB's limit where none is asked for; `seq_interval` counts from it


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows, and what each is made of: feeds for which this is equal share their pages."""

    feed: str
    filter: Filter
    descending: bool
    all_leaves: bool
    include_docs: bool
    conflicts: bool
    attachments: bool
    att_encoding_info: bool
    seq_interval: int
    fields: tuple[Path, ...] = ()

    @property
    def need_documents(self) -> bool:
        """Whether documents must be read for these rows, to be shown or to be chosen by."""
        return self.include_docs or self.filter.by_document is not None

    @property
    def page(self) -> int:
        """How many documents are looked at in one transaction."""
        return PAGE_OF_DOCUMENTS if self.need_documents else PAGE


@dataclass(frozen=True, slots=True)
class Manner:
    """How a feed goes on, whatever it tells of. `timeout_s` ends one to which nothing comes, a heartbeat keeps it."""

    feed: str
    descending: bool
    limit: int | None
    heartbeat_s: float | None
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asked for: which rows, after which inner sequence, and how they are to come."""

    rows: Rows
    since: int
    manner: Manner


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows in their framing, without what separates them from the page before.

    `at`: everything up to here has been looked at. `more`: there may be more at once. `heard`: whatever is published
    after this is news to who has the page. `pending`: how many changes come after it, where that is known.
    """

    body: bytes
    count: int
    at: Any
    more: bool
    heard: int
    pending: int | None = None


def changes(call: DatabaseCall) -> Response:
    """GET and POST `/{db}/_changes`. 304 for the normal feed, where the client's ETag names the newest
    change.
    """
    asked = _parse(call)
    feed = ChangesFeed(call.store, asked)
    match asked.rows.feed:
        case "normal":
            etag = f'"{call.store.outer_seq(call.store.seq())}"'
            if etag in call.request.headers.get("If-None-Match", ""):
                return not_modified(etag)
            parts = iter(feed)
            # the first page now: what goes wrong until then still gets a status of its own
            return packed_answer(call.request, chain([*islice(parts, 2)], parts), headers={"ETag": etag})
        case "eventsource":
            response = raw_answer(feed, headers={"Cache-Control": "no-cache"})
            response.content_type = "text/event-stream"
        case _:
            response = raw_answer(feed)
    response.direct_passthrough = True  # to the web server, which knows what a `Feed` is
    return response


class FramedChanges(Feed):
    """The framing of one answer to `_changes`: where it is (`_at`) and how many rows it may still give (`_left`)."""

    def __init__(self, store: Tidings, manner: Manner, at: Any, *, heard: int) -> None:
        super().__init__(store)
        self._manner = manner
        self._left = _ENDLESS if manner.limit is None else manner.limit
        self._at = at
        self._heard = heard
        self._pending: int | None = None
        self._separator = b""
        self._due = 0.0

    @abstractmethod
    def _next_page(self) -> Make:
        """What makes the `Page` after `_at`."""

    @abstractmethod
    def _last_word(self) -> Generator[Step, Any, Json]:
        """`last_seq` and `pending`."""

    def steps(self) -> Steps:
        """The head at once, so that the client knows that the line stands; then rows as they come."""
        feed = self._manner.feed
        is_one_object = feed in ("normal", "longpoll")
        if is_one_object:
            yield b'{"results":[\n'
        self._rest()
        some = yield from self._those_there_are()
        if feed != "normal" and not self._manner.descending:
            if not some and not is_one_object:
                yield b"\n"
            while self._left and not (some and feed == "longpoll") and (yield from self._awaited()):
                some = yield from self._those_there_are()
        if feed != "eventsource":
            end = orjson.dumps((yield from self._last_word())) + b"\n"
            yield end if feed == "continuous" else b"\n],\n" + end[1:]

    def _those_there_are(self) -> Generator[Step, Any, bool]:
        """All rows that are there now, page by page; whether there were any."""
        some, more = False, True
        while more and self._left and not self._is_to_end():
            page: Page = yield self._next_page()
            self._at, self._heard, self._pending = page.at, page.heard, page.pending
            self._left -= page.count
            more = page.more
            if page.count:
                yield self._separator + page.body if self._separator else page.body
                self._separator = b",\r\n" if self._manner.feed in ("normal", "longpoll") else b""
                some = True
                self._rest()
            elif self._manner.heartbeat_s is not None and self._due <= time.monotonic():
                yield self._beat()
        return some

    def _awaited(self) -> Generator[Step, Any, bool]:
        """Heartbeats until there is something new; False when the time is over."""
        while not self._is_to_end():
            if (yield Until(self._heard, self._due)):
                return True
            if self._manner.heartbeat_s is None:
                return False
            if not self._is_to_end():
                yield self._beat()
        return False

    def _beat(self) -> bytes:
        self._rest()
        return b"event: heartbeat\ndata: \n\n" if self._manner.feed == "eventsource" else b"\n"

    def _rest(self) -> None:
        """Something is sent now: the time until the next heartbeat, or the end, begins anew."""
        self._due = time.monotonic() + (self._manner.heartbeat_s or self._manner.timeout_s)

    def _is_to_end(self) -> bool:
        """A normal answer is not cut short: it comes to its end by itself."""
        return self._manner.feed != "normal" and self.ending


class ChangesFeed(FramedChanges):
    """One answer about a store of this process."""

    def __init__(self, store: Store, asked: Asked) -> None:
        newest = store.seq() if asked.rows.descending else 0
        at = newest + 1 if asked.rows.descending else asked.since
        super().__init__(store, asked.manner, at, heard=at)
        self._of, self._rows = store, asked.rows
        self._newest = newest

    def _next_page(self) -> Make:
        store, rows, at, left = self._of, self._rows, self._at, min(self._left, self._rows.page)
        phase = self._left % rows.seq_interval
        slow = rows.attachments or rows.descending or store.published - at > rows.page
        return Make(
            (store, rows, at, left, phase), functools.partial(_page, store, rows, at, left, phase), slow
        )

    def _last_word(self) -> Generator[Step, Any, Json]:
        at, descending = self._at, self._rows.descending
        far = descending or self._of.published - at > PAGE
        count = functools.partial(_pending, self._of, at, descending=descending)
        pending = yield Make(("pending", self._of, at, descending), count, far)
        last = min(at, self._newest) if descending else at  # backwards it begins one behind the newest
        return {"last_seq": self._of.outer_seq(last), "pending": pending}


def _page(store: Store, rows: Rows, at: int, left: int, phase: int) -> Page:
    """Up to `left` rows behind `at`, from one short transaction. `phase`: see `seq_interval`."""
    try:
        with store.file.read():
            return _read(store, rows, at, left, phase)
    except Unavailable:
        if not store.closed:
            raise
        return Page(b"", 0, at, more=False, heard=at)  # the database was deleted under the feed


def _read(store: Store, rows: Rows, at: int, left: int, phase: int) -> Page:
    size = left if rows.filter.passes_all else rows.page
    found = store.changes(at, limit=size, descending=rows.descending, before=at, doc_ids=rows.filter.few_ids)
    by_page = rows.filter.by_page
    passing = None if by_page is None else by_page([one.id for one in found])
    documents = _Documents(store, rows, found)
    lines: list[bytes] = []
    length = 0
    for one in found:
        at = one.seq
        if passing is not None and one.id not in passing:
            continue
        leaves = _leaves(one, rows, documents)
        if not leaves:
            continue
        seq = store.outer_seq(one.seq) if (phase - len(lines)) % rows.seq_interval == 0 else None
        lines.append(framed(_row(one, leaves, seq, rows, documents), seq, rows.feed))
        length += len(lines[-1])
        if len(lines) == left or length >= PAGE_BYTES:
            more = True
            break
    else:
        more = len(found) == size
        if not more and not rows.descending:
            at = max(at, store.seq())  # past what a filter left out
    return Page(joined(lines, rows.feed), len(lines), at, more, heard=at)


def _leaves(one: Summary, rows: Rows, documents: _Documents) -> list[Leaf]:
    """Those that the row lists: of the leaves that `style` means, the ones that pass the filter."""
    if rows.filter.by_id is not None and not rows.filter.by_id(one.id):
        return []
    leaves = list(one.leaves if rows.all_leaves else one.leaves[:1])
    passes = rows.filter.by_document
    if passes is None:
        return leaves
    return [leaf for leaf in leaves if (document := documents.of(one, leaf)) is not None and passes(document)]


def _row(one: Summary, leaves: list[Leaf], seq: str | None, rows: Rows, documents: _Documents) -> bytes:
    row: Json = {"seq": seq, "id": one.id, "changes": [{"rev": str(leaf.rev)} for leaf in leaves]}
    if one.deleted:
        row["deleted"] = True
    line = orjson.dumps(row)
    if not rows.include_docs:
        return line
    return line[:-1] + b',"doc":' + documents.shown(one) + b"}"


def framed(row: bytes, seq: Any, feed: str) -> bytes:
    """One row as its feed sends it; `normal` and `longpoll` put commas between rows themselves."""
    match feed:
        case "continuous":
            return row + b"\n"
        case "eventsource":
            return b"data: " + row + b"\nid: " + orjson.dumps(seq) + b"\n\n"
        case _:
            return row


def joined(lines: list[bytes], feed: str) -> bytes:
    """The rows of a page, framed before."""
    return (b",\r\n" if feed in ("normal", "longpoll") else b"").join(lines)


class _Documents:
    """The documents of a page: what filters see, and what rows show."""

    def __init__(self, store: Store, rows: Rows, found: list[Summary]) -> None:
        self._store = store
        self._rows = rows
        wanted = [one.id for one in found] if rows.need_documents else []
        self._winners = store.winners(wanted)

    def of(self, one: Summary, leaf: Leaf) -> Json | None:
        """A leaf as filters see it, attachments as stubs; None where its body is not here."""
        stored = self._winners.get(one.id)
        try:
            if stored is None or leaf.rev != stored.rev:
                stored = self._store.revision(one.id, leaf.rev)
        except NotFound:
            return None
        document: Json = load(render(stored))
        return document

    def shown(self, one: Summary) -> bytes:
        stored, rows = self._winners.get(one.id), self._rows
        if stored is None:
            return b"null"
        attachments = Shown(
            inline=self._store.attachment if rows.attachments else None, encoding=rows.att_encoding_info
        )
        extra = conflicts(one) if rows.conflicts else None
        shown = b"".join(rendered(stored, shown=attachments, extra=extra))
        return dump(project(load(shown), rows.fields)) if rows.fields else shown


def _pending(store: Store, at: int, *, descending: bool) -> int:
    """How many documents have changed after `at`; backwards, before it."""
    try:
        if not descending:
            return store.pending(at)
        with store.file.read():
            return store.pending(0) - store.pending(at - 1)
    except Unavailable:
        if not store.closed:
            raise
        return 0


# ---- what was asked for


def _parse(call: DatabaseCall) -> Asked:
    manner = manner_of(call)
    body = body_of(call)
    return Asked(
        rows=Rows(
            feed=manner.feed,
            filter=call.host.narrowed(call.user, call.store.name, filter_of(call, body)),
            descending=manner.descending,
            all_leaves=call.text("style") == "all_docs",
            include_docs=call.flag("include_docs"),
            conflicts=call.flag("conflicts"),
            attachments=call.flag("attachments"),
            att_encoding_info=call.flag("att_encoding_info"),
            seq_interval=call.number("seq_interval") or 1,
            fields=fields_of(body) if call.text("filter") == "_selector" else (),
        ),
        # unread then, however it is written
        since=0 if manner.descending else _since(call, manner.feed),
        manner=manner,
    )


def manner_of(call: Call) -> Manner:
    """How the rows should come, from the query. 400 for a feed or a number that is none."""
    feed = call.text("feed") or "normal"
    if feed not in FEEDS:
        raise BadRequest(f"Supported `feed` types: {', '.join(FEEDS)}")
    return Manner(
        feed="continuous" if feed == "live" else feed,
        descending=call.flag("descending"),
        limit=call.number("limit"),
        heartbeat_s=_heartbeat_s(call),
        timeout_s=_timeout_s(call),
    )


def body_of(call: Call) -> Json:
    """That of a POST, else empty."""
    if call.request.method != "POST":
        return {}
    call.require_json()
    body = load(call.body() or b"{}")
    if not isinstance(body, dict):
        raise BadRequest("Request body must be a JSON object")
    return body


def since_of(call: Call, feed: str) -> str:
    """A browser's EventSource that comes back says in a header where it was; that is newer than its URL."""
    since = call.text("since") or call.text("last-event-id") or "0"
    if feed == "eventsource":
        since = call.request.headers.get("Last-Event-ID", since)
    return str(load(since.encode("utf-8", "surrogateescape"))) if since.startswith('"') else since


def _since(call: DatabaseCall, feed: str) -> int:
    since = since_of(call, feed)
    if _TIME.fullmatch(since):
        return _seq_at(call, since)
    return call.store.seq() if since == "now" else call.store.inner_seq(since)


def _seq_at(call: DatabaseCall, moment: str) -> int:
    """A sequence that was there by then. No clock is kept beside ours, so it is the first, or in future the last."""
    try:
        then = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as why:
        raise BadRequest("invalid_time_format") from why
    return call.store.seq() if then > call.host.now() else 0


def _heartbeat_s(call: Call) -> float | None:
    """Line feeds at this rate, at least one a minute."""
    match call.text("heartbeat"):
        case None | "false":
            return None
        case "true":
            return MAX_WAIT_S
        case text:
            if not _INTEGER.fullmatch(text):
                reason = "Invalid heartbeat value. Expecting a positive integer value (in milliseconds)."
                raise BadRequest(reason)
            if int(text) <= 0:
                raise BadRequest("The heartbeat value should be a positive integer (in milliseconds).")
            return min(int(text) / 1000, MAX_WAIT_S)


def _timeout_s(call: Call) -> float:
    milliseconds = call.number("timeout")
    return MAX_WAIT_S if milliseconds is None else min(milliseconds / 1000, MAX_WAIT_S)
