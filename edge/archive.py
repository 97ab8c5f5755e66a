"""Files as documents: one list document, and chunks of 64 KiB that are stored once whoever sends them.

    file-<SHA-256 of the file>   {"size", "chunks": [ids]}   revision 1-<32 hex of the hash of its JSON>
    sha256-<SHA-256>             attachment `content`         revision 1-<32 hex of that hash>

A half transfer survives a restart, because chunks are documents; every reader checks every hash.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from schemas.canonical import canonical
from sync.documents import LOCAL, Json, load, render
from sync.errors import NotFound
from sync.store import Store

CHUNK_BYTES: Final = 64 * 1024
MAX_BYTES: Final = 100 * 1024 * 1024
_REMEMBERED: Final = 10_000
"""Files of which it is remembered that they are whole here, of some 150 bytes each."""
CONTENT: Final = "content"
CONTENT_TYPE: Final = "application/octet-stream"
_CHUNK = re.compile(r"^sha256-([0-9a-f]{64})$")
_FILE = re.compile(r"^file-([0-9a-f]{64})$")


_MADE: Final = "made-"


class MadeFor(msgspec.Struct, frozen=True):
    """The dossier and the machine of an act that is about to name a file."""

    stream: str
    node: str


class Damaged(Exception):
    """A file whose bytes are not those that its name says; `file` names it."""

    def __init__(self, file: str) -> None:
        super().__init__(f"{file} is damaged: its bytes do not have the hash in its name")
        self.file = file


class Archive:
    """The files of one node."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._whole_here: set[str] = set()

    def keep(self, content: bytes, made_for: MadeFor | None = None) -> str:
        """Store a file durably, unless it is here, and return its id.

        `made_for`: the one act that is about to name a file that was made for it and for nothing else; should that act never
        be written, the file is not kept for ever. What people bring may be brought for other acts too, and has none.
        Raises `ValueError` above 100 MB, `Forbidden` for a file that was redacted.
        """
        if len(content) > MAX_BYTES:
            raise ValueError(f"a file has at most {MAX_BYTES} bytes, this one {len(content)}")
        pieces = [content[at : at + CHUNK_BYTES] for at in range(0, len(content), CHUNK_BYTES)]
        chunks = [_chunk_document(piece) for piece in pieces]
        index = {"size": len(content), "chunks": [chunk["_id"] for chunk in chunks]}
        name = f"file-{hashlib.sha256(content).hexdigest()}"
        once = {chunk["_id"]: chunk for chunk in chunks}
        with self.store.file.write():
            if self.lists(name):  # somebody else's as well: it is not for one act alone any more
                self.no_longer_new(name)
            elif made_for is not None:
                self.store.put_local(_MADE + name, msgspec.to_builtins(made_for))
            outcomes = self.store.bulk_docs(
                [*once.values(), {"_id": name, "_rev": list_revision(index), **index}], new_edits=False
            )
        for outcome in outcomes:
            outcome.saved()
        return name

    def made_here(self) -> list[tuple[str, MadeFor]]:
        """The files that were made here for acts of which nobody has looked yet whether they were written."""
        return [
            (str(note["_id"]).removeprefix(LOCAL + _MADE), msgspec.convert(note, MadeFor))
            for note in self.store.local_docs()
            if str(note["_id"]).startswith(LOCAL + _MADE)
        ]

    def no_longer_new(self, name: str) -> None:
        """Somebody has looked whether an act names this file."""
        with contextlib.suppress(NotFound):
            self.store.delete_local(_MADE + name)

    def lists_naming(self, chunks: Iterable[str]) -> list[str]:
        """The files that have a list here, true or made up, with one of these chunks in it."""
        wanted = set(chunks)
        with self.store.file.read():
            names = [one.id for one in self.store.all_docs(startkey="file-", endkey="file-~")]
            return [
                name for name in names if any(wanted & set(index["chunks"]) for index in self.lists(name))
            ]

    def forget(self, names: Sequence[str]) -> None:
        """Purge lists and chunks, those that are here. Raises `Unavailable` when only their bytes are left in a log."""
        self._whole_here.difference_update(names)
        known = self.store.summaries(names)
        self.store.purge({name: [str(leaf.rev) for leaf in one.leaves] for name, one in known.items()})

    def read(self, name: str) -> bytes | None:
        """The file's bytes, or None while it or a part of it is not here. Raises `Damaged`."""
        whole = self._whole(name)
        return None if whole is None else b"".join(self._chunks(whole))

    def holds(self, name: str) -> bool:
        """Whether the whole file is here, with the hash in its name; read piece by piece. Raises `Damaged`."""
        return self._whole(name) is not None

    def absent(self, names: Iterable[str]) -> set[str]:
        """Which of these files are not here in all their parts; whether the parts are right is asked when one is read.

        A file that was whole is asked about no more, so that a page may ask every few seconds.
        """
        asked = set(names) - self._whole_here
        listed = self.store.summaries(asked)
        here = {name for name in listed if any(not self.missing(one) for one in self.lists(name))}
        if len(self._whole_here) > _REMEMBERED:
            self._whole_here.clear()
        self._whole_here |= here
        return asked - here

    def _whole(self, name: str) -> list[str] | None:
        """The chunks that make the file. Raises `Damaged` where there are only others."""
        lists = self.lists(name)
        complete = [index for index in lists if not self.missing(index)]
        for index in complete:
            digest, size = hashlib.sha256(), 0
            for piece in self._chunks(index["chunks"]):
                digest.update(piece)
                size += len(piece)
            if f"file-{digest.hexdigest()}" == name and size == index["size"]:
                chunks: list[str] = index["chunks"]
                return chunks
        if complete and len(complete) == len(lists):
            raise Damaged(name)
        return None

    def lists(self, name: str) -> list[dict[str, Any]]:
        """What there is to know of a file's chunks: nothing yet, its list, or also lists that somebody made up.

        Anybody can write a list under a file's name; whether it is the true one, only its chunks can tell.
        """
        try:
            leaves = self.store.summary(name).leaves
        except NotFound:
            return []
        return [load(render(self.store.revision(name, leaf.rev))) for leaf in leaves if not leaf.deleted]

    def missing(self, index: Mapping[str, Any]) -> list[str]:
        """Which chunks of a list are not here, each once, in order."""
        absent = self.store.revs_diff({chunk: [chunk_revision(chunk)] for chunk in index["chunks"]})
        return list(dict.fromkeys(chunk for chunk in index["chunks"] if chunk in absent))

    def _chunks(self, names: list[str]) -> Iterator[bytes]:
        for name in names:
            stored = self.store.revision(name)
            yield b"".join(self.store.attachment(stored.attachments[0]))


def files_named(data: object) -> Iterator[str]:
    """The ids of all files that the data of an act names, wherever it does."""
    match data:
        case str():
            if _FILE.match(data):
                yield data
        case dict():
            for value in data.values():
                yield from files_named(value)
        case list() | tuple():
            for value in data:
                yield from files_named(value)
        case _:
            pass


def chunk_revision(chunk: str) -> str:
    """The only revision that a chunk can have."""
    return f"1-{chunk.removeprefix('sha256-')[:32]}"


def list_revision(index: dict[str, Any]) -> str:
    """The one revision that the list document of these chunks can have (design §3.1)."""
    return "1-" + hashlib.sha256(canonical(index)).hexdigest()[:32]


def _chunk_document(piece: bytes) -> Json:
    digest = hashlib.sha256(piece).hexdigest()
    attachment = {"content_type": CONTENT_TYPE, "data": base64.b64encode(piece).decode()}
    return {"_id": f"sha256-{digest}", "_rev": f"1-{digest[:32]}", "_attachments": {CONTENT: attachment}}


def why_no_file(document: Json) -> str | None:
    """None if the document keeps to the write rules of `files`; else the reason for refusing it."""
    name, revision = str(document.get("_id")), document.get("_rev")
    members = {member for member in document if member not in ("_id", "_rev", "_revisions")}
    if (chunk := _CHUNK.fullmatch(name)) is not None:
        return (
            _why_no_chunk(document, chunk[1])
            if members == {"_attachments"}
            else "a chunk has one attachment only"
        )
    if _FILE.fullmatch(name) is None:
        return "only files and their chunks belong here"
    if members != {"size", "chunks"}:
        return "a file's list has size and chunks"
    size, chunks = document["size"], document["chunks"]
    if type(size) is not int or not 0 <= size <= MAX_BYTES or type(chunks) is not list:
        return "a file's list has its size in bytes and its chunks"
    if not all(type(one) is str and _CHUNK.fullmatch(one) for one in chunks):
        return "a file's chunks are named by their hash"
    if len(chunks) != -(-size // CHUNK_BYTES):
        return "size and number of chunks do not fit"
    if revision != list_revision({"size": size, "chunks": chunks}):
        return "the revision is not made from the list"
    return None


def _why_no_chunk(document: Json, digest: str) -> str | None:
    attachments = document["_attachments"]
    if (
        type(attachments) is not dict
        or set(attachments) != {CONTENT}
        or document.get("_rev") != f"1-{digest[:32]}"
    ):
        return "a chunk has one attachment, and the revision of its hash"
    sent = attachments[CONTENT]
    try:
        piece = base64.b64decode(sent["data"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        return "a chunk brings its bytes"
    if sent.get("content_type") != CONTENT_TYPE or len(piece) > CHUNK_BYTES:
        return "a chunk is application/octet-stream of at most 64 KiB"
    if hashlib.sha256(piece).hexdigest() != digest:
        return "the bytes do not have the hash in the name"
    return None
