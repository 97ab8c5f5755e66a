"""Which printers are there: the queues of CUPS on this machine, and what says in the network that it prints.

What is found is a proposal to a person, who tries it with a page. Networks without multicast, and machines without CUPS,
have nothing to say, which is no error.

| said                                   | spoken to by |
|----------------------------------------|--------------|
| a queue of CUPS (CUPS-Get-Printers)    | IPP          |
| `_ipp._tcp`, `_ipps._tcp` (RFC 8010, PWG 5100.14) with PDF among its formats | IPP |
| `_pdl-datastream._tcp` (port 9100)     | ESC/POS: only if it is a thermal printer, which nothing says |
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from zeroconf import Error, InterfaceChoice, IPVersion, ServiceBrowser, ServiceInfo, ServiceListener, Zeroconf

from printing.errors import PrinterUnavailable

CUPS: Final = "ipp://localhost/"
LISTEN_S: Final = 2.5
"""Printers answer within a second; one that sleeps takes longer."""
_IPP, _IPPS, _RAW = "_ipp._tcp.local.", "_ipps._tcp.local.", "_pdl-datastream._tcp.local."
_PDF: Final = "application/pdf"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """`name` is what it calls itself, `model` what its maker does; `address` is as a setting has it."""

    name: str
    kind: Literal["ipp", "escpos"]
    address: str
    model: str = ""


def find(
    *, cups: str = CUPS, interfaces: Sequence[str] = (), listen_s: float = LISTEN_S
) -> tuple[Found, ...]:
    """Ask CUPS, and listen to the network for a moment; without `interfaces` on all of them."""
    return tuple(sorted({*of_cups(cups), *in_network(interfaces, listen_s)}))


def of_cups(server: str = CUPS) -> tuple[Found, ...]:
    """The queues of a print server; none where there is no server."""
    from printing.ipp import queues_of  # a machine that starts must not wait for what looks for printers

    try:
        return tuple(Found(name, "ipp", address, model) for name, address, model in queues_of(server))
    except PrinterUnavailable as why:
        _log.info("no print server: %s", why)
        return ()


def in_network(interfaces: Sequence[str] = (), listen_s: float = LISTEN_S) -> tuple[Found, ...]:
    """Who answers by mDNS within that time. A printer that says it twice, plain and by TLS, is found twice: most have signed
    their certificates themselves, and nobody trusts those."""
    heard: dict[str, ServiceInfo] = {}
    try:
        with Zeroconf(interfaces=list(interfaces) or InterfaceChoice.All) as network:
            browser = ServiceBrowser(network, [_IPP, _IPPS, _RAW], listener=_Listener(heard))
            threading.Event().wait(listen_s)
            browser.cancel()
    except (OSError, Error) as why:
        _log.info("nothing is to be heard in the network: %s", why)
    return tuple(sorted({found for info in heard.values() if (found := _found(info)) is not None}))


class _Listener(ServiceListener):
    def __init__(self, heard: dict[str, ServiceInfo]) -> None:
        self._heard = heard

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        try:
            info = zc.get_service_info(type_, name)
        except (Error, RuntimeError, AssertionError) as why:
            _log.info("nobody says where %s is: %s", name, why)  # it is being closed
            return
        if info is not None:
            self._heard[name] = info

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self.add_service(zc, type_, name)

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self._heard.pop(name, None)


def _found(info: ServiceInfo) -> Found | None:
    facts = {key.lower(): value or "" for key, value in info.decoded_properties.items()}
    address = next(iter(info.parsed_addresses(IPVersion.V4Only) or info.parsed_addresses()), "")
    if not address or not info.port:
        return None
    host = f"[{address}]" if ":" in address else address
    name, model = info.name.removesuffix(f".{info.type}"), facts.get("ty", "")
    if info.type == _RAW:
        return Found(name, "escpos", f"{host}:{info.port}", model)
    if _PDF not in facts.get("pdl", _PDF):
        return None  # what we send it cannot print; CUPS could translate
    scheme = "ipps" if info.type == _IPPS else "ipp"
    return Found(name, "ipp", f"{scheme}://{host}:{info.port}/{facts.get('rp', 'ipp/print')}", model)
