"""A folder in which databases come and go."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.databases import Folder
from sync.errors import BadRequest, Broken, Exists, NotFound, SyncError, Unavailable
from sync.store import Store
from tests.sync.servers import Ids

NAMES = ["a", "a/b", "a$b", "a(b)", "a+b-c_d/e", "_users", "z" * 238]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    folder = Folder(tmp_path / "databases", new_id=Ids(1), max_awake=4)
    yield folder
    folder.close()


def opened(folder: Folder, name: str) -> Store:
    store = folder.get(name)
    assert store is not None
    return store


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # a path of the kernel's


def test_names_come_back_as_they_were(folder: Folder, tmp_path: Path) -> None:
    for name in NAMES:
        folder.create(name)
        assert opened(folder, name).name == name
    assert folder.names() == sorted(NAMES)
    assert all(path.parent == tmp_path / "databases" for path in tmp_path.rglob("*.db"))


@pytest.mark.parametrize(
    "name", ["", "A", "1a", "_x", "a.b", "a%2f", "..", "../a", "/a", "a\0", "ă", "a" * 239]
)
def test_other_names_are_refused_and_nowhere(folder: Folder, name: str) -> None:
    with pytest.raises(BadRequest):
        folder.create(name)
    assert folder.get(name) is None
    with pytest.raises(NotFound):
        folder.delete(name)


def test_a_database_is_there_again_after_a_restart(tmp_path: Path) -> None:
    before = Folder(tmp_path, new_id=Ids(1))
    before.create("a/b")
    opened(before, "a/b").put({"_id": "x"})
    before.close()
    after = Folder(tmp_path, new_id=Ids(2))
    assert after.names() == ["a/b"]
    assert opened(after, "a/b").get("x")["_id"] == "x"
    assert after.uuid == before.uuid
    after.close()


def test_what_is_created_again_is_empty_and_another(folder: Folder) -> None:
    folder.create("a")
    first = opened(folder, "a")
    first.put({"_id": "x"})
    with pytest.raises(Exists):
        folder.create("a")
    folder.delete("a")()
    assert (folder.get("a"), folder.names()) == (None, [])
    with pytest.raises(NotFound):
        folder.delete("a")
    folder.create("a")
    assert opened(folder, "a").seq() == 0
    assert opened(folder, "a").epoch != first.epoch


def test_nothing_of_a_deleted_database_stays(folder: Folder, tmp_path: Path) -> None:
    folder.create("a")
    opened(folder, "a").put({"_id": "x"})
    folder.delete("a")()
    assert {path.name for path in (tmp_path / "databases").iterdir()} == {"lock", "uuid"}


def test_a_log_that_a_crash_left_behind_is_not_taken_for_a_new_databases(
    folder: Folder, tmp_path: Path
) -> None:
    (tmp_path / "databases" / "a.db-wal").write_bytes(b"left behind" * 1000)
    folder.create("a")
    assert opened(folder, "a").seq() == 0


def test_deleting_ends_feeds_and_those_who_are_inside_end_first(folder: Folder) -> None:
    folder.create("a")
    store = opened(folder, "a")
    inside, leave, ends = threading.Event(), threading.Event(), list[int]()

    def read() -> None:
        with store.file.read():
            inside.set()
            leave.wait(9)
            ends.append(store.seq())

    def follow() -> None:
        ends.append(store.wait(0, 30))
        folder.create("a")  # waits until the old one is gone

    threads = [threading.Thread(target=one) for one in (read, follow)]
    threads[0].start()
    assert inside.wait(9)
    threads[1].start()
    deleting = threading.Thread(target=lambda: folder.delete("a")())
    deleting.start()
    deleting.join(0.05)
    assert deleting.is_alive()
    leave.set()
    for thread in (deleting, *threads):
        thread.join(9)
    assert ends in ([0, False], [False, 0])
    with pytest.raises(Unavailable):
        store.put({"_id": "x"})
    assert opened(folder, "a").seq() == 0


def test_who_deletes_is_told_before_those_who_listen_and_ask(folder: Folder) -> None:
    folder.create("a")
    store = opened(folder, "a")
    heard: list[object] = []
    threads = [
        threading.Thread(target=lambda: heard.append(store.wait(0, 30))),
        threading.Thread(target=lambda: heard.append(folder.get("a"))),
    ]
    threads[0].start()
    tell = folder.delete("a")
    threads[1].start()
    threads[1].join(0.05)
    assert heard == []
    tell()
    for thread in threads:
        thread.join(2)
    assert sorted(heard, key=str) == [False, None]


def test_writers_readers_and_deleters_together(folder: Folder) -> None:
    """Whoever comes too late hears that it is gone, and nothing else."""
    heard: list[BaseException] = []

    def use() -> None:
        for number in range(60):
            store = folder.get("a")
            try:
                if store is not None:
                    store.put({"_id": f"{number}"})
                    store.all_docs()
            except SyncError as why:
                if not isinstance(why, Unavailable) and why.__class__.__name__ != "Conflict":
                    heard.append(why)
            except Exception as why:  # noqa: BLE001  # what must not be
                heard.append(why)

    def renew() -> None:
        for _ in range(20):
            folder.create("a")
            folder.delete("a")()

    threads = [threading.Thread(target=one) for one in (use, use, use, renew)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert heard == []


def test_open_files_do_not_pile_up(folder: Folder) -> None:
    others = descriptors()
    for number in range(40):
        folder.create(f"a{number}")
        opened(folder, f"a{number}").put({"_id": "x"})
    before = descriptors()
    assert before - others < 40 * 3
    for number in range(40):
        assert opened(folder, f"a{number}").get("x")["_id"] == "x"
    assert descriptors() <= before + 10


def test_a_feed_of_a_database_at_rest_goes_on(folder: Folder) -> None:
    folder.create("a")
    store = opened(folder, "a")
    heard: list[bool] = []
    feed = threading.Thread(target=lambda: heard.append(store.wait(0, 20)))
    feed.start()
    for number in range(8):
        folder.create(f"b{number}")
    assert not store.file.awake
    opened(folder, "a").put({"_id": "x"})
    feed.join(9)
    assert heard == [True]


def test_only_one_process_opens_a_folder(folder: Folder, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="in use"):
        Folder(tmp_path / "databases", new_id=Ids(2))


def test_files_that_are_none_of_ours_are_left_alone(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "databases" / "Notes.db").write_text("x")
    (tmp_path / "databases" / "broken.db").write_text("no database " * 1000)
    assert folder.names() == ["broken"]
    with pytest.raises(Broken):
        folder.get("broken")


def test_a_key_is_for_all_files(tmp_path: Path) -> None:
    with_key = Folder(tmp_path, new_id=Ids(1), key=b"k" * 32)
    with_key.create("a")
    opened(with_key, "a").put({"_id": "x", "text": "Nguyễn Văn A"})
    with_key.close()
    assert "Nguyễn".encode() not in (tmp_path / "a.db").read_bytes()
    other = Folder(tmp_path, new_id=Ids(1), key=b"l" * 32)
    with pytest.raises(Broken):
        other.get("a")
    other.close()
