"""Signing: a result that anybody can check, and a clear no for a wrong PIN, token or person."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from edge.errors import CannotSign
from edge.signing import open_token, why_not_signed
from tests.centres import PINS, SmallCentre


def _approved(centre: SmallCentre) -> tuple[bytes, bytes]:
    """(result PDF, certificate) of a dossier approved in the room."""
    dossier = centre.receive("room-01")
    centre.appraise(dossier)
    done = centre.approve(dossier).standing.outcome
    room = centre["room-01"]
    assert done is not None
    content = room.archive.read(done.data.result)
    person = room.catalog.latest.person("viet.tq")
    assert content is not None
    assert person is not None
    return content, person.ders()[0]


def test_pdfsig_finds_the_result_signed_and_whole(centre: SmallCentre, tmp_path: Path) -> None:
    """Poppler knows nothing of us; it sees a PAdES signature over the whole document."""
    content, _ = _approved(centre)
    path = tmp_path / "result.pdf"
    path.write_bytes(content)
    said = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=True).stdout
    assert "Signature is Valid" in said
    assert "ETSI.CAdES.detached" in said
    assert "Total document signed" in said


def test_a_changed_result_is_found_out(centre: SmallCentre) -> None:
    """One byte of the signed part, another signer, or a page added behind the signature."""
    content, certificate = _approved(centre)
    assert why_not_signed(content, certificate) is None

    changed = bytearray(content)
    changed[content.index(b"/Author")] ^= 1
    assert why_not_signed(bytes(changed), certificate) is not None
    other = centre["room-01"].catalog.latest.person("mai.hk")
    assert other is not None
    assert why_not_signed(content, other.ders()[0]) == "signed by another certificate"
    assert why_not_signed(content + b"\n% more", certificate) is not None
    assert why_not_signed(b"", certificate) is not None


@pytest.mark.parametrize(
    ("person", "pin", "why"),
    [("viet.tq", "000000", "wrong_pin"), ("hanh.nh", "140726", "no_token")],
)
def test_a_token_that_cannot_be_opened_signs_nothing(
    centre: SmallCentre, person: str, pin: str, why: str
) -> None:
    """The reason is known, and nothing was written."""
    room = centre["room-01"]
    with pytest.raises(CannotSign) as cannot:
        open_token(room.folder.tokens / f"{person}.p12", pin, on=centre.clock(), certificates=[])
    assert cannot.value.why == why


def test_somebody_elses_token_and_an_expired_one_are_refused(centre: SmallCentre) -> None:
    """The certificate must be the one that the catalog knows as theirs, and in its dates."""
    room = centre["room-01"]
    viet, mai = (room.catalog.latest.person(name) for name in ("viet.tq", "mai.hk"))
    assert viet is not None
    assert mai is not None
    path = room.folder.tokens / "viet.tq.p12"
    with pytest.raises(CannotSign) as cannot:
        open_token(path, PINS["viet.tq"], on=centre.clock(), certificates=mai.ders())
    assert cannot.value.why == "not_yours"
    with pytest.raises(CannotSign) as cannot:
        open_token(path, PINS["viet.tq"], on=centre.clock() + timedelta(days=2000), certificates=viet.ders())
    assert cannot.value.why == "expired"
