"""`POST /enrol`: where a machine that has no card yet asks for one, with a one-time code (`schemas.enrolment`).

An application of its own beside the pages: nobody signs in here, no page leads here, and the code is what opens it.
Errors are for programs (RFC 9457).
"""

from __future__ import annotations

from typing import Final

import msgspec
from flask import Flask, Response, request

from central.enrolment import Enrolment
from central.errors import NotGranted
from edge.enrolment import CODE_HEADER, PATH, TAG_HEADER
from edge.node import Node
from schemas.canonical import from_base64, to_base64
from schemas.errors import Malformed

LARGEST_REQUEST_BYTES: Final = 8 * 1024


def create_enrolling(centre: Node) -> Flask:
    """The door for machines without a card, at central."""
    app = Flask("enrolling", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST_BYTES

    @app.post(PATH)
    def enrol() -> Response:
        try:
            tag = from_base64(request.headers.get(TAG_HEADER, ""), "tag", 32)
            answer, proof = Enrolment(centre).answer(
                request.headers.get(CODE_HEADER, ""),
                tag,
                request.get_data(),
                server=centre.keys.pin if request.is_secure else "",
            )
        except Malformed as why:
            return _problem(400, "This is no request of a machine.", str(why), "")
        except NotGranted as why:
            return _problem(403, "No card was granted.", str(why), why.because)
        return Response(answer, mimetype="application/json", headers={TAG_HEADER: to_base64(proof)})

    return app


def _problem(status: int, title: str, detail: str, because: str) -> Response:
    said = {"title": title, "status": status, "detail": detail, "because": because}
    return Response(msgspec.json.encode(said), status, mimetype="application/problem+json")
