"""What a person's or an organisation's certificate says for itself: whose it is, from when to when, what it may sign.

Who issued it and whether it was revoked is not read here: that needs files, and is the node's to look up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache

from cryptography.x509 import (
    ExtensionNotFound,
    InvalidVersion,
    KeyUsage,
    load_der_x509_certificate,
)
from cryptography.x509.oid import NameOID


class Unfit(Enum):
    """Why a certificate signs nothing at a moment."""

    UNREADABLE = "unreadable"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    USAGE = "usage"


@dataclass(frozen=True, slots=True)
class Facts:
    """`name` is the subject's common name; `signs`: its key usage, where it names any, lets it sign documents."""

    name: str
    since: datetime
    until: datetime
    serial: int
    signs: bool


@lru_cache(maxsize=512)
def facts_of(certificate: bytes) -> Facts | None:
    """What a certificate (DER) says; None for bytes that are none."""
    try:
        read = load_der_x509_certificate(certificate)
        names = read.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        try:
            usage: KeyUsage | None = read.extensions.get_extension_for_class(KeyUsage).value
        except ExtensionNotFound:
            usage = None
        return Facts(
            str(names[0].value) if names else read.subject.rfc4514_string(),
            read.not_valid_before_utc,
            read.not_valid_after_utc,
            read.serial_number,
            usage is None or usage.digital_signature or usage.content_commitment,
        )
    except (ValueError, InvalidVersion):
        return None


def why_unfit(certificate: bytes, at: datetime) -> Unfit | None:
    """Why a certificate (DER) may not sign at a moment, by what it says itself; None if it may."""
    facts = facts_of(certificate)
    if facts is None:
        return Unfit.UNREADABLE
    if at < facts.since:
        return Unfit.NOT_YET
    if at > facts.until:
        return Unfit.EXPIRED
    return None if facts.signs else Unfit.USAGE
