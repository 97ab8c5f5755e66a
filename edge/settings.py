"""A node's configuration: one TOML file, and the environment over it; read here and nowhere else.

`MOTCUA_HOST`, `MOTCUA_PORT` and so on stand above what the file says, for every setting that is a text or a number.
A mistake is one line that names the file, the line in it and what is wrong.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from edge.at_rest import CREDENTIAL
from edge.errors import CannotStart
from sync.tls import is_loopback

NAME: Final = "node.toml"
_PREFIX: Final = "MOTCUA_"
Port = Annotated[int, Meta(ge=0, le=65535)]
NodeName = Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\.[1-9][0-9]*\Z", max_length=64)]


class PeerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A node that this one replicates with. `url` says how to reach it from here."""

    node: NodeName
    url: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{self.url!r} is no https://HOST:PORT")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError(f"{self.url!r} is open to everybody on the line: say https://")


class ReaderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A program that may read the databases; `verifier` is an argon2id hash of its password."""

    name: str
    verifier: str


FOLDER: Final = "PDF"
"""The name of the folder of PDFs, which every place has."""


class PrinterKind(Enum):
    """How a printer is spoken to."""

    IPP = "ipp"
    ESCPOS = "escpos"


class PrinterSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A printer of this place. `address`: an `ipp://` address of CUPS or a printer; `host:port` or a device file for ESC/POS.

    `forms`: the kinds of paper that come out here ("ticket", "provisional", "01"); one without is for all others.
    """

    name: Annotated[str, Meta(min_length=1, max_length=60)]
    kind: PrinterKind
    address: Annotated[str, Meta(min_length=1)]
    forms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind is PrinterKind.IPP and urlsplit(self.address).scheme not in ("ipp", "ipps"):
            raise ValueError(f"{self.address!r} is no ipp://HOST/PATH")
        if self.name.casefold() == FOLDER.casefold():
            raise ValueError(f"{self.name!r} is what the folder of PDFs is called")


class TokenSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A signing device behind PKCS#11: `module` is the maker's library.

    `holder` is a person's id or an agency's code; without one it is whoever's device is plugged in. `label` or `slot`
    (counted from 0 among the slots that hold a device) say which, where several may be there.
    """

    module: str
    holder: str = ""
    label: str = ""
    slot: Annotated[int, Meta(ge=0, le=255)] | None = None


class TimestampSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A time-stamp service (RFC 3161), at central: signed results are stamped there and made to last."""

    url: str
    user: str = ""
    password: str = ""
    every_s: Annotated[int, Meta(ge=1, le=86_400)] = 60


class DemoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only in a demo centre: what the sign-in page shows, and where the switches of the cables are."""

    pins: dict[str, str] = {}
    seal_pin: str = ""
    switchboard: str = ""
    token: str = ""


class NodeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`host` and `port`: where pages and databases are served; on an address that is not loopback by TLS.

    `data`: the node's folder, where it is not that of the file. `peers` overrides the addresses on the cards; `mdns`:
    neighbours may be found by what the network tells. `idle_lock_s` locks an unused screen. Without
    `printers` papers lie as PDFs in the node's folder.
    `names`: what people call this machine in their browsers, beside its card's address; its pages answer to no other.
    `sticks`: folders that count as USB sticks, beside what is mounted under /media and /run/media.
    `scans`: the folder into which the scanner of this place puts its files.
    `key_file` opens a folder that is closed (`edge.at_rest`), unless systemd brings the key.
    """

    node: NodeName
    host: str = "127.0.0.1"
    port: Port = 8600
    data: str = ""
    names: tuple[str, ...] = ()
    peers: tuple[PeerSettings, ...] = ()
    readers: tuple[ReaderSettings, ...] = ()
    printers: tuple[PrinterSettings, ...] = ()
    mdns: bool = True
    tokens: tuple[TokenSettings, ...] = ()
    timestamp: TimestampSettings | None = None
    sticks: tuple[str, ...] = ()
    scans: str = ""
    heartbeat_ms: Annotated[int, Meta(ge=200, le=60_000)] = 5_000
    idle_lock_s: Annotated[int, Meta(ge=30)] = 15 * 60
    key_file: str = ""
    demo: DemoSettings | None = None


def key_file_of(
    settings: NodeSettings, folder: Path, environment: Mapping[str, str] = os.environ
) -> Path | None:
    """The file whose content opens the node in a folder: systemd's credential, else what `key_file` says."""
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    if credentials and (brought := Path(credentials) / CREDENTIAL).exists():
        return brought
    return folder / settings.key_file if settings.key_file else None


def read_settings(folder: Path) -> NodeSettings:
    """The settings in `folder/node.toml`, without those of the environment. Raises `CannotStart`."""
    return read_config(folder / NAME, {})


def read_config(file: Path, environment: Mapping[str, str] = os.environ) -> NodeSettings:
    """The settings in a file, with what the environment says instead. Raises `CannotStart`."""
    try:
        text = file.read_text(encoding="utf-8")
        said = tomllib.loads(text)
    except FileNotFoundError as why:
        hint = "this folder holds no node" if file.name == NAME else "no such file"
        raise CannotStart(f"{file} is missing: {hint}") from why
    except UnicodeDecodeError as why:
        raise CannotStart(f"{file} is not UTF-8: save it as that") from why
    except tomllib.TOMLDecodeError as why:
        what, _, place = str(why).partition(" (at ")
        raise CannotStart(f"{file}, {place.partition(',')[0] or 'at its end'}: {what}") from why
    except OSError as why:
        raise CannotStart(f"{file} cannot be read: {why.strerror}") from why
    above = _above(environment)
    try:
        return msgspec.convert({**said, **above}, NodeSettings)
    except msgspec.ValidationError as why:
        raise CannotStart(_told(file, text, str(why), above)) from why


def _above(environment: Mapping[str, str]) -> dict[str, object]:
    """What the environment says: numbers as numbers, where they are."""
    above: dict[str, object] = {}
    for setting in msgspec.structs.fields(NodeSettings):
        value = environment.get(_PREFIX + setting.name.upper())
        if value is not None and isinstance(setting.default, str | int):
            above[setting.name] = (
                int(value) if isinstance(setting.default, int) and value.isdecimal() else value
            )
    return above


def _told(file: Path, text: str, why: str, above: Mapping[str, object]) -> str:
    """msgspec's words with the place that they are about: a line of the file, or a variable."""
    what, _, path = why.partition(" - at `$")
    path = path.removeprefix(".").rstrip("`")
    unknown = re.fullmatch(r"Object contains unknown field `(.+)`", what)
    if unknown is not None:
        path, what = f"{path}.{unknown[1]}".lstrip("."), "there is no setting of this name"
    keys: list[str | int] = [
        int(part[1:-1]) if part.startswith("[") else part for part in re.findall(r"[^.\[\]]+|\[\d+\]", path)
    ]
    if keys and keys[0] in above:
        return f"{_PREFIX}{keys[0].upper()}: {what}" if isinstance(keys[0], str) else what
    line = _line_of(text, keys)
    return f"{file}{f', line {line}' if line else ''}: {f'{path}: ' if path else ''}{what}"


def _line_of(text: str, keys: Sequence[str | int]) -> int | None:
    """The line of a setting, or the nearest thing around it."""
    found, depth = None, 0
    table: list[str | int] = []
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*(\[\[?)\s*([A-Za-z0-9_-]+)\s*\]", line)
        key = re.match(r"\s*([A-Za-z0-9_-]+)\s*=", line)
        if header is not None and header[1] == "[[":
            counts[header[2]] = counts.get(header[2], -1) + 1
            here = table = [header[2], counts[header[2]]]
        elif header is not None:
            here = table = [header[2]]
        elif key is not None:
            here = [*table, key[1]]
        else:
            continue
        if len(here) > depth and here == list(keys[: len(here)]):
            found, depth = number, len(here)
    return found


def write_settings(folder: Path, settings: NodeSettings) -> None:
    """Write `folder/node.toml` whole or not at all."""
    half = folder / f"{NAME}.new"
    with half.open("wb") as file:
        file.write(msgspec.toml.encode(settings))
        file.flush()
        os.fsync(file.fileno())
    half.replace(folder / NAME)
