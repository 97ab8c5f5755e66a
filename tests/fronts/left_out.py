"""The protocol's own tests are asked of a front too; those that are about what a front does not have are left out by name."""

from __future__ import annotations

from typing import Any


def leave_out(tests: dict[str, Any], *names: str) -> None:
    """Take tests out of a module that has imported them. Raises `KeyError` for one that is not there any more."""
    for name in names:
        del tests[name]
