"""An address of this machine that is not loopback, as other machines would use it."""

from __future__ import annotations

import ipaddress
import socket
import subprocess

import pytest

_ANYWHERE = ("192.0.2.1", 9)  # RFC 5737: nobody; nothing is sent, the kernel only chooses a way
_OWN = "198.18.0.1"  # RFC 2544: for tests


def own_address() -> str:
    """The address of the way to elsewhere; a machine without any gets one, if we may."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ANYWHERE)
            found = str(probe.getsockname()[0])
        except OSError:
            found = "127.0.0.1"
    if not ipaddress.ip_address(found).is_loopback:
        return found
    command = ["ip", "addr", "replace", f"{_OWN}/32", "dev", "lo"]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine has no address but its own, and we may not give it one")
    return _OWN
