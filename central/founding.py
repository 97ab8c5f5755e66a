"""`motcua central init`: a centre that did not exist before, whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from central.catalog_import import Read, read_agencies, read_procedures
from central.centre import Authority, Office, Place, found, host_of
from central.errors import NotGranted
from edge.clock import Clock
from edge.durable import synced, write_new
from edge.enrolment import settings_for
from edge.errors import CannotStart, WeakSecret
from edge.folder import Folder
from edge.ids import Ids
from edge.node import Node
from schemas.calendar import local_day, proposed_year
from schemas.entries import Centre, Duty, Entry, Grant, Password, Person, Role
from schemas.seals import fingerprint

LEAST_PASSPHRASE: Final = 16
NODE: Final = "central.1"
DUTIES: Final = (Duty.CATALOG, Duty.DESK, Duty.APPRAISE, Duty.APPROVE, Duty.INTAKE, Duty.PETITION)


@dataclass(frozen=True, slots=True)
class Foundation:
    """What `central init` is told."""

    data: Path
    authority: Path
    name: str
    superior: str
    locality: str
    administrator: str
    administrator_name: str
    passphrase: str
    password: str
    address: str = ""
    port: int = 8600
    reach: tuple[str, ...] = ()
    agencies: Path | None = None
    procedures: Path | None = None


@dataclass(frozen=True, slots=True)
class Founded:
    """`left_out`: rows of the procedures that were wrong."""

    node: str
    catalog: str
    fingerprint: str
    left_out: tuple[str, ...]


def found_centre(told: Foundation, *, clock: Clock, ids: Ids) -> Founded:
    """Found the centre. The folder appears when all is in it. Raises `CannotStart`, `NotGranted`, `UnreadableCatalog`."""
    _refuse_what_is_there(told)
    day = local_day(clock())
    agencies = read_agencies(told.agencies.read_bytes()) if told.agencies else ()
    read = (
        read_procedures(told.procedures.read_bytes(), agencies, since=day)
        if told.procedures
        else Read((), ())
    )
    person = Person(
        told.administrator,
        told.administrator_name,
        "Quản trị hệ thống",
        (Grant(Role.ADMINISTRATOR, day),),
    )
    half = told.data.with_name(f"{told.data.name}.new")
    shutil.rmtree(half, ignore_errors=True)
    folder = Folder(half)
    half.mkdir(mode=0o700, parents=True)
    place = Place(NODE, "Trung tâm", 0, DUTIES, told.address.rstrip("/"))
    settings = settings_for(NODE, place.address, told.port, peers=())

    def entries(authority: Authority) -> Iterable[Entry]:
        return [
            person,
            *(proposed_year(year) for year in (day.year, day.year + 1)),
            *agencies,
            *read.procedures,
        ]

    authority = found(
        folder,
        place,
        settings,
        centre=Centre(told.name, told.superior, told.locality),
        entries=entries,
        by=told.administrator,
        clock=clock,
        ids=ids,
        reach=(*told.reach, *filter(None, [host_of(told.address)])),
    )
    node = Node(folder, settings, clock=clock, ids=ids)
    try:
        Office(node).define([Password(person.id, _verifier(node, told))], by=person.id)
        catalog = node.catalog.name
    finally:
        node.close()
    write_new(told.authority, authority.closed(told.passphrase))
    half.rename(told.data)
    synced(told.data.parent)
    left_out = tuple(f"line {one.line}, {one.code}: {one.why}" for one in read.problems)
    return Founded(NODE, catalog, fingerprint(authority.der), left_out)


def _verifier(node: Node, told: Foundation) -> str:
    try:
        return node.people.verifier(told.administrator, told.password)
    except WeakSecret as why:
        raise NotGranted(
            f"the administrator's password is too easy to guess ({why}): 12 to 128 characters, not their name"
        ) from why


def _refuse_what_is_there(told: Foundation) -> None:
    if told.data.exists():
        raise CannotStart(f"{told.data} is there already: a centre is founded once, in a folder of its own")
    if told.authority.exists():
        raise CannotStart(
            f"{told.authority} is there already: it may be another centre's key, take another name"
        )
    if not told.authority.parent.is_dir() or not os.access(told.authority.parent, os.W_OK):
        raise CannotStart(f"{told.authority.parent} cannot be written: is the stick in?")
    if told.authority.absolute().is_relative_to(told.data.absolute()):
        raise CannotStart(
            "the authority's key does not belong into central's folder: take a stick for the safe"
        )
    if "\0" in told.passphrase:
        raise NotGranted(
            "the passphrase has a NUL in it, with which the authority's key could not be opened again"
        )
    if len(told.passphrase) < LEAST_PASSPHRASE:
        raise NotGranted(
            f"the passphrase is too short: at least {LEAST_PASSPHRASE} characters, five words for example"
        )
