"""One step: received, decided, signed and handed over by one person, only where the catalog says so."""

from __future__ import annotations

import pytest
from msgspec import structs

from central.centre import Office
from schemas.acts import Approved, Status
from schemas.entries import Grant, Role
from schemas.errors import Because, NotAllowed
from tests.centres import PINS, SmallCentre
from tests.web.clerk import Clerk

BY = "viet.tq"
CODE = "1.000703"


@pytest.fixture
def both(centre: SmallCentre) -> SmallCentre:
    """The approver receives as well, as at a counter that decides at once."""
    person = centre["central"].catalog.latest.person(BY)
    assert person is not None
    grant = Grant(Role.RECEIVER, person.roles[0].since)
    Office(centre["central"]).define([structs.replace(person, roles=(*person.roles, grant))], by="quan.nv")
    centre.meet()
    return centre


def _in_one_step(centre: SmallCentre) -> None:
    view, day = centre["central"].catalog.latest, centre.clock().date()
    procedure = view.procedure(CODE, day)
    assert procedure is not None
    changed = structs.replace(procedure, one_step=True, steps=procedure.steps[1:], fees=(), since=day)
    Office(centre["central"]).define([changed], by="quan.nv")
    centre.meet()


def test_one_press_signs_and_hands_over_where_the_catalog_lets_it(both: SmallCentre) -> None:
    """From the dossier that was just received to a returned result; a wrong PIN leaves it as it was."""
    _in_one_step(both)
    dossier = both.receive("room-01", by=BY)
    clerk = Clerk(both, "room-01", BY)
    assert (f"/one-step/{dossier.stream}", "Giải quyết và trả ngay") in clerk.open(
        f"/dossier/{dossier.stream}"
    ).page.links
    page = clerk.open(f"/one-step/{dossier.stream}")
    mine = {"confirm": "y", "identity": "020085004127"}
    assert "020085004127" not in page.html
    other = {**mine, "identity": "020085004128"}
    stranger = clerk.press(page, "one-step/" + dossier.stream, pin=PINS[BY], **other)
    assert "Số này không phải của chủ hồ sơ hay người nộp." in stranger.page.text
    wrong = clerk.press(page, "one-step/" + dossier.stream, pin="000000", **mine)
    assert "Chưa có gì được ký." in wrong.page.text
    assert both["room-01"].register.dossier(dossier.stream).status is Status.RECEIVED
    done = clerk.follow(clerk.press(wrong, "one-step/" + dossier.stream, pin=PINS[BY], **mine))
    assert done.status == 200
    after = both["room-01"].register.dossier(dossier.stream)
    assert after.status is Status.RETURNED
    assert [line.by for line in after.timeline] == [BY] * 3
    both.meet()
    assert {one.status for one in both.shown(dossier)} == {Status.RETURNED}


def test_elsewhere_the_duties_stay_apart(both: SmallCentre) -> None:
    """Without the catalog's word the receiver decides nothing, and nothing is decided unappraised."""
    dossier = both.receive("room-01", by=BY)
    clerk = Clerk(both, "room-01", BY)
    assert "one-step" not in clerk.open(f"/dossier/{dossier.stream}").html
    page = clerk.open(f"/one-step/{dossier.stream}")
    assert "không giải quyết được trong một bước" in page.page.text
    mine = {"confirm": "y", "identity": "020085004127"}
    refused = clerk.press(page, "one-step/" + dossier.stream, pin=PINS[BY], **mine)
    assert refused.status == 409
    room = both["room-01"]
    for because in (Because.STATUS, Because.SAME_PERSON):
        with pytest.raises(NotAllowed) as why:
            room.ledger.check(
                room.register.dossier(dossier.stream),
                "dossier.approved",
                Approved("file-" + "0" * 64, delegation="UQ-01"),
                by=BY,
            )
        assert why.value.because is because
        both.appraise(dossier)
