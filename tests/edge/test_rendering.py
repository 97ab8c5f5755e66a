"""PDFs made in processes of their own: the same bytes, whatever ends them, and none of them outlives its node."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.rendering import Renderers
from printing.errors import PrintError
from printing.forms import Forms
from printing.samples import TYPICAL
from printing.typesetting import form_of, to_job, typeset
from tests.waiting import until

FORMS = Forms.shipped()
(SLIP,) = [paper for paper in TYPICAL if paper.FORM == "01"]


@pytest.fixture
def renderers() -> Iterator[Renderers]:
    made = Renderers()
    yield made
    made.close()


def test_every_paper_is_the_same_from_elsewhere(renderers: Renderers) -> None:
    for paper in TYPICAL:
        form = form_of(paper, FORMS)
        assert renderers.typeset(form, to_job(paper)) == typeset(paper, form)
    assert len(renderers.processes()) == 1


def test_what_cannot_be_set_is_refused_and_the_next_is_set(renderers: Renderers) -> None:
    form = form_of(SLIP, FORMS)
    with pytest.raises(PrintError, match="cannot be read"):
        renderers.typeset(form, b'{"number": 1}')
    assert renderers.typeset(form, to_job(SLIP)).startswith(b"%PDF")


def test_a_process_that_was_killed_is_replaced(renderers: Renderers) -> None:
    form = form_of(SLIP, FORMS)
    renderers.warm()
    (process,) = renderers.processes()
    os.kill(process, signal.SIGKILL)

    assert renderers.typeset(form, to_job(SLIP)) == typeset(SLIP, form)
    assert renderers.processes() != [process]


def test_one_that_hangs_is_given_up_and_does_not_hold_up_the_next_paper() -> None:
    hanging = Renderers(1, seconds=4)
    hanging.warm()
    (process,) = hanging.processes()
    os.kill(process, signal.SIGSTOP)
    form = form_of(SLIP, FORMS)
    with pytest.raises(PrintError, match="more than 4 seconds"):
        hanging.typeset(form, to_job(SLIP))
    assert hanging.typeset(form, to_job(SLIP)).startswith(b"%PDF")
    hanging.close()


def test_it_ends_with_its_node_whatever_ends_that(tmp_path: Path) -> None:
    script = (
        "import sys; from edge.rendering import Renderers; made = Renderers(); made.warm();"
        "print(*made.processes(), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as node:
        assert node.stdout is not None
        process = int(node.stdout.readline())
        assert Path(f"/proc/{process}").exists()
        node.kill()
    until(lambda: not _runs(process))


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
