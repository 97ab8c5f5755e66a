"""Who sent a request: HTTP message signatures (RFC 9421) with Ed25519, checked before the body is read.

What is signed are method, path and the digest of the body (RFC 9530). So a stranger is turned away by some hundred bytes,
and only a portal whose key central knows can make it read thirty million.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import http_sf
from flask import Request
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, InvalidSignature
from http_message_signatures.algorithms import ED25519
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from central.errors import CentralError
from edge.clock import Clock
from edge.settings import PortalSettings

AGE: Final = timedelta(hours=1)
"""How far the portal's clock may be from central's. A request that is sent again changes nothing, so it need not be short."""
READING: Final = ("@method", "@path")
WRITING: Final = (*READING, "content-digest")


class NotSigned(CentralError):
    """A request that no portal has signed, or not all of it."""


class WrongDigest(CentralError):
    """A body that is not the one that was signed: cut off on the way, or changed."""


class TooLarge(CentralError):
    """A body beyond the limit; nothing of it was read."""


@dataclass(frozen=True, slots=True)
class _Message:
    """A request as the library reads it."""

    method: str
    url: str
    headers: Mapping[str, str]


class _Keys(HTTPSignatureKeyResolver):
    def __init__(self, portals: Mapping[str, PortalSettings]) -> None:
        self._portals = portals

    def resolve_public_key(self, key_id: str) -> Any:
        portal = self._portals.get(key_id)
        return portal.public_key if portal is not None else None


class _Verifier(HTTPMessageVerifier):
    """The library's, but by the node's clock."""

    def __init__(self, portals: Mapping[str, PortalSettings], clock: Clock) -> None:
        super().__init__(signature_algorithm=ED25519, key_resolver=_Keys(portals))
        self._clock = clock

    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:
        created = sig_input.params.get("created")
        if type(created) is not int or not 0 <= created < 2**33:
            raise InvalidSignature("the signature does not say when it was made (created)")
        now = self._clock()
        if abs(now - datetime.fromtimestamp(created, UTC)) > AGE:
            raise InvalidSignature(
                f"the signature was made more than an hour from now; here it is {now:%Y-%m-%dT%H:%M:%SZ}"
            )
        expires = sig_input.params.get("expires")
        if expires is not None and (
            type(expires) is not int or expires < now.timestamp() - AGE.total_seconds()
        ):
            raise InvalidSignature("the signature has expired")


class Signatures:
    """The doorkeeper of what portals send."""

    def __init__(self, portals: tuple[PortalSettings, ...], clock: Clock) -> None:
        self._portals = {one.name: one for one in portals}
        self._verifier = _Verifier(self._portals, clock)

    def portal_of(self, request: Request, *, writes: bool) -> PortalSettings:
        """Who has signed this request. Raises `NotSigned`."""
        target = str(request.environ.get("REQUEST_URI") or request.path)
        message = _Message(
            request.method, f"{request.scheme}://{request.host}{target}", dict(request.headers.items())
        )
        try:
            (found,) = self._verifier.verify(
                message, max_age=AGE, require_components=WRITING if writes else READING
            )
        except HTTPMessageSignaturesException as why:
            raise NotSigned(str(why)) from why
        return self._portals[str(found.parameters["keyid"])]


def body_of(request: Request, most: int) -> bytes:
    """The body that was signed. Raises `TooLarge`, `WrongDigest`."""
    digest = _sha256(request.headers.get("Content-Digest", ""))
    if request.content_length is None:
        raise TooLarge("say how long the body is (Content-Length)")
    if request.content_length > most:
        raise TooLarge(f"at most {most} bytes, these are {request.content_length}")
    body = request.get_data(cache=False)
    if not hmac.compare_digest(hashlib.sha256(body).digest(), digest):
        raise WrongDigest("the body does not have the digest that was signed; send it again")
    return body


def _sha256(header: str) -> bytes:
    try:
        parsed: Any = http_sf.parse(header.encode(), tltype="dictionary")
        value, _ = parsed["sha-256"]
    except (KeyError, ValueError, TypeError) as why:
        raise WrongDigest("Content-Digest has no sha-256 (RFC 9530)") from why
    if not isinstance(value, bytes):
        raise WrongDigest("Content-Digest has no sha-256 (RFC 9530)")
    return value
