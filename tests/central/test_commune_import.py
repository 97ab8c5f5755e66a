"""Communes and wards, from CSV."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

from click.testing import CliRunner

from central.cli import main
from central.commune_import import read_communes
from schemas.entries import Commune
from tests.centres import SmallCentre

HEAD = "code,name,difficult,since\n"
GOOD = HEAD + "06001,Xã Mẫu Sơn,có,2027-03-01\n06002,Phường Tam Thanh,không,2027-03-01\n"
DAY = date(2027, 3, 1)


def test_a_row_that_is_wrong_says_why() -> None:
    wrong = (
        HEAD
        + ",Xã Không Mã,,\n1,Xã Một,có,\n1,Xã Hai,,\n2,Xã Một,,\n3,Xã Ba,chắc,\n4,Xã Bốn,,31/02/2027\n5,"
        + "A" * 5000
        + ",,\n"
    )
    read = read_communes(wrong.encode(), DAY)
    assert [(one.line, one.why) for one in read.problems] == [
        (2, "thiếu mã hoặc tên xã, phường"),
        (4, "mã này đã có ở một dòng trên"),
        (5, "tên này đã có ở một dòng trên, với mã khác: Xã Một"),
        (6, "miền núi, đặc biệt khó khăn: ghi có hoặc không, không phải chắc"),
        (7, "ngày bắt đầu không đúng: 31/02/2027"),
        (8, "mã hoặc tên quá dài: 5"),
    ]
    assert read.communes == (Commune("1", "Xã Một", True, DAY),)


def test_the_command_writes_what_is_new_and_nothing_twice(founded: Path, tmp_path: Path) -> None:
    data, file = Path(shutil.copytree(founded, tmp_path / "centre")), tmp_path / "communes.csv"

    def write(content: str) -> dict[str, object]:
        file.write_text(content, encoding="utf-8")
        arguments = [
            "catalog",
            "import-communes",
            str(file),
            "--data",
            str(data),
            "--by",
            "quan.nv",
            "--json",
        ]
        return dict(json.loads(CliRunner().invoke(main, arguments).stdout))

    assert write(GOOD + "06003,Xã Sai,có lẽ,\n")["written"] == 0
    assert write(GOOD)["written"] == 2
    assert write(GOOD)["written"] == 0
    assert write(GOOD.replace("Sơn,có", "Sơn,không"))["written"] == 1
    centre = SmallCentre(data, "central")
    known = {one.code: one for one in centre["central"].catalog.latest.communes(DAY)}
    centre.close()
    assert known["06001"] == Commune("06001", "Xã Mẫu Sơn", False, DAY)
    assert known["06002"].name == "Phường Tam Thanh"
