"""Two neighbouring versions in one centre: the newest release, built from its commit and installed by itself, and this tree."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from central.demo.audit import Reader
from central.demo.plan import AUDITOR
from central.inspection.reading import Snapshot
from central.verify import verify
from edge.clock import system_clock
from edge.folder import Folder
from edge.ids import Ids
from edge.node import Node
from edge.settings import read_settings
from edge.tables import migrations
from edge.tables.migrations import MIGRATIONS
from tests.install.builds import ROOT, environment, newest_release, released, wheel
from tests.museum import telling
from tests.network import Weather, network
from tests.scenarios.places import EDGES, NAMES, Centre, working

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1200)]
HEADER = 100
"""Bytes in which SQLite counts who opened a file for writing."""
CUT = Weather(is_open=False)
Told = dict[str, dict[str, Any]]
"""Of each stream, as `telling.told_of`."""


@dataclass(frozen=True, slots=True)
class Release:
    """A version that was released: its commands in an environment of their own."""

    programs: Path

    @property
    def motcua(self) -> Path:
        return self.programs / "motcua"


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Release:
    commit = newest_release()
    if commit is None:
        pytest.fail("there is no tag v* and no commit of a release: fetch both (docs/releasing.md)")
    folder = tmp_path_factory.mktemp("release")
    tree = released(commit, folder / "tree")
    return Release(environment(folder, wheel(folder, tree), tree / "requirements.lock"))


@pytest.fixture(scope="module")
def played(before: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A centre that the release founded, after a day under it."""
    folder = tmp_path_factory.mktemp("played")
    command = [str(before.motcua), "demo", "--once", "--json", "--data", str(folder / "centre")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["converged"] is True
    return folder / "centre"


def held(centre: Centre, name: str) -> telling.Centre:
    """What a machine gives to whoever reads it by CouchDB's protocol."""

    def read() -> telling.Centre:
        reader = Reader(centre.network.page_url(name), AUDITOR)
        streams: dict[str, list[dict[str, Any]]] = {}
        for database in ("dossiers", "visits"):
            for document in reader.documents(database):
                streams.setdefault(document["stream"], []).append(document)
        entries = sorted(reader.documents("catalog"), key=lambda entry: int(entry["seq"]))
        root = Folder(centre.data / name).root.read_bytes()
        return telling.Centre(root.hex(), entries, streams)

    return centre.network.at(name, read)


def told(centre: Centre) -> Told:
    """What each machine's version folds of what that machine holds, once all hold the same."""
    found: dict[str, telling.Centre] = {}

    def alike() -> bool:
        found.update({name: held(centre, name) for name in NAMES})
        acts = [{act["_id"] for acts in one.streams.values() for act in acts} for one in found.values()]
        return all(one == acts[0] for one in acts)

    centre.wait(alike)
    said = {name: told_by(centre, name, found[name]) for name in NAMES}
    assert [name for name in NAMES if said[name] != said["central"]] == []
    return said["central"]


def told_by(centre: Centre, name: str, holding: telling.Centre) -> Told:
    program = centre.programs.get(name)
    if program is None:
        return telling.told(holding)
    command = [str(program.parent / "python"), "-P", str(ROOT / "tests/museum/telling.py")]
    wanted = msgspec.json.encode(holding)
    done = subprocess.run(command, cwd=centre.data, input=wanted, capture_output=True, check=True)
    said: Told = json.loads(done.stdout)
    return said


@pytest.mark.parametrize(
    "newer",
    [("central", "counter-02"), ("counter-01", "room-01")],
    ids=["an old counter under a new central", "a new counter under an old central"],
)
def test_each_has_what_the_other_received(
    before: Release, played: Path, tmp_path: Path, newer: tuple[str, ...]
) -> None:
    """By central, and while that is away by each other; both fold it alike. Then the others get the new version too."""
    data = tmp_path / "centre"
    shutil.copytree(played, data)
    older = dict.fromkeys((name for name in NAMES if name not in newer), before.motcua)
    with network(NAMES) as lines, working(data, lines, older) as centre:
        centre.start()
        here, there = centre.receive("counter-01"), centre.receive("counter-02")
        centre.wait(lambda: centre.all_have(here, there))
        centre.appraise(here)
        centre.appraise(there)
        centre.wait(lambda: centre.acts_of("central", here) == centre.acts_of("central", there) == 2)

        lines.around("central", CUT)
        alone = (centre.receive("counter-01"), centre.receive("counter-02"))
        centre.wait(lambda: centre.all_have(*alone, names=EDGES))
        lines.mend()
        centre.wait(lambda: centre.all_have(here, there, *alone))
        said = told(centre)
        assert {here, there, *alone} <= said.keys()

    with network(NAMES) as lines, working(data, lines) as centre:
        centre.start()
        after = centre.receive("counter-01")
        centre.wait(lambda: centre.all_have(here, there, *alone, after))
        now = told(centre)
        lines_before = {(stream, *line) for stream in said for line in said[stream]["timeline"]}
        assert lines_before <= {(stream, *line) for stream in now for line in now[stream]["timeline"]}
    assert [str(one) for one in verify(data).findings] == []


def test_there_is_no_way_back(
    before: Release, played: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The release refuses what a later version brought forward, and changes nothing; that version goes on with it.

    Where this tree's tables are still those of the release, the later version is this tree with one change more.
    """
    shutil.copytree(played / "counter-01", tmp_path / "counter-01")
    folder = Folder(tmp_path / "counter-01")
    known = version(folder)
    if len(MIGRATIONS) == known:
        monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, lambda connection: None))
    rows = open_and_count(folder)
    assert version(folder) == len(migrations.MIGRATIONS) > known
    left = folder.database.read_bytes()[HEADER:]

    command = [str(before.motcua), "edge", "--data", str(folder.path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2, done.stderr
    assert "was written by a newer version of Motcua" in done.stderr
    assert folder.database.read_bytes()[HEADER:] == left
    assert open_and_count(folder) == rows > 0


def version(folder: Folder) -> int:
    with closing(Snapshot(folder.database)) as snapshot:
        ((number,),) = snapshot.select("PRAGMA user_version")
    return int(number)


def open_and_count(folder: Folder) -> int:
    """Open a node as this tree does, and close it; how many dossiers its lists know."""
    node = Node(folder, read_settings(folder.path), clock=system_clock, ids=Ids())
    try:
        with node.file.read() as connection:
            ((rows,),) = connection.execute("SELECT count(*) FROM dossier")
        return int(rows)
    finally:
        node.close()
