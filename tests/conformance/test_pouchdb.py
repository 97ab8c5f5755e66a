"""PouchDB 9 from npm, in Node.js, against our server."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.sync.servers import PASSWORD, USER, Server

PLAY = Path(__file__).parent / "pouchdb" / "play.js"
ROOT = Path(__file__).parents[2]

SCENARIOS = (
    "push_and_pull",
    "goes_on_where_it_was",
    "edits_conflicts_and_deletions",
    "attachments",
    "live_both_ways",
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
    database = f"{server.url}/dossiers"
    played = subprocess.run(
        [node, str(PLAY), scenario, database, USER, PASSWORD, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
