"""docs/enrolment.md, followed to the letter with real processes; and what must not work."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlcipher3 import dbapi2

from central.demo.centre import free_port
from central.demo.visitor import Visitor
from edge.clock import system_clock
from edge.enrolment import CODE_HEADER, TAG_HEADER
from edge.folder import Folder
from edge.ids import Ids
from edge.keys import read_keys
from edge.node import Node
from edge.settings import read_settings
from schemas.canonical import to_base64
from schemas.enrolment import Code
from schemas.entries import Card
from sync.errors import Unauthorized
from sync.remote import RemotePeer
from sync.tls import ServerTls, pinned
from tests.addresses import own_address
from tests.scenarios.conftest import Start
from tests.scenarios.walk import DEADLINE_S, Walk, blocks, commands, steps
from tests.sync.test_tls import Identity
from tests.waiting import until

PAGE = "enrolment.md"
FOUND = "Found the centre (once)"
ONLINE = "A counter with a line to central"
BY_HAND = "A machine without a line, by USB stick"
CHANGES = "A machine becomes another"
GOES = "A machine goes"


class Office(Walk):
    """The centre of the page, on this machine."""

    def __init__(self, folder: Path) -> None:
        self.url, self.counter_url = (f"https://{own_address()}:{free_port()}" for _ in range(2))
        (folder / "usb").mkdir()
        super().__init__(
            folder,
            {
                "/var/lib/motcua": str(folder),
                "/media/usb": str(folder / "usb"),
                "https://10.0.0.2:8600": self.url,
                "https://10.0.0.13:8600": self.counter_url,
            },
            typed={"Passphrase": "sáu từ dễ nhớ cho két sắt", "Password": "cơm tám giò lụa"},
        )

    def found(self) -> None:
        for block in blocks(PAGE, FOUND):
            for command in commands(block):
                self.do(command)

    def code(self, place: str = "counter-01") -> str:
        """The page's command for a code. All machines are one computer here, and so it must say the address."""
        (command,) = commands(blocks(PAGE, ONLINE)[0])
        self.do(command.replace("counter-01", place) + f" --address {self.counter_url}")
        return self.noted

    def card(self, node: str) -> Card:
        """As central's catalog has it, read from its files."""
        central = Folder(self.folder / "central")
        opened = Node(central, read_settings(central.path), clock=system_clock, ids=Ids())
        try:
            found = opened.catalog.latest.card(node)
        finally:
            opened.close()
        assert found is not None
        return found

    def is_shut_out(self, node: str, server: str) -> bool:
        try:
            self.enter(node, self.counter_url, server)
        except Unauthorized:
            return True
        return False

    def has_heard(self, node: str) -> bool:
        """Whether the machine has proved at central who it is, by central's own note."""
        with closing(dbapi2.connect(str(self.folder / "central" / "node.db"))) as database:
            kept = database.execute("SELECT 1 FROM fact WHERE key = ?", (f"contact {node}",))
            return kept.fetchone() is not None

    def enter(self, node: str, url: str, server: str) -> None:
        """Knock at a server as the machine in the folder of `node`. Raises `Unauthorized`."""
        keys = read_keys(self.folder / node.partition(".")[0] / "keys")
        password = keys.password_for(node, server)
        with closing(
            RemotePeer(url, "catalog", user=node, password=password, trusts=lambda shown: True)
        ) as peer:
            peer.revs_diff({})


class Middle:
    """Somebody in the line: ends the TLS of both sides, and passes on what it hears, or answers by itself."""

    def __init__(self, folder: Path, target: str, answer: bytes = b"") -> None:
        self._target, self._answer = urlsplit(target), answer
        self._identity = Identity(folder, "middle")
        self._tls = ServerTls(self._identity.chain, self._identity.key_file)
        self.heard: list[bytes] = []
        self._listening = socket.create_server((own_address(), 0))
        self.url = f"https://{own_address()}:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listening.accept()
            except OSError:  # closed
                return
            with closing(self._tls.context.wrap_socket(line, server_side=True)) as ours:
                request = _message(ours)
                self.heard.append(request)
                ours.sendall(self._answer or self._passed_on(request))

    def _passed_on(self, request: bytes) -> bytes:
        there = socket.create_connection((str(self._target.hostname), self._target.port or 0))
        with closing(pinned(there, lambda certificate: True)) as theirs:
            theirs.sendall(request)
            return _message(theirs)


def _message(line: socket.socket) -> bytes:
    """One request or answer, whole."""
    said = b""
    while (length := re.search(rb"(?i)content-length: (\d+).*?\r\n\r\n", said, re.S)) is None or len(
        said
    ) < length.end() + int(length[1]):
        part = line.recv(65536)
        assert part, said
        said += part
    return said


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.close()


def test_the_page_lets_a_machine_in_within_ten_steps() -> None:
    assert 0 < steps(PAGE, ONLINE) <= 10
    assert 0 < steps(PAGE, BY_HAND) <= 10


@pytest.mark.proof
def test_the_page_is_right_from_the_first_command_to_the_last(office: Office) -> None:
    """A centre, two counters over the line, one by stick; then one is retired and one stolen."""
    office.found()
    for place in ("counter-01", "counter-03"):
        office.counter_url = f"https://{own_address()}:{free_port()}"
        office.replaced = {**office.replaced, "https://10.0.0.13:8600": office.counter_url}
        office.code(place)
        for block in blocks(PAGE, ONLINE)[1:]:
            for command in commands(block):
                office.do(command.replace("counter-01", place))
    for block in blocks(PAGE, BY_HAND):
        for command in commands(block):
            office.do(command, MOTCUA_PORT="0")
    assert set(office.running) == {"central", "counter-01", "counter-02", "counter-03"}
    assert office.running["counter-02"].url.startswith("http://127.0.0.1:")

    (change,) = commands(blocks(PAGE, CHANGES)[0])
    office.do(change)
    office.stop("counter-02")
    closes, starts, retires, stolen = commands(blocks(PAGE, GOES)[0])
    office.do(closes)
    office.do(starts, MOTCUA_PORT="0")
    until(lambda: office.tries(retires), "central holds the closing event")
    office.enter("counter-01.1", office.url, "central.1")
    office.enter("counter-01.1", office.counter_url, "counter-03.1")
    office.do(stolen)
    with pytest.raises(Unauthorized):
        office.enter("counter-01.1", office.url, "central.1")
    until(lambda: office.is_shut_out("counter-01.1", "counter-03.1"), "the neighbour has heard of it")

    office.close()
    assert office.card("counter-01.1").title == "Quầy 01 (tầng 2)"
    for node, why in (("counter-01.1", "stolen"), ("counter-02.1", "retired"), ("counter-03.1", "")):
        card = office.card(node)
        assert (card.revoked, card.opens) == (why, not why)


@pytest.mark.proof
def test_a_machine_that_was_only_started_becomes_a_counter_on_its_first_page(
    office: Office, motcua: Start
) -> None:
    """As its unit starts it: nothing is there but the program. What its browser opened leads on by itself."""
    office.found()
    port = free_port()
    office.counter_url = f"https://{own_address()}:{port}"
    code = office.code()
    command = ("edge", "--first-run", "--data", office.folder / "counter-01")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MOTCUA_PORT", str(port))
        process = motcua(*command)
    assert process.stdout is not None
    assert f"http://127.0.0.1:{port}/" in process.stdout.readline()
    browser = Visitor(f"http://127.0.0.1:{port}/")
    page = browser.open("/counter")
    assert "Máy này chưa có thẻ" in page.text
    done = browser.press(page, page.form("/enrol"), code=code, url=office.url, own=office.counter_url)
    assert "Máy này là Quầy 01" in done.text
    assert process.stdout.readline().startswith("ready counter-01.1 ")
    assert "Vào máy" in browser.open("/").text
    office.enter("counter-01.1", office.counter_url, "counter-01.1")
    process.terminate()
    assert process.wait(DEADLINE_S) == 0


def test_what_is_typed_wrong_costs_nothing_and_five_wrong_codes_end_one(office: Office) -> None:
    office.found()
    code = office.code()
    (enrol,) = commands(blocks(PAGE, ONLINE)[1])

    slip = code[:-1] + ("0" if code[-1] != "0" else "1")
    office.noted = slip
    assert "was not typed as it stands there" in office.fails(enrol)

    name = Code.of(code).name
    assert [_ask(office.url, name, bytes(32)) for _ in range(5)] == [403] * 5
    office.noted = code
    assert "not good, or not any more" in office.fails(enrol)
    assert not (office.folder / "counter-01" / "node.toml").exists()
    # the keys are there, and a new code makes it the machine that it should be
    office.code()
    office.do(enrol)
    assert "holds a node already" in office.fails(enrol)
    office.noted = office.code("counter-03")
    assert "used already" not in office.do(enrol.replace("counter-01", "counter-03"))
    assert "used already" in office.fails(enrol.replace("counter-01", "counter-04"))


def test_somebody_in_the_middle_gets_neither_card_nor_machine(office: Office, tmp_path: Path) -> None:
    """Passing on every word is found by the key that the machine saw; answering oneself, by the code."""
    office.found()
    code = office.code()
    (enrol,) = commands(blocks(PAGE, ONLINE)[1])
    with closing(Middle(tmp_path, office.url)) as middle:
        office.replaced = {**office.replaced, "https://10.0.0.2:8600": middle.url}
        assert "shows a key of their own" in office.fails(enrol)
        assert code.replace("-", "").encode() not in b"".join(middle.heard).replace(b"-", b"")
    forged = json.dumps({"v": 1, "node": "counter-01.1", "root": "", "catalog": []}).encode()
    head = f"HTTP/1.1 200 OK\r\n{TAG_HEADER}: {to_base64(bytes(32))}\r\nContent-Length: {len(forged)}\r\n\r\n"
    with closing(Middle(tmp_path, office.url, head.encode() + forged)) as middle:
        office.replaced = {**office.replaced, "https://10.0.0.2:8600": middle.url}
        assert "does not know the code" in office.fails(enrol)
    assert sorted(path.name for path in (office.folder / "counter-01").iterdir()) == ["keys"]
    # the same code still does it, without them
    office.replaced = {**office.replaced, "https://10.0.0.2:8600": office.url}
    office.do(enrol)


@pytest.mark.proof
def test_a_clock_that_is_wrong_by_years_parts_no_machine_from_central(office: Office) -> None:
    """By its own clock neither the centre nor any certificate is there yet."""
    office.found()
    office.code()
    office.programs = office.folder / "programs"
    office.programs.mkdir()
    wrong = office.programs / "motcua"
    wrong.write_text(
        f"#!{sys.executable}\n"
        "import edge.clock\n"
        "from datetime import timedelta\n"
        "right = edge.clock.system_clock\n"
        "edge.clock.system_clock = lambda: right() - timedelta(days=9 * 365)\n"
        "from central.cli import main\n"
        "main()\n"
    )
    wrong.chmod(0o755)
    enrol, edge = (commands(block)[0] for block in blocks(PAGE, ONLINE)[1:])
    office.do(enrol)
    office.do(edge)
    until(lambda: office.has_heard("counter-01.1"), "central has heard of it")
    office.enter("counter-01.1", office.counter_url, "counter-01.1")


def _ask(url: str, name: str, tag: bytes) -> int:
    parts = urlsplit(url)
    line = http.client.HTTPSConnection(
        str(parts.hostname), parts.port, timeout=DEADLINE_S, context=ssl._create_unverified_context()
    )
    with closing(line):
        line.request("POST", "/enrol", b"{}", {CODE_HEADER: name, TAG_HEADER: to_base64(tag)})
        return line.getresponse().status
