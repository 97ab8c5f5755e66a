"""What is an event, and what is refused: whatever a peer sends, `parse` answers and never falls over."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.canonical import MAX_BYTES, canonical, to_base64
from schemas.errors import Malformed, Refused
from schemas.events import (
    Document,
    Event,
    Signed,
    Unknown,
    data_hash_of,
    decision_message,
    hash_of,
    header_of,
    moment,
    parse,
    redacted,
    revision_of,
    timestamp,
    write,
)
from tests.schemas.histories import History, appraised, approved, history, received
from tests.schemas.test_canonical import any_json

SEAL = bytes(range(64))


def sample(**changes: Any) -> Document:
    """An event as a machine writes it; the seal is not looked at here."""
    members: dict[str, Any] = {
        "stream": "0" * 31 + "1",
        "kind": "dossier.received",
        "parents": (),
        "at": datetime(2026, 11, 23, 1, 15, 22, 123456, tzinfo=UTC),
        "node": "counter-01.1",
        "seq": 1,
        "prev": "a" * 64,
        "catalog": "1-" + "b" * 16,
        "by": "hoa",
        "data": {"tên".encode().hex(): "Nguyễn Văn Đạt"},
        "salt": bytes(16),
        "seal": lambda message: SEAL,
    }
    return write(**{**members, **changes})


def made(document: Document) -> Document:
    """The same document with hash, id and revision put right: only the content is wrong."""
    document = copy.deepcopy(document)
    if isinstance(document.get("data"), dict) and isinstance(document.get("salt"), str):
        document["data_hash"] = data_hash_of(document["data"], document["salt"])
    event_hash = hash_of(header_of(document))
    document["_id"] = f"{document.get('stream', '0' * 32)}:{event_hash}"
    document["_rev"] = revision_of(event_hash, SEAL)
    return document


def test_an_event_is_read_as_it_was_written() -> None:
    event = parse(sample(with_=["minh", "lan"], clock_unsure=True))

    assert isinstance(event, Event)
    assert event.with_ == ("lan", "minh")
    assert event.clock == "unsure"
    assert event.at == "2026-11-23T01:15:22.123456Z"
    assert event.order == (event.at, event.hash)
    assert event.rests_on == ()
    assert event.signed is None


def test_parents_are_written_sorted_and_once() -> None:
    event = parse(sample(parents=["c" * 64, "b" * 64, "c" * 64]))
    assert isinstance(event, Event)
    assert event.parents == ("b" * 64, "c" * 64)


def test_only_the_seal_changes_the_revision() -> None:
    """A copy with a junk seal is a second leaf of the same document: it can hide nothing."""
    one, other = sample(), sample(seal=lambda message: SEAL[::-1])
    assert one["_id"] == other["_id"]
    assert one["_rev"] != other["_rev"]


@given(any_json)
def test_any_json_is_an_event_or_unknown_or_malformed(value: Any) -> None:
    try:
        event = parse(value)
    except Malformed as why:
        str(why).encode()
    else:
        assert isinstance(event, Event | Unknown)


@pytest.mark.parametrize("value", [None, True, 7, "text", [], ["_deleted"], {}, [1, 2], {1: 2}])
def test_what_is_no_document_is_malformed(value: Any) -> None:
    with pytest.raises(Malformed):
        parse(value)


MEMBERS = sorted(sample(rests_on=[], with_=["lan"], clock_unsure=True))


@settings(max_examples=300)
@given(st.sampled_from(MEMBERS), any_json, st.booleans())
def test_a_member_replaced_by_anything_never_breaks_the_reader(name: str, value: Any, rehash: bool) -> None:
    """A hostile peer controls every byte, and can make the hashes fit."""
    document = sample(rests_on=[], with_=["lan"], clock_unsure=True)
    document[name] = value
    if rehash:
        try:
            document = made(document)
        except (TypeError, ValueError):
            return  # no canonical JSON: nothing a peer could make fit either
    try:
        event = parse(document)
    except Malformed as why:
        str(why).encode()
    else:
        assert isinstance(event, Event | Unknown)
        assert f"{event.stream}:{event.hash}" == document["_id"]


@given(st.data())
def test_one_changed_character_anywhere_is_found(data: st.DataObject) -> None:
    """Every member but the seal is under the hash; the seal is under the revision."""
    document = sample()
    name = data.draw(st.sampled_from(sorted(n for n, v in document.items() if isinstance(v, str) and v)))
    at = data.draw(st.integers(0, len(document[name]) - 1))
    changed = chr((ord(document[name][at]) + 1) % 127)
    document[name] = document[name][:at] + changed + document[name][at + 1 :]
    with pytest.raises(Malformed):
        parse(document)


Change = Callable[[Document], object]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("_deleted", lambda d: d.update(_deleted=True)),
        ("_attachments", lambda d: d.update(_attachments={})),
        ("_local_seq", lambda d: d.update(_local_seq=1)),
        ("_id", lambda d: d.update(_id="_design/motcua")),
        ("_id", lambda d: d.update(_id=d["_id"].upper())),
        ("_id", lambda d: d.update(_id=d["_id"][:33] + "0" * 64)),
        ("_id", lambda d: d.update(_id=d["_id"] + "\n")),
        ("_id", lambda d: d.pop("_id")),
        ("_rev", lambda d: d.update(_rev="2-" + "0" * 32)),
        ("_rev", lambda d: d.update(_rev="1-" + "0" * 32)),
        ("_rev", lambda d: d.pop("_rev")),
        ("_revisions", lambda d: d.update(_revisions={"start": 2, "ids": ["0" * 32, "1" * 32]})),
        ("data", lambda d: d.pop("data")),
        ("data", lambda d: d.update(data=[])),
        ("data", lambda d: d.pop("salt")),
        ("salt", lambda d: d.update(salt="AA")),
        ("seal", lambda d: d.update(seal="AA")),
        ("data_hash", lambda d: d.update(data={})),
        ("data.x", lambda d: d.update(data={"x": None})),
    ],
)
def test_a_broken_envelope_is_refused_and_named(field: str, change: Change) -> None:
    document = sample()
    change(document)
    with pytest.raises(Malformed) as refusal:
        parse(document)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("v", {"v": 0}),
        ("v", {"v": True}),
        ("v", {"v": "1"}),
        ("more", {"more": 1}),
        ("hash", {"hash": "0" * 64}),
        ("with_", {"with_": []}),
        ("_id", {"stream": "0" * 32 + "\n"}),
        ("kind", {"kind": "Received"}),
        ("kind", {"kind": "received"}),
        ("kind", {"kind": "dossier.received\n"}),
        ("kind", {"kind": "dossier." + "a" * 64}),
        ("at", {"at": "2026-11-23T01:15:22Z"}),
        ("at", {"at": "2026-11-23T01:15:22.123456+07:00"}),
        ("at", {"at": "2026-11-23T01:15:60.000000Z"}),
        ("at", {"at": "1999-11-23T01:15:22.123456Z"}),
        ("at", {"at": "2026-02-30T01:15:22.123456Z"}),
        ("at", {"at": "2026-11-23T01:15:22.123456Z\n"}),
        ("node", {"node": "Counter.1"}),
        ("node", {"node": "counter-01.0"}),
        ("node", {"node": "counter-01.1\n"}),
        ("seq", {"seq": 0}),
        ("seq", {"seq": True}),
        ("prev", {"prev": "abc"}),
        ("prev", {"prev": ""}),
        ("prev", {"catalog": ""}),
        ("prev", {"prev": "", "catalog": "", "seq": 2}),
        ("catalog", {"catalog": "0-" + "b" * 16}),
        ("catalog", {"catalog": "1-" + "b" * 16 + "\n"}),
        ("by", {"by": "Hoa"}),
        ("by", {"by": "hoa\n"}),
        ("parents", {"parents": ["b" * 64, "a" * 64]}),
        ("parents", {"parents": ["a" * 64, "a" * 64]}),
        ("parents[0]", {"parents": ["a" * 64 + "\n"]}),
        ("rests_on", {"rests_on": ["b" * 64, "a" * 64]}),
        ("with", {"with": ["minh", "lan"]}),
        ("with[0]", {"with": [""]}),
        ("clock", {"clock": "sure"}),
        ("signed", {"signed": []}),
        ("signed.algorithm", {"signed": {"certificate": "a" * 64, "algorithm": "md5", "value": ""}}),
        ("signed.value", {"signed": {"certificate": "a" * 64, "algorithm": "ed25519", "value": "=="}}),
        ("signed", {"signed": {"certificate": "a" * 64, "algorithm": "ed25519", "value": "", "x": 1}}),
    ],
)
def test_a_member_out_of_form_is_refused_and_named(field: str, change: dict[str, Any]) -> None:
    document = sample()
    document.update(change)
    with pytest.raises(Malformed) as refusal:
        parse(made(document))
    assert refusal.value.field == field


def test_a_member_that_is_missing_is_named() -> None:
    document = sample()
    del document["node"]
    with pytest.raises(Malformed, match="node"):
        parse(made(document))


def test_the_stream_of_the_id_is_the_stream_of_the_event() -> None:
    """Else one event could lie in any number of dossiers, of a later version too."""
    for version in (1, 2):
        document = made({**sample(), "v": version})
        document["_id"] = "f" * 32 + document["_id"][32:]
        with pytest.raises(Malformed, match="stream"):
            parse(document)


def test_a_newer_version_is_kept_and_not_guessed_at() -> None:
    document = made({**sample(), "v": 2, "colour": "red"})
    event = parse(document)
    assert event == Unknown(document["stream"], event.hash, 2)


def test_the_transport_may_add_its_revisions() -> None:
    document = sample()
    travelling = {**document, "_revisions": {"start": 1, "ids": [document["_rev"][2:]]}}
    assert parse(travelling) == parse(document)


def test_an_event_of_the_greatest_size_also_travels() -> None:
    """What one node could store, the next may not refuse because of `_revisions`."""
    room = MAX_BYTES - len(canonical(sample(data={"x": ""})))
    document = sample(data={"x": "a" * room})
    assert len(canonical(document)) == MAX_BYTES
    assert parse({**document, "_revisions": {"start": 1, "ids": [document["_rev"][2:]]}})
    with pytest.raises(Malformed, match="65536"):
        sample(data={"x": "a" * (room + 1)})


@pytest.mark.parametrize(
    "changes",
    [
        {"data": {"x": 0.5}},
        {"data": {"x": None}},
        {"by": "\ud800"},
        {"by": "Hoa"},
        {"kind": "received"},
        {"seq": 0},
        {"stream": "x"},
        {"salt": bytes(15)},
        {"seal": lambda message: bytes(63)},
    ],
)
def test_a_machine_cannot_write_what_others_would_refuse(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        sample(**changes)


def test_a_signature_without_foundations_counts_as_resting_on_nothing() -> None:
    seen: list[bytes] = []

    def sign(message: bytes) -> Signed:
        seen.append(message)
        return Signed("a" * 64, "ed25519", to_base64(SEAL))

    document = sample(sign=sign)
    assert seen == [decision_message(header_of(document))]
    assert b'"rests_on":[]' in seen[0]


def test_times_are_written_in_utc() -> None:
    vietnam = timezone(timedelta(hours=7))
    assert timestamp(datetime(2026, 11, 23, 8, 15, tzinfo=vietnam)) == "2026-11-23T01:15:00.000000Z"


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds
def test_text_order_of_times_is_their_order(at: datetime) -> None:
    assert moment(timestamp(at)) == at
    assert len(timestamp(at)) == 27
    assert timestamp(at) < timestamp(at + timedelta(microseconds=1))


def test_a_history_of_the_builder_is_made_of_events_that_everybody_reads() -> None:
    past: History = history(received(), appraised(), approved())
    assert [parse(document) for document in past.documents] == list(past)
    assert [d["_id"].split(":")[1] for d in past.documents] == [
        hashlib.sha256(canonical(header_of(d))).hexdigest() for d in past.documents
    ]


def test_malformed_is_a_refusal() -> None:
    assert issubclass(Malformed, Refused)


def test_a_redaction_keeps_the_event_s_hash_and_loses_its_words() -> None:
    event = sample()
    gone = redacted(event)
    assert (gone["_id"], gone["_rev"][:2]) == (event["_id"], "2-")
    assert not {"data", "salt"} & gone.keys()
    read = parse(gone)
    assert isinstance(read, Event)
    assert (read.hash, read.data) == (event["_id"].partition(":")[2], {})


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("_rev", {"_rev": "2-" + "0" * 32}),
        ("_revisions", {"_revisions": {"start": 2, "ids": ["0" * 32, "1" * 32]}}),
    ],
)
def test_a_redaction_of_another_making_is_refused_and_named(field: str, change: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as refused:
        parse({**redacted(sample()), **change})
    assert refused.value.field == field
