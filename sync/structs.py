"""What msgspec knows of our types, known before there are threads.

msgspec looks at a type when it is first decoded into, and keeps what it finds. It keeps it before it is whole, so that a
type may contain itself: a second thread that decodes into the same type just then reads what is not there, and the process
ends with a segmentation fault (0.22.0, `StructInfo_Convert`). A server that has just started, and is asked by all its peers at
once, is where that happens.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


def know_structs() -> None:
    """Have msgspec look at every `Struct` that the process has by now. Before the first thread that decodes; takes about 60 ms,
    and half a millisecond when it has been done. Raises `TypeError` and `NameError`, as decoding would."""
    for struct in _below(msgspec.Struct):
        msgspec.json.Decoder(struct)


def _below(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)
