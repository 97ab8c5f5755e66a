"""A front as a process, to be killed: python -m tests.fronts.process URL DATABASE USER PASSWORD

It says where it listens, and goes on until its input ends.
"""

from __future__ import annotations

import sys

from sync.remote import RemoteDatabase
from tests.fronts.conftest import fronting


def main() -> None:
    url, database, user, password = sys.argv[1:]
    there = RemoteDatabase(url, database, user=user or None, password=password or None)
    with fronting({database: there}) as own:
        print(own, flush=True)  # noqa: T201  # its only way to tell
        sys.stdin.read()


if __name__ == "__main__":
    main()
