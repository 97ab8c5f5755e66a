"""`motcua personal-data` and `motcua views`: the same from a terminal, for a folder on a stick."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from central.cli import main
from edge.clock import system_clock
from edge.folder import Folder
from edge.ids import Ids
from edge.ledger import Draft
from edge.node import Node
from edge.settings import read_settings
from schemas.acts import Party, ReceivedComponent

NUMBER = "020085004127"


@pytest.fixture
def counter(founded: Path, tmp_path: Path) -> Path:
    """A centre on disk; at its first counter one dossier was received, and looked at twice."""
    data = Path(shutil.copytree(founded, tmp_path / "centre"))
    folder = Folder(data / "counter-01")
    node = Node(folder, read_settings(folder.path), clock=system_clock, ids=Ids())
    stream = node.ids.stream(node.clock())
    draft = Draft("1.000703", Party("Nông Văn Thắng", NUMBER), (ReceivedComponent("Đơn", 1),))
    node.ledger.receive(stream, draft, by="hanh.nh", spool=node.papers.spool_slip)
    for _ in range(2):
        node.views.looked("hanh.nh", stream, "dossier.page")
    (event,) = node.projector.events_of(stream)
    document = node.stores["dossiers"].get(f"{stream}:{event.hash}")
    node.close()
    central = Folder(data / "central")
    node = Node(central, read_settings(central.path), clock=system_clock, ids=Ids())
    node.stores["dossiers"].bulk_docs([document], new_edits=False)
    node.close()
    return folder.path


def _run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, arguments, input=typed)


def test_an_export_is_a_folder_with_data_a_page_and_files(counter: Path, tmp_path: Path) -> None:
    """The number is typed, never an argument: a list of processes is read by everybody."""
    data, out = counter.parent / "central", tmp_path / "out"
    arguments = ("personal-data", "export", "--data", str(data), "--out", str(out), "--by", "quan.nv")
    result = _run(*arguments, typed=f"{NUMBER}\n")
    assert result.exit_code == 0, result.output
    told = json.loads((out / "data.json").read_bytes())
    assert [act["title"] for act in told["streams"][0]["acts"]] == ["Tiếp nhận"]
    assert "Nông Văn Thắng" in (out / "readable.html").read_text(encoding="utf-8")
    assert out.stat().st_mode & 0o077 == 0
    looks = json.loads(_run("views", "--data", str(data), "--json").stdout)["looks"]
    assert [(look["person"], look["what"]) for look in looks] == [("quan.nv", "personal.export")]


def test_the_register_of_processing_is_printed(founded: Path) -> None:
    register = json.loads(_run("personal-data", "register", "--json").stdout)["register"]
    assert {row["id"] for row in register} >= {"dossiers", "staff", "views"}
    assert all(row[member] for row in register for member in ("what", "why", "ground", "who", "kept"))
    assert _run("personal-data", "register").exit_code == 0


def test_looks_are_listed_and_a_changed_log_is_found_out(counter: Path) -> None:
    """Exit status 1, and the line that is wrong."""
    whole = _run("views", "--data", str(counter), "--person", "hanh.nh", "--json")
    assert whole.exit_code == 0
    assert json.loads(whole.stdout)["count"] == 2
    folder = Folder(counter)
    node = Node(folder, read_settings(counter), clock=system_clock, ids=Ids())
    with node.file.write() as connection:
        connection.execute("UPDATE view_log SET person = 'long.pd' WHERE line = 1")
    node.close()
    changed = _run("views", "--data", str(counter), "--json")
    assert changed.exit_code == 1
    assert json.loads(changed.stdout)["broken"] == "line 1 was changed"
