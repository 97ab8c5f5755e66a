"""`motcua status`: asked of running machines, read from those that are off; nobody's database is opened for writing."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from central.demo.centre import RunningCentre, centre
from central.demo.plan import nodes
from edge.clock import system_clock
from edge.folder import Folder
from edge.status import SOCKET, NodeStatus, asked
from tests.large import enlarged
from tests.scenarios.conftest import Start
from tests.waiting import until


@pytest.fixture(scope="module")
def running(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    """One for all tests here; the last of them breaks it."""
    data = tmp_path_factory.mktemp("running") / "centre"
    shutil.copytree(founded, data)
    with enlarged(data / "central"), centre(data, nodes(first_port=0), system_clock) as one:
        yield one


def of(running: RunningCentre, name: str) -> NodeStatus:
    found = asked(Folder(running.data / name))
    assert found is not None
    return found


def lanes(one: NodeStatus, peer: str) -> dict[tuple[str, str], str]:
    return {
        (lane.database, lane.direction): lane.state
        for each in one.peers
        if each.node == peer
        for lane in each.lanes
    }


def by_command(motcua: Start, data: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit status, and what it prints for programs, by node."""
    process = motcua("status", "--data", data, "--json")
    out, err = process.communicate(timeout=60)
    assert err == ""
    return process.returncode, {one["node"]: one for one in json.loads(out)["nodes"]}


def test_only_the_user_of_the_machine_may_ask(running: RunningCentre) -> None:
    mode = (running.data / "central" / SOCKET).stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_a_centre_at_work_loses_a_line_and_a_machine(running: RunningCentre, motcua: Start) -> None:
    caught_up = {
        ("catalog", "pull"): "waiting",
        ("catalog", "push"): "waiting",
        ("visits", "pull"): "waiting",
        ("visits", "push"): "waiting",
        ("dossiers", "pull"): "waiting",
        ("dossiers", "push"): "waiting",
        ("files", "push"): "waiting",
    }
    until(lambda: lanes(of(running, "counter-01"), "central.1") == caught_up)
    until(lambda: set(lanes(of(running, "counter-01"), "room-01.1").values()) == {"resting"})
    until(lambda: all(peer.heard_at is not None for peer in of(running, "central").peers))
    code, found = by_command(motcua, running.data)
    assert code == 0
    assert set(found) == {"central.1", "counter-01.1", "counter-02.1", "room-01.1"}
    assert all(one["running"] and one["waiting"] == 0 and one["refused"] == 0 for one in found.values())
    pull = _lane(found["counter-01.1"], "central.1", "dossiers", "pull")
    assert (pull["lag_s"], pull["pending"]) == (None, 0)

    url = running.nodes["counter-01"].url.rstrip("/")
    for path in ("healthz", "readyz"):
        assert requests.get(f"{url}/{path}", timeout=30).status_code == 200
    figures = requests.get(f"{url}/metrics", timeout=30).text
    assert 'motcua_peer_lost{peer="central.1"} 0' in figures
    assert 'motcua_sync_pending_documents{peer="central.1",database="dossiers",direction="pull"} 0' in figures

    running.switchboard.pull("counter-01")
    until(lambda: lanes(of(running, "counter-01"), "central.1")["dossiers", "pull"] == "retrying")
    until(
        lambda: any(peer.lost_since for peer in of(running, "counter-01").peers if peer.node == "central.1")
    )
    code, found = by_command(motcua, running.data)
    assert code == 1
    lost = _lane(found["counter-01.1"], "central.1", "dossiers", "pull")
    assert lost["last_error"]
    assert lost["lag_s"] >= 0
    people = motcua("status", "--data", running.data / "counter-01")
    out, _ = people.communicate(timeout=60)
    assert people.returncode == 1
    assert "counter-01.1" in out
    assert "central.1" in out

    _stop(running, "room-01", lambda: asked(Folder(running.data / "room-01")) is None)
    code, found = by_command(motcua, running.data / "room-01")
    assert (code, found["room-01.1"]["running"]) == (1, False)
    assert found["room-01.1"]["catalog"] > 0
    assert {peer["why"] for peer in found["room-01.1"]["peers"]} == {"the node does not run"}


def test_a_folder_that_holds_no_node_is_one_clear_line(motcua: Start, tmp_path: Path) -> None:
    process = motcua("status", "--data", tmp_path)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert len(err.strip().splitlines()) == 1


def _lane(one: dict[str, Any], peer: str, database: str, direction: str) -> dict[str, Any]:
    (found,) = [
        lane
        for each in one["peers"]
        if each["node"] == peer
        for lane in each["lanes"]
        if (lane["database"], lane["direction"]) == (database, direction)
    ]
    return dict(found)


def _stop(running: RunningCentre, name: str, ended: Callable[[], bool]) -> None:
    process = running.nodes[name].process
    assert process is not None
    process.terminate()
    process.wait(timeout=30)
    until(ended)
