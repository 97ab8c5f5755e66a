"""`python -m printing.worker`: makes PDFs for a node, so that the node's own process has its processor for people.

It reads orders from standard input and answers on standard output, each with its length before it, until the input
ends; so it ends with the node, however that ends. `edge.rendering` starts it.
"""

from __future__ import annotations

import os
import sys
from typing import BinaryIO, Final

import msgspec

from printing import typeface
from printing.errors import PrintError
from printing.forms import Form
from printing.typesetting import typeset_by

_LENGTH_BYTES: Final = 8
_POLITE: Final = 5
"""Whoever waits for a page goes first."""


class Order(msgspec.Struct, frozen=True):
    """A paper as it lies in the spool, and the form to set it by."""

    form: Form
    payload: bytes


class Answer(msgspec.Struct, frozen=True):
    """The PDF, or why there is none."""

    pdf: bytes = b""
    refused: str = ""


def send(stream: BinaryIO, message: msgspec.Struct) -> None:
    """Raises OSError where nobody reads any more."""
    packed = msgspec.msgpack.encode(message)
    stream.write(len(packed).to_bytes(_LENGTH_BYTES, "big") + packed)
    stream.flush()


def receive(stream: BinaryIO) -> bytes | None:
    """One message, packed; None at the end, also in the middle of one."""
    length = int.from_bytes(stream.read(_LENGTH_BYTES), "big")
    packed = stream.read(length)
    return packed if length and len(packed) == length else None


def _answered(order: Order) -> Answer:
    try:
        return Answer(pdf=typeset_by(order.form, order.payload))
    except PrintError as why:
        return Answer(refused=str(why))


def main() -> int:
    """Answer orders until the input ends. Exit status 0, or 1 where the node ended first."""
    os.nice(_POLITE)
    typeface.register()
    orders, answers = sys.stdin.buffer, sys.stdout.buffer
    try:
        while (packed := receive(orders)) is not None:
            send(answers, _answered(msgspec.msgpack.decode(packed, type=Order)))
    except BrokenPipeError:
        return 1  # the node is gone
    return 0


if __name__ == "__main__":
    sys.exit(main())
