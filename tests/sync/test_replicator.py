"""Two stores, one of them behind a real server and a line that can be cut."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sync import replicator
from sync.documents import Json
from sync.errors import DiskFull, NotFound, Unauthorized, Unavailable
from sync.peer import ChangesPage, Fetched, LocalPeer, Peer, RefusedDocument
from sync.remote import RemotePeer
from sync.replicator import NOTE_EVERY_S, Replication, State, Unacknowledged, delay_s
from sync.sqlite import SqliteFile
from sync.store import Store
from sync.writing import Arrival
from tests.fronts.stand_in import StandIn, standing_in
from tests.sync.relay import relaying
from tests.sync.servers import NOW, PASSWORD, USER, Ids, Server, serving, serving_app
from tests.waiting import until

DB = "dossiers"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "server.db", DB, "files") as server:
        yield server


@pytest.fixture
def there(server: Server) -> Store:
    return server.stores[DB]


@pytest.fixture
def here(file: SqliteFile) -> Store:
    return Store(file, DB, new_id=Ids(2))


def local(store: Store, *, source: str | None = "central") -> LocalPeer:
    return LocalPeer(store, server_uuid="2" * 32, source=source)


def remote(url: str, *, database: str = DB, password: str = PASSWORD, heartbeat_s: float = 5) -> RemotePeer:
    return RemotePeer(url, database, user=USER, password=password, heartbeat_s=heartbeat_s)


sessions = Ids(3)


class Heard:
    """What a replication reports."""

    def __init__(self) -> None:
        self.refused: list[RefusedDocument] = []
        self.checkpoints: list[object] = []


def replication(
    source: Peer,
    target: Peer,
    *,
    heard: Heard | None = None,
    batch: int = 500,
    session: str = "",
    note_every_s: float = NOTE_EVERY_S,
    tick: Callable[[], float] = time.monotonic,
    unacknowledged: Unacknowledged | None = None,
) -> Replication:
    heard = heard or Heard()
    return Replication(
        source,
        target,
        node_id="counter-01",
        session_id=session or sessions(),
        now=lambda: NOW,
        jitter=lambda: 0.99,
        batch=batch,
        on_refused=heard.refused.append,
        after_checkpoint=heard.checkpoints.append,
        note_every_s=note_every_s,
        tick=tick,
        unacknowledged=unacknowledged,
    )


@contextmanager
def live(one: Replication) -> Iterator[Replication]:
    thread = threading.Thread(target=one.run_live)
    thread.start()
    try:
        yield one
    finally:
        one.stop()
        thread.join(10)
        assert not thread.is_alive()


def has(store: Store, *ids: str) -> bool:
    return set(ids) <= {one.id for one in store.all_docs()}


def write(store: Store, *ids: str) -> None:
    store.bulk_docs([{"_id": doc_id, "text": "Nguyễn " * 20} for doc_id in ids])


def contents(store: Store) -> dict[str, object]:
    return {one.id: (one.leaves, store.get(one.id)) for one in store.all_docs()}


# ---- once


def test_pull_then_push(server: Server, here: Store, there: Store) -> None:
    write(there, *"abc")
    pulled = replication(remote(server.url), local(here)).run_once()
    assert (pulled.docs_written, pulled.pending, pulled.state) == (3, 0, State.WAITING)
    write(here, *"def")
    assert replication(local(here), remote(server.url)).run_once().docs_written == 3
    assert contents(here) == contents(there)


def test_conflicts_tombstones_and_histories_travel(server: Server, here: Store, there: Store) -> None:
    copies: list[Json] = [
        {"_id": "a", "_revisions": {"start": 3, "ids": ["c", "b", "a"]}},
        {"_id": "a", "_revisions": {"start": 2, "ids": ["x", "a"]}},
        {"_id": "a", "_revisions": {"start": 2, "ids": ["y", "a"]}, "_deleted": True},
        {"_id": "gone", "_rev": "1-g", "_deleted": True, "why": "kept"},
    ]
    there.bulk_docs(copies, new_edits=False)
    replication(remote(server.url), local(here)).run_once()
    assert here.summary("a").leaves == there.summary("a").leaves
    assert here.tree(here.summary("a")) == there.tree(there.summary("a"))
    assert here.get("gone", "1-g")["why"] == "kept"


def test_attachments_travel(server: Server, file: SqliteFile) -> None:
    chunk = {"_attachments": {"content": {"content_type": "application/octet-stream", "data": "AAECAw=="}}}
    server.stores["files"].put({"_id": "sha256-1", **chunk})
    here = Store(file, "files", new_id=Ids(2))
    replication(remote(server.url, database="files"), local(here), batch=10).run_once()
    (one,) = here.revision("sha256-1").attachments
    assert b"".join(here.attachment(one)) == bytes(range(4))


def test_a_second_run_reads_nothing_again(server: Server, here: Store, there: Store) -> None:
    heard = Heard()
    write(there, *(str(n) for n in range(25)))
    assert replication(remote(server.url), local(here), heard=heard, batch=10).run_once().docs_written == 25
    assert heard.checkpoints == [there.outer_seq(25)]
    assert [seq for _, _, seq in server.checkpoints] == [25]
    write(there, "new")
    again = replication(remote(server.url), local(here))
    assert again.run_once().docs_written == 1


def test_how_far_it_is_is_noted_every_second_and_at_the_end(here: Store, there: Store) -> None:
    heard = Heard()
    write(there, *(f"{n:02}" for n in range(24)))
    slow = replication(local(there), local(here), heard=heard, batch=8, tick=lambda: here.seq() / 15)
    assert slow.run_once().docs_written == 24
    assert heard.checkpoints[0] == there.outer_seq(16), (
        "the first page began in the second that it was started in"
    )
    assert heard.checkpoints[-1] == there.outer_seq(24)
    assert replication(local(there), local(here)).run_once().docs_written == 0


def test_a_database_that_was_made_anew_is_read_from_the_start(tmp_path: Path, here: Store) -> None:
    for seed, docs in ((5, "abc"), (6, "de")):
        with serving(tmp_path / f"life-{seed}.db", DB, seed=seed, uuid="1" * 32) as server:
            write(server.stores[DB], *docs)
            replication(remote(server.url), local(here)).run_once()
    assert has(here, *"abcde")


@pytest.fixture
def standing(tmp_path: Path) -> Iterator[StandIn]:
    """One that can lose its databases."""
    with standing_in(tmp_path / "standing") as made:
        made.create(DB)
        yield made


def lies_in(standing: StandIn, *ids: str) -> bool:
    store = standing.store(DB)
    return store is not None and has(store, *ids)


def test_a_target_that_went_back_to_its_backup_gets_what_that_lacks(standing: StandIn, here: Store) -> None:
    """Its note of then is there, and tells of less than we had brought."""
    write(here, "a")
    with live(replication(local(here), standing.peer(DB))) as copying:
        until(lambda: lies_in(standing, "a") and copying.status().state is State.WAITING)
        backup = standing.notes(DB)
        write(here, "b")
        until(lambda: lies_in(standing, "b") and standing.notes(DB) != backup)
        standing.delete(DB)
        standing.create(DB)
        with closing(standing.peer(DB)) as peer:
            assert (
                peer.bulk_docs(
                    [
                        {
                            "_id": "a",
                            **here.get("a"),
                            "_revisions": {"start": 1, "ids": [str(here.get("a")["_rev"])[2:]]},
                        }
                    ]
                )
                == []
            )
            for name, note in backup.items():
                peer.put_local(name, note)
        write(here, "c")
        until(lambda: lies_in(standing, *"abc"))


class Kept:
    """What an earlier run had sent, and nobody acknowledged."""

    def __init__(self, *revisions: tuple[str, str]) -> None:
        self.left = frozenset(revisions)

    def before(self) -> frozenset[tuple[str, str]]:
        return self.left

    def sending(self, revisions: Set[tuple[str, str]]) -> None:
        self.left |= revisions

    def acknowledged(self, revisions: Set[tuple[str, str]]) -> None:
        self.left -= revisions


def test_what_was_not_acknowledged_is_sent_again_from_before_the_note_too(
    server: Server, here: Store, there: Store
) -> None:
    """It had been refused once, and offered again in vain. What is gone from here is waited for no more."""
    write(here, "a")
    assert replication(local(here), remote(server.url)).run_once().docs_written == 1
    before = there.published
    left = Kept(("a", str(here.get("a")["_rev"])), ("purged", "1-" + "0" * 32))
    replication(local(here), remote(server.url), unacknowledged=left).run_once()
    assert left.left == frozenset()
    assert there.published == before


class Forgetful(LocalPeer):
    """A copy that was away answers now and then, with the note of then."""

    def get_local(self, local_id: str) -> Json | None:
        self.asked = getattr(self, "asked", 0) + 1
        note = super().get_local(local_id)
        return note if note is None or self.asked % 2 else {**note, "_rev": "0-1"}


def test_a_copy_that_was_away_starts_nothing_anew(server: Server, here: Store, there: Store) -> None:
    heard = Heard()
    with live(
        replication(local(here), Forgetful(there, server_uuid="2" * 32, source="x"), heard=heard)
    ) as copying:
        for name in "abcdef":
            write(here, name)
            until(lambda name=name: has(there, name))  # type: ignore[misc]
        until(lambda: copying.status().state is State.WAITING)
        assert copying.status().last_error is None


def test_what_was_not_acknowledged_and_has_a_newer_revision_is_waited_for_no_more(
    server: Server, here: Store, there: Store
) -> None:
    """The law took it away before anybody had acknowledged it: the other side has what came in its place."""
    write(here, "a")
    first = str(here.get("a")["_rev"])
    here.bulk_docs([{"_id": "a", "_rev": first, "text": ""}])
    left = Kept(("a", first))
    replication(local(here), remote(server.url), unacknowledged=left).run_once()
    assert left.left == frozenset()
    assert there.get("a")["_rev"] == here.get("a")["_rev"]


class OnAFullDisk:
    """Where nothing can be kept of what is on its way."""

    def before(self) -> frozenset[tuple[str, str]]:
        return frozenset()

    def sending(self, revisions: Set[tuple[str, str]]) -> None:
        raise DiskFull("no room")

    acknowledged = sending


def test_what_lies_on_a_full_disk_gets_off_it(server: Server, here: Store, there: Store) -> None:
    write(here, "a")
    assert (
        replication(local(here), remote(server.url), unacknowledged=OnAFullDisk()).run_once().docs_written
        == 1
    )
    assert has(there, "a")


class Unreadable(LocalPeer):
    """A disk that fails once, and reads again."""

    fails = True

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> list[Fetched]:
        if self.fails:
            self.fails = False
            raise OSError("Input/output error")
        return super().bulk_get(wanted)


def test_what_nobody_has_foreseen_ends_no_replication(here: Store, there: Store) -> None:
    """It says what it was, and goes on."""
    write(here, "a")
    source = Unreadable(here, server_uuid="1" * 32, source=None)
    with live(replication(source, local(there))) as copying:
        until(lambda: copying.status().last_error == "OSError: Input/output error")
        copying.wake()
        until(lambda: has(there, "a"))


class Silent(LocalPeer):
    """It lists what it does not give; `asked` is set while somebody waits for it."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, server_uuid="1" * 32, source=None)
        self.asked, self.gate = threading.Event(), threading.Event()

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> list[Fetched]:
        self.asked.set()
        self.gate.wait(30)
        raise Unavailable("nothing came")


def test_a_road_fails_until_a_page_is_done_whatever_it_tries_meanwhile(here: Store, there: Store) -> None:
    """Between two pauses it says that it copies."""
    write(there, "a")
    source = Silent(there)
    with live(replication(source, local(here))) as copying:
        assert source.asked.wait(10)
        source.gate.set()
        until(lambda: copying.status().failing)
        source.gate.clear()
        source.asked.clear()
        assert source.asked.wait(10)
        assert (copying.status().state, copying.status().failing) == (State.COPYING, True)
        source.gate.set()


class Busy(LocalPeer):
    """It lists what it gives only from when it is not `busy` any more."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, server_uuid="1" * 32, source=None)
        self.busy = True

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> list[Fetched]:
        if self.busy:
            raise Unavailable("too many ask at once")
        return super().bulk_get(wanted)


def test_who_can_connect_and_gets_nothing_asks_less_and_less_often(
    here: Store, there: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until a page is done, after which the next failure is the first one again."""
    counted: list[int] = []

    def told(failures: int, **_: object) -> float:
        counted.append(failures)
        return 0.0

    monkeypatch.setattr(replicator, "delay_s", told)
    write(there, "a")
    source = Busy(there)
    with live(replication(source, local(here))) as copying:
        until(lambda: len(counted) > 3)
        source.busy = False
        until(lambda: has(here, "a") and not copying.status().failing)
        assert counted == [*range(1, len(counted) + 1)]
        before, source.busy = len(counted), True
        write(there, "b")
        until(lambda: len(counted) > before)
        assert counted[before] == 1


def test_who_is_woken_counts_his_failures_anew(
    here: Store, there: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line is back, or somebody pressed the button: what failed before says nothing of now."""
    counted: list[int] = []

    def told(failures: int, **_: object) -> float:
        counted.append(failures)
        return 0.0 if len(counted) < 3 else 30.0

    monkeypatch.setattr(replicator, "delay_s", told)
    write(there, "a")
    with live(replication(Busy(there), local(here))) as copying:
        until(lambda: len(counted) == 3)
        copying.wake()
        until(lambda: len(counted) == 4)
        assert counted == [1, 2, 3, 1]


class Holding(LocalPeer):
    """It has more than it gives yet."""

    def changes(self, since: Any, *, limit: int, wait_s: float) -> ChangesPage:
        return ChangesPage((), since, 3)


def test_nobody_is_up_to_date_at_a_source_that_has_more(here: Store, there: Store) -> None:
    status = replication(Holding(there, server_uuid="1" * 32, source=None), local(here)).run_once()
    assert (status.pending, status.behind_since is None) == (3, False)


@pytest.mark.parametrize("newly", ["with the next change", "when its line is back"])
def test_a_target_that_was_emptied_gets_all_again(standing: StandIn, here: Store, newly: str) -> None:
    """Its note of how far we were went with its documents: no new one may be written over the hole. `wake` is what whoever
    watches the line calls, and nothing new has to be written for it."""
    write(here, "a")
    with live(replication(local(here), standing.peer(DB))) as copying:
        until(lambda: lies_in(standing, "a") and copying.status().state is State.WAITING)
        standing.delete(DB)
        standing.create(DB)
        if newly == "with the next change":
            write(here, "b")
        else:
            copying.wake()
        until(lambda: lies_in(standing, *(one.id for one in here.all_docs())))


def test_a_document_that_is_refused_is_reported_and_passed_over(server: Server, tmp_path: Path) -> None:
    def no_b(documents: Sequence[Json], source: str | None) -> list[str | None]:
        return [f"{source} may not" if one["_id"] == "b" else None for one in documents]

    file = SqliteFile(tmp_path / "strict.db")
    here = Store(file, DB, new_id=Ids(2), rules=no_b)
    write(server.stores[DB], *"abc")
    heard = Heard()
    status = replication(remote(server.url), local(here), heard=heard).run_once()
    assert has(here, "a", "c")
    assert [(one.id, one.error, one.reason) for one in heard.refused] == [
        ("b", "forbidden", "central may not")
    ]
    assert (status.docs_written, status.docs_refused) == (2, 1)
    assert replication(remote(server.url), local(here)).run_once().docs_refused == 0
    file.close()


def test_arrivals_say_who_brought_them(server: Server, tmp_path: Path) -> None:
    told: list[Arrival] = []
    file = SqliteFile(tmp_path / "node.db2")
    here = Store(file, DB, new_id=Ids(2), arrived=lambda _connection, arrivals: told.extend(arrivals))
    write(server.stores[DB], "a")
    replication(remote(server.url), local(here, source="central")).run_once()
    assert [(one.id, one.source) for one in told] == [("a", "central")]
    file.close()


class OneMalformed(LocalPeer):
    """A server that refuses whole batches, as CouchDB does for one malformed document."""

    def bulk_docs(self, documents: Sequence[Json]) -> list[RefusedDocument]:
        for document in documents:
            if document["_id"] == "bad":
                raise NotFound("no", status=400)
        return super().bulk_docs(documents)


def test_a_batch_that_is_refused_is_halved_down_to_the_one(here: Store, there: Store) -> None:
    write(there, *"abc", "bad", *"def")
    heard = Heard()
    source = LocalPeer(there, server_uuid="1" * 32, source=None)
    replication(source, OneMalformed(here, server_uuid="2" * 32, source=None), heard=heard).run_once()
    assert has(here, *"abcdef")
    assert [one.id for one in heard.refused] == ["bad"]


# ---- failing


class Stuck(LocalPeer):
    def changes(self, since: object, *, limit: int, wait_s: float) -> ChangesPage:
        return super().changes("0", limit=1, wait_s=0)


def test_a_source_whose_sequence_does_not_move_is_not_asked_for_ever(here: Store, there: Store) -> None:
    write(there, *"ab")
    source = Stuck(there, server_uuid="1" * 32, source=None)
    with pytest.raises(Unavailable, match="does not move"):
        replication(source, local(here)).run_once()


class Ahead(LocalPeer):
    """A source that knows how many pages it was asked for."""

    asked = 0

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> list[Fetched]:
        self.asked += 1
        return super().bulk_get(wanted)


class Behind(LocalPeer):
    """A target that finishes no page, but for the last, before the next one was read."""

    def __init__(self, store: Store, source: Ahead, pages: int) -> None:
        super().__init__(store, server_uuid="2" * 32, source="central")
        self._ahead, self._pages = source, pages
        self.given: list[int] = []

    def bulk_docs(self, documents: Sequence[Json]) -> list[RefusedDocument]:
        self.given.append(len(documents))
        until(lambda: self._ahead.asked >= min(len(self.given) + 1, self._pages))
        return super().bulk_docs(documents)


def test_a_page_is_read_while_the_one_before_is_written(here: Store, there: Store) -> None:
    write(there, *"abcdefg")
    source = Ahead(there, server_uuid="1" * 32, source=None)
    target = Behind(here, source, pages=4)
    done = replication(source, target, batch=2).run_once()
    assert (target.given, done.docs_written, done.source_seq) == (
        [2, 2, 2, 1],
        7,
        there.outer_seq(there.seq()),
    )
    assert contents(here) == contents(there)


class Slow(LocalPeer):
    """Each of its calls ends only when the others that should be under way at the same time have begun."""

    def __init__(self, store: Store, uuid: str, calls: set[str], together: threading.Condition) -> None:
        super().__init__(store, server_uuid=uuid, source=None)
        self._calls, self._together = calls, together

    def _meanwhile(self, name: str, others: set[str]) -> None:
        with self._together:
            self._calls.add(name)
            self._together.notify_all()
            assert self._together.wait_for(lambda: others <= self._calls, 20), f"{name} waited for {others}"

    def changes(self, since: object, *, limit: int, wait_s: float) -> ChangesPage:
        page = super().changes(since, limit=limit, wait_s=wait_s)
        number = int(page.changes[0].id) // 2 if page.changes else 4
        if number == 2:
            self._meanwhile("changes 2", {"fetch 1", "note 0"})
        return page

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> list[Fetched]:
        if wanted[0][0] == "2":
            self._meanwhile("fetch 1", {"changes 2", "note 0"})
        return super().bulk_get(wanted)

    def put_local(self, local_id: str, document: Json) -> str:
        if "note 0" not in self._calls:
            self._meanwhile("note 0", {"changes 2", "fetch 1"})
        return super().put_local(local_id, document)


def test_changes_are_read_while_a_page_is_fetched_and_another_one_noted(here: Store, there: Store) -> None:
    """Three pages at a time: on a line that takes long there and back, that is what it waits for once, not thrice."""
    write(there, *"01234567")
    calls: set[str] = set()
    source = Slow(there, "1" * 32, calls, threading.Condition())
    replication(source, local(here), batch=2, note_every_s=0.0).run_once()
    assert calls == {"changes 2", "fetch 1", "note 0"}
    assert contents(here) == contents(there)


def test_wrong_credentials_say_so(server: Server, here: Store) -> None:
    with pytest.raises(Unauthorized, match="Name or password is incorrect"):
        replication(remote(server.url, password="x"), local(here)).run_once()


def test_a_database_that_is_not_there_says_so(server: Server, here: Store) -> None:
    with pytest.raises(NotFound, match="Database does not exist"):
        replication(remote(server.url, database="none"), local(here)).run_once()


def test_nobody_there_is_unavailable(here: Store, server: Server) -> None:
    with relaying(server.port) as relay:
        relay.cut()
        with pytest.raises(Unavailable):
            replication(remote(relay.url), local(here)).run_once()


@pytest.mark.parametrize("body", [b"<html>Welcome to the free Wi-Fi</html>", b"{}", b"[]", b""])
def test_some_other_program_that_answers_is_unavailable(here: Store, body: bytes) -> None:
    """A captive portal says 200 to everything."""

    def portal(_environ: object, start_response: Callable[..., object]) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(body)))])
        return [body]

    with serving_app(portal) as url, pytest.raises(Unavailable, match="none of CouchDB's"):
        replication(remote(url), local(here)).run_once()


def test_a_redirect_is_not_followed(here: Store) -> None:
    """Neither documents nor credentials go where an answer in between points."""

    def elsewhere(_environ: object, start_response: Callable[..., object]) -> list[bytes]:
        start_response("302 Found", [("Location", "http://127.0.0.1:9/"), ("Content-Length", "0")])
        return [b""]

    with serving_app(elsewhere) as url, pytest.raises(Unavailable, match="redirect"):
        replication(remote(url), local(here)).run_once()


def test_an_expired_session_is_renewed(server: Server, here: Store, there: Store) -> None:
    one = replication(remote(server.url), local(here))
    one.run_once()
    server.now += timedelta(days=1)
    write(there, "a")
    assert one.run_once().docs_written == 1


@pytest.mark.parametrize("cut_after_bytes", [0, 700, 1500, 3000, 9_000, 20_000, 40_000])
def test_a_line_that_dies_in_the_middle(
    server: Server, here: Store, there: Store, cut_after_bytes: int
) -> None:
    """Wherever it dies: nothing is lost, and what had arrived is not sent again."""
    write(there, *(f"{n:03}" for n in range(100)))
    with relaying(server.port) as relay:
        relay.cut_after_bytes = cut_after_bytes
        with pytest.raises(Unavailable):
            replication(remote(relay.url), local(here), batch=10).run_once()
        arrived = here.info().doc_count
        assert arrived < 100
        relay.mend()
        after = replication(remote(relay.url), local(here), batch=10).run_once()
    assert after.docs_written == 100 - arrived
    assert contents(here) == contents(there)


def test_a_push_over_a_line_that_dies(server: Server, here: Store, there: Store) -> None:
    write(here, *(f"{n:03}" for n in range(100)))
    with relaying(server.port) as relay:
        relay.cut_after_bytes = 4000
        with pytest.raises(Unavailable):
            replication(local(here), remote(relay.url), batch=10).run_once()
        relay.mend()
        replication(local(here), remote(relay.url), batch=10).run_once()
    assert contents(here) == contents(there)


# ---- live


def test_live_both_ways(server: Server, here: Store, there: Store) -> None:
    pull = replication(remote(server.url), local(here))
    push = replication(local(here), remote(server.url))
    with live(pull), live(push):
        for n in range(10):
            write(here, f"here-{n}")
            write(there, f"there-{n}")
        until(lambda: contents(here) == contents(there) and has(here, "here-9", "there-9"))
        until(lambda: {pull.status().state, push.status().state} == {State.WAITING})
    assert pull.status().state is State.STOPPED
    assert pull.status().last_success == NOW


def test_a_line_that_is_cut_and_mended(server: Server, here: Store, there: Store) -> None:
    with relaying(server.port) as relay:
        pull = replication(remote(relay.url), local(here))
        push = replication(local(here), remote(relay.url))
        with live(pull), live(push):
            until(lambda: pull.status().state is State.WAITING)
            relay.cut()
            write(here, "while away")
            write(there, "meanwhile")
            until(lambda: pull.status().state is State.RETRYING)
            assert pull.status().last_error is not None
            assert not has(there, "while away")
            relay.mend()
            pull.wake()
            push.wake()
            until(lambda: has(here, "meanwhile") and has(there, "while away"))


def test_a_line_that_goes_silent_is_noticed(server: Server, here: Store, there: Store) -> None:
    """No error, no reset: only the heartbeats do not come any more."""
    with relaying(server.port) as relay:
        pull = replication(remote(relay.url, heartbeat_s=0.2), local(here))
        with live(pull):
            until(lambda: pull.status().state is State.WAITING)
            relay.silence()
            until(lambda: pull.status().state is State.RETRYING)
            relay.mend()
            write(there, "a")
            pull.wake()
            until(lambda: has(here, "a"))


def test_a_node_and_a_copy_of_its_disk_both_bring_all_that_they_write(
    file: SqliteFile, here: Store, there: Store, tmp_path: Path
) -> None:
    """They have one replication id, and central's note tells of both; neither takes the other's word for its own."""

    def push(store: Store, session: str) -> None:
        replication(local(store), local(there, source="counter-01"), session=session).run_once()

    write(here, "before")
    push(here, "original")
    with file.write() as connection:
        connection.commit()
        connection.execute("VACUUM INTO ?", (str(tmp_path / "copy.db"),))
        connection.execute("BEGIN")
    copied = SqliteFile(tmp_path / "copy.db")
    copy = Store(copied, DB, new_id=Ids(4))

    write(here, "o1", "o2", "o3", "o4")
    push(here, "original")
    write(copy, "c1")
    push(copy, "copy")
    write(here, "o5")
    push(here, "original")
    write(copy, "c2", "c3", "c4", "c5", "c6")
    push(copy, "copy, started again")

    assert has(there, "before", "o1", "o2", "o3", "o4", "o5", "c1", "c2", "c3", "c4", "c5", "c6")
    copied.close()


@pytest.mark.parametrize("closed", [True, False])
def test_a_peer_that_is_gone_leaves_no_connection_open(server: Server, closed: bool) -> None:
    """Lines come and go for weeks, and a process may have only so many files open. Closed, at once; or just not used any more."""
    gc.collect()
    before = open_sockets()
    for _ in range(5):
        _use(remote(server.url), closed)
    if not closed:
        gc.collect()
    until(lambda: open_sockets() <= before)  # the server's ends too, when it has heard


def _use(peer: RemotePeer, closed: bool) -> None:
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(peer.get_local, ["a", "b"])) == [None, None]
    if closed:
        peer.close()


def open_sockets() -> set[str]:
    """Of this process."""
    found = set()
    for one in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.add(str(one.readlink()))
    return {one for one in found if one.startswith("socket:")}


def test_every_heartbeat_is_heard(server: Server, here: Store) -> None:
    heard: list[None] = []
    peer = RemotePeer(
        server.url, DB, user=USER, password=PASSWORD, heartbeat_s=0.02, heard=lambda: heard.append(None)
    )
    pull = replication(peer, local(here))
    with live(pull):
        until(lambda: pull.status().state is State.WAITING)
        before = len(heard)
        until(lambda: len(heard) > before + 5)


def test_a_wait_that_brings_nothing_ends(server: Server, there: Store) -> None:
    peer = remote(server.url, heartbeat_s=0.5)
    page = peer.changes("0", limit=10, wait_s=0.6)
    assert (page.changes, page.last_seq) == ((), "0")
    peer.close()


def test_a_refusal_is_told_and_tried_again(server: Server, here: Store) -> None:
    pull = replication(remote(server.url, password="x"), local(here))
    with live(pull):
        until(lambda: pull.status().state is State.REFUSED)
        assert "Name or password is incorrect" in str(pull.status().last_error)


def test_delays_grow_to_half_a_minute() -> None:
    assert [delay_s(n, jitter=0) for n in (1, 2, 3, 5, 6, 99)] == [1, 2, 4, 16, 30, 30]
    assert delay_s(6, jitter=0.5) == 22.5
    assert [delay_s(1, jitter=0, retry_after_s=asked) for asked in (0.5, 20, 3600)] == [1, 20, 30]
    assert [delay_s(1, jitter=0.5, retry_after_s=asked) for asked in (0.5, 4, 3600)] == [0.75, 5, 30]
