"""What passes the door, and that it leaves as it came."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.documents import Stored, dump_sorted, load, new_hash, parse_document, render
from sync.errors import BadRequest
from sync.revisions import Rev

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
MEMBERS = st.dictionaries(TEXT.filter(lambda name: not name.startswith("_")), VALUES, max_size=6)


@given(VALUES, st.sampled_from([None, 1]))
def test_json_comes_in_exactly(value: Any, indent: int | None) -> None:
    """Integers of any size stay integers; pretty printing and escapes change nothing."""
    loaded = load(json.dumps(value, indent=indent).encode())
    assert loaded == value
    assert repr(loaded) == repr(value)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"a":1,"a":1}',
        b'{"a":{"b":1, "b":1.0}}',
        b"NaN",
        b"[Infinity]",
        b"1e999",
        b'"\\ud800"',
        b'"\xff"',
        b"[" * 100_000,
        b"[" * 1020 + b"1.50" + b"]" * 1020,
        b"'a'",
        b'{"a":1}}',
    ],
)
def test_malformed_json_is_a_bad_request(raw: bytes) -> None:
    with pytest.raises(BadRequest):
        load(raw)


@given(MEMBERS)
def test_a_document_leaves_as_it_came(members: dict[str, Any]) -> None:
    incoming = parse_document({"_id": "hồ sơ", "_rev": "1-a", **members})
    stored = Stored(incoming.id, incoming.path[0], incoming.deleted, None, incoming.body, ())
    assert load(render(stored)) == {"_id": "hồ sơ", "_rev": "1-a", **members}


@given(MEMBERS)
def test_the_body_does_not_depend_on_the_order_of_members(members: dict[str, Any]) -> None:
    backwards = dict(reversed(members.items()))
    assert parse_document({"_id": "a", **members}).body == parse_document({"_id": "a", **backwards}).body


def test_an_edit_has_the_same_revision_on_every_node() -> None:
    base = Rev(1, "a")
    one = new_hash(base, deleted=False, body=b"{}", attachments=())
    assert one == new_hash(base, deleted=False, body=b"{}", attachments=())
    others = {
        new_hash(Rev(1, "b"), deleted=False, body=b"{}", attachments=()),
        new_hash(None, deleted=False, body=b"{}", attachments=()),
        new_hash(base, deleted=True, body=b"{}", attachments=()),
        new_hash(base, deleted=False, body=b'{"a":1}', attachments=()),
    }
    assert len(others | {one}) == 5
    assert len(one) == 32


def test_integers_beyond_64_bits_are_kept() -> None:
    number = 12345678901234567890123456789012345
    incoming = parse_document(load(b'{"_id":"a","n":12345678901234567890123456789012345}'))
    assert json.loads(incoming.body) == {"n": number}
    assert dump_sorted({"b": 1, "a": number}) == b'{"a":%d,"b":1}' % number


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ([], "bad_request"),
        (None, "bad_request"),
        ({}, "illegal_docid"),
        ({"_id": ""}, "illegal_docid"),
        ({"_id": 1}, "illegal_docid"),
        ({"_id": "_x"}, "illegal_docid"),
        ({"_id": "_design/"}, "illegal_docid"),
        ({"_id": "a", "_foo": 1}, "doc_validation"),
        ({"_id": "a", "_deleted": 1}, "doc_validation"),
        ({"_id": "a", "_rev": 1}, "bad_request"),
        ({"_id": "a", "_rev": "x"}, "bad_request"),
        ({"_id": "a", "_revisions": []}, "doc_validation"),
        ({"_id": "a", "_revisions": {"start": "1", "ids": ["a"]}}, "doc_validation"),
        ({"_id": "a", "_revisions": {"start": True, "ids": ["a"]}}, "doc_validation"),
        ({"_id": "a", "_revisions": {"start": 1, "ids": "a"}}, "doc_validation"),
        ({"_id": "a", "_revisions": {"start": 1, "ids": [1]}}, "doc_validation"),
        ({"_id": "a", "_revisions": {"start": 1, "ids": ["a", "b"]}}, "doc_validation"),
        ({"_id": "a", "_revisions": {"start": 10**30, "ids": ["a"]}}, "doc_validation"),
        ({"_id": "a", "_attachments": []}, "bad_request"),
        ({"_id": "a", "_attachments": {"x": 1}}, "bad_request"),
        ({"_id": "a", "_attachments": {"_x": {"data": ""}}}, "bad_request"),
        ({"_id": "a", "_attachments": {"x": {"data": "?"}}}, "bad_request"),
        ({"_id": "a", "_attachments": {"x": {"data": "é"}}}, "bad_request"),
        ({"_id": "a", "_attachments": {"x": {"data": "", "content_type": 1}}}, "bad_request"),
        ({"_id": "a", "_attachments": {"x": {"follows": True}}}, "bad_request"),
    ],
)
def test_what_does_not_pass_the_door(document: object, error: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse_document(document)
    assert refused.value.error == error


def test_what_clients_send_back_is_dropped() -> None:
    read = {"_id": "a", "_revs_info": [], "_local_seq": 1, "_conflicts": [], "_deleted_conflicts": [], "n": 1}
    assert orjson.loads(parse_document(read).body) == {"n": 1}
