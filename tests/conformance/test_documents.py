"""protocol.md §1.7: one document."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.conformance.conftest import Client
from tests.waiting import until

JSON = {"Accept": "application/json"}  # without it CouchDB answers in multipart where it can

ODD_IDS = [
    "a/b",
    "a:b",
    "a+b",
    "a%2Fb",
    "a b",
    "hồ sơ",
    "🙂",
    "a?b#c",
    "_design/x",
    "_design/x/y",
    "\u0000",
    "'\"",
]


@pytest.mark.parametrize("doc_id", ODD_IDS)
def test_ids_of_any_kind(db: Client, doc_id: str) -> None:
    said = db.put(quote(doc_id, safe=""), {"n": 1})
    assert (said.status_code, said.json()["id"]) == (201, doc_id)
    assert db.get(quote(doc_id, safe="")).json()["_id"] == doc_id
    assert said.headers["Location"].endswith(f"/{db.name}/" + quote(doc_id, safe=""))


def test_design_documents_with_a_bare_slash(db: Client) -> None:
    assert db.put("_design/x", {}).status_code == 201
    assert db.get("_design%2Fx").status_code == 200


def test_a_plus_in_a_path_is_a_space(db: Client) -> None:
    db.put("a%20b", {})
    assert db.get("a+b").json()["_id"] == "a b"


@pytest.mark.parametrize("path", ["_x", "_design", "_local", "%ff", "a/%ff"])
def test_malformed_ids(db: Client, path: str) -> None:
    assert db.put(path, {}).status_code == 400


def test_put_get_delete(db: Client) -> None:
    said = db.put("a", {"n": 1})
    rev = said.json()["rev"]
    assert said.headers["ETag"] == f'"{rev}"'
    assert db.get("a").json() == {"_id": "a", "_rev": rev, "n": 1}
    assert db.get("a").headers["ETag"] == f'"{rev}"'
    assert db.get("a", headers={"If-None-Match": f'"{rev}"'}).status_code == 304
    assert db.delete("a").json() == {"error": "conflict", "reason": "Document update conflict."}
    gone = db.delete(f"a?rev={rev}")
    assert (gone.status_code, gone.json()["rev"][:2]) == (200, "2-")
    assert db.get("a").json() == {"error": "not_found", "reason": "deleted"}
    assert db.delete("a").status_code == 404
    assert db.get("a?rev=" + gone.json()["rev"]).json()["_deleted"] is True
    assert db.get("never").json() == {"error": "not_found", "reason": "missing"}
    assert db.put("a", {"n": 2}).json()["rev"][:2] == "3-"


def test_the_base_revision_may_come_three_ways(db: Client) -> None:
    rev = db.put("a", {}).json()["rev"]
    rev = db.put("a", {"_rev": rev}).json()["rev"]
    rev = db.put(f"a?rev={rev}", {}).json()["rev"]
    rev = db.put("a", {}, headers={"If-Match": rev}).json()["rev"]
    rev = db.put("a", {}, headers={"If-Match": f'"{rev}"'}).json()["rev"]
    assert rev[:2] == "5-"
    assert db.put("a?rev=1-x", {"_rev": rev}).status_code == 400
    assert db.put("a?rev=1-x", {}, headers={"If-Match": rev}).status_code == 400
    assert db.put("a", {"_rev": "4-x"}).status_code == 409
    assert db.put("a", {"_rev": "x"}).json() == {"error": "bad_request", "reason": "Invalid rev format"}


def test_if_match_on_get_is_ignored(db: Client) -> None:
    db.put("a", {})
    assert db.get("a", headers={"If-Match": "1-x"}).status_code == 200


def test_the_id_of_the_url_wins(db: Client) -> None:
    db.put("a", {"_id": "b"})
    assert db.get("a").json()["_id"] == "a"


def test_post_creates(db: Client) -> None:
    named = db.post("", {"_id": "a", "n": 1})
    assert (named.status_code, named.json()["id"]) == (201, "a")
    assert len(db.post("", {"n": 1}).json()["id"]) == 32
    assert db.post("", {"_id": "a"}).status_code == 409
    assert db.post("", []).status_code == 400


@pytest.fixture
def branched(db: Client) -> Client:
    """1-a → 2-b → 3-c, and 1-a → 2-d, and a tombstone 2-e; all but 2-b have bodies."""
    for rev, ids in (("1-a", "a"), ("3-c", "cba"), ("2-d", "da"), ("2-e", "ea")):
        copy = {"_rev": rev, "_revisions": {"start": len(ids), "ids": list(ids)}, "_deleted": rev == "2-e"}
        assert db.put("x?new_edits=false", {**copy, "at": rev}).json()["rev"] == rev
    return db


def test_questions_about_revisions(branched: Client) -> None:
    meta = branched.get("x?meta=true&revs=true").json()
    assert meta["_revisions"] == {"start": 3, "ids": ["c", "b", "a"]}
    assert meta["_conflicts"] == ["2-d"]
    assert meta["_deleted_conflicts"] == ["2-e"]
    status = [(one["rev"], one["status"]) for one in meta["_revs_info"]]
    assert status == [("3-c", "available"), ("2-b", "missing"), ("1-a", "available")]
    assert branched.get("x?conflicts=true").json()["_conflicts"] == ["2-d"]
    assert branched.get("x?local_seq=true").json()["_local_seq"] == 4
    assert branched.get("x?rev=1-a").json()["at"] == "1-a"
    assert branched.get("x?rev=2-b").status_code == 404
    assert branched.get("x?rev=2-d&latest=true").json()["at"] == "3-c"
    assert "ETag" not in branched.get("x?conflicts=true").headers


def test_open_revs(branched: Client) -> None:
    def revs(query: str) -> list[str]:
        answers = branched.get(f"x?open_revs={query}", headers=JSON).json()
        return [one["missing"] if "missing" in one else one["ok"]["_rev"] for one in answers]

    assert revs("all") == ["3-c", "2-d", "2-e"]
    assert revs('["1-a","9-z"]') == ["1-a", "9-z"]
    assert revs('["1-a","2-b"]&latest=true') == ["3-c", "2-d", "2-e"]
    assert revs("all&revs=true") == ["3-c", "2-d", "2-e"]
    assert branched.get("none?open_revs=all").status_code == 404
    assert branched.get('none?open_revs=["1-a"]', headers=JSON).json() == [{"missing": "1-a"}]
    assert branched.get("x?open_revs=[]").json()["at"] == "3-c"
    for malformed in ("x", "{}", "[1]", '["x"]'):
        assert branched.get(f"x?open_revs={malformed}").status_code == 400


def test_attachments_inline(db: Client) -> None:
    db.put("a", {"_attachments": {"x": {"content_type": "a/b", "data": "aGVsbG8="}}})
    stub = db.get("a").json()["_attachments"]["x"]
    assert stub == {
        "content_type": "a/b",
        "revpos": 1,
        "digest": "md5-XUFAKrxLKna5cZ2REBfFkg==",
        "length": 5,
        "stub": True,
    }
    inline = db.get("a?attachments=true", headers=JSON).json()["_attachments"]["x"]
    assert inline["data"] == "aGVsbG8="
    assert "length" not in inline


def test_numbers_leave_as_they_came(db: Client) -> None:
    sent = b'{"big":123456789012345678901234567890,"one":1,"float":1.0}'
    db.ask("PUT", "a", data=sent)
    body = db.get("a").text
    assert '"big":123456789012345678901234567890' in body
    assert '"one":1' in body
    assert '"float":1.0' in body


def test_copies_go_in_as_they_are(db: Client) -> None:
    said = db.put("a?new_edits=false", {"_rev": "7-x", "n": 1})
    assert (said.status_code, said.json()["rev"]) == (201, "7-x")
    assert db.put("a?new_edits=false", {"_rev": "7-x", "n": 1}).status_code == 201
    assert db.put("a?new_edits=false&rev=8-y", {}).json()["rev"] == "8-y"
    assert db.put("a?new_edits=false", {}).status_code == 400
    assert db.get("a?conflicts=true").json()["_conflicts"] == ["7-x"]


def test_tombstones_may_have_members(db: Client) -> None:
    rev = db.put("a", {"n": 1}).json()["rev"]
    gone = db.put("a", {"_rev": rev, "_deleted": True, "why": "twice"})
    assert gone.status_code == 200
    tombstone = db.get(f"a?rev={gone.json()['rev']}").json()
    assert (tombstone["_deleted"], tombstone["why"]) == (True, "twice")
    assert db.get("a").status_code == 404
    assert db.delete(f"a?rev={rev}").status_code == 404


def test_deleting_one_of_two_leaves_shows_the_other(db: Client) -> None:
    for rev in ("1-a", "1-b"):
        db.put("x?new_edits=false", {"_rev": rev, "at": rev})
    assert db.delete("x?rev=1-b").status_code == 200
    assert db.get("x").json()["at"] == "1-a"
    assert db.delete("x", headers={"If-Match": '"1-a"'}).status_code == 200
    assert db.get("x").json()["reason"] == "deleted"


def test_a_batch_names_no_revision(db: Client) -> None:
    said = db.put("a?batch=ok", {"n": 1})
    assert (said.status_code, said.json()) == (202, {"ok": True, "id": "a"})
    until(lambda: db.get("a").status_code == 200)
    said = db.post("?batch=ok", {"_id": "b"})
    assert (said.status_code, said.json()) == (202, {"ok": True, "id": "b"})
    until(lambda: db.get("b").status_code == 200)


def test_a_batch_tells_nobody_of_a_conflict(db: Client) -> None:
    for number in range(3):
        said = db.put("a?batch=ok", {"n": number})
        assert (said.status_code, said.json()) == (202, {"ok": True, "id": "a"})
    until(lambda: db.get("a").status_code == 200)
    assert db.get("").json()["doc_count"] == 1


@pytest.mark.parametrize("wish", ["true", "false"])
def test_full_commit_is_no_question(db: Client, wish: str) -> None:
    assert db.put("a", {}, headers={"X-Couch-Full-Commit": wish}).status_code == 201


def test_copy(db: Client) -> None:
    inline = {"x": {"content_type": "a/b", "data": "eA=="}}
    first = db.put("a", {"n": 1, "_attachments": inline}).json()["rev"]
    db.put("a", {"_rev": first, "n": 2})
    said = db.ask("COPY", "a", headers={"Destination": "h%E1%BB%93%20s%C6%A1"})
    assert (said.status_code, said.json()["id"]) == (201, "hồ sơ")
    rev = said.json()["rev"]
    assert said.headers["ETag"] == f'"{rev}"'
    assert said.headers["Location"].endswith("/h%E1%BB%93%20s%C6%A1")
    assert db.get("hồ sơ").json()["n"] == 2
    assert db.ask("COPY", "a", headers={"Destination": "hồ sơ".encode()}).status_code == 409
    again = db.ask("COPY", f"a?rev={first}", headers={"Destination": f"h%E1%BB%93%20s%C6%A1?rev={rev}"})
    assert again.json()["rev"][:2] == "2-"
    assert db.get("hồ sơ").json()["n"] == 1
    assert db.get("hồ sơ/x").content == b"x"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("a", {}, 400),
        ("a", {"Destination": "http://x/db/b"}, 400),
        ("a", {"Destination": "_x"}, 400),
        ("a", {"Destination": "b?rev=x"}, 400),
        ("a?rev=1-x", {"Destination": "b"}, 404),
        ("none", {"Destination": "b"}, 404),
    ],
)
def test_copies_that_cannot_be(db: Client, path: str, headers: dict[str, str], status: int) -> None:
    db.put("a", {})
    assert db.ask("COPY", path, headers=headers).status_code == status
    assert db.get("b").status_code == 404


def test_a_document_has_a_limit(db: Client) -> None:
    envelope = len('{"text":""}')
    assert db.put("a", {"text": "x" * (8_000_000 - envelope)}).status_code == 201
    refused = db.put("b", {"text": "x" * (8_000_001 - envelope)})
    assert (refused.status_code, refused.json()) == (413, {"error": "document_too_large", "reason": "b"})
    docs = [{"_id": "c"}, {"_id": "b", "text": "x" * 8_000_000}]
    assert db.post("_bulk_docs", {"docs": docs}).json()["error"] == "document_too_large"
    assert db.get("c").status_code == 404


def test_every_get_has_its_head(db: Client) -> None:
    rev = db.put("a", {"_attachments": {"x": {"content_type": "a/b", "data": "eA=="}}}).json()["rev"]
    for path in ("a", f"a?rev={rev}", "a/x", "a?open_revs=all", "a?attachments=true", "", "_all_docs"):
        head = db.ask("HEAD", path)
        assert (head.status_code, head.content) == (200, b"")
    assert db.ask("HEAD", "a").headers["ETag"] == f'"{rev}"'
    assert db.ask("HEAD", "a", headers={"If-None-Match": f'"{rev}"'}).status_code == 304
    assert db.ask("HEAD", "none").status_code == 404


def test_an_etag_names_what_only_this_revision_can_say(branched: Client) -> None:
    for query in ("", "?rev=3-c", "?revs=true"):
        assert branched.get(f"x{query}").headers["ETag"] == '"3-c"'
    for query in ("?conflicts=true", "?revs_info=true", "?meta=true", "?local_seq=true"):
        answer = branched.get(f"x{query}", headers={"If-None-Match": '"3-c"'})
        assert (answer.status_code, answer.headers.get("ETag")) == (200, None)


def test_members_that_are_only_read_are_dropped(db: Client) -> None:
    read_only = {"_revs_info": [], "_local_seq": 1, "_conflicts": ["1-x"], "_deleted_conflicts": []}
    assert db.put("a", {**read_only, "n": 1}).status_code == 201
    assert set(db.get("a").json()) == {"_id", "_rev", "n"}
    assert db.put("b", {"_other": 1}).json()["error"] == "doc_validation"


def test_post_of_a_local_document(db: Client) -> None:
    said = db.post("", {"_id": "_local/note", "n": 1})
    assert (said.status_code, said.json()["id"]) == (201, "_local/note")
    assert db.get("_local/note").json()["n"] == 1
    assert db.get("").json()["doc_count"] == 0


def test_the_body_must_agree_with_if_match(db: Client) -> None:
    said = db.put("a", {"_rev": "1-a"}, headers={"If-Match": '"1-b"'})
    assert said.status_code == 400
    assert said.json()["reason"] == "Document rev and etag have different values"


def test_a_history_is_shown_as_far_as_the_limit_goes(db: Client) -> None:
    rev = None
    for number in range(6):
        rev = db.put("a", {"n": number, **({"_rev": rev} if rev else {})}).json()["rev"]
    assert db.put("_revs_limit", 3).status_code == 200
    assert len(db.get("a?revs=true").json()["_revisions"]["ids"]) == 3
    (got,) = db.get("a?revs=true&open_revs=all", headers={"Accept": "application/json"}).json()
    assert len(got["ok"]["_revisions"]["ids"]) == 3
    (result,) = db.post("_bulk_get?revs=true", {"docs": [{"id": "a"}]}).json()["results"]
    assert len(result["docs"][0]["ok"]["_revisions"]["ids"]) == 3


def test_not_modified_has_no_length(db: Client) -> None:
    etag = db.put("a", {}).headers["ETag"]
    said = db.get("a", headers={"If-None-Match": etag})
    assert (said.status_code, said.headers["Content-Length"], said.content) == (304, "0", b"")


def test_behind_a_proxy_locations_are_the_proxys(db: Client) -> None:
    headers = {"X-Forwarded-Host": "example.org"}
    assert db.put("a/b", {}, headers=headers).headers["Location"] == f"http://example.org/{db.name}/a/b"
    headers["X-Forwarded-Proto"] = "https"
    assert db.put("c%0A", {}, headers=headers).headers["Location"] == f"https://example.org/{db.name}/c%0A"


def test_functions_of_design_documents_that_do_not_run_even_in_couchdb(db: Client) -> None:
    db.put("_design/d", {"updates": {"u": "function () {}"}})
    said = db.ask("POST", "_design/d/_update/")
    assert (said.status_code, said.json()["reason"]) == (404, "Invalid path.")
    assert db.get("_design/d/_update/u").json()["error"] == "method_not_allowed"


def test_leaves_come_branch_by_branch(db: Client) -> None:
    """As CouchDB walks its tree: the smaller revision first, whichever wins. `_bulk_get` does too."""
    for path in (["c", "b", "a"], ["e", "a"], ["d", "a"], ["z", "x", "d", "a"]):
        revisions = {"start": len(path), "ids": path}
        db.put("x?new_edits=false", {"_revisions": revisions, "_rev": f"{len(path)}-{path[0]}"})
    expected = ["3-c", "4-z", "2-e"]
    opened = db.get("x?open_revs=all", headers={"Accept": "application/json"}).json()
    assert [one["ok"]["_rev"] for one in opened] == expected
    for query, entry in (("", {"id": "x"}), ("?latest=true", {"id": "x", "rev": "1-a"})):
        (result,) = db.post(f"_bulk_get{query}", {"docs": [entry]}).json()["results"]
        assert [one["ok"]["_rev"] for one in result["docs"]] == expected
