"""What a command loads before it begins: seconds of a start, on a counter's small machine."""

from __future__ import annotations

import subprocess
import sys

SELDOM = {"pyhanko", "aiohttp", "escpos", "pyipp", "psycopg"}
"""Who signs, prints, looks for printers or speaks to PostgreSQL waits for these once; nobody else does."""


def loaded(*modules: str) -> set[str]:
    program = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_machine_that_starts_waits_for_nothing_that_few_acts_need() -> None:
    there = loaded("central.cli", "central.serve")
    assert {"flask", "sqlcipher3"} <= there
    assert not there & SELDOM


def test_a_command_waits_for_no_pages() -> None:
    assert not loaded("central.cli") & {"flask", "edge.web", "central.serve"}
