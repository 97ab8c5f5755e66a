"""Faults in what lies on the disk, whether the node runs or not. Nothing is opened to write."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from central.doctor.faults import Finding, finding
from central.inspection.folders import is_running
from central.inspection.log import broken_from
from central.inspection.reading import Snapshot
from edge.at_rest import read_envelope
from edge.backed_up import last_backup
from edge.clock import Clock, system_clock
from edge.disk import Measure, measured
from edge.errors import CannotStart
from edge.folder import Folder
from edge.settings import NodeSettings
from edge.tables.migrations import MIGRATIONS

BACKUP_OLD: Final = timedelta(days=2)


def faults_in(
    folder: Folder, settings: NodeSettings, measure: Measure = measured, clock: Clock = system_clock
) -> Iterator[Finding]:
    """The folder of one node, whose settings could be read."""
    node = settings.node
    if not folder.keys.is_dir() or not folder.database.exists():
        yield finding(node, "no-card", str(folder.path))
        return
    yield from _owners(node, folder)
    yield from _disk(node, folder.path, measure)
    yield from _backup(folder.path, settings, clock)
    yield from _beside(node, settings)
    try:
        folder.unlock(settings)
    except CannotStart as why:
        if not _by_passphrase(folder):  # which nobody but a person has
            yield finding(node, "key", str(why))
        return
    yield from _databases(node, folder)


def faults_of_start(folder: Folder, settings: NodeSettings) -> Iterator[Finding]:
    """Why a node that does not run could not: somebody has its port, or the address is not this machine's."""
    yield finding(settings.node, "stopped", str(folder.path))
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as why:
        taken = f"{settings.host}:{settings.port}: {why.strerror or why}"
        yield finding(settings.node, "port-taken" if why.errno == errno.EADDRINUSE else "no-address", taken)


def _owners(node: str, folder: Folder) -> Iterator[Finding]:
    known = folder.path.stat()
    foreign = [path for path in _own_files(folder) if path.lstat().st_uid != known.st_uid]
    if foreign:
        yield finding(node, "foreign-files", ", ".join(path.name for path in foreign[:5]))


def _own_files(folder: Folder) -> Iterator[Path]:
    """What the node itself writes, and the first level of its folders."""
    for path in folder.path.iterdir():
        yield path
        if path.is_dir() and not path.is_symlink():
            with contextlib.suppress(OSError):
                yield from path.iterdir()


def _disk(node: str, path: Path, measure: Measure) -> Iterator[Finding]:
    space = measure(path)
    if space.full or space.low:
        seen = f"{space.free / 2**20:,.0f} MiB of {space.total / 2**20:,.0f} MiB are free ({space.share:.1%})"
        yield finding(node, "disk-full" if space.full else "disk-low", seen)


def _backup(path: Path, settings: NodeSettings, clock: Clock) -> Iterator[Finding]:
    last = last_backup(path)
    if settings.backup is not None and (last is None or clock() - last.at > BACKUP_OLD):
        seen = "there is none" if last is None else f"{last.at.isoformat(timespec='minutes')} in {last.where}"
        yield finding(settings.node, "backup-old", seen)


def _beside(node: str, settings: NodeSettings) -> Iterator[Finding]:
    if settings.scans and not os.access(settings.scans, os.R_OK | os.W_OK | os.X_OK):
        yield finding(node, "scans", settings.scans)
    for module in sorted({one.module for one in settings.tokens}):
        if not Path(module).is_file():
            yield finding(node, "token-module", module)


def _databases(node: str, folder: Folder) -> Iterator[Finding]:
    running = is_running(folder)
    for file in (folder.database, folder.files):
        log = file.with_name(f"{file.name}-wal")
        frame = None if running else broken_from(log)
        if frame is not None:
            yield finding(node, "log-damaged", f"{log.name}, from frame {frame} on")
        database = Snapshot(file, folder.at_rest.database_key)
        with contextlib.closing(database):
            if database.problem is not None:
                yield finding(node, "damaged", f"{file.name}: {database.problem}")
            elif file == folder.database:
                ((version,),) = database.select("PRAGMA user_version") or [(0,)]
                if int(version) > len(MIGRATIONS):
                    yield finding(
                        node, "newer", f"tables of version {version}, this program knows {len(MIGRATIONS)}"
                    )


def _by_passphrase(folder: Folder) -> bool:
    try:
        envelope = read_envelope(folder.path)
    except CannotStart:
        return False
    return envelope is not None and envelope.by == "passphrase"
