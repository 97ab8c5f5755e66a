"""How long papers take to become PDFs, and how large they are: a slip for every procedure of the sample, a register."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from edge.ledger import Reception
from edge.node import Node
from printing.forms import Form, Forms
from printing.papers.reception import ReceiptSlip
from printing.typesetting import typeset
from printing.words import in_vietnam
from tests.bench.figures import Bench, Figure, Round, Size, p95
from tests.bench.ground import Ground, People, procedures, receive
from tests.bench.spooling import Spooled

_SLIPS: Final = {Size.FULL: 980, Size.QUICK: 25}
_IN_COPIES: Final = {Size.FULL: 98, Size.QUICK: 5}
_ROWS: Final = {Size.FULL: 10_000, Size.QUICK: 1_000}


@contextmanager
def prepared(ground: Ground, size: Size) -> Iterator[Round]:
    """What is printed is what the ledger would have put into the spool."""
    with ground.centre("paper") as centre:
        slips = _slips(centre["counter-01"])
    chosen = [slips[place * 4 % len(slips)] for place in range(_SLIPS[size])]
    spooled = Spooled(ground, size)
    form = Forms.shipped().in_force(ReceiptSlip.FORM, in_vietnam(slips[0].received).date())

    def measure() -> dict[str, float]:
        one = [_rendered(content, form) for content in chosen]
        register = _register(_ROWS[size])
        return {
            "register": register["seconds"],
            "register_memory": register["mib"],
            "slip_p95": p95([ms for ms, _ in one]),
            "slip_size_p95": p95([size for _, size in one]),
            "both_copies_p95": p95(
                [_both_copies_ms(content, form) for content in chosen[: _IN_COPIES[size]]]
            ),
            **spooled.measure(),
        }

    yield measure


def _register(rows: int) -> dict[str, float]:
    """In a process of its own, so that its memory is its own."""
    child = subprocess.run(
        [sys.executable, "-m", "tests.bench.register", str(rows)], capture_output=True, check=True
    )
    figures: dict[str, float] = json.loads(child.stdout)
    return figures


def _rendered(content: ReceiptSlip, form: Form) -> tuple[float, float]:
    """Milliseconds and kilobytes of one copy."""
    began = time.monotonic()
    pdf = typeset(content, form, copy=1)
    return (time.monotonic() - began) * 1000, len(pdf) / 1000


def _both_copies_ms(content: ReceiptSlip, form: Form) -> float:
    began = time.monotonic()
    typeset(content, form)
    return (time.monotonic() - began) * 1000


def _slips(node: Node) -> list[ReceiptSlip]:
    """One reception of every procedure in force, each with the papers that it asks for."""
    receptions: list[Reception] = []
    people = People()
    for procedure in procedures(node):
        receive(node, people.draft_of(procedure), spool=receptions.append)
    return [node.papers.slip_of(reception) for reception in receptions]


BENCH: Final = Bench(
    "print",
    (
        Figure("slip_p95", "form 01 to PDF, one copy, p95", "ms", "lower", must=40, aim=15),
        Figure("slip_size_p95", "size of that PDF, p95", "KB", "lower", must=60),
        Figure("both_copies_p95", "form 01 to PDF, both copies as the spool prints them, p95", "ms", "lower"),
        Figure("register", "form 07 with 10,000 rows to PDF (1,000 with --quick)", "s", "lower", must=10),
        Figure("register_memory", "the most memory of the process that does it", "MiB", "lower", must=200),
        Figure("pile", "a node prints 1,000 slips into its folder (20 with --quick)", "s", "lower"),
        Figure("pile_memory", "memory of all processes of that node when it has done so", "MiB", "lower"),
        Figure("save_alone_p95", "from pressing save until the answer, nothing to print, p95", "ms", "lower"),
        Figure("save_while_rendering_p95", "the same while 200 slips (60) are rendered, p95", "ms", "lower"),
    ),
    prepared,
)
