"""A node's own keys, in files that only its user can read; they are made here and never leave it.

Ed25519 for its seal, X25519 for what is sent to it, and P-256 for TLS, which browsers must understand.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from edge.at_rest import OPEN, AtRest
from edge.durable import synced, write_new
from edge.errors import CannotStart
from schemas.canonical import from_base64, to_base64
from schemas.errors import Malformed
from schemas.seals import holds


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """The private half of what stands on the node's card. Without `tls` it serves its own machine only."""

    ed25519: Ed25519PrivateKey
    x25519: X25519PrivateKey
    tls: ec.EllipticCurvePrivateKey | None = None

    @classmethod
    def generate(cls) -> NodeKeys:
        """New keys of all three kinds; they are in no file yet."""
        return cls(
            Ed25519PrivateKey.generate(),
            X25519PrivateKey.generate(),
            ec.generate_private_key(ec.SECP256R1()),
        )

    @property
    def seal_key(self) -> str:
        """The public Ed25519 key, base64url."""
        return to_base64(self.ed25519.public_key().public_bytes_raw())

    @property
    def box_key(self) -> str:
        """The public X25519 key, base64url."""
        return to_base64(self.x25519.public_key().public_bytes_raw())

    @property
    def tls_key(self) -> bytes:
        """The public TLS key, as DER; nothing without one."""
        if self.tls is None:
            return b""
        return self.tls.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def pin(self) -> str:
        """The pin of the TLS key, as a card has it; "" without one."""
        return hashlib.sha256(self.tls_key).hexdigest() if self.tls else ""

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
    """Put keys into `folder`, which must not be there: all of them or none."""
    half = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700, parents=True)
    contents = {
        "seal.key": keys.ed25519.private_bytes_raw(),
        "box.key": keys.x25519.private_bytes_raw(),
    }
    if keys.tls is not None:
        contents["tls.key"] = keys.tls.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for name, raw in contents.items():
        write_new(half / name, raw)
    half.rename(folder)
    synced(folder.parent)


def read_keys(folder: Path, at_rest: AtRest = OPEN) -> NodeKeys:
    """The node's keys; raises `CannotStart` when they are not there or not whole."""
    try:
        return NodeKeys(
            Ed25519PrivateKey.from_private_bytes(at_rest.read(folder / "seal.key")),
            X25519PrivateKey.from_private_bytes(at_rest.read(folder / "box.key")),
            _read_tls_key(folder / "tls.key", at_rest),
        )
    except (FileNotFoundError, ValueError) as why:
        raise CannotStart(f"the keys in {folder} are missing or damaged; enrol this node again") from why


def _read_tls_key(path: Path, at_rest: AtRest) -> ec.EllipticCurvePrivateKey | None:
    if not path.exists():
        return None
    pem = path.read_bytes()
    key = load_pem_private_key(pem, at_rest.pem_password if b"ENCRYPTED" in pem else None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path} is not on a curve")
    return key
