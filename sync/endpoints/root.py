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
    names = sorted(call.host.databases)
    return answer([name for name in names if call.host.authorize(call.user, name, "GET", "")])
