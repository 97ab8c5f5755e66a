"""What a scenario came to, counted afterwards from the nodes' own databases over HTTP.

It shares nothing with whoever played the scenario: it asks CouchDB's questions of each node, checks each
event by the rules that an outsider would use, and folds what it found.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import requests

from central.demo.switchboard import Outage
from edge.errors import CannotStart
from schemas.catalog import Catalog
from schemas.events import Document, Event, moment, parse
from schemas.fold import Dossier, fold
from schemas.seals import seal_holds

PAGE: Final = 500
TIMEOUT_S: Final = 30
EXPECTED: Final = {"received": 40, "approved": 20, "returned": 10, "conflicts": 3, "killed": 1}


class NodeReport(msgspec.Struct, frozen=True):
    """`verified`: how many of a node's events hold by id, revision, seal and chain."""

    events: int
    digest: str
    verified: int


class Conflicts(msgspec.Struct, frozen=True):
    """How many were found and how many the desk has settled; `rows` names rows of the table of design §3.4."""

    found: int
    settled: int
    rows: list[str]


class Report(msgspec.Struct, frozen=True):
    """The scenario's result; counts are of central's database unless they say otherwise."""

    converged: bool
    seed: int
    nodes: dict[str, NodeReport]
    received: int
    received_offline: int
    procedures: int
    approved: int
    approved_offline: int
    returned: int
    slips: int
    signatures_valid: int
    sealed: int
    seals_valid: int
    conflicts: Conflicts
    missing_events: int
    duplicate_numbers: int
    killed: int
    seconds: float

    @property
    def all_well(self) -> bool:
        """Whether all came as `EXPECTED`, whole and signed, some of it from nodes that were alone."""
        return (
            self.converged
            and self.received == self.slips == EXPECTED["received"]
            and self.approved == self.signatures_valid == EXPECTED["approved"]
            and self.returned == EXPECTED["returned"]
            and self.conflicts.found == self.conflicts.settled == EXPECTED["conflicts"]
            and len(self.conflicts.rows) == EXPECTED["conflicts"]
            and self.sealed == self.seals_valid > 0
            and self.received_offline > 0
            and self.approved_offline > 0
            and self.procedures >= 20
            and self.killed == EXPECTED["killed"]
            and self.missing_events == self.duplicate_numbers == 0
            and all(node.verified == node.events for node in self.nodes.values())
        )


@dataclass
class _Held:
    """What one node holds."""

    catalog: Catalog
    events: dict[str, Event] = field(default_factory=dict)
    verified: int = 0

    def folds(self, *, without: str = "") -> dict[str, Dossier]:
        streams: dict[str, list[Event]] = {}
        for event in self.events.values():
            if event.kind != without:
                streams.setdefault(event.stream, []).append(event)
        return {stream: fold(events, self.catalog) for stream, events in sorted(streams.items())}


class Reader:
    """Reads the databases of one node, with nothing but CouchDB's protocol."""

    def __init__(self, url: str, credentials: tuple[str, str]) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = credentials

    def documents(self, database: str) -> Iterator[Document]:
        """By id, `PAGE` at a time; no local ones. Raises `requests.RequestException`."""
        startkey: str | None = None
        while True:
            query: dict[str, str] = {"include_docs": "true", "limit": str(PAGE + 1)}
            if startkey is not None:
                query["startkey"] = msgspec.json.encode(startkey).decode()
            rows = self._json(f"{database}/_all_docs", query)["rows"]
            yield from (row["doc"] for row in rows[:PAGE])
            if len(rows) <= PAGE:
                return
            startkey = rows[PAGE]["id"]

    def file(self, name: str) -> bytes:
        """A file put together from its chunks, each checked by its hash."""
        content = b""
        for chunk in self._json(f"files/{name}", {})["chunks"]:
            within = self._json(f"files/{chunk}", {"attachments": "true"})["_attachments"]["content"]
            piece = base64.b64decode(within["data"])  # a front gives attachments inside their documents alone
            if f"sha256-{hashlib.sha256(piece).hexdigest()}" != chunk:
                raise ValueError(f"{chunk} is damaged")
            content += piece
        if f"file-{hashlib.sha256(content).hexdigest()}" != name:
            raise ValueError(f"{name} is damaged")
        return content

    def _json(self, path: str, query: Mapping[str, str]) -> Any:
        return self._get(path, query).json()

    def _get(self, path: str, query: Mapping[str, str]) -> requests.Response:
        as_json = {"Accept": "application/json"}  # else a document with attachments comes as multipart
        answer = self._session.get(f"{self._url}/{path}", params=query, headers=as_json, timeout=TIMEOUT_S)
        answer.raise_for_status()
        return answer


def audit(
    urls: Mapping[str, str],
    credentials: tuple[str, str],
    *,
    root: bytes,
    papers: Mapping[str, Path],
    outages: Sequence[Outage],
    killed: int,
    seed: int,
    seconds: Callable[[], float],
) -> Report:
    """Count everything from outside. `root` is the pinned CA certificate (DER), `papers` are the nodes' PDF folders, `outages` the switchboard's record."""
    readers = {name: Reader(url, credentials) for name, url in urls.items()}
    held = {name: _read(reader, root) for name, reader in readers.items()}
    folds = {name: one.folds() for name, one in held.items()}
    digests = {name: _digest(found) for name, found in folds.items()}
    all_events = {event for one in held.values() for event in one.events}
    missing = sum(len(all_events) - len(one.events) for one in held.values())
    central = held["central"]
    kinds = Counter(event.kind for event in central.events.values())
    dossiers = [dossier for dossier in folds["central"].values() if dossier.received is not None]
    numbers = Counter(dossier.received.number for dossier in dossiers if dossier.received)
    unsettled = central.folds(without="dossier.settled")
    found = [conflict for dossier in unsettled.values() for conflict in dossier.conflicts]
    still_open = sum(len(dossier.conflicts) for dossier in dossiers)
    return Report(
        converged=missing == 0
        and len(set(digests.values())) == 1
        and all(dossier.complete for dossier in dossiers),
        seed=seed,
        nodes={name: NodeReport(len(one.events), digests[name], one.verified) for name, one in held.items()},
        received=kinds["dossier.received"],
        received_offline=_offline(central, "dossier.received", outages),
        procedures=len({dossier.received.procedure for dossier in dossiers if dossier.received}),
        approved=kinds["dossier.approved"],
        approved_offline=_offline(central, "dossier.approved", outages),
        returned=len([dossier for dossier in dossiers if dossier.standing.returns]),
        slips=len(_slips(papers) & set(numbers)),
        signatures_valid=_valid(readers["central"], central, "dossier.approved", signatures=1),
        sealed=kinds["dossier.sealed"],
        seals_valid=_valid(readers["central"], central, "dossier.sealed", signatures=3),
        conflicts=Conflicts(
            len(found), len(found) - still_open, sorted({row for c in found for row in c.rows})
        ),
        missing_events=missing + sum(_gaps(one) for one in held.values()),
        duplicate_numbers=sum(count - 1 for count in numbers.values()),
        killed=killed,
        seconds=round(seconds(), 1),
    )


def _read(reader: Reader, root: bytes) -> _Held:
    """Read a node's catalog and events, and count the events that hold by themselves."""
    entries = sorted(reader.documents("catalog"), key=lambda document: int(document["seq"]))
    catalog = Catalog(root)
    catalog.apply(entries)
    one = _Held(catalog)
    sealed = set()
    for document in reader.documents("dossiers"):
        event = parse(document)
        if isinstance(event, Event):
            one.events[event.hash] = event
            card = catalog.latest.card(event.node)
            if card is not None and seal_holds(document, card.ed25519):
                sealed.add(event.hash)
    before = {(event.node, event.seq): event.hash for event in one.events.values()}
    for entry in reversed(entries):
        if entry["kind"] == "card.granted":
            before[entry["data"]["node"], 0] = parse(entry).hash
    chained = {
        event.hash for event in one.events.values() if before.get((event.node, event.seq - 1)) == event.prev
    }
    one.verified = len(sealed & chained)
    return one


def _gaps(one: _Held) -> int:
    """How many numbers are missing from the chains that a node holds."""
    last: dict[str, int] = {}
    for event in one.events.values():
        last[event.node] = max(last.get(event.node, 0), event.seq)
    return sum(last.values()) - len({(event.node, event.seq) for event in one.events.values()})


def _digest(folds: Mapping[str, Dossier]) -> str:
    """SHA-256 over the folded states of all dossiers, in the order of their streams."""
    states = [msgspec.to_builtins(dossier) for _, dossier in sorted(folds.items())]
    return hashlib.sha256(msgspec.json.encode(states, order="sorted")).hexdigest()


def _offline(one: _Held, kind: str, outages: Sequence[Outage]) -> int:
    """How many acts of a kind were done at a node while its cable was pulled."""
    return sum(
        any(
            event.node.rpartition(".")[0] == outage.node
            and outage.since <= moment(event.at)
            and (outage.until is None or moment(event.at) < outage.until)
            for outage in outages
        )
        for event in one.events.values()
        if event.kind == kind
    )


def _slips(papers: Mapping[str, Path]) -> set[str]:
    """The dossier numbers whose form 01 lies in a PDF folder, as a PDF with that number in it."""
    return {
        path.name.removesuffix("-01-1.pdf")
        for folder in papers.values()
        for path in folder.glob("*-01-1.pdf")
        if path.read_bytes()[:5] == b"%PDF-"
    }


def _valid(reader: Reader, one: _Held, kind: str, *, signatures: int) -> int:
    """Of the results that acts of a kind name, how many are signed so often, and whole to their end."""
    named = [event.data["result"] for event in one.events.values() if event.kind == kind]
    return sum(_is_valid(reader.file(file), signatures) for file in named)


def _is_valid(content: bytes, signatures: int) -> bool:
    """Whether poppler's pdfsig, which knows nothing of us, finds every signature valid and the last over everything."""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(content)
        file.flush()
        try:
            said = subprocess.run(
                ["pdfsig", "-nocert", file.name], capture_output=True, text=True, check=False
            ).stdout
        except FileNotFoundError as why:
            raise CannotStart("pdfsig is missing: install Debian's poppler-utils") from why
    return said.count("Signature is Valid") == signatures and said.count("- Total document signed") == 1
