"""What lands in the log can be read by people and by programs, and tells of no citizen."""

from __future__ import annotations

import io
import json
import logging

import pytest

from edge.log import Format, begin

APPLICANT = "Nông Văn Thắng, 020085004127"


def alone(patch: pytest.MonkeyPatch) -> None:
    """Nobody else listens, as in a process of its own."""
    patch.setattr(logging.getLogger(), "handlers", [])
    patch.setattr(logging.getLogger(), "level", logging.WARNING)


def logged(said: Format, patch: pytest.MonkeyPatch) -> str:
    """A page that failed while it showed somebody."""
    alone(patch)
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


def test_an_exception_is_told_without_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    said = logged("text", monkeypatch)
    assert "ERROR edge.web.errors: a page of counter-01.1 failed\n" in said
    assert said.index("builtins.KeyError") < said.index("builtins.ValueError")
    assert f"{__file__}:" in said
    assert "Thắng" not in said
    assert "020085004127" not in said


def test_the_last_word_on_the_format_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command begins in one, and learns from the settings which it is to be."""
    alone(monkeypatch)
    stream = io.StringIO()
    begin("text", stream)
    begin("json", stream)
    logging.getLogger("edge").warning("once")
    assert [json.loads(line)["said"] for line in stream.getvalue().splitlines()] == ["once"]


def test_a_program_reads_an_object_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    said = logged("json", monkeypatch)
    assert "Thắng" not in said
    assert "020085004127" not in said
    (line,) = map(json.loads, said.splitlines())
    assert (line["level"], line["logger"]) == ("error", "edge.web.errors")
    assert (line["said"], line["template"]) == ("a page of counter-01.1 failed", "a page of %s failed")
    assert line["raised"][-1] == "builtins.ValueError"
    assert line["at"].endswith("+00:00")
