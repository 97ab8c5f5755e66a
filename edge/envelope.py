"""A closed file from one machine for another: only the receiver can open it, and nobody can change a byte of it.

    motcua/courier/1 LF
    head              canonical JSON: from, to, at, …, and the key of the content, boxed for the receiver; LF
    frames            4 bytes of length, then up to 1 MiB closed with that key (ChaCha20-Poly1305)
    signature         64 bytes: the sender's Ed25519 over `motcua/courier/1/signature` LF and the SHA-256 of all before

The nonce of a frame is its number and whether it is the last one; what it is bound to is the head. So a frame can be
neither moved, nor left out, nor put under another head. Whoever takes a file reads it twice: first the signature
over all of it, then the content, which is closed in itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from edge.durable import synced
from schemas import boxes
from schemas.canonical import canonical, from_base64, to_base64
from schemas.errors import Malformed
from schemas.seals import holds

_MARK: Final = b"motcua/courier/"
_FIRST_LINE: Final = b"motcua/courier/1\n"
_SIGNED: Final = b"motcua/courier/1/signature\n"
_SIGNATURE: Final = 64
_FRAME: Final = 1024 * 1024
_TAG: Final = 16
_LONGEST_HEAD: Final = 4096

Told = Callable[[int, int], None]
"""So many bytes, of so many."""


class Head(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"sender": "from", "receiver": "to"}
):
    """What stands on the outside, for anybody to read. `key` is a box for the receiver."""

    v: Literal[1]
    sender: str
    receiver: str
    id: str
    at: str
    key: str


class Unreadable(Exception):
    """`why`: "none" (no such file of ours), "newer" (a later format), "damaged"."""

    def __init__(self, why: Literal["none", "newer", "damaged"]) -> None:
        super().__init__(why)
        self.why = why


def read_head(file: IO[bytes]) -> Head:
    """The head of a file that is read from its beginning. Raises `Unreadable`."""
    return _read_head(file)[0]


def _read_head(file: IO[bytes]) -> tuple[Head, bytes]:
    first = file.readline(64)
    if first != _FIRST_LINE:
        raise Unreadable("newer" if first.startswith(_MARK) and first.endswith(b"\n") else "none")
    line = file.readline(_LONGEST_HEAD)
    try:
        head = msgspec.json.decode(line, type=Head)
    except msgspec.MsgspecError as why:
        raise Unreadable("damaged") from why
    if not line.endswith(b"\n") or _line(head) != line:
        raise Unreadable("damaged")
    return head, hashlib.sha256(first + line).digest()


def _line(head: Head) -> bytes:
    return canonical(msgspec.to_builtins(head)) + b"\n"


class Closing(io.RawIOBase):
    """Writes the content of a new file. `end` puts the last frame and the signature behind it."""

    def __init__(
        self,
        file: IO[bytes],
        *,
        head: Callable[[str], Head],
        receiver: str,
        fresh: bytes,
        key: bytes,
        sign: Callable[[bytes], bytes],
    ) -> None:
        """`receiver` is the X25519 key on a card; `fresh` and `key`: 32 random bytes each; `head` gets the box."""
        super().__init__()
        self._file, self._sign = file, sign
        self._cipher = ChaCha20Poly1305(key)
        self._digest = hashlib.sha256()
        line = _line(head(to_base64(boxes.closed(key, receiver, fresh))))
        self._bound = hashlib.sha256(_FIRST_LINE + line).digest()
        self._buffer = bytearray()
        self._number = 0
        self._out(_FIRST_LINE + line)

    def writable(self) -> bool:
        """True, as `io` asks of what has a `write`."""
        return True

    def write(self, content: object) -> int:
        """Takes all of it. A full frame goes out only once there is more: the last one is marked."""
        part = bytes(content)  # type: ignore[call-overload]
        self._buffer += part
        while len(self._buffer) > _FRAME:
            self._frame(bytes(self._buffer[:_FRAME]), last=False)
            del self._buffer[:_FRAME]
        return len(part)

    def end(self) -> None:
        """Once; without it nobody can open the file. To sync and to close that is the caller's."""
        self._frame(bytes(self._buffer), last=True)
        self._buffer.clear()
        self._file.write(self._sign(_SIGNED + self._digest.digest()))

    def _frame(self, content: bytes, *, last: bool) -> None:
        closed = self._cipher.encrypt(_nonce(self._number, last=last), content, self._bound)
        self._out(len(closed).to_bytes(4, "big") + closed)
        self._number += 1

    def _out(self, content: bytes) -> None:
        self._digest.update(content)
        self._file.write(content)


def check(path: Path, public_key: str, told: Told) -> None:
    """Whether the holder of this Ed25519 key signed the whole file. Raises `Unreadable`, `OSError`."""
    size = path.stat().st_size
    left, digest = size - _SIGNATURE, hashlib.sha256()
    if left <= 0:
        raise Unreadable("damaged")
    with path.open("rb") as file:
        while left:
            part = file.read(min(_FRAME, left))
            if not part:
                raise Unreadable("damaged")
            digest.update(part)
            left -= len(part)
            told(size - _SIGNATURE - left, size)
        if not holds(public_key, file.read(_SIGNATURE), _SIGNED + digest.digest()):
            raise Unreadable("damaged")


class Opening(io.RawIOBase):
    """Reads the content of a file. Raises `Unreadable` where it cannot be opened, or was changed meanwhile."""

    def __init__(self, file: IO[bytes], key: X25519PrivateKey, told: Told, size: int) -> None:
        super().__init__()
        self._file, self._told, self._size = file, told, size
        head, self._bound = _read_head(file)
        try:
            self._cipher = ChaCha20Poly1305(boxes.opened(from_base64(head.key, "key"), key))
        except (Malformed, ValueError) as why:
            raise Unreadable("damaged") from why
        self._buffer = memoryview(b"")
        self._number, self._ended = 0, False

    def readable(self) -> bool:
        """True: `io.BufferedReader` refuses what does not say so."""
        return True

    def readinto(self, into: object) -> int:
        """At least one byte, of a frame that opened whole; 0 after the last. Raises `Unreadable`."""
        wanted = memoryview(into)  # type: ignore[arg-type]
        while not self._buffer and not self._ended:
            self._buffer = memoryview(self._frame())
        part = self._buffer[: len(wanted)]
        wanted[: len(part)] = part
        self._buffer = self._buffer[len(part) :]
        return len(part)

    def _frame(self) -> bytes:
        length = int.from_bytes(self._file.read(4), "big")
        if not _TAG <= length <= _FRAME + _TAG:
            raise Unreadable("damaged")
        closed = self._file.read(length)
        self._told(min(self._file.tell(), self._size), self._size)
        for last in (False, True):
            try:
                content = self._cipher.decrypt(_nonce(self._number, last=last), closed, self._bound)
            except InvalidTag:
                continue
            self._number, self._ended = self._number + 1, last
            return content
        raise Unreadable("damaged")


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class Whole:
    """A new file that appears under its name whole, or not at all, whenever the power goes.

    The half lies beside it under a name of its own, and makes room for the next one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._half = path.with_name(".motcua-courier.part")

    def __enter__(self) -> IO[bytes]:
        self._half.unlink(missing_ok=True)
        handle = os.open(
            self._half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600
        )  # never through somebody's link
        self._file = os.fdopen(handle, "wb")
        return self._file

    def __exit__(self, kind: object, why: object, trace: object) -> None:
        written = False
        try:
            if kind is None:
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
                written = True
        finally:
            if not written:  # closing writes what is left, and fails where the stick is full or gone
                with contextlib.suppress(OSError):
                    self._file.close()
                with contextlib.suppress(OSError):
                    self._half.unlink()
        if not written:
            return
        self._half.replace(self.path)
        synced(self.path.parent)
