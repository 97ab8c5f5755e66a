"""Several results signed with one PIN: each whole by itself, whatever becomes of the one before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec

from edge.deciding import Approval, Wanted
from edge.errors import CannotSign
from edge.settings import TokenSettings
from edge.signing import why_not_signed
from edge.tokens import Tokens
from schemas.calendar import VIETNAM
from schemas.fold import Dossier
from tests.centres import PINS, SmallCentre
from tests.devices import MODULE, Devices
from tests.proving import Times
from tests.signers import hand_token, on_device

BY = "viet.tq"
KEY = ec.generate_private_key(ec.SECP256R1())


def test_a_token_pulled_out_in_the_middle_leaves_what_is_signed_right_and_the_rest_untouched(
    centre: SmallCentre, devices: Devices, times: Times
) -> None:
    """One PIN, a device; a contested dossier among them is left alone, and the one after the pulled cable too."""
    count = times(4, 50)
    room, der = centre["room-01"], on_device(centre, BY, KEY)
    place = devices.plug("batch", PINS[BY], KEY, der)
    device = TokenSettings(MODULE, BY, "batch")
    waiting = [centre.appraise(centre.receive("room-01")) for _ in range(count)]
    decided = waiting[0]
    centre.refuse(decided, by="mai.hk")
    room.signatories.tokens = Tokens(room.folder.tokens, [device])

    found: list[Approval] = []
    for approval in room.deciding.approve_each(_wanted(waiting), by=BY, pin=PINS[BY]):
        found.append(approval)
        if len(found) == count - 2:
            devices.unplug(place)
    assert [one.stream for one in found] == [one.stream for one in waiting]
    assert [one.done for one in found] == [False, *[True] * (count - 3), False, False]
    assert [one.begun for one in found] == [*[True] * (count - 1), False]
    assert isinstance(found[-2].why, CannotSign)
    assert found[-2].why.why == "removed"
    for one in waiting[1:-2]:
        result = room.register.dossier(one.stream).standing.result
        assert why_not_signed(room.archive.read(result or "") or b"", der) is None
    for one in waiting[-2:]:
        assert room.register.dossier(one.stream).standing.outcome is None


def test_a_wrong_pin_begins_nothing(centre: SmallCentre) -> None:
    waiting = [centre.appraise(centre.receive("room-01")) for _ in range(2)]
    found = list(centre["room-01"].deciding.approve_each(_wanted(waiting), by=BY, pin="000000"))
    assert [(one.begun, one.done) for one in found] == [(False, False)] * 2
    assert {str(one.why) for one in found} == {str(CannotSign("wrong_pin", BY))}


def test_a_certificate_that_ends_at_midnight_signs_until_then_and_no_longer(centre: SmallCentre) -> None:
    """The batch began before midnight; what was signed by then stands, also the day after."""
    midnight = datetime(2027, 3, 2, tzinfo=VIETNAM).astimezone(UTC)
    dates = (centre.clock() - timedelta(days=100), midnight - timedelta(seconds=1))
    der = on_device(centre, BY, KEY, dates)
    room = centre["room-01"]
    hand_token(room, BY, KEY, der, PINS[BY])
    waiting = [centre.appraise(centre.receive("room-01")) for _ in range(3)]
    centre.clock.at = midnight - timedelta(minutes=1)
    found: list[Approval] = []
    for approval in room.deciding.approve_each(_wanted(waiting), by=BY, pin=PINS[BY]):
        found.append(approval)
        centre.clock.forward(minutes=2)
    assert [(one.begun, one.done) for one in found] == [(True, True), (True, False), (False, False)]
    assert str(found[1].why) == str(CannotSign("expired", BY))
    assert room.register.dossier(waiting[0].stream).standing.outcome is not None
    assert not room.register.dossier(waiting[0].stream).contested


def _wanted(dossiers: list[Dossier]) -> list[Wanted]:
    return [Wanted(one.stream, "Đồng ý giải quyết theo đề nghị.") for one in dossiers]
