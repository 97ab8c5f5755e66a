"""A note under a machine's seal that is no event: central's acks, what a machine says of itself. Pure.

The newest counts and nobody keeps the others, so a note has no hash and no place in a chain; its seal is over the whole
of it and over what kind of note it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from schemas.canonical import canonical, check
from schemas.errors import Malformed

_Note = TypeVar("_Note", bound=msgspec.Struct)


def message(kind: str, document: Mapping[str, Any]) -> bytes:
    """What the seal of a note is over."""
    header = {name: value for name, value in document.items() if name != "seal"}
    return f"motcua/{kind}/1\n".encode() + canonical(header)


def read_note(document: object, shape: type[_Note], kind: str, *, most_bytes: int) -> tuple[_Note, bytes]:
    """A note that came from wherever, and what its seal has to be over. Raises `Malformed`.

    What a store adds to a document (`_id`, `_rev`) is passed over.
    """
    if not isinstance(document, Mapping):
        raise Malformed(kind, "an object is expected")
    plain = {name: value for name, value in document.items() if name not in ("_id", "_rev")}
    check(plain)
    if len(canonical(plain)) > most_bytes:
        raise Malformed(kind, f"more than {most_bytes} bytes")
    try:
        return msgspec.convert(plain, shape), message(kind, plain)
    except msgspec.ValidationError as why:
        raise Malformed(kind, str(why)) from why
