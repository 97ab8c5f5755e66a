"""The register of processing: complete, and with a term for each way in which a request is answered."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args, get_type_hints

from schemas.entries import DataAnswer
from schemas.processing import ANSWER_DAYS, REGISTER, Processing


def test_each_processing_is_told_once_and_in_full() -> None:
    assert len({row.id for row in REGISTER}) == len(REGISTER)
    for row in REGISTER:
        assert all(str(getattr(row, field.name)).strip() for field in fields(Processing)), row.id


def test_every_answer_has_its_term() -> None:
    answers = get_args(get_type_hints(DataAnswer)["what"])
    assert set(answers) == set(ANSWER_DAYS)
    assert all(0 < days <= 30 for days in ANSWER_DAYS.values())
