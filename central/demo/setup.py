"""Making a demo's data folder: all of it or nothing, and the same folder again at the next start."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from msgspec import structs

from central.catalog_import import read_agencies, read_procedures
from central.centre import Authority, enrol, found, write_token
from central.demo.pictures import handwriting, seal
from central.demo.plan import (
    ACCOUNT,
    ADMINISTRATOR,
    CALENDARS,
    CENTRE,
    CHECKLIST,
    DELEGATIONS,
    PEOPLE,
    QUEUES,
    RECEIPTS,
    REFUSAL,
    SEAL_PIN,
    SEALS_ELSEWHERE,
    SINCE,
    STEPS,
    TAX_CODE,
    WORDING,
    DemoNode,
)
from edge.clock import Clock
from edge.errors import CannotStart
from edge.folder import Folder
from edge.ids import Ids
from edge.node import Node
from edge.settings import NodeSettings, read_settings
from schemas.acts import TABLE
from schemas.canonical import to_base64
from schemas.entries import Agency, Duty, Entry, RevocationList, Role
from schemas.events import timestamp
from schemas.seals import fingerprint

WHOLE: Final = "demo-centre"
"""Made last: a folder without it is half made."""
PRINTED: Final = PasswordHasher(time_cost=1, memory_cost=64)
"""For PINs that stand on the demo's first page, so that nobody has to guess them: six seconds of its start went into them."""
LIST_DAYS: Final = 30
"""How long the demo's list of revoked certificates is fresh; after that its pages say that nothing was checked."""


@contextlib.contextmanager
def claimed(data: Path) -> Iterator[None]:
    """Nobody else may use the folder meanwhile; raises `CannotStart`."""
    data.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(data.parent / f".{data.name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as why:
            raise CannotStart(
                f"{data} is in use by another demo: stop that one, or choose another --data"
            ) from why
        yield
    finally:
        os.close(handle)


def prepare(
    data: Path, nodes: Sequence[DemoNode], *, clock: Clock, ids: Ids, hasher: PasswordHasher | None = None
) -> bool:
    """Make the centre in `data` unless it is there whole; True if it was made now. Raises `CannotStart`.

    `hasher` keeps the PINs.
    """
    if (data / WHOLE).exists():
        missing = [node.name for node in nodes if not (data / node.name / "node.toml").exists()]
        if missing:
            raise CannotStart(
                f"{data} is damaged: {', '.join(missing)} is not in it; remove the folder to begin anew"
            )
        return False
    if data.exists() and any(data.iterdir()):
        raise CannotStart(f"{data} is half made or holds something else: remove it, or choose another --data")
    half = data.with_name(f"{data.name}.new")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    _build(half, nodes, clock, ids, hasher)
    (half / WHOLE).touch()
    if data.exists():
        data.rmdir()
    half.rename(data)
    return True


@dataclass(slots=True)
class _Made:
    """What the demo's authority made: tokens (PKCS#12, certificate) by person and agency, and files by name."""

    tokens: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def file(self, content: bytes) -> str:
        name = f"file-{hashlib.sha256(content).hexdigest()}"
        self.files[name] = content
        return name

    def certificate(self, holder: str) -> tuple[str, ...]:
        return (to_base64(self.tokens[holder][1]),) if holder in self.tokens else ()


def _build(
    data: Path, nodes: Sequence[DemoNode], clock: Clock, ids: Ids, hasher: PasswordHasher | None
) -> None:
    central, *edges = nodes
    folder, made = Folder(data / central.name), _Made()
    settings = NodeSettings(central.place.node)
    found(
        folder,
        central.place,
        settings,
        centre=CENTRE,
        entries=lambda authority: _catalog(authority, made, clock()),
        by=ADMINISTRATOR,
        clock=clock,
        ids=ids,
    )
    centre = Node(folder, settings, clock=clock, ids=ids, hasher=hasher)
    try:
        for edge in edges:
            settings = NodeSettings(edge.place.node)
            enrol(Folder(data / edge.name), centre, edge.place, settings, by=ADMINISTRATOR)
        _prepare(centre, made)
    finally:
        centre.close()
    for edge in edges:
        opened = Folder(data / edge.name)
        node = Node(opened, read_settings(opened.path), clock=clock, ids=ids, hasher=hasher)
        try:
            _prepare(node, made)
        finally:
            node.close()


def _catalog(authority: Authority, made: _Made, at: datetime) -> list[Entry]:
    """The sample catalog, with tokens, handwriting and seals of its own, and a list of revoked certificates."""
    sample = files("central") / "sample"
    agencies = [_with_account(one) for one in read_agencies((sample / "agencies.csv").read_bytes())]
    read = read_procedures((sample / "procedures.csv").read_bytes(), agencies, since=SINCE)
    for one in PEOPLE:
        if one.signs:
            made.tokens[one.id] = authority.issue_token(one.name, one.pin, at)
    people = [
        one.entry(made.certificate(one.id), made.file(handwriting(one.name)) if one.signs else "")
        for one in PEOPLE
    ]
    resolving = {one.agency for one in read.procedures if one.on_site} - SEALS_ELSEWHERE
    fresh_until = at + timedelta(days=LIST_DAYS)
    revoked = made.file(authority.issue_list({}, at, fresh_until))
    published = RevocationList(fingerprint(authority.der), revoked, timestamp(at), timestamp(fresh_until))
    return [
        *CALENDARS,
        *(_with_seal(one, authority, made, at) if one.code in resolving else one for one in agencies),
        *people,
        *DELEGATIONS,
        *QUEUES,
        *RECEIPTS,
        *(
            structs.replace(one, steps=STEPS, checklist=CHECKLIST, wording=WORDING, refusal=REFUSAL)
            if one.on_site and one.agency in resolving
            else one
            for one in read.procedures
        ),
        published,
    ]


def _with_account(agency: Agency) -> Agency:
    digits = "".join(letter for letter in agency.code if letter.isdigit())
    account = structs.replace(ACCOUNT, number=ACCOUNT.number.format(code=digits))
    return structs.replace(agency, tax_code=TAX_CODE, account=account)


def _with_seal(agency: Agency, authority: Authority, made: _Made, at: datetime) -> Agency:
    made.tokens[agency.code] = authority.issue_token(agency.name, SEAL_PIN, at, of_agency=True)
    picture = made.file(seal(agency.name, CENTRE.superior.removeprefix("Ủy ban nhân dân ")))
    return structs.replace(agency, seal=picture, certificates=made.certificate(agency.code))


def _prepare(node: Node, made: _Made) -> None:
    """Pictures and lists everywhere; everybody's PIN, and token, at the machines where they work. Who only stands beside
    others there has a PIN, and who sits at an agency one at each: any machine has its dossiers."""
    for content in made.files.values():
        node.archive.keep(content)
    here = [act for act in TABLE if act.duty in node.card.duties]
    served = {role for act in here for role in act.roles[:1]} | {Role.ADMINISTRATOR}
    beside = {role for act in here for role in act.witness}
    working = [person for person in PEOPLE if person.role in served]
    for person in (one for one in PEOPLE if one.role in served | beside or one.agency):
        node.people.set_pin(person.id, person.pin)
    for holder, (token, _) in made.tokens.items():
        if holder in [person.id for person in working] or (
            Duty.SEAL in node.card.duties and holder not in [person.id for person in PEOPLE]
        ):
            write_token(node.folder, holder, token)
