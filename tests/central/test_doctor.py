"""`motcua doctor`: each fault is caused, found, and told with what is safe and what to do."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from central.centre import Office
from central.cli import main
from central.cluster import Cluster
from central.doctor.command import faults_at
from central.doctor.faults import FAULTS, explained
from central.doctor.folder import faults_in
from central.doctor.line import faults_to
from central.doctor.node import faults_of
from central.enrolment import Enrolment
from central.outlet import Outlet
from central.status import status_in
from edge.at_rest import OPEN
from edge.disk import Space
from edge.folder import Folder
from edge.health import health_of
from edge.metrics import exposition
from edge.node import Node
from edge.pads import print_pad
from edge.process import process_now
from edge.retiring import close_node
from edge.rewriting import rekey
from edge.roads import Roads
from edge.settings import PeerSettings, TokenSettings, read_settings, write_settings
from edge.status import NodeStatus, status_of
from edge.till import Payment
from printing.spool import Fate, Told
from schemas.entries import NumberRange
from sync.writing import Outcome
from tests.backups import backed_up, backing_up
from tests.central.damage import flip, overwrite_page, rows_of
from tests.centres import SmallCentre
from tests.exchange import ExchangeServer, connect, to
from tests.fronts.stand_in import settings_for
from tests.printing.test_spool import QueueingPrinter, SilentPrinter
from tests.sync.test_web_server import self_signed
from tests.waiting import until

DOCS = Path(__file__).parents[2] / "docs"
ELSEWHERE = {"collects", "catalog-branches", "catalog-lost", "refused"}
"""What tests/central/test_succession.py causes, and, of `refused`, tests/edge/test_roads.py."""
CAUSED: set[str] = set()
ADMINISTRATOR = "quan.nv"


def causes(*faults: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The faults that a test causes."""
    CAUSED.update(faults)
    return lambda test: test


@pytest.fixture
def counter(founded: Path, tmp_path: Path) -> Folder:
    """The folder of a counter that does not run; any port is its own, whatever runs beside the tests."""
    path = tmp_path / "counter-01"
    shutil.copytree(founded / "counter-01", path)
    write_settings(path, msgspec.structs.replace(read_settings(path), port=0))
    return Folder(path)


def there(folder: Folder) -> set[str]:
    """What is wrong with a node, but that it does not run."""
    return {one.fault for one in faults_at(folder.path)} - {"stopped"}


def told(node: Node, at: timedelta = timedelta()) -> set[str]:
    """What a node says of itself, some time from now."""
    return {one.fault for one in faults_of(_status(node, at))}


def _status(node: Node, at: timedelta = timedelta()) -> NodeStatus:
    return status_of(node, Roads(node), node.clock() + at)


def test_every_fault_is_caused_in_a_test_and_told_on_the_page() -> None:
    """To make the page anew: motcua doctor --explain > docs/faults.md"""
    assert set(FAULTS) == CAUSED | ELSEWHERE
    assert (DOCS / "faults.md").read_text(encoding="utf-8") == explained()


@causes("settings", "no-card", "stopped")
def test_a_machine_that_never_worked(counter: Folder) -> None:
    assert there(counter) == set()
    assert [(one.node, one.fault) for one in faults_at(counter.path)] == [("counter-01.1", "stopped")]

    text = counter.settings.read_text(encoding="utf-8")
    counter.settings.write_text(text.replace("port = 0", 'port = "0"') + "\nprot = 8600\n", encoding="utf-8")
    (found,) = faults_at(counter.path)
    assert found.fault == "settings"
    assert "line" in found.seen

    counter.settings.write_text(text, encoding="utf-8")
    shutil.rmtree(counter.keys)
    assert there(counter) == {"no-card"}


@causes("scans", "token-module", "disk-low", "disk-full")
def test_what_lies_beside_a_node(counter: Folder, tmp_path: Path) -> None:
    settings = read_settings(counter.path)
    tokens = (TokenSettings(str(tmp_path / "libtoken.so")),)
    wrong = msgspec.structs.replace(settings, scans=str(tmp_path / "scans"), tokens=tokens)
    write_settings(counter.path, wrong)
    assert there(counter) == {"scans", "token-module"}
    (tmp_path / "scans").mkdir()
    (tmp_path / "libtoken.so").touch()
    assert there(counter) == set()
    for percent, fault in ((9, "disk-low"), (1, "disk-full")):
        space = Space(percent * 2**20, 100 * 2**20)
        (found,) = faults_in(counter, settings, lambda _, left=space: left)  # type: ignore[misc]
        assert found.fault == fault
        assert f"({percent:.1f}%)" in found.seen


@causes("files-low")
def test_a_node_runs_out_of_files(centre: SmallCentre) -> None:
    node, before = centre["counter-01"], resource.getrlimit(resource.RLIMIT_NOFILE)
    assert "files-low" not in told(node)
    with contextlib.ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, before)
        for _ in range(200):  # so that a fifth of them is enough for what looking opens
            stack.enter_context(Path(os.devnull).open("rb"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (int(process_now().files * 1.2), before[1]))
        assert "files-low" in told(node)
    assert "files-low" not in told(node)


@causes("foreign-files")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_command_was_given_as_another_user(counter: Folder) -> None:
    os.chown(counter.files, 65534, 65534)
    assert there(counter) == {"foreign-files"}


@causes("key", "damaged", "newer", "log-damaged")
def test_what_is_in_the_way_of_its_data(counter: Folder, tmp_path: Path) -> None:
    with rows_of(counter.database) as rows:
        ((version,),) = rows.execute("PRAGMA user_version").fetchall()
        rows.execute(f"PRAGMA user_version = {version + 1}")
    assert there(counter) == {"newer"}
    with rows_of(counter.database) as rows:
        rows.execute(f"PRAGMA user_version = {version}")

    copied = Folder(tmp_path / "killed")  # with a log, as a power cut leaves it
    with rows_of(counter.database) as rows:
        rows.execute("CREATE TABLE more (x)")
        rows.execute("INSERT INTO more VALUES (zeroblob(20000))")
        shutil.copytree(counter.path, copied.path)
        rows.execute("DROP TABLE more")
    assert there(copied) == set()
    flip(copied.database.with_name("node.db-wal"), 32 + 24 + 100)
    assert there(copied) == {"log-damaged"}

    secret = tmp_path / "key"
    secret.write_text(os.urandom(32).hex())
    shutil.copytree(counter.path, tmp_path / "closed")
    shut = Folder(tmp_path / "closed")
    rekey(shut.path, OPEN, secret.read_bytes().strip(), "file")
    assert there(shut) == {"key"}
    write_settings(shut.path, msgspec.structs.replace(read_settings(shut.path), key_file=str(secret)))
    assert there(shut) == set()

    overwrite_page(counter.files, 0, os.urandom(4096))
    assert there(counter) == {"damaged"}


@causes("port-taken", "no-address", "silent")
def test_what_keeps_a_node_from_its_work(counter: Folder) -> None:
    settings = read_settings(counter.path)
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        write_settings(counter.path, msgspec.structs.replace(settings, port=port))
        assert there(counter) == {"port-taken"}
    assert there(counter) == set()
    write_settings(counter.path, msgspec.structs.replace(settings, host="198.51.100.77"))
    assert there(counter) == {"no-address"}
    with counter.locked():  # it has begun, and answers nobody
        assert [one.fault for one in faults_at(counter.path)] == ["silent"]


@causes("no-name", "refused-line", "no-line", "stranger")
def test_why_a_line_is_lost(centre: SmallCentre, tmp_path: Path) -> None:
    node = centre["counter-01"]

    def why(url: str) -> list[str]:
        peer = PeerSettings(centre["central"].id, url)
        node.settings = msgspec.structs.replace(node.settings, peers=(peer,))
        (lost,) = (one for one in _status(node).peers if one.node == peer.node)
        return [one.fault for one in faults_to(node.id, lost, patience_s=0.3)]

    assert why("https://central.invalid:8600") == ["no-name"]
    with closing(socket.create_server(("127.0.0.1", 0))) as line:
        port = line.getsockname()[1]
        assert why(f"http://127.0.0.1:{port}") == ["no-line"]  # it takes the call, and says nothing
    assert why(f"http://127.0.0.1:{port}") == ["refused-line"]

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(tmp_path))
    with closing(socket.create_server(("127.0.0.1", 0))) as line:
        thread = threading.Thread(target=_answer_once, args=(line, context))
        thread.start()
        assert why(f"https://127.0.0.1:{line.getsockname()[1]}") == ["stranger"]
        thread.join()


def _answer_once(line: socket.socket, context: ssl.SSLContext) -> None:
    asking, _ = line.accept()
    try:
        with context.wrap_socket(asking, server_side=True) as shown:
            shown.recv(1)
    except OSError:  # it has seen enough
        asking.close()


@causes("clock", "hour-unsure", "unsent", "catalog-old", "card-ends", "card-ended", "put-out", "closed")
def test_what_time_and_central_do_to_a_card(centre: SmallCentre) -> None:
    """A card that nobody renews; a clock that is off; acts that nobody fetches; a machine that is put out."""
    node = centre["counter-01"]
    assert told(node) == set()
    node.hour.measured(centre.clock() + timedelta(minutes=10))
    assert told(node) == {"clock"}
    node.hour.measured(centre.clock())
    node.hour.confirm("hanh.nh", right=True)
    assert told(node) == {"hour-unsure"}
    node.hour.measured(centre.clock())

    centre.receive()
    days = (node.card.lease_to - centre.clock().date()).days
    assert told(node, timedelta(hours=23)) - {"paper-waits"} == set()
    assert told(node, timedelta(hours=25)) - {"paper-waits"} == {"unsent"}
    assert {"catalog-old", "card-ends"} <= told(node, timedelta(days=days - 20))
    assert "card-ended" in told(node, timedelta(days=days + 2))

    centre.meet()
    close_node(node, by=ADMINISTRATOR, reason="Thay máy.")
    assert "closed" in told(node)
    centre.meet()
    Enrolment(centre["central"]).revoke(node.id, "retired", by=ADMINISTRATOR)
    centre.copy(centre["central"], node, "catalog")
    assert "put-out" in told(node)


@causes("gap", "waits", "numbers-low", "numbers-gone")
def test_what_is_missing(centre: SmallCentre) -> None:
    node, central = centre["counter-01"], centre["central"]
    range_ = NumberRange("pad-1", node.id, "pad", 1, 10, since=centre.clock().date(), symbol="01")
    Office(central).define([range_], by=ADMINISTRATOR)
    centre.meet()
    print_pad(node, 7, centre.clock())
    assert "numbers-low" not in told(node)
    print_pad(node, 1, centre.clock())
    assert "numbers-low" in told(node)
    print_pad(node, 2, centre.clock())
    assert "numbers-gone" in told(node)

    assert told(central) == set()
    centre.receive()
    second = centre.receive()
    document = node.stores["dossiers"].get(f"{second.stream}:{second.timeline[0].hash}")
    _take(central, document)
    assert told(central) == {"gap"}
    centre.meet()
    assert told(central) == set()

    # a machine that another does not know yet, and that brings a lot
    range_two = msgspec.structs.replace(range_, id="pad-2")
    Office(central).define([range_two], by=ADMINISTRATOR)
    centre.copy(central, node, "catalog")
    third = centre.receive()
    other = centre["counter-02"]
    document = node.stores["dossiers"].get(f"{third.stream}:{third.timeline[0].hash}")
    other.waits.most_bytes = len(json.dumps(document)) * 3 // 2
    _take(other, document)
    assert told(other) == {"waits"}
    centre.meet()
    assert told(other) == set()


def _take(node: Node, document: dict[str, object]) -> None:
    outcome: Outcome
    (outcome,) = node.stores["dossiers"].bulk_docs([document], new_edits=False, source="counter-01.1")
    assert outcome.refusal is None


@causes("outgoing-waits", "outgoing-refused", "receipts-late")
def test_what_does_not_leave_the_centre(centre: SmallCentre) -> None:
    """An exchange that is down and then refuses; receipts that nobody issues. Told to people, programs and Prometheus."""
    exchange = ExchangeServer()
    exchange.start()
    exchange.stop()
    central = connect(centre, exchange=to(exchange))
    till = centre["counter-01"].till
    till.open(500_000, by="van.lt")
    dossier = centre.receive()
    till.collect(
        dossier.stream, Payment((("le_phi", "Lệ phí"),), 200_000, "Nông Văn Thắng", "cash"), by="van.lt"
    )
    centre.meet()
    Outlet(central).run_once()
    assert _outgoing(central) == {("dossier", 1, 0, False), ("receipt", 1, 0, False)}
    assert told(central) == set()
    assert told(central, timedelta(hours=3)) == {"outgoing-waits"}
    assert told(central, timedelta(days=4)) == {"outgoing-waits", "receipts-late"}
    assert "receipts-late" in told(centre["counter-01"], timedelta(days=4))
    assert "receipts-late" not in told(centre["counter-02"], timedelta(days=4)), "nor has it collected any"

    exchange.answers.append(422)
    exchange.start(exchange.port)
    centre.clock.forward(minutes=1)
    Outlet(central).run_once()
    exchange.stop()
    assert told(central) == {"outgoing-refused"}
    figures = exposition(status := _status(central), status.health or health_of(central, status.at), "1")
    assert 'motcua_outgoing_refused{kind="dossier"} 1' in figures
    assert 'motcua_outgoing{kind="receipt"} 1' in figures
    central.close()
    left = status_in(central.folder, centre.clock)
    assert [(one.kind, one.due, one.refused) for one in left.outgoing] == [("dossier", 0, 1)]


def _outgoing(node: Node) -> set[tuple[str, int, int, bool]]:
    return {(one.kind, one.due, one.refused, one.late) for one in _status(node).outgoing}


@causes("backup-old")
def test_backups_that_are_asked_for_and_are_not_made(centre: SmallCentre, tmp_path: Path) -> None:
    """Told of a machine that runs and of one that does not; and to Prometheus."""
    counter = centre["counter-01"]
    path, at = counter.folder.path, centre.clock()
    assert not _backups(counter.folder, at)
    write_settings(path, backing_up(path))
    assert _backups(counter.folder, at) == ["there is none"]
    assert "motcua_backup" not in _figures(counter)
    done = backed_up(path, tmp_path / "disk", centre.clock)
    assert not _backups(counter.folder, at + timedelta(days=2))
    assert f"motcua_backup_timestamp_seconds {done.snapshot.at.timestamp():.15g}" in _figures(counter)
    (seen,) = _backups(counter.folder, at + timedelta(days=2, hours=1))
    assert str(done.where) in seen


def _backups(folder: Folder, at: datetime) -> list[str]:
    found = faults_in(folder, read_settings(folder.path), clock=lambda: at)
    return [one.seen for one in found if one.fault == "backup-old"]


def _figures(node: Node) -> str:
    status = _status(node)
    return exposition(status, status.health or health_of(node, status.at), "1")


@causes("paper-waits", "paper-unsure", "paper-failed")
def test_what_printers_do(centre: SmallCentre) -> None:
    for printer, fault in ((QueueingPrinter(), "paper-waits"), (SilentPrinter(), "paper-unsure")):
        node = _with_printer(centre, printer)
        centre.receive()
        node.spool.work(at=centre.clock())
        node.spool.work(at=centre.clock())
        assert fault not in told(node) or fault == "paper-unsure"
        assert fault in told(node, timedelta(minutes=11))

    broken = QueueingPrinter()
    node = _with_printer(centre, broken)
    centre.receive()
    node.spool.work(at=centre.clock())
    broken.told = {paper: Told(Fate.DROPPED, "paper jam") for paper in broken.told}
    node.spool.follow(at=centre.clock())
    found = {one.fault: one for one in faults_of(_status(node))}
    assert "paper jam" in found["paper-failed"].seen


@causes("projections")
def test_a_server_of_projections_that_is_not_there(centre: SmallCentre) -> None:
    """Central works on, by its own file; nobody would notice."""
    folder = centre["central"].folder.path
    assert "projections" not in told(centre["central"])
    nobody = "postgresql://motcua@127.0.0.1:1/motcua"
    write_settings(folder, msgspec.structs.replace(read_settings(folder), projections=nobody))
    assert "projections" in told(centre.reopen("central"))


@causes("documents")
def test_a_cluster_that_is_not_there(centre: SmallCentre) -> None:
    """Central's pages go on; no machine reaches it."""
    folder = centre["central"].folder.path
    nobody = settings_for("http://127.0.0.1:1", folder)
    settings = msgspec.structs.replace(read_settings(folder), documents="couchdb", couchdb=nobody)
    write_settings(folder, settings)
    cluster = Cluster(centre.reopen("central"))
    assert "documents" not in told(centre["central"])
    cluster.start()
    until(lambda: "documents" in told(centre["central"]))
    cluster.stop()


def _with_printer(centre: SmallCentre, printer: QueueingPrinter | SilentPrinter) -> Node:
    """The counter, started again with this printer."""
    centre["counter-01"].close()
    folder = Folder(centre.data / "counter-01")
    settings = read_settings(folder.path)
    node = Node(
        folder,
        settings,
        clock=centre.clock,
        ids=centre.ids,
        stopwatch=centre.clock.stopwatch,
        printer=printer,
    )
    centre.nodes["counter-01"] = node
    return node


def test_the_command_tells_people_and_programs(counter: Folder) -> None:
    import click.testing

    run = click.testing.CliRunner()
    done = run.invoke(main, ["doctor", "--data", str(counter.path)])
    assert done.exit_code == 1
    assert "counter-01.1: The node does not run." in done.stdout
    assert "safe: Everything that was called saved" in done.stdout
    assert "to do: Start it" in done.stdout
    done = run.invoke(main, ["doctor", "--data", str(counter.path), "--json"])
    (found,) = json.loads(done.stdout)["found"]
    assert (found["fault"], found["urgent"]) == ("stopped", True)
    assert run.invoke(main, ["doctor"]).exit_code == 2
    assert run.invoke(main, ["doctor", "--explain"]).stdout == explained()
