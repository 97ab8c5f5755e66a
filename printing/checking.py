"""Whether a version of a form may be published: it is filled with every sample, and read back.

First what its texts say: facts that exist, pairs of braces and brackets, letters that can be set, no agency's name, and
all that no version may leave out. Then what comes out of a printer with typical, sparse and enormous contents: nothing
outside the margins, nothing upon something else. A version with a problem cannot be published; there are no warnings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Final

from reportlab.lib.units import mm

from printing import raster
from printing.content import Paper
from printing.errors import PrintError
from printing.forms import FACT, OPTIONAL, Form, Line, Section
from printing.paper import SHEETS
from printing.raster import Seen, Word
from printing.result import ResultDocument, facts_of, render
from printing.samples import RESULTS, TYPICAL, enormous, sparse
from printing.typeface import printable
from printing.typesetting import typeset
from schemas.spelling import composed

Facts = Mapping[str, str]


class Shape(Enum):
    """How much a sample says."""

    TYPICAL = "typical"
    SPARSE = "sparse"
    ENORMOUS = "enormous"


class Why(Enum):
    """What is wrong; in brackets what `Problem.what` is then."""

    UNPAIRED = "unpaired"
    """A brace, bracket or pair of asterisks without its other half (the text)."""
    NO_FACT = "no_fact"
    """The paper has no such fact (its name)."""
    NO_TABLE = "no_table"
    """The paper has no such table (its name)."""
    NO_LETTER = "no_letter"
    """The typeface has no such letter (the letter)."""
    AGENCY = "agency"
    """An agency or place is named instead of its fact (the name)."""
    LEFT_OUT = "left_out"
    """A fact or table that must be said (its name)."""
    NO_TITLE = "no_title"
    COPIES = "copies"
    """As many copies as the form before (the number)."""
    SHAPE = "shape"
    """Another layout or sheet than the form before."""
    OVER = "over"
    """It begins after the last day of the form before, or would outlive it."""
    TOO_SOON = "too_soon"
    TOO_LONG = "too_long"
    TOO_WIDE = "too_wide"
    """The columns of a table are wider than the sheet (the millimetres that are too many)."""
    NARROW = "narrow"
    """A column leaves no room for a word (its head)."""
    UNSET = "unset"
    """It cannot be set at all (the reason)."""
    OUTSIDE = "outside"
    """Words leave the margins (them)."""
    OVERLAP = "overlap"
    """Words lie upon others (them)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`where` is the text it stands in; `shape` the sample that shows it, if it takes one."""

    why: Why
    what: str = ""
    where: str = ""
    shape: Shape | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A paper to try a form with: its facts, those of one row of each table, and how it is set."""

    shape: Shape
    facts: Facts
    rows: Mapping[str, Facts]
    must: tuple[str, ...]
    pdf: Callable[[Form], bytes]


_COPY: Final = {"copy": "1", "copy_name": "Lưu"}
_SPELLINGS: Final = ("", "_line", "_short", "_day")
"""Of one fact (`printing.content`); an amount in words is a fact of its own."""
_LEAST_MM: Final = 7
_SHOWN: Final = 3
"""Problems of one kind that are told of one sample; the first ones show what is wrong."""
_TOUCHING: Final = 0.5
"""Points by which a letter may leave its line: accents do."""


def samples(number: str) -> list[Sample]:
    """A sample of every shape for a form; none for a number that the program does not know."""
    found: list[Sample] = []
    for paper in TYPICAL:
        if number == paper.FORM:
            found += [_of_paper(paper, Shape.TYPICAL), _of_paper(sparse(paper), Shape.SPARSE)]
            found.append(_of_paper(enormous(paper), Shape.ENORMOUS))
    for document in RESULTS:
        if number == document.outcome.value:
            found += [_of_result(document, Shape.TYPICAL), _of_result(sparse(document), Shape.SPARSE)]
            found.append(_of_result(enormous(document), Shape.ENORMOUS))
    return found


def _of_paper(paper: Paper, shape: Shape) -> Sample:
    rows = {name: rows[0].facts() if rows else {} for name, rows in paper.tables().items()}
    return Sample(shape, paper.facts() | _COPY, rows, paper.MUST, partial(typeset, paper))


def _of_result(document: ResultDocument, shape: Shape) -> Sample:
    return Sample(shape, facts_of(document), {}, ResultDocument.MUST, lambda form: render(document, form).pdf)


def problems(form: Form, base: Form, names: Iterable[str] = ()) -> list[Problem]:
    """What keeps `form` from being published in the place of `base`; `names` are those of agencies and places.

    Only a form whose texts are right is set and looked at. Never raises for what an administrator can type.
    """
    if form.in_force_until != base.in_force_until or not base.covers(form.in_force_from):
        return [Problem(Why.OVER)]
    if (form.number, form.layout, form.sheet) != (base.number, base.layout, base.sheet):
        return [Problem(Why.SHAPE)]
    tried = samples(form.number)
    found = [*_of_texts(form, tuple(names)), *_of_facts(form, base, tried[0]), *_of_columns(form)]
    if not form.title.strip():
        found.append(Problem(Why.NO_TITLE))
    if len(form.copies) != len(base.copies):
        found.append(Problem(Why.COPIES, str(len(base.copies))))
    return found or [problem for sample in tried for problem in _of_print(form, sample)]


def texts(form: Form) -> Iterator[str]:
    """All that a form says outside of its tables' cells."""
    yield from (form.title, form.above, form.agency, form.place_line, form.paper_number, form.hint)
    yield from (form.number_line, form.bar_code, form.foot, form.foot_right, form.foot_further, form.empty)
    yield from (*form.marks, *form.subtitles, *form.receivers, *form.copies)
    for section in form.sections:
        yield from _flat(section.before)
        yield from _flat(section.after)
        for column in section.columns:
            yield from (column.head, column.group, column.total)
    for one in form.signatories:
        yield from (one.role, one.name, one.hint)


def _cells(section: Section) -> Iterator[str]:
    return (column.text for column in section.columns)


def _flat(lines: Iterable[Line]) -> Iterator[str]:
    for line in lines:
        yield from (line,) if isinstance(line, str) else line


def _of_texts(form: Form, names: tuple[str, ...]) -> Iterator[Problem]:
    named = {composed(name).casefold(): name for name in names if name.strip()}
    for text in (*texts(form), *(cell for section in form.sections for cell in _cells(section))):
        if _unpaired(text):
            yield Problem(Why.UNPAIRED, where=text)
        for letter in sorted(set(composed(text)) - set(printable(text))):
            yield Problem(Why.NO_LETTER, letter, text)
        plain = composed(FACT.sub("", text)).casefold()
        for name, shown in named.items():
            if re.search(rf"\b{re.escape(name)}\b", plain):
                yield Problem(Why.AGENCY, shown, text)


def _unpaired(text: str) -> bool:
    """Whether something is left of the marks when all pairs are taken away."""
    without = OPTIONAL.sub(lambda found: found[1], FACT.sub("", text))
    return text.count("**") % 2 == 1 or any(mark in without for mark in "{}[]")


def _of_facts(form: Form, base: Form, sample: Sample) -> Iterator[Problem]:
    said: set[str] = set()
    for text in texts(form):
        said |= set(FACT.findall(text))
        yield from (Problem(Why.NO_FACT, name, text) for name in _unknown(text, sample.facts))
    tables = {section.table for section in form.sections if section.columns}
    for section in form.sections:
        if section.columns and section.table not in sample.rows:
            yield Problem(Why.NO_TABLE, section.table)
            continue
        for text in _cells(section):
            yield from (
                Problem(Why.NO_FACT, name, text) for name in _unknown(text, sample.rows[section.table])
            )
    for name in sample.must:
        if not any(f"{name}{spelling}" in said for spelling in _SPELLINGS):
            yield Problem(Why.LEFT_OUT, name)
    for section in base.sections:
        if section.columns and section.table not in tables:
            yield Problem(Why.LEFT_OUT, section.table)


def _unknown(text: str, facts: Facts) -> list[str]:
    return [name for name in FACT.findall(text) if name not in facts]


def _of_columns(form: Form) -> Iterator[Problem]:
    if form.layout != "letter":
        return
    room = round(SHEETS[form.sheet].text_width / mm)
    for section in form.sections:
        fixed = sum(column.width_mm for column in section.columns)
        sharing = [column for column in section.columns if not column.width_mm]
        least = fixed + _LEAST_MM * len(sharing)
        if least > room:
            yield Problem(Why.TOO_WIDE, str(least - room), section.table)
        for column in section.columns:
            if 0 < column.width_mm < _LEAST_MM:
                yield Problem(Why.NARROW, column.head, section.table)


def _of_print(form: Form, sample: Sample) -> Iterator[Problem]:
    try:
        pages = raster.seen(sample.pdf(form))
    except (PrintError, TypeError) as why:
        yield Problem(Why.UNSET, str(why), shape=sample.shape)
        return
    outside = [word.text for page in pages for word in _outside(form, page)]
    upon = [f"{one.text} · {other.text}" for page in pages for one, other in overlapping(page)]
    yield from (Problem(Why.OUTSIDE, what, shape=sample.shape) for what in outside[:_SHOWN])
    yield from (Problem(Why.OVERLAP, what, shape=sample.shape) for what in upon[:_SHOWN])


def _outside(form: Form, page: Seen) -> Iterator[Word]:
    """Words beyond the margins; the foot line stands inside the lower one."""
    sheet = SHEETS[form.sheet]
    for word in page.words:
        across = sheet.left - _TOUCHING <= word.left and word.right <= page.width - sheet.right + _TOUCHING
        up = sheet.bottom / 3 <= word.bottom and word.top <= page.height - sheet.top + 4
        if not (across and up):
            yield word


def overlapping(page: Seen) -> Iterator[tuple[Word, Word]]:
    """Pairs of words of which one covers more than half of the other's height."""
    by_line = sorted(page.words, key=lambda word: word.bottom)
    for place, one in enumerate(by_line):
        for other in by_line[place + 1 :]:
            if other.bottom > one.top:
                break
            across = min(one.right, other.right) - max(one.left, other.left)
            up = min(one.top, other.top) - max(one.bottom, other.bottom)
            if across > 1 and up > 0.5 * min(one.top - one.bottom, other.top - other.bottom):
                yield one, other
