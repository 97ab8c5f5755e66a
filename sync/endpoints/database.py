"""`/{db}` itself, its settings, and what tidies it up. protocol.md §1.4."""

from __future__ import annotations

from flask import Response

from sync.documents import Json, load
from sync.endpoints.answers import answer
from sync.endpoints.call import Call, DatabaseCall, Host, natural
from sync.errors import BadRequest, Exists
from sync.security import checked_security
from sync.store import Store

COMPACTION = "database_compaction"
MAX_PURGED_DOCUMENTS, MAX_PURGED_REVISIONS = 100, 1000  # a request; CouchDB's
PURGED_INFOS_LIMIT = 1000
ENGINE = "couch"  # CouchDB's name for the only kind of storage that it has

# Constant, so that a replicator never takes a restart for a lost database; the epoch in our sequences is
# what tells a new life. CouchDB 3 does the same.
INSTANCE_START_TIME = "0"


def info(call: DatabaseCall) -> Response:
    """GET `/{db}`: counts, sizes and the newest sequence."""
    return answer(information(call.host, call.store))


def information(host: Host, store: Store) -> Json:
    """`sizes` are of the SQLite file, which a node's databases share. Nothing in it is compressed: what is
    `active` is as large outside."""
    about = store.info()
    size, used = store.file.sizes()
    return {
        "db_name": store.name,
        "update_seq": store.outer_seq(about.seq),
        "purge_seq": f"{store.purge_seq()}-{store.epoch}",
        "doc_count": about.doc_count,
        "doc_del_count": about.doc_del_count,
        "sizes": {"active": used, "external": used, "file": size},
        "props": {},
        "cluster": {"q": 1, "n": 1, "w": 1, "r": 1},
        "compact_running": any(_is_compaction(task, store) for task in host.tasks.all()),
        "disk_format_version": 8,
        "instance_start_time": INSTANCE_START_TIME,
    }


def compact(call: DatabaseCall) -> Response:
    """Answers at once; it runs on, and shows in `compact_running` and `_active_tasks`."""
    call.require_json()
    call.require_admin()
    store, host = call.store, call.host
    started_on = int(host.now().timestamp())
    if not any(_is_compaction(task, store) for task in host.tasks.all()):
        task = {
            "type": COMPACTION,
            "database": store.name,
            "started_on": started_on,
            "updated_on": started_on,
        }
        host.tasks.start(lambda: task, store.compact)
    return answer({"ok": True}, 202)


def compact_views(call: DatabaseCall) -> Response:
    """`_compact/{design document}`: there are no views, so they are as small as can be."""
    call.require_json()
    call.require_admin()
    call.store.revision(f"_design/{call.path[1]}")
    return answer({"ok": True}, 202)


def clean_up_views(call: DatabaseCall) -> Response:
    """POST `/{db}/_view_cleanup`: 202, and nothing to do, for no view is built. For the database's admin."""
    call.require_admin()
    return answer({"ok": True}, 202)


def purge(call: DatabaseCall) -> Response:
    """POST `/{db}/_purge`: leaves are gone with their history, and no feed tells. For the server's admin."""
    body = call.object_body()
    call.require_server_admin()
    if not all(
        isinstance(revs, list) and all(isinstance(rev, str) for rev in revs) for revs in body.values()
    ):
        raise BadRequest("the body must be a JSON object of arrays of revisions")
    if len(body) > MAX_PURGED_DOCUMENTS:
        raise BadRequest("Exceeded maximum number of documents.")
    if sum(map(len, body.values())) > MAX_PURGED_REVISIONS:
        raise BadRequest("Exceeded maximum number of revisions.")
    return answer({"purge_seq": None, "purged": call.store.purge(body)}, 201)


def purged_infos(_call: DatabaseCall) -> Response:
    """Which documents were purged: nobody wrote it down."""
    return answer({"purged_infos": []})


def purged_infos_limit(_call: DatabaseCall) -> Response:
    """GET `/{db}/_purged_infos_limit`: what CouchDB has by default; nothing here depends on it."""
    return answer(PURGED_INFOS_LIMIT)


def set_purged_infos_limit(call: DatabaseCall) -> Response:
    """Accepted, and without effect: a purge leaves no trace here, not even in a list of purges."""
    call.require_admin()
    limit = load(call.body())
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise BadRequest("`purged_infos_limit` must be positive integer")
    return answer({"ok": True})


def revs_limit(call: DatabaseCall) -> Response:
    """GET `/{db}/_revs_limit`: how many revisions of a branch are remembered."""
    return answer(call.store.revs_limit())


def set_revs_limit(call: DatabaseCall) -> Response:
    """PUT `/{db}/_revs_limit`, for the database's admin. 400 for what is no positive integer."""
    call.require_admin()
    limit = load(call.body())
    if not isinstance(limit, int):
        raise BadRequest("`revs_limit` must be positive integer")
    call.store.set_revs_limit(natural("revs_limit", limit))
    return answer({"ok": True})


def security(call: DatabaseCall) -> Response:
    """GET `/{db}/_security`; `{}` where none was set."""
    return answer(call.store.security())


def set_security(call: DatabaseCall) -> Response:
    """PUT `/{db}/_security`, for the database's admin. 400 for what is not of its shape."""
    call.require_admin()
    call.store.set_security(checked_security(load(call.body())))
    return answer({"ok": True})


def not_partitioned(_call: DatabaseCall) -> Response:
    """`/{db}/_partition/…`: 400, as CouchDB answers for a database without partitions."""
    raise BadRequest("database is not partitioned")


def _is_compaction(task: Json, store: Store) -> bool:
    return (task["type"], task.get("database")) == (COMPACTION, store.name)


def create(call: Call, name: str) -> Response:
    """`q`, `n` and `partitioned` are of clusters, and ignored; `engine` is asked for by nobody but tests.

    That it exists is said before the right to create is asked for: replicators that make their target accept it.
    """
    databases = call.host.databases
    if (call.text("engine") or ENGINE) != ENGINE:
        raise BadRequest("invalid_engine_extension")
    store = databases.get(name)
    if store is not None and call.host.may_enter(call.user, store, "GET", ""):
        raise Exists("The database could not be created, the file already exists.")
    call.require_server_admin()
    databases.create(name)
    return answer({"ok": True}, 201, {"Location": call.location(name)})


def delete(call: Call, name: str) -> Response:
    """DELETE `/{db}`, for the server's admin. Its feeds end when the answer is out. 404, or 400 with `?rev=`."""
    call.require_server_admin()
    if call.text("rev") is not None:
        raise BadRequest(
            "You tried to DELETE a database with a ?=rev parameter."
            " Did you mean to DELETE a document instead?"
        )
    tell = call.host.databases.delete(name)
    response = answer({"ok": True})
    response.call_on_close(tell)
    return response


def ensure_full_commit(call: DatabaseCall) -> Response:
    """Nothing to do: every answer that said "saved" was durable."""
    call.require_json()
    return answer({"ok": True, "instance_start_time": INSTANCE_START_TIME}, 201)
