"""SIGKILL in the middle of bulk writes: what was acknowledged is there, whole batches, nothing between."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

from sync.documents import load
from tests.proving import Times
from tests.sync.writer import BATCH, open_store

ROOT = Path(__file__).parents[2]
USUAL_KILLS, ALL_KILLS = 4, 200


def killed_after(path: Path, seed: int, lines: int, more_bytes: int) -> tuple[int, list[str]]:
    """Run the writer and kill it; the last sequence and all ids that it had acknowledged."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.sync.writer", str(path), str(seed)], cwd=ROOT, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(lines)]
        writer.stdout.read(more_bytes)  # somewhere in the next commit, or just after it
        writer.kill()
    acknowledged = [line.decode().split() for line in said]
    return int(acknowledged[-1][0]), [name for line in acknowledged for name in line[1:]]


def test_nothing_that_was_acknowledged_is_lost(tmp_path: Path, times: Times) -> None:
    path, random = tmp_path / "node.db", Random(3)
    acknowledged: set[str] = set()
    for seed in range(times(USUAL_KILLS, ALL_KILLS)):
        seq, names = killed_after(path, seed, random.randint(1, 5), random.randint(0, 40))
        acknowledged |= set(names)
        store = open_store(path)
        with store.file.read() as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            projected = {row[0] for row in connection.execute("SELECT id FROM projected")}
            present = {one.id for one in store.all_docs()}
        assert acknowledged <= present
        assert projected == present
        assert len(present) % BATCH == 0
        assert store.seq() >= seq
        assert store.info().doc_count == len(present) == store.seq()
        assert all(load(one.body)["text"] for one in store.winners(sorted(acknowledged)).values())
        store.file.close()
