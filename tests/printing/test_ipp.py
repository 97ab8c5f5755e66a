"""Real CUPS and a real IPP printer: accepted, held, stopped, cancelled, restarted, away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import peewee
import pytest
import requests

from central.demo.centre import free_port
from printing.discovery import of_cups
from printing.errors import OutcomeUnknown, PrinterUnavailable
from printing.forms import Forms
from printing.ipp import IppPrinter, http_url
from printing.papers.reception import ReceiptSlip
from printing.spool import Also, Fate, Printers, PrintJob, Spool, State, Told, database, put
from printing.typesetting import form_of, from_job, to_job, typeset, typeset_by
from tests.printing.cups import QUEUE, PrintServer, print_server
from tests.sync.servers import serving_app
from tests.waiting import until

NOW = datetime(2026, 11, 23, 3, 13, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[PrintServer]:
    with print_server() as running:
        yield running


@pytest.fixture
def queue(server: PrintServer) -> IppPrinter:
    return IppPrinter("Quầy 03", server.queue)


@pytest.fixture
def pdf(slip: ReceiptSlip, forms: Forms) -> bytes:
    return typeset(slip, form_of(slip, forms))


def comes_to(printer: IppPrinter, paper: str, fate: Fate) -> Told:
    until(lambda: printer.ask(paper).fate is fate)
    return printer.ask(paper)


def test_a_paper_goes_through_cups_and_comes_out_as_it_was(
    server: PrintServer, queue: IppPrinter, pdf: bytes, poppler: Callable[..., str]
) -> None:
    before = len(server.papers)
    assert queue.deliver("H37-1-01-1", pdf).fate is Fate.WAITING
    comes_to(queue, "H37-1-01-1", Fate.OUT)

    *_, came_out = server.papers
    assert len(server.papers) == before + 1
    assert "GIẤY TIẾP NHẬN HỒ SƠ" in poppler("pdftotext", came_out.read_bytes())


def test_a_paper_goes_to_a_printer_without_cups(server: PrintServer, pdf: bytes) -> None:
    printer = IppPrinter("trực tiếp", server.printer)

    def taken() -> bool:
        """One that prints says that it is busy; nothing of the paper was taken then."""
        try:
            return printer.deliver("H37-2-01-1", pdf).fate is not Fate.DROPPED
        except PrinterUnavailable:
            return False

    until(taken)
    comes_to(printer, "H37-2-01-1", Fate.OUT)

    with pytest.raises(OutcomeUnknown, match="keeps no list"):
        printer.ask("never sent")


def test_cups_knows_what_it_never_got(queue: IppPrinter) -> None:
    assert queue.ask("H37-404-01-1") == Told(Fate.ABSENT)


def test_a_stopped_printer_keeps_the_paper_and_says_so(
    server: PrintServer, queue: IppPrinter, pdf: bytes
) -> None:
    server.run("/usr/sbin/cupsdisable", QUEUE)
    try:
        queue.deliver("H37-3-01-1", pdf)
        told = queue.ask("H37-3-01-1")
        assert (told.fate, told.why) == (Fate.WAITING, "paused")
    finally:
        server.run("/usr/sbin/cupsenable", QUEUE)
    comes_to(queue, "H37-3-01-1", Fate.OUT)


def test_what_is_cancelled_at_the_queue_is_dropped(
    server: PrintServer, queue: IppPrinter, pdf: bytes
) -> None:
    server.run("/usr/sbin/cupsdisable", QUEUE)
    try:
        queue.deliver("H37-4-01-1", pdf)
        server.run("cancel", "-a", QUEUE)
        assert comes_to(queue, "H37-4-01-1", Fate.DROPPED).why
    finally:
        server.run("/usr/sbin/cupsenable", QUEUE)


def test_a_held_paper_waits_until_it_is_released(server: PrintServer, queue: IppPrinter, pdf: bytes) -> None:
    """Somebody holds all that comes at the print server."""
    server.run("/usr/sbin/lpadmin", "-p", QUEUE, "-o", "job-hold-until-default=indefinite")
    try:
        queue.deliver("H37-8-01-1", pdf)
        told = queue.ask("H37-8-01-1")
        assert (told.fate, told.why) == (Fate.WAITING, "job-hold-until-specified")
    finally:
        server.run("/usr/sbin/lpadmin", "-p", QUEUE, "-o", "job-hold-until-default=no-hold")
    (held,) = [line.split()[0] for line in server.run("lpstat", "-o").splitlines()]
    server.run("lp", "-i", held, "-H", "resume")
    comes_to(queue, "H37-8-01-1", Fate.OUT)


def test_a_paper_that_waits_is_taken_back_and_never_comes_out(
    server: PrintServer, queue: IppPrinter, pdf: bytes
) -> None:
    before = len(server.papers)
    server.run("/usr/sbin/cupsdisable", QUEUE)
    try:
        queue.deliver("H37-9-01-1", pdf)
        assert queue.take_back("H37-9-01-1").fate is Fate.DROPPED
        assert queue.take_back("H37-404-01-1").fate is Fate.ABSENT
    finally:
        server.run("/usr/sbin/cupsenable", QUEUE)
    queue.deliver("H37-10-01-1", pdf)
    comes_to(queue, "H37-10-01-1", Fate.OUT)
    assert len(server.papers) == before + 1
    assert queue.take_back("H37-10-01-1").fate is Fate.OUT


def test_a_paper_that_the_printer_had_begun_is_in_doubt_when_it_is_taken_back(
    server: PrintServer, queue: IppPrinter, pdf: bytes
) -> None:
    """The printer does not answer CUPS any more: what it has of the paper, nobody knows."""
    with server.frozen():
        queue.deliver("H37-11-01-1", pdf)
        until(lambda: queue.begun("H37-11-01-1"))
        with pytest.raises(OutcomeUnknown, match="had begun"):
            queue.take_back("H37-11-01-1")
    until(lambda: queue.ask("H37-11-01-1").fate in (Fate.DROPPED, Fate.OUT))


def test_a_server_that_was_restarted_still_knows(server: PrintServer, queue: IppPrinter, pdf: bytes) -> None:
    server.run("/usr/sbin/cupsdisable", QUEUE)
    queue.deliver("H37-5-01-1", pdf)
    server.stop_cups()
    with pytest.raises(PrinterUnavailable, match="off, or the line"):
        queue.ask("H37-5-01-1")
    with pytest.raises(PrinterUnavailable):
        queue.deliver("H37-6-01-1", pdf)
    server.start_cups()
    assert queue.ask("H37-5-01-1").fate is Fate.WAITING
    server.run("/usr/sbin/cupsenable", QUEUE)
    comes_to(queue, "H37-5-01-1", Fate.OUT)
    assert queue.ask("H37-6-01-1") == Told(Fate.ABSENT)


def test_a_queue_that_is_not_there_says_so(server: PrintServer, pdf: bytes) -> None:
    gone = IppPrinter("Quầy 99", f"ipp://127.0.0.1:{server.cups_port}/printers/Quay99")
    with pytest.raises(PrinterUnavailable, match="Quầy 99"):
        gone.deliver("H37-7-01-1", pdf)
    with pytest.raises(PrinterUnavailable):
        IppPrinter("nobody", f"ipp://127.0.0.1:{free_port()}/ipp/print").about()


def test_it_says_what_it_is(server: PrintServer, queue: IppPrinter) -> None:
    assert "Example Printer" in IppPrinter("trực tiếp", server.printer).about()
    assert queue.about()


def test_a_print_server_says_which_queues_it_has(server: PrintServer) -> None:
    (found,) = of_cups(f"ipp://127.0.0.1:{server.cups_port}/")
    assert (found.name, found.kind) == (QUEUE, "ipp")
    assert IppPrinter(found.name, found.address).ask("H37-404-01-1") == Told(Fate.ABSENT)


def test_a_print_server_without_queues_is_no_error(server: PrintServer) -> None:
    server.run("/usr/sbin/lpadmin", "-x", QUEUE)
    try:
        assert of_cups(f"ipp://127.0.0.1:{server.cups_port}/") == ()
    finally:
        server.add_queue()


@pytest.fixture
def spooling(tmp_path: Path, server: PrintServer, forms: Forms) -> Iterator[Spool]:
    """A spool before the real queue, with a database of its own."""
    before = database.obj
    database.initialize(peewee.SqliteDatabase(str(tmp_path / "node.db"), pragmas={"journal_mode": "wal"}))
    database.create_tables([PrintJob, Also])
    queue = IppPrinter("Quầy 03", server.queue)
    yield Spool(
        Printers.only(queue, "Quầy 03"),
        lambda form, payload: typeset_by(form_of(from_job(form, payload), forms), payload),
        database.atomic,
    )
    database.close()
    database.initialize(before)


@pytest.mark.parametrize("arrived", [True, False])
def test_after_a_crash_the_queue_is_asked_and_the_paper_comes_out_once(
    spooling: Spool, server: PrintServer, slip: ReceiptSlip, pdf: bytes, arrived: bool
) -> None:
    """The power went after the job was noted as sent: before the paper reached CUPS, or after."""
    number, before = f"H37.07-261123-88{arrived:d}", len(server.papers)
    job = put(
        stream="01", number=number, form="01", payload=to_job(slip), copies=2, at=NOW, printer="Quầy 03"
    )
    PrintJob.update(state=State.SENT.value).execute()
    if arrived:
        IppPrinter("Quầy 03", server.queue).deliver(job.paper, pdf)

    def done() -> bool:
        spooling.work(at=NOW)
        return PrintJob.get_by_id(job.id).state == State.DONE

    until(done)
    assert len(server.papers) == before + 1


PRINT_JOB, GET_PRINTER_ATTRIBUTES = 0x0002, 0x000B


class Broken:
    """Between us and the print server: it asks there, and answers one operation in its own way."""

    def __init__(self, server: PrintServer, operation: int, status: str, media: str, body: bytes) -> None:
        self._url = http_url(server.queue)
        self._operation, self._status, self._media, self._body = operation, status, media, body

    def app(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        asked = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        there = requests.post(
            self._url, data=asked, headers={"Content-Type": "application/ipp"}, timeout=30
        ).content
        if int.from_bytes(asked[2:4]) == self._operation:
            start_response(self._status, [("Content-Type", self._media)])
            return [self._body]
        start_response("200 OK", [("Content-Type", "application/ipp")])
        return [there]


def through(server: PrintServer, url: str) -> IppPrinter:
    """The paper's own address is that of the queue."""
    printer = IppPrinter("Quầy 03", server.queue)
    printer._url = url
    return printer


def test_a_paper_that_was_taken_is_not_sent_again_because_the_printer_says_no_more(
    server: PrintServer, queue: IppPrinter, pdf: bytes
) -> None:
    """Whether it lacks paper is a second question."""
    server.run("/usr/sbin/cupsdisable", QUEUE)
    broken = Broken(server, GET_PRINTER_ATTRIBUTES, "503 Service Unavailable", "text/plain", b"busy")
    try:
        with serving_app(broken.app) as url:
            assert through(server, url).deliver("H37-12-01-1", pdf) == Told(Fate.WAITING)
    finally:
        server.run("/usr/sbin/cupsenable", QUEUE)
    comes_to(queue, "H37-12-01-1", Fate.OUT)


@pytest.mark.parametrize(
    ("status", "media", "body", "raised"),
    [
        ("502 Bad Gateway", "text/html", b"<html>", OutcomeUnknown),
        ("200 OK", "application/ipp", b"\x02\x00", OutcomeUnknown),
        ("200 OK", "text/html", b"<html>sign in", PrinterUnavailable),
        ("403 Forbidden", "text/html", b"<html>", PrinterUnavailable),
    ],
)
def test_an_answer_that_says_nothing_of_the_paper_leaves_it_in_doubt_unless_it_is_no_printers(
    server: PrintServer,
    queue: IppPrinter,
    pdf: bytes,
    status: str,
    media: str,
    body: bytes,
    raised: type[Exception],
) -> None:
    broken = Broken(server, PRINT_JOB, status, media, body)
    with serving_app(broken.app) as url, pytest.raises(raised):
        through(server, url).deliver("H37-13-01-1", pdf)
    until(lambda: queue.ask("H37-13-01-1").fate is Fate.OUT)


@pytest.mark.parametrize("address", ["ipp://no-such-host.invalid/ipp/print", "ipp://may..in/ipp/print"])
def test_where_no_printer_can_be_nothing_has_come_out(pdf: bytes, address: str) -> None:
    """A name that is not known while the network is away is tried again, and nobody is asked to look at a tray."""
    with pytest.raises(PrinterUnavailable):
        IppPrinter("xa", address).deliver("H37-14-01-1", pdf)


def test_a_certificate_that_the_printer_signed_itself_is_not_trusted_and_nothing_has_come_out(
    server: PrintServer, pdf: bytes
) -> None:
    itself = IppPrinter("trực tiếp", server.printer.replace("ipp://", "ipps://"))
    with pytest.raises(PrinterUnavailable, match="its certificate"):
        itself.deliver("H37-15-01-1", pdf)


def test_where_a_printer_is_found() -> None:
    assert http_url("ipp://[fe80::1]:8631/ipp/print") == "http://[fe80::1]:8631/ipp/print"
    assert http_url("ipp://localhost/printers/Quay03") == "http://localhost:631/printers/Quay03"
    assert http_url("ipps://10.0.0.9:443/ipp/print") == "https://10.0.0.9:443/ipp/print"
