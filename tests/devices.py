"""A PKCS#11 device in software (SoftHSM2): what a USB token says and does, with keys that were put on it here."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pkcs11 import Attribute, ObjectClass

MODULE: Final = "/usr/lib/softhsm/libsofthsm2.so"
_FLAGS: Final = (0x8000534B).to_bytes(8, "big")
"""SoftHSM's own attribute (CKA_OS_TOKENFLAGS) in a token's file."""
_LOCKED: Final = 0x00040000
_KEY_ID: Final = "01"


class Devices:
    """Devices in one folder, told apart by their labels; the module is loaded once a process and finds this folder."""

    def __init__(self, folder: Path, environment: pytest.MonkeyPatch) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        environment.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        self.conf = folder / "softhsm2.conf"
        self._places = folder / "tokens"
        self._places.mkdir()
        self.conf.write_text(
            f"directories.tokendir = {self._places}\nobjectstore.backend = file\nlog.level = ERROR\n"
        )

    def plug(
        self, label: str, pin: str, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, certificate: bytes
    ) -> Path:
        """A new device with a key and its certificate (DER); its folder."""
        before = set(self._places.iterdir())
        self._run("--init-token", "--free", "--label", label, "--so-pin", "00000000", "--pin", pin)
        pem = self.folder / "key.pem"
        pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        named = ("--token", label, "--label", label, "--id", _KEY_ID, "--pin", pin)
        self._run("--import", str(pem), *named)
        pem.unlink()
        self.look_again()
        token = next(one for one in pkcs11.lib(MODULE).get_tokens() if one.label.strip() == label)
        with token.open(rw=True, user_pin=pin) as session:
            session.create_object(
                {
                    Attribute.CLASS: ObjectClass.CERTIFICATE,
                    Attribute.CERTIFICATE_TYPE: pkcs11.constants.CertificateType.X_509,
                    Attribute.TOKEN: True,
                    Attribute.LABEL: label,
                    Attribute.ID: bytes.fromhex(_KEY_ID),
                    Attribute.SUBJECT: b"0",
                    Attribute.VALUE: certificate,
                }
            )
        (place,) = set(self._places.iterdir()) - before
        return place

    def unplug(self, place: Path) -> None:
        """The device is gone, from one moment to the next; the module is not told."""
        shutil.rmtree(place)

    def lock(self, place: Path) -> None:
        """As a device is after too many wrong PINs. SoftHSM counts none, so the flag is set in its file."""
        file = place / "token.object"
        content = bytearray(file.read_bytes())
        at = content.index(_FLAGS) + len(_FLAGS) + 8  # the attribute's kind stands between
        flags = int.from_bytes(content[at : at + 8], "big") | _LOCKED
        content[at : at + 8] = flags.to_bytes(8, "big")
        file.write_bytes(content)
        self.look_again()

    def look_again(self) -> None:
        """SoftHSM looks for devices when it is loaded, and not again."""
        pkcs11.lib(MODULE).reinitialize()

    def close(self) -> None:
        with contextlib.suppress(pkcs11.PKCS11Error):
            pkcs11.lib(MODULE).finalize()

    def _run(self, *arguments: str) -> None:
        subprocess.run(
            ["softhsm2-util", *arguments],
            check=True,
            capture_output=True,
            env={"SOFTHSM2_CONF": str(self.conf), "PATH": "/usr/bin:/bin"},
        )
