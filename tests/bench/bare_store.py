"""`python -m tests.bench.bare_store FILE`: serve the database `events` until standard input ends."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from tests.sync.servers import serving

DATABASE: Final = "events"

if __name__ == "__main__":
    with serving(Path(sys.argv[1]), DATABASE) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        sys.stdin.read()
