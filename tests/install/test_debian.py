"""The package as somebody installs it who has never seen it: in a bare Debian 12, where this tree is not."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from edge.systemd import READY, STOPPING
from tests.install.builds import EPOCH, ROOT, wheel
from tests.scenarios.walk import blocks, commands

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a bare Debian is made by root")
UNITS = (
    "motcua-edge@counter-01.service",
    "motcua-central@central.service",
    "motcua-front@front-01.service",
    "motcua-backup@central.service",
    "motcua-backup@central.timer",
)
NODE = "/var/lib/motcua/central"
MOST_EXPOSED = "20"
"""Of 100, by `systemd-analyze security`; under 2.0 of 10 it calls OK."""
TMP = "/tmp"  # noqa: S108 - of a Debian that is the test's own
SECRETS = "--port 0 --passphrase-file /tmp/passphrase --password-file /tmp/password"


@pytest.mark.parametrize(
    "unit",
    ["motcua-edge@.service", "motcua-central@.service", "motcua-front@.service", "motcua-backup@.service"],
)
def test_a_node_can_reach_little_of_its_machine(unit: str) -> None:
    done = subprocess.run(
        [
            *("systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}"),
            str(ROOT / "debian" / unit),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


class BareDebian:
    """A Debian 12 without anything, in a folder. What is run in it has its own view of processes and mounts."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def command(self, line: str, *, user: str = "root", **environment: str) -> list[str]:
        inside = ["/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/tmp"]
        inside += [f"{name}={value}" for name, value in environment.items()]
        inside += ["runuser", "-u", user, "--", "sh", "-c", line]
        enter = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
        return [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            enter,
            str(self.path),
            *inside,
        ]

    def run(self, line: str, *, user: str = "root") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(line, user=user), capture_output=True, text=True, check=False, timeout=280
        )

    def ok(self, line: str, *, user: str = "root") -> str:
        done = self.run(line, user=user)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    pip = Path(sys.executable).parent / "pip"
    build = ["env", f"PIP={pip}", f"SOURCE_DATE_EPOCH={EPOCH}", str(ROOT / "debian" / "build")]
    done = subprocess.run([*build, str(wheel(folder))], stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.strip())


@pytest.fixture
def debian(package: Path, tmp_path_factory: pytest.TempPathFactory) -> BareDebian:
    """With what every Debian has, what the package asks for, and what the demo's auditor reads PDFs with; and the package."""
    root = BareDebian(tmp_path_factory.mktemp("debian"))
    root.path.chmod(0o755)  # it is the root of everybody there
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)"], capture_output=True, text=True, check=True
    )
    wanted = "--include=python3.11,systemd,poppler-utils"
    command = [
        "debootstrap",
        "--variant=minbase",
        wanted,
        "bookworm",
        str(root.path),
        targets.stdout.split()[0],
    ]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    (root.path / "tmp" / "motcua.deb").write_bytes(package.read_bytes())
    return root


def said_on_the_page(debian: BareDebian, heading: str) -> None:
    """Do what docs/install.md says under a heading, but for starting what only a booted machine starts."""
    for line in (line for block in blocks("install.md", heading) for line in commands(block)):
        if line.startswith("sudo apt install"):
            debian.ok("dpkg -i /tmp/motcua.deb")
        elif line.startswith("sudo apt remove"):
            debian.ok("dpkg --remove motcua")
        elif line.startswith("sudo systemctl enable --now "):
            debian.ok(line.removeprefix("sudo ").replace("--now ", ""))
        elif line.startswith("sudo -u motcua "):
            line = line.removeprefix("sudo -u motcua ").replace("/media/usb", TMP)
            line = line.replace("--address https://10.0.0.2:8600", SECRETS)
            debian.ok(line, user="motcua")
        else:
            raise AssertionError(f"nobody has said what to do with {line}")


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_it_is_installed_used_removed_and_installed_again(debian: BareDebian) -> None:
    """What people wrote is there after each of it."""
    said_on_the_page(debian, "The package")
    for unit in UNITS:
        assert debian.run(f"systemd-analyze verify {unit}").stderr == ""
    (debian.path / "tmp" / "passphrase").write_text("một hai ba bốn năm sáu bảy", encoding="utf-8")
    (debian.path / "tmp" / "password").write_text("tám chín mười mười một", encoding="utf-8")
    said_on_the_page(debian, "Central")
    said_on_the_page(debian, "A screen of the hall")
    enabled = {one.name for one in (debian.path / "etc/systemd/system/multi-user.target.wants").iterdir()}
    assert {"motcua-central@central.service", "motcua-kiosk@kiosk.service"} <= enabled
    assert b"<html" in _first_page(debian)
    debian.ok("systemctl enable motcua-edge@counter-01")
    assert "Máy này chưa có thẻ" in _first_page(debian, "edge", "counter-01").decode()
    report = json.loads(debian.ok("cd /tmp && motcua demo --once --json", user="motcua"))
    assert (report["converged"], report["slips"], report["missing_events"]) == (True, 40, 0)

    before = debian.ok(f"motcua verify --data {NODE} --json", user="motcua")
    said_on_the_page(debian, "Removing it")
    assert debian.run("motcua --version").returncode != 0
    assert "what this machine wrote is still in /var/lib/motcua" in debian.run("dpkg --purge motcua").stderr
    said_on_the_page(debian, "The package")
    assert debian.ok(f"motcua verify --data {NODE} --json", user="motcua") == before
    assert b"<html" in _first_page(debian)


def _first_page(debian: BareDebian, kind: str = "central", name: str = "central") -> bytes:
    """The first page of a machine, started as its unit starts it; with its styles and its type."""
    unit = (debian.path / f"usr/lib/systemd/system/motcua-{kind}@.service").read_text(encoding="utf-8")
    (line,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    told = debian.path / "tmp" / "notify"
    told.unlink(missing_ok=True)
    inside = f"exec {line.replace('%i', name)} --watch-stdin"
    command = debian.command(inside, user="motcua", NOTIFY_SOCKET=f"{TMP}/notify", MOTCUA_PORT="0")
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as node,
    ):
        systemd.bind(str(told))
        systemd.settimeout(60)
        told.chmod(0o666)
        assert node.stdout is not None
        try:
            said = node.stdout.readline()
            address = re.search(r"http://127\.0\.0\.1:(\d+)/", said)
            assert address is not None, said
            assert systemd.recv(100).decode() == READY
            page = _with_all_that_it_names(int(address[1]))
        finally:
            node.communicate(timeout=30)  # the end of its input ends it
        assert systemd.recv(100).decode() == STOPPING
    return page


def _with_all_that_it_names(port: int) -> bytes:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        page = _asked(connection, "/sign-in")
        files = re.findall(rb'(?:href|src)="(/static/[^"]+)"', page)
        assert any(b"vendor/" in name for name in files)
        for name in files:
            _asked(connection, name.decode())
        for font in re.findall(rb'url\("(vendor/[^"]+)', _asked(connection, "/static/fonts.css")):
            _asked(connection, f"/static/{font.decode()}")
    return page


def _asked(connection: http.client.HTTPConnection, path: str) -> bytes:
    connection.request("GET", path, headers={"Accept": "text/html"})
    answer = connection.getresponse()
    content = answer.read()
    assert answer.status == 200, (path, answer.status)
    return content
