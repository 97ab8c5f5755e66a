"""`_bulk_docs`, `_bulk_get`, `_revs_diff`, `_missing_revs`: many documents in one request. protocol.md §1.7."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response

from sync.documents import Json
from sync.endpoints.answers import answer, raw_answer
from sync.endpoints.call import DatabaseCall
from sync.errors import BadRequest
from sync.store import Got, Wanted
from sync.writing import Outcome

_NOT_FOR_BULK_GET = ("rev", "open_revs", "atts_since", "w", "new_edits")


def bulk_docs(call: DatabaseCall) -> Response:
    body = call.object_body()
    documents, new_edits = body.get("docs"), body.get("new_edits", True)
    if not isinstance(documents, list):
        raise BadRequest("POST body must include `docs` parameter.")
    if not isinstance(new_edits, bool):
        raise BadRequest("`new_edits` parameter must be a boolean.")
    if new_edits:
        documents = [_with_id(call, one) for one in documents]
    outcomes = call.store.bulk_docs(documents, new_edits=new_edits, source=call.source)
    if new_edits:
        return answer([_edit_row(one) for one in outcomes], 201)
    return answer([_copy_row(one) for one in outcomes if one.refusal], 201)


def _with_id(call: DatabaseCall, document: Any) -> Any:
    if isinstance(document, dict) and "_id" not in document:
        return {"_id": call.host.new_id(), **document}
    return document


def _edit_row(outcome: Outcome) -> Json:
    if outcome.refusal is None:
        return {"ok": True, "id": outcome.id, "rev": outcome.rev}
    return {"id": outcome.id, "error": outcome.refusal.error, "reason": outcome.refusal.reason}


def _copy_row(outcome: Outcome) -> Json:
    row = _edit_row(outcome)
    return {"id": row.pop("id"), "rev": outcome.rev, **row}


def bulk_get(call: DatabaseCall) -> Response:
    for name in _NOT_FOR_BULK_GET:
        if call.text(name) is not None:
            raise BadRequest(f"`{name}` query parameter is not supported for _bulk_get")
    entries = call.object_body().get("docs")
    if not isinstance(entries, list):
        raise BadRequest("Missing JSON list of 'docs'.")
    answers = call.store.bulk_get(
        [_wanted(one) for one in entries],
        revs=call.flag("revs"),
        latest=call.flag("latest"),
        attachments=call.flag("attachments"),
    )
    return raw_answer(b'{"results":[' + b",".join(map(_result, answers)) + b"]}\n")


def _wanted(entry: Any) -> Wanted:
    if not isinstance(entry, dict):
        raise BadRequest("Document must be a JSON object")
    doc_id, rev = entry.get("id"), entry.get("rev")
    if not isinstance(doc_id, str):
        raise BadRequest("Document id must be a string", error="illegal_docid")
    if rev is not None and not isinstance(rev, str):
        raise BadRequest("Invalid rev format")
    return Wanted(doc_id, rev)


def _result(answers: list[Got]) -> bytes:
    documents = b",".join(map(_got, answers))
    return b'{"id":' + orjson.dumps(answers[0].id) + b',"docs":[' + documents + b"]}"


def _got(one: Got) -> bytes:
    if one.document is not None:
        return b'{"ok":' + one.document + b"}"
    why = {"id": one.id, "rev": one.rev, "error": one.error, "reason": one.reason}
    return b'{"error":' + orjson.dumps(why) + b"}"


def revs_diff(call: DatabaseCall) -> Response:
    return answer(call.store.revs_diff(_revisions(call)))


def missing_revs(call: DatabaseCall) -> Response:
    diff = call.store.revs_diff(_revisions(call))
    return answer({"missing_revs": {doc_id: one["missing"] for doc_id, one in diff.items()}})


def _revisions(call: DatabaseCall) -> dict[str, list[str]]:
    wanted = call.object_body()
    for revs in wanted.values():
        if not isinstance(revs, list):
            raise BadRequest("Request body must be an object of lists of revisions")
    return wanted
