"""Whether the name by which a browser asks is one of ours. Pure."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_ours(host: str, names: frozenset[str]) -> bool:
    """Whether `Host` (a name or an address, perhaps with a port) is one that this machine goes by."""
    if not host or set(host) & set("@/\\?# \t,"):
        return False
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if is_address(name):
        return True
    return name.rstrip(".").lower() in names


def is_address(name: str) -> bool:
    """Whether it is an IP address, and no name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
