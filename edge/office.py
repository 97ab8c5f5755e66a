"""What only central can do for a person who sits elsewhere: change their password, sign them out everywhere.

The machine shows who it is as in replication (its signature over both names), the person shows their old password,
and central shows the key on its card before either. A new password never leaves the machine: what travels is its
verifier.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
from base64 import b64encode
from typing import Final, Protocol
from urllib.parse import urlsplit

import msgspec

from edge.errors import CentreOutOfReach, WrongPassword
from edge.node import Node
from edge.peers import peers_of
from sync.tls import is_loopback, pinned

CHANGE, SIGN_OUT = "/staff/password", "/staff/sign-out"
_CONNECT_S, _ANSWER_S = 5.0, 20.0
_MOST: Final = 64 * 1024


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`verifier` is that of the new password; empty where none is asked for."""

    person: str
    password: str
    verifier: str = ""
    forget_pins: bool = False


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457; `wait_s` belongs to a wrong password."""

    title: str
    status: int
    wait_s: int | None = None


class Office(Protocol):
    """Raises `CentreOutOfReach`, `WrongPassword`."""

    def change_password(self, person: str, password: str, verifier: str) -> None:
        """`verifier` is of the new password, `password` the old one. Machines learn it by the catalog."""

    def sign_out(self, person: str, password: str, *, forget_pins: bool) -> None:
        """At every machine that hears of it by the catalog; `forget_pins`: with their PINs there."""


class FarOffice:
    """The office as an edge reaches it: over the line to central."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def change_password(self, person: str, password: str, verifier: str) -> None:
        """Asks central at its addresses in turn, until one answers; a front that does is passed over."""
        self._ask(CHANGE, Ask(person, password, verifier))

    def sign_out(self, person: str, password: str, *, forget_pins: bool) -> None:
        """As `change_password`. This machine too hears of it only when the catalog has come."""
        self._ask(SIGN_OUT, Ask(person, password, forget_pins=forget_pins))

    def _ask(self, path: str, ask: Ask) -> None:
        node, centre = self._node, self._node.catalog.centre or ""
        known = peers_of(node.catalog, node.settings)
        urls = next((peer.urls for peer in known if peer.node == centre), ())
        why: OSError | http.client.HTTPException | None = None
        for url in urls:
            try:
                status, answer = self._post(url, centre, path, msgspec.json.encode(ask))
            except (OSError, http.client.HTTPException) as failed:
                why = failed
                continue
            if status == http.HTTPStatus.NOT_FOUND:
                why = http.client.HTTPException("a front answers there, and not central itself")
                continue
            return _read(status, answer)
        raise CentreOutOfReach(str(why) if why else "no address of central is known") from why

    def _post(self, url: str, centre: str, path: str, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme != "https" and not is_loopback(host):
            raise OSError(f"{url} is open to everybody on the line")
        proof = f"{self._node.id}:{self._node.keys.password_for(self._node.id, centre)}"
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Basic {b64encode(proof.encode()).decode()}",
        }
        connection = http.client.HTTPConnection(host, port, timeout=_ANSWER_S)
        with contextlib.closing(connection):
            line = socket.create_connection((host, port), timeout=_CONNECT_S)
            line.settimeout(_ANSWER_S)
            if parts.scheme == "https":
                connection.sock = pinned(
                    line, lambda shown: self._node.trusts(centre, shown, itself=True), host=host
                )
            else:
                connection.sock = line
            connection.request("POST", parts.path.rstrip("/") + path, body, headers)
            response = connection.getresponse()
            return response.status, response.read(_MOST)


def _read(status: int, answer: bytes) -> None:
    if status < 300:
        return
    try:
        problem = msgspec.json.decode(answer, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError) as why:
        raise CentreOutOfReach(f"it answered {status}") from why
    if problem.wait_s is not None:
        raise WrongPassword(problem.wait_s)
    raise CentreOutOfReach(problem.title)
