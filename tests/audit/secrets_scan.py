"""What must never be in the tree: private keys, tokens of services, files that hold such."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

PATTERNS: Final = {
    "a private key": re.compile(rb"-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----\s*[A-Za-z0-9+/=\s]{40,}"),
    "a key of a cloud": re.compile(rb"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a token of a forge": re.compile(rb"\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{40,}|glpat-[\w-]{20})\b"),
    "a token of a chat": re.compile(rb"\bxox[abprs]-[0-9A-Za-z-]{20,}"),
    "a key of a service": re.compile(
        rb"\b(sk_live_[0-9A-Za-z]{20,}|AIza[0-9A-Za-z_-]{35}|npm_[0-9A-Za-z]{36})\b"
    ),
    "a signed token": re.compile(rb"\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{20,}"),
    "a password in an address": re.compile(
        rb"\b[a-z][a-z0-9+]*://[^\s/:@'\"<>{}()]{1,64}:[^\s/:@'\"<>{}()$]{6,}@[a-z0-9]"
    ),
    "a token of a registry": re.compile(rb"(?m)^\s*//\S*:_(authToken|password)\s*=\s*\S{8,}"),
}
NAMES: Final = re.compile(
    r"(^|/)(id_(rsa|ed25519|ecdsa)|\.env|\.netrc|\.pypirc|closed\.json)$|\.(p12|pfx|key|jks|kdbx|db|db-wal)$"
)
LARGEST: Final = 5_000_000
ALLOWED: Final = {
    "docs/events.md": "the person's key of the test vectors, with which anybody can make them again",
    "docs/protocol.md": "an example with made-up credentials",
    "tests/bench/peers.py": "the form of an address, in a docstring",
}
"""Files in which a pattern is meant, and why."""


def files_of(root: Path) -> list[Path]:
    """What is in the repository or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    ).stdout
    return [root / name for name in listed.decode().split("\0") if name and (root / name).is_file()]


def secrets_in(files: Iterable[Path], root: Path) -> Iterator[str]:
    for path in files:
        name = path.relative_to(root).as_posix()
        if name in ALLOWED:
            continue
        if NAMES.search(name):
            yield f"{name}: a file of this name holds secrets or data"
        if path.stat().st_size > LARGEST:
            continue
        content = path.read_bytes()
        for what, pattern in PATTERNS.items():
            if (match := pattern.search(content)) is not None:
                line = content.count(b"\n", 0, match.start()) + 1
                yield f"{name}:{line}: {what}"
