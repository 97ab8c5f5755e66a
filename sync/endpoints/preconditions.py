"""What a request builds on and what it knows already: `rev`, If-Match, If-None-Match. protocol.md §1.7."""

from __future__ import annotations

from sync.endpoints.call import Call
from sync.errors import BadRequest
from sync.revisions import Rev, parse_rev


def base_rev(call: Call) -> Rev | None:
    """The revision that a request builds on: `?rev=` or `If-Match`, quoted or not, which must agree."""
    text, header = call.text("rev"), call.request.headers.get("If-Match")
    asked = None if text is None else parse_rev(text)
    matched = None if header is None else parse_rev(header.strip().strip('"'))
    if asked is not None and matched is not None and asked != matched:
        raise BadRequest("Document rev and etag have different values")
    return asked or matched


def is_known(call: Call, etag: str) -> bool:
    """Whether the client has what the quoted `etag` names, by its If-None-Match."""
    known = (
        one.strip().removeprefix("W/") for one in call.request.headers.get("If-None-Match", "").split(",")
    )
    return any(one in (etag, "*") for one in known)
