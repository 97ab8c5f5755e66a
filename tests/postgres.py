"""A PostgreSQL server of Debian's, with a cluster of its own in a folder of its own, on a socket and no port."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

import psycopg

from tests.waiting import until

PROGRAMS: Final = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
"""Debian keeps them beside each other, by version, and outside the path."""
USER: Final = "postgres"
OURS: Final = "motcua"
"""Who owns the databases, and nothing else there."""


class Postgres:
    """It will not run as root, and then runs as Debian's own user; what it says is durable as it is everywhere."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._data = folder, folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        if os.geteuid() == 0:
            owner = pwd.getpwnam(USER)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        options = ["--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C", "--no-sync"]
        self._run("initdb", *options, "-D", str(self._data))
        self.start()
        self._run("createuser", "-h", str(folder), OURS)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(self._as_user(program, *arguments), check=True, capture_output=True)

    def _as_user(self, program: str, *arguments: str) -> list[str]:
        command = [str(PROGRAMS[-1] / program), *arguments]
        return ["runuser", "-u", USER, "--", *command] if os.geteuid() == 0 else command

    def url(self, database: str, user: str = OURS) -> str:
        return f"postgresql://{user}@/{database}?host={quote(str(self._folder), safe='')}"

    def new_database(self) -> str:
        """The address of an empty one, made as docs/projections.md says."""
        address = self.next_address()
        self.create(address)
        return address

    def next_address(self) -> str:
        """Of a database that is not there yet."""
        self._databases += 1
        return self.url(f"motcua_{self._databases}")

    def create(self, address: str) -> None:
        options = ["--owner", OURS, "--encoding", "UTF8", "--template", "template0"]
        self._run("createdb", "-h", str(self._folder), *options, _named(address))

    def drop(self, address: str) -> None:
        """Take a database away, whoever is inside; one that was never made is away."""
        self._run("dropdb", "-h", str(self._folder), "--if-exists", "--force", _named(address))

    def start(self) -> None:
        arguments = ["-D", str(self._data), "-k", str(self._folder), "-c", "listen_addresses="]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._as_user("postgres", *arguments),
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        until(self._answers)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: at once, all who are inside are put out; SIGQUIT: as if the power went."""
        assert self._process is not None
        os.kill(int((self._data / "postmaster.pid").read_text().split()[0]), how)
        self._process.wait(timeout=120)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(USER, USER)).close()
        except psycopg.OperationalError:
            return False
        return True


def _named(address: str) -> str:
    return urlsplit(address).path.removeprefix("/")


@contextlib.contextmanager
def a_server() -> Iterator[Postgres]:
    """One for as long as the block lasts. A socket's path is short, and its user must come to it."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    try:
        server = Postgres(folder)
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
