"""A node's configuration: one TOML file in its data folder, read here and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from edge.errors import CannotStart

Port = Annotated[int, Meta(ge=0, le=65535)]


class PeerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A node that this one replicates with. `url` says how to reach it from here."""

    node: str
    url: str


class ReaderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A program that may read the databases; `verifier` is an argon2id hash of its password."""

    name: str
    verifier: str


class DemoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only in a demo centre: what the sign-in page shows, and where the switches of the cables are."""

    pins: dict[str, str] = {}
    switchboard: str = ""
    token: str = ""


class NodeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`listen` is host and port of the pages and databases; `idle_lock_s` locks an unused screen.

    `peers` overrides the addresses on the cards; `mdns`: neighbours may be found by what the network tells.
    """

    node: str
    host: str = "127.0.0.1"
    port: Port = 8600
    peers: tuple[PeerSettings, ...] = ()
    readers: tuple[ReaderSettings, ...] = ()
    mdns: bool = True
    heartbeat_ms: Annotated[int, Meta(ge=200, le=60_000)] = 5_000
    idle_lock_s: Annotated[int, Meta(ge=30)] = 15 * 60
    demo: DemoSettings | None = None


def read_settings(folder: Path) -> NodeSettings:
    """The settings in `folder/node.toml`; raises `CannotStart` with the member that is wrong."""
    path = folder / "node.toml"
    try:
        return msgspec.toml.decode(path.read_bytes(), type=NodeSettings)
    except FileNotFoundError as why:
        raise CannotStart(f"{path} is missing: this folder holds no node") from why
    except msgspec.DecodeError as why:
        raise CannotStart(f"{path}: {why}") from why


def write_settings(folder: Path, settings: NodeSettings) -> None:
    """Write `folder/node.toml` whole or not at all."""
    half = folder / "node.toml.new"
    with half.open("wb") as file:
        file.write(msgspec.toml.encode(settings))
        file.flush()
        os.fsync(file.fileno())
    half.replace(folder / "node.toml")
