"""Changing a password from a counter: over a real line to a real central, and not without one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from msgspec.structs import replace

from central.centre import Office
from central.outpost import create_signpost
from central.staffing import give_temporary_password
from edge.errors import CentreOutOfReach, WrongPassword
from edge.office import FarOffice
from edge.server import application, serving
from edge.settings import PeerSettings
from tests.centres import SmallCentre
from tests.web.clerk import pages_of

NEW = "một câu dài khó đoán"


@pytest.fixture
def url(centre: SmallCentre) -> Iterator[str]:
    """Where central serves."""
    central = centre["central"]
    with serving(application(central, pages_of(central)), "127.0.0.1", 0, threads=2) as (host, port):
        yield f"http://{host}:{port}"


@pytest.fixture
def office(centre: SmallCentre, url: str) -> FarOffice:
    """Central as counter-01 reaches it."""
    counter = centre["counter-01"]
    counter.settings = replace(counter.settings, peers=(PeerSettings(centre["central"].id, url),))
    return FarOffice(counter)


def test_a_password_is_changed_from_a_counter(centre: SmallCentre, office: FarOffice) -> None:
    """Central checks the old one; every node checks the new one as soon as the catalog comes."""
    old = give_temporary_password(centre["central"], "hanh.nh", by="quan.nv")
    counter = centre["counter-01"].people
    verifier = counter.verifier("hanh.nh", NEW)
    with pytest.raises(WrongPassword):
        office.change_password("hanh.nh", "không phải câu này", verifier)
    office.change_password("hanh.nh", old, verifier)
    centre["central"].people.check_password("hanh.nh", NEW)
    centre.meet()
    counter.check_password("hanh.nh", NEW)


def test_a_person_signs_out_everywhere_from_a_counter(centre: SmallCentre, office: FarOffice) -> None:
    password = give_temporary_password(centre["central"], "hanh.nh", by="quan.nv")
    token = centre["counter-02"].sessions.begin("hanh.nh", how="pin")
    office.sign_out("hanh.nh", password, forget_pins=True)
    centre.meet()
    assert centre["counter-02"].sessions.get(token) is None
    assert not centre["counter-02"].people.has_pin("hanh.nh")


def test_a_password_goes_to_central_itself_and_past_its_fronts(
    centre: SmallCentre, office: FarOffice
) -> None:
    """They have no pages; a password is no business of theirs."""
    central, front = centre["central"], centre["counter-02"]
    password = give_temporary_password(central, "hanh.nh", by="quan.nv")
    card = central.catalog.latest.card(front.id)
    assert card is not None
    with serving(application(front, create_signpost()), "127.0.0.1", 0, threads=2) as (host, port):
        address = f"http://{host}:{port}"
        (own,) = centre["counter-01"].settings.peers
        cards = (
            replace(card, duties=(), front=True, address=address),
            replace(central.card, address=own.url),
        )
        Office(central).define(cards, by="quan.nv")
        centre.meet("central", "counter-01")
        fronts_first = replace(
            centre["counter-01"].settings, peers=(PeerSettings(central.id, f"{address}/"),)
        )
        centre["counter-01"].settings = fronts_first
        office.sign_out("hanh.nh", password, forget_pins=True)
        Office(central).define([replace(central.card, address="")], by="quan.nv")
        centre.meet("central", "counter-01")
        with pytest.raises(CentreOutOfReach, match="not central itself"):
            office.sign_out("hanh.nh", password, forget_pins=True)


def test_without_a_line_nothing_is_changed_and_that_is_said(centre: SmallCentre) -> None:
    counter = centre["counter-01"]
    counter.settings = replace(
        counter.settings, peers=(PeerSettings(centre["central"].id, "http://127.0.0.1:1"),)
    )
    with pytest.raises(CentreOutOfReach):
        FarOffice(counter).change_password("hanh.nh", "?", "?")


def test_whoever_is_no_machine_of_the_centre_changes_nothing(centre: SmallCentre, url: str) -> None:
    """No card, no answer; a card's key but not for this server, neither."""
    number = centre["central"].catalog.number
    ask = {"person": "hanh.nh", "password": "?", "verifier": "?"}
    counter = centre["counter-01"]
    for auth in (
        None,
        ("counter-01.1", "wrong"),
        (counter.id, counter.keys.password_for(counter.id, "counter-02.1")),
    ):
        answer = requests.post(f"{url}/staff/password", json=ask, auth=auth, timeout=10)
        assert answer.status_code == 401
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert centre["central"].catalog.number == number


def test_a_machine_of_the_centre_cannot_say_just_anything(centre: SmallCentre, url: str) -> None:
    """A verifier that is none, a member that is unknown, no JSON at all."""
    password = give_temporary_password(centre["central"], "hanh.nh", by="quan.nv")
    counter = centre["counter-01"]
    auth = (counter.id, counter.keys.password_for(counter.id, centre["central"].id))
    for body in (
        b"{}",
        b"[",
        b'{"person":"hanh.nh","password":"x","verifier":"y","more":1}',
        f'{{"person":"hanh.nh","password":"{password}","verifier":"plain"}}'.encode(),
    ):
        assert requests.post(f"{url}/staff/password", data=body, auth=auth, timeout=10).status_code == 400
