"""Files: every chunk has the hash in its name, every list is complete, every file is what its name says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from central.inspection.documents import Documents, Stored
from central.inspection.findings import Findings
from central.inspection.reading import Snapshot
from edge.archive import CHUNK_BYTES, CONTENT, CONTENT_TYPE, why_no_file
from sync.documents import body_bytes, digest_of, load
from sync.errors import BadRequest

_CHUNK: Final = "sha256-"
_FILE: Final = "file-"


class Content(NamedTuple):
    """The bytes of one attachment as they were read; `described`: whether the store's row says the same of them."""

    sha256: str
    digest: str
    length: int
    described: bool


@dataclass(slots=True)
class FileShelf:
    """What a node has of `files`: contents of the chunks that hold, chunks of the lists that hold, whole files.

    `coming`: files whose list is here and some of whose chunks never were, with these chunks.
    """

    chunks: dict[str, int] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    coming: dict[str, list[str]] = field(default_factory=dict)


def files_named_in(data: Any) -> Iterator[str]:
    """The ids of files in an event's data, however deep."""
    match data:
        case str() if data.startswith(_FILE):
            yield data
        case dict():
            for value in data.values():
                yield from files_named_in(value)
        case list():
            for value in data:
                yield from files_named_in(value)
        case _:
            pass


def check_files(
    snapshot: Snapshot, documents: Documents, read: Iterable[Stored], findings: Findings, folder: str
) -> FileShelf:
    """Check all of `files`: contents first, then the documents that name them, then each file as a whole.

    `read` is what `documents.read()` gives.
    """
    shelf = FileShelf()
    contents = dict(_contents(snapshot))
    used = set()
    here = set()
    for stored in read:
        name = stored.id or ""
        here.add(name)
        if name.startswith(_FILE):
            faults = [*stored.faults, *_list_faults(stored, name, shelf)]
        else:
            number = content_number(stored.attachments)
            used.add(number)
            faults = [*stored.faults, *_chunk_faults(stored, name, contents.get(number))]
            if not faults:
                shelf.chunks[name] = number
        for fault in faults:
            findings.say(folder, place(name), fault)
    for name in documents.without_body:
        findings.say(folder, place(name), "it is gone: nothing but its name can be read")
    for fault in documents.faults:
        findings.say(folder, "files", fault)
    for number in sorted(contents.keys() - used):
        findings.say(folder, "files", f"the bytes with the number {number} belong to no chunk")
    here.update(documents.without_body)
    for name in shelf.lists:
        lost = shelf.lists[name] if documents.missing else here
        _check_whole(snapshot, shelf, name, findings, folder, lost=frozenset(lost))
    return shelf


def read_file(snapshot: Snapshot, shelf: FileShelf, name: str) -> bytes:
    """The bytes of a file whose chunks all hold."""
    return b"".join(
        data
        for chunk in shelf.lists[name]
        for (data,) in snapshot.select(
            "SELECT data FROM files_piece WHERE content = ? ORDER BY offset", shelf.chunks[chunk]
        )
    )


def _contents(snapshot: Snapshot) -> Iterator[tuple[int, Content]]:
    """Each content that has bytes here, or that the store believes to have; a chunk's bytes are one piece."""
    said = {row[0]: row[1:] for row in snapshot.rows("files_content", "sha256, length, digest")}
    for _, number, offset, data in snapshot.rows("files_piece", "content, offset, data"):
        if type(data) is not bytes:
            continue
        read = (hashlib.sha256(data).digest(), len(data), digest_of(data))
        described = said.pop(number, None) == read and offset == 0
        yield number, Content(read[0].hex(), read[2], read[1], described)
    for number in said:
        yield number, Content("", "", 0, described=False)


def content_number(attachments: Any) -> int:
    """The number of the bytes that a chunk's row names; 0, which no bytes have, where it names none."""
    try:
        number = orjson.loads(attachments)[0][5]
    except (orjson.JSONDecodeError, TypeError, IndexError, KeyError):
        return 0
    return number if type(number) is int else 0


def _chunk_faults(stored: Stored, name: str, content: Content | None) -> Iterator[str]:
    if content is None or not content.sha256:
        yield "its bytes are gone"
        return
    if f"{_CHUNK}{content.sha256}" != name or content.length > CHUNK_BYTES:
        yield "the stored bytes are not what its name says"
        return
    if stored.rev != f"1-{content.sha256[:32]}":
        yield "its revision is not made from its hash"
    number = content_number(stored.attachments)
    attachment = [CONTENT, CONTENT_TYPE, 1, content.digest, content.length, number]
    if (
        not content.described
        or stored.attachments != orjson.dumps([attachment]).decode()
        or stored.body != b"{}"
    ):
        yield "the description of its bytes was changed"


def _list_faults(stored: Stored, name: str, shelf: FileShelf) -> Iterator[str]:
    try:
        members = load(stored.body) if type(stored.body) is bytes else None
    except BadRequest:
        members = None
    if type(members) is not dict or body_bytes(members) != stored.body or stored.attachments is not None:
        why: str | None = "the stored text is not what was written"
    else:
        why = why_no_file({**members, "_id": name, "_rev": stored.rev})
    if why is None and type(members) is dict:
        shelf.lists[name] = members["chunks"]
    else:
        shelf.broken.add(name)
        yield f"its list of chunks does not hold ({why})"


def _check_whole(
    snapshot: Snapshot, shelf: FileShelf, name: str, findings: Findings, folder: str, *, lost: frozenset[str]
) -> None:
    """`lost`: chunks that, if they do not hold, were here once; others may still be on their way."""
    gone = [chunk for chunk in shelf.lists[name] if chunk not in shelf.chunks]
    if gone and lost.isdisjoint(gone):
        shelf.coming[name] = gone
        return
    for chunk in gone:
        findings.say(folder, place(name), missing(chunk))
    if not gone:
        content = read_file(snapshot, shelf, name)
        if f"{_FILE}{hashlib.sha256(content).hexdigest()}" == name:
            shelf.whole.add(name)
            return
        findings.say(folder, place(name), "its chunks together are not what its name says")
    shelf.broken.add(name)


def missing(chunk: str) -> str:
    """The complaint about a chunk that is not there, or is not what its name says."""
    return f"{place(chunk)} is missing or damaged"


def place(name: str) -> str:
    """How a document of `files` is called in a finding."""
    for prefix, kind in ((_CHUNK, "chunk"), (_FILE, "file")):
        if name.startswith(prefix):
            return f"{kind} {name.removeprefix(prefix)[:16]}…"
    return f"files document {name[:23]}…"
