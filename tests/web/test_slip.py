"""A slip of paper before any machine: real, real and its dossier elsewhere, altered, forged; and nothing personal."""

from __future__ import annotations

import orjson
import pytest

from central.trust import cut_before
from edge.keys import NodeKeys
from edge.register import Fork
from printing.spool import PrintJob
from schemas.fold import Dossier
from schemas.slips import SlipCode
from tests.centres import SmallCentre
from tests.web.clerk import Answer, Clerk


def _code(centre: SmallCentre, dossier: Dossier, at: str = "counter-01") -> str:
    """The text of the QR code on the slip that was printed."""
    with centre[at].file.read():
        job = PrintJob.get(PrintJob.stream == dossier.stream)
    return str(orjson.loads(bytes(job.payload))["qr_text"])


def _asked(centre: SmallCentre, code: str, at: str = "counter-02") -> Answer:
    citizen = Clerk(centre, at)
    return citizen.press(citizen.open("/slip"), "code", code=code)


def test_a_real_slip_is_known_at_every_machine_without_signing_in_and_without_a_name(
    centre: SmallCentre,
) -> None:
    dossier = centre.receive()
    code = _code(centre, dossier)
    centre.meet()
    for name in centre.nodes:
        text = _asked(centre, code, name).page.text
        assert "Giấy hẹn thật. Hồ sơ có ở máy này." in text
        assert "H37.07-270301-0101" in text
        assert "Được tiếp nhận" in text
        for personal in ("Nông", "Thắng", "020085004127", "0912000345", "Hạnh"):
            assert personal not in text


def test_a_contested_dossier_is_said_to_be_looked_into(centre: SmallCentre) -> None:
    dossier = centre.appraised()
    centre.approve(dossier)
    centre.withdraw(dossier)
    centre.meet()
    assert "Đang đối soát" in _asked(centre, _code(centre, dossier)).page.text


def test_a_real_slip_whose_dossier_is_not_here_is_real_all_the_same(centre: SmallCentre) -> None:
    """And the citizen reads what to do: the counter can enter it again under its number."""
    code = _code(centre, centre.receive())
    text = _asked(centre, code).page.text
    assert "Giấy hẹn thật, nhưng hồ sơ chưa có ở máy này." in text
    assert "quầy nhập lại được vào đúng hồ sơ, đúng số này" in text


@pytest.mark.parametrize("part", [1, 2, 3, 4, 5])
def test_an_altered_slip_is_told_from_a_forged_one(centre: SmallCentre, part: int) -> None:
    """Whatever is altered, as long as something of it is of a dossier here."""
    dossier = centre.receive()
    other = centre.receive(applicant="Lý A Sáng")
    centre.meet()
    mine, theirs = _code(centre, dossier).split("|"), _code(centre, other).split("|")
    theirs[4] = "counter-02.1"
    altered = "|".join([*mine[:part], theirs[part], *mine[part + 1 :]])
    assert "Giấy hẹn đã bị sửa." in _asked(centre, altered).page.text


def test_a_forged_slip_is_called_so(centre: SmallCentre) -> None:
    """With somebody's own key, in the name of a machine; and of a machine that there is not."""
    keys = NodeKeys.generate()
    forged = SlipCode("H37.07-270301-0199", "d" * 32, "e" * 64, "counter-01.1").sealed(keys.ed25519.sign)
    assert "Giấy hẹn giả." in _asked(centre, forged).page.text
    nowhere = SlipCode("H37.07-270301-7799", "d" * 32, "e" * 64, "counter-77.1").sealed(keys.ed25519.sign)
    assert "Chưa kiểm tra được." in _asked(centre, nowhere).page.text


@pytest.mark.parametrize("text", ["", "xin chào", "MC1|a|b|c|d|e", "00020085004127|281234567|Nông Văn Thắng"])
def test_what_is_no_slip_is_no_slip(centre: SmallCentre, text: str) -> None:
    answer = _asked(centre, text)
    assert "Đây không phải mã của giấy hẹn." in answer.page.text
    assert "Nông" not in answer.page.text


def test_a_slip_of_a_machine_that_was_cut_is_not_believed_without_its_dossier(centre: SmallCentre) -> None:
    """Who has the key of a stolen machine can print as many as they like; those with a dossier stay real."""
    before = centre.receive("counter-02", by="long.pd")
    centre.meet()
    keys = centre["counter-02"].keys
    made = SlipCode("H37.07-270301-0299", "d" * 32, "e" * 64, "counter-02.1").sealed(keys.ed25519.sign)
    assert "Giấy hẹn thật, nhưng" in _asked(centre, made, "counter-01").page.text
    line = before.timeline[0]
    fork = Fork("counter-02.1", 1, (line, before.stream), (line, before.stream))
    cut_before(centre["central"], fork, by="quan.nv")
    centre.meet()
    assert "Chưa tin được giấy hẹn này." in _asked(centre, made, "counter-01").page.text
    assert (
        "Hồ sơ có ở máy này." in _asked(centre, _code(centre, before, "counter-02"), "counter-01").page.text
    )


def test_nobody_asks_as_often_as_they_like(centre: SmallCentre) -> None:
    citizen = Clerk(centre, "counter-01")
    page = citizen.open("/slip")
    answers = [citizen.press(page, "code", code=f"MC1|{number}").status for number in range(15)]
    assert answers[:10] == [200] * 10
    assert 429 in answers
