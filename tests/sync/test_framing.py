"""Requests that are no proper HTTP: refused, and never taken for two."""

from __future__ import annotations

import io
import re
import resource
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.bare_server import BareServer
from sync.framing import Chunked, Measured
from tests.sync.servers import NOW, Http, Ids

DEADLINE_S = 20
DOCUMENT = b'{"_id":"a"}'


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder: Path = tmp_path_factory.mktemp("framing")
    bare = BareServer(folder, new_id=Ids(1), now=lambda: NOW, secret=b"secret")
    http = Http(bare.app)
    assert talk(http.port, request(b"PUT", b"/db", b"Connection: close")) == [201]
    yield http.port
    http.close()
    bare.close()


def request(method: bytes, path: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    lines = [method + b" " + path + b" HTTP/1.1", b"Host: here", *headers, b"", body]
    return b"\r\n".join(lines)


def talk(port: int, *sent: bytes) -> list[int]:
    """Say it; the statuses of all answers, when the server has closed."""
    received = b""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as line,
        suppress(ConnectionResetError),  # the server has closed, and not read all
    ):
        line.sendall(b"".join(sent))
        while part := line.recv(1 << 16):
            received += part
    return [int(status) for status in re.findall(rb"^HTTP/1\.[01] (\d{3}) ", received, re.MULTILINE)]


JSON = b"Content-Type: application/json"
CHUNKED = b"Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    "headers",
    [
        *(
            (b"Content-Length: " + length,)
            for length in (b"-1", b"+5", b"0x5", b"1_0", b"5,5", b"", b"9" * 40)
        ),
        (b"Content-Length: 11", b"Content-Length: 11"),
        (b"Content-Length: 11", b"Content-Length: 3"),
        (b"Content-Length: 11", CHUNKED),
        (CHUNKED, CHUNKED),
        (b"Transfer-Encoding: chunked, chunked",),
        (b"Content-Length : 11",),
        (b"X: a\r\n Content-Length: 11",),
        (b": a",),
        (b"X",),
        (b"X: \x00",),
        (b"X: a\rb",),
        (b"Host: there",),
    ],
)
def test_ambiguous_heads_are_refused(port: int, headers: tuple[bytes, ...]) -> None:
    """And what follows is not answered: nobody knows whether it is a body."""
    asked = request(b"POST", b"/db", JSON, *headers, body=DOCUMENT)
    assert talk(port, asked, request(b"GET", b"/db")) == [400]
    assert talk(port, request(b"GET", b"/db/a", b"Connection: close")) == [404]


@pytest.mark.parametrize(
    "host", [b"a" * 64, b"a..b", b"[", b"a b", b"a:x", b"a/b", b"a@b", b"\xe9", b"a" * 300]
)
def test_malformed_hosts_are_refused(port: int, host: bytes) -> None:
    line = b"PUT /db/a HTTP/1.1\r\nHost: " + host + b"\r\nContent-Length: 2\r\n\r\n{}"
    assert talk(port, line) == [400]


@pytest.mark.parametrize(
    "host", [b"", b"here", b"here:5984", b"127.0.0.1:1", b"[::1]:5984", b"a.b-c_d.", b"A"]
)
def test_hosts(port: int, host: bytes) -> None:
    assert talk(port, b"GET / HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n") == [200]


@pytest.mark.parametrize(
    "target", [b"http://[/db", b"http://here/db", b"db", b"/db#x", b"*", b"/\xff", b"/db/%ff", b"/a b"]
)
def test_malformed_targets_are_refused(port: int, target: bytes) -> None:
    assert talk(port, request(b"GET", target, b"Connection: close")) == [400]


@pytest.mark.parametrize(
    "body",
    [
        *(b"%b\r\n%b\r\n0\r\n\r\n" % (size, DOCUMENT) for size in (b"-b", b"0xb", b"b_", b"zz", b"", b"+b")),
        b"f" * 20 + b"\r\n",
        b"0" * 5_000 + b"b\r\n" + DOCUMENT + b"\r\n0\r\n\r\n",
        b"b\r\n" + DOCUMENT + b"xx0\r\n\r\n",
        b"b\n" + DOCUMENT + b"\n0\n\n",
        b"b\r\n" + DOCUMENT + b"\r\n0\r\nX: y\n\r\n",
        b"",
    ],
)
def test_malformed_chunks_end_the_connection(port: int, body: bytes) -> None:
    hidden = request(b"GET", b"/db")
    assert talk(port, request(b"POST", b"/db", JSON, CHUNKED, body=body), hidden) == [400]
    assert talk(port, request(b"PUT", b"/db/b/file", CHUNKED, body=body), hidden) == [400]
    assert talk(port, request(b"PUT", b"/none", CHUNKED, body=body), hidden) in ([201], [412])
    for path in (b"/db/a", b"/db/b"):
        assert talk(port, request(b"GET", path, b"Connection: close")) == [404]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((CHUNKED,), b"ff\r\n" + DOCUMENT),
        ((CHUNKED,), b"b\r\n" + DOCUMENT + b"\r\n"),
        ((CHUNKED,), b""),
        ((b"Content-Length: 12",), DOCUMENT),
    ],
)
def test_a_body_cut_off_is_not_stored(port: int, headers: tuple[bytes, ...], body: bytes) -> None:
    for method, path in ((b"POST", b"/db"), (b"PUT", b"/db/b/file"), (b"PUT", b"/db/a")):
        with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as line:
            line.sendall(request(method, path, JSON, *headers, body=body))
            line.shutdown(socket.SHUT_WR)
            assert line.recv(1 << 16).startswith(b"HTTP/1.1 400 ")
    for path in (b"/db/a", b"/db/b"):
        assert talk(port, request(b"GET", path, b"Connection: close")) == [404]


def test_chunks_may_have_extensions_and_trailers(port: int) -> None:
    body = b"2;a=b\r\n{}\r\n0;c\r\nX: y\r\n\r\n"
    follows = request(b"GET", b"/db", b"Connection: close")
    assert talk(port, request(b"POST", b"/db", JSON, CHUNKED, body=body), follows) == [201, 200]


def test_a_body_that_nobody_wants_is_not_the_next_request(port: int) -> None:
    follows = request(b"GET", b"/db", b"Connection: close")
    for body in (b"GET /db HTTP/1.1\r\n\r\n", b"x" * 3_000_000):
        length = b"Content-Length: %d" % len(body)
        assert talk(port, request(b"POST", b"/nowhere", JSON, length, body=body), follows) == [404, 200]
        chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        assert talk(port, request(b"POST", b"/nowhere", JSON, CHUNKED, body=chunks), follows) == [404, 200]


def test_what_a_client_announces_takes_no_memory(port: int) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    megabyte = b"x" * 1_000_000
    for head in (
        request(b"POST", b"/nowhere", b"Content-Length: %d" % 10**15),
        request(b"POST", b"/nowhere", CHUNKED, body=b"%x\r\n" % 10**15),
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as line:
            line.sendall(head)
            for _ in range(50):
                line.sendall(megabyte)
            line.shutdown(socket.SHUT_WR)
            assert line.recv(1 << 16).startswith(b"HTTP/1.1 404 ")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 20_000  # KB


@pytest.mark.parametrize(
    "sent", [b"", b"G", b"GET /db HT", b"GET /db HTTP/1.1\r\nHost: x\r\nX", b"GET /db\r\n"]
)
def test_half_a_head_is_no_request(port: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as line:
        line.sendall(sent)
        line.shutdown(socket.SHUT_WR)
        assert line.recv(1) == b""


def test_requests_one_behind_the_other(port: int) -> None:
    many = [request(b"GET", b"/db")] * 30
    assert talk(port, *many, request(b"GET", b"/db", b"Connection: close")) == [200] * 31


# ---- the readers alone


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=8), st.integers(1, 70), st.binary(max_size=5))
def test_chunks_are_joined_and_nothing_behind_them_is_touched(
    parts: list[bytes], size: int, behind: bytes
) -> None:
    source = io.BytesIO(b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in parts) + b"0\r\n\r\n" + behind)
    body = Chunked(source)
    read = b"".join(iter(lambda: body.read(size), b""))
    assert read == b"".join(parts)
    assert body.ended
    assert source.read() == behind


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=4), st.data())
def test_a_chunked_body_cut_anywhere_is_an_error(parts: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in parts) + b"0\r\n\r\n"
    body = Chunked(io.BytesIO(whole[: data.draw(st.integers(0, len(whole) - 1))]))
    with pytest.raises(ValueError, match="chunk"):
        body.read()
    with pytest.raises(ValueError, match="chunk"):
        body.read(1)
    assert not body.ended


@given(st.binary(max_size=100), st.integers(0, 120), st.integers(1, 50))
def test_a_measured_body_ends_where_it_was_announced(sent: bytes, length: int, size: int) -> None:
    body = Measured(io.BytesIO(sent), length)
    assert b"".join(iter(lambda: body.read(size), b"")) == sent[:length]
    assert body.ended == (length <= len(sent))
