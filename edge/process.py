"""What this process holds of its machine: open files, of how many, and memory."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Final

import msgspec

NEARLY: Final = 0.8
_OWN: Final = Path("/proc/self")


class Process(msgspec.Struct, frozen=True):
    """`files` are open, connections and feeds among them, of `files_most`; `memory`: bytes that it has in use."""

    files: int
    files_most: int
    memory: int

    @property
    def nearly_out_of_files(self) -> bool:
        """More than `NEARLY` (0.8) of those that it may open."""
        return self.files > NEARLY * self.files_most


def process_now() -> Process:
    """Of the process that asks, from `/proc/self`: open files, how many it may open, resident bytes."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    pages = int((_OWN / "statm").read_text(encoding="ascii").split()[1])
    return Process(sum(1 for _ in (_OWN / "fd").iterdir()), most, pages * resource.getpagesize())
