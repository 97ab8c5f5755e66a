"""An agency of the small centre, with somebody who sits there and signs for its folders."""

from __future__ import annotations

from datetime import date
from typing import Final

from central.centre import Office
from central.demo.plan import ADMINISTRATOR
from schemas.entries import Grant, Person, Role
from tests.centres import PINS, SmallCentre

AGENCY: Final = "H37.07"
ELSEWHERE: Final = "1.013237"
"""A procedure of the agency that is not done on the spot."""
OFFICER, OTHER_OFFICER = "tinh.vv", "son.ht"
PINS |= {OFFICER: "735162", OTHER_OFFICER: "846273"}


def people_of_agencies(centre: SmallCentre, at: str = "room-01") -> None:
    """Two people of two agencies, with a PIN at a machine, of whom everybody has heard."""
    grants = (Grant(Role.APPRAISER, date(2025, 1, 1)),)
    Office(centre["central"]).define(
        [
            Person(OFFICER, "Vi Văn Tình", "Chuyên viên Sở Xây dựng", grants, agency=AGENCY),
            Person(OTHER_OFFICER, "Hà Thái Sơn", "Chuyên viên Sở NN&MT", grants, agency="H37.08"),
        ],
        by=ADMINISTRATOR,
    )
    centre.meet()
    for person in (OFFICER, OTHER_OFFICER):
        centre[at].people.set_pin(person, PINS[person])
