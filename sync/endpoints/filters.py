"""Filters of `_changes`: which documents a feed speaks of. protocol.md §1.5; couch_changes.

There are CouchDB's own (`_doc_ids`, `_selector`, `_design`) and those that the owner of a server gives it by
name. JavaScript is not executed: a function of a design document is a 501.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sync.documents import DESIGN, Json, dump_sorted
from sync.endpoints.call import DatabaseCall
from sync.errors import BadRequest, NotFound, Refused
from sync.filtering import EVERYTHING, Filter, of_ids
from sync.mango import Path, Selector, field_path


def filter_of(call: DatabaseCall, body: Json) -> Filter:
    """The filter that a request names; `body`: that of a POST, else empty. Raises `Refused`."""
    name = call.text("filter") or ""
    match name:
        case "":
            return EVERYTHING
        case "_doc_ids":
            in_body = call.request.method == "POST"
            return _doc_ids(body.get("doc_ids") if in_body else call.json_parameter("doc_ids"))
        case "_design":
            return Filter("_design", by_id=lambda doc_id: doc_id.startswith(DESIGN))
        case "_selector":
            if call.request.method != "POST":
                raise BadRequest("Selector must be specified in POST payload")
            return _selector(body.get("selector"))
        case "_view":
            view = call.text("view")
            if not view:
                raise BadRequest("`view` filter parameter is not provided.")
            raise _javascript(call, view, "view", "views")
        case native if native in call.host.filters:
            return call.host.filters[native](call.request.args, call.user)
        case unknown if unknown.startswith("_"):
            raise BadRequest("unknown builtin filter name")
        case _:
            raise _javascript(call, name, "filter", "filters")


def _doc_ids(named: Any) -> Filter:
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise BadRequest("`doc_ids` filter parameter is not a list of doc ids.")
    ids = frozenset(named)
    return of_ids(ids, ("_doc_ids", _digest(sorted(ids))))


def _selector(selector: Any) -> Filter:
    if not isinstance(selector, dict):
        raise BadRequest("Selector error: expected a JSON object")
    return Filter(("_selector", _digest(selector)), by_document=Selector(selector).matches)


def fields_of(body: Json) -> tuple[Path, ...]:
    """Which fields of documents are shown beside a `_selector`; empty for all. Raises `BadRequest`."""
    named = body.get("fields")
    if named is None:
        return ()
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise BadRequest("Selector error: fields must be JSON array")
    return tuple(field_path(one) for one in named)


def _digest(value: object) -> bytes:
    return hashlib.sha256(dump_sorted(value)).digest()


def _javascript(call: DatabaseCall, name: str, parameter: str, member: str) -> Refused:
    """Why a function of a design document does not filter: there is none, or it is JavaScript."""
    ddoc, _, function = name.partition("/")
    if not ddoc or not function or "/" in function:
        return BadRequest(f"`{parameter}` must be of the form `designname/{parameter}name`")
    functions = call.store.get(DESIGN + ddoc).get(member)
    if not isinstance(functions, dict):
        return NotFound(f"missing json key: {member}")
    if function not in functions:
        return NotFound(f"missing json key: {function}")
    return Refused("JavaScript is not executed here", error="not_implemented", status=501)
