"""On what the figures were taken: without it no figure means anything."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

from sqlcipher3 import dbapi2

_SYNCS: Final = 20


def describe(folder: Path) -> dict[str, Any]:
    """Processor, memory, versions, how busy it is, and how long the disk of `folder` takes to be sure (ms)."""
    return {
        "processor": _line_of(Path("/proc/cpuinfo"), "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": int(_line_of(Path("/proc/meminfo"), "MemTotal").split()[0]) // 1024,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": dbapi2.sqlite_version,
        "load": round(os.getloadavg()[0], 2),
        "fsync_ms": round(_fsync_s(folder) * 1000, 2),
    }


def proportional_memory_mib(process: int) -> float:
    """The proportional set size of a process and its children: pages that are shared count by their shares."""
    kib = _line_of(Path(f"/proc/{process}/smaps_rollup"), "Pss").split()[0]
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    children = [child for task in tasks for child in task.read_text().split()]
    return int(kib) / 1024 + sum(proportional_memory_mib(int(child)) for child in children)


def processor_s(process: int) -> float:
    """The processor time that a process has used."""
    behind_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(behind_name[11]) + int(behind_name[12])) / os.sysconf("SC_CLK_TCK")


def _line_of(file: Path, name: str) -> str:
    for line in file.read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"


def _fsync_s(folder: Path) -> float:
    """The usual time of a small durable write."""
    times = []
    with (folder / "fsync").open("wb") as file:
        for _ in range(_SYNCS):
            began = time.monotonic()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            times.append(time.monotonic() - began)
    return median(times)
