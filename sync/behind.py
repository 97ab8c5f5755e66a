"""What lies behind a front: a database elsewhere, and what of its answers is passed on. decisions/0051."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar

from flask import Response

from sync.bell import Bell
from sync.documents import Json, dump, load
from sync.endpoints.answers import raw_answer
from sync.endpoints.call import Call
from sync.errors import BadRequest, NotFound, Refused, TooLarge, Unavailable
from sync.filtering import EVERYTHING
from sync.remote import RemoteDatabase, Said, is_of_the_server
from sync.turns import Turns
from sync.writing import WriteRules

Judge: TypeAlias = Callable[[Sequence[Json]], Sequence[str | None]]
"""Given documents that lie behind, a reason for each that is not given to anybody."""
Known: TypeAlias = Callable[[Sequence[str]], Mapping[str, bool]]
"""Of these documents those of which the filters know anything by now: whether they can tell for good whose it is. False:
it waits for something by which it may become more people's."""
Held: TypeAlias = Callable[[str, str, str, str], None]
"""Told of such a document: its database, id, revision, and the reason. More than once, and from any thread."""

Noted: TypeAlias = Callable[[str, str, Json], None]
"""Told of each note that somebody leaves here, before it is passed on: its database, its id without `_local/`, and what it says.
From any thread."""

PAGES: Final = 32
"""Pages that are kept for who stands at the same place: a reader at the head needs one."""
LATER_S: Final = 2.0
"""So soon a client may ask again when the database behind is not to be had."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Fronted:
    """One database. `rules`: None lets everything in, edits too; `judge`: None gives everything out; `known`: None says
    that filters need to know nothing."""

    name: str
    there: RemoteDatabase
    bell: Bell
    rules: WriteRules | None
    judge: Judge | None
    known: Known | None
    held: Held
    noted: Noted = lambda database, local_id, note: None
    _pages: OrderedDict[Hashable, tuple[int, Json]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def page(
        self, parameters: Mapping[str, str | int], native: bytes | None, *, waited: bool, shows: bool
    ) -> tuple[int, Json]:
        """A page of `_changes`, and how often the bell had rung before it was asked for.

        Who `waited` at the same place gets the same one until it rings again, whatever his filter; who comes anew, and may
        have written something just now, does not. One that `shows` documents is too large to be kept, and
        the caller's own. Raises `Refused`.
        """
        key = (*sorted(parameters.items()), native)
        with self._lock:
            known = self._pages.get(key)
            if waited and known is not None and known[0] == self.bell.published:
                return known
        heard = self.bell.published
        body = None if native is None else load(native)
        said = self.ask("GET" if native is None else "POST", ("_changes",), parameters=parameters, body=body)
        if said.status != 200:
            raise refusal(said)
        made = heard, read(said, dict[str, Any])
        if not shows:
            with self._lock:
                self._pages[key] = made
                if len(self._pages) > PAGES:
                    self._pages.popitem(last=False)
        return made

    def ask(
        self,
        method: str,
        path: Sequence[str] = (),
        *,
        parameters: Mapping[str, str | int] | None = None,
        body: object = None,
        writes: bool = False,
    ) -> Said:
        """An answer that is about what was asked. Raises `Unavailable` for one that is about the database behind."""
        data = None if body is None else dump(body)
        try:
            said = self.there.ask(method, path, parameters=parameters, data=data)
        except Unavailable as why:
            raise Unavailable(f"the documents are out of reach: {why.reason}", retry_after_s=LATER_S) from why
        except BadRequest:
            raise
        except Refused as why:  # it was the login
            raise Unavailable(
                f"the documents are closed to this front ({why})", retry_after_s=LATER_S
            ) from why
        if said.status in (401, 403):
            raise Unavailable("the documents are closed to this front", retry_after_s=LATER_S)
        if is_of_the_server(said.status):
            later_s = said.retry_after_s or LATER_S
            raise Unavailable(f"where the documents lie they say {said.status}", retry_after_s=later_s)
        if writes and said.status == 202:
            raise Unavailable("too few copies were written; send it again", retry_after_s=LATER_S)
        return said

    def judged(self, documents: Sequence[Json]) -> list[bool]:
        """Which of them may be given out. One that shows an attachment without its bytes gives nothing that counts."""
        fine = [True] * len(documents)
        if self.judge is None:
            return fine
        places = [place for place, one in enumerate(documents) if _is_whole(one)]
        for place, reason in zip(places, self.judge([documents[place] for place in places]), strict=True):
            if reason is not None:
                fine[place] = False
                one = documents[place]
                self.held(self.name, str(one.get("_id")), str(one.get("_rev")), reason)
        return fine


@dataclass(frozen=True, slots=True)
class FrontCall(Call):
    """`path`: what follows the database, decoded piece by piece. `turns`: those of its database."""

    database: Fronted
    path: tuple[str, ...]
    turns: Turns

    def some(self, names: Collection[str]) -> dict[str, str]:
        """Those of the request's parameters that pass."""
        return {name: value for name, value in self.request.args.items() if name in names}

    def readable(self, ids: Iterable[str]) -> Collection[str]:
        """Those of these documents that are this user's to read."""
        wanted = list(ids)
        passes = self.host.narrowed(self.user, self.database.name, EVERYTHING)
        if passes.by_id is not None:
            wanted = [one for one in wanted if passes.by_id(one)]
        return frozenset(wanted if passes.by_page is None else passes.by_page(wanted))

    def require_readable(self, doc_id: str) -> None:
        """Raises `NotFound`, as for a document that is not there, where it is not this user's to read."""
        if not self.readable([doc_id]):
            raise NotFound("missing")

    def require_to_note(self, local_id: str) -> None:
        """Raises `Forbidden` for a note that only this server, or somebody else, writes."""
        self.host.require_to_note(self.user, self.database.name, local_id)


def passed(said: Said, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    """What was said behind, byte for byte."""
    if said.etag is not None:
        headers = {**headers, "ETag": said.etag}
    return raw_answer(said.body if said.body.endswith(b"\n") else said.body + b"\n", said.status, headers)


def show(call: FrontCall, rows: Sequence[Json]) -> None:
    """Take the documents out of rows that are not to be given to this user."""
    shown = [row for row in rows if isinstance(row.get("doc"), dict)]
    readable = call.readable({str(row["id"]) for row in shown})
    for row, fine in zip(shown, call.database.judged([row["doc"] for row in shown]), strict=True):
        if not fine or row["id"] not in readable:
            row["doc"] = None


def read(said: Said, kind: type[_T]) -> _T:
    """The JSON of an answer. Raises `Unavailable` for what is none, or of another kind: it is no answer of a database."""
    try:
        return said.read(kind)
    except Unavailable as why:
        raise Unavailable(why.reason, retry_after_s=LATER_S) from why


def rows_of(found: Json, name: str) -> list[dict[str, Any]]:
    """The list that stands under `name`. Raises `Unavailable` where there is none."""
    rows = found.get(name)
    if not isinstance(rows, list):
        raise Unavailable("where the documents lie somebody else answers", retry_after_s=LATER_S)
    return rows


def refusal(said: Said) -> Refused:
    """What was said, for who asked it."""
    if said.status == 413 and not said.body.lstrip().startswith(b"{"):  # a proxy before the database said it
        return TooLarge("what lies before the documents takes no request that is so large")
    found = read(said, dict[str, Any])
    error, reason = (str(found.get(name, "unknown_error")) for name in ("error", "reason"))
    if said.status == 400:
        return BadRequest(reason, error=error)
    return Refused(reason, error=error, status=said.status)


def _is_whole(document: Json) -> bool:
    attachments = document.get("_attachments", {})
    return all("stub" not in one and "follows" not in one for one in attachments.values())
