"""What CouchDB does by running JavaScript. It is not run here: design documents are only kept and replicated."""

from __future__ import annotations

from typing import NoReturn

from flask import Response

from sync.endpoints.call import DatabaseCall
from sync.errors import Refused

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

_REASON = (
    "JavaScript is not executed here: design documents are stored and replicated, their functions do not run."
)


def function(call: DatabaseCall, design_id: str) -> NoReturn:
    """404 where there is no such design document, as in CouchDB; else 501."""
    call.store.revision(design_id)
    raise Refused(_REASON, error="not_implemented", status=501)


def temporary_view(_call: DatabaseCall) -> Response:
    """CouchDB 3 has none either."""
    raise Refused("Temporary views are not supported in CouchDB", error="gone", status=410)
