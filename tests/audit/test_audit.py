"""The audit finds what it is for, and finds nothing here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.audit.__main__ import findings
from tests.audit.dependencies import Installed, advisories, known_holes, unlicensed, unlocked
from tests.audit.secrets_scan import secrets_in

ROOT = Path(__file__).parents[2]


def test_nothing_is_found_here() -> None:
    assert list(findings(ROOT)) == []


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (
            Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            "a private key",
        ),
        (b"key = '" + b"AKIA" + b"IOSFODNN7EXAMPLE'", "a key of a cloud"),
        (b"token: " + b"ghp_" + b"a1" * 18, "a token of a forge"),
        (b"//registry/:" + b"_authToken" + b"=abcdefghij", "a token of a registry"),
        (b"https" + b"://somebody:hunter22@" + b"example.test/", "a password in an address"),
    ],
)
def test_a_secret_is_found_with_its_line(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"first line\n" + content)
    assert list(secrets_in([path], tmp_path)) == [f"notes.txt:2: {what}"]


@pytest.mark.parametrize("name", ["seal.key", "keys/id_ed25519", "tokens/viet.tq.p12", ".env", "node.db"])
def test_a_file_that_holds_secrets_is_found_by_its_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    assert list(secrets_in([path], tmp_path)) == [f"{name}: a file of this name holds secrets or data"]


def test_a_package_without_hash_or_with_an_address_is_found(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text("a==1 \\\n    --hash=sha256:00\nb==2\n")
    (tmp_path / "requirements-dev.lock").write_text(
        "--index-url https://mirror.test/\nc==3 --hash=sha256:00\n"
    )
    packages = {"": {}, "node_modules/d": {"version": "1"}, "node_modules/e": {"integrity": "sha512-x"}}
    (tmp_path / "package-lock.json").write_text(json.dumps({"packages": packages}))
    assert list(unlocked(tmp_path)) == [
        "requirements.lock: b==2 is not locked by version and hash",
        "requirements-dev.lock: --index-url is not locked by version and hash",
        "requirements-dev.lock: it names an address",
        "package-lock.json: node_modules/d has no integrity",
    ]


def test_licences_and_holes_are_found() -> None:
    packages = [
        Installed("closed", "1.0", frozenset({"GPL-3.0-only"}), "GPL-3.0-only"),
        Installed("silent", "1.0", frozenset(), ""),
        Installed("jinja2", "3.1.5", frozenset({"BSD-3-Clause"}), "BSD-3-Clause"),
    ]
    assert list(unlicensed(packages)) == [
        "closed 1.0: GPL-3.0-only is not a licence for us",
        "silent 1.0: nobody knows its licence ('')",
    ]
    assert list(known_holes(packages, advisories())) == [
        "jinja2 3.1.5: CVE-2025-27516, out of the sandbox by attr"
    ]
