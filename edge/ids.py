"""The only place that makes random values: stream ids, salts, tokens, jitter."""

from __future__ import annotations

import random
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from schemas.events import StreamId

_UUID7: Final = re.compile(r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}")


def new_stream(at: datetime, chance: Callable[[int], int] = secrets.randbits) -> StreamId:
    """A UUIDv7 in hex (RFC 9562): streams sort by the moment at which they began. `chance` gives random bits."""
    milliseconds = int(at.timestamp() * 1000)
    rest = chance(74)
    value = milliseconds << 80 | 0x7 << 76 | (rest >> 62) << 64 | 0b10 << 62 | rest & (1 << 62) - 1
    return StreamId(f"{value:032x}")


def names_stream(text: str | None) -> bool:
    """Whether a text that came from outside is as `new_stream` makes them."""
    return _UUID7.fullmatch(text or "") is not None


@dataclass(frozen=True, slots=True)
class Ids:
    """The sources of randomness that a node is given; a simulation passes its own."""

    stream: Callable[[datetime], StreamId] = new_stream
    salt: Callable[[], bytes] = lambda: secrets.token_bytes(16)
    hex: Callable[[], str] = lambda: secrets.token_hex(16)
    jitter: Callable[[], float] = random.SystemRandom().random
