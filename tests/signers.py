"""Authorities and certificates as a test needs them: right ones, and every kind of wrong one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from central.centre import Office
from edge.node import Node
from schemas.canonical import to_base64
from schemas.entries import Anchor, Person, RevocationList
from schemas.events import timestamp
from schemas.seals import fingerprint
from tests.centres import SmallCentre

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey
YEAR: Final = timedelta(days=365)


class TestAuthority:
    """An authority of the government's, as far as a test knows: it issues, and publishes what it revoked."""

    __test__ = False

    def __init__(self, name: str, at: datetime) -> None:
        self.name, self._at = name, at
        self.key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(name, self.key.public_key(), (at - YEAR, at + 10 * YEAR))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.certificate = builder.sign(self.key, hashes.SHA256())

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def issue(
        self,
        name: str,
        key: PrivateKey | Ed25519PublicKey,
        *,
        dates: tuple[datetime, datetime] | None = None,
        signs: bool = True,
        stamps: bool = False,
    ) -> bytes:
        """A certificate (DER) for somebody's key."""
        public: Any = key if isinstance(key, Ed25519PublicKey) else key.public_key()
        builder = self._builder(name, public, dates or (self._at - YEAR, self._at + YEAR))
        usage = x509.KeyUsage(signs, signs, not signs, False, False, False, False, False, False)
        builder = builder.add_extension(usage, critical=True)
        if stamps:
            stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(stamping, critical=True)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def revoke(self, revoked: Mapping[bytes, datetime], made: datetime, fresh_until: datetime) -> bytes:
        """A list (DER) of certificates and since when."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(made)
            .next_update(fresh_until)
        )
        for der, since in revoked.items():
            serial = x509.load_der_x509_certificate(der).serial_number
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _builder(self, name: str, key: Any, dates: tuple[datetime, datetime]) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)]))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(dates[0])
            .not_valid_after(dates[1])
        )


def closed(key: PrivateKey, certificate: bytes, pin: str) -> bytes:
    """A PKCS#12 file that opens quickly; a real one takes its time."""
    quick = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(1)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(pin.encode())
    )
    return pkcs12.serialize_key_and_certificates(
        b"token", key, x509.load_der_x509_certificate(certificate), None, quick
    )


def for_pss_only(certificate: bytes, issuer: TestAuthority) -> bytes:
    """The same certificate, but its key is one for RSA-PSS alone (RFC 4055 §1.2)."""
    from asn1crypto import algos, keys
    from asn1crypto import x509 as asn1

    read = asn1.Certificate.load(certificate)
    body = read["tbs_certificate"]
    public = body["subject_public_key_info"]
    pss = keys.PublicKeyInfo(
        {"algorithm": {"algorithm": "rsassa_pss"}, "public_key": public["public_key"].parsed}
    )
    body["subject_public_key_info"] = pss
    signature = issuer.key.sign(body.dump(force=True), ec.ECDSA(hashes.SHA256()))
    algorithm = algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
    return bytes(
        asn1.Certificate(
            {"tbs_certificate": body, "signature_algorithm": algorithm, "signature_value": signature}
        ).dump()
    )


def trust(centre: SmallCentre, authority: TestAuthority, *, timestamps: bool = False, **dates: Any) -> None:
    """Central names an authority, and everybody hears of it."""
    node = centre["central"]
    file = node.archive.keep(authority.der)
    since = dates.get("since", centre.clock().date() - timedelta(days=400))
    anchor = Anchor(fingerprint(authority.der), authority.name, file, since, timestamps=timestamps)
    Office(node).define([anchor], by="quan.nv")
    centre.meet()


def publish(
    centre: SmallCentre,
    authority: TestAuthority,
    revoked: Mapping[bytes, datetime],
    made: datetime,
    days: int,
) -> None:
    """Central publishes an authority's list, fresh for so many days, and everybody hears of it."""
    node, until = centre["central"], made + timedelta(days=days)
    file = node.archive.keep(authority.revoke(revoked, made, until))
    published = RevocationList(fingerprint(authority.der), file, timestamp(made), timestamp(until))
    Office(node).define([published], by="quan.nv")
    centre.meet()


def equip(centre: SmallCentre, person: str, *certificates: bytes) -> None:
    """Central says which certificates somebody has, and everybody hears of it."""
    node = centre["central"]
    known = node.catalog.latest.person(person)
    assert known is not None
    named = tuple(to_base64(der) for der in certificates)
    changed = Person(known.id, known.name, known.title, known.roles, known.capacity, named, known.signature)
    Office(node).define([changed], by="quan.nv")
    centre.meet()


def on_device(
    centre: SmallCentre, person: str, key: PrivateKey, dates: tuple[datetime, datetime] | None = None
) -> bytes:
    """A certificate (DER) of an authority that everybody trusts, as the only one that somebody has."""
    authority = TestAuthority("CA thử", centre.clock())
    trust(centre, authority)
    der = authority.issue("Trần Quốc Việt", key, dates=dates)
    equip(centre, person, der)
    return der


def hand_token(node: Node, holder: str, key: PrivateKey, certificate: bytes, pin: str) -> Path:
    """Put somebody's PKCS#12 file where the node looks for it."""
    path = node.folder.tokens / f"{holder}.p12"
    path.write_bytes(closed(key, certificate, pin))
    return path
