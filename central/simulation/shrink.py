"""The fewest steps that still fail: leave out halves, quarters, … single steps, as long as the run goes on failing."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def shrunk(steps: Sequence[int], fails: Callable[[Sequence[int]], bool], *, tries: int) -> list[int]:
    """Some of the steps, with which the run fails too; asks `fails` at most `tries` times."""
    kept = list(steps)
    size = (len(kept) + 1) // 2
    while size:
        at = 0
        while at < len(kept):
            if not tries:
                return kept
            tries -= 1
            without = kept[:at] + kept[at + size :]
            if fails(without):
                kept = without
            else:
                at += size
        size //= 2
    return kept
