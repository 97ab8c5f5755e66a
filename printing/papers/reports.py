"""Report tables on paper. The figures come from `schemas.reports`; here they are rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from printing.content import Paper, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures(Row):
    """One row of Biểu II.06a/VPCP/KSTT: an agency or a field, or the sum of all."""

    tt: str
    name: str
    received: int
    online: int
    direct: int
    carried: int
    resolved: int
    early: int
    on_time: int
    overdue: int
    pending: int
    within: int
    over: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report06a(Paper):
    """Tình hình, kết quả giải quyết thủ tục hành chính (Biểu II.06a/VPCP/KSTT)."""

    FORM: ClassVar[str] = "06a"
    MADE: ClassVar[str] = "cut"
    MUST: ClassVar[tuple[str, ...]] = ("first", "last", "cut", "writer")

    first: date
    last: date
    rows: tuple[Figures, ...]
    sums: Figures
    remarks: str
    writer: str
    head: str
    cut: datetime

    @property
    def name(self) -> str:
        """The first and the last day that are counted."""
        return f"{self.first:%d/%m/%Y} – {self.last:%d/%m/%Y}"

    def facts(self) -> dict[str, str]:
        """The sums as `sum_received` and so on."""
        return {**Paper.facts(self), **{f"sum_{name}": text for name, text in self.sums.facts().items()}}
