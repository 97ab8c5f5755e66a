"""What every failure leads to: the table of docs/sync.md, row by row, pulled and pushed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.documents import Json
from sync.errors import Refused, SyncError, Unavailable
from sync.peer import ChangesPage, LocalPeer, Peer
from sync.remote import RemotePeer
from sync.replicator import Offered, Replication, State
from sync.revisions import Rev
from sync.sqlite import SqliteFile
from sync.store import Store
from tests.sync.faults import Answer, FaultyServer, faulty
from tests.sync.servers import NOW, PASSWORD, USER, Ids
from tests.sync.test_replicator import Heard, contents, has, live, write
from tests.waiting import until

DB = "dossiers"
NAMES = tuple(f"{n:02}" for n in range(30))
_sessions = Ids(11)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FaultyServer]:
    with faulty(tmp_path / "there.db") as server:
        yield server


@pytest.fixture
def here(file: SqliteFile) -> Store:
    return Store(file, DB, new_id=Ids(2))


def ends(server: FaultyServer, here: Store, way: str) -> tuple[Peer, Peer]:
    near = LocalPeer(here, server_uuid="2" * 32, source="central")
    far = RemotePeer(server.url, DB, user=USER, password=PASSWORD, heartbeat_s=0.4, connect_s=1)
    return (far, near) if way == "pull" else (near, far)


def _between(source: Peer, target: Peer, **more: Any) -> Replication:
    return Replication(
        source,
        target,
        node_id="counter-01",
        session_id=_sessions(),
        now=lambda: NOW,
        jitter=lambda: 0.99,
        **more,
    )


def replication(
    server: FaultyServer, here: Store, way: str, *, heard: Heard | None = None, **more: Any
) -> Replication:
    heard = heard or Heard()
    return _between(*ends(server, here, way), on_refused=heard.refused.append, **more)


def source_and_target(server: FaultyServer, here: Store, way: str) -> tuple[Store, Store]:
    return (server.store, here) if way == "pull" else (here, server.store)


# ---- the whole line


@dataclass(frozen=True, slots=True)
class Row:
    """A failure of the other side as a whole: where it shows, and the state and the words that people see."""

    name: str
    where: str
    answer: Answer
    state: State
    words: str
    ways: tuple[str, ...] = ("pull", "push")

    def __str__(self) -> str:
        return self.name


_SOME = "unavailable"
ROWS = (
    Row("401", "", Answer(401, "unauthorized", "Name or password is incorrect."), State.REFUSED, "password is incorrect"),
    Row("403 of the database", "", Answer(403, "forbidden", "You are not allowed to access this db."), State.REFUSED, "not allowed to access"),
    Row("404 of the database", "", Answer(404, "not_found", "Database does not exist."), State.REFUSED, "Database does not exist"),
    Row("429", "", Answer(429, "too_many_requests", "slow down", {"Retry-After": "1"}), State.RETRYING, "429: slow down"),
    Row("503", "", Answer(503, _SOME, "shutting down", {"Retry-After": "1"}), State.RETRYING, "503: shutting down"),
    Row("500", "", Answer(500, "unknown_error", "badmatch"), State.RETRYING, "500: badmatch"),
    Row("502 of a proxy", "", Answer(502), State.RETRYING, "502"),
    Row("full disk there", "_bulk_docs", Answer(507, "disk_full", "nothing was saved"), State.RETRYING, "disk of the other side is full", ("push",)),
    Row("truncated JSON of a diff", "_revs_diff", Answer(keep=9), State.RETRYING, "none of CouchDB's", ("push",)),
    Row("truncated JSON of documents", "_bulk_get", Answer(keep=900), State.RETRYING, "none of CouchDB's", ("pull",)),
    Row("truncated JSON of changes", "_changes", Answer(keep=200), State.RETRYING, "none of CouchDB's", ("pull",)),
    Row("an empty answer", "_bulk_docs", Answer(keep=0), State.RETRYING, "none of CouchDB's", ("push",)),
    Row("a redirect", "", Answer(302, headers={"Location": "http://127.0.0.1:9/"}), State.RETRYING, "redirect"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("row", "way"), [(row, way) for row in ROWS for way in row.ways], ids=lambda value: str(value)
)
def test_a_failure_is_shown_and_once_it_is_over_nothing_is_missing(
    server: FaultyServer, here: Store, row: Row, way: str
) -> None:
    source, target = source_and_target(server, here, way)
    write(source, *NAMES)
    server.faults[row.where] = row.answer
    heard = Heard()
    one = replication(server, here, way, heard=heard)
    with live(one):
        until(lambda: one.status().state is row.state)
        assert row.words in str(one.status().last_error)
        assert not has(target, NAMES[0]) or row.where == "_bulk_docs"
        server.faults.clear()
        one.wake()
        until(lambda: has(target, *NAMES))
        until(lambda: one.status().state is State.WAITING)
    assert heard.refused == []
    assert contents(source) == contents(target)


@pytest.mark.parametrize("way", ["pull", "push"])
def test_a_refused_connection_is_tried_again(server: FaultyServer, here: Store, way: str) -> None:
    """Nobody listens on that port."""
    peer = RemotePeer("http://127.0.0.1:9", DB, connect_s=1)
    near = LocalPeer(here, server_uuid="2" * 32, source=None)
    one = _between(*((peer, near) if way == "pull" else (near, peer)))
    with live(one):
        until(lambda: one.status().state is State.RETRYING)
        assert "refused" in str(one.status().last_error)


@pytest.mark.parametrize(
    "body",
    [
        b'{"results":[],"last_seq":"' + "cắt".encode()[:3] + b'"}',
        b'{"results":[],"last_seq":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'"Bad Gateway"',
    ],
    ids=["cut in the middle of a letter", "nested without end", "no object"],
)
@pytest.mark.parametrize("status", [200, 403, 502])
def test_an_answer_that_is_no_json_in_some_odd_way_is_an_error_like_any_other(
    server: FaultyServer, body: bytes, status: int
) -> None:
    """What else it raised would be the end of the thread that copies."""
    server.faults["_changes"] = Answer(status, body=body)
    peer = RemotePeer(server.url, DB, user=USER, password=PASSWORD)
    with pytest.raises(SyncError):
        peer.changes("0", limit=1, wait_s=0)


# ---- checkpoints


def test_a_checkpoint_that_somebody_else_wrote_is_read_again(server: FaultyServer, here: Store) -> None:
    write(server.store, *NAMES)
    server.faults["_local"] = Answer(409, "conflict", "Document update conflict.")
    peer = Forgetful(server.url, DB, user=USER, password=PASSWORD)
    with pytest.raises(Unavailable, match="read again"):
        _between(peer, LocalPeer(here, server_uuid="2" * 32, source=None)).run_once()
    server.faults.clear()
    replication(server, here, "pull").run_once()
    assert contents(server.store) == contents(here)


class Forgetful(RemotePeer):
    """It shows no checkpoint, and takes none."""

    def get_local(self, local_id: str) -> Json | None:
        return None


def test_a_source_that_keeps_no_checkpoints_is_read_all_the_same(server: FaultyServer, here: Store) -> None:
    write(server.store, *NAMES)
    server.faults["_local"] = Answer(403, "forbidden", "read only")
    assert replication(server, here, "pull").run_once().docs_written == len(NAMES)
    before = server.asked.count(("POST", "_bulk_get"))
    replication(server, here, "pull").run_once()
    assert server.asked.count(("POST", "_bulk_get")) == before


# ---- single documents


def _no(*names: str) -> Callable[[Sequence[Json], str | None], list[str | None]]:
    return lambda documents, _source: ["not like this" if one["_id"] in names else None for one in documents]


def test_a_document_that_may_not_come_in_holds_up_no_other(tmp_path: Path, here: Store) -> None:
    """403 of one document: recorded, and passed over."""
    with faulty(tmp_path / "strict.db", rules=_no("03", "17")) as server:
        write(here, *NAMES)
        heard = Heard()
        status = replication(server, here, "push", heard=heard).run_once()
        assert {(one.id, one.error, one.reason) for one in heard.refused} == {
            ("03", "forbidden", "not like this"),
            ("17", "forbidden", "not like this"),
        }
        assert (status.docs_written, status.docs_refused) == (len(NAMES) - 2, 2)
        assert has(server.store, "29")


@pytest.mark.parametrize("status", [400, 413])
def test_a_batch_that_is_refused_as_a_whole_is_halved_down_to_the_one(
    server: FaultyServer, here: Store, status: int
) -> None:
    """413 of a proxy with a small limit: what is below it arrives, the one above it is recorded."""
    write(here, *NAMES)
    here.put({"_id": "large", "text": "đ" * 5000})
    limit = _Limited(server.url, DB, status, user=USER, password=PASSWORD)
    heard = Heard()
    near = LocalPeer(here, server_uuid="2" * 32, source=None)
    _between(near, limit, on_refused=heard.refused.append).run_once()
    assert has(server.store, *NAMES)
    assert [one.id for one in heard.refused] == ["large"]


class _Limited(RemotePeer):
    """A line with a proxy that takes bodies up to 4,000 bytes."""

    def __init__(self, url: str, database: str, status: int, **more: Any) -> None:
        super().__init__(url, database, **more)
        self._status = status

    def bulk_docs(self, documents: Sequence[Json]) -> list[Any]:
        if len(str(documents)) > 4000:
            raise Refused("too large", error="too_large", status=self._status)
        return super().bulk_docs(documents)


def test_a_refused_document_is_offered_again_until_it_is_taken(tmp_path: Path, here: Store) -> None:
    """The rule over there was wrong, and was put right; nobody need touch the document."""
    wrong = ["03", "17"]
    listed: dict[str, Offered] = {}

    def rules(documents: Sequence[Json], source: str | None) -> list[str | None]:
        return _no(*wrong)(documents, source)

    with faulty(tmp_path / "strict.db", rules=rules) as server:
        write(here, *NAMES)
        one = _between(
            *ends(server, here, "push"),
            on_refused=lambda refused: listed.update({refused.id: Offered(refused.id, refused.rev)}),
            refused_before=lambda: list(listed.values()),
            on_accepted=lambda taken: listed.__delitem__(taken.id),
        )
        one.run_once()
        assert set(listed) == {"03", "17"}
        wrong.remove("17")
        one.run_once()
        assert set(listed) == {"03"}
        assert has(server.store, "17")
        wrong.clear()
        server.store.bulk_docs([_copy(here, "03")], new_edits=False)
        one.run_once()  # somebody else brought it
        assert not listed


@pytest.mark.parametrize("way", ["push", "pull"])
def test_whoever_wakes_a_live_run_has_what_was_refused_offered_again_though_nothing_changes(
    tmp_path: Path, here: Store, way: str
) -> None:
    wrong = ["03"]
    listed: dict[str, Offered] = {}
    with faulty(tmp_path / "strict.db", rules=lambda *asked: _no(*wrong)(*asked)) as server:
        source, target = source_and_target(server, here, way)
        if way == "pull":
            target._rules, server.store._rules = server.store._rules, target._rules
        write(source, *NAMES)
        one = _between(
            *ends(server, here, way),
            on_refused=lambda refused: listed.update({refused.id: Offered(refused.id, refused.rev)}),
            refused_before=lambda: list(listed.values()),
            on_accepted=lambda taken: listed.__delitem__(taken.id),
        )
        with live(one):
            until(lambda: one.status().state is State.WAITING and set(listed) == {"03"})
            wrong.clear()
            one.wake()
            until(lambda: not listed)
        assert has(target, "03")


def _copy(store: Store, doc_id: str) -> Json:
    (got,) = LocalPeer(store, server_uuid="2" * 32, source=None).bulk_get(
        [(doc_id, str(store.summary(doc_id).winner))]
    )
    assert got.document is not None
    return got.document


def test_a_document_that_the_source_lists_and_does_not_give_is_recorded(
    server: FaultyServer, here: Store
) -> None:
    write(server.store, *NAMES)

    def without_05(value: Any) -> Any:
        for one in value["results"]:
            if one["id"] == "05":
                one["docs"] = [
                    {"error": {"id": "05", "rev": "1-x", "error": "not_found", "reason": "missing"}}
                ]
        return value

    server.change["_bulk_get"] = without_05
    heard = Heard()
    replication(server, here, "pull", heard=heard).run_once()
    assert [(one.id, one.error) for one in heard.refused] == [("05", "not_found")]
    assert has(here, "29")
    assert not has(here, "05")


@pytest.mark.parametrize("status", [400, 404, 405, 415, 501])
def test_a_server_without_bulk_get_is_asked_for_each_document(
    server: FaultyServer, here: Store, status: int
) -> None:
    scan = {"scan.png": {"content_type": "image/png", "data": "AAEC"}}
    server.store.bulk_docs(
        [
            {"_id": "a/b c", "_revisions": {"start": 2, "ids": ["x", "a"]}, "_attachments": scan},
            {"_id": "a/b c", "_revisions": {"start": 2, "ids": ["y", "a"]}},
            {"_id": "gone", "_rev": "1-g", "_deleted": True},
            {"_id": "_design/views", "_rev": "1-d", "language": "query"},
        ],
        new_edits=False,
    )
    server.faults["_bulk_get"] = Answer(status, "not_found" if status == 404 else "bad_request", "missing")
    one = replication(server, here, "pull")
    assert one.run_once().docs_written == 4
    assert contents(here) == contents(server.store)
    (kept,) = here.revision("a/b c", Rev(2, "x")).attachments
    assert b"".join(here.attachment(kept)) == bytes(range(3))
    write(server.store, "later")
    one.run_once()
    assert server.asked.count(("POST", "_bulk_get")) == 1


# ---- lies


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        (lambda value: {**value, "last_seq": "0"}, "does not move"),
        (lambda value: {**value, "last_seq": "1-x"}, "turns in a circle|does not move"),
        (lambda value: {**value, "results": value["results"] and [{"id": 5}]}, "none of CouchDB's"),
        (lambda value: {"results": "all of them", "last_seq": 5}, "none of CouchDB's"),
    ],
)
def test_a_source_that_lies_about_its_sequence_is_not_read_for_ever(
    server: FaultyServer, here: Store, lie: Callable[[Any], Any], words: str
) -> None:
    write(server.store, *NAMES)
    server.change["_changes"] = lie
    one = replication(server, here, "pull", batch=10)
    with live(one):
        until(lambda: one.status().state is State.RETRYING)
        server.change.clear()
        one.wake()
        until(lambda: has(here, *NAMES))


def test_a_noted_sequence_that_the_source_does_not_know_is_no_end(server: FaultyServer, here: Store) -> None:
    """Noted while it lied, or from a server that was there before: it is read from the start, and nothing is missing."""
    write(server.store, *NAMES[:5])
    server.change["_changes"] = lambda value: {**value, "last_seq": "1-x"}
    one = replication(server, here, "pull", batch=10)
    with pytest.raises(Unavailable):
        one.run_once()
    server.change.clear()
    write(server.store, *NAMES[5:])
    done = replication(server, here, "pull", batch=10).run_once()
    assert has(here, *NAMES)
    assert done.docs_written == len(NAMES) - 5


class Circling(LocalPeer):
    """Its pages come again and again, each with a sequence that is another one than that before."""

    def changes(self, since: object, *, limit: int, wait_s: float) -> ChangesPage:
        page = super().changes("0", limit=limit, wait_s=0)
        return page._replace(last_seq={"a": "b", "b": "c"}.get(str(since), "a"))


def test_a_source_whose_sequence_turns_in_a_circle_is_not_read_for_ever(
    server: FaultyServer, here: Store
) -> None:
    write(here, *NAMES)
    _, there = ends(server, here, "push")
    source = Circling(here, server_uuid="2" * 32, source=None)
    with pytest.raises(Unavailable, match="circle"):
        _between(source, there).run_once()


def test_a_source_that_says_at_once_that_there_is_nothing_is_asked_slowly(
    server: FaultyServer, here: Store
) -> None:
    server.change["_changes"] = lambda value: {"results": [], "last_seq": value["last_seq"], "pending": 0}
    server.faults["_changes"] = Answer(
        keep=10**6
    )  # what it would have waited for is cut off: it answers at once
    one = replication(server, here, "pull")
    with live(one):
        until(lambda: one.status().state is State.WAITING)
    assert server.asked.count(("GET", "_changes")) < 50


def test_checkpoints_of_another_kind_are_none(server: FaultyServer, here: Store) -> None:
    """Whatever stands there, it is read from the start."""
    write(server.store, *NAMES)
    replication(server, here, "pull").run_once()
    server.change["_local"] = lambda value: {
        **value,
        "session_id": ["x"],
        "history": [{"session_id": ["x"], "recorded_seq": {}}, 5, None],
    }
    again = replication(server, here, "pull")
    assert again.run_once().docs_written == 0


# ---- clocks and disks


@pytest.mark.parametrize("days", [-4000, -1, 1, 4000])
@pytest.mark.parametrize("way", ["pull", "push"])
def test_a_wrong_clock_on_either_side_hinders_nothing(
    server: FaultyServer, here: Store, days: int, way: str
) -> None:
    """Neither for the one who looks nor for the session, which lasts by the server's clock alone."""
    source, target = source_and_target(server, here, way)
    server.now = NOW + timedelta(days=days)
    write(source, *NAMES)
    assert replication(server, here, way).run_once().docs_written == len(NAMES)
    assert contents(source) == contents(target)


def test_a_clock_that_jumps_in_the_middle_hinders_nothing(server: FaultyServer, here: Store) -> None:
    one = replication(server, here, "pull")
    for days in (1, -2, 5000, -9000):
        server.now += timedelta(days=days)
        write(server.store, f"{server.now:%Y%m%d}")
        assert one.run_once().docs_written == sum(1 for _ in here.all_docs())


@pytest.mark.parametrize("way", ["pull", "push"])
def test_a_full_disk_is_waited_for(server: FaultyServer, here: Store, way: str) -> None:
    """On either side: said, and gone on with as soon as there is room."""
    source, target = source_and_target(server, here, way)
    write(source, *NAMES)
    source.put({"_id": "large", "text": "đ" * 300_000})
    _room(target, 40)
    one = replication(server, here, way)
    with live(one):
        until(lambda: one.status().state is State.RETRYING)
        assert "full" in str(one.status().last_error)
        _room(target, 100_000)
        one.wake()
        until(lambda: has(target, *NAMES, "large"))
    assert contents(source) == contents(target)


def _room(store: Store, pages: int) -> None:
    with store.file.write() as connection:
        connection.execute(f"PRAGMA max_page_count = {pages}")
