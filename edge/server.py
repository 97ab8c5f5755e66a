"""One server for the pages and the databases of a node (docs/decisions/0003).

`/catalog`, `/dossiers`, `/visits`, `/files` and everything that begins with `_` speak CouchDB's protocol; `/`
does so to programs, and shows people the first page. All else is pages.
"""

from __future__ import annotations

import contextlib
import errno
import re
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from argon2 import PasswordHasher
from flask import Flask

from edge.access import NODE, Access
from edge.acks import NAME as ACKS
from edge.errors import CannotStart
from edge.node import DATABASES, Node, server_uuid
from edge.status import NodeStatus
from edge.tables.exchange import Copy
from edge.tables.node import Secret
from edge.watching import PATHS, create_watching
from schemas.canonical import from_base64
from schemas.events import timestamp
from sync import web_server
from sync.server import couch_app
from sync.sessions import User
from sync.tls import ServerTls, is_loopback
from sync.web_server import WsgiApp

THREADS: Final = 24
"""What is asked at the same time, and attachments that slow lines read. Feeds need none; nor do pages: they ask
again and again."""
STOP_S: Final = 3


def application(
    node: Node,
    pages: Flask,
    beside: Mapping[str, Flask] = MappingProxyType({}),
    status: Callable[[], NodeStatus] | None = None,
    documents: Callable[[Access], WsgiApp] | None = None,
) -> WsgiApp:
    """The node's whole WSGI application; `beside`: others by the first part of their path. `status`: for who watches it.

    `documents`: what speaks CouchDB's protocol here, where that is not the node's own databases.
    """
    access = Access(
        node.catalog, node.settings.readers, PasswordHasher(), node=node.serves_as, heard=node.contacts.heard
    )
    couch = own_databases(node, access) if documents is None else documents(access)
    if status is not None:
        beside = {**beside, **dict.fromkeys(PATHS, create_watching(node, status, access.authenticate))}

    def dispatch(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        target = environ.get("REQUEST_URI") or environ["PATH_INFO"]
        first = str(target).partition("?")[0].lstrip("/").partition("/")[0]
        to_couch = first in DATABASES or first.startswith("_") or (first == "" and not _is_browser(environ))
        return (couch if to_couch else beside.get(first, pages))(environ, start_response)

    return dispatch


def own_databases(node: Node, access: Access) -> WsgiApp:
    """The databases of this node, as its peers see them."""
    return couch_app(
        node.stores,
        uuid=server_uuid(node.id),
        authenticate=access.authenticate,
        authorize=access.authorize,
        secret=secret(node, "couch"),
        new_id=node.ids.hex,
        now=node.clock,
        on_checkpoint=lambda user, database, seq: _note_copy(node, user, database, seq),
        own_notes=(ACKS,),
        filters=node.window.filters_over_the_line(),
        seen_by=node.window.seen_by,
        narrowed=node.window.narrowed,
    )


def secret(node: Node, name: str) -> bytes:
    """32 random bytes of this node, made once and kept."""
    with node.file.write():
        fresh = node.ids.salt() + node.ids.salt()
        Secret.insert(name=name, value=fresh).on_conflict_ignore().execute()
        return bytes(Secret.get(Secret.name == name).value)


class Door:
    """What a node's server shows of its card, and whom it no longer lets in; follows the catalog.

    Raises `CannotStart` at an address that is not loopback, for a card without a TLS certificate.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._server: web_server.Server | None = None
        self._revoked = self._closed_to()
        self._shown = ""
        self.tls: ServerTls | None = None
        if not is_loopback(node.settings.host):
            if node.keys.tls is None or not node.card.tls:
                raise CannotStart(
                    f"host {node.settings.host} is not this machine alone, and the card of {node.id} has no TLS"
                    ' certificate: say host = "127.0.0.1", or enrol this node again'
                )
            self._lay_out()
            self.tls = ServerTls(node.folder.tls_chain, node.folder.tls_key, node.folder.at_rest.pem_password)
        node.on_catalog.append(self._catalog_grew)

    def is_of(self, server: web_server.Server) -> None:
        """The server whose feeds are ended when a card ends; `serving` tells it once the address is bound."""
        self._server = server

    def end_feeds(self) -> None:
        """Have everybody who listens ask again."""
        if self._server is not None:
            self._server.end_feeds()

    def _catalog_grew(self) -> None:
        if self.tls is not None and self._node.card.tls not in ("", self._shown):
            self._lay_out()
            self.tls.read()
        revoked = self._closed_to()
        if revoked - self._revoked:
            self.end_feeds()  # whose the feeds are nobody knows; all others are let in again
        self._revoked = revoked

    def _closed_to(self) -> frozenset[str]:
        return frozenset(card.node for card in self._node.catalog.latest.cards() if not card.opens)

    def _lay_out(self) -> None:
        """The certificate of the card and the authority's, as a file, which TLS libraries want."""
        card, centre = self._node.card, self._node.catalog.latest.centre()
        chain = [card.tls, centre.tls_authority if centre else ""]
        pems = [
            ssl.DER_cert_to_PEM_cert(from_base64(certificate, "certificate"))
            for certificate in chain
            if certificate
        ]
        half = self._node.folder.tls_chain.with_suffix(".new")
        half.write_text("".join(pems))
        half.replace(self._node.folder.tls_chain)
        self._shown = card.tls


@contextlib.contextmanager
def serving(
    app: WsgiApp, host: str, port: int, *, threads: int = THREADS, door: Door | None = None
) -> Iterator[tuple[str, int]]:
    """Serve until the block ends; the address, with the port that was really bound.

    Raises `CannotStart` when the address cannot be had.
    """
    with contextlib.ExitStack() as stack:
        server = web_server.Server(
            (host, port), app, threads=threads, stop_s=STOP_S, tls=door.tls if door else None
        )
        try:
            address = stack.enter_context(web_server.serving(server))
        except OSError as why:
            raise CannotStart(_why_not_bound(host, port, why)) from why
        if door is not None:
            door.is_of(server)
        yield address


def _why_not_bound(host: str, port: int, why: OSError) -> str:
    """cheroot puts the system's error into words of its own."""
    number = re.search(r"\[Errno (-?\d+)\]", str(why))
    match int(number[1]) if number else 0:
        case errno.EADDRNOTAVAIL | socket.EAI_NONAME | socket.EAI_AGAIN:
            return (
                f'{host} is no address of this machine: look it up, or say host = "0.0.0.0" for all of them'
            )
        case errno.EACCES:
            return f"port {port} is kept for the system: choose one above 1023"
        case _:
            return f"port {port} of {host} is in use: stop what uses it, or choose another port"


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
