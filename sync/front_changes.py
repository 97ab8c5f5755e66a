"""`_changes` of a front: page by page from behind, each reader from where they are. decisions/0051."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Response

from sync.behind import LATER_S, FrontCall, rows_of, show
from sync.documents import Json, dump
from sync.endpoints.answers import packed_answer, raw_answer
from sync.endpoints.changes import (
    PAGE,
    PAGE_BYTES,
    PAGE_OF_DOCUMENTS,
    FramedChanges,
    Manner,
    Page,
    body_of,
    framed,
    joined,
    manner_of,
    since_of,
)
from sync.errors import BadRequest, Refused
from sync.feeds import Make, Step
from sync.filtering import EVERYTHING, Filter

_OF_CHANGES: Final = frozenset(("style", "include_docs", "conflicts", "attachments", "att_encoding_info"))
_NATIVE: Final = ("_doc_ids", "_selector", "_design")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What rows a feed is made of: feeds for which this is equal, at one place, share their pages.

    `native`: the filter that lies behind, with what it is told.
    """

    feed: str
    parameters: tuple[tuple[str, str], ...]
    native: bytes | None
    filter: Filter

    @property
    def shows(self) -> bool:
        """Whether there may be documents in it, which not everybody may read: what is true lies with what is behind."""
        return dict(self.parameters).get("include_docs", "false") != "false"

    @property
    def page(self) -> int:
        """How many changes are asked for at a time."""
        return PAGE_OF_DOCUMENTS if self.shows else PAGE


class _Feed(FramedChanges):
    """Goes on from page to page where the database behind says that the next one begins. `first` is made already."""

    def __init__(self, call: FrontCall, manner: Manner, asked: _Asked, at: Any, first: Page) -> None:
        super().__init__(call.database.bell, manner, at, heard=first.heard)
        self._call, self._asked = call, asked
        self._first: Page | None = first
        self._pending = first.pending
        self._key = (call.database.name, asked, call.user if asked.shows else None)

    def _next_page(self) -> Make:
        at, left = self._at, min(self._left, self._asked.page)
        if (first := self._first) is not None:
            self._first = None
            return Make((self, "first"), lambda: first, slow=False)
        make = functools.partial(
            _page, self._call, self._asked, at, left, waited=self._manner.feed != "normal"
        )
        return Make((*self._key, dump(at), left), make, slow=False)

    def _last_word(self) -> Generator[Step, Any, Json]:
        yield from ()
        return {"last_seq": self._at, "pending": self._pending}


def changes(call: FrontCall) -> Response:
    """GET and POST `_changes`: normal, longpoll, continuous, eventsource; forwards only."""
    manner = manner_of(call)
    if manner.descending:
        raise Refused("a feed goes forwards here", error="not_implemented", status=501)
    asked = _asked(call, manner, body_of(call))
    since = since_of(call, manner.feed)
    live = manner.feed != "normal"
    if live:
        call.database.bell.await_hearing(LATER_S)
    # the first page now: what goes wrong until then still gets a status of its own
    left = asked.page if manner.limit is None else min(manner.limit, asked.page)
    first = _first_page(call, asked, since, left)
    feed = _Feed(call, manner, asked, since, first)
    if not live:
        return packed_answer(call.request, iter(feed))
    headers = {"Cache-Control": "no-cache"} if manner.feed == "eventsource" else {}
    response = raw_answer(feed, headers=headers)
    if manner.feed == "eventsource":
        response.content_type = "text/event-stream"
    response.direct_passthrough = True  # to the web server, which knows what a `Feed` is
    return response


def _asked(call: FrontCall, manner: Manner, body: Json) -> _Asked:
    name = call.text("filter") or ""
    parameters, native, chosen = call.some(_OF_CHANGES), None, EVERYTHING
    if name in _NATIVE:
        parameters["filter"] = name
        native = _native(call, name, body)
    elif name in call.host.filters:
        chosen = call.host.filters[name](call.request.args, call.user)
    elif name:
        raise BadRequest("unknown builtin filter name")
    passes = call.host.narrowed(call.user, call.database.name, chosen)
    if passes.by_document is not None:
        raise Refused("a front filters by ids", error="not_implemented", status=501)
    if passes.few_ids is not None:
        parameters["filter"], native = "_doc_ids", dump({"doc_ids": sorted(passes.few_ids)})
    return _Asked(manner.feed, tuple(sorted(parameters.items())), native, passes)


def _native(call: FrontCall, name: str, body: Json) -> bytes | None:
    """What goes in the body of a POST."""
    match name:
        case "_doc_ids":
            ids = body.get("doc_ids") if call.request.method == "POST" else call.json_parameter("doc_ids")
            if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
                raise BadRequest("`doc_ids` filter parameter is not a list of doc ids.")
            return dump({"doc_ids": ids})
        case "_selector":
            if call.request.method != "POST":
                raise BadRequest("Selector must be specified in POST payload")
            if not isinstance(body.get("selector"), dict):
                raise BadRequest("Selector error: expected a JSON object")
            return dump({name: body[name] for name in ("selector", "fields") if name in body})
        case _:
            return None


def _first_page(call: FrontCall, asked: _Asked, since: str, left: int) -> Page:
    try:
        return _page(call, asked, since, left)
    except BadRequest:
        if since in ("0", "now"):
            raise
        # of another life: before it moved here, or was put back. It is read anew, and nothing is sent twice
        return _page(call, asked, "0", left)


def _page(call: FrontCall, asked: _Asked, at: Any, left: int, *, waited: bool = False) -> Page:
    """Up to `left` rows behind `at`."""
    database, passes = call.database, asked.filter
    size = left if passes.passes_all else asked.page
    since = at if isinstance(at, str) else dump(at).decode()
    heard, found = database.page(
        {**dict(asked.parameters), "since": since, "limit": size},
        asked.native,
        waited=waited,
        shows=asked.shows,
    )
    there, pending = rows_of(found, "results"), found.get("pending")
    rows = there if left else []  # some servers take no limit of 0
    last_seq, more = found.get("last_seq"), len(rows) == size
    passing: Collection[str] | None = None
    if passes.by_page is not None:
        ids = [row["id"] for row in rows]
        known = dict.fromkeys(ids, True) if database.known is None else database.known(ids)
        passing = mine = passes.by_page(ids)
        sure = list(itertools.takewhile(lambda row: _is_sure(row["id"], known, mine), rows))
        if len(sure) < len(rows):
            rows, last_seq, more = sure, sure[-1]["seq"] if sure else at, False
    chosen = [row for row in rows if _chosen(row, passes, passing)]
    if asked.shows:
        show(call, chosen)
    lines: list[bytes] = []
    length = 0
    for row in chosen:
        lines.append(framed(dump(row), row["seq"], asked.feed))
        length += len(lines[-1])
        if len(lines) == left or length >= PAGE_BYTES:
            through = rows.index(row) + 1
            rows, last_seq, more = rows[:through], row["seq"], more or through < len(rows)
            break
    if isinstance(pending, int):  # it is said of the whole page
        pending += len(there) - len(rows)
    return Page(joined(lines, asked.feed), len(lines), last_seq, more, heard, pending)


def _is_sure(doc_id: str, known: Mapping[str, bool], passing: Collection[str]) -> bool:
    """Whether a reader may be led on from it: it is known whose it is, or that it is his whatever comes."""
    return known.get(doc_id, False) or (doc_id in known and doc_id in passing)


def _chosen(row: Json, passes: Filter, passing: Collection[str] | None) -> bool:
    by_id = passes.by_id is None or passes.by_id(row["id"])
    return by_id and (passing is None or row["id"] in passing)
