"""The certificates of people and agencies as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from cryptography import x509

from edge.web.site import site
from schemas.entries import Agency, Person
from schemas.events import timestamp
from schemas.seals import fingerprint


@dataclass(frozen=True, slots=True)
class Held:
    """One certificate as the page shows it."""

    name: str
    subject: str
    issuer: str
    until: date
    revoked: bool


def certificates_of(holder: Person | Agency) -> list[Held]:
    """Those of a person or an agency that can be read."""
    here, now = site(), timestamp(site().now())
    found = []
    for der in holder.ders():
        try:
            read = x509.load_der_x509_certificate(der)
        except ValueError:
            continue
        name = fingerprint(der)
        found.append(
            Held(
                name,
                read.subject.rfc4514_string(),
                read.issuer.rfc4514_string(),
                read.not_valid_after_utc.date(),
                here.view.ended("certificate", name, now),
            )
        )
    return found
