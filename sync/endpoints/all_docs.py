"""`_all_docs` and its kin, `_design_docs` and `_local_docs`: documents by the bytes of their ids. protocol.md §1.6."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, TypeAlias

import orjson
from flask import Response

from sync.documents import Json, dump, load, render
from sync.endpoints.answers import raw_answer
from sync.endpoints.call import DatabaseCall, natural
from sync.errors import BadRequest
from sync.rows import Summary
from sync.store import Store

PAGE = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of one `_all_docs`; keys are ids, `limit` None is no limit. protocol.md §1.6."""

    startkey: str | None
    endkey: str | None
    inclusive_end: bool
    descending: bool
    limit: int | None
    skip: int
    include_docs: bool
    conflicts: bool
    attachments: bool
    update_seq: bool
    keys: list[Any] | None


# All of one answer, in pieces.
_Listing: TypeAlias = Callable[[Store, Asked], Iterator[bytes]]


def all_docs(call: DatabaseCall) -> Response:
    """GET and POST `/{db}/_all_docs`, streamed. 400 for a question that is wrong."""
    return _single(call, _answer)


def design_docs(call: DatabaseCall) -> Response:
    """`_all_docs` of nothing but design documents."""
    return _single(call, _design_docs)


def local_docs(call: DatabaseCall) -> Response:
    """Everybody's notes."""
    return _single(call, _local_docs)


def queries(call: DatabaseCall) -> Response:
    """POST `/{db}/_all_docs/queries`: several questions, answered in their order."""
    return _several(call, _answer)


def design_docs_queries(call: DatabaseCall) -> Response:
    """POST `/{db}/_design_docs/queries`."""
    return _several(call, _design_docs)


def local_docs_queries(call: DatabaseCall) -> Response:
    """POST `/{db}/_local_docs/queries`."""
    return _several(call, _local_docs)


def _single(call: DatabaseCall, listing: _Listing) -> Response:
    parts = listing(call.store, _parse(_parameters(call)))
    # the first page now: what goes wrong until then still gets a status of its own
    return raw_answer(chain([*islice(parts, 2)], parts))


def _several(call: DatabaseCall, listing: _Listing) -> Response:
    """Several questions in one request: `{"queries": [{…}]}`, each with the members of a POST."""
    common = _of_url(call)
    wanted = call.object_body().get("queries")
    if not isinstance(wanted, list):
        raise BadRequest("POST body must include `queries` parameter.")
    if not all(isinstance(one, dict) for one in wanted):
        raise BadRequest("`queries` must be an array of JSON objects.")
    asked = [_parse([*common, *one.items()]) for one in wanted]

    def answers() -> Iterator[bytes]:
        yield b'{"results":['
        for number, one in enumerate(asked):
            yield b"," if number else b""
            yield from listing(call.store, one)
        yield b"]}\n"

    return raw_answer(answers())


def _design_docs(store: Store, asked: Asked) -> Iterator[bytes]:
    with store.file.read():
        found = store.all_docs(startkey="_design/", endkey="_design0", inclusive_end=False)
        documents = _documents(store, asked, found) if asked.include_docs else {}
        total = len(found)
    return _listed(
        asked,
        {one.id: (str(one.winner), documents.get(one.id)) for one in found},
        total=total,
    )


def _local_docs(store: Store, asked: Asked) -> Iterator[bytes]:
    """CouchDB counts them as null."""
    found = store.local_docs()
    return _listed(
        asked,
        {one["_id"]: (one["_rev"], dump(one) if asked.include_docs else None) for one in found},
        total=None,
    )


def _listed(
    asked: Asked, known: Mapping[str, tuple[str, bytes | None]], *, total: int | None
) -> Iterator[bytes]:
    """The same answer as `_all_docs`, of a list that fits in memory: `known` by id, in order."""
    offset = 0
    if asked.keys is None:
        ids = sorted(known, key=str.encode, reverse=asked.descending)
        begins = [doc_id for doc_id in ids if not _is_before(doc_id, asked)]
        offset = min(len(ids) - len(begins) + asked.skip, len(ids))
        keys: list[Any] = [doc_id for doc_id in begins if not _is_behind(doc_id, asked)]
    else:
        keys = asked.keys[::-1] if asked.descending else asked.keys
    head = orjson.dumps(
        {"total_rows": total, "offset": None if total is None or asked.keys is not None else offset}
    )
    chosen = keys[asked.skip :][: asked.limit]
    pages = (chosen[first : first + PAGE] for first in range(0, len(chosen), PAGE))
    rows = ([_listed_row(key, known, asked) for key in page] for page in pages)
    return _separated(head[:-1] + b',"rows":[', rows)


def _listed_row(key: Any, known: Mapping[str, tuple[str, bytes | None]], asked: Asked) -> bytes:
    if not isinstance(key, str) or key not in known:
        return dump({"key": key, "error": "not_found"})
    rev, document = known[key]
    row = orjson.dumps({"id": key, "key": key, "value": {"rev": rev}})
    return row if not asked.include_docs else row[:-1] + b',"doc":' + (document or b"null") + b"}"


def _is_before(doc_id: str, asked: Asked) -> bool:
    if asked.startkey is None:
        return False
    one, start = doc_id.encode(), asked.startkey.encode()
    return one > start if asked.descending else one < start


def _is_behind(doc_id: str, asked: Asked) -> bool:
    if asked.endkey is None:
        return False
    one, end = doc_id.encode(), asked.endkey.encode()
    if one == end:
        return not asked.inclusive_end
    return one < end if asked.descending else one > end


def _answer(store: Store, asked: Asked) -> Iterator[bytes]:
    head = _head(store, asked)
    rows = _by_range(store, asked) if asked.keys is None else _by_keys(store, asked, asked.keys)
    return _separated(head, rows)


def _head(store: Store, asked: Asked) -> bytes:
    with store.file.read():
        about = store.info()
        head: Json = {"total_rows": about.doc_count, "offset": None}
        if asked.keys is None:
            before = asked.skip
            if asked.startkey is not None:
                before += store.count_before(asked.startkey, descending=asked.descending)
            head["offset"] = min(before, about.doc_count)
        if asked.update_seq:
            head["update_seq"] = None if asked.keys is not None else store.outer_seq(about.seq)
    return orjson.dumps(head)[:-1] + b',"rows":['


def _separated(head: bytes, pages: Iterator[list[bytes]]) -> Iterator[bytes]:
    yield head + b"\n"
    separator = b""
    for page in pages:
        yield separator + b",\n".join(page)
        separator = b",\n"
    yield b"\n]}\n"


def _by_range(store: Store, asked: Asked) -> Iterator[list[bytes]]:
    """Pages of rows, each read in one short transaction, so that a large answer needs little memory."""
    start, inclusive, skip, left = asked.startkey, True, asked.skip, asked.limit
    while left != 0:
        size = PAGE if left is None else min(PAGE, left)
        with store.file.read():
            found = store.all_docs(
                startkey=start,
                inclusive_start=inclusive,
                endkey=asked.endkey,
                inclusive_end=asked.inclusive_end,
                descending=asked.descending,
                limit=size,
                skip=skip,
            )
            documents = _documents(store, asked, found)
        if found:
            yield [_row(one, one.id, asked, documents) for one in found]
        if len(found) < size:
            return
        start, inclusive, skip = found[-1].id, False, 0
        left = None if left is None else left - size


def _by_keys(store: Store, asked: Asked, keys: list[Any]) -> Iterator[list[bytes]]:
    if asked.descending:
        keys = keys[::-1]
    keys = keys[asked.skip :][: asked.limit]
    for first in range(0, len(keys), PAGE):
        page = keys[first : first + PAGE]
        with store.file.read():
            known = store.summaries({key for key in page if isinstance(key, str)})
            documents = _documents(store, asked, list(known.values()))
        yield [
            _row_of_key(key, known.get(key) if isinstance(key, str) else None, asked, documents)
            for key in page
        ]


def _row(one: Summary, key: str, asked: Asked, documents: Mapping[str, bytes]) -> bytes:
    value: Json = {"rev": str(one.winner)}
    if one.deleted:
        value["deleted"] = True
    row = orjson.dumps({"id": one.id, "key": key, "value": value})
    if not asked.include_docs:
        return row
    return row[:-1] + b',"doc":' + documents.get(one.id, b"null") + b"}"


def _row_of_key(key: Any, one: Summary | None, asked: Asked, documents: Mapping[str, bytes]) -> bytes:
    if one is None:
        return dump({"key": key, "error": "not_found"})  # a key may be any JSON
    return _row(one, one.id, asked, documents)


def _documents(store: Store, asked: Asked, found: Sequence[Summary]) -> dict[str, bytes]:
    """The live documents of rows, rendered; none if they were not asked for."""
    if not asked.include_docs:
        return {}
    summaries = {one.id: one for one in found if not one.deleted}
    return {
        doc_id: render(
            stored,
            contents=store.contents(stored) if asked.attachments else None,
            extra=conflicts(summaries[doc_id]) if asked.conflicts else None,
        )
        for doc_id, stored in store.winners(summaries).items()
    }


def conflicts(summary: Summary) -> Json:
    """`_conflicts`, left out where there are none."""
    losers = [str(leaf.rev) for leaf in summary.leaves[1:] if not leaf.deleted]
    return {"_conflicts": losers} if losers else {}


def _parameters(call: DatabaseCall) -> list[tuple[str, Any]]:
    """The members of a POST body, and after them the query parameters, decoded: of two, the later counts."""
    of_url = _of_url(call)
    if call.request.method != "POST":
        return of_url
    body = call.object_body()
    if not isinstance(body.get("keys", []), list):
        raise BadRequest("`keys` body member must be an array.")
    return [*body.items(), *of_url]


def _of_url(call: DatabaseCall) -> list[tuple[str, Any]]:
    return [(name, _decoded(name, value)) for name, value in call.request.args.items(multi=True)]


def _decoded(name: str, value: str) -> Any:
    if name not in _KNOWN:
        return None
    try:
        return load(value.encode("utf-8", "surrogateescape"))
    except BadRequest as why:
        raise BadRequest(f"Invalid value for {name}: {value:.40}", error="query_parse_error") from why


_KNOWN = frozenset(
    [
        "key",
        "keys",
        "startkey",
        "start_key",
        "endkey",
        "end_key",
        "inclusive_end",
        "descending",
        "limit",
        "skip",
        "include_docs",
        "conflicts",
        "attachments",
        "update_seq",
    ]
)


def _parse(pairs: Iterable[tuple[str, Any]]) -> Asked:
    sent: dict[str, Any] = {}
    startkey = endkey = None
    one_key = False  # a key is a range of one; what comes after it moves one of its ends
    for name, value in pairs:
        match name:
            case "key":
                startkey = endkey = _id("key", value)
                one_key = startkey is not None
            case "startkey" | "start_key":
                startkey, one_key = _id("startkey", value), False
            case "endkey" | "end_key":
                endkey, one_key = _id("endkey", value), False
            case _:
                sent[name] = value
    limit = sent.get("limit")
    return Asked(
        startkey=startkey,
        endkey=endkey,
        inclusive_end=_flag(sent, "inclusive_end", default=True) or one_key,
        descending=_flag(sent, "descending"),
        limit=None if limit is None else natural("limit", limit),
        skip=natural("skip", sent.get("skip", 0)),
        include_docs=_flag(sent, "include_docs"),
        conflicts=_flag(sent, "conflicts"),
        attachments=_flag(sent, "attachments"),
        update_seq=_flag(sent, "update_seq"),
        keys=_keys(sent.get("keys"), ranged=not (startkey is None and endkey is None)),
    )


def _id(name: str, value: object) -> str | None:
    """Ids are strings: null and "" bound nothing, anything else that is no string is refused."""
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"Invalid value for {name}: ids are strings", error="query_parse_error")
    return value


def _keys(keys: object, *, ranged: bool) -> list[Any] | None:
    if keys is None:
        return None
    if not isinstance(keys, list):
        raise BadRequest("`keys` parameter must be an array.")
    if keys and ranged:
        raise BadRequest(
            "`keys` is incompatible with `key`, `start_key` and `end_key`", error="query_parse_error"
        )
    return keys


def _flag(sent: Mapping[str, Any], name: str, *, default: bool = False) -> bool:
    value = sent.get(name, default)
    if value in ("true", "false"):
        return bool(value == "true")
    if not isinstance(value, bool):
        raise BadRequest(f"Invalid boolean parameter: {value!r:.40}", error="query_parse_error")
    return value
