"""Signing tokens: a PKCS#12 file, or a device behind PKCS#11 whose key never leaves it.

A token is open for one signing act, by the PIN that its owner types for it. Which device a person or an agency uses
stands in the node's configuration; which certificate is theirs, in the catalog. A PKCS#11 module logs in for the
whole process, not for a session: so one act at a time per process, and whoever comes next types a PIN again.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Final

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509 import load_der_x509_certificate
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass, TokenFlag
from pkcs11.util.ec import encode_ecdsa_signature

from edge.at_rest import OPEN, AtRest
from edge.errors import CannotSign
from edge.settings import TokenSettings
from schemas.canonical import to_base64
from schemas.events import Signed
from schemas.seals import fingerprint

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey
_PSS_ONLY: Final = "1.2.840.113549.1.1.10"
_SHA256_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")
"""DigestInfo of SHA-256 (RFC 8017 §9.2), for devices that only sign what was hashed before."""
_DEVICE: Final = threading.RLock()
_SIGNED_IN: Final[dict[tuple[str, int], str]] = {}
"""The PIN of each device that is open now, by module and slot: one that holds two certificates is opened twice."""


class Algorithm(Enum):
    """The names of `signed.algorithm`."""

    RSA_PKCS1 = "rsa-pkcs1-sha256"
    RSA_PSS = "rsa-pss-sha256"
    ECDSA_P256 = "ecdsa-p256-sha256"
    ED25519 = "ed25519"


class Token(ABC):
    """An opened token: `certificate` is its DER, `longest` the most bytes that a signature takes."""

    def __init__(self, certificate: bytes, algorithm: Algorithm) -> None:
        self.certificate, self.algorithm, self.holder = certificate, algorithm, ""
        key = load_der_x509_certificate(certificate).public_key()
        self.longest = key.key_size // 8 if isinstance(key, rsa.RSAPublicKey) else 80

    @abstractmethod
    def sign(self, message: bytes) -> bytes:
        """The raw signature, ECDSA's in DER. Raises `CannotSign`."""

    def sign_decision(self, message: bytes) -> Signed:
        """As it stands in an event."""
        return Signed(fingerprint(self.certificate), self.algorithm.value, to_base64(self.sign(message)))


class Tokens:
    """The tokens of one node: devices by its configuration, else `<holder>.p12` in `folder`."""

    def __init__(
        self, folder: Path, devices: Sequence[TokenSettings] = (), *, at_rest: AtRest = OPEN
    ) -> None:
        self._folder, self._at_rest = folder, at_rest
        self._devices = {device.holder: device for device in reversed(devices)}

    def of(self, holder: str) -> TokenSettings | None:
        """The device that a person or an agency uses here; None: a PKCS#12 file."""
        found = self._devices.get(holder)
        if found is None and not self._file(holder).exists():
            found = self._devices.get("")
        return found

    @contextlib.contextmanager
    def open(self, holder: str, pin: str, *, certificates: Sequence[bytes]) -> Iterator[Token]:
        """Open the token of a person (by id) or an agency (by code); `certificates` are the DER that may be used.

        Raises `CannotSign`: no_token, no_module, wrong_pin, locked, not_yours, removed, algorithm, device.
        """
        device = self.of(holder)
        with contextlib.ExitStack() as closing:
            try:
                if device is not None:
                    token: Token = closing.enter_context(_opened_device(device, pin, certificates))
                else:
                    token = _opened_file(self._file(holder), self._at_rest, pin, certificates)
            except CannotSign as why:
                raise CannotSign(why.why, holder) from why
            token.holder = holder
            yield token

    def _file(self, holder: str) -> Path:
        return self._folder / f"{holder}.p12"


class _File(Token):
    def __init__(self, certificate: bytes, algorithm: Algorithm, key: PrivateKey) -> None:
        super().__init__(certificate, algorithm)
        self._key = key

    def sign(self, message: bytes) -> bytes:
        match self._key:
            case rsa.RSAPrivateKey() if self.algorithm is Algorithm.RSA_PSS:
                pss = padding.PSS(padding.MGF1(SHA256()), SHA256().digest_size)
                return self._key.sign(message, pss, SHA256())
            case rsa.RSAPrivateKey():
                return self._key.sign(message, padding.PKCS1v15(), SHA256())
            case ec.EllipticCurvePrivateKey():
                return self._key.sign(message, ec.ECDSA(SHA256()))
            case _:
                return self._key.sign(message)


def _opened_file(path: Path, at_rest: AtRest, pin: str, certificates: Sequence[bytes]) -> Token:
    try:
        content = at_rest.read(path)
    except (FileNotFoundError, ValueError) as why:  # a file that is another node's is none here
        raise CannotSign("no_token") from why
    if "\0" in pin:  # which no such file has, and cryptography does not take
        raise CannotSign("wrong_pin")
    try:
        key, certificate, others = pkcs12.load_key_and_certificates(content, pin.encode())
    except ValueError as why:
        raise CannotSign("wrong_pin") from why
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey):
        raise CannotSign("no_token")
    # OpenSSL pairs no RSA key with a certificate for PSS: it comes among the others
    of_key = [one for one in (certificate, *others) if one and _same(key, one.public_key())]
    ders = [one.public_bytes(Encoding.DER) for one in of_key]
    der = next((one for one in ders if one in certificates), None)
    if der is None:
        raise CannotSign("not_yours" if ders else "no_token")
    return _File(der, algorithm_of(der), key)


def _same(key: PrivateKey, public: object) -> bool:
    return key.public_key() == public


def algorithm_of(certificate: bytes) -> Algorithm:
    """What the key of a certificate (DER) signs with; RSA with PKCS#1 v1.5, as tokens do, unless it is for PSS only.

    Raises `CannotSign("algorithm")`.
    """
    read = load_der_x509_certificate(certificate)
    match read.public_key():
        case rsa.RSAPublicKey():
            for_pss = read.public_key_algorithm_oid.dotted_string == _PSS_ONLY
            return Algorithm.RSA_PSS if for_pss else Algorithm.RSA_PKCS1
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            return Algorithm.ECDSA_P256
        case Ed25519PublicKey():
            return Algorithm.ED25519
        case _:
            raise CannotSign("algorithm")


class _Device(Token):
    def __init__(
        self, certificate: bytes, algorithm: Algorithm, key: Any, mechanisms: set[Mechanism]
    ) -> None:
        super().__init__(certificate, algorithm)
        self._key, self._mechanisms = key, mechanisms

    def sign(self, message: bytes) -> bytes:
        with _told(self.holder):
            return self._sign(message)

    def _sign(self, message: bytes) -> bytes:
        sign, digest = self._key.sign, hashlib.sha256(message).digest()
        match self.algorithm:
            case Algorithm.RSA_PKCS1 if Mechanism.SHA256_RSA_PKCS in self._mechanisms:
                return bytes(sign(message, mechanism=Mechanism.SHA256_RSA_PKCS))
            case Algorithm.RSA_PKCS1:
                return bytes(sign(_SHA256_INFO + digest, mechanism=Mechanism.RSA_PKCS))
            case Algorithm.RSA_PSS:
                how = (Mechanism.SHA256, pkcs11.MGF.SHA256, len(digest))
                return bytes(sign(message, mechanism=Mechanism.SHA256_RSA_PKCS_PSS, mechanism_param=how))
            case Algorithm.ECDSA_P256:
                return encode_ecdsa_signature(sign(digest, mechanism=Mechanism.ECDSA))
            case Algorithm.ED25519:
                return bytes(sign(message, mechanism=Mechanism.EDDSA))


@contextlib.contextmanager
def _opened_device(device: TokenSettings, pin: str, certificates: Sequence[bytes]) -> Iterator[Token]:
    with _DEVICE, contextlib.ExitStack() as closing:
        with _told():
            session = _session(device, pin, closing)
            token = _token_in(session, certificates)
        yield token


def _session(device: TokenSettings, pin: str, closing: contextlib.ExitStack) -> Any:
    """A session in which the owner is signed in."""
    found = _present(device)
    if TokenFlag.USER_PIN_LOCKED in found.flags:
        # asked before the PIN is tried: a locked token answers nothing that would help
        raise CannotSign("locked")
    key = (device.module, found.slot.slot_id)
    known = _SIGNED_IN.get(key)
    if known is not None and known != pin:
        raise CannotSign("wrong_pin")
    try:
        session = found.open(user_pin=pin) if known is None else found.open()
    except pkcs11.exceptions.PinIncorrect as why:
        raise CannotSign(_after_a_mistake(found.slot)) from why
    closing.callback(_close, session)
    if known is None:
        _SIGNED_IN[key] = pin
        closing.callback(_SIGNED_IN.pop, key)
    return session


def _after_a_mistake(slot: Any) -> str:
    """What the device says of itself now: one more mistake may lock it. What was read before the PIN was tried is older."""
    flags = slot.get_token().flags
    if TokenFlag.USER_PIN_LOCKED in flags:
        return "locked"
    return "last_try" if TokenFlag.USER_PIN_FINAL_TRY in flags else "wrong_pin"


def _close(session: Any) -> None:
    with contextlib.suppress(pkcs11.PKCS11Error):  # a device that is gone cannot be closed
        session.close()


def _present(device: TokenSettings) -> Any:
    try:
        module = pkcs11.lib(device.module)
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as why:
        raise CannotSign("no_module") from why
    slots = module.get_slots(token_present=True)
    for place, slot in enumerate(slots):
        try:
            token = slot.get_token()
        except pkcs11.PKCS11Error:
            continue  # an empty slot of a reader with several
        if TokenFlag.TOKEN_INITIALIZED not in token.flags:
            continue
        if device.label and token.label.strip() != device.label:
            continue
        if device.slot is None or device.slot == place:
            return token
    raise CannotSign("no_token")


def _token_in(session: Any, certificates: Sequence[bytes]) -> Token:
    """The first certificate on the device that may be used, with its key."""
    wanted = {Attribute.CLASS: ObjectClass.CERTIFICATE}
    found = [(bytes(one[Attribute.VALUE]), one[Attribute.ID]) for one in session.get_objects(wanted)]
    mine = [(der, key_id) for der, key_id in found if der in certificates]
    if not mine:
        raise CannotSign("not_yours" if found else "no_token")
    der, key_id = mine[0]
    keys = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: key_id}))
    if not keys:
        raise CannotSign("no_token")
    mechanisms = set(session.token.slot.get_mechanisms())
    algorithm = algorithm_of(der)
    if keys[0].key_type is KeyType.RSA and algorithm is Algorithm.RSA_PKCS1:
        hashes_itself = {Mechanism.SHA256_RSA_PKCS, Mechanism.RSA_PKCS}
        algorithm = algorithm if mechanisms & hashes_itself else Algorithm.RSA_PSS
    return _Device(der, algorithm, keys[0], mechanisms)


_GONE: Final = (
    pkcs11.exceptions.DeviceRemoved,
    pkcs11.exceptions.TokenNotPresent,
    pkcs11.exceptions.SessionHandleInvalid,
    pkcs11.exceptions.SessionClosed,
    pkcs11.exceptions.ObjectHandleInvalid,
    pkcs11.exceptions.KeyHandleInvalid,
    pkcs11.exceptions.UserNotLoggedIn,
)


@contextlib.contextmanager
def _told(holder: str = "") -> Iterator[None]:
    """What a device says no with, as a person can act on it."""
    try:
        yield
    except (
        pkcs11.exceptions.PinIncorrect,
        pkcs11.exceptions.PinInvalid,
        pkcs11.exceptions.PinLenRange,
    ) as why:
        raise CannotSign("wrong_pin", holder) from why
    except pkcs11.exceptions.PinLocked as why:
        raise CannotSign("locked", holder) from why
    except _GONE as why:
        raise CannotSign("removed", holder) from why
    except pkcs11.PKCS11Error as why:
        raise CannotSign("device", holder) from why
