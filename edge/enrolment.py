"""How this machine gets its card: it makes its keys, asks, and lays down what it is given (`schemas.enrolment`).

The folder is filled so that a power cut at any moment leaves it as one that can be gone on with: first the keys, which
stay; then certificate and catalog, which are put down again from the beginning; last `node.toml`, with which it is
a node.
"""

from __future__ import annotations

import contextlib
import hmac
import http.client
import json
import re
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from edge.database import NodeFile
from edge.errors import CannotStart, NotEnrolled
from edge.folder import Folder
from edge.ids import Ids
from edge.keys import NodeKeys, keep_keys, read_keys
from edge.settings import NodeSettings, PeerSettings, write_settings
from edge.tables.migrations import migrate
from edge.tables.node import Chain
from schemas import boxes
from schemas.canonical import from_base64, to_base64
from schemas.catalog import Catalog
from schemas.enrolment import (
    ADDRESS,
    Answer,
    Code,
    Request,
    check_holds,
    check_of,
    prove,
    read_answer,
    read_request,
)
from schemas.entries import Card
from schemas.errors import CatalogBroken, Malformed
from schemas.events import Document
from schemas.seals import pin_of
from sync.sqlite import SqliteFile
from sync.store import Store
from sync.tls import is_loopback, pinned

PATH: Final = "/enrol"
CODE_HEADER: Final = "Motcua-Code"
TAG_HEADER: Final = "Motcua-Tag"
CONNECT_S: Final = 10.0
ANSWER_S: Final = 60.0
MAX_ANSWER_BYTES: Final = 256 * 1024 * 1024

REASONS: Final = frozenset(
    {"unknown_code", "used_code", "old_code", "wrong_code", "void_code", "middle", "twin", "names"}
)
"""What central may give as its reason, for pages in their own words."""
_ASKED: Final = "request.json"

Settings = Callable[[Card, Card], NodeSettings]
"""What stands in `node.toml`, once the machine knows who it is: by its own card and central's."""


class Machine:
    """This machine, from its first command to its card. `address`: the URL at which others are to reach it; without
    one it serves its own browser only, at `port`.
    """

    def __init__(self, data: Path, *, address: str, port: int, ids: Ids) -> None:
        self._folder, self._address, self._port, self._ids = Folder(data), address, port, ids
        if address and re.match(ADDRESS, address) is None:
            raise NotEnrolled(
                f"{address} is no address of a machine: https://HOST:PORT, in small letters", "own_address"
            )

    def ask(self, typed: str, url: str) -> Card:
        """Over the line, with a one-time code. Raises `Misspelled`, `NotEnrolled`, `CannotStart`."""
        code = Code.of(typed)
        keys = own_keys(self._folder)
        _, answer = ask(url, code, keys, self._address)
        return self._settle(keys, answer, url)

    def request(self) -> bytes:
        """What to carry to central. The address is remembered for the answer. Raises `CannotStart`."""
        keys = own_keys(self._folder)
        request = make_request(keys, address=self._address, server="")
        (self._folder.path / _ASKED).write_bytes(request)
        return request

    def write_request(self, file: Path) -> str:
        """For a stick; the check of the file. Raises `CannotStart`."""
        request = self.request()
        try:
            file.write_bytes(request)
        except OSError as why:
            raise CannotStart(f"{file} cannot be written ({why.strerror}): is the stick in?") from why
        return check_of(request)

    def take_card(self, file: Path, check: str) -> Card:
        """The answer that was carried back. Raises `Misspelled`, `NotEnrolled`, `CannotStart`."""
        return self.take(file.read_bytes(), check, str(file))

    def take(self, answer: bytes, check: str, file: str) -> Card:
        """The same, as it was read from a `file`."""
        keys = own_keys(self._folder)
        if not check_holds(answer, check):
            raise NotEnrolled(
                f"{file} is not the card with that check: somebody has changed the file, or taken another."
                " Nothing of it was kept",
                "check",
            )
        try:
            asked = (self._folder.path / _ASKED).read_bytes()
        except OSError as why:
            raise NotEnrolled(
                f"no request was made in {self._folder.path}: begin with --request", "no_request"
            ) from why
        self._address = self._address or read_request(asked).address
        try:
            return self._settle(keys, boxes.opened(answer, keys.x25519), "")
        except Malformed as why:
            raise NotEnrolled(
                f"{file} is not a card for this machine ({why}): ask for a new one", "not_ours"
            ) from why

    def _settle(self, keys: NodeKeys, answer: bytes, url: str) -> Card:
        def settings(card: Card, centre: Card) -> NodeSettings:
            reached = url or centre.address
            peers = (PeerSettings(centre.node, reached),) if reached else ()
            return settings_for(card.node, card.address if self._address else "", self._port, peers=peers)

        card = settle_in(self._folder, keys, answer, settings, self._ids)
        (self._folder.path / _ASKED).unlink(missing_ok=True)
        return card


def settings_for(node: str, address: str, port: int, *, peers: tuple[PeerSettings, ...]) -> NodeSettings:
    """The first settings of a node that others reach at `address`; without one it serves its own machine only."""
    if not address:
        return NodeSettings(node, port=port, peers=peers)
    parts = urlsplit(address)
    anywhere = "::" if ":" in (parts.hostname or "") else "0.0.0.0"  # noqa: S104 - TLS for all but this machine
    return NodeSettings(node, host=anywhere, port=parts.port or 443, peers=peers)


def asked_in(folder: Folder) -> bytes | None:
    """The request that was made for a stick and is not answered yet."""
    try:
        return (folder.path / _ASKED).read_bytes()
    except OSError:
        return None


def own_keys(folder: Folder) -> NodeKeys:
    """The keys of the machine that is to be in this folder, made at the first call. Raises `CannotStart`."""
    if folder.settings.exists():
        raise CannotStart(f"{folder.path} holds a node already: choose another folder, or start that node")
    folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not folder.keys.exists():
        keep_keys(folder.keys, NodeKeys.generate())
    return read_keys(folder.keys)


def make_request(keys: NodeKeys, *, address: str, server: str) -> bytes:
    """The same bytes, for the same keys and words: asking again is asking for the same."""
    said = Request(1, keys.seal_key, keys.box_key, to_base64(keys.tls_key), address, server, "")
    return msgspec.json.encode(prove(said, keys.ed25519.sign))


def ask(url: str, code: Code, keys: NodeKeys, address: str) -> tuple[bytes, bytes]:
    """Ask central at `url`; the request and the answer, proven to come from who knows the code.

    Nothing in what comes back is believed before that. Raises `NotEnrolled`.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if parts.scheme not in ("http", "https") or not host:
        raise NotEnrolled(f"{url} is no address of a centre: https://HOST:PORT", "address")
    if parts.scheme == "http" and not is_loopback(host):
        raise NotEnrolled(f"{url} is open to everybody on the line: say https://", "open")
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_S)
    try:
        with contextlib.closing(connection):
            connection.sock, server = _connected(host, port, secure=parts.scheme == "https")
            connection.sock.settimeout(ANSWER_S)
            request = make_request(keys, address=address, server=server)
            headers = {
                CODE_HEADER: code.name,
                TAG_HEADER: to_base64(code.tag("request", request)),
                "Content-Type": "application/json",
            }
            connection.request("POST", PATH, request, headers)
            response = connection.getresponse()
            answer = response.read(MAX_ANSWER_BYTES)
    except (OSError, http.client.HTTPException) as why:
        raise NotEnrolled(
            f"{url} does not answer ({why}): look at the cable and the address, then give the same command again",
            "silent",
        ) from why
    if response.status != http.HTTPStatus.OK:
        raise NotEnrolled(*_refusal(response.status, answer))
    tag = to_base64(code.tag("answer", request, answer))
    if not hmac.compare_digest(tag, response.headers.get(TAG_HEADER, "")):
        raise NotEnrolled(
            f"whoever answers at {url} does not know the code, so it is not the centre that made it."
            " Nothing of the answer was kept. Look at the address; make a new code before you try again",
            "stranger",
        )
    return request, answer


def settle_in(folder: Folder, keys: NodeKeys, answer: bytes, settings: Settings, ids: Ids) -> Card:
    """Make a node of the folder that has the keys. Raises `NotEnrolled` for an answer that is not for it."""
    try:
        said = read_answer(answer)
        root = from_base64(said.root, "root")
        card, centre, first = _granted(said, root, keys)
    except (Malformed, CatalogBroken) as why:
        raise NotEnrolled(f"the answer does not hold together ({why}): ask for a new one", "damaged") from why
    folder.root.write_bytes(root)
    for path in (folder.database, *(Path(f"{folder.database}-{part}") for part in ("wal", "shm"))):
        path.unlink(missing_ok=True)
    lay_down(folder, said.catalog, dict.fromkeys(("dossiers", "visits"), (0, first, "")), ids)
    write_settings(folder.path, settings(card, centre))
    return card


def lay_down(
    folder: Folder, documents: Sequence[Document], heads: dict[str, tuple[int, str, str]], ids: Ids
) -> None:
    """Put the catalog into a new node's file, and where its own chains begin: number, hash, moment."""
    node_file = NodeFile(SqliteFile(folder.database))
    migrate(node_file)
    Store(node_file.file, "catalog", new_id=ids.hex).bulk_docs(documents, new_edits=False)
    with node_file.write():
        for database, (seq, event, at) in heads.items():
            Chain.create(database=database, seq=seq, hash=event, at=at)
    node_file.file.close()


def _granted(said: Answer, root: bytes, keys: NodeKeys) -> tuple[Card, Card, str]:
    """The card that was granted to these keys, central's, and the hash of the node's first one."""
    catalog = Catalog(root)
    catalog.apply(said.catalog)
    card, centre = catalog.latest.card(said.node), catalog.latest.card(catalog.centre or "")
    if card is None or centre is None or not card.opens:
        raise Malformed("answer", f"it has no card for {said.node}")
    if (card.ed25519, card.x25519) != (keys.seal_key, keys.box_key) or card.pin not in ("", keys.pin):
        raise Malformed("answer", "the card is for the keys of another machine")
    first = next(
        document
        for document in said.catalog
        if document["kind"] == "card.granted" and document["data"]["node"] == said.node
    )
    return card, centre, str(first["_id"]).partition(":")[2]


def _connected(host: str, port: int, *, secure: bool) -> tuple[socket.socket, str]:
    """A line to the server, and the pin of the key that it showed: central will say whether it is its own."""
    line = socket.create_connection((host, port), timeout=CONNECT_S)
    if not secure:
        return line, ""
    shown: list[bytes] = []

    def look(certificate: bytes) -> bool:
        shown.append(certificate)
        return True

    return pinned(line, look, host=host), pin_of(shown[0])


def _refusal(status: int, body: bytes) -> tuple[str, str]:
    """What to tell, and why; nothing that is said there is shown as it is: nobody has proven to be the centre."""
    with contextlib.suppress(ValueError):
        said = json.loads(body)
        if isinstance(said, dict) and isinstance(said.get("detail"), str):
            because = said.get("because")
            known = because if isinstance(because, str) and because in REASONS else "refused"
            return f"whoever answers there says: {said['detail'][:500]!a}", known
    return f"the other side says {status}, and no more: is it a centre of ours?", "refused"
