"""What a machine says of itself, for whoever looks after all of them: one small sealed note, the newest counts. Pure.

It is no event: nothing is decided by it, and nobody keeps it. The machine leaves it at central at every contact, under
its own seal, so that what the page shows as its word is its word, whoever carried it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from schemas.canonical import from_base64, to_base64
from schemas.entries import Card
from schemas.errors import Malformed
from schemas.notes import message, read_note
from schemas.seals import holds

_KIND: Final = "state"
MAX_BYTES: Final = 64 * 1024

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Words = Annotated[str, Meta(max_length=200)]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
At = Annotated[str, Meta(pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z\Z")]


class PrinterState(msgspec.Struct, frozen=True):
    """`waiting`: papers that are still to come out; `unsure`: of which somebody has to say whether they did; `error`: the
    printer's last word, in its own language."""

    name: Words
    waiting: Count
    unsure: Count
    error: Words = ""


class RangeLeft(msgspec.Struct, frozen=True):
    """A range of numbers that central granted, and how many of it are left."""

    what: Literal["receipt", "pad", "result"]
    symbol: Words
    form: Words
    first: Count
    last: Count
    left: Count

    @property
    def scarce(self) -> bool:
        """A fifth is left: time to grant more."""
        return self.left * 5 <= self.last - self.first + 1


class Refusal(msgspec.Struct, frozen=True):
    """A document that `by` would not take from this machine, and why, in the words of its program."""

    document: Words
    by: Name
    reason: Words
    at: At


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`waiting`: acts that the machine doesn't know to be at central, since when the oldest; `seq`: how many it wrote.

    `skew_s`: how far its clock is ahead of central's, where it is; `unsure`: a person had to say what the hour is.
    `refusals`: the first of the `refused` documents. `sees`: the machines that it is in contact with, by when it heard of each; `lost`: those that it misses, since when.
    """

    v: Literal[1]
    node: Name
    at: At
    version: Words
    catalog: Count
    waiting: Count
    waiting_since: Annotated[str, Meta(max_length=40)]
    refused: Count
    incomplete: Count
    files_elsewhere: Count
    seq: Count
    skew_s: Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]
    unsure: bool
    disk_free: Count
    disk_size: Count
    printers: Annotated[tuple[PrinterState, ...], Meta(max_length=50)]
    ranges: Annotated[tuple[RangeLeft, ...], Meta(max_length=200)]
    sees: Annotated[dict[Name, At], Meta(max_length=1000)]
    lost: Annotated[dict[Name, At], Meta(max_length=1000)]
    refusals: Annotated[tuple[Refusal, ...], Meta(max_length=20)] = ()
    seal: str = ""

    def document(self) -> dict[str, Any]:
        """As JSON has it, `seal` included; the caller's own."""
        document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return document

    def sealed(self, sign: Callable[[bytes], bytes]) -> State:
        """The same under the machine's seal."""
        return msgspec.structs.replace(self, seal=to_base64(sign(message(_KIND, self.document()))))


def read(document: object, card: Card) -> State:
    """What a machine left, of which this is the card. Raises `Malformed` unless the machine has sealed it."""
    state, sealed = read_note(document, State, _KIND, most_bytes=MAX_BYTES)
    if state.node != card.node:
        raise Malformed("node", f"{state.node} is not {card.node}")
    if not holds(card.ed25519, from_base64(state.seal, "seal", 64), sealed):
        raise Malformed("seal", f"not the seal of {card.node}")
    return state
