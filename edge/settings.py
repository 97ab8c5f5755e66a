"""A node's configuration: one TOML file, and the environment over it; read here and nowhere else.

`MOTCUA_HOST`, `MOTCUA_PORT` and so on stand above what the file says, for every setting that is a text, a number or a
yes. A mistake is one line that names the file, the line in it and what is wrong.

What a setting means stands beside it (`Meta`): docs/settings.md is made of that by `motcua config explain`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta

from edge.at_rest import CREDENTIAL
from edge.durable import write_whole
from edge.errors import CannotStart
from edge.log import Format
from schemas.canonical import from_base64
from schemas.errors import Malformed
from schemas.intake import PUBLIC_PC, is_mail
from sync.tls import is_loopback

NAME: Final = "node.toml"
_PREFIX: Final = "MOTCUA_"
SECRET: Final = {"secret": True}
"""Marks a setting whose value is shown to nobody (`motcua config show`)."""
Port = Annotated[int, Meta(ge=0, le=65535)]
NodeName = Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\.[1-9][0-9]*\Z", max_length=64)]


class PeerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A node that this one replicates with."""

    node: Annotated[NodeName, Meta(description="Its name, as on its card.")]
    url: Annotated[
        str,
        Meta(
            description="How it is reached from here; `http` on this machine only.",
            examples=["https://10.0.0.2:8600"],
        ),
    ]

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{self.url!r} is no https://HOST:PORT")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError(f"{self.url!r} is open to everybody on the line: say https://")


class ReaderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A program that may read the databases, and write nothing."""

    name: Annotated[str, Meta(description="The name by which it signs in.")]
    verifier: Annotated[str, Meta(description="The argon2id hash of its password.", extra=SECRET)]


FOLDER: Final = "PDF"
"""The name of the folder of PDFs, which every place has."""


class PrinterKind(Enum):
    """How a printer is spoken to."""

    IPP = "ipp"
    ESCPOS = "escpos"


class PrinterSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A printer of this place. Without any, papers lie as PDFs in the node's folder."""

    name: Annotated[str, Meta(min_length=1, max_length=60, description="What people call it.")]
    kind: Annotated[PrinterKind, Meta(description="How it is spoken to.")]
    address: Annotated[
        str,
        Meta(
            min_length=1,
            description="An address of CUPS or of a printer; for ESC/POS `host:port`, or a device file.",
            examples=["ipp://127.0.0.1:631/printers/quay01"],
        ),
    ]
    forms: Annotated[
        tuple[str, ...],
        Meta(
            description="The kinds of paper that come out here; a printer without any is for all others that it can print: a"
            " thermal one for what is as wide as a roll.",
            examples=[["ticket", "provisional", "01"]],
        ),
    ] = ()

    def __post_init__(self) -> None:
        if self.kind is PrinterKind.IPP and not _is_ipp(self.address):
            raise ValueError(f"{self.address!r} is no ipp://HOST/PATH")
        if self.kind is PrinterKind.ESCPOS and not (self.address.startswith("/") or _is_host(self.address)):
            raise ValueError(f"{self.address!r} is no HOST, HOST:PORT or /dev/FILE")
        if self.name.casefold() == FOLDER.casefold():
            raise ValueError(f"{self.name!r} is what the folder of PDFs is called")


def _is_ipp(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("ipp", "ipps") and parts.port != 0
    except ValueError:  # a port that is none, or half an address of IPv6
        return False


def _is_host(address: str) -> bool:
    try:
        parts = urlsplit(f"//{address}")
        return bool(parts.hostname) and parts.port != 0 and parts.netloc == address and "@" not in address
    except ValueError:
        return False


class TokenSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A signing device behind PKCS#11."""

    module: Annotated[
        str, Meta(description="The maker's library.", examples=["/usr/lib/softhsm/libsofthsm2.so"])
    ]
    holder: Annotated[
        str,
        Meta(description="A person's id or an agency's code; without it, whoever's device is plugged in."),
    ] = ""
    label: Annotated[str, Meta(description="Which device, by its label, where several may be there.")] = ""
    slot: Annotated[
        Annotated[int, Meta(ge=0, le=255)] | None,
        Meta(description="Which device, counted from 0 among the slots that hold one."),
    ] = None


class PortalSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A portal that sends dossiers to central (docs/exchange.md)."""

    name: Annotated[
        str,
        Meta(
            pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\Z",
            max_length=40,
            description="Its name in signatures (`keyid`) and in acts.",
            examples=["dvcqg"],
        ),
    ]
    title: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=100,
            description="What people call it.",
            examples=["Cổng Dịch vụ công quốc gia"],
        ),
    ]
    key: Annotated[str, Meta(description="Its public key: Ed25519, 32 bytes in base64url without padding.")]

    def __post_init__(self) -> None:
        if self.public_key is None:
            raise ValueError(f"the key of {self.name} is no Ed25519 key: 32 bytes in base64url")
        if self.name == PUBLIC_PC:
            raise ValueError(f"{self.name!r} is what the machines of the centre are called")

    @property
    def public_key(self) -> Ed25519PublicKey | None:
        """The key that its signatures must hold against; None where the text is none."""
        try:
            return Ed25519PublicKey.from_public_bytes(from_base64(self.key, "key", 32))
        except (Malformed, ValueError):
            return None


class TimestampSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A time-stamp service (RFC 3161), at central: signed results are stamped there and made to last."""

    url: Annotated[str, Meta(description="Its address.", examples=["https://tsa.example.vn/tsr"])]
    user: Annotated[str, Meta(description="Who asks, where it wants to know.")] = ""
    password: Annotated[str, Meta(description="The password of who asks.", extra=SECRET)] = ""
    every_s: Annotated[
        int, Meta(ge=1, le=86_400, description="Seconds between two looks for results without a stamp.")
    ] = 60

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{self.url!r} is no https://HOST/PATH")


class ExchangeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where central sends what becomes of dossiers (docs/exchange.md)."""

    url: Annotated[
        str, Meta(description="What takes the messages.", examples=["https://lgsp.example.vn/ho-so"])
    ]
    authority: Annotated[
        str, Meta(description="A file of certificates (PEM) to trust there, instead of the system's.")
    ] = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{self.url!r} is no https://HOST/PATH")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError(f"{self.url!r} is open to everybody on the line: say https://")


class ReceiptsSettings(ExchangeSettings, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The program that issues electronic receipts for who collects (docs/exchange.md)."""


class MailSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The mail server by which central tells people what became of their dossiers, and administrators what is wrong."""

    host: Annotated[str, Meta(description="Its name.", examples=["mail.example.vn"])]
    sender: Annotated[str, Meta(description="From whom mails come.", examples=["hoso@example.vn"])]
    port: Annotated[Port, Meta(description="Its port.")] = 587
    security: Annotated[
        Literal["starttls", "tls", "none"],
        Meta(description="How the line is closed; none only for a server on this machine."),
    ] = "starttls"
    user: Annotated[str, Meta(description="Who sends, where it wants to know.")] = ""
    password: Annotated[str, Meta(description="The password of who sends.", extra=SECRET)] = ""
    alarms: Annotated[
        tuple[str, ...],
        Meta(
            description="Who is told when something is wrong with a machine (docs/watching.md).",
            examples=[["quan-tri@example.vn"]],
        ),
    ] = ()

    def __post_init__(self) -> None:
        for address in (self.sender, *self.alarms):
            if not is_mail(address):
                raise ValueError(f"{address!r} is no mail address")
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError(f'{self.host!r} is another machine: say security = "starttls" or "tls"')


class BackupSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Backups of this machine (docs/outages.md)."""

    keys: Annotated[
        tuple[str, ...],
        Meta(description="Who can open them: public recovery keys, as `motcua recovery-key` prints them."),
    ]
    to: Annotated[
        str,
        Meta(
            description="The folder in which they lie, where the command names none: on another disk, or elsewhere.",
            examples=["/srv/backup"],
        ),
    ] = ""
    daily: Annotated[int, Meta(ge=1, le=3_660, description="Of how many days the newest backup is kept.")] = 7
    weekly: Annotated[int, Meta(ge=0, le=520, description="Of how many weeks the newest backup is kept.")] = 5
    scratch: Annotated[
        str,
        Meta(
            description="Where each is restored once to see that it can be. Without it: in the node's folder."
        ),
    ] = ""

    def __post_init__(self) -> None:
        for key in self.keys:
            try:
                from_base64(key, "key", 32)
            except Malformed:
                raise ValueError(f"{key!r} is no recovery key: 32 bytes in base64url") from None


class CouchdbSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The Apache CouchDB cluster in which central's documents lie, where `documents` says so (docs/cluster.md)."""

    url: Annotated[
        str,
        Meta(
            description="Its address, or that of what divides requests among its nodes; `http` on this machine only.",
            examples=["http://127.0.0.1:5984"],
        ),
    ]
    credentials: Annotated[
        str,
        Meta(
            min_length=1,
            description="The file with who signs in there, seen from the node's folder: one line, `user:password`, readable by"
            " its owner alone.",
            examples=["/etc/motcua/couchdb"],
        ),
    ]
    database_prefix: Annotated[
        str,
        Meta(
            pattern=r"^([a-z][a-z0-9_-]{0,39})?$",
            description="What the names of this centre's databases begin with, where a cluster has those of several centres.",
            examples=["can-tho-"],
        ),
    ] = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{self.url!r} is no https://HOST:PORT")
        if parts.username is not None or parts.query or parts.fragment:
            # what follows may be a password
            raise ValueError("it is an address alone: who signs in stands in the file of `credentials`")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError(f"{self.url!r} is open to everybody on the line: say https://")

    def login(self, folder: Path) -> tuple[str, str]:
        """Who signs in, and the password, for the node in a folder. Raises `CannotStart`."""
        file = folder / self.credentials
        try:
            if file.stat().st_mode & 0o077:
                raise CannotStart(f"{file} can be read by others: chmod 600 {file}")
            lines = file.read_text(encoding="utf-8").splitlines()
        except OSError as why:
            raise CannotStart(f"{file}, the credentials of CouchDB, cannot be read: {why.strerror}") from why
        except UnicodeDecodeError as why:
            raise CannotStart(f"{file} is not UTF-8: save it as that") from why
        user, colon, password = lines[0].partition(":") if len(lines) == 1 else ("", "", "")
        if not (user and colon and password):
            raise CannotStart(f"{file} is not one line with user:password")
        return user, password


class DemoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only in a demo centre, whose folders write it themselves; never set it where people work."""

    pins: Annotated[
        dict[str, str], Meta(description="What the sign-in page shows: PINs by person.", extra=SECRET)
    ] = {}
    seal_pin: Annotated[str, Meta(description="The PIN of the agencies' sample seals.", extra=SECRET)] = ""
    switchboard: Annotated[str, Meta(description="Where the switches of the cables are.")] = ""
    token: Annotated[str, Meta(description="What the switches ask for.", extra=SECRET)] = ""


class NodeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a node is told at its start."""

    node: Annotated[
        NodeName,
        Meta(
            description="Who this node is: its place and its incarnation, as on its card.",
            examples=["counter-03.1"],
        ),
    ]
    host: Annotated[
        str,
        Meta(
            description="The address at which pages and databases are served. By TLS, unless it is loopback.",
            examples=["10.0.0.13"],
        ),
    ] = "127.0.0.1"
    port: Annotated[Port, Meta(description="The port there; 0 lets the system choose.")] = 8600
    data: Annotated[
        str,
        Meta(
            description="The node's folder, seen from that of this file; where it is another.",
            examples=["/var/lib/motcua/edge"],
        ),
    ] = ""
    names: Annotated[
        tuple[str, ...],
        Meta(
            description="What people call this machine in their browsers, beside its card's address; its pages answer to"
            " no other name.",
            examples=[["quay03.lan"]],
        ),
    ] = ()
    peers: Annotated[
        tuple[PeerSettings, ...], Meta(description="Addresses that stand above those on the cards.")
    ] = ()
    readers: Annotated[
        tuple[ReaderSettings, ...], Meta(description="Programs that may read the databases.")
    ] = ()
    printers: Annotated[tuple[PrinterSettings, ...], Meta(description="The printers of this place.")] = ()
    mdns: Annotated[bool, Meta(description="Whether neighbours may be found by what the network tells.")] = (
        True
    )
    tokens: Annotated[tuple[TokenSettings, ...], Meta(description="Signing devices.")] = ()
    timestamp: Annotated[
        TimestampSettings | None, Meta(description="The time-stamp service, at central.")
    ] = None
    portals: Annotated[
        tuple[PortalSettings, ...], Meta(description="Who may send dossiers over the line, at central.")
    ] = ()
    exchange: Annotated[
        ExchangeSettings | None, Meta(description="Where what becomes of dossiers goes, at central.")
    ] = None
    receipts: Annotated[
        ReceiptsSettings | None, Meta(description="What issues electronic receipts, at central.")
    ] = None
    mail: Annotated[MailSettings | None, Meta(description="The mail server, at central.")] = None
    backup: Annotated[BackupSettings | None, Meta(description="Backups of this machine.")] = None
    projections: Annotated[
        str,
        Meta(
            description="The PostgreSQL in which central's lists, searches and sums lie (docs/projections.md); without it,"
            " in its own file.",
            examples=["postgresql://motcua@/motcua?host=/run/postgresql"],
            extra=SECRET,
        ),
    ] = ""
    projectors: Annotated[
        int,
        Meta(
            ge=0,
            le=64,
            description="How many processes central starts that make them; others may be added (`motcua projector`).",
        ),
    ] = 1
    documents: Annotated[
        Literal["embedded", "couchdb"],
        Meta(
            description="Where central's documents lie: in its own files alone, or in a cluster too; at a front as at central"
            " (docs/cluster.md)."
        ),
    ] = "embedded"
    couchdb: Annotated[
        CouchdbSettings | None, Meta(description="That cluster, at central and its fronts.")
    ] = None
    sticks: Annotated[
        tuple[str, ...],
        Meta(
            description="Folders that count as USB sticks, beside what is mounted under /media and /run/media."
        ),
    ] = ()
    scans: Annotated[
        str,
        Meta(
            description="The folder into which the scanner of this place puts its files.",
            examples=["/srv/scans"],
        ),
    ] = ""
    heartbeat_ms: Annotated[
        int,
        Meta(
            ge=200, le=60_000, description="How often a line that has nothing to say shows that it is there."
        ),
    ] = 5_000
    idle_lock_s: Annotated[int, Meta(ge=30, description="Seconds until an unused screen locks.")] = 15 * 60
    log: Annotated[
        Format, Meta(description="How it writes its log: a line for people, or JSON for programs.")
    ] = "text"
    key_file: Annotated[
        str,
        Meta(
            description="The file that opens a closed folder (docs/security.md), unless systemd brings the key.",
            examples=["/etc/motcua/key"],
        ),
    ] = ""
    demo: Annotated[DemoSettings | None, Meta(description="Only in a demo centre.")] = None

    def __post_init__(self) -> None:
        if self.projections and urlsplit(self.projections).scheme != "postgresql":
            # its password stands in it
            raise ValueError("this is no postgresql://USER@HOST/DATABASE - at `$.projections`")
        if self.documents == "couchdb" and self.couchdb is None:
            raise ValueError("there is no section [couchdb] that says where - at `$.documents`")
        for what, named, names in (
            ("peers", "node", [one.node for one in self.peers]),
            ("readers", "name", [one.name for one in self.readers]),
            ("printers", "name", [one.name.casefold() for one in self.printers]),
            ("portals", "name", [one.name for one in self.portals]),
        ):
            for place, name in enumerate(names):
                if name in names[:place]:  # said as msgspec says where something is
                    raise ValueError(f"another one is called {name!r} too - at `$.{what}[{place}].{named}`")


def key_file_of(
    settings: NodeSettings, folder: Path, environment: Mapping[str, str] = os.environ
) -> Path | None:
    """The file whose content opens the node in a folder: systemd's credential, else what `key_file` says."""
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    if credentials and (brought := Path(credentials) / CREDENTIAL).exists():
        return brought
    return folder / settings.key_file if settings.key_file else None


def port_of(environment: Mapping[str, str] = os.environ) -> int:
    """The port of a node that has no settings yet. Raises `CannotStart`."""
    try:
        return msgspec.convert(_above(environment).get("port", NodeSettings("new.1").port), Port)
    except msgspec.ValidationError as why:
        raise CannotStart(f"{variable('port')}: {why}") from why


def notify_socket(environment: Mapping[str, str] = os.environ) -> str | None:
    """Where systemd wants to hear from a node that it started."""
    return environment.get("NOTIFY_SOCKET")


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


def sources(file: Path, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Where each setting of a file that can be read comes from: its line, a variable, or "default"."""
    text = file.read_text(encoding="utf-8")
    said, above = tomllib.loads(text), _above(environment)
    found = {}
    for setting in msgspec.structs.fields(NodeSettings):
        if setting.name in above:
            found[setting.name] = variable(setting.name)
        elif setting.name in said:
            found[setting.name] = f"{file.name}, line {_line_of(text, [setting.name])}"
        else:
            found[setting.name] = "default"
    return found


def variable(setting: str) -> str:
    """The name of the variable that stands above a setting."""
    return _PREFIX + setting.upper()


def may_be_above(setting: msgspec.structs.FieldInfo) -> bool:
    """Whether a variable may stand above a setting: what is a text, a number or a yes."""
    return isinstance(setting.default, str | int)


def _above(environment: Mapping[str, str]) -> dict[str, object]:
    """What the environment says: a number or a yes as such, where it is one."""
    above: dict[str, object] = {}
    for setting in msgspec.structs.fields(NodeSettings):
        value = environment.get(variable(setting.name))
        if value is None or not may_be_above(setting):
            continue
        if isinstance(setting.default, bool):
            above[setting.name] = {"true": True, "false": False}.get(value.lower(), value)
        elif isinstance(setting.default, int) and value.isdecimal():
            above[setting.name] = int(value)
        else:
            above[setting.name] = value
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
        return f"{variable(keys[0])}: {what}" if isinstance(keys[0], str) else what
    line = _line_of(text, keys)
    return f"{file}{f', line {line}' if line else ''}: {f'{path}: ' if path else ''}{what}"


_KEY: Final = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_KEYS: Final = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER: Final = re.compile(rf"\s*(\[\[?)\s*({_KEYS})\s*\]")
_SETTING: Final = re.compile(rf"\s*({_KEYS})\s*=")


def _line_of(text: str, keys: Sequence[str | int]) -> int | None:
    """The line of a setting, or the nearest thing around it."""
    found, depth = None, 0
    table: list[str | int] = []
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        header, key = _HEADER.match(line), _SETTING.match(line)
        here: list[str | int]
        if header is not None and header[1] == "[[":
            counts[header[2]] = counts.get(header[2], -1) + 1
            here = table = [*_parts(header[2]), counts[header[2]]]
        elif header is not None:
            here = table = [*_parts(header[2])]
        elif key is not None:
            here = [*table, *_parts(key[1])]
        else:
            continue
        while here:  # `timestamp.url = …` is about `timestamp` too
            if len(here) > depth and here == list(keys[: len(here)]):
                found, depth = number, len(here)
            here = here[:-1]
    return found


def _parts(keys: str) -> list[str]:
    return [part.strip("\"'") for part in re.findall(_KEY, keys)]


def write_settings(folder: Path, settings: NodeSettings) -> None:
    """Write `folder/node.toml` whole or not at all. Passwords may stand in it."""
    write_whole(folder / NAME, msgspec.toml.encode(settings))
