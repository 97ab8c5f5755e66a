"""`_index`: what clients declare, stored as CouchDB stores it. src/mango/src/mango_idx*.erl.

An index is a view of a design document of language `query`, so that indexes replicate and a CouchDB on the
other side builds them. Here nothing is built: `_find` scans. What a declared index changes is what CouchDB's
answers depend on: which sorts are allowed, whether the answer warns, and which documents a partial index holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import Response

from sync.documents import DESIGN, Json, dump, dump_sorted, load
from sync.endpoints.answers import answer
from sync.endpoints.call import DatabaseCall
from sync.errors import BadRequest, NotFound
from sync.mango import Path, Selector, field_path
from sync.store import Store

_LANGUAGE = "query"
SPECIAL: Json = {
    "ddoc": None,
    "name": "_all_docs",
    "type": "special",
    "partitioned": False,
    "def": {"fields": [{"_id": "asc"}]},
}


class SortField(NamedTuple):
    """`name` as it was written, `path` what it means."""

    name: str
    path: Path
    descending: bool

    def as_json(self) -> Json:
        """As `_index` and `_explain` tell it, with the name that was written."""
        return {self.name: "desc" if self.descending else "asc"}


@dataclass(frozen=True, slots=True)
class Index:
    """An index as it was declared; `partial` is its `partial_filter_selector`."""

    ddoc: str
    name: str
    fields: tuple[SortField, ...]
    partial: Json | None

    def as_json(self) -> Json:
        """A row of `_index`."""
        definition: Json = {"fields": [one.as_json() for one in self.fields]}
        if self.partial:
            definition["partial_filter_selector"] = self.partial
        return {
            "ddoc": self.ddoc,
            "name": self.name,
            "type": "json",
            "partitioned": False,
            "def": definition,
        }

    def serves(self, selector: Selector, sort: Sequence[SortField]) -> bool:
        """Whether CouchDB could answer from it: every column must be in all that match, and the sort must
        be the order of its columns, but for leading ones that the selector fixes."""
        columns, wanted = [one.path for one in self.fields], [one.path for one in sort]
        free = {*wanted, ("_id",), ("_rev",)}
        if not all(column in free or selector.requires(column) for column in columns):
            return False
        while wanted and columns and columns[0] != wanted[0] and selector.fixes(columns[0]):
            columns.pop(0)
        return columns[: len(wanted)] == wanted


def parse_sort(sent: object) -> tuple[SortField, ...]:
    """`["a", {"b": "desc"}]`; one direction for all. Raises `BadRequest`, the words of mango_sort.erl."""
    if not isinstance(sent, list):
        raise BadRequest(
            f"Sort must be an array of sort specs, not: {short(sent)}", error="invalid_sort_json"
        )
    fields = tuple(_sort_field(one) for one in sent)
    if len({one.descending for one in fields}) > 1:
        raise BadRequest(
            "Sorts currently only support a single direction for all fields.", error="unsupported_mixed_sort"
        )
    return fields


def _sort_field(sent: object) -> SortField:
    name, direction = sent, "asc"
    if isinstance(sent, dict) and len(sent) == 1:
        ((name, direction),) = sent.items()
        if direction not in ("asc", "desc"):
            raise BadRequest(f"Invalid sort direction: {short(direction)}", error="invalid_sort_dir")
    if not isinstance(name, str) or not name:
        raise BadRequest(f"Invalid sort field: {short(sent)}", error="invalid_sort_field")
    return SortField(name, field_path(name), direction == "desc")


def short(value: object) -> str:
    """A value of the client's, for a reason."""
    return f"{dump(value).decode():.100}"


def only(sent: Json, known: Sequence[str], *, required: Sequence[str]) -> None:
    """Raise `BadRequest` for members that are missing or unknown, as mango_opts.erl."""
    for name in required:
        if name not in sent:
            raise BadRequest(f"Missing required key: {name}", error="missing_required_key")
    for name in sent:
        if name not in known:
            raise BadRequest(f"Invalid key {name:.100} for this request.", error="invalid_key")


def declared(store: Store) -> list[Index]:
    """All of a database, in the order of their design documents."""
    with store.file.read():
        ids = [one.id for one in store.all_docs(startkey=DESIGN, endkey="_design0", inclusive_end=False)]
        bodies = {doc_id: load(stored.body) for doc_id, stored in store.winners(ids).items()}
    return [index for doc_id in ids for index in _of_design(doc_id, bodies[doc_id])]


def _of_design(ddoc: str, body: Json) -> list[Index]:
    views = body.get("views")
    if body.get("language") != _LANGUAGE or not isinstance(views, dict):
        return []
    found = (_of_view(ddoc, name, view) for name, view in views.items())
    return [index for index in found if index is not None]


def _of_view(ddoc: str, name: str, view: object) -> Index | None:
    """None for a view that is none of ours. The order of the fields is in `options.def`, as they were sent:
    `map.fields` is an object, whose members are stored sorted."""
    options, made = _member(view, "options"), _member(view, "map")
    sent = _member(options, "def")
    partial = _member(made, "partial_filter_selector")
    try:
        fields = parse_sort(_member(sent, "fields") or _listed(_member(made, "fields")))
        if partial:
            Selector(partial)
    except BadRequest:
        return None
    return Index(ddoc, name, fields, partial or None)


def _member(value: object, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _listed(fields: object) -> object:
    return [{name: direction} for name, direction in fields.items()] if isinstance(fields, dict) else fields


def list_indexes(call: DatabaseCall) -> Response:
    """GET `/{db}/_index`: `_all_docs` first, then what was declared."""
    indexes = [SPECIAL, *(one.as_json() for one in declared(call.store))]
    limit, skip = call.number("limit"), call.number("skip") or 0
    if limit == 0:
        raise BadRequest("Index parameter ranges: limit > 1, skip > 0", error="invalid_list_index_params")
    return answer({"total_rows": len(indexes), "indexes": indexes[skip:][:limit]})


def create_index(call: DatabaseCall) -> Response:
    """Add a view to its design document: `created`, or `exists` if it is there already."""
    body = call.object_body()
    call.require_admin()
    only(body, ("index", "type", "name", "ddoc", "w", "partitioned"), required=("index",))
    definition = body["index"]
    if not isinstance(definition, dict):
        raise BadRequest(f"JSON indexes must be an object, not: {short(definition)}", error="invalid_index")
    if body.get("type", "json") != "json":
        raise BadRequest(f"Invalid type for index: {short(body['type'])}", error="invalid_index")
    if body.get("partitioned", False) is not False:
        raise BadRequest("This database has no partitions.", error="invalid_partitioned_option")
    only(definition, ("fields", "partial_filter_selector"), required=("fields",))
    fields = parse_sort(definition["fields"])
    Selector(definition.get("partial_filter_selector", {}))
    digest = hashlib.sha1(dump_sorted(definition), usedforsecurity=False).hexdigest()
    ddoc, name = _name(body, "ddoc", digest), _name(body, "name", digest)
    made = {**definition, "fields": {key: way for one in fields for key, way in one.as_json().items()}}
    view = {"map": made, "reduce": "_count", "options": {"def": definition}}
    doc_id = _design_id(ddoc)
    exists = _add(call, doc_id, name, view)
    return answer({"result": "exists" if exists else "created", "id": doc_id, "name": name})


def _add(call: DatabaseCall, doc_id: str, name: str, view: Json) -> bool:
    """Whether the same was there already."""
    store = call.store
    with store.file.write():
        document = _open(store, doc_id) or {"_id": doc_id, "language": _LANGUAGE}
        if document.get("language") != _LANGUAGE:
            language = short(document.get("language"))
            raise BadRequest(
                f"Existing design doc has an invalid language: {language}", error="invalid_ddoc_lang"
            )
        views = document.get("views")
        before = views if isinstance(views, dict) else {}
        if before.get(name) == view:
            return True
        store.put({**document, "views": {**before, name: view}}, source=call.source)
        return False


def _open(store: Store, doc_id: str) -> Json | None:
    try:
        return store.get(doc_id)
    except NotFound:
        return None


def _name(body: Json, member: str, default: str) -> str:
    name = body.get(member, default)
    if not isinstance(name, str) or name in ("", DESIGN):
        raise BadRequest(f"Invalid index name: {short(name)}", error="invalid_index_name")
    return name


def _design_id(name: str) -> str:
    return name if name.startswith(DESIGN) else DESIGN + name


def delete_index(call: DatabaseCall) -> Response:
    """`_index/{ddoc}/json/{name}`, the first with or without `_design/`."""
    call.require_admin()
    match call.path[1:]:
        case ("_design", ddoc, "json", name) | (ddoc, "json", name):
            if not _remove(call, _design_id(ddoc), only_view=name):
                raise NotFound("missing")
        case _:
            raise NotFound("missing")
    return answer({"ok": True})


def bulk_delete(call: DatabaseCall) -> Response:
    """All indexes of each design document named: `{"docids": [id]}`."""
    body = call.object_body()
    call.require_admin()
    only(body, ("docids", "w"), required=("docids",))
    names = body["docids"]
    if not isinstance(names, list) or not all(isinstance(one, str) and one for one in names):
        raise BadRequest(
            f"Bulk Delete requires an array of non-null docids. Docids: {short(names)}",
            error="invalid_bulk_docs",
        )
    success: list[Json] = []
    fail: list[Json] = []
    for doc_id in map(_design_id, names):
        if doc_id != DESIGN and _remove(call, doc_id):
            success.append({"id": doc_id, "ok": True})
        else:
            fail.append({"id": doc_id, "error": "not_found"})
    return answer({"success": success, "fail": fail})


def _remove(call: DatabaseCall, doc_id: str, *, only_view: str | None = None) -> bool:
    """Take indexes out of a design document; when nothing else is in it, it goes too."""
    store = call.store
    with store.file.write():
        document = _open(store, doc_id) or {}
        gone = {
            index.name
            for index in _of_design(doc_id, document)
            if only_view is None or index.name == only_view
        }
        if not gone:
            return False
        store.put(_without(document, gone), source=call.source)
        return True


def _without(document: Mapping[str, Any], gone: set[str]) -> Json:
    views = {name: view for name, view in document["views"].items() if name not in gone}
    rest: Json = {key: value for key, value in document.items() if key != "views"}
    if views:
        return {**rest, "views": views}
    if set(rest) <= {"_id", "_rev", "language"}:
        return {"_id": rest["_id"], "_rev": rest["_rev"], "_deleted": True}
    return rest
