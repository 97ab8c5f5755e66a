"""`python -m tests.audit`: no secret in the tree, every dependency locked, licensed and without a known hole.

It asks nobody: what is known of holes stands in advisories.toml, with the day on which somebody last looked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from tests.audit.dependencies import advisories, installed, known_holes, unlicensed, unlocked
from tests.audit.secrets_scan import files_of, secrets_in


def findings(root: Path) -> Iterable[str]:
    yield from secrets_in(files_of(root), root)
    yield from unlocked(root)
    yield from unlicensed(installed())
    yield from known_holes(installed(), advisories())


def main() -> int:
    found = list(findings(Path(__file__).parents[2]))
    for one in found:
        click.echo(one)
    if not found:
        known = advisories().reviewed
        click.echo(f"no secrets; dependencies locked, licensed, and without a hole known on {known}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
