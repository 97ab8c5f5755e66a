"""Signatures over events: the node's seal, a person's signature, and the seal of a paper slip.

Nothing here holds a key for longer than a call. Verification answers yes or no and never raises for what
an attacker can send.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import InvalidVersion, load_der_x509_certificate

from schemas.canonical import from_base64, to_base64
from schemas.errors import Malformed
from schemas.events import Document, Event, Signed, decision_message, header_of, seal_message


@lru_cache(maxsize=256)
def _public_key(raw: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(from_base64(raw, "ed25519", 32))


def holds(public_key: str, signature: bytes, message: bytes) -> bool:
    """Whether this Ed25519 key (base64url) made the signature."""
    try:
        _public_key(public_key).verify(signature, message)
    except (InvalidSignature, Malformed):
        return False
    return True


def seal_holds(document: Document, public_key: str) -> bool:
    """Whether the node with this Ed25519 key (base64url) sealed the document's header."""
    try:
        seal = from_base64(document["seal"], "seal", 64)
    except Malformed:
        return False
    return holds(public_key, seal, seal_message(header_of(document)))


def fingerprint(certificate: bytes) -> str:
    """How `signed.certificate` names a certificate: SHA-256 of its DER, 64 hex digits."""
    return hashlib.sha256(certificate).hexdigest()


@lru_cache(maxsize=1024)
def pin_of(certificate: bytes) -> str:
    """SHA-256 of the public key in a certificate (its DER SubjectPublicKeyInfo), 64 hex digits; "" for none.

    A certificate may be renewed and keep its key: the pin stays.
    """
    try:
        key = load_der_x509_certificate(certificate).public_key()
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (InvalidVersion, UnsupportedAlgorithm, ValueError):
        return ""
    return hashlib.sha256(spki).hexdigest()


def signature_holds(event: Event, certificate: bytes) -> bool:
    """Whether the holder of this certificate (DER) signed the event's decision.

    The certificate's dates and revocation are judged elsewhere; here only the mathematics.
    """
    signed = event.signed
    if signed is None or signed.certificate != fingerprint(certificate):
        return False
    header = {
        "stream": event.stream,
        "kind": event.kind,
        "parents": list(event.parents),
        "rests_on": list(event.rests_on),
        "at": event.at,
        "by": event.by,
        "data_hash": event.data_hash,
    }
    return _verify(certificate, signed.algorithm, signed.value, decision_message(header))


@lru_cache(maxsize=4096)
def _verify(certificate: bytes, algorithm: str, value: str, message: bytes) -> bool:
    try:
        raw = from_base64(value, "signed.value")
        key = load_der_x509_certificate(certificate).public_key()
        match algorithm, key:
            case "ed25519", Ed25519PublicKey():
                key.verify(raw, message)
            case "ecdsa-p256-sha256", ec.EllipticCurvePublicKey() if key.curve.name == "secp256r1":
                key.verify(raw, message, ec.ECDSA(hashes.SHA256()))
            case "rsa-pkcs1-sha256", rsa.RSAPublicKey():
                key.verify(raw, message, padding.PKCS1v15(), hashes.SHA256())
            case "rsa-pss-sha256", rsa.RSAPublicKey():
                pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256().digest_size)
                key.verify(raw, message, pss, hashes.SHA256())
            case _:
                return False
    except (InvalidSignature, InvalidVersion, Malformed, UnsupportedAlgorithm, ValueError):
        return False
    return True


def sign_decision(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey,
    certificate: bytes,
    message: bytes,
) -> Signed:
    """A person's signature over a decision, in the algorithm of the key (RSA: PKCS#1 v1.5, as tokens do)."""
    if isinstance(key, rsa.RSAPrivateKey):
        raw = key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return Signed(fingerprint(certificate), "rsa-pkcs1-sha256", to_base64(raw))
    if isinstance(key, ec.EllipticCurvePrivateKey):
        raw = key.sign(message, ec.ECDSA(hashes.SHA256()))
        return Signed(fingerprint(certificate), "ecdsa-p256-sha256", to_base64(raw))
    return Signed(fingerprint(certificate), "ed25519", to_base64(key.sign(message)))
