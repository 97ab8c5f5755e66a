"""`/healthz`, `/readyz`, `/metrics`: what watches over a node asks, and no person.

`/healthz` answers 200 while this process serves and can read its database: if it does not, start the node again.
`/readyz` answers 200 while the node can do what its card says, else 503 and why: a start does not help then.
`/metrics` is Prometheus's text, for whoever asks on this machine, or as one of the `readers` of the settings.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Final

import msgspec
from flask import Flask, Response, request

from edge.access import READER
from edge.health import health_of, unready
from edge.host_names import is_ours
from edge.metrics import CONTENT_TYPE, exposition
from edge.node import Node
from edge.status import NodeStatus
from sync.errors import SyncError
from sync.sessions import User
from sync.tls import is_loopback

PATHS: Final = ("healthz", "readyz", "metrics")
_LOCAL: Final = frozenset({"localhost"})


def create_watching(
    node: Node, status: Callable[[], NodeStatus], authenticate: Callable[[str, str], User | None]
) -> Flask:
    """`authenticate`: whose name and password these are."""
    app = Flask("watching", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 0

    @app.get("/healthz")
    def alive() -> Response:
        with node.file.read() as connection:
            connection.execute("SELECT 1").fetchone()
        return _told({"status": "ok"})

    @app.get("/readyz")
    def ready() -> Response:
        whys = unready(health_of(node, node.clock()))
        return _told({"status": "unready" if whys else "ready", "why": whys}, 503 if whys else 200)

    @app.get("/metrics")
    def metrics() -> Response:
        if not _may_read(authenticate):
            return Response(
                status=401, headers={"WWW-Authenticate": 'Basic realm="metrics", charset="UTF-8"'}
            )
        said = status()
        health = said.health or health_of(node, said.at)
        return Response(exposition(said, health, version("motcua")), content_type=CONTENT_TYPE)

    @app.errorhandler(SyncError)
    def closing(why: SyncError) -> Response:
        return _told({"status": "unavailable", "why": [str(why)]}, 503)

    return app


def _may_read(authenticate: Callable[[str, str], User | None]) -> bool:
    """On this machine, by one of its own names: a page of another site has led a browser here by another one."""
    given = request.authorization
    if given is not None:
        user = authenticate(given.username or "", given.password or "")
        return user is not None and READER in user.roles
    return is_loopback(request.remote_addr or "") and is_ours(request.headers.get("Host", ""), _LOCAL)


def _told(said: object, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(said), status, headers, mimetype="application/json")
