"""Who may sign here and now: an opened token whose certificate this node has no reason to refuse.

What is not known is not refused: where no fresh list of revoked certificates is here, the signature is made, and the
dossier says that revocation was not checked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from edge.authorities import Assessment, Authorities
from edge.errors import CannotSign, UnreadablePdf
from edge.tokens import Token, Tokens


@dataclass(frozen=True, slots=True)
class Signatory:
    """An opened token, and what is known of its certificate."""

    token: Token
    assessment: Assessment


class Signatories:
    """The tokens of one node, behind the trust of that node."""

    def __init__(self, tokens: Tokens, authorities: Authorities) -> None:
        self.tokens, self.authorities = tokens, authorities

    @contextlib.contextmanager
    def opened(
        self, holder: str, pin: str, certificates: Sequence[bytes], at: datetime
    ) -> Iterator[Signatory]:
        """The token of a person or an agency, for one act `at`; `certificates` are those that the catalog names.

        Raises `CannotSign`.
        """
        with self.tokens.open(holder, pin, certificates=certificates) as token:
            assessment = self.assess(token.certificate, at)
            if assessment.why_not:
                raise CannotSign(assessment.why_not, holder)
            yield Signatory(token, assessment)

    def assess(self, certificate: bytes, at: datetime) -> Assessment:
        """Of a certificate (DER) that is to sign now, `at`; `Authorities.assess` is for what was signed."""
        return self.authorities.assess(certificate, at=at, now=at)


def why_not_signed(pdf: bytes, certificate: bytes) -> str | None:
    """None if a result of ours is whole and one of its signatures is by this certificate (DER); else what is wrong.

    The mathematics, and that nothing was changed but what may be; trust in the certificate is the catalog's matter.
    """
    from edge.pades.reading import read

    try:
        paper = read(pdf)
    except UnreadablePdf as why:
        return f"cannot be read: {why}"
    if not paper.signatures:
        return "0 signatures, 1 expected"
    if not all(one.whole for one in paper.signatures):
        return "was changed after it was signed"
    for one in paper.signatures:
        if not one.allowed:
            return (
                f"was changed after {one.field} signed it: {one.forbidden or 'more than its author allowed'}"
            )
    if not paper.signatures[-1].to_the_end:
        return "the last signature does not cover the whole file"
    if certificate not in [one.certificate for one in paper.signatures]:
        return "signed by another certificate"
    return None
