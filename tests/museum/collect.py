"""Makes the museum of the present version: events of every kind as it writes them, and what it folds of them.

    python -m tests.museum.collect     writes tests/museum/VERSION; what is there is never changed afterwards

`played.json` is what central has after some days of the simulation, `written.json` one act of each kind at least, where
that can be done with effect (a few that need much before them are held, which is told when it is made), and one entry of
each kind of the catalog.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import inspect

from central.simulation.founding import found
from central.simulation.play import Run
from schemas.acts import TABLE, Act
from schemas.entries import KINDS, Fork, Report
from schemas.errors import CatalogBroken, Malformed
from schemas.events import Document
from schemas.fold import Place
from tests.museum.telling import catalog_of, folded
from tests.schemas.histories import (
    DUTIES,
    ROLES,
    History,
    Notebook,
    Step,
    amended,
    appraised,
    approved,
    catalog_documents,
    extended,
    fee_collected,
    history,
    numbered,
    office,
    recalled,
    received,
    refused,
    registered,
    returned,
    sealed,
    sent_back,
    told,
    withdrawal_asked,
    withdrawal_granted,
    withdrawal_refused,
)

HERE: Final = Path(__file__).parent
MOST_BYTES: Final = 300_000
"""Of one version."""
SEED, STEPS, NODES = 5, 150, 5
STREAMS: Final = 2
"""Of a played centre so many at least, those with the most kinds of acts first; then whatever brings another kind."""


class Exhibit(msgspec.Struct, frozen=True):
    """The events of one stream, and what this version folded of them."""

    documents: list[Document]
    folded: dict[str, Any]


class Room(msgspec.Struct, frozen=True):
    """One centre: its pinned certificate as hex, its catalog in order, streams of it."""

    root: str
    catalog: list[Document]
    exhibits: list[Exhibit]


# ---- a played centre


def played() -> Room:
    with tempfile.TemporaryDirectory() as folder:
        founded, data = Path(folder) / "founded", Path(folder) / "run"
        found(founded, NODES)
        shutil.copytree(founded, data)
        run = Run(data, seed=SEED, nodes=NODES)
        for machine in run.machines.values():
            machine.start()
        for step in range(STEPS):
            run._step(step)
        run._mend(STEPS)
        central = run.machines["central"].node
        root = central.folder.root.read_bytes()
        catalog, dossiers, visits = (
            [store.get(one.id) for one in store.all_docs()]
            for store in (central.stores[name] for name in ("catalog", "dossiers", "visits"))
        )
        run._stop()
    catalog.sort(key=lambda one: int(one["seq"]))
    streams: dict[str, list[Document]] = {}
    for document in [*dossiers, *visits]:
        streams.setdefault(document["stream"], []).append(document)
    known, seen = catalog_of(root, catalog), set[str]()
    exhibits: list[Exhibit] = []
    for documents in sorted(streams.values(), key=lambda one: -len({event["kind"] for event in one})):
        if len(exhibits) < STREAMS or {event["kind"] for event in documents} - seen:
            seen |= {event["kind"] for event in documents}
            exhibits.append(Exhibit(documents, folded(documents, known)))
    return Room(root.hex(), catalog, exhibits)


# ---- each kind once


BEGUN: Final = (
    (),
    (received(),),
    (received(), appraised()),
    (received(), appraised(), approved()),
    (received(), appraised(), approved(), returned()),
    (registered(),),
    (received(), withdrawal_asked()),
)
KNOWN: Final = {
    step.kind: step
    for step in (received(), registered(), appraised(), approved(), refused(), returned(), numbered(), sealed(), recalled(),
                 amended(), extended(), sent_back(), fee_collected(), withdrawal_asked(), withdrawal_granted(),
                 withdrawal_refused())
}  # fmt: skip
TEXTS: Final = (
    "Đo lại thửa đất",
    "0" * 64,
    "file-" + "a" * 64,
    "0" * 32,
    "2026-11-25T02:00:00.000000Z",
    "2026-11-25",
    "08:30",
    "H37.08",
    "1.000703",
    "413-9f2c01ab44d0e7aa",
    "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA",
    "123456",
    "C12",
    "AB",
    "A",
    "",
)
"""For whatever a member of an act may be: the first that it takes."""


ENTRIES: Final[dict[type, dict[str, Any]]] = {
    Fork: {"events": ["0" * 64, "1" * 64]},
    Report: {"members": ["0" * 64, "1" * 64]},
}
"""What the members of an entry may not be by themselves."""


def example(kind: inspect.Type) -> Any:
    """Something of a type, as JSON has it; members that need not be said are not."""
    match kind:
        case inspect.Metadata(type=inner):
            return example(inner)
        case inspect.StructType(fields=fields, tag=tag, tag_field=tag_field):
            said = {one.encode_name: example(one.type) for one in fields if one.required}
            return said if tag_field is None else {tag_field: tag, **said}
        case inspect.StrType():
            return next(text for text in TEXTS if _takes(kind, text))
        case inspect.IntType(ge=low):
            return max(low or 0, 1)
        case inspect.BoolType():
            return True
        case inspect.DateType():
            return date(2026, 11, 25).isoformat()
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.EnumType(cls=cls):
            return next(iter(cls)).value
        case inspect.UnionType(types=types):
            return example(types[0])
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            return [example(item)]
        case inspect.TupleType(item_types=items):
            return [example(item) for item in items]
        case _:
            return {}


def _takes(kind: inspect.StrType, text: str) -> bool:
    least, most = kind.min_length or 0, kind.max_length or len(text)
    return least <= len(text) <= most and (kind.pattern is None or re.search(kind.pattern, text) is not None)


def _ways(act: Act) -> Iterator[Step]:
    """As the tests of the fold do it; else with data that were made up, by whoever may, wherever it may be done."""
    if act.kind in KNOWN:
        yield KNOWN[act.kind]
    data = example(inspect.type_info(act.data))
    people = [person for person, role in ROLES.items() if role in act.roles] or [next(iter(ROLES))]
    nodes = [node for node, (_, duties) in DUTIES.items() if set(duties) & set(act.duties)] or [*DUTIES][2:3]
    for node, person in product(nodes, (*people[:2], "")):
        yield told(act.kind, person, node, **data)


def written() -> Room:
    documents = list(office().documents)
    for kind in KINDS.values():
        try:
            entry = msgspec.convert(example(inspect.type_info(kind)) | ENTRIES.get(kind, {}), kind)
            more = catalog_documents([entry], office().root, after=documents)
            catalog_of(office().root, documents + more)
        except (msgspec.ValidationError, CatalogBroken) as why:
            say(f"no example of {kind.__name__}: {why}")
        else:
            documents += more
    catalog = catalog_of(office().root, documents)
    histories: list[History] = []
    for number, act in enumerate(TABLE):
        _add(act, f"{number + 1:032x}", histories)
    exhibits = [Exhibit(events := past.documents, folded(events, catalog)) for past in histories]
    return Room(office().root.hex(), documents, exhibits)


def _add(act: Act, stream: str, histories: list[History]) -> None:
    """One act more: to a history in which it has effect, else to a new one; else without effect, for it happens too."""
    for place, past in enumerate(histories):
        for step in _ways(act):
            if (more := _effective(past, step)) is not None:
                histories[place] = more
                return
    for begun in BEGUN:
        past = history(*begun, stream=stream)
        for step in _ways(act):
            if (more := _effective(past, step)) is not None:
                histories.append(more)
                return
    say(f"{act.kind} has no effect anywhere")
    histories.append(history(received(), stream=stream) + next(_ways(act)))


def _effective(past: History, step: Step) -> History | None:
    """The history with the act, where that has effect; what was tried leaves nothing in the machines' notebook."""
    book = past.notebook
    own = Notebook(book.stream, book.now, dict(book.chains), dict(book.documents))
    try:
        more = History(own, past.events) + step
    except Malformed:
        return None
    return more if more.place_of_last is Place.EFFECTIVE else None


def say(what: str) -> None:
    sys.stderr.write(f"{what}\n")


def main() -> None:
    target = HERE / version("motcua").partition(".dev")[0]
    target.mkdir(exist_ok=True)
    for name, room in (("played", played()), ("written", written())):
        lines = (
            msgspec.json.encode(room).replace(b'{"_id"', b'\n{"_id"').replace(b'"folded":', b'\n"folded":')
        )
        (target / f"{name}.json").write_bytes(lines + b"\n")


if __name__ == "__main__":
    main()
