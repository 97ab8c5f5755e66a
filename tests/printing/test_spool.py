"""Each paper once: the spool's states, with a real database file, a real folder and real crashes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import peewee
import pytest

from printing.errors import OutcomeUnknown, PrinterUnavailable, TooWide, UnreadableJob
from printing.folder import PdfFolder
from printing.spool import BROWSER, Also, Fate, Printer, Printers, PrintJob, Spool, State, Told, database, put

NOW = datetime(2026, 11, 23, 3, 13, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def own_database() -> Iterator[None]:
    """The spool's table belongs to these tests while they run, and to whoever had it before afterwards."""
    before = database.obj
    yield
    database.initialize(before)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Path]:
    """A place with a database file that has the spool's table."""
    open_database(tmp_path)
    database.create_tables([PrintJob, Also])
    yield tmp_path
    database.close()


def open_database(place: Path) -> None:
    database.initialize(
        peewee.SqliteDatabase(str(place / "node.db"), pragmas={"journal_mode": "wal", "synchronous": "full"})
    )


def paper_of(form: str, payload: bytes) -> bytes:
    if payload == b"unreadable":
        raise UnreadableJob(form, "not a slip")
    return b"%PDF " + payload


def spool(place: Path) -> Spool:
    return spool_of(PdfFolder(place / "papers"))


def spool_of(printer: Printer) -> Spool:
    return Spool(Printers.only(printer), paper_of, database.atomic)


def queue(serial: int = 1, payload: bytes = b"slip") -> PrintJob:
    return put(stream="01", number=f"H37-261123-{serial:04d}", form="01", payload=payload, copies=2, at=NOW)


def state(job: PrintJob) -> State:
    return State(PrintJob.get_by_id(job.id).state)


def test_a_queued_paper_comes_out_once(node: Path) -> None:
    job = queue()

    assert spool(node).work(at=LATER) == 1
    assert spool(node).work(at=LATER) == 0

    done = PrintJob.get_by_id(job.id)
    assert (done.state, done.created_at, done.changed_at) == (State.DONE, NOW, LATER)
    assert done.path == str(node / "papers" / "H37-261123-0001-01-1.pdf")
    assert Path(done.path).read_bytes() == b"%PDF slip"


def test_a_job_goes_with_the_transaction_that_queued_it(node: Path) -> None:
    with database.atomic() as transaction:
        queue()
        transaction.rollback()

    assert spool(node).work(at=LATER) == 0


def test_one_paper_has_one_job_and_a_reprint_its_own(node: Path) -> None:
    queue()
    with pytest.raises(peewee.IntegrityError):
        queue()
    put(stream="01", number="H37-261123-0001", form="01", payload=b"slip", copies=2, attempt=2, at=NOW)

    assert spool(node).work(at=LATER) == 2
    assert sorted(file.name for file in (node / "papers").iterdir()) == [
        "H37-261123-0001-01-1.pdf",
        "H37-261123-0001-01-2.pdf",
    ]


def test_two_dossiers_of_one_number_get_a_paper_each(node: Path) -> None:
    """The portal may send something twice: both are received under its number, and both people get their slip."""
    first, second = (
        put(stream=stream, number="G13-261123-900001", form="01", payload=stream.encode(), copies=2, at=NOW)
        for stream in ("01", "02")
    )
    put(stream="02", number="G13-261123-900001", form="01", payload=b"again", copies=2, attempt=2, at=NOW)

    assert spool(node).work(at=LATER) == 3
    assert {file.name: file.read_bytes() for file in (node / "papers").iterdir()} == {
        "G13-261123-900001-01-1.pdf": b"%PDF 01",
        "G13-261123-900001_2-01-1.pdf": b"%PDF 02",
        "G13-261123-900001_2-01-2.pdf": b"%PDF again",
    }
    assert first.paper != second.paper


def test_a_paper_that_cannot_be_printed_does_not_stop_the_others(node: Path) -> None:
    broken, good = queue(1, b"unreadable"), queue(2)

    assert spool(node).work(at=LATER) == 1
    assert state(good) is State.DONE
    assert state(broken) is State.FAILED
    assert "not a slip" in PrintJob.get_by_id(broken.id).error


def test_a_folder_that_is_away_keeps_the_paper_queued(node: Path) -> None:
    job = queue()
    (node / "papers").write_text("in the way")
    assert spool(node).work(at=NOW) == 0
    assert state(job) is State.QUEUED
    assert PrintJob.get_by_id(job.id).error

    (node / "papers").unlink()
    assert spool(node).work(at=LATER) == 1
    assert PrintJob.get_by_id(job.id).error == ""


def test_nothing_is_sent_before_its_commit(node: Path) -> None:
    queue()
    with database.atomic(), pytest.raises(RuntimeError, match="outside of transactions"):
        spool(node).work(at=NOW)


class SilentPrinter:
    """A printer as there are many: it takes the paper and then cannot tell (stands for hardware)."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.answers = True

    def deliver(self, paper: str, pdf: bytes) -> Told:
        self.taken.append(paper)
        raise OutcomeUnknown("printer", "the cable was pulled")

    def ask(self, paper: str) -> Told:
        if not self.answers:
            raise PrinterUnavailable("printer", "no answer")
        raise OutcomeUnknown("printer", "it keeps no record")

    def take_back(self, paper: str) -> Told:
        return self.ask(paper)


class QueueingPrinter:
    """A printer with a queue of its own, which says what became of each paper (stands for hardware)."""

    def __init__(self) -> None:
        self.told: dict[str, Told] = {}
        self.off = self.began = False

    def deliver(self, paper: str, pdf: bytes) -> Told:
        if self.off:
            raise PrinterUnavailable("printer", "off")
        self.told[paper] = Told(Fate.WAITING)
        return self.told[paper]

    def ask(self, paper: str) -> Told:
        return self.told.get(paper, Told(Fate.ABSENT))

    def take_back(self, paper: str) -> Told:
        """What waits there is given up; what it has begun may come out yet."""
        if self.off:
            raise PrinterUnavailable("printer", "off")
        if self.began:
            raise OutcomeUnknown("printer", "it had begun")
        if paper in self.told and self.told[paper].fate is Fate.WAITING:
            self.told[paper] = Told(Fate.DROPPED, "cancelled")
        return self.ask(paper)


@pytest.mark.parametrize(("came_out", "then"), [(True, State.DONE), (False, State.QUEUED)])
def test_in_doubt_a_person_is_asked_and_nothing_is_repeated(node: Path, came_out: bool, then: State) -> None:
    job, printer = queue(), SilentPrinter()
    unsure = spool_of(printer)
    unsure.work(at=NOW)
    unsure.work(at=NOW)

    assert state(job) is State.UNSURE
    assert printer.taken == [job.paper]
    assert unsure.answer(job.id, came_out=came_out, at=LATER)
    assert state(job) is then
    assert not unsure.answer(job.id, came_out=True, at=LATER)


def test_a_crash_at_a_silent_printer_is_settled_when_it_answers(node: Path) -> None:
    job, printer = queue(), SilentPrinter()
    PrintJob.update(state=State.SENT.value).execute()

    printer.answers = False
    spool_of(printer).follow(at=NOW)
    assert state(job) is State.SENT
    assert "no answer" in PrintJob.get_by_id(job.id).error
    printer.answers = True
    spool_of(printer).follow(at=LATER)
    assert state(job) is State.UNSURE
    assert printer.taken == []


def test_what_a_person_had_printed_anew_is_not_taken_for_the_one_before(node: Path) -> None:
    """The first one stands in the printer's history as out, and was eaten; the power goes before the second is sent."""
    job, printer = queue(), QueueingPrinter()
    working = spool_of(printer)
    working.work(at=NOW)
    printer.told[job.paper] = Told(Fate.OUT)
    PrintJob.update(state=State.UNSURE.value).execute()
    assert working.answer(job.id, came_out=False, at=NOW)
    PrintJob.update(state=State.SENT.value).execute()  # as it is when the power goes between the two

    assert spool_of(printer).work(at=LATER) == 0
    assert state(job) is State.SENT, "it was sent again"
    assert list(printer.told) == [job.paper, f"{job.paper}.1"]


def test_a_paper_in_the_printers_own_queue_is_sent_and_not_printed(node: Path) -> None:
    """Until the printer says that it came out; meanwhile its trouble is shown, and nothing is sent again."""
    job, printer = queue(), QueueingPrinter()
    working = spool_of(printer)

    assert working.work(at=NOW) == 0
    printer.told[job.paper] = Told(Fate.WAITING, "media-empty")
    assert working.work(at=LATER) == 0
    assert (state(job), PrintJob.get_by_id(job.id).error) == (State.SENT, "media-empty")
    assert PrintJob.get_by_id(job.id).changed_at == NOW

    printer.told[job.paper] = Told(Fate.OUT)
    assert working.work(at=LATER) == 1
    assert (state(job), PrintJob.get_by_id(job.id).error) == (State.DONE, "")


def test_a_paper_that_was_cancelled_at_the_printer_waits_for_a_person(node: Path) -> None:
    job, printer = queue(), QueueingPrinter()
    working = spool_of(printer)
    working.work(at=NOW)
    printer.told[job.paper] = Told(Fate.DROPPED, "cancelled at the panel")
    working.work(at=NOW)

    assert (state(job), PrintJob.get_by_id(job.id).error) == (State.FAILED, "cancelled at the panel")
    assert working.retry(job.id, at=LATER)
    assert state(job) is State.QUEUED
    assert working.cancel(job.id, why="người nộp không cần nữa", at=LATER)
    assert state(job) is State.CANCELLED
    assert not working.cancel(job.id, why="twice", at=LATER)
    assert not working.retry(job.id, at=LATER)


def test_a_printer_that_is_off_keeps_the_order_and_holds_up_no_other(node: Path) -> None:
    laser, thermal = QueueingPrinter(), QueueingPrinter()
    laser.off = True
    two = Spool(
        Printers({"laser": laser, "thermal": thermal}, "laser", {"ticket": "thermal"}),
        paper_of,
        database.atomic,
    )
    first, second = queue(1), queue(2)
    ticket = put(stream="02", number="B-047", form="ticket", payload=b"t", copies=1, at=NOW)
    two.work(at=NOW)

    assert list(thermal.told) == [ticket.paper]
    assert (state(first), state(second)) == (State.QUEUED, State.QUEUED)
    assert PrintJob.get_by_id(first.id).error == "printer: off"
    assert PrintJob.get_by_id(second.id).error == ""

    laser.off = False
    two.work(at=LATER)
    assert list(laser.told) == [first.paper, second.paper]


def test_a_paper_that_its_printer_had_and_forgot_is_not_printed_again_by_itself(node: Path) -> None:
    """Somebody emptied its history: whether the paper came out before, only a person can say."""
    job, printer = queue(), QueueingPrinter()
    working = spool_of(printer)
    working.work(at=NOW)
    printer.told.clear()
    working.work(at=LATER)
    assert state(job) is State.UNSURE
    assert printer.told == {}

    assert working.answer(job.id, came_out=False, at=LATER)
    PrintJob.update(state=State.SENT.value).execute()  # the power goes before it is sent anew
    working.work(at=LATER)
    working.work(at=LATER)
    assert list(printer.told) == [f"{job.paper}.1"], "this one never reached it"


def test_a_paper_that_its_printer_forgot_is_in_doubt_when_it_is_taken_back(node: Path) -> None:
    job, printer = queue(), QueueingPrinter()
    working = spool_of(printer)
    working.work(at=NOW)
    printer.told.clear()
    assert working.take_back(job.id, at=LATER) is State.UNSURE


class Hanging(QueueingPrinter):
    """Its server took papers, and answers no more."""

    asked = 0

    def ask(self, paper: str) -> Told:
        self.asked += 1
        raise PrinterUnavailable("laser", "it does not answer")


def test_a_printer_that_does_not_answer_is_asked_once_in_a_pass(node: Path) -> None:
    """Each question may take ten seconds, and others wait for their ticket."""
    laser, thermal = Hanging(), QueueingPrinter()
    two = Spool(
        Printers({"laser": laser, "thermal": thermal}, "laser", {"ticket": "thermal"}),
        paper_of,
        database.atomic,
    )
    sent = [queue(n) for n in range(1, 4)]
    two.work(at=NOW)
    late = queue(4)
    ticket = put(stream="02", number="B-047", form="ticket", payload=b"t", copies=1, at=NOW)
    laser.asked = 0
    two.work(at=LATER)

    assert laser.asked == 1
    assert {state(job) for job in sent} == {State.SENT}
    assert {PrintJob.get_by_id(job.id).error for job in (*sent, late)} == {"laser: it does not answer"}
    assert state(late) is State.QUEUED
    assert list(thermal.told) == [ticket.paper]


class Faulty(QueueingPrinter):
    """Something in it, or in the library that speaks to it, goes wrong."""

    def deliver(self, paper: str, pdf: bytes) -> Told:
        raise IndexError("list index out of range")


def test_a_fault_at_one_printer_stops_no_other(node: Path) -> None:
    """What became of its paper nobody knows, so a person is asked."""
    faulty, thermal = Faulty(), QueueingPrinter()
    two = Spool(
        Printers({"laser": faulty, "thermal": thermal}, "laser", {"ticket": "thermal"}),
        paper_of,
        database.atomic,
    )
    job = queue()
    ticket = put(stream="02", number="B-047", form="ticket", payload=b"t", copies=1, at=NOW)
    two.work(at=NOW)
    assert (state(job), PrintJob.get_by_id(job.id).error) == (
        State.UNSURE,
        "laser: IndexError: list index out of range",
    )
    assert list(thermal.told) == [ticket.paper]


class Narrow(QueueingPrinter):
    def deliver(self, paper: str, pdf: bytes) -> Told:
        raise TooWide("thermal", 1678, 648)


def test_what_a_printer_cannot_print_waits_for_a_person_and_holds_up_nothing(node: Path) -> None:
    first, second = queue(1), queue(2)
    spool_of(Narrow()).work(at=NOW)
    assert (state(first), state(second)) == (State.FAILED, State.FAILED)


def test_another_printer_is_chosen_by_a_person(node: Path) -> None:
    laser, thermal = QueueingPrinter(), QueueingPrinter()
    laser.off = True
    two = Spool(Printers({"laser": laser, "thermal": thermal}, "laser", {}), paper_of, database.atomic)
    job = queue()
    two.work(at=NOW)
    assert two.send_to(job.id, "thermal", at=LATER)
    two.work(at=LATER)

    assert list(thermal.told) == [job.paper]
    assert not two.send_to(job.id, "laser", at=LATER)
    with pytest.raises(KeyError):
        two.send_to(job.id, "nobody's", at=LATER)


def test_a_paper_is_taken_back_from_a_printer_without_paper_and_printed_elsewhere(node: Path) -> None:
    laser, thermal = QueueingPrinter(), QueueingPrinter()
    two = Spool(Printers({"laser": laser, "thermal": thermal}, "laser", {}), paper_of, database.atomic)
    job = queue()
    assert two.take_back(job.id, at=NOW) is None
    two.work(at=NOW)
    laser.told[job.paper] = Told(Fate.WAITING, "media-empty")
    assert not two.send_to(job.id, "thermal", at=NOW), "nobody knows what the laser will do with it"

    assert two.take_back(job.id, at=LATER) is State.FAILED
    assert two.send_to(job.id, "thermal", at=LATER)
    two.work(at=LATER)
    assert laser.told[job.paper].fate is Fate.DROPPED
    assert list(thermal.told) == [f"{job.paper}.1"]


@pytest.mark.parametrize("trouble", ["began", "off"])
def test_a_paper_that_may_come_out_yet_is_asked_about_when_it_is_taken_back(node: Path, trouble: str) -> None:
    laser = QueueingPrinter()
    working = Spool(Printers({"laser": laser}, "laser", {}), paper_of, database.atomic)
    job = queue()
    working.work(at=NOW)
    setattr(laser, trouble, True)
    assert working.take_back(job.id, at=LATER) is State.UNSURE
    assert PrintJob.get_by_id(job.id).error
    assert working.answer(job.id, came_out=True, at=LATER)
    assert state(job) is State.DONE


class SlowPrinter(QueueingPrinter):
    """It takes its time over a paper, and knows of it only when it has it (stands for a long line)."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.goes_on = threading.Event(), threading.Event()

    def deliver(self, paper: str, pdf: bytes) -> Told:
        self.asked.set()
        assert self.goes_on.wait(30)
        self.told[paper] = Told(Fate.OUT)
        return self.told[paper]


def test_a_paper_on_its_way_is_not_taken_back_before_it_arrived(node: Path) -> None:
    """Asked too early its printer would not know it yet; it would be free for another one, and come out twice."""
    slow = SlowPrinter()
    working = Spool(Printers({"laser": slow}, "laser", {}), paper_of, database.atomic)
    job = queue()
    prints = threading.Thread(target=working.work, kwargs={"at": NOW})
    takes = threading.Thread(target=working.take_back, args=(job.id,), kwargs={"at": NOW})
    prints.start()
    assert slow.asked.wait(30)
    takes.start()
    takes.join(0.3)  # time enough to do it wrong
    slow.goes_on.set()
    prints.join()
    takes.join()
    assert state(job) is State.DONE


def test_a_paper_that_came_out_meanwhile_is_done(node: Path) -> None:
    laser = QueueingPrinter()
    working = Spool(Printers({"laser": laser}, "laser", {}), paper_of, database.atomic)
    job = queue()
    working.work(at=NOW)
    laser.told[job.paper] = Told(Fate.OUT)
    assert working.take_back(job.id, at=LATER) is State.DONE


def test_what_a_person_prints_from_the_browser_is_unsure_until_they_say_so(node: Path) -> None:
    job, printer = queue(), QueueingPrinter()
    working = Spool(Printers({"laser": printer}, "laser", {}), paper_of, database.atomic)
    printer.off = True
    working.work(at=NOW)
    assert working.by_hand(job.id, at=NOW)
    printer.off = False
    working.work(at=NOW)
    assert (state(job), PrintJob.get_by_id(job.id).printer) == (State.UNSURE, BROWSER)
    assert printer.told == {}, "a second path was tried by itself"

    assert working.answer(job.id, came_out=True, at=LATER)
    assert state(job) is State.DONE
    assert not working.by_hand(job.id, at=LATER)


def test_what_did_not_come_out_of_the_browser_waits_for_its_printer_again(node: Path) -> None:
    job, printer = queue(), QueueingPrinter()
    working = Spool(Printers({"laser": printer}, "laser", {}), paper_of, database.atomic)
    working.by_hand(job.id, at=NOW)
    working.answer(job.id, came_out=False, at=NOW)
    working.work(at=LATER)
    assert list(printer.told) == [f"{job.paper}.1"]


def test_what_is_at_a_printer_is_not_printed_from_the_browser_too(node: Path) -> None:
    job, working = queue(), spool_of(QueueingPrinter())
    working.work(at=NOW)
    assert state(job) is State.SENT
    assert not working.by_hand(job.id, at=LATER)


def test_a_printer_that_was_taken_away_leaves_its_papers_to_a_person(node: Path) -> None:
    job = put(stream="01", number="1", form="01", payload=b"slip", copies=1, at=NOW, printer="old")
    sent = put(stream="01", number="2", form="01", payload=b"slip", copies=1, at=NOW, printer="old")
    PrintJob.update(state=State.SENT.value).where(PrintJob.id == sent.id).execute()
    spool_of(QueueingPrinter()).work(at=LATER)

    assert state(job) is State.FAILED
    assert state(sent) is State.UNSURE


def crash_at_step(place: Path, step: int) -> bool:
    """Let another process work the spool and die just before its `step`th statement or touch of a file.

    False if it came to the end before.
    """
    child = os.fork()
    if child == 0:
        work_until(place, step)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == DIED


DIED = 77


def work_until(place: Path, step: int) -> None:
    """In the child: never returns."""
    steps = iter(range(1, 1000))

    def count() -> None:
        if next(steps) == step:
            os._exit(DIED)

    def touches_a_file(event: str, arguments: tuple[object, ...]) -> None:
        if event in {"open", "os.rename"} and str(place) in str(arguments[0]):
            count()

    open_database(place)
    database.connection().set_trace_callback(lambda _statement: count())
    sys.addaudithook(touches_a_file)
    spool(place).work(at=NOW)
    os._exit(0)


def stamp_of(place: Path, job: PrintJob) -> int | None:
    """Which file the paper is: another number, another printing."""
    file = place / "papers" / f"{job.paper}.pdf"
    return file.stat().st_ino if file.exists() else None


def test_a_crash_between_any_two_steps_loses_no_paper_and_repeats_none(tmp_path: Path) -> None:
    """Before each statement and each touch of a file in turn; then a new start, which must finish the job."""
    seen: set[State] = set()
    step = 0
    while True:
        step += 1
        place = tmp_path / str(step)
        place.mkdir()
        open_database(place)
        database.create_tables([PrintJob, Also])
        job = queue()
        database.close()
        if not crash_at_step(place, step):
            break
        open_database(place)
        seen.add(state(job))
        came_out_before = (place / "papers" / f"{job.paper}.pdf").exists()

        stamp = stamp_of(place, job)
        spool(place).work(at=LATER)

        assert state(job) is State.DONE
        assert (stamp_of(place, job) == stamp) == came_out_before, "printed a second time"
        assert (place / "papers" / f"{job.paper}.pdf").read_bytes() == b"%PDF slip"
        database.close()
    assert step > 8
    assert seen == {State.QUEUED, State.SENT}
