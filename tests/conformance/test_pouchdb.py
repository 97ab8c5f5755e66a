"""PouchDB 9 from npm, in Node.js, against a server."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from tests.conformance.conftest import Client, Server
from tests.sync.relay import relaying

PLAY = Path(__file__).parent / "pouchdb" / "play.js"
ROOT = Path(__file__).parents[2]
DEADLINE_S = 60

SCENARIOS = (
    "push_and_pull",
    "goes_on_where_it_was",
    "edits_conflicts_and_deletions",
    "conflicts_on_three_sides",
    "attachments",
    "odd_attachments",
    "live_both_ways",
    "local_documents_stay",
    "a_thousand_revisions",
    "five_thousand_documents",
    "chosen_documents",
    "open_revisions",
    "mango",
    "destroying_what_one_listens_to",
    "the_remote_database_itself",
)


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found is not None and (ROOT / "node_modules" / "pouchdb").is_dir():
        return found
    missing = "node, or pouchdb in node_modules (npm install)"
    if os.environ.get("CI") == "true":  # noqa: TID251  # a test's own setting
        pytest.fail(f"missing: {missing}")
    pytest.skip(f"missing: {missing}")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_pouchdb(scenario: str, node: str, server: Server, tmp_path: Path) -> None:
    """play.js says what each scenario asserts."""
    with _playing(node, scenario, server.url, server, tmp_path) as played:
        _assert_ended_well(played)


def test_pouchdb_goes_on_where_the_line_broke(node: str, db: Client, tmp_path: Path) -> None:
    """Three breaks, each in the middle of documents: PouchDB repeats the batch that broke, and no more.

    What is sent cannot be packed: else all of it may have come before the last break. Where it is the answer to
    `_changes` that breaks, PouchDB 9 itself may go on behind a batch that it has not written: then it says "Cannot read
    properties of undefined (reading 'length')", and of 1,000 documents some 200 never come.
    """
    text = Random(7)
    documents = [{"_id": f"doc-{n:04}", "text": text.randbytes(1_000).hex()} for n in range(1_000)]
    assert db.post("_bulk_docs", {"docs": documents}).status_code == 201
    if db.server.address[0] not in ("127.0.0.1", "localhost"):
        pytest.skip("the line to another machine is not ours to cut")
    with relaying(db.server.port) as relay:
        relay.cut_after_bytes, relay.cut_in = 150_000, b"_bulk_get"
        with _playing(node, "a_line_that_breaks", relay.url, db.server, tmp_path) as played:
            for more_breaks in (2, 1, 0):
                assert relay.is_cut.wait(DEADLINE_S), played.poll()
                relay.mend(cut_after_bytes=relay.passed + 150_000 if more_breaks else None)
            _assert_ended_well(played)


@contextmanager
def _playing(
    node: str, scenario: str, url: str, server: Server, folder: Path
) -> Iterator[subprocess.Popen[str]]:
    """The scenario as a process, against the server's database as it is seen at `url`."""
    command = [
        node,
        str(PLAY),
        scenario,
        f"{url}/{server.database}",
        server.user,
        server.password,
        str(folder),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as played:
        try:
            yield played
        finally:
            played.kill()


def _assert_ended_well(played: subprocess.Popen[str]) -> None:
    said, _ = played.communicate(timeout=DEADLINE_S)
    assert played.returncode == 0, said
