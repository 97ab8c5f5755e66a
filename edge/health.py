"""How a running node is, as whoever looks after it wants to know: one record, told as metrics, alarms and by `motcua doctor`.

Nothing in it is about a person or a dossier. Every query costs the same whatever the archive's age.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec
from cryptography import x509

from edge.backed_up import last_backup
from edge.disk import Space
from edge.ledger import NumbersLeft
from edge.node import Node
from edge.process import Process, process_now
from edge.state import ranges_left
from printing.spool import SETTLED, PrintJob, State
from schemas.calendar import local_day
from schemas.canonical import from_base64
from schemas.events import timestamp


class Granted(msgspec.Struct, frozen=True):
    """Numbers of one kind and symbol that this machine may still give, of how many."""

    what: str
    symbol: str
    left: int
    of: int

    @property
    def scarce(self) -> bool:
        """A fifth of them or less is left, all ranges of the kind and symbol together."""
        return NumbersLeft(self.left, self.of).scarce


class Papers(msgspec.Struct, frozen=True):
    """Papers that are not finished: how many in each state, since when the oldest waits, and the newest error of a printer."""

    counts: dict[str, int]
    oldest_s: float | None
    error: str


class Projections(msgspec.Struct, frozen=True):
    """Those in PostgreSQL: how many changes they lack; None while it does not answer, or is empty."""

    behind: int | None


class Documents(msgspec.Struct, frozen=True):
    """Those in a cluster: why they are out of reach, in English; "" while they are not."""

    away: str


class Health(msgspec.Struct, frozen=True):
    """`waits`: bytes that wait for a card or an entry, by the peer that brought them, of at most `waits_most` each.

    `card_days`, `tls_days`: until the end of this machine's card and of the certificate that it shows; `None` without one.
    `skew_s`: how far this clock is ahead of the one that was measured last; None while they agree.
    `catalog_problem`: why the catalog cannot be followed, in English; "" where it can. `unheard`: at central, entries
    that acts rest on and that nobody has brought. `backed_up`: as of when the newest backup of this machine is.
    """

    contested: int
    refused: int
    incomplete: int
    held: int
    waits: dict[str, int]
    waits_most: int
    papers: Papers
    granted: list[Granted]
    card_days: int
    card_ended: str
    tls_days: int | None
    clock_unsure: bool
    skew_s: float | None
    catalog_age_days: float
    catalog_most_days: int
    catalog_problem: str
    unheard: list[str]
    collects: bool
    closed: bool
    disk_free: int
    disk_total: int
    database_bytes: int
    files_bytes: int
    process: Process
    backed_up: datetime | None = None
    projections: Projections | None = None
    documents: Documents | None = None


def health_of(node: Node, at: datetime) -> Health:
    """What a node sees of itself: clock, disk, card, chain and printers, as of `at` (UTC)."""
    card, problems, day = node.card, node.register.problems(), local_day(at)
    space, backup = node.disk.space(), last_backup(node.folder.path)
    return Health(
        contested=problems.contested,
        refused=problems.refused,
        incomplete=problems.incomplete,
        held=problems.held,
        waits=node.waits.by_source(),
        waits_most=node.waits.most_bytes,
        papers=_papers(node, at),
        granted=_granted(node, at),
        card_days=(card.lease_to - day).days,
        card_ended=card.revoked,
        tls_days=_tls_days(card.tls, at),
        clock_unsure=node.hour.unsure,
        skew_s=None if node.hour.skew is None else node.hour.skew.total_seconds(),
        catalog_age_days=0.0
        if node.is_centre
        else node.catalog.latest.age(timestamp(at)).total_seconds() / 86_400,
        catalog_most_days=card.max_catalog_age_days,
        catalog_problem="" if node.catalog_problem is None else str(node.catalog_problem),
        unheard=[*node.unheard()],
        collects=node.collects,
        closed=node.closed,
        disk_free=space.free,
        disk_total=space.total,
        database_bytes=_size(node.folder.database),
        files_bytes=_size(node.folder.files),
        process=process_now(),
        backed_up=None if backup is None else backup.at,
        projections=None if node.projections_behind is None else Projections(node.projections_behind()),
        documents=None if node.documents_away is None else Documents(node.documents_away()),
    )


def unready(health: Health) -> list[str]:
    """Why this node should be sent no work: nothing where it does all that its card says."""
    whys = {
        "disk": Space(health.disk_free, health.disk_total).full,
        "catalog": health.catalog_problem != "",
        "revoked": health.card_ended != "",
        "collects": health.collects,
        "closed": health.closed,
        "documents": health.documents is not None and health.documents.away != "",
    }
    return [why for why, so in whys.items() if so]


def _size(file: Path) -> int:
    """With what its log holds."""
    return sum(one.stat().st_size for one in (file, file.with_name(f"{file.name}-wal")) if one.exists())


def _papers(node: Node, at: datetime) -> Papers:
    open_states = [state.value for state in State if state.value not in SETTLED]
    counts, oldest, error = {}, None, ""
    with node.file.read():
        for state in open_states:
            jobs = PrintJob.select().where(PrintJob.state == state)
            counts[state] = jobs.count()
            first = jobs.order_by(PrintJob.changed_at).first() if counts[state] else None
            if first is not None:
                error = first.error or error
                if state in (State.QUEUED, State.SENT):
                    waited = (at - first.changed_at).total_seconds()
                    oldest = waited if oldest is None else max(oldest, waited)
    return Papers(counts, oldest, error)


def _granted(node: Node, at: datetime) -> list[Granted]:
    """Several ranges of one kind and symbol are used one after the other, and counted together."""
    found: dict[tuple[str, str], Granted] = {}
    for one in ranges_left(node, at):
        kind = one.what, one.symbol
        before = found.get(kind, Granted(*kind, 0, 0))
        found[kind] = Granted(*kind, before.left + one.left, before.of + one.last - one.first + 1)
    return list(found.values())


def _tls_days(certificate: str, at: datetime) -> int | None:
    if not certificate:
        return None
    shown = x509.load_der_x509_certificate(from_base64(certificate, "tls"))
    return (shown.not_valid_after_utc - at).days
