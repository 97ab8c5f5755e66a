"""A power cut at the worst moment: SIGKILL between the statements of a reception and its COMMIT.

A demo arms a node by making a file in its folder; the next reception there kills the process from inside its
own transaction, when event, number, projection and print job are written and nothing is committed.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from edge.node import Node

ARMED = "crash-in-next-reception"


def arm(folder: Path) -> None:
    """Let the next reception of the node in this folder be its last."""
    (folder / ARMED).touch()


def install(node: Node) -> None:
    """Watch the node's writer for a reception's COMMIT while the folder is armed."""
    flag = node.folder.path / ARMED
    printing = False

    def statement(sql: str) -> None:
        nonlocal printing
        if sql.startswith("BEGIN"):
            printing = False
        elif sql.startswith("INSERT INTO") and "print_job" in sql[:40]:
            printing = True
        elif sql == "COMMIT" and printing and flag.exists():
            flag.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    node.file.file.on_statement(statement)
