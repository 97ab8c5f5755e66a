"""How often one address may ask for what can be guessed at: signing in, and looking something up without signing in.

A bucket for each address and purpose, in memory; it fills up again by the stopwatch. What a restart forgets, the
counted mistakes of each person (`edge.people`) do not.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from flask import current_app, request

from edge.clock import Stopwatch
from edge.errors import NodeError

P = ParamSpec("P")
T = TypeVar("T")
KNOWN: Final = 10_000
"""Buckets that are remembered; the one that was not asked for the longest is forgotten."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `burst` at once, and `each_minute` on and on."""

    name: str
    burst: int
    each_minute: float


SIGN_IN: Final = Limit("sign-in", 30, 20)
LOOK_UP: Final = Limit("look-up", 10, 10)
"""For everything that is shown without signing in and could be asked again with other digits."""


class TooOften(NodeError):
    """Nothing was looked at; `wait_s` seconds until it will be."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"too often; wait {wait_s} s")
        self.wait_s = wait_s


class Limits:
    """The buckets of one node."""

    def __init__(self, stopwatch: Stopwatch) -> None:
        self._stopwatch = stopwatch
        self._lock = threading.Lock()
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def take(self, limit: Limit, address: str) -> None:
        """Count one request. Raises `TooOften`."""
        now = self._stopwatch()
        key = (limit.name, address)
        with self._lock:
            level, at = self._buckets.pop(key, (float(limit.burst), now))
            level = min(float(limit.burst), level + (now - at) * limit.each_minute / 60)
            if level < 1:
                self._buckets[key] = (level, now)
                raise TooOften(math.ceil((1 - level) * 60 / limit.each_minute))
            self._buckets[key] = (level - 1, now)
            if len(self._buckets) > KNOWN:
                self._buckets.popitem(last=False)

    def give_back(self, limit: Limit, address: str) -> None:
        """What was counted was none of those that are limited."""
        with self._lock:
            found = self._buckets.get((limit.name, address))
            if found is not None:
                level, at = found
                self._buckets[limit.name, address] = (min(float(limit.burst), level + 1), at)


def limited(limit: Limit) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A view that one address may ask for only so often."""

    def around(view: Callable[P, T]) -> Callable[P, T]:
        @wraps(view)
        def asked(*arguments: P.args, **named: P.kwargs) -> T:
            limits: Limits = current_app.extensions["motcua"].limits
            limits.take(limit, request.remote_addr or "")
            return view(*arguments, **named)

        return asked

    return around
