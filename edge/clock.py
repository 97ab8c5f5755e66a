"""The only place that reads the wall clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the present moment, aware, in UTC."""


def system_clock() -> datetime:
    return datetime.now(UTC)
