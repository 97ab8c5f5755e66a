"""What a certificate says for itself, and that nothing is signed outside of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from schemas.certificates import Unfit, facts_of, why_unfit
from tests.schemas.histories import certificate_of, key_of

SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def plain() -> bytes:
    return certificate_of("viet", key_of("viet").public_key(), "CA", key_of("ca"))


def used_for(*, signing: bool, commitment: bool, agreement: bool) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "viet")])
    usage = x509.KeyUsage(signing, commitment, False, False, agreement, False, False, False, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key_of("viet").public_key())
        .serial_number(7)
        .not_valid_before(SINCE)
        .not_valid_after(UNTIL)
        .add_extension(usage, critical=True)
    )
    return builder.sign(key_of("ca"), None).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("at", "why"),
    [(SINCE - SECOND, Unfit.NOT_YET), (SINCE, None), (UNTIL, None), (UNTIL + SECOND, Unfit.EXPIRED)],
)
def test_a_certificate_signs_from_its_first_to_its_last_second(at: datetime, why: Unfit | None) -> None:
    assert why_unfit(plain(), at) is why


def test_a_certificate_for_something_else_signs_nothing() -> None:
    """Key usage, where it is there, must say digital signature or content commitment (RFC 5280 §4.2.1.3)."""
    assert why_unfit(used_for(signing=True, commitment=False, agreement=False), SINCE) is None
    assert why_unfit(used_for(signing=False, commitment=True, agreement=False), SINCE) is None
    assert why_unfit(used_for(signing=False, commitment=False, agreement=True), SINCE) is Unfit.USAGE


def test_what_is_no_certificate_signs_nothing() -> None:
    assert facts_of(b"no certificate") is None
    assert why_unfit(plain()[:-1], SINCE) is Unfit.UNREADABLE
    facts = facts_of(plain())
    assert facts is not None
    assert facts.name == "viet"
