"""`_changes`: normal, longpoll and continuous. protocol.md §1.5.

The framing is kept to the byte, because python-cloudant reads lines, not JSON. No read transaction lasts
longer than a page, whatever time the client takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Response

from sync.documents import Json, load, render
from sync.endpoints.all_docs import conflicts
from sync.endpoints.answers import not_modified, raw_answer
from sync.endpoints.call import DatabaseCall
from sync.errors import BadRequest, NotFound
from sync.rows import Summary
from sync.store import Store

PAGE = 500
MAX_WAIT_S = 60.0
FEEDS = ("normal", "longpoll", "continuous")


@dataclass(frozen=True, slots=True)
class Asked:
    feed: str
    since: int
    limit: int | None
    descending: bool
    all_leaves: bool
    include_docs: bool
    conflicts: bool
    attachments: bool
    doc_ids: tuple[str, ...] | None
    heartbeat_s: float | None
    timeout_s: float


def changes(call: DatabaseCall) -> Response:
    asked = _parse(call)
    feed = Feed(call.store, asked)
    if asked.feed == "continuous":
        return raw_answer(feed.continuous())
    if asked.feed == "longpoll" and not asked.descending:
        return raw_answer(feed.longpoll())
    etag = f'"{call.store.outer_seq(call.store.seq())}"'
    if etag in call.request.headers.get("If-None-Match", ""):
        return not_modified(etag)
    return raw_answer(feed.normal(), headers={"ETag": etag})


class Feed:
    """One answer to `_changes`: where it is (`_at`) and how many rows it may still give (`_left`)."""

    def __init__(self, store: Store, asked: Asked) -> None:
        self._store = store
        self._asked = asked
        self._at = asked.since
        self._left = asked.limit

    def normal(self) -> Iterator[bytes]:
        yield b'{"results":[\n'
        yield from self._separated()
        yield self._closing()

    def longpoll(self) -> Iterator[bytes]:
        """Its head first, so that the client knows that the line stands; then rows, as soon as there are any."""
        yield b'{"results":[\n'
        if self._left != 0 and not (yield from _all_of(self._separated())):
            yield from self._awaited(self._separated)
        yield self._closing()

    def continuous(self) -> Iterator[bytes]:
        """Rows as they come; where there are none yet, a line feed for the same reason."""
        if not (yield from _all_of(self._lines())):
            yield b"\n"
        while self._left != 0 and (yield from self._awaited(self._lines)):
            pass  # the time-out starts anew
        yield orjson.dumps(self._end()) + b"\n"

    def _awaited(self, rows: Callable[[], Iterator[bytes]]) -> Generator[bytes, None, bool]:
        """Heartbeats, then the next `rows`; False if the time was over before."""
        for beat in self._waiting():
            if beat:
                yield beat
            elif (yield from _all_of(rows())):
                return True
        return False

    def _waiting(self) -> Iterator[bytes]:
        """A line feed for each heartbeat, b"" whenever there may be something new; ends with the time-out."""
        beat_s = self._asked.heartbeat_s
        end = None if beat_s is not None else time.monotonic() + self._asked.timeout_s
        while not self._store.closed:
            if beat_s is not None:
                yield b"" if self._store.wait(self._at, beat_s) else b"\n"
                continue
            rest_s = (end or 0) - time.monotonic()
            if rest_s <= 0 or not self._store.wait(self._at, rest_s):
                return
            yield b""

    def _separated(self) -> Iterator[bytes]:
        """Pages of rows with CouchDB's `,` CR LF between rows."""
        separator = b""
        for page in self._pages():
            yield separator + b",\r\n".join(page)
            separator = b",\r\n"

    def _lines(self) -> Iterator[bytes]:
        for page in self._pages():
            yield b"".join(row + b"\n" for row in page)

    def _pages(self) -> Iterator[list[bytes]]:
        """All rows that are there now, in pages that are not empty, each read in one short transaction."""
        while self._left != 0:
            asked = PAGE if self._left is None else min(PAGE, self._left)
            page = self._page(asked)
            if page:
                yield page
            if len(page) < asked or self._asked.descending:
                return

    def _page(self, size: int) -> list[bytes]:
        asked, store = self._asked, self._store
        with store.file.read():
            found = store.changes(
                self._at,
                limit=self._left if asked.descending else size,
                descending=asked.descending,
                doc_ids=asked.doc_ids,
            )
            if len(found) < size and not asked.descending:
                self._at = max(self._at, store.seq())  # past what the filter left out
            elif found:
                self._at = found[-1].seq
            if self._left is not None:
                self._left -= len(found)
            documents = self._documents(found) if asked.include_docs else {}
            return [self._row(one, documents) for one in found]

    def _row(self, one: Summary, documents: dict[str, bytes]) -> bytes:
        leaves = one.leaves if self._asked.all_leaves else one.leaves[:1]
        row: Json = {
            "seq": self._store.outer_seq(one.seq),
            "id": one.id,
            "changes": [{"rev": str(leaf.rev)} for leaf in leaves],
        }
        if one.deleted:
            row["deleted"] = True
        line = orjson.dumps(row)
        if not self._asked.include_docs:
            return line
        return line[:-1] + b',"doc":' + documents[one.id] + b"}"

    def _documents(self, found: list[Summary]) -> dict[str, bytes]:
        summaries = {one.id: one for one in found}
        return {
            doc_id: render(
                stored,
                contents=self._store.contents(stored) if self._asked.attachments else None,
                extra=conflicts(summaries[doc_id]) if self._asked.conflicts else None,
            )
            for doc_id, stored in self._store.winners(summaries).items()
        }

    def _end(self) -> Json:
        pending = 0 if self._asked.descending else self._store.pending(self._at, doc_ids=self._asked.doc_ids)
        return {"last_seq": self._store.outer_seq(self._at), "pending": pending}

    def _closing(self) -> bytes:
        return b"\n],\n" + orjson.dumps(self._end())[1:] + b"\n"


def _all_of(parts: Iterator[bytes]) -> Generator[bytes, None, bool]:
    """Pass on all parts; whether there were any."""
    any_part = False
    for part in parts:
        yield part
        any_part = True
    return any_part


def _parse(call: DatabaseCall) -> Asked:
    body: Any = {}
    if call.request.method == "POST":
        call.require_json()
        body = load(call.body() or b"{}")
        if not isinstance(body, dict):
            raise BadRequest("Request body must be a JSON object")
    feed = call.text("feed") or "normal"
    feed = "continuous" if feed == "live" else feed
    if feed not in FEEDS:
        raise BadRequest(f"Supported `feed` types: {', '.join(FEEDS)}")
    return Asked(
        feed=feed,
        since=_since(call),
        limit=call.number("limit"),
        descending=call.flag("descending"),
        all_leaves=call.text("style") == "all_docs",
        include_docs=call.flag("include_docs"),
        conflicts=call.flag("conflicts"),
        attachments=call.flag("attachments"),
        doc_ids=_doc_ids(call, body),
        heartbeat_s=_heartbeat_s(call),
        timeout_s=_timeout_s(call),
    )


def _since(call: DatabaseCall) -> int:
    since = call.text("since") or "0"
    if since.startswith('"'):
        since = str(call.json_parameter("since"))
    return call.store.seq() if since == "now" else call.store.inner_seq(since)


def _doc_ids(call: DatabaseCall, body: Json) -> tuple[str, ...] | None:
    match call.text("filter"):
        case None | "":
            return None
        case "_doc_ids":
            named = body["doc_ids"] if "doc_ids" in body else call.json_parameter("doc_ids")
            if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
                raise BadRequest("`doc_ids` filter parameter is not a list of doc ids.")
            return tuple(named)
        case other if other.startswith("_"):
            raise BadRequest(f"unknown builtin filter name {other}")
        case other:
            raise NotFound(f"missing filter function {other}: JavaScript is not executed here")


def _heartbeat_s(call: DatabaseCall) -> float | None:
    """Line feeds at this rate, at least one a minute."""
    match call.text("heartbeat"):
        case None | "false":
            return None
        case "true":
            return MAX_WAIT_S
        case _:
            milliseconds = call.number("heartbeat")
            if not milliseconds:
                raise BadRequest("The heartbeat value should be a positive integer (in milliseconds).")
            return min(milliseconds / 1000, MAX_WAIT_S)


def _timeout_s(call: DatabaseCall) -> float:
    milliseconds = call.number("timeout")
    return MAX_WAIT_S if milliseconds is None else min(milliseconds / 1000, MAX_WAIT_S)
