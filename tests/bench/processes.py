"""What is measured from outside: a node as its command starts it, and a bare store behind its server."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from central.demo.plan import HOST
from edge.settings import CouchdbSettings, NodeSettings, PeerSettings, read_settings, write_settings

STOP_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Running:
    """A process that serves at `url`, which ends without a slash."""

    url: str
    process: int


@contextmanager
def node(
    folder: Path,
    *,
    peers: Sequence[PeerSettings] = (),
    projections: str = "",
    couchdb: CouchdbSettings | None = None,
) -> Iterator[Running]:
    """A node by its command, on a free port; it replicates with `peers`, and starts no projectors. Ready when the block begins."""
    settings = NodeSettings(
        read_settings(folder).node,
        host=HOST,
        port=0,
        peers=tuple(peers),
        projections=projections,
        projectors=0,
        documents="embedded" if couchdb is None else "couchdb",
        couchdb=couchdb,
    )
    write_settings(folder, settings)
    kind = "central" if folder.name == "central" else "edge"
    with _running("central.cli", kind, "--watch-stdin", "--data", str(folder), log=folder / "log.txt") as one:
        yield one


@contextmanager
def projectors(folder: Path, count: int, *, first: int = 0) -> Iterator[None]:
    """So many by their command, beside a central whose settings say where its projections are; killed at the end."""
    with contextlib.ExitStack() as stack:
        for number in range(first, first + count):
            with (folder / f"projector-{number}.txt").open("wb") as said:
                command = [sys.executable, "-m", "central.cli", "projector", "--data", str(folder)]
                process = stack.enter_context(subprocess.Popen(command, stderr=said))
                stack.callback(process.kill)
        yield


@contextmanager
def bare_server(folder: Path, *, admin: str = "") -> Iterator[Running]:
    """Our server of any databases without rules, by its command. `admin`: `USER:PASSWORD` of the only one who is let in."""
    arguments = ["serve", "--dir", str(folder), "--port", "0", *(("--admin", admin) if admin else ())]
    with _running("sync", *arguments, log=folder.with_suffix(".log")) as one:
        yield one
        os.kill(one.process, signal.SIGTERM)


@contextmanager
def _running(module: str, *arguments: str, log: Path) -> Iterator[Running]:
    """A module of ours that says its address as the last word of its first line, until the block ends."""
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            words = process.stdout.readline().split()
            if not words:
                raise RuntimeError(f"{module} did not start: {log.read_text()[-2000:]}")
            yield Running(words[-1].rstrip("/"), process.pid)
        finally:
            process.stdin.close()  # it ends by itself, and closes its files
            try:
                process.wait(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
