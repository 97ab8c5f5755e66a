"""Machines of a building find each other without central: mDNS and DNS-SD (RFC 6762, RFC 6763), by python-zeroconf.

What is heard is a hint and proves nothing: names that nobody enrolled are dropped by `edge.peers`, and whoever answers
at an address has to prove by his key who he is. What is said is this machine's name and port, which anybody in the
building's network may know.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
from collections.abc import Iterable, Mapping
from typing import Final

from zeroconf import (  # type: ignore[attr-defined]  # `get_all_addresses` is not in its `__all__`
    Error,
    InterfaceChoice,
    ServiceBrowser,
    ServiceInfo,
    ServiceListener,
    Zeroconf,
    get_all_addresses,
)

SERVICE: Final = "_motcua._tcp.local."
_ASK_MS: Final = 3_000
_log = logging.getLogger(__name__)


class Neighbourhood:
    """Says where this machine is, and hears where others are."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._found: dict[str, tuple[str, ...]] = {}
        self._names: dict[str, str] = {}  # of services, and which node each one is
        self._zeroconf: Zeroconf | None = None

    def found(self) -> Mapping[str, tuple[str, ...]]:
        """By node: the addresses at which it says that it is."""
        with self._lock:
            return dict(self._found)

    def start(self, host: str, port: int) -> None:
        """Where this machine listens; at 0.0.0.0, everywhere. One that listens to itself alone is nobody's neighbour.

        A network without multicast is no reason not to work.
        """
        address = ipaddress.ip_address(host)
        if address.is_loopback:
            return
        addresses = _lines(get_all_addresses()) if address.is_unspecified else [host]
        try:
            self._zeroconf = Zeroconf(interfaces=InterfaceChoice.All if address.is_unspecified else addresses)
            self._zeroconf.register_service(self._own(addresses, port), allow_name_change=True)
            ServiceBrowser(self._zeroconf, SERVICE, listener=_Listener(self))
        except (OSError, Error) as why:
            _log.warning("neighbours cannot be found by mDNS: %s", why)

    def stop(self) -> None:
        """Takes the announcement back; nothing happens where none was made."""
        if self._zeroconf is not None:
            self._zeroconf.close()

    def _own(self, addresses: list[str], port: int) -> ServiceInfo:
        label = self._node.replace(".", "-")
        return ServiceInfo(
            SERVICE,
            f"{label}.{SERVICE}",
            parsed_addresses=addresses,
            port=port,
            properties={"node": self._node},
            server=f"{label}.local.",
        )

    def heard(self, zeroconf: Zeroconf, name: str) -> None:
        """Somebody tells a name: ask where that is. What cannot be asked is only noted in the log."""
        try:
            info = zeroconf.get_service_info(SERVICE, name, timeout=_ASK_MS)
        except (Error, RuntimeError, AssertionError) as why:
            # it is being closed, which the library asserts not to be, or has no time: then it tells the name again
            _log.info("nobody says where %s is: %s", name, why)
            return
        node = (info.decoded_properties.get("node") or "") if info is not None else ""
        if info is None or not node or node == self._node:
            return
        urls = tuple(_url(address, info.port or 0) for address in info.parsed_addresses())
        with self._lock:
            self._names[name] = node
            self._found[node] = urls

    def gone(self, name: str) -> None:
        """A name is taken back, and with it the addresses of its node. Names never heard are passed over."""
        with self._lock:
            node = self._names.pop(name, None)
            if node is not None:
                self._found.pop(node, None)


def _lines(addresses: Iterable[str]) -> list[str]:
    return sorted(address for address in addresses if not ipaddress.ip_address(address).is_loopback)


def _url(address: str, port: int) -> str:
    return f"https://[{address}]:{port}" if ":" in address else f"https://{address}:{port}"


class _Listener(ServiceListener):
    def __init__(self, neighbourhood: Neighbourhood) -> None:
        self._neighbourhood = neighbourhood

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self._neighbourhood.heard(zc, name)

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self._neighbourhood.heard(zc, name)

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self._neighbourhood.gone(name)
