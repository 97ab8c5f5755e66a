"""What contradicts itself is no act and no entry, and the refusal says which."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from schemas import acks
from schemas.acts import Amended, DueChecked, FeeCollected, FeeNotified, ShiftClosed
from schemas.entries import RevocationList
from schemas.errors import Malformed
from tests.schemas.histories import key_of, office

_AT, _LATER = "2026-11-23T01:00:00.000000Z", "2026-11-26T09:30:00.000000Z"
_LINE = {"kind": "phi", "name": "Phí thẩm định"}


@pytest.mark.parametrize(
    ("shape", "data", "why"),
    [
        (
            Amended,
            {
                "changes": [
                    {"field": "applicant.name", "value": "Hoàng Văn Nùng"},
                    {"field": "applicant.name", "value": "Hoàng Văn Nhùng"},
                ],
                "reason": "Ghi nhầm",
            },
            "a field is amended once",
        ),
        (
            DueChecked,
            {"of": "0" * 64, "happened_at": _LATER, "due": _AT, "reason": "Đối chiếu sổ"},
            "due before it was received",
        ),
        (
            FeeNotified,
            {"lines": [{**_LINE, "full": 100_000, "amount": 100_000}] * 2},
            "a line stands there once",
        ),
        (
            FeeNotified,
            {"lines": [{**_LINE, "full": 100_000, "amount": 50_000}], "relief": "Hộ nghèo"},
            "a relief has its ground and its paper",
        ),
        (
            FeeCollected,
            {
                "receipt": {"form": "EBL01", "symbol": "26TAA", "number": 1},
                "lines": [{**_LINE, "amount": 100_000}],
                "total": 10_000,
                "payer": "Hoàng Văn Nùng",
            },
            "total is not the sum of the lines",
        ),
        (
            ShiftClosed,
            {"counted": 500_000, "expected": 500_000, "notes": [{"value": 100_000, "count": 4}]},
            "counted is not the sum of the notes",
        ),
        (ShiftClosed, {"counted": 400_000, "expected": 500_000}, "a difference has its reason"),
        (
            RevocationList,
            {"issuer": "0" * 64, "file": "file-" + "0" * 64, "made": _LATER, "fresh_until": _AT},
            "fresh_until comes before made",
        ),
    ],
)
def test_data_that_contradicts_itself_is_refused_by_name(shape: type, data: dict[str, Any], why: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=why):
        msgspec.convert(data, shape)


def test_a_list_of_acks_that_is_none_or_enormous_is_refused_before_anybody_looks_at_its_seal() -> None:
    catalog = office().catalog
    with pytest.raises(Malformed, match="an object is expected"):
        acks.read(["v", 1], catalog)
    held = {"dossiers": {f"counter-{number}.1": (1, "0" * 64) for number in range(12_000)}}
    enormous = acks.seal(1, date(2026, 11, 23), "central.1", held, sign=key_of("central.1").sign)
    with pytest.raises(Malformed, match="bytes"):
        acks.read(enormous.document(), catalog)
