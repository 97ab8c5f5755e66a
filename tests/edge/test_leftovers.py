"""What a power cut leaves goes at the next start; what anybody may still need stays."""

from __future__ import annotations

import pytest

from edge.archive import MadeFor
from edge.ledger import Ledger
from schemas.errors import Because, NotAllowed
from sync.checkpoints import Session
from tests.centres import SmallCentre


def files(centre: SmallCentre, name: str = "room-01") -> set[str]:
    return {one.id for one in centre[name].stores["files"].all_docs(startkey="file-", endkey="file-~")}


def chunks(centre: SmallCentre, name: str = "room-01") -> int:
    return sum(1 for _ in centre[name].stores["files"].all_docs(startkey="sha256-"))


def _cut(*_: object, **__: object) -> None:
    raise RuntimeError("no power")


def test_a_result_whose_act_was_never_written_goes_at_the_next_start(
    centre: SmallCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power went between the file and the act; a result that an act names stays, bytes and all."""
    done = centre.approve(centre.appraise(centre.receive("room-01")))
    lost = centre.appraise(centre.receive("room-01"))
    before, pieces = files(centre), chunks(centre)
    with monkeypatch.context() as cut:
        cut.setattr(Ledger, "act", _cut)
        with pytest.raises(RuntimeError, match="no power"):
            centre.approve(lost)
    assert len(files(centre) - before) == 1
    room = centre.reopen("room-01")
    assert files(centre) == before
    assert chunks(centre) == pieces
    assert room.archive.read(done.standing.result or "")
    assert room.archive.made_here() == []
    again = centre.approve(lost)
    assert centre.reopen("room-01").archive.read(again.standing.result or "")


def test_a_refused_act_leaves_a_file_that_goes_too(
    centre: SmallCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the machine runs it is left alone: another act may be about to name it."""
    dossier = centre.appraise(centre.receive("room-01"))
    before = files(centre)

    def refuse(*_: object, **__: object) -> None:
        raise NotAllowed(Because.CONTESTED)

    with monkeypatch.context() as late:
        late.setattr(Ledger, "act", refuse)
        with pytest.raises(NotAllowed):
            centre.approve(dossier)
    assert files(centre) > before
    centre.reopen("room-01")
    assert files(centre) == before


def test_what_may_still_be_named_is_left_alone(centre: SmallCentre) -> None:
    """Of another incarnation, of a dossier that is not here, or brought for something else as well."""
    room, dossier = centre["room-01"], centre.receive("room-01")
    elsewhere = room.archive.keep(b"a" * 70_000, MadeFor(dossier.stream, "room-01.0"))
    gone = room.archive.keep(b"b", MadeFor("0" * 32, room.id))
    twice = room.archive.keep(b"c", MadeFor(dossier.stream, room.id))
    room.archive.keep(b"c")
    orphan = room.archive.keep(b"a" * 65_536 + b"d", MadeFor(dossier.stream, room.id))
    room = centre.reopen("room-01")
    assert files(centre) >= {elsewhere, gone, twice}
    assert orphan not in files(centre)
    assert room.archive.read(elsewhere) == b"a" * 70_000  # the two shared a piece


def test_notes_of_machines_that_come_no_more_do_not_pile_up(centre: SmallCentre) -> None:
    """After more than a year; not of one that came lately, not what is no checkpoint, and not by a doubtful clock."""
    centre.meet()
    node = centre["counter-01"]
    store, at = node.stores["dossiers"], centre.clock()
    store.put_local("of-a-machine-long-gone", Session("a" * 32, at).note(last_seq=5, at=at, history=[]))
    store.put_local("of-a-program", {"text": "no checkpoint"})
    store.put_local("of-pouchdb", {"history": [{"session_id": "x", "last_seq": 3}]})
    centre.clock.forward(days=390)
    late = centre.clock()
    store.put_local("of-one-that-came-lately", Session("b" * 32, late).note(last_seq=5, at=late, history=[]))
    centre.clock.forward(days=20)
    node.hour.confirm("hanh.nh", right=True)
    node = centre.reopen("counter-01")  # unsure: nothing goes
    assert "_local/of-a-machine-long-gone" in _notes(centre)
    node.hour.measured(centre.clock())
    centre.reopen("counter-01")
    assert "_local/of-a-machine-long-gone" not in _notes(centre)
    assert {"_local/of-a-program", "_local/of-one-that-came-lately"} <= _notes(centre)


def _notes(centre: SmallCentre) -> set[str]:
    return {str(note["_id"]) for note in centre["counter-01"].stores["dossiers"].local_docs()}
