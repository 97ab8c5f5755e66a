"""A node's own keys, in files that only its user can read: Ed25519 for its seal, X25519 for what is sent to it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.errors import CannotStart
from schemas.canonical import from_base64, to_base64
from schemas.errors import Malformed
from schemas.seals import holds


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """The private half of what stands on the node's card."""

    ed25519: Ed25519PrivateKey
    x25519: X25519PrivateKey

    @classmethod
    def generate(cls) -> NodeKeys:
        return cls(Ed25519PrivateKey.generate(), X25519PrivateKey.generate())

    @property
    def seal_key(self) -> str:
        """The public Ed25519 key, base64url."""
        return to_base64(self.ed25519.public_key().public_bytes_raw())

    @property
    def box_key(self) -> str:
        """The public X25519 key, base64url."""
        return to_base64(self.x25519.public_key().public_bytes_raw())

    def password_for(self, user: str, server: str) -> str:
        """What this node shows another one to be let in as `user`: its signature over both names.

        Any node that knows the card can check it, offline; it opens no other server.
        """
        return to_base64(self.ed25519.sign(_login(user, server)))


def password_holds(public_key: str, user: str, server: str, password: str) -> bool:
    """Whether the node with this Ed25519 key made the password for this server."""
    try:
        signature = from_base64(password, "password", 64)
    except Malformed:
        return False
    return holds(public_key, signature, _login(user, server))


def _login(user: str, server: str) -> bytes:
    return f"motcua/login/1\n{user}\n{server}".encode()


def keep_keys(folder: Path, keys: NodeKeys) -> None:
    """Put keys into `folder`, which must not have any."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, raw in (
        ("seal.key", keys.ed25519.private_bytes_raw()),
        ("box.key", keys.x25519.private_bytes_raw()),
    ):
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())


def read_keys(folder: Path) -> NodeKeys:
    """The node's keys; raises `CannotStart` when they are not there or not whole."""
    try:
        return NodeKeys(
            Ed25519PrivateKey.from_private_bytes((folder / "seal.key").read_bytes()),
            X25519PrivateKey.from_private_bytes((folder / "box.key").read_bytes()),
        )
    except (FileNotFoundError, ValueError) as why:
        raise CannotStart(f"the keys in {folder} are missing or damaged; enrol this node again") from why
