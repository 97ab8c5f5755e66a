"""The sample catalog: what an import relies on."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[2] / "central" / "sample"
COMPONENT = re.compile(r"(?P<name>[^\[\]|]+) \[(?P<originals>\d+) bản chính, (?P<copies>\d+) bản sao\]")
VERIFIED = {"H37", "H37.07", "H37.08", "H37.08.05"}

Row = dict[str, str]


def rows(file: str) -> list[Row]:
    with (SAMPLE / file).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.fixture(scope="module")
def procedures() -> list[Row]:
    return rows("procedures.csv")


@pytest.fixture(scope="module")
def agencies() -> list[Row]:
    return rows("agencies.csv")


def test_all_98_procedures_are_there_once(procedures: list[Row]) -> None:
    codes = [row["ma_tthc"] for row in procedures]

    assert len(codes) == len(set(codes)) == 98
    assert all(re.fullmatch(r"\d\.\d{6}", code) for code in codes)
    assert max(len(row["ten_tthc"]) for row in procedures) == 665


def test_only_one_lacks_its_limit(procedures: list[Row]) -> None:
    assert [row["ma_tthc"] for row in procedures if not row["don_vi"]] == ["3.000095"]
    assert {row["don_vi"] for row in procedures} == {"ngay_lam_viec", "ngay", "trong_ngay", ""}
    assert all(row["thoi_han"].isdecimal() and row["thoi_han_goc"] for row in procedures if row["don_vi"])


def test_fees_are_whole_dong_and_have_lost_no_thousands(procedures: list[Row]) -> None:
    fees = [row[column] for row in procedures for column in ("phi_vnd", "le_phi_vnd") if row[column]]

    assert all(fee.isdecimal() and (fee == "0" or int(fee) >= 1000) for fee in fees)


def test_papers_are_short_names_with_counts(procedures: list[Row]) -> None:
    for row in procedures:
        papers = [COMPONENT.fullmatch(text) for text in row["thanh_phan_ho_so"].split(" | ")]
        found = [paper for paper in papers if paper]
        names = [paper["name"] for paper in found]

        assert len(found) == len(papers) == int(row["so_thanh_phan"])
        assert len(set(names)) == len(names) <= 12
        assert all(3 < len(name) <= 90 for name in names)
        assert all(int(paper["originals"]) + int(paper["copies"]) > 0 for paper in found)
        assert 3 < len(row["ket_qua"]) <= 100


def test_every_procedure_has_an_agency_with_a_code(procedures: list[Row], agencies: list[Row]) -> None:
    names = [row["name"] for row in agencies]

    assert len(names) == len(set(names))
    assert {row["co_quan_2026"] for row in procedures} <= set(names)
    assert {row["code"] for row in agencies if row["sample"] == "no"} == VERIFIED
    stand_ins = [row["code"] for row in agencies if row["sample"] == "yes"]
    assert stand_ins == [f"H37.{901 + number}" for number in range(len(stand_ins))]


def test_nothing_of_how_it_was_gathered_is_left() -> None:
    for file in ("procedures.csv", "agencies.csv"):
        text = (SAMPLE / file).read_text(encoding="utf-8")
        for noise in (
            "github",
            "OpenGOV",
            "chatbot",
            "crawl",
            "trí nhớ",
            "Không có thông tin",
            "VNĐ",
            "như trên",
        ):
            assert noise not in text
