"""What systemd hears of a node, by a socket or by an abstract name; and that it need not be there."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from edge.systemd import READY, tell


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_hears_that_a_node_is_ready(tmp_path: Path, abstract: bool) -> None:
    name = f"@{tmp_path}/notify" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(name.replace("@", "\0"))
        systemd.settimeout(10)
        tell(READY, name)
        assert systemd.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", [None, "", "/nobody/listens/here"])
def test_a_node_starts_without_systemd_too(address: str | None) -> None:
    tell(READY, address)
