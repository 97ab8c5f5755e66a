"""One file, one writer, many readers."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sync.errors import Broken, DiskFull
from sync.sqlite import Connection, SqliteFile


def make_table(file: SqliteFile) -> None:
    with file.write() as connection:
        connection.execute("CREATE TABLE note (text TEXT) STRICT")


def notes(connection: Connection) -> list[str]:
    return [text for (text,) in connection.execute("SELECT text FROM note ORDER BY rowid")]


def add(connection: Connection, text: str) -> None:
    connection.execute("INSERT INTO note VALUES (?)", (text,))


def failing(file: SqliteFile, text: str, heard: list[str]) -> None:
    with file.write() as connection:
        add(connection, text)
        file.after_commit(lambda: heard.append(text))
        raise LookupError


def fill(file: SqliteFile, first: str = "first") -> None:
    """More than 20 pages, in an inner block."""
    with file.write() as connection:
        add(connection, first)
        with file.write() as inner:
            for _ in range(100):
                add(inner, "x" * 4000)


def test_a_reader_keeps_its_snapshot_while_the_writer_commits(file: SqliteFile) -> None:
    make_table(file)

    def write() -> None:
        with file.write() as connection:
            add(connection, "later")

    with file.read() as reader:
        assert notes(reader) == []
        writer = threading.Thread(target=write)
        writer.start()
        writer.join()
        assert notes(reader) == []
    with file.read() as reader:
        assert notes(reader) == ["later"]


def test_reading_inside_a_write_sees_what_it_wrote(file: SqliteFile) -> None:
    make_table(file)
    with file.write() as connection:
        add(connection, "mine")
        with file.read() as reader:
            assert notes(reader) == ["mine"]


def test_an_exception_takes_everything_back(file: SqliteFile) -> None:
    make_table(file)
    heard: list[str] = []
    with pytest.raises(LookupError):
        failing(file, "lost", heard)
    with file.read() as reader:
        assert notes(reader) == []
    assert heard == []


def test_an_inner_block_that_fails_takes_back_only_itself(file: SqliteFile) -> None:
    make_table(file)
    heard: list[str] = []
    with file.write() as connection:
        add(connection, "outer")
        file.after_commit(lambda: heard.append("outer"))
        with pytest.raises(LookupError):
            failing(file, "inner", heard)
        assert heard == []
    with file.read() as reader:
        assert notes(reader) == ["outer"]
    assert heard == ["outer"]


def test_callbacks_run_when_others_can_already_see_the_change(file: SqliteFile) -> None:
    make_table(file)
    seen: list[list[str]] = []

    def look() -> None:
        with file.read() as reader:
            seen.append(notes(reader))

    with file.write() as connection:
        add(connection, "here")
        file.after_commit(look)
    assert seen == [["here"]]


def test_all_callbacks_run_in_order_even_if_one_fails(file: SqliteFile) -> None:
    heard: list[str] = []

    def fail() -> None:
        heard.append("failing")
        raise LookupError

    def write() -> None:
        with file.write():
            file.after_commit(fail)
            file.after_commit(lambda: heard.append("last"))

    with pytest.raises(LookupError):
        write()
    assert heard == ["failing", "last"]


def test_after_commit_outside_a_write_is_a_mistake(file: SqliteFile) -> None:
    with pytest.raises(RuntimeError, match="belongs inside write"):
        file.after_commit(lambda: None)


def test_readers_cannot_write(file: SqliteFile) -> None:
    make_table(file)
    with file.read() as reader, pytest.raises(Exception, match="readonly"):
        add(reader, "no")


def test_what_others_have_written_is_noticed(file: SqliteFile) -> None:
    """Who follows a file looks into it only then."""
    make_table(file)
    other = SqliteFile(file.path)
    try:
        before = other.written_by_others()
        assert other.written_by_others() == before
        with file.write() as connection:
            add(connection, "a")
            assert other.written_by_others() == before
        assert other.written_by_others() != before
    finally:
        other.close()


def test_writers_take_turns(file: SqliteFile) -> None:
    make_table(file)

    def write() -> None:
        for _ in range(20):
            with file.write() as connection:
                add(connection, str(len(notes(connection))))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with file.read() as reader:
        assert notes(reader) == [str(n) for n in range(80)]


def test_a_full_disk_saves_nothing_and_says_so(file: SqliteFile) -> None:
    make_table(file)
    with file.write() as connection:
        connection.execute("PRAGMA max_page_count = 20")
    with pytest.raises(DiskFull, match="nothing was saved"):
        fill(file)
    with file.write() as connection:
        add(connection, "small")
    with file.read() as reader:
        assert notes(reader) == ["small"]


def test_an_encrypted_file_opens_with_its_key_only(tmp_path: Path) -> None:
    path, key = tmp_path / "secret.db", bytes(range(32))
    file = SqliteFile(path, key=key)
    make_table(file)
    with file.write() as connection:
        add(connection, "bí mật")
    file.close()
    assert "bí mật".encode() not in path.read_bytes()
    for wrong in (None, bytes(32)):
        with pytest.raises(Broken, match="the key is wrong"):
            SqliteFile(path, key=wrong)
    again = SqliteFile(path, key=key)
    with again.read() as reader:
        assert notes(reader) == ["bí mật"]
    again.close()


def test_what_is_committed_is_durable_and_what_is_deleted_is_wiped(file: SqliteFile) -> None:
    with file.write() as connection:
        settings = [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "secure_delete", "auto_vacuum")
        ]
    assert settings == ["wal", 2, 1, 2]


def test_who_is_patient_lets_everybody_go_first_who_waits(tmp_path: Path) -> None:
    """However often it writes: a lock alone would go back to whoever gave it up last."""
    file = SqliteFile(tmp_path / "one.db")
    order: list[str] = []
    waiting = threading.Event()

    def clerk() -> None:
        waiting.set()
        with file.write():
            order.append("clerk")

    with file.write(patient=True):
        thread = threading.Thread(target=clerk)
        thread.start()
        waiting.wait()
        while not file.is_wanted:
            pass
    with file.write(patient=True):
        order.append("replicator")
    thread.join()
    assert order == ["clerk", "replicator"]
    file.close()
