"""`python -m sync serve`: the bare server as a process."""

from __future__ import annotations

import secrets
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from sync.bare_server import Admin, BareServer
from sync.cors import OFF, Cors
from sync.errors import Broken, SyncError
from sync.sqlite import KEY_BYTES
from sync.web_server import Server, serving

STOPPING: Final = (signal.SIGTERM, signal.SIGINT)
THREADS: Final = 24
STOP_S: Final = 3


def _admin(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Admin | None:
    if value is None:
        return None
    name, colon, password = value.partition(":")
    if not name or not colon or not password:
        raise click.BadParameter("USER:PASS, both not empty")
    return Admin(name, password)


def _key(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> bytes | None:
    if value is None:
        return None
    try:
        key = bytes.fromhex(value.read_text().strip())
    except (OSError, ValueError) as why:
        raise click.BadParameter(f"{value} is no file of hex digits: {why}") from why
    if len(key) != KEY_BYTES:
        raise click.BadParameter(f"{value} must hold {2 * KEY_BYTES} hex digits")
    return key


def _origins(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Cors:
    if value is None:
        return OFF
    return Cors(tuple(origin.strip() for origin in value.split(",") if origin.strip()))


@click.group()
def main() -> None:
    """A document store that speaks CouchDB's protocol."""


@main.command()
@click.option(
    "--dir",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder of the databases; made if new.",
)
@click.option(
    "--port", default=5984, type=click.IntRange(0, 65535), show_default=True, help="0: any free one."
)
@click.option("--admin", callback=_admin, metavar="USER:PASS", help="Without it everybody may do everything.")
@click.option(
    "--host",
    default="127.0.0.1",
    type=click.Choice(["127.0.0.1", "::1", "localhost"]),
    show_default=True,
    help="Only this machine: there is no TLS here.",
)
@click.option(
    "--key-file",
    "key",
    callback=_key,
    type=click.Path(path_type=Path),
    help="64 hex digits: all databases of the folder are encrypted with them.",
)
@click.option(
    "--cors",
    callback=_origins,
    metavar="ORIGIN,…",
    help="Pages of these origins may come here, with credentials; * is every origin.",
)
def serve(path: Path, port: int, admin: Admin | None, host: str, key: bytes | None, cors: Cors) -> None:
    """Serve a folder of databases until SIGTERM or SIGINT."""
    # Before any thread begins, so that none takes them: they are waited for, where a handler could come a moment
    # before the wait begins and be slept through.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        bare = BareServer(
            path,
            new_id=lambda: secrets.token_hex(16),
            now=lambda: datetime.now(UTC),
            secret=secrets.token_bytes(32),
            admin=admin,
            key=key,
            cors=cors,
        )
    except (OSError, SyncError) as why:
        raise click.ClickException(f"cannot open {path}: {why}") from why
    try:
        bare.folder.check()
        _serve(bare, host, port)
    except Broken as why:
        raise click.ClickException(why.reason) from why
    finally:
        bare.close()


def _serve(bare: BareServer, host: str, port: int) -> None:
    server = Server((host, port), bare.app, threads=THREADS)
    try:
        with serving(server) as (_, bound):
            shown = f"[{host}]" if ":" in host else host
            click.echo(f"ready http://{shown}:{bound}/")
            signal.sigwait(STOPPING)
            bare.end_feeds()
    except OSError as why:
        raise click.ClickException(f"port {port} of {host} is in use, or may not be used: {why}") from why


if __name__ == "__main__":
    main(prog_name="python -m sync")
