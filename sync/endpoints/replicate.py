"""`_replicate`: copy from one database to another, once or for ever. protocol.md §3.1."""

from __future__ import annotations

from flask import Response

from sync.endpoints.answers import answer
from sync.endpoints.call import Call
from sync.errors import BadRequest, Refused
from sync.replications import order_of


def replicate(call: Call) -> Response:
    """For admins only: it makes this server ask others, with whatever credentials are named."""
    body = call.object_body()
    call.require_server_admin()
    replications = call.host.replications
    if replications is None:
        raise Refused("this server runs no replications", error="not_implemented", status=501)
    cancel = body.get("cancel", False)
    if not isinstance(cancel, bool):
        raise BadRequest("parameter `cancel` must be a boolean")
    if cancel:
        named = next((body[name] for name in ("replication_id", "_local_id", "id") if name in body), None)
        if named is not None and not isinstance(named, str):
            raise BadRequest("the id of a replication is a string")
        job_id = replications.id_of(order_of(body)) if named is None else named
        replications.cancel(job_id)
        return answer({"ok": True, "_local_id": job_id})
    order = order_of(body)
    user = None if call.user is None else call.user.name
    if order.continuous:
        return answer({"ok": True, "_local_id": replications.start(order, user=user)}, 202)
    return answer(replications.once(order, user=user))
