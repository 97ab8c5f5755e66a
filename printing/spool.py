"""Which papers wait, and which went out: each exactly once, as far as its printer can tell.

    queued ── sent ── done
       ▲        │
       └────────┼──── unsure

A job is put in the transaction of the event that it prints, so neither exists without the other. It is *sent* before
its printer is touched and *done* after, each committed; a crash in between leaves it *sent*. Then the printer is
asked: it came out (done), it did not (queued again), or nobody can tell (unsure, until a person has looked).
Only states and data live here; which thread drives them is the node's business.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from peewee import AutoField, BlobField, DatabaseProxy, IntegerField, Model, TextField

from printing.errors import OutcomeUnknown, PrintError, PrinterUnavailable

database = DatabaseProxy()


class State(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    DONE = "done"
    UNSURE = "unsure"


class Moment(TextField):
    """A moment as UTC text, to the microsecond; sorts as it happened."""

    def db_value(self, value: datetime | None) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def python_value(self, value: str | None) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


class PrintJob(Model):
    """One paper of one dossier, to be printed once; a reprint is a job of its own.

    `attempt` counts the printings of this paper ("in lần 2"); with number and form it names the paper. `payload` is
    what the form is filled with (JSON). `path` is where it lies, for a printer that makes files; `error` why it still
    waits, or why nobody knows.
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

    class Meta:
        database = database
        table_name = "print_job"
        indexes = ((("number", "form", "attempt"), True),)

    @property
    def paper(self) -> str:
        """What a printer calls it: `<dossier number>-<form>-<attempt>`."""
        return f"{self.number}-{self.form}-{self.attempt}"


class Printer(Protocol):
    """What a spool needs of a printer. `paper` names the job; the same name twice is the same paper."""

    def deliver(self, paper: str, pdf: bytes) -> Path | None:
        """Hand over a paper; the file, for a printer that makes files.

        Raises PrinterUnavailable if nothing can have come out, OutcomeUnknown if something may have.
        """
        ...

    def came_out(self, paper: str) -> Path | None:
        """After a crash: where the paper is, or None if it never came out.

        Raises OutcomeUnknown where the printer cannot tell, PrinterUnavailable where it does not answer now.
        """
        ...


Renderer = Callable[[str, bytes], bytes]
"""(form, payload) -> PDF. Raises PrintError for data that it cannot print."""


def put(
    *, stream: str, number: str, form: str, payload: bytes, copies: int, attempt: int = 1, at: datetime
) -> PrintJob:
    """Queue a paper, inside the caller's transaction. Raises peewee's IntegrityError for a paper that has its job."""
    return PrintJob.create(
        stream=stream,
        number=number,
        form=form,
        payload=payload,
        copies=copies,
        attempt=attempt,
        created_at=at,
        changed_at=at,
    )


def forget(stream: str) -> list[Path]:
    """Empty all papers of a dossier, inside the caller's transaction: what was printed stays counted, without content.

    Those that have not gone to a printer are dropped. Returns the files to take away, whether they are there or not.
    """
    jobs = list(PrintJob.select().where(PrintJob.stream == stream))
    PrintJob.delete().where((PrintJob.stream == stream) & (PrintJob.state == State.QUEUED.value)).execute()
    PrintJob.update(payload=b"", path="", error="").where(PrintJob.stream == stream).execute()
    return [Path(job.path) for job in jobs if job.path]


class Spool:
    """The way of the jobs to one printer. Its methods commit; call them outside of any transaction."""

    def __init__(
        self, printer: Printer, render: Renderer, transaction: Callable[[], AbstractContextManager[object]]
    ) -> None:
        """`transaction` opens a transaction of the caller's database, for each step one."""
        self._printer = printer
        self._render = render
        self._transaction = transaction

    def work(self, *, at: datetime) -> int:
        """Print what is queued, in order; how many papers came out.

        A job that cannot be printed now keeps its place and its reason, and the next ones go on.
        """
        if database.in_transaction():
            raise RuntimeError(
                "a job is only sent once its commit is: the spool works outside of transactions"
            )
        return sum(self._print(job, at) for job in self._jobs(State.QUEUED))

    def settle_interrupted(self, *, at: datetime) -> int:
        """After a start: decide the jobs that a crash left half-sent; how many there were."""
        interrupted = self._jobs(State.SENT)
        for job in interrupted:
            self._settle(job, at)
        return len(interrupted)

    def answer(self, job_id: int, *, came_out: bool, at: datetime) -> bool:
        """A person looked at the printer: an unsure job is done, or queued again. False if it was not unsure."""
        return self._move(job_id, State.UNSURE, State.DONE if came_out else State.QUEUED, at)

    def _print(self, job: PrintJob, at: datetime) -> bool:
        try:
            pdf = self._render(job.form, bytes(job.payload))
        except PrintError as why:
            self._move(job.id, State.QUEUED, State.QUEUED, at, error=str(why))
            return False
        if not self._move(job.id, State.QUEUED, State.SENT, at):
            return False
        try:
            path = self._printer.deliver(job.paper, pdf)
        except PrinterUnavailable as why:
            self._move(job.id, State.SENT, State.QUEUED, at, error=str(why))
            return False
        except OutcomeUnknown as why:
            self._move(job.id, State.SENT, State.UNSURE, at, error=str(why))
            return False
        return self._move(job.id, State.SENT, State.DONE, at, path=str(path or ""))

    def _settle(self, job: PrintJob, at: datetime) -> None:
        try:
            path = self._printer.came_out(job.paper)
        except OutcomeUnknown as why:
            self._move(job.id, State.SENT, State.UNSURE, at, error=str(why))
        except PrinterUnavailable as why:
            # It stays sent: only the printer, once it answers, knows which way.
            self._move(job.id, State.SENT, State.SENT, at, error=str(why))
        else:
            self._move(job.id, State.SENT, State.DONE if path else State.QUEUED, at, path=str(path or ""))

    def _jobs(self, state: State) -> list[PrintJob]:
        with self._transaction():
            return list(PrintJob.select().where(PrintJob.state == state.value).order_by(PrintJob.id))

    def _move(self, job_id: int, old: State, new: State, at: datetime, **facts: str) -> bool:
        """Change one job's state, committed; False if somebody else moved it first."""
        changes: dict[str, Any] = {"state": new.value, "changed_at": at, "error": "", **facts}
        here = (PrintJob.id == job_id) & (PrintJob.state == old.value)
        with self._transaction():
            return bool(PrintJob.update(**changes).where(here).execute())
