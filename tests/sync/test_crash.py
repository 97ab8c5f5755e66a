"""SIGKILL in the middle of writes, purges and compactions: what was acknowledged is so, the rest whole or not."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from sync.documents import load
from sync.store import Store
from tests.proving import Times
from tests.sync.writer import BATCH, open_store

ROOT = Path(__file__).parents[2]
USUAL_KILLS, ALL_KILLS, KILLS_A_FILE = 8, 200, 8


@dataclass
class Said:
    """What a writer told before it died, and what it may have done without telling."""

    seq: int = 0
    written: set[str] = field(default_factory=set)
    purging: set[str] = field(default_factory=set)
    purged: set[str] = field(default_factory=set)

    def hear(self, line: bytes) -> None:
        word, *rest = line.decode().split()
        match word:
            case "wrote":
                self.seq = int(rest[0])
                self.written.update(rest[1:])
            case "purging":
                self.purging.update(rest)
            case "purged":
                self.purged.update(rest)
            case _:
                assert word == "compacted"


def killed_after(path: Path, seed: int, random: Random) -> Said:
    """Run the writer and kill it somewhere in the next act, or just after it."""
    said = Said()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.sync.writer", str(path), str(seed)], cwd=ROOT, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        for _ in range(random.randint(1, 9)):
            said.hear(writer.stdout.readline())
        rest = writer.stdout.read(random.randint(0, 40))
        writer.kill()
        rest += writer.stdout.read()
    for line in rest.splitlines(keepends=True):
        if line.endswith(b"\n"):
            said.hear(line)
    return said


def sound(store: Store) -> None:
    """The tables agree with each other."""
    with store.file.read() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        held = connection.execute("SELECT number, held FROM dossiers_content").fetchall()
        named = connection.execute(
            "SELECT json_extract(one.value, '$[5]'), count(*)"
            " FROM dossiers_rev r, json_each(r.attachments) one WHERE r.attachments IS NOT NULL GROUP BY 1"
        ).fetchall()
        orphans = connection.execute(
            "SELECT count(*) FROM dossiers_rev WHERE doc NOT IN (SELECT number FROM dossiers_doc)"
        ).fetchone()
        projected = {row[0] for row in connection.execute("SELECT id FROM projected")}
    assert dict(held) == dict(named)
    assert orphans == (0,)
    present = {one.id for one in store.all_docs()}
    assert projected == present
    assert store.info().doc_count == len(present)


def test_nothing_that_was_acknowledged_is_lost(tmp_path: Path, times: Times) -> None:
    for start in range(0, times(USUAL_KILLS, ALL_KILLS), KILLS_A_FILE):
        path = tmp_path / f"{start}.db"
        killed_again_and_again(path, range(start, start + KILLS_A_FILE))
        path.unlink()


def killed_again_and_again(path: Path, seeds: range) -> None:
    random = Random(seeds.start)
    written: set[str] = set()
    purged: set[str] = set()
    perhaps: set[str] = set()
    untold: set[str] = set()
    seq = 0
    for seed in seeds:
        said = killed_after(path, seed, random)
        written |= said.written
        purged |= said.purged
        perhaps |= said.purging - said.purged
        store = open_store(path)
        sound(store)
        present = {one.id for one in store.all_docs()}
        assert written - purged - perhaps <= present
        assert not purged & present
        new = present - written - untold
        assert len(new) in (0, BATCH), "half a batch"
        untold |= new
        assert store.seq() >= max(seq, said.seq)
        seq = store.seq()
        stored = store.winners(sorted(present & written))
        assert all(load(one.body)["text"] and one.attachments for one in stored.values())
        store.file.close()
