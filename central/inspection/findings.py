"""What a verification found: sentences for an operator, each with its place."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be: in which node's folder, at what, and what is wrong with it.

    `written`: so it was written, or so far it was brought; the folder is not at fault, and a copy can be no better.
    """

    node_folder: str
    where: str
    what: str
    written: bool = False

    def __str__(self) -> str:
        return f"{self.node_folder}: {self.where}: {self.what}"


class Trace(NamedTuple):
    """What names an event; of one that is damaged or gone, as much as its id, its text or a mark still says."""

    hash: str = ""
    node: str = ""
    seq: int = 0


class Link(NamedTuple):
    """What is kept in mind of an event that holds: its place in its chain and in its stream."""

    hash: str
    node: str
    seq: int
    prev: str
    stream: str

    @property
    def trace(self) -> Trace:
        """Its place in the chain, without that in the stream."""
        return Trace(self.hash, self.node, self.seq)


class _Pending(NamedTuple):
    folder: str
    database: str
    trace: Trace
    what: str
    written: bool


class Findings:
    """Collects what is found. Damaged events get their names at the end, when all nodes have been read."""

    def __init__(self) -> None:
        self._said: list[Finding | _Pending] = []
        self.links: dict[str, dict[str, Link]] = defaultdict(dict)
        """By database and hash: the events that hold at any node."""
        self.numbers: dict[str, str] = {}
        """By stream: the dossier's number."""

    def say(self, folder: str, where: str, what: str, *, written: bool = False) -> None:
        """`where` and `what` may have been read from the disk: they are made fit for a terminal."""
        self._said.append(Finding(folder, printable(where), printable(what), written))

    def say_of_event(
        self, folder: str, database: str, trace: Trace, what: str, *, written: bool = False
    ) -> None:
        """As `say`, of an event of which no more than its `trace` need be known by now."""
        self._said.append(_Pending(folder, database, trace, printable(what), written))

    def resolved(self, database: str, trace: Trace) -> Trace:
        """The trace with what the other nodes know of its hash; that is proven, and so goes first."""
        link = self.links.get(database, {}).get(trace.hash)
        return Trace(link.hash, link.node, link.seq) if link else trace

    def all(self) -> tuple[Finding, ...]:
        """Everything found, in order, each once."""
        return tuple(dict.fromkeys(self._named(one) for one in self._said))

    def _named(self, one: Finding | _Pending) -> Finding:
        if isinstance(one, Finding):
            return one
        trace = self.resolved(one.database, one.trace)
        link = self.links.get(one.database, {}).get(trace.hash)
        number = self.numbers.get(link.stream) if link else None
        where = printable(_place(one.database, trace, number))
        return Finding(one.folder, where, one.what, one.written)


def _place(database: str, trace: Trace, number: str | None) -> str:
    if not trace.node:
        name = f"with the hash {trace.hash[:16]}…" if trace.hash else "without a name"
        return f"{database} event {name}"
    if database == "catalog":
        return f"catalog entry {trace.seq}"
    place = f"{database} event {trace.node} #{trace.seq}"
    return f"{place} ({number})" if number else place


def printable(text: str) -> str:
    """A text out of a damaged file, fit for a terminal."""
    return "".join(
        character if character.isprintable() else f"\\x{ord(character) & 0xFF:02x}" for character in text
    )
