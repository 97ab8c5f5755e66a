"""An enrolled machine that means harm: a valid card and its own keys, and plain HTTP instead of our program."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import requests

from edge.keys import NodeKeys
from edge.node import Node
from edge.server import application, serving
from edge.web import create_pages
from schemas import events
from schemas.canonical import to_base64
from tests.centres import SmallCentre

Document = dict[str, Any]


class Hostile:
    """Sits at the place of an honest node, with its card, its keys and all that it had."""

    def __init__(self, centre: SmallCentre, name: str = "counter-02") -> None:
        self.centre = centre
        self.node = centre[name]
        self.keys = self.node.keys
        self._seq = itertools.count(1)
        self._prev = self.node.catalog.tip

    @contextmanager
    def facing(self, victim: Node) -> Iterator[Line]:
        """A line to a node that serves, with the credentials of the card."""
        pages = create_pages(victim, None, lambda: None)
        served = serving(application(victim, pages), "127.0.0.1", 0)
        with served as (host, port), requests.Session() as session:
            session.trust_env = False
            session.auth = (self.node.id, self.keys.password_for(self.node.id, victim.id))
            yield Line(session, f"http://{host}:{port}")

    def event(
        self, stream: str, kind: str, data: Any, *, keys: NodeKeys | None = None, **members: Any
    ) -> Document:
        """An event in the form of an event, whatever it says, sealed by this machine or with other keys."""
        seq = members.pop("seq", None) or next(self._seq)
        document = events.write(
            stream=stream,
            kind=kind,
            data=data,
            parents=members.pop("parents", ()),
            rests_on=members.pop("rests_on", None),
            at=members.pop("at", None) or self.centre.clock(),
            node=members.pop("node", self.node.id),
            seq=seq,
            prev=members.pop("prev", self._prev),
            catalog=members.pop("catalog", self.node.catalog.name),
            by=members.pop("by", "long.pd"),
            salt=bytes(16),
            seal=(keys or self.keys).ed25519.sign,
            **members,
        )
        self._prev = events.hash_of(events.header_of(document))
        return document


class Line:
    """What it can send over HTTP."""

    def __init__(self, session: requests.Session, url: str) -> None:
        self.session, self.url = session, url

    def send(self, documents: Sequence[Document], database: str = "dossiers") -> list[str | None]:
        """What was refused of it, in order, and why; None for what was taken."""
        answer = self.session.post(
            f"{self.url}/{database}/_bulk_docs",
            json={"docs": list(documents), "new_edits": False},
            timeout=60,
        )
        if not answer.ok:
            return [f"{answer.status_code}: {answer.json()['reason']}"] * len(documents)
        refused = {(row["id"], row["rev"]): row["reason"] for row in answer.json() if "error" in row}
        return [refused.get((one["_id"], one["_rev"])) for one in documents]


def resealed(document: Document, seal: bytes) -> Document:
    """The same event under another seal, as its own revision."""
    event_hash = document["_id"].partition(":")[2]
    return {**document, "seal": to_base64(seal), "_rev": events.revision_of(event_hash, seal)}
