"""`_membership` and `_node/{node}/_config`: the one node that there is, and the settings that it obeys for ever.

Programs ask for them before they begin, CouchDB's own tests above all, and some set a value to be sure of it.
Setting what holds anyway is no lie; nothing else can be set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import Response

from sync.contents import MAX_ATTACHMENT_BYTES
from sync.documents import MAX_DOCUMENT_BYTES, load
from sync.endpoints.answers import answer
from sync.endpoints.call import Call
from sync.errors import BadRequest, NotAllowed, NotFound, Refused
from sync.packing import LEVEL, TYPES

NODE: Final = "nonode@nohost"
"""CouchDB's name for a node that is alone."""

_SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "attachments": {"compression_level": str(LEVEL), "compressible_types": ", ".join(TYPES)},
    "chttpd": {"decode_plus_to_space": "true"},
    "couchdb": {
        "max_attachment_size": str(MAX_ATTACHMENT_BYTES),
        "max_document_size": str(MAX_DOCUMENT_BYTES),
    },
    "replicator": {"startup_jitter": "0"},
}


def membership(call: Call) -> Response:
    """GET `/_membership`: a cluster of one. For the server's admin."""
    call.require_server_admin()
    return answer({"all_nodes": [NODE], "cluster_nodes": [NODE]})


def node(call: Call, path: tuple[str, ...]) -> Response:
    """`path`: what follows `_node`. Raises `Refused` (501) for everything but the settings above."""
    call.require_server_admin()
    if len(path) not in (2, 3, 4) or path[0] not in ("_local", NODE) or path[1] != "_config":
        raise _not_here(f"_node/{'/'.join(path)}")
    method = call.request.method
    known = _SETTINGS if len(path) == 2 else _SETTINGS.get(path[2], {})
    if len(path) < 4:
        if method not in ("GET", "HEAD"):
            raise NotAllowed(("GET", "HEAD"))
        return answer(known)
    value = _SETTINGS.get(path[2], {}).get(path[3])
    match method:
        case "GET" | "HEAD":
            if value is None:
                raise NotFound("unknown_config_value")
            return answer(value)
        case "PUT":
            sent = load(call.body())
            if not isinstance(sent, str):
                raise BadRequest("the value of a setting is a string")
            if sent != value:
                raise _not_here(f"setting {path[2]}/{path[3]}")
            return answer(value)
        case _:
            raise NotAllowed(("GET", "HEAD", "PUT"))


def _not_here(what: str) -> Refused:
    return Refused(f"{what}: this is not here, or is as it is", error="not_implemented", status=501)
