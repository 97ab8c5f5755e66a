"""`motcua recovery-key`: the key that opens backups, made for the safe. Machines know its public half only.

One for a whole centre will do, beside the authority's key; several may be said, each opens everything.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from central.founding import LEAST_PASSPHRASE
from edge.durable import write_new
from edge.errors import CannotStart
from schemas.canonical import to_base64

PUBLIC: Final = ".pub"


def public_half(key: X25519PrivateKey) -> str:
    """As it stands in the settings of machines (base64url)."""
    return to_base64(key.public_key().public_bytes_raw())


def make_recovery_key(file: Path, passphrase: str) -> str:
    """Write a new key, closed with a passphrase, and its public half beside it, which is returned. Raises `CannotStart`."""
    if len(passphrase) < LEAST_PASSPHRASE:
        raise CannotStart(f"a passphrase for the safe has at least {LEAST_PASSPHRASE} characters")
    key = X25519PrivateKey.generate()
    closing = BestAvailableEncryption(passphrase.encode())
    beside = file.with_name(f"{file.name}{PUBLIC}")
    try:
        write_new(file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, closing))
    except FileExistsError as why:
        raise CannotStart(f"{file} is there already: a key is never written over") from why
    except OSError as why:
        raise CannotStart(f"{file} cannot be written ({why.strerror}): is the stick in?") from why
    beside.write_text(f"{public_half(key)}\n")
    return public_half(key)


def read_public_half(file: Path) -> str:
    """What `make_recovery_key` left beside a key. Raises `CannotStart`."""
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as why:
        raise CannotStart(
            f"{file} cannot be read: it is what `motcua recovery-key` wrote beside the key"
        ) from why


def read_recovery_key(file: Path, passphrase: str) -> X25519PrivateKey:
    """Raises `CannotStart`."""
    try:
        key = load_pem_private_key(file.read_bytes(), passphrase.encode())
    except OSError as why:
        raise CannotStart(f"{file} cannot be read ({why.strerror}): is the stick in?") from why
    except (TypeError, ValueError) as why:
        raise CannotStart(f"this passphrase does not open {file}, or it is no recovery key") from why
    if not isinstance(key, X25519PrivateKey):
        raise CannotStart(f"{file} is no recovery key")
    return key
