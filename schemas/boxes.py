"""Something for one machine's eyes: closed with the public X25519 key on its card, opened by the private one.

ECIES: a fresh key pair, HKDF-SHA256 over the shared secret and both public keys, ChaCha20-Poly1305. The key is used
once, so the nonce is zero. Nobody's authorship is proven by it: whoever needs that signs or compares besides.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from schemas.canonical import from_base64
from schemas.errors import Malformed

_HEAD: Final = b"motcua/box/1\n"
_NONCE: Final = bytes(12)
_KEY: Final = 32


def closed(content: bytes, x25519: str, fresh: bytes) -> bytes:
    """For the holder of the key on a card (base64url). `fresh`: 32 random bytes, never used for anything else.

    Raises `Malformed` for what is no key.
    """
    own = X25519PrivateKey.from_private_bytes(fresh)
    receiver = from_base64(x25519, "x25519", _KEY)
    sender = own.public_key().public_bytes_raw()
    try:
        shared = own.exchange(X25519PublicKey.from_public_bytes(receiver))
    except ValueError as why:  # a point of small order
        raise Malformed("x25519", "not a key") from why
    sealed = ChaCha20Poly1305(_derived(shared, sender, receiver)).encrypt(_NONCE, content, _HEAD)
    return _HEAD + sender + sealed


def opened(box: bytes, key: X25519PrivateKey) -> bytes:
    """Raises `Malformed` for what is no box, is for somebody else, or was changed."""
    sender = box[len(_HEAD) : len(_HEAD) + _KEY]
    if not box.startswith(_HEAD) or len(sender) != _KEY:
        raise Malformed("box", "not a closed box")
    try:
        shared = key.exchange(X25519PublicKey.from_public_bytes(sender))
        derived = _derived(shared, sender, key.public_key().public_bytes_raw())
        return ChaCha20Poly1305(derived).decrypt(_NONCE, box[len(_HEAD) + _KEY :], _HEAD)
    except (InvalidTag, ValueError) as why:
        raise Malformed("box", "closed for another machine, or changed on the way") from why


def _derived(shared: bytes, sender: bytes, receiver: bytes) -> bytes:
    return HKDF(SHA256(), _KEY, salt=None, info=_HEAD + sender + receiver).derive(shared)
