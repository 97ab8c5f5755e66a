"""A CouchDB in a folder: no rule of any domain, databases made and deleted freely.

For conformance suites, tools and other programs of the same machine. Without an admin everybody may do
everything ("admin party"); with one, databases begin as CouchDB 3's do, open to the admin alone until
`_security` says otherwise.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from flask import Flask

from sync.cors import OFF, Cors
from sync.databases import Folder
from sync.documents import Json
from sync.replications import Replications
from sync.security import ADMIN_ROLE, ONLY_ADMINS
from sync.server import couch_app
from sync.sessions import User
from sync.tasks import Tasks


class Admin(NamedTuple):
    """The only user of a server that has no cards."""

    name: str
    password: str


class BareServer:
    """`app` is the WSGI application; close it when nobody serves it any more. Raises as `Folder` does."""

    def __init__(
        self,
        path: Path,
        *,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
        secret: bytes,
        admin: Admin | None = None,
        key: bytes | None = None,
        cors: Cors = OFF,
    ) -> None:
        self._admin = admin
        self.folder = Folder(
            path,
            new_id=new_id,
            key=key,
            rules=lambda name: None if admin is None else self._design_is_the_admins,
            security=None if admin is None else ONLY_ADMINS,
        )
        tasks = Tasks()
        self._replications = Replications(
            self.folder, uuid=self.folder.uuid, tasks=tasks, new_id=new_id, now=now
        )
        self.app: Flask = couch_app(
            self.folder,
            uuid=self.folder.uuid,
            authenticate=self._authenticate,
            authorize=lambda user, database, method, path: True,  # `_security` decides
            is_admin=self._is_admin,
            secret=secret,
            new_id=new_id,
            now=now,
            cors=cors,
            tasks=tasks,
            replications=self._replications,
        )

    def end_feeds(self) -> None:
        """And replications: before the web server stops, which waits for what is under way."""
        self._replications.close()
        self.folder.end_feeds()

    def close(self) -> None:
        """Ends the replications first, and waits for them."""
        self._replications.close()
        self.folder.close()

    def _authenticate(self, name: str, password: str) -> User | None:
        if self._admin is None or name != self._admin.name:
            return None
        if not hmac.compare_digest(password.encode(), self._admin.password.encode()):
            return None
        return User(name, (ADMIN_ROLE,))

    def _is_admin(self, user: User | None) -> bool:
        return self._admin is None or (user is not None and ADMIN_ROLE in user.roles)

    def _design_is_the_admins(self, documents: Sequence[Json], source: str | None) -> Sequence[str | None]:
        """Write rules: `source` is the user's name, and the admin the only user that there is."""
        by_admin = self._admin is not None and source == self._admin.name
        refused = "You are not a db or server admin."
        return [
            None if by_admin or not document["_id"].startswith("_design/") else refused
            for document in documents
        ]
