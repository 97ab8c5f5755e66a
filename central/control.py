"""What an administrator orders at central's own machine, whether central is running or not.

A running central owns its folder, so it does what is asked itself: it listens at a socket in the folder, which only its
user can open. Otherwise the command opens the folder and does the same. Who may give orders is who may read the keys.
"""

from __future__ import annotations

import socket
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import msgspec

from central.enrolment import Change, Enrolment, Remains, Wish
from central.errors import CentralError, NotGranted
from central.succession import branches, choose, said_by, take_over
from central.taking_in import Taken, take_in
from edge.chain import ClockBehind
from edge.clock import system_clock
from edge.errors import CannotStart, NodeError
from edge.folder import Folder
from edge.ids import Ids
from edge.local_socket import line_to, listening
from edge.node import Node
from edge.settings import read_settings
from schemas.entries import Why
from schemas.errors import Refused
from sync.errors import SyncError

NAME: Final = "control"
WAIT_S: Final = 120.0
_T = TypeVar("_T")


class MakeCode(msgspec.Struct, frozen=True, tag="code"):
    """A one-time code for one machine."""

    wish: Wish
    by: str


class Code(msgspec.Struct, frozen=True):
    """A one-time code (`code`, as it is read aloud) for the machine `node` with its number, good until
    `until` (UTC).
    """

    code: str
    node: str
    number: int
    until: datetime


class AnswerFile(msgspec.Struct, frozen=True, tag="answer"):
    """The answer to a request that came on a stick."""

    request: bytes
    check: str
    wish: Wish
    by: str


class Answered(msgspec.Struct, frozen=True):
    """The file for the stick, and the check word that both sides compare."""

    answer: bytes
    check: str


class Revoke(msgspec.Struct, frozen=True, tag="revoke"):
    """The end of a machine's access."""

    node: str
    why: Why
    by: str


class Revoked(msgspec.Struct, frozen=True):
    """Whose card was ended and why, and up to where its acts are known here."""

    node: str
    why: Why
    remains: Remains


class ChangeCard(msgspec.Struct, frozen=True, tag="change"):
    """Something else on a card."""

    node: str
    change: Change
    by: str


class Changed(msgspec.Struct, frozen=True):
    """The machine, and the address at which others reach it from now on."""

    node: str
    address: str


class TakeInDocuments(msgspec.Struct, frozen=True, tag="take_in"):
    """What a found disk holds, some documents of one database at a time."""

    database: Literal["catalog", "dossiers", "visits", "files"]
    documents: list[dict[str, Any]]
    source: str


class TakeOver(msgspec.Struct, frozen=True, tag="take_over"):
    """A new central has collected, and begins."""

    by: str
    without: list[str]


class TookOver(msgspec.Struct, frozen=True):
    """The new central, and the catalog (number and hash) from which on it speaks."""

    node: str
    catalog: str


class ChooseBranch(msgspec.Struct, frozen=True, tag="choose"):
    """Two administrators say which branch of the catalog goes on; with no `tip` they only ask which there are."""

    tip: str
    by: str
    second: str
    reason: str


class BranchTold(msgspec.Struct, frozen=True):
    """`said`: what only this branch says, as kind and subject. `here`: what central goes by now."""

    tip: str
    here: bool
    said: list[str]


class BranchesTold(msgspec.Struct, frozen=True):
    """`lost`: entries that nobody has, and that acts rest on, where there is one branch only."""

    after: int
    branches: list[BranchTold]
    catalog: str
    lost: list[str]


Order = MakeCode | AnswerFile | Revoke | ChangeCard | TakeInDocuments | TakeOver | ChooseBranch
Done = Code | Answered | Revoked | Changed | Taken | TookOver | BranchesTold


class _Refused(msgspec.Struct, frozen=True):
    refused: str


def perform(centre: Node, order: Order) -> Done:
    """Do what was ordered. Raises `CentralError`, `Refused`."""
    office = Enrolment(centre)
    match order:
        case MakeCode():
            made = office.make_code(order.wish, by=order.by)
            return Code(made.text, made.place.node, made.place.number, made.until)
        case AnswerFile():
            answer, check = office.answer_file(order.request, order.check, order.wish, by=order.by)
            return Answered(answer, check)
        case Revoke():
            office.revoke(order.node, order.why, by=order.by)
            return Revoked(order.node, order.why, office.remains(order.node))
        case ChangeCard():
            card = office.change(order.node, order.change, by=order.by)
            return Changed(card.node, card.address)
        case TakeInDocuments():
            return take_in(centre, order.database, order.documents, order.source)
        case TakeOver():
            card = take_over(centre, by=order.by, without=order.without)
            return TookOver(card.node, centre.catalog.name)
        case ChooseBranch():
            if order.tip:
                choose(centre, order.tip, by=order.by, second=order.second, reason=order.reason)
            after, found = branches(centre)
            told = [BranchTold(one.tip, one.here, [said_by(entry) for entry in one.entries]) for one in found]
            return BranchesTold(after, told, centre.catalog.name, [*centre.unheard()])


def give(data: Path, order: Order, kind: type[_T]) -> _T:
    """Have an order carried out at the central in `data`. Raises `CentralError`, `NodeError`."""
    folder = Folder(data)
    settings = read_settings(folder.path)
    line = line_to(folder.path, NAME, timeout_s=WAIT_S)
    if line is not None:
        with line:
            return _asked(line, order, kind)
    with folder.locked():
        node = Node(folder, settings, clock=system_clock, ids=Ids())
        try:
            if not node.is_centre:
                raise CannotStart(f"{folder.path} is not central's folder")
            cuts = isinstance(order, TakeOver | Revoke) or (isinstance(order, ChooseBranch) and order.tip)
            if cuts and settings.documents == "couchdb":
                raise NotGranted(
                    "central is off, and what it has not fetched from CouchDB would not count: start it, and give the order again"
                )
            return msgspec.convert(msgspec.to_builtins(perform(node, order)), kind)
        except (Refused, SyncError, ClockBehind) as why:
            raise NotGranted(str(why)) from why
        finally:
            node.close()


def taking_orders(centre: Node) -> AbstractContextManager[None]:
    """Take orders until the block ends."""

    def answer(asking: socket.socket) -> None:
        try:
            with asking.makefile("rb") as order:
                done: object = perform(centre, msgspec.json.decode(order.read(), type=Order))
        except (CentralError, NodeError, Refused, SyncError, ClockBehind, msgspec.MsgspecError) as why:
            done = _Refused(str(why))
        asking.sendall(msgspec.json.encode(done))

    return listening(centre.folder.path, NAME, answer)


def _asked(line: socket.socket, order: Order, kind: type[_T]) -> _T:
    try:
        line.sendall(msgspec.json.encode(order))
        line.shutdown(socket.SHUT_WR)
        with line.makefile("rb") as answer:
            said: Any = msgspec.json.decode(answer.read())
    except (OSError, msgspec.DecodeError) as why:
        raise CannotStart(
            f"central was stopped before it answered ({why}): look whether it was done"
        ) from why
    if isinstance(said, dict) and "refused" in said:
        raise NotGranted(str(said["refused"]))
    return msgspec.convert(said, kind)
