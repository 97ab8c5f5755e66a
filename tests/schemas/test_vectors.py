"""The test vectors of docs/events.md, read out of the page and checked twice.

First as another implementation would: with SHA-256, an RFC 8785 library, Ed25519, RSA and X.509 alone. Then
through our own code. So the page, the format and the program cannot drift apart.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import rfc8785
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import Certificate, load_der_x509_certificate

from schemas import canonical, conflicts, events, seals, slips
from schemas.acts import BY_KIND, Approved, Received
from schemas.catalog import Catalog
from schemas.entries import KINDS, Card

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")
VECTORS = {
    found["name"]: found["text"]
    for found in re.finditer(r"```[a-z]+ vector: (?P<name>.+)\n(?P<text>(?:.*\n)*?)```\n", PAGE)
}
DOCUMENTS = ("entry", "received", "approved")
NOT_IN_HEADER = ("_id", "_rev", "salt", "data", "seal")


def text(name: str) -> str:
    return VECTORS[name].removesuffix("\n")


def line(name: str) -> str:
    return text(name).replace("\n", "")


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text(f"{name} document"))
    return found


def header(name: str) -> dict[str, Any]:
    return {member: value for member, value in document(name).items() if member not in NOT_IN_HEADER}


def base64url(value: str) -> bytes:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


def node_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(line("node key")))


def certificate(name: str) -> tuple[bytes, Certificate]:
    der = base64.b64decode(line(name))
    return der, load_der_x509_certificate(der)


# --- as another implementation would check them ---


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_header_s_canonical_json_and_hash(name: str) -> None:
    assert rfc8785.dumps(header(name)).decode() == text(f"{name} header canonical")
    hashed = hashlib.sha256(text(f"{name} header canonical").encode()).hexdigest()
    assert hashed == text(f"{name} hash")
    assert document(name)["_id"] == f"{document(name)['stream']}:{hashed}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_data_hash(name: str) -> None:
    whole = document(name)
    salted = rfc8785.dumps({"data": whole["data"], "salt": whole["salt"]})
    assert hashlib.sha256(salted).hexdigest() == whole["data_hash"]
    assert len(base64url(whole["salt"])) == 16


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_seal_and_the_revision(name: str) -> None:
    message = b"motcua/event/1\n" + text(f"{name} header canonical").encode()
    seal = node_key().sign(message)
    assert base64url(document(name)["seal"]) == seal
    covered = hashlib.sha256(bytes.fromhex(text(f"{name} hash")) + seal).hexdigest()
    assert document(name)["_rev"] == f"1-{covered[:32]}"


def test_the_parts_of_the_reception_that_the_page_shows_one_by_one() -> None:
    whole = document("received")
    assert rfc8785.dumps(json.loads(text("received data"))).decode() == text("received data canonical")
    assert json.loads(text("received data")) == {"data": whole["data"], "salt": whole["salt"]}
    for member in ("data_hash", "seal", "_rev", "_id"):
        assert whole[member] == text(f"received {member}")
    for member in ("seal", "_rev"):
        assert document("approved")[member] == text(f"approved {member}")


def test_canonical_json_of_difficult_characters() -> None:
    given = json.loads(text("canonical input"))
    assert rfc8785.dumps(given).hex() == line("canonical output")


@pytest.mark.parametrize("name", ["entry", "approved"])
def test_the_message_of_a_decision(name: str) -> None:
    members = ("stream", "kind", "parents", "rests_on", "at", "by", "data_hash")
    decision = {member: document(name)[member] for member in members}
    assert f"motcua/decision/1\n{rfc8785.dumps(decision).decode()}" == text(f"{name} decision message")


def test_the_authority_s_signature() -> None:
    der, root = certificate("authority certificate")
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(line("authority key")))
    signature = key.sign(text("entry decision message").encode())

    assert root.public_key() == key.public_key()
    assert base64url(text("entry signature")) == signature
    assert document("entry")["signed"] == {
        "certificate": hashlib.sha256(der).hexdigest(),
        "algorithm": "ed25519",
        "value": text("entry signature"),
    }


def test_the_person_s_rsa_signature() -> None:
    der, found = certificate("person certificate rsa")
    key = load_pem_private_key(text("person key rsa").encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    signature = key.sign(text("approved decision message").encode(), padding.PKCS1v15(), hashes.SHA256())

    assert found.public_key() == key.public_key()
    assert base64url(text("approved signature rsa")) == signature
    assert document("approved")["signed"] == {
        "certificate": hashlib.sha256(der).hexdigest(),
        "algorithm": "rsa-pkcs1-sha256",
        "value": text("approved signature rsa"),
    }


def test_the_person_s_ed25519_signature() -> None:
    der, found = certificate("person certificate ed25519")
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(line("person key ed25519")))

    assert found.public_key() == key.public_key()
    assert base64url(text("approved signature ed25519")) == key.sign(
        text("approved decision message").encode()
    )
    assert hashlib.sha256(der).hexdigest() == text("approved certificate ed25519")


def test_the_chain_and_the_catalog_s_name() -> None:
    entry, received, approved = map(document, DOCUMENTS)
    assert (entry["seq"], entry["prev"], entry["catalog"]) == (1, "", "")
    assert text("entry catalog name") == f"1-{text('entry hash')[:16]}"
    assert received["catalog"] == approved["catalog"] == text("entry catalog name")
    assert (received["seq"], received["prev"]) == (1, text("entry hash"))
    assert (approved["seq"], approved["prev"]) == (2, text("received hash"))
    assert base64url(entry["data"]["ed25519"]) == node_key().public_key().public_bytes_raw()


def test_the_slip() -> None:
    message, code = text("slip message"), text("slip code")
    covered, _, seal = code.rpartition("|")
    mark, number, stream, event, node = covered.split("|")

    assert message == f"motcua/slip/1\n{covered}"
    assert base64url(seal) == node_key().sign(message.encode())
    whole = document("received")
    assert (mark, number, stream, node) == ("MC1", whole["data"]["number"], whole["stream"], whole["node"])
    assert base64url(event).hex() == text("received hash")


def test_the_conflict() -> None:
    members = sorted([text("received hash"), text("approved hash")])
    assert text("conflict members") == "\n".join(members)
    assert hashlib.sha256("\n".join(members).encode()).hexdigest() == text("conflict id")


# --- through our own code ---


@pytest.mark.parametrize("name", DOCUMENTS)
def test_our_reader_takes_the_documents(name: str) -> None:
    event = events.parse(document(name))
    assert isinstance(event, events.Event)
    assert event.hash == text(f"{name} hash")
    public = canonical.to_base64(node_key().public_key().public_bytes_raw())
    assert seals.seal_holds(document(name), public)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_our_writer_makes_the_documents(name: str) -> None:
    """From the same members, keys and salt, the same bytes."""
    whole = document(name)
    signed = whole.get("signed")
    written = events.write(
        **{member: whole[member] for member in ("stream", "kind", "parents", "node", "seq", "prev")},
        catalog=whole["catalog"],
        by=whole["by"],
        data=whole["data"],
        at=datetime.fromisoformat(whole["at"]),
        salt=base64url(whole["salt"]),
        rests_on=whole.get("rests_on"),
        seal=node_key().sign,
        sign=None if signed is None else lambda message: events.Signed(**signed),
    )
    assert canonical.canonical(written) == canonical.canonical(whole)


def test_our_canonical_json() -> None:
    given = json.loads(text("canonical input"))
    canonical.check(given)
    assert canonical.canonical(given).hex() == line("canonical output")


def test_our_catalog_takes_entry_1() -> None:
    der, _ = certificate("authority certificate")
    catalog = Catalog(der)
    catalog.apply([document("entry")])
    assert catalog.name == text("entry catalog name")
    assert catalog.centre == "central.1"
    card = catalog.latest.card("central.1")
    assert isinstance(card, Card)
    Ed25519PublicKey.from_public_bytes(base64url(card.ed25519))


def test_our_signatures() -> None:
    event = events.parse(document("approved"))
    assert isinstance(event, events.Event)
    der, _ = certificate("person certificate rsa")
    assert seals.signature_holds(event, der)
    assert events.decision_message(header("approved")).decode() == text("approved decision message")

    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(line("person key ed25519")))
    der, _ = certificate("person certificate ed25519")
    assert seals.sign_decision(key, der, text("approved decision message").encode()) == events.Signed(
        text("approved certificate ed25519"), "ed25519", text("approved signature ed25519")
    )


def test_our_slip() -> None:
    public = canonical.to_base64(node_key().public_key().public_bytes_raw())
    assert slips.is_real(text("slip code"), public)
    code, _ = slips.read(text("slip code"))
    assert code.event == text("received hash")
    assert code.sealed(node_key().sign) == text("slip code")


def test_our_conflict() -> None:
    members = [events.EventHash(text(f"{name} hash")) for name in ("received", "approved")]
    assert conflicts.Conflict.between(members, ["opposed_outcomes"]).id == text("conflict id")


def test_the_data_of_the_vectors_is_data_of_their_kinds() -> None:
    received = msgspec.convert(document("received")["data"], Received)
    assert received.applicant.name == "Hoàng Văn Nùng"
    assert msgspec.convert(document("approved")["data"], Approved).capacity == "TUQ. CHỦ TỊCH"


# --- the page itself ---

ROWS = PAGE + (Path(__file__).parents[2] / "docs/domain.md").read_text()
"""The kinds of the first hour stand on the page itself; docs/domain.md, made from the tables, has all of them."""


def test_every_vector_of_the_page_is_read() -> None:
    assert len(VECTORS) == PAGE.count(" vector: ")
    assert all(value.strip() for value in VECTORS.values())


def test_every_kind_has_its_row_on_the_page() -> None:
    for kind in [*BY_KIND, *KINDS]:
        assert f"| `{kind}` |" in ROWS, kind


@pytest.mark.parametrize("kind", [*BY_KIND, *KINDS])
def test_a_row_of_the_page_names_every_member(kind: str) -> None:
    row = next(row for row in reversed(ROWS.splitlines()) if row.startswith(f"| `{kind}` |"))
    data = BY_KIND[kind].data if kind in BY_KIND else KINDS[kind]
    for member in data.__struct_fields__:
        assert f"`{member}`" in row, member
