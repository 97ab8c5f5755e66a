"""Sticks at a running node: which are in, what lies on them, and the one bundle that is being made or taken.

People press a button on a page and look how far it is (`Errand`). A command on the same machine asks at a socket in the
node's folder, which only its user can open, and hears of every step.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import msgspec

from edge.courier import ENDING, Courier, Given, Lying, Stage, Taken, Told
from edge.errors import CannotStart, NodeError, NotGiven, NotTaken
from edge.folder import Folder
from edge.local_socket import line_to, listening
from sync.errors import SyncError, Unavailable

_log = logging.getLogger(__name__)

SOCKET: Final = "courier.sock"
MOUNTED_UNDER: Final = ("/media/", "/run/media/")
"""Where a system puts sticks by itself."""
MOST: Final = 100
"""Bundles of one stick that are looked at, the newest first."""
_TELL_S: Final = 0.2
_CONNECT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Stick:
    """A stick that is in. `bundles`: for whomever; `free`: bytes."""

    folder: Path
    free: int
    bundles: tuple[Lying, ...]


@dataclass(frozen=True, slots=True)
class Errand:
    """What is going on, or was last. `node`: the other machine, once it is known."""

    what: Literal["give", "take"]
    node: str
    folder: Path
    stage: Stage
    done: int = 0
    of: int = 0
    outcome: Given | Taken | None = None
    problem: NodeError | SyncError | None = None

    @property
    def over(self) -> bool:
        """It was done, or it failed: the stick may be taken out."""
        return self.outcome is not None or self.problem is not None

    @property
    def percent(self) -> int:
        """Of the present stage only, 0 to 100; 0 while nobody knows how much there is."""
        return min(100, 100 * self.done // self.of) if self.of else 0


class Sticks:
    """`folders`: what the settings call sticks, beside what the system has mounted."""

    def __init__(self, courier: Courier, folders: tuple[str, ...] = ()) -> None:
        self._courier, self._folders = courier, folders
        self._lock = threading.Lock()
        self._errand: Errand | None = None
        self._thread: threading.Thread | None = None

    # ---- which are in

    def here(self) -> list[Stick]:
        """By folder, looked at anew at each call; what cannot be read is no stick."""
        found = [stick for folder in self._mounted() if (stick := self._look(folder)) is not None]
        return sorted(found, key=lambda stick: stick.folder)

    def find(self, folder: str) -> Stick | None:
        """By its folder as text, among those that are in: a page can name no other. None once it is out."""
        return next((stick for stick in self.here() if str(stick.folder) == folder), None)

    def _mounted(self) -> list[Path]:
        found = dict.fromkeys(Path(folder) for folder in self._folders)
        with contextlib.suppress(OSError):
            for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
                at = (
                    line.split(" ")[1]
                    .encode()
                    .decode("unicode_escape")
                    .encode("latin-1")
                    .decode(errors="replace")
                )
                if at.startswith(MOUNTED_UNDER):
                    found.setdefault(Path(at))
        return list(found)

    def _look(self, folder: Path) -> Stick | None:
        try:
            disk = os.statvfs(folder)
            files = [one for one in folder.iterdir() if one.name.endswith(ENDING) and one.is_file()]
        except OSError:
            return None
        bundles = []
        for path in sorted(files, reverse=True)[:MOST]:
            with contextlib.suppress(NotTaken):
                bundles.append(self._courier.look(path))
        bundles.sort(key=lambda lying: lying.head.at, reverse=True)
        return Stick(folder, disk.f_bavail * disk.f_frsize, tuple(bundles))

    # ---- one errand at a time

    @property
    def errand(self) -> Errand | None:
        """None before the first; the last one stays until another is begun. From any thread."""
        return self._errand

    def give(self, to: str, folder: Path) -> None:
        """Begin to write. What becomes of it stands in `errand`; while another one goes on, nothing happens."""
        path = folder / self._courier.name_for(to)
        began = Errand("give", to, folder, "writing")
        self._begin(began, lambda told: self._courier.give(to, path, told))

    def take(self, lying: Lying, *, although_old: bool) -> None:
        """Begin to check and take in, as `give` begins to write. `although_old`: see `Courier.take`."""
        began = Errand("take", lying.head.sender, lying.path.parent, "checking")
        self._begin(began, lambda told: self._courier.take(lying.path, although_old=although_old, told=told))

    def wait(self) -> None:
        """Until what was begun is over."""
        if self._thread is not None:
            self._thread.join()

    def _begin(self, errand: Errand, do: Callable[[Told], Given | Taken]) -> None:
        with self._lock:
            if self._errand is not None and not self._errand.over:
                return
            self._errand = errand
            self._thread = threading.Thread(target=self._run, args=(do,), name="courier", daemon=True)
            self._thread.start()

    def _run(self, do: Callable[[Told], Given | Taken]) -> None:
        try:
            outcome = do(self._told)
        except (NodeError, SyncError) as why:
            self._tell(problem=why)
        except Exception as why:  # noqa: BLE001 - whoever pressed the button hears of it, and may press it again
            _log.exception("the stick was not read or written to its end")
            self._tell(problem=Unavailable(f"{type(why).__name__}: {why}"))
        else:
            self._tell(outcome=outcome)

    def _told(self, stage: Stage, done: int, of: int) -> None:
        self._tell(stage=stage, done=done, of=of)

    def _tell(self, **news: object) -> None:
        if self._errand is not None:
            self._errand = replace(self._errand, **news)  # type: ignore[arg-type]


# ---- the command


class Give(msgspec.Struct, frozen=True, tag="give"):
    """Write what the machine `to` lacks into `file`."""

    to: str
    file: str


class Take(msgspec.Struct, frozen=True, tag="take"):
    """Take in what `file` holds; `although_old`: even where it was given too long ago."""

    file: str
    although_old: bool = False


class _Step(msgspec.Struct, frozen=True, tag="step"):
    stage: Stage
    done: int
    of: int


class _DoneGiving(msgspec.Struct, frozen=True, tag="given"):
    given: Given


class _DoneTaking(msgspec.Struct, frozen=True, tag="taken"):
    taken: Taken


class _Refused(msgspec.Struct, frozen=True, tag="refused"):
    why: str
    said: str


Order = Give | Take
_Said = _Step | _DoneGiving | _DoneTaking | _Refused


def perform(courier: Courier, order: Order, told: Told) -> Given | Taken:
    """Raises `NotGiven`, `NotTaken`, `SyncError`."""
    match order:
        case Give(to, file):
            return courier.give(to, Path(file), told)
        case Take(file, although_old):
            return courier.take(Path(file), although_old=although_old, told=told)


def taking_orders(folder: Folder, courier: Courier) -> AbstractContextManager[None]:
    """Take orders of this machine until the block ends."""
    return listening(folder.path, SOCKET, lambda asking: _serve(asking, courier))


def _serve(asking: socket.socket, courier: Courier) -> None:
    with contextlib.suppress(msgspec.MsgspecError):
        with asking.makefile("rb") as file:
            order = msgspec.json.decode(file.readline(), type=Order)
        last = float("-inf")

        def say(said: _Said) -> None:
            asking.sendall(msgspec.json.encode(said) + b"\n")

        def told(stage: Stage, done: int, of: int) -> None:
            nonlocal last
            if time.monotonic() - last > _TELL_S:
                last = time.monotonic()
                with contextlib.suppress(OSError):  # whoever asked went away: it is done all the same
                    say(_Step(stage, done, of))

        try:
            done = perform(courier, order, told)
        except (NodeError, SyncError) as why:
            say(_Refused(str(getattr(why, "why", "")), str(why)))
        else:
            say(_DoneGiving(done) if isinstance(done, Given) else _DoneTaking(done))


def ask(folder: Folder, order: Order, told: Told) -> Given | Taken | None:
    """Have the node that runs in a folder do it; None where none runs. Raises `NotGiven`, `NotTaken`, `CannotStart`."""
    line = line_to(folder.path, SOCKET, timeout_s=_CONNECT_S)
    if line is None:
        return None
    with line:
        line.settimeout(None)
        line.sendall(msgspec.json.encode(order) + b"\n")
        with line.makefile("rb") as file:
            for text in file:
                said_now: _Said = msgspec.json.decode(text, type=_Said)
                match said_now:
                    case _Step(stage, done, of):
                        told(stage, done, of)
                    case _DoneGiving(given):
                        return given
                    case _DoneTaking(taken):
                        return taken
                    case _Refused(why, said) if isinstance(order, Give):
                        raise NotGiven(why, said)
                    case _Refused(why, said):
                        raise NotTaken(why, said)
    raise CannotStart("the node was stopped before it was done: start it, and give the same command again")
