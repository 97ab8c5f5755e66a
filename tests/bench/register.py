"""`python -m tests.bench.register ROWS`: form 07 with so many rows, in a process of its own; seconds and peak memory."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from printing.forms import Forms
from printing.samples import TYPICAL, enormous
from printing.typesetting import form_of, typeset


def measured(rows: int) -> dict[str, float]:
    """`seconds` of typesetting, `mib` at the most, `kb` of the PDF."""
    (register,) = [paper for paper in TYPICAL if paper.FORM == "07"]
    paper = enormous(register, rows=rows, letters=60)
    form = form_of(paper, Forms.shipped())
    began = time.monotonic()
    pdf = typeset(paper, form)
    took = time.monotonic() - began
    return {"seconds": took, "mib": _most_memory_mib(), "kb": len(pdf) / 1000}


def _most_memory_mib() -> float:
    """Of this program: what `getrusage` says includes the parent's, which was there before exec."""
    (line,) = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured(int(sys.argv[1]))))
