"""`/{db}` itself, and `_ensure_full_commit`. protocol.md §1.4."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response

from sync.endpoints.answers import answer
from sync.endpoints.call import Call, DatabaseCall
from sync.errors import BadRequest, Exists

# Constant, so that a replicator never takes a restart for a lost database; the epoch in our sequences is
# what tells a new life. CouchDB 3 does the same.
INSTANCE_START_TIME = "0"


def info(call: DatabaseCall) -> Response:
    store = call.store
    about = store.info()
    size = store.file.size()
    return answer(
        {
            "db_name": store.name,
            "update_seq": store.outer_seq(about.seq),
            "purge_seq": "0",
            "doc_count": about.doc_count,
            "doc_del_count": about.doc_del_count,
            "sizes": {"active": size, "external": size, "file": size},
            "props": {},
            "cluster": {"q": 1, "n": 1, "w": 1, "r": 1},
            "compact_running": False,
            "disk_format_version": 8,
            "instance_start_time": INSTANCE_START_TIME,
        }
    )


def create(call: Call, name: str) -> Response:
    """`q`, `n` and `partitioned` are of clusters, and ignored.

    That it exists is said before the right to create is asked for: replicators that make their target accept it.
    """
    databases = call.host.databases
    store = databases.get(name)
    if store is not None and call.host.may_enter(call.user, store, "GET", ""):
        raise Exists("The database could not be created, the file already exists.")
    call.require_server_admin()
    databases.create(name)
    location = f"{call.request.host_url}{quote(name, safe='')}"
    return answer({"ok": True}, 201, {"Location": location})


def delete(call: Call, name: str) -> Response:
    call.require_server_admin()
    if call.text("rev") is not None:
        raise BadRequest(
            "You tried to DELETE a database with a ?=rev parameter."
            " Did you mean to DELETE a document instead?"
        )
    call.host.databases.delete(name)
    return answer({"ok": True})


def ensure_full_commit(call: DatabaseCall) -> Response:
    """Nothing to do: every answer that said "saved" was durable."""
    call.require_json()
    return answer({"ok": True, "instance_start_time": INSTANCE_START_TIME}, 201)
