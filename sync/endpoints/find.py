"""`_find` and `_explain`: documents by a Mango selector. protocol.md §1.9, src/mango/src/mango_cursor*.erl.

Every query is a scan in the order of `_all_docs`, in pages, each read in one short transaction; what the
selector says of `_id` narrows it. Nothing grows with the archive but time: without a sort, matches leave as
they are found; with one, the best `skip + limit` sort keys are kept (at most `MAX_SORTED`), then the documents
are read. Sorting needs an index as in CouchDB (`sync.endpoints.indexes`): a query that works here must work
there. `_id` needs none. And where CouchDB would take an index, its order is ours, although it costs us more.

A bookmark is where the last answer ended: its id, and its sort key if it was sorted.
"""

from __future__ import annotations

import base64
import binascii
import functools
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from time import monotonic
from typing import Any, NamedTuple

from flask import Response

from sync.documents import DESIGN, Json, Stored, dump, load, render
from sync.endpoints.all_docs import PAGE, conflicts
from sync.endpoints.answers import answer, raw_answer
from sync.endpoints.call import DatabaseCall
from sync.endpoints.indexes import SPECIAL, Index, SortField, declared, only, parse_sort, short
from sync.errors import BadRequest
from sync.mango import Missing, Path, Selector, collate, field, field_path
from sync.rows import Summary
from sync.store import Store

DEFAULT_LIMIT = 25
MAX_SORTED = 10_000

_OPTIONS = (
    "selector",
    "use_index",
    "allow_fallback",
    "bookmark",
    "limit",
    "skip",
    "sort",
    "fields",
    "partition",
    "r",
    "conflicts",
    "stale",
    "update",
    "stable",
    "execution_stats",
)
_NO_INDEX = "No matching index found, create an index to optimize query time."


@dataclass(frozen=True, slots=True)
class Query:
    """`fields`: empty for all. `use_index`: a design document's name, and maybe a view's."""

    selector: Selector
    sort: tuple[SortField, ...]
    fields: tuple[Path, ...]
    limit: int
    skip: int
    bookmark: str | None
    use_index: tuple[str, ...]
    allow_fallback: bool
    conflicts: bool
    execution_stats: bool

    @property
    def descending(self) -> bool:
        """Whether any field of `sort` is."""
        return any(one.descending for one in self.sort)

    @property
    def by_id(self) -> bool:
        """Whether the order is that of the scan itself."""
        return all(one.path == ("_id",) for one in self.sort)


class Row(NamedTuple):
    """A match. `key`: the values of the fields sorted by; none in a scan that is not sorted."""

    key: list[Any]
    id: str
    document: Json


def find(call: DatabaseCall) -> Response:
    """POST `/{db}/_find`, streamed. 400 for a selector that is none, or a sort without its index."""
    query = parse_query(call.object_body())
    if not query.by_id and query.skip + query.limit > MAX_SORTED:
        raise BadRequest(f"skip + limit of a sorted query may be {MAX_SORTED}", error="invalid_value")
    index = _chosen(call.store, query)
    query = _in_order_of(index, query)
    start = _from_bookmark(query)
    return raw_answer(_answer(call.store, query, index, start))


def _answer(store: Store, query: Query, index: Index | None, start: Row | None) -> Iterator[bytes]:
    began, examined = monotonic(), _Counter()
    rows = (_by_id if query.by_id else _sorted)(store, query, index, start, examined)
    yield b'{"docs":[\n'
    last, returned = start, 0
    for row in rows:
        if row is None:
            yield b"\n"  # nothing yet: a client that is gone is noticed
            continue
        yield (b",\n" if returned else b"") + dump(project(row.document, query.fields))
        last, returned = row, returned + 1
    tail: Json = {"bookmark": _bookmark(last)}
    if query.execution_stats:
        tail["execution_stats"] = {
            "total_keys_examined": 0,
            "total_docs_examined": examined.count,
            "total_quorum_docs_examined": 0,
            "results_returned": returned,
            "execution_time_ms": round(1000 * (monotonic() - began), 3),
        }
    warning = _warning(query, index)
    if warning:
        tail["warning"] = warning
    yield b"\n]," + dump(tail)[1:] + b"\n"


class _Counter:
    count = 0


# ---- the request


def parse_query(body: Json) -> Query:
    """Raises `BadRequest` in the words of mango_opts.erl."""
    only(body, _OPTIONS, required=("selector",))
    _whole(body, "r", 1, least=1)
    for name, default in (("update", True), ("stable", False)):
        _flag(body, name, default=default)
    if body.get("stale", False) is not False and body["stale"] not in ("false", "ok"):
        raise BadRequest(f"Invalid value for stale: {short(body['stale'])}", error="invalid_value")
    if body.get("partition", "") != "":
        raise BadRequest("database is not partitioned")
    return Query(
        selector=Selector(body["selector"]),
        sort=parse_sort(body.get("sort", [])),
        fields=_fields(body.get("fields", [])),
        limit=_whole(body, "limit", DEFAULT_LIMIT),
        skip=_whole(body, "skip", 0),
        bookmark=_sent_bookmark(body.get("bookmark")),
        use_index=_use_index(body.get("use_index")),
        allow_fallback=_flag(body, "allow_fallback", default=True),
        conflicts=_flag(body, "conflicts", default=False),
        execution_stats=_flag(body, "execution_stats", default=False),
    )


def _whole(body: Json, name: str, default: int, *, least: int = 0) -> int:
    value = body.get(name, default)
    if isinstance(value, int) and not isinstance(value, bool) and value >= least:
        return value
    if least:
        raise BadRequest(f"{short(value)} is not an integer greater than zero", error="invalid_pos_integer")
    raise BadRequest(
        f"{short(value)} is not an integer greater than or equal to zero", error="invalid_non_neg_integer"
    )


def _flag(body: Json, name: str, *, default: bool) -> bool:
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise BadRequest(f"Invalid boolean value: {short(value)}", error="invalid_boolean")
    return value


def _fields(sent: object) -> tuple[Path, ...]:
    if not isinstance(sent, list):
        raise BadRequest(f"Fields must be an array of strings, not: {short(sent)}", error="invalid_fields")
    for one in sent:
        if not isinstance(one, str):
            raise BadRequest(f"Invalid JSON for field spec: {short(one)}", error="invalid_field")
    return tuple(field_path(one) for one in sent)


def _use_index(sent: object) -> tuple[str, ...]:
    """`"ddoc"`, `"_design/ddoc"`, `"ddoc/view"`, `["ddoc"]`, `["ddoc", "view"]`; null and [] are none."""
    if isinstance(sent, str):
        pieces = sent.removeprefix(DESIGN).split("/", 1)
    elif sent is None:
        return ()
    else:
        pieces = [str(one) for one in sent] if isinstance(sent, list) and _all_text(sent) else [""]
    if len(pieces) > 2 or not all(pieces):
        raise BadRequest(f"Invalid index name: {short(sent)}", error="invalid_index_name")
    return (pieces[0].removeprefix(DESIGN), *pieces[1:]) if pieces else ()


def _all_text(values: list[Any]) -> bool:
    return all(isinstance(one, str) for one in values)


# ---- which index CouchDB would take


def _chosen(store: Store, query: Query) -> Index | None:
    """None where CouchDB would scan all documents. Raises its `no_usable_index`."""
    usable = [one for one in declared(store) if one.serves(query.selector, query.sort)]
    named = [one for one in usable if _is_named(one, query)]
    if query.use_index and not named and not query.allow_fallback:
        raise BadRequest(_not_used(query), error="no_usable_index")
    whole = [one for one in usable if not one.partial]
    if not named and not whole and not query.by_id:
        raise BadRequest(
            "No index exists for this sort, try indexing by the sort fields.", error="no_usable_index"
        )
    return next(iter((*named, *whole)), None)


def _in_order_of(index: Index | None, query: Query) -> Query:
    """Without a sort CouchDB answers in the order of the index that it takes."""
    if index is None or query.sort or query.skip + query.limit > MAX_SORTED:
        return query
    return replace(query, sort=tuple(one._replace(descending=False) for one in index.fields))


def _is_named(index: Index, query: Query) -> bool:
    ddoc = index.ddoc.removeprefix(DESIGN)
    return query.use_index in ((ddoc,), (ddoc, index.name))


def _not_used(query: Query) -> str:
    named = DESIGN + ", ".join(query.use_index)
    return f"{named} was not used because it does not contain a valid index for this query."


def _warning(query: Query, index: Index | None) -> str:
    warnings = []
    if query.use_index and (index is None or not _is_named(index, query)):
        warnings.append(_not_used(query))
    if index is None:
        warnings.append(_NO_INDEX)
    return "\n".join(warnings)


# ---- the scan


def _by_id(
    store: Store, query: Query, index: Index | None, start: Row | None, examined: _Counter
) -> Iterator[Row | None]:
    """Matches as they are found; None after each page without one."""
    skip, left = query.skip, query.limit
    if left == 0:
        return
    for page in _pages(store, query, index, examined, after=None if start is None else start.id):
        found = False
        for row in page:
            if skip:
                skip -= 1
                continue
            yield row
            found = True
            left -= 1
            if left == 0:
                return
        if not found:
            yield None


def _sorted(
    store: Store, query: Query, index: Index | None, start: Row | None, examined: _Counter
) -> Iterator[Row | None]:
    """Keys first, and only of the best; then their documents, page by page, as they are by then."""
    if query.limit == 0:
        return
    best = heapq.nlargest if query.descending else heapq.nsmallest
    found = (
        Row(row.key, row.id, {})
        for page in _pages(store, query, index, examined)
        for row in page
        if start is None or _is_behind(row, start, query)
    )
    keys = best(query.skip + query.limit, found, key=_ORDER)[query.skip :]
    for first in range(0, len(keys), PAGE):
        page = keys[first : first + PAGE]
        with store.file.read():
            summaries = store.summaries([one.id for one in page])
            documents = dict(_documents(store, query, summaries.values()))
        for one in page:
            if one.id in documents:
                yield one._replace(document=documents[one.id])


def _collate_rows(one: Row, other: Row) -> int:
    return collate(one.key, other.key) or collate(one.id, other.id)


_ORDER: Callable[[Row], Any] = functools.cmp_to_key(_collate_rows)


def _is_behind(row: Row, start: Row, query: Query) -> bool:
    order = _collate_rows(row, start)
    return order < 0 if query.descending else order > 0


def _pages(
    store: Store, query: Query, index: Index | None, examined: _Counter, *, after: str | None = None
) -> Iterator[Iterator[Row]]:
    """The matches, in pages of what was examined, in the order of their ids."""
    first, last = query.selector.ids()
    inclusive = True
    if query.descending:
        first, last = last, first
    if after is not None:
        first, inclusive = after, False
    partial = Selector(index.partial) if index is not None and index.partial else None
    while True:
        with store.file.read():
            found = store.all_docs(
                startkey=first,
                inclusive_start=inclusive,
                endkey=last,
                descending=query.descending,
                limit=PAGE,
            )
            documents = _documents(store, query, found)
        examined.count += len(documents)
        yield _matches(documents, query, partial)
        if len(found) < PAGE:
            return
        first, inclusive = found[-1].id, False


def _matches(documents: Sequence[tuple[str, Json]], query: Query, partial: Selector | None) -> Iterator[Row]:
    for doc_id, document in documents:
        if not query.selector.matches(document) or (partial and not partial.matches(document)):
            continue
        key = [] if query.by_id else [field(document, one.path) for one in query.sort]
        if not any(isinstance(value, Missing) for value in key):  # what has no such field is in no such index
            yield Row(key, doc_id, document)


def _documents(store: Store, query: Query, found: Iterable[Summary]) -> list[tuple[str, Json]]:
    """As a client reads them, in the order given; no design documents, and none that is deleted."""
    wanted = {one.id: one for one in found if not one.deleted and not one.id.startswith(DESIGN)}
    stored = store.winners(wanted)
    return [
        (doc_id, _document(stored[doc_id], one, query)) for doc_id, one in wanted.items() if doc_id in stored
    ]


def _document(stored: Stored, summary: Summary, query: Query) -> Json:
    document: Json = load(render(stored, extra=conflicts(summary) if query.conflicts else None))
    return document


def project(document: Json, fields: Sequence[Path]) -> Json:
    """Only these fields, each where it was; array elements under their numbers (mango_fields.erl)."""
    if not fields:
        return document
    picked: Json = {}
    for path in fields:
        value = field(document, path)
        if isinstance(value, Missing):
            continue
        place: Any = picked
        for name in islice(path, len(path) - 1):
            place = place.setdefault(name, {}) if isinstance(place, dict) else None
        if isinstance(place, dict):  # else a field above was picked whole
            place[path[-1]] = value
    return picked


# ---- bookmarks


def _sent_bookmark(sent: object) -> str | None:
    if sent is None or sent in ("", "nil"):
        return None
    if not isinstance(sent, str):
        raise _bad_bookmark(sent)
    return sent


def _bookmark(last: Row | None) -> str:
    if last is None:
        return "nil"
    return base64.urlsafe_b64encode(dump([last.id, *last.key])).decode().rstrip("=")


def _from_bookmark(query: Query) -> Row | None:
    if query.bookmark is None:
        return None
    try:
        padded = query.bookmark + "=" * (-len(query.bookmark) % 4)
        pieces = load(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, BadRequest) as why:
        raise _bad_bookmark(query.bookmark) from why
    expected = 1 if query.by_id else 1 + len(query.sort)
    if not isinstance(pieces, list) or len(pieces) != expected or not isinstance(pieces[0], str):
        raise _bad_bookmark(query.bookmark)
    return Row(pieces[1:], pieces[0], {})


def _bad_bookmark(sent: object) -> BadRequest:
    return BadRequest(f"Invalid bookmark value: {short(sent)}", error="invalid_bookmark")


# ---- _explain


def explain(call: DatabaseCall) -> Response:
    """What `_find` would do: always a scan of all documents, or of those in the range of ids."""
    body = call.object_body()
    query = parse_query(body)
    ids = query.selector.ids()
    first, last = (ids.high, ids.low) if query.descending else ids
    return answer(
        {
            "dbname": call.store.name,
            "index": SPECIAL,
            "partitioned": False,
            "selector": body["selector"],
            "opts": {
                "use_index": list(query.use_index),
                "bookmark": query.bookmark or "nil",
                "limit": query.limit,
                "skip": query.skip,
                "sort": {key: way for one in query.sort for key, way in one.as_json().items()},
                "fields": body.get("fields", []),
                "partition": "",
                "r": body.get("r", 1),
                "conflicts": query.conflicts,
                "stale": body.get("stale", False),
                "update": body.get("update", True),
                "stable": body.get("stable", False),
                "execution_stats": query.execution_stats,
                "allow_fallback": query.allow_fallback,
            },
            "limit": query.limit,
            "skip": query.skip,
            "fields": body.get("fields", []),
            "index_candidates": [],
            "selector_hints": [],
            "mrargs": {
                "include_docs": True,
                "view_type": "map",
                "reduce": False,
                "partition": None,
                "start_key": first,
                "end_key": "<MAX>" if last is None and not query.descending else last,
                "direction": "rev" if query.descending else "fwd",
                "stable": body.get("stable", False),
                "update": body.get("update", True),
                "conflicts": query.conflicts,
            },
        }
    )
