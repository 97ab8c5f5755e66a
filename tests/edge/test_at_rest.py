"""A stolen disk tells nothing, whenever the power went while it was being closed; and nothing personal leaks beside it."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlcipher3 import dbapi2

from central.cli import main
from central.rebuild import rebuild
from central.verify import verify
from edge import rewriting
from edge.at_rest import OPEN, unlock
from edge.clock import system_clock
from edge.errors import CannotStart
from edge.ids import Ids
from edge.node import Node
from edge.rewriting import rekey
from edge.settings import key_file_of, read_settings, write_settings
from schemas.fold import Dossier
from sync.sqlite import apply_key
from tests.centres import SmallCentre
from tests.edge.test_redaction import APPLICANT, found_in, found_under
from tests.proving import Times
from tests.web.clerk import Clerk

KEY = b"8f2a" * 16


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """As an office keeps it: on another medium than the node."""
    file = tmp_path / "usb" / "counter-01.key"
    file.parent.mkdir()
    file.write_bytes(KEY + b"\n")
    return file


@pytest.fixture
def worked(centre: SmallCentre) -> Node:
    """counter-01 as it is at noon: dossiers received, slips printed, scans taken."""
    for _ in range(3):
        centre.receive(applicant=APPLICANT)
    counter = centre["counter-01"]
    counter.archive.keep(APPLICANT.encode() * 20_000)
    assert counter.spool.work(at=centre.clock()) == 3
    return counter


def _close(centre: SmallCentre, key_file: Path, name: str = "counter-01") -> Node:
    """Stop, close, say where the key is, start."""
    node = centre[name]
    node.close()
    rekey(node.folder.path, OPEN, key_file.read_bytes().strip(), "file")
    return _reopen(centre, name, key_file)


def _reopen(centre: SmallCentre, name: str, key_file: Path | None) -> Node:
    folder = centre.data / name
    settings = read_settings(folder)
    write_settings(folder, _with_key(settings, key_file))
    centre.nodes[name] = centre.open(name)
    return centre.nodes[name]


def _with_key(settings: Any, key_file: Path | None) -> Any:
    return type(settings)(
        **{
            **{field: getattr(settings, field) for field in settings.__struct_fields__},
            "key_file": "" if key_file is None else str(key_file),
        }
    )


def _private_keys(folder: Path) -> list[bytes]:
    return [(folder / "keys" / name).read_bytes() for name in ("seal.key", "box.key", "tls.key")]


def test_a_stolen_machine_without_its_key_tells_nothing(
    centre: SmallCentre, worked: Node, key_file: Path
) -> None:
    """No name, no number, no key in any byte of any file, the slips in the paper folder and the logs included."""
    assert found_in(worked).keys() & {"node.db-wal", "node.db"}
    assert found_in(worked).keys() & {"files.db-wal", "files.db"}
    keys = _private_keys(worked.folder.path)
    opened = _close(centre, key_file)
    centre.receive(applicant=APPLICANT)
    opened.spool.work(at=centre.clock())
    files = [path for path in opened.folder.path.rglob("*") if path.is_file()]
    assert len([path for path in files if path.suffix == ".pdf"]) == 4
    assert (opened.folder.path / "node.db-wal").stat().st_size > 0, "the log is searched too"
    assert found_under(opened.folder.path) == {}
    for path in files:
        content = path.read_bytes()
        assert not content.startswith((b"SQLite format 3", b"%PDF")), path
        assert not any(key.strip() in content for key in keys), path
    assert len(opened.register.find(APPLICANT).rows) == 4


def test_it_opens_with_its_key_file_or_the_credential_and_with_nothing_else(
    centre: SmallCentre, worked: Node, key_file: Path, tmp_path: Path
) -> None:
    folder = _close(centre, key_file).folder.path
    settings = read_settings(folder)
    centre["counter-01"].close()
    wrong = tmp_path / "wrong.key"
    wrong.write_bytes(b"7" * 64)
    for file, why in (
        (wrong, "does not open the node"),
        (tmp_path / "gone.key", "cannot be read"),
        (None, "is closed with a key file"),
    ):
        with pytest.raises(CannotStart, match=why):
            unlock(folder, key_file=file)
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    shutil.copyfile(key_file, credentials / "motcua-key")
    brought = key_file_of(settings, folder, {"CREDENTIALS_DIRECTORY": str(credentials)})
    assert brought == credentials / "motcua-key"
    assert unlock(folder, key_file=brought).key is not None
    centre.nodes["counter-01"] = centre.open("counter-01")


def test_a_key_file_that_is_too_short_is_refused(worked: Node, tmp_path: Path) -> None:
    short = tmp_path / "short.key"
    short.write_bytes(b"1234")
    done = CliRunner().invoke(main, ["rekey", "--data", str(worked.folder.path), "--key-file", str(short)])
    assert done.exit_code == 2
    assert "it needs 32: make one with `openssl rand -hex 32`" in done.stderr


def test_a_closed_machine_replicates_verifies_and_rebuilds_like_any(
    centre: SmallCentre, worked: Node, key_file: Path
) -> None:
    _close(centre, key_file)
    room = _close(centre, key_file, "room-01")
    for token in room.folder.tokens.glob("*.p12"):
        assert not token.read_bytes().startswith(b"\x30"), "PKCS#12 with a PIN of six digits is soon guessed"
    dossier = centre.appraised()
    assert centre.approve(dossier, "room-01").standing.outcome is not None
    centre.meet()
    assert len({repr(shown) for shown in centre.shown(dossier)}) == 1
    centre.close()
    assert verify(centre.data).findings == ()
    assert all(one.well for one in rebuild(centre.data, clock=system_clock, ids=Ids()))
    centre.nodes.update({name: centre.open(name) for name in centre.nodes})


def test_another_key_file_opens_it_and_the_old_one_no_longer(
    centre: SmallCentre, worked: Node, key_file: Path, tmp_path: Path
) -> None:
    """A new envelope, at once; with `anew` all data under a new key, which the old envelope does not have."""
    folder = _close(centre, key_file).folder.path
    centre["counter-01"].close()
    first = unlock(folder, key_file=key_file)
    other = tmp_path / "other.key"
    other.write_bytes(b"5" * 64)
    database = (folder / "node.db").read_bytes()
    rekey(folder, first, b"5" * 64, "file")
    assert (folder / "node.db").read_bytes() == database
    assert unlock(folder, key_file=other).key == first.key
    with pytest.raises(CannotStart):
        unlock(folder, key_file=key_file)

    rekey(folder, first, b"5" * 64, "file", anew=True)
    assert unlock(folder, key_file=other).key != first.key
    with pytest.raises(dbapi2.DatabaseError):
        _read(folder / "node.db", first.database_key)
    reopened = _reopen(centre, "counter-01", other)
    assert len(reopened.register.find(APPLICANT).rows) == 3


def _read(path: Path, key: bytes | None) -> Any:
    connection = dbapi2.connect(str(path))
    try:
        apply_key(connection, key or b"")
        return connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    finally:
        connection.close()


def test_a_passphrase_is_asked_for_and_slow_to_guess(centre: SmallCentre, worked: Node) -> None:
    """`motcua rekey` without a file; the node opens with what was typed, wherever that is asked."""
    folder = worked.folder.path
    worked.close()
    words = "bốn con ngựa trắng qua cầu"
    short = CliRunner().invoke(main, ["rekey", "--data", str(folder)], input="123\n123\n")
    assert "at least 12 characters; nothing was changed" in short.stderr
    done = CliRunner().invoke(main, ["rekey", "--data", str(folder)], input=f"{words}\n{words}\n")
    assert done.exit_code == 0, done.output
    with pytest.raises(CannotStart, match="start it where somebody can type it"):
        centre.open("counter-01")
    with pytest.raises(CannotStart, match="this passphrase does not open the node"):
        unlock(folder, ask=lambda: "sai rồi")
    centre.nodes["counter-01"] = Node(
        worked.folder, read_settings(folder), clock=centre.clock, ids=centre.ids, ask=lambda: words
    )
    assert len(centre["counter-01"].register.find(APPLICANT).rows) == 3


@pytest.mark.parametrize("name", ["closed.json", "keys/seal.key", "keys/tls.key", "node.db"])
def test_a_changed_byte_is_noticed_at_the_start(
    centre: SmallCentre, worked: Node, key_file: Path, name: str
) -> None:
    folder = _close(centre, key_file).folder.path
    centre["counter-01"].close()
    path = folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if name != "node.db" else 100] ^= 1
    path.write_bytes(content)
    with pytest.raises(Exception, match=r"damaged|does not open|closed|wrong|malformed|no database"):
        centre.open("counter-01")
    content[len(content) // 2 if name != "node.db" else 100] ^= 1
    path.write_bytes(content)
    centre.nodes["counter-01"] = centre.open("counter-01")


class PowerCut(BaseException):
    """The machine is gone; nothing after it runs."""


@pytest.mark.parametrize("anew", [False, True])
def test_a_power_cut_at_any_step_leaves_a_machine_that_opens_with_all_it_had(
    centre: SmallCentre, worked: Node, key_file: Path, tmp_path: Path, times: Times, anew: bool
) -> None:
    """Closed or not, never half: and once it is closed, what was open is nowhere any more."""
    folder = worked.folder.path
    worked.close()
    secret = key_file.read_bytes().strip()
    if anew:
        rekey(folder, OPEN, secret, "file")
    pristine, now = tmp_path / "pristine", unlock(folder, key_file=key_file)
    shutil.copytree(folder, pristine)
    work = partial(rekey, folder, now, secret, "file", anew=anew)
    steps = _cut_after(None, work)
    assert found_under(folder) == {}
    outcomes = set()
    tried = min(times(10, 1_000), steps)
    for step in sorted({round(one * (steps - 1) / (tried - 1)) for one in range(tried)}):
        shutil.rmtree(folder)
        shutil.copytree(pristine, folder)
        _cut_after(step, work)
        reopened = _reopen(centre, "counter-01", key_file)
        assert len(reopened.register.find(APPLICANT).rows) == 3, step
        assert list(folder.rglob("*.closing")) == []
        outcomes.add(is_closed := reopened.folder.at_rest.key is not None)
        reopened.close()
        assert not is_closed or found_under(folder) == {}, step
    assert outcomes == ({True} if anew else {True, False})
    _reopen(centre, "counter-01", key_file)


def _cut_after(step: int | None, work: Callable[[], object]) -> int:
    """Do some work, and let the power go at the given call that changes the disk; how many calls there were."""
    calls = 0

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            if calls == step:
                raise PowerCut
            calls += 1
            return function(*arguments, **named)

        return call

    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(PowerCut):
        for name in ("fsync", "replace", "unlink", "write"):
            patch.setattr(os, name, counted(getattr(os, name)))
        patch.setattr(rewriting, "_rewrite_database", counted(rewriting._rewrite_database))
        work()
    return calls


# ---- beside the databases


@pytest.fixture
def written_to() -> Iterator[set[str]]:
    """Every file that this process opens for writing, as Python sees it, temporary ones too."""
    opened: set[str] = set()
    watching = True

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if not watching or event != "open" or _is_pytests_own():
            return
        path, mode, flags = arguments
        writes = any(letter in (mode or "") for letter in "wax+") or (
            isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
        )
        if writes and isinstance(path, str | bytes | os.PathLike):
            opened.add(os.fsdecode(path))

    sys.addaudithook(hear)
    yield opened
    watching = False


def _is_pytests_own() -> bool:
    """Whether pytest opens a file for what it captures."""
    frame = sys._getframe()
    while frame is not None and not frame.f_code.co_filename.endswith("_pytest/capture.py"):
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None


def test_nothing_personal_is_in_logs_in_temporary_files_in_names_or_in_addresses(
    centre: SmallCentre, capfd: Any, caplog: pytest.LogCaptureFixture, written_to: set[str]
) -> None:
    """A dossier goes its whole way through the pages; then all that was said and written beside is searched."""
    caplog.set_level(logging.DEBUG)
    addresses: list[str] = []
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    with_addresses(clerk, addresses)
    saved = clerk.press(clerk.reception(), "stream", ("act", "save"))
    dossier = _only(centre)
    assert saved.status == 303
    for term in ("nong van thang", "0912000345", "020085004127"):
        assert "Nông Văn Thắng" in clerk.find(term).page.text
    clerk.open(f"/dossier/{dossier.stream}")
    clerk.open(f"/dossier/{dossier.stream}/slip.pdf")
    centre.meet()
    approved = centre.approve(centre.appraise(dossier))
    centre.meet()
    clerk.open(f"/return/{approved.stream}")
    said = caplog.text + "".join(capfd.readouterr()) + "\n".join(addresses)
    names = "\n".join(str(path) for path in centre.data.rglob("*"))
    for needle in ("Nông Văn Thắng", "nong van", "020085004127", "0912000345", "0912 000 345"):
        assert needle.lower() not in said.lower()
        assert needle.lower() not in names.lower()
    outside = {path for path in written_to if not Path(path).is_relative_to(centre.data)}
    assert {path for path in outside if not path.startswith(("/dev/", "/proc/"))} == set()


def with_addresses(clerk: Clerk, addresses: list[str]) -> None:
    """Hear every address that the browser asks for."""
    served = clerk.pages.wsgi_app

    def hear(environ: dict[str, Any], start_response: Any) -> Any:
        addresses.append(f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}")
        return served(environ, start_response)

    clerk.pages.wsgi_app = hear  # type: ignore[method-assign]


def _only(centre: SmallCentre) -> Dossier:
    node = centre["counter-01"]
    (row,) = node.register.find("").rows
    return node.register.dossier(row.stream)
