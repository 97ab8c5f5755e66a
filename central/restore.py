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
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from central.backup import Copy, Told, reopened, shown
from central.centre import Authority, Place, host_of, write_token
from central.founding import DUTIES
from central.inspection import catalogs, events
from central.inspection.documents import Documents
from central.inspection.reading import Snapshot as Reading
from central.rekey import passphrase
from central.rescue import Database, Rescued, report, rescue
from central.succession import prepare, tls_authority_of
from central.taking_in import Taken, take_in
from central.tls_authority import Names, make_tls_authority
from edge.clock import Clock, system_clock
from edge.enrolment import Machine, settings_for
from edge.errors import CannotStart
from edge.folder import Folder
from edge.ids import Ids
from edge.keys import NodeKeys
from edge.node import Node
from edge.settings import NodeSettings, read_settings, write_settings
from schemas.catalog import Catalog
from schemas.enrolment import incarnation
from schemas.entries import Card
from schemas.events import Document
from schemas.seals import holds


@dataclass(frozen=True, slots=True)
class Backup:
    """Where a lost machine's backups lie, what opens them, and which is meant: "" for the newest."""

    path: Path
    recovery: X25519PrivateKey
    moment: str = ""

    def opened(self, data: Path, told: Told) -> contextlib.AbstractContextManager[Copy]:
        """As a folder beside that of the new machine."""
        data.parent.mkdir(parents=True, exist_ok=True)
        return reopened(self.path, self.recovery, beside=data.parent, told=told, moment=self.moment)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `motcua restore` is told. Without `code` and `url` the machine in `data` has its card already."""

    data: Path
    code: str = ""
    url: str = ""
    address: str = ""
    port: int = 8600


def restore_edge(wanted: Wanted, copy: Copy, *, clock: Clock, ids: Ids, told: Told) -> Rescued:
    """Let the place's next machine in, if it is not yet, and give it what the backup holds.

    Raises `CannotStart`, `NotEnrolled`, `Misspelled`, `NotCopied`.
    """
    _require_signed(copy)
    folder = Folder(wanted.data)
    if not folder.settings.exists():
        if not (wanted.code and wanted.url):
            raise CannotStart(
                f"{wanted.data} holds no machine yet: make a code for the place at the centre (after the lost machine was"
                " revoked) and give CODE and URL, or enrol it by stick first"
            )
        Machine(wanted.data, address=wanted.address, port=wanted.port, ids=ids).ask(wanted.code, wanted.url)
    settings = _next_of(copy, folder)
    write_settings(folder.path, settings)
    with folder.locked():
        node = Node(folder, settings, clock=clock, ids=ids, ask=passphrase)
        try:
            return _bring(copy, node, told)
        finally:
            node.close()


def _bring(copy: Copy, node: Node, told: Told) -> Rescued:
    """By the rules of any act: what the law demanded to be gone since is not taken in, and goes when the node hears of it."""
    _bring_tokens(copy, node.folder)

    def give(database: Database, documents: Sequence[Document], source: str) -> Taken:
        return take_in(node, database, documents, source)

    return rescue(copy.path, give, aside=node.folder.path, told=told, at_rest=lambda: copy.at_rest)


@dataclass(frozen=True, slots=True)
class NewCentral:
    """What `motcua restore` is told for a central. `node`: who it will be; "" for the next after the one in the backup."""

    data: Path
    authority: Authority
    node: str = ""
    address: str = ""
    port: int = 8600


def restore_centre(
    wanted: NewCentral, copy: Copy | None, *, clock: Clock, ids: Ids, told: Told
) -> Rescued | None:
    """The next central, which knows what the backup knew and collects the rest; without a backup, all of it.

    Raises `CannotStart`, `NotGranted`, `NotCopied`.
    """
    folder = Folder(wanted.data)
    if not folder.path.exists():
        _prepare(wanted, copy, folder, clock, ids)
    elif not folder.succession.exists():
        raise CannotStart(f"{folder.path} is there already: a new central gets a folder of its own")
    if copy is None:
        return None
    settings = read_settings(folder.path)
    with folder.locked():
        node = Node(folder, settings, clock=clock, ids=ids, ask=passphrase)
        try:
            if not node.collects:
                raise CannotStart(
                    f"{node.id} is central by now: `motcua rescue` brings in what a disk or backup still has"
                )
            return _bring(copy, node, told)
        finally:
            node.close()


def _prepare(wanted: NewCentral, copy: Copy | None, folder: Folder, clock: Clock, ids: Ids) -> None:
    place = Place(wanted.node or "central.2", "Trung tâm", 0, DUTIES, wanted.address)
    settings = settings_for(place.node, wanted.address, wanted.port, peers=())
    tls = None
    if copy is not None:
        old, card = read_settings(copy.path), _card_in(copy, wanted.authority)
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
        tls = tls_authority_of(copy.path, copy.at_rest)
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


def _card_in(copy: Copy, authority: Authority) -> Card:
    """The card of the central that was backed up. Raises `CannotStart`."""
    if catalogs.read_root(copy.path) != authority.der:
        raise CannotStart(
            "this authority is another centre's: take the stick of the centre that is to be restored"
        )
    return _require_signed(copy)


def _require_signed(copy: Copy) -> Card:
    """The card of the machine that a backup is of, which signed all of it. Raises `CannotStart`."""
    card = catalog_in(copy).latest.card(copy.snapshot.node)
    if card is None:
        raise CannotStart("the catalog in this backup cannot be read: take another one (`--at`)")
    if not holds(card.ed25519, copy.signature, copy.signed):
        raise CannotStart(
            f"this backup was not signed by {card.node}, and nothing was restored: take another one"
        )
    return card


def restore_centre_command(wanted: NewCentral, backup: Backup | None, *, as_json: bool) -> int:
    """Prepare the next central, and say what to do next: 0, or 1 where something of the backup could not be taken in."""
    rescued = None
    with shown(as_json=as_json) as told:
        if backup is None:
            restore_centre(wanted, None, clock=system_clock, ids=Ids(), told=told)
        else:
            with backup.opened(wanted.data, told) as copy:
                if not is_of_centre(copy):
                    raise CannotStart(
                        f"{backup.path} is no central's: an edge is restored with CODE and URL, without --authority"
                    )
                rescued = restore_centre(wanted, copy, clock=system_clock, ids=Ids(), told=told)
    if rescued is not None:
        report(rescued, as_json=as_json)
    if not as_json:
        here = read_settings(wanted.data).node
        click.echo(f"this machine is {here} and collects; put the authority back into the safe")
        click.echo(f"start it with: motcua central --data {wanted.data}")
    return 0 if rescued is None or rescued.whole else 1


def restore_command(wanted: Wanted, backup: Backup, *, as_json: bool) -> int:
    """Restore an edge, and say what came of it: 0, or 1 where something could not be taken in."""
    with shown(as_json=as_json) as told, backup.opened(wanted.data, told) as copy:
        if is_of_centre(copy):
            raise CannotStart(
                "this is a backup of central: say --authority FILE, with the stick from the safe"
            )
        rescued = restore_edge(wanted, copy, clock=system_clock, ids=Ids(), told=told)
        at = copy.snapshot.at
    report(rescued, as_json=as_json)
    if not as_json:
        here = read_settings(wanted.data).node
        click.echo(f"the backup is as of {at.isoformat(timespec='seconds')}")
        click.echo(f"this machine is {here}; start it with: motcua edge --data {wanted.data}")
    return 0 if rescued.whole else 1


def is_of_centre(copy: Copy) -> bool:
    """Whether a backup is a central's: by the catalog in it."""
    return catalog_in(copy).centre == copy.snapshot.node


def catalog_in(copy: Copy) -> Catalog:
    """The catalog of a backup, as far as it can be proven."""
    with contextlib.closing(
        Reading(Folder(copy.path).database, copy.at_rest.database_key, still=True)
    ) as snapshot:
        reads = events.read_events(Documents(snapshot, "catalog"))
        return catalogs.prove([catalogs.read_root(copy.path)], reads).catalog


def _next_of(copy: Copy, folder: Folder) -> NodeSettings:
    """The settings of the new machine, with what stood in the old one's about devices and people."""
    settings, old = read_settings(folder.path), read_settings(copy.path)
    if folder.root.read_bytes() != catalogs.read_root(copy.path):
        raise CannotStart("this backup is another centre's, and nothing was restored")
    here, before = incarnation(settings.node), incarnation(copy.snapshot.node)
    if here[0] != before[0] or here[1] <= before[1]:
        raise CannotStart(
            f"{folder.path} is {settings.node}, and the backup is of {copy.snapshot.node}: nothing was taken in. It is restored"
            f" into the next machine at {before[0]}; `motcua rescue` brings it to central"
        )
    return msgspec.structs.replace(
        settings,
        printers=settings.printers or old.printers,
        tokens=settings.tokens or old.tokens,
        names=settings.names or old.names,
        backup=settings.backup or old.backup,
        idle_lock_s=old.idle_lock_s,
    )


def _bring_tokens(copy: Copy, folder: Folder) -> None:
    """The PKCS#12 files of people, closed again as this folder is."""
    for path in sorted((copy.path / folder.tokens.name).glob("*.p12")):
        if not (folder.tokens / path.name).exists():
            write_token(folder, path.stem, copy.at_rest.read(path))
