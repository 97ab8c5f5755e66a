"""Seals and signatures: who can make one, and that nothing an attacker sends makes the check fall over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from schemas.canonical import to_base64
from schemas.events import Document, Event, Signed, decision_message, parse, revision_of
from schemas.seals import fingerprint, holds, seal_holds, sign_decision, signature_holds
from tests.schemas.histories import appraised, approved, history, key_of, office, received

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey


@cache
def key(name: str) -> Key:
    match name:
        case "rsa":
            return rsa.generate_private_key(65537, 2048)
        case "p256":
            return ec.derive_private_key(2026, ec.SECP256R1())
        case "p384":
            return ec.derive_private_key(2026, ec.SECP384R1())
        case _:
            return key_of(name)


@cache
def certificate(name: str) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key(name).public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
    )
    return builder.sign(key_of("ca"), None).public_bytes(Encoding.DER)


Sign = Callable[[bytes], Signed]


def signed_by(name: str) -> Sign:
    return lambda message: sign_decision(key(name), certificate(name), message)


def pss(message: bytes) -> Signed:
    """As a token signs that prefers PSS."""
    signer = key("rsa")
    assert isinstance(signer, rsa.RSAPrivateKey)
    raw = signer.sign(message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    return Signed(fingerprint(certificate("rsa")), "rsa-pss-sha256", to_base64(raw))


def approval(sign: Sign) -> Event:
    """An approval that somebody signs."""
    past = history(received(), appraised())
    document = dict((past + approved()).documents[-1])
    step = parse(document)
    assert isinstance(step, Event)
    signature = sign(_message(step))
    return msgspec.structs.replace(step, signed=signature)


def _message(event: Event) -> bytes:
    return decision_message(
        {
            "stream": event.stream,
            "kind": event.kind,
            "parents": list(event.parents),
            "rests_on": list(event.rests_on),
            "at": event.at,
            "by": event.by,
            "data_hash": event.data_hash,
        }
    )


@pytest.mark.parametrize(
    ("sign", "name", "algorithm"),
    [
        (signed_by("viet"), "viet", "ed25519"),
        (signed_by("p256"), "p256", "ecdsa-p256-sha256"),
        (signed_by("rsa"), "rsa", "rsa-pkcs1-sha256"),
        (pss, "rsa", "rsa-pss-sha256"),
    ],
)
def test_all_four_algorithms_sign_a_decision(sign: Sign, name: str, algorithm: str) -> None:
    event = approval(sign)
    assert event.signed is not None
    assert event.signed.algorithm == algorithm
    assert signature_holds(event, certificate(name))

    assert not signature_holds(msgspec.structs.replace(event, by="quang"), certificate(name))
    assert not signature_holds(msgspec.structs.replace(event, data_hash="0" * 64), certificate(name))
    assert not signature_holds(msgspec.structs.replace(event, rests_on=()), certificate(name))
    assert signature_holds(msgspec.structs.replace(event, node="room-02.1"), certificate(name))


@pytest.mark.parametrize("algorithm", ["ed25519", "ecdsa-p256-sha256", "rsa-pkcs1-sha256", "rsa-pss-sha256"])
@pytest.mark.parametrize("name", ["viet", "p256", "p384", "rsa"])
def test_an_algorithm_that_is_not_the_key_s_proves_nothing(name: str, algorithm: Any) -> None:
    event = approval(lambda message: Signed(fingerprint(certificate(name)), algorithm, to_base64(bytes(64))))
    assert not signature_holds(event, certificate(name))


def test_a_signature_with_another_curve_does_not_count() -> None:
    """P-384 would sign well, but the format has P-256 only."""
    event = approval(signed_by("p384"))
    assert event.signed is not None
    assert not signature_holds(event, certificate("p384"))


def test_a_signature_names_the_certificate_that_made_it() -> None:
    event = approval(signed_by("viet"))
    assert not signature_holds(event, certificate("quang"))
    assert not signature_holds(msgspec.structs.replace(event, signed=None), certificate("viet"))


@given(st.binary(max_size=300))
def test_no_certificate_brings_the_check_down(der: bytes) -> None:
    event = approval(lambda message: Signed(fingerprint(der), "ed25519", to_base64(bytes(64))))
    assert not signature_holds(event, der)


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@given(st.integers(0, 400), st.integers(1, 255))
def test_no_changed_certificate_brings_the_check_down(place: int, change: int) -> None:
    """A version that does not exist, a key off the curve, a cut-off length: all of it is only a no."""
    der = bytearray(certificate("p256"))
    der[place % len(der)] ^= change
    changed = bytes(der)
    event = approval(lambda message: Signed(fingerprint(changed), "ecdsa-p256-sha256", to_base64(bytes(64))))
    assert not signature_holds(event, changed)


@given(st.text(max_size=100))
def test_no_signature_value_brings_the_check_down(value: str) -> None:
    event = approval(lambda message: Signed(fingerprint(certificate("rsa")), "rsa-pkcs1-sha256", value))
    assert not signature_holds(event, certificate("rsa"))


# --- seals ---


def sealed() -> Document:
    return history(received()).documents[0]


def public(name: str) -> str:
    return to_base64(key_of(name).public_key().public_bytes_raw())


def test_a_seal_is_the_node_s_alone() -> None:
    assert seal_holds(sealed(), public("counter-01.1"))
    assert not seal_holds(sealed(), public("counter-02.1"))


def test_a_junk_seal_is_a_well_formed_event_that_nobody_sealed() -> None:
    junk = {**sealed(), "seal": to_base64(bytes(64)), "_rev": revision_of(sealed()["_id"][33:], bytes(64))}
    parse(junk)
    assert not seal_holds(junk, public("counter-01.1"))


@pytest.mark.parametrize("seal", ["", "AA", "==", to_base64(bytes(65))])
def test_a_seal_out_of_form_does_not_hold(seal: str) -> None:
    assert not seal_holds({**sealed(), "seal": seal}, public("counter-01.1"))


@pytest.mark.parametrize(
    "key", ["", "AA", "==", to_base64(bytes(31)), to_base64(b"\xff" * 32), to_base64(bytes(32))]
)
def test_a_key_that_is_none_proves_nothing(key: str) -> None:
    assert not seal_holds(sealed(), key)
    assert not holds(key, bytes(64), b"message")


@given(st.binary(max_size=70), st.binary(max_size=40))
def test_no_bytes_forge_a_seal(signature: bytes, message: bytes) -> None:
    assert not holds(public("counter-01.1"), signature, message)


def test_a_fingerprint_names_a_certificate() -> None:
    der = office().certificates["viet"]
    assert fingerprint(der) == x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256()).hex()
