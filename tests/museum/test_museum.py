"""Whatever a version ever wrote folds for ever to what that version folded."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from schemas.acts import BY_KIND
from schemas.entries import KINDS
from tests.museum.collect import HERE, MOST_BYTES, Room
from tests.museum.telling import catalog_of, folded

ROOMS = sorted(HERE.glob("*/*.json"))


ELSEWHERE = {"catalog.chosen"}
"""Chooses between two branches of a catalog, and no catalog here has two: tests/central/test_succession.py."""


def opened(path: Path) -> Room:
    return msgspec.json.decode(path.read_bytes(), type=Room)


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: f"{path.parent.name} {path.stem}")
def test_what_a_version_wrote_folds_as_it_did_then(path: Path) -> None:
    """Something may be told of a dossier that was not told then; what was told is the same."""
    room = opened(path)
    catalog = catalog_of(bytes.fromhex(room.root), room.catalog)
    assert catalog.number == len(room.catalog)
    for exhibit in room.exhibits:
        now = folded(exhibit.documents, catalog)
        assert {name: now[name] for name in exhibit.folded} == exhibit.folded
        assert folded(reversed(exhibit.documents), catalog) == now


def test_the_newest_version_is_there_with_every_kind_that_can_be_written() -> None:
    """After a kind was added, before the version is released: python -m tests.museum.collect"""
    versions = {path.parent for path in ROOMS}
    here = max(versions, key=lambda folder: [int(part) for part in folder.name.split(".")])
    rooms = [opened(path) for path in here.glob("*.json")]
    acts = {document["kind"] for room in rooms for one in room.exhibits for document in one.documents}
    entries = {document["kind"] for room in rooms for document in room.catalog}
    assert set(BY_KIND) <= acts
    assert set(KINDS) - ELSEWHERE <= entries
    assert sum(path.stat().st_size for path in here.iterdir()) < MOST_BYTES
