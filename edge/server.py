"""One server for the pages and the databases of a node (docs/decisions/0003).

`/catalog`, `/dossiers`, `/visits`, `/files` and everything that begins with `_` speak CouchDB's protocol; `/`
does so to programs, and shows people the first page. All else is pages.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from argon2 import PasswordHasher
from flask import Flask

from edge.access import NODE, Access
from edge.database import Copy, Secret
from edge.errors import CannotStart
from edge.node import DATABASES, Node, server_uuid
from schemas.events import timestamp
from sync import web_server
from sync.server import couch_app
from sync.sessions import User
from sync.web_server import WsgiApp

THREADS: Final = 24
"""What is asked at the same time, and attachments that slow lines read. Feeds need none; nor do pages: they ask
again and again."""
STOP_S: Final = 3


def application(node: Node, pages: Flask) -> WsgiApp:
    """The node's whole WSGI application."""
    access = Access(
        node.catalog, node.settings.readers, PasswordHasher(), node=node.id, heard=node.contacts.heard
    )
    couch = couch_app(
        node.stores,
        uuid=server_uuid(node.id),
        authenticate=access.authenticate,
        authorize=access.authorize,
        secret=secret(node, "couch"),
        new_id=node.ids.hex,
        now=node.clock,
        on_checkpoint=lambda user, database, seq: _note_copy(node, user, database, seq),
    )

    def dispatch(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        target = environ.get("REQUEST_URI") or environ["PATH_INFO"]
        first = str(target).partition("?")[0].lstrip("/").partition("/")[0]
        to_couch = first in DATABASES or first.startswith("_") or (first == "" and not _is_browser(environ))
        return (couch if to_couch else pages)(environ, start_response)

    return dispatch


def secret(node: Node, name: str) -> bytes:
    """32 random bytes of this node, made once and kept."""
    with node.file.write():
        fresh = node.ids.salt() + node.ids.salt()
        Secret.insert(name=name, value=fresh).on_conflict_ignore().execute()
        return bytes(Secret.get(Secret.name == name).value)


@contextlib.contextmanager
def serving(app: WsgiApp, host: str, port: int, *, threads: int = THREADS) -> Iterator[tuple[str, int]]:
    """Serve until the block ends; the address, with the port that was really bound.

    Raises `CannotStart` when the port is in use.
    """
    with contextlib.ExitStack() as stack:
        server = web_server.Server((host, port), app, threads=threads, stop_s=STOP_S)
        try:
            address = stack.enter_context(web_server.serving(server))
        except OSError as why:
            raise CannotStart(
                f"port {port} of {host} is in use: stop what uses it, or choose another port"
            ) from why
        yield address


def _is_browser(environ: dict[str, Any]) -> bool:
    return "text/html" in environ.get("HTTP_ACCEPT", "")


def _note_copy(node: Node, user: User, database: str, seq: int) -> None:
    """A neighbour's checkpoint here says up to where it holds what we have."""
    if database != "dossiers" or NODE not in user.roles:
        return
    with node.file.write():
        Copy.insert(
            key=f"{user.name} {database}", peer=user.name, seq=seq, at=timestamp(node.clock())
        ).on_conflict_replace().execute()
