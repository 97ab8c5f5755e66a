"""The multipart reader, whatever the network does to the bytes; and what our writer writes, it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.documents import BINARY_TYPE, Attachment, Follower, Stored
from sync.errors import BadRequest
from sync.multipart import (
    Headers,
    RelatedParts,
    Segment,
    boundary_of,
    byteranges,
    length,
    mixed,
    parts,
    related,
    revision,
)
from sync.revisions import Rev

BOUNDARY = b"abc123"
MARK = b"\r\n--" + BOUNDARY

# bytes that come as near to a boundary as they can
near = st.lists(
    st.sampled_from([b"\r", b"\n", b"-", b"--", BOUNDARY, MARK[:-1], b"\r\n--", b"x", b"\0"]) | st.binary(),
    max_size=8,
)
contents = st.lists(near.map(b"".join).filter(lambda content: MARK not in b"\r\n" + content + MARK[:-1]))
cuts = st.lists(st.integers(0, 2000))


def cut(data: bytes, at: Iterable[int]) -> list[bytes]:
    places = sorted({0, len(data), *(place for place in at if place < len(data))})
    return [data[start:stop] for start, stop in pairwise(places)]


def read(chunks: Iterable[bytes], boundary: bytes = BOUNDARY) -> list[tuple[Headers, bytes]]:
    found: list[tuple[Headers, bytes]] = []
    for one in parts(chunks, boundary):
        if isinstance(one, Mapping):
            found.append((one, b""))
        else:
            found[-1] = (found[-1][0], found[-1][1] + one)
    return found


def written(bodies: Iterable[bytes], *, preamble: bytes = b"") -> bytes:
    head = preamble + (b"\r\n" if preamble else b"")
    return (
        head + b"".join(b"--" + BOUNDARY + b"\r\n\r\n" + one + b"\r\n" for one in bodies) + MARK[2:] + b"--"
    )


@given(contents, cuts)
def test_any_cut_into_chunks_gives_the_same_parts(bodies: list[bytes], at: list[int]) -> None:
    data = written(bodies)
    assert [content for _, content in read(cut(data, at))] == bodies
    assert [content for _, content in read(cut(data, range(len(data))))] == bodies


@given(contents, cuts, st.integers(1, 12))
def test_a_body_that_is_cut_off_is_refused(bodies: list[bytes], at: list[int], lost: int) -> None:
    data = written(bodies, preamble=b"preamble")
    with pytest.raises(BadRequest):
        read(cut(data[:-lost], at))


def test_headers_in_any_case_preamble_and_epilogue() -> None:
    data = (
        b"preamble\r\n--abc123\t \r\nContent-TYPE:a/b; c=d\r\nx : y:z \r\n\r\none\r\n"
        b"--abc123\r\n\r\n\r\n--abc123--\r\nepilogue --abc123"
    )
    assert read([data]) == [({"content-type": "a/b; c=d", "x": "y:z"}, b"one"), ({}, b"")]


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/related; boundary=abc", b"abc"),
        ('multipart/related;boundary="a b;c"', b"a b;c"),
        ("Multipart/Related; BOUNDARY=abc; type=x", b"abc"),
    ],
)
def test_boundaries(content_type: str, boundary: bytes) -> None:
    assert boundary_of(content_type) == boundary


@pytest.mark.parametrize("content_type", ["multipart/related", "x; boundary=", f"x; boundary={'x' * 999}"])
def test_no_boundary(content_type: str) -> None:
    with pytest.raises(BadRequest):
        boundary_of(content_type)


@pytest.mark.parametrize("tail", [b"x" * 50_000, b"--abc123--" + b"x" * 50_000])
def test_nothing_without_end_is_listened_to(tail: bytes) -> None:
    with pytest.raises(BadRequest):
        read(cut(tail, range(0, 50_000, 1000)))


# ---- the writer


def attachment(number: int, content: bytes, *, gzipped: bool = False) -> Attachment:
    stored = len(content) if gzipped else None
    return Attachment(f"{number}", "a/b", 1, "md5-x", len(content), number, stored)


def sent(segments: Iterable[Segment], bodies: list[bytes]) -> bytes:
    return b"".join(
        one if isinstance(one, bytes) else bodies[one.attachment.content][one.start : one.stop]
        for one in segments
    )


@given(contents, cuts, st.booleans())
def test_what_is_written_is_read(bodies: list[bytes], at: list[int], gzipped: bool) -> None:
    attachments = [attachment(number, one, gzipped=gzipped) for number, one in enumerate(bodies)]
    data = sent(related(BOUNDARY, b'{"n":1}', attachments), bodies)
    assert len(data) == length(related(BOUNDARY, b'{"n":1}', attachments))
    received = RelatedParts(cut(data, at), BOUNDARY)
    headers, document = received.document()
    assert (headers, b"".join(document)) == ({"content-type": "application/json"}, b'{"n":1}')
    followers = [
        Follower(one.name, one.content_type, one.stored_length, gzipped, None) for one in attachments
    ]
    assert [b"".join(received.take(one)) for one in followers] == bodies
    received.end()


@given(contents, st.integers(0, 3), st.integers(-2, 2))
def test_lengths_that_do_not_agree_are_refused(bodies: list[bytes], which: int, more: int) -> None:
    said = [len(one) for one in bodies]
    if which < len(said):
        said[which] = max(said[which] + more, 0)
    received = RelatedParts([written([b"{}", *bodies])], BOUNDARY)
    _, document = received.document()
    assert b"".join(document) == b"{}"

    def taken() -> list[bytes]:
        found = [b"".join(received.take(Follower("x", BINARY_TYPE, length, False, None))) for length in said]
        received.end()
        return found

    if sum(said) == sum(map(len, bodies)):
        assert b"".join(taken()) == b"".join(bodies)
        return
    with pytest.raises(BadRequest, match="shorter" if sum(said) > sum(map(len, bodies)) else "longer"):
        taken()


@given(contents)
def test_several_revisions(bodies: list[bytes]) -> None:
    attachments = tuple(attachment(number, one) for number, one in enumerate(bodies))
    stored = Stored("a", Rev(1, "x"), False, None, b"{}", attachments)
    one = list(revision(stored, b"inner", history=None, since=0))
    (outer,) = read([sent(mixed(BOUNDARY, [one]), bodies)])
    if not bodies:
        assert outer[0] == {"content-type": "application/json"}
        return
    assert outer[0] == {"content-type": 'multipart/related; boundary="inner"'}
    (_, document), *rest = read([outer[1]], b"inner")
    assert len(orjson.loads(document)["_attachments"]) == len(bodies)
    assert [content for _, content in rest] == bodies
    assert [int(headers["content-length"]) for headers, _ in rest] == [len(one) for one in bodies]


def test_ranges() -> None:
    content = bytes(range(256))
    data = sent(byteranges(BOUNDARY, attachment(0, content), [(0, 1), (250, 256)]), [content])
    assert read([data]) == [
        ({"content-type": "a/b", "content-range": "bytes 0-0/256"}, content[:1]),
        ({"content-type": "a/b", "content-range": "bytes 250-255/256"}, content[250:]),
    ]
