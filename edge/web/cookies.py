"""The cookie of a session: over a line only encrypted, and then nobody else's.

The same port speaks TLS to whoever comes over a line and plain HTTP to its own machine (`sync.tls`). So each request
says which it is. Over a line the name begins with `__Host-`: a browser takes such a cookie from this very host alone,
and no neighbour of the same domain can put one in its place. How old a cookie is nobody asks: its session knows
(`edge.sessions`), and a clock that was turned back must not cost what somebody has typed.
"""

from __future__ import annotations

from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature


class Cookies(SecureCookieSessionInterface):
    """Flask's sessions, signed as its own are, but named and secured by the line that each request came over."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Flask's, whatever its age. One that is not signed with this node's key is new and empty."""
        signer = self.get_signing_serializer(app)
        if signer is None:
            return None
        try:
            return self.session_class(signer.loads(request.cookies.get(self.get_cookie_name(app), "")))
        except BadSignature:
            return self.session_class()

    def get_cookie_secure(self, app: Flask) -> bool:
        """Of the present request; the configuration is not asked."""
        return request.is_secure

    def get_cookie_name(self, app: Flask) -> str:
        """With `__Host-` over TLS: a sign-in over a line and one at the machine itself are two."""
        name = str(app.config["SESSION_COOKIE_NAME"])
        return f"__Host-{name}" if request.is_secure else name
