"""The store: edits and copies, winners and conflicts, sequences that only grow."""

from __future__ import annotations

import base64
import threading
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.documents import Json
from sync.errors import BadRequest, Broken, Conflict, Forbidden, MissingStub, NotFound
from sync.revisions import Rev
from sync.sqlite import Connection, SqliteFile
from sync.store import Store, Wanted
from sync.writing import Arrival
from tests.sync.servers import Ids
from tests.sync.test_revisions import Path as History
from tests.sync.test_revisions import grown, paths_of_one_history


def copy(doc_id: str, *revs: str, deleted: bool = False, **members: object) -> Json:
    """A replicated revision, newest name first."""
    start = int(revs[0].partition("-")[0])
    ids = [rev.partition("-")[2] for rev in revs]
    document: Json = {"_id": doc_id, "_rev": revs[0], "_revisions": {"start": start, "ids": ids}, **members}
    return {**document, "_deleted": True} if deleted else document


def paste(store: Store, *documents: Json, source: str | None = None) -> None:
    outcomes = store.bulk_docs(documents, new_edits=False, source=source)
    assert [one.refusal for one in outcomes] == [None] * len(documents)


def changes(store: Store, since: int = 0) -> list[tuple[int, str]]:
    return [(one.seq, one.id) for one in store.changes(since)]


# ---- edits


def test_an_edit_needs_the_revision_that_it_changes(store: Store) -> None:
    first = store.put({"_id": "a", "n": 1})
    second = store.put({"_id": "a", "_rev": str(first), "n": 2})
    assert second.generation == 2
    for document in ({"_id": "a"}, {"_id": "a", "_rev": str(first)}, {"_id": "b", "_rev": "1-x"}):
        with pytest.raises(Conflict):
            store.put(document)
    assert store.get("a") == {"_id": "a", "_rev": str(second), "n": 2}
    assert store.get("a", str(first))["n"] == 1


def test_a_deleted_document_goes_on_where_it_was(store: Store) -> None:
    first = store.put({"_id": "a"})
    gone = store.put({"_id": "a", "_rev": str(first), "_deleted": True})
    with pytest.raises(NotFound, match="deleted"):
        store.get("a")
    with pytest.raises(Conflict):
        store.put({"_id": "a", "_rev": str(gone)})
    assert store.put({"_id": "a", "back": True}).generation == 3
    assert store.info().doc_count == 1


def test_of_two_edits_in_one_request_the_first_wins(store: Store) -> None:
    first, second = store.bulk_docs([{"_id": "a", "n": 1}, {"_id": "a", "n": 2}])
    assert first.refusal is None
    assert isinstance(second.refusal, Conflict)
    assert store.get("a")["n"] == 1


def test_one_malformed_document_fails_the_request(store: Store) -> None:
    with pytest.raises(BadRequest):
        store.bulk_docs([{"_id": "a"}, {"_id": "_b"}])
    with pytest.raises(BadRequest, match="needs `_rev`"):
        store.bulk_docs([{"_id": "a"}], new_edits=False)
    assert store.info().seq == 0


# ---- copies


def test_copies_make_conflicts_and_the_winner_is_the_same_everywhere(store: Store) -> None:
    paste(store, copy("a", "1-a"), copy("a", "2-b", "1-a", by="b"), copy("a", "2-c", "1-a", by="c"))
    assert store.get("a")["by"] == "c"
    assert [str(leaf.rev) for leaf in store.summary("a").leaves] == ["2-c", "2-b"]


def test_deleting_the_winner_brings_the_next_one_up(store: Store) -> None:
    paste(store, copy("a", "2-b", "1-a", by="b"), copy("a", "2-c", "1-a", by="c"))
    store.put({"_id": "a", "_rev": "2-c", "_deleted": True})
    assert store.get("a")["by"] == "b"
    assert store.info().doc_count == 1


def test_a_known_revision_changes_nothing(store: Store) -> None:
    paste(store, copy("a", "2-b", "1-a"))
    paste(store, copy("a", "2-b", "1-a"), copy("a", "1-a"))
    assert changes(store) == [(1, "a")]


def test_a_longer_history_joins_without_a_new_sequence(store: Store) -> None:
    paste(store, copy("a", "3-c"))
    paste(store, copy("a", "3-c", "2-b", "1-a"))
    assert changes(store) == [(1, "a")]
    paste(store, copy("a", "2-b", "1-a"))
    assert [str(leaf.rev) for leaf in store.summary("a").leaves] == ["3-c"]


def test_the_same_copy_twice_in_one_batch(store: Store) -> None:
    paste(store, copy("a", "2-b", n=1), copy("a", "2-b", "1-a", n=1))
    assert store.get("a")["n"] == 1
    assert changes(store) == [(1, "a")]
    assert store.tree(store.summary("a")).history(Rev(2, "b")) == [Rev(2, "b"), Rev(1, "a")]


@settings(max_examples=30, deadline=None)
@given(paths_of_one_history(), st.randoms())
def test_the_store_keeps_the_tree_that_the_pure_core_grows(paths: list[History], random: Random) -> None:
    """Batches of any size, in any order: leaves, tombstones and histories as in sync.revisions."""
    with TemporaryDirectory() as folder:
        file = SqliteFile(Path(folder) / "node.db")
        store = Store(file, "d", new_id=Ids(1))
        rest = shuffled = random.sample(paths, len(paths))
        while rest:
            size = random.randint(1, len(rest))
            batch, rest = rest[:size], rest[size:]
            paste(store, *(copy("a", *map(str, one.revs), deleted=one.deleted) for one in batch))
        summary, tree = store.summary("a"), grown(shuffled)
        assert [leaf.rev for leaf in summary.leaves] == tree.leaves()
        assert [leaf.deleted for leaf in summary.leaves] == [tree.nodes[r].deleted for r in tree.leaves()]
        assert dict(store.tree(summary).nodes) == dict(tree.nodes)
        live = not all(leaf.deleted for leaf in summary.leaves)
        assert (store.info().doc_count, store.info().doc_del_count) == (int(live), int(not live))
        file.close()


# ---- sequences


def test_a_document_appears_once_at_its_last_change(store: Store) -> None:
    rev = store.put({"_id": "a"})
    store.put({"_id": "b"})
    store.put({"_id": "a", "_rev": str(rev)})
    assert changes(store) == [(2, "b"), (3, "a")]
    assert changes(store, since=2) == [(3, "a")]
    assert store.pending(2) == 1


def test_a_sequence_of_another_life_counts_from_the_start(store: Store) -> None:
    store.put({"_id": "a"})
    assert store.inner_seq(store.outer_seq(1)) == 1
    assert store.inner_seq(f"1-{'0' * 16}") == 0
    assert store.inner_seq(store.outer_seq(99)) == 0
    assert store.inner_seq("0") == 0
    for malformed in (5, "5", "a-b", None, "-1-" + store.epoch, [1]):
        with pytest.raises(BadRequest):
            store.inner_seq(malformed)


def test_sequences_go_on_after_a_restart(tmp_path: Path) -> None:
    for n in range(1, 4):
        file = SqliteFile(tmp_path / "node.db")
        store = Store(file, "d", new_id=Ids(n))
        store.put({"_id": str(n)})
        assert store.seq() == n
        assert store.epoch == Ids(1)()[:16]
        file.close()


def test_waiting_ends_with_a_write_with_time_and_with_the_store(store: Store) -> None:
    assert not store.wait(0, 0.01)
    woken: list[bool] = []
    waiter = threading.Thread(target=lambda: woken.append(store.wait(0, 60)))
    waiter.start()
    store.put({"_id": "a"})
    waiter.join()
    waiter = threading.Thread(target=lambda: woken.append(store.wait(1, 60)))
    waiter.start()
    store.close()
    waiter.join()
    assert woken == [True, False]


# ---- stores side by side


def taken_back(file: SqliteFile, *stores: Store) -> None:
    with file.write():
        for store in stores:
            store.put({"_id": "a"})
        raise LookupError


def test_several_stores_share_a_file_and_a_transaction(file: SqliteFile) -> None:
    catalog, visits = (Store(file, name, new_id=Ids(1)) for name in ("catalog", "visits"))
    with pytest.raises(LookupError):
        taken_back(file, catalog, visits)
    assert (catalog.info().seq, visits.info().seq) == (0, 0)
    with file.write():
        catalog.put({"_id": "a"})
        visits.put({"_id": "b"})
    assert (changes(catalog), changes(visits)) == ([(1, "a")], [(1, "b")])


def test_a_taken_back_write_wakes_nobody(file: SqliteFile, store: Store) -> None:
    with pytest.raises(LookupError):
        taken_back(file, store)
    assert not store.wait(0, 0)


def test_tables_of_a_newer_program_are_left_alone(file: SqliteFile, store: Store) -> None:
    with file.write() as connection:
        connection.execute("UPDATE dossiers_meta SET version = 99")
    with pytest.raises(Broken, match="version 99"):
        Store(file, "dossiers", new_id=Ids(1))


@pytest.mark.parametrize("name", ["", "A", "1a", "a-b", "a b", "a;--"])
def test_a_name_that_cannot_be_a_table(file: SqliteFile, name: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        Store(file, name, new_id=Ids(1))


# ---- rules and arrivals


def refuse_bad(documents: Sequence[Json], source: str | None) -> list[str | None]:
    return ["bad" if one.get("bad") else None for one in documents]


def test_rules_refuse_one_document_and_keep_the_others(file: SqliteFile) -> None:
    store = Store(file, "d", new_id=Ids(1), rules=refuse_bad)
    outcomes = store.bulk_docs([copy("a", "1-a", bad=True), copy("b", "1-b")], new_edits=False)
    assert isinstance(outcomes[0].refusal, Forbidden)
    assert outcomes[0].refusal.reason == "bad"
    assert outcomes[1].refusal is None
    assert changes(store) == [(1, "b")]
    with pytest.raises(Forbidden, match="bad"):
        store.put({"_id": "c", "bad": True})


def test_rules_see_what_was_sent_and_only_what_is_new(file: SqliteFile) -> None:
    asked: list[tuple[str | None, list[Json]]] = []

    def note(documents: Sequence[Json], source: str | None) -> list[str | None]:
        asked.append((source, list(documents)))
        return [None] * len(documents)

    store = Store(file, "d", new_id=Ids(1), rules=note)
    known, new = copy("a", "1-a"), copy("b", "2-b", "1-a", _attachments={"x": {"data": ""}})
    paste(store, known, source="peer")
    paste(store, known, new, source="peer")
    assert asked == [("peer", [known]), ("peer", [new])]
    store.put_local("note", {"n": 1})
    assert len(asked) == 2


def test_arrivals_are_told_once_inside_the_transaction(file: SqliteFile) -> None:
    told: list[Arrival] = []

    def project(connection: Connection, arrivals: Sequence[Arrival]) -> None:
        told.extend(arrivals)
        if any(one.doc.get("impossible") for one in arrivals):
            raise LookupError

    store = Store(file, "d", new_id=Ids(1), arrived=project)
    paste(store, copy("a", "1-a", n=1), source="peer")
    paste(store, copy("a", "1-a", n=1), source="other")
    assert told == [Arrival("a", "1-a", 1, {"_id": "a", "_rev": "1-a", "n": 1}, "peer")]
    with pytest.raises(LookupError):
        store.put({"_id": "b", "impossible": True})
    assert changes(store) == [(1, "a")]


# ---- reading


def test_revs_diff_names_what_is_missing(store: Store) -> None:
    paste(store, copy("a", "2-b", "1-a"), copy("b", "1-x"))
    assert store.revs_diff({"a": ["1-a", "2-b"], "b": ["1-x"], "c": []}) == {}
    diff = store.revs_diff({"a": ["3-c", "2-b"], "b": ["1-y"], "new": ["1-n"]})
    assert diff == {
        "a": {"missing": ["3-c"], "possible_ancestors": ["2-b"]},
        "b": {"missing": ["1-y"]},
        "new": {"missing": ["1-n"]},
    }
    with pytest.raises(BadRequest):
        store.revs_diff({"a": ["x"]})


def test_bulk_get_follows_a_revision_that_has_grown(store: Store) -> None:
    paste(store, copy("a", "1-a"), copy("a", "2-b", "1-a"), copy("a", "2-c", "1-a"))

    def revs(*wanted: Wanted, latest: bool = False) -> list[list[str]]:
        return [[one.rev for one in got] for got in store.bulk_get(wanted, latest=latest)]

    assert revs(Wanted("a", "1-a"), Wanted("a"), Wanted("none")) == [["1-a"], ["2-b", "2-c"], ["undefined"]]
    assert revs(Wanted("a", "1-a"), Wanted("a", "2-b"), Wanted("a", "9-z"), latest=True) == [
        ["2-b", "2-c"],
        ["2-b"],
        ["9-z"],
    ]


def test_all_docs_are_in_the_order_of_their_bytes(store: Store) -> None:
    ids = ["a", "B", "á", "a:1", "a\u0000", "🙂", "z", "_design/x"]
    for doc_id in ids:
        store.put({"_id": doc_id})
    ordered = sorted(ids, key=str.encode)
    assert [one.id for one in store.all_docs()] == ordered
    assert [one.id for one in store.all_docs(descending=True)] == ordered[::-1]
    assert [one.id for one in store.all_docs(startkey="a", endkey="a:1")] == ["a", "a\u0000", "a:1"]
    assert [one.id for one in store.all_docs(startkey="a\u0000", endkey="z", inclusive_end=False)] == [
        "a\u0000",
        "a:1",
    ]
    assert [one.id for one in store.all_docs(limit=2, skip=1)] == ordered[1:3]
    assert store.count_before("a", descending=False) == 2


# ---- attachments


def with_attachment(data: str = "aGVsbG8=", **more: object) -> Json:
    return {"_attachments": {"x": {"content_type": "image/png", "data": data, **more}}}


def test_the_same_bytes_are_kept_once(file: SqliteFile, store: Store) -> None:
    for doc_id in ("a", "b"):
        store.put({"_id": doc_id, **with_attachment()})
    with file.read() as connection:
        assert connection.execute("SELECT count(*) FROM dossiers_content").fetchone() == (1,)
    (one,) = store.revision("b").attachments
    assert b"".join(store.attachment(one)) == b"hello"
    assert one.digest == "md5-XUFAKrxLKna5cZ2REBfFkg=="
    assert one.length == 5


def test_large_attachments_are_read_in_pieces(store: Store) -> None:
    content = bytes(range(256)) * 4000
    store.put({"_id": "a", **with_attachment(base64.b64encode(content).decode())})
    (one,) = store.revision("a").attachments
    pieces = list(store.attachment(one))
    assert len(pieces) > 1
    assert b"".join(pieces) == content
    assert b"".join(store.stored_bytes(one, start=262_000, stop=600_001)) == content[262_000:600_001]


def test_a_stub_keeps_the_attachment_of_the_revision_before(store: Store) -> None:
    first = store.put({"_id": "a", **with_attachment()})
    stub = {"_attachments": {"x": {"stub": True}}}
    second = store.put({"_id": "a", "_rev": str(first), **stub})
    assert store.get("a")["_attachments"]["x"]["revpos"] == 1
    third = store.put({"_id": "a", "_rev": str(second)})
    assert "_attachments" not in store.get("a")
    with pytest.raises(MissingStub):
        store.put({"_id": "a", "_rev": str(third), **stub})


def test_a_copied_stub_is_found_at_the_nearest_ancestor(store: Store) -> None:
    paste(store, copy("a", "1-a", **with_attachment(revpos=1)))
    paste(store, copy("a", "3-c", "2-b", "1-a", _attachments={"x": {"stub": True, "revpos": 1}}))
    assert store.get("a")["_attachments"]["x"]["length"] == 5
    with pytest.raises(MissingStub):
        paste(store, copy("a", "4-d", "3-c", _attachments={"x": {"stub": True, "revpos": 2}}))


# ---- _local


def test_local_documents_count_and_never_conflict(store: Store) -> None:
    assert store.put_local("c", {"n": 1}) == "0-1"
    assert store.put_local("c", {"n": 2, "_rev": "0-1", "_revisions": {}, "_attachments": {}}) == "0-2"
    assert store.put_local("c", {"n": 3}) == "0-1"
    assert store.get_local("c") == {"_id": "_local/c", "_rev": "0-1", "n": 3}
    with pytest.raises(BadRequest):
        store.put_local("c", {"_rev": "1-a"})
    assert store.info().seq == 0
    store.delete_local("c")
    with pytest.raises(NotFound):
        store.get_local("c")


def test_copies_make_way_for_who_writes_something_of_his_own(file: SqliteFile) -> None:
    """A long batch is cut where somebody waits; all of it is there in the end, and his act is in between."""
    threads: list[threading.Thread] = []

    def arrived(connection: Connection, arrivals: Sequence[Arrival]) -> None:
        if not threads:  # in the middle of the first batch somebody presses save
            thread = threading.Thread(target=lambda: store.put({"_id": "own"}))
            threads.append(thread)
            thread.start()
            while not file.is_wanted:
                pass

    store = Store(file, "shared", new_id=Ids(1), arrived=arrived, tick=lambda: 0.0)
    brought = [copy(f"copy-{number:03}", "1-a") for number in range(200)]
    outcomes = store.bulk_docs(brought, new_edits=False, source="peer")
    threads[0].join()

    assert [one.id for one in outcomes] == [one["_id"] for one in brought]
    order = [summary.id for summary in store.changes()]
    assert len(order) == 201
    assert 0 < order.index("own") < 200


def test_what_may_not_leave_is_missing_to_others(file: SqliteFile) -> None:
    """Named in feeds and lists, given to nobody, and here for who owns it."""
    store = Store(file, "kept", new_id=Ids(1), may_leave=lambda stored: stored.id != "kept")
    paste(store, copy("kept", "1-a", text="x"), copy("free", "1-a"))

    assert [summary.id for summary in store.changes()] == ["kept", "free"]
    ((kept,), (free,)) = store.bulk_get([Wanted("kept", "1-a"), Wanted("free", "1-a")], revs=True)
    assert (kept.document, kept.error, kept.reason) == (None, "not_found", "missing")
    assert free.document is not None
    assert list(store.winners(["kept", "free"])) == ["free"]
    with pytest.raises(NotFound):
        store.revision("kept")
    assert store.get("kept")["text"] == "x"
    assert set(store.winners(["kept", "free"], for_others=False)) == {"kept", "free"}
