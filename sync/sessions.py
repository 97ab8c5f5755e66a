"""Who is asking: a user, and the signed cookie that stands for a password that was right."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

COOKIE = "AuthSession"
LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class User:
    """Whom a request is from, by name; `roles` say what they may."""

    name: str
    roles: tuple[str, ...] = ()


class Sessions:
    """Cookies `<base64url JSON [name, roles, end]>.<HMAC-SHA256>`; the server remembers none of them."""

    def __init__(self, secret: bytes, *, now: Callable[[], datetime]) -> None:
        self._secret = secret
        self._now = now

    def issue(self, user: User) -> str:
        """A cookie for this user from now on, for `LIFETIME`."""
        end = (self._now() + LIFETIME).timestamp()
        payload = base64.urlsafe_b64encode(orjson.dumps([user.name, user.roles, end]))
        return f"{payload.decode()}.{self._seal(payload)}"

    def read(self, cookie: str) -> User | None:
        """The user of a cookie that is ours and not too old; else nobody."""
        payload, _, seal = cookie.partition(".")
        raw = payload.encode()
        if not hmac.compare_digest(self._seal(raw).encode(), seal.encode()):
            return None
        name, roles, end = orjson.loads(base64.urlsafe_b64decode(raw))
        return User(name, tuple(roles)) if self._now().timestamp() < end else None

    def _seal(self, payload: bytes) -> str:
        return hmac.new(self._secret, b"sync/session/1\n" + payload, hashlib.sha256).hexdigest()
