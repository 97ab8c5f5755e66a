"""The commands about machines: found a centre, let machines in, put them out.

Nothing is imported here that a counter would wait for when it starts; each command imports what it needs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    from central.centre import Authority, Numbers
    from central.enrolment import Wish
    from schemas.entries import Duty

_folder = click.Path(path_type=Path, file_okay=False)
_file = click.Path(path_type=Path, dir_okay=False)
_existing = click.Path(path_type=Path, dir_okay=False, exists=True)
_RANGE = re.compile(r"(?P<what>[a-z]+):(?P<symbol>[^:]+):(?P<first>\d+)-(?P<last>\d+)(?::(?P<form>.+))?")
KINDS = ("counter", "room", "desk", "kiosk", "board", "front")
WHY = ("retired", "lost", "stolen", "forked")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def place_options(command: Any) -> Any:
    """What a machine is to be, as options."""
    options = (
        click.option("--place", required=True, help="Where it stands: counter-03."),
        click.option("--title", required=True, help="What people call it: Quầy 03."),
        click.option("--kind", type=click.Choice(KINDS), required=True, help="What may be done at it."),
        click.option("--duty", "duties", multiple=True, help="Instead of those of its kind; once for each."),
        click.option("--agency", "agencies", multiple=True, help="Whose dossiers it keeps. [default: all]"),
        click.option("--number", type=click.IntRange(0, 999), help="[default: the lowest that is free]"),
        click.option("--address", default="", help="How others reach it. [default: what it says itself]"),
        click.option(
            "--building", default="", help="Machines of one building speak with each other by themselves."
        ),
        click.option(
            "--range",
            "ranges",
            multiple=True,
            help="Numbers to give: receipt:26TAA:1-500, result:H37.08:1-999, pad:01:1-500 (paper for the hour without power).",
        ),
        click.option("--by", required=True, help="The administrator who does it."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _wish(given: dict[str, Any]) -> Wish:
    from central.enrolment import FRONT, Wish
    from central.enrolment import KINDS as DUTIES

    duties = _duties(given["duties"]) or DUTIES[given["kind"]]
    return Wish(
        place=given["place"],
        title=given["title"],
        duties=duties,
        agencies=tuple(given["agencies"]),
        number=given["number"],
        address=given["address"].rstrip("/"),
        building=given["building"],
        ranges=tuple(map(_numbers, given["ranges"])),
        front=given["kind"] == FRONT,
    )


def _duties(words: Sequence[str]) -> tuple[Duty, ...]:
    from schemas.entries import Duty

    try:
        return tuple(Duty(one) for one in words)
    except ValueError as why:
        known = ", ".join(duty.value for duty in Duty)
        raise click.BadParameter(f"{why}; the duties are {known}", param_hint="--duty") from why


def _numbers(text: str) -> Numbers:
    """`WHAT:SYMBOL:FIRST-LAST`, and `:FORM` where there are several."""
    import msgspec

    from central.centre import Numbers

    match = _RANGE.fullmatch(text)
    try:
        return msgspec.convert(match.groupdict(default="") if match else {}, Numbers, strict=False)
    except msgspec.ValidationError as why:
        raise click.BadParameter(
            f"{text}: WHAT:SYMBOL:FIRST-LAST, like receipt:26TAA:1-500", param_hint="--range"
        ) from why


@click.command("init")
@click.option("--data", type=_folder, required=True, help="Central's folder; it must not be there yet.")
@click.option(
    "--authority", type=_file, required=True, help="Where the authority's key goes: a stick for the safe."
)
@click.option("--name", required=True, help="The centre's name, as it stands on papers.")
@click.option("--superior", required=True, help="What stands above it on papers.")
@click.option("--locality", required=True, help="The place in the date line of papers: Lạng Sơn.")
@click.option("--administrator", required=True, help="The first administrator's id: quan.nv.")
@click.option("--administrator-name", required=True, help="Their name: Nông Văn Quân.")
@click.option(
    "--address", default="", help="How machines reach central: https://10.0.0.2:8600. [default: not at all]"
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8600, show_default=True, help="Without --address."
)
@click.option(
    "--reach", multiple=True, help="A domain or network beside the private ones that machines are in."
)
@click.option("--agencies", type=_existing, help="A CSV of agencies.")
@click.option("--procedures", type=_existing, help="A CSV of procedures, checked row by row.")
@click.option(
    "--passphrase-file", type=_existing, help="The passphrase of the authority's key. [default: asked]"
)
@click.option("--password-file", type=_existing, help="The administrator's first password. [default: asked]")
def init(**given: Any) -> None:
    """Found a centre: its authority, central's keys and folder, the first administrator, the catalog's beginning."""
    from central.founding import Foundation, found_centre
    from edge.clock import system_clock
    from edge.ids import Ids

    passphrase = secret(given.pop("passphrase_file"), "Passphrase of the authority's key")
    password = secret(given.pop("password_file"), "Password of the administrator")
    foundation = Foundation(**given, passphrase=passphrase, password=password)
    founded = found_centre(foundation, clock=system_clock, ids=Ids())
    click.echo(f"founded {founded.node} in {foundation.data}, catalog {founded.catalog}")
    click.echo(
        f"authority: {foundation.authority}; put it, and its passphrase, into the safe: daily work needs neither"
    )
    click.echo(f"SHA-256 of the centre's certificate: {founded.fingerprint}")
    for line in founded.left_out:
        click.echo(f"left out: {line}", err=True)
    click.echo(f"start it with: motcua central --data {foundation.data}")


def secret(file: Path | None, asked: str) -> str:
    """A secret from a file's first line, or from the keyboard, twice."""
    if file is not None:
        return file.read_text(encoding="utf-8").partition("\n")[0].strip()
    return str(click.prompt(asked, hide_input=True, confirmation_prompt=True))


def open_authority(file: Path, passphrase_file: Path | None) -> Authority:
    """The authority's key, from the stick in the safe. Raises `CannotStart`, `NotGranted`."""
    from central.centre import Authority
    from edge.errors import CannotStart

    try:
        content = file.read_bytes()
    except OSError as why:
        raise CannotStart(f"{file} cannot be read ({why.strerror}): is the stick in?") from why
    return Authority.opened(content, _known(passphrase_file, "Passphrase of the authority's key"))


def open_recovery(file: Path, passphrase_file: Path | None) -> X25519PrivateKey:
    """The recovery key, from the safe. Raises `CannotStart`."""
    from central.recovery import read_recovery_key

    return read_recovery_key(file, _known(passphrase_file, "Passphrase of the recovery key"))


def _known(file: Path | None, asked: str) -> str:
    """A secret that was chosen before: from a file's first line, or from the keyboard."""
    if file is not None:
        return file.read_text(encoding="utf-8").partition("\n")[0].strip()
    return str(click.prompt(asked, hide_input=True))


@click.command("takeover")
@click.option("--data", type=_folder, required=True, help="The new central's folder; it may be running.")
@click.option("--by", required=True, help="The administrator who does it.")
@click.option("--without", multiple=True, help="A machine that is not waited for; once for each.")
def takeover(data: Path, by: str, without: tuple[str, ...]) -> None:
    """A new central has collected what the machines have, and begins to be central."""
    from central.control import TakeOver, TookOver, give

    done = give(data, TakeOver(by, list(without)), TookOver)
    click.echo(
        f"{done.node} is central from here on, catalog {done.catalog}; the one before is revoked as lost"
    )


@click.command("choose")
@click.argument("entry", required=False, default="")
@click.option("--data", type=_folder, required=True, help="Central's folder; it may be running.")
@click.option("--by", default="", help="The administrator who does it.")
@click.option("--with", "second", default="", help="The second administrator.")
@click.option("--reason", default="", help="Why this one; it is kept and shown.")
def choose(entry: str, data: Path, by: str, second: str, reason: str) -> None:
    """Say which branch of the catalog goes on: the one whose last ENTRY this is. Without it: which there are.

    Where there is one only, acts that rest on a former central's lost words no longer wait for them.
    """
    from central.control import BranchesTold, ChooseBranch, give

    if entry and not (by and second and reason):
        raise click.UsageError("a choice needs --by, --with and --reason")
    told = give(data, ChooseBranch(entry, by, second, reason), BranchesTold)
    if not told.branches:
        click.echo(f"the catalog has one way, up to {told.catalog}")
        for name in told.lost:
            click.echo(
                f"acts here rest on {name}, which was said by a former central and which nobody has brought"
            )
        if told.lost:
            click.echo("they wait; to go on without it, choose the one way that there is")
        return
    click.echo(f"up to entry {told.after} all agree; then")
    for branch in told.branches:
        click.echo(
            f"{branch.tip}{' (what central goes by)' if branch.here else ''}: {len(branch.said)} entries"
        )
        for said in branch.said:
            click.echo(f"    {said}")


@click.command("code")
@click.option("--data", type=_folder, required=True, help="Central's folder; central may be running.")
@json_option
@place_options
def code(data: Path, as_json: bool, **given: Any) -> None:
    """Make a one-time code for one machine; it is good for 30 minutes."""
    from central.control import Code, MakeCode, give
    from schemas.calendar import VIETNAM

    made = give(data, MakeCode(_wish(given), given["by"]), Code)
    if as_json:
        _echo_json(made)
        return
    until = made.until.astimezone(VIETNAM)
    click.echo(made.code)
    click.echo(f"for {made.node}, number {made.number:02d}, once, until {until:%H:%M}", err=True)


@click.command("answer")
@click.argument("request", type=_existing)
@click.argument("card", type=_file)
@click.option("--data", type=_folder, required=True, help="Central's folder; central may be running.")
@click.option("--check", required=True, help="The check of the request, read off the machine's own screen.")
@place_options
def answer(request: Path, card: Path, data: Path, check: str, **given: Any) -> None:
    """Answer a machine's REQUEST that came on a stick, with a CARD to carry back."""
    from central.control import Answered, AnswerFile, give

    answered = give(data, AnswerFile(request.read_bytes(), check, _wish(given), given["by"]), Answered)
    card.write_bytes(answered.answer)
    click.echo(answered.check)
    click.echo(f"the check of {card}: type it in at the machine", err=True)


@click.command("change")
@click.argument("node")
@click.option("--data", type=_folder, required=True, help="Central's folder; central may be running.")
@click.option("--title", help="What people call it.")
@click.option("--duty", "duties", multiple=True, help="All that may be done at it; once for each.")
@click.option("--agency", "agencies", multiple=True, help="Whose dossiers it keeps; `all` for all.")
@click.option("--address", help="How others reach it.")
@click.option("--building", help="Where it stands.")
@click.option("--by", required=True, help="The administrator who does it.")
def change(
    node: str, data: Path, duties: tuple[str, ...], agencies: tuple[str, ...], by: str, **words: str | None
) -> None:
    """Change what stands on a machine's card. Its place, number and keys stay."""
    from central.control import ChangeCard, Changed, give
    from central.enrolment import Change

    all_of_them = agencies == ("all",)
    given = Change(
        duties=_duties(duties) if duties else None,
        agencies=() if all_of_them else agencies or None,
        **words,
    )
    done = give(data, ChangeCard(node, given, by), Changed)
    click.echo(f"the card of {done.node} is written anew; it travels with the catalog")


@click.command("revoke")
@click.argument("node")
@click.option("--why", type=click.Choice(WHY), required=True, help="What happened to the machine.")
@click.option("--data", type=_folder, required=True, help="Central's folder; central may be running.")
@click.option("--by", required=True, help="The administrator who does it.")
def revoke(node: str, why: str, data: Path, by: str) -> None:
    """Take a machine's access back, for ever: it is let in nowhere, and what it wrote counts up to now."""
    from central.control import Revoke, Revoked, give
    from central.inspection.numbers import spans
    from schemas.calendar import VIETNAM

    done = give(data, Revoke(node, why, by), Revoked)  # type: ignore[arg-type]  # click has checked it
    click.echo(f"{done.node} is revoked ({done.why}): every machine that hears of it lets it in no more")
    left = done.remains
    last = f" ({left.at.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S})" if left.at else ""
    click.echo(f"its acts count up to number {left.upto}{last}")
    if left.beyond:
        click.echo(
            f"held until the desk has looked: {spans(left.beyond)}; missing: {spans(left.missing) or 'none'}"
        )
    if done.why != "retired":
        click.echo(
            "whether it wrote any after these, its disk tells (motcua rescue), and the slips that it gave"
        )


@click.command("enrol")
@click.argument("code", required=False)
@click.argument("url", required=False)
@click.option("--data", type=_folder, required=True, help="The machine's folder; it must hold no node yet.")
@click.option("--request", "request_file", type=_file, help="Without a line: write the request here.")
@click.option("--card", "card_file", type=_existing, help="Without a line: the answer that was carried back.")
@click.option("--check", default="", help="With --card: its check, read off central's screen.")
@click.option(
    "--address", default="", help="How others reach this machine: https://10.0.0.13:8600. [default: not]"
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8600, show_default=True, help="Without --address."
)
def enrol(
    code: str | None,
    url: str | None,
    data: Path,
    request_file: Path | None,
    card_file: Path | None,
    check: str,
    address: str,
    port: int,
) -> None:
    """Give this machine its card: by a one-time CODE from central at URL, or by two files on a stick."""
    from edge.enrolment import Machine
    from edge.ids import Ids

    by_hand = [one for one in (request_file, card_file) if one is not None]
    if bool(code and url) == bool(by_hand) or len(by_hand) > 1 or (code and not url):
        raise click.UsageError("give CODE and URL, or --request FILE, or --card FILE with its --check")
    machine = Machine(data, address=address.rstrip("/"), port=port, ids=Ids())
    if request_file is not None:
        click.echo(machine.write_request(request_file))
        click.echo(f"the check of {request_file}: type it in at the centre", err=True)
        return
    card = machine.take_card(card_file, check) if card_file else machine.ask(code or "", url or "")
    click.echo(f"this machine is {card.node} ({card.title}), number {card.number:02d} until {card.lease_to}")
    click.echo(f"start it with: motcua {'central front' if card.front else 'edge'} --data {data}")


@click.command("close")
@click.option("--data", type=_folder, required=True, help="The machine's folder; it must not be running.")
@click.option("--by", required=True, help="The administrator who does it.")
@click.option("--reason", required=True, help="Why; it is kept and shown.")
def close(data: Path, by: str, reason: str) -> None:
    """Write this machine's last act, before it is retired. Then start it once more, until nothing waits."""
    from edge.clock import system_clock
    from edge.errors import CannotStart
    from edge.folder import Folder
    from edge.ids import Ids
    from edge.node import Node
    from edge.retiring import close_node
    from edge.settings import read_settings
    from schemas.errors import Refused

    folder = Folder(data)
    settings = read_settings(folder.path)
    with folder.locked():
        node = Node(folder, settings, clock=system_clock, ids=Ids())
        try:
            last = close_node(node, by=by, reason=reason)
        except Refused as why:
            raise CannotStart(f"{node.id} was not closed: {why}") from why
        finally:
            node.close()
    click.echo(
        f"{node.id} has closed itself with its act {last}; start it until nothing waits, then revoke it as retired"
    )


@click.group()
def config() -> None:
    """The configuration of a node."""


@config.command("check")
@click.argument("file", type=_file)
def check(file: Path) -> None:
    """Say whether a configuration is right, and where not."""
    from central.config_command import check_command

    check_command(file)


@config.command("show")
@click.argument("file", type=_file)
@json_option
def show(file: Path, as_json: bool) -> None:
    """Print every setting as it is in force, and where it was said. Secrets are hidden."""
    from central.config_command import show_command

    show_command(file, as_json=as_json)


@config.command("explain")
def explain() -> None:
    """Print what can be set, as it stands in docs/settings.md."""
    from central.config_command import explained

    click.echo(explained(), nl=False)


def _echo_json(value: object) -> None:
    import msgspec

    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
