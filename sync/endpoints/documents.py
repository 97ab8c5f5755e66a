"""One document: GET with all its questions, PUT, DELETE, COPY, POST. protocol.md §1.7, §1.8."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from types import MappingProxyType
from typing import cast
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from flask import Response
from werkzeug.http import parse_options_header

from sync.contents import MAX_ATTACHMENT_BYTES, Staging
from sync.documents import (
    BINARY_TYPE,
    LOCAL,
    Content,
    Incoming,
    Json,
    Shown,
    Stored,
    attachments_of,
    checked_attachment_name,
    checked_id,
    dump,
    followers,
    load,
    newest_of,
    parse_ancestors,
    parse_document,
    render,
    rendered,
)
from sync.endpoints.all_docs import conflicts
from sync.endpoints.answers import JSON_TYPE, answer, not_modified, raw_answer
from sync.endpoints.call import Call, DatabaseCall, gathered
from sync.endpoints.preconditions import base_rev, is_known
from sync.endpoints.streams import accepts, stored_segments, streamed
from sync.errors import BadContentType, BadRequest, Conflict, TooLarge
from sync.multipart import (
    RelatedParts,
    Segment,
    bodies,
    boundary_of,
    failure,
    mixed,
    parts,
    related,
    revision,
)
from sync.revisions import Rev, Tree, parse_rev
from sync.rows import Summary
from sync.store import Opened, Wanted

# ---- GET


def get_document(call: DatabaseCall, doc_id: str) -> Response:
    """GET `/{db}/{doc}`: the winner, or what `rev`, `open_revs`, `atts_since` and their kin ask for. 404."""
    wanted = _open_revs(call, doc_id)
    if wanted:
        return _get_open_revs(call, wanted)
    since = _atts_since(call)
    with call.store.file.read():
        summary = call.store.summary(doc_id)
        named = call.text("rev")
        # CouchDB 3.5: `latest` next to `rev` gives the winner, not the leaf of that branch
        rev = parse_rev(named) if named is not None and not call.flag("latest") else None
        stored = call.store.revision(doc_id, rev)
        extra = _extra(call, summary, stored)
        history = call.store.history(summary, stored) if call.flag("revs") or since else None
    headers = {}
    if not extra:
        headers["ETag"] = f'"{stored.rev}"'
        if is_known(call, headers["ETag"]):
            return not_modified(headers["ETag"])
    shown = _shown(call, since, history)
    if not call.flag("revs"):
        history = None
    if shown.inline is not None and stored.attachments and accepts(call.request, "multipart/related"):
        return _multipart(call, stored, shown, history, extra, headers)
    return _json(rendered(stored, history=history, shown=shown, extra=extra), shown, headers)


def _json(
    parts: Iterable[bytes], shown: Shown, headers: Mapping[str, str] = MappingProxyType({})
) -> Response:
    """Whole where it is in memory anyway, in parts where attachments are read meanwhile."""
    parts = chain(parts, (b"\n",))
    return raw_answer(b"".join(parts) if shown.inline is None else parts, headers=headers)


def _shown(call: DatabaseCall, since: Sequence[Rev] | None, history: Sequence[Rev] | None) -> Shown:
    """How attachments are shown in JSON; `history` is needed with `since`, which asks for their bytes."""
    return Shown(
        inline=call.store.attachment if since is not None or call.flag("attachments") else None,
        since=newest_of(since or (), history or ()),
        encoding=call.flag("att_encoding_info"),
    )


def _atts_since(call: DatabaseCall) -> list[Rev] | None:
    if call.text("atts_since") is None:
        return None
    return parse_ancestors(call.json_parameter("atts_since"))


def _multipart(
    call: DatabaseCall,
    stored: Stored,
    shown: Shown,
    history: Sequence[Rev] | None,
    extra: Json,
    headers: Mapping[str, str],
) -> Response:
    shown = shown._replace(inline=None, follows=True, encoding=True)
    document = b"".join(rendered(stored, history=history, shown=shown, extra=extra))
    following = [one for one in stored.attachments if shown.has_bytes(one)]
    headers = {**headers, "Cache-Control": "must-revalidate", "Content-Type": JSON_TYPE}
    if not following:
        return streamed(call.store, [document], 200, headers)
    boundary = call.host.new_id()
    headers["Content-Type"] = f'multipart/related; boundary="{boundary}"'
    return streamed(call.store, related(boundary.encode(), document, following), 200, headers)


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


def _open_revs(call: DatabaseCall, doc_id: str) -> list[Wanted]:
    """What `open_revs` asks for; nothing for an empty list, as if it were not there."""
    match call.text("open_revs"):
        case None:
            return []
        case "all":
            call.store.summary(doc_id)
            return [Wanted(doc_id)]
        case _:
            revs = call.json_parameter("open_revs")
            if not isinstance(revs, list):
                raise BadRequest('`open_revs` must be "all" or a JSON array of revisions')
            return [Wanted(doc_id, str(parse_rev(rev))) for rev in revs]


def _get_open_revs(call: DatabaseCall, wanted: list[Wanted]) -> Response:
    """Leaves, or the revisions named: multipart/mixed, or JSON for those who want nothing else."""
    since = _atts_since(call)
    revs = call.flag("revs")
    answers = call.store.open_revs(wanted, revs=revs or bool(since), latest=call.flag("latest"))
    unique = list({(one.rev, one.stored is None): one for found in answers for one in found}.values())
    if accepts(call.request, "multipart/mixed"):
        boundary, inner = call.host.new_id().encode(), call.host.new_id().encode()
        segments = mixed(boundary, (_part(one, inner, revs=revs, since=since or ()) for one in unique))
        headers = {"Content-Type": f'multipart/mixed; boundary="{boundary.decode()}"'}
        return Response(stored_segments(call.store, segments), headers=headers)

    def parts() -> Iterator[bytes]:
        separator = b"["
        for one in unique:
            yield separator
            separator = b","
            if one.stored is None:
                yield dump({"missing": one.rev})
            else:
                yield b'{"ok":'
                history = one.history if revs else None
                yield from rendered(one.stored, history=history, shown=_shown(call, since, one.history))
                yield b"}"
        yield b"]"

    return _json(parts(), _shown(call, since, None))


def _part(one: Opened, inner: bytes, *, revs: bool, since: Sequence[Rev]) -> Iterator[Segment]:
    if one.stored is None:
        return failure({"missing": one.rev})
    history = one.history if revs else None
    return revision(one.stored, inner, history=history, since=newest_of(since, one.history or ()))


# ---- PUT, POST, DELETE, COPY


def put_document(call: DatabaseCall, doc_id: str) -> Response:
    """PUT `/{db}/{doc}`, as JSON or multipart/related: 201, or 409 where `_rev` is no leaf."""
    if call.request.mimetype == "multipart/related":
        return _put_related(call, doc_id)
    return _put(call, doc_id, load(call.body()))


def _put_related(call: DatabaseCall, doc_id: str) -> Response:
    """The document is the first part; the bytes of its attachments follow, and go to the disk as they come."""
    if call.request.headers.get("Content-Encoding", "identity") != "identity":
        raise BadContentType("a multipart body must not be encoded")
    received = RelatedParts(call.chunks(), boundary_of(call.request.headers["Content-Type"]))
    headers, sent = received.document()
    if headers.get("content-type", "").partition(";")[0].strip().lower() != JSON_TYPE:
        raise BadContentType("Content-Type must be application/json")
    document = load(gathered(sent))
    with call.store.staging() as staging:
        following = _laid_down(received, document, staging)
        return _put(call, doc_id, document, following)


def _laid_down(received: RelatedParts, document: object, staging: Staging) -> dict[str, Content]:
    following: dict[str, Content] = {}
    for one in followers(document) if isinstance(document, dict) else ():
        if one.length > MAX_ATTACHMENT_BYTES:
            raise TooLarge(one.name, error="attachment_too_large")
        following[one.name] = staging.lay(
            received.take(one),
            name=one.name,
            content_type=one.content_type,
            gzipped=one.gzipped,
            digest=one.digest,
        )
    received.end()
    return following


def _put(
    call: DatabaseCall,
    doc_id: str,
    document: object,
    following: Mapping[str, Content] = MappingProxyType({}),
) -> Response:
    incoming = based(call, parse_document(document, doc_id=doc_id, following=following))
    status = 200 if incoming.deleted else 201
    return _save(call, incoming, status, new_edits=call.text("new_edits") != "false")


def based(call: Call, incoming: Incoming) -> Incoming:
    """With the base revision of the URL or a header, where the body must not name another one."""
    base = base_rev(call)
    if base is None or incoming.path[:1] == (base,):
        return incoming
    if incoming.path and call.text("rev") is None:
        raise BadRequest("Document rev and etag have different values")
    if incoming.path:
        raise BadRequest("Document rev from request body and query string have different values")
    return replace(incoming, path=(base,))


def post_document(call: DatabaseCall) -> Response:
    """Create a document; without `_id` the server gives one."""
    document = call.object_body()
    doc_id = document.get("_id") or call.host.new_id()
    if isinstance(doc_id, str) and doc_id.startswith(LOCAL):
        rev = call.put_local(checked_id(doc_id).removeprefix(LOCAL), document)
        return answer({"ok": True, "id": doc_id, "rev": rev}, 201)
    return _save(call, parse_document({**document, "_id": doc_id}), 201)


def post_form(call: DatabaseCall, doc_id: str) -> Response:
    """A form with files, as a browser sends it: `_attachments` for a document that is there (`_rev`) or `_doc`."""
    _require_own_page(call)
    if call.request.mimetype != "multipart/form-data":
        raise BadContentType("Content-Type must be multipart/form-data")
    fields: dict[str, bytes] = {}
    files: Json = {}
    with call.store.staging() as staging:
        following: dict[str, Content] = {}
        for headers, sent in bodies(parts(call.chunks(), boundary_of(call.request.headers["Content-Type"]))):
            named = parse_options_header(headers.get("content-disposition", ""))[1]
            if named.get("name") == "_attachments" and "filename" in named:
                name = checked_attachment_name(named["filename"])
                content_type = headers.get("content-type", BINARY_TYPE)
                following[name] = staging.lay(sent, name=name, content_type=content_type)
                files[name] = {"content_type": content_type, "follows": True}
            elif (field := named.get("name")) in ("_doc", "_rev"):
                fields[field] = gathered(sent)
        with call.store.file.write():
            document = _of_form(call, doc_id, fields)
            document = {**document, "_attachments": attachments_of(document) | files}
            return _put(call, doc_id, document, following)


def _require_own_page(call: DatabaseCall) -> None:
    """Any page may make a browser send a form with our cookie; only ours may have it taken."""
    referer = call.request.headers.get("Referer")
    if referer is None:
        raise BadRequest("Referer header required.")
    if urlsplit(referer).netloc != call.request.host:
        raise BadRequest("Referer header must match host.")


def _of_form(call: DatabaseCall, doc_id: str, fields: Mapping[str, bytes]) -> Json:
    if "_doc" in fields:
        document = load(fields["_doc"])
        if not isinstance(document, dict):
            raise BadRequest("Document must be a JSON object")
        return document
    rev = parse_rev(fields.get("_rev", b"").decode("utf-8", "replace"))
    document = load(render(call.store.revision(doc_id, rev)))
    return cast(Json, document)


def delete_document(call: DatabaseCall, doc_id: str) -> Response:
    """DELETE `/{db}/{doc}?rev=`: a tombstone. 404 for what is not there, 409 where `rev` is no leaf."""
    base = base_rev(call)
    call.store.revision(doc_id)  # 404 for what is not there or deleted already
    if base is None:
        raise Conflict()
    tombstone = parse_document({"_id": doc_id, "_rev": str(base), "_deleted": True})
    return _save(call, tombstone, 200)


def copy_document(call: DatabaseCall, doc_id: str) -> Response:
    """Another document with the same members and attachments, whose bytes are not copied."""
    target, base = _destination(call.request.headers.get("Destination"))
    source = base_rev(call)
    with call.store.file.write():
        stored = call.store.revision(doc_id, source)
        if target.startswith(LOCAL):
            rev = call.put_local(target.removeprefix(LOCAL), load(stored.body))
            return answer({"ok": True, "id": target, "rev": rev}, 201)
        copy = Incoming(
            id=target,
            path=() if base is None else (base,),
            deleted=stored.deleted,
            body=stored.body,
            attachments=tuple(one.as_sent() for one in stored.attachments),
            document=load(render(stored)),
        )
        return _save(call, copy, 201)


def _destination(header: str | None) -> tuple[str, Rev | None]:
    """`id` or `id?rev=R`, encoded as in a URL: the document that a copy becomes, and its base."""
    if header is None:
        raise BadRequest("Destination header is mandatory for COPY.")
    if header.startswith(("http://", "https://")):
        raise BadRequest("Destination URL must be relative.")
    encoded, _, query = header.partition("?")
    name, equals, rev = query.partition("=")
    if query and (name != "rev" or not equals):
        raise BadRequest("the Destination of a COPY may have a `rev`, and no other parameter")
    try:
        doc_id = unquote_to_bytes(encoded.replace("+", " ").encode("latin-1")).decode()
    except UnicodeError as why:
        raise BadRequest("the Destination is not UTF-8") from why
    return checked_id(doc_id), parse_rev(unquote(rev)) if query else None


def _save(call: DatabaseCall, incoming: Incoming, status: int, *, new_edits: bool = True) -> Response:
    """With `batch=ok` CouchDB answers before it writes: it knows no revision, and tells nobody of a conflict."""
    batch = call.text("batch") == "ok"
    (outcome,) = call.store.write([incoming], new_edits=new_edits, source=call.source)
    if batch and (outcome.refusal is None or isinstance(outcome.refusal, Conflict)):
        return answer({"ok": True, "id": incoming.id}, 202)
    rev = outcome.saved()
    headers = {"ETag": f'"{rev}"', "Location": call.location(call.store.name, incoming.id)}
    return answer({"ok": True, "id": incoming.id, "rev": str(rev)}, status, headers)
