"""What an administrator does for people, beside their roles: certificates, temporary passwords, signing out.

The office as people at other machines reach it is here too: `NearOffice` at central itself, and what a machine asks
over the line (`answer`).
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from central.centre import Office
from central.staff_import import Wrong
from edge.keys import password_holds
from edge.node import Node
from edge.office import Ask
from schemas.canonical import to_base64
from schemas.entries import Agency, Password, Person, Revocation, SignOut
from schemas.events import timestamp

LEAST_RSA_BITS: Final = 2048
_WORDS: Final = [
    "ban",
    "cay",
    "chim",
    "cua",
    "dao",
    "den",
    "ga",
    "gao",
    "ghe",
    "hoa",
    "keo",
    "la",
    "mai",
    "may",
    "meo",
    "mua",
    "nam",
    "nau",
    "non",
    "nui",
    "oi",
    "que",
    "rau",
    "sao",
    "sen",
    "song",
    "su",
    "tau",
    "tho",
    "tim",
    "trang",
    "tre",
    "trong",
    "tu",
    "vang",
    "voi",
    "vui",
    "xa",
    "xanh",
    "xe",
]


class NearOffice:
    """At central itself nothing has to travel. Raises `WrongPassword`."""

    def __init__(self, centre: Node) -> None:
        self._centre = centre

    def change_password(self, person: str, password: str, verifier: str) -> None:
        """An entry of the catalog, by the person; of the new password it has the `verifier` alone."""
        self._centre.people.check_password(person, password)
        Office(self._centre).define([Password(person, verifier)], by=person)

    def sign_out(self, person: str, password: str, *, forget_pins: bool) -> None:
        """An entry of the catalog, by the person: it takes effect at each machine when that hears of it."""
        self._centre.people.check_password(person, password)
        said = SignOut(person, "người này tự yêu cầu", forget_pins)
        Office(self._centre).define([said], by=person)


def answer(centre: Node, ask: Ask) -> None:
    """Do what a person asks from another machine. Raises `WrongPassword`, `msgspec.ValidationError`."""
    office = NearOffice(centre)
    if not ask.verifier:
        office.sign_out(ask.person, ask.password, forget_pins=ask.forget_pins)
        return
    wanted = {"person": ask.person, "verifier": ask.verifier}
    office.change_password(ask.person, ask.password, msgspec.convert(wanted, Password).verifier)


def is_our_machine(centre: Node, name: str, proof: str) -> bool:
    """Whether a machine with a card shows that it is this one."""
    card = centre.catalog.latest.card(name)
    return card is not None and card.opens and password_holds(card.ed25519, name, centre.id, proof)


def give_temporary_password(centre: Node, person: str, *, by: str) -> str:
    """A password to be told once, in person; it opens nothing but the page on which its owner sets another.

    Six words out of 42 and four digits: more than 45 bits, and it is tried slowly.
    """
    chosen = [secrets.choice(_WORDS) for _ in range(6)]
    password = " ".join([*chosen, f"{secrets.randbelow(10_000):04d}"])
    verifier = centre.people.verifier_of(password)
    Office(centre).define([Password(person, verifier, temporary=True)], by=by)
    return password


def sign_out(centre: Node, person: str, reason: str, *, forget_pins: bool, by: str) -> None:
    """End every session of a person at every machine that hears of it; with `forget_pins` their PINs there
    too.
    """
    Office(centre).define([SignOut(person, reason, forget_pins)], by=by)


def revoke_certificate(centre: Node, name: str, reason: str, *, by: str) -> None:
    """What it signed until now stays; what it signs from now on is contested or refused."""
    said = Revocation("certificate", name, timestamp(centre.clock()), reason)
    Office(centre).define([said], by=by)


def read_certificate(content: bytes, holder: Person | Agency, at: datetime) -> str:
    """A certificate (PEM or DER) that a person or an agency may sign with, as the catalog keeps it. Raises `Wrong`."""
    try:
        load = (
            x509.load_pem_x509_certificate if content.startswith(b"-----") else x509.load_der_x509_certificate
        )
        certificate = load(content)
        key = certificate.public_key()
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound as why:
        raise Wrong("chứng thư không ghi mục đích sử dụng khoá") from why
    except (ValueError, TypeError) as why:
        raise Wrong("không đọc được tệp này: cần chứng thư X.509 dạng PEM hoặc DER") from why
    if not (usage.digital_signature or usage.content_commitment):
        raise Wrong("chứng thư này không dùng để ký")
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise Wrong("loại khoá của chứng thư chưa dùng được")
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < LEAST_RSA_BITS:
        raise Wrong(f"khoá RSA dưới {LEAST_RSA_BITS} bit không còn an toàn")
    if certificate.not_valid_after_utc <= at:
        raise Wrong(f"chứng thư đã hết hạn ngày {certificate.not_valid_after_utc:%d/%m/%Y}")
    text = to_base64(certificate.public_bytes(Encoding.DER))
    if text in holder.certificates:
        raise Wrong("chứng thư này đã có trong danh mục")
    return text
