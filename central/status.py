"""`motcua status`: with whom a node is in contact, what it still has to copy, and what went wrong last.

A running node is asked. Of one that does not run, its file says what it knew last; it is opened for reading only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from central.inspection.folders import node_folders
from central.inspection.reading import Snapshot
from edge.acks import NAME as ACKS
from edge.clock import Clock
from edge.completeness import MOST_GAPS, chains_in, spans
from edge.errors import CannotStart
from edge.folder import Folder
from edge.outbox import DOSSIER, ISSUING, MAIL, SUMMARY
from edge.outgoing import RECEIPT, Outgoing
from edge.settings import read_settings
from edge.status import Chain, NodeStatus, PeerStatus, asked, chain_of
from schemas.acks import Acks
from schemas.calendar import VIETNAM

FOUND, WELL = 1, 0
_KINDS = {
    DOSSIER: "dossiers wait for the exchange",
    MAIL: "mails wait",
    ISSUING: "receipts wait for who issues them",
    SUMMARY: "summaries of receipts wait",
    RECEIPT: "receipts are to be issued",
}


def status_command(data: Path, as_json: bool, clock: Clock) -> int:
    """Exit status 1 where a node does not run, has lost somebody or acts, or something was refused. Raises `CannotStart`."""
    found = [status_in(Folder(path), clock) for path in node_folders(data)]
    if as_json:
        click.echo(msgspec.json.encode({"nodes": found}).decode())
    else:
        _show(found, Console())
    return WELL if all(_is_well(one) for one in found) else FOUND


def status_in(folder: Folder, clock: Clock) -> NodeStatus:
    """What the running node of this folder says, else what its file knew last. `CannotStart` where that
    cannot be read.
    """
    return asked(folder) or _as_left(folder, clock())


def _is_well(one: NodeStatus) -> bool:
    return (
        one.running
        and not one.refused
        and not any(kind.refused for kind in one.outgoing)
        and all(peer.lost_since is None for peer in one.peers)
        and all(chain.complete for chain in one.chains)
    )


def _as_left(folder: Folder, at: datetime) -> NodeStatus:
    """What a node that does not run knew last. Raises `CannotStart` for a file that cannot be read."""
    settings = read_settings(folder.path)
    snapshot = Snapshot(folder.database)
    try:
        if snapshot.problem is not None:
            raise CannotStart(f"{folder.database} cannot be read: {snapshot.problem}")
        contacts = snapshot.select("SELECT key, value FROM fact WHERE key LIKE 'contact %' ORDER BY key")
        ((waiting, since),) = snapshot.select(
            "SELECT count(*), min(arrived_at) FROM delivery WHERE centre_at IS NULL AND own = 1"
        ) or [(0, None)]
        ((refused,),) = snapshot.select("SELECT count(*) FROM refuseddocument WHERE dismissed_by = ''") or [
            (0,)
        ]
        ((catalog,),) = snapshot.select("SELECT doc_count FROM catalog_meta") or [(0,)]
        outgoing = list(_outgoing(snapshot))
        is_centre = (folder.keys / "tls-authority.key").exists()
        heard = {key.removeprefix("contact "): _moment(value) for key, value in contacts}
        chains = [
            chain_of(one, heard.get(one.node))
            for one in chains_in(snapshot.select, _acks(snapshot), own=settings.node, is_centre=is_centre)
        ]
    finally:
        snapshot.close()
    return NodeStatus(
        node=settings.node,
        at=at,
        running=False,
        catalog=catalog,
        waiting=0 if is_centre else waiting,
        waiting_since=None if is_centre or since is None else _moment(since),
        refused=refused,
        peers=[
            PeerStatus(
                key.removeprefix("contact "), "", _moment(value), _moment(value), "the node does not run"
            )
            for key, value in contacts
        ],
        files_elsewhere=[],
        chains=chains,
        outgoing=outgoing,
    )


def _outgoing(snapshot: Snapshot) -> Iterator[Outgoing]:
    """What lies in central's outbox; whether that is late only says who runs."""
    query = (
        "SELECT kind, sum(state = 'due'), min(CASE WHEN state = 'due' THEN at END), sum(state = 'refused') FROM outbox"
        " WHERE state = 'due' OR state = 'refused' GROUP BY kind"
    )
    for kind, due, oldest, refused in snapshot.select(query):
        yield Outgoing(kind, due, _moment(oldest) if oldest else None, refused, late=False)


def _acks(snapshot: Snapshot) -> Acks | None:
    """Central's newest list, which was verified when it came."""
    rows = snapshot.select("SELECT body FROM catalog_local WHERE id = ?", ACKS)
    return msgspec.json.decode(rows[0][0], type=Acks) if rows else None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


# ---- for people


def _show(found: Sequence[NodeStatus], console: Console) -> None:
    for one in found:
        console.print(_headline(one), highlight=False)
        for kind in one.outgoing:
            if kind.due or kind.refused:
                console.print(f"  {_leaves(kind)}", highlight=False)
        for chain in one.chains:
            console.print(f"  {_chain(chain)}", highlight=False)
        for peer in one.peers:
            _show_peer(peer, console)
        for file in one.files_elsewhere[:10]:
            size = "size unknown" if file.size is None else f"{file.here:,} of {file.size:,} bytes"
            console.print(
                f"  {file.file[:17]}… of {file.stream or 'the catalog'}: {size} {file.why}".rstrip()
            )
        if len(one.files_elsewhere) > 10:
            console.print(f"  and {len(one.files_elsewhere) - 10} more files")


def _headline(one: NodeStatus) -> str:
    parts = [
        "running" if one.running else "[bold]does not run[/]; as it was left:",
        f"catalog {one.catalog}",
        f"{one.waiting} acts wait for central"
        + (f" since {_clock(one.waiting_since)}" if one.waiting_since is not None else ""),
        f"{one.refused} refused",
        f"{len(one.files_elsewhere)} files elsewhere",
    ]
    return f"[bold]{one.node}[/]  {', '.join(parts)}"


def _leaves(one: Outgoing) -> str:
    since = f" since {_clock(one.oldest)}" if one.oldest is not None else ""
    refused = f", [bold]{one.refused:,} refused[/]" if one.refused else ""
    told = f"{one.due:,} {_KINDS.get(one.kind, one.kind)}{since}{refused}"
    return f"[bold]{told}[/]" if one.late else told


def _chain(one: Chain) -> str:
    """ "counter-03.2: 1 … 4,812 complete, last contact 23/11 14:05:10"."""
    contact = "" if one.heard_at is None else f", last contact {_clock(one.heard_at)}"
    acked = f", central has said 1 … {one.acked:,}" if one.acked else ""
    if not one.whole:
        return f"{one.node}: seen up to {one.known:,}{acked}{contact}"
    if one.complete:
        return f"{one.node}: 1 … {one.upto:,} complete{acked}{contact}"
    first = f"1 … {one.upto:,} complete" if one.upto else "nothing complete"
    named = spans(one.missing, "{:,}".format)
    more = "" if len(one.missing) < MOST_GAPS else " and more"
    who = (
        f"; may be at {', '.join(one.holders)}" if one.holders else "; nobody in reach is known to have them"
    )
    return f"[bold]{one.node}: {first}, missing {named}{more}[/] ({one.lacking:,} of {one.known:,}){who}{contact}"


def _show_peer(peer: PeerStatus, console: Console) -> None:
    contact = "never heard of" if peer.heard_at is None else f"heard of {_clock(peer.heard_at)}"
    if peer.lost_since is not None:
        contact += f", [bold]lost since {_clock(peer.lost_since)}[/]"
    console.print(f"\n[bold]{peer.node}[/]  {contact}", highlight=False)
    if peer.why:
        console.print(f"  {peer.why}", markup=False, highlight=False)
    table = Table("", "now", "pending", "docs/s", "lag", "last success", box=None, pad_edge=False)
    for lane in peer.lanes:
        table.add_row(
            f"  {lane.database} {lane.direction}",
            lane.state,
            "?" if lane.pending is None else str(lane.pending),
            "" if lane.rate is None else f"{lane.rate:.0f}",
            "none" if lane.lag_s is None else f"{lane.lag_s:.0f} s",
            "never" if lane.last_success is None else _clock(lane.last_success),
        )
    for held in peer.holds:
        table.add_row(f"  {held.database} there", "", str(held.pending), "", "", _clock(held.at))
    if table.rows:
        console.print(table)
    for lane in peer.lanes:
        if lane.last_error is not None and lane.last_error_at is not None:
            what = f"  {lane.database} {lane.direction}, {_clock(lane.last_error_at)}: {lane.last_error}"
            console.print(what, markup=False, highlight=False)


def _clock(at: datetime) -> str:
    return f"{at.astimezone(VIETNAM):%d/%m %H:%M:%S}"
