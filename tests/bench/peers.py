"""Other programs that speak CouchDB's protocol, to be compared with: PouchDB Server from npm, a CouchDB elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

import msgspec
import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from urllib3.util import Retry

from sync.bare_server import Admin

_PROJECT: Final = Path(__file__).resolve().parents[2]
_POUCHDB_SERVER: Final = _PROJECT / "node_modules" / "pouchdb-server" / "bin" / "pouchdb-server"
_REPLICATE: Final = Path(__file__).parent / "pouchdb" / "replicate.js"
_ELSEWHERE: Final = os.environ.get("MOTCUA_COUCHDB_URL")  # noqa: TID251  # a test's own setting
STOP_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Peer:
    """A server at `url` (without a slash at its end). `process` is None where it runs elsewhere."""

    name: str
    url: str
    process: int | None
    user: str | None = None
    password: str | None = None

    @contextmanager
    def client(self) -> Iterator[requests.Session]:
        """A session as its admin, if it has one."""
        with requests.Session() as session:
            session.trust_env = False
            if self.user is not None and self.password is not None:
                session.auth = HTTPBasicAuth(self.user.encode(), self.password.encode())
            yield session


def lacks_pouchdb_server() -> str | None:
    """What is missing to start it; None where nothing is."""
    if shutil.which("node") is None:
        return "node is not installed"
    return None if _POUCHDB_SERVER.is_file() else "pouchdb-server is not in node_modules (npm install)"


@contextmanager
def pouchdb_server(folder: Path, admin: Admin | None = None) -> Iterator[Peer]:
    """PouchDB Server on LevelDB with its data in `folder`, logging only errors. Ready when the block begins. Without an `admin`
    everybody is one."""
    folder.mkdir(parents=True, exist_ok=True)
    log = {"file": str(folder / "log.txt"), "level": "error"}
    admins = {} if admin is None else {"admins": {admin.name: admin.password}}
    (folder / "config.json").write_text(json.dumps({"log": log, **admins}))
    port = _free_port()
    command = ["node", str(_POUCHDB_SERVER), "--port", str(port), "--dir", str(folder / "databases")]
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(
            [*command, "--config", str(folder / "config.json")], stdout=said, stderr=said, cwd=folder
        )
    with process:
        try:
            peer = Peer("PouchDB Server", f"http://127.0.0.1:{port}", process.pid, *(admin or ()))
            _await(peer)
            yield peer
        finally:
            process.terminate()
            try:
                process.wait(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


@dataclass(frozen=True, slots=True)
class Replicated:
    """What PouchDB says of a replication that it made: how long it took, and the processor's time of its process."""

    seconds: float
    processor: float
    written: int
    failed: int


def pouchdb_replicates(direction: Literal["from", "to"], remote: str, folder: Path) -> Replicated:
    """PouchDB on LevelDB in a process of its own copies from or to a database elsewhere, once."""
    said = subprocess.run(
        ["node", str(_REPLICATE), direction, remote, str(folder)], capture_output=True, check=True
    )
    return msgspec.json.decode(said.stdout, type=Replicated)


def couchdb_elsewhere() -> Peer | None:
    """The CouchDB that `MOTCUA_COUCHDB_URL` names: http://admin:password@host:5984."""
    if _ELSEWHERE is None:
        return None
    parts = urlsplit(_ELSEWHERE)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
    user, password = (None if one is None else unquote(one) for one in (parts.username, parts.password))
    return Peer("CouchDB", bare, None, user, password)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _await(peer: Peer) -> None:
    """Ask until it answers, for some seconds. Raises requests' `ConnectionError`."""
    with peer.client() as session:
        patient = Retry(total=None, connect=200, backoff_factor=0.05, backoff_max=0.1)
        session.mount("http://", HTTPAdapter(max_retries=patient))
        session.get(peer.url, timeout=10).raise_for_status()
