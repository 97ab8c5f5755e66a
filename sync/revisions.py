"""Revision trees, pure: what a document's history is, and which of its leaves wins.

A revision is a generation and a hash (`3-a1b2…`). A document is a forest of revisions; most are one root.
A revision is *stored* (its body is here) or only named by a descendant. Leaves are the current revisions;
every leaf is stored, because a path brings the body of its newest revision. Trees grow by union: the same
paths give the same leaves in whatever order they come. They lose only what lies far behind every leaf
(`stemmed`), and what is purged. protocol.md §2, couch_key_tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import NamedTuple

from sync.errors import BadRequest

_REV = re.compile(r"([1-9][0-9]{0,14})-(.+)", re.DOTALL)
_HEX_HASH = re.compile(r"[0-9a-fA-F]{32}")
_HASH = re.compile(r"[!-~]{1,256}")


class Rev(NamedTuple):
    """Orders by generation, then by hash, bytewise: the order that decides between leaves."""

    generation: int
    hash: str

    def __str__(self) -> str:
        return f"{self.generation}-{self.hash}"


def parse_rev(text: object) -> Rev:
    """`"3-a1b2"` → Rev(3, "a1b2"). CouchDB writes hexadecimal hashes in lower case. Raises `BadRequest`."""
    match = _REV.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise BadRequest("Invalid rev format")
    return Rev(int(match[1]), canonical_hash(match[2]))


def canonical_hash(text: str) -> str:
    """Raises `BadRequest` for what could not stand in an ETag or on a line of a multipart answer."""
    if _HEX_HASH.fullmatch(text):
        return text.lower()
    if not _HASH.fullmatch(text):
        raise BadRequest("Invalid rev format")
    return text


@dataclass(frozen=True, slots=True)
class Node:
    """A revision in its tree; `stored`: its body is here."""

    parent: Rev | None  # None: a root, or what was before is not known
    deleted: bool
    stored: bool


@dataclass(frozen=True, slots=True)
class Tree:
    """All revisions of a document that are known here, each with its parent; immutable. protocol.md §2."""

    nodes: Mapping[Rev, Node] = field(default_factory=dict)

    def grafted(self, path: Sequence[Rev], *, deleted: bool) -> Tree:
        """This tree and one path, newest revision first, whose body came with it.

        A revision that is known keeps its body and its parent. A root that the path leads further back
        gets that parent; where the path and the tree name different parents, the tree's stays.
        """
        if not self.nodes and len(path) == 1:  # most documents have one revision for ever
            return Tree({path[0]: Node(None, deleted, stored=True)})
        nodes = dict(self.nodes)
        parents = [*path[1:], None]
        for rev, parent in zip(path, parents, strict=True):
            known = nodes.get(rev)
            if known is None:
                newest = rev is path[0]
                nodes[rev] = Node(parent, deleted=newest and deleted, stored=newest)
            elif known.parent is None and parent is not None:
                nodes[rev] = replace(known, parent=parent)
            elif known.parent != parent:
                break
        return Tree(nodes)

    def kept(self, leaves: Iterable[Rev], *, limit: int) -> Tree:
        """What these leaves need of this tree: each with its `limit` newest ancestors, itself among them.

        A node that two of them share stays if it is near enough to either.
        """
        nodes: dict[Rev, Node] = {}
        for leaf in leaves:
            nodes.update((rev, self.nodes[rev]) for rev in islice(self._up(leaf), limit))
        return Tree(
            {
                rev: node if node.parent is None or node.parent in nodes else replace(node, parent=None)
                for rev, node in nodes.items()
            }
        )

    def stemmed(self, limit: int) -> Tree:
        """This tree without what lies `limit` or more generations behind every leaf."""
        if len(self.nodes) <= limit:
            return self  # no path can be longer
        return self.kept(self.leaves(), limit=limit)

    def leaves(self) -> list[Rev]:
        """All current revisions, the winner first: live before deleted, then the greatest revision."""
        if len(self.nodes) == 1:
            return list(self.nodes)
        parents = {node.parent for node in self.nodes.values()}
        leaves = [rev for rev in self.nodes if rev not in parents]
        leaves.sort(key=lambda rev: (not self.nodes[rev].deleted, rev), reverse=True)
        return leaves

    def history(self, rev: Rev) -> list[Rev]:
        """`rev` and its ancestors as far as they are known, newest first."""
        return list(self._up(rev))

    def _up(self, rev: Rev) -> Iterator[Rev]:
        at: Rev | None = rev
        while at is not None:
            yield at
            at = self.nodes[at].parent

    def leaves_from(self, rev: Rev) -> list[Rev]:
        """The leaves that `rev` grew into, from branch to branch; `rev` itself if it is a leaf."""
        return [leaf for leaf in self.branches() if rev in self.history(leaf)]

    def branches(self) -> list[Rev]:
        """All leaves as one meets them who walks the tree, the smaller revision first: CouchDB's order of `open_revs`."""
        return sorted(self.leaves(), key=lambda leaf: self.history(leaf)[::-1])

    def possible_ancestors(self, missing: Sequence[Rev]) -> list[Rev]:
        """Leaves that a missing revision may descend from: all of a lower generation than the highest one."""
        highest = max(rev.generation for rev in missing)
        return [leaf for leaf in self.leaves() if leaf.generation < highest]
