"""The way to another machine, tried step by step: its name, the line, who answers. Nothing is said to a stranger."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from central.doctor.faults import Finding, finding
from edge.lines import line_to
from edge.status import PeerStatus
from schemas.seals import pin_of
from sync.tls import NotTrusted

PATIENCE_S: Final = 5.0


def faults_to(node: str, peer: PeerStatus, *, patience_s: float = PATIENCE_S) -> Iterator[Finding]:
    """Why a machine that is lost cannot be reached from here; nothing for one that comes by itself."""
    if peer.lost_since is None or not peer.url:
        return
    seen = f"{peer.node} at {peer.url}, since {peer.lost_since:%Y-%m-%d %H:%M} UTC"
    fault = _why_not(peer, patience_s)
    if fault:
        yield finding(node, fault, seen)


def _why_not(peer: PeerStatus, patience_s: float) -> str:
    """ "" where it answers by now: the node will notice within seconds."""
    parts = urlsplit(peer.url)
    try:
        socket.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_STREAM)
    except OSError:
        return "no-name"
    try:
        with line_to(peer.url, lambda shown: pin_of(shown) in peer.pins, patience_s) as (connection, path):
            connection.request("GET", f"{path}/")
            server = connection.getresponse()
            server.read()
    except NotTrusted:
        return "stranger"
    except ConnectionRefusedError:
        return "refused-line"
    except OSError:
        return "no-line"
    return ""
