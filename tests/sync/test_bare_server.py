"""`python -m sync serve`, as a process."""

from __future__ import annotations

import contextlib
import json
import platform
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from requests.auth import HTTPBasicAuth

from sync.web_server import MALLOC_ARENAS

COMMAND = (sys.executable, "-m", "sync", "serve", "--port", "0", "--dir")


@contextlib.contextmanager
def bare_server(path: Path, *more: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    with subprocess.Popen(
        [*COMMAND, str(path), *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            ready, _, url = process.stdout.readline().strip().partition(" ")
            assert ready == "ready", process.stderr.read() if process.stderr else ""
            yield url.rstrip("/"), process
        finally:
            process.kill()


def refused(path: Path, *more: str) -> str:
    run = subprocess.run(
        [*COMMAND, str(path), *more], capture_output=True, text=True, timeout=30, check=False
    )
    assert run.returncode != 0
    assert "Traceback" not in run.stderr
    return run.stderr


def test_what_was_saved_is_there_after_a_stop(tmp_path: Path) -> None:
    with bare_server(tmp_path / "d") as (url, process):
        uuid = requests.get(url, timeout=9).json()["uuid"]
        assert requests.put(f"{url}/a%2Fb", timeout=9).status_code == 201
        assert requests.put(f"{url}/a%2Fb/x", json={"n": 1}, timeout=9).status_code == 201
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    with bare_server(tmp_path / "d") as (url, _):
        assert requests.get(url, timeout=9).json()["uuid"] == uuid
        assert requests.get(f"{url}/_all_dbs", timeout=9).json() == ["a/b"]
        assert requests.get(f"{url}/a%2Fb/x", timeout=9).json()["n"] == 1


def test_stopping_ends_feeds(tmp_path: Path) -> None:
    with bare_server(tmp_path) as (url, process):
        requests.put(f"{url}/a", timeout=9)
        feed = requests.get(f"{url}/a/_changes?feed=longpoll&heartbeat=60000", stream=True, timeout=9)
        parts = feed.iter_content(chunk_size=None)
        begun = next(parts)  # it has its first line, and waits
        process.send_signal(signal.SIGINT)
        assert json.loads(begun + b"".join(parts))["results"] == []
        assert process.wait(10) == 0


def test_with_an_admin_the_rest_is_kept_out(tmp_path: Path) -> None:
    with bare_server(tmp_path, "--admin", "adm:mật khẩu") as (url, _):
        admin = HTTPBasicAuth(b"adm", "mật khẩu".encode())  # str would be Latin-1
        assert requests.put(f"{url}/a", timeout=9).status_code == 401
        assert requests.put(f"{url}/a", auth=admin, timeout=9).status_code == 201
        assert requests.get(f"{url}/a", timeout=9).status_code == 401
        assert requests.get(f"{url}/a", auth=("adm", "x"), timeout=9).status_code == 401
        assert requests.get(f"{url}/a", auth=admin, timeout=9).status_code == 200


def test_pages_of_other_origins_only_where_they_are_named(tmp_path: Path) -> None:
    origin = {"Origin": "http://localhost:8000"}
    with bare_server(tmp_path) as (url, _):
        assert "Vary" not in requests.get(url, timeout=10, headers=origin).headers
    with bare_server(tmp_path, "--cors", "http://localhost:8000") as (url, _):
        headers = requests.get(url, timeout=10, headers=origin).headers
        assert headers["Access-Control-Allow-Origin"] == "http://localhost:8000"


def test_an_encrypted_folder(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("ab" * 32 + "\n")
    with bare_server(tmp_path / "d", "--key-file", str(key)) as (url, _):
        requests.put(f"{url}/a", timeout=9)
    assert b"SQLite" not in (tmp_path / "d" / "a.db").read_bytes()
    key.write_text("cd" * 32)
    assert "key" in refused(tmp_path / "d", "--key-file", str(key))
    key.write_text("ab")
    assert "64 hex digits" in refused(tmp_path / "d", "--key-file", str(key))


def test_what_is_in_the_way_is_said(tmp_path: Path) -> None:
    with bare_server(tmp_path / "d") as (url, _):
        port = url.rpartition(":")[2]
        assert "in use by another process" in refused(tmp_path / "d")
        assert f"port {port}" in refused(tmp_path / "e", "--port", port)
    (tmp_path / "file").touch()
    assert "cannot open" in refused(tmp_path / "file")
    assert "USER:PASS" in refused(tmp_path / "e", "--admin", "x")
    assert "0.0.0.0" in refused(tmp_path / "e", "--host", "0.0.0.0")  # that it is refused


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="about glibc's memory")
def test_what_a_batch_needed_is_there_for_the_next_thread(tmp_path: Path) -> None:
    """glibc keeps an arena for each thread, 64 MiB that begin at a multiple of 64 MiB, and each keeps what it had."""
    with bare_server(tmp_path) as (url, process):
        requests.put(f"{url}/a", timeout=9)

        def write(part: int) -> int:
            docs = [{"_id": f"{part}-{number}", "text": "x" * 2000} for number in range(200)]
            return requests.post(f"{url}/a/_bulk_docs", json={"docs": docs}, timeout=30).status_code

        with ThreadPoolExecutor(12) as clients:
            assert set(clients.map(write, range(36))) == {201}
        # what is used of an arena, and the rest of its 64 MiB behind that
        arenas = re.findall(
            r"^([0-9a-f]+)-([0-9a-f]+) rw-p \S+ 00:00 0 *\n\2-([0-9a-f]+) ---p",
            maps_of(process),
            re.MULTILINE,
        )
        assert sum((int(end, 16) - int(begin, 16)) % 2**26 == 0 for begin, _, end in arenas) < MALLOC_ARENAS


def maps_of(process: subprocess.Popen[str]) -> str:
    return Path(f"/proc/{process.pid}/maps").read_text()
