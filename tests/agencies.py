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
"""The first is the demo's."""
PINS |= {OTHER_OFFICER: "846273"}


def people_of_agencies(centre: SmallCentre, at: str = "room-01") -> None:
    """Beside the demo's somebody of another agency, with a PIN at a machine, of whom everybody has heard."""
    grants = (Grant(Role.APPRAISER, date(2025, 1, 1)),)
    other = Person(OTHER_OFFICER, "Hà Thái Sơn", "Chuyên viên Sở NN&MT", grants, agency="H37.08")
    Office(centre["central"]).define([other], by=ADMINISTRATOR)
    centre.meet()
    centre[at].people.set_pin(OTHER_OFFICER, PINS[OTHER_OFFICER])
