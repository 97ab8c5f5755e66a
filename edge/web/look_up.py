"""Tra cứu: anybody asks where a dossier stands, by its number and four digits; the same of a kiosk that keeps none.

Nobody can guess: of each number few tries are wrong, whoever makes them, and of each address too. What is not known and
what does not fit are answered alike. Numbers and digits are in no address.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec
from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from edge.look_up import PATH, Answer, Asked, answer_here, ask_others, number_of, petition_here, who_asks
from edge.web.forms import Bare
from edge.web.language import language
from edge.web.limits import LOOK_UP, Limit, TooOften, limited
from edge.web.look_up_words import STATES, TONES
from edge.web.site import site
from schemas import petitions
from schemas.petitions import read_number
from schemas.public import Told

blueprint = Blueprint("look_up", __name__)
OPEN: Final = ("look_up.page", "look_up.find", "look_up.of_a_machine")

WRONG_OF_NUMBER: Final = Limit("wrong digits of a number", 5, 1 / 12)
"""Five, then one in twelve minutes: who tries all ten thousand is at it for eighty days."""
WRONG_OF_ADDRESS: Final = Limit("wrong digits from an address", 20, 1 / 3)
"""Nobody tries one number after the other with the same four digits."""
WRONG_OF_MACHINE: Final = Limit("wrong digits from a machine", 100, 4)
"""Before a kiosk stand many; it has a limit of touches too."""
LONGEST: Final = 512
"""A number, or the whole code of a slip."""
_FOUR: Final = re.compile(r"^[0-9]{4}$")


@dataclass(frozen=True, slots=True)
class Said:
    """What a page says: an error above the form, or an answer."""

    told: Told | None = None
    error: str = ""
    status: int = 200
    petition: petitions.Told | None = None


@blueprint.get("/look-up")
def page() -> str:
    """The question; a number may come in the address of a QR code, the digits never."""
    _keeps_dossiers()
    return _render(Said(), number_of(request.args.get("number", "")))


@blueprint.post("/look-up")
@limited(LOOK_UP)
def find() -> ResponseReturnValue:
    """200 with where it stands; what is unknown and what does not fit get the same answer. 429 after too many
    guesses.
    """
    _keeps_dossiers()
    Bare.checked()
    typed = request.form.get("number", "")[:LONGEST].strip()
    said = look_up(typed, request.form.get("four", ""), WRONG_OF_ADDRESS)
    return _render(said, number_of(typed) or typed), said.status


@blueprint.post(PATH)
def of_a_machine() -> ResponseReturnValue:
    """A machine of this centre asks, for a citizen who stands before it."""
    shown = request.authorization
    machine = who_asks(site().node, shown.username, shown.password) if shown is not None else None
    if machine is None:
        site().limits.take(LOOK_UP, request.remote_addr or "")
        abort(401)
    site().node.contacts.heard(machine)
    try:
        asked = msgspec.json.decode(request.get_data(), type=Asked)
    except msgspec.DecodeError:
        abort(400)
    try:
        meant = read_number(asked.number)
        with _counted(number := meant or number_of(asked.number), WRONG_OF_MACHINE, machine) as right:
            if meant:
                answer = Answer(petition=petition_here(site().node, number, asked.four))
            else:
                answer = Answer(answer_here(site().node, number, asked.four))
            if answer.says_something:
                right()
    except TooOften:
        answer = Answer(too_often=True)
    return Response(msgspec.json.encode(answer), mimetype="application/json")


def look_up(typed: str, four: str, wrong: Limit, *, others: bool = False) -> Said:
    """Answer from here, and with `others` by asking the other machines too."""
    number, four = number_of(typed), four.strip()
    if not number:
        return Said(error="number", status=422)
    if not _FOUR.fullmatch(four):
        return Said(error="four", status=422)
    try:
        with _counted(number, wrong, request.remote_addr or "") as right:
            told = answer_here(site().node, number, four) if site().keeps_dossiers else None
            said = Said(told) if told is not None else Said(error="unknown")
            if told is None and others:
                said = _of_others(number, four)
            if said.told is not None or said.error == "nobody":
                right()
            return said
    except TooOften:
        return Said(error="too_often", status=429)


def look_up_petition(typed: str, four: str, wrong: Limit) -> Said:
    """What became of a petition: from here, where it is answered already, else by asking the other machines."""
    number, four = read_number(typed), four.strip()
    if not number:
        return Said(error="number", status=422)
    if four and not _FOUR.fullmatch(four):
        return Said(error="four", status=422)
    try:
        with _counted(number, wrong, request.remote_addr or "") as right:
            here = petition_here(site().node, number, four)
            said = Said(petition=here)
            if here is None or not here.answered_at:
                asked = _of_others(number, four)
                said = asked if here is None or asked.petition is not None else said
            if said.petition is not None or said.error == "nobody":
                right()
            return said
    except TooOften:
        return Said(error="too_often", status=429)


def _of_others(number: str, four: str) -> Said:
    reached = ask_others(site().node, site().peers(), number, four)
    if reached.answer.too_often:
        raise TooOften(60)
    if reached.answer.says_something:
        return Said(reached.answer.told, petition=reached.answer.petition)
    if not reached.anybody:
        return Said(error="nobody")
    return Said(error="unknown" if reached.central else "unknown_near")


@contextlib.contextmanager
def _counted(number: str, wrong: Limit, address: str) -> Iterator[Callable[[], None]]:
    """A try is counted before it is made, and given back when it was right. Raises `TooOften`."""
    limits = site().limits
    limits.take(wrong, address)
    limits.take(WRONG_OF_NUMBER, number)

    def right() -> None:
        limits.give_back(WRONG_OF_NUMBER, number)
        limits.give_back(wrong, address)

    yield right


def _keeps_dossiers() -> None:
    if not site().keeps_dossiers:
        abort(404)


def _render(said: Said, number: str) -> str:
    return render_template("look_up.html", said=said, number=number, states=STATES[language()], tones=TONES)
