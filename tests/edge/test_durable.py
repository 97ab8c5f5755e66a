"""A small file is old or new whenever the power goes, and new for good when the call has returned."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.durable import write_new, write_whole


class PowerCut(BaseException):
    """Nothing is done after it."""


def written(
    path: Path,
    content: bytes,
    monkeypatch: pytest.MonkeyPatch,
    cut_at: int = -1,
    *,
    write: Callable[[Path, bytes], None] = write_whole,
) -> list[str]:
    """Write, with the power cut before that call to the disk; which calls there were, and on what."""
    calls: list[str] = []

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(on: Any, *more: Any, **named: Any) -> Any:
            if len(calls) == cut_at:
                raise PowerCut
            folder = isinstance(on, int) and stat.S_ISDIR(os.fstat(on).st_mode)
            calls.append(f"{name} folder" if folder else name)
            return function(on, *more, **named)

        return call

    with monkeypatch.context() as patch:
        for name in ("fsync", "replace", "unlink"):
            patch.setattr(os, name, counted(name, getattr(os, name)))
        write(path, content)
    return calls


def test_old_or_new_at_every_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "note"
    write_new(path, b"old")
    for cut_at in range(3):
        with pytest.raises(PowerCut):
            written(path, b"new", monkeypatch, cut_at)
        assert path.read_bytes() == b"old"
    with pytest.raises(PowerCut):
        written(path, b"new", monkeypatch, 3)
    assert path.read_bytes() == b"new"
    assert written(path, b"newer", monkeypatch) == ["unlink", "fsync", "replace", "fsync folder"]
    assert path.read_bytes() == b"newer"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["note"]


def test_a_new_file_is_there_for_good_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk was full: nothing half stands in the way of the next try."""
    key = tmp_path / "key"

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            write_new(key, b"secret")
    assert not key.exists()
    assert written(key, b"secret", monkeypatch, write=write_new) == ["fsync", "fsync folder"]
    assert key.read_bytes() == b"secret"


def test_nothing_that_is_there_is_written_through(tmp_path: Path) -> None:
    """Somebody laid a link where the file should be."""
    (tmp_path / "elsewhere").write_bytes(b"theirs")
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "key", b"secret")
    write_whole(tmp_path / "key", b"secret")
    assert (tmp_path / "elsewhere").read_bytes() == b"theirs"
    assert (tmp_path / "key").read_bytes() == b"secret"
