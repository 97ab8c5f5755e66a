"""The demo's centre: what somebody has written into its settings, and what each start writes there."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from central.demo.centre import RunningCentre
from central.demo.plan import HOST, nodes
from edge.clock import system_clock
from edge.settings import CouchdbSettings, read_settings, write_settings


def test_central_of_the_demo_stays_where_its_documents_and_projections_are(
    founded: Path, tmp_path: Path
) -> None:
    """Somebody wants to see it with a cluster and a server beside it; the machines know nothing of that."""
    shutil.copytree(founded, tmp_path / "demo")
    central, address = tmp_path / "demo" / "central", "postgresql://motcua@/motcua?host=/run/postgresql"
    cluster = CouchdbSettings("http://127.0.0.1:5984", "couchdb")
    told = {"documents": "couchdb", "couchdb": cluster, "projections": address, "projectors": 2}
    write_settings(central, msgspec.structs.replace(read_settings(central), **told))
    plan = nodes(first_port=0)
    running = RunningCentre(tmp_path / "demo", plan, system_clock)
    for source in plan[1:]:
        for target in plan:
            if source != target:
                running.switchboard.connect(source.name, target.name, (HOST, 1))
    running.switchboard.start()
    try:
        running.configure(
            {node.name: 8600 + number for number, node in enumerate(plan)}, "http://127.0.0.1:1"
        )
    finally:
        running.switchboard.stop()
    after = {node.name: read_settings(tmp_path / "demo" / node.name) for node in plan}
    assert {name: getattr(after["central"], name) for name in told} == told
    assert after["central"].port == 8600
    assert {one.documents for name, one in after.items() if name != "central"} == {"embedded"}
