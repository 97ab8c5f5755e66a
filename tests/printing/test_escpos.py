"""Thermal printers: what arrives is decoded back to a picture; paper out, cover open, silence, a pulled cable."""

from __future__ import annotations

import contextlib
import os
import resource
import threading
import tty
from collections.abc import Iterator

import pytest
import zxingcpp
from PIL import Image

from central.demo.centre import free_port
from printing import escpos
from printing.errors import OutcomeUnknown, PrinterUnavailable, TooWide
from printing.escpos import DOTS, EscPosPrinter
from printing.forms import Forms
from printing.raster import pages
from printing.samples import TYPICAL
from printing.spool import Fate
from printing.typesetting import form_of, typeset
from tests.printing.thermal import Thermal, thermal


@pytest.fixture
def machine() -> Iterator[tuple[Thermal, EscPosPrinter]]:
    with thermal() as (hardware, address):
        yield hardware, EscPosPrinter("nhiệt", address)


@pytest.fixture
def pdf(forms: Forms) -> bytes:
    (slip,) = [paper for paper in TYPICAL if paper.FORM == "provisional"]
    return typeset(slip, form_of(slip, forms))


def test_a_slip_arrives_dot_for_dot_and_its_code_can_be_read(
    machine: tuple[Thermal, EscPosPrinter], pdf: bytes
) -> None:
    hardware, printer = machine
    assert printer.deliver("Q03-07-provisional-1", pdf).fate is Fate.OUT

    (roll,) = hardware.rolls
    (page,) = pages(pdf)
    left = (page.width - DOTS) // 2
    expected = page.crop((left, 0, left + DOTS, page.height))
    assert roll.width == DOTS
    assert roll.crop((0, 0, DOTS, page.height)).tobytes() == expected.tobytes()
    (code,) = zxingcpp.read_barcodes(roll.convert("L"))
    assert code.text.startswith("MC1|H37.07-261123-1407|")


def test_nothing_of_the_margins_is_printed_away(pdf: bytes) -> None:
    """What lies outside the head's reach is white."""
    (page,) = pages(pdf)
    left = (page.width - DOTS) // 2
    for edge in (page.crop((0, 0, left, page.height)), page.crop((left + DOTS, 0, page.width, page.height))):
        assert Image.Image.getextrema(edge.convert("L")) == (255, 255)


@pytest.mark.parametrize(("state", "why"), [("paper", "media-empty"), ("cover", "cover-open")])
def test_without_paper_or_with_an_open_cover_nothing_is_sent(
    machine: tuple[Thermal, EscPosPrinter], pdf: bytes, state: str, why: str
) -> None:
    hardware, printer = machine
    hardware.paper, hardware.cover_open = state != "paper", state == "cover"

    assert printer.about() == why
    with pytest.raises(PrinterUnavailable, match=why):
        printer.deliver("1", pdf)
    assert hardware.rolls == []


def test_a_cable_pulled_in_the_middle_leaves_the_paper_unsure(
    machine: tuple[Thermal, EscPosPrinter], pdf: bytes
) -> None:
    hardware, printer = machine
    hardware.breaks_after = 5000

    with pytest.raises(OutcomeUnknown):
        printer.deliver("1", pdf)


def test_a_printer_that_never_answers_leaves_the_paper_unsure(
    machine: tuple[Thermal, EscPosPrinter], pdf: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    hardware, printer = machine
    hardware.answers = False
    monkeypatch.setattr(escpos, "STATUS_S", 0.05)
    monkeypatch.setattr(escpos, "PRINTED_S", 0.5)

    with pytest.raises(OutcomeUnknown, match="does not say"):
        printer.deliver("1", pdf)
    with pytest.raises(OutcomeUnknown, match="no record"):
        printer.ask("1")


def test_a_printer_that_is_off_is_unavailable(pdf: bytes) -> None:
    with pytest.raises(PrinterUnavailable):
        EscPosPrinter("nhiệt", f"127.0.0.1:{free_port()}").deliver("1", pdf)
    with pytest.raises(PrinterUnavailable):
        EscPosPrinter("nhiệt", "/dev/no-such-printer").deliver("1", pdf)


def test_a_host_that_cannot_be_is_unavailable(pdf: bytes) -> None:
    with pytest.raises(PrinterUnavailable, match="no address"):
        EscPosPrinter("nhiệt", "may..in").deliver("1", pdf)


def test_a_sheet_is_not_cut_to_the_width_of_a_roll(
    machine: tuple[Thermal, EscPosPrinter], forms: Forms
) -> None:
    """Two thirds of it would be lost, and nobody told."""
    hardware, printer = machine
    (slip,) = [paper for paper in TYPICAL if paper.FORM == "01"]
    with pytest.raises(TooWide):
        printer.deliver("1", typeset(slip, form_of(slip, forms)))
    assert hardware.rolls == []


def test_a_device_that_takes_nothing_more_holds_up_nobody_for_ever(
    pdf: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its paper ended in the middle of a ticket: the kernel waits until somebody brings some."""
    monkeypatch.setattr(escpos, "STATUS_S", 0.05)
    monkeypatch.setattr(escpos, "PRINTED_S", 0.5)
    ours, theirs = os.openpty()
    try:
        tty.setraw(ours)
        tty.setraw(theirs)
        with pytest.raises(OutcomeUnknown, match="while the paper was sent"):
            EscPosPrinter("usb", os.ttyname(theirs)).deliver("1", pdf)
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("files", [0, 1100], ids=["alone", "among 1,100 open files"])
def test_a_device_file_is_a_printer_too(pdf: bytes, files: int) -> None:
    """A pseudo-terminal stands for the kernel's USB printer. A central has a file open for each line to a machine."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as others:
        if files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            others.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(files):
            others.enter_context(open(os.devnull))  # noqa: PTH123 - only its number counts
        _print_on_a_device(pdf)


def _print_on_a_device(pdf: bytes) -> None:
    ours, theirs = os.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    hardware = Thermal()

    class Wire:
        def makefile(self, mode: str) -> object:
            return _Reader(ours)

        def sendall(self, data: bytes) -> None:
            os.write(ours, data)

    threading.Thread(target=hardware.serve, args=(Wire(),), daemon=True).start()
    assert EscPosPrinter("usb", os.ttyname(theirs)).deliver("1", pdf).fate is Fate.OUT
    assert len(hardware.rolls) == 1
    os.close(theirs)


class _Reader:
    """Reads just as many bytes as were asked for."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            try:
                more = os.read(self._handle, count - len(data))
            except OSError:
                return data
            if not more:
                return data
            data += more
        return data
