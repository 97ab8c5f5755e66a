"""Certificates: right ones, every kind of wrong one, lists that are old; before signing and long afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import structs

from central.centre import Office
from edge.authorities import Revoked
from edge.errors import CannotSign
from edge.pades.reading import read
from edge.verdict import Problem, Signed, Verdict
from edge.verdict_words import PROBLEMS, told
from schemas.acts import Status
from schemas.entries import Anchor, Delegation, Revocation
from schemas.events import timestamp
from schemas.fold import Dossier
from schemas.seals import fingerprint
from tests.centres import PINS, SmallCentre
from tests.signers import YEAR, TestAuthority, equip, hand_token, publish, trust

KEY = ec.generate_private_key(ec.SECP256R1())
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Trusting:
    """A centre that trusts an authority besides its own, with a person who has a certificate of it."""

    centre: SmallCentre
    authority: TestAuthority
    der: bytes

    def sign(self) -> Dossier:
        return self.centre.approve(self.centre.appraise(self.centre.receive("room-01")))

    def verdict(self, dossier: Dossier, node: str = "room-01") -> Verdict:
        content = self.centre[node].archive.read(dossier.standing.result or "")
        assert content is not None
        return self.centre[node].judge.verdict(read(content), self.centre.clock())

    def revocation(self, at: datetime) -> Revoked:
        room = self.centre["room-01"]
        return room.authorities.assess(self.der, at=at, now=self.centre.clock()).revoked


Make = Callable[..., Trusting]


@pytest.fixture
def office(centre: SmallCentre) -> Make:
    def make(*, trusted: bool = True, equipped: bool = True, **certificate: object) -> Trusting:
        now = centre.clock()
        authority = TestAuthority("CA phục vụ cơ quan nhà nước", now)
        der = authority.issue("Trần Quốc Việt", KEY, **certificate)  # type: ignore[arg-type]  # a test's own words
        if trusted:
            trust(centre, authority)
        if equipped:
            equip(centre, "viet.tq", der)
        hand_token(centre["room-01"], "viet.tq", KEY, der, PINS["viet.tq"])
        return Trusting(centre, authority, der)

    return make


def only(verdict: Verdict) -> Signed:
    (signed,) = verdict.signatures
    return signed


# ---- before signing


def test_a_certificate_of_a_trusted_authority_signs(office: Make) -> None:
    made = office()
    publish(made.centre, made.authority, {}, made.centre.clock() - DAY, days=7)
    dossier = made.sign()
    assert dossier.status is Status.DONE
    signed = only(made.verdict(dossier))
    assert (signed.issuer, signed.revocation, signed.problems) == ("CA phục vụ cơ quan nhà nước", "good", ())


@pytest.mark.parametrize(
    ("dates", "why"),
    [((-2 * YEAR, -DAY), "expired"), ((DAY, YEAR), "not_yet")],
)
def test_a_certificate_outside_its_dates_is_refused(
    office: Make, centre: SmallCentre, dates: tuple[timedelta, timedelta], why: str
) -> None:
    now = centre.clock()
    made = office(dates=(now + dates[0], now + dates[1]))
    with pytest.raises(CannotSign) as cannot:
        made.sign()
    assert cannot.value.why == why


def test_a_certificate_for_something_else_is_refused(office: Make) -> None:
    with pytest.raises(CannotSign) as cannot:
        office(signs=False).sign()
    assert cannot.value.why == "usage"


def test_a_certificate_of_an_unknown_authority_is_refused(office: Make) -> None:
    """It stands in the catalog under the person's name, and still nobody here trusts who issued it."""
    with pytest.raises(CannotSign) as cannot:
        office(trusted=False).sign()
    assert cannot.value.why == "unknown_issuer"


def test_a_certificate_that_a_list_revokes_is_refused(office: Make) -> None:
    made = office()
    now = made.centre.clock()
    publish(made.centre, made.authority, {made.der: now - DAY}, now - timedelta(hours=1), days=7)
    with pytest.raises(CannotSign) as cannot:
        made.sign()
    assert cannot.value.why == "revoked"


def test_a_certificate_that_central_revokes_is_refused_without_any_list(office: Make) -> None:
    made = office()
    since = timestamp(made.centre.clock() - DAY)
    Office(made.centre["central"]).define(
        [Revocation("certificate", fingerprint(made.der), since, "Mất thẻ")], by="quan.nv"
    )
    made.centre.meet()
    with pytest.raises(CannotSign) as cannot:
        made.sign()
    assert cannot.value.why == "revoked"


def test_an_authority_is_trusted_on_its_days_only(office: Make) -> None:
    made = office()
    central, day = made.centre["central"], made.centre.clock().date()
    ended = Anchor(
        fingerprint(made.authority.der),
        "cũ",
        central.archive.keep(made.authority.der),
        day - timedelta(days=300),
        day - timedelta(days=1),
    )
    Office(central).define([ended], by="quan.nv")
    made.centre.meet()
    with pytest.raises(CannotSign) as cannot:
        made.sign()
    assert cannot.value.why == "unknown_issuer"


def test_an_authoritys_file_that_is_not_here_yet_is_no_trust(office: Make, centre: SmallCentre) -> None:
    """The catalog names it, the file is elsewhere: refused, and not guessed."""
    made = office()
    other = TestAuthority("CA khác", centre.clock())
    named = Anchor(fingerprint(other.der), "CA khác", "file-" + "0" * 64, centre.clock().date() - DAY)
    Office(centre["central"]).define([named], by="quan.nv")
    centre.meet()
    room = centre["room-01"]
    stranger = other.issue("Việt", KEY)
    assert (
        room.authorities.assess(stranger, at=centre.clock(), now=centre.clock()).why_not == "unknown_issuer"
    )
    assert made.sign().status is Status.DONE


def test_a_list_by_somebody_else_says_nothing(office: Make) -> None:
    """Published under the authority's name, signed by another key: as if there were none."""
    made = office()
    now = made.centre.clock()
    forger = TestAuthority("CA phục vụ cơ quan nhà nước", now)
    publish(made.centre, made.authority, {}, now - DAY, days=7)
    assert made.revocation(now) is Revoked.NO
    central = made.centre["central"]
    file = central.archive.keep(forger.revoke({made.der: now - DAY}, now, now + 7 * DAY))
    known = central.catalog.latest.revocation_list(fingerprint(made.authority.der))
    assert known is not None

    Office(central).define([structs.replace(known, file=file, made=timestamp(now))], by="quan.nv")
    made.centre.meet()
    assert made.revocation(now) is Revoked.UNCHECKED


# ---- a list that is too old


def test_an_old_list_signs_and_says_that_nothing_was_checked(office: Make) -> None:
    """The line has been down for weeks: work goes on, and nobody is told that revocation was checked."""
    made = office()
    publish(made.centre, made.authority, {}, made.centre.clock() - 20 * DAY, days=7)
    dossier = made.sign()
    assert dossier.status is Status.DONE
    verdict = made.verdict(dossier)
    assert (verdict.sound, only(verdict).problems) == ("unchecked", ("unchecked",))
    assert any("Chưa kiểm tra thu hồi" in line for line in told(verdict))


def test_no_list_at_all_is_said_too(office: Make) -> None:
    verdict = (made := office()).verdict(made.sign())
    assert (verdict.sound, only(verdict).list_made) == ("unchecked", None)


def test_a_newer_list_settles_what_was_signed_before(office: Make) -> None:
    """Made after the signature and silent about it: checked for good, however old it grows."""
    made = office()
    dossier = made.sign()
    made.centre.clock.forward(days=2)
    publish(made.centre, made.authority, {}, made.centre.clock() - timedelta(hours=1), days=3)
    assert made.verdict(dossier).sound == "valid"
    made.centre.clock.forward(days=15)
    assert made.verdict(dossier).sound == "valid"


# ---- revoked afterwards


def test_revoked_before_it_signed_and_learnt_later(office: Make) -> None:
    """The result is wrong, and the dossier is contested as soon as central says so."""
    made = office()
    dossier = made.sign()
    now = made.centre.clock()
    publish(made.centre, made.authority, {made.der: now - 2 * DAY}, now + timedelta(minutes=1), days=7)
    verdict = made.verdict(dossier)
    assert (verdict.sound, only(verdict).problems) == ("invalid", ("revoked",))

    since = timestamp(now - 2 * DAY)
    Office(made.centre["central"]).define(
        [Revocation("certificate", fingerprint(made.der), since, "Danh sách thu hồi")], by="quan.nv"
    )
    made.centre.meet()
    shown = made.centre["room-01"].register.dossier(dossier.stream)
    assert [conflict.rows for conflict in shown.conflicts] == [("revoked",)]


def test_revoked_after_it_signed_needs_a_proof_of_the_hour(office: Make) -> None:
    """Whoever stole a token writes whatever hour they like: without a time-stamp it stays in doubt, and says so."""
    made = office()
    dossier = made.sign()
    made.centre.clock.forward(days=3)
    now = made.centre.clock()
    publish(made.centre, made.authority, {made.der: now - DAY}, now, days=7)
    verdict = made.verdict(dossier)
    assert (verdict.sound, only(verdict).problems) == ("unchecked", ("revoked_later",))
    assert only(verdict).revoked_since is not None


# ---- whose


def test_a_renewed_certificate_still_stands_on_old_papers(office: Make) -> None:
    made = office()
    publish(made.centre, made.authority, {}, made.centre.clock() - DAY, days=7)
    dossier = made.sign()
    equip(
        made.centre,
        "viet.tq",
        made.authority.issue("Trần Quốc Việt", ec.generate_private_key(ec.SECP256R1())),
    )
    signed = only(made.verdict(dossier))
    assert (signed.known, signed.name, signed.problems) == ("viet.tq", "Trần Quốc Việt", ())


def test_a_stranger_is_named_a_stranger(office: Make, centre: SmallCentre) -> None:
    """Signed rightly, by somebody whom this centre does not know."""
    made = office()
    content = centre["room-01"].archive.read(made.sign().standing.result or "")
    assert content is not None
    paper = read(content)
    other = TestAuthority("CA", centre.clock()).issue("Ai đó", KEY)

    stranger = structs.replace(paper, signatures=(structs.replace(paper.signatures[0], certificate=other),))
    verdict = centre["room-01"].judge.verdict(stranger, centre.clock())
    assert verdict.sound == "invalid"
    assert {"unknown_issuer", "unknown_signer"} <= set(only(verdict).problems)


def test_the_delegation_is_told_with_its_days(office: Make) -> None:
    made = office()
    signed = only(made.verdict(made.sign()))
    assert signed.delegation == "Quyết định số 01/QĐ-UQ (mẫu)"
    assert (signed.delegation_from, signed.delegation_until) == ("2025-01-01", "2030-12-31")


def test_a_delegation_that_ended_before_the_signature_is_found(office: Make) -> None:
    """It held for the node that signed; central says later that it had ended."""
    made = office()
    dossier = made.sign()
    ended = Revocation("delegation", "UQ-01", timestamp(made.centre.clock() - DAY), "Thôi giữ chức vụ")
    Office(made.centre["central"]).define([ended], by="quan.nv")
    made.centre.meet()
    assert "delegation_ended" in only(made.verdict(dossier)).problems


def test_a_power_that_the_catalog_does_not_know(office: Make) -> None:
    made = office()
    dossier = made.sign()
    central = made.centre["central"]
    known = central.catalog.latest.delegation("UQ-01")
    assert isinstance(known, Delegation)

    Office(central).define([structs.replace(known, decision="Quyết định khác")], by="quan.nv")
    made.centre.meet()
    assert only(made.verdict(dossier)).problems[-1] == "delegation_unknown"


def test_every_problem_has_its_words() -> None:
    assert set(get_args(Problem)) == set(PROBLEMS)
