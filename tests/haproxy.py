"""Debian's HAProxy, with what docs/ says for it."""

from __future__ import annotations

import contextlib
import csv
import re
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.waiting import until

DOCS: Final = Path(__file__).parents[1] / "docs"
PROGRAM: Final = "/usr/sbin/haproxy"
DEBIANS: Final = Path("/etc/haproxy/haproxy.cfg")
"""At the end of which the pages say that theirs is to be written."""
_GLOBAL: Final = "global\n    stats socket {socket} mode 600 level operator\n\n"
"""In the place of Debian's own section, which needs root."""


def written(page: str, frontend: str, replaced: Mapping[str, str]) -> str:
    """What a page says for a frontend and its backend. `replaced`: what stands there, and what is meant here."""
    text = (DOCS / page).read_text(encoding="utf-8")
    (said,) = re.findall(rf"^```\n(frontend {frontend}\n.*?)^```$", text, re.M | re.S)
    for shown, meant in replaced.items():
        assert shown in said, f"{page} says nothing of {shown}"
        said = said.replace(shown, meant)
    return str(said)


class HAProxy:
    """A process with Debian's `defaults`. What is said is right at the end of Debian's whole file, too, and warned of by nothing."""

    def __init__(self, folder: Path, said: str) -> None:
        self._socket, ours = folder / "socket", folder / "ours.cfg"
        ours.write_text(said, encoding="utf-8")
        found = subprocess.run([PROGRAM, "-c", "-f", DEBIANS, "-f", ours], capture_output=True, text=True)
        assert (found.returncode, "WARNING" in found.stderr) == (0, False), found.stderr
        defaults = folder / "defaults.cfg"
        section = DEBIANS.read_text(encoding="utf-8").partition("\ndefaults\n")[2]
        defaults.write_text(f"{_GLOBAL.format(socket=self._socket)}defaults\n{section}", encoding="utf-8")
        self._process = subprocess.Popen([PROGRAM, "-db", "-f", defaults, "-f", ours])
        until(self._socket.exists, "HAProxy runs")

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate()

    def servers(self) -> dict[str, dict[str, str]]:
        """By name, what it shows of each: `status`, `check_status`, `check_code`, `scur`, `stot`. Its manual, §9.1."""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self._socket))
            line.sendall(b"show stat\n")
            shown = line.makefile(encoding="utf-8").read().removeprefix("# ").strip().splitlines()
        rows = [row for row in csv.DictReader(shown) if row["svname"] not in ("FRONTEND", "BACKEND")]
        return {row["svname"]: row for row in rows}

    def up(self) -> set[str]:
        """The servers to which it sends somebody."""
        return {name for name, row in self.servers().items() if row["status"].startswith("UP")}


@contextlib.contextmanager
def haproxy(said: str) -> Iterator[HAProxy]:
    """In a folder whose name is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="haproxy") as folder:
        made = HAProxy(Path(folder), said)
        try:
            yield made
        finally:
            made.close()
