"""What goes out over the line: a dossier in the fields of the national exchange, and what somebody is told by mail. Pure.

The names of the outer fields are those that production systems send (HoSoDongBoDVC; domain §3.1). What a message says is
a function of the dossier alone: the same dossier makes the same message, so that nothing is sent twice for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from schemas.acts import BY_KIND, Party, Received, Registered, Status
from schemas.calendar import VIETNAM
from schemas.events import moment
from schemas.fold import Dossier, Line, Place
from schemas.identity import is_personal_number, is_tax_code
from schemas.intake import NOT_RECEIVED, REQUESTED, is_mail, registered_of, submission_of
from schemas.views import View

CHANNELS: Final = {"direct": "1", "online": "2", "post": "3"}
LONGEST_SUMMARY: Final = 1000
_WITHOUT_EFFECT: Final = (Place.HELD, Place.WAITING, Place.NEWER, Place.VOID, Place.REDACTED)
_FINISHED: Final = (Status.DONE, Status.RETURNED)


def message_of(dossier: Dossier, view: View) -> dict[str, Any] | None:
    """The dossier as the exchange wants it; None for what is no dossier, or whose words are gone."""
    said = dossier.received or registered_of(dossier)
    if said is None:
        return None
    standing, status = dossier.standing, dossier.status
    came, online = said.submitter or said.applicant, submission_of(dossier)
    agency = view.agency(said.agency)
    returned = standing.returns[0] if standing.returns else None
    not_received = standing.newest.get(NOT_RECEIVED)
    finished = standing.finished if status in _FINISHED else None
    fields: dict[str, Any] = {
        "MaHoSo": said.number,
        "MaTTHC": said.procedure,
        "TenTTHC": said.procedure_name,
        "KenhThucHien": CHANNELS[said.channel],
        "ChuHoSo": said.applicant.name,
        "LoaiDoiTuong": _kind_of(said.applicant),
        "MaDoiTuong": said.applicant.identity,
        "DinhDanhCHS": _identities(said.applicant),
        "SoDienThoai": came.phone or said.applicant.phone,
        "Email": came.email or said.applicant.email,
        "TrichYeuHoSo": f"{said.procedure_name}, {said.applicant.name}"[:LONGEST_SUMMARY],
        "NgayNopHoSo": _digits(standing.newest["dossier.registered"].at) if online else "",
        "NgayTiepNhan": _digits(standing.received_at),
        "NgayHenTra": _digits(standing.due if dossier.received is not None else ""),
        "NgayTuChoi": _digits(not_received.at if not_received is not None else ""),
        "NgayKetThucXuLy": _digits(finished.at if finished is not None else ""),
        "NgayTra": _digits(returned.at if returned is not None else ""),
        "HinhThuc": "1" if said.return_by == "post" else "0",
        "TrangThaiHoSo": str(status.value),
        "DonViXuLy": agency.name if agency is not None else said.agency,
        "NoiNopHoSo": "1" if online is not None else "0",
        "TaiLieuNop": [{"TenTepDinhKem": one.name} for one in said.components],
        "DanhSachLePhi": _fees(said),
        "DanhSachGiayToKetQua": _results(dossier),
    }
    return {"HoSo": fields, "TienDo": [_step(line, view) for line in _steps(dossier)]} | (
        {"CongNop": {"Cong": online.portal, "Ma": online.name}} if online is not None else {}
    )


def _kind_of(party: Party) -> str:
    """1 a citizen, 2 an enterprise, 4 another organisation: as far as the number tells."""
    if is_tax_code(party.identity):
        return "2"
    return "1" if is_personal_number(party.identity) or not party.identity else "4"


def _identities(party: Party) -> list[dict[str, str]]:
    if is_personal_number(party.identity):
        return [{"LoaiDinhDanh": "1", "SoDinhDanh": party.identity}]
    return []


def _fees(said: Received | Registered) -> list[dict[str, str]]:
    if not isinstance(said, Received):
        return []
    names = {"phi": "Phí", "le_phi": "Lệ phí"}
    kinds = {"phi": "1", "le_phi": "2"}
    return [
        {"TenPhiLePhi": names[fee.kind], "LoaiPhiLePhi": kinds[fee.kind], "Gia": str(fee.amount)}
        for fee in said.fees
    ]


def _results(dossier: Dossier) -> list[dict[str, str]]:
    """Only what was released: signed, numbered and sealed as its procedure asks, and in no conflict."""
    file = released(dossier)
    return (
        [{"TenGiayTo": "Kết quả giải quyết", "DuongDanTepTinKetQua": f"/api/results/{file}"}] if file else []
    )


def released(dossier: Dossier) -> str:
    """The file of the result that may go out; "" for none."""
    if dossier.status not in _FINISHED or dossier.contested:
        return ""
    standing = dossier.standing
    return standing.preserved or standing.result or ""


def _steps(dossier: Dossier) -> Iterable[Line]:
    """The acts that led it from one status to the next."""
    for line in dossier.timeline:
        act = BY_KIND.get(line.kind)
        if act is not None and act.reaches is not None and line.place not in _WITHOUT_EFFECT:
            yield line


def _step(line: Line, view: View) -> dict[str, str]:
    person, card, act = view.person(line.by), view.card(line.node), BY_KIND[line.kind]
    return {
        "NguoiXuLy": person.name if person is not None else "",
        "ChucDanh": person.title if person is not None else "",
        "ThoiDiemXuLy": _digits(line.at),
        "PhongBanXuLy": card.title if card is not None else line.node,
        "NoiDungXuLy": act.title,
        "TrangThai": str(act.reaches.value) if isinstance(act.reaches, Status) else "",
    }


def _digits(at: str) -> str:
    """yyyyMMddHHmmss in Vietnam; "" for what has not come."""
    return f"{moment(at).astimezone(VIETNAM):%Y%m%d%H%M%S}" if at else ""


# ---- by mail


@dataclass(frozen=True, slots=True)
class Mail:
    """What somebody is told once, because of one act. No name and no number of a person stands in it."""

    act: str
    to: str
    subject: str
    text: str


_ASK: Final = "Hỏi thêm: mang hoặc đọc mã hồ sơ tại quầy bất kỳ của Trung tâm"


def mails_of(dossier: Dossier, new: Iterable[str], view: View) -> Iterable[Mail]:
    """What whoever wished for it is told because of acts that have come just now."""
    said = dossier.received or registered_of(dossier)
    if said is None or not said.notify or dossier.contested:
        return
    address = (said.submitter.email if said.submitter else "") or said.applicant.email
    if not is_mail(address):
        return
    come, centre = set(new), view.centre()
    foot = f"{_ASK}{f', hoặc tra cứu tại {centre.page}/look-up' if centre and centre.page else ''}."
    for act, subject, lines in _news(dossier):
        if act in come:
            named = said.number or "chưa có mã"
            head = [f"Hồ sơ: {named}", f"Thủ tục: {said.procedure} {said.procedure_name}", ""]
            who = [f"{centre.name}, thư tự động, xin không trả lời."] if centre else []
            yield Mail(act, address, f"{subject} ({named})", "\n".join([*head, *lines, "", foot, *who, ""]))


def _news(dossier: Dossier) -> Iterable[tuple[str, str, list[str]]]:
    """The acts that somebody outside wants to hear of: the act, the subject, what is told."""
    standing, newest = dossier.standing, dossier.standing.newest
    if standing.receipt is not None:
        due = _words(standing.first_due)
        yield standing.receipt.hash, "Hồ sơ đã được tiếp nhận", [f"Đã tiếp nhận. Hẹn trả kết quả: {due}."]
    if (refused := newest.get(NOT_RECEIVED)) is not None and refused.data is not None:
        lines = ["Hồ sơ không được tiếp nhận.", f"Lý do: {refused.data.reason}"]
        guidance = [f"Hướng dẫn: {refused.data.guidance}"] if refused.data.guidance else []
        yield refused.hash, "Hồ sơ không được tiếp nhận", [*lines, *guidance]
    if (asked := newest.get(REQUESTED)) is not None and asked.data is not None:
        papers = [f"- {one.name}: {one.why}" for one in asked.data.components]
        yield asked.hash, "Cần bổ sung hồ sơ", ["Cần bổ sung:", *papers]
    if dossier.status in _FINISHED and standing.finished is not None:
        where = "được gửi qua bưu chính" if _by_post(dossier) else "chờ ở quầy trả kết quả"
        yield standing.finished.hash, "Hồ sơ đã có kết quả", [f"Đã có kết quả, {where}."]
    if dossier.status is Status.STOPPED:
        for kind in ("dossier.suspended", "dossier.withdrawal_granted", "dossier.reception_cancelled"):
            if (stopped := newest.get(kind)) is not None:
                yield stopped.hash, "Hồ sơ đã dừng giải quyết", ["Hồ sơ không được giải quyết tiếp."]


def _by_post(dossier: Dossier) -> bool:
    return dossier.received is not None and dossier.received.return_by == "post"


def _words(at: str) -> str:
    return f"{moment(at).astimezone(VIETNAM):%H:%M ngày %d/%m/%Y}" if at else "chưa có"
