"""Which papers wait, and which went out: each exactly once, as far as its printer can tell.

    queued ─── sent ─── done
     ▲  │ ▲      ├───── unsure ─┬─ (a person looked) ─ done, or queued
     │  │ └──────┘               └─ cancelled
     │  ├─ failed ─ (a person) ─ queued, or cancelled
     │  └─ cancelled
     └──── absent: it never reached its printer (one that had it, and forgot it: unsure)

    sent ─ (a person takes it back) ─ failed: nothing of it came out │ unsure: something may have │ done
    queued, failed, unsure ─ (a person prints it from the browser) ─ unsure

A job is put in the transaction of the event that it prints, so neither exists without the other. It is *sent* before
its printer is touched, committed; what became of it is what the printer says then or later (`Fate`). After a crash the
printer is asked again: it came out, it waits there, it never arrived (queued again), it was given up there (failed), or
nobody can tell (unsure, until a person has looked). No second printer is tried by itself.

Each printer has its own queue: one that is away keeps its papers in their order and holds up no other, for it is asked
once in a pass.
Only states and data live here; which thread drives them is the node's business.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, StrEnum
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any, Final, Protocol

from printing.errors import OutcomeUnknown, PrinterError, PrintError, PrinterUnavailable
from printing.models import AutoField, BlobField, CompositeKey, DatabaseProxy, IntegerField, Model, TextField

database = DatabaseProxy()
BROWSER: Final = "browser"
"""The name of no printer: a person prints the paper by the browser's own means, and then says whether it came out."""
_log = logging.getLogger(__name__)


class State(StrEnum):
    """Where a job is. Unsure: it may have come out, and a person has to look; settled ones come to nothing more."""

    QUEUED = "queued"
    SENT = "sent"
    DONE = "done"
    UNSURE = "unsure"
    FAILED = "failed"
    CANCELLED = "cancelled"


SETTLED: Final = (State.DONE.value, State.CANCELLED.value)
"""Nothing more comes of these, and nobody is asked about them."""


class Moment(TextField):
    """A moment as UTC text, to the microsecond; sorts as it happened."""

    def db_value(self, value: datetime | None) -> str | None:
        """From an aware moment of any zone; None stays None."""
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def python_value(self, value: str | None) -> datetime | None:
        """An aware moment in UTC; None stays None. Raises `ValueError` for what is none."""
        return None if value is None else datetime.fromisoformat(value)


class PrintJob(Model):
    """One paper of one dossier, to be printed once; a reprint is a job of its own.

    `attempt` counts the printings of this paper ("in lần 2"); with number and form it names the paper. `twin` counts
    the other dossiers that were received here under this number before: the portal may send something twice. `again`
    counts how often a person had it printed anew that a printer may have had before. `accepted`: 1 once its printer has
    said that it has it; if it then knows nothing of it, it may have come out. `payload`
    is what the form is filled with (JSON). `printer` is a name of the node's, empty until it is chosen by the kind of
    paper. `path` is where it lies, for a printer that makes files; `error` why it still waits, or why nobody knows.
    """

    id = AutoField()
    stream = TextField(index=True)
    number = TextField()
    form = TextField()
    attempt = IntegerField()
    copies = IntegerField()
    payload = BlobField()
    state = TextField(default=State.QUEUED.value, index=True)
    created_at = Moment()
    changed_at = Moment()
    path = TextField(default="")
    error = TextField(default="")
    printer = TextField(default="")
    twin = IntegerField(default=0)
    again = IntegerField(default=0)
    accepted = IntegerField(default=0)

    class Meta:
        database = database
        table_name = "print_job"
        indexes = ((("number", "twin", "form", "attempt"), True),)

    @property
    def paper(self) -> str:
        """What a printer calls it: `<dossier number>-<form>-<attempt>`, with `_2` at the number of a second dossier.

        With `.1` for what a person had printed anew: asked after a crash, no printer speaks of the one before.
        """
        number = f"{self.number}_{self.twin + 1}" if self.twin else self.number
        return f"{number}-{self.form}-{self.attempt}{f'.{self.again}' if self.again else ''}"


class Also(Model):
    """A paper that tells of more dossiers than the one whose job it is: of this one too."""

    stream = TextField()
    job = IntegerField()

    class Meta:
        database = database
        table_name = "print_job_also"
        primary_key = CompositeKey("stream", "job")


class Fate(Enum):
    """What a printer says of a paper."""

    OUT = "out"
    WAITING = "waiting"
    """It has it, in its own queue or under its head."""
    ABSENT = "absent"
    """It never got it: it may be sent again."""
    DROPPED = "dropped"
    """It had it and gave it up: cancelled at the printer, or broken."""


@dataclass(frozen=True, slots=True)
class Told:
    """`why`: what a waiting or dropped paper lacks, in the printer's words. `path`: where it lies, if it is a file."""

    fate: Fate
    why: str = ""
    path: Path | None = None


class Printer(Protocol):
    """What a spool needs of a printer. `paper` names the job; the same name twice is the same paper."""

    def deliver(self, paper: str, pdf: bytes) -> Told:
        """Hand over a paper.

        Raises PrinterUnavailable if nothing can have come out, OutcomeUnknown if something may have, and another
        PrintError for a paper that this printer cannot print.
        """
        ...

    def ask(self, paper: str) -> Told:
        """What became of a paper that may have been handed over.

        Raises OutcomeUnknown where the printer cannot tell, PrinterUnavailable where it does not answer now.
        """
        ...

    def take_back(self, paper: str) -> Told:
        """Give up a paper that was handed over: dropped or absent, if nothing of it can come out any more.

        Raises OutcomeUnknown if something may have come out, PrinterUnavailable if it does not answer now.
        """
        ...


@dataclass(frozen=True, slots=True)
class Printers:
    """The printers of a node by name, and which of them prints which form; `standard` prints the others."""

    by_name: Mapping[str, Printer]
    standard: str
    by_form: Mapping[str, str]

    @classmethod
    def only(cls, printer: Printer, name: str = "") -> Printers:
        """One printer, which prints every form."""
        return cls({name: printer}, name, {})

    def name_for(self, form: str) -> str:
        """The printer's name in `by_name`, as things are now."""
        return self.by_form.get(form, self.standard)

    def of(self, job: PrintJob) -> str:
        """The name of the printer that has this job, or will get it as things are."""
        return job.printer or self.name_for(job.form)


Renderer = Callable[[str, bytes], bytes]
"""(form, payload) -> PDF. Raises PrintError for data that it cannot print."""


def put(
    *,
    stream: str,
    number: str,
    form: str,
    payload: bytes,
    copies: int,
    attempt: int = 1,
    at: datetime,
    printer: str = "",
    also: Iterable[str] = (),
) -> PrintJob:
    """Queue a paper, inside the caller's transaction; `also` are the other dossiers that it tells of.

    Raises peewee's IntegrityError for a paper that has its job.
    """
    job: PrintJob = PrintJob.create(
        stream=stream,
        number=number,
        form=form,
        payload=payload,
        copies=copies,
        attempt=attempt,
        created_at=at,
        changed_at=at,
        printer=printer,
        twin=_twin(stream, number),
    )
    for other in dict.fromkeys(also):
        Also.create(stream=other, job=job.id)
    return job


def _twin(stream: str, number: str) -> int:
    """How many other dossiers of this number came before this one here."""
    jobs = PrintJob.select(PrintJob.stream, PrintJob.twin).where(PrintJob.number == number)
    known = {job.stream: job.twin for job in jobs}
    return known.get(stream, max(known.values(), default=-1) + 1)


def forget(stream: str) -> list[Path]:
    """Empty all papers of a dossier, inside the caller's transaction: what was printed stays counted, without content.

    Those that have not gone to a printer are dropped. Returns the files to take away, whether they are there or not.
    """
    listed = [one.job for one in Also.select().where(Also.stream == stream)]
    of_it = (PrintJob.stream == stream) | PrintJob.id.in_(listed)
    jobs = list(PrintJob.select().where(of_it))
    unsent = PrintJob.state.in_([State.QUEUED.value, State.FAILED.value])
    PrintJob.delete().where(of_it & unsent).execute()
    PrintJob.update(payload=b"", path="", error="").where(of_it).execute()
    Also.delete().where(Also.stream == stream).execute()
    return [Path(job.path) for job in jobs if job.path]


class Spool:
    """The way of the jobs to the printers. Its methods commit; call them outside of any transaction."""

    def __init__(
        self,
        printers: Printers,
        render: Renderer,
        transaction: Callable[[], AbstractContextManager[object]],
    ) -> None:
        """`printers` may be others from one pass to the next. `transaction` opens a transaction of the caller's
        database, for each step one."""
        self.printers = printers
        self._render = render
        self._transaction = transaction
        self._handing_over = threading.Lock()
        """What is on its way to a printer is not taken back from it: the printer does not know it yet."""

    # ---- by itself

    def work(self, *, at: datetime, unless: Callable[[], bool] = lambda: False) -> int:
        """Ask about what was sent, then print what is queued, in order; how many papers came out.

        `unless` is asked before each paper: what is left then waits for the next pass.
        """
        if database.in_transaction():
            raise RuntimeError(
                "a job is only sent once its commit is: the spool works outside of transactions"
            )
        came_out, away = self._follow(at)
        for name, jobs in self._queues():
            if name in away:
                self._move(jobs[0].id, State.QUEUED, State.QUEUED, at, error=away[name])
                continue
            came_out += self._print_queue(name, takewhile(lambda _: not unless(), jobs), at)
        return came_out

    def follow(self, *, at: datetime) -> int:
        """Ask what became of papers that were sent, also by a process that died; how many have come out since."""
        return self._follow(at)[0]

    # ---- by a person

    def answer(self, job_id: int, *, came_out: bool, at: datetime) -> bool:
        """A person looked at the printer: an unsure job is done, or queued again. False if it was not unsure."""
        if came_out:
            return self._move(job_id, State.UNSURE, State.DONE, at)
        return self._move(job_id, State.UNSURE, State.QUEUED, at, **self._anew(job_id))

    def retry(self, job_id: int, *, at: datetime) -> bool:
        """What was wrong is put right: a failed job is queued again. False if it had not failed."""
        return self._move(job_id, State.FAILED, State.QUEUED, at)

    def cancel(self, job_id: int, *, why: str, at: datetime) -> bool:
        """Nobody wants this paper any more. False if it is at a printer, or came out."""
        return any(
            self._move(job_id, state, State.CANCELLED, at, error=why)
            for state in (State.QUEUED, State.FAILED, State.UNSURE)
        )

    def send_to(self, job_id: int, printer: str, *, at: datetime) -> bool:
        """Let another printer print a job that waits or has failed, or of which a person says that it did not come out.

        False if it is at a printer, or came out. Raises KeyError for a printer that is not there.
        """
        self.printers.by_name[printer]
        return any(self._move(job_id, state, State.QUEUED, at, printer=printer) for state in _AT_REST)

    def take_back(self, job_id: int, *, at: datetime) -> State | None:
        """A person does not want to wait for the printer that has a paper. The job's state then; None if no printer has it.

        Failed: it is free for another one. Unsure: something of it may come out yet, and a person has to look. Done.
        """
        with self._handing_over:
            with self._transaction():
                job = PrintJob.get_or_none((PrintJob.id == job_id) & (PrintJob.state == State.SENT.value))
            if job is None:
                return None
            printer = self.printers.by_name.get(self.printers.of(job))
            state, facts = _taken_back(printer, job) if printer else (State.UNSURE, {"error": _GONE})
            return state if self._move(job_id, State.SENT, state, at, **facts) else None

    def by_hand(self, job_id: int, *, at: datetime) -> bool:
        """A person prints it from the browser now, which nobody but they can see: unsure until they say what came out.

        False if it is at a printer, or came out.
        """
        return any(self._move(job_id, state, State.UNSURE, at, printer=BROWSER) for state in _AT_REST)

    # ---- one job

    def _print_queue(self, name: str, jobs: Iterable[PrintJob], at: datetime) -> int:
        """A printer that does not take one paper is not offered the next ones in this pass: order is kept."""
        printer, came_out = self.printers.by_name.get(name), 0
        for job in jobs:
            if printer is None:
                gone = f"there is no printer called {name}"
                self._move(job.id, State.QUEUED, State.FAILED, at, error=gone)
                continue
            try:
                came_out += self._print(printer, name, job, at)
            except PrinterUnavailable:
                break
        return came_out

    def _print(self, printer: Printer, name: str, job: PrintJob, at: datetime) -> bool:
        """Raises PrinterUnavailable when the job stays queued because its printer is away."""
        try:
            pdf = self._render(job.form, bytes(job.payload))
        except PrintError as why:
            self._move(job.id, State.QUEUED, State.FAILED, at, error=str(why))
            return False
        with self._handing_over:
            return self._hand_over(printer, name, job, pdf, at)

    def _hand_over(self, printer: Printer, name: str, job: PrintJob, pdf: bytes, at: datetime) -> bool:
        if not self._move(job.id, State.QUEUED, State.SENT, at, printer=name):
            return False
        try:
            told = _answered(name, lambda: printer.deliver(job.paper, pdf))
        except PrinterUnavailable as why:
            # as it was before: a paper that nobody chose a printer for goes where its kind goes by then
            self._move(job.id, State.SENT, State.QUEUED, at, error=str(why), printer=job.printer)
            raise
        except OutcomeUnknown as why:
            self._move(job.id, State.SENT, State.UNSURE, at, error=str(why))
            return False
        except PrintError as why:
            self._move(job.id, State.SENT, State.FAILED, at, error=str(why))
            return False
        return self._told(job, told, at)

    def _follow(self, at: datetime) -> tuple[int, dict[str, str]]:
        """How many papers have come out, and which printers do not answer now, with the reason."""
        came_out, away = 0, dict[str, str]()
        for job in self._jobs(State.SENT):
            name = self.printers.of(job)
            try:
                came_out += name not in away and self._ask(name, job, at)
            except PrinterUnavailable as why:
                away[name] = str(why)
            if name in away:  # it stays sent: only the printer, once it answers, knows which way
                self._move(job.id, State.SENT, State.SENT, at, error=away[name])
        return came_out, away

    def _ask(self, name: str, job: PrintJob, at: datetime) -> bool:
        """Whether it came out. Raises PrinterUnavailable."""
        printer = self.printers.by_name.get(name)
        if printer is None:
            self._move(job.id, State.SENT, State.UNSURE, at, error=_GONE)
            return False
        try:
            told = _answered(name, lambda: printer.ask(job.paper))
        except OutcomeUnknown as why:
            self._move(job.id, State.SENT, State.UNSURE, at, error=str(why))
            return False
        return self._told(job, told, at)

    def _told(self, job: PrintJob, told: Told, at: datetime) -> bool:
        """Whether the paper came out."""
        match told.fate:
            case Fate.OUT:
                return self._move(job.id, State.SENT, State.DONE, at, path=str(told.path or ""))
            case Fate.WAITING:
                self._move(job.id, State.SENT, State.SENT, at, error=told.why, accepted=1)
            case Fate.ABSENT if job.accepted:
                self._move(job.id, State.SENT, State.UNSURE, at, error=_FORGOTTEN)
            case Fate.ABSENT:
                self._move(job.id, State.SENT, State.QUEUED, at)
            case Fate.DROPPED:
                self._move(job.id, State.SENT, State.FAILED, at, error=told.why)
        return False

    def _queues(self) -> Iterator[tuple[str, list[PrintJob]]]:
        """What is queued, printer by printer, the oldest first."""
        jobs = sorted(self._jobs(State.QUEUED), key=lambda job: (self.printers.of(job), job.id))
        for name, queue in groupby(jobs, self.printers.of):
            yield name, list(queue)

    def _anew(self, job_id: int) -> dict[str, str]:
        """What a job forgets that is queued again: a browser is no printer that it could wait for."""
        with self._transaction():
            job = PrintJob.get_or_none(PrintJob.id == job_id)
        return {"printer": ""} if job is not None and job.printer == BROWSER else {}

    def _jobs(self, state: State) -> list[PrintJob]:
        with self._transaction():
            return list(PrintJob.select().where(PrintJob.state == state.value).order_by(PrintJob.id))

    def _move(self, job_id: int, old: State, new: State, at: datetime, **facts: str | int) -> bool:
        """Change one job's state, committed; False if somebody else moved it first.

        A job that stays where it is keeps the moment since which it has been there.
        """
        changes: dict[str, Any] = {"state": new.value, "error": "", **facts}
        if new is not old:
            changes["changed_at"] = at
        if new is State.QUEUED and old in (State.UNSURE, State.FAILED):
            changes |= {"again": PrintJob.again + 1, "accepted": 0}
        here = (PrintJob.id == job_id) & (PrintJob.state == old.value)
        with self._transaction():
            return bool(PrintJob.update(**changes).where(here).execute())


_AT_REST: Final = (State.QUEUED, State.FAILED, State.UNSURE)
"""No printer has it, as far as anybody knows: a person may decide."""
_GONE: Final = "the printer was taken away while the paper was at it"
_FORGOTTEN: Final = "the printer had the paper, and knows nothing of it any more"


def _answered(name: str, question: Callable[[], Told]) -> Told:
    """What a printer says. A fault of ours or of a library's is that printer's alone: the others go on."""
    try:
        return question()
    except PrintError:
        raise
    except Exception as why:
        _log.exception("%s: a person is asked what became of the paper", name)
        raise OutcomeUnknown(name, f"{type(why).__name__}: {why}") from why


def _taken_back(printer: Printer, job: PrintJob) -> tuple[State, dict[str, str]]:
    """The state that a job is in then, and what belongs to it."""
    try:
        told = _answered(job.printer, lambda: printer.take_back(job.paper))
    except PrinterError as why:
        return State.UNSURE, {"error": str(why)}
    match told.fate:
        case Fate.OUT:
            return State.DONE, {"path": str(told.path or "")}
        case Fate.WAITING:
            return State.SENT, {"error": told.why}
        case Fate.ABSENT if job.accepted:
            return State.UNSURE, {"error": _FORGOTTEN}
        case Fate.ABSENT | Fate.DROPPED:
            return State.FAILED, {"error": "it was taken back from the printer"}
