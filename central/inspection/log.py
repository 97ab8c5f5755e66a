"""SQLite's write-ahead log as a killed node left it.

Each frame of the log is a page with a checksum that goes on from the frame before. At the next opening SQLite
takes the frames up to the first that does not hold, and drops the rest without a word: a byte changed in
there takes back every later act. So it must be seen before anybody opens the file to write.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Final, NamedTuple

_HEADER: Final = struct.Struct(">8I")
_FRAME: Final = struct.Struct(">6I")
_LITTLE_ENDIAN: Final = 0x377F0682


class _Frame(NamedTuple):
    """`commits`: the transaction ends here."""

    commits: bool
    holds: bool


def broken_from(path: Path) -> int | None:
    """The number of the first frame that does not hold, if the log was committed beyond it; else None.

    Frames after the last commit are what a killed process had not saved, and are no loss.
    """
    try:
        frames = list(_frames(path.read_bytes()))
    except FileNotFoundError:
        return None
    good = sum(1 for _ in takewhile(lambda frame: frame.holds, frames))
    return good + 1 if any(frame.commits for frame in frames[good:]) else None


def _frames(content: bytes) -> Iterator[_Frame]:
    """The frames of the log. Those of its present generation carry the two salts of its header.

    A frame with one of them is taken for one whose other salt was changed: the second is random.
    """
    if len(content) < _HEADER.size:
        return
    magic, _, page_bytes, _, *salts, _, _ = header = _HEADER.unpack_from(content)
    words = "<" if magic == _LITTLE_ENDIAN else ">"
    total = _checksum((0, 0), content[: _HEADER.size - 8], words)
    holds = total == header[6:]
    if not holds:
        yield _Frame(commits=len(content) > _HEADER.size, holds=False)
    at = _HEADER.size
    while at + _FRAME.size + page_bytes <= len(content):
        page, size_after, *frame_salts, first, second = _FRAME.unpack_from(content, at)
        end = at + _FRAME.size + page_bytes
        present = frame_salts[0] == salts[0] or frame_salts[1] == salts[1]
        total = _checksum(total, content[at : at + 8], words)
        total = _checksum(total, content[at + _FRAME.size : end], words)
        holds = holds and frame_salts == salts and page != 0 and total == (first, second)
        yield _Frame(present and size_after != 0, holds)
        at = end


def _checksum(start: tuple[int, int], data: bytes, words: str) -> tuple[int, int]:
    first, second = start
    numbers = struct.unpack(f"{words}{len(data) // 4}I", data)
    for one, other in zip(numbers[::2], numbers[1::2], strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return first, second
