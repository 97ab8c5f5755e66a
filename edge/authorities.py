"""Whom this node trusts to issue certificates, and what it knows of revoked ones: anchors and lists from the catalog.

The centre's own authority, pinned at enrolment, is always one of them. An authority issues directly: the catalog
names the one that signs people's certificates, not only the one above it (docs/decisions/0020). Everything works
offline, from files that came with the catalog; what is too old says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509 import (
    BasicConstraints,
    Certificate,
    CertificateRevocationList,
    ExtendedKeyUsage,
    ExtensionNotFound,
    InvalidVersion,
    load_der_x509_certificate,
    load_der_x509_crl,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from edge.archive import Archive, Damaged
from schemas.calendar import local_day
from schemas.catalog import Catalog
from schemas.certificates import Unfit, why_unfit
from schemas.events import moment
from schemas.seals import fingerprint

_UNREADABLE: Final = (ValueError, InvalidVersion, UnsupportedAlgorithm)


class Revoked(Enum):
    """Whether a certificate had been revoked when it signed."""

    NO = "no"
    UNCHECKED = "unchecked"
    YES = "yes"


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is known of one certificate at the moment of a signature.

    `issuer` is the authority's name, empty for one that is not trusted. `since`: when it was revoked, before or after
    the signature. `list_made`: how old the newest list of its authority is, None where none is here.
    """

    unfit: Unfit | None
    issuer: str
    revoked: Revoked
    since: datetime | None = None
    list_made: datetime | None = None

    @property
    def why_not(self) -> str:
        """The reason, in `CannotSign`'s words, for which it may not sign; empty when it may."""
        if self.unfit is not None:
            return self.unfit.value
        if not self.issuer:
            return "unknown_issuer"
        return "revoked" if self.revoked is Revoked.YES else ""


@dataclass(frozen=True, slots=True)
class _Authority:
    name: str
    fingerprint: str
    der: bytes
    certificate: Certificate


class Authorities:
    """The trust of one node, read anew from the catalog each time; files are read once."""

    def __init__(self, catalog: Catalog, archive: Archive) -> None:
        self._catalog, self._archive = catalog, archive
        self._lists: dict[str, CertificateRevocationList] = {}
        self._named: dict[str, bytes] = {}

    def assess(
        self, certificate: bytes, *, at: datetime, now: datetime, timestamps: bool = False
    ) -> Assessment:
        """What is known `now` of a certificate (DER) that signs or signed `at`."""
        unfit = why_unfit(certificate, at)
        if unfit is Unfit.UNREADABLE:
            return Assessment(unfit, "", Revoked.UNCHECKED)
        if timestamps and not _stamps(certificate):
            unfit = Unfit.USAGE
        issuer = self._issuer(certificate, at, timestamps)
        revoked, since, made = self._revocation(certificate, issuer, at, now)
        return Assessment(unfit, issuer.name if issuer else "", revoked, since, made)

    def issuers(self, certificate: bytes, at: datetime, *, timestamps: bool = False) -> list[bytes]:
        """The authority (DER) that a certificate is from, if it is trusted."""
        issuer = self._issuer(certificate, at, timestamps)
        return [issuer.der] if issuer else []

    def lists_of(self, certificate: bytes, at: datetime, *, timestamps: bool = False) -> list[bytes]:
        """The list (DER) that proves later whether a certificate was revoked."""
        issuer = self._issuer(certificate, at, timestamps)
        published = self._catalog.latest.revocation_list(issuer.fingerprint) if issuer else None
        content = self._file(published.file) if published else None
        return [content] if content else []

    def stamp_lists(self, at: datetime) -> list[bytes]:
        """The lists (DER) of the authorities for time-stamps."""
        found = []
        for one in self._authorities(at, timestamps=True):
            published = self._catalog.latest.revocation_list(one.fingerprint)
            content = self._file(published.file) if published else None
            found += [content] if content else []
        return found

    def anchors(self, at: datetime, *, timestamps: bool) -> list[bytes]:
        """The authorities (DER) trusted on the day of a moment."""
        return [one.der for one in self._authorities(at, timestamps)]

    def _issuer(self, certificate: bytes, at: datetime, timestamps: bool) -> _Authority | None:
        return next((one for one in self._authorities(at, timestamps) if _issued(certificate, one.der)), None)

    def _authorities(self, at: datetime, timestamps: bool) -> list[_Authority]:
        found = [] if timestamps else [_authority(self._catalog.root, "")]
        day = local_day(at)
        for anchor in self._catalog.latest.anchors():
            if anchor.timestamps is timestamps and anchor.holds(day):
                der = self._file(anchor.file)
                if der is not None and fingerprint(der) == anchor.id:
                    found.append(_authority(der, anchor.name))
        return [one for one in found if one is not None and _is_valid(one.certificate, at)]

    def _revocation(
        self, certificate: bytes, issuer: _Authority | None, at: datetime, now: datetime
    ) -> tuple[Revoked, datetime | None, datetime | None]:
        said = self._catalog.trust.revoked.get(("certificate", fingerprint(certificate)))
        since = moment(said[0]) if said else None
        published = self._list(issuer)
        made = published.last_update_utc if published is not None else None
        if published is not None:
            entry = published.get_revoked_certificate_by_serial_number(
                load_der_x509_certificate(certificate).serial_number
            )
            if entry is not None:
                since = min(since or entry.revocation_date_utc, entry.revocation_date_utc)
        if since is not None and since <= at:
            return Revoked.YES, since, made
        fresh = (
            published is not None
            and published.next_update_utc is not None
            and now <= published.next_update_utc
        )
        told_since = made is not None and made >= at
        return (Revoked.NO if fresh or told_since else Revoked.UNCHECKED), since, made

    def _list(self, issuer: _Authority | None) -> CertificateRevocationList | None:
        """The newest list of an authority, if it is here and was signed by it."""
        published = self._catalog.latest.revocation_list(issuer.fingerprint) if issuer else None
        if published is None or issuer is None:
            return None
        if published.file not in self._lists:
            content = self._file(published.file)
            read = read_list(content, issuer.der) if content is not None else None
            if read is None:
                return None
            self._lists[published.file] = read
        return self._lists[published.file]

    def _file(self, name: str) -> bytes | None:
        if name not in self._named:
            try:
                content = self._archive.read(name)
            except Damaged:
                return None
            if content is None:
                return None
            self._named[name] = content
        return self._named[name]


def read_list(content: bytes, issuer: bytes) -> CertificateRevocationList | None:
    """A list of revoked certificates (DER) if it was signed by this authority (DER)."""
    try:
        found, key = load_der_x509_crl(content), load_der_x509_certificate(issuer).public_key()
        return found if found.is_signature_valid(key) else None  # type: ignore[arg-type]  # any other key: TypeError
    except (*_UNREADABLE, TypeError):
        return None


@lru_cache(maxsize=64)
def _authority(der: bytes, name: str) -> _Authority | None:
    """An authority's certificate; None for one that may not issue any."""
    try:
        read = load_der_x509_certificate(der)
        issues = read.extensions.get_extension_for_class(BasicConstraints).value.ca
        return _Authority(name or _common_name(read), fingerprint(der), der, read) if issues else None
    except (*_UNREADABLE, ExtensionNotFound):
        return None


def _common_name(certificate: Certificate) -> str:
    return next((str(part.value) for part in certificate.subject if part.rfc4514_attribute_name == "CN"), "?")


def _is_valid(certificate: Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


@lru_cache(maxsize=512)
def _issued(certificate: bytes, issuer: bytes) -> bool:
    try:
        load_der_x509_certificate(certificate).verify_directly_issued_by(load_der_x509_certificate(issuer))
    except (InvalidSignature, TypeError, *_UNREADABLE):
        return False
    return True


def _stamps(certificate: bytes) -> bool:
    """Whether a certificate is for time-stamps (RFC 3161 §2.3)."""
    try:
        usage = (
            load_der_x509_certificate(certificate).extensions.get_extension_for_class(ExtendedKeyUsage).value
        )
    except (*_UNREADABLE, ExtensionNotFound):
        return False
    return ExtendedKeyUsageOID.TIME_STAMPING in usage
