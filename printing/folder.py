"""The printer that every node has: a folder of PDFs.

A file appears there whole or not at all (written aside, synced, renamed, the folder synced), so after any crash the
folder itself says whether a paper came out. No paper of another name is ever replaced.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from printing.errors import PrinterUnavailable
from printing.spool import Fate, Told

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_")
_LONGEST_NAME = 150
_ASIDE = ".part"


class PdfFolder:
    """A folder, made where it is missing. `shut` says what lies there of a paper's name and bytes."""

    def __init__(
        self, path: Path, *, shut: Callable[[str, bytes], bytes] = lambda name, content: content
    ) -> None:
        self.path = path
        self._shut = shut
        self.name = str(path)

    def deliver(self, paper: str, pdf: bytes) -> Told:
        """Write `paper` durably. Doing it again with the same paper is harmless.

        Raises PrinterUnavailable (full, read-only, gone).
        """
        file = self._file(paper)
        aside = file.with_name(file.name + _ASIDE)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            _write(aside, self._shut(file.name, pdf))
            aside.replace(file)
            _sync_folder(self.path)
        except OSError as why:
            raise PrinterUnavailable(self.name, why.strerror or str(why)) from why
        return Told(Fate.OUT, path=file)

    def ask(self, paper: str) -> Told:
        """A folder can always tell.

        Raises PrinterUnavailable where the folder cannot be read.
        """
        file = self._file(paper)
        try:
            return Told(Fate.OUT, path=file) if file.is_file() else Told(Fate.ABSENT)
        except OSError as why:
            raise PrinterUnavailable(self.name, why.strerror or str(why)) from why

    def take_back(self, paper: str) -> Told:
        """What is in the folder has come out, what is not cannot any more."""
        return self.ask(paper)

    def _file(self, paper: str) -> Path:
        return self.path / f"{file_name(paper)}.pdf"


def file_name(paper: str) -> str:
    """`paper` as a safe file name, different for different papers: other characters as %XX, a long one with its hash."""
    safe = "".join(character if character in _PLAIN else _percent(character) for character in paper)
    if safe.startswith("."):
        safe = f"%2E{safe[1:]}"
    if len(safe) > _LONGEST_NAME:
        safe = f"{safe[: _LONGEST_NAME - 17]}-{sha256(paper.encode()).hexdigest()[:16]}"
    return safe


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


def _write(file: Path, content: bytes) -> None:
    with file.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _sync_folder(path: Path) -> None:
    """A rename is durable only when the folder that holds the names is."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
