"""What lands in the log can be read by people and by programs, and tells of no citizen."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from edge.log import Format, begin

APPLICANT = "Nông Văn Thắng, 020085004127"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Other tests have their own handlers."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers = []
    yield
    root.handlers, root.level = handlers, level


def logged(said: Format) -> str:
    """A page that failed while it showed somebody."""
    stream = io.StringIO()
    begin(said, stream)
    try:
        try:
            raise KeyError(APPLICANT)
        except KeyError as why:
            raise ValueError(f"no dossier of {APPLICANT}") from why
    except ValueError:
        logging.getLogger("edge.web.errors").exception("a page of %s failed", "counter-01.1")
    return stream.getvalue()


def test_an_exception_is_told_without_what_it_says() -> None:
    said = logged("text")
    assert "ERROR edge.web.errors: a page of counter-01.1 failed\n" in said
    assert said.index("builtins.KeyError") < said.index("builtins.ValueError")
    assert f"{__file__}:" in said
    assert "Thắng" not in said
    assert "020085004127" not in said


def test_a_program_reads_an_object_a_line() -> None:
    said = logged("json")
    assert "Thắng" not in said
    assert "020085004127" not in said
    (line,) = map(json.loads, said.splitlines())
    assert (line["level"], line["logger"]) == ("error", "edge.web.errors")
    assert (line["said"], line["template"]) == ("a page of counter-01.1 failed", "a page of %s failed")
    assert line["raised"][-1] == "builtins.ValueError"
    assert line["at"].endswith("+00:00")
