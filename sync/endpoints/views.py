"""What CouchDB does by running JavaScript. It is not run here: design documents are only kept and replicated."""

from __future__ import annotations

from typing import NoReturn

from flask import Response

from sync.endpoints.call import DatabaseCall
from sync.errors import NotAllowed, NotFound, Refused

FUNCTIONS = frozenset(
    {
        "_info",
        "_list",
        "_nouveau",
        "_nouveau_info",
        "_rewrite",
        "_search",
        "_search_info",
        "_show",
        "_update",
        "_view",
    }
)
"""Below a design document; every other name there is an attachment's."""

_NAMED = {"_list": "list_error", "_show": "show_error", "_update": "update_error"}
_REASON = (
    "JavaScript is not executed here: design documents are stored and replicated, their functions do not run."
)


def function(call: DatabaseCall, design_id: str, path: tuple[str, ...]) -> NoReturn:
    """`path`: from its kind on. 404 and 405 where CouchDB would say so without running anything; else 501."""
    call.store.revision(design_id)
    kind, *names = path
    if kind in _NAMED and not names:
        raise NotFound("Invalid path.", error=_NAMED[kind])
    if kind == "_update" and call.request.method not in ("POST", "PUT"):
        raise NotAllowed(("POST", "PUT"))
    raise Refused(_REASON, error="not_implemented", status=501)


def temporary_view(_call: DatabaseCall) -> Response:
    """CouchDB 3 has none either."""
    raise Refused("Temporary views are not supported in CouchDB", error="gone", status=410)
