"""Staff and delegations from CSV: every wrong row is told, and then nothing is written."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from central.cli import main
from central.errors import UnreadableCatalog
from central.staff_import import read_delegations, read_staff
from schemas.entries import Role
from schemas.views import View
from tests.centres import SmallCentre

HEAD = "id,name,title,capacity,role,since,until\n"
GOOD = (
    HEAD
    + "thu.nt,Nông Thị Thu,Công chức tiếp nhận,,tiếp nhận,01/03/2027,31/12/2027\n"
    + "thu.nt,Nông Thị Thu,Công chức tiếp nhận,,thu phí,2027-03-01,\n"
    + "hanh.nh,Nguyễn Hồng Hạnh,Công chức tiếp nhận,,receiver,2025-01-01,2027-06-30\n"
)
GRANTS = "id,form,delegator,delegate,decision,since,until,procedures\n"


@pytest.fixture
def view(centre: SmallCentre) -> View:
    return centre["central"].catalog.latest


def _staff(view: View, rows: str) -> list[str]:
    return [f"{one.line}: {one.why}" for one in read_staff((HEAD + rows).encode(), view).problems]


def _delegations(view: View, rows: str) -> list[str]:
    return [f"{one.line}: {one.why}" for one in read_delegations((GRANTS + rows).encode(), view).problems]


def test_a_person_has_as_many_roles_as_rows(view: View) -> None:
    """Each with its first day, and its last one where there is one."""
    read = read_staff(b"\xef\xbb\xbf" + GOOD.encode(), view)
    assert read.problems == ()
    thu, _ = read.people
    assert (thu.name, thu.title) == ("Nông Thị Thu", "Công chức tiếp nhận")
    assert thu.has(Role.RECEIVER, date(2027, 12, 31))
    assert not thu.has(Role.RECEIVER, date(2028, 1, 1))
    assert thu.has(Role.CASHIER, date(2030, 1, 1))


def test_certificates_that_are_known_stay(view: View) -> None:
    """A list of names takes nobody's signature away."""
    row = "viet.tq,Trần Quốc Việt,Phó Giám đốc Sở,TUQ. GIÁM ĐỐC,approver,2025-01-01,\n"
    known = view.person("viet.tq")
    assert known is not None
    assert read_staff((HEAD + row).encode(), view).people[0].certificates == known.certificates


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("Thu,A,B,,receiver,2027-03-01,\n", "2: mã người chỉ có chữ thường không dấu, số, dấu chấm: Thu"),
        (",A,B,,receiver,2027-03-01,\n", "2: mã người chỉ có chữ thường không dấu, số, dấu chấm: để trống"),
        ("a,,B,,receiver,2027-03-01,\n", "2: thiếu họ tên hoặc chức danh"),
        ("a,A,B,,boss,2027-03-01,\n", "2: không có vai trò này: boss"),
        ("a,A,B,,receiver,31/02/2027,\n", "2: ngày bắt đầu không đúng: 31/02/2027"),
        ("a,A,B,,receiver,2027-03-02,2027-03-01\n", "2: ngày kết thúc trước ngày bắt đầu"),
        ("a,A,B,,receiver,2027-03-01,\na,A2,B,,cashier,2027-03-01,\n",
         "3: họ tên, chức danh, cách ký khác với dòng trên của cùng người này"),
        ("a,A,B,,receiver,2027-03-01,\na,A,B,,receiver,2027-05-01,\n",
         "3: vai trò receiver đã có trong những ngày đó"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_told_with_its_line(view: View, rows: str, why: str) -> None:
    assert _staff(view, rows) == [why]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("1/QĐ,TX,viet.tq,mai.hk,QĐ 1,2027-01-01,2027-12-31,", "2: hình thức là TL, TUQ hoặc KT: TX"),
        ("1/QĐ,TUQ,Giám đốc Sở,ai.do,QĐ 1,2027-01-01,2027-12-31,",
         "2: không có người này trong danh mục: ai.do"),
        ("1/QĐ,KT,mai.hk,mai.hk,QĐ 1,2027-01-01,2027-12-31,", "2: không tự uỷ quyền cho mình"),
        ("1/QĐ,KT,viet.tq,mai.hk,,2027-01-01,2027-12-31,", "2: thiếu văn bản: số, ngày, cơ quan ban hành"),
        ("1/QĐ,KT,viet.tq,mai.hk,QĐ 1,2027-01-01,2026-12-31,", "2: ngày kết thúc trước ngày bắt đầu"),
        ("1/QĐ,KT,viet.tq,mai.hk,QĐ 1,2027-01-01,2027-12-31,9.999999",
         "2: thủ tục không có trong danh mục: 9.999999"),
    ],
)  # fmt: skip
def test_a_wrong_delegation_is_told_with_its_line(view: View, row: str, why: str) -> None:
    assert _delegations(view, row + "\n") == [why]


def test_what_is_no_such_table_is_refused_whole(view: View) -> None:
    for content in (b"", b"id,name\na,b\n", HEAD.encode(), HEAD.encode("utf-16")):
        with pytest.raises(UnreadableCatalog):
            read_staff(content, view)


def _import(data: Path, command: str, content: str, *options: str) -> tuple[int, dict[str, object]]:
    file = data.parent / "list.csv"
    file.write_text(content, encoding="utf-8")
    arguments = ["catalog", command, str(file), "--data", str(data), "--by", "quan.nv", "--json", *options]
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, json.loads(result.stdout)


@pytest.fixture
def data(founded: Path, tmp_path: Path) -> Path:
    """A centre on disk that nobody has opened."""
    return Path(shutil.copytree(founded, tmp_path / "centre"))


def test_the_command_writes_all_or_nothing(data: Path) -> None:
    """With one wrong row not even the right ones; then all of them; then nothing, because nothing is new."""
    status, said = _import(data, "import-staff", GOOD + "b,B,B,,boss,2027-01-01,\n")
    assert (status, said["right"], said["written"]) == (1, 2, 0)
    assert said["wrong"] == [{"line": 5, "id": "b", "why": "không có vai trò này: boss"}]
    assert _import(data, "import-staff", GOOD, "--dry-run")[1]["written"] == 0
    assert _import(data, "import-staff", GOOD)[1]["written"] == 2
    assert _import(data, "import-staff", GOOD)[1]["written"] == 0
    granted = GRANTS + "15/QĐ,TUQ.,huong.ltt,ha.lt,QĐ 15 ngày 01/02/2027,01/03/2027,31/12/2027,1.000703\n"
    assert _import(data, "import-delegations", granted)[1]["written"] == 1
    centre = SmallCentre(data, "central")
    held = centre["central"].catalog.latest.delegations("ha.lt", date(2027, 3, 1))
    centre.close()
    assert [one.id for one in held] == ["15/QĐ"]


def test_only_an_administrator_imports(data: Path) -> None:
    file = data.parent / "list.csv"
    file.write_text(GOOD, encoding="utf-8")
    arguments = ["catalog", "import-staff", str(file), "--data", str(data), "--by", "hanh.nh"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "hanh.nh is no administrator today" in result.stderr
