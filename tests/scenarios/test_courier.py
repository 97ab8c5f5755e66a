"""`motcua courier`: a stick between machines of which one runs and the other does not, as an administrator would do it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from central.demo.centre import centre as run_centre
from central.demo.plan import nodes
from edge.clock import system_clock
from edge.courier import Courier
from edge.folder import Folder
from edge.sticks import Give, ask
from tests.centres import SmallCentre
from tests.large import enlarged
from tests.scenarios.conftest import Start


@pytest.fixture
def data(founded: Path, tmp_path: Path) -> Path:
    """A counter has received a dossier, and nobody else knows."""
    data = tmp_path / "centre"
    shutil.copytree(founded, data)
    centre = SmallCentre(data, "counter-01")
    centre.receive()
    centre.close()
    return data


def _run(motcua: Start, *arguments: object) -> tuple[int, str, str]:
    process = motcua("courier", *arguments)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_a_stick_goes_both_ways(motcua: Start, data: Path, tmp_path: Path) -> None:
    there, back = tmp_path / "there.motcua", tmp_path / "back.motcua"
    counter, central = data / "counter-01", data / "central"
    status, out, _ = _run(motcua, "export", "--to", "central.1", there, "--data", counter)
    assert (status, "Rút USB được rồi." in out) == (0, True)
    status, out, _ = _run(motcua, "import", there, "--data", central, "--json")
    told = json.loads(out)
    assert (status, told["sender"], told["new"]["dossiers"], told["refused"]) == (0, "counter-01.1", 1, 0)
    _run(motcua, "export", "--to", "counter-01.1", back, "--data", central)
    status, out, _ = _run(motcua, "import", back, "--data", counter)
    assert (status, "Của central.1: 0 việc mới" in out) == (0, True)
    centre = SmallCentre(data, "counter-01")
    assert centre["counter-01"].register.waiting().count == 0
    centre.close()


def test_what_cannot_be_done_is_one_line_that_says_why(motcua: Start, data: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.motcua"
    status, _, err = _run(motcua, "export", "--to", "counter-77.1", file, "--data", data / "counter-01")
    assert (status, err.count("\n"), "has no card for counter-77.1" in err) == (2, 1, True)
    _run(motcua, "export", "--to", "central.1", file, "--data", data / "counter-01")
    status, _, err = _run(motcua, "import", file, "--data", data / "room-01")
    assert (status, err.count("\n"), "is for central.1" in err) == (2, 1, True)
    file.write_bytes(file.read_bytes()[:-1])
    status, _, err = _run(motcua, "import", file, "--data", data / "central")
    assert (status, "is damaged or was changed" in err) == (2, True)


@pytest.mark.proof
def test_a_running_node_does_it_itself(motcua: Start, data: Path, tmp_path: Path) -> None:
    """The folder is the node's as long as it runs; the command asks it, and hears of every step."""
    file = tmp_path / "x.motcua"
    centre = SmallCentre(data, "counter-01")
    Courier(centre["counter-01"]).give("central.1", file)
    centre.close()
    with enlarged(data / "central"), run_centre(data, nodes(first_port=0), system_clock):
        status, out, err = _run(motcua, "import", file, "--data", data / "central", "--json")
        assert (status, err) == (0, "")
        assert json.loads(out)["sender"] == "counter-01.1"
        status, out, _ = _run(
            motcua, "export", "--to", "counter-02.1", tmp_path / "y.motcua", "--data", data / "central"
        )
        assert (status, "Rút USB được rồi." in out) == (0, True)
        status, _, err = _run(
            motcua, "export", "--to", "counter-02.1", tmp_path / "no" / "y", "--data", data / "central"
        )
        assert (status, "is the stick in?" in err) == (2, True)
    assert ask(Folder(data / "central"), Give("counter-02.1", "x"), lambda stage, done, of: None) is None
