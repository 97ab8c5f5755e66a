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
from dataclasses import dataclass
from functools import partial
from typing import Final

import orjson
from flask import Flask, Response, request

from edge.lines import line_to
from edge.node import Node
from schemas.events import Document
from sync.errors import BadRequest, SyncError, Unauthorized, Unavailable
from sync.tls import NotTrusted

PATH: Final = "/centre"
COLLECTS: Final = "Motcua-Collects"
CENTRE: Final = "centre"
"""`_local/centre` in the `catalog` of a cluster: the card of a central that took over, for fronts on other machines."""
LARGEST: Final = 64 * 1024
LARGEST_CATALOG: Final = 64 * 1024 * 1024
PATIENCE_S: Final = 2.0
GIVING_S: Final = 60.0
_AT_ONCE: Final = 500


def create_introducing(centre: Node) -> Flask:
    """`GET /centre`, at a central that took over: its card. Nobody signs in; it is no secret.

    `POST /centre`, while it collects: a catalog. A central that has nothing knows no machine's key, and so nobody could
    sign in to bring it the first one. What the authority and the centrals have not signed and sealed is refused.

    A front shows the card that it heard of, and needs no catalog: it has what lies in the cluster.
    """
    app = Flask("introducing", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_CATALOG

    @app.get(PATH)
    def introduce() -> Response:
        card = centre.introduction()
        if card is None:
            return Response(status=404)
        headers = {COLLECTS: "1"} if centre.collects else {}
        return Response(card, mimetype="application/json", headers=headers)

    @app.post(PATH)
    def take() -> Response:
        if not centre.collects:
            return Response(status=409)
        said = request.get_json(silent=True)
        if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
            return Response(status=400)
        store = centre.stores["catalog"]
        try:
            for first in range(0, len(said), _AT_ONCE):
                store.bulk_docs(said[first : first + _AT_ONCE], new_edits=False, source="")
        except (BadRequest, Unavailable):
            return Response(status=400)
        return Response(status=204)

    return app


def is_a_stranger(why: SyncError) -> bool:
    """Whether somebody answers at central's address who is not the central that is known."""
    return isinstance(why, Unauthorized) or str(NotTrusted()) in str(why)


@dataclass(frozen=True, slots=True)
class Shown:
    """What whoever answers at central's address has to show; `collects`: it wants the catalog."""

    card: Document
    collects: bool


def ask_who(url: str) -> Shown | None:
    """None where nothing of the kind comes back. Nothing of it is believed."""
    with (
        contextlib.suppress(OSError, http.client.HTTPException, ValueError),
        line_to(url, lambda shown: True, PATIENCE_S) as (connection, base),
    ):
        connection.request("GET", base + PATH)
        response = connection.getresponse()
        said = json.loads(response.read(LARGEST)) if response.status == http.HTTPStatus.OK else None
        if isinstance(said, dict):
            return Shown(said, response.headers.get(COLLECTS) == "1")
    return None


def give_catalog(url: str, node: Node) -> bool:
    """Bring a new central the catalog, after it was introduced here; whether it took it."""
    centre = node.catalog.centre or ""
    with (
        contextlib.suppress(OSError, http.client.HTTPException),
        line_to(url, partial(node.trusts, centre), GIVING_S) as (connection, base),
    ):
        body = orjson.dumps(node.entries())
        connection.request("POST", base + PATH, body, {"Content-Type": "application/json"})
        return connection.getresponse().status == http.HTTPStatus.NO_CONTENT
    return False
