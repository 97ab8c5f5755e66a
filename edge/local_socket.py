"""A socket in a node's folder: how programs of the same machine speak to the node that runs there.

Only the folder's user can open it, so it needs no port, no password and no certificate.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

_END_S: Final = 10.0
_PAUSE_S: Final = 0.5
_PASSING: Final = frozenset(
    {errno.ECONNABORTED, errno.EINTR, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
)
"""Of `accept`: not of the socket, and over soon."""
_log = logging.getLogger(__name__)
Answer = Callable[[socket.socket], None]
"""Serves one who asks; in a thread of its own. Who asks may go away at any time: an `OSError` ends it quietly."""


@contextlib.contextmanager
def listening(folder: Path, name: str, answer: Answer) -> Iterator[None]:
    """Answer whoever asks at the socket of this name, until the block ends."""
    with socket.socket(socket.AF_UNIX) as line:
        with _short(folder, name) as path:
            path.unlink(missing_ok=True)  # of a node that was killed; this one holds the folder's lock
            line.bind(str(path))
            path.chmod(0o600)
        line.listen()
        thread = threading.Thread(target=_accept, args=(line, name, answer), name=name, daemon=True)
        thread.start()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=_END_S)
            (folder / name).unlink(missing_ok=True)


def line_to(folder: Path, name: str, *, timeout_s: float) -> socket.socket | None:
    """A line to the node that runs in a folder; None where none does."""
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(timeout_s)
    try:
        with _short(folder, name) as path:
            line.connect(str(path))
    except OSError:
        line.close()
        return None
    return line


def _accept(line: socket.socket, name: str, answer: Answer) -> None:
    while True:
        try:
            asking, _ = line.accept()
        except OSError as why:
            if why.errno not in _PASSING:
                return
            _log.warning("%s: nobody is let in just now: %s", name, why)
            time.sleep(_PAUSE_S)
            continue
        threading.Thread(target=_answer, args=(asking, answer), name=name, daemon=True).start()


def _answer(asking: socket.socket, answer: Answer) -> None:
    with asking, contextlib.suppress(OSError):
        answer(asking)


@contextlib.contextmanager
def _short(folder: Path, name: str) -> Iterator[Path]:
    """The socket's path by way of the open folder: a socket's name has at most 107 bytes."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/self/fd/{handle}/{name}")
    finally:
        os.close(handle)
