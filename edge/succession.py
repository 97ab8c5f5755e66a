"""A new central: how machines hear of it, before its first word in the catalog and from whoever answers at its address.

Who is central, the authority in the safe says, by its signature on central's card; every machine has the authority's
certificate since it was let in. So a machine that finds a stranger where central was asks it, over a line that it does
not trust, for that card. If the signature holds, the stranger is central from now on, and what this machine has is sent
to it; else nothing has changed.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response

from edge.node import Node
from schemas.events import Document
from sync.errors import SyncError, Unauthorized
from sync.tls import NotTrusted, is_loopback, pinned

PATH: Final = "/centre"
LARGEST: Final = 64 * 1024
PATIENCE_S: Final = 2.0


def create_introducing(centre: Node) -> Flask:
    """`GET /centre`, at a central that took over: its card. Nobody signs in; it is no secret."""
    app = Flask("introducing", static_folder=None)

    @app.get(PATH)
    def introduce() -> Response:
        try:
            card = centre.folder.succession.read_bytes()
        except FileNotFoundError:
            return Response(status=404)
        return Response(card, mimetype="application/json")

    return app


def is_a_stranger(why: SyncError) -> bool:
    """Whether somebody answers at central's address who is not the central that is known."""
    return isinstance(why, Unauthorized) or str(NotTrusted()) in str(why)


def ask_who(url: str) -> Document | None:
    """What whoever answers at an address has to show; None where it is nothing."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if parts.scheme != "https" and not is_loopback(host):
        return None
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
        connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            line = socket.create_connection((host, port), timeout=PATIENCE_S)
            connection.sock = pinned(line, lambda shown: True, host=host) if parts.scheme == "https" else line
            connection.request("GET", parts.path.rstrip("/") + PATH)
            response = connection.getresponse()
            said = json.loads(response.read(LARGEST)) if response.status == http.HTTPStatus.OK else None
            return said if isinstance(said, dict) else None
    return None
