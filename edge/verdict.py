"""What anybody may ask of a signed result: who, when, by which delegation; whole or not; revoked, or not known to be.

It needs a catalog and the files that the catalog names, and no network: any machine can tell. The PDF itself is read
by `edge.pades`; here its signatures are held against what the centre says of people, agencies and authorities.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from edge.authorities import Assessment, Authorities, Revoked
from edge.pades.paper import APPROVER, CLERK, DAY, NUMBER, ORGANISATION, Paper, Signature
from schemas.calendar import local_day
from schemas.catalog import Catalog
from schemas.certificates import facts_of
from schemas.entries import Agency, Delegation, Person
from schemas.events import timestamp

Sound = Literal["valid", "unchecked", "invalid"]
Part = Literal["approver", "clerk", "organisation", "attachment", "timestamp", "other"]
Problem = Literal[
    "changed", "not_to_the_end", "forbidden", "not_yet", "expired", "usage", "unreadable", "unknown_issuer", "revoked",
    "unknown_signer", "unchecked", "revoked_later", "delegation_ended", "delegation_unknown", "no_signature",
]  # fmt: skip
WARNINGS: Final = frozenset({"unchecked", "revoked_later"})
"""What does not make a signature wrong, and is never passed over."""
_PARTS: Final[dict[str, Part]] = {
    APPROVER: "approver",
    CLERK: "clerk",
    ORGANISATION: "organisation",
    "KemTheo": "attachment",
}
_POWER: Final = re.compile(r"(?:^|[ .])(TL|TUQ|KT)\. ")


class Signed(msgspec.Struct, frozen=True):
    """One signature, told. `known`: the person's id or the agency's code in the catalog, empty for a stranger.

    `at` is the signer's own word, `proven` a trusted time-stamp's. `changed`: the fields that came after it, as its
    author allowed. `delegation` is the decision that lent the power, `delegation_from` and `_until` its days.
    """

    part: Part
    name: str
    known: str
    title: str
    at: datetime | None
    proven: datetime | None
    whole: bool
    changed: tuple[str, ...]
    issuer: str
    revocation: Literal["good", "unchecked", "revoked"]
    revoked_since: datetime | None
    list_made: datetime | None
    reason: str
    delegation: str
    delegation_from: str
    delegation_until: str
    problems: tuple[Problem, ...]


class Verdict(msgspec.Struct, frozen=True):
    """`sound` is the worst of all signatures: `unchecked` where nothing is wrong and not everything is known."""

    sound: Sound
    signatures: tuple[Signed, ...]
    number: str
    day: str
    problems: tuple[Problem, ...]


class Judge:
    """Says of a signed paper what one node knows."""

    def __init__(self, catalog: Catalog, authorities: Authorities) -> None:
        self._catalog, self._authorities = catalog, authorities

    def verdict(self, paper: Paper, now: datetime) -> Verdict:
        """What can be said of a paper by its own signatures, as of `now`. Raises nothing."""
        proofs = self._proofs(paper.signatures, now)
        found = tuple(
            self._signed(one, proof, now) for one, proof in zip(paper.signatures, proofs, strict=True)
        )
        problems: list[Problem] = []
        if not found:
            problems.append("no_signature")
        elif not paper.signatures[-1].to_the_end:
            problems.append("not_to_the_end")
        everything = [*problems, *(problem for one in found for problem in one.problems)]
        sound: Sound = (
            "valid" if not everything else "unchecked" if WARNINGS.issuperset(everything) else "invalid"
        )
        values = paper.values
        return Verdict(sound, found, values.get(NUMBER, ""), values.get(DAY, ""), tuple(problems))

    def _proofs(self, signatures: Sequence[Signature], now: datetime) -> list[datetime | None]:
        """For each signature the earliest moment at which a trusted time-stamp has seen it."""
        proofs: list[datetime | None] = []
        later: datetime | None = None
        for one in reversed(signatures):
            stamped = one.stamped
            if (
                stamped is not None
                and (one.kind == "signature" or one.whole)
                and self._stamps(one, stamped, now)
            ):
                later = stamped if later is None else min(later, stamped)
            proofs.append(later)
        return proofs[::-1]

    def _stamps(self, one: Signature, stamped: datetime, now: datetime) -> bool:
        return not self._authorities.assess(one.stamped_by, at=stamped, now=now, timestamps=True).why_not

    def _signed(self, one: Signature, proof: datetime | None, now: datetime) -> Signed:
        stamp = one.kind == "timestamp"
        at = (one.stamped if stamp else one.at) or proof or now
        assessment = self._authorities.assess(one.certificate, at=at, now=now, timestamps=stamp)
        person, agency = (None, None) if stamp else self._holder(one.certificate)
        delegation, problems = self._delegation(one, person, at)
        facts = facts_of(one.certificate)
        return Signed(
            part="timestamp" if stamp else _PARTS.get(one.field, "other"),
            name=person.name if person else agency.name if agency else facts.name if facts else "",
            known=person.id if person else agency.code if agency else "",
            title=person.title if person else "",
            at=one.stamped if stamp else one.at,
            proven=proof,
            whole=one.whole and one.allowed,
            changed=one.changed,
            issuer=assessment.issuer,
            revocation=_REVOCATION[assessment.revoked],
            revoked_since=assessment.since,
            list_made=assessment.list_made,
            reason=one.reason,
            delegation=delegation.decision if delegation else "",
            delegation_from=str(delegation.since) if delegation else "",
            delegation_until=str(delegation.until) if delegation else "",
            problems=(
                *_damage(one),
                *_doubts(assessment, at, proof),
                *self._strangers(one, person, agency),
                *problems,
            ),
        )

    def _holder(self, certificate: bytes) -> tuple[Person | None, Agency | None]:
        holder = self._catalog.latest.holder_of(certificate)
        return (holder, None) if isinstance(holder, Person) else (None, holder)

    def _strangers(self, one: Signature, person: Person | None, agency: Agency | None) -> list[Problem]:
        known = one.kind == "timestamp" or person is not None or agency is not None
        return [] if known else ["unknown_signer"]

    def _delegation(
        self, one: Signature, person: Person | None, at: datetime
    ) -> tuple[Delegation | None, list[Problem]]:
        """The delegation that the signature names, and what is wrong with it; none where it names no power."""
        if one.field != APPROVER or not _POWER.search(one.reason):
            return None, []
        view = self._catalog.latest
        held = [] if person is None else view.delegations_of(person.id)
        named = next((each for each in held if each.decision in one.reason), None)
        if named is None:
            return None, ["delegation_unknown"]
        holds = named.holds(local_day(at)) and not view.ended("delegation", named.id, timestamp(at))
        return named, [] if holds else ["delegation_ended"]


_REVOCATION: Final[dict[Revoked, Literal["good", "unchecked", "revoked"]]] = {
    Revoked.NO: "good",
    Revoked.UNCHECKED: "unchecked",
    Revoked.YES: "revoked",
}


def _damage(one: Signature) -> list[Problem]:
    if not one.whole:
        return ["changed"]
    return [] if one.allowed else ["forbidden"]


def _doubts(assessment: Assessment, at: datetime, proof: datetime | None) -> list[Problem]:
    """What stands against a certificate, and what is not known of it.

    One that was revoked later signed rightly only if a time-stamp proves that it had signed before: whoever stole a
    token writes whatever hour they like.
    """
    why = assessment.why_not
    if why:
        return [msgspec.convert(why, Problem)]
    since = assessment.since
    if since is not None and since > at and (proof is None or proof > since):
        return ["revoked_later"]
    return ["unchecked"] if assessment.revoked is Revoked.UNCHECKED else []
