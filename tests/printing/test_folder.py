"""The folder of PDFs: whole files or none, under safe names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printing.errors import PrinterUnavailable
from printing.folder import PdfFolder, file_name
from printing.spool import Fate, Told


def test_a_paper_is_found_again_under_its_name(tmp_path: Path) -> None:
    folder = PdfFolder(tmp_path / "papers")
    assert folder.ask("H37.07-261123-1407-01-1") == Told(Fate.ABSENT)

    told = folder.deliver("H37.07-261123-1407-01-1", b"%PDF")

    file = tmp_path / "papers" / "H37.07-261123-1407-01-1.pdf"
    assert told == folder.ask("H37.07-261123-1407-01-1") == Told(Fate.OUT, path=file)
    assert file.read_bytes() == b"%PDF"
    assert list(folder.path.iterdir()) == [file]


def test_a_half_written_paper_did_not_come_out(tmp_path: Path) -> None:
    folder = PdfFolder(tmp_path)
    (tmp_path / "1407.pdf.part").write_bytes(b"%P")

    assert folder.ask("1407") == Told(Fate.ABSENT)
    assert folder.deliver("1407", b"%PDF").path == tmp_path / "1407.pdf"
    assert (tmp_path / "1407.pdf").read_bytes() == b"%PDF"


def test_a_folder_that_cannot_be_one_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")

    with pytest.raises(PrinterUnavailable):
        PdfFolder(tmp_path / "taken").deliver("1407", b"%PDF")


@given(st.text(max_size=300), st.text(max_size=300))
def test_names_are_safe_and_differ_as_papers_do(one: str, other: str) -> None:
    name = file_name(one)

    assert "/" not in name
    assert not name.startswith(".")
    assert name.isascii()
    assert len(name) <= 150
    assert (file_name(one) == file_name(other)) == (one == other)
