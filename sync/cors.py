"""Which pages of other origins a browser lets talk to this server. protocol.md §4.11.

Own, because our application routes itself: Flask-CORS wants Flask's routes, and answers `*` where PouchDB,
which sends its credentials always, needs to hear its own origin.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Request, Response

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT", "COPY", "OPTIONS")
HEADERS = (
    "accept",
    "accept-language",
    "authorization",
    "content-length",
    "content-range",
    "content-type",
    "destination",
    "expires",
    "if-match",
    "if-none-match",
    "last-modified",
    "origin",
    "pragma",
    "range",
    "x-couch-full-commit",
    "x-couch-id",
    "x-couch-persist",
    "x-couchdb-www-authenticate",
    "x-http-method-override",
    "x-requested-with",
)
EXPOSED = ("content-type", "accept-ranges", "etag", "server", "x-couch-request-id", "x-couch-update-newrev")
MAX_AGE_S = 600


@dataclass(frozen=True, slots=True)
class Cors:
    """`origins`: as browsers write them, `http://localhost:8000`; `*` is every one. None: CORS is off."""

    origins: tuple[str, ...] = ()

    def preflight(self, request: Request) -> Response | None:
        """The answer to a browser that asks before it asks; None where this is no such question.

        It comes without credentials, so it is answered before anybody is asked who he is. What is not allowed
        gets no headers of ours, which is how a browser hears "no".
        """
        method = request.headers.get("Access-Control-Request-Method")
        if request.method != "OPTIONS" or method not in METHODS or not self._allowed(request):
            return None
        asked = request.headers.get("Access-Control-Request-Headers", "")
        if any(name.strip().lower() not in HEADERS for name in asked.split(",") if name.strip()):
            return None
        response = Response(status=204)
        response.headers["Access-Control-Max-Age"] = str(MAX_AGE_S)
        response.headers["Access-Control-Allow-Methods"] = ", ".join(METHODS)
        response.headers["Access-Control-Allow-Headers"] = asked
        return response

    def mark(self, request: Request, response: Response) -> Response:
        """Any answer, errors too: without these headers a page does not even learn the status."""
        if self.origins:
            response.headers.add("Vary", "Origin")
        if self._allowed(request):
            response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Access-Control-Expose-Headers"] = ", ".join(EXPOSED)
        return response

    def _allowed(self, request: Request) -> bool:
        origin = request.headers.get("Origin")
        return origin is not None and ("*" in self.origins or origin in self.origins)


OFF = Cors()
