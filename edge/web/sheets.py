"""Tables that leave as files: CSV for everybody, XLSX for who works with Excel."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import xlsxwriter
from flask import Response

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""With one of these a spreadsheet takes a text for something to be worked out, whoever typed it."""
_WIDE: Final = 48


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """Line by line, with the mark by which Excel knows UTF-8."""
    yield b"\xef\xbb\xbf"
    yield _line(head)
    for row in rows:
        yield _line([as_text(cell) for cell in row])


def as_text(cell: str) -> str:
    """A cell that no spreadsheet works out."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _line(row: Sequence[str]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerow(row)
    return written.getvalue().encode()


def workbook(title: str, head: Sequence[str], rows: Iterable[Sequence[str | int]]) -> bytes:
    """One sheet whose head stays in sight and filters; a number is one, all else is text. Nothing touches the disk."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        sheet = book.add_worksheet(title[:31])
        bold = book.add_format({"bold": True, "bottom": 1})
        thousands = book.add_format({"num_format": "#,##0"})
        widths = [len(name) for name in head]
        for place, name in enumerate(head):
            sheet.write_string(0, place, name, bold)
        last = 0
        for last, row in enumerate(rows, 1):
            for place, cell in enumerate(row):
                if isinstance(cell, int):
                    sheet.write_number(last, place, cell, thousands)
                else:
                    sheet.write_string(last, place, cell)
                widths[place] = max(widths[place], len(str(cell)))
        for place, width in enumerate(widths):
            sheet.set_column(place, place, min(width, _WIDE) + 2)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(last, 1), len(head) - 1)
    return made.getvalue()


def answer(content: bytes | Iterable[bytes], media_type: str, name: str) -> Response:
    """A file to keep, by this name."""
    response = Response(content, mimetype=None, content_type=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
