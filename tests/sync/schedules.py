"""Replications among a few places under any schedule of faults: own clock, own lines, own power, no thread.

A run of a schedule is decided by its seed alone. Whatever is done by a replication's hands beside its own is done at
once or as late as possible, as the seed says; lines are cut, lose answers, bring things twice or in another order; the
power of either side goes before a commit; disks are full; places refuse documents for a while. The same for a database
in a dictionary and for our own in a file.
"""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar

from sync.documents import Json
from sync.errors import SyncError, Unavailable
from sync.peer import ChangesPage, Fetched, LocalPeer, Peer, RefusedDocument
from sync.replicator import Offered, Replication
from sync.sqlite import SqliteFile
from sync.store import Store
from tests.sync.model import ModelStore
from tests.sync.servers import Ids

Key = tuple[str, str]
FAULTS: Final = ("cut", "lost answer", "twice", "other order", "power here", "power there", "full disk")
_METHODS: Final = ("changes", "revs_diff", "bulk_get", "bulk_docs", "get_local", "put_local")
_T = TypeVar("_T")


class Dead(Unavailable):
    """The power is gone: nobody hears of anything that this machine still does."""


class Place(ABC):
    """One database on a machine of its own. `listed`: what was refused here, by who brought it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder / name
        self.dead = False
        self.full = False
        self.refuses: set[str] = set()
        self.commits_left: int | None = None

    @abstractmethod
    def peer(self) -> Peer: ...

    @abstractmethod
    def write(self, documents: Sequence[Json]) -> None: ...

    @abstractmethod
    def contents(self) -> dict[Key, Json]: ...

    @abstractmethod
    def _remember(self) -> None:
        """What would be on the disk if the power went now."""

    @abstractmethod
    def restart(self) -> None:
        """The power is back: what was durable when it went is there."""

    def close(self) -> None:
        """At the end."""
        return

    def _before_commit(self) -> None:
        """Count down to the one before which the power goes."""
        if self.dead or self.commits_left is None:
            return
        self.commits_left -= 1
        if self.commits_left == 0:
            self._remember()
            self.dead = True


class ModelPlace(Place):
    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(name, folder)
        self._store = ModelStore(name)
        self._store.before_commit = self._before_commit_of_model

    def peer(self) -> Peer:
        self._store.disk.refuses = self.refuses
        return self._store.peer()

    def write(self, documents: Sequence[Json]) -> None:
        for one in documents:
            self._store.add(one["_id"], one["_rev"], one["body"])

    def contents(self) -> dict[Key, Json]:
        return self._store.contents()

    def _before_commit_of_model(self) -> None:
        self._before_commit()
        if self.dead:
            raise Dead("no power")

    def _remember(self) -> None:
        """The model's commit does not happen: what lies there lies there."""

    def restart(self) -> None:
        self.dead, self.commits_left = False, None


class StorePlace(Place):
    """The real store. At a crash its files are copied as they lie; the copy is what the next start finds."""

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(name, folder)
        self._path = self.folder / "node.db"
        self.folder.mkdir()
        self._open()

    def _open(self) -> None:
        self._file = SqliteFile(self._path)
        self._store = Store(self._file, "dossiers", new_id=Ids(len(self.name)), rules=self._why_not)
        self._file.on_statement(self._statement)

    def peer(self) -> Peer:
        return LocalPeer(self._store, server_uuid=self.name, source="line")

    def write(self, documents: Sequence[Json]) -> None:
        self._store.bulk_docs(list(documents), new_edits=False)

    def contents(self) -> dict[Key, Json]:
        wanted = [(one.id, str(leaf.rev)) for one in self._store.all_docs() for leaf in one.leaves]
        got = self.peer().bulk_get(wanted)
        documents = [one.document for one in got if one.document is not None]
        return {
            (one["_id"], one["_rev"]): {name: value for name, value in one.items() if name != "_revisions"}
            for one in documents
        }

    def close(self) -> None:
        self._file.close()

    def _why_not(self, documents: Sequence[Json], source: str | None) -> list[str | None]:
        return ["no such card" if source and one["_id"] in self.refuses else None for one in documents]

    def _statement(self, sql: str) -> None:
        if sql == "COMMIT":
            self._before_commit()

    def _remember(self) -> None:
        for path in self._path.parent.glob("node.db*"):
            if not path.name.endswith("-shm"):
                shutil.copy(path, path.with_name(f"left-{path.name}"))

    def restart(self) -> None:
        if self.dead:
            self._file.close()
            for path in self._path.parent.glob("node.db*"):
                path.unlink()
            for path in self._path.parent.glob("left-*"):
                path.rename(path.with_name(path.name.removeprefix("left-")))
            self._open()
        self.dead, self.commits_left = False, None


# ---- hands


class _Later(Future[_T]):
    """Done when somebody wants to know what came of it."""

    def __init__(self, act: Callable[[], _T]) -> None:
        super().__init__()
        self._act: Callable[[], _T] | None = act

    def _do(self) -> None:
        act, self._act = self._act, None
        if act is not None:
            try:
                self.set_result(act())
            except BaseException as why:  # noqa: BLE001 - handed on to who asks
                self.set_exception(why)

    def result(self, timeout: float | None = None) -> _T:
        self._do()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._do()
        return super().exception(timeout)


class Hand(Executor):
    """`at_once`: what is handed over is done before anything else, or after everything that does not wait for it."""

    def __init__(self, *, at_once: bool) -> None:
        self._at_once = at_once

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        later: _Later[_T] = _Later(lambda: fn(*args, **kwargs))
        if self._at_once:
            later.exception()
        return later


# ---- lines


@dataclass
class Line:
    """A place as seen over a line, with at most one thing that goes wrong: at a call of a method."""

    place: Place
    inner: Peer
    fault: str
    method: str
    call: int
    chance: Random
    moved: Counter[Key]
    struck: list[str]
    calls: Counter[str] = field(default_factory=Counter)

    __hash__ = object.__hash__

    def peer_id(self) -> str:
        return self._say("peer_id", self.inner.peer_id)

    def changes(self, since: Any, *, limit: int, wait_s: float) -> ChangesPage:
        return self._say("changes", lambda: self.inner.changes(since, limit=limit, wait_s=0))

    def revs_diff(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        return self._say("revs_diff", lambda: self.inner.revs_diff(wanted))

    def get_local(self, local_id: str) -> Json | None:
        return self._say("get_local", lambda: self.inner.get_local(local_id))

    def put_local(self, local_id: str, document: Json) -> str:
        return self._say("put_local", lambda: self.inner.put_local(local_id, document))

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> list[Fetched]:
        got = self._say("bulk_get", lambda: self.inner.bulk_get(wanted))
        if self._strikes("bulk_get", "twice"):
            got = got + got
        if self._strikes("bulk_get", "other order"):
            self.chance.shuffle(got)
        self.moved.update((one.id, one.rev) for one in got if one.document is not None)
        return got

    def bulk_docs(self, documents: Sequence[Json]) -> list[RefusedDocument]:
        if self.place.full:
            self.struck.append("full disk")
            raise Unavailable("the disk of the other side is full")
        if self._strikes("bulk_docs", "twice"):
            self.inner.bulk_docs(documents)
        if self._strikes("bulk_docs", "other order"):
            documents = self.chance.sample(list(documents), len(documents))
        return self._say("bulk_docs", lambda: self.inner.bulk_docs(documents))

    def wake(self) -> None:
        self.inner.wake()

    def close(self) -> None:
        self.inner.close()

    def _strikes(self, method: str, fault: str) -> bool:
        """Whether it happens at the call that comes next."""
        strikes = self.fault == fault and self.calls[method] + 1 >= self.call and fault not in self.struck
        if strikes:
            self.struck.append(fault)
        return strikes

    def _say(self, method: str, act: Callable[[], _T]) -> _T:
        self.calls[method] += 1
        hit = self.method == method and self.calls[method] == self.call
        if self.place.dead or (hit and self.fault == "cut"):
            self.struck.append("cut")
            raise Unavailable("the line was cut")
        answer = act()
        if self.place.dead or (hit and self.fault == "lost answer"):
            self.struck.append("lost answer")
            raise Unavailable("the answer was lost")
        return answer


# ---- a schedule


class Schedule:
    """`places`: names; the first is central, with whom everybody speaks; `steps`: what happens, one after another."""

    def __init__(self, kind: type[Place], folder: Path, seed: int) -> None:
        self.chance = Random(seed)
        self.places = [kind(name, folder) for name in ("central", "counter", "room", "desk")[: 2 + seed % 3]]
        self.said: dict[Key, Json] = {}
        self.moved: dict[str, Counter[Key]] = {place.name: Counter() for place in self.places}
        self.trouble: Counter[str] = Counter()
        self.listed: dict[tuple[str, str], dict[Offered, str]] = {}
        self.ever_refused: set[str] = set()
        self.faults: Counter[str] = Counter()
        self._now = datetime(2027, 3, 1, 1, 0, tzinfo=UTC)
        self._ticks = 0.0
        self._sessions = Ids(seed)
        self._written = 0

    def close(self) -> None:
        for place in self.places:
            place.close()

    def day(self, steps: int, *, every_commit: bool = False) -> None:
        for _ in range(steps):
            match self.chance.choice(("write", "write", "copy", "copy", "copy", "copy", "refuse", "full")):
                case "write":
                    self._write(self.chance.choice(self.places))
                case "copy":
                    source, target = self.chance.sample(self.places, 2)
                    if every_commit:
                        self._copy_with_a_crash_at_every_commit(source, target)
                    else:
                        self._copy(source, target, self.chance.choice(FAULTS))
                case "refuse":
                    self._refuse(self.chance.choice(self.places))
                case _:
                    place = self.chance.choice(self.places)
                    place.full = not place.full
        self._heal()

    def _write(self, place: Place) -> None:
        """New documents, another leaf of one that is known, or what is known already."""
        documents = []
        for _ in range(self.chance.randrange(1, 40)):
            if self.said and self.chance.random() < 0.1:
                doc_id, rev = self.chance.choice(sorted(self.said))
                if self.chance.random() < 0.5:
                    rev = f"1-{self.chance.randbytes(16).hex()}"
            else:
                doc_id, rev = f"doc-{self._written:05d}", f"1-{self.chance.randbytes(16).hex()}"
                self._written += 1
            document = {"_id": doc_id, "_rev": rev, "body": f"Nguyễn {rev}"}
            self.said[doc_id, rev] = document
            documents.append(document)
        place.write(documents)

    def _refuse(self, place: Place) -> None:
        """Some of what is new, or nothing any more."""
        newest = sorted({doc_id for doc_id, _ in self.said})[-60:]
        few = set(self.chance.sample(newest, len(newest) // 4))
        place.refuses = few if not place.refuses or self.chance.random() < 0.6 else set()
        self.ever_refused |= place.refuses

    def _copy_with_a_crash_at_every_commit(self, source: Place, target: Place) -> None:
        """The power goes before the first commit, then before the second one after that start, until one is through."""
        for place in (target, source):
            number = 1
            while True:
                place.commits_left = number
                self._run(source, target, fault="")
                if not place.dead:
                    place.commits_left = None
                    break
                self._crashed(place)
                number += 1

    def _crashed(self, place: Place) -> None:
        self.faults["power"] += 1
        place.restart()

    def _copy(self, source: Place, target: Place, fault: str) -> None:
        if fault.startswith("power"):
            (target if fault == "power here" else source).commits_left = self.chance.randrange(1, 12)
        if fault == "full disk":
            target.full = True
        self._run(source, target, fault=fault)
        target.full = target.full and fault != "full disk"
        for place in (source, target):
            place.commits_left = None
            if place.dead:
                self._crashed(place)

    def _run(self, source: Place, target: Place, *, fault: str) -> None:
        struck: list[str] = []  # by both lines
        there, here = (
            self._line(place, self.moved[target.name] if place is source else Counter(), fault, struck)
            for place in (source, target)
        )
        listed = self.listed.setdefault((source.name, target.name), {})
        at_once = self.chance.random() < 0.5
        one = Replication(
            there,
            here,
            node_id=target.name,
            session_id=self._sessions(),
            now=self._clock,
            jitter=lambda: 0.0,
            batch=self.chance.choice((1, 3, 20, 500)),
            on_refused=lambda refused: listed.update({Offered(refused.id, refused.rev): refused.error}),
            refused_before=lambda: list(listed),
            on_accepted=listed.__delitem__,
            tick=self._tick,
            hand=lambda _name: Hand(at_once=at_once),
        )
        try:
            one.run_once()
        except SyncError as why:
            struck = struck or [str(why)]
        finally:
            one.stop()
        self.trouble[target.name] += len(set(struck))
        self.faults.update(set(struck))

    def _line(self, place: Place, moved: Counter[Key], fault: str, struck: list[str]) -> Line:
        method, call = self.chance.choice(_METHODS), self.chance.choice((1, 1, 2, 3))
        return Line(place, place.peer(), fault, method, call, self.chance, moved, struck)

    def _clock(self) -> datetime:
        """Now and then it jumps, as clocks do."""
        jump = self.chance.choice((0, 0, 0, 0, 3600, -7200))
        self._now += timedelta(seconds=1 + jump)
        return self._now

    def _tick(self) -> float:
        self._ticks += self.chance.choice((0.0, 0.01, 0.5, 5.0))
        return self._ticks

    def _heal(self) -> None:
        """All is well again; each speaks with each, twice."""
        for place in self.places:
            place.full, place.refuses = False, set()
        for _ in range(2):
            for source in self.places:
                for target in self.places:
                    if source is not target:
                        self._run(source, target, fault="")
