"""`motcua rekey`: close a node's folder, or give it another key; and asking a person for a passphrase."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import click

from edge.at_rest import MIN_PASSPHRASE, read_envelope, secret_in
from edge.errors import CannotStart
from edge.folder import Folder
from edge.rewriting import finish, rekey
from edge.settings import read_config

ASKED: Final = "Passphrase of this node"


def passphrase() -> str:
    """What a person types, unseen, on the terminal."""
    typed: str = click.prompt(ASKED, hide_input=True, err=True)
    return typed


def rekey_command(config: Path, key_file: Path | None, *, anew: bool) -> None:
    """Close the folder with a key file, or with a passphrase that is asked for. Raises `CannotStart`."""
    settings = read_config(config)
    folder = Folder(config.parent / settings.data)
    if not folder.database.exists():
        raise CannotStart(f"{folder.path} holds no node")
    with folder.locked():
        finish(folder.path)
        folder.unlock(settings, passphrase)
        was_closed = read_envelope(folder.path) is not None
        by: Literal["file", "passphrase"] = "passphrase" if key_file is None else "file"
        secret = _new_passphrase() if key_file is None else secret_in(key_file)
        rekey(folder.path, folder.at_rest, secret, by, anew=anew)
    what = "has another key" if was_closed else "is closed; what was open has been written over"
    click.echo(f"{folder.path} {what}.")
    if key_file is not None:
        key_file = key_file.resolve()
        click.echo(
            f'Say key_file = "{key_file}" in {config.name}, or let systemd bring it: LoadCredential=motcua-key:{key_file}'
        )
    click.echo("Keep a copy of the key where this disk is not: without it nobody can read the node any more.")


def _new_passphrase() -> bytes:
    typed: str = click.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True)
    if len(typed) < MIN_PASSPHRASE:
        raise CannotStart(f"a passphrase has at least {MIN_PASSPHRASE} characters; nothing was changed")
    return typed.encode()
