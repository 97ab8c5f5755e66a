"""The threat model is kept: every row names tests, and every test that is named exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = {
    "thief of a disk",
    "thief of a PIN",
    "finder of a lost token",
    "dismissed clerk on a hidden machine",
    "curious clerk",
    "enrolled node turned hostile",
    "carrier",
    "citizen at the kiosk",
    "administrator",
}
"""Of whom the model must speak; it may speak of more."""
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def _rows() -> dict[str, list[tuple[str, str]]]:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| **")]
    return {line.split("**")[1]: _TEST.findall(line) for line in lines}


def test_every_row_of_the_threat_model_names_its_tests() -> None:
    rows = _rows()
    assert rows.keys() >= ROWS
    assert [who for who, named in rows.items() if not named] == []


def test_every_test_that_the_threat_model_names_exists() -> None:
    missing = [
        f"{path}::{name}"
        for named in _rows().values()
        for path, name in named
        if name not in _tests_in(ROOT / path)
    ]
    assert missing == []


def _tests_in(path: Path) -> set[str]:
    if not path.exists():
        return set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
