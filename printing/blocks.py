"""The blocks that forms are made of: text, a row of short facts, signatures. (The head: `head`; tables: `grid`.)

Every string here is reportlab's markup: `<b>`, `<br/>`, the rest escaped.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from reportlab.lib.enums import TA_CENTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph

from printing import qr, typeface
from printing.paper import Block

BODY = ParagraphStyle("body", fontName=typeface.REGULAR, fontSize=13, leading=16.6)
TITLE = ParagraphStyle("title", BODY, fontName=typeface.BOLD, fontSize=14, leading=17.5, alignment=TA_CENTER)
SUBTITLE = ParagraphStyle(
    "subtitle", BODY, fontName=typeface.ITALIC, fontSize=12, leading=15, alignment=TA_CENTER
)
NUMBER = ParagraphStyle("number", TITLE, leading=19)
NOTE = ParagraphStyle("note", BODY, fontSize=11, leading=13.5)


@cache
def body(size: float) -> ParagraphStyle:
    """The style of running text in this size."""
    return (
        BODY
        if size == BODY.fontSize
        else ParagraphStyle(f"body {size}", BODY, fontSize=size, leading=size * 1.28)
    )


@cache
def _middle(style: ParagraphStyle) -> ParagraphStyle:
    return ParagraphStyle(f"{style.name} in the middle", style, alignment=TA_CENTER)


_BETWEEN: float = 0.9 * mm
"""Lines of short facts that had no room beside each other."""
_CODE_GAP: float = 3 * mm
_GUTTER: float = 2 * mm
"""Between what one signs and what the other does."""
# Breaking lines is most of the work, and a block is asked for its height several times: (width, height) of the last.
_NOT_WRAPPED = (-1.0, 0.0)


class Text:
    """A paragraph."""

    def __init__(self, markup: str, style: Any = BODY) -> None:
        self._paragraph = Paragraph(markup, style)
        self._wrapped = _NOT_WRAPPED

    @cached_property
    def natural_width(self) -> float:
        """The width that it takes on one line."""
        line = Paragraph(self._paragraph.text, self._paragraph.style)
        line.wrap(10_000, 0)
        return float(max(line.getActualLineWidths0(), default=0.0))

    def height(self, width: float) -> float:
        """In points, as wrapped to `width`."""
        if self._wrapped[0] != width:
            self._wrapped = (width, float(self._paragraph.wrap(width, 0)[1]))
        return self._wrapped[1]

    def cut(self, width: float, room: float) -> tuple[Block, Block] | None:
        """Between two lines; None where not one fits, or where all of them do."""
        self._wrapped = _NOT_WRAPPED  # a paragraph that was asked to split forgets its lines
        parts = self._paragraph.split(width, room)
        return (_Rest(parts[0]), _Rest(parts[1])) if len(parts) == 2 else None

    def draw(self, canvas: Any, x: float, top: float, width: float) -> None:
        """Downwards from `top`."""
        self._paragraph.drawOn(canvas, x, top - self.height(width))


class _Rest(Text):
    """A part of a paragraph that was cut over two pages."""

    def __init__(self, paragraph: Any) -> None:
        self._paragraph = paragraph
        self._wrapped = _NOT_WRAPPED


@dataclass(frozen=True, slots=True)
class Spread:
    """Short facts on one line, from margin to margin; below each other where one of them is long."""

    texts: tuple[Text, ...]

    def height(self, width: float) -> float:
        """In points: of the tallest, or of all where they stand below each other."""
        heights = [text.height(width) for text in self.texts]
        return max(heights) if self._on_one_line(width) else sum(heights) + _BETWEEN * (len(heights) - 1)

    def cut(self, width: float, room: float) -> tuple[Block, Block] | None:
        """Never: short facts stay together."""
        return None

    def draw(self, canvas: Any, x: float, top: float, width: float) -> None:
        """Downwards from `top`, in whichever manner `height` counted."""
        if self._on_one_line(width):
            self._draw_line(canvas, x, top, width)
            return
        for text in self.texts:
            text.draw(canvas, x, top, width)
            top -= text.height(width) + _BETWEEN

    def _on_one_line(self, width: float) -> bool:
        gaps: float = 4 * mm * (len(self.texts) - 1)
        return sum(text.natural_width for text in self.texts) + gaps <= width

    def _draw_line(self, canvas: Any, x: float, top: float, width: float) -> None:
        spare = width - sum(text.natural_width for text in self.texts)
        gap = spare / max(len(self.texts) - 1, 1)
        for text in self.texts:
            # A hair more than its width: a sum of floats must not push the last word to a second line.
            text.height(text.natural_width + 0.01)
            text.draw(canvas, x, top, text.natural_width + 0.01)
            x += text.natural_width + gap


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs: `role` in bold capitals, line by line; `hint` below it ("Ký và ghi rõ họ tên"); the name under the space."""

    role: str
    hint: str
    name: str


@dataclass(frozen=True, slots=True)
class Signatures:
    """The end of a paper: signatories side by side; a sole one stands right, with the list of receivers at the left.

    `space` is what is left free for pen or stamp, in points. A QR code may stand in the middle, or below the receivers.
    """

    signatories: tuple[Signatory, ...]
    space: float
    receivers: tuple[str, ...] = ()
    style: ParagraphStyle = BODY
    qr_text: str = ""
    below_receivers: bool = False

    def height(self, width: float) -> float:
        """In points, of the taller side, `space` and the code with it."""
        columns = [
            self._above(one, width) + self.space + self._name(one).height(self._column(width) - 2 * _GUTTER)
            for one in self.signatories
        ]
        return max([*columns, self._left(self._column(width)), self._code()])

    def _code(self) -> float:
        return qr.side(self.qr_text) if self.qr_text else 0

    @property
    def _in_the_middle(self) -> bool:
        return bool(self.qr_text) and not self.below_receivers

    def _left(self, column: float) -> float:
        """What the receivers take, and the code below them."""
        if not self.receivers:
            return self._code()
        code = _CODE_GAP + self._code() if self.qr_text and self.below_receivers else 0
        return self._receivers().height(column) + code

    def cut(self, width: float, room: float) -> tuple[Block, Block] | None:
        """Never: who signs is on one page."""
        return None

    def draw(self, canvas: Any, x: float, top: float, width: float) -> None:
        """Downwards from `top`: receivers at the left, signatories from the right."""
        column = self._column(width)
        if self.receivers:
            self._receivers().draw(canvas, x, top, column)
        if self._in_the_middle:
            qr.draw(canvas, self.qr_text, x + (width - self._code()) / 2, top)
        elif self.qr_text:
            qr.draw(canvas, self.qr_text, x, top - self._left(column) + self._code())
        x = x + width - column * len(self.signatories)
        gap = 0.0
        if self._in_the_middle and len(self.signatories) > 1:
            gap = (width - column * len(self.signatories)) / (len(self.signatories) - 1)
            x -= gap * (len(self.signatories) - 1)
        for one in self.signatories:
            self._draw_one(canvas, one, x, top, column, width)
            x += column + gap

    def free_box(self, x: float, top: float, width: float) -> tuple[float, float, float, float]:
        """(left, bottom, right, top) of the space of the last signatory, when drawn from `x`, `top`."""
        column = self._column(width)
        upper = top - self._above(self.signatories[-1], width)
        return (x + width - column, upper - self.space, x + width, upper)

    def _column(self, width: float) -> float:
        if self._in_the_middle:
            return (width - self._code() - 2 * qr.QUIET) / max(2, len(self.signatories))
        return width / max(2, len(self.signatories))

    def _draw_one(
        self, canvas: Any, one: Signatory, x: float, top: float, column: float, width: float
    ) -> None:
        x, column = x + _GUTTER, column - 2 * _GUTTER
        for text in self._heading(one):
            text.draw(canvas, x, top, column)
            top -= text.height(column)
        self._name(one).draw(canvas, x, top - self.space, column)

    def _heading(self, one: Signatory) -> tuple[Text, ...]:
        role = Text(f"<b>{one.role}</b>", _middle(self.style))
        return (
            (role, Text(f"<i>{one.hint}</i>", _middle(body(self.style.fontSize - 1))))
            if one.hint
            else (role,)
        )

    def _above(self, one: Signatory, width: float) -> float:
        return sum(text.height(self._column(width) - 2 * _GUTTER) for text in self._heading(one))

    def _name(self, one: Signatory) -> Text:
        return Text(f"<b>{one.name}</b>", _middle(self.style))

    def _receivers(self) -> Text:
        lines = "".join(f"<br/>- {line};" for line in self.receivers[:-1])
        lines += f"<br/>- {self.receivers[-1]}." if self.receivers else ""
        return Text(f'<font face="{typeface.BOLD_ITALIC}" size="12">Nơi nhận:</font>{lines}', NOTE)
