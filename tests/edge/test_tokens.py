"""Tokens: a file or a device; every key, every no, and a PIN that is asked for each time."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime
from pathlib import Path

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pkcs11 import Attribute, KeyType, ObjectClass, TokenFlag
from pkcs11.exceptions import PinIncorrect

from edge import tokens as edge_tokens
from edge.errors import CannotSign
from edge.settings import TokenSettings
from edge.tokens import Algorithm, Tokens
from schemas.canonical import from_base64
from schemas.events import Signed
from schemas.seals import _verify
from tests.devices import MODULE, Devices
from tests.signers import TestAuthority, closed, for_pss_only

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CA = TestAuthority("CA thử", NOW)
RSA = rsa.generate_private_key(65537, 2048)
P256 = ec.generate_private_key(ec.SECP256R1())
PIN = "135790"
MESSAGE = b"motcua/decision/1\n{}"


def holds(signed: Signed, certificate: bytes) -> bool:
    return _verify(certificate, signed.algorithm, signed.value, MESSAGE)


def device(
    devices: Devices, label: str, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, der: bytes
) -> Path:
    return devices.plug(label, PIN, key, der)


def tokens(folder: Path, label: str = "", holder: str = "viet.tq") -> Tokens:
    return Tokens(folder, [TokenSettings(MODULE, holder, label)])


def why(tokens: Tokens, pin: str, der: bytes, holder: str = "viet.tq") -> str:
    with pytest.raises(CannotSign) as cannot, tokens.open(holder, pin, certificates=[der]) as token:
        token.sign(MESSAGE)
    assert cannot.value.holder == holder
    return cannot.value.why


# ---- files


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (RSA, Algorithm.RSA_PKCS1),
        (P256, Algorithm.ECDSA_P256),
        (Ed25519PrivateKey.generate(), Algorithm.ED25519),
    ],
)
def test_a_file_signs_as_its_key_does(
    tmp_path: Path,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey,
    algorithm: Algorithm,
) -> None:
    der = CA.issue("Trần Quốc Việt", key)
    (tmp_path / "viet.tq.p12").write_bytes(closed(key, der, PIN))
    with Tokens(tmp_path).open("viet.tq", PIN, certificates=[der]) as token:
        assert token.algorithm is algorithm
        assert len(token.sign(MESSAGE)) <= token.longest
        assert holds(token.sign_decision(MESSAGE), der)


def test_a_key_for_pss_alone_signs_with_pss(tmp_path: Path) -> None:
    """The certificate says so, and whoever verifies must hold to it."""
    der = for_pss_only(CA.issue("Trần Quốc Việt", RSA), CA)
    (tmp_path / "viet.tq.p12").write_bytes(closed(RSA, der, PIN))
    with Tokens(tmp_path).open("viet.tq", PIN, certificates=[der]) as token:
        assert token.algorithm is Algorithm.RSA_PSS
        assert holds(token.sign_decision(MESSAGE), der)


def test_a_file_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    der, other = CA.issue("Việt", P256), CA.issue("Mai", P256)
    assert why(Tokens(tmp_path), PIN, der) == "no_token"
    (tmp_path / "viet.tq.p12").write_bytes(closed(P256, der, PIN))
    for wrong in ("000000", "", "\0\7", "\ud800", "0" * 5_000):
        assert why(Tokens(tmp_path), wrong, der) == "wrong_pin"
    assert why(Tokens(tmp_path), PIN, other) == "not_yours"
    (tmp_path / "viet.tq.p12").write_bytes(b"no token")
    assert why(Tokens(tmp_path), PIN, der) == "wrong_pin"


def test_a_curve_that_nobody_can_check_is_refused(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    der = CA.issue("Việt", key)
    (tmp_path / "viet.tq.p12").write_bytes(closed(key, der, PIN))
    assert why(Tokens(tmp_path), PIN, der) == "algorithm"


# ---- devices


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, Algorithm.RSA_PKCS1), (P256, Algorithm.ECDSA_P256)])
def test_a_device_signs_and_its_key_stays_there(
    devices: Devices,
    tmp_path: Path,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    algorithm: Algorithm,
) -> None:
    label, der = f"signs-{algorithm.name}", CA.issue("Trần Quốc Việt", key)
    place = device(devices, label, key, der)
    with tokens(tmp_path, label).open("viet.tq", PIN, certificates=[der]) as token:
        assert token.algorithm is algorithm
        assert holds(token.sign_decision(MESSAGE), der)
        secret = Attribute.PRIVATE_EXPONENT if algorithm is Algorithm.RSA_PKCS1 else Attribute.VALUE
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            vars(token)["_key"][secret]
    devices.unplug(place)


def test_a_device_signs_with_pss_where_the_certificate_asks_for_it(devices: Devices, tmp_path: Path) -> None:
    der = for_pss_only(CA.issue("Trần Quốc Việt", RSA), CA)
    place = device(devices, "pss", RSA, der)
    with tokens(tmp_path, "pss").open("viet.tq", PIN, certificates=[der]) as token:
        assert token.algorithm is Algorithm.RSA_PSS
        assert holds(token.sign_decision(MESSAGE), der)
    devices.unplug(place)


def test_a_device_that_made_its_ed25519_key_itself(devices: Devices, tmp_path: Path) -> None:
    """Nobody else has ever seen the key; the certificate comes afterwards."""
    place = device(devices, "edwards", P256, CA.issue("chưa dùng", P256))
    found = next(one for one in pkcs11.lib(MODULE).get_tokens() if one.label.strip() == "edwards")
    with found.open(rw=True, user_pin=PIN) as session:
        curve = pkcs11.util.ec.encode_named_curve_parameters("1.3.101.112")
        parameters = session.create_domain_parameters(
            KeyType.EC_EDWARDS, {Attribute.EC_PARAMS: curve}, local=True
        )
        public, _ = parameters.generate_keypair(
            mechanism=pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, id=b"\x07", label="ed"
        )
        der = CA.issue("Việt", Ed25519PublicKey.from_public_bytes(bytes(public[Attribute.EC_POINT])[-32:]))
        session.create_object(
            {
                Attribute.CLASS: ObjectClass.CERTIFICATE,
                Attribute.CERTIFICATE_TYPE: pkcs11.constants.CertificateType.X_509,
                Attribute.TOKEN: True,
                Attribute.ID: b"\x07",
                Attribute.SUBJECT: b"0",
                Attribute.VALUE: der,
            }
        )
    with tokens(tmp_path, "edwards").open("viet.tq", PIN, certificates=[der]) as token:
        assert token.algorithm is Algorithm.ED25519
        signed = token.sign_decision(MESSAGE)
    assert len(from_base64(signed.value, "value")) == 64
    assert holds(signed, der)
    devices.unplug(place)


def test_a_wrong_pin_opens_nothing_and_the_right_one_still_does(devices: Devices, tmp_path: Path) -> None:
    der = CA.issue("Việt", P256)
    place = device(devices, "wrong-pin", P256, der)
    mine = tokens(tmp_path, "wrong-pin")
    assert why(mine, "000000", der) == "wrong_pin"
    assert why(mine, "", der) == "wrong_pin"
    with mine.open("viet.tq", PIN, certificates=[der]) as token:
        assert holds(token.sign_decision(MESSAGE), der)
    assert why(mine, "000000", der) == "wrong_pin"
    devices.unplug(place)


class Counting:
    """A token that locks after three mistakes, and says so by flags that are read anew (stands for hardware: the library
    for tests counts no tries)."""

    def __init__(self, mistakes: int) -> None:
        self.slot, self._mistakes = self, mistakes
        self.slot_id = 77
        self.flags = self._now()

    def _now(self) -> TokenFlag:
        return {2: TokenFlag.USER_PIN_FINAL_TRY, 3: TokenFlag.USER_PIN_LOCKED}.get(
            self._mistakes, TokenFlag.USER_PIN_COUNT_LOW
        )

    def open(self, **_pin: str) -> object:
        self._mistakes += 1
        raise PinIncorrect

    def get_token(self) -> Counting:
        return Counting(self._mistakes)


@pytest.mark.parametrize(("before", "says"), [(0, "wrong_pin"), (1, "last_try"), (2, "locked")])
def test_a_mistake_that_leaves_one_try_says_so_while_there_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, before: int, says: str
) -> None:
    monkeypatch.setattr(edge_tokens, "_present", lambda device: Counting(before))
    assert why(tokens(tmp_path, "counting"), "000000", CA.issue("Việt", P256)) == says


def test_a_locked_device_is_said_to_be_locked(devices: Devices, tmp_path: Path) -> None:
    """Before the PIN is tried: the right one would not open it either."""
    der = CA.issue("Việt", P256)
    place = device(devices, "locked", P256, der)
    devices.lock(place)
    assert why(tokens(tmp_path, "locked"), PIN, der) == "locked"
    devices.unplug(place)


def test_a_device_pulled_out_in_the_middle_signs_nothing(devices: Devices, tmp_path: Path) -> None:
    """Opened, then gone: said as such, and the next one can be opened."""
    der = CA.issue("Việt", P256)
    place, mine = device(devices, "pulled", P256, der), tokens(tmp_path, "pulled")
    with contextlib.ExitStack() as closing:
        token = closing.enter_context(mine.open("viet.tq", PIN, certificates=[der]))
        devices.unplug(place)
        with pytest.raises(CannotSign) as cannot:
            token.sign(MESSAGE)
    assert (cannot.value.why, cannot.value.holder) == ("removed", "viet.tq")
    assert why(mine, PIN, der) == "no_token"
    place = device(devices, "pulled", P256, der)
    with mine.open("viet.tq", PIN, certificates=[der]) as token:
        assert holds(token.sign_decision(MESSAGE), der)
    devices.unplug(place)


def test_somebody_elses_device_and_a_missing_driver(devices: Devices, tmp_path: Path) -> None:
    der, other = CA.issue("Việt", P256), CA.issue("Mai", P256)
    place = device(devices, "else", P256, der)
    assert why(tokens(tmp_path, "else"), PIN, other) == "not_yours"
    assert why(tokens(tmp_path, "nobody"), PIN, der) == "no_token"
    assert why(Tokens(tmp_path, [TokenSettings("/no/such/module.so", "viet.tq")]), PIN, der) == "no_module"
    devices.unplug(place)


def test_a_reader_that_everybody_uses(devices: Devices, tmp_path: Path) -> None:
    """Without a name in the configuration it is whoever's device is plugged in; a file of one's own goes first."""
    der = CA.issue("Việt", P256)
    place = device(devices, "anybody", P256, der)
    shared = Tokens(tmp_path, [TokenSettings(MODULE, label="anybody")])
    with shared.open("mai.hk", PIN, certificates=[der]) as token:
        assert holds(token.sign_decision(MESSAGE), der)
    (tmp_path / "mai.hk.p12").write_bytes(closed(P256, der, "222222"))
    with shared.open("mai.hk", "222222", certificates=[der]) as token:
        assert holds(token.sign_decision(MESSAGE), der)
    devices.unplug(place)


def test_one_device_with_two_certificates_is_opened_twice_by_one_pin(
    devices: Devices, tmp_path: Path
) -> None:
    """A module signs in for the whole process: the second PIN is compared with the first, not let through."""
    der = CA.issue("Văn thư", P256)
    place = device(devices, "both", P256, der)
    both = Tokens(
        tmp_path, [TokenSettings(MODULE, "chi.nth", "both"), TokenSettings(MODULE, "H37.07", "both")]
    )
    with both.open("chi.nth", PIN, certificates=[der]) as own:
        with pytest.raises(CannotSign, match="wrong_pin"), both.open("H37.07", "000000", certificates=[der]):
            pass
        with both.open("H37.07", PIN, certificates=[der]) as organisation:
            assert holds(organisation.sign_decision(MESSAGE), der)
        assert holds(own.sign_decision(MESSAGE), der)
    assert why(both, "000000", der, "H37.07") == "wrong_pin"
    devices.unplug(place)


def test_two_people_at_two_screens_sign_one_after_the_other(devices: Devices, tmp_path: Path) -> None:
    """Somebody's open device never lets another screen's wrong PIN in."""
    der = CA.issue("Việt", P256)
    place, mine = device(devices, "threads", P256, der), tokens(tmp_path, "threads")
    opened, done, said = threading.Event(), threading.Event(), []

    def other_screen() -> None:
        opened.wait(10)
        done.set()
        said.append(why(mine, "000000", der))

    thread = threading.Thread(target=other_screen)
    thread.start()
    with mine.open("viet.tq", PIN, certificates=[der]) as token:
        opened.set()
        done.wait(10)
        assert holds(token.sign_decision(MESSAGE), der)
    thread.join(10)
    assert said == ["wrong_pin"]
    devices.unplug(place)
