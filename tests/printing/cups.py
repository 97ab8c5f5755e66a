"""A print server of our own: Debian's cupsd with one queue, before Debian's IPP Everywhere printer; all on loopback."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from central.demo.centre import free_port
from tests.waiting import until

PATIENCE_S: Final = 30.0
QUEUE: Final = "Quay03"
_PAUSE: Final = threading.Event()

_BUS: Final = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={bus}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
<allow send_requested_reply="true" send_type="error"/><allow receive_type="method_call"/>
<allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/></policy></busconfig>
"""
_AVAHI: Final = "[server]\nallow-interfaces=lo\n[publish]\ndisable-publishing=no\n"
_CUPSD: Final = """Listen 127.0.0.1:{port}
LogLevel info
WebInterface No
Browsing No
PreserveJobHistory Yes
<Location />
Order allow,deny
Allow all
</Location>
<Location /admin>
Order allow,deny
Allow all
</Location>
<Policy default>
<Limit All>
Order deny,allow
</Limit>
</Policy>
"""
_FILES: Final = """ServerRoot {root}/server
RequestRoot {root}/spool
TempDir {root}/spool/tmp
CacheDir {root}/cache
StateDir {root}/state
AccessLog {root}/access.log
ErrorLog {root}/error.log
PageLog {root}/page.log
"""


class PrintServer:
    """`printer` is the IPP printer itself, `queue` the queue of CUPS before it; `papers` is what came out."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.printer_port = self.cups_port = free_port()
        while self.cups_port == self.printer_port:  # twelve thousand are free, and one of them may come twice
            self.cups_port = free_port()
        self.printer = f"ipp://localhost:{self.printer_port}/ipp/print"
        self.queue = f"ipp://127.0.0.1:{self.cups_port}/printers/{QUEUE}"
        self._cupsd: subprocess.Popen[bytes] | None = None
        self.printing: subprocess.Popen[bytes] | None = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The printer hangs: its line is open, and nobody answers."""
        assert self.printing is not None
        self.printing.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.printing.send_signal(signal.SIGCONT)

    @property
    def papers(self) -> list[Path]:
        return sorted((self.root / "out").glob("*.pdf"))

    def start_cups(self) -> None:
        files = ["-c", str(self.root / "cupsd.conf"), "-s", str(self.root / "cups-files.conf")]
        self._cupsd = subprocess.Popen(
            ["/usr/sbin/cupsd", "-f", *files], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(lambda: answers(self.cups_port))

    def stop_cups(self) -> None:
        if self._cupsd is not None:
            self._cupsd.terminate()
            self._cupsd.wait(PATIENCE_S)
            self._cupsd = None

    def add_queue(self) -> None:
        device = f"{self.printer}?waitjob=false"
        self.run("/usr/sbin/lpadmin", "-p", QUEUE, "-E", "-v", device, "-m", "everywhere")

    def story(self) -> str:
        """What CUPS says of its queue and jobs, and what it wrote last: for a test that waits in vain."""
        log = (self.root / "error.log").read_text(errors="replace").splitlines()
        return "\n".join((self.run("/usr/bin/lpstat", "-t"), *log[-40:]))

    def run(self, command: str, *arguments: str) -> str:
        """One of CUPS's own commands (lpadmin, cancel, …) at our server."""
        done = subprocess.run(
            [command, "-h", f"127.0.0.1:{self.cups_port}", *arguments],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout


@contextmanager
def print_server() -> Iterator[PrintServer]:
    with TemporaryDirectory(prefix="motcua-cups-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # cupsd's filters run as a user of their own
        with _print_server(root) as server:
            yield server


@contextmanager
def _print_server(root: Path) -> Iterator[PrintServer]:
    server = PrintServer(root)
    for folder in ("server/ppd", "spool/tmp", "cache", "state", "out"):
        (root / folder).mkdir(parents=True)
    for path in root.rglob("*"):
        path.chmod(0o777)
    (root / "cupsd.conf").write_text(_CUPSD.format(port=server.cups_port))
    (root / "cups-files.conf").write_text(_FILES.format(root=root))
    (root / "bus.conf").write_text(_BUS.format(bus=root / "bus"))
    (root / "avahi.conf").write_text(_AVAHI)
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={root / 'bus'}",
    }
    with (
        _running("dbus-daemon", f"--config-file={root / 'bus.conf'}", "--nofork"),
        _ready(lambda: (root / "bus").exists()),
        _running(
            "/usr/sbin/avahi-daemon",
            "-f",
            str(root / "avahi.conf"),
            "--no-drop-root",
            "--no-rlimits",
            env=environment,
        ),
        _printer(server, environment),
    ):
        try:
            server.start_cups()
            server.add_queue()
            yield server
        finally:
            server.stop_cups()


@contextmanager
def _printer(server: PrintServer, environment: dict[str, str]) -> Iterator[None]:
    """The IPP printer needs avahi to be up, and says nothing useful if it is not: it is started until it stays.

    Without a command to print by it would sleep five to fifteen seconds over each paper.
    """
    command = (
        "/usr/sbin/ippeveprinter", "-n", "localhost", "-p", str(server.printer_port), "-f", "application/pdf",
        "-d", str(server.root / "out"), "-s", "1000,1000", "-k", "-c", "/bin/true", "Thu",
    )  # fmt: skip
    deadline = time.monotonic() + PATIENCE_S
    while True:
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            if _stays(process, server.printer_port):
                server.printing = process
                yield
                return
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
        assert time.monotonic() < deadline, "the IPP printer does not start"


def _stays(process: subprocess.Popen[bytes], port: int) -> bool:
    until(lambda: process.poll() is not None or answers(port))
    return process.poll() is None


@contextmanager
def _running(*command: str, env: dict[str, str] | None = None) -> Iterator[None]:
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@contextmanager
def _ready(state: Callable[[], bool]) -> Iterator[None]:
    until(state)
    yield


def answers(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0
