"""Petitions (phản ánh, kiến nghị): the number by which a sender reads the answer, and what a list says of each.

The number is made from the stream, so that whoever files offline has one at once: the day, and forty bits of the
stream's chance. It is the only key to the answer; nobody comes upon one by trying.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

import msgspec

from schemas.acts import PetitionStatus
from schemas.calendar import local_day
from schemas.fold import Dossier

LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: none is taken for another."""
_READ_AS: Final = str.maketrans("OILU", "011V")
_NUMBER: Final = re.compile(r"^([A-Z]{2})-?([0-9]{6})-?([0-9A-Z]{4})-?([0-9A-Z]{4})\Z")
PREFIX: Final = "PA"
EXCERPT: Final = 200


class Listed(msgspec.Struct, frozen=True):
    """A petition as lists show it; moments that have not come are empty."""

    stream: str
    number: str
    status: str
    filed_at: str
    due: str
    answered_at: str
    closed_at: str
    node: str
    sender: str
    excerpt: str


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """What whoever has its number reads of a petition; not who sent it, nor what was said.

    `as_of`: up to when the machine that says it (`by`) had heard of central; it travels as JSON to a kiosk.
    """

    stream: str
    number: str
    status: str
    filed_at: str
    due: str
    answered_at: str = ""
    answer: str = ""
    closed_at: str = ""
    as_of: str = ""
    by: str = ""


def number_of(stream: str, prefix: str = PREFIX) -> str:
    """ "PA-261126-7K3M-9QXA"; `prefix`: of what else begins with nobody signed in."""
    day = local_day(datetime.fromtimestamp(int(stream[:12], 16) / 1000, UTC))
    chance = int(stream[-10:], 16)
    letters = "".join(LETTERS[chance >> shift & 31] for shift in range(35, -1, -5))
    return f"{prefix}-{day:%y%m%d}-{letters[:4]}-{letters[4:]}"


def read_number(typed: str, prefix: str = PREFIX) -> str:
    """A number as somebody types it, with or without dashes; "" for what is none."""
    found = _NUMBER.match("".join(typed.split()).upper())
    if found is None or found[1] != prefix:
        return ""
    _, day, first, second = found.groups()
    return f"{prefix}-{day}-{first.translate(_READ_AS)}-{second.translate(_READ_AS)}"


def listed_of(petition: Dossier) -> Listed | None:
    """None for a stream that is no petition, or whose words are gone."""
    newest = petition.standing.newest
    filed = newest.get("petition.filed")
    if filed is None or filed.data is None or petition.petition is PetitionStatus.NONE:
        return None
    answered, closed = newest.get("petition.answered"), newest.get("petition.closed")
    return Listed(
        petition.stream,
        number_of(petition.stream),
        petition.petition.value,
        filed.at,
        filed.data.due,
        answered.at if answered is not None else "",
        closed.at if closed is not None else "",
        filed.node,
        filed.data.sender.name,
        " ".join(filed.data.text.split())[:EXCERPT],
    )


def told_of(petition: Dossier) -> Told | None:
    """None for what is no petition, or is known no more."""
    listed, answered = listed_of(petition), petition.standing.newest.get("petition.answered")
    if listed is None:
        return None
    return Told(
        listed.stream,
        listed.number,
        listed.status,
        listed.filed_at,
        listed.due,
        listed.answered_at,
        str(answered.data.text) if answered is not None and answered.data is not None else "",
        listed.closed_at,
    )


def is_read_by(petition: Dossier, four: str) -> bool:
    """Whether these digits end the sender's telephone; who left none has the number alone."""
    filed = petition.standing.newest.get("petition.filed")
    phone = filed.data.sender.phone if filed is not None and filed.data is not None else ""
    return not phone or phone[-4:] == four
