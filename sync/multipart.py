"""multipart/related, /mixed and /byteranges: read as they come in, written as CouchDB writes them.

Pure: bytes in, parts out. Werkzeug's decoder and those on PyPI read forms, whose parts have names; the parts
of a document may have no header at all and belong to its attachments by their order. protocol.md §1.8, §4.15.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple, TypeAlias

from werkzeug.http import parse_options_header

from sync.documents import Attachment, Follower, Json, Shown, Stored, dump, rendered
from sync.errors import BadRequest
from sync.revisions import Rev

MAX_HEADER_BYTES = 16 * 1024  # of one part; also what may lie before the first and after the last
_MAX_BOUNDARY = 200  # RFC 2046 says 70

Headers: TypeAlias = Mapping[str, str]


def boundary_of(content_type: str) -> bytes:
    """The `boundary` parameter, quoted or not. Raises `BadRequest`."""
    boundary = parse_options_header(content_type)[1].get("boundary", "").encode("latin-1", "replace")
    if not 0 < len(boundary) <= _MAX_BOUNDARY:
        raise BadRequest("a multipart body needs a `boundary` in its Content-Type")
    return boundary


# ---- in


class _Input:
    """What has come so far and was not taken yet."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.rest = b"\r\n"  # so that a boundary on the first line begins like every other

    def more(self) -> None:
        chunk = next(self._chunks, None)
        if chunk is None:
            raise BadRequest("the multipart body ended before its last boundary")
        self.rest += chunk

    def until(self, mark: bytes) -> Iterator[bytes]:
        """What comes before the next `mark`, in pieces; the mark itself is passed over."""
        while (at := self.rest.find(mark)) < 0:
            ready = len(self.rest) - len(mark) + 1  # the rest may be the beginning of a mark
            if ready > 0:
                yield self.rest[:ready]
                self.rest = self.rest[ready:]
            self.more()
        if at:
            yield self.rest[:at]
        self.rest = self.rest[at + len(mark) :]

    def short(self, mark: bytes) -> bytes:
        """The same where it can be no more than `MAX_HEADER_BYTES`."""
        parts: list[bytes] = []
        for part in self.until(mark):
            parts.append(part)
            if sum(map(len, parts)) > MAX_HEADER_BYTES:
                raise BadRequest("a header of the multipart body is too long")
        return b"".join(parts)

    def line(self) -> bytes:
        return self.short(b"\r\n")

    def run_out(self) -> None:
        size = len(self.rest)
        for chunk in self._chunks:
            size += len(chunk)
            if size > MAX_HEADER_BYTES:
                raise BadRequest("too much comes after the last boundary")


def parts(chunks: Iterable[bytes], boundary: bytes) -> Iterator[Headers | bytes]:
    """For each part its headers (names in lower case), then its bytes in pieces as they come.

    The body is read to its end. Raises `BadRequest`, at once where something is wrong.
    """
    came = _Input(chunks)
    mark = b"\r\n--" + boundary
    came.short(mark)
    while True:
        while len(came.rest) < 2:
            came.more()
        if came.rest.startswith(b"--"):
            came.run_out()
            return
        if came.line().strip(b" \t"):
            raise BadRequest("a boundary of the multipart body has no line for itself")
        yield _headers(came)
        yield from came.until(mark)


def _headers(came: _Input) -> Headers:
    headers: dict[str, str] = {}
    size = 0
    while line := came.line():
        size += len(line)
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if not colon or size > MAX_HEADER_BYTES:
            raise BadRequest("a header of the multipart body is malformed")
        headers[name.strip().lower()] = value.strip()
    return headers


def bodies(found: Iterator[Headers | bytes]) -> Iterator[tuple[Headers, Iterator[bytes]]]:
    """The parts, each with its headers; what is not taken of one is passed over with the next."""
    begun = 0

    def part_of(one: Headers | bytes) -> int:
        nonlocal begun
        begun += isinstance(one, Mapping)
        return begun

    for _, part in groupby(found, key=part_of):
        headers = next(part)
        if isinstance(headers, Mapping):
            yield headers, (one for one in part if isinstance(one, bytes))


class RelatedParts:
    """A document and what follows it: the first part, then the bytes of all others one after the other."""

    def __init__(self, chunks: Iterable[bytes], boundary: bytes) -> None:
        self._parts = parts(chunks, boundary)
        self._rest = b""

    def document(self) -> tuple[Headers, Iterator[bytes]]:
        """The headers of the first part and its bytes, which must all be taken before `take`."""
        first = next(self._parts, None)
        if not isinstance(first, Mapping):
            raise BadRequest("the multipart body has no document")
        return first, self._until_headers()

    def _until_headers(self) -> Iterator[bytes]:
        for one in self._parts:
            if isinstance(one, Mapping):
                return
            yield one

    def take(self, follower: Follower) -> Iterator[bytes]:
        """The bytes of the next attachment: as many as it is said to have, whatever part they are in."""
        left = follower.length
        while left:
            chunk = self._rest or self._bytes()
            if not chunk:
                raise BadRequest(f"attachment shorter than expected: {follower.name}")
            self._rest = chunk[left:]
            yield chunk[:left]
            left -= min(left, len(chunk))

    def end(self) -> None:
        """Nothing may come after the last attachment. The body is read to its end."""
        if self._rest or self._bytes():
            raise BadRequest("attachment longer than expected")

    def _bytes(self) -> bytes:
        """The next bytes of whatever part; none at the end."""
        return next((one for one in self._parts if isinstance(one, bytes)), b"")


# ---- out


class Slice(NamedTuple):
    """The stored bytes [start, stop) of an attachment."""

    attachment: Attachment
    start: int
    stop: int


Segment: TypeAlias = bytes | Slice


def length(segments: Iterable[Segment]) -> int:
    """Bytes of all segments together: what Content-Length says before any of them is read."""
    return sum(len(one) if isinstance(one, bytes) else one.stop - one.start for one in segments)


def related(boundary: bytes, document: bytes, attachments: Iterable[Attachment]) -> Iterator[Segment]:
    """multipart/related, byte for byte as CouchDB's replicator reads it."""
    yield b"--" + boundary + b"\r\nContent-Type: application/json\r\n\r\n" + document + b"\r\n--" + boundary
    for one in attachments:
        head = [
            f'Content-Disposition: attachment; filename="{header_text(one.name)}"',
            f"Content-Type: {header_text(one.content_type)}",
            f"Content-Length: {one.stored_length}",
        ]
        if one.gzipped is not None:
            head.append("Content-Encoding: gzip")
        yield "".join(f"\r\n{line}" for line in head).encode() + b"\r\n\r\n"
        yield Slice(one, 0, one.stored_length)
        yield b"\r\n--" + boundary
    yield b"--"


def mixed(boundary: bytes, parts: Iterable[Iterable[Segment]]) -> Iterator[Segment]:
    """multipart/mixed: answers about several revisions, `revision` or `failure` each."""
    yield b"--" + boundary
    for one in parts:
        yield from one
        yield b"\r\n--" + boundary
    yield b"--"


def revision(
    stored: Stored, inner: bytes, *, history: Sequence[Rev] | None, since: int, headers: Iterable[str] = ()
) -> Iterator[Segment]:
    """A part with one revision, itself a multipart if attachments come with it; `headers` are only for that.

    Those that are not newer than generation `since` are stubs. CouchDB's replicator reads a document
    without attachments only where its Content-Type is `application/json` and nothing more.
    """
    shown = Shown(follows=True, since=since, encoding=True)
    document = b"".join(rendered(stored, history=history, shown=shown))
    following = [one for one in stored.attachments if shown.has_bytes(one)]
    if not following:
        yield b"\r\nContent-Type: application/json\r\n\r\n" + document
        return
    for line in headers:
        yield f"\r\n{header_text(line)}".encode()
    yield b'\r\nContent-Type: multipart/related; boundary="' + inner + b'"\r\n\r\n'
    yield from related(inner, document, following)


def failure(why: Json) -> Iterator[Segment]:
    """A part that says why there is no revision."""
    yield b'\r\nContent-Type: application/json; error="true"\r\n\r\n' + dump(why)


def byteranges(boundary: bytes, one: Attachment, ranges: Iterable[tuple[int, int]]) -> Iterator[Segment]:
    """multipart/byteranges of the ranges [start, stop)."""
    yield b"--" + boundary
    for start, stop in ranges:
        head = f"\r\nContent-Type: {header_text(one.content_type)}"
        yield f"{head}\r\nContent-Range: {content_range(start, stop, one.length)}\r\n\r\n".encode()
        yield Slice(one, start, stop)
        yield b"\r\n--" + boundary
    yield b"--"


def content_range(start: int, stop: int, length: int) -> str:
    """The header's value for the bytes from `start` up to, and without, `stop`."""
    return f"bytes {start}-{stop - 1}/{length}"


def header_text(text: str) -> str:
    """`text` without what would end a header line and begin another."""
    return "".join(char if char.isprintable() or ord(char) > 0x9F else " " for char in text)
