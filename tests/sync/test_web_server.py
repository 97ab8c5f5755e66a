"""What reaches our application, and what a slow or endless client does to the others: nothing."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sync import web_server
from tests.sync.servers import Http, serving
from tests.sync.test_feeds import AUTHORIZATION, DEADLINE_S, Listener
from tests.waiting import until


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answers with the method, the raw target and the body."""
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "application/json")])
    yield json.dumps([environ["REQUEST_METHOD"], environ["REQUEST_URI"], body.decode()]).encode()


@pytest.fixture
def server() -> Iterator[Http]:
    server = Http(echo)
    yield server
    server.close()


def connect(server: Http) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_S)


def answer(line: socket.socket) -> tuple[int, bytes]:
    with closing(http.client.HTTPResponse(line)) as response:
        response.begin()
        return response.status, response.read()


@pytest.mark.parametrize("method", ["GET", "PUT", "COPY", "PROPFIND"])
def test_any_method_with_a_body_in_chunks(server: Http, method: str) -> None:
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_S)
    with closing(line):
        for _ in range(2):  # the second one on the same connection
            line.request(method, "/a%2Fb?c", iter([b"x" * 9, b"y" * 100_000]), encode_chunked=True)
            assert json.load(line.getresponse()) == [method, "/a%2Fb?c", "x" * 9 + "y" * 100_000]


def test_a_client_that_asks_may_go_on(server: Http) -> None:
    with closing(connect(server)) as line:
        line.sendall(b"PUT /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert line.recv(25, socket.MSG_WAITALL) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(b"xy")
        assert answer(line) == (200, b'["PUT", "/a", "xy"]')


def test_requests_that_come_together_are_answered_in_turn(server: Http) -> None:
    with closing(connect(server)) as line:
        line.sendall(b"".join(b"GET /page-%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(3)))
        heard = b""
        while b"/page-2" not in heard:
            heard += line.recv(4096)
        assert re.findall(rb"/page-(\d)", heard) == [b"0", b"1", b"2"]


def test_a_body_that_arrives_with_its_head_and_after_it(server: Http) -> None:
    with closing(connect(server)) as line:
        line.sendall(b"PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
        line.sendall(b"cdGET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        heard = b""
        while part := line.recv(4096):
            heard += part
        assert b'["PUT", "/a", "abcd"]' in heard
        assert b'["GET", "/b", ""]' in heard


def test_heads_that_do_not_end_hold_no_worker(server: Http) -> None:
    slow = [connect(server) for _ in range(20)]  # more than there are workers
    for line in slow:
        line.sendall(b"GET /slow HTTP/1.1\r\nHost:")
    until(lambda: len(server.server.connections) == 20)
    with closing(connect(server)) as line:
        line.sendall(b"GET /quick HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer(line)[1] == b'["GET", "/quick", ""]'
    for line in slow:
        line.sendall(b" x\r\n\r\n")
        assert answer(line)[1] == b'["GET", "/slow", ""]'
        line.close()
    until(lambda: len(server.server.connections) == 0)


def test_a_head_that_does_not_end_in_time_ends_the_connection(server: Http) -> None:
    server.server.timeout = 0.05
    with closing(connect(server)) as line:
        line.sendall(b"GET /")
        heard = []
        listening = threading.Thread(target=lambda: heard.append(line.recv(1)))
        listening.start()
        while listening.is_alive():  # and nothing that is added prolongs it
            try:
                line.sendall(b"a")
            except OSError:
                break
            listening.join(0.01)
        listening.join()
        assert heard in ([b""], [])
    until(lambda: len(server.server.connections) == 0)


@pytest.mark.parametrize("head", [b"GET /%s HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nX: %s\r\n\r\n"])
def test_a_head_that_is_too_long_is_refused(server: Http, head: bytes) -> None:
    with closing(connect(server)) as line:
        line.sendall(head % (b"x" * (web_server.MAX_HEAD_BYTES + 1)))
        assert line.recv(12, socket.MSG_WAITALL) in (b"HTTP/1.1 413", b"HTTP/1.1 414")


def test_a_body_that_trickles_is_given_up(server: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_server, "BODY_GRACE_S", 0.0)
    monkeypatch.setattr(web_server, "BODY_BYTES_PER_S", 10**12)
    with closing(connect(server)) as line:
        line.sendall(b"PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        try:
            for byte in (b"x",) * 8:
                line.sendall(byte)
                threading.Event().wait(0.01)
            heard = line.recv(4096)
        except ConnectionError:
            heard = b""
        assert not heard.startswith(b"HTTP/1.1 200")


def test_connections_beyond_the_limit_are_closed(server: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_server, "MAX_CONNECTIONS", 2)
    lines = [connect(server) for _ in range(2)]
    until(lambda: len(server.server.connections) == 2)
    with closing(connect(server)) as line:
        assert line.recv(1) == b""
    for line in lines:
        line.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert answer(line)[0] == 200
        line.close()


def test_as_many_machines_as_there_are_feeds_for_keep_their_lines(server: Http) -> None:
    """Three feeds and a probe each: none of them is turned away, and each is answered again."""
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(closing(connect(server))) for _ in range(web_server.MAX_FEEDS // 3 * 4)]
        for _ in range(2):
            for line in lines:
                line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert {answer(line)[0] for line in lines} == {200}


def test_what_a_worker_gives_back_while_the_server_stops_is_closed() -> None:
    """Stopping has closed all that waited, and a worker that does not know it yet comes with one more."""

    def late(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        watching.stop()
        watching.close()
        return echo(environ, start_response)

    stopping = Http(late)
    watching: Any = vars(stopping.server)["_connections"]
    with closing(connect(stopping)) as line:
        line.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer(line) == (200, b'["GET", "/a", ""]')
        assert line.recv(1) == b""
        stopping.close()
    assert not stopping.server.connections


def test_what_was_under_way_to_a_worker_when_the_server_stopped_is_closed(server: Http) -> None:
    with closing(connect(server)) as line:
        line.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer(line)[0] == 200
        watching: Any = vars(server.server)["_connections"]
        until(lambda: len(server.server.connections) == 1, "the worker gives the connection back")
        (held,) = server.server.connections
        until(
            lambda: held.socket.fileno() in {fd for fd, _ in watching._selector.connections},
            "it is watched again",
        )
        watching._selector.unregister(held.socket.fileno())  # on its way
        server.close()
        assert line.recv(1) == b""


def test_feeds_beyond_the_limit_are_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_server, "MAX_FEEDS", 0)
    with (
        serving(tmp_path / "node.db", "dossiers") as node,
        closing(Listener(node, "feed=continuous")) as listener,
    ):
        listener.hear(b'{"error":"unavailable","reason":"too many live feeds"}\n')
        assert listener.heard.startswith(b"HTTP/1.1 503")


def test_feeds_and_their_connections_live_under_tls_too(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with serving(tmp_path / "node.db", "dossiers") as node:
        store = node.stores["dossiers"]
        store.bulk_docs([{"_id": f"{n:05}", "text": "x" * 10_000} for n in range(100)])
        node.http.server.ssl_adapter = BuiltinSSLAdapter(str(certificate), str(key))
        headers = {"Authorization": AUTHORIZATION}
        line = http.client.HTTPSConnection("localhost", node.port, timeout=DEADLINE_S, context=trusting)
        with closing(line):
            line.request("GET", "/dossiers/_changes?feed=longpoll&include_docs=true", headers=headers)
            assert len(json.load(line.getresponse())["results"]) == 100
            line.request("GET", "/dossiers/_changes?feed=longpoll&since=now", headers=headers)
            answer = line.getresponse()
            store.put({"_id": "new"})
            assert [row["id"] for row in json.load(answer)["results"]] == ["new"]
            line.request("GET", "/dossiers/_changes?feed=continuous&since=now&heartbeat=9", headers=headers)
            assert line.getresponse().read(1) == b"\n"
        until(lambda: len(node.http.server.feeds) == 0)


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Files with a certificate for localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def test_what_an_application_breaks_is_one_connection(caplog: pytest.LogCaptureFixture) -> None:
    def broken(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        raise ZeroDivisionError

    server = Http(broken)
    with closing(server), closing(connect(server)) as line:
        line.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert answer(line)[0] == 500
    assert "ZeroDivisionError" in caplog.text
