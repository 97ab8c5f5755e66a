"""`_bulk_docs`, `_bulk_get`, `_revs_diff`, `_missing_revs`: many documents in one request. protocol.md §1.7."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any, NamedTuple

from flask import Response

from sync.documents import (
    LOCAL,
    STUBS,
    Json,
    Shown,
    checked_id,
    dump,
    newest_of,
    parse_ancestors,
    parse_document,
    render,
    rendered,
)
from sync.endpoints.answers import answer, gathered, packed_answer, raw_answer
from sync.endpoints.call import Call, DatabaseCall
from sync.endpoints.streams import accepts, stored_segments
from sync.errors import BadRequest, TooLarge
from sync.multipart import Segment, failure, mixed, revision
from sync.revisions import Rev
from sync.store import Opened, Wanted
from sync.writing import Outcome

MAX_DOCUMENTS = 50_000
"""In one request: a document of 20 bytes takes 6 KB of memory while it is written. Some versions of CouchDB stop
at 10,000; what replicates sends at most 500."""
_NOT_FOR_BULK_GET = ("rev", "open_revs", "atts_since", "w", "new_edits")


def bulk_docs(call: DatabaseCall) -> Response:
    """POST `/{db}/_bulk_docs`: 201 with a row for each document, or for the refused alone with `new_edits:
    false`.
    """
    body = call.object_body()
    documents, new_edits = asked_to_write(call, body)
    if new_edits and body.get("all_or_nothing") is True:
        return answer([_not_all_or_nothing(one) for one in documents], 417)
    local = {place: one for place, one in enumerate(documents) if is_note(one)}
    with call.store.file.write() if local else nullcontext():  # without them the store waits only to write
        notes = {place: _noted(call, one) for place, one in local.items()}
        outcomes = iter(
            call.store.bulk_docs(
                [one for place, one in enumerate(documents) if place not in notes],
                new_edits=new_edits,
                source=call.source,
            )
        )
    in_order = [notes[place] if place in notes else next(outcomes) for place in range(len(documents))]
    if new_edits:
        return answer([_edit_row(one) for one in in_order], 201)
    return answer([copy_row(one) for one in in_order if one.refusal], 201)


def asked_to_write(call: Call, body: Json) -> tuple[list[Any], bool]:
    """The documents of `_bulk_docs`, none without an id, and whether they are edits."""
    documents, new_edits = body.get("docs"), body.get("new_edits", True)
    if "docs" not in body:
        raise BadRequest("POST body must include `docs` parameter.")
    if not isinstance(documents, list):
        raise BadRequest("`docs` parameter must be an array.")
    if len(documents) > MAX_DOCUMENTS:
        raise TooLarge(str(MAX_DOCUMENTS), error="max_bulk_docs_count_exceeded")
    if not isinstance(new_edits, bool):
        raise BadRequest("`new_edits` parameter must be a boolean.")
    return [_with_id(call, one) for one in documents] if new_edits else documents, new_edits


def _with_id(call: Call, document: Any) -> Any:
    if isinstance(document, dict) and "_id" not in document:
        return {"_id": call.host.new_id(), **document}
    return document


def _not_all_or_nothing(document: Any) -> Json:
    incoming = parse_document(document)
    rev = str(incoming.path[0]) if incoming.path else None
    return {
        "id": incoming.id,
        "rev": rev,
        "error": "not_implemented",
        "reason": "all_or_nothing is not supported",
    }


def is_note(document: Any) -> bool:
    """Whether it is a `_local` document, which are written among the others."""
    doc_id = document.get("_id") if isinstance(document, dict) else None
    return isinstance(doc_id, str) and doc_id.startswith(LOCAL)


def _noted(call: DatabaseCall, document: Json) -> Outcome:
    """A `_local` document among the others."""
    doc_id = checked_id(document["_id"])
    return Outcome(doc_id, call.put_local(doc_id.removeprefix(LOCAL), document))


def _edit_row(outcome: Outcome) -> Json:
    if outcome.refusal is None:
        return {"ok": True, "id": outcome.id, "rev": outcome.rev}
    return {"id": outcome.id, "error": outcome.refusal.error, "reason": outcome.refusal.reason}


def copy_row(outcome: Outcome) -> Json:
    """The row of a copy that was refused: id, revision, error and reason."""
    row = _edit_row(outcome)
    return {"id": row.pop("id"), "rev": outcome.rev, **row}


class _Entry(NamedTuple):
    """One entry of `_bulk_get` that can be asked: `since` are the revisions whose attachments are there."""

    wanted: Wanted
    since: list[Rev]


def bulk_get(call: DatabaseCall) -> Response:
    """POST `/{db}/_bulk_get`, streamed: of each asked one its leaves, or why there are none."""
    documents = asked_to_give(call, call.object_body())
    entries = [_entry(one) for one in documents]
    asked = [one for one in entries if isinstance(one, _Entry)]
    revs = call.flag("revs")
    found = iter(
        call.store.open_revs(
            [one.wanted for one in asked],
            revs=revs or any(one.since for one in asked),
            latest=call.flag("latest"),
        )
    )
    inline = call.store.attachment if call.flag("attachments") else None
    shown = Shown(inline=inline, encoding=call.flag("att_encoding_info"))
    results = [_result(entry, found, call, shown, revs=revs) for entry in entries]
    form = _multipart_form(call)
    if form is None:
        # chunked, as CouchDB's: in an answer of known length node-fetch, and so PouchDB on Node, never notices that
        # the line broke, and waits for ever
        return packed_answer(call.request, gathered(_json(results)))
    boundary, inner = call.host.new_id().encode(), call.host.new_id().encode()
    segments = mixed(boundary, (_part(one, inner) for result in results for one in result))
    headers = {"Content-Type": f'{form}; boundary="{boundary.decode()}"'}
    return Response(stored_segments(call.store, segments), headers=headers)


def asked_to_give(call: Call, body: Json) -> list[Any]:
    """The entries of `_bulk_get`."""
    for name in _NOT_FOR_BULK_GET:
        if call.text(name) is not None:
            raise BadRequest(f'"{name}" query parameter is not acceptable')
    entries = body.get("docs")
    if not isinstance(entries, list):
        raise BadRequest("Missing JSON list of 'docs'.")
    if len(entries) > MAX_DOCUMENTS:
        raise TooLarge(str(MAX_DOCUMENTS), error="max_bulk_get_count_exceeded")
    return entries


def _multipart_form(call: DatabaseCall) -> str | None:
    """The kind of multipart for a client that takes one, and no JSON."""
    forms = () if accepts(call.request, "application/json") else ("multipart/mixed", "multipart/related")
    return next((form for form in forms if accepts(call.request, form)), None)


def _entry(entry: Any) -> _Entry | Opened:
    """What to ask for; or the failure, in CouchDB's words, with what of it could be understood."""
    if not isinstance(entry, dict) or not entry:
        return _failed(None, None, "bad_request", "document must be a JSON object")
    if "id" not in entry:
        return _failed(None, None, "bad_request", "document id missed")
    doc_id, rev, since = entry["id"], entry.get("rev"), entry.get("atts_since", [])
    try:
        checked_id(doc_id)
    except BadRequest as why:
        return _failed(doc_id, None, why.error, why.reason)
    if not (rev is None or isinstance(rev, str)):
        return _failed(doc_id, rev, "bad_request", "Invalid rev format")
    if not since:
        return _Entry(Wanted(doc_id, rev), [])
    try:
        return _Entry(Wanted(doc_id, rev), parse_ancestors(since))
    except BadRequest as why:
        return _failed(doc_id, rev, why.error, why.reason)


def _failed(doc_id: Any, rev: Any, error: str, reason: str) -> Opened:
    return Opened(doc_id, rev, error=error, reason=reason)


class _Answer(NamedTuple):
    """A revision as it goes out; `history` only if it was asked for."""

    opened: Opened
    history: list[Rev] | None
    shown: Shown


def _result(
    entry: _Entry | Opened, found: Iterator[list[Opened]], call: DatabaseCall, shown: Shown, *, revs: bool
) -> list[_Answer]:
    if isinstance(entry, Opened):
        return [_Answer(entry, None, STUBS)]
    answers = next(found)
    if not entry.since:
        return [_Answer(one, one.history if revs else None, shown) for one in answers]
    newer = shown._replace(inline=call.store.attachment)
    return [
        _Answer(
            one,
            one.history if revs else None,
            newer._replace(since=newest_of(entry.since, one.history or ())),
        )
        for one in answers
    ]


def _json(results: list[list[_Answer]]) -> Iterator[bytes]:
    between = b'{"results":['
    for result in results:
        yield between + b'{"id":' + dump(result[0].opened.id) + b',"docs":['
        between = b","
        for place, one in enumerate(result):
            yield b"," if place else b""
            yield from _got(one)
        yield b"]}"
    yield b"]}\n" if results else b'{"results":[]}\n'


def _got(one: _Answer) -> Iterator[bytes]:
    if one.opened.stored is None:
        yield b'{"error":' + dump(_why(one.opened)) + b"}"
        return
    yield b'{"ok":'
    if one.opened.stored.attachments:
        yield from rendered(one.opened.stored, history=one.history, shown=one.shown)
    else:
        yield render(one.opened.stored, history=one.history)
    yield b"}"


def _why(one: Opened) -> Json:
    return {"id": one.id, "rev": one.rev, "error": one.error, "reason": one.reason}


def _part(one: _Answer, inner: bytes) -> Iterator[Segment]:
    stored = one.opened.stored
    if stored is None:
        return failure(_why(one.opened))
    headers = (f"X-Doc-Id: {stored.id}", f"X-Rev-Id: {stored.rev}")
    return revision(stored, inner, history=one.history, since=one.shown.since, headers=headers)


def revs_diff(call: DatabaseCall) -> Response:
    """POST `/{db}/_revs_diff`: of each document the revisions that are not here, and their possible
    ancestors.
    """
    # chunked, for the reason above: as many bytes as a page of changes
    return raw_answer(iter([dump(call.store.revs_diff(_revisions(call))) + b"\n"]))


def missing_revs(call: DatabaseCall) -> Response:
    """POST `/{db}/_missing_revs`: the same without ancestors."""
    diff = call.store.revs_diff(_revisions(call))
    return answer({"missing_revs": {doc_id: one["missing"] for doc_id, one in diff.items()}})


def _revisions(call: DatabaseCall) -> dict[str, list[str]]:
    wanted = call.object_body()
    for revs in wanted.values():
        if not isinstance(revs, list):
            raise BadRequest("Request body must be an object of lists of revisions")
    return wanted
