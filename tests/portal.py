"""A portal: it signs what it sends, with the library that any other would use, and sends it through Flask's client."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver
from http_message_signatures.algorithms import ED25519
from werkzeug.test import TestResponse

from central.web.intake import create_intake
from edge.node import Node
from edge.settings import PortalSettings
from schemas.canonical import to_base64

NAME = "dvcqg"
PATH = "/api/online-dossiers"
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


@dataclass
class _Message:
    method: str
    url: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """What central answered."""

    status: int
    said: dict[str, Any]
    response: TestResponse

    @classmethod
    def read(cls, response: TestResponse) -> Told:
        return cls(response.status_code, json.loads(response.get_data()), response)


class Portal:
    """A portal of which central knows the key, and its line to central."""

    def __init__(self, centre: Node, *, known: bool = True) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.clock = centre.clock
        if known:
            settings = PortalSettings(
                NAME, "Cổng Dịch vụ công quốc gia", to_base64(self.key.public_key().public_bytes_raw())
            )
            centre.settings = msgspec.structs.replace(centre.settings, portals=(settings,))
        app = create_intake(centre)
        app.testing = True
        self.client: FlaskClient = app.test_client()

    def headers(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        covered: tuple[str, ...] = ("@method", "@path"),
    ) -> dict[str, str]:
        message = _Message(method, f"http://localhost{path}", {})
        keys = MappingKeyResolver(public_keys={}, private_keys={NAME: self.key})
        HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=keys).sign(
            message, key_id=NAME, created=self.clock(), covered_component_ids=covered, body=body
        )
        return message.headers

    def post(self, said: Mapping[str, Any] | bytes, path: str = PATH, **headers: str) -> Told:
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        signed = self.headers("POST", path, body) | {"Content-Type": "application/json"}
        return Told.read(self.client.post(path, data=body, headers=signed | headers))

    def ask(self, name: str) -> Told:
        path = f"{PATH}/{name}"
        return Told.read(self.client.get(path, headers=self.headers("GET", path)))


def submission(name: str = "G22.99.4-20270301-0001", **other: Any) -> dict[str, Any]:
    """What somebody filed at the portal."""
    return {
        "id": name,
        "procedure": "1.000703",
        "applicant": {"name": "Nông  Văn Thắng", "identity": "020085004127", "phone": "0912 000 345",
                      "email": "thang@vidu.vn"},
        "files": [sent("Đơn đề nghị"), sent("Văn bằng", b"2")],
        "notify": True,
    } | other  # fmt: skip


def sent(component: str, more: bytes = b"") -> dict[str, str]:
    """A file; `more` makes it another one."""
    return {"component": component, "content": base64.b64encode(PDF + b"% " + more).decode()}
