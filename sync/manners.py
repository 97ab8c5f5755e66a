"""How CouchDB takes requests and what all its answers have, whatever lies behind: stores of ours, or what a front fronts.

Requests are routed by their raw target, because a decoded path cannot tell the document `a/b` from the
attachment `b` of the document `a` (protocol.md §1.2, §4.1). The server behind must pass that target on as
`REQUEST_URI` (cheroot does). Flask gives requests, responses and the last resort for our own bugs.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask, Request, Response, request
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException

from sync.endpoints import root
from sync.endpoints.answers import answer, refusal
from sync.endpoints.call import Host
from sync.errors import BadRequest, NotAllowed, NotFound, SyncError, Unauthorized
from sync.sessions import COOKIE, User

_Endpoint = TypeVar("_Endpoint")

_REQUEST_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


class CouchApp(Flask):
    """CouchDB's manners, whatever is behind: `route` answers, by the raw target."""

    def __init__(self, host: Host, route: Callable[[Host, Request], Response]) -> None:
        super().__init__("sync", static_folder=None)
        self._host, self._route = host, route
        self.register_error_handler(SyncError, refusal)
        self.register_error_handler(HTTPException, _last_resort)
        self.after_request(self._mark)

    def _mark(self, response: Response) -> Response:
        """What all answers have; a client may give its request a name, by which it finds it in logs."""
        named = request.headers.get("X-Couch-Request-ID", "")
        request_id = named if _REQUEST_ID.fullmatch(named) else self._host.new_id()[:10]
        response.headers["X-Couch-Request-ID"] = request_id
        response.headers["X-CouchDB-Body-Time"] = "0"
        response.headers["Server"] = f"CouchDB/{root.COUCHDB_VERSION} (Motcua)"
        return self._host.cors.mark(request, response)

    def dispatch_request(self) -> Response:
        """Instead of Flask's routing, which has only the decoded path."""
        asked = request_ctx.request  # not the proxy: answers are written when it stands for nothing any more
        return self._host.cors.preflight(asked) or self._route(self._host, asked)


def _last_resort(why: HTTPException) -> Response:
    return answer({"error": why.name.lower().replace(" ", "_"), "reason": why.description}, why.code or 500)


def endpoint_of(endpoints: Mapping[str, _Endpoint], asked: Request) -> _Endpoint:
    """The one for the method that was asked. Raises `NotFound` where there is none at all, `NotAllowed` for another method."""
    method = method_of(asked)
    if not endpoints:
        raise NotFound("missing")
    allowed = (*endpoints, "HEAD") if "GET" in endpoints else (*endpoints,)
    if method not in allowed:
        raise NotAllowed(allowed)
    return endpoints["GET" if method == "HEAD" else method]


def method_of(asked: Request) -> str:
    """A POST may stand for another method, for clients that know no other."""
    if asked.method != "POST":
        return asked.method
    return asked.headers.get("X-HTTP-Method-Override", "POST").upper()


def path_of(asked: Request) -> tuple[str, ...]:
    """The raw path split at `/`, empty pieces dropped, then each decoded; `+` is a space to CouchDB."""
    target = str(asked.environ["REQUEST_URI"]).partition("?")[0]
    if not target.startswith("/"):
        target = urlsplit(target).path  # the absolute form, which every HTTP/1.1 server must take
    try:
        return tuple(
            unquote_to_bytes(piece.replace("+", " ").encode("latin-1")).decode()
            for piece in target.split("/")
            if piece
        )
    except UnicodeDecodeError as why:
        raise BadRequest("the path is not UTF-8") from why


def user_of(host: Host, asked: Request) -> User | None:
    """By Basic credentials, which must be right, or by cookie. Any other scheme is nobody."""
    scheme, _, value = asked.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            return None
        user = host.authenticate(name, password)
        if user is None:
            raise Unauthorized("Name or password is incorrect.")
        return user
    cookie = asked.cookies.get(COOKIE)
    return None if cookie is None else host.sessions.read(cookie)
