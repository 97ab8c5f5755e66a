"""protocol.md §1.9: `_find`, `_explain`, `_index`. Cases from CouchDB's src/mango/test."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.conformance.conftest import Client

WARNING = "No matching index found, create an index to optimize query time."
PEOPLE: list[dict[str, Any]] = [
    {"_id": "an", "name": "An", "age": 31, "ward": {"code": "00004", "tags": ["a", "b"]}},
    {"_id": "bình", "name": "Bình", "age": 64, "ward": {"code": "00008"}},
    {"_id": "chi", "name": "Chi", "age": 22, "twitter": None},
    {"_id": "dũng", "name": "Dũng", "age": 45, "ward": {"code": "00004"}},
    {"_id": "em", "name": "Em"},
]


@pytest.fixture
def people(db: Client) -> Client:
    db.post("_bulk_docs", {"docs": PEOPLE})
    db.put("_design/other", {"language": "javascript", "age": 31})
    return db


def find(db: Client, selector: object, **more: object) -> dict[str, Any]:
    answer = db.post("_find", {"selector": selector, **more})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


def ids(db: Client, selector: object, **more: object) -> list[str]:
    return [one["_id"] for one in find(db, selector, **more)["docs"]]


def refused(answer: requests.Response, error: str, status: int = 400) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert set(answer.json()) == {"error", "reason"}


def each(body: dict[str, Any], member: str, *values: object) -> list[dict[str, Any]]:
    return [{**body, member: value} for value in values]


ANYTHING: dict[str, Any] = {"selector": {}}
ON_FOO: dict[str, Any] = {"index": {"fields": ["foo"]}}


# ---- _find


def test_documents_are_found_by_their_members(people: Client) -> None:
    answer = find(people, {"age": {"$gt": 30}, "ward.code": "00004"})
    assert [one["name"] for one in answer["docs"]] == ["An", "Dũng"]
    assert answer["docs"][0]["_rev"].startswith("1-")
    assert answer["warning"] == WARNING


def test_an_empty_selector_finds_all_but_design_documents(people: Client) -> None:
    assert ids(people, {}) == ["an", "bình", "chi", "dũng", "em"]
    assert ids(people, {"_id": {"$gt": None}}) == ["an", "bình", "chi", "dũng", "em"]


def test_deleted_documents_are_not_found(people: Client) -> None:
    people.delete(f"an?rev={people.get('an').json()['_rev']}")
    assert ids(people, {"name": {"$exists": True}}) == ["bình", "chi", "dũng", "em"]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({"_id": "chi"}, ["chi"]),
        ({"_id": {"$gte": "bình", "$lt": "dũng"}}, ["bình", "chi"]),
        ({"_id": {"$in": ["em", "an", "zz"]}}, ["an", "em"]),
        ({"_id": {"$beginsWith": "b"}}, ["bình"]),
        ({"twitter": None}, ["chi"]),
        ({"twitter": {"$exists": False}}, ["an", "bình", "dũng", "em"]),
        ({"$not": {"age": {"$lt": 40}}}, ["bình", "dũng"]),
        ({"$or": [{"age": 22}, {"name": {"$regex": "^D"}}]}, ["chi", "dũng"]),
        ({"ward.tags.1": "b"}, ["an"]),
        ({"ward": {"tags": {"$all": ["b"]}}}, ["an"]),
    ],
)
def test_selectors(people: Client, selector: object, expected: list[str]) -> None:
    assert ids(people, selector) == expected


def test_fields(people: Client) -> None:
    fields = ["name", "ward.code", "ward.tags.0", "none", "name.x"]
    assert find(people, {"_id": {"$lt": "c"}}, fields=fields)["docs"] == [
        {"name": "An", "ward": {"code": "00004", "tags": {"0": "a"}}},
        {"name": "Bình", "ward": {"code": "00008"}},
    ]
    assert find(people, {"_id": "em"}, fields=[])["docs"][0]["name"] == "Em"


def test_limit_and_skip(people: Client) -> None:
    assert ids(people, {}, limit=2) == ["an", "bình"]
    assert ids(people, {}, limit=2, skip=3) == ["dũng", "em"]
    assert ids(people, {}, skip=9) == []
    assert find(people, {}, limit=0)["docs"] == []


def test_25_documents_are_the_default_limit(db: Client) -> None:
    db.post("_bulk_docs", {"docs": [{"_id": f"{n:03}"} for n in range(30)]})
    assert len(ids(db, {})) == 25
    assert len(ids(db, {}, limit=100)) == 30


def test_the_scan_goes_on_over_pages(db: Client) -> None:
    db.post("_bulk_docs", {"docs": [{"_id": f"{n:05}", "n": n % 600} for n in range(1300)]})
    assert ids(db, {"n": 599}) == ["00599", "01199"]
    assert len(ids(db, {"n": {"$gte": 0}}, limit=2000)) == 1300


def test_bookmarks_lead_to_the_end(people: Client) -> None:
    found: list[str] = []
    before = bookmark = "nil"
    for expected in (2, 2, 1, 0):
        answer = find(people, {}, limit=2, bookmark=bookmark)
        assert len(answer["docs"]) == expected
        found += [one["_id"] for one in answer["docs"]]
        before, bookmark = bookmark, answer["bookmark"]
    assert found == ["an", "bình", "chi", "dũng", "em"]
    assert bookmark == before  # of an empty answer: the one that was sent


def test_an_empty_answer_has_the_bookmark_nil(db: Client) -> None:
    assert find(db, {})["bookmark"] == "nil"


def test_conflicts_on_request(db: Client) -> None:
    copies = [{"_id": "a", "_rev": "1-a"}, {"_id": "a", "_rev": "1-b"}]
    db.post("_bulk_docs", {"docs": copies, "new_edits": False})
    assert "_conflicts" not in find(db, {})["docs"][0]
    assert find(db, {"_conflicts": {"$exists": True}}, conflicts=True)["docs"][0]["_conflicts"] == ["1-a"]


def test_execution_stats(people: Client) -> None:
    stats = find(people, {"age": 31}, execution_stats=True)["execution_stats"]
    assert stats["results_returned"] == 1
    assert stats["total_docs_examined"] >= 5
    assert stats["execution_time_ms"] >= 0
    assert "execution_stats" not in find(people, {})


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "missing_required_key"),
        ({"selector": {}, "foo": 1}, "invalid_key"),
        ({"selector": []}, "invalid_selector_json"),
        ({"selector": None}, "invalid_selector_json"),
        ({"selector": {"$gt": 2}}, "invalid_selector"),
        ({"selector": {"a": {"$not_an_op": 2}}}, "invalid_operator"),
        ({"selector": {"a": {"$in": 2}}}, "bad_arg"),
        ({"selector": {}, "sort": [{"a": "asc"}, {"b": "desc"}]}, "unsupported_mixed_sort"),
        *((one, "invalid_non_neg_integer") for one in each(ANYTHING, "limit", None, True, -1, 1.2, "1")),
        *((one, "invalid_non_neg_integer") for one in each(ANYTHING, "skip", None, False, -3, [2], {})),
        *((one, "invalid_sort_json") for one in each(ANYTHING, "sort", None, True, 1.2, "x", {"a": "asc"})),
        *(
            (one, "invalid_sort_field")
            for one in each(ANYTHING, "sort", [2], [""], [{"a": "asc", "b": "asc"}])
        ),
        *((one, "invalid_fields") for one in each(ANYTHING, "fields", None, True, "x", {"a": 1})),
        *((one, "invalid_field") for one in each(ANYTHING, "fields", [2], [[]], ["a", 2.0])),
        *((one, "invalid_pos_integer") for one in each(ANYTHING, "r", None, True, 0, 1.2, [2])),
        *((one, "invalid_boolean") for one in each(ANYTHING, "conflicts", None, 1.2, "true", [2])),
        *((one, "invalid_bookmark") for one in each(ANYTHING, "bookmark", 1, [], "bad-bookmark", "g2w", "é")),
        *((one, "invalid_index_name") for one in each(ANYTHING, "use_index", 1, [1], ["a", "b", "c"], {})),
    ],
)
def test_malformed_queries(db: Client, body: object, error: str) -> None:
    refused(db.post("_find", body), error)


def test_find_wants_json_and_post(db: Client) -> None:
    refused(db.get("_find"), "method_not_allowed", 405)
    refused(db.ask("POST", "_find", data="{}"), "bad_content_type", 415)
    refused(db.post("_find", [1]), "bad_request")


# ---- sort


def test_ids_sort_without_an_index(people: Client) -> None:
    assert ids(people, {}, sort=["_id"]) == ["an", "bình", "chi", "dũng", "em"]
    first = find(people, {"_id": {"$lt": "em"}}, sort=[{"_id": "desc"}], limit=3)
    assert [one["_id"] for one in first["docs"]] == ["dũng", "chi", "bình"]
    rest = find(people, {"_id": {"$lt": "em"}}, sort=[{"_id": "desc"}], bookmark=first["bookmark"])
    assert [one["_id"] for one in rest["docs"]] == ["an"]


def test_other_fields_sort_by_an_index(people: Client) -> None:
    selector = {"age": {"$gt": 0}}
    refused(people.post("_find", {"selector": selector, "sort": ["age"]}), "no_usable_index")
    people.post("_index", {"index": {"fields": ["age"]}})
    assert ids(people, selector, sort=["age"]) == ["chi", "an", "dũng", "bình"]
    assert ids(people, selector, sort=[{"age": "desc"}]) == ["bình", "dũng", "an", "chi"]
    refused(people.post("_find", {"selector": selector, "sort": ["name"]}), "no_usable_index")


def test_a_document_without_the_sorted_field_is_in_no_index(people: Client) -> None:
    people.post("_index", {"index": {"fields": ["age"]}})
    assert "em" not in ids(people, {"_id": {"$gt": None}}, sort=["age"])


def test_sorted_pages(db: Client) -> None:
    db.post("_bulk_docs", {"docs": [{"_id": f"{n:03}", "a": n % 3, "b": -n} for n in range(20)]})
    db.post("_index", {"index": {"fields": ["a", "b"]}})
    for direction, backwards in (("asc", False), ("desc", True)):
        query = {"sort": [{"a": direction}, {"b": direction}], "limit": 7}
        found: list[dict[str, Any]] = []
        bookmark = None
        while True:
            answer = find(db, {"a": {"$gte": 0}, "b": {"$lte": 0}}, bookmark=bookmark, **query)
            if not answer["docs"]:
                break
            found += answer["docs"]
            bookmark = answer["bookmark"]
        assert len(found) == 20
        assert found == sorted(found, key=lambda one: (one["a"], one["b"]), reverse=backwards)


def test_without_a_sort_the_order_is_that_of_the_index(people: Client) -> None:
    assert ids(people, {"age": {"$gt": 0}}) == ["an", "bình", "chi", "dũng"]
    people.post("_index", {"index": {"fields": ["age"]}})
    assert ids(people, {"age": {"$gt": 0}}) == ["chi", "an", "dũng", "bình"]
    first = find(people, {"age": {"$gt": 0}}, limit=3)
    rest = find(people, {"age": {"$gt": 0}}, limit=3, bookmark=first["bookmark"])
    assert [one["_id"] for one in rest["docs"]] == ["bình"]


def test_a_fixed_leading_column_may_be_left_out_of_the_sort(people: Client) -> None:
    people.post("_index", {"index": {"fields": ["ward.code", "age"]}})
    selector = {"ward.code": "00004", "age": {"$gt": 0}}
    assert ids(people, selector, sort=[{"age": "desc"}]) == ["dũng", "an"]


# ---- _index


def test_without_indexes_there_is_the_special_one(db: Client) -> None:
    listed = db.get("_index").json()
    assert listed["total_rows"] == 1
    (special,) = listed["indexes"]
    assert (special["ddoc"], special["name"], special["type"]) == (None, "_all_docs", "special")
    assert special["def"] == {"fields": [{"_id": "asc"}]}


def test_an_index_is_created_once(db: Client) -> None:
    wanted = {"index": {"fields": ["foo", {"bar": "asc"}]}, "name": "one", "ddoc": "mine", "type": "json"}
    first, second = db.post("_index", wanted), db.post("_index", wanted)
    assert (first.status_code, first.json()) == (
        200,
        {"result": "created", "id": "_design/mine", "name": "one"},
    )
    assert second.json()["result"] == "exists"
    listed = db.get("_index").json()["indexes"][1]
    assert listed["ddoc"] == "_design/mine"
    assert (listed["name"], listed["type"], listed["partitioned"]) == ("one", "json", False)
    assert listed["def"] == {"fields": [{"foo": "asc"}, {"bar": "asc"}]}


def test_an_index_is_a_design_document(db: Client) -> None:
    """So that it replicates."""
    made = db.post("_index", {"index": {"fields": ["foo"]}, "name": "one"}).json()
    design = db.get(made["id"]).json()
    assert design["language"] == "query"
    view = design["views"]["one"]
    assert view["map"]["fields"] == {"foo": "asc"}
    assert view["reduce"] == "_count"
    assert view["options"]["def"]["fields"] == ["foo"]


def test_indexes_without_a_name_have_one_made_of_what_they_are(db: Client) -> None:
    first = db.post("_index", {"index": {"fields": ["foo"]}}).json()
    again = db.post("_index", {"index": {"fields": ["foo"]}}).json()
    other = db.post("_index", {"index": {"fields": ["bar"]}}).json()
    assert (first["result"], again["result"], other["result"]) == ("created", "exists", "created")
    assert first["id"] == again["id"] != other["id"]


def test_an_index_silences_the_warning(people: Client) -> None:
    assert "warning" in find(people, {"age": 31})
    people.post("_index", {"index": {"fields": ["age"]}, "ddoc": "ages", "name": "age"})
    assert "warning" not in find(people, {"age": 31})
    assert "warning" not in find(people, {"age": 31}, use_index=["ages", "age"])
    assert "warning" in find(people, {"name": "An"})
    assert "_design/none was not used" in find(people, {"age": 31}, use_index="none")["warning"]


def test_a_partial_index_is_used_by_name_only(people: Client) -> None:
    partial = {"fields": ["age"], "partial_filter_selector": {"ward.code": "00004"}}
    people.post("_index", {"index": partial, "ddoc": "part"})
    selector = {"age": {"$gt": 0}}
    assert len(ids(people, selector)) == 4
    assert sorted(ids(people, selector, use_index="part")) == ["an", "dũng"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"index": []},
        {"index": {}},
        *each({}, "index", *each({}, "fields", None, True, "bing", 2.0, {"foo": "bar"})),
        *each({}, "index", *each({}, "fields", [{"foo": 2}], [{"foo": "asc", "bar": "desc"}], [""])),
        {"index": {"fields": [{"foo": "asc"}, {"bar": "desc"}]}},
        {"index": {"fields": ["foo"], "x": 1}},
        {"index": {"fields": ["foo"], "partial_filter_selector": {"a": {"$x": 1}}}},
        *each(ON_FOO, "type", None, True, 1.5, "foo", {}, []),
        *each(ON_FOO, "name", True, 1.5, {}, [None]),
        *each(ON_FOO, "ddoc", True, 1.5, {}, [None]),
        {"index": {"fields": ["foo"]}, "x": 1},
    ],
)
def test_malformed_indexes(db: Client, body: object) -> None:
    answer = db.post("_index", body)
    assert answer.status_code == 400, answer.text
    assert set(answer.json()) == {"error", "reason"}
    assert db.get("_index").json()["total_rows"] == 1


def test_a_design_document_of_another_language_stays_as_it_is(db: Client) -> None:
    db.put("_design/js", {"language": "javascript"})
    refused(db.post("_index", {"index": {"fields": ["a"]}, "ddoc": "js"}), "invalid_ddoc_lang")


@pytest.mark.parametrize("spelling", ["mine", "_design/mine", "_design%2Fmine"])
def test_an_index_is_deleted(db: Client, spelling: str) -> None:
    for name in ("one", "two"):
        db.post("_index", {"index": {"fields": [name]}, "name": name, "ddoc": "mine"})
    assert db.delete(f"_index/{spelling}/json/one").json() == {"ok": True}
    assert [one["name"] for one in db.get("_index").json()["indexes"]] == ["_all_docs", "two"]
    assert db.delete(f"_index/{spelling}/json/two").json() == {"ok": True}
    refused(db.get("_design/mine"), "not_found", 404)
    made = db.post("_index", {"index": {"fields": ["one"]}, "name": "one", "ddoc": "mine"}).json()
    assert made["result"] == "created"


def test_an_index_that_is_not_there_is_not_deleted(db: Client) -> None:
    db.post("_index", {"index": {"fields": ["a"]}, "name": "one", "ddoc": "mine"})
    for path in ("none/json/one", "mine/json/none", "mine/text/one"):
        refused(db.delete(f"_index/{path}"), "not_found", 404)
    refused(db.get("_index/mine"), "method_not_allowed", 405)


def test_bulk_delete(db: Client) -> None:
    ddocs = [db.post("_index", {"index": {"fields": [name]}}).json()["id"] for name in "abc"]
    answer = db.post("_index/_bulk_delete", {"docids": [*ddocs, "_design/none"]}).json()
    assert sorted(one["id"] for one in answer["success"]) == sorted(ddocs)
    assert all(one["ok"] for one in answer["success"])
    assert [one["id"] for one in answer["fail"]] == ["_design/none"]
    assert db.get("_index").json()["total_rows"] == 1
    refused(db.post("_index/_bulk_delete", {"docids": 1}), "invalid_bulk_docs")


def test_indexes_in_pages(db: Client) -> None:
    for name in "abcde":
        db.post("_index", {"index": {"fields": [name]}})
    assert len(db.get("_index?limit=2").json()["indexes"]) == 2
    assert len(db.get("_index?limit=5&skip=4").json()["indexes"]) == 2
    assert len(db.get("_index?skip=100").json()["indexes"]) == 0


# ---- _explain


def test_explain_names_what_will_be_read(people: Client) -> None:
    explained = people.post("_explain", {"selector": {"_id": "an"}, "fields": ["name"], "limit": 3}).json()
    assert explained["dbname"] == people.name
    assert explained["index"]["name"] == "_all_docs"
    assert (explained["limit"], explained["skip"], explained["fields"]) == (3, 0, ["name"])
    assert explained["mrargs"]["start_key"] == explained["mrargs"]["end_key"] == "an"
    refused(people.post("_explain", {"selector": 1}), "invalid_selector_json")
    refused(people.get("_explain"), "method_not_allowed", 405)
