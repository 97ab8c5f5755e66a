"""Windows with real processes: what is old leaves, what is asked for comes, and what a card says is followed."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from central.centre import Office
from central.demo.plan import nodes
from central.demo.setup import prepare
from central.inspection.reading import Snapshot
from central.verify import verify
from edge.clock import system_clock
from edge.folder import Folder
from edge.ids import Ids
from schemas.acts import Forwarded
from schemas.entries import Card
from schemas.fold import Dossier
from schemas.scopes import KEPT
from tests.centres import QUICK, HandClock, SmallCentre
from tests.network import network
from tests.scenarios.places import NAMES, Centre, working

LONG_AGO = KEPT + timedelta(days=30)
OTHER = "G01.01"


@pytest.fixture(scope="module")
def aged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A centre that was founded long ago and has been switched off since the evening before."""
    data = tmp_path_factory.mktemp("aged") / "centre"
    prepare(data, nodes(first_port=0), clock=HandClock(began()), ids=Ids(), hasher=QUICK)
    return data


def began() -> datetime:
    return system_clock() - LONG_AGO


@pytest.fixture
def past(aged: Path, tmp_path: Path) -> SmallCentre:
    """Its machines in those days, without processes. Closed by who starts them."""
    shutil.copytree(aged, tmp_path / "centre")
    return SmallCentre(tmp_path / "centre", at=began() + timedelta(hours=1))


def _over(past: SmallCentre, at: str, *known_to: str) -> Dossier:
    """Received, printed, approved and returned; central and the others know if they are named."""
    dossier = past.receive(at)
    past[at].spool.work(at=past.clock())
    past.meet(at, "room-01")
    past.appraise(dossier)
    past.approve(dossier)
    past.meet(at, "room-01")
    over = past.return_(dossier, at)
    if known_to:
        past.meet(*known_to)
    return over


def _said(past: SmallCentre, *names: str) -> None:
    past["central"].acks.renew()
    for name in names:
        past[name].acks.take(past["central"].acks.document())


def _grant(past: SmallCentre, name: str, **news: object) -> None:
    card = next(one for one in past["central"].catalog.latest.cards() if one.place == name)
    changed: Card = msgspec.structs.replace(card, **news)
    Office(past["central"]).define([changed], by="quan.nv")


def _closed(past: SmallCentre) -> Path:
    past.close()
    return past.data


@pytest.mark.proof
def test_what_is_old_leaves_every_edge_and_comes_back_for_who_asks(past: SmallCentre) -> None:
    """And a counter that was away for ninety days loses nothing of what it brings: to everybody it is new."""
    known = _over(past, "counter-01", *NAMES)
    _said(past, "counter-01", "counter-02", "room-01")
    past.clock.forward(days=1)  # or central would ask whether it is the same dossier again
    alone = _over(past, "counter-02")
    assert known.received is not None
    with network(NAMES) as lines, working(_closed(past), lines) as centre:
        centre.start()
        centre.wait(lambda: not any(centre.has(name, known.stream) for name in ("counter-01", "counter-02")))
        centre.wait(lambda: centre.has("central", alone.stream))
        assert centre.has("central", known.stream)
        assert centre.has("counter-02", alone.stream), "central has it since a moment only"
        centre.wait(lambda: centre.acts_of("counter-01", alone.stream) == 4)

        text = centre.ask("counter-01", known.received.number)
        assert "Hồ sơ lấy từ" in text
        assert centre.has("counter-01", known.stream)
        assert not centre.has("counter-02", known.stream)
    assert verify(past.data).findings == ()


@pytest.mark.proof
def test_at_midnight_two_neighbours_are_a_day_apart(past: SmallCentre) -> None:
    """Central is out of reach; one of them has heard the new day from it, the other has not and holds what is too old
    by a day. What left the one is not brought back by the other, who hears of the new day next door.
    """
    known = _over(past, "counter-01", *NAMES)
    _said(past, "counter-01", "counter-02")
    past.clock.forward(days=KEPT.days)
    _said(past, "counter-01", "counter-02")
    past.clock.forward(days=1)
    _said(past, "counter-01")
    with network(NAMES) as lines, working(_closed(past), lines) as centre:
        centre.start("counter-01")
        centre.wait(lambda: not centre.has("counter-01", known.stream))
        left = _left_at(centre, "counter-01", known)
        assert centre.has("counter-02", known.stream)
        centre.start("counter-02")
        centre.wait(lambda: not centre.has("counter-02", known.stream))
        centre.start("central")
        centre.wait(lambda: _has_read_all(centre, "counter-01"))
        assert _left_at(centre, "counter-01", known) == left, "it came back, and left once more"
        assert centre.acts_of("central", known.stream) == 4
        assert not centre.has("counter-01", known.stream)
    assert verify(past.data).findings == ()


def _left_at(centre: Centre, name: str, dossier: Dossier) -> str:
    with closing(Snapshot(Folder(centre.data / name).database)) as snapshot:
        ((at,),) = snapshot.select("SELECT at FROM departed WHERE stream = ?", dossier.stream)
    return str(at)


def test_a_dossier_is_forwarded_when_the_checkpoint_is_past_it(past: SmallCentre) -> None:
    """The counter of the other agency has read on for long: it gets the whole dossier, not the last act alone."""
    _grant(past, "counter-01", agencies=(OTHER,))
    dossier = past.receive("counter-02")
    past.meet("central", "counter-02", "room-01")
    later = past.receive("counter-02")
    past.meet("central", "counter-02", "room-01")
    with network(NAMES) as lines, working(_closed(past), lines) as centre:
        centre.start("central", "counter-01")
        centre.wait(lambda: _has_read_all(centre, "counter-01"))
        assert not centre.has("counter-01", dossier.stream)

        room = SmallCentre(past.data, "room-01", at=system_clock())
        data = Forwarded(agency=OTHER, opinion=True)
        room["room-01"].ledger.act(dossier.stream, "dossier.forwarded", data, by="ha.lt")
        room.close()
        centre.start("room-01")
        centre.wait(lambda: centre.acts_of("counter-01", dossier.stream) == 2)
        centre.wait(lambda: centre.acts_of("central", dossier.stream) == 2)  # a front gives it first
        assert not centre.has("counter-01", later.stream)


def _has_read_all(centre: Centre, name: str) -> bool:
    lanes = [
        lane
        for peer in centre.status(name).peers
        for lane in peer.lanes
        if peer.node == "central.1" and (lane.database, lane.direction) == ("dossiers", "pull")
    ]
    return any(lane.state == "waiting" and lane.last_success is not None for lane in lanes)


@pytest.mark.proof
def test_an_agency_is_lost_and_given_back(past: SmallCentre) -> None:
    """What the counter wrote leaves first; then nothing of it is there, and later all of it again."""
    mine = past.receive("counter-01")
    theirs = past.receive("counter-02")
    past.meet()
    unsent = past.receive("counter-01")
    data = _closed(past)
    with network(NAMES) as lines, working(data, lines) as centre:
        _say(data, "counter-01", agencies=(OTHER,))
        centre.start()
        streams = (mine.stream, theirs.stream, unsent.stream)
        centre.wait(lambda: not any(centre.has("counter-01", stream) for stream in streams))
        assert all(centre.has("central", stream) for stream in streams)
        assert all(centre.has("counter-02", stream) for stream in streams)

        centre.stop()
        _say(data, "counter-01", agencies=())
        centre.start()
        centre.wait(lambda: all(centre.has("counter-01", stream) for stream in streams))
    assert verify(data).findings == ()


def _say(data: Path, name: str, **news: object) -> None:
    central = SmallCentre(data, "central", at=system_clock())
    _grant(central, name, **news)
    central.close()
