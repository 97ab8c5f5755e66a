"""What a node lets in: everything that keeps to the write rules, and nothing else, document by document."""

from __future__ import annotations

from typing import Any

import pytest

from central.centre import Place, enrol
from edge.archive import Archive
from edge.folder import Folder
from edge.keys import NodeKeys
from edge.node import Node
from edge.settings import NodeSettings, read_settings
from schemas import events
from schemas.canonical import to_base64
from schemas.entries import Duty
from tests.centres import SmallCentre


def _document(centre: SmallCentre) -> dict[str, Any]:
    """A genuine reception of counter-01, as it travels."""
    dossier = centre.receive()
    store = centre["counter-01"].stores["dossiers"]
    return dict(store.get(f"{dossier.stream}:{dossier.timeline[0].hash}"))


def _refusals(centre: SmallCentre, *documents: dict[str, Any]) -> list[str | None]:
    outcomes = centre["counter-02"].stores["dossiers"].bulk_docs(documents, new_edits=False, source="x")
    return [None if one.refusal is None else one.refusal.reason for one in outcomes]


def _changed(document: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {**document, **members}


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"by": "long.pd"}, "_id: the id is not the hash"),
        ({"data": {}}, "data_hash: the data is not the data"),
        ({"seal": to_base64(bytes(64))}, "_rev: the revision is not made"),
        ({"_rev": "2-00000000000000000000000000000000"}, "_rev: an event has one revision"),
        ({"_attachments": {}}, "_attachments: an event has no attachments"),
        ({"_deleted": True}, "_deleted: an event is never deleted"),
        ({"seq": 1.0}, "seq"),
        ({"extra": 1}, "_id: the id is not the hash"),
        ({"parents": None}, "parents"),
    ],
)
def test_a_changed_event_is_refused_with_its_reason(
    centre: SmallCentre, members: dict[str, Any], reason: str
) -> None:
    """Whatever was changed; and the others of the same request are stored."""
    good, bad = _document(centre), _changed(_document(centre), **members)
    refusals = _refusals(centre, good, bad)
    assert refusals[0] is None
    assert refusals[1] is not None
    assert reason in refusals[1]


def test_a_junk_seal_in_its_own_revision_is_refused(centre: SmallCentre) -> None:
    """It cannot stand in the place of the honest copy."""
    document = _document(centre)
    junk = bytes(range(64))
    forged = _changed(
        document,
        seal=to_base64(junk),
        _rev=events.revision_of(document["_id"].partition(":")[2], junk),
    )
    assert _refusals(centre, forged) == ["seal: not the seal of counter-01.1"]
    assert _refusals(centre, document) == [None]


def test_an_event_of_an_unknown_node_waits_and_folds_when_its_card_arrives(
    centre: SmallCentre, tmp_path: Any
) -> None:
    """Replication may bring the card after the event: nothing is refused for that."""

    folder = Folder(tmp_path / "counter-09")
    place = Place("counter-09.1", "Quầy 09", 9, (Duty.RECEIVE, Duty.RETURN), "")
    enrol(folder, centre["central"], place, NodeSettings("counter-09.1"), by="quan.nv")
    newcomer = Node(folder, read_settings(folder.path), clock=centre.clock, ids=centre.ids)
    centre.nodes["counter-09"] = newcomer
    dossier = centre.receive("counter-09")
    document = newcomer.stores["dossiers"].get(f"{dossier.stream}:{dossier.timeline[0].hash}")
    neighbour = centre["counter-02"]
    assert _refusals(centre, document) == [None]
    (line,) = neighbour.register.doubtful()
    assert (line.place.value, line.why) == ("waiting", f"catalogue {newcomer.catalog.number}")

    centre.meet("central", "counter-02")
    assert neighbour.register.doubtful() == []
    assert neighbour.register.dossier(dossier.stream).received is not None


def test_a_stranger_with_keys_of_their_own_never_gets_a_say(centre: SmallCentre) -> None:
    """An event that claims to be counter-01's and is sealed by somebody else is refused."""
    keys = NodeKeys.generate()
    document = _document(centre)
    header = events.header_of(document)
    seal = keys.ed25519.sign(events.seal_message(header))
    forged = _changed(
        document, seal=to_base64(seal), _rev=events.revision_of(document["_id"].partition(":")[2], seal)
    )
    assert _refusals(centre, forged) == ["seal: not the seal of counter-01.1"]


def test_the_catalog_is_written_by_central_only(centre: SmallCentre) -> None:
    """Central takes no entry from anybody; an edge takes none that central did not seal."""
    document = _document(centre)
    for name in ("central", "counter-02"):
        (outcome,) = centre[name].stores["catalog"].bulk_docs([document], new_edits=False, source="x")
        assert outcome.refusal is not None
        assert "not written by central" in outcome.refusal.reason


def test_files_keep_to_their_hashes(centre: SmallCentre) -> None:
    """A chunk whose bytes are not those of its name is refused; a good one is taken."""
    source = Archive(centre["room-01"].stores["files"])
    name = source.keep(bytes(range(256)) * 1024)
    assert source.read(name) == bytes(range(256)) * 1024
    target = centre["counter-01"].stores["files"]
    chunk = {
        "_id": "sha256-" + "0" * 64,
        "_rev": "1-" + "0" * 32,
        "_attachments": {"content": {"content_type": "application/octet-stream", "data": "AAAA"}},
    }
    (outcome,) = target.bulk_docs([chunk], new_edits=False, source="x")
    assert outcome.refusal is not None
    assert "do not have the hash" in outcome.refusal.reason
    centre.meet("room-01", "counter-01")
    assert centre["counter-01"].archive.read(name) == bytes(range(256)) * 1024
