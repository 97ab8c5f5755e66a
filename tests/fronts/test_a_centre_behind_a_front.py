"""A real centre whose machines meet nobody but a front: real cards, seals, windows and passwords.

Central stands for what fronts know: it follows what lies behind, as 0051 says of a follower.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from edge.access import Access
from edge.acks import NAME as ACKS
from edge.admission import Admission
from edge.node import DATABASES, Node, server_uuid
from edge.roads import Here
from sync.digests import differences
from sync.documents import Json
from sync.front import Front
from sync.peer import RefusedDocument
from sync.remote import RemoteDatabase, RemotePeer
from sync.replicator import Replication
from tests.centres import SmallCentre
from tests.sync.servers import PASSWORD, USER, Ids, serving_app
from tests.sync.servers import Server as Bare

_sessions = count()


class Behind:
    """The databases, where no front is asked; and what central knows of them."""

    def __init__(self, centre: SmallCentre, url: str) -> None:
        self.centre, self.url = centre, url
        self.databases = {name: RemoteDatabase(url, name, user=USER, password=PASSWORD) for name in DATABASES}
        self.held: list[tuple[str, ...]] = []
        self.refused: list[RefusedDocument] = []
        self.front = self._front(centre["central"])

    def _front(self, central: Node) -> Front:
        lock, none = threading.Lock(), PasswordHasher()
        access = Access(central.catalog, (), none, node=central.id, heard=lambda node: None)
        admission = Admission(central.catalog, central.waits, node=central.id)

        def alone(rules: Callable[..., Any], documents: Sequence[Json], source: str | None = None) -> Any:
            with lock:
                return rules(documents, source)

        rules = {
            "catalog": partial(alone, admission.catalog),
            "dossiers": partial(alone, admission.events),
            "visits": partial(alone, admission.singly),
            "files": partial(alone, admission.files),
        }
        return Front(
            self.databases,
            uuid=server_uuid(central.id),
            authenticate=access.authenticate,
            authorize=access.authorize,
            secret=b"of all fronts",
            new_id=Ids(9),
            now=central.clock,
            rules=rules,
            judges=rules,
            known={"dossiers": lambda ids: dict.fromkeys(central.stores["dossiers"].summaries(ids), True)},
            held=lambda *told: self.held.append(told),
            filters=central.window.filters_over_the_line(),
            narrowed=central.window.narrowed,
            own_notes=(ACKS,),
        )

    def peer(self, name: str) -> RemotePeer:
        return RemotePeer(self.url, name, user=USER, password=PASSWORD)

    def central_follows(self) -> None:
        """And brings what it wrote itself."""
        central = self.centre["central"]
        for name in ("catalog", "dossiers", "files"):
            there = partial(self.peer, name)
            self._copy(central, Here(central, name, source="behind"), there())
            self._copy(central, there(), Here(central, name, source="behind"))
            self.front.ring(name)

    def meets(self, node: Node, url: str) -> None:
        """A machine pulls what is its to read, and pushes what it has."""
        password = node.keys.password_for(node.id, self.centre["central"].id)
        for name in ("catalog", "dossiers"):
            peer = partial(RemotePeer, url, name, user=node.id, password=password)
            self._copy(node, peer(chosen=node.window.chosen(name)), Here(node, name, source="central.1"))
            self._copy(node, Here(node, name, source="central.1"), peer())

    def _copy(self, node: Node, source: Any, target: Any) -> None:
        Replication(
            source,
            target,
            node_id=node.id,
            session_id=f"{next(_sessions):032x}",
            now=self.centre.clock,
            jitter=lambda: 0.0,
            on_refused=self.refused.append,
        ).run_once()


@pytest.fixture
def behind(centre: SmallCentre, tmp_path: Path) -> Iterator[Behind]:
    server = Bare(tmp_path / "behind.db", DATABASES, uuid="b" * 32)
    try:
        made = Behind(centre, server.url)
        made.central_follows()
        yield made
        made.front.close()
    finally:
        server.close()


@pytest.fixture
def url(behind: Behind) -> Iterator[str]:
    with serving_app(behind.front.app) as url:
        yield url
        behind.front.close()


def test_a_dossier_goes_its_way_through_a_front(centre: SmallCentre, behind: Behind, url: str) -> None:
    """What central has not followed yet is not in the room's window; nor is the room led past it."""
    counter, room = centre["counter-01"], centre["room-01"]
    dossier = centre.receive()
    behind.meets(counter, url)
    behind.meets(room, url)
    name = f"{dossier.stream}:{dossier.heads[0]}"
    assert name not in room.stores["dossiers"].summaries([name])
    behind.central_follows()
    behind.meets(room, url)
    appraised = centre.appraise(dossier)
    behind.meets(room, url)
    behind.central_follows()
    behind.meets(counter, url)
    shown = [node.register.dossier(dossier.stream) for node in (counter, room, centre["central"])]
    assert shown == [appraised] * 3
    assert behind.refused == []
    for name in ("catalog", "dossiers", "files"):
        assert differences(Here(centre["central"], name, source="x"), behind.peer(name)).none


@pytest.mark.proof
def test_what_was_put_there_past_the_front_folds_nowhere(
    centre: SmallCentre, behind: Behind, url: str
) -> None:
    """An act of which the seal is no seal, and one whose data are others than its hash says."""
    counter, room = centre["counter-01"], centre["room-01"]
    dossier = centre.receive()
    behind.meets(counter, url)
    (stored,) = counter.stores["dossiers"].winners([f"{dossier.stream}:{dossier.heads[0]}"]).values()
    true = counter.stores["dossiers"].get(stored.id)
    other = {**true, "_rev": "1-" + "0" * 32, "seal": "A" * 86}
    assert behind.peer("dossiers").bulk_docs([other]) == []
    behind.central_follows()
    assert [(one.id, one.rev, one.error) for one in behind.refused] == [
        (true["_id"], other["_rev"], "forbidden")
    ]
    behind.meets(room, url)
    assert room.register.dossier(dossier.stream) == centre["central"].register.dossier(dossier.stream)
    assert ("dossiers", true["_id"], other["_rev"]) in {told[:3] for told in behind.held}
