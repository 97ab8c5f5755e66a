"""A running demo centre: one process a node, a switchboard between them, and a switch for each cable."""

from __future__ import annotations

import contextlib
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
from argon2 import PasswordHasher
from flask import Flask, Response, jsonify, request

from central.demo import crash
from central.demo.plan import AUDITOR, HOST, PEOPLE, SEAL_PIN, DemoNode
from central.demo.switchboard import Switchboard
from central.starting import READY
from edge.clock import Clock
from edge.errors import CannotStart
from edge.server import serving
from edge.settings import (
    DemoSettings,
    NodeSettings,
    PeerSettings,
    ReaderSettings,
    read_settings,
    write_settings,
)
from schemas.entries import Duty

START_S: Final = 60.0
STOP_S: Final = 15.0
STICK: Final = "usb"
BEYOND: Final = ("documents", "couchdb", "projections", "projectors")
"""What central's settings say of other machines than its own."""
_BELOW_CONNECTIONS: Final = range(20_000, 32_000)
"""Ports that Linux gives to no connection by itself (`ip_local_port_range`)."""


@dataclass(slots=True)
class RunningNode:
    """A node of the demo and its process."""

    demo: DemoNode
    folder: Path
    process: subprocess.Popen[str] | None = None
    url: str = ""
    killed: int = 0
    ready: threading.Event = field(default_factory=threading.Event)


class RunningCentre:
    """Starts, restarts and stops the nodes; `centre` makes one and ends it whatever happens."""

    def __init__(self, data: Path, nodes: Sequence[DemoNode], clock: Clock) -> None:
        self.data = data
        self.switchboard = Switchboard(clock)
        self.nodes = {node.name: RunningNode(node, data / node.name) for node in nodes}
        self._token = secrets.token_urlsafe(24)
        self._reader = ReaderSettings(AUDITOR[0], PasswordHasher().hash(AUDITOR[1]))
        self._stopping = False

    def url(self, name: str) -> str:
        """Without a slash at its end; "" for a node that has not started yet, or has given up."""
        return self.nodes[name].url

    def start(self, name: str) -> None:
        """Start a node's process; it is `ready` when it serves."""
        node = self.nodes[name]
        node.ready.clear()
        kind = "central" if Duty.CATALOG in node.demo.place.duties else "edge"
        command = [sys.executable, "-m", "central.cli", kind, "--watch-stdin", "--data", str(node.folder)]
        with (node.folder / "log.txt").open("a", encoding="utf-8") as log:
            node.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        threading.Thread(target=self._follow, args=(node, node.process), daemon=True).start()

    def wait_until_ready(self, names: Sequence[str] = ()) -> None:
        """Wait until nodes serve; raises `CannotStart` with the node's last words when one does not."""
        for name in names or list(self.nodes):
            node = self.nodes[name]
            if not node.ready.wait(START_S) or not node.url:
                raise CannotStart(f"{name} did not start: {_last_line(node.folder / 'log.txt')}")

    def crash_in_next_reception(self, name: str) -> None:
        """The process dies within that COMMIT; it is started again, as after any kill."""
        crash.arm(self.nodes[name].folder)

    def stop(self) -> None:
        """Ask every node to end, and end it if it does not."""
        self._stopping = True
        processes = [node.process for node in self.nodes.values() if node.process is not None]
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @property
    def stick(self) -> Path:
        """A folder that is in every machine of the demo at once, where people would carry a USB stick about."""
        return (self.data / STICK).absolute()

    def configure(self, ports: dict[str, int], switches: str) -> None:
        """Write each node's configuration for this start: its port, and its lines through the switchboard.

        Where somebody has said that central's documents or projections lie, they stay.
        """
        self.stick.mkdir(exist_ok=True)
        names = {node.demo.place.node: node.demo for node in self.nodes.values()}
        for demo in names.values():
            peers = (
                []
                if Duty.CATALOG in demo.place.duties
                else [other for other in names.values() if other != demo]
            )
            pins = {person.id: person.pin for person in PEOPLE}
            settings = NodeSettings(
                node=demo.place.node,
                host=HOST,
                port=ports[demo.name],
                peers=tuple(
                    PeerSettings(peer.place.node, self.switchboard.url(demo.name, peer.name))
                    for peer in peers
                ),
                readers=(self._reader,),
                heartbeat_ms=2_000,
                sticks=(str(self.stick),),
                demo=DemoSettings(pins, SEAL_PIN, switches, self._token),
            )
            if Duty.CATALOG in demo.place.duties:
                before = read_settings(self.data / demo.name)
                settings = msgspec.structs.replace(
                    settings, **{name: getattr(before, name) for name in BEYOND}
                )
            write_settings(self.data / demo.name, settings)

    def switches(self) -> Flask:
        """What central's page calls: `GET /cables`, `POST /cables/<node>`."""
        app = Flask("switches")
        names = {node.demo.place.node: node.demo.name for node in self.nodes.values()}

        @app.get("/cables")
        def cables() -> Response:
            plugged = self.switchboard.plugged(self.nodes)
            return jsonify({node: plugged[name] for node, name in names.items()})

        @app.post("/cables/<node>")
        def switch(node: str) -> tuple[Response, int]:
            if not secrets.compare_digest(request.headers.get("Authorization", ""), f"Bearer {self._token}"):
                return jsonify({"error": "unauthorized"}), 401
            if node not in names:
                return jsonify({"error": "not_found"}), 404
            plug = bool((request.get_json(silent=True) or {}).get("plugged"))
            (self.switchboard.plug if plug else self.switchboard.pull)(names[node])
            return jsonify({"plugged": plug}), 200

        return app

    def _follow(self, node: RunningNode, process: subprocess.Popen[str]) -> None:
        """Read what the process says; start it again if it was killed."""
        assert process.stdout is not None  # noqa: S101 - asked for above
        for line in process.stdout:
            if line.startswith(READY):
                node.url = line.split()[-1].rstrip("/")
                node.ready.set()
        status = process.wait()
        process.stdout.close()
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        if self._stopping:
            return
        if status < 0:
            node.ready.clear()  # before it counts as killed: who sees that it was waits for the new process
            node.killed += 1
            self.start(node.demo.name)
        else:
            node.url = ""
            node.ready.set()


@contextlib.contextmanager
def centre(data: Path, nodes: Sequence[DemoNode], clock: Clock) -> Iterator[RunningCentre]:
    """Run a prepared centre until the block ends. Raises `CannotStart`."""
    running = RunningCentre(data, nodes, clock)
    ports = {node.name: free_port(node.port) for node in nodes}
    for source in nodes:
        for target in nodes:
            if source != target and Duty.CATALOG not in source.place.duties:
                running.switchboard.connect(source.name, target.name, (HOST, ports[target.name]))
    running.switchboard.start()
    try:
        with serving(running.switches(), HOST, 0, threads=2) as (host, port):
            running.configure(ports, f"http://{host}:{port}")
            try:
                for name in running.nodes:
                    running.start(name)
                running.wait_until_ready()
                yield running
            finally:
                running.stop()
    finally:
        running.switchboard.stop()


def free_port(wanted: int = 0) -> int:
    """`wanted`, or any free one for 0. Raises `CannotStart` when it is in use.

    The system would choose one that it may give to somebody's connection before the node has taken it.
    """
    if not wanted:
        tried = (_BELOW_CONNECTIONS.start + secrets.randbelow(len(_BELOW_CONNECTIONS)) for _ in range(50))
        for port in tried:
            with contextlib.suppress(CannotStart):
                return free_port(port)
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError as why:
            raise CannotStart(f"port {wanted} is in use: stop what uses it, and start again") from why
        return int(probe.getsockname()[1])


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "it said nothing"
