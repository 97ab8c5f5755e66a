"""What visitors choose, from CSV; and tickets that no two machines may give."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from click.testing import CliRunner

from central.centre import Numbers
from central.cli import main
from central.queue_import import read_queues
from schemas.calendar import local_day
from tests.centres import SmallCentre

HEAD = "code,name,english,phase,places,since,until\n"
GOOD = HEAD + "A,Đất đai,Land,,counter-01|counter-02,,\nH,Trả kết quả,Results,return,,2027-03-01,2027-12-31\n"


def test_a_row_that_is_wrong_says_why(centre: SmallCentre) -> None:
    view, today = centre["central"].catalog.latest, local_day(centre.clock())
    wrong = (
        HEAD
        + "A,Đất đai,,,counter-99,,\nab,Đất đai,,,,,\nB,,,,,,\nC,Một,,,,,\nC,Hai,,,,,\nD,Ba,,,,32/13/2027,\n"
    )
    said = [f"{one.line}: {one.why}" for one in read_queues(wrong.encode(), view, today).problems]
    assert said[:4] == [
        "2: không có máy nào ở: counter-99",
        "3: chữ đầu của số phải là một hoặc hai chữ in hoa A–Z, tên tối đa 80 ký tự: ab",
        "4: thiếu tên nhóm việc",
        "6: chữ này đã có ở một dòng trên",
    ]
    assert said[4].startswith("7: ")


def test_the_command_writes_what_is_new_and_nothing_twice(founded: Path, tmp_path: Path) -> None:
    data, file = Path(shutil.copytree(founded, tmp_path / "centre")), tmp_path / "queues.csv"

    def write(content: str) -> dict[str, object]:
        file.write_text(content, encoding="utf-8")
        arguments = ["catalog", "import-queues", str(file), "--data", str(data), "--by", "quan.nv", "--json"]
        return dict(json.loads(CliRunner().invoke(main, arguments).stdout))

    assert write(GOOD + "b,Sai,,,,,\n")["written"] == 0
    assert write(GOOD)["written"] == 2
    assert write(GOOD)["written"] == 0
    centre = SmallCentre(data, "central")
    queues = {one.code: one for one in centre["central"].catalog.latest.queues(local_day(centre.clock()))}
    centre.close()
    assert queues["A"].places == ("counter-01", "counter-02")
    assert queues["H"].phase == "return"


def test_the_tickets_of_all_queues_meet_those_of_one() -> None:
    """Two kiosks must not give A-050; other numbers, and other symbols of receipts, are apart."""
    every = Numbers("ticket", "*", 1, 99)
    assert every.meets("ticket", "A", "", 50, 60)
    assert not every.meets("ticket", "A", "", 100, 199)
    assert not Numbers("ticket", "B", 1, 99).meets("ticket", "A", "", 50, 60)
    assert not Numbers("receipt", "*", 1, 99).meets("receipt", "A", "", 50, 60)
