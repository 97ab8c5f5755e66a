"""`motcua demo`: the centre in one terminal, and `--once`: the outage scenario without a person."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from central.demo.audit import audit
from central.demo.centre import RunningCentre, centre
from central.demo.plan import AUDITOR, PEOPLE, nodes
from central.demo.player import Player
from central.demo.setup import PRINTED, claimed, prepare
from central.stopping import stop_signal, wait_until
from edge.clock import system_clock
from edge.errors import CannotStart
from edge.folder import Folder
from edge.ids import Ids


def run_demo(data: Path, *, first_port: int) -> None:
    """Run the demo until Ctrl-C or SIGTERM. Raises `CannotStart`."""
    console = Console()
    plan = nodes(first_port)
    with claimed(data):
        with console.status("Đang chuẩn bị trung tâm mẫu…"):
            fresh = prepare(data, plan, clock=system_clock, ids=Ids(), hasher=PRINTED)
        stopping = stop_signal()
        with centre(data, plan, system_clock) as running:
            _welcome(console, data, running, fresh)
            wait_until(stopping)
            console.print("Đang dừng: mọi việc đã lưu vẫn còn.")
    console.print("Đã dừng.")


def run_once(data: Path | None, *, seed: int, as_json: bool) -> int:
    """Play the scenario and audit it; 0 only if all is well. Without `data`, in a folder that is removed again."""
    began = time.monotonic()
    place = data or Path(tempfile.mkdtemp(prefix="motcua-")) / "demo"
    console = Console(stderr=True)
    try:
        with claimed(place):
            _require_fresh(place)
            with console.status("Đang diễn lại một ngày mất mạng…") as status:
                plan = nodes(first_port=0)
                prepare(place, plan, clock=system_clock, ids=Ids(), hasher=PRINTED)
                with centre(place, plan, system_clock) as running:
                    Player(running, seed, lambda what: status.update(what)).play()
                    report = audit(
                        {name: running.url(name) for name in running.nodes},
                        AUDITOR,
                        root=Folder(place / "central").root.read_bytes(),
                        papers={name: node.folder / "paper" for name, node in running.nodes.items()},
                        outages=running.switchboard.outages(),
                        killed=sum(node.killed for node in running.nodes.values()),
                        seed=seed,
                        seconds=lambda: time.monotonic() - began,
                    )
    finally:
        if data is None:
            shutil.rmtree(place.parent, ignore_errors=True)
    if as_json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        console.print(report)
    return 0 if report.all_well else 1


def _require_fresh(place: Path) -> None:
    if place.exists() and any(place.iterdir()):
        raise CannotStart(
            f"{place} is not empty: --once plays in a fresh folder, so that its figures are its own"
        )


def _welcome(console: Console, data: Path, running: RunningCentre, fresh: bool) -> None:
    places = Table("Máy trạm", "Địa chỉ", title="Motcua, trung tâm mẫu")
    for node in running.nodes.values():
        places.add_row(node.demo.place.title, f"{node.url}/")
    people = Table(
        "Người", "Việc", "Mã PIN", title="Người và mã PIN mẫu (mã PIN thẻ ký số giống mã PIN màn hình)"
    )
    for person in PEOPLE:
        people.add_row(person.name, person.title, person.pin)
    console.print(places, people)
    console.print(
        f"Dữ liệu: {data} ({'mới' if fresh else 'tiếp tục'}). Đọc cơ sở dữ liệu: {':'.join(AUDITOR)}."
    )
    console.print("Rút cáp, cắm cáp: trang Máy trạm của Trung tâm. Dừng: Ctrl-C.")
