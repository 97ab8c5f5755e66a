"""What one store has for another, as a file that somebody carries: two peers for the replicator, and nothing else new.

A bundle is a tar that is written once and read once, from front to back. Of each database it holds pages:

    dossiers/000001.json    {"since": …, "last_seq": …, "docs": [documents, attachments as stubs]}
    files/000001/0          the bytes of the page's first attachment
    dossiers/end.json       {"since": …, "last_seq": …}

`Filling` is the target of the replication that makes it, `Reading` the source of the one that takes it. A stick may
be lost, come late, twice or after a younger one, so

- where it is filled nothing is noted (`Giving`): what the other side has, only the other side can say;
- where it is taken, the note moves on only from where the bundle begins, and never back (`Taking`).
"""

from __future__ import annotations

import base64
import io
import re
import tarfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sync.checkpoints import FROM_THE_START, MAX_HISTORY, agreed_seq, history_of
from sync.documents import Json, dump_sorted, load
from sync.errors import Broken, NotAllowed
from sync.peer import Change, ChangesPage, Fetched, LocalPeer, RefusedDocument

MAX_MEMBER_BYTES: Final = 256 * 1024 * 1024
"""No page comes near: a batch of events is at most 64 MiB."""
_HELD_PAGES: Final = 3
"""So many pages a replication has under way."""
GIVEN: Final = "-given"
"""What the name of the note ends with that lists the bundles."""
_SEQ: Final = re.compile(r"([0-9]{1,18})-([0-9a-f]+)")


class Member(NamedTuple):
    """One file of the archive; `name` is its path in it."""

    name: str
    content: bytes


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """The same bytes for the same content: no owner, no time."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


class Members:
    """The members of a tar that is read as a stream; one may be looked at before it is taken."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._members = self._read(tar)
        self._next: Member | None = None

    @staticmethod
    def _read(tar: tarfile.TarFile) -> Iterator[Member]:
        try:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or member.size > MAX_MEMBER_BYTES:
                    raise Broken(f"{member.name!r} does not belong into a bundle")
                yield Member(member.name, content.read())
        except (tarfile.TarError, EOFError) as why:
            raise Broken(f"the bundle breaks off: {why}") from why

    def peek(self) -> Member | None:
        """The next one, which stays; None at the end. Blocks for the stream."""
        if self._next is None:
            self._next = next(self._members, None)
        return self._next

    def take(self) -> Member:
        """The next one. Raises `Broken` at the end: whoever takes knows that there must be one."""
        member = self.peek()
        if member is None:
            raise Broken("the bundle breaks off")
        self._next = None
        return member


# ---- making one


class Giving(LocalPeer):
    """The store that a bundle is filled from. `began`: the sequence after which it was read.

    Nothing counts as arrived: whether the stick does, nobody knows yet. What was given is noted beside (`GIVEN`), by the
    name of its bundle, until the other side says which bundles it took (`confirmed`).
    """

    began: Any = FROM_THE_START
    _begun = False

    def changes(self, since: Any, *, limit: int, wait_s: float) -> ChangesPage:
        """As of `LocalPeer`; where the first call begins is noted in `began`."""
        if not self._begun:
            after = self._store.inner_seq(since)
            self.began = self._store.outer_seq(after) if after else FROM_THE_START
            self._begun = True
        return super().changes(since, limit=limit, wait_s=wait_s)

    def put_local(self, local_id: str, document: Json) -> str:
        """The newest entry of the history is this bundle's."""
        bundle, name = document["history"][0], f"{local_id}{GIVEN}"
        before = history_of(self.get_local(name))
        others = [one for one in before if one.get("session_id") != bundle["session_id"]]
        super().put_local(name, {"history": [bundle, *others][:MAX_HISTORY]})
        return "0-1"


class Filling:
    """The target: takes everything, page by page. `noted`: what is known of how far the receiver is."""

    def __init__(
        self,
        tar: tarfile.TarFile,
        database: str,
        *,
        peer_id: str,
        noted: Callable[[str], Json | None],
        began: Callable[[], Any],
    ) -> None:
        self._tar, self._database, self._id = tar, database, peer_id
        self._noted, self._began = noted, began
        self._documents: list[Json] = []
        self._since: Any = None
        self._pages = 0
        self.written = 0

    def peer_id(self) -> str:
        """As whom the replicator notes the receiver."""
        return self._id

    def changes(self, since: Any, *, limit: int, wait_s: float) -> ChangesPage:
        """Raises `NotAllowed`, always: a bundle that is filled gives nothing."""
        raise NotAllowed(("PUT",))

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> list[Fetched]:
        """Raises `NotAllowed`, always: a bundle that is filled gives nothing."""
        raise NotAllowed(("PUT",))

    def revs_diff(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """All of them: nobody can ask the receiver."""
        return {doc_id: list(revs) for doc_id, revs in wanted.items()}

    def bulk_docs(self, documents: Sequence[Json]) -> list[RefusedDocument]:
        """Keeps them for the page that `put_local` ends; refuses none."""
        self._documents += documents
        return []

    def get_local(self, local_id: str) -> Json | None:
        """What was `noted` of the receiver; None where nothing was."""
        return self._noted(local_id)

    def put_local(self, local_id: str, document: Json) -> str:
        """A page is done, up to the sequence that the replicator notes."""
        self._page(document["source_last_seq"])
        return "0-1"

    def again(self, documents: Sequence[Json]) -> None:
        """Documents beside the pages, which were refused before or are asked for: they move no note."""
        self._put(f"{self._database}/again-{self._pages:06d}", {}, documents)

    def end(self) -> None:
        """Write the member that says that this database is whole, and how far it goes."""
        since = self._began() if self._since is None else self._since
        place = {"since": since, "last_seq": since}
        add(self._tar, f"{self._database}/end.json", dump_sorted(place))

    def wake(self) -> None:
        """It is no source."""

    def close(self) -> None:
        """Nothing: the tar is the caller's."""

    def _page(self, last_seq: Any) -> None:
        since = self._began() if self._since is None else self._since
        documents, self._documents = self._documents, []
        self._put(f"{self._database}/{self._pages:06d}", {"since": since, "last_seq": last_seq}, documents)
        self._since = last_seq

    def _put(self, name: str, place: Json, documents: Sequence[Json]) -> None:
        contents: list[bytes] = []
        stubs = [_outside(document, contents) for document in documents]
        add(self._tar, f"{name}.json", dump_sorted({**place, "docs": stubs}))
        for number, content in enumerate(contents):
            add(self._tar, f"{name}/{number}", content)
        self._pages += 1
        self.written += len(documents)


def _outside(document: Json, contents: list[bytes]) -> Json:
    """The document with the bytes of its attachments put aside, and their places instead."""
    attachments = document.get("_attachments")
    if not attachments:
        return document
    stubs = {}
    for name, attachment in attachments.items():
        stubs[name] = {**attachment, "data": len(contents)}
        contents.append(base64.b64decode(attachment["data"]))
    return {**document, "_attachments": stubs}


def _inside(document: Json, contents: Sequence[bytes]) -> Json:
    attachments = document.get("_attachments")
    if not attachments:
        return document
    whole = {
        name: {**attachment, "data": base64.b64encode(contents[attachment["data"]]).decode()}
        for name, attachment in attachments.items()
    }
    return {**document, "_attachments": whole}


# ---- taking one


class _Page(NamedTuple):
    since: Any
    last_seq: Any
    documents: list[Json]
    end: bool


class Reading:
    """The source: the pages of one database, which must be the next one in the bundle. Each is given once, in order."""

    def __init__(self, members: Members, database: str, *, peer_id: str) -> None:
        self._members, self._database, self._id = members, database, peer_id
        self._held: deque[dict[tuple[str, str], Json]] = deque(maxlen=_HELD_PAGES)
        self._ended: Any = None
        self.since: Any = None

    def peer_id(self) -> str:
        """As whom the replicator notes the giver."""
        return self._id

    def again(self) -> Iterator[list[Json]]:
        """What lies before the pages and moves no note."""
        while (member := self._members.peek()) is not None and member.name.startswith(
            f"{self._database}/again-"
        ):
            yield self._read().documents

    def changes(self, since: Any, *, limit: int, wait_s: float) -> ChangesPage:
        """The next page, whatever `since` is; after the last one the end, again. Raises `Broken`."""
        if self._ended is not None:
            return ChangesPage((), self._ended, 0)
        page = self._read()
        while not page.documents and not page.end:
            page = self._read()._replace(since=page.since)
        if self.since is None:
            self.since = page.since
        if page.end:
            self._ended = page.last_seq
        revisions: dict[str, list[str]] = {}
        for document in page.documents:
            revisions.setdefault(str(document["_id"]), []).append(str(document["_rev"]))
        self._held.append({(str(one["_id"]), str(one["_rev"])): one for one in page.documents})
        changes = tuple(Change(doc_id, tuple(revs)) for doc_id, revs in revisions.items())
        return ChangesPage(changes, page.last_seq, 0 if page.end else None)

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> list[Fetched]:
        """From the last pages that were read; a revision that is in none of them comes with the reason."""
        return [Fetched(*one, self._find(one), "it is not in the bundle") for one in wanted]

    def _find(self, wanted: tuple[str, str]) -> Json | None:
        return next((page[wanted] for page in self._held if wanted in page), None)

    def revs_diff(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Raises `NotAllowed`, always: a bundle that is read takes nothing."""
        raise NotAllowed(("GET",))

    def bulk_docs(self, documents: Sequence[Json]) -> list[RefusedDocument]:
        """Raises `NotAllowed`, always: a bundle that is read takes nothing."""
        raise NotAllowed(("GET",))

    def get_local(self, local_id: str) -> Json | None:
        """Read from its beginning, always: what is here already is not taken twice."""
        return None

    def put_local(self, local_id: str, document: Json) -> str:
        """Forgets it: how far it was read is noted by who takes. The same `_rev` always."""
        return "0-1"

    def close(self) -> None:
        """Nothing: the stream is the caller's."""

    def _read(self) -> _Page:
        member = self._members.take()
        stem, _, kind = member.name.rpartition(".")
        if kind != "json" or not member.name.startswith(f"{self._database}/"):
            raise Broken(f"{member.name!r} comes where a page of {self._database} should")
        told = load(member.content)
        contents: list[bytes] = []
        while (part := self._members.peek()) is not None and part.name.startswith(f"{stem}/"):
            contents.append(self._members.take().content)
        documents = [_inside(document, contents) for document in told.get("docs", [])]
        return _Page(told.get("since"), told.get("last_seq"), documents, stem.endswith("/end"))


class Taking(LocalPeer):
    """The store that a bundle goes into. `since`: where the bundle begins, once that was read.

    `gap`: what lies between the note here and that beginning is on another stick, or lost with it.
    """

    def __init__(self, *args: Any, since: Callable[[], Any], **more: Any) -> None:
        super().__init__(*args, **more)
        self._since = since
        self.gap = False

    def put_local(self, local_id: str, document: Json) -> str:
        """Moves the note here only onwards, and never over a `gap`; else writes nothing and returns "0-1"."""
        noted = self.get_local(local_id) or {}
        here, last = noted.get("source_last_seq", FROM_THE_START), document["source_last_seq"]
        if not reaches(here, self._since()):
            self.gap = True
            return "0-1"
        if reaches(here, last):
            return "0-1"
        return super().put_local(local_id, {**document, "_rev": noted["_rev"]} if noted else document)


def reaches(noted: Any, seq: Any) -> bool:
    """Whether a note says that everything up to `seq` is there. Of two lives of a database nothing can be said."""
    if seq == FROM_THE_START:
        return True
    one, other = (_SEQ.fullmatch(value) if isinstance(value, str) else None for value in (noted, seq))
    return one is not None and other is not None and one[2] == other[2] and int(one[1]) >= int(other[1])


def confirmed(note: Json | None, given: Json | None, told: Json | None) -> Json | None:
    """The note of a source after its target has told of its own; None where both know of nothing in common.

    `given` lists the bundles of this machine. Only those count, and sessions over a line of which both know: where this
    machine's disk was copied, the target tells of what the copy has brought too.
    """
    known = [*history_of(given), *history_of(note)]
    seq = agreed_seq({"session_id": None, "history": known}, told)
    if told is None or seq == FROM_THE_START:
        return None
    ours = {str(one.get("session_id")): one for one in reversed(known)}
    session = next(name for one in history_of(told) if (name := str(one.get("session_id"))) in ours)
    entry = {**ours[session], "recorded_seq": seq, "end_last_seq": seq}
    older = [one for one in history_of(note) if one.get("session_id") != session]
    return {"session_id": session, "source_last_seq": seq, "history": [entry, *older][:MAX_HISTORY]}
