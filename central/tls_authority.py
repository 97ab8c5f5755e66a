"""The authority for the TLS certificates of nodes: below the centre's own, at central, and good for nothing else.

The centre's authority can make anybody believe anything, and is needed once. Its key lies in a safe. What central does
every day is to certify TLS keys, and this authority does that: it may name machines of the building and of the centre's
own domain only (X.509 name constraints), and servers only, so that whoever steals its key can neither seal an event,
nor sign for a person, nor pass for a bank at the browsers that trust the centre.

Nodes do not ask what it says: they know each other's keys from the cards. Browsers do.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from central.errors import NotGranted
from edge.durable import write_new
from edge.errors import CannotStart
from edge.folder import Folder

EARLIER: Final = timedelta(days=30)
"""A certificate is good for so long before it was made: browsers on a PC whose clock is late take it too."""
_PRIVATE: Final = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "127.0.0.0/8"),
    *("fc00::/7", "fe80::/10", "::1/128"),
)
_LOCAL: Final = "local"
_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Names:
    """What the certificates of a centre may name: domains with all below them, and networks."""

    domains: tuple[str, ...]
    networks: tuple[_Network, ...]

    @classmethod
    def of(cls, given: Iterable[str]) -> Names:
        """Those of any building (private addresses, `.local`), and what is `given`: domains and networks.

        Raises `NotGranted`.
        """
        domains, networks = [_LOCAL], [ipaddress.ip_network(one) for one in _PRIVATE]
        for one in given:
            if one.replace(".", "").replace("/", "").isdigit() or ":" in one:
                try:
                    networks.append(ipaddress.ip_network(one))
                except ValueError as why:
                    raise NotGranted(f"{one} is no network: {why}") from why
            else:
                domains.append(one.lower().strip("."))
        return cls(tuple(dict.fromkeys(domains)), tuple(dict.fromkeys(networks)))

    def permit(self, host: str) -> bool:
        """`host` is a name in small letters, or an address: that is looked for in the networks only."""
        address = _address(host)
        if address is None:
            return any(host == domain or host.endswith(f".{domain}") for domain in self.domains)
        return any(address in network for network in self.networks)

    def general(self) -> list[x509.GeneralName]:
        """As name constraints have them (RFC 5280 §4.2.1.10)."""
        return [*map(x509.DNSName, self.domains), *map(x509.IPAddress, self.networks)]


@dataclass(frozen=True, slots=True)
class TlsAuthority:
    """Its key stays at central, its certificate stands in the catalog."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        """The certificate, as it stands in the catalog (there in base64)."""
        return self.certificate.public_bytes(Encoding.DER)

    @classmethod
    def read(cls, folder: Folder) -> TlsAuthority | None:
        """None in a centre that was founded without one. Raises `CannotStart` for half of one."""
        key_file, certificate_file = _files(folder)
        if not key_file.exists() and not certificate_file.exists():
            return None
        try:
            key = load_pem_private_key(folder.at_rest.read(key_file), password=None)
            certificate = x509.load_der_x509_certificate(certificate_file.read_bytes())
        except (OSError, ValueError) as why:
            raise CannotStart(
                f"{key_file} or {certificate_file.name} beside it is missing or damaged: bring both from a backup"
            ) from why
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise CannotStart(f"{key_file} is no key of ours: bring it from a backup")
        return cls(certificate, key)

    def keep(self, folder: Folder) -> None:
        """In two files among the folder's keys; the key is closed as those are. Raises `FileExistsError`."""
        key_file, certificate_file = _files(folder)
        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_new(key_file, folder.at_rest.shut(key_file.name, pem))
        write_new(certificate_file, self.der)

    def names(self) -> Names:
        """What its certificate lets it name (RFC 5280 §4.2.1.10): ends of names, and networks."""
        permitted = self.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        subtrees = permitted.permitted_subtrees or ()
        return Names(
            tuple(one.value for one in subtrees if isinstance(one, x509.DNSName)),
            tuple(
                one.value
                for one in subtrees
                if isinstance(one, x509.IPAddress)
                and isinstance(one.value, ipaddress.IPv4Network | ipaddress.IPv6Network)
            ),
        )

    def certify(self, tls_key: bytes, place: str, host: str, at: datetime, until: datetime) -> bytes:
        """The certificate (DER) of the node at `place` for its public TLS key (DER), `until` as cards count.

        `host` is the name or address by which browsers reach it; "" for none. Raises `NotGranted`.
        """
        try:
            key = load_der_public_key(tls_key)
        except ValueError as why:
            raise NotGranted("the machine's TLS key cannot be read: make a new request") from why
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            raise NotGranted("the machine's TLS key is not on P-256: make a new request")
        if host and not self.names().permit(host):
            raise NotGranted(
                f"{host} is none of the names and networks that this centre's certificates may name"
                " (they were chosen by `central init --reach`)",
                "names",
                host=host,
            )
        names = [x509.DNSName(f"{place}.{_LOCAL}"), *([_general(host)] if host else ())]
        return (
            x509.CertificateBuilder()
            .subject_name(common_name(place))
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(at - EARLIER)
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(list(dict.fromkeys(names))), critical=False)
            .add_extension(usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
            .sign(self.key, hashes.SHA256())
            .public_bytes(Encoding.DER)
        )

    def renew(self, certificate: bytes, place: str, host: str, at: datetime, until: datetime) -> bytes:
        """Another certificate (DER) for the key in this one. Raises `NotGranted`."""
        key = x509.load_der_x509_certificate(certificate).public_key()
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return self.certify(spki, place, host, at, until)


def make_tls_authority(
    root: x509.Certificate, root_key: ec.EllipticCurvePrivateKey, names: Names, at: datetime
) -> TlsAuthority:
    """One below the centre's authority, for as long as that one lasts."""
    key = ec.generate_private_key(ec.SECP256R1())
    common = str(root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    subject = common_name(common, " (TLS)")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - EARLIER)
        .not_valid_after(root.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(names.general(), None), critical=True)
        .add_extension(usage(key_cert_sign=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False
        )
        .sign(root_key, hashes.SHA256())
    )
    return TlsAuthority(certificate, key)


def common_name(text: str, ending: str = "") -> x509.Name:
    """A name of at most 64 bytes, as X.509 wants: cut short where it must be, never within a letter."""
    room = 64 - len(ending.encode())
    short = text.encode()[:room].decode(errors="ignore").rstrip()
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, short + ending)])


def usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    """What a key may be used for: what is named, and nothing else."""
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _general(host: str) -> x509.GeneralName:
    address = _address(host)
    return x509.DNSName(host) if address is None else x509.IPAddress(address)


def _files(folder: Folder) -> tuple[Path, Path]:
    return folder.keys / "tls-authority.key", folder.keys / "tls-authority.der"
