"""Canonical JSON: one value, one sequence of bytes.

Events are hashed and sealed over their canonical JSON (RFC 8785, JCS). JCS in full is slow in Python, and
its rules for floats and for non-ASCII keys are where implementations differ. Events therefore use only a
part of JSON on which sorted-key output and JCS agree byte for byte (docs/decisions/0004):

- objects with ASCII keys, arrays, strings without lone surrogates, true, false;
- integers within ±(2^53 - 1); no other numbers, no null (leave the member out);
- at most 16 levels deep, at most 64 KiB.

Binary values are base64url without padding, in their one canonical spelling.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from schemas.errors import Malformed

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 16
MAX_BYTES = 64 * 1024


def canonical(value: Any) -> bytes:
    """The canonical JSON of a value that `check` accepts."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def check(value: Any, field: str = "", depth: int = 1) -> None:
    """Raise `Malformed`, naming the member, unless `value` keeps to the part of JSON that events use."""
    kind = type(value)
    if kind is str:
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise Malformed(field, "a lone surrogate is no character") from error
    elif kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise Malformed(field, "integers lie within ±(2^53 - 1)")
    elif kind is dict:
        if depth > MAX_DEPTH:
            raise Malformed(field, f"deeper than {MAX_DEPTH} levels")
        for key, member in value.items():
            if type(key) is not str or not key.isascii():
                raise Malformed(f"{field}.{key}".lstrip("."), "member names are ASCII")
            check(member, f"{field}.{key}" if field else key, depth + 1)
    elif kind is list:
        if depth > MAX_DEPTH:
            raise Malformed(field, f"deeper than {MAX_DEPTH} levels")
        for place, item in enumerate(value):
            check(item, f"{field}[{place}]", depth + 1)
    elif kind is not bool:
        what = {"float": "a number with a fraction or exponent", "NoneType": "null"}.get(
            kind.__name__, kind.__name__
        )
        raise Malformed(field, f"{what} is not allowed in an event")


def to_base64(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_base64(text: str, field: str, length: int | None = None) -> bytes:
    """The bytes of base64url without padding; only the canonical spelling, only `length` bytes if given."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(field, "not base64url without padding") from error
    if to_base64(raw) != text:
        raise Malformed(field, "not the canonical base64url spelling")
    if length is not None and len(raw) != length:
        raise Malformed(field, f"{length} bytes expected, {len(raw)} found")
    return raw
