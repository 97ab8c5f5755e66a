"""What calls out in a building's network that it prints, and what of it can be added."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from zeroconf import ServiceInfo, Zeroconf

from central.demo.centre import free_port
from printing.discovery import Found, in_network, of_cups
from tests.addresses import own_address
from tests.waiting import until

LISTEN_S = 1.5


@pytest.fixture
def network() -> Iterator[tuple[str, Zeroconf]]:
    """An address of this machine that others could use, and somebody who calls out there."""
    address = own_address()
    with Zeroconf(interfaces=[address]) as calling:
        yield address, calling


def call(network: tuple[str, Zeroconf], kind: str, name: str, port: int, **facts: str) -> None:
    address, calling = network
    service = f"_{kind}._tcp.local."
    info = ServiceInfo(
        service,
        f"{name}.{service}",
        parsed_addresses=[address],
        port=port,
        properties=facts,
        server="may-in-thu.local.",
    )
    calling.register_service(info, cooperating_responders=True)


def test_printers_say_where_they_are_and_what_they_are(network: tuple[str, Zeroconf]) -> None:
    """By TLS too where a printer knows it; a port 9100 as a thermal printer; nothing that cannot print what we send."""
    address = network[0]
    formats = "image/urf,application/pdf,image/pwg-raster"
    call(network, "ipp", "Laser phòng 2", 631, rp="ipp/print", ty="Canon LBP6030", pdl=formats)
    call(network, "ipps", "Laser phòng 2", 443, rp="ipp/print", ty="Canon LBP6030", pdl=formats)
    call(network, "ipp", "Phun cũ", 631, rp="ipp/print", ty="Phun", pdl="image/pwg-raster")
    call(network, "pdl-datastream", "Nhiệt quầy 03", 9100, ty="XP-80C")

    def found() -> list[Found]:
        heard = in_network([address], LISTEN_S)
        return [one for one in heard if f"//{address}:" in one.address or one.kind == "escpos"]

    both = [
        Found("Laser phòng 2", "ipp", f"ipp://{address}:631/ipp/print", "Canon LBP6030"),
        Found("Laser phòng 2", "ipp", f"ipps://{address}:443/ipp/print", "Canon LBP6030"),
        Found("Nhiệt quầy 03", "escpos", f"{address}:9100", "XP-80C"),
    ]
    until(lambda: len(found()) >= len(both), "the printers are not heard")
    assert found() == both


def test_where_there_is_no_print_server_nothing_is_found() -> None:
    assert of_cups(f"ipp://127.0.0.1:{free_port()}/") == ()
