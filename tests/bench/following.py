"""What following the cluster costs a front: `python -m tests.bench.following [--dossiers N] [--alone N]`.

What the machines of the five years wrote lies in our bare server, in the place of a cluster, and a front as a process fetches it into
an empty folder: first dossier after dossier, as a data set comes, so that most begin and end in one page; then so that the acts of a dossier
lie as far apart as they can, as where many are under way. Then acts come one by one. No machine is connected to the front.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Final

import click
import requests

from central.centre import Place, enrol
from central.dataset.acts import Group
from central.dataset.making import found_once, world_in
from central.dataset.office import ADMINISTRATOR, GROUPS
from central.dataset.plan import five_years
from central.dataset.totals import totals
from central.demo.centre import free_port
from edge.clock import system_clock
from edge.folder import Folder
from edge.ids import Ids
from edge.node import Node
from edge.postgres.reading import Source
from edge.settings import NodeSettings, read_settings
from schemas.events import Document
from tests.bench import processes
from tests.bench.machine import processor_s
from tests.conformance.conftest import basic
from tests.fronts.stand_in import ADMIN, settings_for
from tests.scenarios.test_fronts_elsewhere import Front
from tests.waiting import until

BATCH: Final = 500
_PATIENCE_S: Final = 3_600


@click.command()
@click.option("--dossiers", default=2500, show_default=True, help="Whose acts are fetched.")
@click.option("--alone", default=300, show_default=True, help="How many acts come one by one afterwards.")
def main(dossiers: int, alone: int) -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        there = Path(folder) / "cluster"
        url = stack.enter_context(processes.bare_server(there, admin=f"{ADMIN.name}:{ADMIN.password}")).url
        client = stack.enter_context(requests.Session())
        client.trust_env, client.auth = False, basic(ADMIN.name, ADMIN.password)
        acts = list(_written(Path(folder) / "centre", dossiers))
        front = _enrolled(Path(folder) / "centre" / "central", Path(folder) / "front-1", url)
        _bring_catalog(Path(folder) / "centre" / "central", url, client)
        stack.callback(front.kill)
        together, apart = _together(acts), _apart(acts)
        for what, ordered in (("dossier after dossier", together), ("a dossier's acts apart", apart)):
            front.kill()
            front.empty()
            client.delete(f"{url}/dossiers", timeout=60).raise_for_status()
            client.put(f"{url}/dossiers", timeout=60).raise_for_status()
            before = ordered[:-alone]
            for first in range(0, len(before), BATCH):
                _write(client, url, before[first : first + BATCH])
            _say(f"fetched, {what}", len(before), *_fetched(front, len(before)))
        _say("followed alone", alone, *_followed(front, client, url, apart[-alone:], len(apart) - alone))


def _written(folder: Path, dossiers: int) -> Iterator[Document]:
    """The acts of dossiers by all machines of a centre that is founded for it."""
    ids = Ids()
    found_once(folder, ids)
    world, planned = world_in(folder, ids), five_years(totals(dossiers), 1)
    for group in range(GROUPS):
        yield from (act for name, act in Group(world, group, 1).documents(planned) if name == "dossiers")


def _together(acts: Sequence[Document]) -> list[Document]:
    """Dossier after dossier, in the order in which they begin."""
    begins: dict[str, str] = {}
    for act in sorted(acts, key=lambda one: one["at"]):
        begins.setdefault(act["stream"], act["at"])
    return sorted(acts, key=lambda one: (begins[one["stream"]], one["stream"], one["at"]))


def _apart(acts: Sequence[Document]) -> list[Document]:
    """The first act of every dossier, then the second of each, and so on."""
    counts: dict[str, int] = {}
    numbered = []
    for act in sorted(acts, key=lambda one: one["at"]):
        counts[act["stream"]] = number = counts.get(act["stream"], 0) + 1
        numbered.append((number, act["at"], act["_id"], act))
    return [act for *_, act in sorted(numbered, key=lambda one: one[:3])]


def _enrolled(central: Path, folder: Path, url: str) -> Front:
    node = Node(Folder(central), read_settings(central), clock=system_clock, ids=Ids())
    try:
        place = Place(f"{folder.name}.1", folder.name, 99, (), front=True)
        folder.mkdir()
        settings = NodeSettings(
            place.node,
            host="127.0.0.1",
            port=free_port(),
            documents="couchdb",
            couchdb=settings_for(url, folder),
        )
        enrol(Folder(folder), node, place, settings, by=ADMINISTRATOR)
    finally:
        node.close()
    return Front(Folder(folder))


def _bring_catalog(central: Path, url: str, client: requests.Session) -> None:
    """Central is there so long, and makes the databases."""
    with (
        closing(Source(Folder(central), read_settings(central).node)) as source,
        processes.node(central, couchdb=settings_for(url, central)),
    ):
        wanted = source.stores["catalog"].info().doc_count
        counted = f"{url}/catalog"
        until(
            lambda: client.get(counted, timeout=60).json().get("doc_count", 0) >= wanted,
            patience_s=_PATIENCE_S,
        )
        until(lambda: client.get(f"{url}/files", timeout=60).ok)


def _write(client: requests.Session, url: str, acts: Sequence[Document]) -> None:
    said = client.post(
        f"{url}/dossiers/_bulk_docs", json={"docs": list(acts), "new_edits": False}, timeout=120
    )
    assert (said.status_code, said.json()) == (201, []), said.text[:500]


def _fetched(front: Front, count: int) -> tuple[float, float]:
    """Seconds by the clock and of the front's processor, from when it answers until it has so many acts."""
    front.start()
    began, used = time.monotonic(), processor_s(front.pid)
    with closing(Source(front.folder, read_settings(front.folder.path).node)) as source:
        until(partial(_has, source, count), patience_s=_PATIENCE_S)
    return time.monotonic() - began, processor_s(front.pid) - used


def _followed(
    front: Front, client: requests.Session, url: str, acts: Sequence[Document], before: int
) -> tuple[float, float]:
    """The same of acts that come one by one, each when the one before is there and noted."""
    until(front.is_ready)
    began, used = time.monotonic(), processor_s(front.pid)
    with closing(Source(front.folder, read_settings(front.folder.path).node)) as source:
        for number, act in enumerate(acts):
            _write(client, url, [act])
            until(partial(_has, source, before + number + 1))
    return time.monotonic() - began, processor_s(front.pid) - used


def _has(source: Source, acts: int) -> bool:
    return source.stores["dossiers"].info().doc_count >= acts


def _say(what: str, count: int, clock_s: float, processor: float) -> None:
    click.echo(
        f"{what}: {count / clock_s:.0f} acts/s, {count / processor:.0f} acts/s of the front's processor,"
        f" {processor * 1000 / count:.2f} ms each ({count})"
    )


if __name__ == "__main__":
    main()
