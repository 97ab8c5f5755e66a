"""The clerk's step: numbers that are never given twice, a seal that is the agency's, and power cuts in between."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from central.centre import Office
from central.verify import verify
from edge.deciding import Upload
from edge.errors import CannotSign
from edge.pades.reading import read
from schemas.acts import Sealed, Status
from schemas.entries import NumberRange, Person
from schemas.errors import Because, NotAllowed, NumbersUsedUp
from schemas.fold import Dossier
from schemas.rules import Inner
from tests.centres import PINS, SEALED, SmallCentre

AGENCY = "H37.912"
SEAL_PIN = "246810"


def approved(centre: SmallCentre, at: str = "room-01") -> Dossier:
    return centre.approve(centre.appraise(centre.receive(at, procedure=SEALED), at), at)


def grant(centre: SmallCentre, node: str, first: int, last: int) -> None:
    since = centre.clock().date().replace(month=1, day=1)
    granted = NumberRange(f"VB-{first}", node, "result", first, last, since, symbol=AGENCY)
    Office(centre["central"]).define([granted], by="quan.nv")
    centre.meet()


def number(dossier: Dossier) -> str:
    assert dossier.standing.number is not None
    return str(dossier.standing.number.data.number)


def test_signed_numbered_and_sealed_is_done(centre: SmallCentre) -> None:
    """Offline, in one step: two events, and one document that holds all three signatures."""
    dossier = approved(centre)
    assert (dossier.status, dossier.inner) == (Status.PROCESSING, Inner.AWAITS_NUMBER)

    done = centre.seal(dossier)
    assert (done.status, done.inner) == (Status.DONE, Inner.AWAITS_COLLECTION)
    assert [line.kind for line in done.timeline][-2:] == ["dossier.numbered", "dossier.sealed"]
    assert number(done) == "1101/KQ-CAT"
    sealed = done.standing.sealed
    assert sealed is not None
    assert isinstance(sealed.data, Sealed)
    content = centre["room-01"].archive.read(sealed.data.result)
    assert content is not None
    assert read(content).untouched
    centre.meet()
    assert all(shown.standing.result == sealed.data.result for shown in centre.shown(done))


def test_verification_counts_the_numbers_of_results(centre: SmallCentre) -> None:
    """Ranges and the machine's own count; a counter that somebody set back is found."""
    centre.seal(approved(centre))
    grant(centre, "room-01.1", 41, 60)
    centre.seal(approved(centre))
    assert verify(centre.data).findings == ()
    room = centre["room-01"]
    with room.file.write() as connection:
        connection.execute("UPDATE number SET last = 40 WHERE key LIKE 'result VB%'")
    (finding,) = verify(centre.data).findings
    assert finding.what == "they stand at 1 in all, own events used 2"


def test_a_refusal_is_numbered_as_a_notice(centre: SmallCentre) -> None:
    dossier = centre.refuse(centre.appraise(centre.receive("room-01", procedure=SEALED)))
    assert number(centre.seal(dossier)) == "1101/TB-CAT"


def test_numbers_of_two_machines_never_meet(centre: SmallCentre) -> None:
    """Each begins with its machine's own number, and with 1 in January (NĐ 30/2020 Đ15)."""
    centre.clock.at = datetime(2026, 12, 20, 3, tzinfo=UTC)
    numbers = [number(centre.seal(approved(centre))) for _ in range(2)]
    centre.clock.forward(days=4)
    numbers.append(number(centre.seal(approved(centre))))
    away = centre.receive("room-01", procedure=SEALED)
    centre.meet()
    centre.appraise(away, "central")
    numbers.append(number(centre.seal(centre.approve(away, "central"), "central")))
    assert numbers == ["1101/KQ-CAT", "1102/KQ-CAT", "1103/KQ-CAT", "0001/KQ-CAT"]
    centre.clock.forward(days=15)
    assert number(centre.seal(approved(centre))) == "1101/KQ-CAT"


def test_numbers_from_the_agencys_register(centre: SmallCentre) -> None:
    """Granted ahead of time; few are left, then none, and the step says so before anything is signed."""
    grant(centre, "room-01.1", 41, 42)
    room = centre["room-01"]
    first, second, third = (approved(centre) for _ in range(3))
    proposed = room.sealing.proposed(first)
    assert proposed is not None
    assert (proposed.number, proposed.given) == ("41/KQ-CAT", False)
    assert proposed.left is not None
    assert (proposed.left.left, proposed.left.scarce) == (2, False)
    assert [number(centre.seal(one)) for one in (first, second)] == ["41/KQ-CAT", "42/KQ-CAT"]
    left = room.ledger.result_numbers_left(AGENCY, centre.clock().date())
    assert left is not None
    assert (left.left, left.scarce) == (0, True)
    with pytest.raises(NumbersUsedUp):
        centre.seal(third)
    grant(centre, "room-01.1", 61, 70)
    assert number(centre.seal(third)) == "61/KQ-CAT"


def test_a_machine_without_a_range_gives_none_where_the_register_is_given_out(centre: SmallCentre) -> None:
    """Its own numbers could be in somebody else's range."""
    grant(centre, "central.1", 1, 100)
    with pytest.raises(NumbersUsedUp):
        centre.seal(approved(centre))


def test_a_wrong_pin_of_either_token_gives_no_number(centre: SmallCentre) -> None:
    """Both are opened before the register is touched; the person is told which of the two it was."""
    dossier, room = approved(centre), centre["room-01"]
    for pin, agency_pin, holder in (("000000", SEAL_PIN, "chi.nth"), (PINS["chi.nth"], "000000", AGENCY)):
        with pytest.raises(CannotSign) as cannot:
            room.sealing.seal(dossier.stream, by="chi.nth", pin=pin, agency_pin=agency_pin)
        assert (cannot.value.why, cannot.value.holder) == ("wrong_pin", holder)
    assert room.register.dossier(dossier.stream).standing.number is None
    assert number(centre.seal(dossier)) == "1101/KQ-CAT"


def test_a_power_cut_between_number_and_seal_leaves_the_number(
    centre: SmallCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbered, unsealed: the step goes on where it was, with the same number."""
    dossier, room = approved(centre), centre["room-01"]
    with monkeypatch.context() as cut:
        cut.setattr(room.archive, "keep", _no_power)
        with pytest.raises(RuntimeError, match="no power"):
            centre.seal(dossier)
    room = centre.reopen("room-01")
    waiting = room.register.dossier(dossier.stream)
    assert (waiting.inner, number(waiting)) == (Inner.AWAITS_SEAL, "1101/KQ-CAT")
    proposed = room.sealing.proposed(waiting)
    assert proposed is not None
    assert proposed.given
    assert number(centre.seal(waiting)) == "1101/KQ-CAT"
    assert number(centre.seal(approved(centre))) == "1102/KQ-CAT"


def _no_power(*_: object) -> str:
    raise RuntimeError("no power")


def test_who_approved_does_not_seal_and_gives_no_number(centre: SmallCentre) -> None:
    """Also where one person has both roles: asked before a number is given."""
    node = centre["central"]
    viet, chi = (node.catalog.latest.person(name) for name in ("viet.tq", "chi.nth"))
    assert viet is not None
    assert chi is not None
    Office(node).define([msgspec.structs.replace(viet, roles=(*viet.roles, *chi.roles))], by="quan.nv")
    centre.meet()
    dossier = approved(centre)
    with pytest.raises(NotAllowed) as refused:
        centre.seal(dossier, by="viet.tq")
    assert refused.value.because is Because.SAME_PERSON
    assert centre["room-01"].register.dossier(dossier.stream).standing.number is None


def test_contested_is_not_sealed(centre: SmallCentre) -> None:
    """Approved here, withdrawn there: known to be contested, it gets neither number nor seal."""
    dossier = centre.receive(procedure=SEALED)
    centre.meet()
    centre.appraise(dossier)
    centre.meet("room-01", "counter-01")
    centre.approve(dossier)
    centre.withdraw(dossier)
    centre.meet()
    with pytest.raises(NotAllowed) as refused:
        centre.seal(dossier)
    assert refused.value.because is Because.CONTESTED


def test_a_result_whose_file_is_elsewhere_waits(centre: SmallCentre) -> None:
    """The decision has come, the file has not: nothing is numbered."""
    dossier = centre.receive(procedure=SEALED)
    centre.meet()
    centre.appraise(dossier, "central")
    approval = centre.approve(dossier, "central")
    room = centre["room-01"]
    for document in centre["central"].stores["dossiers"].all_docs(startkey=f"{dossier.stream}:"):
        whole = centre["central"].stores["dossiers"].get(document.id)
        room.stores["dossiers"].bulk_docs([whole], new_edits=False)
    with pytest.raises(CannotSign) as cannot:
        centre.seal(approval)
    assert cannot.value.why == "no_result"
    assert room.register.dossier(dossier.stream).standing.number is None
    centre.meet()
    assert centre.seal(approval).status is Status.DONE


def test_attachments_are_sealed_apart_with_their_mark(centre: SmallCentre) -> None:
    """The approver names them in the signed decision; the organisation signs each at the top right of page one."""
    room = centre["room-01"]
    dossier = centre.appraise(centre.receive("room-01", procedure=SEALED))
    drawing = room.papers.result_of(
        dossier, approved=True, text="Bản vẽ", signer=_person(centre), capacity="?", at=centre.clock()
    ).pdf
    room.deciding.approve(
        dossier.stream,
        by="viet.tq",
        pin=PINS["viet.tq"],
        text="Đồng ý.",
        attachments=[Upload("Bản vẽ.pdf", drawing)],
    )
    done = centre.seal(dossier)
    assert done.standing.sealed is not None
    (attached,) = done.standing.sealed.data.attachments
    assert attached.name == "Bản vẽ.pdf"
    content = room.archive.read(attached.file)
    assert content is not None
    paper = read(content)
    assert paper.untouched
    (only,) = paper.signatures
    assert "Kèm theo văn bản số 1101/KQ-CAT" in only.reason


def test_an_attachment_that_is_signed_already_is_not_signed_over(centre: SmallCentre) -> None:
    room = centre["room-01"]
    other = centre.approve(centre.appraise(centre.receive("room-01")))
    signed = room.archive.read(other.standing.result or "")
    assert signed is not None
    dossier = centre.appraise(centre.receive("room-01", procedure=SEALED))
    with pytest.raises(CannotSign) as cannot:
        room.deciding.approve(
            dossier.stream, by="viet.tq", pin=PINS["viet.tq"], text="?", attachments=[Upload("a.pdf", signed)]
        )
    assert cannot.value.why == "attachment_signed"
    assert room.register.dossier(dossier.stream).standing.outcome is None


def _person(centre: SmallCentre) -> Person:
    found = centre["room-01"].catalog.latest.person("viet.tq")
    assert found is not None
    return found
