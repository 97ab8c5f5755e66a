"""What was sent to central and not acknowledged there: written down before it goes, and until it is.

A cluster that could not reach a quorum may have it in one copy, and says from then on that it is not missing. Who believed
that would go on, and the act would lie in that copy alone: it is sent again, whatever the cluster says, after a restart and at
another address too (docs/cluster.md).
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final

import orjson

from edge.database import NodeFile
from edge.tables.node import Fact

Revision = tuple[str, str]
_KEY: Final = "unacknowledged "


class Unacknowledged:
    """Revisions of one database, as (id, rev): at most those of the pages that are under way."""

    def __init__(self, file: NodeFile, database: str) -> None:
        self._file, self._key = file, _KEY + database

    def before(self) -> frozenset[Revision]:
        """Those that are still to be acknowledged."""
        with self._file.read():
            kept = Fact.get_or_none(Fact.key == self._key)
        return (
            frozenset() if kept is None else frozenset((name, rev) for name, rev in orjson.loads(kept.value))
        )

    def sending(self, revisions: Set[Revision]) -> None:
        """They go out now: whether they arrive nobody knows until they are acknowledged. Raises `DiskFull`."""
        with self._file.write():
            self._keep(self.before() | revisions)

    def acknowledged(self, revisions: Set[Revision]) -> None:
        """They are kept there, or refused. Raises `DiskFull`."""
        with self._file.write():
            self._keep(self.before() - revisions)

    def _keep(self, revisions: Set[Revision]) -> None:
        if revisions:
            value = orjson.dumps(sorted(revisions)).decode()
            Fact.insert(key=self._key, value=value).on_conflict_replace().execute()
        else:
            Fact.delete().where(Fact.key == self._key).execute()
