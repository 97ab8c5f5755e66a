"""Which documents a feed tells of. protocol.md §1.5."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from sync.documents import Json

DocumentFilter: TypeAlias = Callable[[Json], bool]


@dataclass(frozen=True, slots=True)
class Filter:
    """Filters with the same `key` let the same documents pass. `few_ids`: only these can pass.

    `by_page` gets the ids of a whole page at once, and returns those that pass.
    """

    key: Hashable
    few_ids: tuple[str, ...] | None = field(default=None, compare=False)
    by_id: Callable[[str], bool] | None = field(default=None, compare=False)
    by_document: DocumentFilter | None = field(default=None, compare=False)
    by_page: Callable[[Sequence[str]], Collection[str]] | None = field(default=None, compare=False)

    @property
    def passes_all(self) -> bool:
        """Whether every row that is looked at is given."""
        return self.by_id is None and self.by_document is None and self.by_page is None


EVERYTHING: Final = Filter(None)
FEW: Final = 100
"""So many ids are looked up; more are picked out of all changes. CouchDB draws the line there too."""


def of_ids(ids: frozenset[str], key: Hashable) -> Filter:
    """Documents by name; `key` is the same for feeds that may share their pages."""
    few = tuple(ids) if len(ids) <= FEW else None
    return Filter(key, few, ids.__contains__)
