"""One server that lives a history, and what can be seen of it, told without the revisions that it made up.

What is seen is plain JSON, in which each revision stands under its name: `e3` for what the third act made,
`2-ff…` for what came from elsewhere. Two servers that agree show the same.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import requests

from tests.differential.histories import (
    Act,
    Attach,
    Base,
    Bring,
    Bulk,
    Delete,
    DeleteLocal,
    Detach,
    Put,
    PutLocal,
    hash_of,
)

Json = dict[str, Any]
TIMEOUT_S: Final = 20
NOWHERE: Final = "9-" + "9" * 32
"""A revision that nobody has."""


@dataclass(slots=True)
class _Names:
    """The revisions of one document, by name, in the order in which they appeared.

    `inner`: names of those that came only as the history of another, without a body.
    """

    revs: dict[str, str] = field(default_factory=dict)
    inner: set[str] = field(default_factory=set)

    def add(self, name: str, rev: str, *, inner: bool = False) -> None:
        if rev not in self.revs.values():
            self.revs[name] = rev
            if inner:
                self.inner.add(name)

    def of(self, rev: str) -> str:
        return next((name for name, one in self.revs.items() if one == rev), f"? {rev}")

    def at(self, base: Base) -> str | None:
        """The revision that is meant; None where none is known."""
        if base is None or not self.revs:
            return None
        return list(self.revs.values())[base.place % len(self.revs)]


class Leaf(NamedTuple):
    deleted: bool
    generation: int
    name: str


class Side:
    """A server at `url`, with a database of its own for this history."""

    def __init__(self, client: requests.Session, url: str, database: str) -> None:
        self._client = client
        self._url = f"{url}/{database}"
        self._names: dict[str, _Names] = {}
        self._acts = 0
        assert self._ask("PUT", "").status_code in (201, 202)

    def drop(self) -> None:
        assert self._ask("DELETE", "").status_code in (200, 202)

    # ---- living

    def do(self, act: Act) -> Any:
        """What the server says to it: statuses and error words."""
        self._acts += 1
        match act:
            case Put(doc):
                answer = self._ask("PUT", _path(doc), self._edit(act))
                return self._learnt(doc, answer)
            case Delete(doc, base):
                rev = self._of(doc).at(base)
                return self._learnt(doc, self._ask("DELETE", _path(doc), rev=rev))
            case Bring(doc):
                return self._bring(act)
            case Bulk(edits):
                return self._bulk(edits)
            case Attach(doc, base, name, content):
                path, rev = f"{_path(doc)}/{quote(name, safe='')}", self._of(doc).at(base)
                return self._learnt(doc, self._ask("PUT", path, content, rev=rev))
            case Detach(doc, base, name):
                path, rev = f"{_path(doc)}/{quote(name, safe='')}", self._of(doc).at(base)
                return self._learnt(doc, self._ask("DELETE", path, rev=rev))
            case PutLocal(name, value, fresh):
                path = f"_local/{quote(name, safe='')}"
                before = self._ask("GET", path).json().get("_rev") if fresh else None
                body = {"value": value} | ({"_rev": before} if before else {})
                return _said(self._ask("PUT", path, body))
            case DeleteLocal(name):
                path = f"_local/{quote(name, safe='')}"
                return _said(self._ask("DELETE", path, rev=self._ask("GET", path).json().get("_rev")))

    def _edit(self, put: Put) -> Json:
        body: Json = {"_id": put.doc, "value": put.value}
        rev = self._of(put.doc).at(put.base)
        if rev is not None:
            body["_rev"] = rev
        if put.deleted:
            body["_deleted"] = True
        attachments: Json = {}
        if put.keeps and rev is not None:
            attachments |= self._ask("GET", _path(put.doc), rev=rev).json().get("_attachments", {})
        if put.attachment is not None:
            data = base64.b64encode(put.attachment).decode()
            attachments["put.bin"] = {"content_type": "image/png", "data": data}
        return body | ({"_attachments": attachments} if attachments else {})

    def _bring(self, brought: Bring) -> Any:
        names, revs = self._of(brought.doc), self.path(brought)
        rev, start = revs[0], int(revs[0].partition("-")[0])
        hashes = [one.partition("-")[2] for one in revs]
        document: Json = {"_id": brought.doc, "_rev": rev, "value": brought.value}
        document["_revisions"] = {"start": start, "ids": hashes}
        if brought.deleted:
            document["_deleted"] = True
        if brought.singly:
            answer = self._ask("PUT", _path(brought.doc), document, new_edits="false")
        else:
            answer = self._ask("POST", "_bulk_docs", {"docs": [document], "new_edits": False})
        for age, one in enumerate(revs[: len(brought.marks)]):
            names.add(one, one, inner=age > 0)
        return _said(answer)

    def _bulk(self, edits: Sequence[Put]) -> Any:
        """What is said of each document. Not in which order: PouchDB Server has its own."""
        answer = self._ask("POST", "_bulk_docs", {"docs": [self._edit(put) for put in edits]})
        if answer.status_code != 201:
            return _said(answer)
        said: dict[str, list[str]] = {}
        for row in answer.json():
            if "error" not in row:
                done = said.get(row["id"], []).count("ok")
                self._of(row["id"]).add(f"e{self._acts}.{done}", row["rev"])
            said.setdefault(row["id"], []).append(row.get("error", "ok"))
        return {doc: sorted(words) for doc, words in said.items()}

    def _learnt(self, doc: str, answer: requests.Response) -> Any:
        if answer.ok and "rev" in answer.json():
            self._of(doc).add(f"e{self._acts}", answer.json()["rev"])
        return _said(answer)

    def base(self, doc: str, base: Base) -> str | None:
        """The name of the revision that is meant; None where none is known."""
        rev = self._of(doc).at(base)
        return None if rev is None else self._of(doc).of(rev)

    def path(self, brought: Bring) -> list[str]:
        """The revisions that it tells of, newest first."""
        above = self._of(brought.doc).at(brought.above)
        generation = int(above.partition("-")[0]) if above else brought.start - len(brought.marks)
        path, parent = [above] if above else [], self.base(brought.doc, brought.above)
        for grown, mark in enumerate(reversed(brought.marks), generation + 1):
            parent = f"{grown}-{hash_of(mark, parent, grown)}"
            path.insert(0, parent)
        return path[: brought.told]

    def is_inner(self, doc: str, base: Base) -> bool:
        """Whether the revision that is meant came only as the history of another."""
        return self.base(doc, base) in self._of(doc).inner

    def has_attachment(self, doc: str, base: Base, name: str) -> bool:
        answer = self._ask("GET", _path(doc), rev=self._of(doc).at(base))
        return answer.ok and name in answer.json().get("_attachments", {})

    # ---- looking

    def document(self, doc: str) -> Json:
        """The winner and all leaves of one document."""
        answer = self._ask("GET", _path(doc), conflicts="true", deleted_conflicts="true", revs="true")
        winner = self._told(doc, answer.json()) if answer.ok else _said(answer)
        opened = self._ask("GET", _path(doc), open_revs="all", revs="true")
        if not opened.ok:
            return {"winner": winner, "leaves": _said(opened)}
        leaves = [self._told(doc, one["ok"]) if "ok" in one else one for one in opened.json()]
        return {"winner": winner, "leaves": sorted(leaves, key=json.dumps)}

    def leaves(self, doc: str) -> list[Leaf]:
        opened = self._ask("GET", _path(doc), open_revs="all")
        if not opened.ok:
            return []
        found = [one["ok"] for one in opened.json() if "ok" in one]
        return [
            Leaf(one.get("_deleted", False), int(one["_rev"].split("-")[0]), self._of(doc).of(one["_rev"]))
            for one in found
        ]

    def database(self, docs: Sequence[str], locals_: Sequence[str]) -> Json:
        """Lists of everything: `_changes`, `_all_docs`, `_revs_diff`, bytes of attachments, `_local`."""
        changes = self._changes(docs)
        return {
            "changes": sorted(changes, key=lambda row: row["id"]),
            "order": [row["id"] for row in changes],
            "all_docs": self._all_docs(docs),
            "keys": self._keys(docs),
            "revs_diff": self._revs_diff(docs, inner=False),
            "revs_diff_inner": self._revs_diff(docs, inner=True),
            "attachments": {doc: self._attachments(doc) for doc in docs},
            "local": {name: self._local(name) for name in locals_},
            "counts": {name: self._ask("GET", "").json()[name] for name in ("doc_count",)},
        }

    def _changes(self, docs: Sequence[str]) -> list[dict[str, Any]]:
        rows = self._ask("GET", "_changes", style="all_docs").json()["results"]
        return [
            {
                "id": row["id"],
                "leaves": sorted(self._of(row["id"]).of(one["rev"]) for one in row["changes"]),
                "deleted": row.get("deleted", False),
            }
            for row in rows
            if row["id"] in docs
        ]

    def _all_docs(self, docs: Sequence[str]) -> Json:
        said = self._ask("GET", "_all_docs", include_docs="true", conflicts="true").json()
        rows = [row for row in said["rows"] if row["id"] in docs]
        return {"total": said["total_rows"], "rows": [self._told(row["id"], row["doc"]) for row in rows]}

    def _keys(self, docs: Sequence[str]) -> list[Any]:
        rows = self._ask("POST", "_all_docs", {"keys": [*docs, "nobody", docs[0]]}).json()["rows"]
        return [
            [row["key"], row.get("error"), (row.get("value") or {}).get("deleted", False)] for row in rows
        ]

    def _revs_diff(self, docs: Sequence[str], *, inner: bool) -> Json:
        """What is missing of revisions that came with their bodies, or of those that came without."""
        asked = {}
        for doc in docs:
            names = self._of(doc)
            some = [rev for name, rev in names.revs.items() if (name in names.inner) == inner]
            asked[doc] = [*some, NOWHERE]
        said = self._ask("POST", "_revs_diff", asked).json()
        return {doc: sorted(self._of(doc).of(rev) for rev in said[doc]["missing"]) for doc in docs}

    def _attachments(self, doc: str) -> Json:
        """The bytes of each of the winner's attachments."""
        stubs = self._ask("GET", _path(doc)).json().get("_attachments", {})
        return {
            name: self._ask("GET", f"{_path(doc)}/{quote(name, safe='')}").content.hex() for name in stubs
        }

    def _local(self, name: str) -> Any:
        answer = self._ask("GET", f"_local/{quote(name, safe='')}")
        return answer.json()["value"] if answer.ok else _said(answer)

    # ---- telling

    def _told(self, doc: str, document: Json) -> Json:
        names = self._of(doc)
        told = {name: value for name, value in document.items() if not name.startswith("_")}
        told["rev"] = names.of(document["_rev"])
        told["deleted"] = document.get("_deleted", False)
        if "_revisions" in document:
            start, ids = document["_revisions"]["start"], document["_revisions"]["ids"]
            told["history"] = [names.of(f"{start - age}-{one}") for age, one in enumerate(ids)]
        for member in ("_conflicts", "_deleted_conflicts"):
            told[member] = sorted(names.of(rev) for rev in document.get(member, []))
        told["attachments"] = {
            name: [about["content_type"], about.get("length"), about.get("revpos"), about.get("stub")]
            for name, about in document.get("_attachments", {}).items()
        }
        return told

    def _of(self, doc: str) -> _Names:
        return self._names.setdefault(doc, _Names())

    def _ask(
        self, method: str, path: str, body: object = None, **parameters: str | None
    ) -> requests.Response:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        content_type = "image/png" if isinstance(body, bytes) else "application/json"
        return self._client.request(
            method,
            f"{self._url}/{path}",
            data=data,
            headers={"Content-Type": content_type, "Accept": "application/json"},
            params={name: value for name, value in parameters.items() if value is not None},
            timeout=TIMEOUT_S,
        )


def _path(doc: str) -> str:
    return quote(doc, safe="")


def _said(answer: requests.Response) -> list[Any]:
    """Its status, and the word for what went wrong if anything did; `_bulk_docs` says that in rows."""
    body = answer.json()
    rows = body if isinstance(body, list) else [body]
    return [answer.status_code, *(row["error"] for row in rows if "error" in row)]


def documents_of(act: Act) -> set[str]:
    """The documents that an act is about; none for a `_local` one."""
    match act:
        case Bulk(edits):
            return {put.doc for put in edits}
        case PutLocal() | DeleteLocal():
            return set()
        case _:
            return {act.doc}
