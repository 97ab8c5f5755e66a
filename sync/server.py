"""The CouchDB HTTP API, before stores of this process, as a WSGI application."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from types import MappingProxyType

from flask import Flask, Request, Response

from sync.cors import OFF, Cors
from sync.databases import Databases, FixedDatabases, checked_name, is_legal
from sync.documents import checked_id
from sync.endpoints import (
    all_docs,
    attachments,
    bulk,
    changes,
    configuration,
    database,
    documents,
    find,
    indexes,
    local,
    replicate,
    root,
    session,
    views,
)
from sync.endpoints.call import Call, DatabaseCall, Host, NativeFilter
from sync.errors import BadRequest, Forbidden, NotFound, Unauthorized, Unavailable
from sync.filtering import Filter
from sync.manners import CouchApp, endpoint_of, method_of, path_of, user_of
from sync.replications import Replications
from sync.sessions import Sessions, User
from sync.store import Store
from sync.tasks import Tasks

__all__ = ["User", "couch_app"]

_SERVER: Mapping[str, Mapping[str, Callable[[Call], Response]]] = {
    "": {"GET": root.welcome},
    "_up": {"GET": root.up},
    "_uuids": {"GET": root.uuids},
    "_all_dbs": {"GET": root.all_dbs},
    "_membership": {"GET": configuration.membership},
    "_dbs_info": {"GET": root.dbs_info, "POST": root.dbs_info},
    "_active_tasks": {"GET": root.active_tasks},
    "_replicate": {"POST": replicate.replicate},
    "_session": {"GET": session.who, "POST": session.log_in, "DELETE": session.log_out},
}
_DATABASE: Mapping[str, Mapping[str, Callable[[DatabaseCall], Response]]] = {
    "": {"GET": database.info, "POST": documents.post_document},
    "_all_docs": {"GET": all_docs.all_docs, "POST": all_docs.all_docs},
    "_all_docs/queries": {"POST": all_docs.queries},
    "_design_docs": {"GET": all_docs.design_docs, "POST": all_docs.design_docs},
    "_design_docs/queries": {"POST": all_docs.design_docs_queries},
    "_local_docs": {"GET": all_docs.local_docs, "POST": all_docs.local_docs},
    "_local_docs/queries": {"POST": all_docs.local_docs_queries},
    "_changes": {"GET": changes.changes, "POST": changes.changes},
    "_bulk_docs": {"POST": bulk.bulk_docs},
    "_bulk_get": {"POST": bulk.bulk_get},
    "_revs_diff": {"POST": bulk.revs_diff},
    "_missing_revs": {"POST": bulk.missing_revs},
    "_ensure_full_commit": {"POST": database.ensure_full_commit},
    "_compact": {"POST": database.compact},
    "_compact/*": {"POST": database.compact_views},
    "_view_cleanup": {"POST": database.clean_up_views},
    "_purge": {"POST": database.purge},
    "_purged_infos": {"GET": database.purged_infos},
    "_purged_infos_limit": {"GET": database.purged_infos_limit, "PUT": database.set_purged_infos_limit},
    "_revs_limit": {"GET": database.revs_limit, "PUT": database.set_revs_limit},
    "_security": {"GET": database.security, "PUT": database.set_security},
    "_find": {"POST": find.find},
    "_explain": {"POST": find.explain},
    "_index": {"GET": indexes.list_indexes, "POST": indexes.create_index},
    "_index/_bulk_delete": {"POST": indexes.bulk_delete},
    "_index/**": {"DELETE": indexes.delete_index},
    "_partition": {"GET": database.not_partitioned},
    "_partition/*": {"GET": database.not_partitioned},
    "_temp_view": {"POST": views.temporary_view},
}
_WHOLE_DATABASE: Mapping[str, Callable[[Call, str], Response]] = {
    "PUT": database.create,
    "DELETE": database.delete,
}
_LOCAL: Mapping[str, Callable[[DatabaseCall, str], Response]] = {
    "GET": local.get_local,
    "PUT": local.put_local,
    "DELETE": local.delete_local,
}
_DOCUMENT: Mapping[str, Callable[[DatabaseCall, str], Response]] = {
    "GET": documents.get_document,
    "PUT": documents.put_document,
    "DELETE": documents.delete_document,
    "POST": documents.post_form,
    "COPY": documents.copy_document,
}
_ATTACHMENT: Mapping[str, Callable[[DatabaseCall, str, str], Response]] = {
    "GET": attachments.get_attachment,
    "PUT": attachments.put_attachment,
    "DELETE": attachments.delete_attachment,
}


def couch_app(
    databases: Mapping[str, Store] | Databases,
    *,
    uuid: str,
    authenticate: Callable[[str, str], User | None],
    authorize: Callable[[User | None, str, str, str], bool],
    secret: bytes,
    new_id: Callable[[], str],
    now: Callable[[], datetime],
    on_checkpoint: Callable[[User, str, int], None] | None = None,
    is_admin: Callable[[User | None], bool] = lambda user: False,
    cors: Cors = OFF,
    filters: Mapping[str, NativeFilter] = MappingProxyType({}),
    tasks: Tasks | None = None,
    replications: Replications | None = None,
    seen_by: Callable[[User | None, Store], Store] = lambda user, store: store,
    own_notes: Collection[str] = (),
    narrowed: Callable[[User | None, str, Filter], Filter] = lambda user, database, asked: asked,
) -> Flask:
    """`databases` by their names in URLs; a mapping is a set that stays as it is. `uuid` must stay the same for ever: replication ids contain it.

    `authenticate(name, password)` is asked for `_session` and for Basic credentials, on every request that
    has them. `authorize(user, database, method, path)` is asked for everything in a database; `path` is
    what follows its name, decoded. `secret` signs session cookies. `on_checkpoint(user, database, seq)`
    hears that a user noted to have read this database up to `seq`. `is_admin` says who may create and delete
    databases, purge, compact, and whom no `_security` keeps out. `cors`: of which origins pages may come here.
    `filters`: those of `_changes` by their names. `seen_by`: a database as a user sees it; `narrowed`: what of a
    filter passes for a user. `own_notes`: the `_local`
    documents that everybody may read and only this server writes.
    """
    return CouchApp(
        Host(
            databases=FixedDatabases(databases) if isinstance(databases, Mapping) else databases,
            uuid=uuid,
            authenticate=authenticate,
            authorize=authorize,
            sessions=Sessions(secret, now=now),
            new_id=new_id,
            on_checkpoint=on_checkpoint,
            now=now,
            is_admin=is_admin,
            filters=filters,
            cors=cors,
            tasks=tasks or Tasks(),
            replications=replications,
            seen_by=seen_by,
            own_notes=frozenset(own_notes),
            narrowed=narrowed,
        ),
        _route,
    )


def _route(host: Host, asked: Request) -> Response:
    path = path_of(asked)
    user = user_of(host, asked)
    name, rest = (path[0], path[1:]) if path else ("", ())
    if name == "_node":
        return configuration.node(Call(host, asked, user), rest)
    if name in root.NOT_HERE:
        root.not_here(name)
    if name == "" or name in _SERVER:
        call = Call(host, asked, user)
        return endpoint_of(_SERVER[name] if not rest else {}, asked)(call)
    if not rest and method_of(asked) in _WHOLE_DATABASE:
        return _WHOLE_DATABASE[method_of(asked)](Call(host, asked, user), checked_name(name))
    if name.startswith("_") and not is_legal(name):
        raise NotFound("missing")
    return _in_open_database(_open(host, asked, user, name, rest))


def _open(host: Host, asked: Request, user: User | None, name: str, path: tuple[str, ...]) -> DatabaseCall:
    store = host.databases.get(checked_name(name))
    if store is None:
        raise NotFound("Database does not exist.")
    if not host.may_enter(user, store, method_of(asked), "/".join(path)):
        if user is None:
            raise Unauthorized("You are not authorized to access this db.")
        raise Forbidden("You are not allowed to access this db.")
    return DatabaseCall(host, asked, user, host.seen_by(user, store), path)


def _in_open_database(call: DatabaseCall) -> Response:
    try:
        return _in_database(call)
    except Unavailable:
        if call.store.is_same(call.host.databases.get(call.store.name)):
            raise
        raise NotFound("Database does not exist.") from None  # deleted meanwhile


def _in_database(call: DatabaseCall) -> Response:
    path = call.path
    first = path[0] if path else ""
    if first == "" or first in _DATABASE:
        return endpoint_of(_endpoints(path), call.request)(call)
    for prefix in ("_local", "_design"):
        if first == prefix and len(path) > 1:
            path = (f"{prefix}/{path[1]}", *path[2:])
    if path in (("_local",), ("_local/",)):
        raise BadRequest("Invalid _local document id.")
    doc_id, names = checked_id(path[0]), path[1:]
    if doc_id.startswith("_local/"):
        if names:
            raise BadRequest("_local documents do not accept attachments.")
        return endpoint_of(_LOCAL, call.request)(call, doc_id.removeprefix("_local/"))
    if doc_id.startswith("_design/") and names and names[0] in views.FUNCTIONS:
        views.function(call, doc_id, names)
    if names:
        return endpoint_of(_ATTACHMENT, call.request)(call, doc_id, "/".join(names))
    return endpoint_of(_DOCUMENT, call.request)(call, doc_id)


def _endpoints(path: tuple[str, ...]) -> Mapping[str, Callable[[DatabaseCall], Response]]:
    """Those of a path of no document; none where there is nothing below its first piece."""
    match path:
        case () | ("",):
            return _DATABASE[""]
        case (first,):
            return _DATABASE[first]
        case (first, second):
            found = (_DATABASE.get(f"{first}/{name}") for name in (second, "*", "**"))
            return next((one for one in found if one), {})
        case _:
            return _DATABASE.get(f"{path[0]}/**", {})
