"""The only place that reads the wall clock; and the stopwatch, which no hand can turn back."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the present moment, aware, in UTC."""

Stopwatch = Callable[[], float]
"""Answers seconds that only grow, from some moment on; for durations within one process."""


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def system_stopwatch() -> float:
    """Seconds since some moment; only differences mean anything."""
    return time.monotonic()


def system_uptime() -> float:
    """Seconds since this machine was started, those in which it slept too: what passed while the clock said what it said."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
