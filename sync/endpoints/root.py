"""`/`, `_up`, `_uuids`, `_all_dbs`. protocol.md §1.4."""

from __future__ import annotations

from flask import Response

from sync.endpoints.answers import answer
from sync.endpoints.call import Call
from sync.errors import BadRequest

# The CouchDB whose behaviour this server keeps to; PouchDB's suite looks for the word.
COUCHDB_VERSION = "3.5.0"
MAX_UUIDS = 1000


def welcome(call: Call) -> Response:
    return answer(
        {
            "couchdb": "Welcome",
            "version": COUCHDB_VERSION,
            "uuid": call.host.uuid,
            "features": [],
            "vendor": {"name": "Motcua"},
        }
    )


def up(_call: Call) -> Response:
    return answer({"status": "ok", "seeds": {}})


def uuids(call: Call) -> Response:
    count = call.number("count")
    if count is not None and count > MAX_UUIDS:
        raise BadRequest("count parameter too large")
    made = [call.host.new_id() for _ in range(1 if count is None else count)]
    return answer(
        {"uuids": made}, headers={"Cache-Control": "must-revalidate, no-cache", "Pragma": "no-cache"}
    )


def all_dbs(call: Call) -> Response:
    """Only what this user may read: a kiosk has no business with the names of the rest."""
    descending = call.flag("descending")
    names = sorted(_names(call), reverse=descending)
    first, last = _bound(call, "startkey", "start_key"), _bound(call, "endkey", "end_key")
    if descending:
        first, last = last, first
    chosen = [name for name in names if (first is None or name >= first) and (last is None or name <= last)]
    skip, limit = call.number("skip") or 0, call.number("limit")
    return answer(chosen[skip:][:limit])


def _names(call: Call) -> list[str]:
    names, host = call.host.databases.names(), call.host
    if host.is_admin(call.user):
        return names
    stores = (host.databases.get(name) for name in names)
    return [
        store.name for store in stores if store is not None and host.may_enter(call.user, store, "GET", "")
    ]


def _bound(call: Call, *spellings: str) -> str | None:
    for spelling in spellings:
        value = call.json_parameter(spelling)
        if value is not None and not isinstance(value, str):
            raise BadRequest(f"Invalid value for {spelling}: names are strings", error="query_parse_error")
        if value is not None:
            return value
    return None
