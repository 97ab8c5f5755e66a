"""What a stolen disk tells: nothing. One random key closes databases, private keys and papers of a node.

That key lies in the folder as `closed.json`, itself closed by what the folder has not: a key file, a systemd credential,
or a passphrase that somebody types at each start. So another passphrase costs a moment, and not a rewriting of all data.

    key of the node   32 random bytes; HKDF-SHA256 makes of it the key of the databases, of files, of PEM
    from a file       HKDF-SHA256 over its content
    from a passphrase argon2id (64 MiB, 3 rounds)
    wrapped, files    AES-256-GCM; a file is bound to its name

A node without `closed.json` is open: its files are readable to whoever has the disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Meta

from edge.errors import CannotStart
from schemas.canonical import from_base64, to_base64
from schemas.errors import Malformed

NAME: Final = "closed.json"
CREDENTIAL: Final = "motcua-key"
"""What the systemd credential is called: `LoadCredential=motcua-key:/path` or `LoadCredentialEncrypted=`."""
MIN_KEY_FILE_BYTES: Final = 32
MIN_PASSPHRASE: Final = 12
_MARK: Final = b"motcua-closed-1\n"
_NONCE_BYTES: Final = 12

Ask = Callable[[], str]
"""Gets the passphrase from a person."""


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`closed.json`. `id` names the key that is in it, so that half-made files of another key are known as such."""

    v: Literal[1]
    id: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
    by: Literal["file", "passphrase"]
    salt: str
    wrapped: str


@dataclass(frozen=True, slots=True)
class AtRest:
    """The key of one node, or none. `read` and `write` are for the small files beside the databases."""

    key: bytes | None = None

    @property
    def database_key(self) -> bytes | None:
        """What SQLCipher is given: 32 bytes, derived at each call; None for an open node."""
        return None if self.key is None else _derived(self.key, b"motcua/at-rest/database/1")

    @property
    def pem_password(self) -> bytes | None:
        """What closes a PEM that a library wants to read by itself."""
        return None if self.key is None else _derived(self.key, b"motcua/at-rest/pem/1").hex().encode()

    def shut(self, name: str, content: bytes) -> bytes:
        """`content` as it is put down under a name."""
        if self.key is None:
            return content
        nonce = os.urandom(_NONCE_BYTES)
        return _MARK + nonce + self._cipher().encrypt(nonce, content, name.encode())

    def open(self, name: str, content: bytes) -> bytes:
        """What was put down; as it is where nothing closed it. Raises `ValueError` for a changed one."""
        if not content.startswith(_MARK):
            return content
        if self.key is None:
            raise ValueError(f"{name} is closed, and nobody has said with which key")
        nonce, closed = content[len(_MARK) :][:_NONCE_BYTES], content[len(_MARK) + _NONCE_BYTES :]
        try:
            return self._cipher().decrypt(nonce, closed, name.encode())
        except InvalidTag as why:
            raise ValueError(f"{name} was changed, or is another node's") from why

    def read(self, path: Path) -> bytes:
        """Raises `OSError`, `ValueError`."""
        return self.open(path.name, path.read_bytes())

    def _cipher(self) -> AESGCM:
        assert self.key is not None, "only a closed node has a cipher"  # noqa: S101
        return AESGCM(_derived(self.key, b"motcua/at-rest/file/1"))


OPEN: Final = AtRest()


def unlock(folder: Path, *, key_file: Path | None = None, ask: Ask | None = None) -> AtRest:
    """The key of the node in a folder, from where `closed.json` says that it comes. Raises `CannotStart`."""
    envelope = read_envelope(folder)
    if envelope is None:
        return OPEN
    if envelope.by == "file":
        if key_file is None:
            raise CannotStart(
                f"{folder} is closed with a key file: say key_file in node.toml, or give systemd the credential"
                f" {CREDENTIAL}"
            )
        return AtRest(opened(envelope, secret_in(key_file)))
    if ask is None:
        raise CannotStart(f"{folder} is closed with a passphrase: start it where somebody can type it")
    return AtRest(opened(envelope, ask().encode()))


def read_envelope(folder: Path) -> Envelope | None:
    """How a folder's key is wrapped; None for an open folder. Raises `CannotStart` for a file that cannot be read."""
    try:
        return msgspec.json.decode((folder / NAME).read_bytes(), type=Envelope)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, OSError) as why:
        raise CannotStart(
            f"{folder / NAME} is damaged: without it nothing can be read; bring it from a backup"
        ) from why


def secret_in(key_file: Path) -> bytes:
    """What a key file holds. Raises `CannotStart`."""
    try:
        content = key_file.read_bytes().strip()
    except OSError as why:
        raise CannotStart(f"the key file {key_file} cannot be read: {why.strerror}") from why
    if len(content) < MIN_KEY_FILE_BYTES:
        raise CannotStart(
            f"the key file {key_file} has {len(content)} bytes, it needs {MIN_KEY_FILE_BYTES}:"
            " make one with `openssl rand -hex 32`"
        )
    return content


def wrap(key: bytes, secret: bytes, by: Literal["file", "passphrase"]) -> Envelope:
    """The envelope of a key, closed with a secret."""
    salt, nonce = os.urandom(16), os.urandom(_NONCE_BYTES)
    closed = AESGCM(_wrapping_key(secret, salt, by)).encrypt(nonce, key, NAME.encode())
    return Envelope(1, key_id(key), by, to_base64(salt), to_base64(nonce + closed))


def opened(envelope: Envelope, secret: bytes) -> bytes:
    """The key in an envelope. Raises `CannotStart` for the wrong secret."""
    try:
        salt, wrapped = from_base64(envelope.salt, "salt", 16), from_base64(envelope.wrapped, "wrapped")
        cipher = AESGCM(_wrapping_key(secret, salt, envelope.by))
        return cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], NAME.encode())
    except (InvalidTag, Malformed, ValueError) as why:
        what = "key file" if envelope.by == "file" else "passphrase"
        raise CannotStart(f"this {what} does not open the node; nothing was changed") from why


def key_id(key: bytes) -> str:
    """16 hex that tell one key from another, and nothing of the key."""
    return _derived(key, b"motcua/at-rest/id/1")[:8].hex()


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=purpose).derive(key)


def _wrapping_key(secret: bytes, salt: bytes, by: str) -> bytes:
    if by == "file":
        return HKDF(SHA256(), 32, salt=salt, info=b"motcua/at-rest/wrap/1").derive(secret)
    return hash_secret_raw(
        secret, salt, time_cost=3, memory_cost=64 * 1024, parallelism=1, hash_len=32, type=Type.ID
    )
