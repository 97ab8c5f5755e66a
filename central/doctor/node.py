"""Faults in what a running node says of itself. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from central.doctor.faults import Finding, finding
from edge.completeness import spans
from edge.health import Health
from edge.outgoing import RECEIPT
from edge.status import NodeStatus
from printing.spool import State

SOON_DAYS: Final = 30
LONG_ALONE: Final = timedelta(days=1)
LONG_WAIT_S: Final = 600.0


def faults_of(status: NodeStatus) -> Iterator[Finding]:
    """`disk` is looked at from outside (`folder`), whether a node runs or not; lines are in `line`."""
    health = status.health
    if health is None:
        return
    yield from _trust(status.node, health)
    yield from _work(status, health)
    yield from _process(status.node, health)
    yield from _projections(status.node, health)
    yield from _documents(status.node, health)
    yield from _outgoing(status)
    yield from _numbers(status.node, health)
    yield from _papers(status.node, health)


def _trust(node: str, health: Health) -> Iterator[Finding]:
    if health.card_ended:
        yield finding(node, "put-out", health.card_ended)
    elif health.card_days < 0:
        yield finding(node, "card-ended", f"{-health.card_days} days ago")
    else:
        days = min(one for one in (health.card_days, health.tls_days) if one is not None)
        if days < SOON_DAYS:
            yield finding(node, "card-ends", f"in {days} days")
    if health.catalog_problem:
        yield finding(node, "catalog-branches", health.catalog_problem)
    if health.unheard:
        yield finding(node, "catalog-lost", ", ".join(health.unheard[:5]))
    if health.catalog_age_days > health.catalog_most_days:
        yield finding(node, "catalog-old", f"for {health.catalog_age_days:.0f} days")
    if health.collects:
        yield finding(node, "collects")
    if health.closed:
        yield finding(node, "closed")
    if health.skew_s is not None:
        way = "ahead" if health.skew_s > 0 else "behind"
        yield finding(node, "clock", f"{abs(health.skew_s) / 60:.0f} minutes {way}")
    elif health.clock_unsure:
        yield finding(node, "hour-unsure")


def _work(status: NodeStatus, health: Health) -> Iterator[Finding]:
    node = status.node
    if status.waiting_since is not None and status.at - status.waiting_since > LONG_ALONE:
        yield finding(
            node, "unsent", f"{status.waiting}, the oldest since {status.waiting_since:%Y-%m-%d %H:%M} UTC"
        )
    if status.refused:
        yield finding(node, "refused", str(status.refused))
    for chain in status.chains:
        if chain.whole and chain.lacking:
            yield finding(node, "gap", f"{chain.lacking} of {chain.node}: {spans(chain.missing, str)}")
    for peer, size in health.waits.items():
        if size > health.waits_most / 2:
            yield finding(node, "waits", f"{size / 2**20:.0f} MiB of {peer}")


def _process(node: str, health: Health) -> Iterator[Finding]:
    if health.process.nearly_out_of_files:
        yield finding(node, "files-low", f"{health.process.files} of {health.process.files_most}")


def _projections(node: str, health: Health) -> Iterator[Finding]:
    if health.projections is not None and health.projections.behind is None:
        yield finding(node, "projections", "")


def _documents(node: str, health: Health) -> Iterator[Finding]:
    if health.documents is not None and health.documents.away:
        yield finding(node, "documents", health.documents.away)


def _outgoing(status: NodeStatus) -> Iterator[Finding]:
    for one in status.outgoing:
        if one.late and one.oldest is not None:
            seen = f"{one.due} of kind {one.kind}, the oldest since {one.oldest:%Y-%m-%d %H:%M} UTC"
            yield finding(status.node, "receipts-late" if one.kind == RECEIPT else "outgoing-waits", seen)
        if one.refused:
            yield finding(status.node, "outgoing-refused", f"{one.refused} of kind {one.kind}")


def _numbers(node: str, health: Health) -> Iterator[Finding]:
    for one in health.granted:
        what = f"{one.what} {one.symbol}".strip()
        if not one.left:
            yield finding(node, "numbers-gone", what)
        elif one.scarce:
            yield finding(node, "numbers-low", f"{what}: {one.left} of {one.of}")


def _papers(node: str, health: Health) -> Iterator[Finding]:
    papers = health.papers
    if papers.counts[State.UNSURE]:
        yield finding(node, "paper-unsure", str(papers.counts[State.UNSURE]))
    if papers.counts[State.FAILED]:
        yield finding(node, "paper-failed", f"{papers.counts[State.FAILED]}: {papers.error}")
    elif papers.oldest_s is not None and papers.oldest_s > LONG_WAIT_S:
        yield finding(node, "paper-waits", f"{papers.oldest_s / 60:.0f} minutes; {papers.error}".rstrip("; "))
