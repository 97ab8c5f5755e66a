"""Every command of every page without a test of its own, typed at a terminal of a centre where something has happened."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from edge.clock import system_clock
from edge.settings import read_config, read_settings, write_settings
from tests.centres import SEALED, SmallCentre
from tests.docs.commands import ROOT, Command, fenced
from tests.docs.test_commands import FENCED, FOLLOWED
from tests.fronts.stand_in import settings_for, standing_in
from tests.scenarios.walk import Walk
from tests.signers import TestAuthority

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]

FINDS = re.compile(r"motcua (?:doctor --data|verify --data broken|status --data)")
"""What ends with 1 here, because it finds what is there to find: nodes that do not run, a byte that was changed."""
NOT_HERE = {
    "README.md": "make",
    "CONTRIBUTING.md": "make",
    "docs/benchmarks.md": "measures: `make bench`",
    "docs/protocol.md": "a console of its own, below",
    "docs/projections.md": "the machine's PostgreSQL: tests/postgres.py makes a role and a database as it says",
}
STARTS = re.compile(r"motcua central (?:front )?--data \S*/(\S+)$")
TYPED = [page for page in dict.fromkeys(one.page for one in FENCED) if page not in {*FOLLOWED, *NOT_HERE}]
STAFF = "id,name,title,capacity,role,since,until\nthu.nt,Nông Thị Thu,Công chức,,tiếp nhận,2026-01-01,\n"
DELEGATIONS = (
    "id,form,delegator,delegate,decision,since,until,procedures\n"
    "uq-09,TUQ.,Giám đốc Sở,viet.tq,Quyết định số 9/QĐ-UQ,2026-01-01,2030-12-31,\n"
)


class Desk(Walk):
    """A terminal beside a centre in which a result was sealed, with a stick of what pages take from one."""

    def __init__(self, folder: Path, founded: Path) -> None:
        data, usb = folder / "centre", folder / "usb"
        shutil.copytree(founded, data)
        usb.mkdir()
        centre = SmallCentre(data, at=system_clock())
        try:
            approved = centre.approve(centre.appraise(centre.receive("room-01", procedure=SEALED)))
            result = centre["room-01"].archive.read(centre.seal(approved).standing.result or "")
            assert result is not None
            (usb / "result.pdf").write_bytes(result)
            authority, now = TestAuthority("CA nhà nước", centre.clock()), centre.clock()
            (usb / "ca.crt").write_bytes(authority.der)
            (usb / "list.crl").write_bytes(authority.revoke({}, now, now + timedelta(days=7)))
        finally:
            centre.close()
        (usb / "counter-01.key").write_bytes(bytes(range(32)))
        (usb / "staff.csv").write_text(STAFF, encoding="utf-8")
        (usb / "delegations.csv").write_text(DELEGATIONS, encoding="utf-8")
        super().__init__(
            folder,
            {
                "/var/lib/motcua": str(data),
                "/media/usb": str(usb),
                "/etc/motcua/couchdb.toml": str(usb / "couchdb.toml"),
                "counter-03": "counter-01",
                "--dossiers 521756": "--dossiers 100",  # the whole takes an hour
            },
            typed={"Passphrase of the recovery key": "sáu từ dễ nhớ cho két sắt"},
            patience_s=600.0,
        )

    def type(self, command: Command) -> str:
        if FINDS.match(command.line):
            return self.finds(command.line)
        if (found := STARTS.search(command.line)) is not None and command.page == "docs/cluster.md":
            self.lies_in_the_cluster(self.folder / "centre" / found[1])
        said = self.do(command.line, MOTCUA_PORT="0")
        if "rekey" in command.line and "key_file" in said:
            settings = self.folder / "centre" / "counter-01" / "node.toml"
            line = f'key_file = "{self.folder}/usb/counter-01.key"\n'
            settings.write_text(line + settings.read_text(encoding="utf-8"), encoding="utf-8")
        if "central" in self.running:
            self.replaced = {
                **self.replaced,
                "https://10.0.0.2:8600": self.running["central"].url.rstrip("/"),
            }
        return said

    def lies_in_the_cluster(self, folder: Path) -> None:
        """What the page has people write into `node.toml` before they start what is in a folder."""
        couchdb = read_config(self.folder / "usb" / "couchdb.toml", {}).couchdb
        write_settings(folder, structs.replace(read_settings(folder), documents="couchdb", couchdb=couchdb))


@pytest.fixture
def desk(founded: Path, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, founded)
    yield desk
    desk.close()


@contextmanager
def cluster(desk: Desk) -> Iterator[None]:
    """A server in the place of CouchDB, and the settings of a central whose documents lie there."""
    central, usb = desk.folder / "centre" / "central", desk.folder / "usb"
    with standing_in(desk.folder / "cluster") as standing:
        couchdb = structs.replace(settings_for(standing.url, usb), credentials=str(usb / "couchdb"))
        settings = structs.replace(
            read_settings(central), data=str(central), documents="couchdb", couchdb=couchdb
        )
        write_settings(usb, settings)
        (usb / "node.toml").rename(usb / "couchdb.toml")
        yield


@pytest.mark.parametrize("page", TYPED)
def test_a_page_can_be_typed_from_its_first_command_to_its_last(page: str, desk: Desk) -> None:
    with cluster(desk) if page == "docs/cluster.md" else nullcontext():
        said = {one.line: desk.type(one) for one in fenced(ROOT / page)}
    assert said
    if page == "docs/tutorial.md":
        assert "1 findings" in said["motcua verify --data broken"]
        assert "all well" in said["motcua verify --data first-hour"]
    if page == "docs/exchange.md":
        assert re.search(
            r"^[\w-]{43}\s*$", list(said.values())[-1], re.MULTILINE
        )  # 32 bytes, as node.toml takes them


def test_the_console_of_the_protocol_says_what_it_shows(tmp_path: Path) -> None:
    """All but what goes to another machine."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    page = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8").replace("5984", str(port))
    lines = [line for line in _consoles(page) if "10.0.0.7" not in line[0] and "-u NAME" not in line[0]]
    (serve, ready), *asked = lines
    serve = serve.replace(".venv/bin/python", sys.executable).replace("/tmp/couch", str(tmp_path / "couch"))  # noqa: S108
    with subprocess.Popen(["bash", "-c", f"exec {serve}"], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == ready
            assert len(asked) >= 4
            for command, shown in asked:
                done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
                assert re.match(re.escape(shown).replace("…", "[0-9a-f]*") or ".*\\S", done.stdout)
                assert '"error"' not in done.stdout
        finally:
            server.send_signal(signal.SIGTERM)


def _consoles(page: str) -> Iterator[tuple[str, str]]:
    """Commands of consoles, each with what is shown below it."""
    for block in re.findall(r"^```console\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        for one in re.sub(r"\\\n\s*", "", block).split("$ ")[1:]:
            command, _, shown = one.partition("\n")
            yield command, shown
