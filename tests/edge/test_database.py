"""A file of an earlier version comes to the present one with all that it had."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.database import NodeFile, run_script
from edge.errors import CannotStart
from edge.tables import migrations
from edge.tables.migrations import MIGRATIONS, copies_aside, migrate
from sync.sqlite import SqliteFile
from tests.centres import SmallCentre


@pytest.fixture
def file(tmp_path: Path) -> Iterator[NodeFile]:
    """A file without a table."""
    file = NodeFile(SqliteFile(tmp_path / "node.db"))
    yield file
    file.file.close()


def written_by(version: int, file: NodeFile, rows: str) -> None:
    """Make a file what a program of that version made of it, and write some rows into it."""
    with file.write() as connection:
        for migration in MIGRATIONS[:version]:
            migration(connection)
        run_script(connection, rows)
        connection.execute(f"PRAGMA user_version = {version}")


def select(file: NodeFile, query: str) -> list[tuple[object, ...]]:
    with file.read() as connection:
        return list(connection.execute(query))


@pytest.mark.parametrize("version", range(len(MIGRATIONS)))
def test_a_file_of_any_version_becomes_one_of_the_newest_after_a_copy(file: NodeFile, version: int) -> None:
    written_by(version, file, "")

    migrate(file)

    assert select(file, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    copies = [f"node.db.version-{version}"] if version else []
    assert [path.name for path in copies_aside(file.file.path)] == copies


def test_a_file_of_a_newer_version_is_refused_and_left_as_it_is(file: NodeFile) -> None:
    newer = len(MIGRATIONS) + 1
    written_by(len(MIGRATIONS), file, "")
    with file.write() as connection:
        connection.execute(f"PRAGMA user_version = {newer}")
    before = select(file, "SELECT sql FROM sqlite_schema ORDER BY rowid")

    with pytest.raises(CannotStart, match=rf"newer version .*\(tables {newer}.*install that version again"):
        migrate(file)

    assert select(file, "PRAGMA user_version") == [(newer,)]
    assert select(file, "SELECT sql FROM sqlite_schema ORDER BY rowid") == before
    assert copies_aside(file.file.path) == []


def test_where_the_copy_has_no_room_nothing_is_changed(
    file: NodeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    written_by(len(MIGRATIONS) - 1, file, "")
    usage = shutil.disk_usage(file.file.path.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))

    with pytest.raises(CannotStart, match="make room"):
        migrate(file)

    assert select(file, "PRAGMA user_version") == [(len(MIGRATIONS) - 1,)]
    assert copies_aside(file.file.path) == []


def test_the_copy_goes_when_a_later_start_was_well(
    centre: SmallCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with the start that made it: that one may still fail."""
    dossier = centre.receive()
    file = centre["counter-01"].folder.database
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, lambda connection: None))  # a newer program

    after = centre.reopen("counter-01")
    assert [path.name for path in copies_aside(file)] == [f"node.db.version-{len(MIGRATIONS)}"]
    assert after.register.row(dossier.stream) is not None

    again = centre.reopen("counter-01")
    assert copies_aside(file) == []
    assert again.register.row(dossier.stream) is not None


def test_pins_of_version_5_are_still_good_and_so_are_the_mistakes_that_were_counted_then(
    file: NodeFile,
) -> None:
    written_by(
        5, file, "INSERT INTO pin VALUES ('hanh.nh', '$argon2id$1', 3, ''), ('long.pd', '$argon2id$2', 0, '')"
    )

    migrate(file)

    assert select(file, "SELECT person, verifier, catalog FROM pin") == [
        ("hanh.nh", "$argon2id$1", 0),
        ("long.pd", "$argon2id$2", 0),
    ]
    assert select(file, "SELECT key, failures FROM attempt") == [("pin hanh.nh", 3)]


def test_deliveries_of_version_9_learn_in_which_stream_their_event_lies(file: NodeFile) -> None:
    written_by(
        9,
        file,
        """
CREATE TABLE event (hash TEXT PRIMARY KEY, stream TEXT);
INSERT INTO event VALUES ('h1', 's1'), ('h2', 's2');
INSERT INTO delivery VALUES ('h1', 1, 12, '', 1, '2026-11-23', NULL),
    ('h2', 0, 11, 'central.1', 2, '2026-11-24', 'then');
""",
    )

    migrate(file)

    assert select(file, "SELECT * FROM delivery ORDER BY rowid") == [
        ("h2", "s2", 0, 11, "central.1", 2, "2026-11-24", "then"),
        ("h1", "s1", 1, 12, "", 1, "2026-11-23", None),
    ]
