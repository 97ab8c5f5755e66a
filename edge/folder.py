"""Where a node's things lie, and who may open them: one process at a time, with the key of a closed folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from edge.at_rest import OPEN, Ask, AtRest, unlock
from edge.errors import CannotStart
from edge.settings import NAME, NodeSettings, key_file_of


class Folder:
    """Where a node's things lie. `node.db` holds all that shares a transaction, `files.db` the bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = path / NAME
        self.database = path / "node.db"
        self.files = path / "files.db"
        self.keys = path / "keys"
        self.root = path / "keys" / "root.der"
        self.tls_key = path / "keys" / "tls.key"
        self.tls_chain = path / "keys" / "tls.pem"
        self.tokens = path / "tokens"
        self.paper = path / "paper"
        self.succession = path / "centre.json"
        """At a central that took over from another: its own card, signed by the authority (`edge.succession`)."""
        self.at_rest: AtRest = OPEN
        """What opens it, once the node is open (`Folder.unlock`)."""

    def unlock(self, settings: NodeSettings, ask: Ask | None = None) -> None:
        """Find the key that opens this folder, if it is closed. Raises `CannotStart`."""
        self.at_rest = unlock(self.path, key_file=key_file_of(settings, self.path), ask=ask)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Only one process at a time opens a node; raises `CannotStart` for a second one."""
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as why:
                raise CannotStart(f"{self.path} is in use: this node is running already") from why
            yield
        finally:
            os.close(handle)
