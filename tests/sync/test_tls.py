"""Over a line only TLS, to the machine whose key is known; on this machine itself plain HTTP, at the same port."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cheroot.errors import FatalSSLAlert
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sync.bare_server import Admin, BareServer
from sync.errors import Unavailable
from sync.peer import LocalPeer
from sync.remote import RemotePeer
from sync.replicator import Replication
from sync.tls import ServerTls, is_loopback, pinned
from tests.addresses import own_address
from tests.sync.servers import NOW, PASSWORD, USER, Http, Ids, Server, serving, serving_app
from tests.sync.test_feeds import DEADLINE_S

LONG_AGO = datetime(2009, 1, 1, tzinfo=UTC)


class Identity:
    """A key, its certificate in files, and who trusts it. The certificate ended long ago: nobody may mind."""

    def __init__(self, folder: Path, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.chain, self.key_file = folder / f"{name}.pem", folder / f"{name}.key"
        self.key_file.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self.certify(1)

    def certify(self, serial: int) -> None:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody in particular")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(serial)
            .not_valid_before(LONG_AGO)
            .not_valid_after(LONG_AGO + timedelta(days=1))
            .sign(self.key, hashes.SHA256())
        )
        self.chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def trusts(self, certificate: bytes) -> bool:
        return x509.load_der_x509_certificate(certificate).public_key() == self.key.public_key()


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    return Identity(tmp_path, "node")


@pytest.fixture
def node(tmp_path: Path, identity: Identity) -> Iterator[Server]:
    with serving(
        tmp_path / "node.db", "dossiers", tls=ServerTls(identity.chain, identity.key_file)
    ) as server:
        yield server


@pytest.fixture
def line_url(node: Server) -> str:
    return f"https://{own_address()}:{node.port}"


def peer(url: str, identity: Identity) -> RemotePeer:
    return RemotePeer(url, "dossiers", user=USER, password=PASSWORD, heartbeat_s=5, trusts=identity.trusts)


def test_the_key_decides_and_not_the_dates_of_its_certificate(
    node: Server, identity: Identity, line_url: str
) -> None:
    """It ended in 2009, names nobody, and was signed by itself; the key is the right one."""
    with closing(peer(line_url, identity)) as remote:
        assert remote.revs_diff({"a": ["1-" + "0" * 32]}) == {"a": ["1-" + "0" * 32]}


def test_on_this_machine_the_same_port_speaks_plain_http(node: Server) -> None:
    line = http.client.HTTPConnection("127.0.0.1", node.port, timeout=DEADLINE_S)
    with closing(line):
        line.request("GET", "/")
        assert json.load(line.getresponse())["couchdb"] == "Welcome"


def test_another_machine_at_the_address_is_told_nothing(tmp_path: Path, node: Server, line_url: str) -> None:
    """Whoever answers there has a valid key, only not the one on the card: not even the password is sent."""
    other = Identity(tmp_path, "other")
    heard: list[str] = []
    with (
        closing(
            RemotePeer(
                line_url,
                "dossiers",
                user=USER,
                password=PASSWORD,
                trusts=other.trusts,
                heard=lambda: heard.append(""),
            )
        ) as remote,
        pytest.raises(Unavailable, match="another machine answers"),
    ):
        remote.revs_diff({})
    assert heard == []
    assert node.asked == []


def test_nothing_is_said_in_the_clear_over_a_line(node: Server, identity: Identity, line_url: str) -> None:
    with (
        closing(peer(line_url.replace("https", "http"), identity)) as remote,
        pytest.raises(Unavailable, match="say https"),
    ):
        remote.revs_diff({})
    assert node.asked == []


def test_a_replication_with_its_live_feed_runs_over_tls(
    tmp_path: Path, node: Server, identity: Identity, line_url: str
) -> None:
    node.stores["dossiers"].bulk_docs([{"_id": f"{n:05}", "text": "ký " * 5_000} for n in range(300)])
    with (
        serving(tmp_path / "here.db", "dossiers", seed=2) as here,
        closing(peer(line_url, identity)) as remote,
    ):
        store = here.stores["dossiers"]
        replication = Replication(
            remote,
            LocalPeer(store, server_uuid="2" * 32, source="node"),
            node_id="here",
            session_id="3" * 32,
            now=lambda: NOW,
            jitter=lambda: 0.0,
        )
        thread = threading.Thread(target=replication.run_live)
        thread.start()
        try:
            assert store.wait(299, DEADLINE_S)
            node.stores["dossiers"].put({"_id": "later"})
            assert store.wait(300, DEADLINE_S)
        finally:
            replication.stop()
            remote.close()
            thread.join()
        assert store.get("later")["_id"] == "later"


def test_who_stalls_in_the_handshake_delays_nobody(node: Server, identity: Identity, line_url: str) -> None:
    with contextlib.ExitStack() as lines:
        for greeting in (b"", b"\x16", b"\x16\x03\x01\x02\x00\x01"):
            silent = lines.enter_context(socket.create_connection((own_address(), node.port), DEADLINE_S))
            silent.sendall(greeting)
        with closing(peer(line_url, identity)) as remote:
            assert remote.revs_diff({}) == {}


@pytest.mark.parametrize("sent", [b"", b"\x16"])
def test_who_goes_before_it_is_accepted_leaves_nothing_open(identity: Identity, sent: bytes) -> None:
    tls = ServerTls(identity.chain, identity.key_file)
    with socket.create_server((own_address(), 0)) as listening:
        with socket.create_connection(listening.getsockname()) as gone:
            gone.sendall(sent)
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # no farewell
        line, _ = listening.accept()
        with pytest.raises(FatalSSLAlert):  # of which cheroot says a word in the log, and goes on
            tls.wrap(line)
        assert line.fileno() == -1


def test_a_line_that_is_lost_before_its_handshake_is_closed() -> None:
    """Nothing is left for Python to warn of, which fails the test."""
    with socket.create_server((own_address(), 0)) as listening:
        line = socket.create_connection(listening.getsockname())
        gone, _ = listening.accept()
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # no farewell
        gone.close()
        with pytest.raises(OSError, match="not connected"):
            pinned(line, lambda certificate: True)
        assert line.fileno() == -1


def test_who_leaves_in_the_middle_of_an_answer_is_no_trouble(
    tmp_path: Path, identity: Identity, caplog: pytest.LogCaptureFixture
) -> None:
    """A browser that is closed, or who asks every other second whether we are well: nothing for the log."""
    gone, ended = threading.Event(), threading.Event()

    def long(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        try:
            yield b"the beginning"
            assert gone.wait(DEADLINE_S)
            while True:
                yield b"and more of it " * 10_000
        finally:
            ended.set()

    with closing(Http(long, tls=ServerTls(identity.chain, identity.key_file))) as server:
        trusting = ssl._create_unverified_context()
        line = http.client.HTTPSConnection(own_address(), server.port, timeout=DEADLINE_S, context=trusting)
        line.request("GET", "/")
        line.getresponse().read(3)
        assert line.sock is not None
        line.sock.shutdown(socket.SHUT_RDWR)
        line.close()
        gone.set()
        assert ended.wait(DEADLINE_S)
    assert caplog.text == ""


def test_a_browser_that_says_http_is_sent_to_https(node: Server) -> None:
    line = http.client.HTTPConnection(own_address(), node.port, timeout=DEADLINE_S)
    with closing(line):
        line.request("GET", "/counter")
        answer = line.getresponse()
        assert answer.status == 302
        assert answer.headers["Location"] == f"https://{own_address()}:{node.port}/"


def test_a_renewed_certificate_is_shown_at_once_and_its_key_still_trusted(
    node: Server, identity: Identity, line_url: str
) -> None:
    """Without a restart, and a connection that is open goes on."""
    with closing(peer(line_url, identity)) as before, closing(peer(line_url, identity)) as after:
        before.revs_diff({})
        identity.certify(2)
        assert node.http.tls is not None
        node.http.tls.read()
        before.revs_diff({})
        after.revs_diff({})
    assert _shown(node.port).serial_number == 2


def test_the_session_cookie_keeps_to_tls_over_a_line(node: Server) -> None:
    """On this machine itself a browser would not send it back, were it marked."""
    trusting = ssl._create_unverified_context()
    lines = {
        True: http.client.HTTPSConnection(own_address(), node.port, timeout=DEADLINE_S, context=trusting),
        False: http.client.HTTPConnection("127.0.0.1", node.port, timeout=DEADLINE_S),
    }
    for secure, line in lines.items():
        with closing(line):
            body = json.dumps({"name": USER, "password": PASSWORD})
            line.request("POST", "/_session", body.encode(), {"Content-Type": "application/json"})
            cookie = line.getresponse().headers["Set-Cookie"]
            assert ("Secure" in cookie) == secure


def _shown(port: int) -> x509.Certificate:
    with (
        socket.create_connection((own_address(), port), DEADLINE_S) as line,
        ssl._create_unverified_context().wrap_socket(line) as secure,
    ):
        der = secure.getpeercert(binary_form=True)
        assert der is not None
        return x509.load_der_x509_certificate(der)


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("LOCALHOST", True),
        ("0.0.0.0", False),
        ("192.168.1.3", False),
        ("fe80::1%eth0", False),
        ("::ffff:10.0.0.1", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
    ],
)
def test_what_this_machine_itself_is(host: str, own: bool) -> None:
    assert is_loopback(host) is own


def test_who_signs_in_through_something_on_this_machine_that_speaks_tls_for_it_stays_signed_in(
    tmp_path: Path,
) -> None:
    """The server behind hears TLS and marks its cookie `Secure`; here the line to what stands between is http."""
    admin = Admin("motcua", "mật khẩu")
    with closing(BareServer(tmp_path, new_id=Ids(5), now=lambda: NOW, secret=b"its", admin=admin)) as bare:

        def marking(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
                marked = [
                    (name, f"{value}; Secure" if name == "Set-Cookie" else value) for name, value in headers
                ]
                return start_response(status, marked, *more)

            return bare.app(environ, start)

        with (
            serving_app(marking) as url,
            closing(RemotePeer(url, "dossiers", user=admin.name, password=admin.password)) as peer,
        ):
            peer.create()
            assert peer.changes("0", limit=1, wait_s=0).changes == ()
