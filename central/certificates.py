"""What central says of certificates: which authorities are trusted, and what they have revoked.

A list of revoked certificates becomes two things in the catalog: the file, by which every machine checks before it
signs; and one entry for each certificate of ours that it names, which makes what was signed with it since contested.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from central.centre import Office
from central.errors import CentralError
from edge.authorities import read_list
from edge.node import Node
from schemas.calendar import local_day
from schemas.entries import Anchor, Entry, Person, Revocation, RevocationList
from schemas.events import timestamp
from schemas.seals import fingerprint

_PEM: Final = b"-----BEGIN"


class UnusableFile(CentralError):
    """A file that is not what was asked for; one line says what to do."""


@dataclass(frozen=True, slots=True)
class Published:
    """What came of a list: whose it is, until when it is fresh, and which holders of ours it revokes anew."""

    authority: str
    made: datetime
    fresh_until: datetime
    revoked: tuple[str, ...]


def add_authority(
    node: Node, file: Path, *, name: str, since: date | None, timestamps: bool, by: str
) -> Anchor:
    """Trust an authority from a day on. Raises `UnusableFile`."""
    certificate = _certificate(file)
    try:
        issues = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        issues = False
    if not issues:
        raise UnusableFile(f"{file} is no authority's certificate: it may not issue others")
    der = certificate.public_bytes(Encoding.DER)
    anchor = Anchor(
        id=fingerprint(der),
        name=name or certificate.subject.rfc4514_string(),
        file=node.archive.keep(der),
        since=since or max(local_day(certificate.not_valid_before_utc), date(2000, 1, 1)),
        timestamps=timestamps,
    )
    Office(node).define([anchor], by=by)
    return anchor


def publish_list(node: Node, file: Path, *, by: str) -> Published:
    """Publish a list of revoked certificates. Raises `UnusableFile`: not signed by a trusted authority, or older."""
    content = _list(file)
    authority, read = _whose(node, content, file)
    made, fresh_until = read.last_update_utc, read.next_update_utc
    if fresh_until is None:
        raise UnusableFile(f"{file} does not say until when it is fresh")
    known = node.catalog.latest.revocation_list(fingerprint(authority))
    if known is not None and known.made >= timestamp(made):
        raise UnusableFile(f"{file} is not newer than the list of {known.made}, which is published already")
    said = RevocationList(
        fingerprint(authority), node.archive.keep(content), timestamp(made), timestamp(fresh_until)
    )
    entries: list[Entry] = [said]
    holders = []
    for holder, der in _certificates_of(node):
        entry = read.get_revoked_certificate_by_serial_number(
            x509.load_der_x509_certificate(der).serial_number
        )
        if entry is None or not _issued(der, authority):
            continue
        since = timestamp(entry.revocation_date_utc)
        before = node.catalog.trust.revoked.get(("certificate", fingerprint(der)))
        if before is None or since < before[0]:
            entries.append(
                Revocation("certificate", fingerprint(der), since, f"Danh sách thu hồi {timestamp(made)}")
            )
            holders.append(holder)
    Office(node).define(entries, by=by)
    return Published(_name(authority), made, fresh_until, tuple(holders))


def _certificates_of(node: Node) -> Iterator[tuple[str, bytes]]:
    """Every certificate that the catalog names or ever named, with its holder."""
    for entry in node.catalog.latest.holders():
        holder = entry.id if isinstance(entry, Person) else entry.code
        for der in entry.ders():
            yield holder, der


def _whose(node: Node, content: bytes, file: Path) -> tuple[bytes, x509.CertificateRevocationList]:
    now = node.clock()
    authorities = node.authorities
    for der in (*authorities.anchors(now, timestamps=False), *authorities.anchors(now, timestamps=True)):
        read = read_list(content, der)
        if read is not None:
            return der, read
    raise UnusableFile(
        f"{file} is not signed by an authority that the catalog trusts; name the authority first"
    )


def _issued(certificate: bytes, authority: bytes) -> bool:
    issuer = x509.load_der_x509_certificate(certificate).issuer
    return issuer == x509.load_der_x509_certificate(authority).subject


def _certificate(file: Path) -> x509.Certificate:
    content = file.read_bytes()
    try:
        pem = _PEM in content[:4096]
        return x509.load_pem_x509_certificate(content) if pem else x509.load_der_x509_certificate(content)
    except ValueError as why:
        raise UnusableFile(f"{file} is no certificate: {why}") from why


def _list(file: Path) -> bytes:
    content = file.read_bytes()
    try:
        read = x509.load_pem_x509_crl(content) if _PEM in content[:64] else x509.load_der_x509_crl(content)
    except ValueError as why:
        raise UnusableFile(f"{file} is no list of revoked certificates: {why}") from why
    return read.public_bytes(Encoding.DER)


def _name(authority: bytes) -> str:
    return x509.load_der_x509_certificate(authority).subject.rfc4514_string()
