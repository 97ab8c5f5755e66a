"""Central's list of what it holds: sealed by central, as the catalog here knows it, or not believed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from schemas.acks import Acks, read, seal
from schemas.catalog import Catalog
from schemas.errors import Malformed
from tests.centres import SmallCentre

HELD = {"dossiers": {"counter-01.1": (4812, "9f" * 32), "room-01.1": (3, "00" * 32)}}
DAY = date(2027, 3, 1)


@pytest.fixture(scope="module")
def centre(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCentre]:
    """One for all tests here: they only read."""
    data = tmp_path_factory.mktemp("acks") / "centre"
    shutil.copytree(founded, data)
    small = SmallCentre(data, "central", "counter-01")
    yield small
    small.close()


@pytest.fixture
def catalog(centre: SmallCentre) -> Catalog:
    return centre["counter-01"].catalog


@pytest.fixture
def sealed(centre: SmallCentre) -> Acks:
    central = centre["central"]
    return seal(7, DAY, central.id, HELD, sign=central.keys.ed25519.sign)


def test_what_central_seals_is_read_as_it_was_said(sealed: Acks, catalog: Catalog) -> None:
    assert read(sealed.document(), catalog) == sealed
    assert read({**sealed.document(), "_id": "_local/acks", "_rev": "0-3"}, catalog) == sealed
    assert sealed.upto("dossiers", "counter-01.1") == 4812
    assert sealed.upto("dossiers", "counter-09.1") == sealed.upto("visits", "room-01.1") == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"number": 8},
        {"day": "2027-03-02"},
        {"held": {"dossiers": {"counter-01.1": [4813, "9f" * 32]}}},
        {"node": "counter-01.1"},
        {"v": 2},
        {"number": 1.0},
        {"seal": "AAAA"},
        {"more": 1},
        {"held": []},
    ],
)
def test_what_somebody_changed_is_not_believed(
    sealed: Acks, catalog: Catalog, changed: dict[str, Any]
) -> None:
    with pytest.raises(Malformed):
        read({**sealed.document(), **changed}, catalog)


@pytest.mark.parametrize("other", [None, "acks", [], {}])
def test_what_is_no_list_is_not_believed(catalog: Catalog, other: object) -> None:
    with pytest.raises(Malformed):
        read(other, catalog)


def test_what_a_counter_seals_in_the_name_of_central_is_not_believed(
    centre: SmallCentre, catalog: Catalog
) -> None:
    counter = centre["counter-01"]
    forged = seal(9, DAY, centre["central"].id, HELD, sign=counter.keys.ed25519.sign)
    with pytest.raises(Malformed, match="seal"):
        read(forged.document(), catalog)
