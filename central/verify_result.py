"""`motcua verify-result`: is this signed PDF genuine? By the catalog of any node, running or not; nothing is written."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from central.rekey import passphrase
from edge.archive import Archive
from edge.at_rest import Ask
from edge.authorities import Authorities
from edge.clock import Clock
from edge.errors import CannotStart
from edge.folder import Folder
from edge.ids import Ids
from edge.pades.paper import read_apart
from edge.settings import read_settings
from edge.verdict import Judge, Verdict
from edge.verdict_words import told
from schemas.catalog import Catalog
from sync.sqlite import SqliteFile
from sync.store import Store

VALID, FOUND = 0, 1


def verify_result(file: Path, data: Path, clock: Clock, ask: Ask | None = None) -> Verdict:
    """The verdict on a file by one node's catalog. Raises `CannotStart`, `UnreadablePdf`."""
    folder = _folder(data)
    folder.unlock(read_settings(folder.path), ask)
    try:
        paper = read_apart(file.read_bytes())
    except OSError as why:
        raise CannotStart(f"{file} cannot be read: {why.strerror}") from why
    key, new = folder.at_rest.database_key, Ids().hex
    database, files = SqliteFile(folder.database, key=key), SqliteFile(folder.files, key=key)
    try:
        catalog, entries = Catalog(folder.root.read_bytes()), Store(database, "catalog", new_id=new)
        with database.read():
            documents = [entries.get(summary.id) for summary in entries.all_docs()]
        catalog.apply(sorted(documents, key=lambda document: int(document["seq"])))
        archive = Archive(Store(files, "files", new_id=new))
        return Judge(catalog, Authorities(catalog, archive)).verdict(paper, clock())
    finally:
        database.close()
        files.close()


def verify_result_command(file: Path, data: Path, clock: Clock, *, as_json: bool) -> int:
    """Verify, print, and return the exit status: 0 valid, 1 not, or not all of it could be checked."""
    verdict = verify_result(file, data, clock, passphrase)
    if as_json:
        click.echo(msgspec.json.encode(verdict).decode())
    else:
        click.echo("\n".join(told(verdict)))
    return VALID if verdict.sound == "valid" else FOUND


def _folder(data: Path) -> Folder:
    """The node's folder, or central's in a centre's."""
    for path in (data, data / "central"):
        if (path / "node.toml").is_file():
            return Folder(path)
    raise CannotStart(f"{data} holds no node: give a node's folder, or a centre's")
