"""`_local/{id}`: what replicators note down. protocol.md §1.7, last item."""

from __future__ import annotations

from flask import Response

from sync.documents import LOCAL, load
from sync.endpoints.answers import answer
from sync.endpoints.call import DatabaseCall
from sync.errors import BadRequest


def get_local(call: DatabaseCall, local_id: str) -> Response:
    """GET `/{db}/_local/{id}`. 404."""
    return answer(call.store.get_local(local_id))


def put_local(call: DatabaseCall, local_id: str) -> Response:
    """PUT `/{db}/_local/{id}`: 201, or 409 for another `_rev` than the last. A replicator's note tells how
    far it read.
    """
    document = load(call.body())
    rev = call.put_local(local_id, document)
    _tell_checkpoint(call, document)
    return answer({"ok": True, "id": LOCAL + local_id, "rev": rev}, 201)


def delete_local(call: DatabaseCall, local_id: str) -> Response:
    """DELETE `/{db}/_local/{id}`: gone without a tombstone. 404."""
    call.delete_local(local_id)
    return answer({"ok": True, "id": LOCAL + local_id, "rev": "0-0"})


def _tell_checkpoint(call: DatabaseCall, document: object) -> None:
    """A checkpoint that names a sequence of ours says: "I hold what you have, up to here"."""
    if call.host.on_checkpoint is None or call.user is None or not isinstance(document, dict):
        return
    try:
        seq = call.store.inner_seq(document.get("source_last_seq"))
    except BadRequest:
        return  # some other note, or a sequence of some other kind of server
    if seq:
        call.host.on_checkpoint(call.user, call.store.name, seq)
