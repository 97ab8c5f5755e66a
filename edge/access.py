"""Who may use the databases of this node over HTTP: nodes by their card, programs by a password.

A node reads and writes events, files and its own checkpoints; what it writes must keep to the write rules
anyhow. A program that only reads may also keep its checkpoint (CouchDB's replicator insists on it).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from edge.keys import password_holds
from edge.settings import ReaderSettings
from schemas.catalog import Catalog
from sync.sessions import User

NODE: Final = "node"
READER: Final = "reader"
_READING_POSTS: Final = frozenset({"_all_docs", "_changes", "_bulk_get", "_revs_diff", "_missing_revs"})
_REPLICATING: Final = _READING_POSTS | {"_bulk_docs", "_ensure_full_commit", "_local", "_design"}
"""What beside documents a program needs that copies from here or to here. The rest of CouchDB's API (searching
whole databases, settings, the notes of all others, …) is closed to everybody who comes over the line."""

STATE: Final = "state-"
"""`_local/state-NODE` in central's `catalog`: what a machine says of itself."""
SENT: Final = "sent-"
"""`_local/sent-NODE` in the `catalog` of a central that collects: see `all_is_sent`."""
_OF_ITSELF: Final = (f"_local/{STATE}", f"_local/{SENT}")


def all_is_sent(node: str, *, to: str, catalog: str) -> tuple[str, dict[str, str]]:
    """A note, and its name, by which a machine says that it has sent all it has: to which central, and up to which entry of
    the catalog it has heard."""
    return f"{SENT}{node}", {"catalog": catalog, "to": to}


class Access:
    """The doorkeeper of one node; `heard` is told of every node that proves who it is."""

    def __init__(
        self,
        catalog: Catalog,
        readers: tuple[ReaderSettings, ...],
        hasher: PasswordHasher,
        *,
        node: str,
        heard: Callable[[str], None],
    ) -> None:
        self._catalog, self._node, self._heard = catalog, node, heard
        self._readers = {reader.name: reader.verifier for reader in readers}
        self._hasher = hasher
        self._right: set[bytes] = set()

    def authenticate(self, name: str, password: str) -> User | None:
        """A node by the proof of its card's key, a reader by its password; None where it does not hold."""
        card = self._catalog.latest.card(name)
        if card is not None:
            known = card.opens and password_holds(card.ed25519, name, self._node, password)
            return User(name, (NODE,)) if known else None
        verifier = self._readers.get(name)
        if verifier is None or not self._matches(name, verifier, password):
            return None
        return User(name, (READER,))

    def authorize(self, user: User | None, database: str, method: str, path: str) -> bool:
        """Whether somebody may ask this: a node what replicating needs, a reader the same without writing.

        What a machine says of itself only that machine leaves here: a new central takes over when all have said that they are
        done.
        """
        if user is None or not _is_for_replicating(path):
            return False
        says = next((path.removeprefix(one) for one in _OF_ITSELF if path.startswith(one)), None)
        if says is not None and method != "GET" and (NODE not in user.roles or says != user.name):
            return False
        if NODE in user.roles:
            card = self._catalog.latest.card(user.name)
            if card is None or not card.opens:  # a session may be older than the revocation
                return False
            self._heard(user.name)
            return True
        reads = method in ("GET", "HEAD") or (
            method == "POST" and path in (*_READING_POSTS, "_ensure_full_commit")
        )
        return READER in user.roles and (reads or path.startswith("_local/"))

    def _matches(self, name: str, verifier: str, password: str) -> bool:
        """Basic credentials come with every request; argon2 is slow on purpose, once."""
        digest = hashlib.sha256(f"{name}\0{password}".encode()).digest()
        if digest in self._right:
            return True
        try:
            self._hasher.verify(verifier, password)
        except (VerifyMismatchError, InvalidHashError):
            return False
        self._right.add(digest)
        return True


def _is_for_replicating(path: str) -> bool:
    """`path`: what follows the database, decoded."""
    first = path.partition("/")[0]
    return not first.startswith("_") or first in _REPLICATING
