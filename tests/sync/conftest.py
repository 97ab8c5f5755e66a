"""A store in a real file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.sqlite import SqliteFile
from sync.store import Store
from tests.sync.servers import Ids


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteFile]:
    file = SqliteFile(tmp_path / "node.db")
    yield file
    file.close()


@pytest.fixture
def store(file: SqliteFile) -> Store:
    return Store(file, "dossiers", new_id=Ids(1))
