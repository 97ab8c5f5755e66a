"""What the catalog of the five years says: agencies, procedures, people, machines, calendars.

The names of the sixteen departments are those of 2023 (their codes are not known, and so marked as sample ones); the
numbers of their procedures and what share of the dossiers they have are made up, within the article's sums. Procedures
have their real names where the sample catalog knows them; the others are called what they are, sample procedures.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from random import Random
from typing import Final

from msgspec import structs

from central.catalog_import import read_procedures
from central.centre import Numbers, Place
from schemas.deadlines import Limit, Unit
from schemas.entries import Agency, Centre, Component, Duty, Fee, FeeKind, Grant, Procedure, Queue, Role, Step
from schemas.spelling import plain

FIRST: Final = date(2019, 1, 17)
"""The day on which the centre opened."""
LAST: Final = date(2023, 12, 29)
YEARS: Final = range(2019, 2025)
"""Those of which a calendar is needed: results of the last days are due in the year after."""
CENTRE: Final = Centre(
    name="Trung tâm Phục vụ hành chính công tỉnh Lạng Sơn",
    superior="Ủy ban nhân dân tỉnh Lạng Sơn",
    place="Lạng Sơn",
)
CENTRAL: Final = Place(
    "central.1",
    "Trung tâm",
    0,
    (Duty.CATALOG, Duty.DESK, Duty.APPRAISE, Duty.APPROVE, Duty.INTAKE, Duty.PETITION),
)
ADMINISTRATOR: Final = "quan.tri"
LEADER: Final = "lanh.dao"
OFFICER: Final = "doi.soat"
GROUPS: Final = 4
"""Agencies, counters, a desk of the room and a kiosk work in groups, each by itself, as in the four corners of a hall."""
COUNTERS: Final = 5
"""Counters of a group."""


@dataclass(frozen=True, slots=True)
class Department:
    """An agency of 2023: how many procedures it has here, how many of them in the 4-on-site room, how many dossiers of a
    thousand, and in which group it works."""

    name: str
    abbreviation: str
    procedures: int
    on_site: int
    share: int
    group: int


DEPARTMENTS: Final = (
    Department("Sở Kế hoạch và Đầu tư", "SKHĐT", 85, 40, 70, 2),
    Department("Sở Tài chính", "STC", 30, 8, 5, 3),
    Department("Sở Tư pháp", "STP", 115, 40, 120, 1),
    Department("Sở Nội vụ", "SNV", 80, 22, 20, 3),
    Department("Sở Công Thương", "SCT", 105, 45, 60, 2),
    Department("Sở Nông nghiệp và Phát triển nông thôn", "SNNPTNT", 90, 28, 30, 3),
    Department("Sở Giao thông vận tải", "SGTVT", 90, 45, 220, 0),
    Department("Sở Xây dựng", "SXD", 50, 18, 30, 0),
    Department("Sở Tài nguyên và Môi trường", "STNMT", 100, 20, 140, 1),
    Department("Sở Thông tin và Truyền thông", "STTTT", 37, 14, 10, 3),
    Department("Sở Lao động - Thương binh và Xã hội", "SLĐTBXH", 80, 26, 60, 2),
    Department("Sở Văn hóa, Thể thao và Du lịch", "SVHTTDL", 100, 40, 20, 2),
    Department("Sở Khoa học và Công nghệ", "SKHCN", 45, 14, 5, 3),
    Department("Sở Giáo dục và Đào tạo", "SGDĐT", 65, 14, 20, 3),
    Department("Sở Y tế", "SYT", 85, 14, 30, 2),
    Department("Ban Quản lý Khu kinh tế cửa khẩu Đồng Đăng - Lạng Sơn", "BQLKKTCK", 34, 8, 10, 3),
    Department("Bảo hiểm xã hội tỉnh", "BHXH", 25, 0, 60, 3),
    Department("Công an tỉnh", "CAT", 14, 0, 60, 3),
    Department("Công ty Điện lực Lạng Sơn", "PCLS", 19, 0, 30, 3),
)
"""1,191 procedures of the sixteen, 25, 14 and 19; 396 of the sixteen are done in the room."""
_STEPS: Final = {
    True: (Step.APPRAISE, Step.APPROVE, Step.NUMBER, Step.SEAL),
    False: (Step.APPRAISE, Step.APPROVE),
}
_LIMITS: Final = {True: (1, 2, 3, 3, 5), False: (3, 5, 7, 10, 10, 15, 20, 30)}
"""Working days of sample procedures."""
_FEES: Final = (10_000, 20_000, 30_000, 50_000, 100_000, 135_000, 200_000)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who works here; `signs` results."""

    id: str
    name: str
    title: str
    roles: tuple[Role, ...]
    signs: bool = False

    def grants(self) -> tuple[Grant, ...]:
        """Each role from 1 January of the first year on, without an end."""
        return tuple(Grant(role, FIRST.replace(month=1, day=1)) for role in self.roles)


@dataclass(frozen=True, slots=True)
class Staff:
    """Who does what, by agency and by counter."""

    counters: dict[str, Member]
    appraisers: dict[str, tuple[Member, ...]]
    approvers: dict[str, Member]
    clerks: dict[int, Member]
    leaders: tuple[Member, ...]

    def all(self) -> list[Member]:
        """Everybody once, in the same order each time."""
        appraisers = [one for some in self.appraisers.values() for one in some]
        return [
            *self.leaders,
            *self.counters.values(),
            *appraisers,
            *self.approvers.values(),
            *self.clerks.values(),
        ]


def agencies() -> list[Agency]:
    """The nineteen; none of their codes is known for sure."""
    return [
        Agency(f"H37.{901 + place}", one.name, sample=True, abbreviation=one.abbreviation)
        for place, one in enumerate(DEPARTMENTS)
    ]


def group_of(agency: str) -> int:
    """The group of a department, by its code (`sample.901` is the first)."""
    return DEPARTMENTS[int(agency.rpartition(".")[2]) - 901].group


def procedures() -> list[Procedure]:
    """All 1,249, those of one agency together, those of the room first."""
    known = _known()
    return [
        one
        for place, (agency, department) in enumerate(zip(agencies(), DEPARTMENTS, strict=True))
        for one in _of(place, agency, department, known.get(plain(department.name), []))
    ]


def _known() -> dict[str, list[Procedure]]:
    """Real procedures of the sample catalog, by the name of the agency that had them in 2023."""
    content = (files("central") / "sample" / "procedures.csv").read_text("utf-8-sig")
    reader = csv.DictReader(io.StringIO(content))
    out = io.StringIO()
    writer = csv.DictWriter(out, reader.fieldnames or ())
    writer.writeheader()
    writer.writerows({**row, "co_quan_2026": row["co_quan_2023"]} for row in reader)
    read = read_procedures(out.getvalue().encode(), agencies(), since=FIRST.replace(month=1, day=1))
    names = {one.code: plain(one.name) for one in agencies()}
    known: dict[str, list[Procedure]] = {}
    for one in read.procedures:
        known.setdefault(names[one.agency], []).append(one)
    return known


def _of(place: int, agency: Agency, department: Department, known: list[Procedure]) -> Iterator[Procedure]:
    chance = Random(f"procedures {place}")  # noqa: S311 - the same catalog every time
    real = sorted(known, key=lambda one: (not one.on_site, one.code))[: department.procedures]
    for number in range(department.procedures):
        on_site = number < department.on_site
        if number < len(real):
            limit = real[number].limit
            if on_site and (limit.unit is not Unit.WORKING_DAYS or limit.value > max(_LIMITS[True])):
                limit = Limit(max(_LIMITS[True]), Unit.WORKING_DAYS)
            papers = tuple(structs.replace(one, at_return=False) for one in real[number].components)
            yield structs.replace(
                real[number],
                agency=agency.code,
                on_site=on_site,
                steps=_STEPS[on_site],
                limit=limit,
                components=papers,
            )
            continue
        paid = chance.random() < 0.34  # two of three procedures are free (domain §8.5)
        yield Procedure(
            code=f"9.{place:02}{number:04}",
            name=f"Thủ tục mẫu số {number + 1} của {department.name}",
            field=f"Lĩnh vực mẫu {number % 4 + 1} ({department.abbreviation})",
            agency=agency.code,
            limit=Limit(chance.choice(_LIMITS[on_site]), Unit.WORKING_DAYS),
            components=(Component("Đơn đề nghị theo mẫu", 1, 0), Component("Giấy tờ kèm theo", 0, 1)),
            fees=(Fee(FeeKind.FEE, chance.choice(_FEES)),) if paid else (),
            result="Kết quả giải quyết thủ tục",
            on_site=on_site,
            steps=_STEPS[on_site],
            since=FIRST.replace(month=1, day=1),
        )


def places() -> list[Place]:
    """The machines beside central, group by group."""
    found = []
    for group in range(GROUPS):
        for counter in range(COUNTERS):
            number = 1 + group * COUNTERS + counter
            symbol = f"MAU-{number:02}"
            ranges = (Numbers("receipt", symbol, 1, 9_999_999, "01BLP"),)
            duties = (Duty.RECEIVE, Duty.RETURN, Duty.COLLECT, Duty.QUEUE)
            found.append(Place(f"counter-{number:02}.1", f"Quầy {number:02}", number, duties, ranges=ranges))
        letter = "ABCD"[group]
        room = (Duty.APPRAISE, Duty.APPROVE, Duty.SEAL)
        number = 41 + group
        found.append(Place(f"room-{group + 1:02}.1", f"Phòng 4 tại chỗ, bàn {group + 1}", number, room))
        found.append(
            Place(f"agency-{group + 1:02}.1", f"Các sở, ngành, cụm {group + 1}", 51 + group, room[:2])
        )
        tickets = (Numbers("ticket", letter, 1, 999),)
        found.append(
            Place(
                f"kiosk-{group + 1:02}.1",
                f"Máy lấy số {group + 1}",
                61 + group,
                (Duty.KIOSK,),
                ranges=tickets,
            )
        )
    return found


QUEUES: Final = tuple(
    Queue("ABCD"[group], f"Nhận kết quả, khu {group + 1}", FIRST, phase="return") for group in range(GROUPS)
)
_FAMILY: Final = ("Nông", "Hoàng", "Vi", "Lý", "Lương", "Triệu", "Nguyễn", "Hứa", "Đàm", "Phùng", "Chu", "Bế")
_MIDDLE: Final = ("Văn", "Thị", "Thúy", "Đức", "Minh", "Thị Hồng", "Quốc", "Ngọc", "Kim", "Thanh", "Hữu")
_GIVEN: Final = (
    "Thắng", "Páo", "Mai", "Quyết", "Sáng", "Hạnh", "Đạt", "Bích", "Tiến", "Ưng", "Yến", "Lan", "Sơn", "Hà", "Tùng",
)  # fmt: skip


def name(chance: Random) -> str:
    """Somebody of the province, made up."""
    return " ".join(chance.choice(part) for part in (_FAMILY, _MIDDLE, _GIVEN))


def staff() -> Staff:
    """Everybody, with names that are made up."""
    chance = Random("staff")  # noqa: S311 - the same people every time
    codes = [one.code for one in agencies()]
    counters = [one.node for one in places() if Duty.RECEIVE in one.duties]
    return Staff(
        counters={
            node: Member(
                f"tiep.nhan-{place:02}",
                name(chance),
                "Công chức tiếp nhận",
                (Role.RECEIVER, Role.CASHIER),
            )
            for place, node in enumerate(counters, 1)
        },
        appraisers={
            code: tuple(
                Member(f"tham.dinh-{code[4:]}.{place}", name(chance), "Chuyên viên", (Role.APPRAISER,))
                for place in (1, 2)
            )
            for code in codes
        },
        approvers={
            code: Member(f"phe.duyet-{code[4:]}", name(chance), "Phó Giám đốc", (Role.APPROVER,), signs=True)
            for code in codes
        },
        clerks={
            group: Member(f"van.thu-{group + 1}", name(chance), "Văn thư", (Role.CLERK,), signs=True)
            for group in range(GROUPS)
        },
        leaders=(
            Member(ADMINISTRATOR, name(chance), "Quản trị hệ thống", (Role.ADMINISTRATOR,)),
            Member(LEADER, name(chance), "Giám đốc Trung tâm", (Role.SUPERVISOR,)),
            Member(OFFICER, name(chance), "Công chức đối soát", (Role.DESK_OFFICER,)),
        ),
    )
