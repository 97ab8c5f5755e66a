"""What central says of certificates, and what anybody asks of a result, as commands."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from central.centre import Office
from central.certificates import UnusableFile, add_authority, publish_list
from central.cli import main
from central.verify_result import verify_result
from edge.clock import system_clock
from edge.errors import UnreadablePdf
from schemas.seals import fingerprint
from tests.centres import SEALED, SmallCentre
from tests.signers import TestAuthority, equip


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


def test_a_list_revokes_our_certificates_and_nobody_elses(centre: SmallCentre, tmp_path: Path) -> None:
    """PEM or DER; what it names of ours becomes an entry for each, once; an older one is refused."""
    central, now = centre["central"], centre.clock()
    authority = TestAuthority("CA nhà nước", now)
    pem, listed = tmp_path / "ca.pem", tmp_path / "list.crl"
    pem.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    mine, strange = (authority.issue(name, ec.generate_private_key(ec.SECP256R1())) for name in ("a", "b"))
    equip(centre, "viet.tq", mine)
    listed.write_bytes(authority.revoke({mine: now, strange: now}, now, now + timedelta(days=7)))
    with pytest.raises(UnusableFile, match="not signed by an authority"):
        publish_list(central, listed, by="quan.nv")
    add_authority(central, pem, name="", since=None, timestamps=False, by="quan.nv")
    assert publish_list(central, listed, by="quan.nv").revoked == ("viet.tq",)
    assert ("certificate", fingerprint(mine)) in central.catalog.trust.revoked
    with pytest.raises(UnusableFile, match="not newer"):
        publish_list(central, listed, by="quan.nv")


def test_what_is_no_authority_and_no_list_is_refused(centre: SmallCentre, tmp_path: Path) -> None:
    central = centre["central"]
    file = tmp_path / "file"
    for content in (
        b"?",
        TestAuthority("CA", centre.clock()).issue("a", ec.generate_private_key(ec.SECP256R1())),
    ):
        file.write_bytes(content)
        with pytest.raises(UnusableFile):
            add_authority(central, file, name="", since=None, timestamps=False, by="")
        with pytest.raises(UnusableFile):
            publish_list(central, file, by="")


def test_a_clock_behind_centrals_last_act_is_one_line(founded: Path, tmp_path: Path) -> None:
    """And nothing is written by it."""
    data, now = Path(shutil.copytree(founded / "central", tmp_path / "central")), system_clock()
    ahead = SmallCentre(tmp_path, "central", at=now + timedelta(days=2))
    Office(ahead["central"]).define([ahead["central"].catalog.latest.people()[0]], by="quan.nv")
    before = ahead["central"].catalog.name
    ahead.close()
    pem = tmp_path / "ca.pem"
    pem.write_bytes(TestAuthority("CA nhà nước", now).certificate.public_bytes(Encoding.PEM))
    said = run("catalog", "authority", pem, "--data", data, "--by", "quan.nv")
    assert said.exit_code == 2
    assert "set the clock of this machine right" in said.output
    again = SmallCentre(tmp_path, "central", at=now + timedelta(days=2))
    assert again["central"].catalog.name == before
    again.close()


def test_a_result_is_verified_by_any_nodes_folder_while_it_runs(centre: SmallCentre, tmp_path: Path) -> None:
    """By a counter that has never seen the dossier; in words, and for a program."""
    dossier = centre.seal(centre.approve(centre.appraise(centre.receive("room-01", procedure=SEALED))))
    content = centre["room-01"].archive.read(dossier.standing.result or "")
    assert content is not None
    file, folder = tmp_path / "result.pdf", centre.data / "counter-02"
    file.write_bytes(content)
    told = run("verify-result", file, "--data", folder)
    assert "Trần Quốc Việt" in told.output
    assert "Quyết định số 01/QĐ-UQ (mẫu)" in told.output
    said = json.loads(run("verify-result", file, "--data", folder, "--json").output)
    assert [one["part"] for one in said["signatures"]] == ["approver", "clerk", "organisation"]
    assert all(one["whole"] for one in said["signatures"])

    file.write_bytes(content.replace(b"/Author", b"/Autor ", 1))
    changed = run("verify-result", file, "--data", folder)
    assert changed.exit_code == 1
    assert "KHÔNG dùng được" in changed.output
    file.write_bytes(b"no pdf")
    assert run("verify-result", file, "--data", folder).exit_code == 2
    with pytest.raises(UnreadablePdf):
        verify_result(file, folder, system_clock)
