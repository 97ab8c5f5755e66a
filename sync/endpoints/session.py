"""`_session`: log in, ask who one is, log out. protocol.md §1.4."""

from __future__ import annotations

from urllib.parse import parse_qs

from flask import Response

from sync.documents import load
from sync.endpoints.answers import answer
from sync.endpoints.call import Call
from sync.errors import BadContentType, BadRequest, Unauthorized
from sync.security import ADMIN_ROLE
from sync.sessions import COOKIE, LIFETIME, User


def who(call: Call) -> Response:
    """GET `/_session`: name, roles, and how they were proven. 200 for nobody too."""
    info: dict[str, object] = {"authentication_handlers": ["cookie", "default"]}
    if call.user is not None:
        info["authenticated"] = "default" if "Authorization" in call.request.headers else "cookie"
    context = _context(call.user)
    if call.user is None and call.host.is_admin(None):
        context["roles"] = [ADMIN_ROLE]  # "admin party"
    return answer({"ok": True, "userCtx": context, "info": info})


def log_in(call: Call) -> Response:
    """POST `/_session`: the cookie of a session. 401 where name or password is wrong."""
    name, password = _credentials(call)
    user = call.host.authenticate(name, password)
    if user is None:
        raise Unauthorized("Name or password is incorrect.")
    response = answer({"ok": True, **_context(user)})
    response.set_cookie(
        COOKIE,
        call.host.sessions.issue(user),
        max_age=LIFETIME,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=call.request.is_secure,  # over a line; on this machine itself there is no TLS
    )
    return response


def log_out(_call: Call) -> Response:
    """DELETE `/_session`: the browser forgets the cookie."""
    response = answer({"ok": True})
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
    return response


def _context(user: User | None) -> dict[str, object]:
    if user is None:
        return {"name": None, "roles": []}
    return {"name": user.name, "roles": list(user.roles)}


def _credentials(call: Call) -> tuple[str, str]:
    match call.request.mimetype:
        case "application/json":
            sent = load(call.body())
        case "application/x-www-form-urlencoded":
            # not Flask's `form`, which would keep a body of any size
            fields = parse_qs(call.body().decode("utf-8", "replace"))
            sent = {name: values[0] for name, values in fields.items()}
        case _:
            raise BadContentType("Content-Type must be application/x-www-form-urlencoded or application/json")
    if not isinstance(sent, dict):
        raise BadRequest("Request body must be a JSON object")
    name, password = sent.get("name", sent.get("username")), sent.get("password")
    if not isinstance(name, str) or not isinstance(password, str):
        raise BadRequest("request body must contain a username and a password")
    return name, password
