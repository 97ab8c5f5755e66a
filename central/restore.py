"""`motcua restore`: what a backup holds comes back, in a machine that is a new one.

A machine that went on from a copy of yesterday would give today's numbers a second time and write two acts under one
place of its chain. So nothing is ever put back as it was: the place gets its next incarnation, with keys, a card and
numbers of its own, and takes in from the backup what the old one had written, as it would from any other machine.

An edge gets its card as every machine does, by a code or by stick; central's is signed by the authority in the safe
(`central.succession`). Whatever is interrupted is done again by the same command.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from central.backup import Manifest, Told, read_backup, shown
from central.centre import Authority, Place, host_of, write_token
from central.founding import DUTIES
from central.inspection import catalogs, events
from central.inspection.documents import Documents
from central.inspection.reading import Snapshot
from central.rekey import passphrase
from central.rescue import Database, Rescued, opening, report, rescue
from central.succession import prepare, tls_authority_of
from central.taking_in import Taken, take_in
from central.tls_authority import Names, make_tls_authority
from edge.at_rest import OPEN, AtRest
from edge.clock import Clock, system_clock
from edge.enrolment import Machine, settings_for
from edge.errors import CannotStart
from edge.ids import Ids
from edge.keys import NodeKeys
from edge.node import Folder, Node
from edge.settings import NodeSettings, read_settings, write_settings
from schemas.catalog import Catalog
from schemas.enrolment import incarnation
from schemas.entries import Card
from schemas.events import Document


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `motcua restore` is told. Without `code` and `url` the machine in `data` has its card already."""

    backup: Path
    data: Path
    code: str = ""
    url: str = ""
    address: str = ""
    port: int = 8600
    key_file: Path | None = None


def restore_edge(wanted: Wanted, at_rest: AtRest, *, clock: Clock, ids: Ids, told: Told) -> Rescued:
    """Let the place's next machine in, if it is not yet, and give it what the backup holds.

    Raises `CannotStart`, `NotEnrolled`, `Misspelled`, `NotCopied`.
    """
    manifest = read_backup(wanted.backup, told)
    folder = Folder(wanted.data)
    if not folder.settings.exists():
        if not (wanted.code and wanted.url):
            raise CannotStart(
                f"{wanted.data} holds no machine yet: make a code for the place at the centre (after the lost machine was"
                " revoked) and give CODE and URL, or enrol it by stick first"
            )
        Machine(wanted.data, address=wanted.address, port=wanted.port, ids=ids).ask(wanted.code, wanted.url)
    settings = _next_of(manifest, wanted.backup, folder)
    write_settings(folder.path, settings)
    with folder.locked():
        node = Node(folder, settings, clock=clock, ids=ids, ask=passphrase)
        try:
            _bring_tokens(wanted.backup, at_rest, folder)

            def give(database: Database, documents: Sequence[Document], source: str) -> Taken:
                return take_in(node, database, documents, source)

            return rescue(wanted.backup, give, aside=folder.path, told=told, at_rest=lambda: at_rest)
        finally:
            node.close()


@dataclass(frozen=True, slots=True)
class NewCentral:
    """What `motcua restore` is told for a central. Without `backup` all comes from the edges.

    `node`: who it will be; "" for the next after the one in the backup.
    """

    data: Path
    authority: Authority
    backup: Path | None = None
    node: str = ""
    address: str = ""
    port: int = 8600


def restore_centre(
    wanted: NewCentral, at_rest: AtRest, *, clock: Clock, ids: Ids, told: Told
) -> Rescued | None:
    """The next central, which knows what the backup knew and collects the rest. Raises `CannotStart`, `NotGranted`."""
    folder, backup = Folder(wanted.data), wanted.backup
    if backup is not None:
        read_backup(backup, told)
    if not folder.path.exists():
        _prepare(wanted, folder, at_rest, clock, ids)
    elif not folder.succession.exists():
        raise CannotStart(f"{folder.path} is there already: a new central gets a folder of its own")
    if backup is None:
        return None
    settings = read_settings(folder.path)
    with folder.locked():
        node = Node(folder, settings, clock=clock, ids=ids, ask=passphrase)
        try:
            if not node.collects:
                raise CannotStart(
                    f"{node.id} is central by now: `motcua rescue` brings in what a disk or backup still has"
                )
            _bring_tokens(backup, at_rest, folder)

            def give(database: Database, documents: Sequence[Document], source: str) -> Taken:
                return take_in(node, database, documents, source)

            return rescue(backup, give, aside=folder.path, told=told, at_rest=lambda: at_rest)
        finally:
            node.close()


def _prepare(wanted: NewCentral, folder: Folder, at_rest: AtRest, clock: Clock, ids: Ids) -> None:
    place = Place(wanted.node or "central.2", "Trung tâm", 0, DUTIES, wanted.address)
    settings = settings_for(place.node, wanted.address, wanted.port, peers=())
    tls = None
    if wanted.backup is not None:
        old, card = read_settings(wanted.backup), _card_in(wanted.backup, at_rest, wanted.authority)
        where, number = incarnation(card.node)
        place = Place(
            wanted.node or f"{where}.{number + 1}",
            card.title,
            card.number,
            card.duties,
            wanted.address or card.address,
            card.agencies,
            card.building,
        )
        settings = msgspec.structs.replace(old, node=place.node, data="", key_file="", demo=None)
        if wanted.address:
            fresh = settings_for(place.node, wanted.address, wanted.port, peers=())
            settings = msgspec.structs.replace(settings, host=fresh.host, port=fresh.port)
        tls = tls_authority_of(wanted.backup, at_rest)
    if tls is None:
        names = Names.of(filter(None, [host_of(place.address)]))
        tls = make_tls_authority(wanted.authority.certificate, wanted.authority.key, names, clock())
    prepare(
        folder,
        place,
        settings,
        keys=NodeKeys.generate(),
        root=wanted.authority.der,
        sign=wanted.authority.sign,
        tls=tls,
        clock=clock,
        ids=ids,
    )


def _card_in(backup: Path, at_rest: AtRest, authority: Authority) -> Card:
    """The card of the central that was backed up. Raises `CannotStart`."""
    if catalogs.read_root(backup) != authority.der:
        raise CannotStart(
            "this authority is another centre's: take the stick of the centre that is to be restored"
        )
    catalog = catalog_in(backup, at_rest)
    card = catalog.latest.card(read_settings(backup).node)
    if card is None:
        raise CannotStart(
            f"the catalog in {backup} cannot be read: leave the backup out, and bring it in with rescue"
        )
    return card


def restore_centre_command(wanted: NewCentral, key_file: Path | None, *, as_json: bool) -> int:
    """Prepare the next central, and say what to do next: 0, or 1 where something of the backup could not be taken in."""
    at_rest = OPEN if wanted.backup is None else opening(wanted.backup, key_file, passphrase)
    if wanted.backup is not None and not is_of_centre(wanted.backup, at_rest):
        raise CannotStart(
            f"{wanted.backup} is no central's: an edge is restored with CODE and URL, without --authority"
        )
    with shown(as_json=as_json) as told:
        rescued = restore_centre(wanted, at_rest, clock=system_clock, ids=Ids(), told=told)
    if rescued is not None:
        report(rescued, as_json=as_json)
    if not as_json:
        here = read_settings(wanted.data).node
        click.echo(f"this machine is {here} and collects; put the authority back into the safe")
        click.echo(f"start it with: motcua central --data {wanted.data}")
    return 0 if rescued is None or rescued.whole else 1


def restore_command(wanted: Wanted, *, as_json: bool) -> int:
    """Restore an edge, and say what came of it: 0, or 1 where something could not be taken in."""
    at_rest = opening(wanted.backup, wanted.key_file, passphrase)
    if is_of_centre(wanted.backup, at_rest):
        raise CannotStart("this is a backup of central: say --authority FILE, with the stick from the safe")
    with shown(as_json=as_json) as told:
        rescued = restore_edge(wanted, at_rest, clock=system_clock, ids=Ids(), told=told)
    report(rescued, as_json=as_json)
    if not as_json:
        here = read_settings(wanted.data).node
        click.echo(f"this machine is {here}; start it with: motcua edge --data {wanted.data}")
    return 0 if rescued.whole else 1


def is_of_centre(backup: Path, at_rest: AtRest) -> bool:
    """Whether a backup is a central's: by the catalog in it."""
    return catalog_in(backup, at_rest).centre == read_settings(backup).node


def catalog_in(backup: Path, at_rest: AtRest) -> Catalog:
    """The catalog of a folder, as far as it can be proven."""
    with contextlib.closing(Snapshot(backup / "node.db", at_rest.database_key, still=True)) as snapshot:
        reads = events.read_events(Documents(snapshot, "catalog"))
        return catalogs.prove([catalogs.read_root(backup)], reads).catalog


def _next_of(manifest: Manifest, backup: Path, folder: Folder) -> NodeSettings:
    """The settings of the new machine, with what stood in the old one's about devices and people."""
    settings, old = read_settings(folder.path), read_settings(backup)
    here, before = incarnation(settings.node), incarnation(manifest.node)
    if here[0] != before[0] or here[1] <= before[1]:
        raise CannotStart(
            f"{folder.path} is {settings.node}, and the backup is of {manifest.node}: nothing was taken in. It is restored"
            f" into the next machine at {before[0]}; `motcua rescue` brings it to central"
        )
    return msgspec.structs.replace(
        settings,
        printers=settings.printers or old.printers,
        tokens=settings.tokens or old.tokens,
        names=settings.names or old.names,
        idle_lock_s=old.idle_lock_s,
    )


def _bring_tokens(backup: Path, at_rest: AtRest, folder: Folder) -> None:
    """The PKCS#12 files of people, closed again as this folder is."""
    for path in sorted((backup / folder.tokens.name).glob("*.p12")):
        if not (folder.tokens / path.name).exists():
            write_token(folder, path.stem, at_rest.read(path))
