"""What a machine can say of every chain: "1 … 4,812 complete", or which numbers are missing. design §1.7.

The numbers of a machine's acts have no holes, so that what is missing is known without asking anybody. Central holds
all and can say it of every machine. An edge holds what it needs: it says it of itself, of others only what it has seen
and what central has acknowledged. A dossier is complete as far as its parents go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from edge.database import NodeFile
from schemas.acks import Acks
from schemas.catalog import Catalog
from schemas.fold import Dossier, Place
from schemas.views import View
from sync.rows import where_in

MOST_GAPS: Final = 20
"""Gaps of one chain that are named; how many numbers are missing is always said in full."""
Rows = Callable[..., Sequence[tuple[Any, ...]]]
"""Asks a database: the query, then its values."""

_NODES: Final = """
WITH RECURSIVE chain (node) AS (SELECT min(node) FROM {table} UNION ALL
    SELECT (SELECT min(node) FROM {table} WHERE node > chain.node) FROM chain WHERE chain.node IS NOT NULL)
SELECT node FROM chain WHERE node IS NOT NULL
"""
_GAPS: Final = """
SELECT before + 1, seq - 1 FROM (SELECT seq, lag(seq, 1, ?) OVER (ORDER BY seq) AS before
    FROM (SELECT DISTINCT seq FROM event WHERE node = ? AND seq > ?)) WHERE seq > before + 1
"""
_BROUGHT: Final = """
SELECT DISTINCT d.source FROM (SELECT stream, hash FROM event WHERE node = ? AND seq > ? ORDER BY seq LIMIT 50) e
    JOIN delivery d ON d.stream = e.stream AND d.hash = e.hash
"""


def nodes_in(table: str) -> str:
    """The query for each machine that wrote something here, a look into the index for each: there may be millions of acts."""
    return _NODES.format(table=table)


class ChainState(msgspec.Struct, frozen=True):
    """One machine's chain as it stands here.

    `upto`: all from 1 to this are here, or have been and are with central. `known`: the highest number that is known
    of. `acked`: up to where central has said that it holds the chain. `whole`: this machine is to hold all of it, so
    that a gap is a loss and no window; then `missing` are the gaps, first and last number of each, the first `MOST_GAPS`
    of them, and `lacking` is how many numbers that are in all.
    """

    node: str
    upto: int
    known: int
    missing: tuple[tuple[int, int], ...]
    lacking: int
    acked: int
    whole: bool

    @property
    def complete(self) -> bool:
        """True too of a chain that this machine is not to hold whole, whatever it lacks."""
        return not self.lacking


class Chains:
    """The chains at one node. `acks` gives central's newest list."""

    def __init__(
        self, file: NodeFile, acks: Callable[[], Acks | None], catalog: Catalog, *, node: str
    ) -> None:
        self._file, self._acks, self._catalog, self._node = file, acks, catalog, node

    def all(self) -> list[ChainState]:
        """Every chain of which something is here or was acknowledged, in order of the machines' names."""
        with self._file.read() as connection:
            return chains_in(
                lambda query, *values: connection.execute(query, values).fetchall(),
                self._acks(),
                own=self._node,
                is_centre=self._catalog.centre == self._node,
            )

    def holders(self, state: ChainState) -> tuple[str, ...]:
        """Who may still have what is missing here of a chain: its machine, who brought what comes later, its neighbours.

        None of them for certain; machines whose cards have ended are left out.
        """
        if state.complete:
            return ()
        view = self._catalog.latest
        author = view.card(state.node)
        with self._file.read() as connection:
            brought = [str(source) for (source,) in connection.execute(_BROUGHT, (state.node, state.upto))]
        beside = [
            card.node
            for card in view.cards()
            if author is not None and author.building and card.building == author.building
        ]
        return tuple(self._reachable(view, [state.node, *brought, *beside]))

    def holders_of_parents(self, dossier: Dossier) -> tuple[str, ...]:
        """Who may have the acts that a dossier lacks: who wrote what waits for them had seen them, and who brought it."""
        waiting = [line for line in dossier.timeline if line.place is Place.WAITING]
        with self._file.read() as connection:
            rows = where_in(
                connection, "SELECT source FROM delivery WHERE hash IN", [line.hash for line in waiting]
            )
            sources = [str(source) for (source,) in rows]
        return tuple(self._reachable(self._catalog.latest, [*(line.node for line in waiting), *sources]))

    def _reachable(self, view: View, nodes: Iterable[str]) -> list[str]:
        cards = {node: view.card(node) for node in dict.fromkeys(nodes) if node and node != self._node}
        return [node for node, card in cards.items() if card is not None and card.opens]


def chains_in(rows: Rows, acks: Acks | None, *, own: str, is_centre: bool) -> list[ChainState]:
    """The same of any node's database, also of one that does not run."""
    nodes = {str(node) for (node,) in rows(nodes_in("event"))}
    if acks is not None:
        nodes |= set(acks.held.get("dossiers", {}))
    proven = {
        str(node): int(seq) for node, seq in rows("SELECT node, seq FROM whole WHERE database = 'dossiers'")
    }
    written = max(
        (int(seq) for (seq,) in rows("SELECT seq FROM chain WHERE database = 'dossiers'")), default=0
    )
    return [
        _state(
            rows,
            node,
            acked=acks.upto("dossiers", node) if acks is not None else 0,
            proven=proven.get(node, 0) if is_centre else 0,
            written=written if node == own else 0,
            whole=is_centre or node == own,
            is_centre=is_centre,
        )
        for node in sorted(nodes | ({own} if written else set()))
    ]


def _state(
    rows: Rows, node: str, *, acked: int, proven: int, written: int, whole: bool, is_centre: bool
) -> ChainState:
    """`proven`: up to here central went along the chain; no need to count that again."""
    ((newest,),) = rows("SELECT max(seq) FROM event WHERE node = ?", node)
    known = max(newest or 0, written, acked)
    # what central holds may have left an edge; what central itself has said that it holds must be here
    since = proven if is_centre else acked
    gaps = [(first, last) for first, last in rows(_GAPS, since, node, since)]
    reached = max(newest or 0, since)
    if reached < known:
        gaps.append((reached + 1, known))
    upto = gaps[0][0] - 1 if gaps else known
    lacking = sum(last - first + 1 for first, last in gaps) if whole else 0
    return ChainState(node, upto, known, tuple(gaps[:MOST_GAPS]) if whole else (), lacking, acked, whole)


def spans(gaps: Iterable[tuple[int, int]], number: Callable[[int], str]) -> str:
    """`4.801–4.803, 4.810`, with numbers as somebody writes them."""
    return ", ".join(
        number(first) if first == last else f"{number(first)}–{number(last)}" for first, last in gaps
    )
