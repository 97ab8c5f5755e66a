"""Following a page of docs/ as a person would: its commands, in a shell, with this machine's paths and addresses."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.large import Beyond, beyond

DOCS = Path(__file__).parents[2] / "docs"
DEADLINE_S = 90.0
SECRET = re.compile(r"\b[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}\b")
_STAYS = re.compile(r"motcua (central|central front|edge) --(data|config)\b")


def blocks(page: str, heading: str) -> list[str]:
    """The commands under a heading of a page, block by block."""
    text = (DOCS / page).read_text(encoding="utf-8")
    section = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert section is not None, f"{page} has no heading {heading}"
    found = re.findall(r"^( *)```sh\n(.*?)^ *```$", section[1], re.M | re.S)
    return [re.sub(rf"^{indent}", "", block, flags=re.M).strip() for indent, block in found]


def steps(page: str, heading: str) -> int:
    """How many numbered steps a section has."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return len(re.findall(r"^\d+\. ", text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0], re.M))


def commands(block: str) -> list[str]:
    """One by one; a backslash at the end of a line goes on with it."""
    return re.sub(r"\\\n\s*", "", block).splitlines()


@dataclass
class Running:
    """A command that goes on until it is stopped."""

    process: subprocess.Popen[str]
    url: str

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=DEADLINE_S)


@dataclass
class Walk:
    """A person at a shell. `replaced`: what stands on the page, and what is meant here. `typed`: answers to questions;
    one that is repeated gets the same answer again.
    """

    folder: Path
    replaced: Mapping[str, str]
    typed: Mapping[str, str] = field(default_factory=dict)
    programs: Path = Path(sys.executable).parent
    running: dict[str, Running] = field(default_factory=dict)
    patience_s: float = DEADLINE_S
    """How long one command may take."""
    noted: str = ""
    """The code or check that was printed last, in the place of the one on the page."""
    _given: Beyond | None = None
    _closing: ExitStack = field(default_factory=ExitStack)

    def do(self, command: str, **environment: str) -> str:
        """What it prints. A node is left running, under the name of its folder; all else must come to a good end."""
        command = self._meant(command)
        if _STAYS.match(command):
            return self._leave_running(command, environment)
        status, said = self._in_terminal(command)
        assert status == 0, f"{command}\n{said}"
        printed = SECRET.search(said)
        self.noted = printed[0] if printed else self.noted
        return said

    def finds(self, command: str) -> str:
        """What it says when it did its work and found something."""
        status, said = self._in_terminal(self._meant(command))
        assert status == 1, f"{command}\n{said}"
        return said

    def fails(self, command: str) -> str:
        """What it says when it does not do it."""
        status, said = self._in_terminal(self._meant(command))
        assert status == 2, f"{command}\n{said}"
        return said

    def tries(self, command: str) -> bool:
        """Whether it can be done by now."""
        return self._in_terminal(self._meant(command))[0] == 0

    def _meant(self, command: str) -> str:
        for shown, meant in self.replaced.items():
            command = command.replace(shown, meant)
        return SECRET.sub(self.noted, command) if self.noted else command

    def stop(self, name: str) -> None:
        self.running.pop(name).stop()

    def close(self) -> None:
        for name in list(self.running):
            self.stop(name)
        self._closing.close()

    def _script(self, command: str, **environment: str) -> list[str]:
        exported = {"PATH": f"{self.programs}:$PATH", "COLUMNS": "200", **environment}
        return [
            "bash",
            "-c",
            "".join(f'export {name}="{value}"; ' for name, value in exported.items()) + command,
        ]

    def _leave_running(self, command: str, environment: Mapping[str, str]) -> str:
        folder = Path(command.split()[-1])
        name = folder.name
        if command.startswith("motcua central") and (folder / "node.toml").exists():
            self._given = self._given or self._closing.enter_context(beyond())
            self._given.configure(folder)
            self._given.create()
        log = (self.folder / f"{name}.log").open("a", encoding="utf-8")
        with log:
            process = subprocess.Popen(
                self._script(f"exec {command}", **environment),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=self.folder,
            )
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("ready "), (self.folder / f"{name}.log").read_text(encoding="utf-8")
        self.running[name] = Running(process, line.split()[-1])
        return line

    def _in_terminal(self, command: str) -> tuple[int, str]:
        """Run it at a terminal of its own, where it may ask."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *self._script(command)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=self.folder,
        )
        os.close(theirs)
        said, answered, answer = "", 0, ""
        end = time.monotonic() + self.patience_s
        more = select.poll()
        more.register(ours, select.POLLIN)
        try:
            while time.monotonic() < end:
                if more.poll(500):
                    try:
                        said += os.read(ours, 65536).decode(errors="replace")
                    except OSError:  # the other side is closed
                        break
                question = said[answered:].rpartition("\n")[2]
                if question.endswith(": "):
                    answer = next((typed for asked, typed in self.typed.items() if asked in question), answer)
                    os.write(ours, f"{answer}\n".encode())
                    answered = len(said)
            return process.wait(self.patience_s), said.replace("\r\n", "\n")
        finally:
            os.close(ours)
            if process.poll() is None:  # with all that it started
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
