"""`/api`: what portals send and ask. An application of its own beside the pages; errors are for programs (RFC 9457).

docs/exchange.md tells it to people, `GET /api/openapi.json` to programs.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from central.intake import Intake, NotWaited, SentOtherwise, Taken, Unacceptable, UnknownSubmission
from central.openapi import DESCRIPTION
from central.web.signed_requests import NotSigned, Signatures, TooLarge, WrongDigest, body_of
from edge.chain import ClockBehind
from edge.node import Node
from schemas.errors import Because, NotAllowed
from schemas.intake import Accepted, OnlineDossier, Problem, SentSupplement, accepted_of
from sync.errors import DiskFull, Forbidden, Unavailable

PATH: Final = "api"
MOST_BYTES: Final = 30 * 1024 * 1024
AT_ONCE: Final = 4
"""Bodies that are in memory at the same time; whoever comes then is told to come again."""
AGAIN_S: Final = 30


class _Busy(Exception):
    """As many bodies are being read as memory is meant for."""


def create_intake(centre: Node) -> Flask:
    """What portals speak to, at central."""
    app = Flask("intake", static_folder=None)
    intake, signatures = Intake(centre), Signatures(centre.settings.portals, centre.clock)
    reading = threading.BoundedSemaphore(AT_ONCE)

    def signed_body(kind: type[msgspec.Struct]) -> tuple[str, str, Any]:
        """The portal, the digest of what it signed, and what it says."""
        portal = signatures.portal_of(request, writes=True)
        if request.mimetype != "application/json":
            raise _Unsupported
        if not reading.acquire(blocking=False):
            raise _Busy
        try:
            body = body_of(request, MOST_BYTES)
            return portal.name, hashlib.sha256(body).hexdigest(), msgspec.json.decode(body, type=kind)
        finally:
            reading.release()

    @app.post("/api/online-dossiers")
    def send() -> Response:
        portal, digest, sent = signed_body(OnlineDossier)
        return _taken(intake.take(portal, digest, sent), sent.id)

    @app.post("/api/online-dossiers/<name>/supplements")
    def supply(name: str) -> Response:
        portal, _, sent = signed_body(SentSupplement)
        return _taken(intake.supply(portal, name, sent), name)

    @app.get("/api/online-dossiers/<name>")
    def ask(name: str) -> Response:
        portal = signatures.portal_of(request, writes=False)
        return _answer(200, accepted_of(name, intake.known(portal.name, name)))

    @app.get("/api/results/<file>")
    def result(file: str) -> Response:
        signatures.portal_of(request, writes=False)
        return Response(intake.result(file), mimetype="application/pdf")

    @app.get("/api/openapi.json")
    def describe() -> Response:
        return Response(DESCRIPTION, mimetype="application/json")

    _install_errors(app)
    return app


class _Unsupported(Exception):
    """A body that is not JSON."""


def _taken(taken: Taken, name: str) -> Response:
    answer = _answer(201 if taken.new else 200, accepted_of(name, taken.dossier))
    answer.headers["Location"] = f"/api/online-dossiers/{name}"
    return answer


def _answer(status: int, said: Accepted) -> Response:
    return Response(msgspec.json.encode(said), status, mimetype="application/json")


def _problem(
    status: int, title: str, detail: str = "", errors: Sequence[Problem] = (), *, again: bool = False
) -> Response:
    said = {"title": title, "status": status, "detail": detail} | (
        {"errors": msgspec.to_builtins(errors)} if errors else {}
    )
    answer = Response(msgspec.json.encode(said), status, mimetype="application/problem+json")
    if again:
        answer.headers["Retry-After"] = str(AGAIN_S)
    return answer


def _install_errors(app: Flask) -> None:
    """What each refusal answers; nothing of a refused request was kept."""

    @app.errorhandler(NotSigned)
    def not_signed(why: NotSigned) -> Response:
        answer = _problem(401, "No portal that is known here has signed this.", str(why))
        answer.headers["Accept-Signature"] = (
            'sig=("@method" "@path" "content-digest");created;keyid;alg="ed25519"'
        )
        return answer

    @app.errorhandler(WrongDigest)
    def wrong_digest(why: WrongDigest) -> Response:
        return _problem(400, "The body is not the one that was signed.", str(why))

    @app.errorhandler(TooLarge)
    def too_large(why: TooLarge) -> Response:
        return _problem(413, "Too large.", str(why))

    @app.errorhandler(_Unsupported)
    def unsupported(why: _Unsupported) -> Response:
        return _problem(415, "Only application/json is read here.")

    @app.errorhandler(msgspec.MsgspecError)
    def malformed(why: msgspec.MsgspecError) -> Response:
        what, _, place = str(why).partition(" - at `$")
        field = place.rstrip("`").lstrip(".")
        errors = [Problem(field, what)] if isinstance(why, msgspec.ValidationError) else []
        return _problem(400, "This is not what docs/exchange.md describes.", str(why), errors)

    @app.errorhandler(Unacceptable)
    def unacceptable(why: Unacceptable) -> Response:
        return _problem(422, "It cannot be registered.", str(why), why.problems)

    @app.errorhandler(SentOtherwise)
    @app.errorhandler(NotWaited)
    def otherwise(why: Exception) -> Response:
        return _problem(409, "What came first stands.", str(why))

    @app.errorhandler(UnknownSubmission)
    def unknown(why: UnknownSubmission) -> Response:
        return _problem(404, "There is nothing under that name for a portal.", str(why))

    @app.errorhandler(NotAllowed)
    def not_allowed(why: NotAllowed) -> Response:
        if why.because is Because.DUTY:  # a central that is new, or is closing: there will be another
            return _problem(503, "Central takes nothing in now.", str(why), again=True)
        return _problem(422, "It cannot be registered.", str(why))

    @app.errorhandler(Forbidden)
    def forbidden(why: Forbidden) -> Response:
        return _problem(422, "A file had to go from here by law, and does not come back.", why.reason)

    @app.errorhandler(DiskFull)
    @app.errorhandler(Unavailable)
    @app.errorhandler(ClockBehind)
    @app.errorhandler(_Busy)
    def later(why: Exception) -> Response:
        return _problem(503, "Not now: nothing was kept. Send it again.", str(why), again=True)

    @app.errorhandler(HTTPException)
    def http(why: HTTPException) -> Response:
        return _problem(why.code or 500, why.name, why.description or "")
