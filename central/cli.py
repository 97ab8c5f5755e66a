"""`motcua`: the command that starts everything.

Exit status 0: well. 1: the work was done and something was found. 2: it could not begin; one line says why.

Commands import what they need when they run: a counter that starts must not wait for the demo's parts, nor a question
to a running node for its pages.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from central import cli_machines
from central.catalog_import import Read, read_procedures
from central.centre import Office
from central.cli_machines import json_option
from central.errors import CentralError
from edge import log
from edge.clock import system_clock
from edge.errors import NodeError
from edge.settings import NAME
from schemas.enrolment import Misspelled

CANNOT_BEGIN = 2

_folder = click.Path(path_type=Path, file_okay=False)
_file = click.Path(path_type=Path, dir_okay=False)


class _OneLine(click.Group):
    """Errors that a person can do something about are one line, without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (NodeError, CentralError, Misspelled) as why:
            click.echo(f"motcua: {why}", err=True)
            ctx.exit(CANNOT_BEGIN)


@click.group(cls=_OneLine)
@click.version_option(package_name="motcua")
def main() -> None:
    """A one-stop public-service centre that keeps working when the network does not."""
    log.begin("text")


@main.command()
@click.option(
    "--data",
    type=_folder,
    default=None,
    help="The demo's own folder. [default: var/demo, a fresh one for --once]",
)
@click.option("--once", is_flag=True, help="Play the outage scenario without a person, report, and end.")
@click.option("--json", "as_json", is_flag=True, help="With --once: print one JSON object.")
@click.option(
    "--seed", type=int, default=1, show_default=True, help="With --once: what chooses people and dossiers."
)
@click.option(
    "--port", type=click.IntRange(1, 65532), default=8600, show_default=True, help="The first of four ports."
)
def demo(data: Path | None, once: bool, as_json: bool, seed: int, port: int) -> None:
    """Start a centre on this machine: central 8600, counters 8601 and 8602, the 4-on-site room 8603."""
    from central.demo.run import run_demo, run_once

    if once:
        sys.exit(run_once(data, seed=seed, as_json=as_json))
    if as_json:
        raise click.UsageError("--json goes with --once")
    run_demo(data or Path("var/demo"), first_port=port)


def _config(data: Path | None, config: Path | None) -> Path:
    """The file of a node: its own, or the one in its folder."""
    if (data is None) == (config is None):
        raise click.UsageError("give --data DIR, or --config FILE")
    return config or (data or Path()) / NAME


@main.command()
@click.option("--data", type=_folder, help="The node's folder, with its node.toml.")
@click.option("--config", type=_file, help="Its configuration, where that lies elsewhere.")
@click.option(
    "--first-run",
    is_flag=True,
    help="While the folder of --data holds no node: serve a page on which this machine gets its card.",
)
@click.option("--watch-stdin", is_flag=True, hidden=True)
def edge(data: Path | None, config: Path | None, first_run: bool, watch_stdin: bool) -> None:
    """Run a counter's or a room's node until it is told to stop."""
    from central.serve import run_node

    if first_run and data is None:
        raise click.UsageError("--first-run goes with --data")
    run_node(_config(data, config), centre=False, watch_stdin=watch_stdin, first_run=first_run)


@main.group(invoke_without_command=True)
@click.option("--data", type=_folder, help="Central's folder, with its node.toml.")
@click.option("--config", type=_file, help="Its configuration, where that lies elsewhere.")
@click.option("--watch-stdin", is_flag=True, hidden=True)
@click.pass_context
def central(context: click.Context, data: Path | None, config: Path | None, watch_stdin: bool) -> None:
    """Run the central node until it is told to stop; or found a centre, and let machines in."""
    if context.invoked_subcommand is None:
        from central.serve import run_node

        run_node(_config(data, config), centre=True, watch_stdin=watch_stdin)


@central.command()
@click.option("--data", type=_folder, help="The front's folder, with its node.toml.")
@click.option("--config", type=_file, help="Its configuration, where that lies elsewhere.")
def front(data: Path | None, config: Path | None) -> None:
    """Run a front on a machine of its own until it is told to stop: it answers machines in central's place, before the
    CouchDB cluster in which central's documents lie."""
    from central.serve_front import run_front

    run_front(_config(data, config))


@central.command()
@click.option("--data", type=_folder, help="Central's folder, with the node.toml by which it ran so far.")
@click.option("--config", type=_file, help="That configuration, where it lies elsewhere.")
@click.option(
    "--to",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="The configuration by which it is to run, with another `documents`.",
)
@json_option
def migrate(data: Path | None, config: Path | None, to: Path, as_json: bool) -> None:
    """Bring central's documents into CouchDB, or back, and prove that both ends have the same. Nothing may run meanwhile; cut
    off, the same command goes on. Exit status 1 when the ends differ."""
    from central.moving import migrate_command

    sys.exit(migrate_command(_config(data, config), to, as_json=as_json))


for command in (
    cli_machines.init,
    cli_machines.code,
    cli_machines.answer,
    cli_machines.change,
    cli_machines.takeover,
    cli_machines.choose,
):
    central.add_command(command)
for command in (cli_machines.enrol, cli_machines.revoke, cli_machines.close, cli_machines.config):
    main.add_command(command)


@main.group()
def catalog() -> None:
    """Procedures, agencies, people: what central says to every node."""


@catalog.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--data",
    type=_folder,
    default=Path("var/demo"),
    show_default=True,
    help="A demo's folder, or central's own.",
)
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help="First day of these versions. [default: today]"
)
@click.option("--by", default="", help="Who imports: a person's id.")
@click.option("--dry-run", is_flag=True, help="Show what is wrong and write nothing.")
@click.option("--with-doubtful", is_flag=True, help="Import rows that are right and odd, too.")
@json_option
def import_(
    file: Path, data: Path, since: object, by: str, dry_run: bool, with_doubtful: bool, as_json: bool
) -> None:
    """Import procedures from a CSV: what is wrong or odd is shown row by row, what is right becomes catalog entries.

    Nobody else confirms it: that is for founding a centre. Later, import on central's page Danh mục.
    """
    from central.cataloguing.staging import differing
    from central.opened import opened_central

    with opened_central(data) as node:
        day = since.date() if hasattr(since, "date") else system_clock().date()
        read = read_procedures(file.read_bytes(), node.catalog.latest.agencies(), since=day)
        taken = read.procedures if with_doubtful else read.surely()
        fresh = list(differing(node.catalog.latest, taken, day))
        written = 0 if dry_run else Office(node).define(fresh, by=by)
        _report_import(read, len(taken), len(fresh), written, node.catalog.name, as_json=as_json)


def _staff_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(
        (
            click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False)),
            click.option(
                "--data", type=_folder, default=Path("var/demo"), show_default=True, help="Central's folder."
            ),
            click.option("--by", required=True, help="The administrator who imports: a person's id."),
            click.option("--dry-run", is_flag=True, help="Show what is wrong and write nothing."),
            json_option,
        )
    ):
        command = option(command)
    return command


@catalog.command("import-staff")
@_staff_options
def import_staff(file: Path, data: Path, by: str, dry_run: bool, as_json: bool) -> None:
    """Import people and their roles from a CSV (columns in docs/people.md). One wrong row, and nothing is written."""
    from central.staff_command import import_staff_command

    sys.exit(import_staff_command(file, data, by=by, dry_run=dry_run, as_json=as_json))


@catalog.command("import-delegations")
@_staff_options
def import_delegations(file: Path, data: Path, by: str, dry_run: bool, as_json: bool) -> None:
    """Import written delegations (TL., TUQ., KT.) from a CSV. One wrong row, and nothing is written."""
    from central.staff_command import import_delegations_command

    sys.exit(import_delegations_command(file, data, by=by, dry_run=dry_run, as_json=as_json))


@catalog.command("import-communes")
@_staff_options
def import_communes(file: Path, data: Path, by: str, dry_run: bool, as_json: bool) -> None:
    """Import communes and wards from a CSV (columns in docs/catalog.md). One wrong row, and nothing is written."""
    from central.staff_command import import_communes_command

    sys.exit(import_communes_command(file, data, by=by, dry_run=dry_run, as_json=as_json))


@catalog.command("import-queues")
@_staff_options
def import_queues(file: Path, data: Path, by: str, dry_run: bool, as_json: bool) -> None:
    """Import what visitors choose at the kiosk from a CSV (columns in docs/queue.md). One wrong row, and nothing is written."""
    from central.staff_command import import_queues_command

    sys.exit(import_queues_command(file, data, by=by, dry_run=dry_run, as_json=as_json))


@catalog.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--data", type=_folder, required=True, help="Central's own folder; nothing may run in it.")
@click.option("--name", default="", help="What people call it. [default: as its certificate says]")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help="Trusted from this day. [default: its first]"
)
@click.option("--timestamps", is_flag=True, help="For time-stamps, not for people and agencies.")
@click.option("--by", default="", help="Who says so: a person's id.")
def authority(file: Path, data: Path, name: str, since: object, timestamps: bool, by: str) -> None:
    """Trust an authority that issues certificates (PEM or DER)."""
    from central.certificates import add_authority
    from central.opened import opened_central

    first = since.date() if hasattr(since, "date") else None
    with opened_central(data) as node:
        anchor = add_authority(node, file, name=name, since=first, timestamps=timestamps, by=by)
        click.echo(f"{anchor.name}: tin cậy từ {anchor.since:%d/%m/%Y}, danh mục {node.catalog.name}.")


@catalog.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--data", type=_folder, required=True, help="Central's own folder; nothing may run in it.")
@click.option("--by", default="", help="Who says so: a person's id.")
def crl(file: Path, data: Path, by: str) -> None:
    """Publish an authority's list of revoked certificates (PEM or DER)."""
    from central.certificates import publish_list
    from central.opened import opened_central

    with opened_central(data) as node:
        done = publish_list(node, file, by=by)
        revoked = f"; thu hồi: {', '.join(done.revoked)}" if done.revoked else ""
        click.echo(
            f"{done.authority}: danh sách {done.made:%d/%m/%Y}, dùng tới {done.fresh_until:%d/%m/%Y}{revoked}."
        )


def _report_import(read: Read, taken: int, fresh: int, written: int, name: str, *, as_json: bool) -> None:
    rows = (("wrong", read.problems), ("doubtful", read.doubts))
    if as_json:
        report = {
            "right": len(read.procedures),
            "unchanged": taken - fresh,
            "written": written,
            "catalog": name,
            **{
                what: [{"line": one.line, "code": one.code, "why": one.why} for one in some]
                for what, some in rows
            },
        }
        click.echo(msgspec.json.encode(report).decode())
        return
    console = Console()
    for (_, some), title in zip(rows, ("dòng không nhập", "dòng đáng ngờ"), strict=True):
        if some:
            table = Table("Dòng", "Mã thủ tục", "Vì sao", title=f"{len(some)} {title}")
            for one in some:
                table.add_row(str(one.line), one.code, one.why)
            console.print(table)
    left = len(read.procedures) - taken
    told = f", {left} đáng ngờ nên chưa nhập (--with-doubtful)" if left else ""
    console.print(
        f"{len(read.procedures)} thủ tục đúng{told}, {taken - fresh} không đổi, {written} đã ghi vào danh mục {name}."
    )


@main.command()
@click.option("--data", type=_folder, required=True, help="A centre's folder, one folder a node.")
@json_option
def verify(data: Path, as_json: bool) -> None:
    """Read every event and file of every node again: ids, revisions, chains, seals, signatures, hashes, numbers."""
    from central.verify import verify_command

    sys.exit(verify_command(data, as_json))


@main.command("verify-result")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--data",
    type=_folder,
    default=Path("var/demo"),
    show_default=True,
    help="Any node's folder, or a centre's: whose catalog judges.",
)
@json_option
def verify_result(file: Path, data: Path, as_json: bool) -> None:
    """Say of a signed result who signed it, when, by which delegation, and whether it is whole. Works offline."""
    from central.verify_result import verify_result_command

    sys.exit(verify_result_command(file, data, system_clock, as_json=as_json))


@main.command()
@click.option(
    "--data", type=_folder, required=True, help="A centre's folder, one folder a node; nothing may run in it."
)
@json_option
def rebuild(data: Path, as_json: bool) -> None:
    """Drop all projections and make the same ones again from the events."""
    from central.rebuild import rebuild_command

    sys.exit(rebuild_command(data, as_json))


@main.command("print")
@click.option(
    "--data", type=_folder, required=True, help="A node's folder, or a centre's with all its nodes."
)
@json_option
def print_(data: Path, as_json: bool) -> None:
    """Which papers wait for a printer, failed, or have to be looked for in its tray."""
    from central.printing import print_command

    sys.exit(print_command(data, as_json))


@main.command()
@click.option(
    "--data", type=_folder, required=True, help="A node's folder, or a centre's with all its nodes."
)
@json_option
def status(data: Path, as_json: bool) -> None:
    """With whom a node is in contact, what is left to copy, and what went wrong last."""
    from central.status import status_command

    sys.exit(status_command(data, as_json, system_clock))


@main.command()
@click.option("--data", type=_folder, help="A node's folder, or a centre's with all its nodes.")
@click.option("--explain", is_flag=True, help="Print which faults are known, as in docs/faults.md.")
@json_option
def doctor(data: Path | None, explain: bool, as_json: bool) -> None:
    """What is wrong with a machine, what is safe all the same, and what to do. It only looks."""
    if explain == (data is not None):
        raise click.UsageError("give --data DIR, or --explain")
    if data is None:
        from central.doctor.faults import explained

        click.echo(explained(), nl=False)
        return
    from central.doctor.command import doctor_command

    sys.exit(doctor_command(data, as_json=as_json))


@main.command()
@click.option("--data", type=_folder, help="The node's folder, with its node.toml; nothing may run in it.")
@click.option("--config", type=_file, help="Its configuration, where that lies elsewhere.")
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The new key: a file with 32 bytes or more. [default: a passphrase, asked for]",
)
@click.option("--anew", is_flag=True, help="Write all data again under a new key, not only its envelope.")
def rekey(data: Path | None, config: Path | None, key_file: Path | None, anew: bool) -> None:
    """Close a node's folder, so that a stolen disk tells nothing; or give a closed one another key."""
    from central.rekey import rekey_command

    rekey_command(_config(data, config), key_file, anew=anew)


@main.command("recovery-key")
@click.argument("file", type=_file)
@click.option("--passphrase-file", type=_file, help="Its passphrase. [default: asked]")
def recovery_key(file: Path, passphrase_file: Path | None) -> None:
    """Make the key that opens backups: FILE goes into the safe, its public half into the settings of machines."""
    from central.recovery import PUBLIC, make_recovery_key

    public = make_recovery_key(file, cli_machines.secret(passphrase_file, "Passphrase of the recovery key"))
    click.echo(f"{file} opens every backup that is made for it; put it, and its passphrase, into the safe")
    click.echo(f'say in the node.toml of each machine:\n[backup]\nkeys = ["{public}"]')
    click.echo(f"(or to a single backup: --for {file}{PUBLIC})")


@main.command()
@click.argument("target", metavar="[DIR]", type=_folder, required=False)
@click.option("--data", type=_folder, help="The node's folder, with its node.toml; it may be running.")
@click.option("--config", type=_file, help="Its configuration, where that lies elsewhere.")
@click.option(
    "--for",
    "holders",
    type=_file,
    multiple=True,
    help="Who can open it: the public half of a recovery key, beside it. [default: as the settings say]",
)
@click.option(
    "--daily", type=click.IntRange(1, 3660), help="Of how many days the newest is kept. [default: 7]"
)
@click.option(
    "--weekly", type=click.IntRange(0, 520), help="Of how many weeks the newest is kept. [default: 5]"
)
@json_option
def backup(
    target: Path | None,
    data: Path | None,
    config: Path | None,
    holders: tuple[Path, ...],
    daily: int | None,
    weekly: int | None,
    as_json: bool,
) -> None:
    """Back a node up while it works, closed, into DIR or where its settings say; only what is new is written.

    The backup is restored once and verified before it counts, and older ones go as the settings say.
    """
    from central.backup import Said, backup_command

    backup_command(_config(data, config), Said(target, holders, daily, weekly), as_json=as_json)


@main.command()
@click.argument("source", metavar="[BACKUP]", type=_folder, required=False)
@click.argument("code", required=False, default="")
@click.argument("url", required=False, default="")
@click.option("--data", type=_folder, required=True, help="The new machine's folder.")
@click.option(
    "--authority", type=_file, help="Central's next: the authority's key, from the safe. Without BACKUP too."
)
@click.option("--passphrase-file", type=_file, help="The passphrase of the authority's key. [default: asked]")
@click.option("--recovery", type=_file, help="The recovery key that opens the BACKUP, from the safe.")
@click.option(
    "--recovery-passphrase-file", type=_file, help="The passphrase of the recovery key. [default: asked]"
)
@click.option("--at", default="", help="Which backup, by the beginning of its name. [default: the newest]")
@click.option("--node", default="", help="Without a BACKUP: who the next central is. [default: central.2]")
@click.option(
    "--address", default="", help="How others reach the new machine. [default: not; central: as before]"
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8600, show_default=True, help="Without --address."
)
@json_option
def restore(
    source: Path | None,
    code: str,
    url: str,
    data: Path,
    authority: Path | None,
    passphrase_file: Path | None,
    recovery: Path | None,
    recovery_passphrase_file: Path | None,
    at: str,
    node: str,
    address: str,
    port: int,
    as_json: bool,
) -> None:
    """Give a place its next machine, with what the newest BACKUP of the one before holds.

    An edge: CODE and URL as for `motcua enrol`; without them the machine in --data has its card already. Central:
    --authority; without a BACKUP all comes from the edges.
    """
    from central.restore import Backup, NewCentral, Wanted, restore_centre_command, restore_command

    address = address.rstrip("/")
    backup = None
    if source is not None:
        if recovery is None:
            raise click.UsageError("say --recovery FILE: backups are closed, and the key is in the safe")
        backup = Backup(source, cli_machines.open_recovery(recovery, recovery_passphrase_file), at)
    if authority is not None and not code:
        key = cli_machines.open_authority(authority, passphrase_file)
        new = NewCentral(data, key, node, address, port)
        sys.exit(restore_centre_command(new, backup, as_json=as_json))
    if backup is None or authority is not None:
        raise click.UsageError("give BACKUP with CODE and URL for an edge, --authority for central")
    sys.exit(restore_command(Wanted(data, code, url, address, port), backup, as_json=as_json))


@main.command()
@click.option("--disk", type=_folder, required=True, help="The node's folder on the disk that was found.")
@click.option("--data", type=_folder, required=True, help="Central's folder; central may be running.")
@click.option("--key-file", type=_file, help="What opens the folder on the disk, where a key file closes it.")
@json_option
def rescue(disk: Path, data: Path, key_file: Path | None, as_json: bool) -> None:
    """Bring in what a found disk holds and central does not have. The disk itself is not written to."""
    from central.rescue import rescue_command

    sys.exit(rescue_command(disk, data, key_file, as_json=as_json))


@main.group()
def courier() -> None:
    """Carry what machines have for each other on a USB stick, where there is no line."""


def _courier_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(
        (
            click.argument("file", type=click.Path(path_type=Path, dir_okay=False)),
            click.option("--data", type=_folder, help="The node's folder, with its node.toml."),
            click.option("--config", type=_file, help="Its configuration, where that lies elsewhere."),
            json_option,
        )
    ):
        command = option(command)
    return command


@courier.command("export")
@click.option("--to", required=True, help="For which machine: central.1, counter-01.1 …")
@_courier_options
def courier_export(to: str, file: Path, data: Path | None, config: Path | None, as_json: bool) -> None:
    """Write what another machine lacks into FILE, which only that machine can open."""
    from central.courier_command import export_command

    export_command(_config(data, config), to, file, as_json=as_json)


@courier.command("import")
@click.option("--although-old", is_flag=True, help="Take it although it is more than 60 days old.")
@_courier_options
def courier_import(
    file: Path, although_old: bool, data: Path | None, config: Path | None, as_json: bool
) -> None:
    """Take what another machine has put into FILE for this one. Twice, or in the wrong order, does no harm."""
    from central.courier_command import import_command

    import_command(_config(data, config), file, although_old=although_old, as_json=as_json)


@main.group("personal-data")
def personal_data() -> None:
    """What is held on a person; the register of processing. At central, while it is not running."""


@personal_data.command("export")
@click.option("--data", type=_folder, required=True, help="Central's folder.")
@click.option(
    "--out", type=_folder, required=True, help="A folder that is made: data.json, readable.html, files."
)
@click.option("--by", required=True, help="The administrator who exports: it is logged as a look.")
def export_personal(data: Path, out: Path, by: str) -> None:
    """Export everything held on a person. The number is asked for: it must not stand in a list of processes."""
    from central.personal_command import export_command

    number = click.prompt("Số giấy tờ", err=True)
    sys.exit(export_command(data, out, number, by=by))


@personal_data.command("register")
@json_option
def processing_register(as_json: bool) -> None:
    """Print the register of processing: which data, whose, why, by which law, who sees it, for how long."""
    from central.personal_command import register_command

    sys.exit(register_command(as_json=as_json))


@main.command()
@click.option("--data", type=_folder, help="Central's folder, with its node.toml.")
@click.option("--config", type=_file, help="Its configuration, where that lies elsewhere.")
def projector(data: Path | None, config: Path | None) -> None:
    """Help a running central to keep its projections in PostgreSQL, until told to stop; as many as there are processors."""
    from central.projecting import run_projector

    run_projector(_config(data, config))


@main.command()
@click.option("--data", type=_folder, required=True, help="The folder of one node, which may not be running.")
@click.option("--person", default="", help="Only the looks of this member of staff.")
@click.option("--stream", "streams", multiple=True, help="Only looks at these dossiers.")
@json_option
def views(data: Path, person: str, streams: tuple[str, ...], as_json: bool) -> None:
    """Who looked at which dossier at a machine, and whether its log is whole. Exit status 1 when it is not."""
    from central.views_command import views_command

    sys.exit(views_command(data, person, streams, as_json=as_json))


@main.command()
@click.option("--seeds", type=click.IntRange(1), default=20, show_default=True, help="How many runs.")
@click.option("--from", "first", type=click.IntRange(0), default=1, show_default=True, help="The first seed.")
@click.option(
    "--nodes", type=click.IntRange(3, 12), default=6, show_default=True, help="Machines of the centre."
)
@click.option(
    "--steps", type=click.IntRange(1, 100_000), default=400, show_default=True, help="Steps of each run."
)
@click.option("--only", default="", help="Play these steps alone, as a failure tells: 3,17,88.")
@click.option("--processes", type=click.IntRange(1), help="Runs at a time. [default: one a processor]")
@json_option
def simulate(
    seeds: int, first: int, nodes: int, steps: int, only: str, processes: int | None, as_json: bool
) -> None:
    """Play whole centres in which everything fails that can fail, and check that nothing was lost."""
    from central.simulation.command import Plan, simulate_command

    try:
        chosen = tuple(sorted({int(step) for step in only.split(",")})) if only else None
    except ValueError as why:
        raise click.BadParameter("numbers of steps with commas between them", param_hint="--only") from why
    plan = Plan(first, seeds, nodes, steps, chosen)
    sys.exit(simulate_command(plan, processes=processes, as_json=as_json))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--dossiers",
    type=click.IntRange(100, 521_756),
    default=5_218,
    show_default=True,
    help="How many; 521756 are the customer's five years.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Who came when, and for what.")
@json_option
def dataset(folder: Path, dossiers: int, seed: int, as_json: bool) -> None:
    """Make up the customer's five years, 2019-2023, in FOLDER; cut off, the same command goes on."""
    from central.dataset.command import dataset_command

    dataset_command(folder, dossiers, seed, as_json=as_json)


if __name__ == "__main__":
    main()
