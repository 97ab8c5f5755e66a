"""SIGKILL while portals send and central sends on: a real process, real sockets, an exchange that is a real server.

A portal sends one submission after the other, and the same again while it heard nothing. In the end each is registered once,
with its files, under the name that the portal was told; and the exchange has heard of each, never two things under one name.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import msgspec
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver
from http_message_signatures.algorithms import ED25519

from central.inspection.reading import Snapshot
from edge.clock import system_clock
from edge.settings import ExchangeSettings, PortalSettings, read_settings, write_settings
from schemas.canonical import to_base64
from tests.exchange import ExchangeServer
from tests.large import enlarged
from tests.portal import NAME, PATH, submission
from tests.proving import Times
from tests.waiting import until

USUAL_KILLS, ALL_KILLS = 2, 40
LONGEST_LIFE_S = 1.5


@dataclass
class Sender:
    """A portal at the other end of a real line. `told`: which dossier central said each submission is."""

    key: Ed25519PrivateKey
    told: dict[str, str] = field(default_factory=dict)
    sent: int = 0

    def send(self, url: str, name: str) -> None:
        body = json.dumps(submission(name)).encode()
        with requests.Session() as session:
            request = session.prepare_request(
                requests.Request("POST", url + PATH, data=body, headers={"Content-Type": "application/json"})
            )
            keys = MappingKeyResolver(public_keys={}, private_keys={NAME: self.key})
            HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=keys).sign(
                request,
                key_id=NAME,
                created=system_clock(),
                covered_component_ids=("@method", "@path"),
                body=body,
            )
            answer = session.send(request, timeout=30)
        assert answer.status_code in (200, 201), answer.text
        dossier = answer.json()["dossier"]
        assert self.told.setdefault(name, dossier) == dossier, "once told, it is the same for ever"

    def work(self, url: str, failed: list[BaseException]) -> None:
        """Until nobody answers any more; the submission that heard nothing is sent again in the next life."""
        try:
            while True:
                self.send(url, f"s{self.sent}")
                self.sent += 1
        except requests.RequestException:
            return
        except AssertionError as why:
            failed.append(why)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "central.cli", "central", "--watch-stdin", "--data", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().split()[-1].rstrip("/")
        finally:
            process.kill()


@pytest.fixture
def folder(founded: Path, tmp_path: Path) -> Iterator[Path]:
    """Central's."""
    folder = Path(shutil.copytree(founded / "central", tmp_path / "central"))
    with enlarged(folder):
        yield folder


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_a_central_that_is_killed_registers_each_submission_once_and_tells_of_each(
    folder: Path, times: Times
) -> None:
    sender, exchange, random = Sender(Ed25519PrivateKey.generate()), ExchangeServer(), Random(1)
    exchange.start()
    portal = PortalSettings(NAME, "Cổng", to_base64(sender.key.public_key().public_bytes_raw()))
    settings = msgspec.structs.replace(
        read_settings(folder),
        port=0,
        portals=(portal,),
        exchange=ExchangeSettings(f"http://127.0.0.1:{exchange.port}/ho-so"),
    )
    write_settings(folder, settings)
    failed: list[BaseException] = []
    for _ in range(times(USUAL_KILLS, ALL_KILLS)):
        with running(folder) as (process, url):
            work = threading.Thread(target=sender.work, args=(url, failed))
            work.start()
            threading.Event().wait(random.uniform(0.1, LONGEST_LIFE_S))
            process.kill()
            work.join()
        assert failed == []
    with running(folder) as (_, url):
        for number in range(sender.sent + 1):
            sender.send(url, f"s{number}")
        until(lambda: heard(exchange) >= set(sender.told.values()))
    with contextlib.closing(Snapshot(folder / "node.db")) as snapshot:
        rows = list(snapshot.select("SELECT name, stream FROM submission"))
        assert dict(rows) == sender.told
        assert len(rows) == len(sender.told) == sender.sent + 1
        (files,) = next(iter(snapshot.select("SELECT count(*) FROM inbox WHERE files = 2")))
        assert files == len(rows), "registered with its files, or not at all"
    bodies: dict[str, bytes] = {}
    for got in exchange.got:
        assert bodies.setdefault(got.name, got.body) == got.body
    exchange.stop()


def heard(exchange: ExchangeServer) -> set[str]:
    """The dossiers that the exchange has heard of, by the names of the messages."""
    return {got.name.strip('"').partition(" ")[2].partition(".")[0] for got in exchange.got}
