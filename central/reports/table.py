"""A table of a report: the same on the page, on paper, in a spreadsheet and as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.reports import vietnamese

Cell = int | str
"""A number, or words: a share is written with its percentage ("60,47%")."""


@dataclass(frozen=True, slots=True)
class Head:
    """A column: the group that it stands under (""), and its title."""

    group: str
    title: str

    @property
    def whole(self) -> str:
        """For where titles have one line: the group stands before the title."""
        return f"{self.group}: {self.title}" if self.group else self.title


@dataclass(frozen=True, slots=True)
class Line:
    """A row; `cells` are as many as there are heads."""

    name: str
    cells: tuple[Cell, ...]
    is_sum: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`first` is the title of the column of names. `notes` say what is divided by what. `as_of`: the moment of the figures."""

    title: str
    first: str
    heads: tuple[Head, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    as_of: str

    def groups(self) -> list[tuple[str, int]]:
        """The groups of neighbouring columns, each with how many there are."""
        found: list[tuple[str, int]] = []
        for head in self.heads:
            if found and found[-1][0] == head.group:
                found[-1] = (head.group, found[-1][1] + 1)
            else:
                found.append((head.group, 1))
        return found

    def numeric(self) -> list[bool]:
        """Of each column whether it holds numbers and shares, which stand to the right."""
        columns = zip(*(line.cells for line in self.lines), strict=True)
        return [all(not any(map(str.isalpha, str(cell))) for cell in column) for column in columns]

    def names(self) -> list[str]:
        """Titles for the cells that `rows` has, the column of names first."""
        return [self.first, *(head.whole for head in self.heads)]

    def rows(self) -> Iterator[list[Cell]]:
        """Cells for a file: numbers are numbers."""
        for line in self.lines:
            yield [line.name, *line.cells]


def words(cell: Cell) -> str:
    """A cell as people read it."""
    return vietnamese(cell) if isinstance(cell, int) else cell
