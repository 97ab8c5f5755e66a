"""`motcua demo` from a terminal: it starts, goes on with its data, ends cleanly, and says why it cannot begin."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

import requests

from tests.scenarios.conftest import Start, free_ports
from tests.waiting import until


def _wait_until_up(process: subprocess.Popen[str]) -> str:
    """Read what it says until it has said everything; the words."""
    said = ""
    assert process.stdout is not None
    while "Ctrl-C" not in said:
        line = process.stdout.readline()
        assert line, f"it ended: {process.stderr.read() if process.stderr else ''}"
        said += line
    return said


def _refusal(process: subprocess.Popen[str]) -> str:
    """The one line with which it declines, with exit status 2."""
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2, err
    (line,) = err.strip().splitlines()
    return line


def _kill_a_node(folder: Path, how: signal.Signals = signal.SIGKILL) -> None:
    children = subprocess.run(
        ["pgrep", "-f", f"central.cli edge .*{folder}"], capture_output=True, text=True, check=True
    )
    (pid,) = children.stdout.split()
    os.kill(int(pid), how)
    until(lambda: not Path(f"/proc/{pid}/exe").exists())


def _is_up(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/_up", timeout=10).status_code == 200
    except requests.ConnectionError:
        return False


def test_it_starts_goes_on_and_ends(motcua: Start, tmp_path: Path) -> None:
    """People and PINs on the terminal; Ctrl-C ends all of it; the second start has the same centre, and a node that is killed,
    or ends by a fault of a library, then comes up again, as a counter's PC would after a power cut."""
    data, port = tmp_path / "demo", free_ports()
    first = motcua("demo", "--data", data, "--port", port)
    said = _wait_until_up(first)
    assert "Nguyễn Hồng Hạnh" in said
    assert "140726" in said
    welcome = requests.get(f"http://127.0.0.1:{port + 3}/", timeout=10).json()
    assert welcome["couchdb"] == "Welcome"
    page = requests.get(f"http://127.0.0.1:{port + 1}/", headers={"Accept": "text/html"}, timeout=10)
    assert "140726" in page.text

    second = motcua("demo", "--data", data, "--port", free_ports())
    assert "in use by another demo" in _refusal(second)

    os.kill(first.pid, signal.SIGINT)
    first.communicate(timeout=60)
    assert first.returncode == 0
    for offset in range(4):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port + offset)) != 0

    again = motcua("demo", "--data", data, "--port", port)
    assert "tiếp tục" in _wait_until_up(again)
    assert requests.get(f"http://127.0.0.1:{port + 3}/", timeout=10).json() == welcome
    _kill_a_node(data / "counter-01")
    until(lambda: _is_up(port + 1))
    _kill_a_node(data / "counter-02", signal.SIGSEGV)
    until(lambda: _is_up(port + 2))
    log = (data / "counter-02" / "log.txt").read_text()
    assert "Fatal Python error: Segmentation fault" in log, "it says where it was"
    os.kill(again.pid, signal.SIGTERM)
    again.communicate(timeout=60)
    assert again.returncode == 0


def test_a_port_in_use_is_one_clear_line(motcua: Start, tmp_path: Path) -> None:
    """And nothing is left running."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = _refusal(motcua("demo", "--data", tmp_path / "demo", "--port", port))
    assert f"port {port} is in use" in line


def test_a_half_made_folder_is_one_clear_line(motcua: Start, tmp_path: Path) -> None:
    """Whatever is in it stays as it is."""
    half = tmp_path / "demo" / "central"
    half.mkdir(parents=True)
    (half / "node.toml").write_text("")
    line = _refusal(motcua("demo", "--data", tmp_path / "demo", "--port", free_ports()))
    assert "half made" in line
    assert (half / "node.toml").exists()
