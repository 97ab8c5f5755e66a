"""What is cut, compacted or purged is gone from the file; what is needed stays."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from sync import tables
from sync.documents import Json
from sync.errors import BadRequest, NotFound
from sync.sqlite import SqliteFile
from sync.store import Store
from tests.proving import Times
from tests.sync.servers import Ids


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    file = SqliteFile(tmp_path / "node.db")
    store = Store(file, "dossiers", new_id=Ids(1))
    yield store
    store.close()
    file.close()


def edited(store: Store, doc_id: str, times: int) -> list[str]:
    """The revisions of a document that was written and edited, oldest first."""
    revs = [str(store.put({"_id": doc_id, "n": 0}))]
    for n in range(1, times):
        revs.append(str(store.put({"_id": doc_id, "_rev": revs[-1], "n": n})))
    return revs


def inline(data: bytes) -> dict[str, str]:
    return {"content_type": "text/plain", "data": base64.b64encode(data).decode()}


def bytes_on_disk(store: Store) -> bytes:
    path = store.file.path
    log = path.with_name(path.name + "-wal")
    return path.read_bytes() + (log.read_bytes() if log.exists() else b"")


def count(store: Store, table: str) -> int:
    with store.file.read() as connection:
        return int(connection.execute(f"SELECT count(*) FROM dossiers_{table}").fetchone()[0])


# ---- stemming


def test_a_history_is_cut_where_it_is_longer_than_the_limit(store: Store) -> None:
    store.set_revs_limit(3)
    revs = edited(store, "a", 5)
    history = store.tree(store.summary("a")).history(store.summary("a").winner)
    assert [str(rev) for rev in history] == revs[:1:-1]
    assert count(store, "rev") == 3
    assert store.revs_diff({"a": [revs[0], revs[4]]})["a"]["missing"] == [revs[0]]


def test_a_lower_limit_cuts_a_document_when_it_changes(store: Store) -> None:
    revs = edited(store, "a", 6)
    store.set_revs_limit(2)
    assert count(store, "rev") == 6
    store.put({"_id": "a", "_rev": revs[-1]})
    assert count(store, "rev") == 2


def test_a_longer_history_of_a_peer_is_not_news(store: Store) -> None:
    """A peer that cuts later sends more of the past with what is here already."""
    store.set_revs_limit(2)
    edited(store, "a", 3)
    seq, winner = store.seq(), store.summary("a").winner
    known = store.tree(store.summary("a")).history(winner)
    ids = [*(rev.hash for rev in known), "older"]
    store.put(
        {"_id": "a", "_rev": str(winner), "_revisions": {"start": winner.generation, "ids": ids}},
        new_edits=False,
    )
    assert store.seq() == seq
    assert count(store, "rev") == 2


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_must_leave_the_leaves(store: Store, limit: int) -> None:
    with pytest.raises(BadRequest):
        store.set_revs_limit(limit)
    assert store.revs_limit() == tables.REVS_LIMIT


# ---- compaction


def test_compaction_forgets_the_bodies_of_what_was_edited(store: Store) -> None:
    revs = edited(store, "a", 3)
    store.compact()
    assert store.get("a")["n"] == 2
    with pytest.raises(NotFound, match="missing"):
        store.get("a", revs[1])
    assert store.revs_diff({"a": revs}) == {}  # their names stay


def test_compaction_keeps_every_leaf(store: Store) -> None:
    base = edited(store, "a", 2)[-1]
    for hash_ in ("aa", "bb"):
        store.put(
            {"_id": "a", "_rev": f"3-{hash_}", "_revisions": {"start": 3, "ids": [hash_, base[2:]]}},
            new_edits=False,
        )
    store.compact()
    assert [store.get("a", f"3-{hash_}")["_rev"] for hash_ in ("aa", "bb")] == ["3-aa", "3-bb"]


def test_an_attachment_lives_as_long_as_a_revision_holds_it(store: Store) -> None:
    first = store.put({"_id": "a", "_attachments": {"scan": inline(b"shared")}})
    store.put({"_id": "b", "_attachments": {"copy": inline(b"shared"), "own": inline(b"own")}})
    store.put({"_id": "a", "_rev": str(first), "_attachments": {"scan": {"stub": True}}})
    store.compact()
    assert count(store, "content") == 2
    gone = store.get("a")["_rev"]
    store.put({"_id": "a", "_rev": gone})
    store.compact()
    assert count(store, "content") == 2  # "b" still shows it
    store.purge({"b": [store.get("b")["_rev"]]})
    assert count(store, "content") == count(store, "piece") == 0


@pytest.mark.parametrize("length", [1_500, 20_000], ids=["within a page", "over several pages"])
def test_compaction_makes_the_file_smaller(store: Store, length: int) -> None:
    ids = [f"{n}" for n in range(400_000 // length)]
    revs = {doc_id: str(store.put({"_id": doc_id, "text": "x" * length})) for doc_id in ids}
    for doc_id in ids:
        store.put({"_id": doc_id, "_rev": revs[doc_id]})
    before = store.file.size()
    store.compact()
    size, used = store.file.sizes()
    assert size == used < before / 2


# ---- purge


def test_a_purged_document_has_never_been_here(store: Store) -> None:
    revs = edited(store, "a", 3)
    edited(store, "b", 1)
    assert store.purge({"a": [revs[2]], "nobody": ["1-a"]}) == {"a": [revs[2]], "nobody": []}
    with pytest.raises(NotFound):
        store.summary("a")
    assert [one.id for one in store.changes()] == ["b"]
    assert (store.info().doc_count, store.info().doc_del_count, store.purge_seq()) == (1, 0, 1)
    assert str(store.put({"_id": "a", "n": 0})) == revs[0]


def test_only_leaves_can_be_purged(store: Store) -> None:
    revs = edited(store, "a", 2)
    seq = store.seq()
    assert store.purge({"a": [revs[0]]}) == {"a": []}
    assert (store.seq(), store.purge_seq()) == (seq, 0)


def test_the_other_branch_stays_and_is_told_to_feeds(store: Store) -> None:
    base = edited(store, "a", 1)[0]
    for hash_ in ("aa", "bb"):
        store.put(
            {"_id": "a", "_rev": f"2-{hash_}", "_revisions": {"start": 2, "ids": [hash_, base[2:]]}},
            new_edits=False,
        )
    seq = store.seq()
    store.purge({"a": ["2-bb"]})
    assert store.get("a")["_rev"] == "2-aa"
    assert store.tree(store.summary("a")).history(store.summary("a").winner)[-1].generation == 1
    assert [one.seq for one in store.changes(seq)] == [seq + 1]
    assert store.revs_diff({"a": ["2-bb"]})["a"]["missing"] == ["2-bb"]


def test_sequences_go_on_after_the_newest_was_purged(store: Store) -> None:
    rev = edited(store, "a", 1)[0]
    store.purge({"a": [rev]})
    seq = store.seq()
    edited(store, "b", 1)
    assert store.summary("b").seq > seq > 1


def test_of_what_was_purged_no_byte_stays(tmp_path: Path, times: Times) -> None:
    """Bodies, ids and attachments of every size, between others that stay and in pages that were split."""
    for seed in range(times(2, 30)):
        file = SqliteFile(tmp_path / f"{seed}.db")
        store = Store(file, "dossiers", new_id=Ids(seed))
        random = Random(seed)
        secret: list[str] = []
        for n in range(random.randint(20, 250)):
            mark = f"mark{seed:03}x{n:05}"
            document: Json = {
                "_id": f"{random.getrandbits(40):010x}{mark}",
                "text": mark * random.choice([1, 9, 400]),
            }
            if random.random() < 0.3:
                content = mark.encode() * random.choice([1, 1000, 60_000])
                document["_attachments"] = {mark: inline(content)}
            rev = str(store.put(document))
            if random.random() < 0.4:
                rev = str(store.put({**document, "_rev": rev, "text": mark * 7}))
            if random.random() < 0.5:
                secret.append(mark)
                store.purge({document["_id"]: [rev]}) if random.random() < 0.3 else None
        store.purge({one.id: [str(one.winner)] for one in store.changes() if one.id[10:] in secret})
        assert store.info().doc_count > 0
        left = bytes_on_disk(store)
        assert [mark for mark in secret if mark.encode() in left] == []
        with file.read() as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        file.close()


# ---- tables of the version before


def test_older_tables_are_brought_forward(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "node.db")
    store = Store(file, "dossiers", new_id=Ids(1))
    for doc_id in ("a", "b"):
        store.put({"_id": doc_id, "_attachments": {"scan": inline(b"shared")}})
    store.put({"_id": "c", "_attachments": {"own": inline(b"own")}})
    with file.write() as connection:
        connection.execute("ALTER TABLE dossiers_content DROP COLUMN held")
        for column in ("purge_seq", "revs_limit", "security", "last_content", "told_again"):
            connection.execute(f"ALTER TABLE dossiers_meta DROP COLUMN {column}")
        connection.execute("UPDATE dossiers_meta SET version = 1")
    again = Store(file, "dossiers", new_id=Ids(2))
    assert (again.revs_limit(), again.purge_seq(), again.security()) == (tables.REVS_LIMIT, 0, {})
    assert again.epoch == store.epoch
    with file.read() as connection:
        held = connection.execute("SELECT held FROM dossiers_content ORDER BY number").fetchall()
    assert held == [(2,), (1,)]
    again.purge({"a": [again.get("a")["_rev"]]})
    assert count(again, "content") == 2
    again.put({"_id": "d", "_attachments": {"new": inline(b"new")}})
    assert again.revision("d").attachments[0].content == 3
    file.close()
