"""The description of `/api` in OpenAPI 3.1, made from the types that read the requests. `python -m central.openapi` writes
docs/openapi.json; a test says when it is stale.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from schemas.intake import Accepted, Name, OnlineDossier, Problem, SentSupplement

PAGE: Final = Path(__file__).parent.parent / "docs" / "openapi.json"
_JSON: Final = "application/json"
_SIGNED: Final = (
    "HTTP message signature (RFC 9421) by Ed25519: `Signature-Input` and `Signature` over `@method` and `@path`, and over"
    " `content-digest` where there is a body; with `created` and `keyid`. `Content-Digest` is `sha-256` (RFC 9530)."
)


class ProblemDetails(msgspec.Struct, omit_defaults=True):
    """RFC 9457. Nothing of a request that is answered so was kept."""

    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str = ""
    errors: tuple[Problem, ...] = ()


_REFUSALS: Final = {
    "400": "No JSON, not of this shape, or not the body that was signed.",
    "401": "Not signed by a portal that is known here.",
    "404": "There is nothing under that name for this portal.",
    "409": "The name was used before for something else, or nobody waits for papers. What came first stands.",
    "413": "More than 30 MiB, or of unknown length.",
    "415": "Not application/json.",
    "422": "Understood, and it cannot be registered: every reason with its place.",
    "503": "Not now, nothing was kept: send it again after `Retry-After` seconds.",
}
_OF_BODIES: Final = ("400", "401", "409", "413", "415", "422", "503")


def described() -> dict[str, Any]:
    """The whole document, as JSON values."""
    kinds = (OnlineDossier, SentSupplement, Accepted, ProblemDetails)
    (sent, supplement, _, _), components = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    name = {
        "name": "name",
        "in": "path",
        "required": True,
        "description": "The portal's name for the submission.",
    }
    path = [name | {"schema": msgspec.json.schema(Name)}]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Motcua: intake of online dossiers",
            "version": "1",
            "description": "For portals whose public key central knows. Sending the same again changes nothing.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            "/api/online-dossiers": {
                "post": _operation("sendDossier", "Register a submission.", sent, _OF_BODIES)
            },
            "/api/online-dossiers/{name}": {
                "parameters": path,
                "get": {
                    "operationId": "askDossier",
                    "summary": "How far a submission has come.",
                    "responses": {"200": _said("Where it stands.")} | _refusals(("401", "404")),
                },
            },
            "/api/online-dossiers/{name}/supplements": {
                "parameters": path,
                "post": _operation(
                    "supplyDossier", "Send what form 02 asked for.", supplement, ("404", *_OF_BODIES)
                ),
            },
            "/api/results/{file}": {
                "parameters": [
                    {
                        "name": "file",
                        "in": "path",
                        "required": True,
                        "description": "As a message about a dossier names its result.",
                        "schema": {"type": "string", "pattern": "^file-[0-9a-f]{64}$"},
                    }
                ],
                "get": {
                    "operationId": "fetchResult",
                    "summary": "A result that was released.",
                    "responses": {"200": {"description": "The PDF.", "content": {"application/pdf": {}}}}
                    | _refusals(("401", "404")),
                },
            },
        },
        "components": {
            "schemas": components,
            "securitySchemes": {"signature": {"type": "http", "scheme": "signature", "description": _SIGNED}},
        },
        "security": [{"signature": []}],
    }


def _operation(name: str, summary: str, body: dict[str, Any], refusals: tuple[str, ...]) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "requestBody": {"required": True, "content": {_JSON: {"schema": body}}},
        "responses": {
            "201": _said("It is registered, by this request."),
            "200": _said("It was registered before: the same request came once more."),
        }
        | _refusals(refusals),
    }


def _said(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {_JSON: {"schema": {"$ref": "#/components/schemas/Accepted"}}},
    }


def _refusals(which: tuple[str, ...]) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {
        status: {
            "description": _REFUSALS[status],
            "content": {"application/problem+json": {"schema": schema}},
        }
        for status in sorted(which)
    }


DESCRIPTION: Final = (json.dumps(described(), ensure_ascii=False, indent=1) + "\n").encode()


if __name__ == "__main__":
    PAGE.write_bytes(DESCRIPTION)
    sys.stdout.write(f"{PAGE.name} written\n")
