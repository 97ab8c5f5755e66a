"""Procedures and agencies from CSV, checked row by row (domain §4.2).

What the national portal shows is not fit for use as it comes: thousands are lost from fees, limits have no
unit, a code stands twice. A row with such a fault is shown and left out. A row that can be used and is odd all the same
(a limit that its own text contradicts, a rate that has run out) is doubtful: it is used when a person says so.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import msgspec

from central.errors import UnreadableCatalog
from edge.paper import WORDING_FACTS
from printing.forms import FACT
from schemas.deadlines import Limit, Unit
from schemas.entries import Agency, Component, Fee, FeeKind, Procedure, Step
from schemas.spelling import composed, plain

LEAST_FEE: Final = 1_000
"""A fee below this has lost its thousands: nothing costs 25 đồng."""

UNITS: Final[Mapping[str, Unit]] = {
    "ngay_lam_viec": Unit.WORKING_DAYS,
    "ngay": Unit.DAYS,
    "thang": Unit.MONTHS,
    "gio": Unit.HOURS,
    "trong_ngay": Unit.SAME_DAY,
}
COLUMNS: Final = (
    "ma_tthc",
    "ten_tthc",
    "linh_vuc",
    "co_quan_2026",
    "thoi_han",
    "don_vi",
    "phi_vnd",
    "le_phi_vnd",
    "ghi_chu_phi",
    "phi_hieu_luc_den",
    "thanh_phan_ho_so",
    "ket_qua",
    "bon_tai_cho_du_kien",
)
TEXT_COLUMNS: Final = ("thoi_han_goc", "quyet_dinh_cong_bo")
"""The limit as the portal words it, and the decision by which the procedure was published."""
ROOM_COLUMNS: Final = ("kiem_tra", "noi_dung_ket_qua", "noi_dung_tu_choi", "mot_buoc")
"""The checklist of a procedure ("a | b"), what its results begin as, with facts in braces, and `co` where one step is
enough: then nobody appraises it."""
ACCOUNT_COLUMNS: Final = ("tax_code", "bank", "bank_name", "account", "account_holder")
_CODE = re.compile(r"[0-9]\.[0-9]{6}(?:\.[0-9A-Z.]+)?")
_AGENCY_CODE = re.compile(r"\(([GH][0-9]{2}(?:\.[0-9]{2,3})*)\)")
_REMARK = re.compile(r"\s*\([^()]*\)")
_SAID_LIMIT = re.compile(r"([0-9]{1,3})\s*(ngày làm việc|ngày|tháng|giờ)", re.IGNORECASE)
_SAID_UNITS: Final[Mapping[str, str]] = {
    "ngày làm việc": "ngay_lam_viec",
    "ngày": "ngay",
    "tháng": "thang",
    "giờ": "gio",
}
_SAID_DAY = re.compile(r"đến\s+(?:hết\s+)?(?:ngày\s+)?([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", re.IGNORECASE)
_SAID_SMALL = re.compile(r"(?<![0-9.,])([1-9][0-9]{0,2})\s*(?:VNĐ|VND|đồng)\b", re.IGNORECASE)
_COUNTS = re.compile(
    r"\s*\[\s*(?:([0-9]{1,2}) bản chính)?\s*,?\s*(?:([0-9]{1,2}) bản sao)?\s*(,?\s*nộp bản chính khi trả)?\s*\]\s*$"
)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why one row was left out; `line` counts from 1, the head being line 1."""

    line: int
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Read:
    """What a file gave: procedures that are right, and rows that are not; `doubts` are of rows that are right and odd."""

    procedures: tuple[Procedure, ...]
    problems: tuple[RowProblem, ...]
    doubts: tuple[RowProblem, ...] = ()

    def surely(self) -> tuple[Procedure, ...]:
        """Those that nothing is odd about."""
        odd = {one.code for one in self.doubts}
        return tuple(one for one in self.procedures if one.code not in odd)


class _Wrong(Exception):
    """Why one row cannot be used."""


def read_procedures(content: bytes, agencies: Sequence[Agency], *, since: date) -> Read:
    """Procedures in the columns of `COLUMNS`; `since` is the first day of these versions.

    Raises `UnreadableCatalog` for a file that is no such table.
    """
    names = {plain(agency.name): agency.code for agency in agencies}
    codes = {agency.code for agency in agencies}
    procedures: dict[str, Procedure] = {}
    named: dict[tuple[str, str], str] = {}
    problems, doubts = [], []
    for line, row in rows(content, COLUMNS, may_have=(*ROOM_COLUMNS, *TEXT_COLUMNS)):
        code = row["ma_tthc"]
        try:
            if code in procedures:
                raise _Wrong("mã thủ tục đã có ở một dòng trên")
            one = _procedure(row, _agency(row["co_quan_2026"], names, codes), since)
            procedures[code] = one
            odd = list(_doubts(row, since))
            other = named.setdefault((one.agency, plain(one.name)), code)
            if other != code:
                odd.append(f"cùng tên, cùng cơ quan với {other}")
            doubts += [RowProblem(line, code, "; ".join(odd))] if odd else []
        except (_Wrong, msgspec.ValidationError) as why:
            problems.append(RowProblem(line, code, str(why)))
    return Read(tuple(procedures.values()), tuple(problems), tuple(doubts))


def _doubts(row: Mapping[str, str], since: date) -> Iterator[str]:
    """What a human should look at in a row that can be used (domain §4.2)."""
    said = {(int(n), _SAID_UNITS[unit.lower()]) for n, unit in _SAID_LIMIT.findall(row["thoi_han_goc"])}
    if len(said) > 1:
        yield f"lời gốc ghi nhiều thời hạn: “{row['thoi_han_goc'][:120]}”"
    elif said and row["don_vi"] != "trong_ngay" and said != {(int(row["thoi_han"]), row["don_vi"])}:
        yield f"thời hạn khác lời gốc: “{row['thoi_han_goc'][:120]}”"
    note, paid = row["ghi_chu_phi"], row["phi_vnd"] or row["le_phi_vnd"]
    costs = any(row[column] not in ("", "0") for column in ("phi_vnd", "le_phi_vnd"))
    if "miễn phí" in note.lower() and costs:
        yield "ghi chú là miễn phí mà có số tiền"
    if not paid and re.search(r"HĐND|hội đồng nhân dân", note, re.IGNORECASE):
        yield "phí do HĐND tỉnh quy định mà chưa có số tiền"
    if small := _SAID_SMALL.search(note):
        yield f"ghi chú có số tiền dưới 1.000 đ: “{small[0]}”"
    for day, month, year in _SAID_DAY.findall(note):
        if (int(year), int(month), int(day)) < (since.year, since.month, since.day):
            yield f"ghi chú có mức chỉ đến {int(day):02}/{int(month):02}/{year}, đã qua"
    if row["phi_hieu_luc_den"] and row["phi_hieu_luc_den"] < since.isoformat():
        yield f"phí hết hiệu lực từ {row['phi_hieu_luc_den']}, trước ngày áp dụng"


def read_agencies(content: bytes) -> tuple[Agency, ...]:
    """Agencies in the columns code, name, abbreviation, sample (yes/no), successor_of. Raises `UnreadableCatalog`.

    Those that collect fees have `ACCOUNT_COLUMNS` too: tax code, bank (the six digits of the NAPAS list), account.
    """
    return tuple(
        msgspec.convert(
            {
                **_account(row),
                "code": row["code"],
                "name": composed(row["name"]),
                "abbreviation": composed(row["abbreviation"]),
                "sample": row["sample"] == "yes",
                "successor_of": [composed(name) for name in row["successor_of"].split("|") if name.strip()],
            },
            Agency,
        )
        for _, row in rows(
            content, ("code", "name", "abbreviation", "sample", "successor_of"), may_have=ACCOUNT_COLUMNS
        )
    )


def _account(row: Mapping[str, str]) -> dict[str, object]:
    """What a row says of money; nothing where it names no account."""
    found: dict[str, object] = {"tax_code": row["tax_code"]}
    if row["account"]:
        found["account"] = {
            "bank": row["bank"],
            "bank_name": composed(row["bank_name"]),
            "number": row["account"],
            "holder": composed(row["account_holder"]),
        }
    return found


def rows(
    content: bytes, columns: Sequence[str], *, may_have: Sequence[str] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and cells; a column of `may_have` that is not there is empty. Raises `UnreadableCatalog` for what is no such table."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        raise UnreadableCatalog(
            f"not UTF-8: byte {why.start} is no part of it; save the file as UTF-8"
        ) from why
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        head = reader.fieldnames
        if not head:
            raise UnreadableCatalog("the file is empty")
        missing = [column for column in columns if column not in head]
        if missing:
            raise UnreadableCatalog(f"columns are missing: {', '.join(missing)}")
        names = (*columns, *may_have)
        found = [(reader.line_num, {name: (row.get(name) or "").strip() for name in names}) for row in reader]
    except csv.Error as why:
        raise UnreadableCatalog(f"line {reader.line_num} is no CSV: {why}") from why
    if not found:
        raise UnreadableCatalog("the file has a head and no rows")
    yield from found


def _procedure(row: Mapping[str, str], agency: str, since: date) -> Procedure:
    if not _CODE.fullmatch(row["ma_tthc"]):
        raise _Wrong(f"mã thủ tục không đúng dạng: {row['ma_tthc'] or 'để trống'}")
    if not row["ten_tthc"]:
        raise _Wrong("thiếu tên thủ tục")
    return msgspec.convert(
        msgspec.to_builtins(
            Procedure(
                code=row["ma_tthc"],
                name=composed(row["ten_tthc"]),
                field=composed(row["linh_vuc"]) or "Khác",
                agency=agency,
                limit=_limit(row["thoi_han"], row["don_vi"]),
                components=tuple(_components(row["thanh_phan_ho_so"])),
                fees=tuple(_fees(row)),
                result=composed(row["ket_qua"]),
                on_site=row["bon_tai_cho_du_kien"] == "co",
                steps=(Step.APPROVE,) if row["mot_buoc"] == "co" else (Step.APPRAISE, Step.APPROVE),
                one_step=row["mot_buoc"] == "co",
                since=since,
                fee_note=composed(row["ghi_chu_phi"]),
                decision=composed(row["quyet_dinh_cong_bo"]),
                checklist=tuple(point for part in row["kiem_tra"].split("|") if (point := composed(part))),
                wording=_wording(row["noi_dung_ket_qua"]),
                refusal=_wording(row["noi_dung_tu_choi"]),
            )
        ),
        Procedure,
    )


def _wording(text: str) -> str:
    unknown = sorted(set(FACT.findall(text)) - WORDING_FACTS)
    if unknown:
        raise _Wrong(f"nội dung kết quả nhắc tới điều không có trong hồ sơ: {', '.join(unknown)}")
    return text


def _agency(text: str, names: Mapping[str, str], codes: set[str]) -> str:
    code = _AGENCY_CODE.search(text)
    if code is not None and code[1] in codes:
        return code[1]
    found = names.get(plain(composed(_REMARK.sub("", text))))
    if found is None:
        raise _Wrong(f"không có cơ quan này trong danh mục: {text or 'để trống'}")
    return found


def _limit(value: str, unit: str) -> Limit:
    if not unit:
        raise _Wrong("thời hạn không có đơn vị")
    if unit not in UNITS:
        raise _Wrong(f"đơn vị thời hạn chưa dùng được: {unit}")
    if UNITS[unit] is Unit.SAME_DAY:
        return Limit(0, Unit.SAME_DAY)
    if not value.isdigit() or not 1 <= int(value) <= 10_000:
        raise _Wrong(f"thời hạn không phải số ngày: {value or 'để trống'}")
    return Limit(int(value), UNITS[unit])


def _fees(row: Mapping[str, str]) -> Iterator[Fee]:
    until = row["phi_hieu_luc_den"]
    try:
        last = date.fromisoformat(until) if until else msgspec.UNSET
    except ValueError as why:
        raise _Wrong(f"ngày hết hiệu lực của phí không đúng: {until}") from why
    for column, kind in (("phi_vnd", FeeKind.CHARGE), ("le_phi_vnd", FeeKind.FEE)):
        amount = row[column]
        if amount and not amount.isdigit():
            raise _Wrong(f"số tiền không đúng: {amount}")
        if amount and 0 < int(amount) < LEAST_FEE:
            raise _Wrong(f"phí {amount} đ dưới 1.000 đ: có thể mất hàng nghìn")
        if amount and int(amount):
            yield Fee(kind, int(amount), last)


def _components(text: str) -> Iterator[Component]:
    seen = set()
    for part in text.split("|"):
        counts = _COUNTS.search(part)
        name = composed(part[: counts.start()] if counts else part)
        if not name or plain(name) in seen:
            continue
        seen.add(plain(name))
        originals = int(counts[1] or 0) if counts else 1
        copies = int(counts[2] or 0) if counts else 0
        yield Component(name, originals, copies, bool(counts and counts[3]))
