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

import binascii
from typing import Any

import orjson

from schemas.errors import Malformed

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 16
MAX_BYTES = 64 * 1024
_TO_URL = bytes.maketrans(b"+/", b"-_")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")


def canonical(value: Any) -> bytes:
    """The canonical JSON of a value that `check` accepts."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def check(value: Any, field: str = "") -> None:
    """Raise `Malformed`, naming the member, unless `value` keeps to the part of JSON that events use."""
    try:
        _check(value, 1)
    except Malformed as error:
        raise Malformed(_inside(field, error.field), error.why) from None


def shown(name: object) -> str:
    """A member's name as an error may carry it: short, ASCII, whatever a peer has sent."""
    return str(name)[:64].encode("ascii", "backslashreplace").decode()


def _check(value: Any, depth: int) -> None:
    kind = type(value)
    if kind is str:
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise Malformed("", "a lone surrogate is no character") from error
    elif kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise Malformed("", "integers lie within ±(2^53 - 1)")
    elif kind is dict or kind is list:
        if depth > MAX_DEPTH:
            raise Malformed("", f"deeper than {MAX_DEPTH} levels")
        _check_members(value, depth)
    elif kind is not bool:
        what = {"float": "a number with a fraction or exponent", "NoneType": "null"}.get(
            kind.__name__, kind.__name__
        )
        raise Malformed("", f"{what} is not allowed in an event")


def _check_members(value: dict[Any, Any] | list[Any], depth: int) -> None:
    # the path is put together on the way out: a peer chooses names and counts, and few documents are wrong
    name: Any = ""
    try:
        if type(value) is dict:
            for name, member in value.items():
                if type(name) is not str or not name.isascii():
                    raise Malformed("", "member names are ASCII")
                if type(member) is not str or not member.isascii():  # most are, and need no call
                    _check(member, depth + 1)
        else:
            for name, item in enumerate(value):  # noqa: B007 - read when the item is refused
                _check(item, depth + 1)
    except Malformed as error:
        here = f"[{name}]" if type(value) is list else shown(name)
        raise Malformed(_inside(here, error.field), error.why) from None


def _inside(outer: str, inner: str) -> str:
    return f"{outer}.{inner}" if outer and inner and not inner.startswith("[") else outer + inner


def to_base64(raw: bytes) -> str:
    """base64url without padding."""
    return binascii.b2a_base64(raw, newline=False).rstrip(b"=").translate(_TO_URL).decode()


def from_base64(text: str, field: str, length: int | None = None) -> bytes:
    """The bytes of base64url without padding; only the canonical spelling, only `length` bytes if given."""
    try:
        standard = text.encode("ascii").translate(_TO_STANDARD) + b"=" * (-len(text) % 4)
        raw = binascii.a2b_base64(standard, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(field, "not base64url without padding") from error
    if to_base64(raw) != text:
        raise Malformed(field, "not the canonical base64url spelling")
    if length is not None and len(raw) != length:
        raise Malformed(field, f"{length} bytes expected, {len(raw)} found")
    return raw
