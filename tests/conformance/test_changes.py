"""protocol.md §1.5, `_changes`, byte for byte."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.conformance.conftest import Client

LIVE = ("longpoll", "continuous", "eventsource")


def rows(db: Client, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = db.get(f"_changes{query}").json()["results"]
    return found


def ids(db: Client, query: str) -> list[str]:
    return [row["id"] for row in rows(db, query)]


def matching(db: Client, selector: object, query: str = "", **more: Any) -> list[dict[str, Any]]:
    asked = db.post(f"_changes?filter=_selector{query}", {"selector": selector, **more})
    found: list[dict[str, Any]] = asked.json()["results"]
    return found


def said(feed: requests.Response) -> Iterator[str]:
    """The lines of a feed, without heartbeats."""
    return (line for line in feed.iter_lines(chunk_size=1, decode_unicode=True) if line)


@pytest.fixture
def abc(db: Client) -> Client:
    for doc_id in "abc":
        db.put(doc_id, {"n": ord(doc_id)})
    return db


@pytest.fixture
def branched(db: Client) -> Client:
    """`a` with the leaves 2-b (the winner), 1-a and, deleted, 3-d."""
    for rev, n in (("1-a", 1), ("2-b", 2), ("3-d", 3)):
        db.put("a?new_edits=false", {"_id": "a", "_rev": rev, "_deleted": n == 3, "n": n})
    return db


def last(db: Client) -> str:
    seq: str = db.get("_changes").json()["last_seq"]
    return seq


# ---- framing


def test_framing_of_normal(abc: Client) -> None:
    body = abc.get("_changes").text
    each = [json.dumps(one, separators=(",", ":")) for one in json.loads(body)["results"]]
    seq = json.dumps(json.loads(body)["last_seq"])
    assert body == '{"results":[\n' + ",\r\n".join(each) + f'\n],\n"last_seq":{seq},"pending":0}}\n'


def test_an_empty_database_has_a_last_seq_too(db: Client) -> None:
    body = db.get("_changes").text
    assert re.fullmatch(r'{"results":\[\n\n\],\n"last_seq":"0[^"]*","pending":0}\n', body)


def test_framing_of_continuous(abc: Client) -> None:
    answer = abc.get("_changes?feed=continuous&timeout=1")
    lines = answer.text.split("\n")
    assert answer.headers["Content-Type"] == "application/json"
    assert [json.loads(line).get("id") for line in lines[:3]] == ["a", "b", "c"]
    assert set(json.loads(lines[3])) == {"last_seq", "pending"}
    assert lines[4:] == [""]


def test_framing_of_eventsource(abc: Client) -> None:
    answer = abc.get("_changes?feed=eventsource&timeout=1")
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-cache"
    events = answer.text.split("\n\n")
    assert events[3:] == [""]
    for doc_id, event in zip("abc", events, strict=False):
        data, named = event.split("\n")
        row = json.loads(data.removeprefix("data: "))
        assert (row["id"], f"id: {json.dumps(row['seq'])}") == (doc_id, named)


def test_a_browser_that_comes_back_goes_on_where_it_was(abc: Client) -> None:
    first = abc.get("_changes?feed=eventsource&timeout=1&limit=1").text
    seen = re.search(r"^id: (.*)$", first, re.MULTILINE)
    assert seen is not None
    query = "_changes?feed=eventsource&timeout=1&since=0"
    again = abc.get(query, headers={"Last-Event-ID": seen[1]}).text
    assert re.findall(r'"id":"(.)"', again) == ["b", "c"]
    elsewhere = abc.get("_changes", headers={"Last-Event-ID": seen[1]}).json()
    assert len(elsewhere["results"]) == 3


def test_head_of_a_live_feed_does_not_wait(abc: Client) -> None:
    for feed in ("normal", *LIVE):
        assert abc.ask("HEAD", f"_changes?feed={feed}&heartbeat=60000").content == b""


# ---- waiting


def test_longpoll_begins_at_once_and_beats_until_there_is_something(db: Client) -> None:
    with db.get("_changes?feed=longpoll&heartbeat=20", stream=True) as answer:
        parts = answer.iter_content(chunk_size=None)
        begun = next(parts) + next(parts)
        assert re.fullmatch(rb'{"results":\[\n\n*', begun)
        Client(db.server).put("a", {})
        rest = b"".join(parts)
    assert json.loads(begun + rest)["results"][0]["id"] == "a"


def test_longpoll_with_something_to_say_does_not_wait(abc: Client) -> None:
    assert ids(abc, "?feed=longpoll&heartbeat=60000") == ["a", "b", "c"]
    assert ids(abc, "?feed=longpoll&heartbeat=60000&limit=2") == ["a", "b"]


def test_longpoll_ends_with_its_time(abc: Client) -> None:
    ended = abc.get("_changes?feed=longpoll&timeout=10&since=now").json()
    assert (ended["results"], ended["last_seq"][:2], ended["pending"]) == ([], "3-", 0)


def test_longpoll_wakes_for_what_passes_its_filter(db: Client) -> None:
    query = '_changes?feed=longpoll&heartbeat=50&filter=_doc_ids&doc_ids=["b"]'
    with db.get(query, stream=True) as answer:
        for doc_id in "ab":
            Client(db.server).put(doc_id, {})
        assert [row["id"] for row in answer.json()["results"]] == ["b"]


def test_continuous_goes_on_with_every_write(db: Client) -> None:
    with db.get("_changes?feed=continuous&heartbeat=20", stream=True) as feed:
        lines = said(feed)
        for doc_id in "ab":
            Client(db.server).put(doc_id, {})
            assert json.loads(next(lines))["id"] == doc_id


def test_live_is_another_word_for_continuous(abc: Client) -> None:
    assert abc.get("_changes?feed=live&timeout=1").text.count("\n") == 4


def test_eventsource_goes_on_with_every_write(db: Client) -> None:
    with db.get("_changes?feed=eventsource&heartbeat=20", stream=True) as feed:
        lines = said(feed)
        assert (next(lines), next(lines)) == ("event: heartbeat", "data: ")
        Client(db.server).put("a", {})
        assert any('"id":"a"' in line for line in lines)


def test_a_live_feed_ends_after_its_limit(abc: Client) -> None:
    for feed in ("continuous", "eventsource"):
        found = abc.get(f"_changes?feed={feed}&heartbeat=60000&limit=2").text
        assert re.findall(r'"id":"(.)"', found) == ["a", "b"]
    ended = abc.get("_changes?feed=continuous&heartbeat=60000&limit=2").text.splitlines()[-1]
    assert json.loads(ended)["pending"] == 1


def test_a_live_feed_ends_with_its_database(db: Client) -> None:
    path = db.fresh()
    with db.get(f"{path}/_changes?feed=continuous&heartbeat=60000", stream=True) as feed:
        lines = feed.iter_lines(chunk_size=1)
        next(lines)
        assert Client(db.server).delete(path).status_code == 200
        assert set(json.loads(next(line for line in lines if line))) == {"last_seq", "pending"}


# ---- where from, and how many


def test_since_and_limit(abc: Client) -> None:
    first = rows(abc)[0]["seq"]
    assert ids(abc, f"?since={first}") == ["b", "c"]
    assert ids(abc, f'?since="{first}"') == ["b", "c"]
    assert ids(abc, "?since=0") == ["a", "b", "c"]
    assert ids(abc, "?since=now") == []
    page = abc.get("_changes?limit=2").json()
    assert (len(page["results"]), page["pending"]) == (2, 1)
    assert ids(abc, f"?since={page['last_seq']}") == ["c"]
    none = abc.get("_changes?limit=0").json()
    assert (none["results"], none["pending"]) == ([], 3)
    assert ids(abc, f"?since={none['last_seq']}") == ["a", "b", "c"]


def test_a_seq_of_another_life_counts_from_the_start(abc: Client) -> None:
    """Resent is better than lost: ours only, CouchDB's sequences name their nodes."""
    abc.server.only_ours()
    assert ids(abc, f"?since=2-{'0' * 16}") == ["a", "b", "c"]


def test_pages_are_whole_beyond_one_transaction(db: Client) -> None:
    written = db.post("_bulk_docs", {"docs": [{"_id": f"{n:04}"} for n in range(1201)]})
    assert len(written.json()) == 1201
    assert sorted(ids(db, "")) == [f"{n:04}" for n in range(1201)]
    assert len(rows(db, "?limit=700")) == 700
    backwards = ids(db, "?descending=true")
    assert backwards == ids(db, "")[::-1]
    assert ids(db, "?descending=true&limit=601") == backwards[:601]
    assert len(rows(db, "?include_docs=true&limit=101")) == 101
    assert len(matching(db, {"_id": {"$gte": "1000"}})) == 201
    assert len(matching(db, {"_id": {"$gte": "1000"}}, "&limit=120")) == 120


def test_descending_starts_from_the_newest(abc: Client) -> None:
    assert ids(abc, "?descending=true") == ["c", "b", "a"]
    assert ids(abc, f"?descending=true&limit=1&since={last(abc)}") == ["c"]
    assert ids(abc, "?descending=true&since=1") == ["c", "b", "a"]  # no sequence of CouchDB's, but unread
    assert ids(abc, "?descending=true&feed=longpoll") == ["c", "b", "a"]


@pytest.mark.parametrize("feed", ["normal", "longpoll", "continuous"])
@pytest.mark.parametrize(
    ("limit", "newest", "pending"), [(0, True, 3), (1, True, 2), (3, False, 0), (4, False, 0)]
)
def test_descending_ends_with_the_oldest(
    abc: Client, feed: str, limit: int, newest: bool, pending: int
) -> None:
    oldest, _, latest = (row["seq"] for row in rows(abc))
    said = abc.get(f"_changes?descending=true&feed={feed}&limit={limit}&timeout=10").text
    end = json.loads(said.splitlines()[-1] if feed == "continuous" else said)
    assert end["pending"] == pending
    assert end["last_seq"].partition("-")[0] == (latest if newest else oldest).partition("-")[0]


def test_an_unchanged_database_is_not_sent_again(abc: Client) -> None:
    etag = abc.get("_changes").headers["ETag"]
    assert abc.get("_changes", headers={"If-None-Match": etag}).status_code == 304
    abc.put("d", {})
    assert abc.get("_changes", headers={"If-None-Match": etag}).status_code == 200


def test_seq_interval_names_only_some(abc: Client) -> None:
    """CouchDB counts down from the limit."""
    named = [row["seq"] is not None for row in rows(abc, "?seq_interval=2&limit=2")]
    assert named == [True, False]
    assert [row["seq"] is not None for row in rows(abc, "?seq_interval=2")] == [True, False, True]
    assert abc.get("_changes?seq_interval=2").json()["last_seq"].startswith("3-")


# ---- what a row says


def test_style_and_deleted(branched: Client) -> None:
    (main,) = rows(branched)
    assert main["changes"] == [{"rev": "2-b"}]
    assert "deleted" not in main
    (leaves,) = rows(branched, "?style=all_docs")
    assert leaves["changes"] == [{"rev": "2-b"}, {"rev": "1-a"}, {"rev": "3-d"}]
    for rev in ("1-a", "2-b"):
        branched.delete(f"a?rev={rev}")
    assert rows(branched)[0]["deleted"] is True


def test_a_document_appears_once_where_it_changed_last(abc: Client) -> None:
    abc.put("a", {"_rev": abc.get("a").json()["_rev"]})
    assert ids(abc, "") == ["b", "c", "a"]


def test_local_documents_do_not_appear_and_design_documents_do(abc: Client) -> None:
    abc.put("_local/x", {})
    abc.put("_design/x", {})
    assert ids(abc, "") == ["a", "b", "c", "_design/x"]


def test_include_docs(db: Client) -> None:
    db.put("a?new_edits=false", {"_rev": "1-a", "_attachments": {"x": {"data": "eA=="}}})
    db.put("a?new_edits=false", {"_rev": "1-b", "n": 1})
    (row,) = rows(db, "?include_docs=true&conflicts=true")
    assert row["doc"] == {"_id": "a", "_rev": "1-b", "_conflicts": ["1-a"], "n": 1}
    assert rows(db, "?include_docs=true")[0]["doc"] == {"_id": "a", "_rev": "1-b", "n": 1}
    db.delete("a?rev=1-b")
    assert rows(db, "?include_docs=true")[0]["doc"]["_attachments"]["x"]["stub"] is True
    assert rows(db, "?include_docs=true&attachments=true")[0]["doc"]["_attachments"]["x"]["data"] == "eA=="


def test_a_tombstone_is_a_document_too(abc: Client) -> None:
    gone = abc.delete("a?rev=" + abc.get("a").json()["_rev"]).json()["rev"]
    row = rows(abc, "?include_docs=true")[-1]
    assert (row["deleted"], row["doc"]) == (True, {"_id": "a", "_rev": gone, "_deleted": True})


# ---- filters


def test_filter_by_ids(abc: Client) -> None:
    found = abc.post("_changes?filter=_doc_ids", {"doc_ids": ["b", "none"]}).json()
    assert [row["id"] for row in found["results"]] == ["b"]
    assert found["last_seq"].startswith("3-")
    assert ids(abc, '?filter=_doc_ids&doc_ids=["c"]') == ["c"]
    assert ids(abc, "?filter=_doc_ids&doc_ids=[]") == []


def test_filter_by_more_ids_than_are_looked_up(abc: Client) -> None:
    named = ["c", "a", *(f"x{n}" for n in range(40_000))]
    found = abc.post("_changes?filter=_doc_ids", {"doc_ids": named}).json()
    assert [row["id"] for row in found["results"]] == ["a", "c"]


def test_filter_by_selector(abc: Client) -> None:
    assert [row["id"] for row in matching(abc, {"n": {"$gt": 97}})] == ["b", "c"]
    assert [row["id"] for row in matching(abc, {"_id": "b"})] == ["b"]
    assert [row["id"] for row in matching(abc, {"n": {"$gt": 97}}, "&limit=1")] == ["b"]
    assert [row["id"] for row in matching(abc, {"n": {"$gt": 97}}, "&descending=true")] == ["c", "b"]


def test_a_filtered_client_advances(abc: Client) -> None:
    found = abc.post("_changes?filter=_selector", {"selector": {"n": 0}}).json()
    assert (found["results"], found["pending"]) == ([], 0)
    assert ids(abc, f"?since={found['last_seq']}") == []


def test_a_selector_sees_the_leaves_that_the_style_means(branched: Client) -> None:
    assert matching(branched, {"n": 1}) == []
    (row,) = matching(branched, {"n": {"$lt": 3}}, "&style=all_docs")
    assert row["changes"] == [{"rev": "2-b"}, {"rev": "1-a"}]
    (row,) = matching(branched, {"_deleted": True}, "&style=all_docs")
    assert row["changes"] == [{"rev": "3-d"}]


def test_a_selector_can_name_the_fields_of_what_it_shows(abc: Client) -> None:
    (row,) = matching(abc, {"_id": "b"}, "&include_docs=true", fields=["n"])
    assert row["doc"] == {"n": 98}


def test_filter_for_design_documents(abc: Client) -> None:
    abc.put("_design/x", {})
    abc.put("d", {})
    assert ids(abc, "?filter=_design") == ["_design/x"]


def test_a_filter_of_a_live_feed(db: Client) -> None:
    query = "_changes?feed=continuous&heartbeat=20&filter=_selector"
    with db.ask("POST", query, json={"selector": {"n": 1}}, stream=True) as feed:
        lines = said(feed)
        other = Client(db.server)
        other.put("a", {"n": 0})
        other.put("b", {"n": 1})
        assert json.loads(next(lines))["id"] == "b"


def test_functions_of_design_documents_do_not_filter(abc: Client) -> None:
    """JavaScript is not executed; CouchDB would execute the last two."""
    code = "function (doc) { return true; }"
    abc.put("_design/x", {"filters": {"f": code}, "views": {"v": {"map": code}}})
    for query in ("filter=none/f", "filter=x/none", "filter=_view&view=none/v", "filter=_view&view=x/none"):
        refused = abc.get(f"_changes?{query}")
        assert (refused.status_code, refused.json()["error"]) == (404, "not_found")
    abc.server.only_ours()
    for query in ("filter=x/f", "filter=_view&view=x/v"):
        refused = abc.get(f"_changes?{query}")
        assert (refused.status_code, refused.json()["reason"]) == (501, "JavaScript is not executed here")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?since=x", 400),
        ('?since="', 400),
        ("?limit=x", 400),
        ("?heartbeat=0", 400),
        ("?heartbeat=-1", 400),
        ("?heartbeat=x", 400),
        ("?timeout=x&feed=longpoll", 400),
        ("?feed=x", 400),
        ("?filter=_x", 400),
        ("?filter=x", 400),
        ("?filter=a/b/c", 400),
        ("?filter=_view", 400),
        ("?filter=_view&view=x", 400),
        ("?filter=_selector", 400),
        ("?filter=_doc_ids", 400),
        ("?filter=_doc_ids&doc_ids=x", 400),
        ("?filter=_doc_ids&doc_ids=[1]", 400),
        ("?filter=a/b", 404),
    ],
)
def test_malformed_parameters(abc: Client, query: str, status: int) -> None:
    refused = abc.get(f"_changes{query}")
    assert refused.status_code == status
    assert set(refused.json()) == {"error", "reason"}


@pytest.mark.parametrize(
    "query", ["?since=5", "?limit=-1", "?limit=9999999999999999999999", "?seq_interval=-1"]
)
def test_what_only_we_refuse(abc: Client, query: str) -> None:
    """CouchDB takes some of these in one version and not in another."""
    abc.server.only_ours()
    assert abc.get(f"_changes{query}").status_code == 400


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("?filter=_doc_ids", {"doc_ids": "a"}),
        ("?filter=_doc_ids", {"doc_ids": [1]}),
        ("?filter=_doc_ids", {}),
        ("?filter=_selector", {}),
        ("?filter=_selector", {"selector": []}),
        ("?filter=_selector", {"selector": {"$x": 1}}),
        ("?filter=_selector", {"selector": {}, "fields": "a"}),
        ("", []),
    ],
)
def test_malformed_bodies(abc: Client, query: str, body: object) -> None:
    assert abc.post(f"_changes{query}", body).status_code == 400


def test_a_post_needs_no_body_but_a_content_type(abc: Client) -> None:
    headers = {"Content-Type": "application/json"}
    assert len(abc.ask("POST", "_changes", headers=headers).json()["results"]) == 3
    assert abc.ask("POST", "_changes", data="{}").status_code == 415


def test_a_filter_function_that_is_not_there_is_named(abc: Client) -> None:
    assert abc.put("_design/x", {"filters": {"even": "function () {}"}}).status_code == 201
    assert abc.put("_design/y", {}).status_code == 201

    for name, missing in (("x/odd", "odd"), ("y/odd", "filters")):
        answer = abc.get(f"_changes?filter={name}")
        assert (answer.status_code, answer.json()["reason"]) == (404, f"missing json key: {missing}")


@pytest.mark.parametrize(
    ("heartbeat", "reason"),
    [
        ("-1000", "The heartbeat value should be a positive integer (in milliseconds)."),
        ("0", "The heartbeat value should be a positive integer (in milliseconds)."),
        ("a1000", "Invalid heartbeat value. Expecting a positive integer value (in milliseconds)."),
    ],
)
def test_malformed_heartbeats(db: Client, heartbeat: str, reason: str) -> None:
    said = db.get(f"_changes?feed=continuous&heartbeat={heartbeat}")
    assert (said.status_code, said.json()["reason"]) == (400, reason)


def test_since_a_time(db: Client) -> None:
    """Nothing has changed since a moment that is yet to come; who asks for a past one misses nothing."""
    db.put("a", {})
    newest = db.get("").json()["update_seq"]
    ahead = db.get("_changes?since=3000-02-03T04:05:00Z").json()
    assert (ahead["results"], ahead["last_seq"]) == ([], newest)
    assert len(db.get("_changes?since=2025-07-01T04:05:00Z").json()["results"]) == 1
    wrong = db.get("_changes?since=2025-01-01Txx:yy:00Z")
    assert wrong.status_code == 400
    assert wrong.json() == {"error": "bad_request", "reason": "invalid_time_format"}


def test_a_view_must_be_named(db: Client) -> None:
    answer = db.get("_changes?filter=_view")
    assert (answer.status_code, answer.json()["reason"]) == (400, "`view` filter parameter is not provided.")
