"""The folders of a centre's nodes, opened for reading only, and what is found in each."""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec

from central.inspection.archives import FileShelf
from central.inspection.chains import Head
from central.inspection.events import Shelf
from central.inspection.findings import Findings
from central.inspection.log import broken_from
from central.inspection.numbers import Receipt
from central.inspection.reading import Snapshot
from edge.at_rest import Ask, AtRest
from edge.errors import CannotStart
from edge.folder import Folder
from edge.settings import read_settings
from schemas.events import Event


class NamedFile(NamedTuple):
    """A file that an event names, and the certificate (DER) with which it must be signed, if any."""

    file: str
    event: Event
    certificate: bytes | None


@dataclass(slots=True)
class NodeFolder:
    """One node's folder while it is being read."""

    path: Path
    node: str
    database: Snapshot
    archive: Snapshot
    at_rest: AtRest
    shelves: dict[str, Shelf] = field(default_factory=dict)
    receipts: list[Receipt] = field(default_factory=list)
    numbered: int = 0
    named: list[NamedFile] = field(default_factory=list)
    at_centre: set[str] = field(default_factory=set)
    files: FileShelf = field(default_factory=FileShelf)
    awaited: int = 0
    redacted: int = 0
    """Own receptions whose data, and so whose numbers, are gone by law."""

    departed: dict[int, str] = field(default_factory=dict)
    """Own acts that have left this machine, because they were old or no longer its to hold: their kinds by number."""

    departed_visits: frozenset[int] = frozenset()
    """The same of acts of visits: their numbers."""

    @property
    def name(self) -> str:
        """The folder's, by which findings name it; `node` is whose it is by its settings."""
        return self.path.name

    @property
    def documents(self) -> int:
        """How many documents the node says that it has; for a progress bar only."""
        counted = self.database.select(
            "SELECT (SELECT doc_count FROM catalog_meta) + (SELECT doc_count FROM dossiers_meta)"
            " + (SELECT doc_count FROM visits_meta)"
        )
        counted += self.archive.select("SELECT doc_count FROM files_meta")
        return sum(count for (count,) in counted if type(count) is int)

    def head(self, database: str) -> Head:
        """What the node remembers, as of the snapshot: it proves nothing."""
        return head_in(self.database, database)

    def filled(self, database: str) -> dict[str, int]:
        """At central: by machine, the last event up to which its chain was here without a gap (`edge.acks`)."""
        rows = self.database.keyed_rows("whole", "database, node", "database, node, seq")
        return {str(node): seq for of, node, seq in rows if of == database and type(seq) is int}

    def head_by_now(self, database: str) -> int:
        """The head of the own chain at this moment: a running node has written on since it was opened."""
        snapshot = Snapshot(Folder(self.path).database, self.at_rest.database_key)
        try:
            seq = head_in(snapshot, database).seq
        finally:
            snapshot.close()
        return seq if type(seq) is int else 0


def departed_in(snapshot: Snapshot) -> dict[int, str]:
    """The node's own acts of streams that have left it, as it noted them: kind by number in its chain."""
    departed: dict[int, str] = {}
    for (own,) in snapshot.select("SELECT own FROM departed WHERE own <> '[]'"):
        with contextlib.suppress(msgspec.DecodeError):  # then they are missing
            departed |= {
                seq: kind for seq, kind, _ in msgspec.json.decode(own, type=list[tuple[int, str, str]])
            }
    return departed


def open_folders(
    data: Path, findings: Findings, closing: contextlib.ExitStack, ask: Ask | None = None
) -> list[NodeFolder]:
    """Take a snapshot of every node.

    Central's is the last, so that it has what the others know it to have; and `files.db` comes after `node.db`,
    so that a file that an event names is there.
    """
    folders = [Folder(path) for path in node_folders(data)]
    nodes = []
    for folder in sorted(folders, key=lambda one: (one.keys / "tls-authority.key").exists()):
        _check_log(folder, findings)
        settings = read_settings(folder.path)
        folder.unlock(settings, ask)
        key = folder.at_rest.database_key
        database, archive = Snapshot(folder.database, key), Snapshot(folder.files, key)
        closing.callback(database.close)
        closing.callback(archive.close)
        node = NodeFolder(folder.path, settings.node, database, archive, folder.at_rest)
        node.departed = departed_in(database)
        visits = database.select("SELECT seq FROM departed_visit")
        node.departed_visits = frozenset(seq for (seq,) in visits if type(seq) is int)
        nodes.append(node)
    return sorted(nodes, key=lambda one: one.name)


def _check_log(folder: Folder, findings: Findings) -> None:
    if is_running(folder):
        return  # it reads its log by its own index, and we what it reads
    for file in (folder.database, folder.files):
        log = file.with_name(f"{file.name}-wal")
        frame = broken_from(log)
        if frame is not None:
            what = f"it is damaged from frame {frame} on; what was saved after that is lost to SQLite"
            findings.say(folder.path.name, log.name, what)


def is_running(folder: Folder) -> bool:
    """Whether a process has the node in a folder open."""
    try:
        handle = os.open(folder.path / "lock", os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def node_folders(data: Path) -> list[Path]:
    """The folders of a centre's nodes, or of the one node that `data` itself is. Raises `CannotStart`."""
    if (data / "node.toml").is_file():
        return [data]
    found = sorted(path.parent for path in data.glob("*/node.toml"))
    if not found:
        raise CannotStart(f"{data} holds no node: give a centre's folder, with one folder a node in it")
    return found


def head_in(database: Snapshot, name: str) -> Head:
    """The head of the own chain in one database, as the node remembers it."""
    for seq, head in database.select("SELECT seq, hash FROM chain WHERE database = ?", name):
        return Head(seq, head)
    return Head()
