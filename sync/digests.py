"""Whether two peers have the same documents, leaf by leaf: after everything was copied from one to the other.

First a digest of each group of documents, here and there, in one reading of each side and in memory for the groups
alone; then, only of groups whose digests differ, the leaves by name. A feed of a cluster may name a document twice: that
makes a digest differ, and no name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator
from typing import Final, NamedTuple, TypeAlias

from sync.checkpoints import FROM_THE_START
from sync.peer import Peer

GROUPED: Final = 6
"""So many first letters of an id make its group: streams begin with the moment that they were made, so that a group is
what began within five hours. Ten years are 19,000 of them."""
PAGE: Final = 1000
_MODULUS: Final = 2**256

Group: TypeAlias = Callable[[str], str]


class Leaf(NamedTuple):
    """A document and one of its leaf revisions."""

    id: str
    rev: str


class Digest(NamedTuple):
    """`total`: the SHA-256 of all leaves added up, so that their order does not count."""

    leaves: int
    total: int


class Differences(NamedTuple):
    """Leaves that only one side has."""

    only_here: list[Leaf]
    only_there: list[Leaf]

    @property
    def none(self) -> bool:
        """Whether both sides have the same."""
        return not self.only_here and not self.only_there


def by_beginning(doc_id: str) -> str:
    """The group of a document: the first `GROUPED` characters of its id."""
    return doc_id[:GROUPED]


def digests(
    peer: Peer, *, group: Group = by_beginning, read: Callable[[int], None] = lambda leaves: None
) -> dict[str, Digest]:
    """Of each group that there is. `read` hears how many leaves have been read so far. Raises as `Peer` does."""
    found: dict[str, Digest] = {}
    for number, leaf in enumerate(_leaves(peer), 1):
        before = found.get(group(leaf.id), Digest(0, 0))
        found[group(leaf.id)] = Digest(before.leaves + 1, (before.total + _number(leaf)) % _MODULUS)
        if number % PAGE == 0:
            read(number)
    return found


def differences(
    here: Peer,
    there: Peer,
    *,
    group: Group = by_beginning,
    read: Callable[[int], None] = lambda leaves: None,
) -> Differences:
    """What one has and the other has not. Whoever writes meanwhile is told of as well. Raises as `Peer` does."""
    sums, others = (digests(peer, group=group, read=read) for peer in (here, there))
    unequal = {name for name in sums.keys() | others.keys() if sums.get(name) != others.get(name)}
    if not unequal:
        return Differences([], [])
    ours, theirs = (_of_groups(peer, unequal, group) for peer in (here, there))
    return Differences(sorted(ours - theirs), sorted(theirs - ours))


def _of_groups(peer: Peer, groups: Collection[str], group: Group) -> set[Leaf]:
    return {leaf for leaf in _leaves(peer) if group(leaf.id) in groups}


def _leaves(peer: Peer) -> Iterator[Leaf]:
    since = FROM_THE_START
    while True:
        page = peer.changes(since, limit=PAGE, wait_s=0)
        for change in page.changes:
            for rev in change.revs:
                yield Leaf(change.id, rev)
        if not page.changes:
            return
        since = page.last_seq


def _number(leaf: Leaf) -> int:
    return int.from_bytes(hashlib.sha256(f"{leaf.id} {leaf.rev}".encode()).digest())
