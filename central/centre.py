"""Founding a centre and enrolling its nodes: the certificate authority, the first entry, the cards."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from edge.chain import OwnChain
from edge.clock import Clock
from edge.database import Chain, NodeFile, migrate
from edge.ids import Ids
from edge.keys import NodeKeys, keep_keys
from edge.node import Folder, Node
from edge.settings import NodeSettings, write_settings
from schemas.catalog import Card, Duty, Entry, kind_of, subject_of
from schemas.events import Document, Signed, timestamp, write
from schemas.seals import sign_decision
from sync.sqlite import SqliteFile
from sync.store import Store

CA_YEARS: Final = 20
PERSON_YEARS: Final = 3


@dataclass(frozen=True, slots=True)
class Authority:
    """The centre's certificate authority. Its key stays at central."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @classmethod
    def make(cls, name: str, at: datetime) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = _certificate(subject, subject, key.public_key(), at, timedelta(days=365 * CA_YEARS))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        return cls(builder.sign(key, hashes.SHA256()), key)

    @classmethod
    def read(cls, folder: Folder) -> Authority:
        key = load_pem_private_key((folder.keys / "ca.key").read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the authority's key is on P-256")
        return cls(x509.load_der_x509_certificate(folder.root.read_bytes()), key)

    def keep(self, folder: Folder) -> None:
        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        handle = os.open(folder.keys / "ca.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(pem)

    def issue_token(self, name: str, pin: str, at: datetime) -> tuple[bytes, bytes]:
        """A person's signing token for a demo: (PKCS#12 closed with `pin`, certificate DER).

        In an office people sign with certificates of the government's own authority (NĐ 68/2024).
        """
        key = rsa.generate_private_key(65537, 2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = self.certificate.subject
        builder = _certificate(subject, issuer, key.public_key(), at, timedelta(days=365 * PERSON_YEARS))
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=True,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=False,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        )
        certificate = builder.add_extension(usage, critical=True).sign(self.key, hashes.SHA256())
        token = pkcs12.serialize_key_and_certificates(
            name.encode(), key, certificate, [self.certificate], BestAvailableEncryption(pin.encode())
        )
        return token, certificate.public_bytes(Encoding.DER)


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    at: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + life)
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands and what it may do there."""

    node: str
    title: str
    number: int
    duties: tuple[Duty, ...]
    address: str

    def card(self, keys: NodeKeys, since: date, until: date) -> Card:
        return Card(
            node=self.node,
            place=self.node.rpartition(".")[0],
            title=self.title,
            number=self.number,
            lease_from=since,
            lease_to=until,
            duties=self.duties,
            ed25519=keys.seal_key,
            x25519=keys.box_key,
            address=self.address,
        )


def found(
    folder: Folder, place: Place, settings: NodeSettings, *, name: str, clock: Clock, ids: Ids
) -> Authority:
    """Make central's own folder: authority, keys, and the first catalog entry, which is central's card."""
    at = clock()
    authority = Authority.make(name, at)
    lay_foundation(
        folder,
        place,
        settings,
        keys=NodeKeys.generate(),
        root=authority.der,
        sign=lambda message: sign_decision(authority.key, authority.der, message),
        at=at,
        ids=ids,
    )
    authority.keep(folder)
    return authority


def lay_foundation(
    folder: Folder,
    place: Place,
    settings: NodeSettings,
    *,
    keys: NodeKeys,
    root: bytes,
    sign: Callable[[bytes], Signed],
    at: datetime,
    ids: Ids,
) -> None:
    """Make central's folder with these keys. `root` is the authority's certificate (DER); it signs the first entry."""
    folder.path.mkdir(mode=0o700, parents=True)
    keep_keys(folder.keys, keys)
    folder.root.write_bytes(root)
    card = place.card(keys, *_lease(at))
    first = write(
        stream=ids.stream(at),
        kind=kind_of(card),
        parents=(),
        rests_on=(),
        at=at,
        node=place.node,
        seq=1,
        prev="",
        catalog="",
        by="",
        data=msgspec.to_builtins(card),
        salt=ids.salt(),
        seal=keys.ed25519.sign,
        sign=sign,
    )
    _lay_down(folder, [first], ids)
    event = _hash(first)
    _begin(
        folder, {"catalog": (1, event, timestamp(at)), "dossiers": (0, event, ""), "visits": (0, event, "")}
    )
    write_settings(folder.path, settings)


def enrol(
    folder: Folder,
    centre: Node,
    place: Place,
    settings: NodeSettings,
    *,
    by: str,
    keys: NodeKeys | None = None,
) -> None:
    """Make a node's folder at central, for a node that is carried to its place: keys, card, catalog so far.

    New keys, unless they are given.
    """
    folder.path.mkdir(mode=0o700, parents=True)
    keys = keys or NodeKeys.generate()
    keep_keys(folder.keys, keys)
    shutil.copyfile(centre.folder.root, folder.root)
    office = Office(centre)
    office.define([place.card(keys, *_lease(centre.clock()))], by=by)
    documents = office.entries()
    _lay_down(folder, documents, centre.ids)
    card = _hash(documents[-1])
    _begin(folder, {"dossiers": (0, card, ""), "visits": (0, card, "")})
    write_settings(folder.path, settings)


class Office:
    """Writes the catalog, at central only."""

    def __init__(self, centre: Node) -> None:
        self._centre = centre
        self._store = centre.stores["catalog"]
        self._chain = OwnChain(
            centre.file, self._store, centre.keys, centre.clock, centre.ids, node=centre.id
        )

    def define(self, entries: Iterable[Entry], *, by: str) -> int:
        """Write entries, all of them or none; how many. A later entry on a subject replaces the earlier one."""
        written: dict[tuple[str, str], tuple[str, str]] = {}
        count = 0
        with self._centre.file.write():
            for entry in entries:
                subject = (kind_of(entry), subject_of(entry))
                known = written.get(subject) or self._centre.catalog.stream_of(entry)
                at = self._chain.now()
                stream = known[0] if known else self._centre.ids.stream(at)
                data = msgspec.to_builtins(entry)
                parents = [known[1]] if known else []
                event = self._chain.append(stream, subject[0], data, parents=parents, by=by, at=at)
                written[subject] = (stream, event)
                count += 1
        return count

    def entries(self) -> list[Document]:
        """All entries as documents, in order."""
        with self._centre.file.read():
            documents = [self._store.get(summary.id) for summary in self._store.all_docs()]
        return sorted(documents, key=lambda document: int(document["seq"]))


def _lease(at: datetime) -> tuple[date, date]:
    return at.date() - timedelta(days=1), at.date() + timedelta(days=5 * 365)


def _lay_down(folder: Folder, documents: Sequence[Document], ids: Ids) -> None:
    """Put the catalog into a new node's file, before the node is opened for the first time."""
    file = SqliteFile(folder.database)
    migrate(NodeFile(file))
    Store(file, "catalog", new_id=ids.hex).bulk_docs(documents, new_edits=False)
    file.close()


def _begin(folder: Folder, heads: dict[str, tuple[int, str, str]]) -> None:
    file = NodeFile(SqliteFile(folder.database))
    with file.write():
        for database, (seq, event, at) in heads.items():
            Chain.create(database=database, seq=seq, hash=event, at=at)
    file.file.close()


def _hash(document: Document) -> str:
    return str(document["_id"]).partition(":")[2]


def write_token(folder: Folder, person: str, token: bytes) -> Path:
    """Put a person's PKCS#12 file where the node looks for it, readable to the node only."""
    folder.tokens.mkdir(mode=0o700, exist_ok=True)
    path = folder.tokens / f"{person}.p12"
    path.write_bytes(token)
    path.chmod(0o600)
    return path
