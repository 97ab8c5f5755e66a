"""Founding a centre and enrolling its nodes: the certificate authority, the first entry, the cards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from msgspec import Meta

from central.errors import NotGranted
from central.tls_authority import Names, TlsAuthority, common_name, make_tls_authority, usage
from edge.chain import OwnChain
from edge.clock import Clock
from edge.enrolment import lay_down, make_request, own_keys, settle_in
from edge.folder import Folder
from edge.ids import Ids
from edge.keys import NodeKeys, keep_keys
from edge.node import Node
from edge.settings import NodeSettings, write_settings
from edge.tables.node import Chain
from schemas.calendar import VIETNAM, local_day
from schemas.canonical import from_base64, to_base64
from schemas.enrolment import Answer, Request, incarnation, read_request
from schemas.entries import Card, Centre, Confirmation, Duty, Entry, NumberRange, kind_of, subject_of
from schemas.events import Document, Signed, timestamp, write
from schemas.seals import sign_decision
from sync.tls import is_loopback

_PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | Ed25519PublicKey
CA_YEARS: Final = 20
PASSPHRASE_ROUNDS: Final = 600_000
LEASE: Final = timedelta(days=397)
"""A year and a month: browsers take certificates that last so long, and a renewal has two months to succeed in."""
PERSON_YEARS: Final = 3
QUIET: Final = timedelta(days=7)
"""After so many days without a catalog entry central writes that there is nothing new."""


@dataclass(frozen=True, slots=True)
class Authority:
    """The centre's certificate authority: it signs central's first card and the authority for TLS, and rests."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        """The certificate, as each node's folder has it as `root`."""
        return self.certificate.public_bytes(Encoding.DER)

    def sign(self, message: bytes) -> Signed:
        """ECDSA over SHA-256, with the fingerprint of the certificate beside it."""
        return sign_decision(self.key, self.der, message)

    @classmethod
    def make(cls, name: str, at: datetime) -> Authority:
        """Self-signed, on P-256, for `CA_YEARS`; below it hangs one authority, that for TLS."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = common_name(name)
        builder = _certificate(subject, subject, key.public_key(), at, timedelta(days=365 * CA_YEARS))
        builder = (
            builder.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
            .add_extension(usage(key_cert_sign=True, crl_sign=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        return cls(builder.sign(key, hashes.SHA256()), key)

    @classmethod
    def opened(cls, content: bytes, passphrase: str) -> Authority:
        """What `closed` made. Raises `NotGranted`."""
        try:
            if "\0" in passphrase:
                raise ValueError("cryptography does not take it")
            key, certificate, _ = pkcs12.load_key_and_certificates(content, passphrase.encode())
        except ValueError as why:
            raise NotGranted(
                "this passphrase does not open the authority's key, or the file is another one"
            ) from why
        if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate is None:
            raise NotGranted("this file is not the key of a centre's authority")
        return cls(certificate, key)

    def closed(self, passphrase: str) -> bytes:
        """Key and certificate as PKCS#12 that opens with the passphrase, slowly."""
        closing = (
            PrivateFormat.PKCS12.encryption_builder()
            .kdf_rounds(PASSPHRASE_ROUNDS)
            .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
            .hmac_hash(hashes.SHA256())
            .build(passphrase.encode())
        )
        return pkcs12.serialize_key_and_certificates(b"motcua", self.key, self.certificate, None, closing)

    def certify(self, name: str, key: _PublicKey, at: datetime, years: int) -> x509.Certificate:
        """A certificate to sign documents with, of somebody whose key somebody else keeps."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = _certificate(subject, self.certificate.subject, key, at, timedelta(days=365 * years))
        return builder.add_extension(
            usage(digital_signature=True, content_commitment=True), critical=True
        ).sign(self.key, hashes.SHA256())

    def issue_token(
        self, name: str, pin: str, at: datetime, *, of_agency: bool = False
    ) -> tuple[bytes, bytes]:
        """A signing token of a person or an agency for a demo: (PKCS#12 closed with `pin`, certificate DER).

        In an office they sign with certificates of the government's own authority (NĐ 68/2024).
        """
        key = ec.generate_private_key(ec.SECP256R1()) if of_agency else rsa.generate_private_key(65537, 2048)
        certificate = self.certify(name, key.public_key(), at, PERSON_YEARS)
        token = pkcs12.serialize_key_and_certificates(
            name.encode(), key, certificate, [self.certificate], BestAvailableEncryption(pin.encode())
        )
        return token, certificate.public_bytes(Encoding.DER)

    def issue_list(
        self, revoked: Mapping[int, datetime], at: datetime, fresh_until: datetime, number: int = 1
    ) -> bytes:
        """A list of revoked certificates (DER): serial numbers, and since when."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(at)
            .next_update(fresh_until)
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        for serial, since in revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: _PublicKey,
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


class Numbers(msgspec.Struct, frozen=True):
    """Numbers that a machine may give, ahead of time: receipts of a symbol, forms of a pad, results of an agency,
    tickets of a queue (`*`: of every queue)."""

    what: Literal["receipt", "pad", "result", "ticket"]
    symbol: str
    first: Annotated[int, Meta(ge=1, le=99_999_999)]
    last: Annotated[int, Meta(ge=1, le=99_999_999)]
    form: str = ""

    def __str__(self) -> str:
        return f"{self.what}:{self.symbol}:{self.first}-{self.last}" + (f":{self.form}" if self.form else "")

    def meets(self, what: str, symbol: str, form: str, first: int, last: int) -> bool:
        """Whether one number would be given by both."""
        same = (self.what, self.symbol, self.form) == (what, symbol, form)
        same = same or (self.what == what == "ticket" and "*" in (self.symbol, symbol))
        return same and self.first <= last and first <= self.last

    def granted(self, node: str, lease: Lease) -> NumberRange:
        """The range as the catalog says it: good for as long as the machine's number is."""
        return NumberRange(
            id=f"{node} {self.what} {self.symbol} {self.form} {self.first}",
            node=node,
            what=self.what,
            first=self.first,
            last=self.last,
            since=lease.since,
            until=lease.until,
            form=self.form,
            symbol=self.symbol,
        )


class Place(msgspec.Struct, frozen=True):
    """What a machine is to be. `address`: where others reach it ("": as it says itself); no `agencies`: all."""

    node: str
    title: str
    number: int
    duties: tuple[Duty, ...]
    address: str = ""
    agencies: tuple[str, ...] = ()
    building: str = ""
    ranges: tuple[Numbers, ...] = ()
    front: bool = False

    @property
    def name(self) -> str:
        """The place itself, whichever installation stands there."""
        return incarnation(self.node)[0]

    def card(self, request: Request, lease: Lease, tls: bytes = b"") -> Card:
        """The card for the keys of a request, with its TLS certificate (DER)."""
        return Card(
            node=self.node,
            place=self.name,
            title=self.title,
            number=self.number,
            lease_from=lease.since,
            lease_to=lease.until,
            duties=self.duties,
            ed25519=request.ed25519,
            x25519=request.x25519,
            address=self.address or request.address,
            agencies=self.agencies,
            building=self.building,
            tls=to_base64(tls),
            front=self.front,
        )


@dataclass(frozen=True, slots=True)
class Lease:
    """The first and the last day on which a node may use its number, and its TLS certificate's last."""

    since: date
    until: date

    @classmethod
    def beginning(cls, at: datetime) -> Lease:
        """From the Vietnamese day of `at`."""
        day = local_day(at)
        return cls(day, day + LEASE)

    @property
    def end(self) -> datetime:
        """Midnight in Vietnam after the last day."""
        return datetime.combine(self.until + timedelta(days=1), time(), VIETNAM)


def found(
    folder: Folder,
    place: Place,
    settings: NodeSettings,
    *,
    centre: Centre,
    entries: Callable[[Authority], Iterable[Entry]],
    by: str,
    clock: Clock,
    ids: Ids,
    reach: Iterable[str] = (),
) -> Authority:
    """Found a centre: its authority, whose key is kept by the caller or nowhere, and central's own folder.

    The catalog begins with central's card, then `centre`, then `entries`. `reach`: what the certificates of nodes may
    name beside the building (`Names`). Raises `NotGranted`.
    """
    at = clock()
    authority, keys = Authority.make(centre.name, at), NodeKeys.generate()
    tls = make_tls_authority(authority.certificate, authority.key, Names.of(reach), at)
    lay_foundation(
        folder,
        place,
        settings,
        keys=keys,
        root=authority.der,
        sign=authority.sign,
        at=at,
        ids=ids,
        tls=tls,
    )
    node = Node(folder, settings, clock=clock, ids=ids)
    try:
        words = msgspec.structs.replace(centre, tls_authority=to_base64(tls.der))
        Office(node).define([words, *entries(authority)], by=by)
    finally:
        node.close()
    return authority


def first_card(
    card: Card, keys: NodeKeys, sign: Callable[[bytes], Signed], at: datetime, ids: Ids
) -> Document:
    """Central's own card as nothing but the authority vouches for it: it follows no entry. `sign` is the authority's."""
    return write(
        stream=ids.stream(at),
        kind=kind_of(card),
        parents=(),
        rests_on=(),
        at=at,
        node=card.node,
        seq=1,
        prev="",
        catalog="",
        by="",
        data=msgspec.to_builtins(card),
        salt=ids.salt(),
        seal=keys.ed25519.sign,
        sign=sign,
    )


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
    tls: TlsAuthority | None = None,
) -> None:
    """Make central's folder with these keys. `root` is the authority's certificate (DER); it signs the first entry."""
    keep_keys(folder.keys, keys)
    folder.root.write_bytes(root)
    if tls is not None:
        tls.keep(folder)
    lease = Lease.beginning(at)
    certificate = (
        b"" if tls is None else tls.certify(keys.tls_key, place.name, host_of(place.address), at, lease.end)
    )
    card = place.card(read_request(make_request(keys, address="", server="")), lease, certificate)
    first = first_card(card, keys, sign, at, ids)
    event = str(first["_id"]).partition(":")[2]
    heads = {"catalog": (1, event, timestamp(at)), "dossiers": (0, event, ""), "visits": (0, event, "")}
    lay_down(folder, [first], heads, ids)
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
    """Request, answer and folder of a node at central itself, for one that is carried to its place ready.

    New keys, unless they are given.
    """
    if keys is not None:
        keep_keys(folder.keys, keys)
    own = own_keys(folder)
    request = read_request(make_request(own, address="", server=""))
    answer = grant(centre, place, request, by=by)
    settle_in(folder, own, answer, lambda card, central: settings, centre.ids)


def grant(centre: Node, place: Place, request: Request, *, by: str) -> bytes:
    """Write the card that a request asks for, and its numbers; the answer. Raises `NotGranted`."""
    at, office = centre.clock(), Office(centre)
    lease, tls = Lease.beginning(at), TlsAuthority.read(centre.folder)
    certificate = b""
    if tls is not None and request.tls:
        host = host_of(place.address or request.address)
        certificate = tls.certify(from_base64(request.tls, "tls"), place.name, host, at, lease.end)
    ranges = [numbers.granted(place.node, lease) for numbers in place.ranges]
    office.define([place.card(request, lease, certificate), *ranges], by=by)
    return answer_for(centre, place.node)


def answer_for(centre: Node, node: str) -> bytes:
    """What a node that has its card needs to begin."""
    return msgspec.json.encode(Answer(1, node, to_base64(centre.catalog.root), Office(centre).entries()))


def host_of(address: str) -> str:
    """The host in the URL of a node; "" where it has none, or one that only its own machine reaches."""
    host = urlsplit(address).hostname or ""
    return "" if is_loopback(host) else host


class Office:
    """Writes the catalog, at central only."""

    def __init__(self, centre: Node) -> None:
        self._centre = centre
        self._store = centre.stores["catalog"]
        self._chain = OwnChain(
            centre.file, self._store, centre.keys, centre.clock, centre.ids, node=centre.id
        )

    def define(
        self, entries: Iterable[Entry], *, by: str, with_: Sequence[str] = (), choosing: bool = False
    ) -> int:
        """Write entries, all of them or none; how many. A later entry on a subject replaces the earlier one.

        `with_`: second persons, where the entry needs them. `choosing`: they end what central was stopped for.
        Raises `NotGranted` while it is.
        """
        written: dict[tuple[str, str], tuple[str, str]] = {}
        count = 0
        if not choosing and (why := self.stopped) is not None:
            raise why
        with self._centre.file.write():
            for entry in entries:
                subject = (kind_of(entry), subject_of(entry))
                known = written.get(subject) or self._centre.catalog.stream_of(entry)
                at = self._chain.now()
                stream = known[0] if known else self._centre.ids.stream(at)
                data = msgspec.to_builtins(entry)
                parents = [known[1]] if known else []
                event = self._chain.append(
                    stream, subject[0], data, parents=parents, by=by, at=at, with_=with_
                )
                written[subject] = (stream, event)
                count += 1
        return count

    @property
    def stopped(self) -> NotGranted | None:
        """Why central can say nothing now."""
        with self._centre.file.read():
            begun = Chain.get_or_none(Chain.database == self._store.name) is not None
        if not begun:
            return NotGranted(
                f"{self._centre.id} is new and collects what the machines have: it says nothing before it takes over"
                " (`motcua central takeover`)",
                "collecting",
            )
        if self._centre.branched:
            return NotGranted(
                "the catalog has two branches, and central says nothing more: two administrators choose one, with"
                " `motcua central choose`",
                "branches",
            )
        return None

    def confirm(self) -> bool:
        """Say that nothing newer is to be known, if nothing was said for some days; whether it was said.

        A node counts by the newest entry how long it has not heard of central (design §3.2, `max_catalog_age`).
        """
        at = self._centre.clock()
        if self._centre.catalog.latest.age(timestamp(at)) < QUIET:
            return False
        self.define([Confirmation(local_day(at))], by="")
        return True

    def entries(self) -> list[Document]:
        """All entries as documents, in order."""
        with self._centre.file.read():
            documents = [self._store.get(summary.id) for summary in self._store.all_docs()]
        return sorted(documents, key=lambda document: int(document["seq"]))


def write_token(folder: Folder, person: str, token: bytes) -> Path:
    """Put a person's PKCS#12 file where the node looks for it, readable to the node only."""
    folder.tokens.mkdir(mode=0o700, exist_ok=True)
    path = folder.tokens / f"{person}.p12"
    path.write_bytes(folder.at_rest.shut(path.name, token))
    path.chmod(0o600)
    return path
