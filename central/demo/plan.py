"""The sample centre: its nodes, its people and its calendars. People, PINs and dossiers are made up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from central.centre import Numbers, Place
from schemas.calendar import DayOff, Year
from schemas.entries import Account, Centre, Delegation, Duty, Grant, NumberRange, Person, Queue, Role, Step

HOST: Final = "127.0.0.1"
SINCE: Final = date(2025, 1, 1)
CENTRE: Final = Centre(
    name="Trung tâm Phục vụ hành chính công tỉnh Lạng Sơn",
    superior="Ủy ban nhân dân tỉnh Lạng Sơn",
    place="Lạng Sơn",
)
_EDGE: Final = (Duty.RECEIVE, Duty.RETURN, Duty.COLLECT, Duty.QUEUE, Duty.KIOSK)
"""The demo's counters have the kiosk and the board of the hall too: one screen may show all of them."""
TICKETS: Final = {
    "counter-01": (Numbers("ticket", "*", 1, 399),),
    "counter-02": (Numbers("ticket", "*", 400, 799),),
}
"""The tickets that each kiosk may give, every day anew."""
_ROOM: Final = (Duty.RECEIVE, Duty.RETURN, Duty.APPRAISE, Duty.APPROVE, Duty.SEAL)
_CENTRE: Final = (
    *(Duty.CATALOG, Duty.DESK, Duty.APPRAISE, Duty.APPROVE, Duty.SEAL, Duty.INTAKE, Duty.PETITION),
)


@dataclass(frozen=True, slots=True)
class DemoNode:
    """A node of the demo: the name of its folder and of its line in reports, its place, its port."""

    name: str
    place: Place
    port: int


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A made-up member of staff; `signs` with a token whose PIN is the same as the screen's. `agency`: who sits there, and
    not at the centre."""

    id: str
    name: str
    title: str
    role: Role
    pin: str
    capacity: str = ""
    signs: bool = False
    agency: str = ""

    def entry(self, certificates: tuple[str, ...], signature: str) -> Person:
        """`signature` names the picture of their handwriting."""
        roles = (Grant(self.role, SINCE),)
        return Person(
            self.id,
            self.name,
            self.title,
            roles,
            self.capacity,
            certificates,
            signature,
            agency=self.agency,
        )


def nodes(first_port: int = 8600) -> tuple[DemoNode, ...]:
    """Central first. With `first_port` 0 each port is chosen by the system."""
    places = (
        ("central", "central.1", "Trung tâm", 0, _CENTRE),
        ("counter-01", "counter-01.1", "Quầy 01", 1, _EDGE),
        ("counter-02", "counter-02.1", "Quầy 02", 2, _EDGE),
        ("room-01", "room-01.1", "Phòng 4 tại chỗ", 11, _ROOM),
    )
    return tuple(
        DemoNode(
            name,
            Place(node, title, number, duties, "", ranges=TICKETS.get(name, ())),
            first_port + offset if first_port else 0,
        )
        for offset, (name, node, title, number, duties) in enumerate(places)
    )


PEOPLE: Final = (
    DemoPerson("hanh.nh", "Nguyễn Hồng Hạnh", "Công chức tiếp nhận", Role.RECEIVER, "140726"),
    DemoPerson("long.pd", "Phạm Đức Long", "Công chức tiếp nhận", Role.RECEIVER, "250811"),
    DemoPerson("ha.lt", "Lộc Thị Hà", "Công chức thẩm định", Role.APPRAISER, "361902"),
    DemoPerson(
        "viet.tq", "Trần Quốc Việt", "Phó Giám đốc Sở", Role.APPROVER, "472013", "TUQ. GIÁM ĐỐC", signs=True
    ),
    DemoPerson(
        "mai.hk", "Hoàng Kim Mai", "Phó Giám đốc Sở", Role.APPROVER, "583124", "TUQ. GIÁM ĐỐC", signs=True
    ),
    DemoPerson("chi.nth", "Nguyễn Thị Hoài Chi", "Văn thư", Role.CLERK, "816357", signs=True),
    DemoPerson("van.lt", "Lương Thị Vân", "Thu phí, lệ phí", Role.CASHIER, "927468"),
    DemoPerson("thao.np", "Nguyễn Phương Thảo", "Thu phí, lệ phí", Role.CASHIER, "138579"),
    DemoPerson("huong.ltt", "Lê Thị Thu Hương", "Công chức đối soát", Role.DESK_OFFICER, "694235"),
    DemoPerson("dung.tt", "Triệu Thị Dung", "Kiểm tra, giám sát", Role.SUPERVISOR, "916283"),
    DemoPerson("quan.nv", "Nông Văn Quân", "Quản trị hệ thống", Role.ADMINISTRATOR, "705346"),
    DemoPerson(
        "tinh.vv", "Vi Văn Tình", "Chuyên viên Sở Xây dựng", Role.APPRAISER, "735162", agency="H37.07"
    ),
)
QUEUES: Final = (
    Queue("A", "Đất đai, môi trường", SINCE, english="Land, environment"),
    Queue("B", "Đường bộ, xây dựng", SINCE, english="Roads, construction"),
    Queue("C", "Doanh nghiệp, đầu tư", SINCE, english="Business, investment"),
    Queue("D", "Tư pháp, hộ tịch", SINCE, english="Justice, civil status"),
    Queue("E", "Công an, bảo hiểm", SINCE, english="Police, insurance"),
    Queue("G", "Nhận kết quả", SINCE, english="Collect a result", phase="return"),
)
"""What a visitor chooses at the kiosk; every counter calls all of them."""
SEAL_PIN: Final = "246810"
"""Opens the token of every agency's seal."""
STEPS: Final = (Step.APPRAISE, Step.APPROVE, Step.NUMBER, Step.SEAL)
"""What a result of the 4-on-site room needs; the other procedures are decided when they are approved."""
CHECKLIST: Final = (
    "Giấy tờ đủ thành phần, đúng mẫu",
    "Người nộp đúng tư cách, hoặc có giấy ủy quyền",
    "Đủ điều kiện theo quy định của thủ tục",
)
"""What the demo's appraisers go through; made up: a centre writes down those of its own procedures."""
WORDING: Final = (
    "Cấp {result} cho {applicant}[, {identity_kind} {identity}][, địa chỉ {address}], theo hồ sơ số {number}."
)
REFUSAL: Final = "Hồ sơ số {number} của {applicant} chưa đủ điều kiện giải quyết. Lý do: {opinion}"
SEALS_ELSEWHERE: Final = frozenset({"H37.07"})
"""An agency that has not lent the room its seal: its results go without number and seal here."""
ADMINISTRATOR: Final = "quan.nv"
DELEGATIONS: Final = tuple(
    Delegation(
        id=f"UQ-{place:02d}",
        form="TUQ",
        delegator="Giám đốc Sở",
        delegate=person.id,
        decision=f"Quyết định số {place:02d}/QĐ-UQ (mẫu)",
        since=SINCE,
        until=date(2030, 12, 31),
    )
    for place, person in enumerate((one for one in PEOPLE if one.role is Role.APPROVER), start=1)
)
"""The written powers by which the approvers sign for the heads of their agencies; made up."""
RECEIPTS: Final = tuple(
    NumberRange(
        f"{node} {symbol}",
        node,
        "receipt",
        first,
        first + 999,
        date(year, 1, 1),
        until=date(year, 12, 31),
        form=form,
        symbol=symbol,
    )
    for node, first in (("counter-01.1", 1), ("counter-02.1", 1001))
    for form, symbol, year in (
        ("01BLP2-001", "28AA-26T", 2026),
        ("EBL01", "26TAA", 2026),
        ("EBL01", "27TAA", 2027),
        ("EBL01", "28TAA", 2028),
    )
)
"""What the counters may number their receipts from; made up."""
ACCOUNT: Final = Account("970405", "Agribank Lạng Sơn (mẫu)", "8300201{code}", "Tài khoản thu phí (mẫu)")
"""Where fees are paid into, with the digits of the agency's code in the number: no such account is known."""
TAX_CODE: Final = "4900000000"
"""Of no agency: its check digit is wrong."""
AUDITOR: Final = ("auditor", "auditor")
"""A program that reads the databases: name and password, for curl and for PouchDB."""


def _off(year: int, days: str, why: str) -> tuple[DayOff, ...]:
    return tuple(DayOff(date(year, int(day[3:]), int(day[:2])), why) for day in days.split())


CALENDARS: Final = (
    Year(
        2026,
        (
            *_off(2026, "01/01", "Tết Dương lịch"),
            *_off(2026, "02/01", "nghỉ hoán đổi"),
            *_off(2026, "16/02 17/02 18/02 19/02 20/02", "Tết Nguyên đán"),
            *_off(2026, "27/04", "nghỉ bù Giỗ Tổ Hùng Vương"),
            *_off(2026, "30/04", "Ngày Chiến thắng"),
            *_off(2026, "01/05", "Quốc tế Lao động"),
            *_off(2026, "31/08", "nghỉ hoán đổi"),
            *_off(2026, "01/09 02/09", "Quốc khánh"),
            *_off(2026, "24/11", "Ngày Văn hóa Việt Nam"),
        ),
        (date(2026, 1, 10), date(2026, 8, 22)),
        confirmed=True,
    ),
    Year(
        2027,
        (
            *_off(2027, "01/01", "Tết Dương lịch"),
            *_off(2027, "05/02 08/02 09/02 10/02 11/02", "Tết Nguyên đán"),
            *_off(2027, "16/04", "Giỗ Tổ Hùng Vương"),
            *_off(2027, "30/04", "Ngày Chiến thắng"),
            *_off(2027, "03/05", "nghỉ bù Quốc tế Lao động"),
            *_off(2027, "01/09 02/09", "Quốc khánh"),
            *_off(2027, "24/11", "Ngày Văn hóa Việt Nam"),
        ),
        (),
        confirmed=False,
    ),
)
"""2026 as announced (10/01 and 02/01 from memory); 2027 is a proposal that nobody has confirmed, and says so."""
