"""Contested dossiers for the desk, in a data set that has none: an agency approves what somebody asks to have back at a counter.

Neither machine had heard of the other. They write with their own keys, from the end of their chains on, as they would have.
"""

from __future__ import annotations

import os
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from central.dataset.acts import World
from central.dataset.making import world_in
from central.dataset.office import LAST
from edge.ids import Ids
from edge.node import Node
from edge.register import Work
from edge.tables.dossiers import DossierRow
from schemas.acts import Approved, WithdrawalAsked
from schemas.calendar import VIETNAM
from schemas.events import Document, Event, write
from schemas.seals import sign_decision

_LOOKED_AT: Final = 5_000
_APPRAISED: Final = "dossier.appraised"
_EVENING: Final = datetime.combine(LAST, time(20), VIETNAM)
"""After the last act of the set."""


def contest(central: Node, folder: Path, wanted: int) -> int:
    """Let so many dossiers of a set that wait for their approver become contested; how many did. `folder` is the whole set's."""
    world = world_in(folder, Ids())
    acks = central.acks.newest()
    chains: dict[str, tuple[int, str]] = dict(acks.held["dossiers"]) if acks is not None else {}
    documents: list[Document] = []
    for stream, said in _waiting(central):
        if len(documents) == 2 * wanted:
            break
        documents += _both(world, chains, stream, said, _EVENING + timedelta(seconds=len(documents)))
    central.rules.looked_at((document["_id"], document["_rev"]) for document in documents)
    for outcome in central.stores["dossiers"].bulk_docs(documents, new_edits=False):
        outcome.saved()
    return len(documents) // 2


def _waiting(central: Node) -> list[tuple[str, dict[str, Event]]]:
    """Dossiers of which an agency has still to approve, with their acts by kind."""
    with central.file.read():
        of_work = DossierRow.select(DossierRow.stream).where(DossierRow.queue == Work.APPROVE.value)
        streams = [row.stream for row in of_work.limit(_LOOKED_AT)]
    found = []
    for stream in streams:
        events = [one for one in central.projector.events_of(stream) if isinstance(one, Event)]
        said = {one.kind: one for one in events}
        if _APPRAISED in said and said[_APPRAISED].node.startswith("agency-"):
            found.append((stream, said))
    return found


def _both(
    world: World, chains: dict[str, tuple[int, str]], stream: str, said: dict[str, Event], at: datetime
) -> list[Document]:
    """The approval at the agency, and at the counter the wish to have it back, side by side."""
    received, appraised = said["dossier.received"], said[_APPRAISED]
    agency = received.data["agency"]
    approver = world.staff.approvers[agency].id
    signer = world.signers[approver]
    approved = Approved(world.results[agency], "PHÓ GIÁM ĐỐC")
    asked = WithdrawalAsked("Không còn nhu cầu", received.data["applicant"]["name"])

    def written(node: str, kind: str, by: str, data: msgspec.Struct, **more: Any) -> Document:
        machine = world.machines[node]
        seq, prev = chains.get(node, (0, machine.first))
        document = write(
            stream=stream,
            kind=kind,
            parents=[appraised.hash],
            at=at,
            node=node,
            seq=seq + 1,
            prev=prev,
            catalog=world.catalog_at(at),
            by=by,
            data=msgspec.to_builtins(data),
            salt=os.urandom(16),
            seal=machine.key.sign,
            **more,
        )
        chains[node] = seq + 1, str(document["_id"]).partition(":")[2]
        return document

    sign = partial(sign_decision, signer.key, signer.certificate)
    rests_on = [received.hash, appraised.hash]
    return [
        written(appraised.node, "dossier.approved", approver, approved, rests_on=rests_on, sign=sign),
        written(received.node, "dossier.withdrawal_asked", received.by, asked),
    ]
