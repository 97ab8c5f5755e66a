"""Central's documents move into a cluster and back, are cut on the way, and are proven to be the same."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from click.testing import CliRunner, Result

from central.cli import CANNOT_BEGIN, main
from edge.folder import Folder
from edge.node import DATABASES
from edge.settings import NodeSettings, read_settings, write_settings
from tests.centres import SmallCentre
from tests.fronts.stand_in import StandIn, settings_for, standing_in
from tests.sync.lines import line_to


@pytest.fixture
def standing(tmp_path: Path) -> Iterator[StandIn]:
    with standing_in(tmp_path / "cluster") as made:
        yield made


@pytest.fixture
def folder(centre: SmallCentre) -> Folder:
    """A central that has dossiers and does not run."""
    for number in range(5):
        centre.receive(applicant=f"Nông Văn {number}")
    centre.meet("counter-01", "central")
    centre["central"].close()
    return centre["central"].folder


def written(folder: Folder, settings: NodeSettings, name: str) -> Path:
    """Another configuration of the same folder, in a place of its own."""
    place = folder.path.parent / name
    place.mkdir(exist_ok=True)
    write_settings(place, msgspec.structs.replace(settings, data=str(folder.path)))
    return place / "node.toml"


def in_couchdb(folder: Folder, url: str) -> NodeSettings:
    return msgspec.structs.replace(
        read_settings(folder.path), documents="couchdb", couchdb=settings_for(url, folder.path)
    )


def migrate(config: Path, to: Path) -> Result:
    return CliRunner().invoke(
        main, ["central", "migrate", "--config", str(config), "--to", str(to), "--json"]
    )


def told(result: Result) -> dict[str, dict[str, Any]]:
    return {one["database"]: one for one in msgspec.json.decode(result.stdout)["databases"]}


def test_there_and_back_with_what_came_meanwhile(
    centre: SmallCentre, folder: Folder, standing: StandIn
) -> None:
    embedded = folder.settings
    there = written(folder, in_couchdb(folder, standing.url), "there")
    result = migrate(embedded, there)
    assert result.exit_code == 0, result.output
    moved = told(result)
    assert moved["dossiers"] == {
        "database": "dossiers",
        "sent": 5,
        "fetched": 0,
        "only_here": 0,
        "only_there": 0,
        "named": [],
    }
    assert moved["catalog"]["sent"] > 0
    assert moved["files"]["sent"] > 0
    again = told(migrate(embedded, there))
    assert [again[name]["sent"] + again[name]["fetched"] for name in DATABASES] == [0] * 4

    dossier, store = centre.receive(), centre["counter-01"].stores["dossiers"]
    cluster = standing.peer("dossiers")
    assert cluster.bulk_docs([store.get(f"{dossier.stream}:{dossier.heads[0]}")]) == []
    cluster.close()
    moved = told(migrate(there, written(folder, read_settings(folder.path), "back")))
    assert (moved["dossiers"]["sent"], moved["dossiers"]["fetched"]) == (0, 1)
    central = centre.reopen("central")
    assert central.register.row(dossier.stream) is not None


def test_cut_on_the_way_it_goes_on(folder: Folder, standing: StandIn) -> None:
    """Wherever that was; what had arrived is not sent again."""
    with line_to(urlsplit(standing.url).port or 80) as line:
        there = written(folder, in_couchdb(folder, line.url), "there")
        results = []
        for dies_after in (3_000, 40_000, 200_000, None):
            line.mend(dies_after=dies_after)
            results.append(migrate(folder.settings, there))
        for cut in results[:2]:
            assert cut.exit_code == CANNOT_BEGIN
            assert "nothing is lost, the same command goes on from there" in cut.stderr
        assert results[-1].exit_code == 0, results[-1].output
        assert max(line.counts().values(), default=0) <= len(results)


def test_what_only_one_end_has_is_named(folder: Folder, standing: StandIn) -> None:
    """Somebody's document, which central does not take."""
    there = written(folder, in_couchdb(folder, standing.url), "there")
    peer = standing.peer("dossiers")
    peer.create()
    assert peer.bulk_docs([{"_id": "f" * 32, "_rev": "1-" + "a" * 32}]) == []
    peer.close()
    result = migrate(folder.settings, there)
    assert result.exit_code == 1
    assert told(result)["dossiers"]["only_there"] == 1
    assert told(result)["dossiers"]["named"] == ["f" * 32]


def test_what_is_not_a_move_is_not_begun(folder: Folder, standing: StandIn, tmp_path: Path) -> None:
    there = in_couchdb(folder, standing.url)
    same = written(folder, read_settings(folder.path), "same")
    stranger = written(folder, msgspec.structs.replace(there, node="central.9"), "stranger")
    shutil.copytree(folder.path, tmp_path / "copy")
    elsewhere = written(Folder(tmp_path / "copy"), there, "elsewhere")
    for to, words in (
        (same, "as before"),
        (stranger, "not of central.1"),
        (elsewhere, "about another folder"),
    ):
        result = migrate(folder.settings, to)
        assert result.exit_code == CANNOT_BEGIN
        assert words in result.stderr
