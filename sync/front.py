"""A front: CouchDB's protocol for peers, before databases that lie elsewhere. decisions/0051.

It keeps nothing. Whoever comes may come to another front the next time: documents, checkpoints and sequences are those of
the database behind, sessions are signed cookies, and any number of fronts with one `uuid` and one `secret` are one server.

What is written here is judged here, and is acknowledged when the database behind has it as durably as it promises; all
else is a 503, after which the same is sent again. What is read from there is judged like what anybody brings: who
reaches the database past us has written nothing that is believed.

Only what copying needs is here: documents, `_changes`, `_revs_diff`, `_bulk_get`, `_bulk_docs`, `_all_docs`, `_local`.
Attachments travel inside their documents.
"""

from __future__ import annotations

import io
import itertools
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from flask import Flask, Request, Response

from sync.behind import (
    LATER_S,
    FrontCall,
    Fronted,
    Held,
    Judge,
    Known,
    Noted,
    passed,
    read,
    refusal,
    rows_of,
    show,
)
from sync.bell import Bell
from sync.databases import FixedDatabases, checked_name
from sync.documents import DESIGN, LOCAL, Json, checked_id, dump, load, parse_document
from sync.endpoints import root, session
from sync.endpoints.answers import answer, not_modified, packed_answer, raw_answer
from sync.endpoints.bulk import asked_to_give, asked_to_write, copy_row, is_note
from sync.endpoints.call import Call, Host, NativeFilter, gathered
from sync.endpoints.changes import body_of
from sync.endpoints.documents import based
from sync.endpoints.preconditions import base_rev, is_known
from sync.errors import BadRequest, Forbidden, NotFound, Refused, TooLarge, Unauthorized, Unavailable
from sync.filtering import Filter
from sync.front_changes import changes
from sync.manners import CouchApp, endpoint_of, method_of, path_of, user_of
from sync.remote import RemoteDatabase
from sync.revisions import Rev
from sync.sessions import Sessions, User
from sync.turns import Turns
from sync.writing import Outcome, WriteRules

_SHOWN: Final = frozenset((
    "rev", "revs", "open_revs", "latest", "conflicts", "deleted_conflicts", "meta", "revs_info", "att_encoding_info",
    "local_seq", "attachments", "atts_since",
))  # fmt: skip
_LISTED: Final = frozenset((
    "startkey", "start_key", "endkey", "end_key", "key", "keys", "inclusive_end", "descending", "limit", "skip",
    "include_docs", "conflicts", "attachments", "update_seq",
))  # fmt: skip
_GOT: Final = frozenset(("revs", "latest", "attachments", "att_encoding_info"))
GIVEN_AT_ONCE: Final = 200
"""Documents of `_bulk_get` that are here at a time, and in the memory: 18 MiB of chunks."""
LISTED_AT_ONCE, SHOWN_AT_ONCE = 50_000, 1_200
"""Rows of `_all_docs`, and those with documents, that go into one answer."""
AT_ONCE: Final = 6
"""Requests for documents at a time: what they have to wait for behind, others use meanwhile. As many more may wait."""
YIELDING_AT_ONCE: Final = 2
"""And of databases that yield, beside those, so that they take no turn from others. A third of a node's threads is left for
probes, notes and pages, and for the later portions of long answers."""
PATIENCE_S: Final = 1.0
"""So long somebody waits for a turn: what is left of the time for which a machine waits is for the answer."""
_WITHOUT_TURNS: Final = frozenset(("", "_local", "_revs_diff"))
_COPIES_ONLY: Final = "only copies are written here (new_edits=false): a document is named by what is in it"
_log = logging.getLogger(__name__)


def _log_held(database: str, doc_id: str, rev: str, reason: str) -> None:
    _log.warning("%s has %s %s, which nobody gets: %s", database, doc_id, rev, reason)


class Front:
    """`app` is the WSGI application; close it when nobody serves it any more.

    `databases` by their names in URLs. `uuid`, `secret`, `authenticate`, `authorize`, `filters`, `narrowed` and `own_notes` as for
    `couch_app`; a filter here chooses by ids. `rules`, `judges` and `known` may be asked from several threads at once. What a filter
    cannot tell yet ends a page, and is looked at again when `ring` says that more is known: a reader who was led past it would
    never hear of it. What is asked of databases that are `yielding` takes no turn from others.
    """

    def __init__(
        self,
        databases: Mapping[str, RemoteDatabase],
        *,
        uuid: str,
        authenticate: Callable[[str, str], User | None],
        authorize: Callable[[User | None, str, str, str], bool],
        secret: bytes,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
        rules: Mapping[str, WriteRules] = MappingProxyType({}),
        judges: Mapping[str, Judge] = MappingProxyType({}),
        known: Mapping[str, Known] = MappingProxyType({}),
        held: Held = _log_held,
        noted: Noted = lambda database, local_id, note: None,
        filters: Mapping[str, NativeFilter] = MappingProxyType({}),
        narrowed: Callable[[User | None, str, Filter], Filter] = lambda user, database, asked: asked,
        own_notes: Collection[str] = (),
        yielding: Collection[str] = (),
    ) -> None:
        self._databases = {
            name: Fronted(
                name,
                there,
                Bell(there, name=name),
                rules.get(name),
                judges.get(name),
                known.get(name),
                held,
                noted,
            )
            for name, there in databases.items()
        }
        host = Host(
            databases=FixedDatabases({}),
            uuid=uuid,
            authenticate=authenticate,
            authorize=authorize,
            sessions=Sessions(secret, now=now),
            new_id=new_id,
            on_checkpoint=None,
            now=now,
            filters=filters,
            own_notes=frozenset(own_notes),
            narrowed=narrowed,
        )
        self._server: Mapping[str, Mapping[str, Callable[[Call], Response]]] = {
            "": {"GET": root.welcome},
            "_up": {"GET": self._up},
            "_all_dbs": {"GET": self._all_dbs},
            "_uuids": {"GET": root.uuids},
            "_session": {"GET": session.who, "POST": session.log_in, "DELETE": session.log_out},
        }
        ours, yields = (
            Turns(at_once=count, waiting=count, patience_s=PATIENCE_S, later_s=LATER_S)
            for count in (AT_ONCE, YIELDING_AT_ONCE)
        )
        self._turns = {name: yields if name in yielding else ours for name in databases}
        self.app: Flask = CouchApp(host, self._route)

    def close(self) -> None:
        """End all feeds: before the web server stops, which waits for what is under way. The databases are the caller's."""
        for one in self._databases.values():
            one.bell.close()

    def ring(self, name: str) -> None:
        """More is known of this database: who waits for something of it looks again."""
        self._databases[name].bell.ring()

    def _route(self, host: Host, asked: Request) -> Response:
        path, user = path_of(asked), user_of(host, asked)
        name, rest = (path[0], path[1:]) if path else ("", ())
        if name in self._server:
            return endpoint_of(self._server[name] if not rest else {}, asked)(Call(host, asked, user))
        database = self._databases.get(checked_name(name))
        if database is None:
            raise NotFound("Database does not exist.")
        if not host.authorize(user, name, method_of(asked), "/".join(rest)):
            if user is None:
                raise Unauthorized("You are not authorized to access this db.")
            raise Forbidden("You are not allowed to access this db.")
        call = FrontCall(host, asked, user, database, rest, self._turns[database.name])
        if (rest[0] if rest else "") in _WITHOUT_TURNS:
            return _in_database(call)
        # the body first: a slow line has its time, and holds nobody up
        asked.environ["wsgi.input"] = io.BytesIO(gathered(call.chunks()))
        with call.turns.taken():
            return _in_database(call)

    def _up(self, _call: Call) -> Response:
        """Whether it is worth coming here: for what divides the clients among fronts."""
        for one in self._databases.values():
            if one.ask("GET").status != 200:
                raise Unavailable(f"there is no database for {one.name}", retry_after_s=LATER_S)
        return answer({"status": "ok", "seeds": {}})

    def _all_dbs(self, call: Call) -> Response:
        if call.user is None:
            raise Unauthorized("You are not a server admin.")
        return answer(
            sorted(name for name in self._databases if call.host.authorize(call.user, name, "GET", ""))
        )


# ---- what there is


def _in_database(call: FrontCall) -> Response:
    path = call.path
    first = path[0] if path else ""
    if len(path) < 2 and first in _DATABASE:
        return endpoint_of(_DATABASE[first], call.request)(call)
    for prefix in ("_local", "_design"):
        if first == prefix and len(path) > 1:
            path = (f"{prefix}/{path[1]}", *path[2:])
    if path in (("_local",), ("_local/",)):
        raise BadRequest("Invalid _local document id.")
    doc_id, names = checked_id(path[0]), path[1:]
    if doc_id.startswith(LOCAL):
        if names:
            raise BadRequest("_local documents do not accept attachments.")
        return endpoint_of(_LOCAL, call.request)(call, doc_id.removeprefix(LOCAL))
    if names:
        raise Refused("attachments travel inside their documents here", error="not_implemented", status=501)
    return endpoint_of(_DOCUMENT, call.request)(call, doc_id)


def _info(call: FrontCall) -> Response:
    said = call.database.ask("GET")
    if said.status != 200:
        return passed(said)
    return answer({**read(said, dict[str, Any]), "db_name": call.database.name})


def _pieces(doc_id: str) -> tuple[str, ...]:
    """A document in a path: what lies behind wants the slash of these two as it is."""
    for prefix in (LOCAL, DESIGN):
        if doc_id.startswith(prefix):
            return prefix[:-1], doc_id.removeprefix(prefix)
    return (doc_id,)


# ---- reading


def _get_document(call: FrontCall, doc_id: str) -> Response:
    call.require_readable(doc_id)
    said = call.database.ask("GET", _pieces(doc_id), parameters=call.some(_SHOWN))
    if said.etag is not None and is_known(call, said.etag):
        return not_modified(said.etag)
    if said.status != 200 or call.database.judge is None:
        return passed(said)
    found: Any = read(said, object)
    if isinstance(found, dict):
        if not all(call.database.judged([found])):
            raise NotFound("missing")
        return passed(said)
    fine = call.database.judged([one["ok"] for one in found if "ok" in one])
    verdicts = iter(fine)
    return answer(
        [one if "ok" not in one or next(verdicts) else {"missing": one["ok"]["_rev"]} for one in found]
    )


def _bulk_get(call: FrontCall) -> Response:
    parts = _given(call, asked_to_give(call, call.object_body()), call.some(_GOT))
    first = next(parts)  # now: what goes wrong until then still gets a status of its own
    return packed_answer(call.request, itertools.chain([first], parts))


def _given(call: FrontCall, wanted: Sequence[Any], parameters: Mapping[str, str]) -> Iterator[bytes]:
    """The answer to `_bulk_get`, which is asked for in portions: all of it would be as large as who asks likes."""
    between = b'{"results":['
    for at in range(0, len(wanted) or 1, GIVEN_AT_ONCE):
        body = {"docs": wanted[at : at + GIVEN_AT_ONCE]}
        # the first portion is made in the turn of the request
        with call.turns.awaited() if at else nullcontext():
            said = call.database.ask("POST", ("_bulk_get",), parameters=parameters, body=body)
            if said.status != 200:
                raise refusal(said)
            results = rows_of(read(said, dict[str, Any]), "results")
            is_changed = _hide(call, results)
        if is_changed or len(wanted) > GIVEN_AT_ONCE:
            for one in results:
                yield between + dump(one)
                between = b","
        else:
            yield said.body
            return
    yield b"]}\n" if between == b"," else between + b"]}\n"


def _hide(call: FrontCall, results: Sequence[Json]) -> bool:
    """Take out of answers what is not to be given to this user; whether there was anything."""
    readable = call.readable({str(one["id"]) for one in results})
    fine = call.database.judged([got["ok"] for one in results for got in one["docs"] if "ok" in got])
    if all(fine) and len(readable) == len({str(one["id"]) for one in results}):
        return False
    verdicts = iter(fine)
    for one in results:
        one["docs"] = [
            got
            if "ok" not in got or (next(verdicts) and one["id"] in readable)
            else {"error": _missing(one["id"], got["ok"].get("_rev"))}
            for got in one["docs"]
        ]
    return True


def _missing(doc_id: object, rev: object) -> Json:
    return {"id": doc_id, "rev": rev, "error": "not_found", "reason": "missing"}


def _all_docs(call: FrontCall) -> Response:
    """Names all documents, as a feed without a filter does, and shows those that are this user's to read.

    Whether they were asked for, in the URL or in the body, what lies behind says by giving them. Raises `TooLarge` where
    they are more than fit into one answer here.
    """
    method, body = ("POST", body_of(call)) if call.request.method == "POST" else ("GET", None)
    parameters, most = call.some(_LISTED), LISTED_AT_ONCE
    if {parameters.get("include_docs"), (body or {}).get("include_docs")} - {None, False, "false"}:
        most = SHOWN_AT_ONCE
    limit = parameters.get("limit", (body or {}).get("limit"))
    if limit is not None and not str(limit).isdecimal():
        raise BadRequest("Invalid value for integer: limit", error="query_parse_error")
    if limit is None or int(limit) > most:
        parameters["limit"] = str(most + 1)  # of both the URL counts
    said = call.database.ask(method, ("_all_docs",), parameters=parameters, body=body)
    if said.status != 200:
        return passed(said)
    found = read(said, dict[str, Any])
    rows = rows_of(found, "rows")
    if len(rows) > most:
        raise TooLarge(f"a front lists {most:,} documents at a time: ask with `limit` and `startkey`")
    show(call, rows)
    return answer(found)


def _by_revisions(call: FrontCall) -> Response:
    """`_revs_diff` and `_missing_revs`; chunked, as in `sync.endpoints.bulk`."""
    said = call.database.ask("POST", call.path, body=call.object_body())
    return raw_answer(iter([said.body]), said.status)


# ---- writing


def _bulk_docs(call: FrontCall) -> Response:
    body = call.object_body()
    documents, new_edits = asked_to_write(call, body)
    if body.get("all_or_nothing") is True:
        raise Refused("all_or_nothing is not supported", error="not_implemented", status=417)
    for one in documents:
        if is_note(one):
            call.require_to_note(checked_id(one["_id"]).removeprefix(LOCAL))
    if not new_edits:
        return answer(_copied(call, documents), 201)
    for one in documents:
        if not is_note(one):
            parse_document(one)
    if call.database.rules is not None:
        raise Forbidden(_COPIES_ONLY)
    return answer(_written(call, documents, new_edits=True), 201)


def _copied(call: FrontCall, documents: Sequence[Any]) -> list[Json]:
    """Write those that the rules let in; a row for each that is refused."""
    refused = _refused(call, [one for one in documents if not is_note(one)])
    verdicts = iter(refused)
    accepted = [one for one in documents if is_note(one) or next(verdicts) is None]
    written = _written(call, accepted, new_edits=False) if accepted else []
    return [row for row in refused if row is not None] + written


def _written(call: FrontCall, documents: Sequence[Json], *, new_edits: bool) -> list[Json]:
    """What is said of each edit, or of each copy that was not taken."""
    for one in documents:
        if is_note(one):
            call.database.noted(call.database.name, str(one["_id"]).removeprefix(LOCAL), one)
    body = {"docs": documents, "new_edits": new_edits}
    said = call.database.ask("POST", ("_bulk_docs",), body=body, writes=True)
    if said.status != 201:
        raise refusal(said)
    rows = read(said, list[dict[str, Any]])
    for row in rows:
        error = row.get("error")
        if error not in (None, "forbidden") and not (new_edits and error == "conflict"):
            # the rules let it in: it is no fault of who brought it, and may go well the next time
            reason = f"{row.get('id')} was not written: {error} ({row.get('reason')})"
            raise Unavailable(reason, retry_after_s=LATER_S)
    return rows


def _refused(call: FrontCall, documents: Sequence[Any]) -> list[Json | None]:
    """A row for each copy that the rules keep out. Raises `BadRequest` for what is no copy."""
    incoming = [parse_document(one) for one in documents]
    if not all(one.path for one in incoming):
        raise BadRequest("When `new_edits: false`, the document needs `_rev` or `_revisions` specified")
    rules = call.database.rules
    if rules is None or not incoming:
        return [None] * len(incoming)
    revs = [str(one.path[0]) for one in incoming]
    as_sent = [{**one.document, "_id": one.id, "_rev": rev} for one, rev in zip(incoming, revs, strict=True)]
    source = None if call.user is None else call.user.name
    return [
        None if reason is None else copy_row(Outcome(one.id, rev, Forbidden(reason)))
        for one, rev, reason in zip(incoming, revs, rules(as_sent, source), strict=True)
    ]


def _put_document(call: FrontCall, doc_id: str) -> Response:
    incoming = based(call, parse_document(load(call.body()), doc_id=doc_id))
    if call.text("new_edits") != "false":
        return _edit(call, "PUT", doc_id, incoming.document, base_rev(call))
    copy = {**incoming.document, "_id": doc_id}
    if incoming.path and "_revisions" not in copy:
        copy["_rev"] = str(incoming.path[0])
    for row in _copied(call, [copy]):
        raise Forbidden(str(row["reason"]))
    return answer({"ok": True, "id": doc_id, "rev": str(incoming.path[0])}, 201)


def _delete_document(call: FrontCall, doc_id: str) -> Response:
    return _edit(call, "DELETE", doc_id, None, base_rev(call))


def _post_document(call: FrontCall) -> Response:
    document = {"_id": call.host.new_id(), **call.object_body()}
    if is_note(document):
        local_id = checked_id(document["_id"]).removeprefix(LOCAL)
        return _put_note(call, local_id, document)
    incoming = parse_document(document)
    return _edit(call, "PUT", incoming.id, incoming.document, None)


def _edit(call: FrontCall, method: str, doc_id: str, document: Json | None, base: Rev | None) -> Response:
    """An edit gets its revision behind, where it is made."""
    if call.database.rules is not None:
        raise Forbidden(_COPIES_ONLY)
    parameters = {} if base is None else {"rev": str(base)}
    said = call.database.ask(method, _pieces(doc_id), parameters=parameters, body=document, writes=True)
    return passed(said, {"Location": call.location(call.database.name, doc_id)} if said.status == 201 else {})


def _ensure_full_commit(call: FrontCall) -> Response:
    call.require_json()
    return passed(call.database.ask("POST", ("_ensure_full_commit",), body={}, writes=True))


# ---- notes


def _get_local(call: FrontCall, local_id: str) -> Response:
    return passed(call.database.ask("GET", ("_local", local_id)))


def _put_local(call: FrontCall, local_id: str) -> Response:
    return _put_note(call, local_id, load(call.body()))


def _put_note(call: FrontCall, local_id: str, note: object) -> Response:
    call.require_to_note(local_id)
    if isinstance(note, dict):
        call.database.noted(call.database.name, local_id, note)
    return passed(call.database.ask("PUT", ("_local", local_id), body=note, writes=True))


def _delete_local(call: FrontCall, local_id: str) -> Response:
    call.require_to_note(local_id)
    parameters = call.some(("rev",))
    return passed(call.database.ask("DELETE", ("_local", local_id), parameters=parameters, writes=True))


_DATABASE: Final[Mapping[str, Mapping[str, Callable[[FrontCall], Response]]]] = {
    "": {"GET": _info, "POST": _post_document},
    "_all_docs": {"GET": _all_docs, "POST": _all_docs},
    "_changes": {"GET": changes, "POST": changes},
    "_bulk_docs": {"POST": _bulk_docs},
    "_bulk_get": {"POST": _bulk_get},
    "_revs_diff": {"POST": _by_revisions},
    "_missing_revs": {"POST": _by_revisions},
    "_ensure_full_commit": {"POST": _ensure_full_commit},
}
_LOCAL: Final[Mapping[str, Callable[[FrontCall, str], Response]]] = {
    "GET": _get_local,
    "PUT": _put_local,
    "DELETE": _delete_local,
}
_DOCUMENT: Final[Mapping[str, Callable[[FrontCall, str], Response]]] = {
    "GET": _get_document,
    "PUT": _put_document,
    "DELETE": _delete_document,
}
