"""The only place that makes random values: stream ids, salts, tokens, jitter."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from schemas.events import StreamId


def new_stream(at: datetime, chance: Callable[[int], int] = secrets.randbits) -> StreamId:
    """A UUIDv7 in hex (RFC 9562): streams sort by the moment at which they began. `chance` gives random bits."""
    milliseconds = int(at.timestamp() * 1000)
    rest = chance(74)
    value = milliseconds << 80 | 0x7 << 76 | (rest >> 62) << 64 | 0b10 << 62 | rest & (1 << 62) - 1
    return StreamId(f"{value:032x}")


@dataclass(frozen=True, slots=True)
class Ids:
    """The sources of randomness that a node is given; a simulation passes its own."""

    stream: Callable[[datetime], StreamId] = new_stream
    salt: Callable[[], bytes] = lambda: secrets.token_bytes(16)
    hex: Callable[[], str] = lambda: secrets.token_hex(16)
    jitter: Callable[[], float] = random.SystemRandom().random
