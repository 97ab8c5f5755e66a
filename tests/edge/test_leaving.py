"""What an edge keeps: what is open, what was over lately, and whatever central has not said it holds."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from central.centre import Office
from central.verify import verify
from edge.acks import SETTLED_AFTER
from edge.courier import Courier, Taken
from edge.leaving import BROUGHT_KEPT
from edge.node import Node
from edge.retiring import close_node
from edge.roads import shown_to
from edge.streams import Streams
from edge.tables.departed import DepartedFile
from edge.unacknowledged import Unacknowledged
from printing.spool import PrintJob
from schemas.acts import Forwarded, Note, Status
from schemas.entries import Agency, Card, Duty
from schemas.fold import Dossier
from schemas.scopes import KEPT
from sync.errors import Forbidden
from sync.peer import Chosen, Peer
from tests.centres import SmallCentre

DAY = timedelta(days=1)


def said(centre: SmallCentre, *names: str) -> None:
    """Central says what it holds, and these machines hear of it."""
    central = centre["central"]
    central.acks.renew()
    for name in names or [name for name in centre.nodes if name != "central"]:
        centre[name].acks.take(central.acks.document())


def days(centre: SmallCentre, count: int, *names: str) -> None:
    """So many days pass, and each of them central says what it holds."""
    for _ in range(count):
        centre.clock.forward(days=1)
        said(centre, *names)


def received(centre: SmallCentre, at: str = "counter-01") -> Dossier:
    """Received, and the slip is printed."""
    dossier = centre.receive(at)
    assert centre[at].spool.work(at=centre.clock()) == 1
    return dossier


def returned(centre: SmallCentre, *, at: str = "counter-01") -> Dossier:
    """A dossier that is over, of which every machine knows."""
    dossier = received(centre, at)
    centre.meet()
    centre.appraise(dossier)
    centre.approve(dossier)
    centre.meet()
    over = centre.return_(dossier, at)
    centre.meet()
    return over


def is_here(node: Node, dossier: Dossier) -> bool:
    documents = node.stores["dossiers"].all_docs(startkey=f"{dossier.stream}:", endkey=f"{dossier.stream}:~")
    listed = node.register.row(dossier.stream) is not None
    assert bool(documents) == listed, "the documents and the lists say different things"
    return listed


def old(centre: SmallCentre) -> Dossier:
    """A dossier of which the last day of the window is over, and that central has held for long."""
    dossier = returned(centre)
    days(centre, KEPT.days + 1)
    return dossier


def grant(centre: SmallCentre, name: str, **news: object) -> None:
    """Central changes a machine's card, and every machine hears of it."""
    card = centre["central"].catalog.latest.card(centre[name].id)
    assert card is not None
    changed: Card = msgspec.structs.replace(card, **news)
    Office(centre["central"]).define([changed], by="quan.nv")
    for node in centre.nodes.values():
        if not node.is_centre:
            centre.copy(centre["central"], node, "catalog")


# ---- what is old


def test_what_was_over_for_longer_than_the_window_leaves_every_edge_and_stays_at_central(
    centre: SmallCentre,
) -> None:
    dossier = returned(centre)
    counter, room = centre["counter-01"], centre["room-01"]
    days(centre, KEPT.days)
    assert counter.leaving.turn() == 0, "the sixtieth day is within the window"
    days(centre, 1)
    assert (counter.leaving.turn(), room.leaving.turn()) == (1, 1)
    assert not is_here(counter, dossier)
    assert not is_here(room, dossier)
    assert centre["central"].leaving.turn() == 0
    assert is_here(centre["central"], dossier)


def test_nothing_of_it_is_found_any_more_by_name_or_number(centre: SmallCentre) -> None:
    dossier = old(centre)
    counter = centre["counter-01"]
    assert counter.register.find("thang").rows
    counter.leaving.turn()
    assert not counter.register.find("thang").rows
    assert not counter.register.naming("020085004127")
    with counter.file.read():
        papers = list(PrintJob.select().where(PrintJob.stream == dossier.stream))
    assert papers
    assert all(bytes(paper.payload) == b"" for paper in papers)


@pytest.mark.parametrize("left_out", ["acked a week ago", "at central", "over", "printed", "uncontested"])
def test_it_stays_while_anything_is_missing(centre: SmallCentre, left_out: str) -> None:
    counter = centre["counter-01"]
    if left_out == "over":
        dossier = centre.appraised()
        days(centre, KEPT.days + 1)
    elif left_out == "acked a week ago":
        dossier = returned(centre)
        centre.clock.forward(days=KEPT.days + 1)
        said(centre)
    elif left_out == "at central":
        dossier = returned(centre)
        days(centre, KEPT.days)
        counter.ledger.act(dossier.stream, "dossier.note", Note(text="Gọi lại."), by="hanh.nh")
        days(centre, KEPT.days + 1)
    elif left_out == "printed":
        dossier = returned(centre)
        with counter.file.write():
            PrintJob.update(state="unsure").where(PrintJob.stream == dossier.stream).execute()
        days(centre, KEPT.days + 1)
    else:
        dossier = centre.appraised()
        centre.approve(dossier)
        centre.withdraw(dossier)
        centre.meet()
        days(centre, KEPT.days + 1)
    assert counter.leaving.turn() == 0
    assert is_here(counter, dossier)


def test_a_chain_that_is_whole_only_now_has_to_wait_its_week(centre: SmallCentre) -> None:
    """A counter was away for ninety days: what it brings is old at once, and central has no backup of it yet."""
    counter = centre["counter-01"]
    dossier = received(centre)
    centre.copy(counter, centre["room-01"])
    centre.appraise(dossier)
    centre.approve(dossier)
    centre.copy(centre["room-01"], counter)
    over = centre.return_(dossier)
    for _ in range(90):
        days(centre, 1, "room-01")
    said(centre)
    assert counter.leaving.turn() == 0
    centre.meet()
    said(centre)
    assert counter.leaving.turn() == 0, "central has it since today only"
    days(centre, SETTLED_AFTER.days)
    assert counter.leaving.turn() == 0, "when that day began central did not have it yet"
    days(centre, 1)
    assert counter.leaving.turn() == 1
    assert is_here(centre["central"], over)


def test_the_chain_goes_on_and_the_days_are_closed_after_its_acts_have_left(centre: SmallCentre) -> None:
    counter = centre["counter-01"]
    old(centre)
    counter.leaving.turn()
    assert counter.closing.close_days() == 1
    (closed,) = counter.closing.closed()
    assert closed.acts == 2, "received and returned, though both have left"
    newest = centre.receive()
    assert newest.timeline[0].seq == 4
    centre.meet()
    assert is_here(centre["central"], newest)


def test_it_leaves_whole_or_not_at_all(centre: SmallCentre, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documents are gone and the lists are not: then the power goes."""
    dossier = old(centre)
    counter = centre["counter-01"]
    with monkeypatch.context() as power:
        power.setattr(counter.projector, "remove", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            counter.leaving.turn()
    counter = centre.reopen("counter-01")
    assert is_here(counter, dossier)
    assert counter.register.dossier(dossier.stream) == centre["central"].register.dossier(dossier.stream)
    assert counter.leaving.turn() == 1
    counter = centre.reopen("counter-01")
    assert not is_here(counter, dossier)


def test_a_verification_knows_what_has_left_from_what_was_lost(centre: SmallCentre) -> None:
    old(centre)
    counter = centre["counter-01"]
    for name in ("counter-01", "room-01"):
        assert centre[name].leaving.turn() == 1
    assert verify(centre.data).findings == ()
    newest = centre.receive()
    centre.meet()
    assert verify(centre.data).findings == ()
    with counter.file.write() as connection:
        connection.execute("DELETE FROM dossiers_doc WHERE id LIKE ?", (f"{newest.stream}:%",))
    centre.close()
    assert any(f"{counter.id} #3" in str(finding) for finding in verify(centre.data).findings)


def test_who_has_half_of_it_gets_the_end_however_old_that_is(centre: SmallCentre) -> None:
    """A counter returned a result and was away for ninety days; to all others the dossier was open all that time."""
    dossier = received(centre)
    centre.meet()
    centre.appraise(dossier)
    centre.approve(dossier)
    centre.meet()
    centre.return_(dossier)
    days(centre, KEPT.days + 30, "room-01", "counter-02")
    centre.meet()
    assert centre["counter-02"].register.dossier(dossier.stream).status is Status.RETURNED
    shown = centre.shown(dossier)
    assert all(one == shown[0] for one in shown)
    said(centre)
    assert centre["counter-02"].leaving.turn() == 0, "it has learnt of that only now"


# ---- neighbours


def test_neighbours_a_day_apart_do_not_bring_back_what_has_left(centre: SmallCentre) -> None:
    """At the edge of the window, at midnight: one has heard of the new day and the other has not."""
    dossier = returned(centre)
    counter, room = centre["counter-01"], centre["room-01"]
    days(centre, KEPT.days)
    days(centre, 1, "counter-01")
    assert counter.leaving.turn() == 1
    assert room.leaving.turn() == 0
    for _ in range(2):
        centre.copy(room, counter)
        centre.copy(counter, room)
    assert not is_here(counter, dossier)
    assert is_here(room, dossier)
    _forget_notes(counter, room)
    centre.copy(room, counter)
    assert not is_here(counter, dossier)


def test_a_neighbour_that_does_not_know_that_it_is_over_brings_no_half_of_it_back(
    centre: SmallCentre,
) -> None:
    dossier = received(centre)
    counter, room = centre["counter-01"], centre["room-01"]
    centre.meet()
    centre.appraise(dossier)
    centre.approve(dossier)
    centre.copy(room, counter)
    centre.copy(room, centre["central"])
    centre.return_(dossier)
    centre.copy(counter, centre["central"])
    days(centre, KEPT.days + 1, "counter-01")
    assert counter.leaving.turn() == 1
    _forget_notes(counter, room)
    centre.copy(room, counter, "dossiers")
    assert not is_here(counter, dossier), "to the room it is still open"


def test_a_new_act_of_what_has_left_comes_and_brings_the_rest(centre: SmallCentre) -> None:
    dossier = old(centre)
    counter, central = centre["counter-01"], centre["central"]
    counter.leaving.turn()
    central.ledger.act(dossier.stream, "dossier.note", Note(text="Khiếu nại."), by="quan.nv")
    centre.copy(central, counter)
    assert counter.register.dossier(dossier.stream) == central.register.dossier(dossier.stream)


def _forget_notes(*nodes: Node) -> None:
    for node in nodes:
        for note in node.stores["dossiers"].local_docs():
            node.stores["dossiers"].delete_local(note["_id"].removeprefix("_local/"))


# ---- asked for


class Line:
    def __init__(self, reader: Node, source: Node) -> None:
        self.node, self._reader, self._source = source.id, reader, source

    def asked(self, chosen: Chosen) -> Peer:
        peer = shown_to(self._reader, self._source, "dossiers")
        peer._chosen = chosen
        return peer


def streams_of(centre: SmallCentre, name: str, *sources: str) -> Streams:
    node = centre[name]
    return Streams(
        node.file,
        node.stores["dossiers"],
        centre.clock,
        server_uuid="0" * 32,
        sources=lambda: [Line(node, centre[source]) for source in sources],
        after_events=lambda: None,
    )


@pytest.mark.parametrize("by", ["number", "stream"])
def test_what_has_left_is_fetched_when_somebody_asks_for_it(centre: SmallCentre, by: str) -> None:
    dossier = old(centre)
    counter, central = centre["counter-01"], centre["central"]
    counter.leaving.turn()
    assert dossier.received is not None
    asked = {"number": dossier.received.number.lower()} if by == "number" else {"stream": dossier.stream}
    found = streams_of(centre, "counter-01", "room-01", "central").find(**asked)
    assert (found.streams, found.source) == ((dossier.stream,), centre["room-01"].id)
    assert is_here(counter, dossier)
    assert counter.register.dossier(dossier.stream) == central.register.dossier(dossier.stream)
    assert counter.leaving.turn() == 0, "somebody has asked for it"
    centre.meet()
    days(centre, BROUGHT_KEPT.days + 1)
    assert counter.leaving.turn() == 1


def test_nobody_has_what_there_is_not(centre: SmallCentre) -> None:
    found = streams_of(centre, "counter-01", "central").find(number="H37.11-270301-000099")
    assert (found.streams, found.asked) == ((), (centre["central"].id,))


# ---- scopes


OTHER = "G01.01"


def agency_of(dossier: Dossier) -> str:
    assert dossier.received is not None
    return dossier.received.agency


def test_a_card_of_other_agencies_reads_nothing_of_this_one(centre: SmallCentre) -> None:
    dossier = centre.receive("counter-02")
    centre.copy(centre["counter-02"], centre["central"])
    grant(centre, "counter-01", agencies=(OTHER,))
    centre.copy(centre["central"], centre["counter-01"])
    assert not is_here(centre["counter-01"], dossier)
    name = f"{dossier.stream}:{dossier.timeline[0].hash}"
    source = shown_to(centre["counter-01"], centre["central"], "dossiers")
    (got,) = source.bulk_get([(name, "")])
    assert got.document is None, "who asks for it by its name does not get it either"


def test_who_asks_for_more_than_the_card_says_is_refused(centre: SmallCentre) -> None:
    central, counter = centre["central"], centre["counter-01"]
    before = counter.window.chosen("dossiers")
    grant(centre, "counter-01", agencies=(OTHER,))
    filters = central.window.filters(central.window.scope(counter.id))
    with pytest.raises(Forbidden, match="scope"):
        before.filtering(filters)
    counter.window.chosen("dossiers").filtering(filters)


def test_a_dossier_is_forwarded_to_an_agency_whose_machine_had_passed_it_by(centre: SmallCentre) -> None:
    """Its notes are past what came before: all of it comes, though nothing of it is new but the last act."""
    counter, central, room = centre["counter-01"], centre["central"], centre["room-01"]
    grant(centre, "counter-01", agencies=(OTHER,))
    dossier = centre.receive("counter-02")
    centre.meet()
    assert not is_here(counter, dossier)
    centre.receive("counter-02")
    centre.meet()
    room.ledger.act(dossier.stream, "dossier.forwarded", Forwarded(agency=OTHER, opinion=True), by="ha.lt")
    centre.meet("room-01", "central", "counter-01")
    assert counter.register.dossier(dossier.stream) == central.register.dossier(dossier.stream)


def test_an_agency_that_took_anothers_place_has_its_dossiers(centre: SmallCentre) -> None:
    dossier = centre.receive("counter-02")
    centre.copy(centre["counter-02"], centre["central"])
    before = agency_of(dossier)
    gone = centre["central"].catalog.latest.agency(before)
    assert gone is not None
    Office(centre["central"]).define(
        [Agency(OTHER, "Sở mới", sample=True), msgspec.structs.replace(gone, successor=OTHER)], by="quan.nv"
    )
    grant(centre, "counter-01", agencies=(OTHER,))
    centre.copy(centre["central"], centre["counter-01"])
    assert is_here(centre["counter-01"], dossier)


def test_an_agency_is_lost_and_given_back(centre: SmallCentre) -> None:
    counter, central = centre["counter-01"], centre["central"]
    mine = centre.receive()
    centre.meet()
    unsent = centre.receive()
    grant(centre, "counter-01", agencies=(OTHER,))
    said(centre)
    farewell = counter.leaving.farewell()
    assert farewell is not None
    assert (farewell.streams, farewell.unsent) == (2, 1)
    assert counter.leaving.turn() == 1
    assert not is_here(counter, mine)
    assert is_here(counter, unsent), "what it wrote leaves first"

    centre.copy(counter, central, "dossiers")
    said(centre)
    assert counter.leaving.turn() == 1
    assert counter.leaving.farewell() is None
    assert is_here(central, unsent)

    grant(centre, "counter-01", agencies=())
    centre.meet()
    assert is_here(counter, mine)
    assert is_here(counter, unsent)


def test_a_kiosk_reads_no_dossiers(centre: SmallCentre) -> None:
    dossier = centre.receive("counter-02")
    grant(centre, "counter-01", duties=(Duty.KIOSK,))
    centre.copy(centre["counter-02"], centre["central"])
    counter = centre["counter-01"]
    assert not counter.window.own.dossiers
    source = shown_to(counter, centre["central"], "dossiers")
    assert source.changes("0", limit=100, wait_s=0).changes == ()
    (got,) = source.bulk_get([(f"{dossier.stream}:{dossier.timeline[0].hash}", "")])
    assert got.document is None


def test_a_machine_that_retires_sends_what_it_wrote_and_then_holds_nothing(centre: SmallCentre) -> None:
    counter, central = centre["counter-01"], centre["central"]
    dossier = centre.receive()
    close_node(counter, by="quan.nv", reason="Thay máy mới.")
    said(centre)
    farewell = counter.leaving.farewell()
    assert farewell is not None
    assert (farewell.unsent, farewell.closed) == (2, True)
    assert counter.leaving.turn() == 0
    centre.copy(counter, central, "dossiers")
    said(centre)
    assert counter.leaving.turn() == 2
    assert counter.leaving.farewell() is None
    assert not counter.stores["dossiers"].all_docs()
    assert is_here(central, dossier)


# ---- by stick


def carried(centre: SmallCentre, sender: str, receiver: str, stick: Path) -> Taken:
    Courier(centre[sender]).give(centre[receiver].id, stick)
    return Courier(centre[receiver]).take(stick)


def test_a_scan_stays_until_central_has_acknowledged_every_piece(centre: SmallCentre) -> None:
    """Central may say that it misses none: a cluster says so of what one copy has."""
    counter = centre["counter-01"]
    file = counter.archive.keep(b"a scan")
    (index,) = counter.archive.lists(file)
    piece = counter.archive.store.summaries(index["chunks"])[index["chunks"][0]]
    sent, revision = Unacknowledged(counter.file, "files"), {(piece.id, str(piece.leaves[0].rev))}
    with counter.file.write():
        DepartedFile.insert(file=file).execute()
    sent.sending(revision)
    counter.leaving.turn(lambda wanted: True)
    assert counter.archive.read(file) == b"a scan"
    sent.acknowledged(revision)
    counter.leaving.turn(lambda wanted: True)
    assert counter.archive.read(file) is None


def test_a_stick_brings_nothing_of_other_agencies(centre: SmallCentre, tmp_path: Path) -> None:
    """The source filters by the receiver's card, on a stick as on a line."""
    dossier = centre.receive()
    centre.copy(centre["counter-01"], centre["central"], "dossiers")
    assert dossier.received is not None
    others = tuple(
        agency.code
        for agency in centre["central"].catalog.latest.agencies()
        if agency.code != agency_of(dossier)
    )
    grant(centre, "counter-02", agencies=others[:1])
    assert carried(centre, "central", "counter-02", tmp_path / "x.motcua").new["dossiers"] == 0
    grant(centre, "counter-02", agencies=(agency_of(dossier),))
    assert carried(centre, "central", "counter-02", tmp_path / "y.motcua").new["dossiers"] == 1


def test_a_stick_from_before_the_card_changed_leaves_nothing_of_other_agencies(
    centre: SmallCentre, tmp_path: Path
) -> None:
    """All else has left by then; what came late leaves too, and so does what the counter itself receives for others."""
    late = centre.receive("counter-02")
    centre.copy(centre["counter-02"], centre["central"], "dossiers")
    stick, counter = tmp_path / "x.motcua", centre["counter-01"]
    Courier(centre["counter-02"]).give(counter.id, stick)
    grant(centre, "counter-01", agencies=(OTHER,))
    said(centre)
    assert counter.leaving.farewell() is None
    assert counter.leaving.turn() == 0

    assert Courier(counter).take(stick).new["dossiers"] == 1
    own = centre.receive()
    centre.meet()
    said(centre)
    farewell = counter.leaving.farewell()
    assert farewell is not None
    assert farewell.streams == 2
    assert counter.leaving.turn() == 2
    assert not is_here(counter, late)
    assert not is_here(counter, own)
    assert is_here(centre["central"], own)
    assert counter.leaving.farewell() is None


def test_a_neighbours_stick_of_last_month_does_not_bring_back_what_has_left(
    centre: SmallCentre, tmp_path: Path
) -> None:
    dossier = returned(centre)
    days(centre, KEPT.days - 5)
    stick = tmp_path / "x.motcua"
    Courier(centre["room-01"]).give(centre["counter-01"].id, stick)
    days(centre, 6)
    counter = centre["counter-01"]
    assert counter.leaving.turn() == 1
    assert Courier(counter).take(stick).events == 0
    assert not is_here(counter, dossier)
