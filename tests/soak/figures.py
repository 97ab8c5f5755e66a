"""What a node's process holds, looked at from outside: memory, open files, threads, and what lies on the disk."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from central.demo.centre import RunningNode
from tests.bench.machine import proportional_memory_mib

MIB = 2**20
MORE_HANDLES = 32
"""More open files than on the first evening than this, with nobody at work, is a leak."""
MORE_MEMORY_MIB = 48.0


class Evening(msgspec.Struct, frozen=True):
    """One node on the evening of a day, when nobody works. `process`: which one it was: killed ones are followed by others."""

    day: int
    process: int
    memory_mib: float
    handles: int
    threads: int
    database_mib: float
    files_mib: float
    log_kib: float


def look(node: RunningNode, day: int) -> Evening | None:
    """None where no process is there to look at."""
    if node.process is None or node.process.poll() is not None:
        return None
    own = Path(f"/proc/{node.process.pid}")
    try:
        memory = proportional_memory_mib(node.process.pid)
        handles, threads = (sum(1 for _ in (own / part).iterdir()) for part in ("fd", "task"))
    except OSError:  # it ends just now
        return None
    return Evening(
        day,
        node.process.pid,
        round(memory, 1),
        handles,
        threads,
        round(_size(node.folder / "node.db") / MIB, 2),
        round(_size(node.folder / "files.db") / MIB, 2),
        round((node.folder / "log.txt").stat().st_size / 1024, 1),
    )


def leaks(name: str, evenings: list[Evening]) -> list[str]:
    """What has grown that should not, over the evenings of a node; its first evening is what it needs."""
    if len(evenings) < 2:
        return []
    first, last = evenings[0], evenings[-1]
    found = []
    if last.handles > first.handles + MORE_HANDLES:
        found.append(f"{name}: {first.handles} open files became {last.handles}")
    if last.memory_mib > 1.5 * first.memory_mib + MORE_MEMORY_MIB:
        found.append(f"{name}: {first.memory_mib:.0f} MiB of memory became {last.memory_mib:.0f}")
    return found


def faults(name: str, log: str) -> list[str]:
    """What a node's log tells as a fault of its own program: errors, and threads that ended by one."""
    told = [line for line in log.splitlines() if " ERROR " in line or line.startswith("Exception in thread")]
    return [f"{name}: {line}, {times} times" for line, times in Counter(map(_without_the_hour, told)).items()]


def _without_the_hour(line: str) -> str:
    return line.partition(" ERROR ")[2] or line


def _size(file: Path) -> int:
    """With its log."""
    return sum(one.stat().st_size for one in (file, file.with_name(f"{file.name}-wal")) if one.exists())
