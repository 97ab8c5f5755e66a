"""What a node tells Prometheus: its health in the text format (version 0.0.4). Pure.

Names and labels name machines, databases, kinds and states; no person and no dossier is in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from edge.health import Health
from edge.status import Lane, NodeStatus

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Gauge:
    """One figure with its samples; a sample without a value is left out."""

    name: str
    help: str
    samples: tuple[tuple[Labels, float | None], ...]


def exposition(status: NodeStatus, health: Health, version: str) -> str:
    """Everything, as Prometheus reads it."""
    lines = []
    for gauge in gauges(status, health, version):
        known = [(labels, value) for labels, value in gauge.samples if value is not None]
        if known:
            lines += [f"# HELP motcua_{gauge.name} {gauge.help}", f"# TYPE motcua_{gauge.name} gauge"]
            lines += [f"motcua_{gauge.name}{_labels(labels)} {value:.15g}" for labels, value in known]
    return "\n".join(lines) + "\n"


def gauges(status: NodeStatus, health: Health, version: str) -> Iterator[Gauge]:
    """All figures, each with its sentence of help and a value for each set of labels (docs/watching.md)."""
    yield Gauge(
        "info", "Which node this is, and of which version.", (({"node": status.node, "version": version}, 1),)
    )
    yield from _exchange(status)
    yield from _acts(status, health)
    yield from _outgoing(status)
    yield from _papers(health)
    yield from _machine(status, health)
    yield from _process(health)
    yield from _projections(health)
    yield from _documents(health)


def _exchange(status: NodeStatus) -> Iterator[Gauge]:
    lanes = [(_lane(peer.node, lane), lane) for peer in status.peers for lane in peer.lanes]
    peers = [({"peer": peer.node}, peer) for peer in status.peers]
    yield Gauge(
        "peer_heard_timestamp_seconds",
        "When another machine was last proven to be there.",
        tuple((labels, _seconds(peer.heard_at)) for labels, peer in peers),
    )
    yield Gauge(
        "peer_lost",
        "1 while another machine is out of reach.",
        tuple((labels, peer.lost_since is not None) for labels, peer in peers),
    )
    yield Gauge(
        "sync_pending_documents",
        "Documents that are still to be copied, as far as known.",
        tuple((labels, lane.pending) for labels, lane in lanes),
    )
    yield Gauge(
        "sync_lag_seconds",
        "Since when something is left to copy; 0 while nothing is.",
        tuple((labels, lane.lag_s or 0) for labels, lane in lanes),
    )
    yield Gauge(
        "sync_refused_documents",
        "Documents that were refused since the line was opened.",
        tuple((labels, lane.refused) for labels, lane in lanes),
    )
    yield _one(
        "files_elsewhere", "Files that are wanted here and are not whole yet.", len(status.files_elsewhere)
    )
    yield Gauge(
        "chain_missing_events",
        "Events of a machine that are to be here and are not.",
        tuple(({"node": chain.node}, chain.lacking) for chain in status.chains if chain.whole),
    )


def _acts(status: NodeStatus, health: Health) -> Iterator[Gauge]:
    waited = 0.0 if status.waiting_since is None else (status.at - status.waiting_since).total_seconds()
    yield _one("events_unsent", "Own acts that central is not known to have.", status.waiting)
    yield _one("events_unsent_oldest_seconds", "How old the oldest of them is.", waited)
    yield _one("dossiers_contested", "Dossiers with a dispute that nobody has settled.", health.contested)
    yield _one("dossiers_incomplete", "Dossiers of which earlier acts are missing here.", health.incomplete)
    yield _one("events_held", "Acts without effect: held by a rule, or waiting for something.", health.held)
    yield _one("documents_refused", "Documents that a peer would not take.", health.refused)
    yield Gauge(
        "waiting_bytes",
        "What a peer brought that nobody can judge yet.",
        tuple(({"peer": peer}, size) for peer, size in sorted(health.waits.items())),
    )
    yield Gauge(
        "numbers_left",
        "Granted numbers that are left.",
        tuple(({"what": one.what, "symbol": one.symbol}, one.left) for one in health.granted),
    )
    yield Gauge(
        "numbers_granted",
        "Granted numbers, given ones among them.",
        tuple(({"what": one.what, "symbol": one.symbol}, one.of) for one in health.granted),
    )


def _outgoing(status: NodeStatus) -> Iterator[Gauge]:
    kinds = [({"kind": one.kind}, one) for one in status.outgoing]
    yield Gauge(
        "outgoing",
        "What waits to leave the centre, or, as receipts, to be issued.",
        tuple((labels, one.due) for labels, one in kinds),
    )
    yield Gauge(
        "outgoing_oldest_seconds",
        "How long the oldest of it waits.",
        tuple(
            (labels, 0 if one.oldest is None else (status.at - one.oldest).total_seconds())
            for labels, one in kinds
        ),
    )
    yield Gauge(
        "outgoing_refused",
        "What another system refused for good.",
        tuple((labels, one.refused) for labels, one in kinds),
    )


def _papers(health: Health) -> Iterator[Gauge]:
    counts = sorted(health.papers.counts.items())
    yield Gauge(
        "papers",
        "Papers that are not finished, by state.",
        tuple(({"state": state}, n) for state, n in counts),
    )
    yield _one(
        "papers_oldest_seconds", "How long the oldest waits for its printer.", health.papers.oldest_s or 0
    )


def _machine(status: NodeStatus, health: Health) -> Iterator[Gauge]:
    ends = ({"what": "card"}, health.card_days), ({"what": "tls"}, health.tls_days)
    yield Gauge("certificate_days_left", "Days until this machine's card, and its certificate, end.", ends)
    yield _one(
        "clock_skew_seconds", "How far this clock is ahead of the one measured last.", health.skew_s or 0
    )
    yield _one("clock_unsure", "1 while acts say that the hour is not sure.", health.clock_unsure)
    yield _one("catalog_number", "The newest catalog entry that is applied here.", status.catalog)
    yield _one("catalog_age_days", "How long ago central last said something here.", health.catalog_age_days)
    yield Gauge(
        "backup_timestamp_seconds",
        "As of when the newest backup of this machine is.",
        (({}, _seconds(health.backed_up)),),
    )
    yield _one("disk_free_bytes", "What is free on the disk of this node.", health.disk_free)
    yield _one("disk_bytes", "How large that disk is.", health.disk_total)
    sizes = ({"file": "node.db"}, health.database_bytes), ({"file": "files.db"}, health.files_bytes)
    yield Gauge("database_bytes", "How large this node's files are, with their logs.", sizes)


def _process(health: Health) -> Iterator[Gauge]:
    yield _one("open_files", "Files and connections that this process has open.", health.process.files)
    yield _one("open_files_most", "How many it may have.", health.process.files_most)
    yield _one("memory_bytes", "What it has of the memory.", health.process.memory)


def _projections(health: Health) -> Iterator[Gauge]:
    if health.projections is not None:
        behind = health.projections.behind
        yield _one(
            "projections_there",
            "1 while PostgreSQL answers and has projections of this node.",
            behind is not None,
        )
        text = "Changes that are still to be projected in PostgreSQL."
        yield Gauge("projections_behind", text, (({}, behind),))


def _documents(health: Health) -> Iterator[Gauge]:
    if health.documents is not None:
        yield _one(
            "documents_there",
            "1 while the cluster in which documents lie takes and gives them.",
            health.documents.away == "",
        )


def _one(name: str, text: str, value: float) -> Gauge:
    return Gauge(name, text, (({}, value),))


def _lane(peer: str, lane: Lane) -> Labels:
    return {"peer": peer, "database": lane.database, "direction": lane.direction}


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _labels(labels: Labels) -> str:
    told = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{told}}}" if told else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
