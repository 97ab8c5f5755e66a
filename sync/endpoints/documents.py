"""One document: GET with all its questions, PUT, DELETE, POST. protocol.md §1.7."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response

from sync.documents import Json, Stored, load, render
from sync.endpoints.all_docs import conflicts
from sync.endpoints.answers import answer, not_modified, raw_answer
from sync.endpoints.call import DatabaseCall
from sync.errors import BadContentType, BadRequest, Conflict
from sync.revisions import Rev, Tree, parse_rev
from sync.rows import Summary
from sync.store import Got, Wanted

_META = ("revs", "revs_info", "conflicts", "deleted_conflicts", "meta", "local_seq", "attachments", "rev")


def get_document(call: DatabaseCall, doc_id: str) -> Response:
    if call.text("open_revs") is not None:
        return _open_revs(call, doc_id)
    with call.store.file.read():
        summary = call.store.summary(doc_id)
        named = call.text("rev")
        # CouchDB 3.5: `latest` next to `rev` gives the winner, not the leaf of that branch
        rev = parse_rev(named) if named is not None and not call.flag("latest") else None
        stored = call.store.revision(doc_id, rev)
        etag = f'"{stored.rev}"'
        headers = {}
        if not any(call.text(name) for name in _META):
            if etag in call.request.headers.get("If-None-Match", ""):
                return not_modified(etag)
            headers["ETag"] = etag
        body = render(
            stored,
            history=call.store.history(summary, stored) if call.flag("revs") else None,
            contents=call.store.contents(stored) if call.flag("attachments") else None,
            extra=_extra(call, summary, stored),
        )
    return raw_answer(body + b"\n", headers=headers)


def _extra(call: DatabaseCall, summary: Summary, stored: Stored) -> Json:
    meta = call.flag("meta")
    extra: Json = {}
    if meta or call.flag("revs_info"):
        extra["_revs_info"] = _revs_info(call.store.tree(summary), stored.rev)
    if meta or call.flag("conflicts"):
        extra.update(conflicts(summary))
    if meta or call.flag("deleted_conflicts"):
        gone = [str(leaf.rev) for leaf in summary.leaves if leaf.deleted and leaf.rev != stored.rev]
        extra.update({"_deleted_conflicts": gone} if gone else {})
    if call.flag("local_seq"):
        extra["_local_seq"] = summary.seq
    return extra


def _revs_info(tree: Tree, rev: Rev) -> list[Json]:
    return [{"rev": str(one), "status": _status(tree, one)} for one in tree.history(rev)]


def _status(tree: Tree, rev: Rev) -> str:
    node = tree.nodes[rev]
    if not node.stored:
        return "missing"
    return "deleted" if node.deleted else "available"


def _open_revs(call: DatabaseCall, doc_id: str) -> Response:
    """Leaves, or the revisions named, as JSON; CouchDB's other form, multipart/mixed, is not here yet."""
    wanted = call.text("open_revs")
    if wanted == "all":
        call.store.summary(doc_id)
        entries = [Wanted(doc_id)]
    else:
        named = call.json_parameter("open_revs")
        if not isinstance(named, list) or not all(isinstance(rev, str) for rev in named):
            raise BadRequest('`open_revs` must be "all" or a JSON array of revisions')
        entries = [Wanted(doc_id, str(parse_rev(rev))) for rev in named]
    answers = call.store.bulk_get(
        entries, revs=call.flag("revs"), latest=call.flag("latest"), attachments=call.flag("attachments")
    )
    unique = {(one.rev, one.document): one for got in answers for one in got}
    return raw_answer(b"[" + b",".join(_open_rev(one) for one in unique.values()) + b"]\n")


def _open_rev(one: Got) -> bytes:
    if one.document is None:
        return b'{"missing":"' + one.rev.encode() + b'"}'
    return b'{"ok":' + one.document + b"}"


def put_document(call: DatabaseCall, doc_id: str) -> Response:
    if call.request.mimetype == "multipart/related":
        raise BadContentType("multipart/related is not supported yet; send attachments inline, as base64")
    document = load(call.body())
    if isinstance(document, dict):
        document = {**document, "_id": doc_id, **_with_base(call, document)}
    new_edits = call.text("new_edits") != "false"
    rev = call.store.put(document, doc_id=doc_id, new_edits=new_edits, source=call.source)
    return _saved(call, doc_id, rev, 200 if document.get("_deleted") is True else 201)


def post_document(call: DatabaseCall) -> Response:
    """Create a document; without `_id` the server gives one."""
    document = call.object_body()
    doc_id = document.get("_id", None) or call.host.new_id()
    rev = call.store.put({**document, "_id": doc_id}, source=call.source)
    return _saved(call, doc_id, rev, 201)


def delete_document(call: DatabaseCall, doc_id: str) -> Response:
    base = base_rev(call)
    if base is None:
        call.store.revision(doc_id)  # 404 for what is not there or deleted already
        raise Conflict()
    tombstone = {"_id": doc_id, "_rev": base, "_deleted": True}
    return _saved(call, doc_id, call.store.put(tombstone, source=call.source), 200)


def base_rev(call: DatabaseCall) -> str | None:
    """The revision that a request builds on: `?rev=` or `If-Match`, which must agree."""
    asked = call.text("rev")
    header = call.request.headers.get("If-Match")
    matched = None if header is None else header.strip().strip('"')
    if asked is not None and matched is not None and asked != matched:
        raise BadRequest("Document rev and etag have different values")
    return asked or matched


def _with_base(call: DatabaseCall, document: Json) -> Json:
    """`_rev` from the URL or a header, where the body must not name another one."""
    base = base_rev(call)
    if base is None:
        return {}
    if document.get("_rev", base) != base:
        raise BadRequest("Document rev from request body and query string have different values")
    return {"_rev": base}


def _saved(call: DatabaseCall, doc_id: str, rev: Rev, status: int) -> Response:
    location = f"{call.request.host_url}{quote(call.store.name)}/{quote(doc_id, safe='')}"
    headers = {"ETag": f'"{rev}"', "Location": location}
    return answer({"ok": True, "id": doc_id, "rev": str(rev)}, status, headers)
