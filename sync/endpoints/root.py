"""`/`, `_up`, `_uuids`, `_all_dbs`, `_dbs_info`, `_active_tasks`. protocol.md §1.4."""

from __future__ import annotations

from typing import NoReturn

from flask import Response

from sync.endpoints.answers import answer
from sync.endpoints.call import Call
from sync.endpoints.database import information
from sync.errors import BadRequest, Refused, Unauthorized, Unavailable

# The CouchDB whose behaviour this server keeps to; PouchDB's suite looks for the word.
COUCHDB_VERSION = "3.5.0"
MAX_UUIDS = 1000
MAX_DBS_INFO = 100
NOT_HERE = frozenset({"_cluster_setup", "_db_updates", "_reshard", "_scheduler", "_search_analyze"})
"""About clusters, events of the server, replications that are documents. (What nobody knows is a 404.)"""


def welcome(call: Call) -> Response:
    """GET `/`: by this clients know a CouchDB, and its version."""
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
    """GET `/_up`: 200 while this process answers."""
    return answer({"status": "ok", "seeds": {}})


def uuids(call: Call) -> Response:
    """GET `/_uuids?count=`: ids that nobody had before. 400 for more than `MAX_UUIDS`."""
    count = call.number("count")
    if count is not None and count > MAX_UUIDS:
        raise BadRequest("count parameter too large")
    made = [call.host.new_id() for _ in range(1 if count is None else count)]
    headers = {
        "Cache-Control": "must-revalidate, no-cache",
        "Pragma": "no-cache",
        "ETag": f'"{call.host.new_id()}"',  # no answer is like another
    }
    return answer({"uuids": made}, headers=headers)


def all_dbs(call: Call) -> Response:
    """Only what this user may read: a kiosk has no business with the names of the rest."""
    return answer(_chosen(call))


def dbs_info(call: Call) -> Response:
    """Of those named in a POST, or of all, chosen as in `_all_dbs`."""
    call.require_server_admin()
    if call.request.method != "POST":
        return answer([one for one in (_information(call, name) for name in _chosen(call)) if "info" in one])
    keys = call.object_body().get("keys")
    if keys is None:
        raise BadRequest("`keys` member must exist.")
    if not isinstance(keys, list):
        raise BadRequest("`keys` member must be an array.")
    if len(keys) > MAX_DBS_INFO:
        raise BadRequest("too_many_keys")
    return answer([_information(call, key) for key in keys])


def active_tasks(call: Call) -> Response:
    """GET `/_active_tasks`: replications and compactions under way. For the server's admin."""
    call.require_server_admin()
    return answer(call.host.tasks.all())


def not_here(name: str) -> NoReturn:
    """Raise 501 for a part of the API that will not come."""
    raise Refused(f"{name}: this part of CouchDB's API is not here", error="not_implemented", status=501)


def _information(call: Call, name: object) -> dict[str, object]:
    store = call.host.databases.get(name) if isinstance(name, str) else None
    if store is None:
        return {"key": name, "error": "not_found"}
    try:
        return {"key": name, "info": information(call.host, store)}
    except Unavailable:
        if store is call.host.databases.get(store.name):
            raise
        return {"key": name, "error": "not_found"}  # deleted while we looked


def _chosen(call: Call) -> list[str]:
    descending = call.flag("descending")
    names = sorted(_names(call), reverse=descending)
    first, last = _bound(call, "startkey", "start_key"), _bound(call, "endkey", "end_key")
    if descending:
        first, last = last, first
    chosen = [name for name in names if (first is None or name >= first) and (last is None or name <= last)]
    skip, limit = call.number("skip") or 0, call.number("limit")
    return chosen[skip:][:limit]


def _names(call: Call) -> list[str]:
    names, host = call.host.databases.names(), call.host
    if host.is_admin(call.user):
        return names
    stores = (host.databases.get(name) for name in names)
    readable = [
        store.name for store in stores if store is not None and host.may_enter(call.user, store, "GET", "")
    ]
    if not readable and call.user is None:
        raise Unauthorized("You are not a server admin.")
    return readable


def _bound(call: Call, *spellings: str) -> str | None:
    for spelling in spellings:
        value = call.json_parameter(spelling)
        if value is not None and not isinstance(value, str):
            raise BadRequest(f"Invalid value for {spelling}: names are strings", error="query_parse_error")
        if value is not None:
            return value
    return None
