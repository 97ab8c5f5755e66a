"""An enrolled node that means harm sends everything that it can: nothing of it counts, all of it is explained,
and every true act still arrives."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from central.centre import Place as MachinePlace
from central.centre import enrol
from central.trust import cut_before, report_forks
from central.verify import verify
from edge.archive import list_revision
from edge.folder import Folder
from edge.keys import NodeKeys
from edge.node import Node
from edge.register import Work
from edge.settings import NodeSettings, read_settings
from edge.waits import MOST_BYTES
from edge.web.held import why_in_words
from schemas import events
from schemas.acts import Status
from schemas.entries import Duty
from schemas.errors import Because, NotAllowed
from schemas.fold import Dossier, Place
from sync.peer import LocalPeer
from sync.remote import RemotePeer
from sync.replicator import Replication
from tests.centres import SmallCentre
from tests.edge.hostile import Document, Hostile, resealed
from tests.sync.servers import PASSWORD, USER, serving

Made = Callable[[Hostile, Dossier], Document]


@pytest.fixture
def hostile(centre: SmallCentre) -> Hostile:
    return Hostile(centre)


@pytest.fixture
def dossier(centre: SmallCentre) -> Dossier:
    """Received at counter-01; every machine knows it."""
    received = centre.receive()
    centre.meet()
    return received


def _true(hostile: Hostile, dossier: Dossier) -> Document:
    return dict(hostile.node.stores["dossiers"].get(f"{dossier.stream}:{dossier.timeline[0].hash}"))


def _reception(hostile: Hostile, dossier: Dossier) -> dict[str, Any]:
    return dict(_true(hostile, dossier)["data"])


# ---- refused at the door

REFUSED: dict[str, tuple[Made, str]] = {
    "forged in the name of another machine": (
        lambda h, d: h.event(d.stream, "dossier.note", {"text": "x"}, node="counter-01.1", seq=2),
        "seal: not the seal of counter-01.1",
    ),
    "re-parented": (lambda h, d: {**_true(h, d), "parents": ["0" * 64]}, "_id: the id is not the hash"),
    "with another date": (
        lambda h, d: {**_true(h, d), "at": "2026-01-01T00:00:00.000000Z"},
        "_id: the id is not the hash",
    ),
    "with another number in the chain": (lambda h, d: {**_true(h, d), "seq": 77}, "_id: the id is not"),
    "with other data": (
        lambda h, d: {**_true(h, d), "data": {**_reception(h, d), "due": "2030-01-01T00:00:00.000000Z"}},
        "data_hash: the data is not the data",
    ),
    "replayed into another stream": (
        lambda h, d: {**_true(h, d), "_id": "f" * 32 + ":" + d.timeline[0].hash},
        "stream: not the stream of the id",
    ),
    "re-sealed": (lambda h, d: resealed(_true(h, d), bytes(range(64))), "seal: not the seal of"),
    "a tombstone": (lambda h, d: {**_true(h, d), "_deleted": True}, "_deleted: an event is never deleted"),
    "a second revision": (
        lambda h, d: {
            **_true(h, d),
            "_rev": "2-" + "0" * 32,
            "_revisions": {"start": 2, "ids": ["0" * 32, _true(h, d)["_rev"][2:]]},
        },
        "_rev",
    ),
    "with an attachment": (
        lambda h, d: {
            **resealed(_true(h, d), bytes(64)),
            "_attachments": {"a": {"content_type": "text/plain", "data": "AAAA"}},
        },
        "_attachments: an event has no attachments",
    ),
    "half of one": (
        lambda h, d: {
            name: value for name, value in resealed(_true(h, d), bytes(64)).items() if name != "salt"
        },
        "data: an event has data, salt and seal",
    ),
}


@pytest.mark.parametrize("what", sorted(REFUSED))
def test_what_is_no_event_is_refused_with_its_reason_and_the_others_are_taken(
    centre: SmallCentre, hostile: Hostile, what: str
) -> None:
    """And the true event, of which the false one was made, arrives all the same."""
    made, reason = REFUSED[what]
    victim = centre["room-01"]
    dossier = centre.receive()
    centre.meet("counter-01", "counter-02")
    harmless = centre.receive("counter-02", by="long.pd")
    good = dict(hostile.node.stores["dossiers"].get(f"{harmless.stream}:{harmless.timeline[0].hash}"))
    with hostile.facing(victim) as line:
        refused, taken = line.send([made(hostile, dossier), good])
    assert taken is None
    assert refused is not None
    assert reason in refused
    assert victim.stores["dossiers"].info().doc_count == 1
    centre.meet("counter-01", "room-01")
    assert repr(victim.register.dossier(dossier.stream)) == repr(dossier)
    assert victim.register.dossier(harmless.stream).status is Status.RECEIVED
    assert victim.register.kept_back() == ([], 0)


def test_an_event_of_more_than_64_kib_is_refused(
    centre: SmallCentre, hostile: Hostile, dossier: Dossier
) -> None:
    small = hostile.event(dossier.stream, "dossier.note", {"text": "x"}, parents=[dossier.heads[0]])
    data = {"text": "x" * 70_000}
    header = {**events.header_of(small), "data_hash": events.data_hash_of(data, small["salt"])}
    seal = hostile.keys.ed25519.sign(events.seal_message(header))
    large = {**small, **header, "data": data, "_id": f"{dossier.stream}:{events.hash_of(header)}"}
    with hostile.facing(centre["room-01"]) as line:
        (refused,) = line.send([resealed(large, seal)])
    assert refused is not None
    assert refused.startswith("data: an event has at most 65536 bytes")


def test_a_true_event_sent_again_changes_nothing(
    centre: SmallCentre, hostile: Hostile, dossier: Dossier
) -> None:
    victim = centre["room-01"]
    before = repr(victim.register.dossier(dossier.stream))
    with hostile.facing(victim) as line:
        assert line.send([_true(hostile, dossier)] * 3) == [None] * 3
    assert victim.stores["dossiers"].info().doc_count == 1
    assert repr(victim.register.dossier(dossier.stream)) == before


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/dossiers"),
        ("PUT", "/dossiers/_security"),
        ("POST", "/dossiers/_purge"),
        ("POST", "/dossiers/_compact"),
        ("GET", "/dossiers/_local_docs"),
        ("POST", "/_replicate"),
        ("PUT", "/new"),
    ],
)
def test_what_replicating_does_not_need_is_closed_to_it(
    centre: SmallCentre, hostile: Hostile, method: str, path: str
) -> None:
    with hostile.facing(centre["room-01"]) as line:
        answer = line.session.request(method, line.url + path, json={}, timeout=10)
    assert answer.status_code in (401, 403, 404, 405), answer.text


def test_a_deletion_over_http_is_refused(centre: SmallCentre, hostile: Hostile, dossier: Dossier) -> None:
    """Neither DELETE nor an attachment of its own, nor a new edit of an event."""
    event = _true(hostile, dossier)
    with hostile.facing(centre["room-01"]) as line:
        url = f"{line.url}/dossiers/{event['_id']}"
        gone = line.session.delete(url, params={"rev": event["_rev"]}, timeout=10)
        attached = line.session.put(
            f"{url}/a.txt",
            params={"rev": event["_rev"]},
            data=b"x",
            headers={"Content-Type": "text/plain"},
            timeout=10,
        )
        edited = line.session.put(url, json={**event, "by": "long.pd"}, timeout=10)
    assert [gone.status_code, attached.status_code, edited.status_code] == [403, 403, 403]
    assert centre["room-01"].stores["dossiers"].get(event["_id"]) == event


# ---- the catalog and the files


def test_the_catalog_takes_nothing_that_central_did_not_seal(
    centre: SmallCentre, hostile: Hostile, dossier: Dossier
) -> None:
    """Not from the machine itself, not in central's name, not in a version that nobody knows yet."""
    number, tip = hostile.node.catalog.number, hostile.node.catalog.tip
    data = {"event": dossier.timeline[0].hash, "reason": "x"}
    own = hostile.event("a" * 32, "event.admitted", data, seq=number + 1, prev=tip)
    feigned = hostile.event("a" * 32, "event.admitted", data, seq=number + 1, prev=tip, node="central.1")
    newer = _of_version(hostile, 2, feigned)
    for victim in ("room-01", "central"):
        with hostile.facing(centre[victim]) as line:
            refusals = line.send([own, feigned, newer], database="catalog")
        assert all(refusals), refusals
        assert centre[victim].catalog.number == number


def _of_version(hostile: Hostile, version: int, document: Document) -> Document:
    header = {**events.header_of(document), "v": version}
    seal = hostile.keys.ed25519.sign(events.seal_message(header))
    made = {**document, **header, "_id": f"{header['stream']}:{events.hash_of(header)}"}
    return resealed(made, seal)


def test_chunks_and_lists_that_do_not_match_their_names_are_refused(
    centre: SmallCentre, hostile: Hostile
) -> None:
    piece = b"not what the name says"
    digest = hashlib.sha256(b"something else").hexdigest()
    chunk = {
        "_id": f"sha256-{digest}",
        "_rev": f"1-{digest[:32]}",
        "_attachments": {
            "content": {
                "content_type": "application/octet-stream",
                "data": base64.b64encode(piece).decode(),
            }
        },
    }
    index = {"size": 10, "chunks": [chunk["_id"]] * 5}
    short = {"_id": f"file-{digest}", "_rev": list_revision(index), **index}
    with hostile.facing(centre["room-01"]) as line:
        refusals = line.send([chunk, short], database="files")
    assert refusals == [
        "the bytes do not have the hash in the name",
        "size and number of chunks do not fit",
    ]


# ---- taken, explained, and without effect


def _appraisal_without_duty(h: Hostile, d: Dossier) -> Document:
    appraisal = {"opinion": "Đủ", "passed": True}
    receipt = d.timeline[0].hash
    return h.event(
        d.stream, "dossier.appraised", appraisal, parents=[receipt], rests_on=[receipt], by="ha.lt"
    )


def _decision_without_role(h: Hostile, d: Dossier) -> Document:
    receipt = d.timeline[0].hash
    return h.event(
        d.stream,
        "dossier.reception_cancelled",
        {"reason": "x"},
        parents=[receipt],
        rests_on=[receipt],
        by="ha.lt",
    )


def _of_nobody(h: Hostile, d: Dossier) -> Document:
    receipt = d.timeline[0].hash
    return h.event(
        d.stream,
        "dossier.reception_cancelled",
        {"reason": "x"},
        parents=[receipt],
        rests_on=[receipt],
        by="no.body",
    )


def _not_its_number(h: Hostile, d: Dossier) -> Document:
    """With the number that counter-01 gave, in a stream of its own."""
    return h.event("e" * 32, "dossier.received", _reception(h, d))


def _before_its_lease(h: Hostile, d: Dossier) -> Document:
    """A reception of long ago, with a number of that day."""
    at = h.centre.clock() - timedelta(days=150)
    data = _reception(h, d)
    agency = data["agency"]
    day = f"{at + timedelta(hours=7):%y%m%d}"
    return h.event("e" * 32, "dossier.received", {**data, "number": f"{agency}-{day}-0201"}, at=at)


def _approval_nobody_signed(h: Hostile, d: Dossier) -> Document:
    """In the name of the approver, by a machine that may approve, with a signature that is none."""
    signed = events.Signed("0" * 64, "ed25519", "AAAA")
    h.centre["room-01"].register.dossier(d.stream)
    appraised = h.centre.appraise(d)
    last = appraised.timeline[-1].hash
    return h.event(
        d.stream,
        "dossier.approved",
        {"result": "file-" + "0" * 64},
        parents=[last],
        rests_on=[last],
        by="viet.tq",
        sign=lambda message: signed,
        node="room-01.1",
        keys=h.centre["room-01"].keys,
        seq=2,
    )


def _shapeless(h: Hostile, d: Dossier) -> Document:
    return h.event(d.stream, "dossier.note", {"text": 7}, parents=[d.timeline[0].hash])


HELD: dict[str, tuple[Made, Place, str]] = {
    "a decision that the machine has no duty for": (_appraisal_without_duty, Place.HELD, Because.DUTY.value),
    "a decision of somebody without the role": (_decision_without_role, Place.HELD, Because.ROLE.value),
    "a decision of nobody": (_of_nobody, Place.HELD, Because.NO_SUCH_PERSON.value),
    "a reception with another machine's number": (_not_its_number, Place.IRREGULAR, Because.NUMBER.value),
    "a reception dated before the lease": (_before_its_lease, Place.IRREGULAR, Because.NUMBER.value),
    "an approval without the approver's signature": (
        _approval_nobody_signed,
        Place.HELD,
        Because.CERTIFICATE.value,
    ),
    "data that no act has": (_shapeless, Place.HELD, Because.DATA.value),
}


@pytest.mark.parametrize("what", sorted(HELD))
def test_what_breaks_a_rule_of_the_office_is_kept_explained_and_decides_nothing(
    centre: SmallCentre, hostile: Hostile, dossier: Dossier, what: str
) -> None:
    """The same at every machine; a fact that happened is shown as irregular, a decision has no effect."""
    made, place, because = HELD[what]
    document = made(hostile, dossier)
    victim = centre["counter-01"] if document["node"] == "room-01.1" else centre["room-01"]
    status = centre["room-01"].register.dossier(dossier.stream).status
    with hostile.facing(victim) as line:
        assert line.send([document]) == [None]
    centre.meet()
    for node in centre.nodes.values():
        acts, count = node.register.kept_back()
        assert count == 1
        assert (acts[0].line.place, acts[0].line.why.partition(":")[0]) == (place, because)
        assert "trái quy định" not in why_in_words(acts[0].line, node.catalog.number)
        assert node.register.dossier(dossier.stream).status is status
    assert len({repr(shown) for shown in centre.shown(dossier)}) == 1


def test_a_catalog_that_never_was_makes_an_act_wait_and_decides_nothing(
    centre: SmallCentre, hostile: Hostile, dossier: Dossier
) -> None:
    receipt = dossier.timeline[0].hash
    document = hostile.event(
        dossier.stream,
        "dossier.reception_cancelled",
        {"reason": "x"},
        parents=[receipt],
        rests_on=[receipt],
        catalog="999999-" + "0" * 16,
    )
    victim = centre["room-01"]
    with hostile.facing(victim) as line:
        assert line.send([document]) == [None]
    ((kept,), _) = victim.register.kept_back()
    assert (kept.line.place, why_in_words(kept.line, victim.catalog.number)) == (
        Place.WAITING,
        "Chờ danh mục số 999999 từ Trung tâm.",
    )
    assert victim.register.dossier(dossier.stream).status is Status.RECEIVED
    assert victim.waits.by_source() == {hostile.node.id: len(_bytes(document))}


def _bytes(document: Document) -> bytes:
    return msgspec.json.encode(document)


def test_an_event_of_a_newer_version_is_kept_and_handed_on_and_shown_as_such(
    centre: SmallCentre, hostile: Hostile, dossier: Dossier
) -> None:
    document = _of_version(hostile, 2, hostile.event(dossier.stream, "dossier.note", {"text": "x"}))
    with hostile.facing(centre["room-01"]) as line:
        assert line.send([document]) == [None]
    centre.meet()
    for node in centre.nodes.values():
        assert node.stores["dossiers"].get(document["_id"]) == document
        ((kept,), _) = node.register.kept_back()
        assert kept.line.place is Place.NEWER
    assert centre["counter-01"].register.dossier(dossier.stream).status is Status.RECEIVED


# ---- before the card is here


@pytest.fixture
def newcomer(centre: SmallCentre, tmp_path: Path) -> Node:
    """counter-09: central has granted its card, and nobody else knows of it yet."""
    folder = Folder(tmp_path / "counter-09")
    place = MachinePlace("counter-09.1", "Quầy 09", 9, (Duty.RECEIVE, Duty.RETURN), "")
    enrol(folder, centre["central"], place, NodeSettings("counter-09.1"), by="quan.nv")
    node = Node(folder, read_settings(folder.path), clock=centre.clock, ids=centre.ids)
    centre.nodes["counter-09"] = node
    return node


@pytest.mark.parametrize("true_one_comes", ["before the card", "after the card", "first"])
def test_a_true_event_comes_through_whatever_junk_copies_came_before_it(
    centre: SmallCentre, hostile: Hostile, newcomer: Node, true_one_comes: str
) -> None:
    """Until the card is here nobody can tell them apart; then the true one is the event, and the others are gone."""
    received = centre.receive("counter-09")
    true = dict(newcomer.stores["dossiers"].get(f"{received.stream}:{received.timeline[0].hash}"))
    junk = [resealed(true, bytes([number]) * 64) for number in range(20)]
    victim = centre["room-01"]
    with hostile.facing(victim) as line:
        sent = [true, *junk] if true_one_comes == "first" else junk
        if true_one_comes == "before the card":
            sent = [*junk, true]
        assert line.send(sent) == [None] * len(sent)
        assert victim.register.dossier(received.stream).received is None
        centre.meet("central", "room-01")
        if true_one_comes == "after the card":
            ((kept,), _) = victim.register.kept_back()
            assert (kept.line.place, kept.line.why) == (Place.HELD, "seal")
            assert line.send([true]) == [None]
    assert victim.register.dossier(received.stream).received is not None
    assert victim.register.kept_back() == ([], 0)
    assert victim.stores["dossiers"].get(true["_id"])["data"] == true["data"]
    centre.meet()
    assert victim.waits.by_source() == {}
    assert len({repr(shown) for shown in centre.shown(received)}) == 1
    (leaf,) = victim.stores["dossiers"].summary(true["_id"]).leaves
    assert str(leaf.rev) == true["_rev"]


def test_a_flood_of_an_unknown_machine_ends_at_its_limit_and_keeps_nobody_else_out(
    centre: SmallCentre, hostile: Hostile, newcomer: Node
) -> None:
    """What is too much is refused and stays with the sender; other peers are counted apart."""
    assert MOST_BYTES == 64 * 1024 * 1024
    victim = centre["room-01"]
    victim.waits.most_bytes = 300_000
    stranger = NodeKeys.generate()
    flood = [
        hostile.event(
            f"{number:032x}", "dossier.note", {"text": "x" * 10_000}, node="nowhere.1", keys=stranger, seq=1
        )
        for number in range(1, 60)
    ]
    with hostile.facing(victim) as line:
        refusals = line.send(flood)
        taken = refusals.count(None)
        assert 20 <= taken < 30
        assert {one for one in refusals if one} == {
            "waiting: counter-02.1 has brought too much that nobody here can judge yet"
        }
        assert line.send(flood).count(None) == taken, "those that are here; no more"
        known = centre.receive("counter-02", by="long.pd")
        true = hostile.node.stores["dossiers"].get(f"{known.stream}:{known.timeline[0].hash}")
        assert line.send([dict(true)]) == [None], "what can be judged is always taken"
    unknown = centre.receive("counter-09")
    centre.meet("counter-09", "counter-01")
    centre.copy(centre["counter-01"], victim, "dossiers")
    assert victim.register.dossier(unknown.stream).received is not None or any(
        one.line.place is Place.WAITING and one.stream == unknown.stream
        for one in victim.register.kept_back()[0]
    )


# ---- twice the same number


@pytest.fixture
def forked(centre: SmallCentre, hostile: Hostile, dossier: Dossier) -> tuple[Document, Document]:
    """One number, two acts: a note for the room, a decision for counter-01, and nobody sees both yet."""
    receipt = dossier.timeline[0].hash
    note = hostile.event(
        dossier.stream, "dossier.note", {"text": "x"}, parents=[receipt], seq=1, prev="a" * 64
    )
    cancelled = hostile.event(
        dossier.stream,
        "dossier.reception_cancelled",
        {"reason": "x"},
        parents=[receipt],
        rests_on=[receipt],
        seq=1,
        prev="a" * 64,
    )
    for victim, document in (("room-01", note), ("counter-01", cancelled)):
        with hostile.facing(centre[victim]) as line:
            assert line.send([document]) == [None]
    return note, cancelled


def test_a_fork_is_seen_by_whoever_holds_both_and_central_tells_everybody(
    centre: SmallCentre, dossier: Dossier, forked: tuple[Document, Document]
) -> None:
    """Central writes the entry once, with both as proof; what the machine decides is doubted in every dossier."""
    assert all(node.register.forks() == [] for node in centre.nodes.values())
    centre.meet("room-01", "counter-01")
    (fork,) = centre["room-01"].register.forks()
    assert (fork.node, fork.seq) == ("counter-02.1", 1)
    centre.meet()
    assert report_forks(centre["central"]) == 1
    assert report_forks(centre["central"]) == 0
    entry = centre["central"].catalog.trust.said[-1][1]
    assert sorted(entry.events) == sorted(one["_id"].partition(":")[2] for one in forked)  # type: ignore[union-attr]
    centre.meet()
    for node in centre.nodes.values():
        shown = node.register.dossier(dossier.stream)
        assert shown.contested
        assert node.register.row(dossier.stream).contested  # type: ignore[union-attr]
        assert node.catalog.trust.forks["counter-02.1"][0] == 1


def test_a_cut_answers_a_fork_and_the_desk_admits_what_was_true(
    centre: SmallCentre, dossier: Dossier, forked: tuple[Document, Document]
) -> None:
    """Both branches are held everywhere, the dossier is as it was; one act may be admitted, for all to see."""
    centre.meet()
    (fork,) = centre["central"].register.forks()
    cut_before(centre["central"], fork, by="quan.nv")
    centre.meet()
    for node in centre.nodes.values():
        shown = node.register.dossier(dossier.stream)
        assert not shown.contested
        assert shown.status is Status.RECEIVED
        assert not node.register.row(dossier.stream).contested  # type: ignore[union-attr]
        acts, count = node.register.kept_back()
        assert count == 2
        assert {(one.line.place, one.line.why) for one in acts} == {(Place.HELD, "cut")}


# ---- the other direction


def test_a_server_that_serves_junk_is_pulled_from_all_the_same(
    centre: SmallCentre, hostile: Hostile, tmp_path: Path
) -> None:
    """Every true event arrives over HTTP, whatever stands before and between; what is refused has its reason."""
    victim = centre["room-01"]
    first, second = centre.receive(), centre.receive()
    centre.meet("counter-01", "counter-02")
    true = [_true(hostile, one) for one in (first, second)]
    junk = [
        resealed(true[0], bytes(64)),
        {**true[1], "_rev": "1-" + "0" * 32, "by": "nobody"},
        hostile.event(first.stream, "dossier.note", {"text": "x"}, node="counter-01.1", seq=9),
        {"_id": "junk", "_rev": "1-" + "1" * 32, "anything": 1},
        {**true[0], "_id": "0" * 32 + ":" + "0" * 64, "_rev": "3-" + "2" * 32},
    ]
    refused: list[str] = []
    with serving(tmp_path / "hostile.db", "dossiers") as server:
        server.stores["dossiers"].bulk_docs([*junk[:3], true[0], *junk[3:], true[1]], new_edits=False)
        Replication(
            RemotePeer(server.url, "dossiers", user=USER, password=PASSWORD),
            LocalPeer(victim.stores["dossiers"], server_uuid="1" * 32, source=hostile.node.id),
            node_id=victim.id,
            session_id="2" * 32,
            now=centre.clock,
            jitter=lambda: 0.0,
            on_refused=lambda one: refused.append(one.reason),
        ).run_once()
    for dossier in (first, second):
        assert repr(victim.register.dossier(dossier.stream)) == repr(dossier)
    assert len(refused) >= len(junk)
    assert all(refused)
    assert victim.stores["dossiers"].info().doc_count == 2


# ---- many heads


def test_a_stream_with_a_thousand_heads_still_folds_and_can_be_worked_on(
    centre: SmallCentre, hostile: Hostile, dossier: Dossier
) -> None:
    """The next acts name what has an effect, and take the rest in step by step."""
    receipt = dossier.timeline[0].hash
    notes = [
        hostile.event(dossier.stream, "dossier.note", {"text": str(number)}, parents=[receipt])
        for number in range(1_000)
    ]
    victim = centre["room-01"]
    with hostile.facing(victim) as line:
        assert line.send(notes) == [None] * 1_000
    assert len(victim.register.dossier(dossier.stream).heads) == 1_000
    appraised = centre.appraise(dossier)
    assert appraised.status is Status.PROCESSING
    assert len(appraised.heads) < 1_000
    approved = centre.approve(appraised)
    assert approved.status is Status.DONE
    centre.meet("room-01", "counter-01")
    assert repr(centre["counter-01"].register.dossier(dossier.stream)) == repr(
        victim.register.dossier(dossier.stream)
    )


def test_a_machine_writes_nothing_that_it_may_not_itself(centre: SmallCentre, dossier: Dossier) -> None:
    """The honest program at a counter refuses what its card does not allow, before it is written."""
    with pytest.raises(NotAllowed) as refused:
        centre.appraise(dossier, at="counter-02")
    assert refused.value.because is Because.DUTY


# ---- the ends of what a number can be


def test_streams_that_claim_the_end_of_time_hold_up_nothing(centre: SmallCentre, hostile: Hostile) -> None:
    """Dossiers are listed by the moment in their stream's name; many may claim the last one there is, or the first."""
    victim = centre["room-01"]
    true = centre.receive("counter-02", by="long.pd")
    data = hostile.node.stores["dossiers"].get(f"{true.stream}:{true.timeline[0].hash}")["data"]
    last = [f"{'f' * 20}{number:08x}ffff" for number in range(3)]
    first = [f"{'0' * 20}{number:08x}0000" for number in range(3)]
    received = [
        hostile.event(stream, "dossier.received", {**data, "number": f"H37.07-270301-02{number:02}"})
        for number, stream in enumerate([*last, *first], 50)
    ]
    with hostile.facing(victim) as line:
        for document in received:
            assert line.send([document]) == [None]
    assert {row.stream for row in victim.register.work(Work.APPRAISE)[0]} >= {*last, *first}
    victim.projector.rebuild()
    assert {row.stream for row in victim.register.work(Work.APPRAISE)[0]} >= {*last, *first}


def test_a_number_that_no_chain_reaches_is_a_gap_and_no_more(
    centre: SmallCentre, hostile: Hostile, dossier: Dossier
) -> None:
    """The largest number there is, by a machine that has written nothing before it."""
    victim = centre["central"]  # an edge keeps a window, in which every chain has gaps
    note = hostile.event(
        dossier.stream,
        "dossier.note",
        {"text": "x"},
        parents=[dossier.timeline[0].hash],
        seq=2**53 - 1,
        prev="a" * 64,
    )
    with hostile.facing(victim) as line:
        assert line.send([note]) == [None]
    (chain,) = [one for one in victim.chains.all() if one.node == hostile.node.id]
    assert (chain.upto, chain.known) == (0, 2**53 - 1)
    centre.close()
    # What came ahead of the rest may still be on its way to central. That its own machine has not got it is said.
    (finding,) = [str(one) for one in verify(centre.data).findings]
    assert f"counter-02.1 #{2**53 - 1} " in finding
    assert finding.endswith("it is gone; central has it")
