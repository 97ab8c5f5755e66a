"""`motcua central init`: a centre that is whole, or none at all."""

from __future__ import annotations

import socket
import ssl
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from central.centre import Authority
from central.errors import NotGranted
from central.founding import Foundation, found_centre
from edge.clock import system_clock
from edge.errors import CannotStart
from edge.folder import Folder
from edge.ids import Ids
from edge.node import Node
from edge.server import Door, application, serving
from edge.settings import read_settings
from edge.web import create_pages
from schemas.entries import Role
from schemas.seals import fingerprint
from tests.addresses import own_address

PASSPHRASE = "sáu từ dễ nhớ cho két sắt"
PASSWORD = "cơm tám giò lụa"


SAMPLE = files("central") / "sample"


def foundation(folder: Path, **given: object) -> Foundation:
    return Foundation(
        **{
            "data": folder / "central",
            "authority": folder / "authority.p12",
            "name": "Trung tâm Phục vụ hành chính công",
            "superior": "Ủy ban nhân dân tỉnh",
            "locality": "Lạng Sơn",
            "administrator": "quan.nv",
            "administrator_name": "Nông Văn Quân",
            "passphrase": PASSPHRASE,
            "password": PASSWORD,
            **given,
        }  # type: ignore[arg-type]
    )


def opened(told: Foundation) -> Node:
    return Node(Folder(told.data), read_settings(told.data), clock=system_clock, ids=Ids())


def test_a_founded_centre_is_ready_for_its_administrator(tmp_path: Path) -> None:
    """They sign in with their password; the authority's key is on the stick, closed, and nowhere in the folder."""
    told = foundation(
        tmp_path, agencies=Path(str(SAMPLE / "agencies.csv")), procedures=Path(str(SAMPLE / "procedures.csv"))
    )
    founded = found_centre(told, clock=system_clock, ids=Ids())
    node = opened(told)
    try:
        node.people.check_password("quan.nv", PASSWORD)
        person = node.catalog.latest.person("quan.nv")
        assert person is not None
        assert [grant.role for grant in person.roles] == [Role.ADMINISTRATOR]
        assert node.is_centre
        assert node.catalog.latest.agencies()
        assert founded.catalog == node.catalog.name
        root = node.catalog.root
    finally:
        node.close()

    key, certificate, _ = pkcs12.load_key_and_certificates(told.authority.read_bytes(), PASSPHRASE.encode())
    assert key is not None
    assert certificate is not None
    assert founded.fingerprint == fingerprint(root)
    assert certificate == x509.load_der_x509_certificate(root)
    secret = key.private_numbers().private_value.to_bytes(32)  # type: ignore[union-attr]
    for file in told.data.rglob("*"):
        assert not file.is_file() or secret not in file.read_bytes(), file
    assert secret not in told.authority.read_bytes()
    with pytest.raises(ValueError, match="password"):
        pkcs12.load_key_and_certificates(told.authority.read_bytes(), b"wrong")
    for name in ("seal.key", "box.key", "tls.key", "tls-authority.key"):
        assert (told.data / "keys" / name).stat().st_mode & 0o077 == 0, name
    assert told.authority.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"passphrase": "ngắn"}, "passphrase is too short"),
        ({"passphrase": "năm từ hay nhiều hơn thế\0"}, "has a NUL in it"),
        ({"password": "ngắn"}, "too easy to guess"),
        ({"reach": ("10.0.0.1/8",)}, "no network"),
    ],
)
def test_what_is_refused_leaves_nothing_and_can_be_said_again(
    tmp_path: Path, given: dict[str, object], words: str
) -> None:
    with pytest.raises(NotGranted, match=words):
        found_centre(foundation(tmp_path, **given), clock=system_clock, ids=Ids())
    assert not (tmp_path / "central").exists()
    assert not (tmp_path / "authority.p12").exists()
    found_centre(foundation(tmp_path), clock=system_clock, ids=Ids())


def test_a_centre_is_founded_once(tmp_path: Path) -> None:
    found_centre(foundation(tmp_path), clock=system_clock, ids=Ids())
    with pytest.raises(CannotStart, match="is there already"):
        found_centre(foundation(tmp_path), clock=system_clock, ids=Ids())
    with pytest.raises(CannotStart, match="another centre's key"):
        found_centre(foundation(tmp_path, data=tmp_path / "other"), clock=system_clock, ids=Ids())


@pytest.mark.parametrize("place", ["central/authority.p12", "nowhere/authority.p12"])
def test_the_authoritys_key_goes_to_a_stick_that_is_there(tmp_path: Path, place: str) -> None:
    with pytest.raises(CannotStart):
        found_centre(foundation(tmp_path, authority=tmp_path / place), clock=system_clock, ids=Ids())
    assert not (tmp_path / "central").exists()


def test_a_founding_that_was_cut_off_is_begun_again(tmp_path: Path) -> None:
    """The power went before the folder had its name."""
    half = tmp_path / "central.new"
    (half / "keys").mkdir(parents=True)
    (half / "keys" / "seal.key").write_bytes(b"half")
    found_centre(foundation(tmp_path), clock=system_clock, ids=Ids())
    assert not half.exists()
    opened(foundation(tmp_path)).close()


def test_a_browser_that_knows_the_centre_takes_its_pages(tmp_path: Path) -> None:
    """With everything that a browser looks at: chain, names, dates, what each authority may do. No other centre's."""
    told = foundation(tmp_path, address=f"https://{own_address()}:8600")
    found_centre(told, clock=system_clock, ids=Ids())
    node = opened(told)
    node.settings = msgspec.structs.replace(node.settings, port=0)
    app = application(node, create_pages(node, None, lambda: None))
    other = Authority.make("Trung tâm khác", system_clock()).der
    try:
        with serving(app, "0.0.0.0", 0, door=Door(node)) as (_, port):
            assert _greeted(node.catalog.root, own_address(), port)
            with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
                _greeted(other, own_address(), port)
            with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
                _greeted(node.catalog.root, own_address(), port, name="central.evil.example")
    finally:
        node.close()


def _greeted(root: bytes, host: str, port: int, name: str = "") -> bool:
    context = ssl.create_default_context(cadata=root)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with (
        closing(socket.create_connection((host, port), 30)) as line,
        context.wrap_socket(line, server_hostname=name or host) as secure,
    ):
        return secure.getpeercert() is not None
