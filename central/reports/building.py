"""The tables that a centre owes or wants, each out of sums and nothing else.

Every share says what is divided by what, and every table as of when it is. What belongs to no agency (a visit that was
about no dossier) stands in a row of its own, so that rows always add up to the sum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from central.reports.table import Head, Line, Table
from edge.tallying import HEIR, Reckoning, Sums
from printing.papers.reports import Figures as Row
from printing.papers.reports import Report06a
from schemas.acts import BY_KIND
from schemas.calendar import local_day
from schemas.events import moment
from schemas.reports import (
    AT_THE_TIME,
    BESIDE_06A,
    FORM_06A,
    INDICES,
    Figures,
    Period,
    Share,
    Succession,
    on_site_procedures,
    vietnamese,
)
from schemas.views import View

NAMELESS: Final = "Không thuộc hồ sơ nào"
SUM: Final = "Cả Trung tâm"
DIMENSIONS: Final = {
    "agency": "Cơ quan",
    "heir": "Cơ quan hiện nay",
    "field": "Lĩnh vực",
    "place": "Nơi tiếp nhận",
    "procedure": "Thủ tục",
}
METHODS: Final = {
    "cash": "Tiền mặt",
    "transfer": "Chuyển khoản",
    "card": "Thẻ",
    "online": "Trực tuyến",
}
LEVELS: Final = {
    5: "Rất hài lòng",
    4: "Hài lòng",
    3: "Bình thường",
    2: "Không hài lòng",
    1: "Rất không hài lòng",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to know: of which days, by what, as of when (UTC, and in words)."""

    period: Period
    by: str
    at: str
    as_of: str


class Reports:
    """Builds tables from the sums of one node."""

    def __init__(self, reckoning: Reckoning, view: View) -> None:
        self._reckoning, self._view = reckoning, view

    def _sums(self, asked: Asked) -> Sums:
        """By what was asked for. By heir: as agencies have followed each other until now."""
        if asked.by != HEIR:
            return self._reckoning.sums(asked.by, asked.period, asked.at)
        return self._reckoning.sums(HEIR, asked.period, asked.at, self._succession(asked))

    def _succession(self, asked: Asked) -> Succession:
        today = local_day(moment(asked.at))
        return Succession.on(today, self._view.agencies(), self._view.procedures(today))

    def form_06a(self, asked: Asked) -> Table:
        """Dossiers received, resolved, in progress and late, by form II.06a; counts."""
        columns = (*FORM_06A, *BESIDE_06A)
        return self._by_figures(
            "Tình hình, kết quả giải quyết thủ tục hành chính (Biểu II.06a/VPCP/KSTT)",
            asked,
            tuple(Head(column.group, column.title) for column in columns),
            lambda figures, _: tuple(column.figure(figures) for column in columns),
            (
                "Tiếp nhận = đã giải quyết + đang giải quyết + rút hồ sơ + dừng giải quyết.",
                "Đúng hạn hay quá hạn tính theo thời hạn hẹn đầu tiên; thời gian chờ bổ sung, nghĩa vụ tài chính không tính.",
            ),
        )

    def paper_06a(self, asked: Asked, writer: str) -> Report06a:
        """The same as the form itself; what it has no column for stands in its remarks."""
        sums = self._sums(asked)
        total, centre = sums.total(), self._view.centre()
        names = sorted((self.name(asked.by, member), member) for member in sums.members())
        beside = (
            f"{column.title}: {vietnamese(column.figure(total))}"
            for column in BESIDE_06A
            if column.figure(total)
        )
        return Report06a(
            superior=centre.superior if centre else "",
            agency=centre.name if centre else "",
            place=centre.place if centre else "",
            catalog=self._view.number,
            qr_text="",
            first=asked.period.first,
            last=asked.period.last,
            rows=tuple(
                _row(str(place), name, sums.figures(member)) for place, (name, member) in enumerate(names, 1)
            ),
            sums=_row("", SUM, total),
            remarks="; ".join(beside),
            writer=writer,
            head="",
            cut=moment(min(asked.at, asked.period.ends)),
        )

    def indices(self, asked: Asked) -> Table:
        """The shares that the centre is scored by, each with its numerator, denominator and points."""
        figures = self._reckoning.sums("agency", asked.period, asked.at).total()
        lines = []
        for index in INDICES:
            share, points = index.share(figures), index.scored(figures)
            cells = (
                index.group,
                share.numerator,
                index.over,
                share.denominator,
                index.under,
                share.words,
                "–"
                if points is None or index.points is None
                else f"{vietnamese(points)}/{index.points.most}",
            )
            lines.append(Line(index.title, cells))
        heads = ("Nhóm", "Tử số", "là", "Mẫu số", "là", "Tỷ lệ", "Điểm QĐ 766")
        notes = (
            "Chỉ gồm các chỉ số tính được từ hồ sơ. Công khai, minh bạch và số hóa hồ sơ không có ở đây, nên không cộng thành 100 điểm.",
        )
        title = "Bộ chỉ số phục vụ người dân, doanh nghiệp (QĐ 766/QĐ-TTg)"
        return Table(title, "Chỉ số", tuple(Head("", one) for one in heads), tuple(lines), notes, asked.as_of)

    def on_site(self, asked: Asked) -> Table:
        """By agency: the room's share of procedures (of the last day) and of dossiers."""
        heirs = self._succession(asked) if asked.by == HEIR else AT_THE_TIME
        catalog = on_site_procedures(self._view.procedures(asked.period.last), heirs)
        sums = self._sums(asked)
        members = sorted({*sums.members(), *catalog} - {""})
        heads = (
            Head("Thủ tục", "4 tại chỗ"),
            Head("Thủ tục", "Tất cả"),
            Head("Thủ tục", "Tỷ lệ"),
            Head("Tiếp nhận", "4 tại chỗ"),
            Head("Tiếp nhận", "Tất cả"),
            Head("Tiếp nhận", "Tỷ lệ"),
            Head("Đã giải quyết", "4 tại chỗ"),
            Head("Đã giải quyết", "Tất cả"),
            Head("Đã giải quyết", "Tỷ lệ"),
        )

        def cells(figures: Figures, share: Share) -> tuple[int | str, ...]:
            received = Share(figures.on_site_received, figures.new)
            resolved = Share(figures.on_site_resolved, figures.resolved)
            return tuple(
                cell
                for one in (share, received, resolved)
                for cell in (one.numerator, one.denominator, one.words)
            )

        lines = [
            Line(self.name(asked.by, member), cells(sums.figures(member), catalog.get(member, Share(0, 0))))
            for member in members
        ]
        lines.append(Line(SUM, cells(sums.total(), catalog.get("", Share(0, 0))), is_sum=True))
        notes = (
            f"Thủ tục: có hiệu lực ngày {asked.period.last:%d/%m/%Y}. Hồ sơ: tính theo thủ tục lúc tiếp nhận.",
        )
        title = "Giải quyết theo cơ chế 4 tại chỗ"
        return Table(title, DIMENSIONS[asked.by], heads, tuple(lines), notes, asked.as_of)

    def satisfaction(self, asked: Asked) -> Table:
        """Ratings by level, and what share of the dossiers that were returned has one."""
        heads = (
            Head("", "Lượt đánh giá"),
            *(Head("Mức", words) for words in LEVELS.values()),
            Head("", "Tỷ lệ hài lòng"),
            Head("", "Hồ sơ đã trả"),
            Head("", "Tỷ lệ có đánh giá"),
        )

        def cells(figures: Figures, amount: Callable[[str], int]) -> tuple[int | str, ...]:
            return (
                figures.rated,
                *(amount(f"level_{level}") for level in LEVELS),
                Share(figures.satisfied, figures.rated).words,
                figures.returned,
                Share(figures.rated, figures.returned).words,
            )

        notes = (
            "Tỷ lệ hài lòng = lượt từ mức Hài lòng trở lên / lượt đánh giá. Đọc cùng tỷ lệ có đánh giá = lượt đánh giá / hồ sơ trả kết quả trong kỳ.",
        )
        return self._by_figures("Mức độ hài lòng", asked, heads, cells, notes)

    def fees(self, asked: Asked) -> Table:
        """What was taken and given back, by kind of fee and by method; đồng."""
        heads = (
            Head("", "Biên lai"),
            Head("Thu vào (đồng)", "Phí"),
            Head("Thu vào (đồng)", "Lệ phí"),
            Head("Thu vào (đồng)", "Cộng"),
            *(Head("Hình thức (đồng)", words) for words in METHODS.values()),
            Head("", "Hoàn lại (đồng)"),
            Head("", "Hồ sơ đã thu"),
            Head("", "Thu trực tuyến"),
        )

        def cells(figures: Figures, amount: Callable[[str], int]) -> tuple[int | str, ...]:
            return (
                amount("receipts"),
                amount("phi"),
                amount("le_phi"),
                amount("phi") + amount("le_phi"),
                *(amount(f"paid_by_{method}") for method in METHODS),
                amount("refunded"),
                figures.paid,
                Share(figures.paid_online, figures.paid).words,
            )

        notes = (
            "Biên lai còn hiệu lực, theo ngày thu. Thu trực tuyến = hồ sơ có lần thu gần nhất là trực tuyến / hồ sơ đã thu trong kỳ.",
        )
        return self._by_figures("Phí, lệ phí", asked, heads, cells, notes)

    def standing_still(self, asked: Asked) -> Table:
        """Where open dossiers are, and how many are over: for who supervises."""
        heads = (
            Head("Đang giải quyết", "Tổng số"),
            Head("Đang giải quyết", "Quá hạn"),
            Head("Đang giải quyết", "trong đó đã hẹn lại"),
            Head("Đang giải quyết", "Tạm dừng tính giờ"),
            Head("Đang giải quyết", "Tranh chấp"),
            Head("Trong kỳ", "Giải quyết quá hạn"),
            Head("Trong kỳ", "Tỷ lệ quá hạn"),
        )

        def cells(figures: Figures, _: object) -> tuple[int | str, ...]:
            return (
                figures.in_progress,
                figures.over,
                figures.over_excused,
                figures.stopped,
                figures.contested,
                figures.overdue,
                Share(figures.overdue, figures.resolved).words,
            )

        notes = ("Tỷ lệ quá hạn = hồ sơ giải quyết quá hạn / hồ sơ đã giải quyết trong kỳ.",)
        return self._by_figures("Quá hạn và đang đứng ở đâu", asked, heads, cells, notes)

    def load(self, asked: Asked) -> Table:
        """What everybody did in the months that the period touches."""
        last, first = asked.period.last, asked.period.first
        acts = self._reckoning.acts(asked.period)
        kinds = sorted({kind for of in acts.values() for kind in of}, key=_place_of)
        heads = (Head("", "Cộng"), *(Head("", _title_of(kind)) for kind in kinds))
        lines = [
            Line(self._view.name_of(name), (sum(of.values()), *(of.get(kind, 0) for kind in kinds)))
            for name, of in sorted(acts.items(), key=lambda one: -sum(one[1].values()))
        ]
        sums = tuple(sum(of.get(kind, 0) for of in acts.values()) for kind in kinds)
        lines.append(Line(SUM, (sum(sums), *sums), is_sum=True))
        begins, ends = f"{first:%m/%Y}", f"{last:%m/%Y}"
        when = f"tháng {ends}" if begins == ends else f"từ tháng {begins} đến tháng {ends}"
        notes = (
            "Số việc mỗi người đã ghi, kể cả việc sau đó không còn hiệu lực; không phải thước đo chất lượng.",
        )
        return Table(f"Khối lượng công việc {when}", "Người làm", heads, tuple(lines), notes, asked.as_of)

    def _by_figures(
        self,
        title: str,
        asked: Asked,
        heads: tuple[Head, ...],
        cells: Callable[[Figures, Callable[[str], int]], tuple[int | str, ...]],
        notes: tuple[str, ...],
    ) -> Table:
        sums = self._sums(asked)
        lines = []
        for member in sorted(sums.members(), key=lambda member: (member == "", self.name(asked.by, member))):
            row = cells(sums.figures(member), _amounts(sums, member))
            if any(cell for cell in row if isinstance(cell, int)):
                lines.append(Line(self.name(asked.by, member), row))
        every = sums.members()
        total = cells(sums.total(), lambda name: sum(sums.amount(member, name) for member in every))
        lines.append(Line(SUM, total, is_sum=True))
        return Table(title, DIMENSIONS[asked.by], heads, tuple(lines), notes, asked.as_of)

    def name(self, dimension: str, member: str) -> str:
        """What people call an agency, a place, a procedure."""
        if not member:
            return NAMELESS
        if dimension in ("agency", HEIR):
            return self._view.agency_name(member)
        if dimension == "place":
            cards = (self._view.card(f"{member}.{number}") for number in range(9, 0, -1))
            return next((card.title for card in cards if card is not None), member)
        if dimension == "procedure":
            procedure = self._view.procedure(member, date.max)
            return f"{member} {procedure.name}" if procedure else member
        return member


def _row(tt: str, name: str, figures: Figures) -> Row:
    return Row(
        tt=tt,
        name=name,
        received=figures.received,
        online=figures.online,
        direct=figures.direct + figures.post,
        carried=figures.carried_over,
        resolved=figures.resolved,
        early=figures.early,
        on_time=figures.on_time,
        overdue=figures.overdue,
        pending=figures.in_progress,
        within=figures.within,
        over=figures.over,
    )


def _amounts(sums: Sums, member: str) -> Callable[[str], int]:
    return lambda name: sums.amount(member, name)


def _title_of(kind: str) -> str:
    act = BY_KIND.get(kind)
    return act.title if act else kind


_ORDER: Final[Mapping[str, int]] = {kind: place for place, kind in enumerate(BY_KIND)}


def _place_of(kind: str) -> int:
    return _ORDER.get(kind, len(_ORDER))
